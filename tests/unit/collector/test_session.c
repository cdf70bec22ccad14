/* Connections: when they are made, given up, waited for and rolled over. Time is a number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/collector/core_harness.h"
#include "wire/subjects.h"

static void start_waits_for_the_validator_but_not_for_ever(void **state)
{
    (void)state;
    config.consumer_wait_ns = 20 * SECOND;
    core_start();
    started();
    assert_int_equal(requests_count(COLLECTOR_REQUEST_OPEN), 0);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 0);
    assert_true(command_of(COLLECTOR_REQUEST_WAKE)->wake_mono_ns == mono_ns + 20 * SECOND);
    char why[64];
    assert_true(collector_why_not(state_of_core, why, sizeof(why)));
    assert_string_equal(why, "waits for the validator");
    assert_true(collector_pending(state_of_core) > 0);
    mono_ns += 20 * SECOND - 1;
    wake();
    assert_int_equal(requests_count(COLLECTOR_REQUEST_OPEN), 0);
    mono_ns += 1;
    wake();
    assert_int_equal(requests_count(COLLECTOR_REQUEST_OPEN), 1);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_FETCH), 1);
}

static void start_goes_on_when_the_validator_is_there(void **state)
{
    (void)state;
    config.consumer_wait_ns = 20 * SECOND;
    core_start();
    started();
    const collector_input input = an_input();
    step(COLLECTOR_EVENT_CONSUMER, &input);
    assert_int_equal(command_of(COLLECTOR_REQUEST_OPEN)->slot, 0);
    const collector_fetch *fetch = request_at(COLLECTOR_REQUEST_FETCH, 0);
    assert_int_equal(fetch->call, CB_VENUE_CALL_INSTRUMENTS);
    assert_string_equal(fetch->request.url_path,
        "/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22%2C%22ETHUSDT%22%5D");
    assert_true(timer_due(COLLECTOR_TIMER_INSTRUMENTS) == service_ns + 60 * SECOND);
}

static void connection_goes_from_open_to_live(void **state)
{
    (void)state;
    started();
    opened(0);
    const collector_session *row = stored(COLLECTOR_TABLE_SESSIONS);
    assert_non_null(row);
    assert_string_equal(row->venue, "binance");
    assert_true(row->opened_ns == service_ns && row->live_ns == 0 && row->closed_ns == 0);
    assert_true(row->epoch == 3);
    assert_int_equal(command_of(COLLECTOR_REQUEST_SUBSCRIBE)->symbol, 0);
    subscribed(0, 1); /* the second symbol did not fit into the message */
    assert_int_equal(command_of(COLLECTOR_REQUEST_SUBSCRIBE)->symbol, 1);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_BEGIN), 0);
    subscribed(0, 2);
    assert_int_equal(command_of(COLLECTOR_REQUEST_PRIMARY)->slot, 0);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_BEGIN), 2);
    const collector_command *begin = request_at(COLLECTOR_REQUEST_BEGIN, 1);
    assert_int_equal(begin->symbol, 1);
    assert_true(begin->is_new_stream && begin->is_backfill);
    row = stored(COLLECTOR_TABLE_SESSIONS);
    assert_true(row->live_ns == service_ns);
    char why[64];
    assert_false(collector_why_not(state_of_core, why, sizeof(why)));
}

static void lost_connection_is_opened_again_after_a_wait(void **state)
{
    (void)state;
    go_live();
    closed(0, "reset by peer");
    const collector_session *row = stored(COLLECTOR_TABLE_SESSIONS);
    assert_true(row->closed_ns == service_ns);
    assert_string_equal(row->reason, "reset by peer");
    assert_int_equal(command_of(COLLECTOR_REQUEST_PRIMARY)->slot, COLLECTOR_SLOTS);
    const int64_t open_at_ns = state_of_core->slots[0].open_at_ns;
    assert_true(open_at_ns >= mono_ns + 500 * MS && open_at_ns <= mono_ns + 1 * SECOND);
    assert_true(command_of(COLLECTOR_REQUEST_WAKE)->wake_mono_ns == open_at_ns);
    mono_ns = open_at_ns - 1;
    wake();
    assert_int_equal(requests_count(COLLECTOR_REQUEST_OPEN), 0);
    mono_ns = open_at_ns;
    wake();
    assert_int_equal(command_of(COLLECTOR_REQUEST_OPEN)->slot, 0);
    opened(0);
    subscribed(0, 2);
    const collector_command *begin = command_of(COLLECTOR_REQUEST_BEGIN);
    assert_true(begin->is_new_stream && !begin->is_backfill);
}

static void waits_grow_and_are_bounded_and_jittered(void **state)
{
    (void)state;
    bool has_jitter = false;
    started();
    for (uint32_t attempt = 0; attempt < 12; attempt++) {
        closed(0, "refused");
        const collector_slot *slot = &state_of_core->slots[0];
        const int64_t wait_ns = slot->open_at_ns - mono_ns;
        int64_t full_ns = config.backoff_min_ns;
        for (uint32_t i = 0; i < attempt && full_ns < config.backoff_max_ns; i++) {
            full_ns *= 2;
        }
        full_ns = full_ns > config.backoff_max_ns ? config.backoff_max_ns : full_ns;
        assert_true(wait_ns >= full_ns / 2 && wait_ns <= full_ns);
        has_jitter = has_jitter || (wait_ns != full_ns && wait_ns != full_ns / 2);
        mono_ns = slot->open_at_ns;
        wake();
        assert_int_equal(requests_count(COLLECTOR_REQUEST_OPEN), 1);
    }
    assert_true(has_jitter);
}

static void wait_starts_small_again_after_a_stable_connection(void **state)
{
    (void)state;
    started();
    for (int i = 0; i < 5; i++) {
        closed(0, "refused");
        mono_ns = state_of_core->slots[0].open_at_ns;
        wake();
    }
    opened(0);
    subscribed(0, 2);
    mono_ns += 59 * SECOND; /* too short to count as stable */
    closed(0, "cut");
    assert_true(state_of_core->slots[0].open_at_ns - mono_ns > 10 * SECOND);
    mono_ns = state_of_core->slots[0].open_at_ns;
    wake();
    opened(0);
    subscribed(0, 2);
    mono_ns += 60 * SECOND;
    closed(0, "cut");
    assert_true(state_of_core->slots[0].open_at_ns - mono_ns <= 1 * SECOND);
}

static void same_seed_gives_the_same_waits(void **state)
{
    (void)state;
    int64_t first[6];
    for (int run = 0; run < 2; run++) {
        core_start();
        started();
        for (int i = 0; i < 6; i++) {
            closed(0, "refused");
            const int64_t wait_ns = state_of_core->slots[0].open_at_ns - mono_ns;
            if (run == 0) {
                first[i] = wait_ns;
            }
            assert_true(first[i] == wait_ns);
            mono_ns = state_of_core->slots[0].open_at_ns;
            wake();
        }
    }
}

static void refused_subscription_closes_and_waits(void **state)
{
    (void)state;
    started();
    opened(0);
    collector_input input = an_input();
    step(COLLECTOR_EVENT_REPLY, &input);
    assert_int_equal(command_of(COLLECTOR_REQUEST_CLOSE)->slot, 0);
    assert_int_equal(state_of_core->slots[0].link, COLLECTOR_LINK_WAITING);
    const collector_session *row = stored(COLLECTOR_TABLE_SESSIONS);
    assert_string_equal(row->reason, "subscription refused");
    assert_true(row->closed_ns != 0);
    /* The socket's own report comes later and changes nothing. */
    closed(0, "closed");
    assert_null(stored(COLLECTOR_TABLE_SESSIONS));
    assert_int_equal(state_of_core->slots[0].link, COLLECTOR_LINK_WAITING);
}

/* ---- rollover ---- */

static void rollover_opens_the_second_before_closing_the_first(void **state)
{
    (void)state;
    go_live();
    const int64_t due_ns = timer_due(COLLECTOR_TIMER_ROLLOVER);
    assert_true(due_ns == service_ns + 85800 * SECOND);
    service_ns = due_ns;
    step_timer(COLLECTOR_TIMER_ROLLOVER);
    assert_int_equal(command_of(COLLECTOR_REQUEST_OPEN)->slot, 1);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_CLOSE), 0);
    assert_int_equal(state_of_core->primary, 0);
    opened(1);
    subscribed(1, 2);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_PRIMARY), 0);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_BEGIN), 0); /* the streams run on */
    assert_true(timer_due(COLLECTOR_TIMER_OVERLAP) == service_ns + 5 * SECOND);
    service_ns += 5 * SECOND;
    step_timer(COLLECTOR_TIMER_OVERLAP);
    assert_int_equal(command_of(COLLECTOR_REQUEST_PRIMARY)->slot, 1);
    assert_int_equal(command_of(COLLECTOR_REQUEST_CLOSE)->slot, 0);
    const collector_session *row = stored(COLLECTOR_TABLE_SESSIONS);
    assert_string_equal(row->reason, "rollover");
    assert_int_equal(row->slot, 0);
    assert_true(timer_due(COLLECTOR_TIMER_ROLLOVER) == service_ns + 85800 * SECOND);
    assert_int_equal(collector_pending(state_of_core) - state_of_core->in_flight, 0);
}

static void shutdown_notice_rolls_over_at_once(void **state)
{
    (void)state;
    go_live();
    collector_input input = an_input();
    step(COLLECTOR_EVENT_SHUTDOWN, &input);
    assert_int_equal(command_of(COLLECTOR_REQUEST_OPEN)->slot, 1);
    step(COLLECTOR_EVENT_SHUTDOWN, &input); /* said twice */
    assert_int_equal(requests_count(COLLECTOR_REQUEST_OPEN), 0);
}

static void first_lost_during_the_overlap_hands_over(void **state)
{
    (void)state;
    go_live();
    step_timer(COLLECTOR_TIMER_ROLLOVER);
    opened(1);
    subscribed(1, 2);
    closed(0, "cut at 24 h");
    assert_int_equal(command_of(COLLECTOR_REQUEST_PRIMARY)->slot, 1);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_OPEN), 0);
    assert_int_equal(state_of_core->slots[0].link, COLLECTOR_LINK_IDLE);
    assert_true(timer_due(COLLECTOR_TIMER_ROLLOVER) > service_ns);
    step_timer(COLLECTOR_TIMER_OVERLAP); /* a timer that was on its way */
    assert_int_equal(requests_count(COLLECTOR_REQUEST_CLOSE), 0);
}

static void second_that_fails_is_tried_again(void **state)
{
    (void)state;
    go_live();
    step_timer(COLLECTOR_TIMER_ROLLOVER);
    closed(1, "refused");
    assert_int_equal(state_of_core->primary, 0);
    assert_int_equal(state_of_core->slots[1].link, COLLECTOR_LINK_WAITING);
    mono_ns = state_of_core->slots[1].open_at_ns;
    wake();
    assert_int_equal(command_of(COLLECTOR_REQUEST_OPEN)->slot, 1);
}

static void first_lost_before_the_second_is_live_begins_anew(void **state)
{
    (void)state;
    go_live();
    step_timer(COLLECTOR_TIMER_ROLLOVER);
    opened(1);
    closed(0, "cut");
    assert_int_equal(command_of(COLLECTOR_REQUEST_PRIMARY)->slot, COLLECTOR_SLOTS);
    assert_int_equal(state_of_core->slots[0].link, COLLECTOR_LINK_IDLE); /* one is in the making */
    subscribed(1, 2);
    assert_int_equal(command_of(COLLECTOR_REQUEST_PRIMARY)->slot, 1);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_BEGIN), 2);
}

static void silent_connection_is_replaced(void **state)
{
    (void)state;
    go_live();
    collector_input input = an_input();
    step(COLLECTOR_EVENT_SILENT, &input);
    assert_int_equal(command_of(COLLECTOR_REQUEST_CLOSE)->slot, 0);
    assert_int_equal(command_of(COLLECTOR_REQUEST_PRIMARY)->slot, COLLECTOR_SLOTS);
    assert_int_equal(state_of_core->slots[0].link, COLLECTOR_LINK_WAITING);
    step(COLLECTOR_EVENT_SILENT, &input); /* it is not live any more */
    assert_int_equal(requests_count(COLLECTOR_REQUEST_CLOSE), 0);
}

static void no_rollover_when_it_is_switched_off(void **state)
{
    (void)state;
    config.rollover_after_ns = 0;
    core_start();
    go_live();
    assert_true(timer_due(COLLECTOR_TIMER_ROLLOVER) == 0);
}

/* ---- the validator's return, instruments, gaps ---- */

static cb_instrument an_instrument(const char *symbol)
{
    cb_instrument instrument = {.status = CB_INSTRUMENT_STATUS_TRADING, .tick_size.e8 = 1000000};
    (void)cb_text_copy(instrument.symbol, sizeof(instrument.symbol), cb_sv_from(symbol));
    (void)cb_text_copy(instrument.venue, sizeof(instrument.venue), CB_SV("binance"));
    return instrument;
}

static uint32_t published(bool *is_stored)
{
    uint32_t count = 0;
    *is_stored = false;
    for (uint32_t i = 0; i < outbox->actions_count; i++) {
        const cb_action *action = &outbox->actions[i];
        if (action->type == CB_ACTION_PUBLISH) {
            assert_int_equal(action->subject, CB_SUBJECT_MD_RAW_INSTRUMENT);
            count++;
            *is_stored = action->table == (uint32_t)COLLECTOR_TABLE_INSTRUMENTS;
        }
    }
    return count;
}

static void instruments_are_stored_when_they_change(void **state)
{
    (void)state;
    bool is_stored = false;
    cb_instrument instrument = an_instrument("ETHUSDT");
    started();
    step_raw(COLLECTOR_EVENT_INSTRUMENT, &instrument, sizeof(instrument));
    assert_int_equal(published(&is_stored), 1);
    assert_true(is_stored);
    instrument.recv_ns = 99;
    step_raw(COLLECTOR_EVENT_INSTRUMENT, &instrument, sizeof(instrument));
    assert_int_equal(published(&is_stored), 1);
    assert_false(is_stored);
    instrument.status = CB_INSTRUMENT_STATUS_HALT;
    step_raw(COLLECTOR_EVENT_INSTRUMENT, &instrument, sizeof(instrument));
    assert_int_equal(published(&is_stored), 1);
    assert_true(is_stored);
    instrument = an_instrument("XRPUSDT"); /* not collected */
    step_raw(COLLECTOR_EVENT_INSTRUMENT, &instrument, sizeof(instrument));
    assert_int_equal(published(&is_stored), 0);
}

static void returned_validator_gets_instruments_and_candles_again(void **state)
{
    (void)state;
    bool is_stored = false;
    const cb_instrument instrument = an_instrument("BTCUSDT");
    go_live();
    step_raw(COLLECTOR_EVENT_INSTRUMENT, &instrument, sizeof(instrument));
    const collector_input input = an_input();
    step(COLLECTOR_EVENT_CONSUMER, &input);
    assert_int_equal(published(&is_stored), 1);
    assert_int_equal(requests_count(COLLECTOR_REQUEST_BEGIN), 2);
    const collector_command *begin = command_of(COLLECTOR_REQUEST_BEGIN);
    assert_true(!begin->is_new_stream && begin->is_backfill);
}

static void gaps_are_rows_that_say_what_became_of_them(void **state)
{
    (void)state;
    go_live();
    needs(1, COLLECTOR_KIND_TRADE, true);
    const collector_gap *row = stored(COLLECTOR_TABLE_GAPS);
    assert_non_null(row);
    assert_string_equal(row->symbol, "ETHUSDT");
    assert_string_equal(row->kind, "trade");
    assert_string_equal(row->state, "open");
    assert_true(row->first_id == 100 && row->last_id == 109 && row->missing_count == 10);
    const cb_id gap_id = row->gap_id;
    needs(1, COLLECTOR_KIND_TRADE, true); /* the same hole, asked for again */
    assert_null(stored(COLLECTOR_TABLE_GAPS));
    static const struct {
        uint64_t repaired;
        const char *word;
    } rows[] = {{10, "repaired"}, {4, "partly"}, {0, "lost"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        collector_input input = an_input();
        input.outcome = (collector_outcome){.symbol = 1,
            .kind = COLLECTOR_KIND_TRADE,
            .missing_count = 10,
            .repaired_count = rows[i].repaired};
        step(COLLECTOR_EVENT_OUTCOME, &input);
        row = stored(COLLECTOR_TABLE_GAPS);
        assert_string_equal(row->state, rows[i].word);
        assert_true(row->closed_ns == service_ns && row->repaired_count == rows[i].repaired);
        assert_true(i > 0 || cb_id_equal(row->gap_id, gap_id));
        needs(1, COLLECTOR_KIND_TRADE, true);
    }
    collector_input input = an_input();
    input.outcome = (collector_outcome){.symbol = 0, .kind = COLLECTOR_KIND_BOOK};
    step(COLLECTOR_EVENT_OUTCOME, &input); /* of no hole that is known */
    assert_null(stored(COLLECTOR_TABLE_GAPS));
}

static void same_events_give_the_same_state(void **state)
{
    (void)state;
    uint64_t hashes[2];
    for (int run = 0; run < 2; run++) {
        core_start();
        go_live();
        closed(0, "cut");
        mono_ns += 5 * SECOND;
        wake();
        opened(0);
        hashes[run] = collector_core.state_hash(state_of_core);
    }
    assert_true(hashes[0] == hashes[1]);
    closed(0, "cut");
    assert_true(hashes[0] != collector_core.state_hash(state_of_core));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_set_up, harness_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(start_waits_for_the_validator_but_not_for_ever),
        TEST(start_goes_on_when_the_validator_is_there),
        TEST(connection_goes_from_open_to_live),
        TEST(lost_connection_is_opened_again_after_a_wait),
        TEST(waits_grow_and_are_bounded_and_jittered),
        TEST(wait_starts_small_again_after_a_stable_connection),
        TEST(same_seed_gives_the_same_waits),
        TEST(refused_subscription_closes_and_waits),
        TEST(rollover_opens_the_second_before_closing_the_first),
        TEST(shutdown_notice_rolls_over_at_once),
        TEST(first_lost_during_the_overlap_hands_over),
        TEST(second_that_fails_is_tried_again),
        TEST(first_lost_before_the_second_is_live_begins_anew),
        TEST(silent_connection_is_replaced),
        TEST(no_rollover_when_it_is_switched_off),
        TEST(instruments_are_stored_when_they_change),
        TEST(returned_validator_gets_instruments_and_candles_again),
        TEST(gaps_are_rows_that_say_what_became_of_them),
        TEST(same_events_give_the_same_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
