/* Every strategy and every desk has a page docs/strategies/<name>.md, and the table of parameters
 * between its marks is what the registry says; `make docs` writes the tables anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/signals/core/desk.h"
#include "services/signals/core/strategy.h"

#define TEXT_MAX 65536U
#define BEGIN "<!-- parameters -->\n"
#define END "<!-- end of parameters -->"

typedef struct text {
    size_t size;
    char at[TEXT_MAX];
} text;

__attribute__((format(printf, 2, 3))) static void say(text *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int count = vsnprintf(out->at + out->size, TEXT_MAX - out->size, format, arguments);
    va_end(arguments);
    assert_true(count >= 0 && (size_t)count < TEXT_MAX - out->size);
    out->size += (size_t)count;
}

static void say_value(text *out, const cb_param *param, int64_t value)
{
    if (param->kind == CB_PARAM_DECIMAL) {
        say(out, "%.10g", (double)value / 1e8);
    } else if (param->kind == CB_PARAM_DURATION) {
        say(out, "%.10g s", (double)value / 1e9);
    } else {
        say(out, "%lld", (long long)value);
    }
}

/* Whose parameters: "strategy.trend". */
static void say_table(text *out, const char *prefix, const cb_param *params, uint32_t count)
{
    say(out, "| key | default | least | most | |\n|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < count; i++) {
        say(out, "| `%s.%s` | ", prefix, params[i].name);
        say_value(out, &params[i], params[i].default_value);
        say(out, " | ");
        say_value(out, &params[i], params[i].min);
        say(out, " | ");
        say_value(out, &params[i], params[i].max);
        say(out, " | %s |\n", params[i].help);
    }
}

static void read_page(const char *path, text *page)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail_msg("%s does not exist", path);
        return;
    }
    page->size = fread(page->at, 1, TEXT_MAX - 1, file);
    page->at[page->size] = '\0';
    (void)fclose(file);
}

/* The page with the table that the registry gives. */
static void renew(const text *page, const char *path, const text *table, text *out)
{
    const char *begin = strstr(page->at, BEGIN);
    const char *end = strstr(page->at, END);
    if (begin == NULL || end == NULL || end < begin) {
        fail_msg("%s has no place for its parameters", path);
        return;
    }
    out->size = 0;
    say(out, "%.*s", (int)(begin - page->at), page->at);
    say(out, "%s%s%s", BEGIN, table->at, end);
}

static void check_page(const char *kind, const char *name, const cb_param *params, uint32_t count)
{
    static text page;
    static text table;
    static text wanted;
    char path[128];
    char prefix[64];
    (void)snprintf(path, sizeof path, "docs/strategies/%s.md", name);
    (void)snprintf(prefix, sizeof prefix, "%s.%s", kind, name);
    table.size = 0;
    say_table(&table, prefix, params, count);
    read_page(path, &page);
    renew(&page, path, &table, &wanted);
    if (getenv("CB_DOCS_WRITE") != NULL) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(wanted.at, 1, wanted.size, file), wanted.size);
        (void)fclose(file);
        return;
    }
    if (page.size != wanted.size || memcmp(page.at, wanted.at, page.size) != 0) {
        fail_msg("%s is not what the registry says: run make docs", path);
    }
}

static void every_strategy_has_a_current_page(void **unused)
{
    (void)unused;
    for (uint32_t i = 0; i < STRATEGIES_COUNT; i++) {
        const strategy_ops *ops = strategy_at(i);
        check_page("strategy", ops->name, ops->params, ops->params_count);
    }
    for (uint32_t i = 0; i < DESKS_COUNT; i++) {
        const desk_ops *ops = desk_at(i);
        check_page("desk", ops->name, ops->params, ops->params_count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_strategy_has_a_current_page),
    };
    return cmocka_run_group_tests_name("signals_docs", tests, NULL, NULL);
}
