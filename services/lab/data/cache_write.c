/* Writes a cache: reserve, write, sync, rename, sync the folder. Two writers at once each have a
 * file of their own until the rename; the later one wins, and both were whole. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/hash.h"
#include "services/lab/data/cache_internal.h"

#define NAMES_TRIED 100u
#define MIB (UINT64_C(1024) * 1024)

static uint64_t round_up(uint64_t size)
{
    return (size + CACHE_PAGE - 1) / CACHE_PAGE * CACHE_PAGE;
}

static uint64_t column_size(const lab_table *table, uint32_t column)
{
    return table->count * lab_shape_of(table->kind)->columns[column].width;
}

static void lay_out(const lab_table *table, const lab_cache_source *source, cache_header *header)
{
    memset(header, 0, sizeof *header);
    memcpy(header->magic, CACHE_MAGIC, sizeof header->magic);
    header->version = CACHE_VERSION;
    header->kind = (uint32_t)table->kind;
    header->columns = table->columns;
    header->is_forced = table->is_forced ? 1 : 0;
    header->count = table->count;
    header->timeframe_ns = table->timeframe_ns;
    memcpy(header->venue, table->venue, sizeof header->venue);
    memcpy(header->symbol, table->symbol, sizeof header->symbol);
    memcpy(header->reason, table->reason, sizeof header->reason);
    header->source = *source;
    uint64_t at = CACHE_PAGE;
    for (uint32_t c = 0; c < lab_shape_of(table->kind)->columns_count; c++) {
        if (lab_table_has(table, c)) {
            header->offsets[c] = at;
            at += round_up(column_size(table, c));
        }
    }
    header->findings_offset = at;
    header->findings_count = table->findings_count;
    header->file_size = at + table->findings_count * sizeof(lab_finding);
}

static void folder_of(const char *path, char folder[LAB_CACHE_PATH_MAX])
{
    (void)snprintf(folder, LAB_CACHE_PATH_MAX, "%s", path);
    char *const slash = strrchr(folder, '/');
    CB_ASSERT(slash != NULL);
    slash[slash == folder ? 1 : 0] = '\0';
}

static cb_status io_failed(const char *path, uint64_t needed, cb_err *err)
{
    const int code = errno;
    struct statvfs disk;
    if (code != ENOSPC && code != EDQUOT) {
        return CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(code));
    }
    char folder[LAB_CACHE_PATH_MAX];
    folder_of(path, folder);
    const uint64_t free_size =
        statvfs(folder, &disk) == 0 ? (uint64_t)disk.f_bavail * disk.f_frsize : 0;
    return CB_FAIL(err,
        CB_E_FULL,
        "the disk of %s is full: the cache needs %" PRIu64 ".%" PRIu64 " MiB, %" PRIu64
        " MiB are free; nothing was written (another place: --cache DIR)",
        folder,
        needed / MIB,
        needed % MIB * 10 / MIB,
        free_size / MIB);
}

static bool write_at(int fd, const void *bytes, uint64_t size, uint64_t offset)
{
    const char *from = bytes;
    while (size > 0) {
        const ssize_t done = pwrite(fd, from, size, (off_t)offset);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        from += done;
        offset += (uint64_t)done;
        size -= (uint64_t)done;
    }
    return true;
}

static bool write_all(int fd, const lab_table *table, cache_header *header)
{
    lab_sha sha;
    lab_sha_begin(&sha);
    for (uint32_t c = 0; c < lab_shape_of(table->kind)->columns_count; c++) {
        if (header->offsets[c] != 0) {
            lab_sha_add(&sha, table->data[c], column_size(table, c));
            if (!write_at(fd, table->data[c], column_size(table, c), header->offsets[c])) {
                return false;
            }
        }
    }
    lab_sha_end(&sha, header->data_hash);
    header->hash = cb_hash_bytes(CB_HASH_SEED, header, offsetof(cache_header, hash));
    return write_at(fd,
               table->findings,
               table->findings_count * sizeof(lab_finding),
               header->findings_offset) &&
           write_at(fd, header, sizeof *header, 0);
}

static void print_temporary(
    const char *path, unsigned number, char temporary[LAB_CACHE_PATH_MAX + 32])
{
    (void)snprintf(
        temporary, LAB_CACHE_PATH_MAX + 32, "%s.%ld-%u.part", path, (long)getpid(), number);
}

/* A file without a name where the file system has such (a kill then leaves nothing), else one whose
 * name nobody has. temporary is "" without a name. */
static int create_beside(const char *path, char temporary[LAB_CACHE_PATH_MAX + 32])
{
    char folder[LAB_CACHE_PATH_MAX];
    folder_of(path, folder);
    temporary[0] = '\0';
    int fd = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0644);
    for (unsigned i = 0; i < NAMES_TRIED && fd < 0 && errno != ENOSPC; i++) {
        print_temporary(path, i, temporary);
        fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0 && errno != EEXIST) {
            break;
        }
    }
    return fd;
}

/* Puts the written file in the place of the cache. Only a rename replaces what is there, so a file
 * without a name gets one for a moment. */
static bool put_in_place(int fd, const char *path, char temporary[LAB_CACHE_PATH_MAX + 32])
{
    char own[64];
    (void)snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
    bool is_named = temporary[0] != '\0';
    for (unsigned i = 0; i < NAMES_TRIED && !is_named; i++) {
        print_temporary(path, i, temporary);
        is_named = linkat(AT_FDCWD, own, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) == 0;
        if (!is_named && errno != EEXIST) {
            temporary[0] = '\0';
            return false;
        }
    }
    return is_named && rename(temporary, path) == 0;
}

static bool sync_folder(const char *path)
{
    char folder[LAB_CACHE_PATH_MAX];
    folder_of(path, folder);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const bool is_done = fsync(fd) == 0;
    (void)close(fd);
    return is_done;
}

cb_status lab_cache_write(
    const char *path, const lab_table *table, const lab_cache_source *source, cb_err *err)
{
    CB_ASSERT(strchr(path, '/') != NULL);
    char temporary[LAB_CACHE_PATH_MAX + 32];
    cache_header header;
    lay_out(table, source, &header);
    const int fd = create_beside(path, temporary);
    if (fd < 0) {
        return io_failed(path, header.file_size, err);
    }
    cb_status status = CB_OK;
    /* Told before the work is done rather than at its end; where it is not known, writing tells. */
    const int reserved = posix_fallocate(fd, 0, (off_t)header.file_size);
    errno = reserved;
    const bool is_reserved = reserved == 0 || reserved == EOPNOTSUPP || reserved == EINVAL;
    if (!is_reserved || !write_all(fd, table, &header) || fsync(fd) != 0 ||
        !put_in_place(fd, path, temporary)) {
        status = io_failed(path, header.file_size, err);
        if (temporary[0] != '\0') {
            (void)unlink(temporary);
        }
    }
    (void)close(fd);
    if (status == CB_OK && !sync_folder(path)) {
        status = CB_FAIL(err, CB_E_IO, "%s: its folder cannot be synced", path);
    }
    return status;
}
