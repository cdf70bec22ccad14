/* Journals: what goes in comes out; every cut and every flipped bit is noticed; a full disk costs
 * records, never the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rt/journal.h"

#define RECORDS_COUNT 200

static char dir[64];
static char path[128];
static const cb_journal_head HEAD = {"risk", 7, {1, 2, 3}};

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/cerberus-journal-XXXXXX");
    if (mkdtemp(dir) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof(path), "%s/risk-7.cbj", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(dir);
}

static void append(cb_journal *journal, uint64_t seq)
{
    uint8_t body[300];
    memset(body, (int)seq, sizeof(body));
    const cb_journal_record record = {
        seq, (int64_t)seq * -1000, (uint32_t)seq + 1, (uint32_t)(seq % sizeof(body)), body};
    cb_journal_append(journal, &record);
}

static void write_whole(void)
{
    cb_err err;
    cb_journal *journal = cb_journal_open_write(dir, &HEAD, &err);
    assert_non_null(journal);
    for (uint64_t seq = 1; seq <= RECORDS_COUNT; seq++) {
        append(journal, seq);
    }
    assert_int_equal(cb_journal_lost_count(journal), 0);
    cb_journal_close(journal);
}

/* Reads up to the end or to what is wrong; *count is how many records were whole. */
static cb_status read_all(uint64_t *count)
{
    cb_err err;
    cb_journal_head head;
    cb_journal_record record;
    *count = 0;
    cb_journal *journal = cb_journal_open_read(path, &head, &err);
    if (journal == NULL) {
        return err.code;
    }
    cb_status status = CB_OK;
    while ((status = cb_journal_next(journal, &record, &err)) == CB_OK) {
        ++*count;
        assert_int_equal(record.seq, *count);
        assert_int_equal(record.ts_ns, (int64_t)*count * -1000);
        assert_int_equal(record.type, *count + 1);
        assert_int_equal(record.body_size, *count % 300);
    }
    cb_journal_close(journal);
    return status;
}

static void journal_reads_what_was_written(void **state)
{
    (void)state;
    write_whole();
    cb_journal_head head;
    cb_err err;
    cb_journal *journal = cb_journal_open_read(path, &head, &err);
    assert_non_null(journal);
    assert_string_equal(head.service, "risk");
    assert_int_equal(head.epoch, 7);
    assert_memory_equal(head.config_hash, HEAD.config_hash, CB_JOURNAL_HASH_SIZE);
    cb_journal_close(journal);
    uint64_t count = 0;
    assert_int_equal(read_all(&count), CB_E_NOT_FOUND);
    assert_int_equal(count, RECORDS_COUNT);
}

static void journal_refuses_to_overwrite(void **state)
{
    (void)state;
    write_whole();
    cb_err err;
    assert_null(cb_journal_open_write(dir, &HEAD, &err));
    assert_int_equal(err.code, CB_E_IO);
    assert_non_null(strstr(err.text, path));
    assert_null(cb_journal_open_write("/nowhere/at/all", &HEAD, &err));
}

static void journal_notices_every_cut(void **state)
{
    (void)state;
    write_whole();
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    uint64_t whole_count = RECORDS_COUNT;
    int ends_count = 0;
    for (off_t size = status.st_size - 1; size > status.st_size - 1200; size--) {
        uint64_t count = 0;
        assert_int_equal(truncate(path, size), 0);
        const cb_status result = read_all(&count);
        assert_true(result == CB_E_CORRUPT || result == CB_E_NOT_FOUND);
        assert_true(count <= whole_count);
        ends_count += result == CB_E_NOT_FOUND ? 1 : 0;
        whole_count = count;
    }
    /* Only a cut exactly between two records looks like an end. */
    assert_int_equal(ends_count, RECORDS_COUNT - whole_count - 1);
}

static void journal_notices_every_flipped_byte(void **state)
{
    (void)state;
    write_whole();
    const int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    /* From the second record's place on; the first 72 bytes are the head. */
    for (off_t at = 72; at < 1500; at++) {
        uint8_t byte = 0;
        uint64_t count = 0;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        const uint8_t flipped = byte ^ 0x40;
        assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
        assert_int_equal(read_all(&count), CB_E_CORRUPT);
        assert_true(count < RECORDS_COUNT);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    (void)close(fd);
    assert_int_equal(truncate(path, 40), 0);
    uint64_t count = 0;
    assert_int_equal(read_all(&count), CB_E_CORRUPT);
}

static void journal_survives_a_full_disk(void **state)
{
    (void)state;
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    const struct rlimit small = {4096, old.rlim_max};
    cb_err err;
    cb_journal *journal = cb_journal_open_write(dir, &HEAD, &err);
    assert_non_null(journal);
    uint64_t kept = 0;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    cb_status status = CB_OK;
    for (uint64_t seq = 1; status == CB_OK; seq++) {
        append(journal, seq);
        status = cb_journal_flush(journal, &err);
        kept = status == CB_OK ? seq : kept;
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, CB_E_IO);
    assert_int_equal(cb_journal_lost_count(journal), 1);
    /* There is room again: what follows is kept, behind whole records. */
    append(journal, kept + 1);
    assert_int_equal(cb_journal_flush(journal, &err), CB_OK);
    cb_journal_close(journal);
    uint64_t count = 0;
    assert_int_equal(read_all(&count), CB_E_NOT_FOUND);
    assert_int_equal(count, kept + 1);
}

static void crc32c_agrees_with_its_check_value(void **state)
{
    (void)state;
    assert_int_equal(cb_crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(cb_crc32c(cb_crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
    assert_int_equal(cb_crc32c(0, "", 0), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(journal_reads_what_was_written),
        TEST(journal_refuses_to_overwrite),
        TEST(journal_notices_every_cut),
        TEST(journal_notices_every_flipped_byte),
        TEST(journal_survives_a_full_disk),
        TEST(crc32c_agrees_with_its_check_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
