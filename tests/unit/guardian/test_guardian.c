/* The guardian's core: what counts as life, when it fires, and that it is done only when the
 * venue's list was empty twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/strview.h"
#include "base/timefmt.h"
#include "domain/guardbeat.h"
#include "services/guardian/core/guardian.h"

#define KEY "0123456789abcdef0123456789abcdef"
#define SECOND CB_NS_PER_S
#define WALL (INT64_C(1700000000) * SECOND)
#define TICK (SECOND / 4)

typedef struct bench {
    guardian_config config;
    guardian_state *state;
    cb_outbox *out;
    int64_t mono_ns;
    uint64_t seq;
    uint64_t number;
    uint32_t asked[GUARDIAN_REQUEST_ARM + 1]; /* requests of the last advance */
} bench;

static bench b;

static int set_up(void **context)
{
    (void)context;
    memset(&b, 0, sizeof(b));
    b.config = (guardian_config){.account = "main",
        .venue = "binance",
        .symbols = "BTCUSDT,ETHUSDT",
        .beat_key = KEY,
        .silence_ns = 10 * SECOND,
        .grace_ns = 20 * SECOND,
        .skew_ns = 5 * SECOND,
        .recheck_ns = 5 * SECOND,
        .deadman_period_ns = 15 * SECOND,
        .weight_per_minute = 1200};
    b.state = calloc(1, guardian_core.state_size(&b.config));
    b.out = calloc(1, sizeof(*b.out));
    guardian_core.init(b.state, &b.config, NULL);
    b.mono_ns = 1000 * SECOND;
    return 0;
}

static int tear_down(void **context)
{
    (void)context;
    free(b.state);
    free(b.out);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void feed(uint32_t type, const void *body, size_t size)
{
    cb_outbox_reset(b.out);
    const cb_event event = {
        .seq = ++b.seq, .ts_ns = WALL, .type = type, .body_size = (uint32_t)size, .body = body};
    guardian_core.step(b.state, &event, b.out);
    for (uint32_t i = 0; i < b.out->actions_count; i++) {
        assert_int_equal(b.out->actions[i].type, CB_ACTION_REQUEST);
        b.asked[b.out->actions[i].request]++;
    }
}

static void advance(int64_t by_ns)
{
    memset(b.asked, 0, sizeof(b.asked));
    for (const int64_t end_ns = b.mono_ns + by_ns; b.mono_ns < end_ns;) {
        b.mono_ns += TICK;
        const guardian_tick tick = {.mono_ns = b.mono_ns, .wall_ns = WALL + b.mono_ns};
        feed(GUARDIAN_EVENT_TICK, &tick, sizeof(tick));
    }
}

static cb_guard_beat next_beat(void)
{
    cb_guard_beat beat = {.account = "main",
        .venue = "binance",
        .lease_epoch = 3,
        .number = ++b.number,
        .at_ns = WALL + b.mono_ns,
        .orders_count = 7};
    return beat;
}

static void send_beat(cb_guard_beat *beat, uint32_t way)
{
    cb_guardbeat_sign(beat, (const uint8_t *)KEY, strlen(KEY));
    feed(way, beat, sizeof(*beat));
}

static void live(int64_t seconds, uint32_t way)
{
    for (int64_t i = 0; i < seconds; i++) {
        cb_guard_beat beat = next_beat();
        advance(SECOND);
        beat.at_ns = WALL + b.mono_ns;
        send_beat(&beat, way);
    }
}

static guardian_view view(void)
{
    guardian_view out;
    guardian_look(b.state, &out);
    return out;
}

static void answer_list(uint32_t orders_count, uint32_t symbols_count)
{
    static guardian_listed listed;
    memset(&listed, 0, sizeof(listed));
    listed.is_ok = true;
    listed.orders_count = orders_count;
    listed.symbols_count = symbols_count;
    for (uint32_t i = 0; i < symbols_count; i++) {
        (void)cb_text_copy(listed.symbols[i], sizeof(listed.symbols[i]), CB_SV("BTCUSDT"));
    }
    feed(GUARDIAN_EVENT_LISTED, &listed, sizeof(listed));
}

static void answer(uint32_t event, bool is_ok)
{
    const guardian_answer body = {.is_ok = is_ok};
    feed(event, &body, sizeof(body));
}

/* From life to the moment in which the first list is out. */
static void fall_silent(void)
{
    live(3, CB_MSG_GUARD_BEAT);
    advance(10 * SECOND);
    assert_int_equal(view().phase, GUARDIAN_FIRING);
    assert_int_equal(b.asked[GUARDIAN_REQUEST_LIST], 1);
}

static void who_never_lived_is_not_missed(void **context)
{
    (void)context;
    advance(3600 * SECOND);
    assert_int_equal(view().phase, GUARDIAN_WAITING);
}

static void either_way_keeps_it_quiet(void **context)
{
    (void)context;
    live(30, CB_MSG_GUARD_BEAT);
    assert_int_equal(view().phase, GUARDIAN_WATCHING);
    live(30, GUARDIAN_EVENT_PAGE);
    assert_int_equal(view().phase, GUARDIAN_WATCHING);
    assert_int_equal(view().fired_count, 0);
    assert_int_equal(view().beats_count, 60);
    assert_int_equal(view().refused_count, 0);
}

static void ten_seconds_of_silence_fire_and_not_one_tick_less(void **context)
{
    (void)context;
    live(30, CB_MSG_GUARD_BEAT);
    advance(10 * SECOND - TICK);
    assert_int_equal(view().phase, GUARDIAN_WATCHING);
    advance(TICK);
    assert_int_equal(view().phase, GUARDIAN_FIRING);
    assert_int_equal(b.asked[GUARDIAN_REQUEST_SET_PAGE], 1);
    assert_int_equal(b.asked[GUARDIAN_REQUEST_RAISE], 1);
    assert_int_equal(b.asked[GUARDIAN_REQUEST_LIST], 1);
}

static void what_is_no_beat_does_not_count_as_life(void **context)
{
    (void)context;
    live(3, CB_MSG_GUARD_BEAT);
    const cb_guard_beat good = next_beat();
    for (int i = 0; i < 40; i++) {
        advance(TICK);
        cb_guard_beat beat = good;
        beat.number += (uint64_t)i;
        beat.at_ns = WALL + b.mono_ns;
        switch (i % 6) {
        case 0: /* not signed by execution */
            cb_guardbeat_sign(&beat, (const uint8_t *)"another key of sixteen", 22);
            break;
        case 1: /* altered after it was signed */
            cb_guardbeat_sign(&beat, (const uint8_t *)KEY, strlen(KEY));
            beat.number += 1000;
            break;
        case 2: /* of another account */
            (void)cb_text_copy(beat.account, sizeof(beat.account), CB_SV("other"));
            cb_guardbeat_sign(&beat, (const uint8_t *)KEY, strlen(KEY));
            break;
        case 3: /* played again */
            beat.number = good.number - 1;
            cb_guardbeat_sign(&beat, (const uint8_t *)KEY, strlen(KEY));
            break;
        case 4: /* from another time */
            beat.at_ns -= 6 * SECOND;
            cb_guardbeat_sign(&beat, (const uint8_t *)KEY, strlen(KEY));
            break;
        default: /* of an older holder of the lease */
            beat.lease_epoch--;
            cb_guardbeat_sign(&beat, (const uint8_t *)KEY, strlen(KEY));
            break;
        }
        feed(CB_MSG_GUARD_BEAT, &beat, sizeof(beat));
    }
    assert_int_equal(view().phase, GUARDIAN_FIRING);
    assert_int_equal(view().beats_count, 3);
    assert_true(view().refused_count >= 32);
}

static void a_new_holder_of_the_lease_counts_from_one(void **context)
{
    (void)context;
    live(30, CB_MSG_GUARD_BEAT);
    for (uint64_t i = 1; i < 30; i++) {
        advance(SECOND);
        cb_guard_beat beat = next_beat();
        beat.lease_epoch = 4;
        beat.number = i;
        send_beat(&beat, CB_MSG_GUARD_BEAT);
    }
    assert_int_equal(view().phase, GUARDIAN_WATCHING);
    assert_int_equal(view().refused_count, 0);
}

/* The guardian was restarted while execution is dead: the page still tells that it has lived. */
static void an_old_page_after_our_own_start_fires_after_the_grace(void **context)
{
    (void)context;
    advance(TICK);
    cb_guard_beat beat = next_beat();
    beat.at_ns -= 3600 * SECOND;
    send_beat(&beat, GUARDIAN_EVENT_PAGE);
    assert_int_equal(view().phase, GUARDIAN_WAITING);
    advance(20 * SECOND - 2 * TICK);
    assert_int_equal(view().phase, GUARDIAN_WAITING);
    advance(2 * TICK);
    assert_int_equal(view().phase, GUARDIAN_FIRING);
}

static void it_is_done_when_the_list_was_empty_twice_in_a_row(void **context)
{
    (void)context;
    fall_silent();
    answer_list(200, 2);
    assert_int_equal(b.asked[GUARDIAN_REQUEST_CANCEL_ALL], 2);
    answer(GUARDIAN_EVENT_CANCELED, true);
    advance(5 * SECOND);
    assert_int_equal(b.asked[GUARDIAN_REQUEST_LIST], 0); /* the other answer is awaited */
    answer(GUARDIAN_EVENT_CANCELED, false);
    advance(TICK);
    assert_int_equal(b.asked[GUARDIAN_REQUEST_LIST], 1);
    answer_list(0, 0);
    assert_int_equal(view().phase, GUARDIAN_FIRING);
    advance(SECOND);
    answer_list(1, 1); /* one was on its way */
    answer(GUARDIAN_EVENT_CANCELED, true);
    advance(TICK);
    answer_list(0, 0);
    assert_int_equal(view().phase, GUARDIAN_FIRING);
    advance(SECOND);
    answer_list(0, 0);
    assert_int_equal(view().phase, GUARDIAN_FIRED);
    assert_int_equal(view().canceled_count, 201);
    assert_int_equal(view().fired_count, 1);
}

static void a_list_that_fails_proves_nothing(void **context)
{
    (void)context;
    fall_silent();
    answer_list(0, 0);
    advance(SECOND);
    const guardian_listed failed = {.is_ok = false};
    feed(GUARDIAN_EVENT_LISTED, &failed, sizeof(failed));
    advance(2 * SECOND);
    answer_list(0, 0);
    assert_int_equal(view().phase, GUARDIAN_FIRING);
    advance(SECOND);
    answer_list(0, 0);
    assert_int_equal(view().phase, GUARDIAN_FIRED);
}

static void page_and_bus_are_asked_until_they_have_worked(void **context)
{
    (void)context;
    fall_silent();
    answer(GUARDIAN_EVENT_PAGE_SET, false);
    answer(GUARDIAN_EVENT_RAISED, false);
    advance(2 * SECOND);
    assert_int_equal(b.asked[GUARDIAN_REQUEST_SET_PAGE], 1);
    assert_int_equal(b.asked[GUARDIAN_REQUEST_RAISE], 1);
    answer(GUARDIAN_EVENT_PAGE_SET, true);
    answer(GUARDIAN_EVENT_RAISED, true);
    advance(60 * SECOND);
    assert_int_equal(b.asked[GUARDIAN_REQUEST_SET_PAGE], 0);
    assert_int_equal(b.asked[GUARDIAN_REQUEST_RAISE], 0);
}

static void while_the_silence_lasts_the_venue_is_asked_again(void **context)
{
    (void)context;
    fall_silent();
    answer_list(0, 0);
    advance(SECOND);
    answer_list(0, 0);
    assert_int_equal(view().phase, GUARDIAN_FIRED);
    advance(5 * SECOND);
    assert_int_equal(b.asked[GUARDIAN_REQUEST_LIST], 1);
    answer_list(1, 1); /* an order whose fate nobody knew came up after all */
    assert_int_equal(view().phase, GUARDIAN_FIRING);
    assert_int_equal(view().fired_count, 1);
}

static void execution_that_comes_back_is_watched_again(void **context)
{
    (void)context;
    fall_silent();
    answer_list(0, 0);
    advance(SECOND);
    answer_list(0, 0);
    live(1, CB_MSG_GUARD_BEAT);
    assert_int_equal(view().phase, GUARDIAN_WATCHING);
    advance(10 * SECOND);
    assert_int_equal(view().phase, GUARDIAN_FIRING);
    assert_int_equal(view().fired_count, 2);
}

static void execution_that_comes_back_early_does_not_stop_the_canceling(void **context)
{
    (void)context;
    fall_silent();
    live(3, CB_MSG_GUARD_BEAT);
    assert_int_equal(view().phase, GUARDIAN_FIRING);
    answer_list(0, 0);
    advance(SECOND);
    answer_list(0, 0);
    assert_int_equal(view().phase, GUARDIAN_WATCHING);
}

static void the_venues_switch_is_wound_up_only_while_execution_lives(void **context)
{
    (void)context;
    b.config.deadman_ns = 60 * SECOND;
    advance(30 * SECOND);
    assert_int_equal(b.asked[GUARDIAN_REQUEST_ARM], 0);
    uint32_t armed = 0;
    for (int i = 0; i < 31; i++) {
        live(1, CB_MSG_GUARD_BEAT);
        armed += b.asked[GUARDIAN_REQUEST_ARM];
    }
    assert_int_equal(armed, 2 * 2); /* two symbols, every 15 s */
    advance(10 * SECOND);
    advance(120 * SECOND);
    assert_int_equal(b.asked[GUARDIAN_REQUEST_ARM], 0);
}

static void a_step_of_the_wall_clock_does_not_fire(void **context)
{
    (void)context;
    live(5, CB_MSG_GUARD_BEAT);
    b.mono_ns += TICK;
    const guardian_tick jump = {.mono_ns = b.mono_ns, .wall_ns = WALL + b.mono_ns + 7200 * SECOND};
    feed(GUARDIAN_EVENT_TICK, &jump, sizeof(jump));
    assert_int_equal(view().phase, GUARDIAN_WATCHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_never_lived_is_not_missed),
        TEST(either_way_keeps_it_quiet),
        TEST(ten_seconds_of_silence_fire_and_not_one_tick_less),
        TEST(what_is_no_beat_does_not_count_as_life),
        TEST(a_new_holder_of_the_lease_counts_from_one),
        TEST(an_old_page_after_our_own_start_fires_after_the_grace),
        TEST(it_is_done_when_the_list_was_empty_twice_in_a_row),
        TEST(a_list_that_fails_proves_nothing),
        TEST(page_and_bus_are_asked_until_they_have_worked),
        TEST(while_the_silence_lasts_the_venue_is_asked_again),
        TEST(execution_that_comes_back_is_watched_again),
        TEST(execution_that_comes_back_early_does_not_stop_the_canceling),
        TEST(the_venues_switch_is_wound_up_only_while_execution_lives),
        TEST(a_step_of_the_wall_clock_does_not_fire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
