/* Models: without any the venue is the simulator's own; each changes what it is about, in the
 * direction it should, and none of them breaks conflation. What a changed model does to a run is
 * attributed by the parity report. */
#include "domain/param.h"
#include "services/lab/core/models/model.h"
#include "tests/unit/lab/chain_fixture.h"

#define BARS 3000

typedef struct played {
    lab_totals totals;
    int64_t slipped_e8;
} played;

static void take_fill(void *context, uint32_t account, const lab_fill *fill)
{
    played *to = context;
    assert_int_equal(account, 0);
    const int64_t off_e8 = fill->price_e8 - fill->reference_e8;
    to->slipped_e8 += fill->side == CB_SIDE_BUY ? off_e8 : -off_e8;
}

static lab_totals run(
    const lab_setup_setting *settings, size_t count, bool is_conflated, played *to)
{
    static const fixture_wild wild = {.has_totals = true};
    fixture_series series;
    const lab_chain_config wish = {.is_conflated = is_conflated,
        .sink = {.context = to, .fill = to == NULL ? NULL : take_fill}};
    fixture_series_make(&series, "BTCUSDT", BARS, 5, 40000 * CB_E8, &wild);
    fixture *self = fixture_open(&series, 1, settings, count, &wish);
    const lab_totals totals = fixture_run(self);
    fixture_close(self);
    fixture_series_free(&series);
    return totals;
}

/* Both ways, which must agree. */
static played play(const char *order_type, const lab_setup_setting *models, size_t count)
{
    lab_setup_setting settings[10] = {
        {"signals", "strategies", "trend@1m:1,meanrev@1m:1"},
        {"signals", "decision.threshold", "0.1"},
        {"signals", "entry.order_type", order_type},
    };
    played out = {0};
    memcpy(&settings[3], models, count * sizeof(*models));
    out.totals = run(settings, count + 3, false, &out);
    const lab_totals conflated = run(settings, count + 3, true, NULL);
    assert_true(conflated.output_hash == out.totals.output_hash);
    assert_int_equal(conflated.end_equity_e8, out.totals.end_equity_e8);
    assert_true(out.totals.fills > 0);
    return out;
}

static played play_plain(const char *order_type)
{
    const lab_setup_setting none = {"models", "seed", "7"};
    return play(order_type, &none, 1);
}

static void parameters_are_sound(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < LAB_MODELS_COUNT; i++) {
        const lab_model_ops *model = lab_model_at(i);
        assert_int_equal(lab_model_find(model->name), i);
        assert_true(model->params_count <= CB_PARAMS_PER_ENTRY_MAX);
        assert_true(model->shape != NULL || model->fees != NULL || model->latency != NULL ||
                    model->ahead != NULL || model->funding != NULL || model->rules != NULL);
        for (uint32_t k = 0; k < model->params_count; k++) {
            const cb_param *param = &model->params[k];
            assert_in_range(param->default_value - param->min, 0, param->max - param->min);
        }
    }
}

static void models_that_say_the_same_change_nothing(void **state)
{
    (void)state;
    const played plain = play_plain("market");
    const lab_setup_setting same[] = {{"models", "use", "latency,slippage,queue,spread"},
        {"models", "latency.mean", "0ms"},
        {"models", "slippage.ratio", "0"},
        {"models", "queue.share", "1"},
        {"models", "spread.ratio", "0"},
        {"models", "spread.range_share", "0"}};
    const played equal = play("market", same, 6);
    assert_true(equal.totals.output_hash == plain.totals.output_hash);
}

static void fees_fall_with_turnover(void **state)
{
    (void)state;
    const played plain = play_plain("market");
    const lab_setup_setting tiers[] = {
        {"models", "use", "fee_tiers"}, {"models", "fee_tiers.rows", "1/0.0005/0.0005"}};
    const played cheaper = play("market", tiers, 2);
    assert_true(cheaper.totals.fees_e8 * 10 < plain.totals.fees_e8 * 9);
    assert_true(cheaper.totals.fees_e8 > 0);
}

static void takers_pay_slippage_and_spread(void **state)
{
    (void)state;
    const played plain = play_plain("market");
    const lab_setup_setting slippage[] = {
        {"models", "use", "slippage"}, {"models", "slippage.ratio", "0.001"}};
    const lab_setup_setting spread[] = {
        {"models", "use", "spread"}, {"models", "spread.ratio", "0.001"}};
    const played slipped = play("market", slippage, 2);
    const played wider = play("market", spread, 2);
    assert_true(slipped.totals.output_hash != plain.totals.output_hash);
    assert_true(wider.totals.output_hash != plain.totals.output_hash);
    assert_true(slipped.totals.end_equity_e8 < plain.totals.end_equity_e8);
}

static void impact_thins_the_book(void **state)
{
    (void)state;
    const played plain = play_plain("market");
    const lab_setup_setting impact[] = {{"models", "use", "impact"},
        {"models", "impact.strength", "100"},
        {"venue", "book.depth", "4000"}};
    const lab_setup_setting thin[] = {{"models", "use", "queue"},
        {"models", "queue.share", "1"},
        {"venue", "book.depth", "4000"}};
    const played moved = play("market", impact, 3);
    const played still = play("market", thin, 3);
    assert_true(moved.totals.output_hash != still.totals.output_hash);
    assert_true(still.totals.output_hash != plain.totals.output_hash);
}

static void orders_come_later(void **state)
{
    (void)state;
    const played plain = play_plain("market");
    const lab_setup_setting constant[] = {
        {"models", "use", "latency"}, {"models", "latency.mean", "2s"}};
    const lab_setup_setting drawn[] = {{"models", "use", "latency"},
        {"models", "latency.rows", "0.02,0.5,3"},
        {"models", "seed", "9"}};
    const played late = play("market", constant, 2);
    const played scattered = play("market", drawn, 3);
    assert_true(late.totals.output_hash != plain.totals.output_hash);
    assert_true(scattered.totals.output_hash != late.totals.output_hash);
}

static void the_first_in_the_queue_is_served_sooner(void **state)
{
    (void)state;
    const lab_setup_setting last[] = {{"models", "use", "queue"},
        {"models", "queue.share", "1"},
        {"signals", "entry.limit_offset", "0"},
        {"venue", "book.depth", "5000000"},
        {"signals", "entry.tif", "gtc"}};
    const lab_setup_setting first[] = {
        {"models", "use", "queue"}, {"models", "queue.share", "0"}, last[2], last[3], last[4]};
    const played behind = play("limit", last, 5);
    const played before = play("limit", first, 5);
    assert_true(before.totals.output_hash != behind.totals.output_hash);
}

static void funding_is_paid_and_received(void **state)
{
    (void)state;
    const lab_setup_setting paid[] = {{"models", "use", "funding"},
        {"models", "funding.rate", "0.001"},
        {"models", "funding.period", "1h"}};
    const lab_setup_setting received[] = {{"models", "use", "funding"},
        {"models", "funding.rows", "2024-01-01T00:00:00Z=-0.001"},
        {"models", "funding.period", "1h"}};
    assert_true(play("market", paid, 3).totals.funding_e8 > 0);
    assert_true(play("market", received, 3).totals.funding_e8 < 0);
}

static void rules_of_the_date_refuse_small_orders(void **state)
{
    (void)state;
    const played plain = play_plain("market");
    const lab_setup_setting rules[] = {{"models", "use", "rules"},
        {"models", "rules.rows", "2024-01-01T00:00:00Z=0/5,2024-01-02T00:00:00Z=0.001/100000000"}};
    const played strict = play("market", rules, 2);
    assert_true(strict.totals.fills < plain.totals.fills);
}

static void wrong_settings_are_refused(void **state)
{
    (void)state;
    static const lab_setup_setting wrong[] = {{"models", "use", "magic"},
        {"models", "latency.rows", "soon"},
        {"models", "fee_tiers.rows", "1/2/3/4"},
        {"models", "funding.rows", "2024-01-02=1,2024-01-01=1"},
        {"models", "latency.colour", "1"}};
    static const char symbols[1][LAB_SYMBOL_SIZE] = {"BTCUSDT"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const lab_setup_request request = {
            .symbols = symbols, .symbols_count = 1, .settings = &wrong[i], .settings_count = 1};
        lab_setup *setup = calloc(1, sizeof(*setup));
        cb_err err = {0};
        assert_non_null(setup);
        assert_int_not_equal(lab_setup_load(setup, &request, &err), CB_OK);
        assert_non_null(strstr(err.text, "models"));
        free(setup);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parameters_are_sound),
        cmocka_unit_test(models_that_say_the_same_change_nothing),
        cmocka_unit_test(fees_fall_with_turnover),
        cmocka_unit_test(takers_pay_slippage_and_spread),
        cmocka_unit_test(impact_thins_the_book),
        cmocka_unit_test(orders_come_later),
        cmocka_unit_test(the_first_in_the_queue_is_served_sooner),
        cmocka_unit_test(funding_is_paid_and_received),
        cmocka_unit_test(rules_of_the_date_refuse_small_orders),
        cmocka_unit_test(wrong_settings_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
