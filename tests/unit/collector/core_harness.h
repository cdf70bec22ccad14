/* Drives the collector's core in virtual time: one call per event, and the answers as lists. */
#ifndef CORE_HARNESS_H
#define CORE_HARNESS_H

#include <stdlib.h>
#include <string.h>

#include "base/timefmt.h"
#include "services/collector/core/collector.h"

#define MS CB_NS_PER_MS
#define SECOND CB_NS_PER_S

static collector_config config;
static collector_state *state_of_core;
static cb_outbox *outbox;
static int64_t mono_ns;    /* the network's time */
static int64_t service_ns; /* the market's time */
static uint64_t event_seq;

static inline void core_start(void)
{
    free(state_of_core);
    free(outbox);
    state_of_core = calloc(1, collector_core.state_size(&config));
    outbox = calloc(1, sizeof(*outbox));
    assert_non_null(state_of_core);
    assert_non_null(outbox);
    cb_arena arena;
    cb_arena_init(&arena, outbox->bytes, 0);
    collector_core.init(state_of_core, &config, &arena);
    mono_ns = 1000 * SECOND;
    service_ns = INT64_C(1700000000) * SECOND;
    event_seq = 0;
}

static inline int harness_set_up(void **state)
{
    (void)state;
    collector_config_defaults(&config);
    config.consumer_wait_ns = 0;
    core_start();
    return 0;
}

static inline int harness_tear_down(void **state)
{
    (void)state;
    free(state_of_core);
    free(outbox);
    state_of_core = NULL;
    outbox = NULL;
    return 0;
}

static inline collector_input an_input(void)
{
    return (collector_input){.mono_ns = mono_ns, .retry_after_s = -1, .used_weight = -1};
}

static inline void step_raw(uint32_t type, const void *body, size_t size)
{
    const cb_event event = {.seq = ++event_seq,
        .ts_ns = service_ns,
        .type = type,
        .body = body,
        .body_size = (uint32_t)size};
    cb_outbox_reset(outbox);
    collector_core.step(state_of_core, &event, outbox);
}

static inline void step(collector_event type, const collector_input *input)
{
    step_raw((uint32_t)type, input, sizeof(*input));
}

static inline void step_timer(uint64_t timer_id)
{
    const cb_timer_event timer = {.timer_id = timer_id, .due_ns = service_ns};
    step_raw(CB_EVENT_TIMER, &timer, sizeof(timer));
}

/* The nth action of a request kind; NULL when there are fewer. */
static inline const void *request_at(collector_request kind, uint32_t index)
{
    for (uint32_t i = 0; i < outbox->actions_count; i++) {
        const cb_action *action = &outbox->actions[i];
        if (action->type == CB_ACTION_REQUEST && action->request == (uint32_t)kind &&
            index-- == 0) {
            return action->body;
        }
    }
    return NULL;
}

static inline uint32_t requests_count(collector_request kind)
{
    uint32_t count = 0;
    while (request_at(kind, count) != NULL) {
        count++;
    }
    return count;
}

static inline const collector_command *command_of(collector_request kind)
{
    const collector_command *found = request_at(kind, 0);
    assert_non_null(found);
    return found;
}

/* The last row stored into a table in this step; NULL: none. */
static inline const void *stored(collector_table table)
{
    const void *found = NULL;
    for (uint32_t i = 0; i < outbox->actions_count; i++) {
        const cb_action *action = &outbox->actions[i];
        if (action->type == CB_ACTION_STORE && action->table == (uint32_t)table) {
            found = action->body;
        }
    }
    return found;
}

/* When a timer is due; 0 when this step did not set it. */
static inline int64_t timer_due(uint64_t timer_id)
{
    for (uint32_t i = 0; i < outbox->actions_count; i++) {
        const cb_action *action = &outbox->actions[i];
        if (action->type == CB_ACTION_SET_TIMER && action->timer_id == timer_id) {
            return action->due_ns;
        }
    }
    return 0;
}

/* ---- shorthand for what the shell reports ---- */

static inline void started(void)
{
    collector_input input = an_input();
    input.epoch = 3;
    step(COLLECTOR_EVENT_STARTED, &input);
}

static inline void wake(void)
{
    const collector_input input = an_input();
    step(COLLECTOR_EVENT_WAKE, &input);
}

static inline void opened(uint32_t slot)
{
    collector_input input = an_input();
    input.slot = slot;
    step(COLLECTOR_EVENT_OPENED, &input);
}

static inline void closed(uint32_t slot, const char *why)
{
    collector_input input = an_input();
    input.slot = slot;
    (void)cb_text_copy(input.text, sizeof(input.text), cb_sv_from(why));
    step(COLLECTOR_EVENT_CLOSED, &input);
}

static inline void subscribed(uint32_t slot, uint32_t next_symbol)
{
    collector_input input = an_input();
    input.slot = slot;
    input.is_ok = true;
    input.next_symbol = next_symbol;
    step(COLLECTOR_EVENT_REPLY, &input);
}

static inline void answered(uint32_t job, cb_venue_action action)
{
    collector_input input = an_input();
    input.job = job;
    input.action = (uint32_t)action;
    step(COLLECTOR_EVENT_ANSWER, &input);
}

static inline void needs(uint32_t symbol, collector_kind kind, bool is_gap)
{
    collector_input input = an_input();
    input.need = (collector_need){.symbol = symbol,
        .kind = kind,
        .first_id = 100,
        .last_id = 109,
        .missing_count = 10,
        .is_gap = is_gap};
    step(COLLECTOR_EVENT_NEED, &input);
}

static inline void stated(const char *symbol)
{
    cb_instrument instrument = {.status = CB_INSTRUMENT_STATUS_TRADING, .tick_size.e8 = 1000000};
    (void)cb_text_copy(instrument.symbol, sizeof(instrument.symbol), cb_sv_from(symbol));
    (void)cb_text_copy(instrument.venue, sizeof(instrument.venue), CB_SV("binance"));
    step_raw(COLLECTOR_EVENT_INSTRUMENT, &instrument, sizeof(instrument));
}

/* Brings slot 0 up to live. */
static inline void go_live(void)
{
    started();
    opened(0);
    subscribed(0, state_of_core->symbols_count);
}

#endif /* CORE_HARNESS_H */
