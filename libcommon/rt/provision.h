/* What NATS needs to know before the services start, derived from proto/subjects.def alone: the
 * least-privilege users of nats.conf, and the streams and durable pull consumers of JetStream. */
#ifndef CB_PROVISION_H
#define CB_PROVISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CB_PROVISION_USER_MAX 24

typedef struct cb_nats_conf_options {
    const char *host; /* "127.0.0.1" */
    uint16_t port;
    const char *store_dir; /* folder of JetStream */
    /** Password of a user, NUL-terminated and valid until the next call; NULL when there is none,
     *  which refuses the whole. Letters and digits only. */
    const char *(*password)(void *context, const char *user);
    void *context;
} cb_nats_conf_options;

/** User i of the configuration ("risk", …, "cli", "provision", "sysadmin"); false past the end. */
bool cb_provision_user(size_t index, char out[CB_PROVISION_USER_MAX]);

/**
 * Writes a whole nats.conf: accounts only (no authorization block), one user per service with an
 * allow-list of what the service's rows need, JetStream, nothing else listening.
 *
 * @return CB_OK and *size without the NUL; CB_E_FULL; CB_E_CONFIG when a password is missing or
 *         holds other characters.
 */
CB_MUST_USE cb_status cb_provision_nats_conf(
    const cb_nats_conf_options *options, char *out, size_t capacity, size_t *size, cb_err *err);

#define CB_PROVISION_CONSUMER_MAX 512

/**
 * Writes the JSON that asks for a service's durable pull consumer of a stream.
 *
 * @param is_all true: from the stream's first message on; false: only what comes from now on, for a
 *   consumer that is made anew (what it missed is replayed by the producers).
 */
void cb_provision_consumer(
    const char *stream, const char *service, bool is_all, char out[CB_PROVISION_CONSUMER_MAX]);

/**
 * Creates or updates every stream and consumer; running it again changes nothing. Blocking.
 *
 * @param password [borrowed] of the user "provision".
 * @return CB_OK; CB_E_UNAVAILABLE; CB_E_AUTH; CB_E_PEER with the stream and the server's words.
 */
CB_MUST_USE cb_status cb_provision_streams(
    const char *url, const char *password, int64_t timeout_ms, cb_err *err);

#endif /* CB_PROVISION_H */
