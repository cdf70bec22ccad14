/* The hash of a body sees every field and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "domain/bodyhash.h"
#include "domain/messages.h"

static uint64_t hash_of(const cb_desc *desc, const void *body)
{
    return cb_body_hash(CB_HASH_SEED, desc, body);
}

/* Padding, and text behind its NUL, are not part of the value. */
static void padding_and_text_behind_the_end_do_not_count(void **unused)
{
    (void)unused;
    cb_verdict a;
    cb_verdict b;
    memset(&a, 0x00, sizeof(a));
    memset(&b, 0xff, sizeof(b));
    cb_verdict *const both[] = {&a, &b};
    for (int i = 0; i < 2; i++) {
        memcpy(both[i]->rule, "kill_level", 11);
        memcpy(both[i]->unit, "level", 6);
        both[i]->is_pass = true;
        both[i]->observed.e8 = 1;
        both[i]->limit.e8 = 2;
    }
    assert_true(hash_of(&cb_verdict_desc, &a) == hash_of(&cb_verdict_desc, &b));
    b.limit.e8 = 3;
    assert_true(hash_of(&cb_verdict_desc, &a) != hash_of(&cb_verdict_desc, &b));
}

static void text_cannot_move_into_the_next_field(void **unused)
{
    (void)unused;
    cb_kill a;
    cb_kill b;
    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    memcpy(a.reason, "ab", 3);
    memcpy(a.actor, "c", 2);
    memcpy(b.reason, "a", 2);
    memcpy(b.actor, "bc", 3);
    assert_true(hash_of(&cb_kill_desc, &a) != hash_of(&cb_kill_desc, &b));
}

static void the_number_of_items_counts(void **unused)
{
    (void)unused;
    cb_balance a;
    cb_balance b;
    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    a.balances_count = 1;
    assert_true(hash_of(&cb_balance_desc, &a) != hash_of(&cb_balance_desc, &b));
    b.balances_count = 1;
    assert_true(hash_of(&cb_balance_desc, &a) == hash_of(&cb_balance_desc, &b));
    b.balances[1].free.e8 = 5; /* behind the count */
    assert_true(hash_of(&cb_balance_desc, &a) == hash_of(&cb_balance_desc, &b));
    b.balances[0].free.e8 = 5;
    assert_true(hash_of(&cb_balance_desc, &a) != hash_of(&cb_balance_desc, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(padding_and_text_behind_the_end_do_not_count),
        cmocka_unit_test(text_cannot_move_into_the_next_field),
        cmocka_unit_test(the_number_of_items_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
