/* The events that one life of the process saw, fed again to a fresh core: the same actions byte for
 * byte, the same state hash, and not one allocation on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "domain/event.h"
#include "domain/outbox.h"
#include "libcommon/testing/alloc_count.h"

typedef struct recorded {
    cb_event event;
    uint8_t *body;
    uint64_t actions_hash;
} recorded;

#define RECORDED_MAX 20000
static recorded tape[RECORDED_MAX];
static size_t tape_count;
static uint64_t allocations_before;
static uint64_t allocations_in_steps;
static uint64_t steps_count;

static uint64_t hash_actions(const cb_outbox *out)
{
    uint64_t hash = cb_hash_u64(CB_HASH_SEED, out->actions_count);
    for (uint32_t i = 0; i < out->actions_count; i++) {
        const cb_action *action = &out->actions[i];
        hash = cb_hash_u64(hash, (uint64_t)action->type);
        hash = cb_hash_u64(hash, action->subject);
        hash = cb_hash_u64(hash, action->table);
        hash = cb_hash_u64(hash, action->request);
        hash = cb_hash_u64(hash, action->timer_id);
        hash = cb_hash_u64(hash, (uint64_t)action->due_ns);
        hash = action->body_size > 0 ? cb_hash_bytes(hash, action->body, action->body_size) : hash;
    }
    return hash;
}

static void before_step(const cb_event *event)
{
    if (event->seq == 1) { /* a new life: the tape of the old one is of no use */
        for (size_t i = 0; i < tape_count; i++) {
            free(tape[i].body);
        }
        tape_count = 0;
    }
    assert_true(tape_count < RECORDED_MAX);
    recorded *record = &tape[tape_count++];
    record->event = *event;
    record->body = NULL;
    if (event->body_size > 0) {
        record->body = malloc(event->body_size);
        memcpy(record->body, event->body, event->body_size);
    }
    allocations_before = cb_alloc_count();
}

static void after_step(const cb_outbox *out)
{
    allocations_in_steps += cb_alloc_count() - allocations_before;
    steps_count++;
    tape[tape_count - 1].actions_hash = hash_actions(out);
}

#define RIG_BEFORE_STEP(r, event) before_step(event)
#define RIG_AFTER_STEP(r, event) after_step((r)->out)
#include "tests/unit/execution/schedule.h"

static void replay_gives_the_same_actions_and_hash(void **context)
{
    (void)context;
    for (uint64_t seed = 1; seed <= 25; seed++) {
        world *w = world_run(seed);
        assert_true(w->is_alive);
        const exec_config config = world_config();
        const size_t count = tape_count;
        assert_true(count > 100);
        rig fresh;
        rig_start(&fresh, &config);
        for (size_t i = 0; i < count; i++) {
            cb_event event = tape[i].event;
            event.body = tape[i].body;
            cb_outbox_reset(fresh.out);
            execution_core.step(fresh.memory, &event, fresh.out);
            if (hash_actions(fresh.out) != tape[i].actions_hash) {
                fail_msg("seed %llu: event %zu of type %u gave other actions",
                    (unsigned long long)seed,
                    i,
                    event.type);
            }
        }
        assert_true(execution_core.state_hash(fresh.memory) ==
                    execution_core.state_hash(w->process.memory));
        rig_stop(&fresh);
        world_end(w);
    }
}

static void no_step_allocates(void **context)
{
    (void)context;
#if CB_ALLOC_COUNT_WORKS
    void *volatile probe = malloc(1); /* the counter counts */
    free(probe);
    assert_true(cb_alloc_count() > 0);
#endif
    assert_true(steps_count > 10000);
    assert_int_equal(allocations_in_steps, 0);
}

static void state_hash_tells_states_apart(void **context)
{
    (void)context;
    rig a;
    rig b;
    const exec_config config = rig_config();
    rig_start(&a, &config);
    rig_start(&b, &config);
    assert_true(execution_core.state_hash(a.memory) == execution_core.state_hash(b.memory));
    rig_lease(&a, 1);
    assert_false(execution_core.state_hash(a.memory) == execution_core.state_hash(b.memory));
    rig_stop(&a);
    rig_stop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replay_gives_the_same_actions_and_hash),
        cmocka_unit_test(no_step_allocates),
        cmocka_unit_test(state_hash_tells_states_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
