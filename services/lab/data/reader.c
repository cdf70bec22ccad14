/* Reads a file once, hashes its raw bytes, unpacks them and hands out whole lines. What remains of
 * a line is moved to the front of the buffer, so that a block never splits one. */
#include "services/lab/data/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/lab/data/sha.h"

#define RAW_SIZE ((size_t)256 * 1024)
#define TEXT_SIZE ((size_t)1024 * 1024)
#define SMALL_SIZE ((size_t)16 * 1024) /* over memory: little is expected */
#define PAD 64u /* readable behind the text, so that scanners need not look at every byte's end */

#define ZIP_HEADER 30u
#define ZIP_TAIL 20u

typedef enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD, PACKING_ZIP } packing;

struct lab_reader {
    char *name; /* [owned] */
    int fd;     /* -1 over memory */
    const uint8_t *memory;
    uint64_t size;
    uint64_t done;
    int64_t mtime_ns;
    packing packed;
    bool is_opened; /* the first bytes have been looked at */
    bool is_raw_end;
    bool is_unpacked; /* between two frames: the stream may end here */
    bool is_flushing; /* the last call filled its room: the stream may hold more */
    z_stream gzip;
    ZSTD_DStream *zstd;
    uint32_t zip_crc; /* as the archive says; of the text so far: text_crc */
    uint32_t text_crc;
    bool has_descriptor;    /* the archive says it behind the file */
    uint8_t tail[ZIP_TAIL]; /* what follows the packed file */
    size_t tail_used;
    lab_sha hash;
    uint8_t *raw; /* [owned] raw_size */
    size_t raw_size;
    size_t raw_at;
    size_t raw_used;
    char *text; /* text_size + PAD */
    size_t text_size;
    size_t text_used;
    size_t given; /* bytes of text that the last block held */
};

static cb_status create(
    const char *name, size_t raw_size, size_t text_size, lab_reader **out, cb_err *err)
{
    lab_reader *const reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory");
    }
    reader->fd = -1;
    reader->name = strdup(name);
    reader->raw_size = raw_size;
    reader->raw = malloc(raw_size);
    reader->text_size = text_size;
    reader->text = malloc(text_size + PAD);
    lab_sha_begin(&reader->hash);
    if (reader->name == NULL || reader->raw == NULL || reader->text == NULL) {
        lab_reader_close(reader);
        return CB_FAIL(err, CB_E_FULL, "no memory");
    }
    *out = reader;
    return CB_OK;
}

cb_status lab_reader_open(const char *path, lab_reader **out, cb_err *err)
{
    struct stat info;
    cb_status status = create(path, RAW_SIZE, TEXT_SIZE, out, err);
    if (status != CB_OK) {
        return status;
    }
    lab_reader *const reader = *out;
    /* O_NONBLOCK: opening a pipe must not wait for somebody to write */
    reader->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (reader->fd < 0 || fstat(reader->fd, &info) != 0) {
        status = CB_FAIL(
            err, errno == ENOENT ? CB_E_NOT_FOUND : CB_E_IO, "%s: %s", path, strerror(errno));
    } else if (!S_ISREG(info.st_mode)) {
        status = CB_FAIL(err, CB_E_SYNTAX, "%s: not a regular file", path);
    } else {
        reader->size = (uint64_t)info.st_size;
        reader->mtime_ns = (int64_t)info.st_mtim.tv_sec * CB_NS_PER_S + info.st_mtim.tv_nsec;
        return CB_OK;
    }
    lab_reader_close(reader);
    *out = NULL;
    return status;
}

cb_status lab_reader_over(
    const char *name, const void *bytes, size_t size, lab_reader **out, cb_err *err)
{
    const cb_status status = create(name, SMALL_SIZE, SMALL_SIZE, out, err);
    if (status == CB_OK) {
        (*out)->memory = bytes;
        (*out)->size = size;
    }
    return status;
}

void lab_reader_close(lab_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->packed == PACKING_GZIP || reader->packed == PACKING_ZIP) {
        (void)inflateEnd(&reader->gzip);
    }
    (void)ZSTD_freeDStream(reader->zstd);
    if (reader->fd >= 0) {
        (void)close(reader->fd);
    }
    free(reader->raw);
    free(reader->text);
    free(reader->name);
    free(reader);
}

/* Raw bytes behind those that are left; notes the end. */
static cb_status fill_raw(lab_reader *reader, cb_err *err)
{
    if (reader->raw_at < reader->raw_used || reader->is_raw_end || reader->is_flushing) {
        return CB_OK;
    }
    reader->raw_at = 0;
    reader->raw_used = 0;
    if (reader->fd < 0) {
        const uint64_t left = reader->size - reader->done;
        reader->raw_used = left < reader->raw_size ? (size_t)left : reader->raw_size;
        if (reader->raw_used > 0) {
            memcpy(reader->raw, reader->memory + reader->done, reader->raw_used);
        }
    } else {
        ssize_t got;
        do {
            got = read(reader->fd, reader->raw, reader->raw_size);
        } while (got < 0 && errno == EINTR);
        if (got < 0) {
            return CB_FAIL(err, CB_E_IO, "%s: %s", reader->name, strerror(errno));
        }
        reader->raw_used = (size_t)got;
    }
    reader->done += reader->raw_used;
    reader->is_raw_end = reader->raw_used == 0;
    lab_sha_add(&reader->hash, reader->raw, reader->raw_used);
    return CB_OK;
}

static uint32_t u16_at(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t u32_at(const uint8_t *at)
{
    return u16_at(at) | u16_at(at + 2) << 16;
}

/* An archive of one deflated file. Its name is not looked at: nothing is ever written by it. */
static cb_status open_zip(lab_reader *reader, cb_err *err)
{
    const uint8_t *const header = reader->raw;
    const uint32_t flags = reader->raw_used >= ZIP_HEADER ? u16_at(header + 6) : 1;
    const uint32_t method = reader->raw_used >= ZIP_HEADER ? u16_at(header + 8) : 0;
    const size_t from = reader->raw_used >= ZIP_HEADER
                            ? ZIP_HEADER + u16_at(header + 26) + u16_at(header + 28)
                            : SIZE_MAX;
    if (from >= reader->raw_used) {
        return CB_FAIL(err, CB_E_CORRUPT, "%s: the zip archive ends too early", reader->name);
    }
    if ((flags & 1) != 0 || method != Z_DEFLATED) {
        return CB_FAIL(err,
            CB_E_SYNTAX,
            "%s: the zip archive is encrypted or packed by method %u, not deflate",
            reader->name,
            method);
    }
    if (inflateInit2(&reader->gzip, -15) != Z_OK) {
        return CB_FAIL(err, CB_E_FULL, "no memory for zlib");
    }
    reader->packed = PACKING_ZIP;
    reader->has_descriptor = (flags & 8) != 0;
    reader->zip_crc = u32_at(header + 14);
    reader->raw_at = from;
    return CB_OK;
}

/* Bytes behind the packed file: a descriptor perhaps, then the directory. */
static void take_tail(lab_reader *reader)
{
    const size_t left = reader->raw_used - reader->raw_at;
    const size_t room = ZIP_TAIL - reader->tail_used;
    const size_t taken = left < room ? left : room;
    memcpy(reader->tail + reader->tail_used, reader->raw + reader->raw_at, taken);
    reader->tail_used += taken;
    reader->raw_at = reader->raw_used;
}

static cb_status check_zip_end(lab_reader *reader, cb_err *err)
{
    static const uint8_t descriptor[4] = {'P', 'K', 7, 8};
    static const uint8_t directory[4] = {'P', 'K', 1, 2};
    const uint8_t *at = reader->tail;
    if (!reader->is_unpacked || reader->tail_used < ZIP_TAIL) {
        return CB_FAIL(
            err, CB_E_CORRUPT, "%s: the zip archive ends too early: the file is cut", reader->name);
    }
    if (reader->has_descriptor) {
        at += memcmp(at, descriptor, 4) == 0 ? 4 : 0;
        reader->zip_crc = u32_at(at);
        at += 12;
    }
    if (reader->zip_crc != reader->text_crc) {
        return CB_FAIL(
            err, CB_E_CORRUPT, "%s: the file in the zip archive is damaged", reader->name);
    }
    if (memcmp(at, directory, 4) != 0) {
        return CB_FAIL(
            err, CB_E_SYNTAX, "%s: the zip archive holds more than one file", reader->name);
    }
    return CB_OK;
}

static cb_status unpack_zip(lab_reader *reader, char *out, size_t room, size_t *got, cb_err *err)
{
    *got = 0;
    if (reader->is_unpacked) {
        take_tail(reader);
        return CB_OK;
    }
    reader->gzip.next_in = reader->raw + reader->raw_at;
    reader->gzip.avail_in = (uInt)(reader->raw_used - reader->raw_at);
    reader->gzip.next_out = (Bytef *)out;
    reader->gzip.avail_out = (uInt)room;
    const int code = inflate(&reader->gzip, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
        return CB_FAIL(err, CB_E_CORRUPT, "%s: the zip archive is damaged", reader->name);
    }
    reader->is_unpacked = code == Z_STREAM_END;
    reader->raw_at = reader->raw_used - reader->gzip.avail_in;
    *got = room - reader->gzip.avail_out;
    reader->text_crc = (uint32_t)crc32(reader->text_crc, (const Bytef *)out, (uInt)*got);
    return CB_OK;
}

static cb_status look_at_packing(lab_reader *reader, cb_err *err)
{
    static const uint8_t gzip_magic[2] = {0x1f, 0x8b};
    static const uint8_t zip_magic[4] = {'P', 'K', 3, 4};
    static const uint8_t zstd_magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    reader->is_opened = true;
    if (reader->raw_used >= 2 && memcmp(reader->raw, gzip_magic, 2) == 0) {
        if (inflateInit2(&reader->gzip, 15 + 16) != Z_OK) {
            return CB_FAIL(err, CB_E_FULL, "no memory for zlib");
        }
        reader->packed = PACKING_GZIP;
    } else if (reader->raw_used >= 4 && memcmp(reader->raw, zstd_magic, 4) == 0) {
        reader->zstd = ZSTD_createDStream();
        if (reader->zstd == NULL || ZSTD_isError(ZSTD_initDStream(reader->zstd)) != 0) {
            return CB_FAIL(err, CB_E_FULL, "no memory for zstd");
        }
        reader->packed = PACKING_ZSTD;
    } else if (reader->raw_used >= 4 && memcmp(reader->raw, zip_magic, 4) == 0) {
        return open_zip(reader, err);
    }
    return CB_OK;
}

static cb_status unpack_gzip(lab_reader *reader, char *out, size_t room, size_t *got, cb_err *err)
{
    if (reader->is_unpacked) {
        (void)inflateReset(&reader->gzip); /* another member follows */
        reader->is_unpacked = false;
    }
    reader->gzip.next_in = reader->raw + reader->raw_at;
    reader->gzip.avail_in = (uInt)(reader->raw_used - reader->raw_at);
    reader->gzip.next_out = (Bytef *)out;
    reader->gzip.avail_out = (uInt)room;
    const int code = inflate(&reader->gzip, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
        return CB_FAIL(err,
            CB_E_CORRUPT,
            "%s: damaged gzip stream (%s)",
            reader->name,
            reader->gzip.msg != NULL ? reader->gzip.msg : "unknown");
    }
    reader->is_unpacked = code == Z_STREAM_END;
    reader->raw_at = reader->raw_used - reader->gzip.avail_in;
    *got = room - reader->gzip.avail_out;
    return CB_OK;
}

static cb_status unpack_zstd(lab_reader *reader, char *out, size_t room, size_t *got, cb_err *err)
{
    ZSTD_inBuffer in = {reader->raw + reader->raw_at, reader->raw_used - reader->raw_at, 0};
    ZSTD_outBuffer to = {out, room, 0};
    const size_t code = ZSTD_decompressStream(reader->zstd, &to, &in);
    if (ZSTD_isError(code) != 0) {
        return CB_FAIL(err,
            CB_E_CORRUPT,
            "%s: damaged zstd stream (%s)",
            reader->name,
            ZSTD_getErrorName(code));
    }
    reader->is_unpacked = code == 0;
    reader->raw_at += in.pos;
    *got = to.pos;
    return CB_OK;
}

static cb_status unpack_some(lab_reader *reader, char *out, size_t room, size_t *got, cb_err *err)
{
    if (reader->packed == PACKING_ZIP) {
        return unpack_zip(reader, out, room, got, err);
    }
    return reader->packed == PACKING_GZIP ? unpack_gzip(reader, out, room, got, err)
                                          : unpack_zstd(reader, out, room, got, err);
}

/* Some unpacked bytes to the end of the text; *got 0 at the very end only. */
static cb_status unpack(lab_reader *reader, size_t *got, cb_err *err)
{
    *got = 0;
    while (*got == 0) {
        cb_status status = fill_raw(reader, err);
        if (status == CB_OK && !reader->is_opened) {
            status = look_at_packing(reader, err);
        }
        if (status != CB_OK) {
            return status;
        }
        char *const out = reader->text + reader->text_used;
        const size_t room = reader->text_size - reader->text_used;
        if (reader->packed == PACKING_NONE) {
            const size_t left = reader->raw_used - reader->raw_at;
            *got = left < room ? left : room;
            memcpy(out, reader->raw + reader->raw_at, *got);
            reader->raw_at += *got;
        } else if (!reader->is_raw_end || reader->is_flushing) {
            status = unpack_some(reader, out, room, got, err);
            reader->is_flushing = *got == room && !reader->is_unpacked;
        } else if (reader->packed == PACKING_ZIP) {
            status = check_zip_end(reader, err);
        } else if (!reader->is_unpacked) {
            /* what the stream still holds came out with the last input; the rest is missing */
            status = CB_FAIL(err,
                CB_E_CORRUPT,
                "%s: the %s stream ends too early: the file is cut",
                reader->name,
                reader->packed == PACKING_GZIP ? "gzip" : "zstd");
        }
        if (status != CB_OK) {
            return status;
        }
        if (*got == 0 && reader->is_raw_end && !reader->is_flushing) {
            return CB_OK;
        }
    }
    return CB_OK;
}

/* Room for one byte more at least, and for the newline that a last line may lack. */
static cb_status make_room(lab_reader *reader, size_t line_max, cb_err *err)
{
    if (reader->text_used + 1 < reader->text_size) {
        return CB_OK;
    }
    if (reader->text_used > line_max) {
        return CB_FAIL(
            err, CB_E_SYNTAX, "%s: a line is longer than %zu bytes", reader->name, line_max);
    }
    char *const larger = realloc(reader->text, reader->text_size * 2 + PAD);
    if (larger == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for a line");
    }
    reader->text = larger;
    reader->text_size *= 2;
    return CB_OK;
}

cb_status lab_reader_next(lab_reader *reader, size_t line_max, cb_strview *lines, cb_err *err)
{
    reader->text_used -= reader->given;
    memmove(reader->text, reader->text + reader->given, reader->text_used);
    reader->given = 0;
    size_t searched = 0;
    while (true) {
        const char *const last =
            memrchr(reader->text + searched, '\n', reader->text_used - searched);
        if (last != NULL) {
            reader->given = (size_t)(last + 1 - reader->text);
            break;
        }
        searched = reader->text_used;
        cb_status status = make_room(reader, line_max, err);
        size_t got = 0;
        if (status == CB_OK) {
            reader->text_size--; /* keeps a byte for the newline */
            status = unpack(reader, &got, err);
            reader->text_size++;
        }
        if (status != CB_OK) {
            return status;
        }
        reader->text_used += got;
        if (got == 0) {
            if (reader->text_used > 0) {
                reader->text[reader->text_used++] = '\n';
            }
            reader->given = reader->text_used;
            break;
        }
    }
    memset(reader->text + reader->text_used, 0, PAD);
    *lines = (cb_strview){reader->text, reader->given};
    return CB_OK;
}

cb_status lab_reader_peek(lab_reader *reader, char *first, cb_err *err)
{
    size_t got = 0;
    CB_ASSERT(reader->given == 0);
    reader->text_size--; /* as in lab_reader_next */
    const cb_status status = unpack(reader, &got, err);
    reader->text_size++;
    reader->text_used += got;
    *first = got > 0 ? reader->text[0] : '\0';
    return status;
}

const char *lab_reader_name(const lab_reader *reader)
{
    return reader->name;
}

uint64_t lab_reader_done(const lab_reader *reader)
{
    return reader->done;
}

uint64_t lab_reader_size(const lab_reader *reader)
{
    return reader->size;
}

int64_t lab_reader_mtime_ns(const lab_reader *reader)
{
    return reader->mtime_ns;
}

void lab_reader_hash(lab_reader *reader, char out[LAB_SHA256_TEXT])
{
    lab_sha_end(&reader->hash, out);
}
