/* The configuration of the portfolio. */
#include <string.h>

#include "base/timefmt.h"
#include "services/portfolio/portfolio_shell.h"

_Static_assert(
    PORTFOLIO_CONFIG_TEXT_MAX == CB_CONFIG_TEXT_MAX, "the core's texts hold what config reads");

#define AT(member) offsetof(portfolio_config, member)
#define ACCOUNT_TEXT_MAX 16
#define VENUE_TEXT_MAX 12
#define ASSET_TEXT_MAX 12
#define SYMBOL_TEXT_MAX 24
#define SYMBOLS_MAX 32

const cb_config_field portfolio_fields[] = {
    {"account", CB_CONFIG_TEXT, AT(account), "main", 0, 0, NULL, "account whose books are kept"},
    {"venue", CB_CONFIG_TEXT, AT(venue), "binance", 0, 0, NULL, "venue of the account"},
    {"symbols",
        CB_CONFIG_TEXT,
        AT(symbols),
        "BTCUSDT,ETHUSDT",
        0,
        0,
        NULL,
        "symbols that are traded and price their base asset, separated by commas"},
    {"quote_asset",
        CB_CONFIG_TEXT,
        AT(quote_asset),
        "USDT",
        0,
        0,
        NULL,
        "asset in which the account's figures are counted"},
    {"publish.delay",
        CB_CONFIG_DURATION,
        AT(publish_delay_ns),
        "1s",
        10 * CB_NS_PER_MS,
        60 * CB_NS_PER_S,
        NULL,
        "changes within this time are published together"},
    {"rebuild.fills_max",
        CB_CONFIG_I64,
        AT(rebuild_fills_max),
        "100000",
        0,
        100000000,
        NULL,
        "at start the books are rebuilt from their entries and compared, up to this many fills"},
};
const size_t portfolio_fields_count = sizeof(portfolio_fields) / sizeof(portfolio_fields[0]);

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

cb_status portfolio_config_check(const portfolio_config *config, cb_err *err)
{
    cb_status status = check_text("account", config->account, ACCOUNT_TEXT_MAX, err);
    if (status == CB_OK) {
        status = check_text("venue", config->venue, VENUE_TEXT_MAX, err);
    }
    if (status == CB_OK) {
        status = check_text("quote_asset", config->quote_asset, ASSET_TEXT_MAX, err);
    }
    return status == CB_OK ? check_symbols(config->symbols, err) : status;
}
