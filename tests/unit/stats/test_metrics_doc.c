/* docs/metrics.md says what metrics.def says. CB_DOCS_WRITE=1 writes the page (make metrics-doc).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stats/metrics.h"

#define PAGE "docs/metrics.md"
#define PAGE_MAX 65536

static const char intro[] =
    "# Metrics\n\n"
    "Made from `libcommon/stats/metrics.def` by `make metrics-doc`; a test holds it current.\n\n"
    "r: simple returns of one period, n of them; P: periods a year (365 by default: crypto trades "
    "every\n"
    "day; it is printed beside each annualised number); f: the risk-free return of one period,\n"
    "(1 + a year's)^(1 / P) - 1; E: equity, 1 before the first period; D = E / (highest E so far) "
    "- 1;\n"
    "m: mean; s: sample deviation (n - 1); c: confidence (95 % by default); N, z, density: the "
    "normal\n"
    "distribution. Losses and drawdowns are negative numbers.\n\n"
    "Where a figure is not defined it is shown with the reason instead of zero or infinity: `too "
    "few` values,\n"
    "`no input` (no benchmark, no trades), `no risk` (the denominator is zero: a constant series, "
    "no loss, no\n"
    "drawdown), `ruined` (equity is zero or less). The values are held against empyrical, "
    "quantstats, scipy and\n"
    "numpy in `tests/unit/stats/test_metrics.c` to nine digits.\n\n"
    "| metric | name | unit | better | annualised | formula | convention | source |\n"
    "|---|---|---|---|---|---|---|---|\n";

/* Appends text with the pipes that would end a table's cell escaped. */
static size_t cell(char *out, size_t at, const char *text)
{
    assert_true(at + 2 * strlen(text) + 8 < PAGE_MAX);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '|') {
            out[at++] = '\\';
        }
        out[at++] = *c;
    }
    memcpy(out + at, " | ", 3);
    return at + 3;
}

static size_t render(char *out)
{
    static const char *const better[] = {"higher", "lower", ""};
    size_t at = sizeof(intro) - 1;
    memcpy(out, intro, at);
    for (unsigned i = 0; i < CB_METRICS_COUNT; i++) {
        const cb_metric_info *info = cb_metric_at((cb_metric_id)i);
        memcpy(out + at, "| ", 2);
        at = cell(out, at + 2, info->title);
        at = cell(out, at, info->name);
        at = cell(out, at, cb_metric_unit_name(info->unit));
        at = cell(out, at, better[info->better]);
        at = cell(out, at, info->is_annualised ? "yes" : "");
        at = cell(out, at, info->formula);
        at = cell(out, at, info->convention);
        at = cell(out, at, info->source);
        out[at - 1] = '\n';
    }
    return at;
}

static void the_page_is_current(void **state)
{
    (void)state;
    char *wanted = malloc(PAGE_MAX);
    char *got = calloc(1, PAGE_MAX);
    assert_true(wanted != NULL && got != NULL);
    const size_t size = render(wanted);
    if (getenv("CB_DOCS_WRITE") != NULL) {
        FILE *page = fopen(PAGE, "w");
        assert_non_null(page);
        assert_int_equal(fwrite(wanted, 1, size, page), size);
        assert_int_equal(fclose(page), 0);
    }
    FILE *page = fopen(PAGE, "r");
    assert_non_null(page);
    const size_t read = fread(got, 1, PAGE_MAX - 1, page);
    (void)fclose(page);
    if (read != size || memcmp(got, wanted, size) != 0) {
        fail_msg("%s is not what metrics.def says: make metrics-doc", PAGE);
    }
    free(wanted);
    free(got);
}

static void every_row_says_formula_and_source(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CB_METRICS_COUNT; i++) {
        const cb_metric_info *info = cb_metric_at((cb_metric_id)i);
        assert_true(strlen(info->title) > 0 && strlen(info->formula) > 0);
        assert_true(strlen(info->source) > 0);
        assert_int_equal(cb_metric_find(info->name), i);
        /* What is brought to a year says so in its formula, through P or through what it divides.
         */
        if (info->is_annualised) {
            assert_true(
                strchr(info->formula, 'P') != NULL || strstr(info->formula, "cagr") != NULL);
        }
    }
    assert_int_equal(cb_metric_find("no_such_metric"), CB_METRICS_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_current),
        cmocka_unit_test(every_row_says_formula_and_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
