/* The audit chain as files: what was written is verified with the public key alone, and whatever is
 * done to it is found: each kind of change by name, and random ones by the thousand (TAMPER_RUNS).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/prng.h"
#include "base/timefmt.h"
#include "rt/audit_file.h"
#include "tests/testing/seeds.h"

#define RECORDS 40
#define HEAD_EVERY 8
#define TEXT_MAX ((size_t)256 * 1024)
#define RUNS_DEFAULT 1500

/* Two files as they lie on a disk. */
typedef struct evidence {
    char *records; /* [owned] */
    size_t records_size;
    char *heads; /* [owned] */
    size_t heads_size;
} evidence;

static cb_audit_key key;
static evidence whole;

static cb_audit_record make_record(uint64_t seq, const uint8_t prev[CB_AUDIT_HASH_SIZE])
{
    cb_audit_record record = {.seq = seq,
        .recorded_ns = (int64_t)seq * CB_NS_PER_S,
        .event_id = {7, seq},
        .correlation_id = {8, seq},
        .event_ns = (int64_t)seq * CB_NS_PER_S - 1};
    (void)snprintf(record.kind, sizeof(record.kind), "%s", seq % 2 == 0 ? "fill" : "order");
    (void)snprintf(record.actor, sizeof(record.actor), "execution");
    (void)snprintf(record.action, sizeof(record.action), "filled");
    (void)snprintf(record.object, sizeof(record.object), "BTCUSDT:%llu", (unsigned long long)seq);
    (void)snprintf(record.detail, sizeof(record.detail), "buy \"0.1\" at 30000, \xc3\xa9\\");
    memset(record.body_hash, (int)seq, sizeof(record.body_hash));
    memcpy(record.prev_hash, prev, CB_AUDIT_HASH_SIZE);
    cb_audit_record_hash(&record, record.hash);
    return record;
}

static void append(char *text, size_t *size, const char *line, size_t line_size)
{
    assert_true(*size + line_size + 1 < TEXT_MAX);
    memcpy(text + *size, line, line_size);
    text[*size + line_size] = '\n';
    *size += line_size + 1;
}

static int setup(void **context)
{
    (void)context;
    static const char seed[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    assert_int_equal(cb_audit_key_from_hex(seed, &key, NULL), CB_OK);
    whole.records = calloc(1, TEXT_MAX);
    whole.heads = calloc(1, TEXT_MAX);
    uint8_t prev[CB_AUDIT_HASH_SIZE] = {0};
    cb_audit_head head = {0};
    char line[CB_AUDIT_LINE_MAX];
    for (uint64_t seq = 1; seq <= RECORDS; seq++) {
        const cb_audit_record record = make_record(seq, prev);
        memcpy(prev, record.hash, sizeof(prev));
        append(whole.records, &whole.records_size, line, cb_audit_record_print(&record, line));
        if (seq % HEAD_EVERY != 0) {
            continue;
        }
        if (head.number > 0) {
            cb_audit_head_line_hash(&head, head.prev);
        }
        head.number++;
        head.seq = seq;
        head.signed_ns = record.recorded_ns;
        memcpy(head.hash, record.hash, sizeof(head.hash));
        cb_audit_head_sign(&head, &key);
        append(whole.heads, &whole.heads_size, line, cb_audit_head_print(&head, line));
    }
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    free(whole.records);
    free(whole.heads);
    return 0;
}

static FILE *open_text(char *text, size_t size)
{
    FILE *file = size > 0 ? fmemopen(text, size, "r") : fopen("/dev/null", "r");
    assert_non_null(file);
    return file;
}

static bool verify(const evidence *files, const uint8_t *public_key, cb_audit_verdict *verdict)
{
    FILE *records = open_text(files->records, files->records_size);
    FILE *heads = open_text(files->heads, files->heads_size);
    const bool is_whole = cb_audit_verify(records, heads, public_key, false, verdict);
    (void)fclose(records);
    (void)fclose(heads);
    return is_whole;
}

static evidence copy_whole(void)
{
    evidence copy = whole;
    copy.records = calloc(1, TEXT_MAX);
    copy.heads = calloc(1, TEXT_MAX);
    memcpy(copy.records, whole.records, whole.records_size);
    memcpy(copy.heads, whole.heads, whole.heads_size);
    return copy;
}

static void drop(evidence *files)
{
    free(files->records);
    free(files->heads);
}

/* ---- what the words say ---- */

static void whole_chain_is_proven(void **context)
{
    (void)context;
    cb_audit_verdict verdict;
    assert_true(verify(&whole, key.public_key, &verdict));
    assert_int_equal(verdict.records_count, RECORDS);
    assert_int_equal(verdict.heads_count, RECORDS / HEAD_EVERY);
    assert_int_equal(verdict.proven_seq, RECORDS);
}

static void another_key_proves_nothing(void **context)
{
    (void)context;
    cb_audit_verdict verdict;
    uint8_t other[CB_AUDIT_KEY_SIZE];
    memcpy(other, key.public_key, sizeof(other));
    other[0] ^= 1;
    assert_false(verify(&whole, other, &verdict));
    assert_int_equal(verdict.broken_head, 1);
}

/* Start and size of line n (1, 2, …) with its newline. */
static char *find_line(char *text, uint64_t n, size_t *size)
{
    for (; n > 1; n--) {
        text = strchr(text, '\n') + 1;
    }
    *size = (size_t)(strchr(text, '\n') + 1 - text);
    return text;
}

static void changed_amount_names_the_record(void **context)
{
    (void)context;
    cb_audit_verdict verdict;
    evidence files = copy_whole();
    size_t size = 0;
    char *line = find_line(files.records, 13, &size);
    *strstr(line, "30000") = '9';
    assert_false(verify(&files, key.public_key, &verdict));
    assert_int_equal(verdict.broken_seq, 13);
    assert_non_null(strstr(verdict.why, "its hash is not that of its content"));
    drop(&files);
}

/* Somebody who rewrites the hashes of everything behind meets the signed head. */
static void rewritten_chain_meets_the_signed_head(void **context)
{
    (void)context;
    cb_audit_verdict verdict;
    evidence files = copy_whole();
    uint8_t prev[CB_AUDIT_HASH_SIZE] = {0};
    char line[CB_AUDIT_LINE_MAX];
    files.records_size = 0;
    for (uint64_t seq = 1; seq <= RECORDS; seq++) {
        cb_audit_record record = make_record(seq, prev);
        if (seq == 13) {
            (void)snprintf(record.detail, sizeof(record.detail), "nothing happened");
            cb_audit_record_hash(&record, record.hash);
        }
        memcpy(prev, record.hash, sizeof(prev));
        append(files.records, &files.records_size, line, cb_audit_record_print(&record, line));
    }
    assert_false(verify(&files, key.public_key, &verdict));
    assert_int_equal(verdict.broken_seq, 16); /* the first head behind it */
    drop(&files);
}

static void dropped_record_is_named(void **context)
{
    (void)context;
    cb_audit_verdict verdict;
    evidence files = copy_whole();
    size_t size = 0;
    char *line = find_line(files.records, 21, &size);
    memmove(line, line + size, strlen(line + size) + 1);
    files.records_size -= size;
    assert_false(verify(&files, key.public_key, &verdict));
    assert_int_equal(verdict.broken_seq, 21);
    drop(&files);
}

static void missing_end_is_known_to_the_heads(void **context)
{
    (void)context;
    cb_audit_verdict verdict;
    evidence files = copy_whole();
    size_t size = 0;
    files.records_size = (size_t)(find_line(files.records, RECORDS, &size) - files.records);
    assert_false(verify(&files, key.public_key, &verdict));
    assert_int_equal(verdict.broken_seq, RECORDS);
    assert_non_null(strstr(verdict.why, "a signed head knows of it"));
    drop(&files);
}

static void unsigned_end_is_refused_unless_allowed(void **context)
{
    (void)context;
    cb_audit_verdict verdict;
    evidence files = copy_whole();
    size_t size = 0;
    files.heads_size = (size_t)(find_line(files.heads, RECORDS / HEAD_EVERY, &size) - files.heads);
    assert_false(verify(&files, key.public_key, &verdict));
    assert_int_equal(verdict.broken_seq, RECORDS - HEAD_EVERY + 1);
    FILE *records = open_text(files.records, files.records_size);
    FILE *heads = open_text(files.heads, files.heads_size);
    assert_true(cb_audit_verify(records, heads, key.public_key, true, &verdict));
    assert_int_equal(verdict.records_count, RECORDS);
    assert_int_equal(verdict.proven_seq, RECORDS - HEAD_EVERY);
    (void)fclose(records);
    (void)fclose(heads);
    drop(&files);
}

/* ---- random changes ---- */

typedef struct target {
    char *text;
    size_t *size;
    uint64_t lines;
} target;

static void edit(target *at, cb_prng *random)
{
    at->text[cb_prng_below(random, *at->size)] ^= (char)(1 + cb_prng_below(random, 255));
}

static void delete_bytes(target *at, cb_prng *random)
{
    const size_t from = cb_prng_below(random, *at->size);
    const size_t count = 1 + cb_prng_below(random, 64) % (*at->size - from);
    memmove(at->text + from, at->text + from + count, *at->size - from - count);
    *at->size -= count;
}

static void insert_bytes(target *at, cb_prng *random)
{
    const size_t from = cb_prng_below(random, *at->size + 1);
    const size_t count = 1 + cb_prng_below(random, 8);
    memmove(at->text + from + count, at->text + from, *at->size - from);
    for (size_t i = 0; i < count; i++) {
        at->text[from + i] = " \n0a\"{}x"[cb_prng_below(random, 8)];
    }
    *at->size += count;
}

static void truncate_text(target *at, cb_prng *random)
{
    *at->size = cb_prng_below(random, *at->size);
}

static void delete_line(target *at, cb_prng *random)
{
    size_t size = 0;
    char *line = find_line(at->text, 1 + cb_prng_below(random, at->lines), &size);
    memmove(line, line + size, *at->size - (size_t)(line - at->text) - size);
    *at->size -= size;
}

static void double_line(target *at, cb_prng *random)
{
    size_t size = 0;
    char *line = find_line(at->text, 1 + cb_prng_below(random, at->lines), &size);
    memmove(line + size, line, *at->size - (size_t)(line - at->text));
    *at->size += size;
}

static void swap_lines(target *at, cb_prng *random)
{
    size_t first_size = 0;
    size_t second_size = 0;
    char *first = find_line(at->text, 1 + cb_prng_below(random, at->lines - 1), &first_size);
    char *second = find_line(first, 2, &second_size);
    char held[CB_AUDIT_LINE_MAX];
    memcpy(held, first, first_size);
    memmove(first, second, second_size);
    memcpy(first + second_size, held, first_size);
}

static void every_random_change_is_found(void **context)
{
    (void)context;
    static void (*const changes[])(target * at, cb_prng * random) = {
        edit, delete_bytes, insert_bytes, truncate_text, delete_line, double_line, swap_lines};
    const uint64_t runs = seeds_from("TAMPER_RUNS", RUNS_DEFAULT);
    cb_prng random;
    cb_prng_init(&random, seeds_first());
    for (uint64_t run = 0; run < runs; run++) {
        evidence files = copy_whole();
        const bool is_records = cb_prng_below(&random, 4) != 0;
        target at = is_records ? (target){files.records, &files.records_size, RECORDS}
                               : (target){files.heads, &files.heads_size, RECORDS / HEAD_EVERY};
        const size_t kind = cb_prng_below(&random, sizeof(changes) / sizeof(changes[0]));
        cb_audit_verdict verdict;
        changes[kind](&at, &random);
        if (verify(&files, key.public_key, &verdict)) {
            fail_msg("run %llu: change %zu was not found", (unsigned long long)run, kind);
        }
        assert_true(verdict.broken_seq > 0 || verdict.broken_head > 0);
        drop(&files);
    }
    print_message("# %llu random changes, all found\n", (unsigned long long)runs);
}

/* ---- the file of heads ---- */

static void heads_are_appended_and_read_back(void **context)
{
    (void)context;
    char path[] = "/tmp/cerberus-heads-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    cb_audit_head last = {0};
    for (uint64_t number = 1; number <= 3; number++) {
        cb_audit_head head = {.number = number, .seq = number * 5};
        if (number > 1) {
            cb_audit_head_line_hash(&last, head.prev);
        }
        cb_audit_head_sign(&head, &key);
        assert_int_equal(cb_audit_heads_append(path, &head, NULL), CB_OK);
        assert_int_equal(cb_audit_heads_last(path, key.public_key, &last, NULL), CB_OK);
        assert_int_equal(last.number, number);
        assert_int_equal(last.seq, number * 5);
    }
    FILE *file = fopen(path, "ab");
    assert_non_null(file);
    (void)fputs("{\"number\"", file); /* a write that was cut */
    (void)fclose(file);
    cb_err err = {0};
    assert_int_equal(cb_audit_heads_last(path, key.public_key, &last, &err), CB_E_CORRUPT);
    (void)unlink(path);
    assert_int_equal(cb_audit_heads_last(path, key.public_key, &last, NULL), CB_OK);
    assert_int_equal(last.number, 0);
    assert_int_equal(cb_audit_heads_append("/nowhere/heads", &last, &err), CB_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_chain_is_proven),
        cmocka_unit_test(another_key_proves_nothing),
        cmocka_unit_test(changed_amount_names_the_record),
        cmocka_unit_test(rewritten_chain_meets_the_signed_head),
        cmocka_unit_test(dropped_record_is_named),
        cmocka_unit_test(missing_end_is_known_to_the_heads),
        cmocka_unit_test(unsigned_end_is_refused_unless_allowed),
        cmocka_unit_test(every_random_change_is_found),
        cmocka_unit_test(heads_are_appended_and_read_back),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
