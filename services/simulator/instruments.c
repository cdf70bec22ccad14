/* Instruments that the simulator knows by itself, and those of the configuration. Grids are those
 * of Binance spot in 2024; a replay makes them finer where its data needs it. */
#include <string.h>

#include "base/strview.h"
#include "services/simulator/settings.h"

#define BUILT_IN(symbol, base, quote, tick_e8, step_e8, notional_min, start_price)                 \
    {                                                                                              \
        symbol, base, quote, tick_e8, step_e8, (int64_t)(notional_min)*CB_E8,                      \
            (int64_t)(start_price)*CB_E8                                                           \
    }

typedef struct built_in {
    const char *symbol;
    const char *base;
    const char *quote;
    int64_t tick_e8;
    int64_t step_e8;
    int64_t notional_min_e8;
    int64_t start_price_e8;
} built_in;

static const built_in known[] = {
    BUILT_IN("BTCUSDT", "BTC", "USDT", 1000000, 1000, 5, 60000),
    BUILT_IN("ETHUSDT", "ETH", "USDT", 1000000, 10000, 5, 3000),
    BUILT_IN("BNBUSDT", "BNB", "USDT", 1000000, 100000, 5, 600),
    BUILT_IN("SOLUSDT", "SOL", "USDT", 1000000, 100000, 5, 150),
    BUILT_IN("XRPUSDT", "XRP", "USDT", 10000, 10000000, 5, 1),
    BUILT_IN("ADAUSDT", "ADA", "USDT", 10000, 10000000, 5, 1),
    BUILT_IN("DOGEUSDT", "DOGE", "USDT", 1000, 100000000, 5, 0),
    BUILT_IN("AVAXUSDT", "AVAX", "USDT", 100000, 1000000, 5, 30),
    BUILT_IN("LINKUSDT", "LINK", "USDT", 100000, 1000000, 5, 15),
    BUILT_IN("LTCUSDT", "LTC", "USDT", 1000000, 100000, 5, 80),
    BUILT_IN("TRXUSDT", "TRX", "USDT", 1000, 10000000, 5, 0),
    BUILT_IN("NEARUSDT", "NEAR", "USDT", 100000, 10000000, 5, 5),
};

/* Quote assets by which an unknown symbol is cut in two, longest first. */
static const char *const quotes[] = {
    "FDUSD", "USDT", "USDC", "BUSD", "TUSD", "BTC", "ETH", "BNB", "EUR", "USD"};

static const built_in *find_known(const char *symbol)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].symbol, symbol) == 0) {
            return &known[i];
        }
    }
    return NULL;
}

/* What all instruments share. The largest quantity is as large as exact arithmetic allows. */
static void fill_common(sim_spec *spec)
{
    const int64_t price_limit_e8 = INT64_C(1000000) * CB_E8;
    spec->price_min_e8 = spec->tick_e8;
    spec->price_max_e8 = price_limit_e8 - price_limit_e8 % spec->tick_e8;
    spec->qty_min_e8 = spec->step_e8;
    spec->qty_max_e8 = INT64_C(9000) * CB_E8;
    if (spec->step_e8 >= CB_E8 / 1000) { /* cheap assets trade in large lots */
        spec->price_max_e8 = INT64_C(10000) * CB_E8;
        spec->qty_max_e8 = INT64_C(9000000) * CB_E8;
    }
    spec->market_qty_max_e8 = spec->qty_max_e8 / 20;
    spec->notional_max_e8 = INT64_C(9000000) * CB_E8;
    spec->multiplier_up_e8 = 5 * CB_E8;
    spec->multiplier_down_e8 = CB_E8 / 5;
    spec->average_minutes = 5;
    spec->orders_max = 200;
    spec->algo_orders_max = 5;
    spec->stp_default = SIM_STP_EXPIRE_MAKER;
}

static cb_status set_names(
    sim_spec *spec, cb_strview symbol, cb_strview base, cb_strview quote, cb_err *err)
{
    if (symbol.size == 0 || base.size == 0 || quote.size == 0 ||
        !cb_text_copy(spec->symbol, sizeof(spec->symbol), symbol) ||
        !cb_text_copy(spec->base, sizeof(spec->base), base) ||
        !cb_text_copy(spec->quote, sizeof(spec->quote), quote)) {
        return CB_FAIL(err,
            CB_E_SYNTAX,
            "instrument '%.*s': names are missing or too long",
            (int)symbol.size,
            symbol.at);
    }
    return CB_OK;
}

/* Cuts the next part of text at mark. */
static cb_strview cut(cb_strview *text, char mark)
{
    const char *at = text->size == 0 ? NULL : memchr(text->at, mark, text->size);
    const size_t size = at == NULL ? text->size : (size_t)(at - text->at);
    const cb_strview part = {text->at, size};
    const size_t skip = at == NULL ? size : size + 1;
    text->at += skip;
    text->size -= skip;
    return part;
}

/* SYMBOL=BASE/QUOTE:tick:step:notional_min */
static cb_status parse_configured(cb_strview text, sim_spec *out, cb_err *err)
{
    const cb_strview symbol = cut(&text, '=');
    const cb_strview base = cut(&text, '/');
    const cb_strview quote = cut(&text, ':');
    const cb_strview tick = cut(&text, ':');
    const cb_strview step = cut(&text, ':');
    cb_status status = set_names(out, symbol, base, quote, err);
    if (status == CB_OK) {
        status = cb_decimal_parse(tick.at, tick.size, &out->tick_e8, err);
    }
    if (status == CB_OK) {
        status = cb_decimal_parse(step.at, step.size, &out->step_e8, err);
    }
    if (status == CB_OK) {
        status = cb_decimal_parse(text.at, text.size, &out->notional_min_e8, err);
    }
    if (status != CB_OK || out->tick_e8 <= 0 || out->step_e8 <= 0 || out->notional_min_e8 < 0) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "instruments: '%.*s' is not SYMBOL=BASE/QUOTE:tick:step:notional_min",
            (int)symbol.size,
            symbol.at);
    }
    return CB_OK;
}

/* A symbol that nobody described: cut at a known quote asset, with the finest grid. */
static cb_status guess(const char *symbol, sim_spec *out, cb_err *err)
{
    const size_t size = strlen(symbol);
    for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
        const size_t quote_size = strlen(quotes[i]);
        if (size > quote_size && strcmp(symbol + size - quote_size, quotes[i]) == 0) {
            out->tick_e8 = 1;
            out->step_e8 = 1;
            out->notional_min_e8 = 0;
            return set_names(out,
                cb_sv_from(symbol),
                (cb_strview){symbol, size - quote_size},
                cb_sv_from(quotes[i]),
                err);
        }
    }
    return CB_FAIL(err,
        CB_E_NOT_FOUND,
        "symbol %s is not known: describe it with instruments = %s=BASE/QUOTE:tick:step:min",
        symbol,
        symbol);
}

cb_status sim_instrument(const char *symbol, const char *configured, sim_spec *out, cb_err *err)
{
    char item[CB_CONFIG_TEXT_MAX];
    *out = (sim_spec){0};
    for (size_t i = 0; cb_config_list_item(configured, i, item, sizeof(item)); i++) {
        const size_t size = strlen(symbol);
        if (strncmp(item, symbol, size) == 0 && item[size] == '=') {
            const cb_status status = parse_configured(cb_sv_from(item), out, err);
            if (status == CB_OK) {
                fill_common(out);
            }
            return status;
        }
    }
    const built_in *found = find_known(symbol);
    cb_status status = CB_OK;
    if (found != NULL) {
        status = set_names(
            out, cb_sv_from(symbol), cb_sv_from(found->base), cb_sv_from(found->quote), err);
        out->tick_e8 = found->tick_e8;
        out->step_e8 = found->step_e8;
        out->notional_min_e8 = found->notional_min_e8;
    } else {
        status = guess(symbol, out, err);
    }
    if (status == CB_OK) {
        fill_common(out);
    }
    return status;
}

int64_t sim_instrument_start_price(const char *symbol)
{
    const built_in *found = find_known(symbol);
    return found == NULL ? 0 : found->start_price_e8;
}
