/* Binance's spelling of sides, types, intervals and states, both ways. One table each, so that a
 * word is written down once. */
#include <string.h>

#include "venue/binance/binance_internal.h"

typedef struct word_row {
    uint32_t value;
    const char *word;
} word_row;

static const word_row sides[] = {{CB_SIDE_BUY, "BUY"}, {CB_SIDE_SELL, "SELL"}};
static const word_row types[] = {{CB_ORDER_TYPE_MARKET, "MARKET"},
    {CB_ORDER_TYPE_LIMIT, "LIMIT"},
    {CB_ORDER_TYPE_LIMIT_MAKER, "LIMIT_MAKER"},
    {CB_ORDER_TYPE_STOP_LOSS, "STOP_LOSS"},
    {CB_ORDER_TYPE_STOP_LOSS_LIMIT, "STOP_LOSS_LIMIT"},
    {CB_ORDER_TYPE_TAKE_PROFIT, "TAKE_PROFIT"},
    {CB_ORDER_TYPE_TAKE_PROFIT_LIMIT, "TAKE_PROFIT_LIMIT"}};
static const word_row tifs[] = {{CB_TIF_GTC, "GTC"}, {CB_TIF_IOC, "IOC"}, {CB_TIF_FOK, "FOK"}};
/* Lengths that are not a fixed number of seconds (1M) have no row. Case matters: 1m, 1M. */
static const word_row intervals[] = {{1, "1s"},
    {60, "1m"},
    {180, "3m"},
    {300, "5m"},
    {900, "15m"},
    {1800, "30m"},
    {3600, "1h"},
    {7200, "2h"},
    {14400, "4h"},
    {21600, "6h"},
    {28800, "8h"},
    {43200, "12h"},
    {86400, "1d"},
    {259200, "3d"},
    {604800, "1w"}};
/* PENDING_NEW is a member of an order list that waits for its trigger: it exists and may fill.
 * EXPIRED_IN_MATCH is an order that self-trade prevention ended. */
static const word_row states[] = {{CB_ORDER_STATE_OPEN, "NEW"},
    {CB_ORDER_STATE_OPEN, "PENDING_NEW"},
    {CB_ORDER_STATE_PARTIALLY_FILLED, "PARTIALLY_FILLED"},
    {CB_ORDER_STATE_FILLED, "FILLED"},
    {CB_ORDER_STATE_CANCELED, "CANCELED"},
    {CB_ORDER_STATE_OPEN, "PENDING_CANCEL"},
    {CB_ORDER_STATE_REJECTED, "REJECTED"},
    {CB_ORDER_STATE_EXPIRED, "EXPIRED"},
    {CB_ORDER_STATE_EXPIRED, "EXPIRED_IN_MATCH"}};

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

static const char *word_of(const word_row *rows, size_t count, uint32_t value)
{
    CB_ASSERT(rows != NULL);
    CB_ASSERT(count > 0);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].value == value) {
            return rows[i].word;
        }
    }
    return NULL;
}

static bool value_of(const word_row *rows, size_t count, cb_strview word, uint32_t *out)
{
    CB_ASSERT(rows != NULL);
    CB_ASSERT(out != NULL);
    for (size_t i = 0; i < count; i++) {
        if (cb_sv_is(word, rows[i].word)) {
            *out = rows[i].value;
            return true;
        }
    }
    return false;
}

const char *cb_binance_side_word(cb_side side)
{
    return word_of(ROWS(sides), (uint32_t)side);
}

const char *cb_binance_type_word(cb_order_type type)
{
    return word_of(ROWS(types), (uint32_t)type);
}

const char *cb_binance_tif_word(cb_tif tif)
{
    return word_of(ROWS(tifs), (uint32_t)tif);
}

const char *cb_binance_interval_word(uint32_t interval_s)
{
    return word_of(ROWS(intervals), interval_s);
}

bool binance_side(cb_strview word, cb_side *out)
{
    uint32_t value = 0;
    const bool is_known = value_of(ROWS(sides), word, &value);
    *out = (cb_side)value;
    return is_known;
}

bool binance_order_type(cb_strview word, cb_order_type *out)
{
    uint32_t value = 0;
    const bool is_known = value_of(ROWS(types), word, &value);
    *out = (cb_order_type)value;
    return is_known;
}

bool binance_tif(cb_strview word, cb_tif *out)
{
    uint32_t value = 0;
    const bool is_known = value_of(ROWS(tifs), word, &value);
    *out = (cb_tif)value;
    return is_known;
}

uint32_t binance_interval_s(cb_strview word)
{
    uint32_t value = 0;
    return value_of(ROWS(intervals), word, &value) ? value : 0;
}

bool cb_binance_state(cb_strview word, cb_order_state *out)
{
    uint32_t value = 0;
    if (!value_of(ROWS(states), word, &value)) {
        return false;
    }
    *out = (cb_order_state)value;
    return true;
}

bool cb_binance_is_client_id(const char *text)
{
    CB_ASSERT(text != NULL);
    size_t size = 0;
    for (; text[size] != '\0'; size++) {
        const char byte = text[size];
        const bool is_allowed = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                                (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
        if (!is_allowed) {
            return false;
        }
    }
    return size >= 1 && size <= 36;
}

bool binance_is_digits(const char *text)
{
    CB_ASSERT(text != NULL);
    size_t size = 0;
    while (text[size] >= '0' && text[size] <= '9') {
        size++;
    }
    return size >= 1 && size <= 20 && text[size] == '\0';
}
