/* The bounded inbox: order, conflation of what may be conflated, refusal of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rt/inbox.h"

static cb_inbox_item item(uint64_t number, bool is_conflatable)
{
    return (cb_inbox_item){.message = {.order = number}, .is_conflatable = is_conflatable};
}

static cb_inbox_push_result push(
    cb_inbox *inbox, uint64_t number, bool is_conflatable, uint64_t *out)
{
    const cb_inbox_item pushed = item(number, is_conflatable);
    cb_inbox_item evicted = {0};
    const cb_inbox_push_result result = cb_inbox_push(inbox, &pushed, &evicted);
    *out = evicted.message.order;
    return result;
}

static void expect(cb_inbox *inbox, const uint64_t *numbers, size_t count)
{
    cb_inbox_item popped;
    assert_int_equal(cb_inbox_count(inbox), count);
    for (size_t i = 0; i < count; i++) {
        assert_true(cb_inbox_pop(inbox, &popped));
        assert_int_equal(popped.message.order, numbers[i]);
    }
    assert_false(cb_inbox_pop(inbox, &popped));
}

static void inbox_keeps_the_order(void **state)
{
    (void)state;
    cb_inbox *inbox = cb_inbox_create(3);
    uint64_t evicted = 0;
    for (uint64_t round = 0; round < 5; round++) {
        for (uint64_t i = 1; i <= 3; i++) {
            assert_int_equal(push(inbox, i, i != 2, &evicted), CB_INBOX_TAKEN);
        }
        expect(inbox, (const uint64_t[]){1, 2, 3}, 3);
        assert_int_equal(push(inbox, 4, true, &evicted), CB_INBOX_TAKEN); /* moves the ring */
        expect(inbox, (const uint64_t[]){4}, 1);
    }
    cb_inbox_destroy(inbox);
    cb_inbox_destroy(NULL);
}

static void inbox_conflates_the_oldest_that_may_be(void **state)
{
    (void)state;
    cb_inbox *inbox = cb_inbox_create(4);
    uint64_t evicted = 0;
    assert_int_equal(push(inbox, 1, false, &evicted), CB_INBOX_TAKEN);
    assert_int_equal(push(inbox, 2, false, &evicted), CB_INBOX_TAKEN);
    assert_int_equal(push(inbox, 3, true, &evicted), CB_INBOX_TAKEN);
    assert_int_equal(push(inbox, 4, true, &evicted), CB_INBOX_TAKEN);
    assert_int_equal(push(inbox, 5, true, &evicted), CB_INBOX_CONFLATED);
    assert_int_equal(evicted, 3);
    assert_int_equal(push(inbox, 6, false, &evicted), CB_INBOX_CONFLATED);
    assert_int_equal(evicted, 4);
    expect(inbox, (const uint64_t[]){1, 2, 5, 6}, 4);
    cb_inbox_destroy(inbox);
}

static void inbox_refuses_when_nothing_may_go(void **state)
{
    (void)state;
    cb_inbox *inbox = cb_inbox_create(2);
    uint64_t evicted = 0;
    assert_int_equal(push(inbox, 1, false, &evicted), CB_INBOX_TAKEN);
    assert_int_equal(push(inbox, 2, false, &evicted), CB_INBOX_TAKEN);
    assert_int_equal(push(inbox, 3, true, &evicted), CB_INBOX_REFUSED);
    expect(inbox, (const uint64_t[]){1, 2}, 2);
    cb_inbox_destroy(inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inbox_keeps_the_order),
        cmocka_unit_test(inbox_conflates_the_oldest_that_may_be),
        cmocka_unit_test(inbox_refuses_when_nothing_may_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
