/* A source's text in blocks of whole lines, unpacked on the way; plain, gzip, zstd and a zip
 * archive of one file are told by their first bytes. */
#ifndef LAB_READER_H
#define LAB_READER_H

#include "base/err.h"
#include "base/strview.h"
#include "services/lab/data/sha.h"

typedef struct lab_reader lab_reader;

/** CB_E_NOT_FOUND, CB_E_IO; CB_E_SYNTAX for a folder or a pipe. [out] close with lab_reader_close
 */
CB_MUST_USE cb_status lab_reader_open(const char *path, lab_reader **out, cb_err *err);
/** Over bytes [borrowed until it is closed]; name is for messages. */
CB_MUST_USE cb_status lab_reader_over(
    const char *name, const void *bytes, size_t size, lab_reader **out, cb_err *err);
void lab_reader_close(lab_reader *reader);

/**
 * Next block: whole lines, each ended by '\n' (the last one gets its own when the file has none).
 * Empty at the end.
 *
 * @param line_max bytes; a longer line is CB_E_SYNTAX.
 * @param lines [out] borrowed until the next call; 64 bytes behind it may be read.
 * @return CB_OK; CB_E_CORRUPT when the packed stream is damaged or ends too early; CB_E_IO.
 */
CB_MUST_USE cb_status lab_reader_next(
    lab_reader *reader, size_t line_max, cb_strview *lines, cb_err *err);

/** The first byte of the text, 0 when there is none; nothing is consumed. */
CB_MUST_USE cb_status lab_reader_peek(lab_reader *reader, char *first, cb_err *err);

const char *lab_reader_name(const lab_reader *reader);
/** Raw bytes read so far, and in all. */
uint64_t lab_reader_done(const lab_reader *reader);
uint64_t lab_reader_size(const lab_reader *reader);
int64_t lab_reader_mtime_ns(const lab_reader *reader);
/** SHA-256 of the raw bytes; after the end was reached. */
void lab_reader_hash(lab_reader *reader, char out[LAB_SHA256_TEXT]);

#endif /* LAB_READER_H */
