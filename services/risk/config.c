/* The configuration of risk: its own keys, and rule.<name>.<parameter> for every parameter in the
 * registry of rules. */
#include <string.h>

#include "base/timefmt.h"
#include "domain/permit.h"
#include "services/risk/risk_shell.h"

_Static_assert(
    RISK_CONFIG_TEXT_MAX == CB_CONFIG_TEXT_MAX, "the core's texts hold what config reads");

#define AT(member) offsetof(risk_config, member)
#define ACCOUNT_TEXT_MAX 16
#define VENUE_TEXT_MAX 12
#define ASSET_TEXT_MAX 12
#define SYMBOL_TEXT_MAX 24
#define SYMBOLS_MAX 32

static const cb_config_field own_fields[] = {
    {"account", CB_CONFIG_TEXT, AT(account), "main", 0, 0, NULL, "account whose orders are judged"},
    {"venue", CB_CONFIG_TEXT, AT(venue), "binance", 0, 0, NULL, "venue of the account"},
    {"symbols",
        CB_CONFIG_TEXT,
        AT(symbols),
        "BTCUSDT,ETHUSDT",
        0,
        0,
        NULL,
        "symbols that may be traded, separated by commas"},
    {"quote_asset",
        CB_CONFIG_TEXT,
        AT(quote_asset),
        "USDT",
        0,
        0,
        NULL,
        "asset in which equity and limits are counted"},
    {"permit.key",
        CB_CONFIG_SECRET,
        AT(permit_key),
        NULL,
        0,
        0,
        NULL,
        "file with the key that permits are signed with (16 characters or more)"},
    {"permit.ttl",
        CB_CONFIG_DURATION,
        AT(permit_ttl_ns),
        "3s",
        100 * CB_NS_PER_MS,
        3600 * CB_NS_PER_S,
        NULL,
        "how long a permit may be used"},
    {"hold.reducing_max",
        CB_CONFIG_DURATION,
        AT(hold_reducing_max_ns),
        "1s",
        0,
        60 * CB_NS_PER_S,
        NULL,
        "longest wait of a reducing intent for the candle it was decided on"},
    {"size.slippage",
        CB_CONFIG_DECIMAL,
        AT(slippage_e8),
        "0.005",
        0,
        CB_E8 / 10,
        NULL,
        "added to the price of a market buy when it is reserved, ratio"},
    {"size.fee_buffer",
        CB_CONFIG_DECIMAL,
        AT(fee_buffer_e8),
        "0.002",
        0,
        CB_E8 / 10,
        NULL,
        "kept for fees of a buy, ratio of its notional"},
    {"kill.escalation",
        CB_CONFIG_DECIMAL,
        AT(escalation_e8),
        "1.5",
        CB_E8,
        100 * CB_E8,
        NULL,
        "a loss beyond its limit raises kill level 1; beyond so many times the limit, "
        "level 2"},
    {"unkill.cooldown",
        CB_CONFIG_DURATION,
        AT(unkill_cooldown_ns),
        "60s",
        0,
        CB_NS_PER_DAY,
        NULL,
        "wall time between the request and the approval of a lowering"},
    {"unkill.expiry",
        CB_CONFIG_DURATION,
        AT(unkill_expiry_ns),
        "1h",
        CB_NS_PER_S,
        CB_NS_PER_DAY,
        NULL,
        "wall time after the cool-down in which a lowering may be approved"},
    {"limits",
        CB_CONFIG_TEXT,
        AT(limits),
        "gross_exposure@*=1000000; position_notional@symbol:*=250000; open_orders@strategy:*=20; "
        "daily_loss@strategy:*=10000; loss_streak@strategy:*=20",
        0,
        0,
        NULL,
        "rows that the limit book begins with, kind@scope=value by ';'; docs/howto/limits.md"},
    {"turn.ttl",
        CB_CONFIG_DURATION,
        AT(turn_ttl_ns),
        "60s",
        0,
        CB_NS_PER_DAY,
        NULL,
        "how long room at a full shared limit is kept for the strategy whose turn it is; 0s: "
        "never"},
    {"change.ttl",
        CB_CONFIG_DURATION,
        AT(change_ttl_ns),
        "24h",
        60 * CB_NS_PER_S,
        30 * CB_NS_PER_DAY,
        NULL,
        "how long a raised limit waits for the second person"},
    {"caps.approved",
        CB_CONFIG_TEXT,
        AT(caps_approved),
        "",
        0,
        0,
        NULL,
        "hashes of the caps files that execution may hold orders to, by commas; empty: any signed"},
};
#define OWN_COUNT (sizeof(own_fields) / sizeof(own_fields[0]))
_Static_assert(OWN_COUNT <= RISK_STATIC_FIELDS_MAX, "own fields fit");

void risk_fields_init(risk_fields *fields)
{
    fields->count = 0;
    for (size_t i = 0; i < OWN_COUNT; i++) {
        fields->fields[fields->count++] = own_fields[i];
    }
    for (size_t i = 0; i < RISK_RULES_COUNT; i++) {
        const cb_param_group group = {.prefix = "rule",
            .entry = risk_rules[i]->name,
            .params = risk_rules[i]->params,
            .params_count = risk_rules[i]->params_count,
            .offset = AT(rules) + i * sizeof(((risk_config *)NULL)->rules[0])};
        fields->count +=
            cb_param_fields(&group, &fields->texts[fields->count], &fields->fields[fields->count]);
    }
}

static cb_status check_text(const char *key, const char *text, size_t size_max, cb_err *err)
{
    if (text[0] == '\0' || strlen(text) >= size_max) {
        return CB_FAIL(
            err, CB_E_CONFIG, "%s: '%s' must have 1 to %zu characters", key, text, size_max - 1);
    }
    return CB_OK;
}

static cb_status check_symbols(const char *list, cb_err *err)
{
    char symbol[CB_CONFIG_TEXT_MAX];
    size_t count = 0;
    for (; cb_config_list_item(list, count, symbol, sizeof(symbol)); count++) {
        const cb_status status = check_text("symbols", symbol, SYMBOL_TEXT_MAX, err);
        if (status != CB_OK) {
            return status;
        }
    }
    if (count == 0 || count > SYMBOLS_MAX) {
        return CB_FAIL(
            err, CB_E_CONFIG, "symbols: %zu given, 1 to %d are possible", count, SYMBOLS_MAX);
    }
    return CB_OK;
}

cb_status risk_config_check(const risk_config *config, cb_err *err)
{
    cb_status status = check_text("account", config->account, ACCOUNT_TEXT_MAX, err);
    if (status == CB_OK) {
        status = check_text("venue", config->venue, VENUE_TEXT_MAX, err);
    }
    if (status == CB_OK) {
        status = check_text("quote_asset", config->quote_asset, ASSET_TEXT_MAX, err);
    }
    if (status == CB_OK) {
        status = check_symbols(config->symbols, err);
    }
    if (status == CB_OK && strlen(config->permit_key) < CB_PERMIT_KEY_SIZE_MIN) {
        status = CB_FAIL(err,
            CB_E_CONFIG,
            "permit.key: the key has less than %d characters",
            CB_PERMIT_KEY_SIZE_MIN);
    }
    const char *unread = risk_limits_text_error(config->limits);
    if (status == CB_OK && unread[0] != '\0') {
        status = CB_FAIL(err, CB_E_CONFIG, "limits: %s", unread);
    }
    return status;
}
