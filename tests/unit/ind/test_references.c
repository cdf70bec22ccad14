/* Every indicator against a slow direct reference, with its defaults and at other parameters; every
 * row of the registry must have one. */
#include "reference_momentum.h"
#include "reference_rest.h"
#include "reference_trend.h"

typedef struct reference {
    const char *name;
    void (*fill)(void);
    int64_t params[CB_PARAMS_PER_ENTRY_MAX]; /* all 0: the defaults */
    double tolerance;                        /* relative, of values above 1 */
} reference;

static const reference references[] = {
    {"wma", ref_wma, {0}, 1e-10},
    {"wma", ref_wma, {1}, 1e-10},
    {"wma", ref_wma, {77}, 1e-10},
    {"hma", ref_hma, {0}, 1e-10},
    {"hma", ref_hma, {2}, 1e-10},
    {"hma", ref_hma, {50}, 1e-10},
    {"dema", ref_dema, {0}, 1e-10},
    {"dema", ref_dema, {1}, 1e-10},
    {"dema", ref_dema, {5}, 1e-10},
    {"tema", ref_tema, {0}, 1e-10},
    {"tema", ref_tema, {7}, 1e-10},
    {"t3", ref_t3, {0}, 1e-10},
    {"t3", ref_t3, {3, 100000000}, 1e-10},
    {"kama", ref_kama, {0}, 1e-10},
    {"kama", ref_kama, {1, 2, 30}, 1e-10},
    {"kama", ref_kama, {40, 5, 60}, 1e-10},
    {"vwma", ref_vwma, {0}, 1e-10},
    {"vwma", ref_vwma, {1}, 1e-10},
    {"vwma", ref_vwma, {99}, 1e-10},
    {"zlema", ref_zlema, {0}, 1e-10},
    {"zlema", ref_zlema, {3}, 1e-10},
    {"zlema", ref_zlema, {40}, 1e-10},
    {"trima", ref_trima, {0}, 1e-10},
    {"trima", ref_trima, {1}, 1e-10},
    {"trima", ref_trima, {2}, 1e-10},
    {"trima", ref_trima, {7}, 1e-10},
    {"trima", ref_trima, {50}, 1e-10},
    {"smma", ref_smma, {0}, 1e-10},
    {"smma", ref_smma, {5}, 1e-10},
    {"vidya", ref_vidya, {0}, 1e-10},
    {"vidya", ref_vidya, {10, 20}, 1e-10},
    {"mcginley", ref_mcginley, {0}, 1e-10},
    {"mcginley", ref_mcginley, {1}, 1e-10},
    {"mcginley", ref_mcginley, {40}, 1e-10},
    {"adx", ref_adx, {0}, 1e-10},
    {"adx", ref_adx, {1}, 1e-10},
    {"adx", ref_adx, {5}, 1e-10},
    {"aroon", ref_aroon, {0}, 1e-10},
    {"aroon", ref_aroon, {1}, 1e-10},
    {"aroon", ref_aroon, {10}, 1e-10},
    {"psar", ref_psar, {0}, 1e-10},
    {"psar", ref_psar, {5000000, 50000000}, 1e-10},
    {"supertrend", ref_supertrend, {0}, 1e-10},
    {"supertrend", ref_supertrend, {1, 100000000}, 1e-10},
    {"supertrend", ref_supertrend, {30, 150000000}, 1e-10},
    {"ichimoku", ref_ichimoku, {0}, 1e-10},
    {"ichimoku", ref_ichimoku, {3, 5, 9, 2}, 1e-10},
    {"ichimoku", ref_ichimoku, {20, 10, 5, 30}, 1e-10},
    {"trix", ref_trix, {0}, 1e-10},
    {"trix", ref_trix, {4, 1}, 1e-10},
    {"linreg", ref_linreg, {0}, 1e-08},
    {"linreg", ref_linreg, {2}, 1e-08},
    {"linreg", ref_linreg, {100}, 1e-08},
    {"vortex", ref_vortex, {0}, 1e-10},
    {"vortex", ref_vortex, {1}, 1e-10},
    {"vortex", ref_vortex, {50}, 1e-10},
    {"dpo", ref_dpo, {0}, 1e-10},
    {"dpo", ref_dpo, {3}, 1e-10},
    {"dpo", ref_dpo, {21}, 1e-10},
    {"mass", ref_mass, {0}, 1e-10},
    {"mass", ref_mass, {5, 3}, 1e-10},
    {"alligator", ref_alligator, {0}, 1e-10},
    {"chandelier", ref_chandelier, {0}, 1e-10},
    {"chandelier", ref_chandelier, {5, 100000000}, 1e-10},
    {"qstick", ref_qstick, {0}, 1e-10},
    {"qstick", ref_qstick, {1}, 1e-10},
    {"heikin_ashi", ref_heikin_ashi, {0}, 1e-10},
    {"vhf", ref_vhf, {0}, 1e-10},
    {"vhf", ref_vhf, {1}, 1e-10},
    {"vhf", ref_vhf, {10}, 1e-10},
    {"stochastic", ref_stochastic, {0}, 1e-10},
    {"stochastic", ref_stochastic, {5, 1, 1}, 1e-10},
    {"stochastic", ref_stochastic, {30, 5, 9}, 1e-10},
    {"cci", ref_cci, {0}, 1e-10},
    {"cci", ref_cci, {2}, 1e-10},
    {"cci", ref_cci, {100}, 1e-10},
    {"roc", ref_roc, {0}, 1e-10},
    {"roc", ref_roc, {1}, 1e-10},
    {"momentum", ref_momentum, {0}, 1e-10},
    {"momentum", ref_momentum, {1}, 1e-10},
    {"williams_r", ref_williams_r, {0}, 1e-10},
    {"williams_r", ref_williams_r, {1}, 1e-10},
    {"williams_r", ref_williams_r, {50}, 1e-10},
    {"mfi", ref_mfi, {0}, 1e-10},
    {"mfi", ref_mfi, {1}, 1e-10},
    {"mfi", ref_mfi, {50}, 1e-10},
    {"tsi", ref_tsi, {0}, 1e-10},
    {"tsi", ref_tsi, {5, 3, 1}, 1e-10},
    {"ultimate", ref_ultimate, {0}, 1e-10},
    {"ultimate", ref_ultimate, {2, 3, 5}, 1e-10},
    {"ultimate", ref_ultimate, {30, 20, 10}, 1e-10},
    {"awesome", ref_awesome, {0}, 1e-10},
    {"awesome", ref_awesome, {2, 10}, 1e-10},
    {"cmo", ref_cmo, {0}, 1e-10},
    {"cmo", ref_cmo, {1}, 1e-10},
    {"cmo", ref_cmo, {30}, 1e-10},
    {"ppo", ref_ppo, {0}, 1e-10},
    {"ppo", ref_ppo, {3, 10, 1}, 1e-10},
    {"pvo", ref_pvo, {0}, 1e-10},
    {"pvo", ref_pvo, {3, 10, 2}, 1e-10},
    {"vigor", ref_vigor, {0}, 1e-10},
    {"vigor", ref_vigor, {1}, 1e-10},
    {"vigor", ref_vigor, {20}, 1e-10},
    {"bop", ref_bop, {0}, 1e-10},
    {"bop", ref_bop, {1}, 1e-10},
    {"kst", ref_kst, {0}, 1e-10},
    {"coppock", ref_coppock, {0}, 1e-10},
    {"coppock", ref_coppock, {5, 9, 3}, 1e-10},
    {"fisher", ref_fisher, {0}, 1e-09},
    {"fisher", ref_fisher, {2}, 1e-09},
    {"fisher", ref_fisher, {50}, 1e-09},
    {"connors_rsi", ref_connors_rsi, {0}, 1e-10},
    {"connors_rsi", ref_connors_rsi, {5, 4, 20}, 1e-10},
    {"stc", ref_stc, {0}, 1e-10},
    {"stc", ref_stc, {5, 12, 4}, 1e-10},
    {"elder_ray", ref_elder_ray, {0}, 1e-10},
    {"smi", ref_smi, {0}, 1e-10},
    {"smi", ref_smi, {5, 3, 3}, 1e-10},
    {"stddev", ref_stddev, {0}, 1e-09},
    {"stddev", ref_stddev, {2}, 1e-09},
    {"stddev", ref_stddev, {100}, 1e-09},
    {"keltner", ref_keltner, {0}, 1e-10},
    {"keltner", ref_keltner, {5, 20, 100000000}, 1e-10},
    {"true_range", ref_true_range, {0}, 1e-10},
    {"natr", ref_natr, {0}, 1e-10},
    {"natr", ref_natr, {1}, 1e-10},
    {"chaikin_volatility", ref_chaikin_volatility, {0}, 1e-10},
    {"chaikin_volatility", ref_chaikin_volatility, {5, 3}, 1e-10},
    {"choppiness", ref_choppiness, {0}, 1e-10},
    {"choppiness", ref_choppiness, {2}, 1e-10},
    {"choppiness", ref_choppiness, {50}, 1e-10},
    {"ulcer", ref_ulcer, {0}, 1e-07},
    {"ulcer", ref_ulcer, {1}, 1e-07},
    {"ulcer", ref_ulcer, {40}, 1e-07},
    {"volatility", ref_volatility, {0}, 1e-10},
    {"volatility", ref_volatility, {2, 1}, 1e-10},
    {"volatility", ref_volatility, {100, 365}, 1e-10},
    {"parkinson", ref_parkinson, {0}, 1e-10},
    {"parkinson", ref_parkinson, {1}, 1e-10},
    {"garman_klass", ref_garman_klass, {0}, 1e-07},
    {"garman_klass", ref_garman_klass, {1}, 1e-07},
    {"rogers_satchell", ref_rogers_satchell, {0}, 1e-07},
    {"rogers_satchell", ref_rogers_satchell, {1}, 1e-07},
    {"rvi", ref_rvi, {0}, 1e-08},
    {"rvi", ref_rvi, {5, 2}, 1e-08},
    {"obv", ref_obv, {0}, 1e-10},
    {"ad", ref_ad, {0}, 1e-10},
    {"adosc", ref_adosc, {0}, 1e-10},
    {"adosc", ref_adosc, {10, 3}, 1e-10},
    {"cmf", ref_cmf, {0}, 1e-10},
    {"cmf", ref_cmf, {1}, 1e-10},
    {"cmf", ref_cmf, {50}, 1e-10},
    {"force_index", ref_force_index, {0}, 1e-10},
    {"force_index", ref_force_index, {1}, 1e-10},
    {"vpt", ref_vpt, {0}, 1e-10},
    {"emv", ref_emv, {0}, 1e-10},
    {"emv", ref_emv, {1, 100}, 1e-10},
    {"nvi", ref_nvi, {0}, 1e-10},
    {"pvi", ref_pvi, {0}, 1e-10},
    {"volume_profile", ref_volume_profile, {0}, 1e-10},
    {"volume_profile", ref_volume_profile, {1}, 1e-10},
    {"volume_profile", ref_volume_profile, {30}, 1e-10},
    {"kvo", ref_kvo, {0}, 1e-10},
    {"kvo", ref_kvo, {3, 10, 1}, 1e-10},
    {"relative_volume", ref_relative_volume, {0}, 1e-10},
    {"relative_volume", ref_relative_volume, {1}, 1e-10},
    {"wad", ref_wad, {0}, 1e-10},
    {"zscore", ref_zscore, {0}, 1e-08},
    {"zscore", ref_zscore, {2}, 1e-08},
    {"zscore", ref_zscore, {100}, 1e-08},
    {"correlation", ref_correlation, {0}, 1e-08},
    {"correlation", ref_correlation, {2}, 1e-08},
    {"correlation", ref_correlation, {10}, 1e-08},
    {"autocorrelation", ref_autocorrelation, {0}, 1e-08},
    {"autocorrelation", ref_autocorrelation, {10, 3}, 1e-08},
    {"skew", ref_skew, {0}, 1e-07},
    {"skew", ref_skew, {3}, 1e-07},
    {"skew", ref_skew, {100}, 1e-07},
    {"kurtosis", ref_kurtosis, {0}, 1e-07},
    {"kurtosis", ref_kurtosis, {4}, 1e-07},
    {"kurtosis", ref_kurtosis, {100}, 1e-07},
    {"median", ref_median, {0}, 1e-10},
    {"median", ref_median, {1}, 1e-10},
    {"median", ref_median, {2}, 1e-10},
    {"median", ref_median, {51}, 1e-10},
    {"quantile", ref_quantile, {0}, 1e-10},
    {"quantile", ref_quantile, {10, 0}, 1e-10},
    {"quantile", ref_quantile, {33, 25000000}, 1e-10},
    {"mean_deviation", ref_mean_deviation, {0}, 1e-10},
    {"mean_deviation", ref_mean_deviation, {1}, 1e-10},
    {"mean_deviation", ref_mean_deviation, {77}, 1e-10},
    {"minmax", ref_minmax, {0}, 1e-10},
    {"minmax", ref_minmax, {1}, 1e-10},
    {"percent_rank", ref_percent_rank, {0}, 1e-10},
    {"percent_rank", ref_percent_rank, {1}, 1e-10},
    {"percent_rank", ref_percent_rank, {20}, 1e-10},
    {"hurst", ref_hurst, {0}, 1e-09},
    {"hurst", ref_hurst, {30, 2}, 1e-09},
    {"efficiency", ref_efficiency, {0}, 1e-10},
    {"efficiency", ref_efficiency, {1}, 1e-10},
    {"efficiency", ref_efficiency, {50}, 1e-10},
    {"doji", ref_doji, {0}, 1e-10},
    {"doji", ref_doji, {0}, 1e-10},
    {"marubozu", ref_marubozu, {0}, 1e-10},
    {"marubozu", ref_marubozu, {50000000}, 1e-10},
    {"hammer", ref_hammer, {0}, 1e-10},
    {"hammer", ref_hammer, {1}, 1e-10},
    {"engulfing", ref_engulfing, {0}, 1e-10},
    {"harami", ref_harami, {0}, 1e-10},
    {"piercing", ref_piercing, {0}, 1e-10},
    {"star", ref_star, {0}, 1e-10},
    {"three_soldiers", ref_three_soldiers, {0}, 1e-10},
    {"inside_bar", ref_inside_bar, {0}, 1e-10},
    {"tweezer", ref_tweezer, {0}, 1e-10},
    {"tweezer", ref_tweezer, {50000000}, 1e-10},
    {"pivot", ref_pivot, {0}, 1e-10},
    {"pivot", ref_pivot, {1}, 1e-10},
    {"pivot", ref_pivot, {3}, 1e-10},
    {"pivot_fibonacci", ref_pivot_fibonacci, {0}, 1e-10},
    {"pivot_fibonacci", ref_pivot_fibonacci, {2}, 1e-10},
    {"pivot_camarilla", ref_pivot_camarilla, {0}, 1e-10},
    {"pivot_camarilla", ref_pivot_camarilla, {1}, 1e-10},
    {"fractal", ref_fractal, {0}, 1e-10},
    {"fractal", ref_fractal, {1}, 1e-10},
    {"fractal", ref_fractal, {7}, 1e-10},
};
#define REFERENCES_COUNT (sizeof references / sizeof references[0])

/* Their slow definitions stand in test_definitions.c. */
static const char *const elsewhere[] = {"atr",
    "bollinger",
    "donchian",
    "ema",
    "macd",
    "rsi",
    "sma",
    "stochrsi",
    "vwap",
    "vwap_session"};

static bool has_own_params(const reference *r)
{
    for (uint32_t i = 0; i < CB_PARAMS_PER_ENTRY_MAX; i++) {
        if (r->params[i] != 0) {
            return true;
        }
    }
    return strcmp(r->name, "doji") == 0; /* a parameter of 0 is meant there */
}

static void compare_bar(const runner *r, const reference *c, size_t i, const double *out)
{
    for (uint32_t o = 0; o < r->ops->outputs_count; o++) {
        const double wanted = outs[o][i];
        const double scale = fabs(wanted) > 1 ? fabs(wanted) : 1;
        if (isnan(wanted) || !(fabs(out[o] - wanted) <= c->tolerance * scale)) {
            fail_msg("%s(%lld, …).%s at bar %zu: %.15g instead of %.15g",
                c->name,
                (long long)r->params[0],
                r->ops->outputs[o],
                i,
                out[o],
                wanted);
        }
    }
}

static void compare(const reference *c)
{
    runner r = start(c->name, has_own_params(c) ? c->params : NULL);
    const uint32_t warmup = r.ops->warmup_bars(r.params);
    param = r.params;
    for (uint32_t o = 0; o < CB_INDICATOR_OUTPUTS_MAX; o++) {
        for (size_t i = 0; i < BARS; i++) {
            outs[o][i] = NONE;
        }
    }
    c->fill();
    for (size_t i = 0; i < BARS; i++) {
        double out[CB_INDICATOR_OUTPUTS_MAX] = {-7, -7, -7, -7, -7, -7, -7, -7};
        const bool is_warm = r.ops->update(r.state, &bars[i], out);
        if (is_warm != (i + 1 >= warmup)) {
            fail_msg("%s is warm at bar %zu, not at %u", c->name, i + 1, warmup);
        }
        if (is_warm) {
            compare_bar(&r, c, i, out);
            continue;
        }
        for (uint32_t o = 0; o < CB_INDICATOR_OUTPUTS_MAX; o++) {
            assert_near(out[o], -7, 0); /* nothing is written before */
        }
    }
    stop(&r);
}

static void all_equal_their_references(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 67);
    for (size_t i = 0; i < REFERENCES_COUNT; i++) {
        random_bars(&prng, bars, BARS);
        compare(&references[i]);
    }
}

static void every_indicator_has_a_reference(void **unused)
{
    (void)unused;
    assert_true(cb_indicators_count() >= 70);
    for (uint32_t i = 0; i < cb_indicators_count(); i++) {
        const char *name = cb_indicator_at(i)->name;
        bool is_found = false;
        for (size_t k = 0; k < REFERENCES_COUNT; k++) {
            is_found = is_found || strcmp(references[k].name, name) == 0;
        }
        for (size_t k = 0; k < sizeof elsewhere / sizeof elsewhere[0]; k++) {
            is_found = is_found || strcmp(elsewhere[k], name) == 0;
        }
        if (!is_found) {
            fail_msg("%s is not compared with anything", name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_equal_their_references),
        cmocka_unit_test(every_indicator_has_a_reference),
    };
    return cmocka_run_group_tests_name("ind_references", tests, NULL, NULL);
}
