/* What redirect.h sends here: a process's memory and its end. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "rt/failpoint.h"
#include "tests/sim/dst.h"
#include "tests/sim/redirect.h"

#define ARENA_SIZE ((size_t)24 << 20) /* of a core's state: used from its start */

/* True when this allocation is the one that fails. */
static bool is_refused(void)
{
    if (!dst_sweep_here(DST_SWEEP_ALLOC)) {
        return false;
    }
    dst_say("an allocation fails");
    dst->running->is_starved = true;
    errno = ENOMEM;
    return true;
}

void *dst_malloc(size_t size)
{
    return is_refused() ? NULL : dst_process_alloc(size, false);
}

void *dst_calloc(size_t count, size_t size)
{
    return is_refused() ? NULL : dst_process_alloc(count * size, true);
}

void *dst_aligned_alloc(size_t alignment, size_t size)
{
    CB_ASSERT(alignment <= 64);
    return is_refused() ? NULL : dst_process_alloc(size, false);
}

void *dst_realloc(void *block, size_t size)
{
    if (is_refused()) {
        return NULL;
    }
    void *larger = dst_process_alloc(size, false);
    if (block != NULL) {
        uint64_t head[2];
        memcpy(head, (uint8_t *)block - 16, sizeof(head));
        memcpy(larger, block, head[0] < size ? head[0] : size);
        dst_process_free(block, 0);
    }
    return larger;
}

void dst_free(void *block)
{
    dst_process_free(block, 0);
}

char *dst_strdup(const char *text)
{
    const size_t size = strlen(text) + 1;
    if (is_refused()) {
        return NULL;
    }
    return memcpy(dst_process_alloc(size, false), text, size);
}

void *dst_mmap(size_t size)
{
    CB_ASSERT(size >= ARENA_SIZE);
    if (is_refused()) {
        return MAP_FAILED;
    }
    return dst_process_alloc(ARENA_SIZE, false); /* the arena zeroes what it gives */
}

/* A disk that is a tenth full. */
int dst_statvfs(const char *path, struct statvfs *info)
{
    (void)path;
    *info = (struct statvfs){.f_blocks = 1000, .f_bfree = 900, .f_bavail = 900};
    return 0;
}

void dst_exit(int code)
{
    (void)code;
    dst->deaths_done++;
    dst_process_crash(dst->running, "it died");
    __builtin_trap();
}

/* ---- failpoints: every one is a place where a process may die, stop or meet an error ---- */

bool cb_failpoints_armed = true;

bool cb_failpoint_hit(const char *name)
{
    dst_point(name);
    return false;
}

/* ---- assertions of the services: the process dies, and the schedule has failed ---- */

void cb_assert_fail(const char *claim, const char *file, int line)
{
    if (dst->running != NULL && dst->running->is_starved) {
        dst_process_crash(dst->running, claim); /* without memory it ends itself, and comes back */
    }
    if (dst->running != NULL) {
        dst_trouble("assertion in %s: %s (%s:%d)", dst->running->name, claim, file, line);
        dst_process_crash(dst->running, "an assertion failed");
    }
    (void)fprintf(stderr,
        "sim: assertion: %s (%s:%d), seed %llu\n",
        claim,
        file,
        line,
        (unsigned long long)dst->seed);
    __builtin_trap();
}

void cb_failpoints_open(const char *service)
{
    (void)service;
}

cb_status cb_failpoints_arm(const char *text, cb_err *err)
{
    (void)text;
    (void)err;
    return CB_OK;
}

cb_status cb_failpoints_take_file(const char *path, cb_err *err)
{
    (void)path;
    (void)err;
    return CB_OK;
}

uint64_t cb_failpoint_hits(const char *name)
{
    (void)name;
    return 0;
}

void cb_failpoints_print(void)
{
}
