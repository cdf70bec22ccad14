/* The flag page's file: one record of fixed size with a checksum over all of it. It is read with
 * pread and not mapped: a file that someone truncates under a mapping kills its reader by SIGBUS,
 * and the reader here is who must stop orders, not die (docs/adr). */
#include "rt/killpage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/strview.h"
#include "rt/loop.h"

#define LEVEL_MAX 4
#define LOCK_TRIES 20
#define LOCK_PAUSE_NS 10000000L /* 10 ms */
#define LOOK_TRIES 3            /* a writer may be in the middle of it */
#define PATH_SIZE_MAX 512

static const char MAGIC[8] = {'C', 'B', 'K', 'I', 'L', 'L', '0', '1'};

/* As in the file, in the machine's byte order: a page never leaves its machine. */
typedef struct page_record {
    char magic[8];
    uint64_t generation;
    int64_t changed_ns;
    uint32_t level;
    uint32_t spare;
    char actor[CB_KILLPAGE_ACTOR_MAX];
    char reason[CB_KILLPAGE_REASON_MAX];
    uint8_t padding[CB_KILLPAGE_SIZE - 32 - CB_KILLPAGE_ACTOR_MAX - CB_KILLPAGE_REASON_MAX -
                    CB_BLAKE2B_128_SIZE];
    uint8_t checksum[CB_BLAKE2B_128_SIZE];
} page_record;
_Static_assert(sizeof(page_record) == CB_KILLPAGE_SIZE, "the record is the file");

struct cb_killpage {
    char path[PATH_SIZE_MAX];
    int fd; /* -1: not open */
};

/* ---- reading ---- */

static void checksum_of(const page_record *record, uint8_t out[CB_BLAKE2B_128_SIZE])
{
    cb_blake2b_128(NULL, 0, record, offsetof(page_record, checksum), out);
}

static void say_unsound(cb_killpage_state *out, const char *why)
{
    memset(out, 0, sizeof(*out));
    out->level = CB_KILLPAGE_UNSOUND_LEVEL;
    CB_MAYBE(cb_text_copy(out->actor, sizeof(out->actor), CB_SV("flag page")));
    CB_MAYBE(cb_text_copy(out->reason, sizeof(out->reason), cb_sv_from(why)));
}

/* NULL when the record is one, else what is wrong with it. */
static const char *record_error(const page_record *record)
{
    uint8_t wanted[CB_BLAKE2B_128_SIZE];
    if (memcmp(record->magic, MAGIC, sizeof(MAGIC)) != 0) {
        return "the flag page is not one";
    }
    checksum_of(record, wanted);
    if (memcmp(wanted, record->checksum, sizeof(wanted)) != 0) {
        return "the flag page is torn";
    }
    const bool is_ended = memchr(record->actor, '\0', sizeof(record->actor)) != NULL &&
                          memchr(record->reason, '\0', sizeof(record->reason)) != NULL;
    return record->level <= LEVEL_MAX && record->generation > 0 && is_ended
               ? NULL
               : "the flag page holds what no writer writes";
}

static const char *read_record(int fd, page_record *record)
{
    const char *why = NULL;
    for (int i = 0; i < LOOK_TRIES; i++) {
        const ssize_t size = pread(fd, record, sizeof(*record), 0);
        why = size == (ssize_t)sizeof(*record) ? record_error(record) : "the flag page is short";
        if (why == NULL) {
            return NULL;
        }
    }
    return why;
}

static void take_record(const page_record *record, cb_killpage_state *out)
{
    *out = (cb_killpage_state){.is_sound = true,
        .level = record->level,
        .generation = record->generation,
        .changed_ns = record->changed_ns};
    memcpy(out->actor, record->actor, sizeof(out->actor));
    memcpy(out->reason, record->reason, sizeof(out->reason));
}

static void look_at(int fd, cb_killpage_state *out)
{
    page_record record;
    const char *why = read_record(fd, &record);
    if (why != NULL) {
        say_unsound(out, why);
        return;
    }
    take_record(&record, out);
}

cb_killpage *cb_killpage_open(const char *path)
{
    cb_killpage *page = calloc(1, sizeof(*page));
    CB_ASSERT(page != NULL);
    CB_ASSERT(cb_text_copy(page->path, sizeof(page->path), cb_sv_from(path)));
    page->fd = -1;
    return page;
}

void cb_killpage_close(cb_killpage *page)
{
    if (page == NULL) {
        return;
    }
    if (page->fd >= 0) {
        CB_MAYBE(close(page->fd));
    }
    free(page);
}

/* The file under our descriptor still is the one that others see: it has a name. */
static bool is_in_place(int fd)
{
    struct stat info;
    return fd >= 0 && fstat(fd, &info) == 0 && info.st_nlink > 0;
}

void cb_killpage_look(cb_killpage *page, cb_killpage_state *out)
{
    CB_ASSERT(page != NULL);
    if (!is_in_place(page->fd)) {
        if (page->fd >= 0) {
            CB_MAYBE(close(page->fd));
        }
        page->fd = open(page->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    }
    if (page->fd < 0) {
        say_unsound(out, "the flag page is missing");
        return;
    }
    look_at(page->fd, out);
}

bool cb_killpage_allows(uint32_t level, bool is_reducing, bool is_flattening)
{
    switch (level) {
    case 0:
        return true;
    case 1:
        return is_reducing;
    case 3:
        return is_reducing && is_flattening;
    default:
        return false;
    }
}

/* ---- writing ---- */

/* Two writers would mix their records, and the page would read as torn: no order goes then, so a
 * lock that cannot be had (its holder may be stopped) is not worth waiting for. */
static void lock_for_a_while(int fd)
{
    for (int i = 0; i < LOCK_TRIES && flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
        CB_MAYBE(nanosleep(&pause, NULL));
    }
}

static void copy_cut(char *out, size_t out_size, const char *text)
{
    const size_t size = strnlen(text, out_size - 1);
    memcpy(out, text, size);
}

static cb_status write_record(int fd,
    const char *path,
    uint64_t after,
    const cb_killpage_wish *wish,
    page_record *record,
    cb_err *err)
{
    const int64_t now_ns = cb_wall_ns();
    const uint64_t by_clock = now_ns > 0 ? (uint64_t)now_ns : 1;
    memset(record, 0, sizeof(*record));
    memcpy(record->magic, MAGIC, sizeof(MAGIC));
    /* A page that was lost and made again must not repeat a generation. */
    record->generation = by_clock > after ? by_clock : after + 1;
    record->changed_ns = now_ns;
    record->level = wish->level;
    copy_cut(record->actor, sizeof(record->actor), wish->actor);
    copy_cut(record->reason, sizeof(record->reason), wish->reason);
    checksum_of(record, record->checksum);
    if (pwrite(fd, record, sizeof(*record), 0) != (ssize_t)sizeof(*record) ||
        ftruncate(fd, (off_t)sizeof(*record)) != 0) {
        return CB_FAIL(err, CB_E_IO, "flag page %s: %s", path, strerror(errno));
    }
    /* Who reads it sees it already; this is for the next power failure. */
    return fdatasync(fd) == 0 ? CB_OK
                              : CB_FAIL(err, CB_E_IO, "flag page %s: %s", path, strerror(errno));
}

cb_status cb_killpage_make(const char *path, cb_err *err)
{
    page_record record;
    const cb_killpage_wish wish = {.level = 0, .actor = "setup", .reason = "made"};
    const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return CB_FAIL(err,
            errno == EEXIST ? CB_E_EXISTS : CB_E_IO,
            "flag page %s: %s",
            path,
            strerror(errno));
    }
    const cb_status status = write_record(fd, path, 0, &wish, &record, err);
    CB_MAYBE(close(fd));
    return status;
}

cb_status cb_killpage_raise(
    const char *path, const cb_killpage_wish *wish, cb_killpage_state *out, cb_err *err)
{
    CB_ASSERT(wish->level > 0);
    CB_ASSERT(wish->level <= LEVEL_MAX);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return CB_FAIL(err, CB_E_IO, "flag page %s: %s", path, strerror(errno));
    }
    lock_for_a_while(fd);
    struct stat info;
    const bool is_new = fstat(fd, &info) == 0 && info.st_size == 0;
    cb_killpage_state now;
    look_at(fd, &now);
    cb_killpage_wish higher = *wish;
    const uint32_t floor = is_new ? 0 : now.level;
    higher.level = wish->level > floor ? wish->level : floor;
    page_record record;
    const cb_status status = write_record(fd, path, now.generation, &higher, &record, err);
    CB_MAYBE(close(fd));
    if (status == CB_OK && out != NULL) {
        take_record(&record, out);
    }
    return status;
}

cb_status cb_killpage_lower(
    const char *path, uint64_t generation, const cb_killpage_wish *wish, cb_err *err)
{
    CB_ASSERT(wish->level <= LEVEL_MAX);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return CB_FAIL(err, CB_E_IO, "flag page %s: %s", path, strerror(errno));
    }
    lock_for_a_while(fd);
    cb_killpage_state now;
    look_at(fd, &now);
    cb_status status = CB_OK;
    if (now.generation != generation) {
        status = CB_FAIL(err, CB_E_STATE, "flag page %s: raised again since", path);
    } else {
        page_record record;
        status = write_record(fd, path, now.generation, wish, &record, err);
    }
    CB_MAYBE(close(fd));
    return status;
}
