/* The check of an audit chain with nothing but the public key. It trusts neither file: a record is
 * judged by its own text, by the record before it, and by the signed heads. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "rt/audit_file.h"

typedef struct verifier {
    FILE *heads;
    const uint8_t *key;
    cb_audit_verdict *verdict;
    cb_audit_head head;      /* the next one to be met, or the last */
    cb_audit_head last_head; /* the one before it */
    bool is_head_waiting;
    char line[CB_AUDIT_LINE_MAX + 1];
} verifier;

typedef enum line_end { LINE_WHOLE, LINE_NONE, LINE_BROKEN } line_end;

/* A whole line without its newline. A line without one, or too long a line, is broken. */
static line_end read_line(FILE *file, char line[CB_AUDIT_LINE_MAX + 1], size_t *size)
{
    *size = 0;
    for (int c = getc(file); c != EOF; c = getc(file)) {
        if (c == '\n') {
            line[*size] = '\0';
            return LINE_WHOLE;
        }
        if (*size == CB_AUDIT_LINE_MAX) {
            return LINE_BROKEN;
        }
        line[(*size)++] = (char)c;
    }
    return *size == 0 && ferror(file) == 0 ? LINE_NONE : LINE_BROKEN;
}

static bool break_head(verifier *self, uint64_t number, const char *why)
{
    self->verdict->broken_head = number;
    (void)snprintf(
        self->verdict->why, sizeof(self->verdict->why), "head %" PRIu64 ": %s", number, why);
    return false;
}

static bool break_record(verifier *self, uint64_t seq, const char *why)
{
    self->verdict->broken_seq = seq;
    (void)snprintf(
        self->verdict->why, sizeof(self->verdict->why), "record %" PRIu64 ": %s", seq, why);
    return false;
}

/* Judges one head by itself and by the one before it. */
static bool judge_head(verifier *self, const cb_audit_head *head, uint64_t number)
{
    uint8_t prev[CB_AUDIT_HASH_SIZE] = {0};
    if (number > 1) {
        cb_audit_head_line_hash(&self->last_head, prev);
    }
    if (head->number != number) {
        return break_head(self, number, "its number is not the next one");
    }
    if (memcmp(head->prev, prev, sizeof(prev)) != 0) {
        return break_head(self, number, "it does not follow the head before it");
    }
    if (head->seq == 0 || head->seq < self->last_head.seq) {
        return break_head(self, number, "it goes back");
    }
    if (!cb_audit_head_is_signed(head, self->key)) {
        return break_head(self, number, "its signature is not of this key");
    }
    return true;
}

/* The next head into self->head. */
static bool next_head(verifier *self)
{
    size_t size = 0;
    const uint64_t number = self->verdict->heads_count + 1;
    const line_end end = read_line(self->heads, self->line, &size);
    self->last_head = self->head;
    self->is_head_waiting = end == LINE_WHOLE;
    if (end == LINE_NONE) {
        return true;
    }
    cb_err err = {0};
    cb_audit_head head;
    if (end == LINE_BROKEN || cb_audit_head_parse(self->line, size, &head, &err) != CB_OK) {
        return break_head(self, number, "the line cannot be read");
    }
    if (!judge_head(self, &head, number)) {
        return false;
    }
    self->head = head;
    self->verdict->heads_count = number;
    return true;
}

/* All heads that speak of this record. */
static bool meet_heads(verifier *self, const cb_audit_record *record)
{
    while (self->is_head_waiting && self->head.seq == record->seq) {
        if (memcmp(self->head.hash, record->hash, sizeof(record->hash)) != 0) {
            return break_record(self, record->seq, "a signed head says that it was another");
        }
        self->verdict->proven_seq = record->seq;
        if (!next_head(self)) {
            return false;
        }
    }
    return true;
}

static bool judge_record(
    verifier *self, const cb_audit_record *record, const uint8_t prev[CB_AUDIT_HASH_SIZE])
{
    const uint64_t seq = self->verdict->records_count + 1;
    uint8_t hash[CB_AUDIT_HASH_SIZE];
    if (record->seq != seq) {
        return break_record(self, seq, "another one stands in its place");
    }
    if (memcmp(record->prev_hash, prev, CB_AUDIT_HASH_SIZE) != 0) {
        return break_record(self, seq, "it does not follow the record before it");
    }
    cb_audit_record_hash(record, hash);
    if (memcmp(record->hash, hash, sizeof(hash)) != 0) {
        return break_record(self, seq, "its hash is not that of its content");
    }
    self->verdict->records_count = seq;
    return meet_heads(self, record);
}

static bool judge_records(verifier *self, FILE *records)
{
    uint8_t prev[CB_AUDIT_HASH_SIZE] = {0};
    for (;;) {
        size_t size = 0;
        cb_err err = {0};
        cb_audit_record record;
        const line_end end = read_line(records, self->line, &size);
        if (end == LINE_NONE) {
            return true;
        }
        if (end == LINE_BROKEN || cb_audit_record_parse(self->line, size, &record, &err) != CB_OK ||
            record.seq == 0) {
            return break_record(self, self->verdict->records_count + 1, "the line cannot be read");
        }
        if (!judge_record(self, &record, prev)) {
            return false;
        }
        memcpy(prev, record.hash, sizeof(prev));
    }
}

static bool judge_end(verifier *self, bool is_tail_allowed)
{
    cb_audit_verdict *verdict = self->verdict;
    if (self->is_head_waiting) {
        return break_record(
            self, verdict->records_count + 1, "it is missing, and a signed head knows of it");
    }
    if (verdict->proven_seq != verdict->records_count && !is_tail_allowed) {
        return break_record(self, verdict->proven_seq + 1, "no signed head vouches for it");
    }
    return true;
}

bool cb_audit_verify(FILE *records,
    FILE *heads,
    const uint8_t key[CB_AUDIT_KEY_SIZE],
    bool is_tail_allowed,
    cb_audit_verdict *out)
{
    memset(out, 0, sizeof(*out));
    verifier *self = calloc(1, sizeof(*self));
    CB_ASSERT(self != NULL);
    self->heads = heads;
    self->key = key;
    self->verdict = out;
    const bool is_whole =
        next_head(self) && judge_records(self, records) && judge_end(self, is_tail_allowed);
    free(self);
    return is_whole;
}

cb_status cb_audit_heads_last(
    const char *path, const uint8_t key[CB_AUDIT_KEY_SIZE], cb_audit_head *out, cb_err *err)
{
    memset(out, 0, sizeof(*out));
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return errno == ENOENT ? CB_OK : CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(errno));
    }
    cb_audit_verdict verdict = {0};
    verifier *self = calloc(1, sizeof(*self));
    CB_ASSERT(self != NULL);
    self->heads = file;
    self->key = key;
    self->verdict = &verdict;
    bool is_good = next_head(self);
    while (is_good && self->is_head_waiting) {
        is_good = next_head(self);
    }
    *out = self->head;
    free(self);
    (void)fclose(file);
    return is_good ? CB_OK : CB_FAIL(err, CB_E_CORRUPT, "%s: %s", path, verdict.why);
}
