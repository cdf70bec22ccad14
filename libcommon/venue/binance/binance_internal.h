/* Shared inside the Binance adapter only. */
#ifndef CB_BINANCE_INTERNAL_H
#define CB_BINANCE_INTERNAL_H

#include "base/assert.h"
#include "base/textbuf.h"
#include "base/timefmt.h"
#include "venue/binance/binance.h"
#include "venue/form.h"
#include "venue/json.h"

#define BINANCE_NAME "binance"
#define BINANCE_WINDOW_MS_MAX 60000
#define BINANCE_WINDOW_MS_DEFAULT 5000

/* words.c */
bool binance_side(cb_strview word, cb_side *out);
bool binance_order_type(cb_strview word, cb_order_type *out);
bool binance_tif(cb_strview word, cb_tif *out);
/** Seconds of "1m", "4h" …; 0 for months and unknown words. */
uint32_t binance_interval_s(cb_strview word);
bool binance_is_digits(const char *text);

/* stream.c */
/** Milliseconds to nanoseconds; false when they leave int64. */
bool binance_ms_to_ns(uint64_t time_ms, int64_t *out_ns);
/** Reads milliseconds from the scanner into nanoseconds. */
bool binance_read_time(cb_json *json, int64_t *out_ns);
/** Reads [[price,qty],…] into levels; negative numbers are refused. */
bool binance_read_levels(cb_json *json, cb_level *levels, uint32_t capacity, uint32_t *count);
/** Fails unless text fits out (symbols and ids are never cut). */
bool binance_keep(cb_json *json, char *out, size_t out_size, cb_strview text);

/* error.c */
/** Reads {"code":…,"msg":…}; false when body is no such object. */
bool binance_read_error(cb_strview body, int64_t *code, char *text, size_t text_size);
/** What a code means, without regard to the HTTP status. */
cb_venue_action binance_action(int http_status, int64_t code, const char *text, bool is_order);

/* order.c */
/** One order object at the scanner's place. fills may be NULL: they are skipped then. */
typedef struct binance_fills {
    cb_venue_trade *trades; /* [borrowed] */
    uint32_t capacity;
    uint32_t count;
    bool is_cut;
} binance_fills;
bool binance_read_order(cb_json *json, cb_venue_order *order, binance_fills *fills);

/** The orders of one order list; CB_E_SYNTAX when it is none. */
cb_status binance_parse_list(cb_strview text, cb_venue_order_fn fn, void *context, cb_err *err);

/* request.c */
/** What is wrong with an order's form; NULL when nothing is. Static text. */
const char *binance_check_order(const cb_venue_order_request *order);

/* lists.c */
/** Adds the parameters of an order list; the refusal, or NULL. */
const char *binance_add_list(cb_form *form, const cb_venue_params *params);
void binance_judge_list(const cb_venue_params *params, cb_strview body, cb_venue_answer *out);
/** The order that params names, from the answer about its list; false when there is none. */
bool binance_pick_of_list(const cb_venue_params *params, cb_strview body, cb_venue_order *out);
/** The order of an answer to AMEND; false when it is none. */
bool binance_read_amended(cb_strview body, cb_venue_order *out);

/* the functions of the table */
cb_status binance_subscribe_text(bool is_subscribe,
    const char (*symbols)[24],
    uint32_t symbols_count,
    uint32_t channels,
    uint64_t id,
    char out[CB_VENUE_TEXT_MAX],
    cb_err *err);
cb_status binance_parse_stream(cb_strview text, cb_venue_event *event, cb_err *err);
cb_venue_sync binance_sync_delta(
    uint64_t book_update_id, bool is_first, const cb_venue_depth *delta);
bool binance_sync_snapshot(uint64_t snapshot_update_id, const cb_venue_depth *first_delta);
cb_status binance_build(cb_venue_call call,
    const cb_venue_params *params,
    const cb_venue_auth *auth,
    cb_venue_request *out,
    cb_err *err);
void binance_classify(int http_status, cb_strview body, bool is_order, cb_venue_error *out);
void binance_judge(cb_venue_call call,
    const cb_venue_params *params,
    int http_status,
    cb_strview body,
    cb_venue_answer *out);
cb_status binance_parse_time(cb_strview text, int64_t *out_ns, cb_err *err);
cb_status binance_parse_instruments(cb_strview text,
    cb_venue_limits *limits,
    cb_venue_instrument_fn fn,
    void *context,
    uint32_t *refused_count,
    cb_err *err);
cb_status binance_parse_depth(
    cb_strview text, const char *symbol, cb_venue_depth *out, cb_err *err);
cb_status binance_parse_candles(cb_strview text,
    const char *symbol,
    uint32_t interval_s,
    int64_t now_ns,
    cb_venue_candle_fn fn,
    void *context,
    cb_err *err);
cb_status binance_parse_trades(
    cb_strview text, const char *symbol, cb_venue_trade_fn fn, void *context, cb_err *err);
cb_status binance_parse_tickers(
    cb_strview text, cb_venue_statistics_fn fn, void *context, cb_err *err);
cb_status binance_parse_order(cb_strview text, cb_venue_order *out, cb_err *err);
cb_status binance_parse_orders(cb_strview text, cb_venue_order_fn fn, void *context, cb_err *err);
cb_status binance_parse_own_trades(
    cb_strview text, cb_venue_own_trade_fn fn, void *context, cb_err *err);
cb_status binance_parse_account(
    cb_strview text, cb_venue_balance_fn fn, void *context, cb_err *err);
cb_status binance_user_subscribe_text(
    const cb_venue_auth *auth, uint64_t id, char out[CB_VENUE_TEXT_MAX], cb_err *err);
cb_strview binance_payload(const cb_venue_request *request);
cb_status binance_attach(
    cb_venue_request *request, const char *api_key, const char *signature, cb_err *err);
cb_status binance_user_subscribe_payload(
    const cb_venue_auth *auth, char out[CB_VENUE_TEXT_MAX], cb_err *err);
cb_status binance_recognize(cb_strview payload, cb_venue_recognized *out, cb_err *err);
cb_status binance_parse_permissions(cb_strview text, cb_venue_permissions *out, cb_err *err);
cb_status binance_parse_user(cb_strview text, cb_venue_user_event *event, cb_err *err);

#endif /* CB_BINANCE_INTERNAL_H */
