/* Which faults a seed brings. Each kind is off in about half of the schedules, so that the others
 * are seen without it, and its rate is drawn over two orders of magnitude. */
#include <string.h>

#include "tests/sim/dst.h"

static uint32_t rate(uint32_t max_ppm)
{
    static const uint32_t parts[] = {1, 3, 10, 30, 100};
    if (dst_below(2) == 0) {
        return 0;
    }
    return max_ppm / parts[dst_below(5)];
}

static uint32_t count(uint32_t max)
{
    return dst_below(2) == 0 ? 0 : (uint32_t)dst_between(1, max);
}

static void draw_processes(dst_plan *plan)
{
    plan->crash_point_ppm = rate(8000);
    plan->crashes_count = count(3);
    plan->pauses_count = dst_below(4) == 0 ? (uint32_t)dst_between(1, 2) : 0;
    plan->pause_point_ppm = dst_below(4) == 0 ? rate(2000) : 0;
    const int64_t longest_ns[] = {300 * DST_MS, 2 * DST_S, 6 * DST_S, 30 * DST_S};
    plan->pause_max_ns = longest_ns[plan->active_ns > 10 * DST_S ? 3 : dst_below(3)];
    plan->skew_max_ns = dst_below(2) == 0 ? 0 : dst_between(0, 400 * DST_MS);
}

static void draw_bus(dst_plan *plan)
{
    plan->bus_lose_ppm = rate(200000);
    plan->bus_repeat_ppm = rate(200000);
    plan->bus_late_ppm = rate(200000);
    plan->bus_late_max_ns = dst_between(DST_MS, 2 * DST_S);
    plan->bus_cuts_count = count(2);
    plan->stream_forget_ppm = rate(500000);
}

static void draw_database(dst_plan *plan)
{
    plan->pg_fail_ppm = rate(20000);
    plan->pg_unknown_ppm = rate(20000);
    plan->pg_slow_ppm = rate(50000);
    plan->pg_slow_max_ns = dst_between(DST_MS, 4 * DST_S);
    plan->pg_restarts_count = dst_below(6) == 0 ? 1 : 0;
}

static void draw_venue(dst_plan *plan)
{
    plan->venue_drop_request_ppm = rate(150000);
    plan->venue_drop_answer_ppm = rate(200000);
    plan->venue_error_ppm = rate(100000);
    plan->venue_error_after_ppm = rate(200000);
    plan->venue_late_ppm = rate(200000);
    plan->venue_late_max_ns = dst_between(DST_MS, 4 * DST_S);
    plan->venue_refuse_ppm = rate(100000);
    plan->venue_throttle_ppm = rate(50000);
    plan->venue_lag_ns = dst_below(2) == 0 ? 0 : dst_between(0, 900 * DST_MS);
    plan->venue_skew_ns = dst_below(2) == 0 ? 0 : dst_between(-200 * DST_MS, 200 * DST_MS);
    plan->venue_cut_ppm = count(3);
    plan->frame_lose_ppm = rate(300000);
    plan->frame_repeat_ppm = rate(300000);
    plan->frame_late_ppm = rate(300000);
}

/* Nothing by chance: what the one fault of a sweep needs to know, and a schedule that is short and
 * has something of everything. */
static void draw_sweep(dst_plan *plan)
{
    plan->active_ns = 2 * DST_S;
    plan->intents_count = 3;
    plan->symbols_count = 2;
    plan->has_signals = dst->seed % 4 == 3;
    plan->has_standby = dst->seed % 2 == 0;
    plan->has_groups = true;
    plan->operator_count = 2;
    plan->external_count = 0;
    plan->pause_max_ns = 2 * DST_S;
    plan->bus_late_max_ns = DST_S;
    plan->pg_slow_max_ns = 3 * DST_S;
    plan->venue_late_max_ns = 3 * DST_S;
}

void dst_plan_draw(dst_plan *plan, uint64_t seed)
{
    memset(plan, 0, sizeof(*plan));
    const bool is_long = dst_below(24) == 0;
    plan->active_ns =
        is_long ? dst_between(15 * DST_S, 33 * DST_S) : dst_between(3 * DST_S / 2, 4 * DST_S);
    plan->settle_ns = 40 * DST_S;
    plan->intents_count = (uint32_t)dst_between(1, is_long ? 16 : 8);
    plan->symbols_count = 1 + (uint32_t)(dst_below(5) / 2);
    plan->has_signals = dst_below(6) == 0;
    plan->operator_count = dst_below(4) == 0 ? (uint32_t)dst_between(1, 5) : 0;
    plan->external_count = dst_below(8) == 0 ? (uint32_t)dst_between(1, 4) : 0;
    plan->venue_duplicates = (uint32_t)dst_below(3);
    if (dst->sweep != DST_SWEEP_NONE) {
        draw_sweep(plan);
        return;
    }
    /* Now and then nothing goes wrong at all: that must be right too. */
    if (seed % 50 == 0) {
        return;
    }
    draw_processes(plan);
    draw_bus(plan);
    draw_database(plan);
    draw_venue(plan);
    plan->signer_refuse_ppm = rate(30000);
    plan->has_standby = dst_below(2) == 0;
    plan->has_groups = dst_below(3) == 0;
    plan->pages_count = dst_below(8) == 0 ? 1 : 0;
    plan->kills_count = dst_below(5) == 0 ? 1 : 0;
}
