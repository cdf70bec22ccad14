/* The signals service's configuration: its own keys, and strategy.<name>.<parameter> for every
 * parameter in the registry of strategies. */
#include "base/timefmt.h"
#include "services/signals/signals_shell.h"

_Static_assert(SIGNALS_TEXT_MAX == CB_CONFIG_TEXT_MAX, "the core's texts hold what config reads");

#define AT(member) offsetof(signals_config, member)
#define TEXT(key, member, value, help)                                                             \
    {                                                                                              \
        key, CB_CONFIG_TEXT, AT(member), value, 0, 0, NULL, help                                   \
    }
#define COUNT(key, member, value, min, max, help)                                                  \
    {                                                                                              \
        key, CB_CONFIG_I64, AT(member), value, min, max, NULL, help                                \
    }
#define RATIO(key, member, value, min, max, help)                                                  \
    {                                                                                              \
        key, CB_CONFIG_DECIMAL, AT(member), value, min, max, NULL, help                            \
    }
#define DURATION(key, member, value, min, max, help)                                               \
    {                                                                                              \
        key, CB_CONFIG_DURATION, AT(member), value, min, max, NULL, help                           \
    }
#define HOUR_NS (3600 * CB_NS_PER_S)

static const cb_config_field own_fields[] = {
    TEXT("account", account, "main", "account that intents are made for"),
    TEXT("venue", venue, "binance", "venue whose market is followed"),
    TEXT("symbols", symbols, "BTCUSDT,ETHUSDT", "symbols that are followed, comma separated"),
    TEXT("strategies",
        strategies,
        "trend@1m:1,trend@5m:1.5,meanrev@1m:0.8,meanrev@15m:1.2",
        "strategy@timeframe:weight, comma separated"),
    TEXT("rules.files",
        rules_files,
        "",
        "files of rules for `rules` in strategies, comma separated, one per timeframe"),
    TEXT("desks", desks, "", "desk@timeframe:symbol+symbol:budget, comma separated; empty: none"),
    COUNT("history.candles",
        history_count,
        "3000",
        1,
        SIGNALS_HISTORY_MAX,
        "1m candles asked for at the start, to warm the strategies up"),
    RATIO("validate.collar",
        collar_e8,
        "0.01",
        0,
        CB_E8,
        "largest ratio between a candle's close and the ticker"),
    DURATION("validate.ticker_age",
        ticker_age_max_ns,
        "60s",
        CB_NS_PER_S,
        HOUR_NS,
        "an older ticker is no reference"),
    RATIO("validate.quality_min", quality_min_e8, "0.8", 0, CB_E8, "least data-quality score"),
    RATIO("validate.confidence_min", confidence_min_e8, "0.3", 0, CB_E8, "least confidence"),
    COUNT("validate.warmup_factor",
        warmup_factor,
        "1",
        1,
        20,
        "times the strategies' own warm-up before their opinions count"),
    COUNT("filter.cooldown_bars",
        cooldown_bars,
        "3",
        0,
        1000,
        "bars in which the same opinion of a source is a duplicate"),
    COUNT("filter.hourly_max", hourly_max, "30", 1, 240, "accepted opinions per symbol and hour"),
    COUNT("decision.decay_bars",
        decay_bars,
        "3",
        1,
        1000,
        "bars in which an opinion fades to nothing"),
    RATIO("decision.threshold", threshold_e8, "0.3", 1, CB_E8, "least score of an entry"),
    RATIO("decision.exit_threshold",
        exit_threshold_e8,
        "0.3",
        1,
        CB_E8,
        "least opposite score of an exit"),
    DURATION("entry.cooldown",
        entry_cooldown_ns,
        "2m",
        0,
        24 * HOUR_NS,
        "market time without entry after an exit, a denial or a failed entry"),
    DURATION("exit.retry",
        exit_retry_ns,
        "30s",
        0,
        HOUR_NS,
        "market time before a failed exit is tried again"),
    {"decision.brackets",
        CB_CONFIG_BOOL,
        AT(has_brackets),
        "false",
        0,
        0,
        NULL,
        "entries carry their exits: execution holds stop and target as a bracket"},
    {"flatten.slice",
        CB_CONFIG_DECIMAL,
        AT(flatten_slice_e8),
        "10000",
        CB_E8,
        INT64_C(1000000000) * CB_E8,
        NULL,
        "kill level 3 sells in orders of this size, in quote units"},
    RATIO("flatten.collar",
        flatten_collar_e8,
        "0.01",
        0,
        CB_E8 / 5,
        "how far below the best bid such an order may sell"),
    {"guard.tickers",
        CB_CONFIG_BOOL,
        AT(guard_tickers),
        "true",
        0,
        0,
        NULL,
        "watch stop-loss and take-profit on tickers, not on closes only"},
    {"entry.order_type",
        CB_CONFIG_CHOICE,
        AT(entry_order_type),
        "market",
        0,
        0,
        "market|limit",
        "order type of entries"},
    {"entry.tif",
        CB_CONFIG_CHOICE,
        AT(entry_tif),
        "ioc",
        0,
        0,
        "gtc|ioc|fok",
        "time in force of limit entries"},
    RATIO("entry.limit_offset",
        limit_offset_e8,
        "0.001",
        0,
        CB_E8,
        "ratio above the close that a limit entry pays"),
    DURATION("intent.ttl",
        intent_ttl_ns,
        "10s",
        CB_NS_PER_MS,
        HOUR_NS,
        "how long after its decision an intent may become an order"),
    DURATION("intent.grace",
        intent_grace_ns,
        "60s",
        0,
        24 * HOUR_NS,
        "without any word so long after its end an intent is forgotten"),
};
#define OWN_COUNT (sizeof own_fields / sizeof own_fields[0])
_Static_assert(OWN_COUNT <= SIGNALS_STATIC_FIELDS_MAX, "own fields fit");

void signals_fields_init(signals_fields *fields)
{
    fields->count = 0;
    for (size_t i = 0; i < OWN_COUNT; i++) {
        fields->fields[fields->count++] = own_fields[i];
    }
    const char *name = NULL;
    for (uint32_t s = 0; (name = signals_strategy_name(s)) != NULL; s++) {
        cb_param_group group = {.prefix = "strategy",
            .entry = name,
            .offset = AT(params) + s * sizeof(((signals_config *)NULL)->params[0])};
        group.params = signals_strategy_params(s, &group.params_count);
        fields->count +=
            cb_param_fields(&group, &fields->texts[fields->count], &fields->fields[fields->count]);
    }
    for (uint32_t d = 0; (name = signals_desk_name(d)) != NULL; d++) {
        cb_param_group group = {.prefix = "desk",
            .entry = name,
            .offset = AT(desk_params) + d * sizeof(((signals_config *)NULL)->desk_params[0])};
        group.params = signals_desk_params(d, &group.params_count);
        fields->count +=
            cb_param_fields(&group, &fields->texts[fields->count], &fields->fields[fields->count]);
    }
}
