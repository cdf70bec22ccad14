/* The audit chain as text: records and signed heads as JSON lines in one exact form, heads appended
 * durably to a file outside of the database, and the check of both with nothing but the public key.
 *
 * A line is valid only when printing what was read from it gives the same bytes: so no byte of a
 * file can be changed, not even a space, without being found. */
#ifndef CB_AUDIT_FILE_H
#define CB_AUDIT_FILE_H

#include <stdio.h>

#include "base/err.h"
#include "domain/audit.h"

#define CB_AUDIT_LINE_MAX 4096 /* with the NUL; texts may be escaped */
#define CB_AUDIT_SEED_SIZE 32

typedef struct cb_audit_key {
    uint8_t public_key[CB_AUDIT_KEY_SIZE];
    uint8_t secret_key[64]; /* wipe after use */
} cb_audit_key;

/** A key pair from 64 hex digits. CB_E_CONFIG otherwise. */
CB_MUST_USE cb_status cb_audit_key_from_hex(const char *hex, cb_audit_key *out, cb_err *err);
/** 64 hex digits into 32 bytes. */
CB_MUST_USE cb_status cb_audit_public_from_hex(
    const char *hex, uint8_t out[CB_AUDIT_KEY_SIZE], cb_err *err);

/** The line without its newline; returns its length. */
size_t cb_audit_record_print(const cb_audit_record *record, char out[CB_AUDIT_LINE_MAX]);
/** CB_E_SYNTAX when the line is not exactly what print gives. hash is not judged. */
CB_MUST_USE cb_status cb_audit_record_parse(
    const char *line, size_t size, cb_audit_record *out, cb_err *err);

size_t cb_audit_head_print(const cb_audit_head *head, char out[CB_AUDIT_LINE_MAX]);
CB_MUST_USE cb_status cb_audit_head_parse(
    const char *line, size_t size, cb_audit_head *out, cb_err *err);
/** Fills signature. */
void cb_audit_head_sign(cb_audit_head *head, const cb_audit_key *key);
bool cb_audit_head_is_signed(const cb_audit_head *head, const uint8_t key[CB_AUDIT_KEY_SIZE]);
/** What the next head's prev is. */
void cb_audit_head_line_hash(const cb_audit_head *head, uint8_t out[CB_AUDIT_HASH_SIZE]);

/**
 * Reads a file of heads to its end and checks each with key.
 *
 * @param out [out] the last head; number 0 when the file is empty or does not exist.
 * @return CB_OK; CB_E_IO; CB_E_CORRUPT naming the first broken head.
 */
CB_MUST_USE cb_status cb_audit_heads_last(
    const char *path, const uint8_t key[CB_AUDIT_KEY_SIZE], cb_audit_head *out, cb_err *err);
/** Appends a head and waits until it is on disk. CB_E_IO. */
CB_MUST_USE cb_status cb_audit_heads_append(
    const char *path, const cb_audit_head *head, cb_err *err);

typedef struct cb_audit_verdict {
    uint64_t records_count;
    uint64_t heads_count;
    uint64_t proven_seq;  /* up to here a signed head vouches */
    uint64_t broken_seq;  /* 0: nothing is broken; else the first record that is */
    uint64_t broken_head; /* 0: no head is broken; else its number */
    char why[160];
} cb_audit_verdict;

/**
 * Checks records against heads: every line, every hash, every signature, and that the last head's
 * record is there. Records behind the last head are refused unless is_tail_allowed.
 *
 * @param records [borrowed] at its beginning; @param heads likewise.
 * @return true when nothing is broken.
 */
bool cb_audit_verify(FILE *records,
    FILE *heads,
    const uint8_t key[CB_AUDIT_KEY_SIZE],
    bool is_tail_allowed,
    cb_audit_verdict *out);

#endif /* CB_AUDIT_FILE_H */
