/* The schedules of faults for world.h: what each event of the queue does, and how a run is made
 * from its seed. */
#ifndef EXEC_TEST_SCHEDULE_H
#define EXEC_TEST_SCHEDULE_H

#include <stdio.h>

#include "domain/terms.h"
#include "tests/unit/execution/world.h"

#define FAULTS_NS (100 * CB_NS_PER_S)
#define QUIET_NS (150 * CB_NS_PER_S)
#define STEPS_MAX 200000

/* ---- the venue's side of the events ---- */

static void plan_trades(world *w, const model_order *order)
{
    /* Market orders meet the market at once, resting ones later, in one to three parts. */
    const bool is_market = cb_order_type_is_market(order->view.order_type);
    const uint32_t parts = 1 + (uint32_t)cb_prng_below(&w->venue.prng, 3);
    for (uint32_t i = 0; i < parts; i++) {
        const int64_t delay_ns =
            is_market ? (int64_t)i : model_between(&w->venue, 0, 20 * CB_NS_PER_S);
        world_at(w,
            w->now_ns + delay_ns,
            WORLD_TRADE,
            i + 1 == parts ? 1 : 0,
            0,
            order->view.venue_order_id,
            sizeof(order->view.venue_order_id));
    }
}

static void at_gate(world *w, const world_post *post)
{
    const world_row *row = world_row_of(w, post->order.intent_id);
    if (w->now_ns > post->order.sign_ts_ns + row->window_ns) {
        world_placed(w, post, CB_NS_PER_MS, CB_ANSWER_REJECTED, NULL);
        return;
    }
    /* Past the gate it may sit in the engine for as long as the venue documents. */
    const bool is_stuck = w->venue.has_faults && model_chance(&w->venue, 8);
    const int64_t delay_ns =
        model_between(&w->venue, 0, is_stuck ? 20 * CB_NS_PER_S : 5 * CB_NS_PER_MS);
    world_at(w, w->now_ns + delay_ns, WORLD_ENGINE, 0, 0, post, sizeof(*post));
}

static cb_venue_order wanted_view(const cb_order *order)
{
    cb_venue_order view = rig_venue_view(order, "", CB_ORDER_STATE_OPEN, 0);
    return view;
}

static void at_engine(world *w, const world_post *post)
{
    const bool answers = !w->venue.has_faults || !model_chance(&w->venue, 8);
    if (model_chance(&w->venue, 8)) {
        if (answers) {
            world_placed(w, post, CB_NS_PER_MS, CB_ANSWER_REJECTED, NULL);
        }
        return;
    }
    model_order *known = model_find(&w->venue, post->order.client_order_id, "");
    if (known != NULL) {
        known->posts_count++; /* found by the check at the end */
        return;
    }
    const cb_venue_order wanted = wanted_view(&post->order);
    const model_order *order = model_open(&w->venue, &wanted, false);
    world_report(w, order, NULL);
    if (answers) {
        world_placed(w,
            post,
            model_between(&w->venue, CB_NS_PER_MS, 40 * CB_NS_PER_MS),
            CB_ANSWER_ACCEPTED,
            &order->view);
    }
    plan_trades(w, order);
}

static void at_trade(world *w, const world_event *event)
{
    model_order *order = model_find(&w->venue, "", (const char *)event->body);
    assert_non_null(order);
    if (cb_order_is_terminal(order->view.state)) {
        return;
    }
    const bool is_last = event->type == 1;
    const bool expires = is_last && model_chance(&w->venue, 20);
    if (expires) {
        model_note(&w->venue, order, CB_ORDER_STATE_EXPIRED);
        world_report(w, order, NULL);
        return;
    }
    const int64_t left_e8 = order->view.qty.e8 - order->view.cum_qty.e8;
    const int64_t part_e8 = is_last ? left_e8 : left_e8 / 2;
    if (part_e8 > 0) {
        const cb_venue_trade *trade = model_execute(&w->venue, order, part_e8);
        world_report(w, order, trade);
    }
}

static void cancel_one(world *w, model_order *order)
{
    if (!cb_order_is_terminal(order->view.state)) {
        model_note(&w->venue, order, CB_ORDER_STATE_CANCELED);
        world_report(w, order, NULL);
    }
}

static void at_cancel(world *w, const world_event *event)
{
    const exec_read *read = (const exec_read *)(const void *)event->body;
    const bool is_all = event->type == EXEC_REQUEST_CANCEL_ALL;
    exec_order_answer answer = {.tag = read->tag,
        .intent_id = read->intent_id,
        .answer_class = CB_ANSWER_ACCEPTED,
        .retry_after_s = -1};
    for (uint32_t i = 0; is_all && i < w->venue.orders_count; i++) {
        cancel_one(w, &w->venue.orders[i]);
    }
    if (!is_all) {
        model_order *order = model_find(&w->venue, read->client_order_id, read->venue_order_id);
        const bool is_gone = order == NULL || cb_order_is_terminal(order->view.state);
        answer.answer_class = is_gone ? CB_ANSWER_REJECTED : CB_ANSWER_ACCEPTED;
        if (!is_gone) {
            cancel_one(w, order);
            answer.has_order = true;
            answer.order = order->view;
        }
    }
    if (w->venue.has_faults && model_chance(&w->venue, 15)) {
        answer.answer_class = CB_ANSWER_UNKNOWN;
        answer.has_order = false;
    }
    world_at(w,
        w->now_ns + CB_NS_PER_MS,
        WORLD_FEED,
        is_all ? EXEC_EVENT_CANCELED_ALL : EXEC_EVENT_CANCELED,
        event->life,
        &answer,
        sizeof(answer));
}

static void at_external(world *w)
{
    cb_venue_order view = {.side = CB_SIDE_SELL,
        .order_type = model_chance(&w->venue, 50) ? CB_ORDER_TYPE_MARKET : CB_ORDER_TYPE_LIMIT,
        .tif = CB_TIF_GTC,
        .qty = {CB_E8 / 2},
        .price = {31000 * CB_E8}};
    memcpy(view.symbol, "BTCUSDT", 8);
    (void)snprintf(
        view.client_order_id, sizeof(view.client_order_id), "web_%u", w->venue.orders_count);
    const model_order *order = model_open(&w->venue, &view, true);
    world_report(w, order, NULL);
    plan_trades(w, order);
}

/* ---- the bus and the operator ---- */

static void at_permit(world *w, const world_event *event)
{
    uint32_t index = event->type;
    if (w->is_permit_done[index]) {
        return;
    }
    const cb_permit permit = w->permits[index];
    if (w->is_alive && world_step_committed(w, CB_MSG_PERMIT, &permit, sizeof(permit))) {
        w->is_permit_done[index] = true;
        return;
    }
    world_at(w, w->now_ns + CB_NS_PER_S, WORLD_PERMIT, index, 0, NULL, 0);
}

/* The latch of risk: version 1 raises, version 2 lowers; delivered until committed. */
static void at_kill(world *w, const world_event *event)
{
    const cb_kill kill = {.scope = "*",
        .level = event->type,
        .version = event->type == 0 ? 2 : 1,
        .raised_ns = event->at_ns};
    if (!w->is_alive || !world_step_committed(w, CB_MSG_KILL, &kill, sizeof(kill))) {
        world_at(w, w->now_ns + CB_NS_PER_S, WORLD_KILL, event->type, 0, NULL, 0);
    }
}

static void at_market(world *w)
{
    if (w->is_alive) {
        w->process.now_ns = w->now_ns;
        const cb_instrument btc = rig_instrument("BTCUSDT", "BTC");
        world_step(w, CB_MSG_INSTRUMENT, &btc, sizeof(btc));
    }
    if (w->is_alive) {
        cb_ticker ticker = {.bid = {30000 * CB_E8}, .ask = {30001 * CB_E8}, .recv_ns = w->now_ns};
#ifdef WORLD_BID /* a market that moves */
        ticker.bid.e8 = WORLD_BID(w);
        ticker.ask.e8 = ticker.bid.e8 + CB_E8;
#endif
        memcpy(ticker.venue, "binance", 8);
        memcpy(ticker.symbol, "BTCUSDT", 8);
        world_step(w, CB_MSG_TICKER, &ticker, sizeof(ticker));
    }
    world_at(w, w->now_ns + 4 * CB_NS_PER_S, WORLD_MARKET, 0, 0, NULL, 0);
}

static void at_feed(world *w, const world_event *event)
{
    if (!w->is_alive || event->life != w->life) {
        return;
    }
    if (event->type == EXEC_EVENT_PLACED) {
        const exec_order_answer *answer = (const exec_order_answer *)(const void *)event->body;
        world_row *row = world_row_of(w, answer->intent_id);
        if (row->is_answered) {
            return;
        }
        row->is_answered = true;
    }
    if (event->type == EXEC_EVENT_STREAM) {
        w->connection = ++w->connections;
        if (w->venue.has_faults && model_chance(&w->venue, 60)) {
            const exec_stream down = {.is_up = false};
            world_at(w,
                w->now_ns + model_between(&w->venue, CB_NS_PER_S, 30 * CB_NS_PER_S),
                WORLD_STREAM,
                EXEC_EVENT_STREAM,
                w->connection,
                &down,
                sizeof(down));
        }
    }
    world_step(w, event->type, event->body, event->size);
}

static void at_stream(world *w, const world_event *event)
{
    if (!w->is_alive || event->life != w->connection) {
        return;
    }
    if (event->type == EXEC_EVENT_STREAM) {
        w->connection = 0;
    }
    world_step(w, event->type, event->body, event->size);
}

static void world_handle(world *w, const world_event *event)
{
    switch (event->kind) {
    case WORLD_FEED:
        at_feed(w, event);
        return;
    case WORLD_STREAM:
        at_stream(w, event);
        return;
    case WORLD_ARRIVE:
        at_gate(w, (const world_post *)(const void *)event->body);
        return;
    case WORLD_ENGINE:
        at_engine(w, (const world_post *)(const void *)event->body);
        return;
    case WORLD_TRADE:
        at_trade(w, event);
        return;
    case WORLD_CANCEL:
        at_cancel(w, event);
        return;
    case WORLD_PERMIT:
        at_permit(w, event);
        return;
    case WORLD_MARKET:
        at_market(w);
        return;
    case WORLD_RESTART:
        world_start_process(w);
        return;
    case WORLD_EXTERNAL:
        at_external(w);
        return;
    case WORLD_KILL:
        at_kill(w, event);
        return;
    }
}

/* ---- running ---- */

static bool next_event(world *w, world_event *out)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < w->events_count; i++) {
        const world_event *event = &w->events[i];
        if (best == UINT32_MAX || event->at_ns < w->events[best].at_ns ||
            (event->at_ns == w->events[best].at_ns && event->order < w->events[best].order)) {
            best = i;
        }
    }
    if (best == UINT32_MAX) {
        return false;
    }
    *out = w->events[best];
    w->events[best] = w->events[--w->events_count];
    return true;
}

static void run_timer(world *w)
{
    const cb_timer_event timer = {.timer_id = 1, .due_ns = w->timer_due_ns};
    if (w->timer_due_ns > w->now_ns) {
        w->now_ns = w->timer_due_ns;
    }
    w->venue.now_ns = w->now_ns;
    w->timer_due_ns = 0;
    world_step(w, CB_EVENT_TIMER, &timer, sizeof(timer));
}

static void run_until(world *w, int64_t until_ns)
{
    for (uint32_t steps = 0; steps < STEPS_MAX; steps++) {
        world_event event;
        if (!next_event(w, &event)) {
            fail_msg("%s", "the market never ends");
            return;
        }
        const bool is_timer_first =
            w->is_alive && w->timer_due_ns != 0 && w->timer_due_ns <= event.at_ns;
        const int64_t at_ns = is_timer_first ? w->timer_due_ns : event.at_ns;
        if (at_ns > until_ns || is_timer_first) {
            w->events[w->events_count++] = event;
        }
        if (at_ns > until_ns) {
            w->now_ns = until_ns;
            w->venue.now_ns = until_ns;
            return;
        }
        if (is_timer_first) {
            run_timer(w);
            continue;
        }
        w->now_ns = event.at_ns;
        w->venue.now_ns = w->now_ns;
        world_handle(w, &event);
        free(event.body);
    }
    fail_msg("the schedule does not end: something turns in a circle");
}

/* ---- the schedule ---- */

static void plan_permits(world *w)
{
    const uint32_t count = 20 + (uint32_t)cb_prng_below(&w->venue.prng, 20);
    for (uint32_t i = 0; i < count; i++) {
        const int64_t at_ns = w->now_ns + model_between(&w->venue, 0, FAULTS_NS);
        w->process.now_ns = at_ns;
        cb_permit permit = rig_permit(&w->process);
        permit.permit_id.lo = i + 1;
        permit.intent_id.lo = i + 1;
        permit.expires_ns = at_ns + 20 * CB_NS_PER_S;
        if (model_chance(&w->venue, 60)) {
            permit.order_type = CB_ORDER_TYPE_LIMIT;
            permit.tif = CB_TIF_GTC;
            permit.limit_price.e8 = 29000 * CB_E8;
        }
#ifdef WORLD_GROUPS /* brackets and OCOs among them */
        WORLD_GROUPS(w, &permit);
#endif
        rig_sign(&permit);
        w->permits[i] = permit;
        w->permits_count++;
        world_at(w, at_ns, WORLD_PERMIT, i, 0, NULL, 0);
    }
}

static void plan_rest(world *w)
{
    const uint32_t externals = (uint32_t)cb_prng_below(&w->venue.prng, 4);
    for (uint32_t i = 0; i < externals; i++) {
        world_at(w,
            w->now_ns + model_between(&w->venue, 5 * CB_NS_PER_S, FAULTS_NS),
            WORLD_EXTERNAL,
            0,
            0,
            NULL,
            0);
    }
    if (model_chance(&w->venue, 25)) {
        const int64_t at_ns = w->now_ns + model_between(&w->venue, 0, FAULTS_NS / 2);
        world_at(w, at_ns, WORLD_KILL, 2, 0, NULL, 0);
        world_at(w, at_ns + 20 * CB_NS_PER_S, WORLD_KILL, 0, 0, NULL, 0);
    }
    world_at(w, w->now_ns, WORLD_MARKET, 0, 0, NULL, 0);
}

RIG_UNUSED static world *world_run(uint64_t seed)
{
    world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->now_ns = RIG_START_NS;
    w->hash = CB_HASH_SEED;
    w->venue.now_ns = w->now_ns;
    w->venue.has_faults = true;
    cb_prng_init(&w->venue.prng, seed);
    plan_permits(w);
    plan_rest(w);
    world_start_process(w);
    run_until(w, RIG_START_NS + FAULTS_NS);
    w->venue.has_faults = false;
    for (uint32_t i = 0; i < w->venue.orders_count; i++) {
        if (w->venue.orders[i].is_external) {
            cancel_one(w, &w->venue.orders[i]); /* ours are canceled by their own timeout */
        }
    }
    run_until(w, RIG_START_NS + FAULTS_NS + QUIET_NS);
    return w;
}

RIG_UNUSED static void world_end(world *w)
{
    for (uint32_t i = 0; i < w->events_count; i++) {
        free(w->events[i].body);
    }
    if (w->is_alive) {
        rig_stop(&w->process);
    }
    free(w);
}

#endif /* EXEC_TEST_SCHEDULE_H */
