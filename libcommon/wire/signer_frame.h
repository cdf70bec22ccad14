/* What travels on the signer's Unix sockets: one fixed frame for all requests, one for all
 * answers. Little-endian, bounded, no optional parts: a frame is taken whole or refused.
 *
 *   header   'C' 'S', version, op, id (4 bytes), size of the body (4 bytes)
 *   request  account, venue, api_key, api_secret (each: 1 byte length, text), purpose (1 byte),
 *            payload (2 bytes length, text)
 *   answer   status (1 byte), api_key (1 byte length, text), text (2 bytes length)
 *
 * An answer's op is the request's with the highest bit set, its id the request's. Pure. */
#ifndef CB_SIGNER_FRAME_H
#define CB_SIGNER_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CB_SIGNER_HEAD_SIZE 12
#define CB_SIGNER_FRAME_MAX ((size_t)8192) /* header and body */
#define CB_SIGNER_ACCOUNT_MAX 32           /* with NUL */
#define CB_SIGNER_VENUE_MAX 16
#define CB_SIGNER_KEY_MAX 160 /* as cb_venue_keys */
#define CB_SIGNER_TEXT_MAX ((size_t)7168)

/* What a key may be used for; the signer refuses everything else. The numbers are stored. */
typedef enum cb_key_purpose {
    CB_KEY_TRADE = 1, /* orders, cancels, questions, the user stream */
    CB_KEY_READ = 2,  /* questions and the user stream; the key may not trade */
    CB_KEY_CANCEL = 3 /* cancels and what finds open orders; never an order */
} cb_key_purpose;

typedef enum cb_signer_op {
    CB_SIGNER_SIGN = 1,     /* payload → text is the signature */
    CB_SIGNER_DESCRIBE = 2, /* → api_key, status OK when it may sign now */
    CB_SIGNER_ADD = 3,      /* api_key, api_secret; the administrators' socket only, as … */
    CB_SIGNER_LIST = 4,     /* → text, a line per key, fields by tabs (see cb_signer_list_head) */
    CB_SIGNER_REMOVE = 5,
    CB_SIGNER_ROTATE = 6 /* wraps every key anew with the next key-encryption key */
} cb_signer_op;

typedef enum cb_signer_status {
    CB_SIGNER_OK = 0,
    CB_SIGNER_BAD_FRAME,   /* not understood; the connection is closed */
    CB_SIGNER_DENIED,      /* the peer may not ask this */
    CB_SIGNER_NO_KEY,      /* no key for account, venue and purpose */
    CB_SIGNER_REFUSED,     /* the payload is none that the purpose allows */
    CB_SIGNER_LIMITED,     /* more signatures than this minute's cap */
    CB_SIGNER_DISABLED,    /* the key has lost its right to be used: it may withdraw, … */
    CB_SIGNER_BAD_KEY,     /* ADD: the venue does not know the key, or it may too much */
    CB_SIGNER_UNREACHABLE, /* ADD: the venue could not be asked, so nothing was kept */
    CB_SIGNER_FAILED,      /* the key file could not be written, … */
    CB_SIGNER_STATUS_COUNT
} cb_signer_status;

typedef struct cb_signer_request {
    cb_signer_op op;
    uint32_t id;
    char account[CB_SIGNER_ACCOUNT_MAX];
    char venue[CB_SIGNER_VENUE_MAX];
    char api_key[CB_SIGNER_KEY_MAX];
    char api_secret[CB_SIGNER_KEY_MAX];
    cb_key_purpose purpose; /* 0 where the op needs none */
    const char *payload;    /* [borrowed from the frame] not NUL-terminated */
    size_t payload_size;
} cb_signer_request;

typedef struct cb_signer_reply {
    cb_signer_op op;
    uint32_t id;
    cb_signer_status status;
    char api_key[CB_SIGNER_KEY_MAX];
    const char *text; /* signature, list, or why not; [borrowed from the frame] */
    size_t text_size;
} cb_signer_reply;

/* The fields of a LIST line, by tabs. */
extern const char cb_signer_list_head[];

/**
 * Size of the frame at bytes: 0 when its header is not complete yet.
 *
 * @return CB_OK; CB_E_CORRUPT when no frame begins so, or it is larger than CB_SIGNER_FRAME_MAX.
 */
CB_MUST_USE cb_status cb_signer_frame_size(
    const uint8_t *bytes, size_t size, size_t *out, cb_err *err);

/** Writes a frame; CB_E_FULL, CB_E_RANGE for texts that are too long. */
CB_MUST_USE cb_status cb_signer_put_request(
    const cb_signer_request *request, uint8_t *out, size_t capacity, size_t *size, cb_err *err);
CB_MUST_USE cb_status cb_signer_put_reply(
    const cb_signer_reply *reply, uint8_t *out, size_t capacity, size_t *size, cb_err *err);

/**
 * Reads one whole frame of exactly size bytes.
 *
 * @param out [out] texts are NUL-terminated copies; wiped unless CB_OK.
 * @return CB_OK; CB_E_CORRUPT for anything else than exactly one well-formed frame.
 */
CB_MUST_USE cb_status cb_signer_get_request(
    const uint8_t *bytes, size_t size, cb_signer_request *out, cb_err *err);
CB_MUST_USE cb_status cb_signer_get_reply(
    const uint8_t *bytes, size_t size, cb_signer_reply *out, cb_err *err);

/** "trade", "read", "cancel"; NULL for none. */
const char *cb_key_purpose_name(cb_key_purpose purpose);
/** False for any other word. */
bool cb_key_purpose_parse(const char *word, cb_key_purpose *out);
/** "refused", "limited", …: stable, lower case. */
const char *cb_signer_status_name(cb_signer_status status);

#endif /* CB_SIGNER_FRAME_H */
