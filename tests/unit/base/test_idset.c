/* The set of the newest ids, against a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/idset.h"
#include "base/prng.h"

#define CAPACITY 50
#define NUMBERS (UINT64_C(2) * CAPACITY)

static cb_id id_of(uint64_t number)
{
    return (cb_id){1, number};
}

static void an_id_is_added_once(void **unused)
{
    (void)unused;
    cb_idset_slot slots[4];
    cb_idset set;
    cb_idset_init(&set, slots, 4);
    assert_false(cb_idset_has(&set, id_of(1)));
    assert_true(cb_idset_add(&set, id_of(1)));
    assert_false(cb_idset_add(&set, id_of(1)));
    assert_true(cb_idset_has(&set, id_of(1)));
    assert_int_equal(set.count, 1);
}

static void a_full_set_forgets_its_oldest(void **unused)
{
    (void)unused;
    cb_idset_slot slots[3];
    cb_idset set;
    cb_idset_init(&set, slots, 3);
    for (uint64_t i = 1; i <= 4; i++) {
        assert_true(cb_idset_add(&set, id_of(i)));
    }
    assert_false(cb_idset_has(&set, id_of(1)));
    for (uint64_t i = 2; i <= 4; i++) {
        assert_true(cb_idset_has(&set, id_of(i)));
    }
    assert_int_equal(set.count, 3);
}

/* The plain list: the newest CAPACITY different ids, oldest first. */
typedef struct plain_list {
    uint64_t numbers[CAPACITY];
    uint32_t count;
} plain_list;

static bool list_has(const plain_list *list, uint64_t number)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->numbers[i] == number) {
            return true;
        }
    }
    return false;
}

static bool list_add(plain_list *list, uint64_t number)
{
    if (list_has(list, number)) {
        return false;
    }
    if (list->count == CAPACITY) {
        for (uint32_t i = 1; i < CAPACITY; i++) {
            list->numbers[i - 1] = list->numbers[i];
        }
        list->count--;
    }
    list->numbers[list->count++] = number;
    return true;
}

static void it_agrees_with_a_plain_list(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        cb_idset_slot slots[CAPACITY];
        cb_idset set;
        plain_list list = {.count = 0};
        cb_prng prng;
        cb_prng_init(&prng, seed);
        cb_idset_init(&set, slots, CAPACITY);
        for (int i = 0; i < 5000; i++) {
            const uint64_t number = cb_prng_below(&prng, NUMBERS) + 1;
            assert_int_equal(cb_idset_add(&set, id_of(number)), list_add(&list, number));
            assert_int_equal(set.count, list.count);
            const uint64_t asked = cb_prng_below(&prng, NUMBERS) + 1;
            assert_int_equal(cb_idset_has(&set, id_of(asked)), list_has(&list, asked));
        }
    }
}

/* Equal memory, whatever slots it lies in: what recovery makes equals what a life made. */
static void the_hash_knows_the_order_and_not_the_slots(void **unused)
{
    (void)unused;
    cb_idset_slot slots_a[4];
    cb_idset_slot slots_b[4];
    cb_idset a;
    cb_idset b;
    cb_idset_init(&a, slots_a, 4);
    cb_idset_init(&b, slots_b, 4);
    for (uint64_t i = 1; i <= 7; i++) {
        (void)cb_idset_add(&a, id_of(i));
    }
    for (uint64_t i = 4; i <= 7; i++) {
        (void)cb_idset_add(&b, id_of(i));
    }
    assert_true(cb_idset_hash(&a, CB_HASH_SEED) == cb_idset_hash(&b, CB_HASH_SEED));
    (void)cb_idset_add(&b, id_of(8));
    assert_true(cb_idset_hash(&a, CB_HASH_SEED) != cb_idset_hash(&b, CB_HASH_SEED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_added_once),
        cmocka_unit_test(a_full_set_forgets_its_oldest),
        cmocka_unit_test(it_agrees_with_a_plain_list),
        cmocka_unit_test(the_hash_knows_the_order_and_not_the_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
