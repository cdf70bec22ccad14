/* Questions about past candles, asked of the validator page by page from the newest back, and fed
 * to the core in chunks from the oldest on once all have come. A question that nobody answers is
 * asked again: the service is not ready meanwhile, and a lockstep replay waits for it. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "base/timefmt.h"
#include "services/signals/signals_shell.h"
#include "wire/delimited.h"

#define VALIDATOR "validator"
#define ASK_TIMEOUT_MS 2000
#define RETRY_NS (250 * CB_NS_PER_MS)
#define PAGE_MAX                                                                                   \
    1000U /* candles that a page can hold at most, whatever the validator's own page               \
           */

static void on_answer(void *context, const void *bytes, size_t size);

/* The bars so far lie at the end of the array. */
static signals_bar *oldest_bar(signals_historian *historian)
{
    CB_ASSERT(historian->bars_count <= SIGNALS_HISTORY_MAX);
    return historian->bars + (SIGNALS_HISTORY_MAX - historian->bars_count);
}

static void ask_page(signals_historian *historian)
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
    question.limit = ask->limit - historian->bars_count;
    if (historian->bars_count > 0) {
        cb_textbuf before = cb_textbuf_over(question.before, sizeof question.before);
        cb_textbuf_add_i64(&before, oldest_bar(historian)->open_ts_ns);
    }
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
        ask_page(historian);
    }
}

/* ---- reading a page ---- */

static signals_bar bar_from_candle(const cb_candle *candle)
{
    return (signals_bar){
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

/* One pass over an answer: counts its candles, and copies them when out is not NULL. Refuses what
 * is out of order, not older than before_ns, more than limit, or without its end. */
static cb_status read_page(const uint8_t *bytes,
    size_t size,
    uint32_t limit,
    int64_t before_ns,
    signals_bar *out,
    uint32_t *count,
    cb_err *err)
{
    size_t at = 0;
    int64_t newest_ns = INT64_MIN;
    for (*count = 0;; (*count)++) {
        cb_candle candle;
        const cb_status status = cb_delimited_next(&cb_candle_desc, bytes, size, &at, &candle, err);
        if (status != CB_OK) {
            return status == CB_E_NOT_FOUND
                       ? CB_FAIL(err, CB_E_CORRUPT, "the answer ends without its end")
                       : status;
        }
        if (candle.interval_s == 0) {
            return CB_OK;
        }
        if (candle.open_ts_ns <= newest_ns || candle.open_ts_ns >= before_ns || *count == limit) {
            return CB_FAIL(err, CB_E_CORRUPT, "candle %u is not what was asked for", *count);
        }
        newest_ns = candle.open_ts_ns;
        if (out != NULL) {
            out[*count] = bar_from_candle(&candle);
        }
    }
}

/* Puts a page before the bars that are there; count [out] how many it held. */
static cb_status take_page(
    signals_historian *historian, const uint8_t *bytes, size_t size, uint32_t *count, cb_err *err)
{
    const uint32_t room = historian->asks[0].limit - historian->bars_count;
    const uint32_t limit = room < PAGE_MAX ? room : PAGE_MAX;
    const int64_t before_ns =
        historian->bars_count > 0 ? oldest_bar(historian)->open_ts_ns : INT64_MAX;
    cb_status status = read_page(bytes, size, limit, before_ns, NULL, count, err);
    if (status == CB_OK) {
        signals_bar *out = oldest_bar(historian) - *count;
        status = read_page(bytes, size, limit, before_ns, out, count, err);
        historian->bars_count += *count;
    }
    return status;
}

/* ---- feeding the core ---- */

static void feed_chunk(signals_historian *historian, const signals_bar *bars, uint32_t count)
{
    CB_ASSERT(count <= SIGNALS_HISTORY_CHUNK);
    historian->chunk.bars_count = count;
    memcpy(historian->chunk.bars, bars, count * sizeof bars[0]);
    cb_shell_feed(
        historian->shell, SIGNALS_EVENT_HISTORY, &historian->chunk, sizeof historian->chunk);
    historian->chunk.is_first = false;
}

static void feed_all(signals_historian *historian)
{
    const signals_bar *bars = oldest_bar(historian);
    uint32_t left = historian->bars_count;
    signals_history *chunk = &historian->chunk;
    memset(chunk, 0, sizeof *chunk);
    memcpy(chunk->symbol, historian->asks[0].symbol, sizeof chunk->symbol);
    chunk->is_first = true;
    while (left > SIGNALS_HISTORY_CHUNK) {
        feed_chunk(historian, bars, SIGNALS_HISTORY_CHUNK);
        bars += SIGNALS_HISTORY_CHUNK;
        left -= SIGNALS_HISTORY_CHUNK;
    }
    chunk->is_last = true;
    /* The question is over before its last event: the core may ask anew in answer to it, but only
     * through the queue, so the bars stay as they are until the feeding has ended. */
    historian->count--;
    historian->bars_count = 0;
    memmove(historian->asks, historian->asks + 1, historian->count * sizeof historian->asks[0]);
    historian->is_asking = true;
    feed_chunk(historian, bars, left);
    historian->is_asking = false;
}

static void on_answer(void *context, const void *bytes, size_t size)
{
    signals_historian *historian = context;
    uint32_t count = 0;
    cb_err err = {0};
    historian->is_asking = false;
    if (bytes == NULL || take_page(historian, bytes, size, &count, &err) != CB_OK) {
        if (bytes != NULL) {
            cb_log_err(cb_shell_log(historian->shell), CB_LOG_WARN, "history_refused", &err);
        }
        cb_timer_reset(historian->retry_timer, RETRY_NS);
        return;
    }
    if (count == 0 || historian->bars_count == historian->asks[0].limit) {
        feed_all(historian);
    }
    if (historian->count > 0) {
        ask_page(historian);
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
    CB_ASSERT(ask->limit <= SIGNALS_HISTORY_MAX);
    historian->asks[historian->count++] = *ask;
    if (!historian->is_asking) {
        ask_page(historian);
    }
}
