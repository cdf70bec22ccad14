/* Asks the signer for signatures over its Unix socket, in the duty loop. A service that uses it
 * holds no exchange secret: it builds a request without a signature (cb_venue_auth.is_unsigned),
 * has its payload signed, and sends it. When the signer is down, slow or refuses, the answer says
 * so and there is nothing to send.
 *
 *   cb_signer_options options = {.socket_path = …, .account = "main", .venue = "binance",
 *       .purpose = CB_KEY_CANCEL};
 *   cb_signer *signer = cb_signer_open(loop, &options, &err);
 *   …
 *   const cb_venue_auth auth = {.keys = cb_signer_keys(signer), .is_unsigned = true, …};
 *   venue->build(CB_VENUE_CALL_CANCEL, &params, &auth, &request, &err);
 *   cb_signer_sign_request(signer, venue, &request, on_signed, self);
 *
 * One connection; answers come in the order of the questions. It reconnects by itself and asks each
 * second whether the key may still be used. */
#ifndef CB_SIGNER_CLIENT_H
#define CB_SIGNER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "rt/loop.h"
#include "venue/venue.h"
#include "wire/signer_frame.h"

#define CB_SIGNER_PENDING_MAX 256 /* more at a time are refused: CB_E_FULL */
#define CB_SIGNER_WHY_MAX 160

typedef struct cb_signer cb_signer;

typedef struct cb_signer_options {
    const char *socket_path; /* [borrowed until close] */
    const char *account;     /* [borrowed for the call], as all below */
    const char *venue;
    cb_key_purpose purpose;
    int64_t timeout_ms; /* of one signature; 0 = 1 s */
} cb_signer_options;

/* What came of one question. status: CB_OK; CB_E_UNAVAILABLE (no signer, or the connection broke),
 * CB_E_TIMEOUT, CB_E_FULL (too many at a time, or the signer's cap), CB_E_AUTH (refused),
 * CB_E_NOT_FOUND (no such key), CB_E_PEER (anything else it said). */
typedef struct cb_signer_answer {
    cb_status status;
    const char *signature; /* as it goes into the request, before percent-encoding; "" unless OK */
    const char *api_key;   /* what the venue's header wants; "" unless OK */
    const char *why;       /* one line, "" when OK; never holds a secret */
} cb_signer_answer;
typedef void (*cb_signer_fn)(void *context, const cb_signer_answer *answer);

/** Connects when the loop turns; until then, and whenever the signer is away, it is not up. */
cb_signer *cb_signer_open(cb_loop *loop, const cb_signer_options *options, cb_err *err);
/** Forgets what is pending without calling back; not from within a callback of its own. */
void cb_signer_close(cb_signer *signer);

/** fn runs whenever cb_signer_is_up changes. */
void cb_signer_on_state(cb_signer *signer, void (*fn)(void *context, bool is_up), void *context);
/** True when the signer answers and says that the key may be used. */
bool cb_signer_is_up(const cb_signer *signer);
/** Why it is not up, one line; "" when it is. */
const char *cb_signer_why(const cb_signer *signer);
/** The key's public half for cb_venue_auth; its secret is empty. api_key is "" until first up. */
const cb_venue_keys *cb_signer_keys(const cb_signer *signer);

/**
 * Asks for a signature of payload (copied into the socket). fn is called exactly once, from the
 * loop and never within this call, at the latest after the timeout.
 */
void cb_signer_sign(
    cb_signer *signer, const char *payload, size_t payload_size, cb_signer_fn fn, void *context);

/**
 * Signs a request that was built with is_unsigned and, on CB_OK, puts the signature and the key's
 * header into it before fn runs. A request that needs no signature is an error of the caller.
 *
 * @param request [borrowed until fn]
 */
void cb_signer_sign_request(cb_signer *signer,
    const cb_venue_ops *venue,
    cb_venue_request *request,
    cb_signer_fn fn,
    void *context);

/** Questions that wait for their answer. */
uint32_t cb_signer_pending(const cb_signer *signer);

#endif /* CB_SIGNER_CLIENT_H */
