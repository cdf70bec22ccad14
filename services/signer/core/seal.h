/* Secrets at rest: one sealed row per key, and the file that holds all rows.
 *
 *   row   who it is for (account, venue, purpose, version) and what is known about it, in the
 * clear; a data key of its own, wrapped by the key-encryption key (KEK); key and secret, encrypted
 *         by the data key. Both encryptions are bound to who the row is for: rows that are swapped,
 *         or put beside another account, do not open.
 *   file  magic, version, id of the KEK, next version, count, rows, and a MAC over all of it by a
 *         key that follows from the KEK: rows cannot be removed, repeated or relabelled unseen.
 *
 * XChaCha20-Poly1305 and BLAKE2b of libsodium. Pure: randomness is handed in. */
#ifndef SIGNER_SEAL_H
#define SIGNER_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/signer_frame.h"

#define SIGNER_KEK_SIZE 32
#define SIGNER_KEK_ID_SIZE 8
#define SIGNER_KEYS_MAX 128
#define SIGNER_WHY_MAX 96
#define SIGNER_NONCE_SIZE 24
#define SIGNER_DEK_SIZE 32

/* What is known of a key besides its secret; may be shown. */
typedef struct signer_label {
    char account[CB_SIGNER_ACCOUNT_MAX];
    char venue[CB_SIGNER_VENUE_MAX];
    cb_key_purpose purpose;
    uint32_t version; /* rises with every key that is added, never used twice */
    int64_t added_ns;
    int64_t checked_ns; /* when the venue last said what the key may do */
    bool is_disabled;
    char why[SIGNER_WHY_MAX]; /* of is_disabled */
} signer_label;

/* The two halves of an exchange key; only ever in guarded memory. */
typedef struct signer_secret {
    char api_key[CB_SIGNER_KEY_MAX];
    char api_secret[CB_SIGNER_KEY_MAX];
} signer_secret;

typedef struct signer_row {
    signer_label label;
    uint8_t dek_nonce[SIGNER_NONCE_SIZE];
    uint8_t wrapped_dek[SIGNER_DEK_SIZE + 16];
    uint8_t nonce[SIGNER_NONCE_SIZE];
    uint8_t sealed[sizeof(signer_secret) + 16];
} signer_row;

/* Fresh random bytes for one row. */
typedef struct signer_random {
    uint8_t dek[SIGNER_DEK_SIZE];
    uint8_t dek_nonce[SIGNER_NONCE_SIZE];
    uint8_t nonce[SIGNER_NONCE_SIZE];
} signer_random;

typedef struct signer_file {
    uint8_t kek_id[SIGNER_KEK_ID_SIZE];
    uint32_t next_version;
    uint32_t rows_count;
    signer_row rows[SIGNER_KEYS_MAX];
} signer_file;

#define SIGNER_ROW_SIZE                                                                            \
    ((size_t)CB_SIGNER_ACCOUNT_MAX + CB_SIGNER_VENUE_MAX + 8 + 16 + SIGNER_WHY_MAX +               \
        2 * (size_t)SIGNER_NONCE_SIZE + SIGNER_DEK_SIZE + 16 + sizeof(signer_secret) + 16)
#define SIGNER_HEAD_SIZE ((size_t)24)
#define SIGNER_MAC_SIZE 32
#define SIGNER_FILE_MAX                                                                            \
    (SIGNER_HEAD_SIZE + SIGNER_KEYS_MAX * SIGNER_ROW_SIZE + (size_t)SIGNER_MAC_SIZE)

/** Names a KEK without telling it. */
void signer_kek_id(const uint8_t kek[SIGNER_KEK_SIZE], uint8_t out[SIGNER_KEK_ID_SIZE]);

/** Seals a secret for row->label; the rest of row is written. */
void signer_seal(signer_row *row,
    const signer_secret *secret,
    const uint8_t kek[SIGNER_KEK_SIZE],
    const signer_random *random);
/**
 * Opens a row.
 *
 * @param out [out] guarded memory; wiped unless CB_OK.
 * @return CB_OK; CB_E_CORRUPT when row, label and KEK do not belong together.
 */
CB_MUST_USE cb_status signer_unseal(
    const signer_row *row, const uint8_t kek[SIGNER_KEK_SIZE], signer_secret *out, cb_err *err);
/** Wraps a row's data key by another KEK; row is as it was unless CB_OK. CB_E_CORRUPT. */
CB_MUST_USE cb_status signer_rewrap(signer_row *row,
    const uint8_t old_kek[SIGNER_KEK_SIZE],
    const uint8_t new_kek[SIGNER_KEK_SIZE],
    const uint8_t nonce[SIGNER_NONCE_SIZE],
    cb_err *err);

/** Writes the file; file->kek_id is set from kek. Returns its size. */
size_t signer_file_put(
    signer_file *file, const uint8_t kek[SIGNER_KEK_SIZE], uint8_t out[SIGNER_FILE_MAX]);
/** The KEK that a file wants. CB_E_CORRUPT when it is no key file. */
CB_MUST_USE cb_status signer_file_kek(
    const uint8_t *bytes, size_t size, uint8_t out[SIGNER_KEK_ID_SIZE], cb_err *err);
/** Reads a file; rows stay sealed. CB_E_CORRUPT unless every byte is as it was written. */
CB_MUST_USE cb_status signer_file_get(const uint8_t *bytes,
    size_t size,
    const uint8_t kek[SIGNER_KEK_SIZE],
    signer_file *out,
    cb_err *err);

#endif /* SIGNER_SEAL_H */
