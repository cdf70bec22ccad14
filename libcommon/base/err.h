/* Status codes and the caller-owned error record. Library errors (errno, natsStatus, CURLcode,
 * PGresult) are turned into these in the wrapper that met them and go no further. */
#ifndef CB_ERR_H
#define CB_ERR_H

#include <stddef.h>

#define CB_ERR_TEXT_MAX 512

typedef enum cb_status {
    CB_OK = 0,
    CB_E_RANGE,       /* a value leaves its type or its bounds */
    CB_E_SYNTAX,      /* text does not follow its grammar */
    CB_E_PRECISION,   /* a decimal has more digits than can be kept exactly */
    CB_E_FULL,        /* a bounded buffer or queue has no room */
    CB_E_NOT_FOUND,   /* no such key, row, file */
    CB_E_EXISTS,      /* already there */
    CB_E_CONFIG,      /* configuration refused */
    CB_E_IO,          /* operating system or network error */
    CB_E_TIMEOUT,     /* no answer within the deadline */
    CB_E_PEER,        /* the other side answered with an error */
    CB_E_STATE,       /* not allowed in the present state */
    CB_E_AUTH,        /* signature, token or permission refused */
    CB_E_CORRUPT,     /* stored or received data fails its check */
    CB_E_UNKNOWN,     /* the outcome is not known (never retried blindly) */
    CB_E_UNAVAILABLE, /* a needed service is down */
    CB_STATUS_COUNT
} cb_status;

typedef struct cb_err {
    cb_status code;
    int line;
    const char *file; /* static string */
    char text[CB_ERR_TEXT_MAX];
} cb_err;

/** Stable lower-case name of a status, such as "range". */
const char *cb_status_name(cb_status status);

/**
 * Fills err (which may be NULL) and returns code. The text names what was wrong and where.
 */
__attribute__((format(printf, 5, 6))) cb_status cb_err_set(
    cb_err *err, cb_status code, const char *file, int line, const char *format, ...);

/**
 * Puts "context: " before the text, once per layer on the way up, and returns err->code
 * (CB_E_UNKNOWN when err is NULL).
 */
__attribute__((format(printf, 2, 3))) cb_status cb_err_context(
    cb_err *err, const char *format, ...);

#define CB_FAIL(err, code, ...) cb_err_set((err), (code), __FILE__, __LINE__, __VA_ARGS__)
#define CB_MUST_USE __attribute__((warn_unused_result))

#endif /* CB_ERR_H */
