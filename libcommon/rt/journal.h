/* The journal of a core's events: every event that was stepped, in order, with its time and its
 * bytes, so that the same core can be fed the same events again. It is evidence, not truth: money
 * lives in PostgreSQL, and a full disk costs the journal but not the service.
 *
 * File <dir>/<service>-<epoch>.cbj, integers little-endian:
 *   head    "CBJ1", u32 head bytes, service (24 bytes), u64 epoch, configuration hash (32 bytes)
 *   record  u32 body bytes, u32 type, u64 seq, i64 ts_ns, u32 crc32c of all of the record but
 * itself, body: a bus message's encoded bytes, a timer's id and due time, a local event's struct */
#ifndef CB_JOURNAL_H
#define CB_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CB_JOURNAL_BODY_MAX (1024 * 1024)
#define CB_JOURNAL_HASH_SIZE 32

typedef struct cb_journal cb_journal;

typedef struct cb_journal_head {
    char service[24];
    uint64_t epoch;
    uint8_t config_hash[CB_JOURNAL_HASH_SIZE];
} cb_journal_head;

typedef struct cb_journal_record {
    uint64_t seq;
    int64_t ts_ns;
    uint32_t type;
    uint32_t body_size;
    const uint8_t *body; /* [borrowed until the next call] */
} cb_journal_record;

/** Creates the file; an existing one of the same epoch is refused. */
cb_journal *cb_journal_open_write(const char *dir, const cb_journal_head *head, cb_err *err);
/** Buffers a record; a full buffer is written. Never fails: see cb_journal_flush. */
void cb_journal_append(cb_journal *journal, const cb_journal_record *record);
/**
 * Writes what is buffered. On failure the file is cut back to its last whole record, what was
 * buffered is lost and counted, and later records are tried again.
 */
CB_MUST_USE cb_status cb_journal_flush(cb_journal *journal, cb_err *err);
/** Records that could not be kept. */
uint64_t cb_journal_lost_count(const cb_journal *journal);
uint64_t cb_journal_bytes(const cb_journal *journal);

cb_journal *cb_journal_open_read(const char *path, cb_journal_head *head, cb_err *err);
/**
 * @return CB_OK; CB_E_NOT_FOUND at the end; CB_E_CORRUPT when a record is cut or its check fails,
 *         with the byte offset in the text.
 */
CB_MUST_USE cb_status cb_journal_next(cb_journal *journal, cb_journal_record *out, cb_err *err);

/** Flushes and closes either kind. NULL does nothing. */
void cb_journal_close(cb_journal *journal);

/** CRC-32C (Castagnoli), continued from crc (first call: 0). */
uint32_t cb_crc32c(uint32_t crc, const void *bytes, size_t size);

#endif /* CB_JOURNAL_H */
