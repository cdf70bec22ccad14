/* The audit core: one record for each message, each behind the last; recovery goes on where the
 * stored chain ended; what is no news leaves no record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "services/audit/core/audit.h"

#define NOW_NS INT64_C(1700000000000000000)

typedef struct bench {
    _Alignas(16) uint8_t state[65536];
    cb_outbox *out;
    uint64_t seq;
} bench;

static bench rig;

static int setup(void **context)
{
    (void)context;
    memset(rig.state, 0, sizeof(rig.state));
    assert_true(audit_core_ops.state_size(NULL) <= sizeof(rig.state));
    audit_core_ops.init(rig.state, NULL, NULL);
    rig.out = aligned_alloc(16, sizeof(*rig.out));
    rig.seq = 0;
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    free(rig.out);
    return 0;
}

static void feed(uint32_t type, const void *body, size_t size, bool is_recovery)
{
    const cb_event event = {.seq = ++rig.seq,
        .ts_ns = NOW_NS + (int64_t)rig.seq,
        .type = type,
        .is_recovery = is_recovery,
        .body_size = (uint32_t)size,
        .body = body};
    cb_outbox_reset(rig.out);
    audit_core_ops.step(rig.state, &event, rig.out);
}

/* The record that the last event left, or NULL. */
static const cb_audit_record *record(void)
{
    for (uint32_t i = 0; i < rig.out->actions_count; i++) {
        if (rig.out->actions[i].type == CB_ACTION_STORE) {
            return rig.out->actions[i].body;
        }
    }
    return NULL;
}

static cb_fill make_fill(uint64_t trade_id)
{
    cb_fill fill = {.env = {.event_id = {3, trade_id}, .correlation_id = {4, 1}, .ts_ns = 5},
        .venue = "binance",
        .symbol = "BTCUSDT",
        .account = "main",
        .trade_id = trade_id,
        .side = CB_SIDE_BUY,
        .qty = {150000000},
        .price = {INT64_C(3000000000000)},
        .fee_asset = "USDT"};
    (void)snprintf(fill.env.producer, sizeof(fill.env.producer), "execution");
    return fill;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void each_message_is_one_record_behind_the_last(void **context)
{
    (void)context;
    uint8_t prev[CB_AUDIT_HASH_SIZE] = {0};
    for (uint64_t i = 1; i <= 5; i++) {
        const cb_fill fill = make_fill(i);
        uint8_t hash[CB_AUDIT_HASH_SIZE];
        feed(CB_MSG_FILL, &fill, sizeof(fill), false);
        const cb_audit_record *made = record();
        assert_non_null(made);
        assert_int_equal(made->seq, i);
        assert_memory_equal(made->prev_hash, prev, sizeof(prev));
        cb_audit_record_hash(made, hash);
        assert_memory_equal(made->hash, hash, sizeof(hash));
        memcpy(prev, hash, sizeof(prev));
        assert_int_equal(audit_seq_of(rig.state), i);
    }
}

static void words_of_a_fill_say_what_it_was(void **context)
{
    (void)context;
    const cb_fill fill = make_fill(77);
    feed(CB_MSG_FILL, &fill, sizeof(fill), false);
    const cb_audit_record *made = record();
    assert_non_null(made);
    assert_string_equal(made->kind, "fill");
    assert_string_equal(made->actor, "execution");
    assert_string_equal(made->object, "binance:BTCUSDT:77");
    assert_non_null(strstr(made->detail, "buy 1.5 BTCUSDT, price 30000, fee 0 USDT"));
    assert_int_equal(made->event_ns, 5);
    assert_int_equal(made->recorded_ns, NOW_NS + 1);
}

/* The words may be cut; the hash covers every field. */
static void any_field_of_a_message_changes_its_hash(void **context)
{
    (void)context;
    cb_fill fill = make_fill(1);
    uint8_t before[CB_AUDIT_HASH_SIZE];
    uint8_t after[CB_AUDIT_HASH_SIZE];
    cb_audit_body_hash(&cb_fill_desc, &fill, before);
    fill.is_maker = true;
    cb_audit_body_hash(&cb_fill_desc, &fill, after);
    assert_memory_not_equal(before, after, sizeof(before));
    fill.is_maker = false;
    fill.env.origin_ns = 1;
    cb_audit_body_hash(&cb_fill_desc, &fill, after);
    assert_memory_not_equal(before, after, sizeof(before));
}

static void longest_words_fit(void **context)
{
    (void)context;
    cb_order order = {.version = UINT32_MAX,
        .qty = {INT64_MIN},
        .cum_qty = {INT64_MIN},
        .lease_epoch = INT64_MAX,
        .state = CB_ORDER_STATE_PARTIALLY_FILLED};
    memset(order.env.producer, 'p', sizeof(order.env.producer) - 1);
    memset(order.symbol, 's', sizeof(order.symbol) - 1);
    memset(order.account, 'a', sizeof(order.account) - 1);
    memset(order.client_order_id, 'c', sizeof(order.client_order_id) - 1);
    memset(order.venue_order_id, 'v', sizeof(order.venue_order_id) - 1);
    memset(order.reason, 'r', sizeof(order.reason) - 1);
    feed(CB_MSG_ORDER, &order, sizeof(order), false);
    assert_non_null(record());
    assert_true(strlen(record()->detail) < CB_AUDIT_DETAIL_MAX);
}

static void configuration_is_recorded_when_it_is_news(void **context)
{
    (void)context;
    audit_config_seen seen = {.service = "risk", .epoch = 1};
    feed(AUDIT_EVENT_CONFIG, &seen, sizeof(seen), false);
    assert_non_null(record());
    assert_string_equal(record()->actor, "risk");
    feed(AUDIT_EVENT_CONFIG, &seen, sizeof(seen), false);
    assert_null(record());
    seen.epoch = 2;
    feed(AUDIT_EVENT_CONFIG, &seen, sizeof(seen), false);
    assert_non_null(record());
    seen.config_hash[31] = 1;
    feed(AUDIT_EVENT_CONFIG, &seen, sizeof(seen), false);
    assert_non_null(record());
    (void)snprintf(seen.service, sizeof(seen.service), "signals");
    feed(AUDIT_EVENT_CONFIG, &seen, sizeof(seen), false);
    assert_non_null(record());
    assert_int_equal(audit_seq_of(rig.state), 4);
}

static void recovery_goes_on_behind_the_stored_chain(void **context)
{
    (void)context;
    audit_old_head head = {.seq = 41};
    memset(head.hash, 9, sizeof(head.hash));
    const audit_config_seen seen = {.service = "risk", .epoch = 7};
    feed(AUDIT_EVENT_OLD_HEAD, &head, sizeof(head), true);
    feed(AUDIT_EVENT_OLD_CONFIG, &seen, sizeof(seen), true);
    assert_int_equal(rig.out->actions_count, 0);
    feed(AUDIT_EVENT_CONFIG, &seen, sizeof(seen), false);
    assert_null(record()); /* known from before */
    const cb_fill fill = make_fill(1);
    feed(CB_MSG_FILL, &fill, sizeof(fill), false);
    assert_int_equal(record()->seq, 42);
    assert_memory_equal(record()->prev_hash, head.hash, sizeof(head.hash));
}

static void note_is_confirmed_after_its_record(void **context)
{
    (void)context;
    audit_note_asked asked = {
        .note = {.actor = "tester", .action = "POST 200"}, .reply_to = "_INBOX_gateway.ask.1"};
    feed(AUDIT_EVENT_NOTE, &asked, sizeof(asked), false);
    assert_int_equal(rig.out->actions_count, 2);
    assert_string_equal(record()->kind, "operator");
    assert_int_equal(rig.out->actions[1].type, CB_ACTION_REQUEST);
    const audit_noted *noted = rig.out->actions[1].body;
    assert_string_equal(noted->reply_to, asked.reply_to);
    asked.note.is_auth = true;
    feed(AUDIT_EVENT_NOTE, &asked, sizeof(asked), false);
    assert_string_equal(record()->kind, "auth");
}

static void kill_names_who_raised_it(void **context)
{
    (void)context;
    const cb_kill kill = {
        .scope = "venue:binance", .level = 2, .actor = "tester", .reason = "drill"};
    feed(CB_MSG_KILL, &kill, sizeof(kill), false);
    assert_string_equal(record()->actor, "tester");
    assert_string_equal(record()->action, "level 2");
    assert_string_equal(record()->object, "venue:binance");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_message_is_one_record_behind_the_last),
        TEST(words_of_a_fill_say_what_it_was),
        TEST(any_field_of_a_message_changes_its_hash),
        TEST(longest_words_fit),
        TEST(configuration_is_recorded_when_it_is_news),
        TEST(recovery_goes_on_behind_the_stored_chain),
        TEST(note_is_confirmed_after_its_record),
        TEST(kill_names_who_raised_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
