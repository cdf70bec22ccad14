/* A service's process as a coroutine: it runs until it waits for its loop, dies at any call to an
 * interface, stands still for a while, and is started again as a supervisor would. Its memory goes
 * with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifndef __x86_64__
#include <ucontext.h>
#endif

#include "base/assert.h"
#include "tests/sim/dst.h"

#define MEMORY_SIZE ((size_t)64 << 20)
#define LARGE_SIZE ((size_t)1 << 20)
#define RESTART_MIN_NS (200 * DST_MS)
#define RESTART_MAX_NS (1500 * DST_MS)
#define CLASS_MAX 16 /* 16 bytes … 512 KiB */

/* ---- switching stacks ---- */

#ifdef __x86_64__
void dst_switch(dst_context *from, dst_context *to);
__asm__(".text\n"
        ".globl dst_switch\n"
        "dst_switch:\n"
        "  pushq %rbp\n  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
        "  movq %rsp, (%rdi)\n"
        "  movq (%rsi), %rsp\n"
        "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbx\n  popq %rbp\n"
        "  ret\n");

static void prepare(dst_context *context, uint8_t *stack, void (*entry)(void))
{
    uintptr_t top = ((uintptr_t)stack + DST_STACK_SIZE) & ~(uintptr_t)15;
    void **at = (void **)top;
    *--at = NULL; /* alignment: at entry the stack is 8 off 16 */
    memcpy(--at, &entry, sizeof(entry));
    for (int i = 0; i < 6; i++) {
        *--at = NULL;
    }
    context->stack_pointer = at;
}
#else
static ucontext_t contexts[DST_PROCESSES_MAX + 1];
static ucontext_t *context_of(dst_context *context)
{
    const size_t index = context->stack_pointer == NULL
                             ? DST_PROCESSES_MAX
                             : (size_t)((dst_process *)context->stack_pointer)->index;
    return &contexts[index];
}
static void dst_switch(dst_context *from, dst_context *to)
{
    CB_MAYBE(swapcontext(context_of(from), context_of(to)) == 0);
}
#endif

static dst_context scheduler;

static void leave(void)
{
    dst_process *process = dst->running;
    dst->running = NULL;
    dst_switch(&process->context, &scheduler);
}

static void enter(dst_process *process)
{
    dst_process *before = dst->running;
    CB_ASSERT(before == NULL);
    dst->running = process;
    dst_switch(&scheduler, &process->context);
    dst->running = NULL;
}

/* ---- memory ---- */

static void memory_open(dst_memory *memory)
{
    if (memory->base == NULL) {
        memory->size = MEMORY_SIZE;
        void *block = mmap(NULL,
            MEMORY_SIZE,
            PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
            -1,
            0);
        CB_ASSERT(block != MAP_FAILED);
        memory->base = block;
    }
}

static void memory_reset(dst_memory *memory, bool is_zeroed)
{
    if (is_zeroed) {
        memset(memory->base, 0, memory->used);
    }
    memory->used = 0;
    memset(memory->free_lists, 0, sizeof(memory->free_lists));
}

static uint32_t class_of(size_t size)
{
    uint32_t class = 0;
    while (((size_t)16 << class) < size) {
        class ++;
    }
    return class;
}

void *dst_process_alloc(size_t size, bool is_zeroed)
{
    dst_process *process = dst->running;
    CB_ASSERT(process != NULL);
    dst_memory *memory = is_zeroed ? &process->zeroed : &process->raw;
    const uint32_t class = class_of(size);
    const size_t room = class < CLASS_MAX ? (size_t)16 << class : (size + 63) & ~(size_t)63;
    if (class < CLASS_MAX && memory->free_lists[class] != NULL) {
        void *block = memory->free_lists[class];
        memcpy(&memory->free_lists[class], block, sizeof(void *));
        if (is_zeroed) {
            memset(block, 0, size);
        }
        return block;
    }
    /* A header of 16 bytes keeps the class for free(). */
    memory->used = (memory->used + 63) & ~(size_t)63;
    CB_ASSERT(memory->used + room + 64 <= memory->size);
    uint8_t *at = memory->base + memory->used;
    const uint64_t head[2] = {size, class};
    memcpy(at + 48, head, sizeof(head));
    memory->used += room + 64;
    return at + 64;
}

void dst_process_free(void *block, size_t size)
{
    (void)size;
    if (block == NULL) {
        return;
    }
    dst_process *process = dst->running;
    uint64_t head[2];
    memcpy(head, (uint8_t *)block - 16, sizeof(head));
    const bool is_zeroed = (uint8_t *)block >= process->zeroed.base &&
                           (uint8_t *)block < process->zeroed.base + process->zeroed.size;
    dst_memory *memory = is_zeroed ? &process->zeroed : &process->raw;
    if (head[1] < CLASS_MAX) {
        memcpy(block, &memory->free_lists[head[1]], sizeof(void *));
        memory->free_lists[head[1]] = block;
    }
}

/* ---- life ---- */

static void finish(dst_process *process)
{
    process->is_alive = false;
    process->generation++;
    process->ready_first = NULL;
    process->ready_last = NULL;
    process->is_turning = false;
    process->paused_until_ns = 0;
    dst_bus_close_of(process);
    dst_pg_close_of(process);
    dst_http_close_of(process);
    if (process->is_wanted) {
        dst_process_start(process, dst->now_ns + dst_between(RESTART_MIN_NS, RESTART_MAX_NS));
    }
}

static void main_of(void)
{
    dst_process *process = dst->running;
    const int code = cb_service_main(process->service, process->argc, process->argv);
    dst_say("ended with %d", code);
    CB_ASSERT(code != 64); /* a configuration that the services refuse is a mistake of ours */
    finish(process);
    leave();
    CB_ASSERT(false); /* nobody comes back */
}

static void begin(void *context, void *argument)
{
    dst_process *process = context;
    (void)argument;
    if (process->is_alive || !process->is_wanted) {
        return;
    }
    memory_reset(&process->zeroed, true);
    memory_reset(&process->raw, false);
    process->is_alive = true;
    process->is_starved = false;
    process->wake_at_ns = INT64_MAX;
    process->loop = NULL;
    process->pg = NULL;
    process->bus = NULL;
    process->http = NULL;
    dst_say("start %s", process->name);
    prepare(&process->context, process->stack, main_of);
    enter(process);
}

void dst_process_start(dst_process *process, int64_t at_ns)
{
    process->is_wanted = true;
    dst_at(at_ns, begin, process, NULL);
}

dst_process *dst_process_add(const cb_service *service, const char *name)
{
    CB_ASSERT(dst->processes_count < DST_PROCESSES_MAX);
    dst_process *process = calloc(1, sizeof(*process));
    CB_ASSERT(process != NULL);
    process->service = service;
    process->index = dst->processes_count;
    (void)snprintf(process->name, sizeof(process->name), "%s", name);
    process->stack = mmap(NULL,
        DST_STACK_SIZE,
        PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
        -1,
        0);
    CB_ASSERT(process->stack != MAP_FAILED);
    memory_open(&process->zeroed);
    memory_open(&process->raw);
    process->argv[process->argc++] = process->name;
    dst->processes[dst->processes_count++] = process;
    return process;
}

void dst_process_argument(dst_process *process, const char *key, const char *value)
{
    CB_ASSERT(process->argc < 64);
    char *text = process->arguments[process->argc];
    (void)snprintf(text, sizeof(process->arguments[0]), "--%s=%s", key, value);
    process->argv[process->argc++] = text;
}

void dst_process_crash(dst_process *process, const char *why)
{
    if (!process->is_alive) {
        return;
    }
    dst_say("crash of %s: %s", process->name, why);
    dst->crashes_done++;
    const bool is_self = dst->running == process;
    finish(process);
    if (is_self) {
        leave();
        CB_ASSERT(false);
    }
}

void dst_process_pause(dst_process *process, int64_t duration_ns)
{
    if (!process->is_alive) {
        return;
    }
    dst_say("pause of %s for %.3f s", process->name, (double)duration_ns / 1e9);
    dst->pauses_done++;
    /* Faults end with the active time, but for those who stand still then. */
    const int64_t last_ns = dst->plan.active_ns + 2 * DST_S;
    const int64_t until_ns =
        dst->now_ns + duration_ns < last_ns ? dst->now_ns + duration_ns : last_ns;
    process->paused_until_ns =
        until_ns > process->paused_until_ns ? until_ns : process->paused_until_ns;
    if (dst->running == process) {
        dst_wait(process->paused_until_ns);
    }
}

void dst_processes_forget(void)
{
    for (uint32_t i = 0; i < dst->processes_count; i++) {
        dst_process *process = dst->processes[i];
        process->is_wanted = false;
        process->is_alive = false;
        process->generation++;
        process->ready_first = NULL;
        process->ready_last = NULL;
        process->is_turning = false;
        process->paused_until_ns = 0;
        process->ends_count = 0;
    }
}

/* ---- waiting ---- */

void dst_wake_up(void *context, void *argument)
{
    (void)context;
    (void)argument;
}

void dst_wake(dst_process *process)
{
    if (process->is_alive && process->is_turning && dst->running == NULL) {
        enter(process);
    }
}

/* Something comes for it, or the time is over; while it is stopped, neither is noticed. */
void dst_wait(int64_t until_ns)
{
    dst_process *process = dst->running;
    const bool is_pause = process->paused_until_ns > dst->now_ns;
    /* One wake-up at a time is on its way: the earliest; a later one is set when it has come. */
    if (until_ns < process->wake_at_ns) {
        process->wake_at_ns = until_ns;
        dst_deliver(process, until_ns, dst_wake_up, NULL, NULL);
    }
    do {
        process->is_turning = true;
        leave();
        process->is_turning = false;
    } while (is_pause && dst->now_ns < until_ns);
}

void dst_point(const char *name)
{
    dst_process *process = dst->running;
    if (process == NULL) {
        return;
    }
    if (dst_chance(dst->plan.crash_point_ppm)) {
        dst_process_crash(process, name);
    }
    if (dst_chance(dst->plan.pause_point_ppm)) {
        dst_say("at %s", name);
        dst_process_pause(process, dst_between(10 * DST_MS, dst->plan.pause_max_ns));
    }
}
