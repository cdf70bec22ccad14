/* Conflation: a minute in which nothing can happen is taken as a whole. Its trades, quotes and book
 * changes are not told to anybody, because nobody would do anything but overwrite them with the
 * next; what they would leave behind is put in place when somebody looks. The candle's close is
 * delivered as always.
 *
 * A minute is quiet when, for every symbol: the exchange holds no order; execution has nothing
 * open; signals' guard is out of reach of every quote; no timer of risk or execution falls into
 * it; and the validator says that all of it would pass without a warning. Otherwise the minute is
 * played and told message by message. tests/unit/lab plays random history and strategies both ways
 * and compares everything that was decided, executed and booked. */
#include <string.h>

#include "base/strview.h"
#include "services/lab/core/chain_internal.h"
#include "services/signals/core/quiet.h"
#include "services/simulator/core/history.h"
#include "services/validator/core/quiet.h"

#define MINUTE_NS (60 * CB_NS_PER_S)
#define AVERAGE_MINUTES                                                                            \
    8U                       /* of the past that the exchange's filters may ask for, and some more \
                              */
#define QUOTE_LEAST_E8 CB_E8 /* a candle worth less may round to a warning */

/* What a minute would tell. */
typedef struct minute_view {
    sim_step steps[SIM_PATH_MAX];
    uint32_t steps_count;
    bool is_changed[SIM_PATH_MAX]; /* the step moves quotes and book */
    uint64_t tickers_count;
    int64_t changed_ns; /* the last of them */
    int64_t bid_e8;     /* at its end */
    int64_t ask_e8;
    int64_t low_e8; /* of all quotes */
    int64_t high_e8;
    int64_t quote_e8; /* of the whole candle */
    uint64_t trades_count;
} minute_view;

/* ---- what would be told ---- */

static void quotes_of(
    const lab_chain *chain, uint32_t symbol, const sim_step *step, int64_t *bid, int64_t *ask)
{
    const int64_t spread_e8 = (int64_t)chain->symbols[symbol].shape.spread_ticks *
                              chain->sim->symbols[symbol].spec.tick_e8;
    *bid = step->taker_side == CB_SIDE_SELL ? step->price_e8 : step->price_e8 - spread_e8;
    *ask = step->taker_side == CB_SIDE_SELL ? step->price_e8 + spread_e8 : step->price_e8;
}

/* Figures of the candle as it will close: those of the record, or of its path. */
static bool total_of(const sim_candle_row *row, minute_view *view)
{
    int64_t sum_e8 = 0;
    for (uint32_t i = 0; i < view->steps_count; i++) {
        int64_t quote_e8 = 0;
        if (cb_mul_e8(
                view->steps[i].price_e8, view->steps[i].qty_e8, CB_ROUND_DOWN, &quote_e8, NULL) !=
                CB_OK ||
            quote_e8 < QUOTE_LEAST_E8) {
            return false;
        }
        sum_e8 += quote_e8;
    }
    view->quote_e8 = row->has_totals ? row->quote_volume_e8 : sum_e8;
    view->trades_count = row->has_totals && row->trades_count > view->steps_count
                             ? row->trades_count
                             : view->steps_count;
    return true;
}

/* A level of the synthetic book that no order stands in. */
static bool is_plain(
    const sim_synthetic *shape, const sim_spec *spec, int64_t price_e8, int64_t qty_e8)
{
    int64_t plain_e8 = 0;
    if (price_e8 <= 0 ||
        cb_div_e8(shape->depth_quote_e8, price_e8, CB_ROUND_DOWN, &plain_e8, NULL) != CB_OK) {
        return false;
    }
    plain_e8 -= plain_e8 % spec->step_e8;
    return qty_e8 == (plain_e8 == 0 ? spec->step_e8 : plain_e8);
}

/* The quote that was told last is the market's own: an order that stood in it would be told to have
 * gone although the price stays. */
static bool is_told_plain(const lab_chain *chain, uint32_t symbol)
{
    const sim_symbol *at = &chain->sim->symbols[symbol];
    const sim_synthetic *shape = &chain->symbols[symbol].book_shape;
    return is_plain(shape, &at->spec, at->ticker_e8[0], at->ticker_e8[1]) &&
           is_plain(shape, &at->spec, at->ticker_e8[2], at->ticker_e8[3]);
}

/* The book keeps its depth; the spread moves quotes, which is looked at by itself. */
static bool is_as_deep(const chain_symbol *symbol)
{
    const sim_synthetic *told =
        symbol->quiet.bars_count > 0 ? &symbol->quiet.shape : &symbol->book_shape;
    return told->depth_quote_e8 == symbol->shape.depth_quote_e8 &&
           told->levels == symbol->shape.levels && told->gap_ticks == symbol->shape.gap_ticks;
}

static bool look(const lab_chain *chain, uint32_t symbol, minute_view *view)
{
    const chain_source *source = &chain->symbols[symbol].source;
    const chain_quiet *quiet = &chain->symbols[symbol].quiet;
    const sim_player *player = &source->player;
    if (!source->is_candle || player->interval_ns != MINUTE_NS || player->steps_at != 0 ||
        player->steps_count == 0 || !is_as_deep(&chain->symbols[symbol]) ||
        (quiet->bars_count == 0 && !is_told_plain(chain, symbol))) {
        return false;
    }
    memcpy(view->steps, player->steps, sizeof(view->steps));
    view->steps_count = player->steps_count;
    view->tickers_count = 0;
    const int64_t *told_e8 = chain->sim->symbols[symbol].ticker_e8;
    view->bid_e8 = quiet->bars_count > 0 ? quiet->tick_bid_e8 : told_e8[0];
    view->ask_e8 = quiet->bars_count > 0 ? quiet->tick_ask_e8 : told_e8[2];
    view->low_e8 = INT64_MAX;
    view->high_e8 = 0;
    for (uint32_t i = 0; i < view->steps_count; i++) {
        int64_t bid_e8 = 0;
        int64_t ask_e8 = 0;
        quotes_of(chain, symbol, &view->steps[i], &bid_e8, &ask_e8);
        view->is_changed[i] = bid_e8 != view->bid_e8 || ask_e8 != view->ask_e8;
        view->tickers_count += view->is_changed[i] ? 1U : 0U;
        view->changed_ns = view->is_changed[i] ? view->steps[i].ts_ns : view->changed_ns;
        view->bid_e8 = bid_e8;
        view->ask_e8 = ask_e8;
        view->low_e8 = bid_e8 < view->low_e8 ? bid_e8 : view->low_e8;
        view->high_e8 = ask_e8 > view->high_e8 ? ask_e8 : view->high_e8;
    }
    return view->low_e8 > 0 && total_of(&player->candle, view);
}

/* ---- whether anybody would do anything ---- */

static bool is_account_quiet(const lab_chain *chain, const chain_account *account, int64_t close_ns)
{
    const chain_service *risk = &account->services[CHAIN_RISK];
    const chain_service *execution = &account->services[CHAIN_EXECUTION];
    CB_MAYBE(close_ns > chain->now_ns);
    return risk->due_ns == INT64_MAX && exec_quotes_are_idle(execution->state) &&
           chain->sim->accounts[account->sim_account].open_count == 0;
}

static void fill_candle(
    lab_chain *chain, uint32_t symbol, const minute_view *view, cb_candle *candle)
{
    const sim_candle_row *row = &chain->symbols[symbol].source.player.candle;
    candle->open_ts_ns = row->open_ns;
    candle->close_ts_ns = row->open_ns + MINUTE_NS;
    candle->open.e8 = row->open_e8;
    candle->high.e8 = row->high_e8;
    candle->low.e8 = row->low_e8;
    candle->close.e8 = row->close_e8;
    candle->volume.e8 = row->volume_e8;
    candle->quote_volume.e8 = view->quote_e8;
    candle->trades_count = view->trades_count;
    candle->recv_ns = candle->close_ts_ns;
    candle->env.origin_ns = candle->close_ts_ns;
}

static bool is_symbol_quiet(lab_chain *chain, uint32_t symbol, const minute_view *view)
{
    const sim_symbol *at = &chain->sim->symbols[symbol];
    const int64_t open_ns = chain->symbols[symbol].source.player.candle.open_ns;
    /* What an order has just taken is told when the first symbol's events are. */
    const bool is_book_whole = symbol == 0 || at->consumed_count == 0;
    if (!is_book_whole || at->stop_first != SIM_NONE || at->status != SIM_SYMBOL_TRADING ||
        (at->live[SIM_INTERVAL_1M].open_ns != 0) ||
        !collector_market_is_whole(chain->collector, symbol)) {
        return false;
    }
    for (uint32_t a = 0; a < chain->accounts_count; a++) {
        if (!signals_quiet_may(chain->accounts[a].services[CHAIN_SIGNALS].state,
                symbol,
                open_ns,
                view->low_e8,
                view->high_e8)) {
            return false;
        }
    }
    return true;
}

/* ---- the beginning of a minute ---- */

static void open_quiet(lab_chain *chain, uint32_t index, const minute_view *view)
{
    chain_symbol *symbol = &chain->symbols[index];
    chain_quiet *quiet = &symbol->quiet;
    const sim_step *last = &view->steps[view->steps_count - 1];
    if (quiet->bars_count == 0) {
        quiet->first_row = symbol->source.at - 1;
    }
    quiet->is_open = true;
    quiet->is_market_late = true;
    quiet->bars_count++;
    quiet->trades_count += view->steps_count;
    quiet->last = *last;
    quiet->shape = symbol->shape;
    quiet->tick_bid_e8 = view->bid_e8;
    quiet->tick_ask_e8 = view->ask_e8;
    quiet->counts_count = view->steps_count;
    for (uint32_t i = 0; i < view->steps_count; i++) {
        /* A trade and the open candle; with other quotes also ticker, diff and book. */
        quiet->counts[i] = (validator_count){view->steps[i].ts_ns, view->is_changed[i] ? 5U : 2U};
    }
    for (uint32_t a = 0; a < chain->accounts_count; a++) {
        chain->accounts[a].services[CHAIN_EXECUTION].late |= 1U << index;
        chain->accounts[a].services[CHAIN_EXECUTION].late_book |= 1U << index;
    }
    symbol->ok[CB_SUBJECT_MD_OK_CANDLE].count += view->steps_count;
    symbol->ok[CB_SUBJECT_MD_OK_TICKER].count += view->tickers_count;
    cb_ticker *ticker = &quiet->ticker;
    if (view->tickers_count > 0) {
        ticker->env.seq = symbol->ok[CB_SUBJECT_MD_OK_TICKER].count;
        ticker->env.event_id.lo = ticker->env.seq;
        ticker->env.ts_ns = view->changed_ns;
        ticker->env.origin_ns = view->changed_ns;
        ticker->recv_ns = view->changed_ns;
        ticker->bid.e8 = view->bid_e8;
        ticker->ask.e8 = view->ask_e8;
    }
}

bool chain_quiet_begin(lab_chain *chain)
{
    minute_view views[LAB_CHAIN_SYMBOLS_MAX];
    const int64_t now_ns = chain->now_ns;
    const int64_t close_ns = now_ns + MINUTE_NS;
    uint32_t count = 0;
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        const chain_source *source = &chain->symbols[i].source;
        if (source->next_ns >= close_ns && !chain->symbols[i].quiet.is_open) {
            continue; /* it has no candle in this minute */
        }
        if (source->player.candle.open_ns != now_ns || !look(chain, i, &views[i]) ||
            !is_symbol_quiet(chain, i, &views[i])) {
            return false;
        }
        count++;
    }
    for (uint32_t a = 0; a < chain->accounts_count; a++) {
        if (!is_account_quiet(chain, &chain->accounts[a], close_ns)) {
            return false;
        }
    }
    if (count == 0 || count != chain->symbols_count) {
        return false; /* a gap is told as it is */
    }
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        fill_candle(chain, i, &views[i], &chain->symbols[i].quiet.candle);
        const validator_span span = {
            &chain->symbols[i].quiet.candle, views[i].low_e8, views[i].high_e8};
        if (!validator_quiet_may(chain->validator.state, i, &span)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        validator_quiet_take(chain->validator.state, i, &chain->symbols[i].quiet.candle);
        open_quiet(chain, i, &views[i]);
        chain_play_advance(chain, i);
    }
    chain->validator.due_ns = INT64_MAX; /* scores are made here until messages are told again */
    return true;
}

/* ---- the exchange's past ---- */

/* The last minutes as the exchange's own past: its filters ask for their average. */
static void push_minutes(lab_chain *chain, uint32_t index, uint64_t at, uint64_t rows_end)
{
    const chain_source *source = &chain->symbols[index].source;
    const lab_candles *from = source->config->candles;
    const uint64_t least = rows_end > AVERAGE_MINUTES ? rows_end - AVERAGE_MINUTES : 0;
    for (at = at < least ? least : at; at < rows_end; at++) {
        minute_view view;
        sim_player player = source->player;
        player.candle = chain_play_row(from, at);
        CB_MAYBE(sim_player_begin(&player));
        memcpy(view.steps, player.steps, sizeof(view.steps));
        view.steps_count = player.steps_count;
        const bool is_whole = total_of(&player.candle, &view);
        CB_ASSERT(is_whole);
        const sim_candle minute = {.open_ns = player.candle.open_ns,
            .open_e8 = player.candle.open_e8,
            .high_e8 = player.candle.high_e8,
            .low_e8 = player.candle.low_e8,
            .close_e8 = player.candle.close_e8,
            .volume_e8 = player.candle.volume_e8,
            .quote_volume_e8 = view.quote_e8,
            .trades_count = view.trades_count,
            .first_id = 1,
            .last_id = view.trades_count};
        sim_history_preload(chain->sim, index, &minute);
    }
    for (uint32_t i = 0; i < SIM_INTERVAL_COUNT; i++) {
        chain->sim->symbols[index].live[i] = (sim_candle){0}; /* of streams that nobody reads */
    }
}

/* ---- its end ---- */

static void make_score(chain_symbol *symbol, int64_t now_ns)
{
    cb_quality_score *score = &symbol->quiet.score;
    score->env.ts_ns = now_ns;
    score->score.e8 = CB_E8;
    score->is_book_valid = true;
    score->is_stale = false;
    score->last_data_ns = symbol->quiet.last.ts_ns;
}

void chain_quiet_ripen(lab_chain *chain)
{
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        chain_quiet *quiet = &chain->symbols[i].quiet;
        if (!quiet->is_open || quiet->candle.close_ts_ns > chain->now_ns) {
            continue;
        }
        make_score(&chain->symbols[i], chain->now_ns);
        for (uint32_t a = 0; a < chain->accounts_count; a++) {
            chain_service *services = chain->accounts[a].services;
            signals_quiet_take(services[CHAIN_SIGNALS].state, i, &quiet->ticker, &quiet->score);
            services[CHAIN_RISK].late |= 1U << i;
        }
    }
}

bool chain_quiet_close(lab_chain *chain, uint32_t index)
{
    chain_symbol *symbol = &chain->symbols[index];
    chain_quiet *quiet = &symbol->quiet;
    cb_candle *candle = &quiet->candle;
    if (!quiet->is_open || candle->close_ts_ns > chain->now_ns) {
        return false;
    }
    quiet->is_open = false;
    if (quiet->is_row_due) {
        push_minutes(chain, index, quiet->row_due, quiet->row_due + 1);
        quiet->is_row_due = false;
    }
    candle->env.seq = ++symbol->ok[CB_SUBJECT_MD_OK_CANDLE].count;
    candle->env.event_id.lo = candle->env.seq;
    candle->env.ts_ns = chain->now_ns;
    symbol->bar_high_e8 = candle->high.e8;
    symbol->bar_low_e8 = candle->low.e8;
    symbol->bar_close_e8 = candle->close.e8;
    symbol->bar_volume_e8 = candle->volume.e8;
    chain->bars_count += index == 0 ? 1U : 0U;
    for (uint32_t a = 0; a < chain->accounts_count; a++) {
        chain_service *services = chain->accounts[a].services;
        chain_step(chain, &services[CHAIN_SIGNALS], CB_MSG_CANDLE, candle, sizeof(*candle));
        /* Of a candle risk takes the mark alone: its quotes may be late. */
        chain_step_now(chain, &services[CHAIN_RISK], CB_MSG_CANDLE, candle, sizeof(*candle));
        chain_step(chain, &services[CHAIN_PORTFOLIO], CB_MSG_CANDLE, candle, sizeof(*candle));
    }
    return true;
}

/* ---- bringing others up to date ---- */

void chain_quiet_deliver(lab_chain *chain, chain_service *service)
{
    const uint32_t late = service->late;
    service->late = 0;
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        const chain_quiet *quiet = &chain->symbols[i].quiet;
        if ((late & (1U << i)) == 0) {
            continue;
        }
        if (service->core == CHAIN_RISK) {
            chain_step_now(
                chain, service, CB_MSG_QUALITY_SCORE, &quiet->score, sizeof(quiet->score));
        }
        chain_step_now(chain, service, CB_MSG_TICKER, &quiet->ticker, sizeof(quiet->ticker));
    }
}

void chain_quiet_deliver_books(lab_chain *chain, chain_service *service)
{
    const uint32_t late = service->late_book;
    service->late_book = 0;
    chain_quiet_sync_exchange(chain);
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        if ((late & (1U << i)) != 0) {
            cb_book *book = chain->raw_book;
            chain_market_book(chain, i, book);
            book->recv_ns = chain->symbols[i].quiet.last.ts_ns;
            book->venue_ts_ns = book->recv_ns;
            chain_step_now(chain, service, CB_MSG_BOOK, book, sizeof(*book));
        }
    }
}

static void forget_changes(sim_changes *changes)
{
    changes->update_first = 0;
    changes->counts[0] = 0;
    changes->counts[1] = 0;
}

static void sync_symbol(lab_chain *chain, uint32_t index)
{
    chain_symbol *at = &chain->symbols[index];
    chain_quiet *quiet = &at->quiet;
    sim_symbol *symbol = &chain->sim->symbols[index];
    if (quiet->bars_count == 0) {
        return;
    }
    const uint64_t rows_end = quiet->first_row + quiet->bars_count;
    if (quiet->is_open) {
        quiet->is_row_due = true; /* it is not over yet */
        quiet->row_due = rows_end - 1;
    }
    push_minutes(chain, index, quiet->first_row, quiet->is_open ? rows_end - 1 : rows_end);
    symbol->trades_count += quiet->trades_count;
    symbol->last_price_e8 = quiet->last.price_e8;
    symbol->last_qty_e8 = quiet->last.qty_e8;
    chain->sim->is_muted = true;
    at->book_shape = quiet->shape;
    sim_house_synthetic(
        chain->sim, index, &at->book_shape, quiet->last.price_e8, quiet->last.taker_side);
    sim_tell_ticker(chain->sim, symbol);
    chain->sim->is_muted = false;
    forget_changes(&symbol->fast);
    forget_changes(&symbol->slow);
    quiet->bars_count = 0;
    quiet->trades_count = 0;
}

void chain_quiet_sync_exchange(lab_chain *chain)
{
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        sync_symbol(chain, i);
    }
}

/* The collector's book is the exchange's, as after a snapshot. */
static void sync_collector(lab_chain *chain, uint32_t index)
{
    const sim_symbol *symbol = &chain->sim->symbols[index];
    collector_symbol *to = &chain->collector->symbols[index];
    const chain_quiet *quiet = &chain->symbols[index].quiet;
    cb_venue_depth depth;
    chain_market_depth(chain, index, &depth);
    cb_order_book_reset(&to->book.book);
    const bool is_loaded =
        cb_order_book_apply(&to->book.book, CB_SIDE_BUY, depth.bids, depth.bids_count, NULL) ==
            CB_OK &&
        cb_order_book_apply(&to->book.book, CB_SIDE_SELL, depth.asks, depth.asks_count, NULL) ==
            CB_OK;
    CB_ASSERT(is_loaded);
    to->book.update_id = symbol->update_id;
    to->book.delta_last_id = symbol->update_id;
    to->book.venue_ts_ns = quiet->last.ts_ns;
    to->ticker_id = symbol->ticker_update_id;
    to->trades.has_last = true;
    to->trades.last_id = symbol->trades_count;
    to->trades.next_id = symbol->trades_count + 1;
    to->candles.has_last = true;
    to->candles.last_open_ns = quiet->candle.open_ts_ns;
    to->candles.next_open_ns = quiet->candle.close_ts_ns;
}

static void sync_market(lab_chain *chain, uint32_t index)
{
    chain_quiet *quiet = &chain->symbols[index].quiet;
    const sim_symbol *symbol = &chain->sim->symbols[index];
    validator_traces traces = {.trade_id = symbol->trades_count,
        .trade_ts_ns = quiet->last.ts_ns,
        .ticker_update_id = symbol->ticker_update_id,
        .ticker_recv_ns = quiet->ticker.recv_ns,
        .book_update_id = symbol->update_id,
        .book_ts_ns = quiet->last.ts_ns,
        .last_data_ns = quiet->last.ts_ns,
        .counts_count = quiet->counts_count + 1};
    memcpy(traces.counts, quiet->counts, sizeof(quiet->counts));
    traces.counts[quiet->counts_count] = (validator_count){quiet->candle.close_ts_ns, 1};
    sync_collector(chain, index);
    validator_quiet_end(chain->validator.state, index, &traces);
    quiet->is_market_late = false;
}

void chain_quiet_sync(lab_chain *chain)
{
    bool is_late = false;
    chain_quiet_sync_exchange(chain);
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        CB_ASSERT(!chain->symbols[i].quiet.is_open);
        if (chain->symbols[i].quiet.is_market_late) {
            is_late = true;
            sync_market(chain, i);
        }
    }
    if (is_late) {
        chain_bus_wake(chain); /* its seconds tick again */
    }
}

/* ---- the beginning of everything ---- */

static void put_names(const lab_chain *chain, uint32_t symbol, char venue[12], char name[24])
{
    const bool fits = cb_text_copy(venue, 12, cb_sv_from(chain->venue->name));
    CB_ASSERT(fits);
    memcpy(name, chain->config->symbols[symbol].spec.symbol, 24);
}

static void put_envelope(cb_envelope *env, uint64_t id_hi)
{
    memcpy(env->producer, "validator", sizeof("validator"));
    env->epoch = 1;
    env->schema = 1;
    env->event_id.hi = id_hi;
}

void chain_quiet_init(lab_chain *chain)
{
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        chain_symbol *symbol = &chain->symbols[i];
        chain_quiet *quiet = &symbol->quiet;
        put_names(chain, i, quiet->candle.venue, quiet->candle.symbol);
        put_names(chain, i, quiet->ticker.venue, quiet->ticker.symbol);
        put_names(chain, i, quiet->score.venue, quiet->score.symbol);
        put_envelope(&quiet->candle.env, symbol->ok[CB_SUBJECT_MD_OK_CANDLE].id_hi);
        put_envelope(&quiet->ticker.env, symbol->ok[CB_SUBJECT_MD_OK_TICKER].id_hi);
        put_envelope(&quiet->score.env, symbol->ok[CB_SUBJECT_DQ_SCORE].id_hi);
        quiet->candle.interval_s = 60;
        quiet->candle.is_closed = true;
    }
}
