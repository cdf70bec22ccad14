/* Forced into the services' own sources in the simulation's build: memory of a process ends with
 * it, and what would touch the machine does not. */
#ifndef DST_REDIRECT_H
#define DST_REDIRECT_H

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/statvfs.h>
#include <unistd.h>

void *dst_malloc(size_t size);
void *dst_calloc(size_t count, size_t size);
void *dst_realloc(void *block, size_t size);
void dst_free(void *block);
void *dst_aligned_alloc(size_t alignment, size_t size);
char *dst_strdup(const char *text);
void *dst_mmap(size_t size);
int dst_statvfs(const char *path, struct statvfs *info);
__attribute__((noreturn)) void dst_exit(int code);

#define malloc(size) dst_malloc(size)
#define calloc(count, size) dst_calloc((count), (size))
#define realloc(block, size) dst_realloc((block), (size))
#define free(block) dst_free(block)
#define aligned_alloc(alignment, size) dst_aligned_alloc((alignment), (size))
#define strdup(text) dst_strdup(text)
#define statvfs(path, info) dst_statvfs((path), (info))
#define mmap(at, size, prot, flags, fd, offset) dst_mmap(size)
#define munmap(at, size) (0)
#define _exit(code) dst_exit(code)
#define pthread_sigmask(how, set, old) ((void)(set), 0)
#define signalfd(fd, set, flags) (1000) /* no descriptor of ours */
#define signal(number, handler) ((void)0)

#endif /* DST_REDIRECT_H */
