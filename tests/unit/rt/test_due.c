/* Due timers against a simple model: the same order whatever was set, moved and cancelled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/prng.h"
#include "rt/due.h"

static void set(cb_due *due, int64_t due_ns, uint32_t kind, uint64_t id)
{
    const cb_due_item item = {due_ns, kind, id, NULL, NULL};
    cb_due_set(due, &item);
}

static void due_orders_by_time_then_kind_then_id(void **state)
{
    (void)state;
    cb_due *due = cb_due_create();
    set(due, 5, 1, 1);
    set(due, 5, 0, 9);
    set(due, 5, 0, 2);
    set(due, 4, 1, 7);
    static const uint64_t IDS[] = {7, 2, 9, 1};
    cb_due_item item;
    assert_false(cb_due_take(due, 3, &item));
    for (size_t i = 0; i < 4; i++) {
        assert_true(cb_due_take(due, 5, &item));
        assert_int_equal(item.id, IDS[i]);
    }
    assert_false(cb_due_take(due, INT64_MAX, &item));
    assert_false(cb_due_first(due, &item));
    cb_due_destroy(due);
    cb_due_destroy(NULL);
}

static void due_set_again_moves(void **state)
{
    (void)state;
    cb_due *due = cb_due_create();
    set(due, 5, 0, 1);
    set(due, 6, 0, 2);
    set(due, 9, 0, 1);
    assert_int_equal(cb_due_count(due), 2);
    cb_due_item item;
    assert_true(cb_due_first(due, &item));
    assert_int_equal(item.id, 2);
    assert_true(cb_due_cancel(due, 0, 2));
    assert_false(cb_due_cancel(due, 0, 2));
    assert_false(cb_due_cancel(due, 1, 1)); /* another kind has ids of its own */
    assert_true(cb_due_take(due, 9, &item));
    assert_int_equal(item.due_ns, 9);
    cb_due_destroy(due);
}

#define IDS_COUNT 200

/* The model: one due time per id, 0 = not set. */
static void take_expected(cb_due *due, int64_t *model, int64_t now_ns)
{
    cb_due_item item;
    for (;;) {
        size_t earliest = IDS_COUNT;
        for (size_t i = 0; i < IDS_COUNT; i++) {
            const bool is_earlier =
                model[i] != 0 && (earliest == IDS_COUNT || model[i] < model[earliest]);
            earliest = is_earlier ? i : earliest;
        }
        if (earliest == IDS_COUNT || model[earliest] > now_ns) {
            assert_false(cb_due_take(due, now_ns, &item));
            return;
        }
        assert_true(cb_due_take(due, now_ns, &item));
        assert_int_equal(item.id, earliest);
        assert_int_equal(item.due_ns, model[earliest]);
        model[earliest] = 0;
    }
}

static void due_agrees_with_a_simple_model(void **state)
{
    (void)state;
    int64_t model[IDS_COUNT] = {0};
    cb_due *due = cb_due_create();
    cb_prng prng;
    cb_prng_init(&prng, 11);
    int64_t now_ns = 1;
    for (int i = 0; i < 20000; i++) {
        const uint64_t id = cb_prng_below(&prng, IDS_COUNT);
        const uint64_t choice = cb_prng_below(&prng, 10);
        if (choice < 6) {
            model[id] = now_ns + 1 + (int64_t)cb_prng_below(&prng, 500);
            set(due, model[id], 0, id);
        } else if (choice < 8) {
            assert_int_equal(cb_due_cancel(due, 0, id), model[id] != 0);
            model[id] = 0;
        } else {
            now_ns += (int64_t)cb_prng_below(&prng, 20);
            take_expected(due, model, now_ns);
        }
    }
    take_expected(due, model, INT64_MAX);
    assert_int_equal(cb_due_count(due), 0);
    cb_due_destroy(due);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_orders_by_time_then_kind_then_id),
        cmocka_unit_test(due_set_again_moves),
        cmocka_unit_test(due_agrees_with_a_simple_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
