/* Records and heads of the audit chain as exact JSON lines, keys, and the file of heads. */
#include "rt/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/strview.h"

#define DUMP_FLAGS (JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII)

/* ---- keys ---- */

static bool hex_read(const char *hex, size_t size, uint8_t *out)
{
    if (strlen(hex) != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < 2 * size; i++) {
        const char c = hex[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) {
            return false;
        }
        out[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : out[i / 2] | digit);
    }
    return true;
}

cb_status cb_audit_key_from_hex(const char *hex, cb_audit_key *out, cb_err *err)
{
    uint8_t seed[CB_AUDIT_SEED_SIZE];
    _Static_assert(sizeof(seed) == crypto_sign_SEEDBYTES, "Ed25519 seed");
    _Static_assert(sizeof(out->secret_key) == crypto_sign_SECRETKEYBYTES, "Ed25519 secret key");
    if (!hex_read(hex, sizeof(seed), seed)) {
        return CB_FAIL(err, CB_E_CONFIG, "an audit key is 64 hex digits");
    }
    const int rc = crypto_sign_seed_keypair(out->public_key, out->secret_key, seed);
    cb_wipe(seed, sizeof(seed));
    CB_ASSERT(rc == 0);
    return CB_OK;
}

cb_status cb_audit_public_from_hex(const char *hex, uint8_t out[CB_AUDIT_KEY_SIZE], cb_err *err)
{
    if (!hex_read(hex, CB_AUDIT_KEY_SIZE, out)) {
        return CB_FAIL(err, CB_E_SYNTAX, "a public key is 64 hex digits");
    }
    return CB_OK;
}

/* ---- JSON ---- */

static json_t *hex_value(const uint8_t *bytes, size_t size)
{
    char text[2 * CB_AUDIT_SIGNATURE_SIZE + 1];
    cb_hex_print(bytes, size, text);
    return json_string(text);
}

static json_t *number_value(int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    return json_string(text); /* 64 bits do not survive every reader of JSON numbers */
}

static json_t *id_value(cb_id id)
{
    char text[CB_ID_TEXT_MAX] = "";
    if (!cb_id_is_none(id)) {
        cb_id_print(id, text);
    }
    return json_string(text);
}

static size_t dump(json_t *value, char out[CB_AUDIT_LINE_MAX])
{
    const size_t size = json_dumpb(value, out, CB_AUDIT_LINE_MAX - 1, DUMP_FLAGS);
    json_decref(value);
    CB_ASSERT(size > 0 && size < CB_AUDIT_LINE_MAX);
    out[size] = '\0';
    return size;
}

size_t cb_audit_record_print(const cb_audit_record *record, char out[CB_AUDIT_LINE_MAX])
{
    json_t *value = json_pack("{s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o}",
        "seq",
        number_value((int64_t)record->seq),
        "recorded_ns",
        number_value(record->recorded_ns),
        "kind",
        record->kind,
        "actor",
        record->actor,
        "action",
        record->action,
        "object",
        record->object,
        "event_id",
        id_value(record->event_id),
        "correlation_id",
        id_value(record->correlation_id),
        "event_ns",
        number_value(record->event_ns),
        "detail",
        record->detail,
        "body_hash",
        hex_value(record->body_hash, sizeof(record->body_hash)),
        "prev_hash",
        hex_value(record->prev_hash, sizeof(record->prev_hash)),
        "hash",
        hex_value(record->hash, sizeof(record->hash)));
    CB_ASSERT(value != NULL); /* texts are UTF-8: the codec refuses others */
    return dump(value, out);
}

size_t cb_audit_head_print(const cb_audit_head *head, char out[CB_AUDIT_LINE_MAX])
{
    json_t *value = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}",
        "number",
        number_value((int64_t)head->number),
        "seq",
        number_value((int64_t)head->seq),
        "signed_ns",
        number_value(head->signed_ns),
        "hash",
        hex_value(head->hash, sizeof(head->hash)),
        "prev",
        hex_value(head->prev, sizeof(head->prev)),
        "signature",
        hex_value(head->signature, sizeof(head->signature)));
    CB_ASSERT(value != NULL);
    return dump(value, out);
}

static const char *text_of(const json_t *value, const char *key)
{
    const char *text = json_string_value(json_object_get(value, key));
    return text != NULL ? text : "";
}

static int64_t number_of(const json_t *value, const char *key)
{
    return strtoll(text_of(value, key), NULL, 10); /* checked by printing it again */
}

static cb_id id_of(const json_t *value, const char *key)
{
    cb_id id = {0, 0};
    const char *text = text_of(value, key);
    CB_MAYBE(cb_id_parse(text, strlen(text), &id, NULL) == CB_OK);
    return id;
}

static void copy_text(const json_t *value, const char *key, char *out, size_t size)
{
    CB_MAYBE(cb_text_copy(out, size, cb_sv_from(text_of(value, key))));
}

static void copy_hex(const json_t *value, const char *key, uint8_t *out, size_t size)
{
    CB_MAYBE(hex_read(text_of(value, key), size, out));
}

static json_t *parse_line(const char *line, size_t size)
{
    return memchr(line, '\0', size) == NULL ? json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL)
                                            : NULL;
}

static cb_status judge_line(
    const char *line, size_t size, const char *again, size_t again_size, cb_err *err)
{
    if (size != again_size || memcmp(line, again, size) != 0) {
        return CB_FAIL(err, CB_E_SYNTAX, "the line is not in the one exact form");
    }
    return CB_OK;
}

cb_status cb_audit_record_parse(const char *line, size_t size, cb_audit_record *out, cb_err *err)
{
    json_t *value = parse_line(line, size);
    memset(out, 0, sizeof(*out));
    if (value == NULL) {
        return CB_FAIL(err, CB_E_SYNTAX, "the line is no JSON object");
    }
    out->seq = (uint64_t)number_of(value, "seq");
    out->recorded_ns = number_of(value, "recorded_ns");
    copy_text(value, "kind", out->kind, sizeof(out->kind));
    copy_text(value, "actor", out->actor, sizeof(out->actor));
    copy_text(value, "action", out->action, sizeof(out->action));
    copy_text(value, "object", out->object, sizeof(out->object));
    out->event_id = id_of(value, "event_id");
    out->correlation_id = id_of(value, "correlation_id");
    out->event_ns = number_of(value, "event_ns");
    copy_text(value, "detail", out->detail, sizeof(out->detail));
    copy_hex(value, "body_hash", out->body_hash, sizeof(out->body_hash));
    copy_hex(value, "prev_hash", out->prev_hash, sizeof(out->prev_hash));
    copy_hex(value, "hash", out->hash, sizeof(out->hash));
    json_decref(value);
    char again[CB_AUDIT_LINE_MAX];
    return judge_line(line, size, again, cb_audit_record_print(out, again), err);
}

cb_status cb_audit_head_parse(const char *line, size_t size, cb_audit_head *out, cb_err *err)
{
    json_t *value = parse_line(line, size);
    memset(out, 0, sizeof(*out));
    if (value == NULL) {
        return CB_FAIL(err, CB_E_SYNTAX, "the line is no JSON object");
    }
    out->number = (uint64_t)number_of(value, "number");
    out->seq = (uint64_t)number_of(value, "seq");
    out->signed_ns = number_of(value, "signed_ns");
    copy_hex(value, "hash", out->hash, sizeof(out->hash));
    copy_hex(value, "prev", out->prev, sizeof(out->prev));
    copy_hex(value, "signature", out->signature, sizeof(out->signature));
    json_decref(value);
    char again[CB_AUDIT_LINE_MAX];
    return judge_line(line, size, again, cb_audit_head_print(out, again), err);
}

/* ---- signing ---- */

void cb_audit_head_sign(cb_audit_head *head, const cb_audit_key *key)
{
    uint8_t bytes[CB_AUDIT_SIGNED_MAX];
    const size_t size = cb_audit_head_bytes(head, bytes);
    const int rc = crypto_sign_detached(head->signature, NULL, bytes, size, key->secret_key);
    CB_ASSERT(rc == 0);
}

bool cb_audit_head_is_signed(const cb_audit_head *head, const uint8_t key[CB_AUDIT_KEY_SIZE])
{
    uint8_t bytes[CB_AUDIT_SIGNED_MAX];
    const size_t size = cb_audit_head_bytes(head, bytes);
    return crypto_sign_verify_detached(head->signature, bytes, size, key) == 0;
}

void cb_audit_head_line_hash(const cb_audit_head *head, uint8_t out[CB_AUDIT_HASH_SIZE])
{
    char line[CB_AUDIT_LINE_MAX];
    const size_t size = cb_audit_head_print(head, line);
    cb_blake2b hash;
    cb_blake2b_begin(&hash);
    cb_blake2b_add(&hash, line, size);
    cb_blake2b_end(&hash, out);
}

cb_status cb_audit_heads_append(const char *path, const cb_audit_head *head, cb_err *err)
{
    char line[CB_AUDIT_LINE_MAX + 1];
    size_t size = cb_audit_head_print(head, line);
    line[size++] = '\n';
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        return CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(errno));
    }
    /* One write of a short line; a part of it would be a broken head, which the next start names.
     */
    const bool is_written = write(fd, line, size) == (ssize_t)size && fdatasync(fd) == 0;
    const int error = errno;
    const bool is_closed = close(fd) == 0;
    if (!is_written || !is_closed) {
        return CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(error));
    }
    return CB_OK;
}
