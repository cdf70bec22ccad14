/* The validator's hooks: stored candles back into the core at start, history questions answered
 * from the core's memory, partitions made ahead, counts shown as metrics. No decision is made here.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "base/timefmt.h"
#include "services/validator/core/records.h"
#include "services/validator/validator_shell.h"
#include "wire/delimited.h"

#define HISTORY_ANSWER_MAX ((size_t)60 * 1024) /* under the bus's payload limit of 64 KiB */
#define HISTORY_PAGE 400U                      /* candles of at most some 140 bytes */
#define METRICS_PERIOD_NS CB_NS_PER_S
#define PARTITION_PERIOD_NS CB_NS_PER_DAY
#define PARTITIONS_AHEAD 2

#define QUARANTINE(index, name)                                                                    \
    [VALIDATOR_TABLE_QUARANTINE_##index] = {                                                       \
        "quarantine", &validator_quarantine_##name##_desc, CB_STORE_INSERT, NULL}

static const cb_table tables[VALIDATOR_TABLE_COUNT] = {
    [VALIDATOR_TABLE_CANDLE] = {"md_candle", &cb_candle_desc, CB_STORE_HISTORY, NULL},
    [VALIDATOR_TABLE_TRADE] = {"md_trade", &cb_trade_desc, CB_STORE_HISTORY, NULL},
    [VALIDATOR_TABLE_FINDING] = {"finding", &cb_quality_desc, CB_STORE_HISTORY, NULL},
    [VALIDATOR_TABLE_SCORE] = {"quality_score", &cb_quality_score_desc, CB_STORE_HISTORY, NULL},
    [VALIDATOR_TABLE_TICK_QUALITY] = {"tick_quality",
        &validator_tick_quality_desc,
        CB_STORE_HISTORY,
        NULL},
    QUARANTINE(TRADE, trade),
    QUARANTINE(CANDLE, candle),
    QUARANTINE(BOOK, book),
    QUARANTINE(DELTA, delta),
    QUARANTINE(TICKER, ticker),
    QUARANTINE(INSTRUMENT, instrument),
};

#define SYMBOL_LABEL_MAX 40

typedef struct symbol_metrics {
    cb_metric *score_ppm;
    cb_metric *is_stale;
} symbol_metrics;

typedef struct validator_user {
    cb_metric *passed;
    cb_metric *warned;
    cb_metric *quarantined;
    cb_metric *repeated;
    cb_metric *memory_resets;
    cb_metric *by_expectation[VALIDATOR_EXPECTATIONS_MAX];
    symbol_metrics symbols[VALIDATOR_SYMBOLS_MAX];
    cb_timer *metrics_timer;
    uint8_t *answer; /* HISTORY_ANSWER_MAX bytes */
} validator_user;

/* ---- start ---- */

static cb_status validator_open(cb_shell *shell, cb_err *err)
{
    const cb_status status = validator_config_check(cb_shell_config(shell), err);
    if (status != CB_OK) {
        return status;
    }
    validator_user *user = calloc(1, sizeof *user);
    CB_ASSERT(user != NULL);
    user->answer = malloc(HISTORY_ANSWER_MAX);
    CB_ASSERT(user->answer != NULL);
    cb_shell_set_user(shell, user);
    return CB_OK;
}

typedef struct recover_context {
    cb_shell *shell;
    cb_status status;
    cb_err *err;
} recover_context;

static void recover_candle(void *context, const cb_row *row)
{
    recover_context *recover = context;
    cb_candle candle;
    if (recover->status != CB_OK) {
        return;
    }
    memset(&candle, 0, sizeof candle);
    recover->status = cb_row_body(row, &cb_candle_desc, &candle, recover->err);
    if (recover->status == CB_OK) {
        cb_shell_recover_event(
            recover->shell, VALIDATOR_EVENT_BAR, candle.recv_ns, &candle, sizeof candle);
    }
}

/* The newest candles of one symbol, oldest first. */
static cb_status recover_symbol(cb_shell *shell, const char *symbol, cb_err *err)
{
    static const char sql[] =
        "SELECT * FROM (SELECT venue, symbol, interval_s, open_ts_ns, close_ts_ns, open_e8,"
        " high_e8, low_e8, close_e8, volume_e8, quote_volume_e8, trades_count, is_closed,"
        " is_backfill, recv_ns FROM md_candle WHERE venue = $1 AND symbol = $2 AND interval_s = 60"
        " ORDER BY open_ts_ns DESC LIMIT $3) newest ORDER BY open_ts_ns";
    const validator_config *config = cb_shell_config(shell);
    cb_params params;
    cb_params_reset(&params);
    cb_params_text(&params, config->venue);
    cb_params_text(&params, symbol);
    cb_params_i64(&params, config->history_keep_count);
    recover_context context = {shell, CB_OK, err};
    const cb_status status =
        cb_pg_exec(cb_shell_pg(shell), sql, &params, recover_candle, &context, err);
    return status == CB_OK ? context.status : status;
}

static cb_status validator_recover(cb_shell *shell, cb_err *err)
{
    const validator_config *config = cb_shell_config(shell);
    char symbol[CB_CONFIG_TEXT_MAX];
    for (size_t i = 0; cb_config_list_item(config->symbols, i, symbol, sizeof symbol); i++) {
        const cb_status status = recover_symbol(shell, symbol, err);
        if (status != CB_OK) {
            return cb_err_context(err, "candles of %s", symbol);
        }
    }
    return CB_OK;
}

/* ---- running ---- */

static void make_partitions(void *context);

static void on_partition(void *context, const cb_result *result, const cb_row *const *rows)
{
    (void)rows;
    cb_shell *shell = context;
    if (result->status != CB_OK) {
        CB_LOG(cb_shell_log(shell), CB_LOG_WARN, "partition_failed", CB_KV("why", result->message));
    }
}

/* This month and the next: what has no month goes into the default partition, so a failure here
 * costs speed and nothing else. */
static void make_partitions(void *context)
{
    cb_shell *shell = context;
    const int64_t now_ns = cb_shell_now_ns(shell);
    for (int64_t i = 0; cb_time_is_sane(now_ns) && i < PARTITIONS_AHEAD; i++) {
        cb_params params;
        cb_params_reset(&params);
        cb_params_i64(&params, now_ns + i * 28 * CB_NS_PER_DAY);
        cb_pg_query(
            cb_shell_pg(shell), "SELECT md_partition($1::bigint)", &params, on_partition, shell);
    }
    cb_shell_at(shell, now_ns + PARTITION_PERIOD_NS, make_partitions, shell);
}

static void set_counter(cb_metric *counter, uint64_t value)
{
    const uint64_t shown = cb_metric_value(counter);
    if (value > shown) {
        cb_metric_add(counter, value - shown);
    }
}

static void show_metrics(void *context)
{
    cb_shell *shell = context;
    validator_user *user = cb_shell_user(shell);
    const validator_counts *counts = validator_counts_of(cb_shell_state(shell));
    set_counter(user->passed, counts->passed);
    set_counter(user->warned, counts->warned);
    set_counter(user->quarantined, counts->quarantined);
    set_counter(user->repeated, counts->repeated);
    set_counter(user->memory_resets, counts->memory_resets);
    for (uint32_t i = 0; validator_expectation_name(i) != NULL; i++) {
        set_counter(user->by_expectation[i], counts->by_expectation[i]);
    }
    for (uint32_t i = 0; i < validator_symbols_count(cb_shell_state(shell)); i++) {
        const char *name = NULL;
        cb_ratio score = {0};
        bool is_stale = false;
        validator_score_of(cb_shell_state(shell), i, &name, &score, &is_stale);
        cb_metric_set(user->symbols[i].score_ppm, score.e8 / 100);
        cb_metric_set(user->symbols[i].is_stale, is_stale ? 1 : 0);
    }
}

static cb_metric *labelled(cb_metrics *metrics,
    cb_metric *(*make)(cb_metrics *, const char *, const char *, const char *),
    const char *name,
    const char *label,
    const char *value,
    const char *help)
{
    char labels[SYMBOL_LABEL_MAX + 24];
    cb_textbuf text = cb_textbuf_over(labels, sizeof labels);
    cb_textbuf_add(&text, label);
    cb_textbuf_add(&text, "=\"");
    cb_textbuf_add(&text, value);
    cb_textbuf_add(&text, "\"");
    return make(metrics, name, labels, help);
}

static void open_metrics(cb_shell *shell, validator_user *user)
{
    cb_metrics *metrics = cb_shell_metrics(shell);
    static const char help[] = "market messages by outcome";
    static const char name[] = "validator_messages_total";
    user->passed = cb_counter(metrics, name, "outcome=\"passed\"", help);
    user->quarantined = cb_counter(metrics, name, "outcome=\"quarantined\"", help);
    user->warned =
        cb_counter(metrics, "validator_warned_total", "", "messages that passed with a warning");
    user->repeated =
        cb_counter(metrics, "validator_repeated_total", "", "candles that came again unchanged");
    user->memory_resets = cb_counter(
        metrics, "validator_memory_resets_total", "", "memories dropped after a run of refusals");
    const char *expectation = NULL;
    for (uint32_t i = 0; (expectation = validator_expectation_name(i)) != NULL; i++) {
        user->by_expectation[i] = labelled(metrics,
            cb_counter,
            "validator_findings_total",
            "expectation",
            expectation,
            "failed checks by expectation");
    }
    for (uint32_t i = 0; i < validator_symbols_count(cb_shell_state(shell)); i++) {
        const char *symbol = NULL;
        cb_ratio score = {0};
        bool is_stale = false;
        validator_score_of(cb_shell_state(shell), i, &symbol, &score, &is_stale);
        user->symbols[i].score_ppm = labelled(metrics,
            cb_gauge,
            "validator_quality_ppm",
            "symbol",
            symbol,
            "data-quality score, parts per million");
        user->symbols[i].is_stale = labelled(
            metrics, cb_gauge, "validator_stale", "symbol", symbol, "1: no live data for a while");
    }
}

static void validator_started(cb_shell *shell)
{
    validator_user *user = cb_shell_user(shell);
    open_metrics(shell, user);
    user->metrics_timer = cb_loop_timer(
        cb_shell_loop(shell), METRICS_PERIOD_NS, METRICS_PERIOD_NS, show_metrics, shell);
    make_partitions(shell);
}

/* ---- history ---- */

/* How many of the oldest bars lie before the cursor; all when there is none. */
static uint32_t bars_before(const validator_bar *bars, uint32_t count, const char *before)
{
    uint64_t limit = 0;
    if (!cb_u64_parse(cb_sv_from(before), (uint64_t)INT64_MAX, &limit)) {
        return count;
    }
    while (count > 0 && bars[count - 1].open_ts_ns >= (int64_t)limit) {
        count--;
    }
    return count;
}

/* One page, the newest candles before the cursor. Answered from memory: candles of the last 200 ms
 * may not be in the table yet, and the answer costs no round trip. An unknown symbol has none. */
static void answer_history(cb_shell *shell, const cb_query_msg *question, const char *reply_to)
{
    validator_user *user = cb_shell_user(shell);
    const validator_config *config = cb_shell_config(shell);
    uint32_t count = 0;
    size_t used = 0;
    const validator_bar *bars = validator_bars_of(cb_shell_state(shell), question->symbol, &count);
    count = bars != NULL ? bars_before(bars, count, question->before) : 0;
    const uint32_t limit = question->limit < HISTORY_PAGE ? question->limit : HISTORY_PAGE;
    const uint32_t first = count > limit ? count - limit : 0;
    for (uint32_t i = first; i < count; i++) {
        cb_candle candle;
        cb_err err = {0};
        validator_bar_to_candle(&bars[i], config->venue, question->symbol, &candle);
        if (cb_delimited_put(
                &cb_candle_desc, &candle, user->answer, HISTORY_ANSWER_MAX, &used, &err) != CB_OK) {
            cb_log_err(cb_shell_log(shell), CB_LOG_ERROR, "history_answer_cut", &err);
            used = 0; /* nothing rather than a history with a hole at its end */
            break;
        }
    }
    cb_candle end; /* an empty candle ends the list: a cut answer is not taken for a whole one */
    memset(&end, 0, sizeof end);
    if (cb_delimited_put(&cb_candle_desc, &end, user->answer, HISTORY_ANSWER_MAX, &used, NULL) !=
        CB_OK) {
        used = 0;
    }
    cb_shell_reply(shell, reply_to, user->answer, used);
}

static void validator_on_bus_request(
    cb_shell *shell, cb_subject_id subject, const void *body, const char *reply_to)
{
    if (subject == CB_SUBJECT_HISTORY) {
        answer_history(shell, body, reply_to);
    }
}

static void validator_close(cb_shell *shell)
{
    validator_user *user = cb_shell_user(shell);
    if (user == NULL) {
        return;
    }
    cb_timer_remove(user->metrics_timer);
    free(user->answer);
    free(user);
    cb_shell_set_user(shell, NULL);
}

const cb_service validator_service = {
    .name = "validator",
    .summary = "judges every raw market message, quarantines bad ones, scores data quality",
    .config_size = sizeof(validator_config),
    .migrations = validator_migrations,
    .tables = tables,
    .tables_count = VALIDATOR_TABLE_COUNT,
    .queries = validator_queries,
    .core = &validator_core,
    .open = validator_open,
    .recover = validator_recover,
    .started = validator_started,
    .on_bus_request = validator_on_bus_request,
    .close = validator_close,
};
