/* docs/indicators.md is what the registry says; `make docs` writes it anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ind/book_indicator.h"
#include "ind/indicator.h"

#define PATH "docs/indicators.md"
#define TEXT_MAX (1U << 20)

static char wanted[TEXT_MAX];
static char found[TEXT_MAX];
static size_t size;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int count = vsnprintf(wanted + size, TEXT_MAX - size, format, arguments);
    va_end(arguments);
    assert_true(count >= 0 && (size_t)count < TEXT_MAX - size);
    size += (size_t)count;
}

static void say_value(const cb_param *param, int64_t value)
{
    if (param->kind == CB_PARAM_DECIMAL) {
        say("%.10g", (double)value / 1e8);
    } else {
        say("%lld", (long long)value);
    }
}

static void say_params(const cb_indicator_ops *ops)
{
    if (ops->params_count == 0) {
        return;
    }
    say("\n| parameter | default | least | most | |\n|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < ops->params_count; i++) {
        const cb_param *param = &ops->params[i];
        say("| `%s` | ", param->name);
        say_value(param, param->default_value);
        say(" | ");
        say_value(param, param->min);
        say(" | ");
        say_value(param, param->max);
        say(" | %s |\n", param->help);
    }
}

static void say_memory(const cb_indicator_ops *ops)
{
    if (ops->settle_factor == 0) {
        say("adds up since the first bar or since a time of day");
    } else if (ops->settle_factor == 1) {
        say("of the last bars only");
    } else {
        say("forgets its beginning to 1e-6 in %u times the warm-up", ops->settle_factor);
    }
}

static void say_indicator(const cb_indicator_ops *ops)
{
    int64_t params[CB_PARAMS_PER_ENTRY_MAX] = {0};
    cb_indicator_defaults(ops, params);
    say("\n## %s\n\n%s.\n\n    %s\n\n", ops->name, ops->summary, ops->formula);
    say("Source: %s. Outputs: ", ops->source);
    for (uint32_t i = 0; i < ops->outputs_count; i++) {
        say("%s`%s`", i > 0 ? ", " : "", ops->outputs[i]);
    }
    say(". Warm-up with defaults: %u bars; ", ops->warmup_bars(params));
    say_memory(ops);
    say(".\n");
    say_params(ops);
}

static void say_book_indicator(const cb_book_indicator_ops *ops)
{
    say("\n### %s\n\n%s.\n\n    %s\n\nSource: %s. Outputs: ",
        ops->name,
        ops->summary,
        ops->formula,
        ops->source);
    for (uint32_t i = 0; i < ops->outputs_count; i++) {
        say("%s`%s`", i > 0 ? ", " : "", ops->outputs[i]);
    }
    say(".\n");
    const cb_indicator_ops table = {.params = ops->params, .params_count = ops->params_count};
    say_params(&table);
}

static void write_wanted(void)
{
    say("# Indicators\n\n");
    say("This page is written from the registry (`make docs`); a test holds it current. "
        "`close[n]` is the close n bars\nago, `close'` the one before. "
        "Every output is finite for every series of valid bars, and nothing is put out\n"
        "before the warm-up has passed. %u indicators:\n\n",
        cb_indicators_count());
    for (uint32_t i = 0; i < cb_indicators_count(); i++) {
        const cb_indicator_ops *ops = cb_indicator_at(i);
        say("- [%s](#%s): %s\n", ops->name, ops->name, ops->summary);
    }
    for (uint32_t i = 0; i < cb_indicators_count(); i++) {
        say_indicator(cb_indicator_at(i));
    }
    say("\n## Order book\n\nThese see snapshots of the order book (`ind/book_indicator.h`), not "
        "bars.\n");
    for (uint32_t i = 0; i < cb_book_indicators_count(); i++) {
        say_book_indicator(cb_book_indicator_at(i));
    }
}

static void the_page_of_indicators_is_current(void **unused)
{
    (void)unused;
    write_wanted();
    const char *mode = getenv("CB_DOCS_WRITE") != NULL ? "w+" : "r";
    FILE *file = fopen(PATH, mode);
    assert_non_null(file);
    if (mode[0] == 'w') {
        assert_int_equal(fwrite(wanted, 1, size, file), size);
        rewind(file);
    }
    const size_t got = fread(found, 1, TEXT_MAX - 1, file);
    (void)fclose(file);
    if (got != size || memcmp(wanted, found, size) != 0) {
        fail_msg("%s is not what the registry says: run make docs", PATH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_of_indicators_is_current),
    };
    return cmocka_run_group_tests_name("ind_docs", tests, NULL, NULL);
}
