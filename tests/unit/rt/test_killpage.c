/* The local flag page: what a raise and a lowering leave, and that everything that is not a whole
 * page reads as level 2. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "rt/killpage.h"

typedef struct bench {
    char folder[64];
    char path[96];
    cb_killpage *page;
} bench;

static int set_up(void **context)
{
    bench *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    (void)snprintf(b->folder, sizeof(b->folder), "/tmp/cb_killpage_XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    (void)snprintf(b->path, sizeof(b->path), "%s/kill.page", b->folder);
    b->page = cb_killpage_open(b->path);
    *context = b;
    return 0;
}

static int tear_down(void **context)
{
    bench *b = *context;
    cb_killpage_close(b->page);
    (void)unlink(b->path);
    assert_int_equal(rmdir(b->folder), 0);
    free(b);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static cb_killpage_state look(bench *b)
{
    cb_killpage_state state;
    cb_killpage_look(b->page, &state);
    return state;
}

static cb_killpage_state raise_to(bench *b, uint32_t level, const char *reason)
{
    const cb_killpage_wish wish = {.level = level, .actor = "ada", .reason = reason};
    cb_killpage_state out;
    assert_int_equal(cb_killpage_raise(b->path, &wish, &out, NULL), CB_OK);
    return out;
}

static void a_missing_page_is_level_2(void **context)
{
    const cb_killpage_state state = look(*context);
    assert_false(state.is_sound);
    assert_int_equal(state.level, 2);
    assert_int_equal(state.generation, 0);
    assert_string_equal(state.reason, "the flag page is missing");
}

static void a_made_page_lets_pass_and_is_made_once(void **context)
{
    bench *b = *context;
    cb_err err = {0};
    assert_int_equal(cb_killpage_make(b->path, &err), CB_OK);
    const cb_killpage_state state = look(b);
    assert_true(state.is_sound);
    assert_int_equal(state.level, 0);
    assert_int_equal(cb_killpage_make(b->path, &err), CB_E_EXISTS);
    struct stat info;
    assert_int_equal(stat(b->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(info.st_size, CB_KILLPAGE_SIZE);
}

static void a_raise_is_seen_at_once_and_never_lowers(void **context)
{
    bench *b = *context;
    assert_int_equal(cb_killpage_make(b->path, NULL), CB_OK);
    const uint64_t first = look(b).generation;
    const cb_killpage_state raised = raise_to(b, 3, "flatten");
    assert_true(raised.generation > first);
    assert_int_equal(look(b).level, 3);
    assert_string_equal(look(b).actor, "ada");
    assert_string_equal(look(b).reason, "flatten");
    assert_int_equal(raise_to(b, 1, "less").level, 3);
}

static void a_raise_makes_a_missing_page(void **context)
{
    bench *b = *context;
    assert_int_equal(raise_to(b, 1, "first word").level, 1);
    assert_true(look(b).is_sound);
}

static void a_lowering_names_the_generation_it_saw(void **context)
{
    bench *b = *context;
    const cb_killpage_wish run = {.level = 0, .actor = "ada, bob", .reason = "looked into it"};
    const uint64_t seen = raise_to(b, 2, "one").generation;
    (void)raise_to(b, 2, "two");
    assert_int_equal(cb_killpage_lower(b->path, seen, &run, NULL), CB_E_STATE);
    assert_int_equal(look(b).level, 2);
    assert_int_equal(cb_killpage_lower(b->path, look(b).generation, &run, NULL), CB_OK);
    assert_int_equal(look(b).level, 0);
}

/* Any byte that changes makes it torn: the page is read whole or not at all. */
static void every_changed_byte_is_level_2(void **context)
{
    bench *b = *context;
    assert_int_equal(cb_killpage_make(b->path, NULL), CB_OK);
    const int fd = open(b->path, O_RDWR);
    assert_true(fd >= 0);
    for (off_t at = 0; at < CB_KILLPAGE_SIZE; at++) {
        uint8_t byte = 0;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        const uint8_t other = byte ^ 0x40;
        assert_int_equal(pwrite(fd, &other, 1, at), 1);
        assert_false(look(b).is_sound);
        assert_int_equal(look(b).level, 2);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    assert_int_equal(look(b).level, 0);
    (void)close(fd);
}

static void every_truncation_is_level_2(void **context)
{
    bench *b = *context;
    for (off_t size = 0; size < CB_KILLPAGE_SIZE; size += 17) {
        (void)unlink(b->path);
        assert_int_equal(cb_killpage_make(b->path, NULL), CB_OK);
        assert_int_equal(look(b).level, 0); /* the descriptor is open now */
        assert_int_equal(truncate(b->path, size), 0);
        assert_int_equal(look(b).level, 2);
        assert_string_equal(look(b).reason, "the flag page is short");
    }
}

static void a_page_that_vanishes_or_is_replaced_is_noticed(void **context)
{
    bench *b = *context;
    char other[128];
    assert_int_equal(cb_killpage_make(b->path, NULL), CB_OK);
    assert_int_equal(look(b).level, 0);
    assert_int_equal(unlink(b->path), 0);
    assert_int_equal(look(b).level, 2);
    (void)raise_to(b, 4, "again");
    assert_int_equal(look(b).level, 4);
    (void)snprintf(other, sizeof(other), "%s.other", b->path);
    assert_int_equal(cb_killpage_make(other, NULL), CB_OK);
    assert_int_equal(rename(other, b->path), 0);
    assert_int_equal(look(b).level, 0);
}

/* A folder, or a pipe that would block its reader, is no page either. */
static void what_is_no_file_is_level_2(void **context)
{
    bench *b = *context;
    assert_int_equal(mkfifo(b->path, 0600), 0);
    assert_int_equal(look(b).level, 2);
    assert_int_equal(unlink(b->path), 0);
    assert_int_equal(mkdir(b->path, 0700), 0);
    assert_int_equal(look(b).level, 2);
    assert_int_equal(rmdir(b->path), 0);
}

static void a_torn_page_becomes_whole_by_a_raise_and_stays_killed(void **context)
{
    bench *b = *context;
    assert_int_equal(cb_killpage_make(b->path, NULL), CB_OK);
    assert_int_equal(truncate(b->path, 100), 0);
    assert_int_equal(raise_to(b, 1, "level 1 is asked for").level, 2);
    assert_true(look(b).is_sound);
}

static void a_torn_page_is_lowered_by_generation_0(void **context)
{
    bench *b = *context;
    const cb_killpage_wish run = {.level = 0, .actor = "ada", .reason = "repaired"};
    assert_int_equal(cb_killpage_make(b->path, NULL), CB_OK);
    assert_int_equal(truncate(b->path, 100), 0);
    assert_int_equal(cb_killpage_lower(b->path, look(b).generation, &run, NULL), CB_OK);
    assert_true(look(b).is_sound);
    assert_int_equal(look(b).level, 0);
}

static void a_stopped_writer_does_not_hold_up_a_raise(void **context)
{
    bench *b = *context;
    assert_int_equal(cb_killpage_make(b->path, NULL), CB_OK);
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const int fd = open(b->path, O_RDWR);
        const bool is_held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
        (void)!write(ready[1], is_held ? "y" : "n", 1);
        (void)pause();
        _exit(0);
    }
    char word = 0;
    assert_int_equal(read(ready[0], &word, 1), 1);
    assert_int_equal(word, 'y');
    assert_int_equal(raise_to(b, 2, "while another holds the lock").level, 2);
    assert_int_equal(kill(child, SIGKILL), 0);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

static void levels_let_through_what_they_should(void **context)
{
    (void)context;
    const struct {
        bool entry;
        bool exit;
        bool flatten;
    } rows[] = {{true, true, true},
        {false, true, true},
        {false, false, false},
        {false, false, true},
        {false, false, false}};
    for (uint32_t level = 0; level < 5; level++) {
        assert_int_equal(cb_killpage_allows(level, false, false), rows[level].entry);
        assert_int_equal(cb_killpage_allows(level, true, false), rows[level].exit);
        assert_int_equal(cb_killpage_allows(level, true, true), rows[level].flatten);
    }
    assert_false(cb_killpage_allows(5, true, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_missing_page_is_level_2),
        TEST(a_made_page_lets_pass_and_is_made_once),
        TEST(a_raise_is_seen_at_once_and_never_lowers),
        TEST(a_raise_makes_a_missing_page),
        TEST(a_lowering_names_the_generation_it_saw),
        TEST(every_changed_byte_is_level_2),
        TEST(every_truncation_is_level_2),
        TEST(a_page_that_vanishes_or_is_replaced_is_noticed),
        TEST(what_is_no_file_is_level_2),
        TEST(a_torn_page_becomes_whole_by_a_raise_and_stays_killed),
        TEST(a_torn_page_is_lowered_by_generation_0),
        TEST(a_stopped_writer_does_not_hold_up_a_raise),
        TEST(levels_let_through_what_they_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
