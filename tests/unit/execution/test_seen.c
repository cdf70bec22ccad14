/* The set that forgets the oldest first: equal to a plain list under random use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "services/execution/core/seen.h"

static void seen_equals_a_list_under_random_use(void **context)
{
    (void)context;
    enum { CAPACITY = 37, ROUNDS = 200000, KEYS = 90 };
    static uint8_t block[16384];
    cb_arena arena;
    cb_arena_init(&arena, block, sizeof(block));
    assert_true(exec_seen_size(CAPACITY) <= sizeof(block));
    exec_seen seen;
    exec_seen_init(&seen, CAPACITY, &arena);
    cb_id list[CAPACITY];
    size_t count = 0;
    cb_prng prng;
    cb_prng_init(&prng, 42);
    for (int round = 0; round < ROUNDS; round++) {
        const cb_id key = {1 + cb_prng_below(&prng, 3), cb_prng_below(&prng, KEYS / 3)};
        bool is_there = false;
        for (size_t i = 0; i < count; i++) {
            is_there = is_there || cb_id_equal(list[i], key);
        }
        assert_int_equal(exec_seen_has(&seen, key), is_there);
        cb_id gone;
        assert_int_equal(exec_seen_add(&seen, key, &gone), !is_there);
        if (is_there) {
            assert_true(cb_id_is_none(gone));
            continue;
        }
        if (count == CAPACITY) {
            assert_true(cb_id_equal(gone, list[0]));
            memmove(&list[0], &list[1], (CAPACITY - 1) * sizeof(list[0]));
            count--;
        } else {
            assert_true(cb_id_is_none(gone));
        }
        list[count++] = key;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seen_equals_a_list_under_random_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
