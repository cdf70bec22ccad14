/* REST jobs: one at a time for each thing, within the venue's limits, with retries that end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/collector/core_harness.h"

static const collector_fetch *fetch_at(uint32_t index)
{
    const collector_fetch *fetch = request_at(COLLECTOR_REQUEST_FETCH, index);
    assert_non_null(fetch);
    return fetch;
}

/* Live, with the instruments' answer in. */
static void be_quiet(void)
{
    go_live();
    stated("BTCUSDT");
    stated("ETHUSDT");
    answered(COLLECTOR_JOB_INSTRUMENTS, CB_VENUE_ACTION_OK);
    assert_int_equal(state_of_core->in_flight, 0);
}

static void jobs_ask_for_what_is_missing(void **state)
{
    (void)state;
    be_quiet();
    needs(0, COLLECTOR_KIND_BOOK, false);
    assert_string_equal(fetch_at(0)->request.url_path, "/api/v3/depth?symbol=BTCUSDT&limit=5000");
    needs(0, COLLECTOR_KIND_TRADE, true);
    assert_string_equal(fetch_at(0)->request.url_path,
        "/api/v3/historicalTrades?symbol=BTCUSDT&fromId=100&limit=10");
    collector_input input = an_input();
    input.need = (collector_need){.symbol = 1, .kind = COLLECTOR_KIND_CANDLE, .missing_count = 500};
    step(COLLECTOR_EVENT_NEED, &input);
    assert_string_equal(
        fetch_at(0)->request.url_path, "/api/v3/klines?symbol=ETHUSDT&interval=1m&limit=500");
    answered(collector_job_of(1, COLLECTOR_KIND_CANDLE), CB_VENUE_ACTION_OK);
    input.need.from_ns = INT64_C(1700000040) * SECOND;
    input.need.to_ns = INT64_C(1700000100) * SECOND;
    step(COLLECTOR_EVENT_NEED, &input);
    assert_string_equal(fetch_at(0)->request.url_path,
        "/api/v3/klines?symbol=ETHUSDT&interval=1m&startTime=1700000040000&endTime=1700000100000&"
        "limit=1000");
}

static void nothing_is_asked_about_symbols_that_the_venue_does_not_have(void **state)
{
    (void)state;
    go_live();
    needs(0, COLLECTOR_KIND_BOOK, false);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 0); /* not known yet */
    stated("ETHUSDT");
    answered(COLLECTOR_JOB_INSTRUMENTS, CB_VENUE_ACTION_OK);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 0);
    assert_int_equal(collector_pending(state_of_core), 0); /* a lockstep replay goes on */
    needs(1, COLLECTOR_KIND_BOOK, false);
    assert_string_equal(fetch_at(0)->request.url_path, "/api/v3/depth?symbol=ETHUSDT&limit=5000");
    stated("BTCUSDT"); /* listed later */
    wake();
    assert_string_equal(fetch_at(0)->request.url_path, "/api/v3/depth?symbol=BTCUSDT&limit=5000");
}

static void job_in_flight_is_not_sent_twice(void **state)
{
    (void)state;
    be_quiet();
    needs(0, COLLECTOR_KIND_BOOK, false);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 1);
    needs(0, COLLECTOR_KIND_BOOK, false);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 0);
    answered(collector_job_of(0, COLLECTOR_KIND_BOOK), CB_VENUE_ACTION_OK);
    /* Asked for again meanwhile: once more, but not at once (the snapshot was too old). */
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 0);
    mono_ns += config.backoff_min_ns;
    wake();
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 1);
    answered(collector_job_of(0, COLLECTOR_KIND_BOOK), CB_VENUE_ACTION_OK);
    assert_int_equal(collector_pending(state_of_core), 0);
}

static void requests_at_the_same_time_are_bounded(void **state)
{
    (void)state;
    config.rest_in_flight_max = 2;
    core_start();
    be_quiet();
    needs(0, COLLECTOR_KIND_BOOK, false);
    needs(1, COLLECTOR_KIND_BOOK, false);
    assert_int_equal(state_of_core->in_flight, 2);
    needs(0, COLLECTOR_KIND_TRADE, true);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 0);
    assert_int_equal(collector_pending(state_of_core), 3);
    answered(collector_job_of(0, COLLECTOR_KIND_BOOK), CB_VENUE_ACTION_OK);
    assert_int_equal(fetch_at(0)->call, CB_VENUE_CALL_TRADES_FROM);
}

static void weight_stays_below_the_limit_in_every_minute(void **state)
{
    (void)state;
    config.rest_in_flight_max = 16;
    config.weight_per_minute = 1200;
    core_start();
    be_quiet();
    /* Snapshots of weight 250 as fast as they are answered, for five minutes. */
    enum { MOMENTS = 1500 };
    static uint32_t spent[MOMENTS];
    for (uint32_t i = 0; i < MOMENTS; i++) {
        spent[i] = 0;
        for (uint32_t symbol = 0; symbol < 2; symbol++) {
            needs(symbol, COLLECTOR_KIND_BOOK, false);
            const uint32_t sent = requests_count(COLLECTOR_REQUEST_FETCH);
            for (uint32_t k = 0; k < sent; k++) {
                spent[i] += ((const collector_fetch *)request_at(COLLECTOR_REQUEST_FETCH, k))
                                ->request.weight;
            }
            if (sent > 0) {
                answered(collector_job_of(symbol, COLLECTOR_KIND_BOOK), CB_VENUE_ACTION_OK);
            }
        }
        mono_ns += 200 * MS;
    }
    uint32_t window = 0;
    uint32_t most = 0;
    uint32_t total = 0;
    for (uint32_t i = 0; i < MOMENTS; i++) {
        window += spent[i];
        window -= i >= 300 ? spent[i - 300] : 0;
        most = window > most ? window : most;
        total += spent[i];
    }
    assert_true(most <= 1080 + 250); /* 90 %, and the call that found the bucket just full enough */
    assert_true(total > 4 * 400);    /* and it is used */
}

static void venues_own_limit_replaces_the_configured_one(void **state)
{
    (void)state;
    be_quiet();
    collector_input input = an_input();
    input.weight_per_minute = 100;
    step(COLLECTOR_EVENT_LIMITS, &input);
    assert_true(state_of_core->weight_per_minute == 100);
    input.weight_per_minute = 0; /* not stated */
    step(COLLECTOR_EVENT_LIMITS, &input);
    assert_true(state_of_core->weight_per_minute == 100);
    needs(0, COLLECTOR_KIND_BOOK, false); /* dearer than the whole bucket: goes when that is full */
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 1);
    needs(0, COLLECTOR_KIND_TRADE, true);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 0);
    mono_ns += 60 * SECOND;
    wake();
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 1);
}

static void throttled_answers_stop_all_requests_for_as_long_as_asked(void **state)
{
    (void)state;
    be_quiet();
    needs(0, COLLECTOR_KIND_BOOK, false);
    collector_input input = an_input();
    input.job = collector_job_of(0, COLLECTOR_KIND_BOOK);
    input.action = CB_VENUE_ACTION_THROTTLE;
    input.retry_after_s = 30;
    step(COLLECTOR_EVENT_ANSWER, &input);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 0);
    needs(1, COLLECTOR_KIND_CANDLE, false);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 0);
    mono_ns += 30 * SECOND;
    wake();
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 0); /* a second of grace */
    mono_ns += 1 * SECOND;
    wake();
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 2);
}

static void ban_stops_everything_and_says_so(void **state)
{
    (void)state;
    char why[64];
    be_quiet();
    needs(0, COLLECTOR_KIND_BOOK, false);
    answered(collector_job_of(0, COLLECTOR_KIND_BOOK), CB_VENUE_ACTION_BAN);
    assert_true(collector_why_not(state_of_core, why, sizeof(why)));
    assert_string_equal(why, "banned by the venue (418)");
    mono_ns += 600 * SECOND; /* no Retry-After: ten minutes */
    wake();
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 0);
    mono_ns += 1 * SECOND;
    wake();
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 1);
    assert_false(collector_why_not(state_of_core, why, sizeof(why)));
}

static void used_weight_near_the_limit_waits_for_the_next_minute(void **state)
{
    (void)state;
    be_quiet();
    needs(0, COLLECTOR_KIND_BOOK, false);
    collector_input input = an_input();
    input.job = collector_job_of(0, COLLECTOR_KIND_BOOK);
    input.action = CB_VENUE_ACTION_OK;
    input.used_weight = 5399;
    step(COLLECTOR_EVENT_ANSWER, &input);
    needs(0, COLLECTOR_KIND_BOOK, false);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 1);
    input.used_weight = 5400; /* 90 % of 6000: others use our address too */
    step(COLLECTOR_EVENT_ANSWER, &input);
    needs(0, COLLECTOR_KIND_BOOK, false);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 0);
    mono_ns += 60 * SECOND;
    wake();
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 1);
}

static void failed_requests_are_repeated_with_growing_waits(void **state)
{
    (void)state;
    be_quiet();
    needs(0, COLLECTOR_KIND_BOOK, false);
    int64_t last_wait_ns = 0;
    for (int i = 0; i < 5; i++) {
        answered(collector_job_of(0, COLLECTOR_KIND_BOOK), CB_VENUE_ACTION_RETRY);
        assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 0);
        const collector_job *job = &state_of_core->jobs[collector_job_of(0, COLLECTOR_KIND_BOOK)];
        const int64_t wait_ns = job->not_before_ns - mono_ns;
        assert_true(wait_ns >= last_wait_ns / 2);
        last_wait_ns = wait_ns;
        mono_ns = job->not_before_ns;
        wake();
        assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 1);
    }
    assert_true(last_wait_ns > 4 * SECOND);
}

static void repairs_are_given_up_after_some_attempts(void **state)
{
    (void)state;
    be_quiet();
    const uint32_t job = collector_job_of(1, COLLECTOR_KIND_TRADE);
    needs(1, COLLECTOR_KIND_TRADE, true);
    for (uint32_t i = 1; i < COLLECTOR_REST_ATTEMPTS_MAX; i++) {
        answered(job, CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS);
        assert_int_equal(requests_count(COLLECTOR_REQUEST_GIVE_UP), 0);
        mono_ns = state_of_core->jobs[job].not_before_ns;
        wake();
    }
    answered(job, CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS);
    const collector_command *give_up = command_of(COLLECTOR_REQUEST_GIVE_UP);
    assert_int_equal(give_up->symbol, 1);
    assert_int_equal(give_up->kind, COLLECTOR_KIND_TRADE);
    assert_int_equal(collector_pending(state_of_core), 0);
}

static void refused_repair_is_asked_for_in_another_way_once(void **state)
{
    (void)state;
    be_quiet();
    const uint32_t job = collector_job_of(0, COLLECTOR_KIND_TRADE);
    needs(0, COLLECTOR_KIND_TRADE, true);
    answered(job, CB_VENUE_ACTION_FINAL); /* a venue without historicalTrades */
    assert_string_equal(fetch_at(0)->request.url_path, "/api/v3/trades?symbol=BTCUSDT&limit=1000");
    answered(job, CB_VENUE_ACTION_FINAL);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_GIVE_UP), 1);
}

static void refused_symbol_list_is_asked_for_whole(void **state)
{
    (void)state;
    go_live();
    answered(COLLECTOR_JOB_INSTRUMENTS, CB_VENUE_ACTION_FINAL);
    assert_string_equal(fetch_at(0)->request.url_path, "/api/v3/exchangeInfo");
    answered(COLLECTOR_JOB_INSTRUMENTS, CB_VENUE_ACTION_OK);
    step_timer(COLLECTOR_TIMER_INSTRUMENTS);
    assert_true(timer_due(COLLECTOR_TIMER_INSTRUMENTS) == service_ns + 60 * SECOND);
    assert_true(command_of(COLLECTOR_REQUEST_WAKE)->wake_mono_ns == 0); /* at once */
    wake();
    assert_string_equal(fetch_at(0)->request.url_path, "/api/v3/exchangeInfo");
}

static void snapshot_of_an_unknown_symbol_is_asked_for_at_the_slowest_pace(void **state)
{
    (void)state;
    be_quiet();
    const uint32_t job = collector_job_of(0, COLLECTOR_KIND_BOOK);
    needs(0, COLLECTOR_KIND_BOOK, false);
    answered(job, CB_VENUE_ACTION_FINAL);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_GIVE_UP), 0);
    assert_true(state_of_core->jobs[job].not_before_ns - mono_ns >= config.backoff_max_ns / 2);
}

static void repair_that_never_ends_is_stopped(void **state)
{
    (void)state;
    be_quiet();
    const uint32_t job = collector_job_of(0, COLLECTOR_KIND_TRADE);
    needs(0, COLLECTOR_KIND_TRADE, true);
    uint32_t rounds = 0;
    for (; rounds < 100 && requests_count(COLLECTOR_REQUEST_GIVE_UP) == 0; rounds++) {
        needs(
            0, COLLECTOR_KIND_TRADE, true); /* the answer brought something, and more is missing */
        if (requests_count(COLLECTOR_REQUEST_GIVE_UP) > 0) {
            break;
        }
        collector_input input = an_input();
        input.job = job;
        input.action = CB_VENUE_ACTION_OK;
        input.is_progress = true;
        step(COLLECTOR_EVENT_ANSWER, &input);
        assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 1);
    }
    assert_int_equal(rounds, COLLECTOR_REPAIR_ROUNDS_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_set_up, harness_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(jobs_ask_for_what_is_missing),
        TEST(nothing_is_asked_about_symbols_that_the_venue_does_not_have),
        TEST(job_in_flight_is_not_sent_twice),
        TEST(requests_at_the_same_time_are_bounded),
        TEST(weight_stays_below_the_limit_in_every_minute),
        TEST(venues_own_limit_replaces_the_configured_one),
        TEST(throttled_answers_stop_all_requests_for_as_long_as_asked),
        TEST(ban_stops_everything_and_says_so),
        TEST(used_weight_near_the_limit_waits_for_the_next_minute),
        TEST(failed_requests_are_repeated_with_growing_waits),
        TEST(repairs_are_given_up_after_some_attempts),
        TEST(refused_repair_is_asked_for_in_another_way_once),
        TEST(refused_symbol_list_is_asked_for_whole),
        TEST(snapshot_of_an_unknown_symbol_is_asked_for_at_the_slowest_pace),
        TEST(repair_that_never_ends_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
