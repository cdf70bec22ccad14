/* Secret files: what is read, what is refused, and that nothing is left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rt/secret.h"

static char path[64];
static char out[16];
static cb_err err;

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/cerberus-secret-XXXXXX");
    const int fd = mkstemp(path);
    return fd >= 0 && close(fd) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static cb_status read_of(const char *bytes, size_t size)
{
    const int fd = open(path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    (void)close(fd);
    memset(out, 'x', sizeof(out));
    return cb_secret_read(path, out, sizeof(out), &err);
}

static void secret_is_the_first_line(void **state)
{
    (void)state;
    static const char *const FILES[] = {
        "abc", "abc\n", "abc\r\n", "abc  \nmore\nlines beyond the buffer"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(read_of(FILES[i], strlen(FILES[i])), CB_OK);
        assert_string_equal(out, "abc");
    }
    assert_int_equal(read_of("123456789012345", 15), CB_OK);
    assert_string_equal(out, "123456789012345");
    assert_int_equal(read_of("123456789012345\n", 16), CB_OK);
}

static void secret_refuses_bad_files_and_wipes(void **state)
{
    (void)state;
    static const char ZEROS[sizeof(out)] = {0};
    static const char *const FILES[] = {"", "\n", "  \nabc", "1234567890123456"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(read_of(FILES[i], strlen(FILES[i])), CB_E_SYNTAX);
        assert_non_null(strstr(err.text, path));
        assert_memory_equal(out, ZEROS, sizeof(out));
    }
    assert_int_equal(read_of("a\0b\n", 4), CB_E_SYNTAX);
}

static void secret_refuses_what_others_may_read(void **state)
{
    (void)state;
    assert_int_equal(chmod(path, 0604), 0);
    assert_int_equal(read_of("abc", 3), CB_E_AUTH);
    assert_null(strstr(err.text, "abc"));
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(read_of("abc", 3), CB_OK);
}

static void secret_refuses_what_is_no_file(void **state)
{
    (void)state;
    assert_int_equal(cb_secret_read("/nowhere", out, sizeof(out), &err), CB_E_NOT_FOUND);
    assert_int_equal(cb_secret_read("/tmp", out, sizeof(out), &err), CB_E_IO);
    assert_int_equal(cb_secret_read("/dev/zero", out, sizeof(out), &err), CB_E_IO);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(secret_is_the_first_line),
        TEST(secret_refuses_bad_files_and_wipes),
        TEST(secret_refuses_what_others_may_read),
        TEST(secret_refuses_what_is_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
