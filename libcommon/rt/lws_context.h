/* The libwebsockets context of a loop: made on first use, living as long as the loop. Its poll is
 * then the outer loop (4.1 has no hooks for another one), and the loop's epoll descriptor is one of
 * the things it watches, so one thread still serves everything. */
#ifndef CB_LWS_CONTEXT_H
#define CB_LWS_CONTEXT_H

#include "base/err.h"
#include "rt/loop.h"

struct lws_context;

/** NULL and err when libwebsockets refuses. [borrowed until the loop is destroyed] */
struct lws_context *cb_lws_context(cb_loop *loop, cb_err *err);

/** A copy of a vhost's name that lives as long as the context, which keeps only the pointer. */
const char *cb_lws_keep_name(cb_loop *loop, const char *name);

#endif /* CB_LWS_CONTEXT_H */
