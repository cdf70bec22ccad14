/* Files that a person signs and a service reads: Ed25519 over a purpose, a zero byte and the file's
 * bytes, detached in FILE.sig as 128 hex digits. The purpose keeps a signature for one kind of file
 * from being used for another. */
#ifndef CB_SIGNED_FILE_H
#define CB_SIGNED_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mac.h"

#define CB_SIGN_PUBLIC_SIZE ((size_t)32)
#define CB_SIGN_SECRET_SIZE ((size_t)64)
#define CB_SIGN_SIGNATURE_SIZE ((size_t)64)
#define CB_SIGN_KEY_NAME_SIZE 17 /* 16 hex digits of the public key and a NUL */

typedef struct cb_signed_text {
    size_t size;
    uint8_t hash[CB_SHA256_SIZE]; /* of the bytes */
    char key[CB_SIGN_KEY_NAME_SIZE];
} cb_signed_text;

/**
 * Reads a file and proves that one of the keys signed it. The bytes are read once: what is proven
 * is what is handed out.
 *
 * @param keys_path public keys, one of 64 hex digits a line; '#' begins a comment.
 * @param out [out] the bytes and a NUL; capacity includes it. Undefined unless CB_OK.
 * @return CB_OK; CB_E_NOT_FOUND, CB_E_IO; CB_E_SYNTAX for a key or signature that cannot be read;
 *         CB_E_AUTH when no key signed it; CB_E_RANGE when it is too long.
 */
CB_MUST_USE cb_status cb_signed_read(const char *path,
    const char *keys_path,
    const char *purpose,
    char *out,
    size_t capacity,
    cb_signed_text *text,
    cb_err *err);

/** Makes a key pair: secret (mode 600, 128 hex digits) and public (64 hex digits) file. Refuses to
 *  replace a file that is there (CB_E_EXISTS or CB_E_IO). */
CB_MUST_USE cb_status cb_sign_keygen(const char *secret_path, const char *public_path, cb_err *err);

/** Writes FILE.sig by the secret key in that file. */
CB_MUST_USE cb_status cb_sign_file(
    const char *path, const char *secret_path, const char *purpose, cb_err *err);

#endif /* CB_SIGNED_FILE_H */
