/* Error records: filling them and adding context on the way up. Printing is a shell's work. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

static const char *const status_names[] = {
    [CB_OK] = "ok",
    [CB_E_RANGE] = "range",
    [CB_E_SYNTAX] = "syntax",
    [CB_E_PRECISION] = "precision",
    [CB_E_FULL] = "full",
    [CB_E_NOT_FOUND] = "not_found",
    [CB_E_EXISTS] = "exists",
    [CB_E_CONFIG] = "config",
    [CB_E_IO] = "io",
    [CB_E_TIMEOUT] = "timeout",
    [CB_E_PEER] = "peer",
    [CB_E_STATE] = "state",
    [CB_E_AUTH] = "auth",
    [CB_E_CORRUPT] = "corrupt",
    [CB_E_UNKNOWN] = "unknown",
    [CB_E_UNAVAILABLE] = "unavailable",
};
_Static_assert(
    sizeof(status_names) / sizeof(status_names[0]) == CB_STATUS_COUNT, "every status has a name");

const char *cb_status_name(cb_status status)
{
    if ((unsigned)status >= CB_STATUS_COUNT) {
        return "?";
    }
    return status_names[status];
}

cb_status cb_err_set(
    cb_err *err, cb_status code, const char *file, int line, const char *format, ...)
{
    CB_ASSERT(code != CB_OK);
    CB_ASSERT(format != NULL);
    if (err == NULL) {
        return code;
    }
    err->code = code;
    err->file = file;
    err->line = line;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(err->text, sizeof(err->text), format, arguments);
    va_end(arguments);
    return code;
}

cb_status cb_err_context(cb_err *err, const char *format, ...)
{
    CB_ASSERT(format != NULL);
    if (err == NULL) {
        return CB_E_UNKNOWN;
    }
    char context[CB_ERR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(context, sizeof(context), format, arguments);
    va_end(arguments);

    /* The newest context names the outermost operation; when all does not fit, the tail of the
     * oldest text is cut, since the place and the operation are what a reader needs first. */
    size_t used = strlen(context);
    const char separator[] = ": ";
    for (size_t i = 0; separator[i] != '\0' && used + 1 < sizeof(context); i++) {
        context[used++] = separator[i];
    }
    for (size_t i = 0; err->text[i] != '\0' && used + 1 < sizeof(context); i++) {
        context[used++] = err->text[i];
    }
    context[used] = '\0';
    memcpy(err->text, context, used + 1);
    return err->code;
}
