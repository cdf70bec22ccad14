/* Virtual time: a heap of events, one source of random numbers, one hash over all outputs. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "tests/sim/dst.h"

#define MEMORY_SIZE ((size_t)256 << 20)
#define EVENTS_MAX 60000 /* of one schedule: more is a schedule that does not come to rest */

typedef struct dst_event {
    int64_t at_ns;
    uint64_t order;
    dst_process *process; /* NULL: the world's */
    uint32_t generation;
    dst_fn fn;
    void *context;
    void *argument;
} dst_event;

/* What has come for a process and waits until it runs. */
typedef struct dst_ready {
    dst_fn fn;
    void *context;
    void *argument;
    struct dst_ready *next;
} dst_ready;

static dst_world world;
dst_world *dst = &world;

/* ---- random numbers: xoroshiro128+ ---- */

static uint64_t mix(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t value, int bits)
{
    return (value << bits) | (value >> (64 - bits));
}

uint64_t dst_random(void)
{
    const uint64_t a = world.random[0];
    uint64_t b = world.random[1];
    const uint64_t result = a + b;
    b ^= a;
    world.random[0] = rotate(a, 24) ^ b ^ (b << 16);
    world.random[1] = rotate(b, 37);
    return result;
}

uint64_t dst_below(uint64_t count)
{
    return count == 0 ? 0 : dst_random() % count;
}

int64_t dst_between(int64_t low, int64_t high)
{
    return high <= low ? low : low + (int64_t)dst_below((uint64_t)(high - low) + 1);
}

bool dst_sweep_here(dst_sweep_kind kind)
{
    return world.sweep == kind && world.is_faulty && ++world.sweep_count == world.sweep_at;
}

bool dst_chance(uint32_t ppm)
{
    if (world.sweep == DST_SWEEP_FAULT) {
        return dst_sweep_here(DST_SWEEP_FAULT);
    }
    return ppm > 0 && world.is_faulty && dst_below(1000000) < ppm;
}

void dst_hash(uint64_t tag, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t hash = world.hash ^ (tag * UINT64_C(0x9e3779b97f4a7c15)) ^ (uint64_t)world.now_ns;
    for (; size >= 8; size -= 8, at += 8) {
        uint64_t word = 0;
        memcpy(&word, at, 8);
        hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
        hash ^= hash >> 32;
    }
    for (; size > 0; size--, at++) {
        hash = (hash ^ *at) * UINT64_C(0xff51afd7ed558ccd);
    }
    world.hash = hash ^ (hash >> 29);
}

/* ---- events ---- */

static bool is_before(const dst_event *a, const dst_event *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void push(const dst_event *event)
{
    if (world.heap_count == world.heap_capacity) {
        world.heap_capacity = world.heap_capacity == 0 ? 4096 : 2 * world.heap_capacity;
        world.heap = realloc(world.heap, world.heap_capacity * sizeof(world.heap[0]));
        CB_ASSERT(world.heap != NULL);
    }
    uint32_t at = world.heap_count++;
    while (at > 0 && is_before(event, &world.heap[(at - 1) / 2])) {
        world.heap[at] = world.heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    world.heap[at] = *event;
}

static dst_event pop(void)
{
    const dst_event first = world.heap[0];
    const dst_event last = world.heap[--world.heap_count];
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= world.heap_count) {
            break;
        }
        if (child + 1 < world.heap_count && is_before(&world.heap[child + 1], &world.heap[child])) {
            child++;
        }
        if (!is_before(&world.heap[child], &last)) {
            break;
        }
        world.heap[at] = world.heap[child];
        at = child;
    }
    if (world.heap_count > 0) {
        world.heap[at] = last;
    }
    return first;
}

void dst_at(int64_t at_ns, dst_fn fn, void *context, void *argument)
{
    const dst_event event = {.at_ns = at_ns > world.now_ns ? at_ns : world.now_ns,
        .order = world.order++,
        .fn = fn,
        .context = context,
        .argument = argument};
    push(&event);
}

void dst_deliver(dst_process *process, int64_t at_ns, dst_fn fn, void *context, void *argument)
{
    const dst_event event = {.at_ns = at_ns > world.now_ns ? at_ns : world.now_ns,
        .order = world.order++,
        .process = process,
        .generation = process->generation,
        .fn = fn,
        .context = context,
        .argument = argument};
    push(&event);
}

/* While a process is stopped, what comes for it waits, in its order. */
static void hand_over(const dst_event *event)
{
    dst_process *process = event->process;
    if (process->generation != event->generation || !process->is_alive) {
        return;
    }
    const bool is_wake = event->fn == dst_wake_up;
    if (is_wake && process->wake_at_ns != event->at_ns) {
        return; /* an earlier one has taken its place */
    }
    if (process->paused_until_ns > world.now_ns) {
        dst_event later = *event;
        later.at_ns = process->paused_until_ns;
        process->wake_at_ns = is_wake ? later.at_ns : process->wake_at_ns;
        push(&later);
        return;
    }
    if (is_wake) {
        process->wake_at_ns = INT64_MAX;
        dst_wake(process);
        return;
    }
    dst_ready *ready = dst_alloc(sizeof(*ready));
    *ready = (dst_ready){event->fn, event->context, event->argument, NULL};
    if (process->ready_last == NULL) {
        process->ready_first = ready;
    } else {
        process->ready_last->next = ready;
    }
    process->ready_last = ready;
    dst_wake(process);
}

bool dst_run_ready(void)
{
    dst_process *process = world.running;
    bool is_any = false;
    while (process->ready_first != NULL) {
        const dst_ready *ready = process->ready_first;
        process->ready_first = ready->next;
        if (ready->next == NULL) {
            process->ready_last = NULL;
        }
        is_any = true;
        ready->fn(ready->context, ready->argument);
    }
    return is_any;
}

bool dst_run_until(int64_t at_ns)
{
    while (world.heap_count > 0 && world.heap[0].at_ns <= at_ns && !world.is_over) {
        const dst_event event = pop();
        CB_ASSERT(event.at_ns >= world.now_ns);
        world.now_ns = event.at_ns;
        if (++world.events_count > EVENTS_MAX) {
            dst_trouble("the schedule does not come to rest");
        } else if (event.process != NULL) {
            hand_over(&event);
        } else {
            event.fn(event.context, event.argument);
        }
    }
    if (!world.is_over) {
        world.now_ns = at_ns;
    }
    return !world.is_over;
}

/* ---- life ---- */

void *dst_alloc(size_t size)
{
    return sql_alloc(&world.memory, size);
}

void dst_world_reset(uint64_t seed)
{
    if (world.memory.base == NULL) {
        world.memory.size = MEMORY_SIZE;
        world.memory.base = malloc(MEMORY_SIZE);
        CB_ASSERT(world.memory.base != NULL);
    }
    world.seed = seed;
    world.sweep_count = 0;
    uint64_t state = seed;
    world.random[0] = mix(&state);
    world.random[1] = mix(&state);
    world.now_ns = 0;
    world.hash = seed;
    world.events_count = 0;
    world.order = 0;
    world.is_faulty = false;
    world.memory.used = 0;
    world.heap_count = 0;
    world.running = NULL;
    world.trouble[0] = '\0';
    world.is_over = false;
}

void dst_say(const char *format, ...)
{
    if (!world.is_verbose) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stderr,
        "%10.6f %-12s ",
        (double)world.now_ns / 1e9,
        world.running != NULL ? world.running->name : "-");
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
}

void dst_trouble(const char *format, ...)
{
    if (world.trouble[0] != '\0') {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(world.trouble, sizeof(world.trouble), format, arguments);
    va_end(arguments);
    world.is_over = true;
    dst_say("trouble: %s", world.trouble);
}
