/* The outbox hands out zeroed bodies, keeps actions in order, and traps when full. Enumerations:
 * names and numbers come back. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "domain/outbox.h"

static cb_outbox outbox;

static void actions_keep_their_order_and_bodies(void **unused)
{
    (void)unused;
    memset(&outbox, 0xff, sizeof(outbox));
    cb_outbox_reset(&outbox);
    cb_fill *fill = CB_PUBLISH(&outbox, 7, 2, cb_fill);
    const cb_fill zero = {.trade_id = 0};
    assert_int_equal(fill->trade_id, zero.trade_id);
    assert_int_equal(fill->fee.e8, 0);
    fill->trade_id = 5;
    cb_level *level = CB_STORE(&outbox, 3, cb_level);
    level->price.e8 = 9;
    cb_outbox_set_timer(&outbox, 11, 12);
    cb_outbox_cancel_timer(&outbox, 13);
    (void)CB_REQUEST(&outbox, 14, cb_level);
    assert_int_equal(outbox.actions_count, 5);
    assert_int_equal(outbox.actions[0].type, CB_ACTION_PUBLISH);
    assert_int_equal(outbox.actions[0].subject, 7);
    assert_int_equal(outbox.actions[0].table, 2);
    assert_int_equal(outbox.actions[0].body_size, sizeof(cb_fill));
    assert_int_equal(((const cb_fill *)outbox.actions[0].body)->trade_id, 5);
    assert_int_equal(outbox.actions[1].type, CB_ACTION_STORE);
    assert_int_equal(outbox.actions[1].table, 3);
    assert_int_equal(outbox.actions[2].type, CB_ACTION_SET_TIMER);
    assert_int_equal(outbox.actions[2].timer_id, 11);
    assert_int_equal(outbox.actions[2].due_ns, 12);
    assert_null(outbox.actions[2].body);
    assert_int_equal(outbox.actions[3].type, CB_ACTION_CANCEL_TIMER);
    assert_int_equal(outbox.actions[3].timer_id, 13);
    assert_int_equal(outbox.actions[4].type, CB_ACTION_REQUEST);
    assert_int_equal(outbox.actions[4].request, 14);
    assert_int_equal(outbox.actions[4].table, CB_TABLE_NONE);
}

static void bodies_are_aligned_disjoint_and_zero_after_a_reset(void **unused)
{
    (void)unused;
    for (int round = 0; round < 3; round++) {
        cb_outbox_reset(&outbox);
        const uint8_t *end = outbox.bytes;
        for (size_t size = 1; size < 300; size++) {
            uint8_t *body = cb_outbox_store(&outbox, 0, size);
            assert_int_equal((uintptr_t)body % 16, 0);
            assert_true(body >= end);
            for (size_t i = 0; i < size; i++) {
                assert_int_equal(body[i], 0);
            }
            memset(body, 0xee, size);
            end = body + size;
        }
    }
}

/* ---- traps ---- */
static void too_many_actions(void)
{
    cb_outbox_reset(&outbox);
    for (int i = 0; i <= CB_OUTBOX_ACTIONS_MAX; i++) {
        cb_outbox_set_timer(&outbox, 1, 1);
    }
}

static void too_many_bytes(void)
{
    cb_outbox_reset(&outbox);
    (void)cb_outbox_store(&outbox, 0, (size_t)CB_OUTBOX_BYTES_MAX - 16);
    (void)cb_outbox_store(&outbox, 0, 17);
}

static void store_without_table(void)
{
    cb_outbox_reset(&outbox);
    (void)cb_outbox_store(&outbox, CB_TABLE_NONE, 16);
}

static bool traps(void (*fn)(void))
{
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)signal(SIGILL, SIG_DFL);
        (void)signal(SIGTRAP, SIG_DFL);
        fn();
        _exit(0);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           (WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP);
}

static void a_full_outbox_traps(void **unused)
{
    (void)unused;
    assert_true(traps(too_many_actions));
    assert_true(traps(too_many_bytes));
    assert_true(traps(store_without_table));
    cb_outbox_reset(&outbox);
    for (int i = 0; i < CB_OUTBOX_ACTIONS_MAX; i++) {
        cb_outbox_set_timer(&outbox, 1, 1);
    }
    cb_outbox_reset(&outbox);
    assert_non_null(cb_outbox_store(&outbox, 0, (size_t)CB_OUTBOX_BYTES_MAX));
}

/* ---- enumerations and descriptions ---- */
static void check_enum(const cb_enum_desc *desc)
{
    assert_string_equal(cb_enum_name(desc, 0), desc->values[0]);
    assert_string_equal(cb_enum_name(desc, desc->count), "?");
    assert_string_equal(cb_enum_name(desc, UINT32_MAX), "?");
    for (uint32_t value = 0; value < desc->count; value++) {
        const char *name = cb_enum_name(desc, value);
        uint32_t back = UINT32_MAX;
        assert_true(cb_enum_parse(desc, name, strlen(name), &back));
        assert_int_equal(back, value);
        assert_false(cb_enum_parse(desc, name, strlen(name) - 1, &back));
    }
    uint32_t unset = 77;
    assert_false(cb_enum_parse(desc, "no such value", 13, &unset));
    assert_false(cb_enum_parse(desc, "", 0, &unset));
    assert_int_equal(unset, 77);
}

static void enum_names_come_back(void **unused)
{
    (void)unused;
#define CHECK_ENUM(LIST, type, words) check_enum(&type##_desc);
    CB_ENUM_LIST(CHECK_ENUM)
    assert_string_equal(CB_NAME(cb_order_state, CB_ORDER_STATE_NOT_SENT), "not_sent");
    assert_string_equal(CB_NAME(cb_side, CB_SIDE_SELL), "sell");
}

static void descriptions_lie_within_their_structs(void **unused)
{
    (void)unused;
    assert_null(cb_msg_desc(CB_MSG_NONE));
    assert_null(cb_msg_desc(CB_MSG_COUNT));
    for (int id = 1; id < CB_MSG_COUNT; id++) {
        const cb_desc *desc = cb_msg_desc((cb_msg_id)id);
        assert_non_null(desc);
        uint32_t last = 0;
        for (uint32_t i = 0; i < desc->fields_count; i++) {
            const cb_field *field = &desc->fields[i];
            assert_true(field->number > last);
            assert_true(field->offset < desc->size);
            last = field->number;
        }
    }
    cb_fill fill = {.trade_id = 1};
    assert_ptr_equal(cb_msg_envelope(&fill), &fill.env);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actions_keep_their_order_and_bodies),
        cmocka_unit_test(bodies_are_aligned_disjoint_and_zero_after_a_reset),
        cmocka_unit_test(a_full_outbox_traps),
        cmocka_unit_test(enum_names_come_back),
        cmocka_unit_test(descriptions_lie_within_their_structs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
