/* Detached Ed25519 signatures of small files, by libsodium. Keys and signatures are hex text, so
 * that people can compare and copy them. */
#include "rt/signed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/strview.h"
#include "rt/secret.h"

#define PATH_SIZE_MAX 1024
#define FILE_SIZE_MAX 65536
#define PURPOSE_SIZE_MAX 64
#define KEYS_SIZE_MAX 8192

_Static_assert(CB_SIGN_PUBLIC_SIZE == crypto_sign_PUBLICKEYBYTES, "as libsodium has it");
_Static_assert(CB_SIGN_SECRET_SIZE == crypto_sign_SECRETKEYBYTES, "as libsodium has it");
_Static_assert(CB_SIGN_SIGNATURE_SIZE == crypto_sign_BYTES, "as libsodium has it");

static cb_status read_whole(const char *path, char *out, size_t capacity, size_t *size, cb_err *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        const cb_status status = errno == ENOENT ? CB_E_NOT_FOUND : CB_E_IO;
        return CB_FAIL(err, status, "%s: %s", path, strerror(errno));
    }
    cb_status status = CB_OK;
    *size = 0;
    for (;;) {
        const ssize_t count = read(fd, out + *size, capacity - *size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            status = CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(errno));
        }
        if (count <= 0) {
            break;
        }
        *size += (size_t)count;
        if (*size == capacity) {
            status = CB_FAIL(err, CB_E_RANGE, "%s: more than %zu bytes", path, capacity - 1);
            break;
        }
    }
    CB_MAYBE(close(fd));
    if (status == CB_OK) {
        out[*size] = '\0';
    }
    return status;
}

/* Exactly size bytes of hex. */
static bool read_hex(const char *text, size_t text_size, uint8_t *out, size_t size)
{
    size_t used = 0;
    return text_size == 2 * size &&
           sodium_hex2bin(out, size, text, text_size, NULL, &used, NULL) == 0 && used == size;
}

static size_t line_size(const char *text)
{
    return strcspn(text, " \t\r\n#");
}

/* The signed bytes: purpose, a zero byte, the file's bytes. */
typedef struct signed_bytes {
    size_t size;
    uint8_t bytes[PURPOSE_SIZE_MAX + FILE_SIZE_MAX];
} signed_bytes;

static void compose(const char *purpose, const char *text, size_t size, signed_bytes *out)
{
    const size_t head = strlen(purpose) + 1;
    CB_ASSERT(head <= PURPOSE_SIZE_MAX);
    CB_ASSERT(size <= FILE_SIZE_MAX);
    memcpy(out->bytes, purpose, head);
    memcpy(out->bytes + head, text, size);
    out->size = head + size;
}

static cb_status signature_path(const char *path, char out[PATH_SIZE_MAX], cb_err *err)
{
    const int size = snprintf(out, PATH_SIZE_MAX, "%s.sig", path);
    return size > 0 && size < PATH_SIZE_MAX ? CB_OK
                                            : CB_FAIL(err, CB_E_RANGE, "%s: path too long", path);
}

static cb_status read_signature(const char *path, uint8_t out[CB_SIGN_SIGNATURE_SIZE], cb_err *err)
{
    char file[PATH_SIZE_MAX];
    char text[256];
    size_t size = 0;
    cb_status status = signature_path(path, file, err);
    if (status == CB_OK) {
        status = read_whole(file, text, sizeof(text), &size, err);
    }
    if (status == CB_OK && !read_hex(text, line_size(text), out, CB_SIGN_SIGNATURE_SIZE)) {
        status = CB_FAIL(err, CB_E_SYNTAX, "%s: not a signature of 128 hex digits", file);
    }
    return status;
}

/* Tries every key of the list; CB_E_AUTH when none fits. */
static cb_status find_signer(const char *keys,
    const signed_bytes *bytes,
    const uint8_t signature[CB_SIGN_SIGNATURE_SIZE],
    char key_name[CB_SIGN_KEY_NAME_SIZE],
    cb_err *err)
{
    int number = 0;
    for (const char *at = keys; *at != '\0'; at += strcspn(at, "\n"), at += *at == '\n' ? 1 : 0) {
        const size_t size = line_size(at);
        uint8_t key[CB_SIGN_PUBLIC_SIZE];
        number++;
        if (size == 0) {
            continue;
        }
        if (!read_hex(at, size, key, sizeof(key))) {
            return CB_FAIL(err, CB_E_SYNTAX, "line %d is no key of 64 hex digits", number);
        }
        if (crypto_sign_verify_detached(signature, bytes->bytes, bytes->size, key) == 0) {
            memcpy(key_name, at, CB_SIGN_KEY_NAME_SIZE - 1);
            key_name[CB_SIGN_KEY_NAME_SIZE - 1] = '\0';
            return CB_OK;
        }
    }
    return CB_FAIL(err, CB_E_AUTH, "not signed by a known key, or changed since");
}

cb_status cb_signed_read(const char *path,
    const char *keys_path,
    const char *purpose,
    char *out,
    size_t capacity,
    cb_signed_text *text,
    cb_err *err)
{
    char keys[KEYS_SIZE_MAX];
    uint8_t signature[CB_SIGN_SIGNATURE_SIZE];
    signed_bytes bytes;
    size_t keys_size = 0;
    CB_ASSERT(capacity > 0 && capacity <= FILE_SIZE_MAX);
    if (sodium_init() < 0) {
        return CB_FAIL(err, CB_E_STATE, "libsodium did not start");
    }
    cb_status status = read_whole(path, out, capacity, &text->size, err);
    if (status == CB_OK) {
        status = read_signature(path, signature, err);
    }
    if (status == CB_OK) {
        status = read_whole(keys_path, keys, sizeof(keys), &keys_size, err);
    }
    if (status != CB_OK) {
        return status;
    }
    compose(purpose, out, text->size, &bytes);
    cb_sha256(out, text->size, text->hash);
    status = find_signer(keys, &bytes, signature, text->key, err);
    return status == CB_OK ? CB_OK : cb_err_context(err, "%s", path);
}

/* ---- making keys and signatures ---- */

static cb_status write_new(const char *path, mode_t mode, int flags, const char *text, cb_err *err)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, mode);
    if (fd < 0) {
        return CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(errno));
    }
    const size_t size = strlen(text);
    const bool is_written = write(fd, text, size) == (ssize_t)size && fsync(fd) == 0;
    const bool is_closed = close(fd) == 0;
    return is_written && is_closed ? CB_OK : CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(errno));
}

cb_status cb_sign_keygen(const char *secret_path, const char *public_path, cb_err *err)
{
    uint8_t public_key[CB_SIGN_PUBLIC_SIZE];
    uint8_t secret_key[CB_SIGN_SECRET_SIZE];
    char hex[2 * CB_SIGN_SECRET_SIZE + 2];
    if (sodium_init() < 0 || crypto_sign_keypair(public_key, secret_key) != 0) {
        return CB_FAIL(err, CB_E_STATE, "libsodium made no key");
    }
    cb_hex_print(secret_key, sizeof(secret_key), hex);
    memcpy(hex + 2 * CB_SIGN_SECRET_SIZE, "\n", 2);
    cb_status status = write_new(secret_path, 0600, O_EXCL, hex, err);
    cb_wipe(secret_key, sizeof(secret_key));
    cb_wipe(hex, sizeof(hex));
    if (status == CB_OK) {
        cb_hex_print(public_key, sizeof(public_key), hex);
        memcpy(hex + 2 * CB_SIGN_PUBLIC_SIZE, "\n", 2);
        status = write_new(public_path, 0644, O_EXCL, hex, err);
    }
    return status;
}

cb_status cb_sign_file(const char *path, const char *secret_path, const char *purpose, cb_err *err)
{
    char text[FILE_SIZE_MAX];
    char key_hex[2 * CB_SIGN_SECRET_SIZE + 2];
    char file[PATH_SIZE_MAX];
    char hex[2 * CB_SIGN_SIGNATURE_SIZE + 2];
    uint8_t key[CB_SIGN_SECRET_SIZE];
    uint8_t signature[CB_SIGN_SIGNATURE_SIZE];
    signed_bytes bytes;
    size_t size = 0;
    cb_status status = signature_path(path, file, err);
    if (status == CB_OK) {
        status = read_whole(path, text, sizeof(text), &size, err);
    }
    if (status == CB_OK) {
        status = cb_secret_read(secret_path, key_hex, sizeof(key_hex), err);
    }
    if (status != CB_OK) {
        return status;
    }
    if (!read_hex(key_hex, strlen(key_hex), key, sizeof(key))) {
        status = CB_FAIL(err, CB_E_SYNTAX, "%s: no key of 128 hex digits", secret_path);
        goto done;
    }
    compose(purpose, text, size, &bytes);
    if (sodium_init() < 0 ||
        crypto_sign_detached(signature, NULL, bytes.bytes, bytes.size, key) != 0) {
        status = CB_FAIL(err, CB_E_STATE, "libsodium did not sign");
        goto done;
    }
    cb_hex_print(signature, sizeof(signature), hex);
    memcpy(hex + 2 * CB_SIGN_SIGNATURE_SIZE, "\n", 2);
    status = write_new(file, 0644, O_TRUNC, hex, err);
done:
    cb_wipe(key, sizeof(key));
    cb_wipe(key_hex, sizeof(key_hex));
    return status;
}
