/* Parameter tables as configuration: keys, defaults and bounds arrive where the core reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/money.h"
#include "rt/param_fields.h"

typedef struct config {
    int64_t other;
    int64_t values[3];
} config;

static const cb_param params[] = {
    {"ratio", CB_PARAM_DECIMAL, 3 * CB_E8 / 10, 0, CB_E8, "a ratio"},
    {"bars", CB_PARAM_COUNT, 21, 1, 100, "a count"},
    {"age", CB_PARAM_DURATION, INT64_C(1500000000), 0, INT64_C(60000000000), "a duration"},
};

typedef struct bench {
    cb_param_text texts[3];
    cb_config_field fields[3];
    uint32_t count;
} bench;

static void make_fields(bench *b)
{
    const cb_param_group group = {"strategy", "trend", params, 3, offsetof(config, values)};
    b->count = cb_param_fields(&group, b->texts, b->fields);
    assert_int_equal(b->count, 3);
}

static cb_status load(const bench *b, config *out, char *flag, cb_err *err)
{
    char *argv[] = {flag, NULL};
    char *envp[] = {NULL};
    memset(out, 0, sizeof *out);
    return cb_config_load(b->fields, b->count, out, NULL, flag != NULL ? 1 : 0, argv, envp, err);
}

static void param_fields_give_the_defaults(void **unused)
{
    (void)unused;
    bench b;
    config c;
    cb_err err = {0};
    make_fields(&b);
    if (load(&b, &c, NULL, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(c.other, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(c.values[i], params[i].default_value);
    }
    assert_string_equal(b.fields[2].key, "strategy.trend.age");
}

static void param_fields_keep_the_bounds(void **unused)
{
    (void)unused;
    static const struct {
        const char *flag;
        uint32_t index;
        int64_t value; /* -1: refused */
    } rows[] = {
        {"--strategy.trend.ratio=1", 0, CB_E8},
        {"--strategy.trend.ratio=1.00000001", 0, -1},
        {"--strategy.trend.bars=100", 1, 100},
        {"--strategy.trend.bars=101", 1, -1},
        {"--strategy.trend.bars=0", 1, -1},
        {"--strategy.trend.age=60s", 2, INT64_C(60000000000)},
        {"--strategy.trend.age=60001ms", 2, -1},
        {"--strategy.trend.nosuch=1", 0, -1},
    };
    bench b;
    make_fields(&b);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        config c;
        cb_err err = {0};
        char flag[64];
        assert_true(strlen(rows[i].flag) < sizeof flag);
        memcpy(flag, rows[i].flag, strlen(rows[i].flag) + 1);
        const cb_status status = load(&b, &c, flag, &err);
        assert_int_equal(status, rows[i].value >= 0 ? CB_OK : CB_E_CONFIG);
        if (status == CB_OK) {
            assert_int_equal(c.values[rows[i].index], rows[i].value);
        } else {
            assert_non_null(strstr(err.text, "strategy.trend."));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(param_fields_give_the_defaults),
        cmocka_unit_test(param_fields_keep_the_bounds),
    };
    return cmocka_run_group_tests_name("param_fields", tests, NULL, NULL);
}
