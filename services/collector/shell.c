/* The collector's hooks: feeding the core, carrying out its requests, health, counters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timefmt.h"
#include "services/collector/collector_shell.h"
#include "services/collector/shell.h"

extern const cb_migration collector_migrations[];
extern const size_t collector_migrations_count;

#define WATCH_PERIOD_NS (200 * CB_NS_PER_MS)
#define CONSUMER "validator"

/* ---- feeding the core ---- */

/* The clock that paces the network. A venue counts its limits on its own clock, and the simulator's
 * may run faster than ours, or in leaps: what the market gains on the wall clock counts as waited
 * for. */
static int64_t pace_ns(collector_shell *self)
{
    const int64_t mono_ns = cb_mono_ns();
    const int64_t market_ns = cb_shell_is_bus_clock(self->shell) ? cb_shell_now_ns(self->shell) : 0;
    if (market_ns <= 0) {
        return mono_ns;
    }
    if (self->market_began_ns == 0) {
        self->market_began_ns = market_ns;
    }
    return mono_ns + (market_ns - self->market_began_ns);
}

collector_input collector_input_now(collector_shell *self)
{
    return (collector_input){.mono_ns = pace_ns(self), .retry_after_s = -1, .used_weight = -1};
}

static void feed_now(collector_shell *self, uint32_t type, const collector_input *input)
{
    cb_shell_feed(self->shell, type, input, sizeof(*input));
}

void collector_feed(collector_shell *self, uint32_t type, const collector_input *input)
{
    if (self->nesting == 0 && self->queue_count == 0) {
        self->nesting++;
        feed_now(self, type, input);
        self->nesting--;
        return;
    }
    CB_ASSERT(self->queue_count < COLLECTOR_QUEUE_MAX);
    const uint32_t at = (self->queue_head + self->queue_count) % COLLECTOR_QUEUE_MAX;
    self->queue[at] = (collector_queued){.type = type, .input = *input};
    self->queue_count++;
}

/* Once per turn of the loop: what arose while requests were carried out. */
static void drain_queue(void *context)
{
    collector_shell *self = context;
    collector_link_bury(self);
    while (self->queue_count > 0 && self->nesting == 0) {
        const collector_queued next = self->queue[self->queue_head];
        self->queue_head = (self->queue_head + 1) % COLLECTOR_QUEUE_MAX;
        self->queue_count--;
        self->nesting++;
        feed_now(self, next.type, &next.input);
        self->nesting--;
    }
}

/* ---- the core's requests ---- */

static void on_wake(void *context)
{
    collector_shell *self = context;
    self->wake = NULL;
    const collector_input input = collector_input_now(self);
    collector_feed(self, COLLECTOR_EVENT_WAKE, &input);
}

static void arm_wake(collector_shell *self, int64_t wake_mono_ns)
{
    const int64_t wait_ns = wake_mono_ns - pace_ns(self);
    if (self->wake != NULL) {
        cb_timer_remove(self->wake);
    }
    self->wake =
        cb_loop_timer(cb_shell_loop(self->shell), wait_ns > 0 ? wait_ns : 0, 0, on_wake, self);
}

static void begin(collector_shell *self, const collector_command *command)
{
    self->is_forced = command->is_backfill;
    self->recv_ns = cb_shell_now_ns(self->shell);
    self->origin_ns = self->recv_ns;
    self->socket_ns = 0;
    collector_market_begin(&self->market,
        command->symbol,
        command->is_new_stream,
        command->is_backfill,
        (uint32_t)self->config->backfill_candles,
        &self->sink);
    self->is_forced = false;
}

static void set_primary(collector_shell *self, uint32_t slot)
{
    self->primary = slot;
    if (slot == COLLECTOR_SLOTS) {
        self->recv_ns = cb_shell_now_ns(self->shell);
        self->origin_ns = self->recv_ns;
        self->socket_ns = 0;
        collector_market_stop(&self->market, &self->sink);
    }
}

static void carry_out(collector_shell *self, uint32_t request, const void *body, size_t body_size)
{
    if (request == (uint32_t)COLLECTOR_REQUEST_FETCH) {
        CB_ASSERT(body_size == sizeof(collector_fetch));
        collector_fetch_start(self, body);
        return;
    }
    CB_ASSERT(body_size == sizeof(collector_command));
    const collector_command *command = body;
    switch ((collector_request)request) {
    case COLLECTOR_REQUEST_OPEN:
        collector_link_open(self, command->slot);
        break;
    case COLLECTOR_REQUEST_CLOSE:
        collector_link_close(self, command->slot);
        break;
    case COLLECTOR_REQUEST_SUBSCRIBE:
        collector_link_subscribe(self, command->slot, command->symbol);
        break;
    case COLLECTOR_REQUEST_PRIMARY:
        set_primary(self, command->slot);
        break;
    case COLLECTOR_REQUEST_BEGIN:
        begin(self, command);
        break;
    case COLLECTOR_REQUEST_GIVE_UP:
        collector_give_up(self, command->symbol, command->kind);
        break;
    case COLLECTOR_REQUEST_WAKE:
        arm_wake(self, command->wake_mono_ns);
        break;
    case COLLECTOR_REQUEST_FETCH:
    default:
        CB_ASSERT(false);
    }
}

static void hook_request(cb_shell *shell, uint32_t request, const void *body, size_t body_size)
{
    collector_shell *self = cb_shell_user(shell);
    if (self->is_draining) {
        return;
    }
    self->nesting++;
    carry_out(self, request, body, body_size);
    self->nesting--;
}

/* ---- watching ---- */

static void update_metrics(collector_shell *self)
{
    const collector_counts *counts = &self->market.counts;
    uint32_t whole = 0;
    for (uint32_t i = 0; i < self->market.symbols_count; i++) {
        whole += collector_market_is_whole(&self->market, i) ? 1U : 0U;
    }
    cb_metric_set(self->metrics.repeats, (int64_t)counts->repeats);
    cb_metric_set(self->metrics.gaps, (int64_t)(counts->trade_gaps + counts->candle_gaps));
    cb_metric_set(self->metrics.lost, (int64_t)(counts->trades_lost + counts->candles_lost));
    cb_metric_set(self->metrics.resyncs, (int64_t)counts->book_resyncs);
    cb_metric_set(self->metrics.compared, (int64_t)counts->books_compared);
    cb_metric_set(self->metrics.equal, (int64_t)counts->books_equal);
    cb_metric_set(self->metrics.whole, whole);
}

/* The validator must be there to hear the backfill, and hears it again when it has restarted. */
static void watch_consumer(collector_shell *self)
{
    cb_heartbeat beat;
    int64_t age_ns = 0;
    if (!cb_shell_peer(self->shell, CONSUMER, &beat, &age_ns) || age_ns > 5 * CB_NS_PER_S) {
        return;
    }
    const bool is_up =
        beat.state == CB_SERVICE_STATE_READY || beat.state == CB_SERVICE_STATE_DEGRADED;
    if (!is_up || beat.env.epoch == self->consumer_epoch) {
        return;
    }
    self->consumer_epoch = beat.env.epoch;
    const collector_input input = collector_input_now(self);
    collector_feed(self, COLLECTOR_EVENT_CONSUMER, &input);
}

static void on_watch(void *context)
{
    collector_shell *self = context;
    watch_consumer(self);
    collector_link_watch(self);
    update_metrics(self);
}

/* ---- opening ---- */

static cb_status check_symbols(const char *symbols, cb_err *err)
{
    char item[CB_CONFIG_TEXT_MAX];
    size_t count = 0;
    for (; cb_config_list_item(symbols, count, item, sizeof(item)); count++) {
        const size_t size = strlen(item);
        if (size == 0 || size >= sizeof(((cb_trade *)NULL)->symbol) ||
            strpbrk(item, ".*> \t\"\\") != NULL) {
            return CB_FAIL(err, CB_E_CONFIG, "symbols: \"%.40s\" is no symbol", item);
        }
    }
    if (count == 0 || count > COLLECTOR_SYMBOLS_MAX) {
        return CB_FAIL(err, CB_E_CONFIG, "symbols: 1 to %d are possible", COLLECTOR_SYMBOLS_MAX);
    }
    return CB_OK;
}

static cb_status check_config(const collector_config *config, cb_err *err)
{
    if (cb_venue_find(config->venue) == NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "venue: there is no \"%.40s\"", config->venue);
    }
    if (config->backoff_min_ns > config->backoff_max_ns) {
        return CB_FAIL(err, CB_E_CONFIG, "backoff.min is above backoff.max");
    }
    if (config->rollover_after_ns > 0 && config->rollover_overlap_ns >= config->rollover_after_ns) {
        return CB_FAIL(err, CB_E_CONFIG, "rollover.overlap is not below rollover.after");
    }
    return check_symbols(config->symbols, err);
}

static void make_metrics(collector_shell *self)
{
    cb_metrics *all = cb_shell_metrics(self->shell);
    self->metrics = (collector_metrics){
        .messages = cb_counter(all, "collector_messages_total", "", "market messages received"),
        .unreadable =
            cb_counter(all, "collector_unreadable_total", "", "messages that could not be read"),
        .repeats = cb_gauge(all, "collector_repeats", "", "messages that had come before"),
        .gaps = cb_gauge(all, "collector_gaps", "", "holes found in trades and candles"),
        .lost = cb_gauge(all, "collector_lost", "", "trades and candles that no repair brought"),
        .resyncs = cb_gauge(all, "collector_book_resyncs", "", "books that started over"),
        .compared = cb_gauge(all,
            "collector_books_compared",
            "",
            "diffs after which the venue's own best bid and ask were known"),
        .equal = cb_gauge(
            all, "collector_books_equal", "", "… and were those of our book, sizes included"),
        .connects = cb_counter(all, "collector_connections_total", "", "connections opened"),
        .requests = cb_counter(all, "collector_requests_total", "", "REST requests sent"),
        .refused_instruments = cb_gauge(all,
            "collector_refused_instruments",
            "",
            "instruments whose numbers cannot be kept exactly"),
        .weight = cb_gauge(all, "collector_used_weight", "", "request weight of this minute"),
        .publish = cb_histogram(all,
            "collector_publish_seconds",
            "",
            "from the socket's read to the hand-over to the bus"),
        .whole = cb_gauge(all, "collector_whole_symbols", "", "symbols whose streams are whole"),
    };
}

static cb_status make_memory(collector_shell *self, cb_err *err)
{
    char item[CB_CONFIG_TEXT_MAX];
    uint32_t symbols = 0;
    while (cb_config_list_item(self->config->symbols, symbols, item, sizeof(item))) {
        symbols++;
    }
    const uint32_t levels = (uint32_t)self->config->book_levels_max;
    const size_t size = collector_market_size(symbols, levels);
    self->arena_block = aligned_alloc(16, size);
    self->bids = calloc(COLLECTOR_DIFF_LEVELS_MAX, sizeof(cb_level));
    self->asks = calloc(COLLECTOR_DIFF_LEVELS_MAX, sizeof(cb_level));
    self->queue = calloc(COLLECTOR_QUEUE_MAX, sizeof(collector_queued));
    if (self->arena_block == NULL || self->bids == NULL || self->asks == NULL ||
        self->queue == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for %u symbols", symbols);
    }
    cb_arena_init(&self->arena, self->arena_block, size);
    collector_market_init(&self->market, self->venue, self->config->symbols, levels, &self->arena);
    cb_arena_seal(&self->arena);
    self->event.depth = (cb_venue_depth){.bids = self->bids,
        .asks = self->asks,
        .bids_capacity = COLLECTOR_DIFF_LEVELS_MAX,
        .asks_capacity = COLLECTOR_DIFF_LEVELS_MAX};
    return CB_OK;
}

static cb_status hook_open(cb_shell *shell, cb_err *err)
{
    const collector_config *config = cb_shell_config(shell);
    const cb_status status = check_config(config, err);
    if (status != CB_OK) {
        return status;
    }
    collector_shell *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory");
    }
    cb_shell_set_user(shell, self);
    self->shell = shell;
    self->config = config;
    self->venue = cb_venue_find(config->venue);
    self->primary = COLLECTOR_SLOTS;
    make_metrics(self);
    const cb_status memory = make_memory(self, err);
    if (memory == CB_OK) {
        collector_publish_init(self);
    }
    return memory;
}

/* Connections that the last process did not close. */
static cb_status hook_recover(cb_shell *shell, cb_err *err)
{
    cb_params *params = calloc(1, sizeof(*params));
    if (params == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory");
    }
    cb_params_reset(params);
    const int64_t now_ns = cb_shell_now_ns(shell);
    cb_params_i64(params, now_ns > 0 ? now_ns : 1);
    cb_status status = cb_pg_exec(cb_shell_pg(shell),
        "UPDATE sessions SET closed_ns = GREATEST($1, opened_ns), reason = 'process ended' "
        "WHERE closed_ns = 0",
        params,
        NULL,
        NULL,
        err);
    if (status == CB_OK) {
        status = cb_pg_exec(cb_shell_pg(shell),
            "UPDATE gaps SET closed_ns = GREATEST($1, found_ns), state = CASE WHEN repaired_count "
            "= 0 THEN 'lost' ELSE 'partly' END WHERE state = 'open'",
            params,
            NULL,
            NULL,
            err);
    }
    free(params);
    return status;
}

static void hook_started(cb_shell *shell)
{
    collector_shell *self = cb_shell_user(shell);
    collector_input input = collector_input_now(self);
    cb_loop_on_turn(cb_shell_loop(shell), drain_queue, self);
    self->watch =
        cb_loop_timer(cb_shell_loop(shell), WATCH_PERIOD_NS, WATCH_PERIOD_NS, on_watch, self);
    input.epoch = cb_shell_epoch(shell);
    collector_feed(self, COLLECTOR_EVENT_STARTED, &input);
}

/* ---- health ---- */

static bool hook_is_ready(cb_shell *shell, char *why, size_t why_size)
{
    const collector_shell *self = cb_shell_user(shell);
    const collector_state *state = cb_shell_state(shell);
    if (collector_why_not(state, why, why_size)) {
        return false;
    }
    uint32_t known = 0;
    for (uint32_t i = 0; i < self->market.symbols_count; i++) {
        if (!state->has_instrument[i]) {
            continue;
        }
        known++;
        if (!collector_market_is_whole(&self->market, i)) {
            (void)snprintf(why, why_size, "%s is not whole", self->market.symbols[i].name);
            return false;
        }
    }
    if (known == 0) {
        (void)snprintf(why, why_size, "the venue has stated no instrument");
    }
    return known > 0;
}

static uint32_t hook_pending(const cb_shell *shell)
{
    const collector_shell *self = cb_shell_user(shell);
    if (self->is_draining) {
        return 0; /* what is under way is asked for again at the next start */
    }
    return collector_pending(cb_shell_state(shell)) + self->queue_count;
}

static uint32_t hook_sync_counts(const cb_shell *shell, cb_sync_count *out, uint32_t capacity)
{
    const collector_shell *self = cb_shell_user(shell);
    if (capacity == 0) {
        return 0;
    }
    out[0] = (cb_sync_count){.name = "ws.market", .received_count = self->data_count};
    return 1;
}

static void hook_drain(cb_shell *shell)
{
    collector_shell *self = cb_shell_user(shell);
    self->is_draining = true;
    for (uint32_t slot = 0; slot < COLLECTOR_SLOTS; slot++) {
        collector_link_close(self, slot);
    }
}

static void hook_close(cb_shell *shell)
{
    collector_shell *self = cb_shell_user(shell);
    if (self == NULL) {
        return;
    }
    for (uint32_t slot = 0; slot < COLLECTOR_SLOTS; slot++) {
        collector_link_close(self, slot);
    }
    collector_link_bury(self);
    free(self->arena_block);
    free(self->bids);
    free(self->asks);
    free(self->queue);
    free(self);
    cb_shell_set_user(shell, NULL);
}

int collector_main(int argc, char **argv)
{
    const cb_service service = {
        .name = "collector",
        .summary = "collects trades, candles, books and instruments from an exchange",
        .fields = collector_fields,
        .fields_count = collector_fields_count,
        .config_size = sizeof(collector_config),
        .migrations = collector_migrations,
        .migrations_count = collector_migrations_count,
        .tables = collector_tables,
        .tables_count = COLLECTOR_TABLE_COUNT,
        .queries = collector_queries,
        .queries_count = collector_queries_count,
        .core = &collector_core,
        .open = hook_open,
        .recover = hook_recover,
        .started = hook_started,
        .on_request = hook_request,
        .is_ready = hook_is_ready,
        .pending = hook_pending,
        .sync_counts = hook_sync_counts,
        .drain = hook_drain,
        .close = hook_close,
    };
    return cb_service_main(&service, argc, argv);
}
