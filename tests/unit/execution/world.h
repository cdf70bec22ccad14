/* The execution core with a database that keeps what was committed, a shell that may die between
 * any two things it does, and the venue of venue_model.h: one run is one schedule of faults. */
#ifndef EXEC_TEST_WORLD_H
#define EXEC_TEST_WORLD_H

#include "base/hash.h"
#include "domain/bodyhash.h"
#include "tests/unit/execution/venue_model.h"

#define WORLD_EVENTS_MAX 4096
#define WORLD_ROWS_MAX 256
#define WORLD_FILLS_MAX 1024
#define WORLD_PERMITS_MAX 128
#define WORLD_DEPTH_MAX 4
#ifndef WORLD_ORDERS_MAX
#define WORLD_ORDERS_MAX 64
#endif

typedef enum world_kind {
    WORLD_FEED,   /* an event for the core, if the process that waits for it still lives */
    WORLD_STREAM, /* a user event, if that connection still lives */
    WORLD_ARRIVE, /* a POST reaches the venue's gate */
    WORLD_ENGINE, /* … and its engine */
    WORLD_TRADE,  /* the market meets a resting order */
    WORLD_CANCEL, /* a cancel reaches the venue */
    WORLD_PERMIT, /* the bus delivers a permit (again, until it is committed) */
    WORLD_MARKET, /* tickers */
    WORLD_RESTART,
    WORLD_EXTERNAL,
    WORLD_KILL
} world_kind;

typedef struct world_event {
    int64_t at_ns;
    uint64_t order; /* of equal times, the one made first */
    world_kind kind;
    uint32_t type; /* FEED: event type */
    uint64_t life; /* FEED: process, STREAM: connection */
    uint32_t size;
    uint8_t *body; /* [owned] */
} world_event;

/* A row of orders: what the tables of the migration keep. */
typedef struct world_row {
    cb_order order;
    int64_t window_ns;
    bool is_claim_untold; /* claimed; no version has told of it yet */
    bool is_answered;     /* its POST: the client takes one answer, the first or its own timeout */
} world_row;

typedef struct world {
    rig process;
    bool is_alive;
    uint64_t life;       /* of the process */
    uint64_t connection; /* of the user stream; 0 = none */
    uint64_t connections;
    model venue;
    int64_t now_ns;
    int64_t faults_until_ns;
    uint64_t events_made;
    uint32_t events_count;
    world_event events[WORLD_EVENTS_MAX];
    /* the database */
    uint64_t lease_epoch;
    uint32_t rows_count;
    world_row rows[WORLD_ROWS_MAX];
    uint32_t fills_count;
    cb_fill fills[WORLD_FILLS_MAX];
    uint32_t kills_count;
    exec_kill_row kills[64];
    uint32_t marks_count;
    exec_mark_row marks[8];
    uint32_t instruments_count;
    cb_instrument instruments[8];
    uint32_t permits_count;
    bool is_permit_done[WORLD_PERMITS_MAX];
    cb_permit permits[WORLD_PERMITS_MAX];
    int64_t timer_due_ns;
    uint32_t crashes;
    uint32_t resolved_absent;
    uint32_t unknowns;
    uint32_t depth; /* steps whose effects are being carried out */
    cb_outbox carried[WORLD_DEPTH_MAX];
    uint64_t hash; /* over everything that was published: equal seeds give equal hashes */
} world;

/* ---- the queue ---- */

static void world_at(world *w,
    int64_t at_ns,
    world_kind kind,
    uint32_t type,
    uint64_t life,
    const void *body,
    size_t size)
{
    assert_true(w->events_count < WORLD_EVENTS_MAX);
    world_event *event = &w->events[w->events_count++];
    *event = (world_event){.at_ns = at_ns,
        .order = ++w->events_made,
        .kind = kind,
        .type = type,
        .life = life,
        .size = (uint32_t)size};
    if (size > 0) {
        event->body = malloc(size);
        memcpy(event->body, body, size);
    }
}

static void world_answer(world *w, int64_t delay_ns, uint32_t type, const void *body, size_t size)
{
    world_at(w, w->now_ns + delay_ns, WORLD_FEED, type, w->life, body, size);
}

static int64_t world_latency(world *w)
{
    const bool is_slow = w->venue.has_faults && model_chance(&w->venue, 10);
    return model_between(&w->venue, CB_NS_PER_MS, is_slow ? 4 * CB_NS_PER_S : 30 * CB_NS_PER_MS);
}

/* ---- the user stream with its faults ---- */

static void world_stream_out(world *w, uint32_t type, const void *body, size_t size)
{
    if (w->connection == 0) {
        return;
    }
    const bool has_faults = w->venue.has_faults;
    const uint32_t copies = !has_faults                  ? 1
                            : model_chance(&w->venue, 6) ? 0
                            : model_chance(&w->venue, 6) ? 2
                                                         : 1;
    for (uint32_t i = 0; i < copies; i++) {
        const bool is_late = has_faults && model_chance(&w->venue, 15);
        const int64_t delay_ns =
            model_between(&w->venue, CB_NS_PER_MS, is_late ? 3 * CB_NS_PER_S : 5 * CB_NS_PER_MS);
        world_at(w, w->now_ns + delay_ns, WORLD_STREAM, type, w->connection, body, size);
    }
}

static void world_report(world *w, const model_order *order, const cb_venue_trade *trade)
{
    exec_report report = {.has_trade = trade != NULL, .order = order->view};
    if (trade != NULL) {
        report.trade = *trade;
    }
    world_stream_out(w, EXEC_EVENT_REPORT, &report, sizeof(report));
}

/* ---- the database ---- */

static world_row *world_row_of(world *w, cb_id intent_id)
{
    for (uint32_t i = 0; i < w->rows_count; i++) {
        if (cb_id_equal(w->rows[i].order.intent_id, intent_id)) {
            return &w->rows[i];
        }
    }
    return NULL;
}

/* What the migration's triggers refuse. */
static void world_upsert_order(world *w, const cb_order *order)
{
    world_row *row = world_row_of(w, order->intent_id);
    assert_int_equal(order->lease_epoch, w->lease_epoch);
    if (row == NULL) {
        assert_true(w->rows_count < WORLD_ROWS_MAX);
        assert_int_equal(order->version, 1);
        assert_true(order->state == CB_ORDER_STATE_READY || order->is_external);
        row = &w->rows[w->rows_count++];
        *row = (world_row){.order = *order};
        row->order.env.ts_ns = w->now_ns; /* as the runtime does */
        return;
    }
    const cb_order *before = &row->order;
    const bool is_told = before->state == CB_ORDER_STATE_SENDING &&
                         order->state == CB_ORDER_STATE_SENDING && row->is_claim_untold;
    assert_true(is_told || cb_order_can_move(before->state, order->state));
    assert_int_equal(order->version, before->version + 1);
    assert_true(order->cum_qty.e8 >= before->cum_qty.e8);
    assert_true(order->cum_qty.e8 <= order->qty.e8);
    assert_true(before->sign_ts_ns == 0 || before->sign_ts_ns == order->sign_ts_ns);
    assert_true(before->venue_order_id[0] == '\0' ||
                strcmp(before->venue_order_id, order->venue_order_id) == 0);
    assert_string_equal(before->client_order_id, order->client_order_id);
    assert_true(order->qty.e8 <= before->qty.e8);
    assert_true(before->triggered_ns == 0 || before->triggered_ns == order->triggered_ns);
    row->is_claim_untold = false;
    w->unknowns += order->state == CB_ORDER_STATE_UNKNOWN ? 1 : 0;
    w->resolved_absent +=
        order->state == CB_ORDER_STATE_NOT_SENT && before->state == CB_ORDER_STATE_UNKNOWN ? 1 : 0;
    row->order = *order;
    row->order.env.ts_ns = w->now_ns;
}

static void world_insert_fill(world *w, const cb_fill *fill)
{
    for (uint32_t i = 0; i < w->fills_count; i++) {
        const cb_fill *other = &w->fills[i];
        assert_false(other->trade_id == fill->trade_id && strcmp(other->symbol, fill->symbol) == 0);
    }
    assert_true(w->fills_count < WORLD_FILLS_MAX);
    assert_non_null(world_row_of(w, fill->intent_id));
    w->fills[w->fills_count++] = *fill;
}

static void world_upsert_kill(world *w, const exec_kill_row *kill)
{
    for (uint32_t i = 0; i < w->kills_count; i++) {
        if (strcmp(w->kills[i].scope, kill->scope) == 0 &&
            strcmp(w->kills[i].source, kill->source) == 0) {
            w->kills[i] = *kill;
            return;
        }
    }
    w->kills[w->kills_count++] = *kill;
}

static void world_upsert_mark(world *w, const exec_mark_row *mark)
{
    for (uint32_t i = 0; i < w->marks_count; i++) {
        if (strcmp(w->marks[i].symbol, mark->symbol) == 0) {
            assert_true(mark->mark >= w->marks[i].mark);
            assert_true(mark->baseline == w->marks[i].baseline);
            w->marks[i] = *mark;
            return;
        }
    }
    w->marks[w->marks_count++] = *mark;
}

static void world_upsert_instrument(world *w, const cb_instrument *instrument)
{
    for (uint32_t i = 0; i < w->instruments_count; i++) {
        if (strcmp(w->instruments[i].symbol, instrument->symbol) == 0) {
            w->instruments[i] = *instrument;
            return;
        }
    }
    w->instruments[w->instruments_count++] = *instrument;
}

/* The venue is honest: alarms that accuse it would be ours. */
static void world_check_difference(const exec_difference *row)
{
    const char *const allowed[] = {"missing_fill", "external_order"};
    bool is_allowed = false;
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        is_allowed = is_allowed || strcmp(row->kind, allowed[i]) == 0;
    }
    if (!is_allowed) {
        fail_msg("false alarm: %s %s", row->kind, row->venue_order_id);
    }
}

static void world_store(world *w, uint32_t table, const void *body)
{
    switch (table) {
    case EXEC_TABLE_ORDERS:
        world_upsert_order(w, body);
        return;
    case EXEC_TABLE_FILLS:
        world_insert_fill(w, body);
        return;
    case EXEC_TABLE_KILL:
        world_upsert_kill(w, body);
        return;
    case EXEC_TABLE_MARKS:
        world_upsert_mark(w, body);
        return;
    case EXEC_TABLE_INSTRUMENTS:
        world_upsert_instrument(w, body);
        return;
    case EXEC_TABLE_DIFFERENCES:
        world_check_difference(body);
        return;
    default:
        return;
    }
}

static bool world_kill_forbids(const world *w, const cb_order *order)
{
    for (uint32_t i = 0; i < w->kills_count; i++) {
        if (w->kills[i].level >= 2 || (w->kills[i].level == 1 && !order->reduce_only)) {
            return true;
        }
    }
    return false;
}

/* ---- the process ---- */

static void world_step(world *w, uint32_t type, const void *body, size_t size);

static void world_crash(world *w)
{
    if (!w->is_alive) {
        return;
    }
    w->is_alive = false;
    w->crashes++;
    w->connection = 0;
    w->timer_due_ns = 0;
    rig_stop(&w->process);
    world_at(w,
        w->now_ns + model_between(&w->venue, CB_NS_PER_S / 2, 3 * CB_NS_PER_S),
        WORLD_RESTART,
        0,
        0,
        NULL,
        0);
}

static bool world_may_crash(world *w, uint32_t per_mille)
{
    if (w->venue.has_faults && cb_prng_below(&w->venue.prng, 1000) < per_mille) {
        world_crash(w);
        return true;
    }
    return false;
}

static exec_config world_config(void)
{
    exec_config config = rig_config();
    memcpy(config.symbols, "BTCUSDT", 8);
    config.orders_max = WORLD_ORDERS_MAX;
    config.deep_ns = 40 * CB_NS_PER_S;
    config.order_timeout_ns = 30 * CB_NS_PER_S;
    config.caps.notional_per_minute_e8 = INT64_C(1000000000) * CB_E8;
    config.unknown_kill_count = 1000; /* levels are raised by the schedule alone */
    config.unknown_kill_ns = 1000000 * CB_NS_PER_S;
    return config;
}

static void world_recover_rows(world *w)
{
    rig *r = &w->process;
    rig_lease(r, ++w->lease_epoch);
    for (uint32_t i = 0; i < w->fills_count; i++) {
        exec_old_fill old = {.trade_id = w->fills[i].trade_id};
        memcpy(old.symbol, w->fills[i].symbol, sizeof(old.symbol));
        rig_recover(r, EXEC_EVENT_OLD_FILL, &old, sizeof(old));
    }
    uint32_t finished = 0;
    for (uint32_t i = 0; i < w->rows_count; i++) {
        finished += cb_order_is_terminal(w->rows[i].order.state) ? 1 : 0;
    }
    uint32_t nth = 0;
    for (uint32_t i = 0; i < w->rows_count; i++) {
        const world_row *row = &w->rows[i];
        const bool is_over = cb_order_is_terminal(row->order.state);
        if (is_over && ++nth + 16 <= finished) { /* all but the newest 16 by their ids only */
            exec_old_order_id old = {
                .intent_id = row->order.intent_id, .permit_id = row->order.permit_id};
            memcpy(old.symbol, row->order.symbol, sizeof(old.symbol));
            memcpy(old.venue_order_id, row->order.venue_order_id, sizeof(old.venue_order_id));
            rig_recover(r, EXEC_EVENT_OLD_ORDER_ID, &old, sizeof(old));
            continue;
        }
        exec_old_order old = {.order = row->order,
            .window_ns = row->window_ns,
            .is_claim_untold = row->is_claim_untold};
        old.before_qty.e8 = row->order.is_external ? row->order.cum_qty.e8 : 0;
        for (uint32_t n = 0; row->order.is_external && n < w->fills_count; n++) {
            const bool is_its = cb_id_equal(w->fills[n].intent_id, row->order.intent_id);
            old.before_qty.e8 -= is_its ? w->fills[n].qty.e8 : 0;
        }
        rig_recover(r, EXEC_EVENT_OLD_ORDER, &old, sizeof(old));
    }
    for (uint32_t i = 0; i < w->kills_count; i++) {
        rig_recover(r, EXEC_EVENT_OLD_KILL, &w->kills[i], sizeof(w->kills[i]));
    }
    for (uint32_t i = 0; i < w->marks_count; i++) {
        rig_recover(r, EXEC_EVENT_OLD_MARK, &w->marks[i], sizeof(w->marks[i]));
    }
    for (uint32_t i = 0; i < w->instruments_count; i++) {
        rig_recover(r, EXEC_EVENT_OLD_INSTRUMENT, &w->instruments[i], sizeof(w->instruments[i]));
    }
}

static void world_start_process(world *w)
{
    const exec_config config = world_config();
    w->is_alive = true;
    w->life++;
    rig_start(&w->process, &config);
    w->process.now_ns = w->now_ns;
    world_recover_rows(w);
    world_step(w, CB_EVENT_RECOVERED, NULL, 0);
}

/* ---- requests of the core ---- */

static void world_claim(world *w, const exec_claim *claim)
{
    world_row *row = world_row_of(w, claim->order.intent_id);
    assert_non_null(row);
    exec_claim_result result = {.intent_id = claim->order.intent_id};
    if (row->order.not_after_ns <= w->now_ns) {
        result.outcome = EXEC_CLAIM_EXPIRED;
    } else if (world_kill_forbids(w, &row->order)) {
        result.outcome = EXEC_CLAIM_KILLED;
    } else if (w->venue.has_faults && model_chance(&w->venue, 3)) {
        result.outcome = EXEC_CLAIM_FAILED;
    } else {
        assert_int_equal(row->order.state, CB_ORDER_STATE_READY);
        assert_false(row->order.is_held);
        row->order.state = CB_ORDER_STATE_SENDING;
        row->is_claim_untold = true;
        row->order.sign_ts_ns = w->now_ns / CB_NS_PER_MS * CB_NS_PER_MS;
        row->window_ns = claim->window_ms * CB_NS_PER_MS;
        result.sign_ts_ns = row->order.sign_ts_ns;
    }
    if (!world_may_crash(w, 25)) {
        world_answer(w,
            model_between(&w->venue, 0, 20 * CB_NS_PER_MS),
            EXEC_EVENT_CLAIM,
            &result,
            sizeof(result));
    }
}

/* A POST on its way: what the gate and the engine will see. */
typedef struct world_post {
    cb_order order;
    uint64_t life; /* of the sender */
    int64_t sent_ns;
} world_post;

static void world_placed(world *w,
    const world_post *post,
    int64_t delay_ns,
    cb_answer_class answer_class,
    const cb_venue_order *view)
{
    exec_order_answer answer = {.intent_id = post->order.intent_id,
        .answer_class = answer_class,
        .retry_after_s = -1,
        .answered_ns = w->now_ns + delay_ns,
        .has_order = view != NULL};
    if (view != NULL) {
        answer.order = *view;
    }
    world_at(w,
        w->now_ns + delay_ns,
        WORLD_FEED,
        EXEC_EVENT_PLACED,
        post->life,
        &answer,
        sizeof(answer));
}

static void world_send(world *w, const exec_send *send)
{
    const world_row *row = world_row_of(w, send->intent_id);
    assert_int_equal(
        row->order.state, CB_ORDER_STATE_SENDING); /* I2: claimed before anything leaves */
    const world_post post = {.order = row->order, .life = w->life, .sent_ns = w->now_ns};
    if (world_may_crash(w, 25)) {
        return; /* claimed, never sent */
    }
    if (w->venue.has_faults && model_chance(&w->venue, 5)) {
        world_placed(w, &post, CB_NS_PER_MS, CB_ANSWER_NOT_SENT, NULL);
    } else {
        const bool is_lost = w->venue.has_faults && model_chance(&w->venue, 6);
        const bool is_slow = w->venue.has_faults && model_chance(&w->venue, 10);
        const int64_t way_ns =
            model_between(&w->venue, CB_NS_PER_MS, is_slow ? 6 * CB_NS_PER_S : 20 * CB_NS_PER_MS);
        if (!is_lost) {
            world_at(w, w->now_ns + way_ns, WORLD_ARRIVE, 0, 0, &post, sizeof(post));
        }
        /* The client gives up after five seconds; an earlier answer makes this one late. */
        world_placed(w, &post, 5 * CB_NS_PER_S, CB_ANSWER_UNKNOWN, NULL);
    }
    if (world_may_crash(w, 25)) {
        return; /* sent, and nobody knows */
    }
    const exec_sent sent = {.intent_id = send->intent_id, .sent_ns = w->now_ns};
    world_step(w, EXEC_EVENT_SENT, &sent, sizeof(sent));
}

static bool world_read_fails(world *w)
{
    return w->venue.has_faults && model_chance(&w->venue, 12);
}

/* Queries look at the venue's books as they were up to Lq ago. */
static int64_t world_look_ns(world *w)
{
    const bool is_lagging = w->venue.has_faults && model_chance(&w->venue, 20);
    return w->now_ns - (is_lagging ? model_between(&w->venue, 0, 5 * CB_NS_PER_S) : 0);
}

static void world_read_order(world *w, const exec_read *read)
{
    exec_order_answer answer = {.tag = read->tag,
        .intent_id = read->intent_id,
        .answer_class = CB_ANSWER_UNKNOWN,
        .retry_after_s = -1,
        .venue_now_ns = w->now_ns};
    if (!world_read_fails(w)) {
        const model_order *order =
            model_find(&w->venue, read->client_order_id, read->venue_order_id);
        answer.has_order = order != NULL && model_view_at(order, world_look_ns(w), &answer.order);
        answer.answer_class = answer.has_order ? CB_ANSWER_ACCEPTED : CB_ANSWER_NOT_FOUND;
    }
    world_answer(w, world_latency(w), EXEC_EVENT_QUERIED, &answer, sizeof(answer));
}

static void world_read_orders(world *w, const exec_read *read, bool is_open_only)
{
    exec_orders_page *page = calloc(1, sizeof(*page));
    page->tag = read->tag;
    page->intent_id = read->intent_id;
    page->retry_after_s = -1;
    page->answer_class = world_read_fails(w) ? CB_ANSWER_UNKNOWN : CB_ANSWER_ACCEPTED;
    const int64_t look_ns = world_look_ns(w);
    const int64_t delay_ns = world_latency(w);
    for (uint32_t i = 0; i < w->venue.orders_count; i++) {
        cb_venue_order view;
        if (page->answer_class != CB_ANSWER_ACCEPTED ||
            !model_view_at(&w->venue.orders[i], look_ns, &view) ||
            (is_open_only && cb_order_is_terminal(view.state)) ||
            (!is_open_only && w->venue.orders[i].moments[0].at_ns < read->start_ns)) {
            continue;
        }
        if (page->orders_count == EXEC_PAGE_MAX) {
            world_answer(w, delay_ns, EXEC_EVENT_ORDERS, page, sizeof(*page));
            page->orders_count = 0;
        }
        page->orders[page->orders_count++] = view;
    }
    page->is_last = true;
    world_answer(w, delay_ns, EXEC_EVENT_ORDERS, page, sizeof(*page));
    free(page);
}

static void world_read_trades(world *w, const exec_read *read)
{
    exec_trades_page *page = calloc(1, sizeof(*page));
    page->tag = read->tag;
    page->intent_id = read->intent_id;
    page->retry_after_s = -1;
    page->answer_class = world_read_fails(w) ? CB_ANSWER_UNKNOWN : CB_ANSWER_ACCEPTED;
    const int64_t look_ns = world_look_ns(w);
    const int64_t delay_ns = world_latency(w);
    for (uint32_t i = 0; i < w->venue.trades_count; i++) {
        const cb_venue_trade *trade = &w->venue.trades[i];
        const bool is_other = read->venue_order_id[0] != '\0' &&
                              strcmp(read->venue_order_id, trade->venue_order_id) != 0;
        const bool is_before =
            read->has_from_id ? trade->trade_id < read->from_id : trade->ts_ns < read->start_ns;
        if (page->answer_class != CB_ANSWER_ACCEPTED || is_other || is_before ||
            trade->ts_ns > look_ns) {
            continue;
        }
        if (page->trades_count == EXEC_PAGE_MAX) {
            world_answer(w, delay_ns, EXEC_EVENT_TRADES, page, sizeof(*page));
            page->trades_count = 0;
        }
        page->trades[page->trades_count++] = *trade;
    }
    page->is_last = true;
    world_answer(w, delay_ns, EXEC_EVENT_TRADES, page, sizeof(*page));
    free(page);
}

static void world_read_account(world *w, const exec_read *read)
{
    exec_account_answer answer = {
        .tag = read->tag, .answer_class = CB_ANSWER_ACCEPTED, .retry_after_s = -1};
    if (world_read_fails(w)) {
        answer.answer_class = CB_ANSWER_UNKNOWN;
    } else {
        answer.balances_count = 1;
        memcpy(answer.balances[0].asset, "USDT", 5);
        answer.balances[0].free.e8 = CB_E8;
    }
    world_answer(w, world_latency(w), EXEC_EVENT_ACCOUNT, &answer, sizeof(answer));
}

static void world_read_time(world *w, const exec_read *read)
{
    exec_time_answer answer = {.tag = read->tag,
        .answer_class = world_read_fails(w) ? CB_ANSWER_UNKNOWN : CB_ANSWER_ACCEPTED,
        .retry_after_s = -1,
        .venue_now_ns = w->now_ns};
    world_answer(w, world_latency(w), EXEC_EVENT_TIME, &answer, sizeof(answer));
}

static void world_request(world *w, const cb_action *action)
{
    const exec_stream up = {.is_up = true};
    switch ((exec_request)action->request) {
    case EXEC_REQUEST_CLAIM:
        world_claim(w, action->body);
        return;
    case EXEC_REQUEST_SEND:
        world_send(w, action->body);
        return;
    case EXEC_REQUEST_READ_ORDER:
        world_read_order(w, action->body);
        return;
    case EXEC_REQUEST_READ_OPEN:
        world_read_orders(w, action->body, true);
        return;
    case EXEC_REQUEST_READ_ALL:
        world_read_orders(w, action->body, false);
        return;
    case EXEC_REQUEST_READ_TRADES:
        world_read_trades(w, action->body);
        return;
    case EXEC_REQUEST_READ_ACCOUNT:
        world_read_account(w, action->body);
        return;
    case EXEC_REQUEST_READ_TIME:
        world_read_time(w, action->body);
        return;
    case EXEC_REQUEST_SUBSCRIBE:
        world_answer(w,
            model_between(&w->venue, CB_NS_PER_MS, CB_NS_PER_S),
            EXEC_EVENT_STREAM,
            &up,
            sizeof(up));
        return;
    case EXEC_REQUEST_FORGET_MARK:
        return;
    case EXEC_REQUEST_RETRY:
        world_answer(w, CB_NS_PER_S, EXEC_EVENT_RETRY, NULL, 0);
        return;
    case EXEC_REQUEST_CANCEL:
    case EXEC_REQUEST_CANCEL_ALL:
    case EXEC_REQUEST_AMEND:
        world_at(w,
            w->now_ns + world_latency(w),
            WORLD_CANCEL,
            action->request,
            w->life,
            action->body,
            action->body_size);
        return;
    case EXEC_REQUEST_ALERT:
    case EXEC_REQUEST_PAGE:
    case EXEC_REQUEST_OFF:
    default:
        return;
    }
}

/* ---- one step: the core, the commit, the effects; death may come between any of them ---- */

static void world_publish_hash(world *w, const cb_action *action)
{
    if (action->type == CB_ACTION_PUBLISH && action->subject == CB_SUBJECT_ORDER) {
        w->hash = cb_body_hash(w->hash, &cb_order_desc, action->body);
    } else if (action->type == CB_ACTION_PUBLISH && action->subject == CB_SUBJECT_FILL) {
        w->hash = cb_body_hash(w->hash, &cb_fill_desc, action->body);
    }
}

static void world_commit(world *w, const cb_outbox *actions)
{
    for (uint32_t i = 0; i < actions->actions_count; i++) {
        const cb_action *action = &actions->actions[i];
        const bool is_stored =
            action->type == CB_ACTION_STORE ||
            (action->type == CB_ACTION_PUBLISH && action->table != CB_TABLE_NONE);
        world_publish_hash(w, action);
        if (is_stored) {
            world_store(w, action->table, action->body);
        }
        if (action->type == CB_ACTION_SET_TIMER) {
            w->timer_due_ns = action->due_ns;
        } else if (action->type == CB_ACTION_CANCEL_TIMER) {
            w->timer_due_ns = 0;
        }
    }
}

/* Carries out a step's actions from a copy: effects feed further steps. */
static void world_carry_out(world *w, bool *is_committed)
{
    assert_true(w->depth < WORLD_DEPTH_MAX);
    cb_outbox *actions = &w->carried[w->depth++];
    actions->actions_count = w->process.out->actions_count;
    memcpy(actions->actions,
        w->process.out->actions,
        actions->actions_count * sizeof(actions->actions[0]));
    memcpy(actions->bytes, w->process.out->bytes, w->process.out->bytes_used);
    for (uint32_t i = 0; i < actions->actions_count; i++) {
        if (actions->actions[i].body != NULL) {
            const uint8_t *at = actions->actions[i].body;
            actions->actions[i].body = actions->bytes + (at - w->process.out->bytes);
        }
    }
    if (!world_may_crash(w, 5)) {
        world_commit(w, actions);
        *is_committed = true;
        for (uint32_t i = 0; i < actions->actions_count && w->is_alive; i++) {
            if (actions->actions[i].type == CB_ACTION_REQUEST && !world_may_crash(w, 5)) {
                world_request(w, &actions->actions[i]);
            }
        }
    }
    w->depth--;
}

static bool world_step_committed(world *w, uint32_t type, const void *body, size_t size)
{
    bool is_committed = false;
    if (w->is_alive) {
        w->process.now_ns = w->now_ns;
        rig_feed(&w->process, type, body, size);
        world_carry_out(w, &is_committed);
    }
    return is_committed;
}

static void world_step(world *w, uint32_t type, const void *body, size_t size)
{
    const bool is_committed = world_step_committed(w, type, body, size);
    CB_MAYBE(is_committed);
}

#endif /* EXEC_TEST_WORLD_H */
