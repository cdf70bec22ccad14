/* GET with patience: rate limits are kept before they are hit, what may be tried again is tried
 * again, and what may not be is told. */
#ifndef LAB_FETCH_H
#define LAB_FETCH_H

#include "base/err.h"
#include "base/strview.h"

#define LAB_FETCH_BODY_MAX ((size_t)2 * 1024 * 1024 * 1024)

typedef struct lab_fetch lab_fetch;

/** weight_max: request weight a minute that the venue allows; a fifth of it is left to others. */
CB_MUST_USE cb_status lab_fetch_create(uint64_t weight_max, lab_fetch **out, cb_err *err);
void lab_fetch_destroy(lab_fetch *fetch);

/**
 * Gets a URL whole. 429 and 418 wait as long as Retry-After says, 5xx and broken connections are
 * tried again with growing pauses.
 *
 * @param body [out] borrowed until the next call.
 * @return CB_OK; CB_E_NOT_FOUND for 404; CB_E_PEER another refusal (its text in err); CB_E_TIMEOUT,
 *         CB_E_IO after the last attempt.
 */
CB_MUST_USE cb_status lab_fetch_get(
    lab_fetch *fetch, const char *url, cb_strview *body, cb_err *err);

#endif /* LAB_FETCH_H */
