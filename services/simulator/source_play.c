/* Playing recorded rows: candles as paths, trades as they were, captures frame by frame. */
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/simulator/core/history.h"
#include "services/simulator/source_internal.h"

#define MINUTE_NS (60 * CB_NS_PER_S)

/* ---- moving on ---- */

/* Goes to the next good row within the range. The scan has named the bad ones. */
static cb_status advance(sim_source *source, cb_err *err)
{
    cb_strview line;
    int64_t ts_ns = 0;
    for (;;) {
        const cb_status status = sim_source_line(source, &line, err);
        if (status == CB_E_NOT_FOUND) {
            source->next_ns = INT64_MAX;
            return CB_OK;
        }
        if (status != CB_OK) {
            return status;
        }
        cb_err ignored = {0};
        if (sim_source_row(source, line, &ts_ns, &ignored) != CB_OK) {
            if (!source->skips_bad) {
                *err = ignored;
                return cb_err_context(
                    err, "%s changed since the start", source->paths[source->file]);
            }
            continue;
        }
        if (ts_ns >= source->to_ns) {
            continue;
        }
        break;
    }
    if (source->format == SIM_FORMAT_CANDLES || source->format == SIM_FORMAT_BINANCE) {
        source->next_ns = sim_player_begin(&source->play);
    } else {
        /* Times of a capture may step back by network jitter; the market's never do. */
        source->next_ns = ts_ns > source->next_ns ? ts_ns : source->next_ns;
    }
    return CB_OK;
}

/* ---- history before the start ---- */

typedef struct builder {
    sim_core *sim;
    uint32_t symbol;
    sim_candle minute; /* open_ns 0 = empty */
} builder;

static void builder_end(builder *to)
{
    if (to->minute.open_ns != 0) {
        sim_history_preload(to->sim, to->symbol, &to->minute);
    }
    to->minute = (sim_candle){0};
}

static void builder_add(builder *to, const sim_candle *part)
{
    const int64_t open_ns = sim_interval_open(SIM_INTERVAL_1M, part->open_ns);
    if (to->minute.open_ns != open_ns) {
        builder_end(to);
        to->minute = *part;
        to->minute.open_ns = open_ns;
        return;
    }
    sim_candle_join(&to->minute, part);
}

static sim_candle candle_of_trade(const sim_trade_row *trade)
{
    int64_t quote_e8 = 0;
    const cb_status status =
        cb_mul_e8(trade->price_e8, trade->qty_e8, CB_ROUND_DOWN, &quote_e8, NULL);
    CB_ASSERT(status == CB_OK);
    return (sim_candle){
        .open_ns = trade->ts_ns,
        .open_e8 = trade->price_e8,
        .high_e8 = trade->price_e8,
        .low_e8 = trade->price_e8,
        .close_e8 = trade->price_e8,
        .volume_e8 = trade->qty_e8,
        .quote_volume_e8 = quote_e8,
        .taker_base_e8 = trade->taker_side == CB_SIDE_BUY ? trade->qty_e8 : 0,
        .taker_quote_e8 = trade->taker_side == CB_SIDE_BUY ? quote_e8 : 0,
        .trades_count = 1,
        .first_id = trade->id,
        .last_id = trade->id,
    };
}

/* Rows before the range: the last of them become history, the first in the range is played next. */
static cb_status preload(sim_source *source, sim_core *sim, cb_err *err)
{
    builder history = {.sim = sim, .symbol = source->index};
    const bool is_candle = source->format != SIM_FORMAT_TRADES;
    const int64_t unit_ns = is_candle ? source->play.interval_ns : MINUTE_NS;
    const int64_t oldest_ns = source->from_ns - (int64_t)source->warmup * unit_ns;
    source->next_ns = 0;
    cb_status status = advance(source, err);
    while (status == CB_OK && source->next_ns < source->from_ns) {
        const int64_t ts_ns = is_candle ? source->play.candle.open_ns : source->trade.ts_ns;
        if (ts_ns >= oldest_ns) {
            const sim_candle part = is_candle ? sim_candle_of_row(&source->play.candle)
                                              : candle_of_trade(&source->trade);
            builder_add(&history, &part);
        }
        source->next_ns = 0;
        status = advance(source, err);
    }
    builder_end(&history);
    return status;
}

/* ---- opening ---- */

static void apply_levels(sim_core *sim, uint32_t symbol, const sim_frame *frame)
{
    for (uint32_t i = 0; i < frame->bids_count; i++) {
        sim_house_set(sim, symbol, CB_SIDE_BUY, frame->bids[i].price_e8, frame->bids[i].qty_e8);
    }
    for (uint32_t i = 0; i < frame->asks_count; i++) {
        sim_house_set(sim, symbol, CB_SIDE_SELL, frame->asks[i].price_e8, frame->asks[i].qty_e8);
    }
}

/* The scan has left the snapshot in the frame: it is the book from the beginning on. */
static cb_status open_capture(sim_source *source, sim_core *sim, cb_err *err)
{
    sim_symbol *symbol = &sim->symbols[source->index];
    CB_ASSERT(source->frame->kind == SIM_FRAME_SNAPSHOT);
    symbol->is_house_fixed = true;
    apply_levels(sim, source->index, source->frame);
    symbol->update_id = source->frame->update_last;
    source->next_ns = source->first_ns;
    cb_status status = CB_OK;
    do {
        status = advance(source, err);
    } while (status == CB_OK && source->next_ns < source->from_ns);
    return status;
}

static void rewind_source(sim_source *source)
{
    sim_lines_close(source->lines);
    source->lines = NULL;
    source->file = 0;
    sim_rows_check_init(&source->check, source->play.interval_ns);
}

cb_status sim_source_open(
    sim_source *source, sim_core *sim, const sim_synthetic *shape, cb_err *err)
{
    rewind_source(source);
    source->play.symbol = source->index;
    sim->symbols[source->index].is_candle_auto =
        source->format == SIM_FORMAT_TRADES || source->format == SIM_FORMAT_CAPTURE;
    if (source->format == SIM_FORMAT_CAPTURE) {
        return open_capture(source, sim, err);
    }
    const cb_status status = preload(source, sim, err);
    if (status != CB_OK || source->next_ns == INT64_MAX) {
        return status;
    }
    /* A book is there before the first trade, around its price. */
    const int64_t price_e8 =
        source->format == SIM_FORMAT_TRADES ? source->trade.price_e8 : source->play.candle.open_e8;
    sim_house_synthetic(sim, source->index, shape, price_e8, CB_SIDE_BUY);
    return CB_OK;
}

/* ---- playing ---- */

static cb_status play_candle(
    sim_source *source, sim_core *sim, const sim_synthetic *shape, cb_err *err)
{
    if (sim_player_step(&source->play, sim, shape, &source->next_ns)) {
        return CB_OK;
    }
    return advance(source, err);
}

static void play_depth(sim_source *source, sim_core *sim, sim_ws *ws)
{
    const sim_frame *frame = source->frame;
    sim_symbol *symbol = &sim->symbols[source->index];
    sim_house_restore(sim, source->index);
    if (frame->update_last > symbol->update_id) {
        apply_levels(sim, source->index, frame);
        symbol->update_id = frame->update_last;
    }
    sim_ws_recorded(ws, source->index, SIM_STREAM_DEPTH_100MS, frame->data);
    sim_ws_recorded(ws, source->index, SIM_STREAM_DEPTH, frame->data);
    sim_ws_partial(ws, source->index, false);
    sim_ws_partial(ws, source->index, true);
}

static void play_frame(sim_source *source, sim_core *sim, sim_ws *ws)
{
    const sim_frame *frame = source->frame;
    switch (frame->kind) {
    case SIM_FRAME_DEPTH:
        play_depth(source, sim, ws);
        break;
    case SIM_FRAME_TRADE:
        ws->recorded_print = frame->data;
        sim_replay_trade(sim,
            source->index,
            frame->price_e8,
            frame->qty_e8,
            frame->is_buyer_maker ? CB_SIDE_SELL : CB_SIDE_BUY,
            frame->trade_id);
        ws->recorded_print = (cb_strview){NULL, 0};
        break;
    case SIM_FRAME_TICKER:
        sim_ws_recorded(ws, source->index, SIM_STREAM_TICKER_BOOK, frame->data);
        break;
    case SIM_FRAME_SNAPSHOT:
    case SIM_FRAME_OTHER:
        break;
    }
}

cb_status sim_source_play(
    sim_source *source, sim_core *sim, sim_ws *ws, const sim_synthetic *shape, cb_err *err)
{
    const int64_t now_ns = source->next_ns;
    cb_status status = CB_OK;
    CB_ASSERT(now_ns != INT64_MAX);
    while (status == CB_OK && source->next_ns == now_ns) {
        source->events_count++;
        if (source->format == SIM_FORMAT_TRADES) {
            const sim_trade_row trade = source->trade;
            sim_replay_trade(
                sim, source->index, trade.price_e8, trade.qty_e8, trade.taker_side, trade.id);
            sim_house_synthetic(sim, source->index, shape, trade.price_e8, trade.taker_side);
            status = advance(source, err);
        } else if (source->format == SIM_FORMAT_CAPTURE) {
            play_frame(source, sim, ws);
            status = advance(source, err);
        } else {
            status = play_candle(source, sim, shape, err);
        }
    }
    return status;
}
