/* Host names to addresses without blocking the duty thread: the C library's resolver only blocks,
 * so it runs in a thread of its own for each question. */
#ifndef CB_RESOLVE_H
#define CB_RESOLVE_H

#include "rt/loop.h"

#define CB_ADDRESS_TEXT_MAX 64

typedef struct cb_resolve cb_resolve;

/**
 * fn is called once from the loop with a numeric address, or with NULL and a reason; the question
 * is over then. An address as host is answered without a thread.
 */
cb_resolve *cb_resolve_start(cb_loop *loop,
    const char *host,
    void (*fn)(void *context, const char *address, const char *why),
    void *context);
/** fn is not called any more. The thread ends by itself. */
void cb_resolve_cancel(cb_resolve *resolve);

#endif /* CB_RESOLVE_H */
