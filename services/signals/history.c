/* Questions about past candles, asked of the validator one after the other, and their answers fed
 * to the core in chunks. A question that nobody answers is asked again: the service is not ready
 * meanwhile, and a lockstep replay waits for it. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "services/signals/signals_shell.h"
#include "wire/delimited.h"

#define VALIDATOR "validator"
#define ASK_TIMEOUT_MS 2000
#define RETRY_NS (250 * CB_NS_PER_MS)

static void on_answer(void *context, const void *bytes, size_t size);

static void ask_first(signals_historian *historian)
{
    const signals_history_ask *ask = &historian->asks[0];
    CB_ASSERT(historian->count > 0);
    CB_ASSERT(!historian->is_asking);
    cb_query_msg question;
    memset(&question, 0, sizeof question);
    const bool fits =
        cb_text_copy(question.name, sizeof question.name, CB_SV("candles")) &&
        cb_text_copy(question.symbol, sizeof question.symbol, cb_sv_from(ask->symbol));
    CB_ASSERT(fits);
    question.limit = ask->limit;
    historian->is_asking = true;
    cb_shell_ask(historian->shell,
        CB_SUBJECT_HISTORY,
        VALIDATOR,
        &question,
        ASK_TIMEOUT_MS,
        on_answer,
        historian);
}

static void on_retry(void *context)
{
    signals_historian *historian = context;
    if (historian->count > 0 && !historian->is_asking) {
        ask_first(historian);
    }
}

static void begin_chunk(signals_historian *historian, bool is_first)
{
    signals_history *chunk = &historian->chunk;
    memset(chunk, 0, sizeof *chunk);
    memcpy(chunk->symbol, historian->asks[0].symbol, sizeof chunk->symbol);
    chunk->is_first = is_first;
}

static void add_bar(signals_history *chunk, const cb_candle *candle)
{
    CB_ASSERT(chunk->bars_count < SIGNALS_HISTORY_CHUNK);
    chunk->bars[chunk->bars_count++] = (signals_bar){
        .open_ts_ns = candle->open_ts_ns,
        .open_e8 = candle->open.e8,
        .high_e8 = candle->high.e8,
        .low_e8 = candle->low.e8,
        .close_e8 = candle->close.e8,
        .volume_e8 = candle->volume.e8,
        .quote_volume_e8 = candle->quote_volume.e8,
        .trades_count = candle->trades_count,
    };
}

/* Reads the whole answer once before anything is fed: half an answer changes nothing. */
static cb_status check_answer(const uint8_t *bytes, size_t size, cb_err *err)
{
    size_t at = 0;
    cb_candle candle;
    int64_t newest_ns = INT64_MIN;
    do {
        const cb_status status = cb_delimited_next(&cb_candle_desc, bytes, size, &at, &candle, err);
        if (status == CB_E_NOT_FOUND) {
            return CB_FAIL(err, CB_E_CORRUPT, "the answer ends without its end");
        }
        if (status != CB_OK) {
            return status;
        }
        if (candle.interval_s != 0 && candle.open_ts_ns <= newest_ns) {
            return CB_FAIL(err, CB_E_CORRUPT, "candles are not in order");
        }
        newest_ns = candle.open_ts_ns;
    } while (candle.interval_s != 0);
    return CB_OK;
}

static void feed_answer(signals_historian *historian, const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    cb_candle candle;
    signals_history *chunk = &historian->chunk;
    begin_chunk(historian, true);
    while (cb_delimited_next(&cb_candle_desc, bytes, size, &at, &candle, NULL) == CB_OK &&
           candle.interval_s != 0) {
        if (chunk->bars_count == SIGNALS_HISTORY_CHUNK) {
            cb_shell_feed(historian->shell, SIGNALS_EVENT_HISTORY, chunk, sizeof *chunk);
            begin_chunk(historian, false);
        }
        add_bar(chunk, &candle);
    }
    chunk->is_last = true;
    /* The question is over before its last event: the core may ask anew in answer to it. */
    historian->count--;
    memmove(historian->asks, historian->asks + 1, historian->count * sizeof historian->asks[0]);
    cb_shell_feed(historian->shell, SIGNALS_EVENT_HISTORY, chunk, sizeof *chunk);
}

static void on_answer(void *context, const void *bytes, size_t size)
{
    signals_historian *historian = context;
    cb_err err = {0};
    historian->is_asking = false;
    if (bytes == NULL || check_answer(bytes, size, &err) != CB_OK) {
        if (bytes != NULL) {
            cb_log_err(cb_shell_log(historian->shell), CB_LOG_WARN, "history_refused", &err);
        }
        cb_timer_reset(historian->retry_timer, RETRY_NS);
        return;
    }
    feed_answer(historian, bytes, size);
    if (historian->count > 0 && !historian->is_asking) {
        ask_first(historian);
    }
}

void signals_historian_open(signals_historian *historian, cb_shell *shell)
{
    historian->shell = shell;
    historian->retry_timer =
        cb_loop_timer(cb_shell_loop(shell), CB_NS_PER_S, 0, on_retry, historian);
}

void signals_historian_close(signals_historian *historian)
{
    cb_timer_remove(historian->retry_timer);
    historian->retry_timer = NULL;
}

void signals_historian_ask(signals_historian *historian, const signals_history_ask *ask)
{
    CB_ASSERT(historian->count < SIGNALS_SYMBOLS_MAX);
    historian->asks[historian->count++] = *ask;
    if (!historian->is_asking) {
        ask_first(historian);
    }
}
