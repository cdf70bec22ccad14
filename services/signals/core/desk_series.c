/* Rounds of desks: bars of several symbols that opened at the same time. Every leg keeps its bars
 * of the past, because the histories of the legs come one after the other and may come again: the
 * rounds are then played anew from the beginning, so what a desk knows is a function of the bars
 * alone. A bar that another leg does not have (the venue's hole) makes no round. */
#include <string.h>

#include "services/signals/core/signals_internal.h"

static cb_bar *ring_of(const signals_state *state, uint32_t number, uint32_t leg)
{
    const signals_desk_spec *spec = &state->plan.desks[number];
    uint8_t *rings = state->desk_memory + spec->offset + spec->state_size;
    CB_ASSERT(leg < spec->legs_count);
    CB_ASSERT(spec->ring_capacity > 0);
    return (cb_bar *)(void *)rings + leg * spec->ring_capacity;
}

static const cb_bar *bar_at(
    const signals_state *state, uint32_t number, uint32_t leg, uint64_t index)
{
    return &ring_of(state, number, leg)[index % state->plan.desks[number].ring_capacity];
}

/* Number of the oldest bar that a leg still has. */
static uint64_t oldest(const signals_state *state, uint32_t number, uint32_t leg)
{
    const uint64_t pushed = state->desks[number].pushed[leg];
    const uint64_t capacity = state->plan.desks[number].ring_capacity;
    return pushed > capacity ? pushed - capacity : 0;
}

static void begin_rounds(signals_state *state, uint32_t number)
{
    signals_desk *desk = &state->desks[number];
    const signals_desk_spec *spec = &state->plan.desks[number];
    desk->played_ns = -1;
    desk->rounds = 0;
    desk->has_plan = false;
    for (uint32_t i = 0; i < spec->legs_count; i++) {
        desk->cursor[i] = oldest(state, number, i);
    }
    desk_at(spec->kind)
        ->init(state->desk_memory + spec->offset,
            state->config->desk_params[spec->kind],
            spec->legs_count);
}

void signals_desks_init(signals_state *state)
{
    CB_ASSERT(state->plan.desks_count <= SIGNALS_DESKS_MAX);
    for (uint32_t d = 0; d < state->plan.desks_count; d++) {
        const signals_desk_spec *spec = &state->plan.desks[d];
        for (uint32_t i = 0; i < spec->legs_count; i++) {
            signals_symbol *symbol = signals_find(state, state->config->venue, spec->legs[i]);
            CB_ASSERT(symbol != NULL); /* the plan names followed symbols only */
            symbol->desk = d + 1;
            symbol->desk_leg = i;
            state->desks[d].symbols[i] = (uint32_t)(symbol - state->symbols);
        }
        begin_rounds(state, d);
    }
}

void signals_desk_reset(signals_state *state, const signals_symbol *symbol)
{
    if (symbol->desk == 0) {
        return;
    }
    CB_ASSERT(symbol->desk <= state->plan.desks_count);
    state->desks[symbol->desk - 1].pushed[symbol->desk_leg] = 0;
    begin_rounds(state, symbol->desk - 1);
}

/* Moves every cursor to the earliest opening that all legs may share; 0 when a leg has to wait. */
static int64_t next_common(const signals_state *state, signals_desk *desk, uint32_t number)
{
    const uint32_t legs = state->plan.desks[number].legs_count;
    int64_t wanted_ns = 0;
    for (uint32_t same = 0, leg = 0; same < legs; leg = (leg + 1) % legs) {
        while (desk->cursor[leg] < desk->pushed[leg] &&
               bar_at(state, number, leg, desk->cursor[leg])->open_ts_ns < wanted_ns) {
            desk->cursor[leg]++;
        }
        if (desk->cursor[leg] >= desk->pushed[leg]) {
            return 0;
        }
        const int64_t at_ns = bar_at(state, number, leg, desk->cursor[leg])->open_ts_ns;
        same = at_ns == wanted_ns ? same + 1 : 1;
        wanted_ns = at_ns;
    }
    return wanted_ns;
}

/* A round is acted on when its bars close with the live candle that is being worked on. */
static void play(signals_state *state, uint32_t number, const signals_round *round)
{
    signals_desk *desk = &state->desks[number];
    const signals_desk_spec *spec = &state->plan.desks[number];
    desk_view view;
    desk_plan past;
    const int64_t open_ns = next_common(state, desk, number);
    CB_ASSERT(open_ns > desk->played_ns);
    const int64_t close_ns = open_ns + (int64_t)spec->interval_s * INT64_C(1000000000);
    const bool is_now = round != NULL && close_ns == round->candle->close_ts_ns;
    desk_plan *plan = is_now ? &desk->plan : &past;
    signals_desk_view(state, number, is_now ? round->event->ts_ns : INT64_MAX, &view);
    for (uint32_t i = 0; i < spec->legs_count; i++) {
        view.legs[i].bar = *bar_at(state, number, i, desk->cursor[i]++);
    }
    plan->wishes_count = 0;
    plan->values_count = 0;
    const bool is_warm = desk_at(spec->kind)->step(state->desk_memory + spec->offset, &view, plan);
    CB_ASSERT(is_warm || plan->wishes_count == 0);
    desk->has_plan = is_now && is_warm;
    desk->played_ns = open_ns;
    desk->rounds++;
}

void signals_desk_take(signals_state *state,
    const signals_symbol *symbol,
    const cb_candle *candle,
    const signals_round *round)
{
    CB_ASSERT(symbol->desk > 0 && symbol->desk <= state->plan.desks_count);
    const uint32_t number = symbol->desk - 1;
    signals_desk *desk = &state->desks[number];
    const uint32_t leg = symbol->desk_leg;
    const uint64_t capacity = state->plan.desks[number].ring_capacity;
    ring_of(state, number, leg)[desk->pushed[leg] % capacity] = cb_bar_from_candle(candle);
    desk->pushed[leg]++;
    /* A leg that is far behind loses what it never saw of this one. */
    const uint64_t first = oldest(state, number, leg);
    desk->cursor[leg] = desk->cursor[leg] < first ? first : desk->cursor[leg];
    while (next_common(state, desk, number) > 0) {
        play(state, number, round);
    }
}
