/* Configuration: which source wins, what is refused and how it is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "rt/config.h"

typedef struct settings {
    char name[CB_CONFIG_TEXT_MAX];
    char key[CB_CONFIG_TEXT_MAX];
    uint64_t count;
    int64_t offset;
    bool is_on;
    int64_t share_e8;
    int64_t pause_ns;
    uint32_t mode;
} settings;

#define AT(member) offsetof(settings, member)
static const cb_config_field FIELDS[] = {
    {"name", CB_CONFIG_TEXT, AT(name), "anna", 0, 0, NULL, "a name"},
    {"risk.key", CB_CONFIG_SECRET, AT(key), "", 0, 0, NULL, "a secret"},
    {"risk.count", CB_CONFIG_U64, AT(count), "3", 1, 10, NULL, "how many"},
    {"risk.offset", CB_CONFIG_I64, AT(offset), "-2", -5, 5, NULL, "a shift"},
    {"is.on", CB_CONFIG_BOOL, AT(is_on), "false", 0, 0, NULL, "a switch"},
    {"share", CB_CONFIG_DECIMAL, AT(share_e8), "0.01", 0, 100000000, NULL, "a share"},
    {"pause", CB_CONFIG_DURATION, AT(pause_ns), "250ms", 0, 60 * CB_NS_PER_S, NULL, "a pause"},
    {"mode", CB_CONFIG_CHOICE, AT(mode), "slow", 0, 0, "slow|fast|off", "a mode"},
};
#define FIELDS_COUNT (sizeof(FIELDS) / sizeof(FIELDS[0]))

static settings config;
static cb_err err;
static char path[64];

static int set_up(void **state)
{
    (void)state;
    memset(&config, 0, sizeof(config));
    memset(&err, 0, sizeof(err));
    (void)snprintf(path, sizeof(path), "/tmp/cerberus-config-XXXXXX");
    const int fd = mkstemp(path);
    return fd >= 0 && close(fd) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_file(const char *text, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static cb_status load(const char *file, const char *flag, const char *environment)
{
    char flag_text[CB_CONFIG_TEXT_MAX + 64];
    char environment_text[CB_CONFIG_TEXT_MAX + 64];
    (void)snprintf(flag_text, sizeof(flag_text), "%s", flag != NULL ? flag : "");
    (void)snprintf(environment_text,
        sizeof(environment_text),
        "%s",
        environment != NULL ? environment : "PATH=/bin");
    char *argv[] = {flag_text, NULL};
    char *envp[] = {environment_text, NULL};
    memset(&config, 0, sizeof(config));
    cb_config_set set = {.parts = {{FIELDS, FIELDS_COUNT, &config}}, .parts_count = 1};
    const cb_config_sources sources = {"risk", file, flag != NULL ? 1 : 0, argv, envp};
    return cb_config_set_load(&set, &sources, &err);
}

static void config_takes_defaults(void **state)
{
    (void)state;
    assert_int_equal(load(NULL, NULL, NULL), CB_OK);
    assert_string_equal(config.name, "anna");
    assert_string_equal(config.key, "");
    assert_int_equal(config.count, 3);
    assert_int_equal(config.offset, -2);
    assert_false(config.is_on);
    assert_int_equal(config.share_e8, 1000000);
    assert_int_equal(config.pause_ns, 250 * CB_NS_PER_MS);
    assert_int_equal(config.mode, 0);
}

static void config_prefers_flag_to_environment_to_file(void **state)
{
    (void)state;
    static const char TEXT[] = "# a comment\n\n  risk.count = 4 \r\nmode=fast\n";
    write_file(TEXT, sizeof(TEXT) - 1);
    assert_int_equal(load(path, NULL, NULL), CB_OK);
    assert_int_equal(config.count, 4);
    assert_int_equal(config.mode, 1);
    assert_int_equal(load(path, NULL, "CERBERUS_RISK_COUNT=5"), CB_OK);
    assert_int_equal(config.count, 5);
    assert_int_equal(load(path, "--risk.count=6", "CERBERUS_RISK_COUNT=5"), CB_OK);
    assert_int_equal(config.count, 6);
}

/* A wrong value that another source overrides does not matter. */
static void config_parses_only_what_was_chosen(void **state)
{
    (void)state;
    static const char TEXT[] = "risk.count = many\n";
    write_file(TEXT, sizeof(TEXT) - 1);
    assert_int_equal(load(path, "--risk.count=7", NULL), CB_OK);
    assert_int_equal(config.count, 7);
}

static void config_refuses_bad_flags_by_name(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"--risk.count=0", "risk.count (flag --risk.count): must be between 1 and 10"},
        {"--risk.count=11", "risk.count (flag --risk.count): must be between 1 and 10"},
        {"--risk.count=-1", "must be between 1 and 10"},
        {"--risk.count=1e1", "is not a whole number"},
        {"--risk.count= 5", "is not a whole number"},
        {"--risk.count=99999999999999999999", "is not a whole number"},
        {"--risk.offset=6", "risk.offset"},
        {"--risk.offset=-6", "risk.offset"},
        {"--is.on=yes", "neither true nor false"},
        {"--share=1.00000001", "must be between 0 and 1"},
        {"--share=0.000000001", "share"},
        {"--share=1,5", "share"},
        {"--pause=5", "needs one of the units"},
        {"--pause=-5s", "is not a duration"},
        {"--pause=61s", "must be between 0s and 1m"},
        {"--pause=9999999999999h", "longer than 292 years"},
        {"--mode=Fast", "is not one of slow|fast|off"},
        {"--mode=", "is not one of"},
        {"--name=a\tb", "control character"},
        {"--risk.kount=1", "unknown key \"--risk.kount\""},
        {"--name", "write --name=VALUE"},
        {"name=x", "is not a flag"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        assert_int_equal(load(NULL, CASES[i][0], NULL), CB_E_CONFIG);
        if (strstr(err.text, CASES[i][1]) == NULL) {
            fail_msg("%s: \"%s\" says nothing of \"%s\"", CASES[i][0], err.text, CASES[i][1]);
        }
    }
}

static void config_accepts_the_bounds(void **state)
{
    (void)state;
    static const char *const FLAGS[] = {"--risk.count=1",
        "--risk.count=10",
        "--risk.offset=-5",
        "--risk.offset=5",
        "--share=0",
        "--share=1",
        "--pause=0s",
        "--pause=60s",
        "--pause=1m",
        "--pause=10us",
        "--mode=off",
        "--is.on=true"};
    for (size_t i = 0; i < sizeof(FLAGS) / sizeof(FLAGS[0]); i++) {
        if (load(NULL, FLAGS[i], NULL) != CB_OK) {
            fail_msg("%s: %s", FLAGS[i], err.text);
        }
    }
}

static void config_refuses_bad_files_by_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        const char *expected;
    } CASES[] = {
#define CASE(text, expected) {text, sizeof(text) - 1, expected}
        CASE("name = x\nrisk.cuont = 5\n", ":2: unknown key \"risk.cuont\""),
        CASE("name = x\n\nname = y\n", ":3: \"name\" was already set in line 1"),
        CASE("just words\n", ":1: not of the form key = value"),
        CASE("risk.count = 50\n", ":1): must be between 1 and 10"),
        CASE("name = x\0y\n", "holds a NUL byte"),
        CASE("\xef\xbb\xbfname = x\n", ":1: unknown key"),
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        write_file(CASES[i].text, CASES[i].size);
        assert_int_equal(load(path, NULL, NULL), CB_E_CONFIG);
        assert_non_null(strstr(err.text, path));
        if (strstr(err.text, CASES[i].expected) == NULL) {
            fail_msg("\"%s\" says nothing of \"%s\"", err.text, CASES[i].expected);
        }
    }
    assert_int_equal(load("/nowhere/at/all", NULL, NULL), CB_E_CONFIG);
    assert_non_null(strstr(err.text, "/nowhere/at/all"));
}

static void config_refuses_own_unknown_environment_only(void **state)
{
    (void)state;
    assert_int_equal(load(NULL, NULL, "CERBERUS_RISK_CUONT=5"), CB_E_CONFIG);
    assert_non_null(strstr(err.text, "CERBERUS_RISK_CUONT"));
    assert_int_equal(load(NULL, NULL, "CERBERUS_SIGNALS_X=5"), CB_OK);
    assert_int_equal(load(NULL, NULL, "CERBERUS_RISKY=5"), CB_OK);
}

static void config_reads_secrets_from_files_and_masks_them(void **state)
{
    (void)state;
    static const char TEXT[] = "hunter2\nsecond line\n";
    write_file(TEXT, sizeof(TEXT) - 1);
    assert_int_equal(chmod(path, 0600), 0);
    char flag[128];
    (void)snprintf(flag, sizeof(flag), "--risk.key=%s", path);
    char *argv[] = {flag};
    cb_config_set set = {.parts = {{FIELDS, FIELDS_COUNT, &config}}, .parts_count = 1};
    const cb_config_sources sources = {NULL, NULL, 1, argv, NULL};
    assert_int_equal(cb_config_set_load(&set, &sources, &err), CB_OK);
    assert_string_equal(config.key, "hunter2");
    char text[4096];
    assert_true(cb_config_set_print(&set, text, sizeof(text)) < sizeof(text));
    assert_non_null(strstr(text, "risk.key = ********  # flag"));
    assert_null(strstr(text, "hunter2"));
    assert_non_null(strstr(text, "pause = 250ms  # default"));
    cb_config_set_release(&set);
    assert_string_equal(config.key, "");
    assert_int_equal(chmod(path, 0604), 0);
    assert_int_equal(cb_config_set_load(&set, &sources, &err), CB_E_CONFIG);
    assert_non_null(strstr(err.text, "may be read by others"));
    assert_null(strstr(err.text, "hunter2"));
}

static void config_hash_tells_values_but_not_secrets_apart(void **state)
{
    (void)state;
    static const char *const FLAGS[] = {"--risk.count=4", "--risk.count=4", "--risk.count=5"};
    uint8_t hashes[3][CB_CONFIG_HASH_SIZE];
    for (size_t i = 0; i < 3; i++) {
        char flag[32];
        (void)snprintf(flag, sizeof(flag), "%s", FLAGS[i]);
        char *argv[] = {flag};
        cb_config_set set = {.parts = {{FIELDS, FIELDS_COUNT, &config}}, .parts_count = 1};
        const cb_config_sources sources = {NULL, NULL, 1, argv, NULL};
        assert_int_equal(cb_config_set_load(&set, &sources, &err), CB_OK);
        (void)snprintf(config.key, sizeof(config.key), "secret number %zu", i);
        cb_config_set_hash(&set, hashes[i]);
    }
    assert_memory_equal(hashes[0], hashes[1], CB_CONFIG_HASH_SIZE);
    assert_memory_not_equal(hashes[0], hashes[2], CB_CONFIG_HASH_SIZE);
}

static void config_help_lists_every_field(void **state)
{
    (void)state;
    char text[8192];
    cb_config_set set = {.parts = {{FIELDS, FIELDS_COUNT, &config}}, .parts_count = 1};
    const size_t size = cb_config_set_help(&set, text, sizeof(text));
    assert_true(size < sizeof(text));
    for (size_t i = 0; i < FIELDS_COUNT; i++) {
        assert_non_null(strstr(text, FIELDS[i].key));
    }
    assert_non_null(strstr(text, "CERBERUS_RISK_COUNT"));
    assert_int_equal(cb_config_set_help(&set, NULL, 0), size);
}

static void config_list_item_splits_and_trims(void **state)
{
    (void)state;
    char item[8];
    assert_true(cb_config_list_item("BTC, ETH ,X", 0, item, sizeof(item)));
    assert_string_equal(item, "BTC");
    assert_true(cb_config_list_item("BTC, ETH ,X", 1, item, sizeof(item)));
    assert_string_equal(item, "ETH");
    assert_true(cb_config_list_item("BTC, ETH ,X", 2, item, sizeof(item)));
    assert_string_equal(item, "X");
    assert_false(cb_config_list_item("BTC, ETH ,X", 3, item, sizeof(item)));
    assert_false(cb_config_list_item("", 0, item, sizeof(item)));
    assert_false(cb_config_list_item("TOO-LONG-TO-FIT", 0, item, sizeof(item)));
}

static void config_load_serves_one_table(void **state)
{
    (void)state;
    char flag[] = "--mode=off";
    char *argv[] = {flag};
    assert_int_equal(
        cb_config_load(FIELDS, FIELDS_COUNT, &config, NULL, 1, argv, NULL, &err), CB_OK);
    assert_int_equal(config.mode, 2);
    static const cb_config_field REQUIRED[] = {
        {"account", CB_CONFIG_TEXT, 0, NULL, 0, 0, NULL, "required"}};
    assert_int_equal(cb_config_load(REQUIRED, 1, &config, NULL, 0, NULL, NULL, &err), CB_E_CONFIG);
    assert_non_null(strstr(err.text, "account is required"));
    assert_non_null(strstr(err.text, "CERBERUS_ACCOUNT"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(config_takes_defaults),
        TEST(config_prefers_flag_to_environment_to_file),
        TEST(config_parses_only_what_was_chosen),
        TEST(config_refuses_bad_flags_by_name),
        TEST(config_accepts_the_bounds),
        TEST(config_refuses_bad_files_by_line),
        TEST(config_refuses_own_unknown_environment_only),
        TEST(config_reads_secrets_from_files_and_masks_them),
        TEST(config_hash_tells_values_but_not_secrets_apart),
        TEST(config_help_lists_every_field),
        TEST(config_list_item_splits_and_trims),
        TEST(config_load_serves_one_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
