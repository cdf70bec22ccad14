/* Counts allocations in the test program that includes this header (in one file only): it defines
 * malloc, calloc, realloc and aligned_alloc over the C library's own. A core's step must not
 * allocate:
 *
 *   const uint64_t before = cb_alloc_count();
 *   core->step(state, &event, out);
 *   assert_int_equal(cb_alloc_count(), before);
 *
 * Sanitizers bring their own allocator; there CB_ALLOC_COUNT_WORKS is 0 and the count stays 0. */
#ifndef CB_ALLOC_COUNT_H
#define CB_ALLOC_COUNT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CB_ALLOC_COUNT_WORKS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define CB_ALLOC_COUNT_WORKS 0
#endif
#endif
#ifndef CB_ALLOC_COUNT_WORKS
#define CB_ALLOC_COUNT_WORKS 1
#endif

static uint64_t cb_alloc_counter;

/** Allocations of this program so far, in any thread that does not race with the caller. */
static inline uint64_t cb_alloc_count(void)
{
    return cb_alloc_counter;
}

#if CB_ALLOC_COUNT_WORKS
/* glibc's allocator under its internal names. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    __atomic_add_fetch(&cb_alloc_counter, 1, __ATOMIC_RELAXED);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    __atomic_add_fetch(&cb_alloc_counter, 1, __ATOMIC_RELAXED);
    return __libc_calloc(count, size);
}

void *realloc(void *pointer, size_t size)
{
    __atomic_add_fetch(&cb_alloc_counter, 1, __ATOMIC_RELAXED);
    return __libc_realloc(pointer, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    __atomic_add_fetch(&cb_alloc_counter, 1, __ATOMIC_RELAXED);
    return __libc_memalign(alignment, size);
}
#endif

#endif /* CB_ALLOC_COUNT_H */
