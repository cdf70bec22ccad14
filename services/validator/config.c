/* The validator's configuration: its own keys, and expect.<name>.<parameter> for every parameter in
 * the registry of expectations. */
#include "base/timefmt.h"
#include "services/validator/validator_shell.h"

_Static_assert(VALIDATOR_TEXT_MAX == CB_CONFIG_TEXT_MAX, "the core's texts hold what config reads");

#define AT(member) offsetof(validator_config, member)

static const cb_config_field own_fields[] = {
    {"venue", CB_CONFIG_TEXT, AT(venue), "binance", 0, 0, NULL, "venue whose messages are judged"},
    {"symbols",
        CB_CONFIG_TEXT,
        AT(symbols),
        "BTCUSDT,ETHUSDT",
        0,
        0,
        NULL,
        "symbols that are known, separated by commas"},
    {"stale.after",
        CB_CONFIG_DURATION,
        AT(stale_after_ns),
        "30s",
        CB_NS_PER_S,
        3600 * CB_NS_PER_S,
        NULL,
        "silence after which a symbol is stale"},
    {"score.warning_weight",
        CB_CONFIG_DECIMAL,
        AT(warning_weight_e8),
        "0.1",
        0,
        CB_E8,
        NULL,
        "what a warning costs the score, as a share of a failure"},
    {"score.store",
        CB_CONFIG_DURATION,
        AT(score_store_ns),
        "10s",
        CB_NS_PER_S,
        3600 * CB_NS_PER_S,
        NULL,
        "time between stored scores of a symbol (changes of a flag are always stored)"},
    {"instrument.period",
        CB_CONFIG_DURATION,
        AT(instrument_period_ns),
        "5s",
        CB_NS_PER_S,
        3600 * CB_NS_PER_S,
        NULL,
        "how often instruments are said again"},
    {"memory.reset_after",
        CB_CONFIG_I64,
        AT(reset_after_count),
        "10",
        1,
        100000,
        NULL,
        "refusals in a row, by comparison, after which the memory is dropped"},
    {"history.keep",
        CB_CONFIG_I64,
        AT(history_keep_count),
        "3000",
        1,
        VALIDATOR_BARS_MAX,
        NULL,
        "1m candles remembered per symbol"},
    {"history.trades",
        CB_CONFIG_BOOL,
        AT(history_trades),
        "false",
        0,
        0,
        NULL,
        "store every trade in md_trade"},
};
#define OWN_COUNT (sizeof own_fields / sizeof own_fields[0])
_Static_assert(OWN_COUNT <= VALIDATOR_STATIC_FIELDS_MAX, "own fields fit");

void validator_fields_init(validator_fields *fields)
{
    fields->count = 0;
    for (size_t i = 0; i < OWN_COUNT; i++) {
        fields->fields[fields->count++] = own_fields[i];
    }
    const char *name = NULL;
    for (uint32_t e = 0; (name = validator_expectation_name(e)) != NULL; e++) {
        cb_param_group group = {.prefix = "expect",
            .entry = name,
            .offset = AT(params) + e * sizeof(((validator_config *)NULL)->params[0])};
        group.params = validator_expectation_params(e, &group.params_count);
        fields->count +=
            cb_param_fields(&group, &fields->texts[fields->count], &fields->fields[fields->count]);
    }
}
