/* The report: a page that is whole, asks no network, shows what it is given and survives nasty
 * values. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/money.h"
#include "base/prng.h"
#include "base/timefmt.h"
#include "services/lab/report/plot.h"
#include "services/lab/report/report.h"

#define BARS 5000
#define TRADES 40
#define START_NS (INT64_C(1672531200) * CB_NS_PER_S)
#define MINUTE_NS (60 * CB_NS_PER_S)

typedef struct sample {
    int64_t ts[BARS];
    int64_t close[BARS];
    lab_point points[BARS];
    lab_fill fills[2 * TRADES];
    lab_trade trades[TRADES];
    lab_finding finding;
    lab_result result;
    lab_candles candles;
} sample;

static sample *self;
static const char *const symbols[] = {"BTC<USDT>"};
static const char *const strategies[] = {"trend & co"};
static const lab_names names = {symbols, 1, strategies, 1};

static int set_up(void **state)
{
    cb_prng prng;
    (void)state;
    self = calloc(1, sizeof *self);
    if (self == NULL) {
        return -1;
    }
    cb_prng_init(&prng, 5);
    int64_t price = 20000 * CB_E8;
    for (size_t i = 0; i < BARS; i++) {
        price += ((int64_t)cb_prng_below(&prng, 2001) - 1000) * CB_E8 / 100;
        self->ts[i] = START_NS + (int64_t)i * MINUTE_NS;
        self->close[i] = price;
        self->points[i] = (lab_point){self->ts[i] + MINUTE_NS, price / 2, price / 4, price / 4};
    }
    for (size_t i = 0; i < TRADES; i++) {
        const size_t at = i * (BARS / TRADES);
        const size_t end = at + BARS / TRADES / 2;
        self->fills[2 * i] = (lab_fill){.ts_ns = self->ts[at],
            .side = CB_SIDE_BUY,
            .price_e8 = self->close[at],
            .qty_e8 = CB_E8};
        self->fills[2 * i + 1] = (lab_fill){.ts_ns = self->ts[end],
            .side = CB_SIDE_SELL,
            .price_e8 = self->close[end],
            .qty_e8 = CB_E8};
        self->trades[i] = (lab_trade){.side = CB_SIDE_BUY,
            .entry_ts_ns = self->ts[at],
            .exit_ts_ns = self->ts[end],
            .entry_price_e8 = self->close[at],
            .exit_price_e8 = self->close[end],
            .qty_e8 = CB_E8,
            .pnl_e8 = self->close[end] - self->close[at],
            .mae_e8 = -10 * CB_E8,
            .mfe_e8 = 12 * CB_E8,
            .exit_reason = "take_profit"};
    }
    self->finding = (lab_finding){LAB_FINDING_GAP, true, START_NS, START_NS + MINUTE_NS, 1, 3};
    self->result = (lab_result){.points = self->points,
        .points_count = BARS,
        .fills = self->fills,
        .fills_count = (uint64_t)2 * TRADES,
        .trades = self->trades,
        .trades_count = TRADES,
        .findings = &self->finding,
        .findings_count = 1,
        .reasons = {{"risk", "kill_level", 3}},
        .reasons_count = 1,
        .provenance = {"v1", "data", "config", 1, true},
        .is_partial = true};
    self->candles = (lab_candles){
        .timeframe_ns = MINUTE_NS, .count = BARS, .open_ts_ns = self->ts, .close_e8 = self->close};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(self);
    return 0;
}

static lab_report make_report(void)
{
    return (lab_report){.id = 7,
        .name = "a <b> & 'c'",
        .reproduction = "cerberus backtest rerun 7",
        .quote_asset = "USDT",
        .result = &self->result,
        .names = &names,
        .candles = &self->candles};
}

/* The page as text [owned by the caller]. */
static char *render(const lab_report *report)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_true(lab_report_html(report, out));
    (void)fclose(out);
    return text;
}

static bool is_void(const char *name, size_t size)
{
    return (size == 4 && memcmp(name, "meta", 4) == 0) ||
           (size == 8 && memcmp(name, "!doctype", 8) == 0);
}

/* Every element that is opened is closed, in order. */
static void assert_balanced(const char *html)
{
    const char *open[64];
    size_t sizes[64];
    size_t depth = 0;
    for (const char *at = strchr(html, '<'); at != NULL; at = strchr(at + 1, '<')) {
        const bool is_end = at[1] == '/';
        const char *name = at + (is_end ? 2 : 1);
        const size_t size = strcspn(name, " >/\n");
        const char *close = strchr(at, '>');
        assert_non_null(close);
        if (is_end) {
            assert_true(depth > 0);
            depth--;
            if (sizes[depth] != size || memcmp(open[depth], name, size) != 0) {
                fail_msg("</%.*s> ends <%.*s>", (int)size, name, (int)sizes[depth], open[depth]);
            }
        } else if (close[-1] != '/' && !is_void(name, size)) {
            assert_true(depth < 64);
            open[depth] = name;
            sizes[depth++] = size;
        }
    }
    assert_int_equal(depth, 0);
}

static void page_is_whole_and_closed_off(void **state)
{
    (void)state;
    const lab_report report = make_report();
    char *html = render(&report);
    assert_balanced(html);
    assert_null(strstr(html, "http://"));
    assert_null(strstr(html, "https://"));
    assert_null(strstr(html, "<script"));
    assert_non_null(strstr(html, "a &lt;b&gt; &amp; &#39;c&#39;"));
    assert_non_null(strstr(html, "BTC&lt;USDT&gt;"));
    assert_non_null(strstr(html, "<b>Forced.</b>"));
    assert_non_null(strstr(html, "<b>Partial.</b>"));
    assert_non_null(strstr(html, "cerberus backtest rerun 7"));
    assert_non_null(strstr(html, "take_profit"));
    assert_null(strstr(html, "nan"));
    assert_null(strstr(html, "inf"));
    free(html);
}

static void search_and_proof_are_shown(void **state)
{
    static double values[200][2];
    static double results[200][2];
    static double steps[50];
    static double fan_rows[5][50];
    static const char *const parameters[] = {"fast", "slow"};
    static const char *const objectives[] = {"sharpe", "max_drawdown"};
    static const bool minimised[] = {false, true};
    (void)state;
    for (size_t i = 0; i < 200; i++) {
        values[i][0] = (double)(i % 20);
        const size_t row = i / 20;
        values[i][1] = (double)row * 10;
        results[i][0] = i == 3 ? (double)NAN : sin((double)i);
        results[i][1] = cos((double)i);
    }
    for (size_t i = 0; i < 50; i++) {
        steps[i] = (double)i;
        for (size_t k = 0; k < 5; k++) {
            fan_rows[k][i] = 100 + (double)i * ((double)k - 1);
        }
    }
    const lab_report_trials trials = {
        parameters, 2, objectives, minimised, 2, 200, &values[0][0], &results[0][0]};
    const lab_report_fan fan = {"order of trades",
        1000,
        50,
        steps,
        {fan_rows[0], fan_rows[1], fan_rows[2], fan_rows[3], fan_rows[4]}};
    const lab_report_window window = {START_NS,
        START_NS + 1000 * MINUTE_NS,
        START_NS + 1000 * MINUTE_NS,
        START_NS + 2000 * MINUTE_NS,
        1.5,
        -0.25,
        "fast=3"};
    const lab_report_proof proof = {"PBO", "0.7", "likely overfitted", true};
    lab_report report = make_report();
    report.trials = &trials;
    report.fan = &fan;
    report.windows = &window;
    report.windows_count = 1;
    report.windows_metric = "sharpe";
    report.proofs = &proof;
    report.proofs_count = 1;
    char *html = render(&report);
    assert_balanced(html);
    assert_non_null(strstr(html, "Pareto front"));
    assert_non_null(strstr(html, "likely overfitted"));
    assert_non_null(strstr(html, "order of trades, 1000 paths"));
    assert_null(strstr(html, "nan"));
    free(html);
}

static void nothing_traded_is_a_page_too(void **state)
{
    (void)state;
    const lab_result nothing = {0};
    lab_report report = make_report();
    report.result = &nothing;
    report.candles = NULL;
    char *html = render(&report);
    assert_balanced(html);
    assert_non_null(strstr(html, "There were none."));
    free(html);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    const lab_report report = make_report();
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    assert_false(lab_report_html(&report, full));
    (void)fclose(full);
}

static void numbers_are_short(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {{0, "0"},
        {-0.0000000000001, "0"},
        {1234.5, "1234"},
        {12345, "12.35k"},
        {-2500000, "-2.5M"},
        {0.00042, "0.00042"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[32];
        lab_plot_number(rows[i].value, text, sizeof text);
        assert_string_equal(text, rows[i].text);
    }
}

static void terminal_chart_has_its_size(void **state)
{
    char *text = NULL;
    size_t size = 0;
    (void)state;
    const lab_report report = make_report();
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    lab_report_text(&report, out, 80, true);
    (void)fclose(out);
    size_t lines = 0;
    for (const char *at = text; *at != '\0'; at = strchr(at, '\n') + 1) {
        assert_int_equal(strcspn(at, "\n"), 79);
        lines++;
    }
    assert_int_equal(lines, 10);
    assert_non_null(strchr(text, '*'));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_is_whole_and_closed_off),
        cmocka_unit_test(search_and_proof_are_shown),
        cmocka_unit_test(nothing_traded_is_a_page_too),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(numbers_are_short),
        cmocka_unit_test(terminal_chart_has_its_size),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
