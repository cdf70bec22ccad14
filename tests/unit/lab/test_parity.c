/* The parity report: equal runs differ in nothing, and the difference that a changed model makes is
 * put down to what was changed. */
#include <unistd.h>

#include "services/lab/parity/parity.h"
#include "tests/unit/lab/chain_fixture.h"

#define BARS 2000
#define SETTINGS_MAX 10
#define SETTINGS_OWN 3

static void run(const char *path, const lab_setup_setting *models, size_t count, uint64_t skipped)
{
    static const fixture_wild wild = {.has_totals = true};
    lab_setup_setting settings[SETTINGS_MAX] = {
        {"signals", "strategies", "trend@1m:1,meanrev@1m:1"},
        {"signals", "decision.threshold", "0.1"},
        {"risk", "permit.ttl", "3s"},
    };
    fixture_series series;
    lab_dump *dump = lab_dump_open();
    const lab_chain_config wish = {
        .is_conflated = true, .sink = {.context = dump, .record = lab_dump_record}};
    assert_true(count <= SETTINGS_MAX - SETTINGS_OWN);
    memcpy(&settings[SETTINGS_OWN], models, count * sizeof(*models));
    fixture_series_make(&series, "BTCUSDT", BARS, 5, 40000 * CB_E8, &wild);
    if (skipped > 0) {
        series.candles.count -= skipped; /* from the middle on, every column is moved up */
        for (uint32_t c = 0; c < 7; c++) {
            memmove(series.columns[c] + BARS / 2,
                series.columns[c] + BARS / 2 + skipped,
                (BARS / 2 - skipped) * sizeof(int64_t));
        }
    }
    fixture *self = fixture_open(&series, 1, settings, count + SETTINGS_OWN, &wish);
    const lab_totals totals = fixture_run(self);
    assert_true(totals.fills > 0);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(lab_dump_close(dump, file));
    assert_int_equal(fclose(file), 0);
    fixture_close(self);
    fixture_series_free(&series);
}

/* A run with what is changed beside one without. */
static lab_parity_report compare(const lab_setup_setting *basis,
    size_t basis_count,
    const lab_setup_setting *changed,
    size_t changed_count,
    uint64_t skipped)
{
    char live[] = "/tmp/cerberus-parity-a-XXXXXX";
    char lab[] = "/tmp/cerberus-parity-b-XXXXXX";
    lab_parity_report report;
    cb_err err = {0};
    assert_true(close(mkstemp(live)) == 0 && close(mkstemp(lab)) == 0);
    run(live, basis, basis_count, 0);
    run(lab, changed, changed_count, skipped);
    if (lab_parity_compare(live, lab, &report, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    assert_true(unlink(live) == 0 && unlink(lab) == 0);
    return report;
}

static uint64_t differences(const lab_parity_report *report)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < LAB_CAUSE_COUNT; i++) {
        sum += report->causes[i];
    }
    return sum;
}

/* The cause that explains most. */
static lab_cause main_cause(const lab_parity_report *report)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < LAB_CAUSE_COUNT; i++) {
        best = report->causes[i] > report->causes[best] ? i : best;
    }
    return (lab_cause)best;
}

static void equal_runs_differ_in_nothing(void **state)
{
    (void)state;
    const lab_setup_setting none = {"models", "seed", "1"};
    const lab_parity_report report = compare(&none, 1, &none, 1, 0);
    assert_int_equal(differences(&report), 0);
    assert_true(report.equal_count > 0);
    assert_int_equal(report.equal_count, report.live_count);
    assert_int_equal(report.equal_count, report.lab_count);
}

static void fees_are_fees(void **state)
{
    (void)state;
    const lab_setup_setting none = {"models", "seed", "1"};
    const lab_setup_setting tiers[] = {
        {"models", "use", "fee_tiers"}, {"models", "fee_tiers.rows", "1/0.0005/0.0005"}};
    const lab_parity_report report = compare(&none, 1, tiers, 2, 0);
    assert_true(report.causes[LAB_CAUSE_FEES] > 0);
    assert_int_equal(main_cause(&report), LAB_CAUSE_FEES);
    assert_int_equal(report.causes[LAB_CAUSE_SPREAD], 0);
    assert_int_equal(report.causes[LAB_CAUSE_LATENCY], 0);
    assert_true(report.fees_e8 < 0);
}

static void a_wider_market_is_spread(void **state)
{
    (void)state;
    const lab_setup_setting none = {"models", "seed", "1"};
    const lab_setup_setting slippage[] = {
        {"models", "use", "slippage"}, {"models", "slippage.ratio", "0.0002"}};
    const lab_parity_report report = compare(&none, 1, slippage, 2, 0);
    assert_true(report.causes[LAB_CAUSE_SPREAD] > 0);
    assert_int_equal(main_cause(&report), LAB_CAUSE_SPREAD);
}

static void later_orders_are_latency(void **state)
{
    (void)state;
    const lab_setup_setting none = {"models", "seed", "1"};
    const lab_setup_setting latency[] = {
        {"models", "use", "latency"}, {"models", "latency.mean", "200ms"}};
    const lab_parity_report report = compare(&none, 1, latency, 2, 0);
    assert_true(report.causes[LAB_CAUSE_LATENCY] > 0);
    assert_int_equal(main_cause(&report), LAB_CAUSE_LATENCY);
}

static void another_place_is_queue(void **state)
{
    (void)state;
    const lab_setup_setting last[] = {{"models", "use", "queue"},
        {"models", "queue.share", "1"},
        {"signals", "entry.order_type", "limit"},
        {"signals", "entry.limit_offset", "0"},
        {"signals", "entry.tif", "gtc"},
        {"venue", "book.depth", "5000000"}};
    lab_setup_setting first[6];
    memcpy(first, last, sizeof(first));
    first[1].value = "0";
    const lab_parity_report report = compare(last, 6, first, 6, 0);
    assert_true(report.causes[LAB_CAUSE_QUEUE] > 0);
    assert_int_equal(report.causes[LAB_CAUSE_FEES], 0);
    assert_int_equal(report.causes[LAB_CAUSE_MISSING_DATA], 0);
}

static void a_hole_is_missing_data(void **state)
{
    (void)state;
    const lab_setup_setting none = {"models", "seed", "1"};
    const lab_parity_report report = compare(&none, 1, &none, 1, 40);
    assert_true(report.causes[LAB_CAUSE_MISSING_DATA] > 0);
    assert_int_equal(report.causes[LAB_CAUSE_FEES], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(equal_runs_differ_in_nothing),
        cmocka_unit_test(fees_are_fees),
        cmocka_unit_test(a_wider_market_is_spread),
        cmocka_unit_test(later_orders_are_latency),
        cmocka_unit_test(another_place_is_queue),
        cmocka_unit_test(a_hole_is_missing_data)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
