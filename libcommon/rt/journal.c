/* Writing and reading journals. The writer buffers and writes whole records only; it does not sync,
 * because a journal that misses its last milliseconds after a power loss is still a journal. */
#include "rt/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"

#define MAGIC "CBJ1"
#define HEAD_SIZE (4 + 4 + 24 + 8 + CB_JOURNAL_HASH_SIZE)
#define RECORD_HEAD_SIZE (4 + 4 + 8 + 8 + 4)
#define CRC_OFFSET (RECORD_HEAD_SIZE - 4)
#define BUFFER_SIZE (CB_JOURNAL_BODY_MAX + 256 * 1024)

struct cb_journal {
    int fd;
    bool is_writer;
    uint64_t offset; /* of what is written whole, or read */
    uint64_t lost_count;
    uint64_t pending_count; /* records in the buffer */
    size_t used;
    char path[512];
    uint8_t buffer[BUFFER_SIZE];
};

uint32_t cb_crc32c(uint32_t crc, const void *bytes, size_t size)
{
    /* Half a byte at a time: 64 bytes of table, fast enough for a few megabytes a second. */
    static const uint32_t TABLE[16] = {0x00000000U,
        0x105ec76fU,
        0x20bd8edeU,
        0x30e349b1U,
        0x417b1dbcU,
        0x5125dad3U,
        0x61c69362U,
        0x7198540dU,
        0x82f63b78U,
        0x92a8fc17U,
        0xa24bb5a6U,
        0xb21572c9U,
        0xc38d26c4U,
        0xd3d3e1abU,
        0xe330a81aU,
        0xf36e6f75U};
    const uint8_t *at = bytes;
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc = (crc >> 4) ^ TABLE[(crc ^ at[i]) & 15U];
        crc = (crc >> 4) ^ TABLE[(crc ^ ((uint32_t)at[i] >> 4)) & 15U];
    }
    return ~crc;
}

static void put_le(uint8_t *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get_le(const uint8_t *in, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)in[i] << (8 * i);
    }
    return value;
}

/* ---- writing ---- */

static cb_journal *journal_new(const char *path, bool is_writer)
{
    cb_journal *journal = calloc(1, sizeof(*journal));
    CB_ASSERT(journal != NULL);
    journal->fd = -1;
    journal->is_writer = is_writer;
    (void)snprintf(journal->path, sizeof(journal->path), "%s", path);
    return journal;
}

static void put_head(uint8_t out[HEAD_SIZE], const cb_journal_head *head)
{
    memset(out, 0, HEAD_SIZE);
    memcpy(out, MAGIC, 4);
    put_le(out + 4, HEAD_SIZE, 4);
    memcpy(out + 8, head->service, sizeof(head->service));
    put_le(out + 32, head->epoch, 8);
    memcpy(out + 40, head->config_hash, CB_JOURNAL_HASH_SIZE);
}

cb_journal *cb_journal_open_write(const char *dir, const cb_journal_head *head, cb_err *err)
{
    char path[512];
    const int length =
        snprintf(path, sizeof(path), "%s/%.23s-%" PRIu64 ".cbj", dir, head->service, head->epoch);
    if (length < 0 || (size_t)length >= sizeof(path)) {
        (void)CB_FAIL(err, CB_E_CONFIG, "journal folder's path is too long");
        return NULL;
    }
    cb_journal *journal = journal_new(path, true);
    journal->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0640);
    if (journal->fd < 0) {
        (void)CB_FAIL(err, CB_E_IO, "journal %s: %s", path, strerror(errno));
        free(journal);
        return NULL;
    }
    put_head(journal->buffer, head);
    journal->used = HEAD_SIZE;
    if (cb_journal_flush(journal, err) != CB_OK) {
        cb_journal_close(journal);
        return NULL;
    }
    return journal;
}

void cb_journal_append(cb_journal *journal, const cb_journal_record *record)
{
    CB_ASSERT(journal->is_writer);
    CB_ASSERT(record->body_size <= CB_JOURNAL_BODY_MAX);
    if (journal->used + RECORD_HEAD_SIZE + record->body_size > BUFFER_SIZE) {
        CB_MAYBE(cb_journal_flush(journal, NULL) == CB_OK);
    }
    uint8_t *out = journal->buffer + journal->used;
    put_le(out, record->body_size, 4);
    put_le(out + 4, record->type, 4);
    put_le(out + 8, record->seq, 8);
    put_le(out + 16, (uint64_t)record->ts_ns, 8);
    uint32_t crc = cb_crc32c(0, out, CRC_OFFSET);
    if (record->body_size > 0) {
        memcpy(out + RECORD_HEAD_SIZE, record->body, record->body_size);
        crc = cb_crc32c(crc, record->body, record->body_size);
    }
    put_le(out + CRC_OFFSET, crc, 4);
    journal->used += RECORD_HEAD_SIZE + record->body_size;
    journal->pending_count++;
}

cb_status cb_journal_flush(cb_journal *journal, cb_err *err)
{
    size_t done = 0;
    while (done < journal->used) {
        const ssize_t count = write(journal->fd, journal->buffer + done, journal->used - done);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            const int cause = errno;
            CB_MAYBE(ftruncate(journal->fd, (off_t)journal->offset) == 0);
            journal->lost_count += journal->pending_count;
            journal->pending_count = 0;
            journal->used = 0;
            return CB_FAIL(err, CB_E_IO, "journal %s: %s", journal->path, strerror(cause));
        }
        done += (size_t)count;
    }
    journal->offset += journal->used;
    journal->used = 0;
    journal->pending_count = 0;
    return CB_OK;
}

uint64_t cb_journal_lost_count(const cb_journal *journal)
{
    return journal->lost_count;
}

uint64_t cb_journal_bytes(const cb_journal *journal)
{
    return journal->offset;
}

/* ---- reading ---- */

/* Reads exactly size bytes; *got is what came. */
static cb_status read_bytes(
    cb_journal *journal, uint8_t *out, size_t size, size_t *got, cb_err *err)
{
    *got = 0;
    while (*got < size) {
        const ssize_t count = read(journal->fd, out + *got, size - *got);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return CB_FAIL(err, CB_E_IO, "journal %s: %s", journal->path, strerror(errno));
        }
        if (count == 0) {
            break;
        }
        *got += (size_t)count;
    }
    return CB_OK;
}

static cb_status corrupt(const cb_journal *journal, const char *what, cb_err *err)
{
    return CB_FAIL(
        err, CB_E_CORRUPT, "journal %s: %s at byte %" PRIu64, journal->path, what, journal->offset);
}

static cb_status read_head(cb_journal *journal, cb_journal_head *head, cb_err *err)
{
    uint8_t bytes[HEAD_SIZE];
    size_t got = 0;
    const cb_status status = read_bytes(journal, bytes, HEAD_SIZE, &got, err);
    if (status != CB_OK) {
        return status;
    }
    if (got != HEAD_SIZE || memcmp(bytes, MAGIC, 4) != 0 || get_le(bytes + 4, 4) != HEAD_SIZE) {
        return corrupt(journal, "not a journal", err);
    }
    memcpy(head->service, bytes + 8, sizeof(head->service));
    head->service[sizeof(head->service) - 1] = '\0';
    head->epoch = get_le(bytes + 32, 8);
    memcpy(head->config_hash, bytes + 40, CB_JOURNAL_HASH_SIZE);
    journal->offset = HEAD_SIZE;
    return CB_OK;
}

cb_journal *cb_journal_open_read(const char *path, cb_journal_head *head, cb_err *err)
{
    cb_journal *journal = journal_new(path, false);
    journal->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (journal->fd < 0) {
        (void)CB_FAIL(err, CB_E_IO, "journal %s: %s", path, strerror(errno));
        free(journal);
        return NULL;
    }
    if (read_head(journal, head, err) != CB_OK) {
        cb_journal_close(journal);
        return NULL;
    }
    return journal;
}

static cb_status read_body(
    cb_journal *journal, const uint8_t *bytes, cb_journal_record *out, cb_err *err)
{
    size_t got = 0;
    const cb_status status = read_bytes(journal, journal->buffer, out->body_size, &got, err);
    if (status != CB_OK) {
        return status;
    }
    if (got != out->body_size) {
        return corrupt(journal, "record is cut", err);
    }
    const uint32_t crc =
        cb_crc32c(cb_crc32c(0, bytes, CRC_OFFSET), journal->buffer, out->body_size);
    if (crc != (uint32_t)get_le(bytes + CRC_OFFSET, 4)) {
        return corrupt(journal, "record's check fails", err);
    }
    out->body = journal->buffer;
    journal->offset += RECORD_HEAD_SIZE + out->body_size;
    return CB_OK;
}

cb_status cb_journal_next(cb_journal *journal, cb_journal_record *out, cb_err *err)
{
    CB_ASSERT(!journal->is_writer);
    uint8_t bytes[RECORD_HEAD_SIZE];
    size_t got = 0;
    const cb_status status = read_bytes(journal, bytes, RECORD_HEAD_SIZE, &got, err);
    if (status != CB_OK) {
        return status;
    }
    if (got == 0) {
        return CB_FAIL(err, CB_E_NOT_FOUND, "journal %s: end", journal->path);
    }
    if (got != RECORD_HEAD_SIZE) {
        return corrupt(journal, "record is cut", err);
    }
    out->body_size = (uint32_t)get_le(bytes, 4);
    out->type = (uint32_t)get_le(bytes + 4, 4);
    out->seq = get_le(bytes + 8, 8);
    out->ts_ns = (int64_t)get_le(bytes + 16, 8);
    if (out->body_size > CB_JOURNAL_BODY_MAX) {
        return corrupt(journal, "record is too long", err);
    }
    return read_body(journal, bytes, out, err);
}

void cb_journal_close(cb_journal *journal)
{
    if (journal == NULL) {
        return;
    }
    if (journal->is_writer && journal->used > 0) {
        CB_MAYBE(cb_journal_flush(journal, NULL) == CB_OK);
    }
    CB_MAYBE(close(journal->fd));
    free(journal);
}
