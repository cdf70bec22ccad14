/* Reading lines through zlib or zstd. A file that ends within a packed frame is refused: half a
 * recording must not pass for a whole one. */
#include "services/simulator/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

#include "base/assert.h"

#define RAW_SIZE ((size_t)64 * 1024)
#define TEXT_FIRST_SIZE ((size_t)256 * 1024)

typedef enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD } packing;

struct sim_lines {
    int fd;
    packing packed;
    char path[512];
    z_stream gzip;
    ZSTD_DStream *zstd;
    bool is_frame_open; /* the packed stream has begun and not ended */
    bool is_raw_end;
    uint8_t raw[RAW_SIZE];
    size_t raw_at;
    size_t raw_used;
    char *text; /* [owned] unpacked bytes: begin … end */
    size_t text_size;
    size_t begin;
    size_t end;
    uint64_t number;
};

static bool ends_with(const char *text, const char *ending)
{
    const size_t size = strlen(text);
    const size_t ending_size = strlen(ending);
    return size >= ending_size && strcmp(text + size - ending_size, ending) == 0;
}

sim_lines *sim_lines_open(const char *path, cb_err *err)
{
    sim_lines *lines = calloc(1, sizeof(*lines));
    CB_ASSERT(lines != NULL);
    lines->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (lines->fd < 0 || !cb_text_copy(lines->path, sizeof(lines->path), cb_sv_from(path))) {
        (void)CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(errno));
        sim_lines_close(lines);
        return NULL;
    }
    lines->text_size = TEXT_FIRST_SIZE;
    lines->text = malloc(lines->text_size);
    CB_ASSERT(lines->text != NULL);
    if (ends_with(path, ".gz")) {
        lines->packed = PACKING_GZIP;
        const int code = inflateInit2(&lines->gzip, 15 + 16);
        CB_ASSERT(code == Z_OK);
    } else if (ends_with(path, ".zst")) {
        lines->packed = PACKING_ZSTD;
        lines->zstd = ZSTD_createDStream();
        CB_ASSERT(lines->zstd != NULL);
    }
    return lines;
}

void sim_lines_close(sim_lines *lines)
{
    if (lines == NULL) {
        return;
    }
    if (lines->packed == PACKING_GZIP) {
        (void)inflateEnd(&lines->gzip);
    }
    (void)ZSTD_freeDStream(lines->zstd);
    if (lines->fd >= 0) {
        (void)close(lines->fd);
    }
    free(lines->text);
    free(lines);
}

static cb_status read_raw(sim_lines *lines, cb_err *err)
{
    if (lines->raw_at < lines->raw_used || lines->is_raw_end) {
        return CB_OK;
    }
    ssize_t size = 0;
    do {
        size = read(lines->fd, lines->raw, sizeof(lines->raw));
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        return CB_FAIL(err, CB_E_IO, "%s: %s", lines->path, strerror(errno));
    }
    lines->raw_at = 0;
    lines->raw_used = (size_t)size;
    lines->is_raw_end = size == 0;
    return CB_OK;
}

static cb_status unpack_gzip(sim_lines *lines, char *out, size_t size, size_t *got, cb_err *err)
{
    lines->gzip.next_in = lines->raw + lines->raw_at;
    lines->gzip.avail_in = (uInt)(lines->raw_used - lines->raw_at);
    lines->gzip.next_out = (Bytef *)out;
    lines->gzip.avail_out = (uInt)size;
    lines->is_frame_open = true;
    const int code = inflate(&lines->gzip, Z_NO_FLUSH);
    lines->raw_at = lines->raw_used - lines->gzip.avail_in;
    *got = size - lines->gzip.avail_out;
    if (code == Z_STREAM_END) {
        lines->is_frame_open = false;
        (void)inflateReset(&lines->gzip); /* another member may follow */
        return CB_OK;
    }
    if (code != Z_OK && code != Z_BUF_ERROR) {
        return CB_FAIL(err, CB_E_CORRUPT, "%s: gzip data is damaged", lines->path);
    }
    return CB_OK;
}

static cb_status unpack_zstd(sim_lines *lines, char *out, size_t size, size_t *got, cb_err *err)
{
    ZSTD_inBuffer in = {lines->raw + lines->raw_at, lines->raw_used - lines->raw_at, 0};
    ZSTD_outBuffer to = {out, size, 0};
    const size_t code = ZSTD_decompressStream(lines->zstd, &to, &in);
    if (ZSTD_isError(code)) {
        return CB_FAIL(err, CB_E_CORRUPT, "%s: %s", lines->path, ZSTD_getErrorName(code));
    }
    lines->raw_at += in.pos;
    lines->is_frame_open = code != 0;
    *got = to.pos;
    return CB_OK;
}

/* Puts more unpacked bytes behind end; *is_end when there are none. */
static cb_status fill(sim_lines *lines, bool *is_end, cb_err *err)
{
    size_t got = 0;
    *is_end = false;
    while (got == 0) {
        cb_status status = read_raw(lines, err);
        if (status != CB_OK) {
            return status;
        }
        char *out = lines->text + lines->end;
        const size_t room = lines->text_size - lines->end;
        const size_t waiting = lines->raw_used - lines->raw_at;
        if (waiting == 0 && lines->is_raw_end) {
            *is_end = true;
            return lines->is_frame_open ? CB_FAIL(err,
                                              CB_E_CORRUPT,
                                              "%s: the file ends in the middle of its data",
                                              lines->path)
                                        : CB_OK;
        }
        if (lines->packed == PACKING_NONE) {
            got = waiting < room ? waiting : room;
            memcpy(out, lines->raw + lines->raw_at, got);
            lines->raw_at += got;
        } else if (lines->packed == PACKING_GZIP) {
            status = unpack_gzip(lines, out, room, &got, err);
        } else {
            status = unpack_zstd(lines, out, room, &got, err);
        }
        if (status != CB_OK) {
            return status;
        }
    }
    lines->end += got;
    return CB_OK;
}

/* Makes room: moves what is unread to the front, and grows for very long lines. */
static cb_status make_room(sim_lines *lines, cb_err *err)
{
    memmove(lines->text, lines->text + lines->begin, lines->end - lines->begin);
    lines->end -= lines->begin;
    lines->begin = 0;
    if (lines->end < lines->text_size) {
        return CB_OK;
    }
    if (lines->text_size >= SIM_LINE_SIZE_MAX) {
        return CB_FAIL(err,
            CB_E_FULL,
            "%s:%llu: line is longer than %zu bytes",
            lines->path,
            (unsigned long long)(lines->number + 1),
            SIM_LINE_SIZE_MAX);
    }
    lines->text_size *= 2;
    lines->text = realloc(lines->text, lines->text_size);
    CB_ASSERT(lines->text != NULL);
    return CB_OK;
}

static void take(sim_lines *lines, size_t size, size_t skip, cb_strview *out)
{
    out->at = lines->text + lines->begin;
    out->size = size;
    if (size > 0 && out->at[size - 1] == '\r') {
        out->size--;
    }
    lines->begin += size + skip;
    lines->number++;
}

cb_status sim_lines_next(sim_lines *lines, cb_strview *out, cb_err *err)
{
    size_t searched = 0;
    for (;;) {
        char *start = lines->text + lines->begin + searched;
        const char *end = memchr(start, '\n', lines->end - lines->begin - searched);
        if (end != NULL) {
            take(lines, (size_t)(end - (lines->text + lines->begin)), 1, out);
            return CB_OK;
        }
        searched = lines->end - lines->begin;
        if (lines->end == lines->text_size) {
            const cb_status status = make_room(lines, err);
            if (status != CB_OK) {
                return status;
            }
        }
        bool is_end = false;
        const cb_status status = fill(lines, &is_end, err);
        if (status != CB_OK) {
            return status;
        }
        if (is_end) {
            if (searched == 0) {
                return CB_E_NOT_FOUND;
            }
            take(lines, searched, 0, out);
            return CB_OK;
        }
    }
}

uint64_t sim_lines_number(const sim_lines *lines)
{
    return lines->number;
}
