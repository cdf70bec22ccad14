/* rt/signer_client.h: the signer behind its socket. It signs by the venue's own function, a little
 * later; it may be away, and then says so. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "rt/provision.h"
#include "rt/signer_client.h"
#include "tests/sim/dst_bus.h"

#define API_KEY "secret-of-api_key"
#define API_SECRET "secret-of-api_secret"
#define LATENCY_MIN_NS (80 * DST_US)
#define LATENCY_MAX_NS (500 * DST_US)

struct cb_signer {
    dst_process *process;
    bool is_up;
    uint32_t pending_count;
    cb_venue_keys keys;
    void (*state_fn)(void *context, bool is_up);
    void *state_context;
};

typedef struct question {
    cb_signer *signer;
    const char *payload;
    size_t payload_size;
    const cb_venue_ops *venue;
    cb_venue_request *request; /* NULL: the signature itself is wanted */
    cb_signer_fn fn;
    void *context;
    bool is_refused;
} question;

static void on_up(void *context, void *argument)
{
    cb_signer *self = context;
    (void)argument;
    self->is_up = true;
    CB_MAYBE(cb_text_copy(self->keys.api_key, sizeof(self->keys.api_key), cb_sv_from(API_KEY)));
    if (self->state_fn != NULL) {
        self->state_fn(self->state_context, true);
    }
}

cb_signer *cb_signer_open(cb_loop *loop, const cb_signer_options *options, cb_err *err)
{
    (void)loop;
    (void)options;
    (void)err;
    cb_signer *self = dst_process_alloc(sizeof(*self), true);
    self->process = dst->running;
    dst_deliver(self->process, dst->now_ns + LATENCY_MIN_NS, on_up, self, NULL);
    return self;
}

void cb_signer_close(cb_signer *signer)
{
    (void)signer;
}

void cb_signer_on_state(cb_signer *signer, void (*fn)(void *context, bool is_up), void *context)
{
    signer->state_fn = fn;
    signer->state_context = context;
}

bool cb_signer_is_up(const cb_signer *signer)
{
    return signer->is_up;
}

const char *cb_signer_why(const cb_signer *signer)
{
    return signer->is_up ? "" : "the signer is not there yet";
}

const cb_venue_keys *cb_signer_keys(const cb_signer *signer)
{
    return &signer->keys;
}

uint32_t cb_signer_pending(const cb_signer *signer)
{
    return signer->pending_count;
}

static void on_answer(void *context, void *argument)
{
    question *one = context;
    char signature[CB_VENUE_SIGNATURE_MAX];
    cb_err err = {0};
    (void)argument;
    one->signer->pending_count--;
    if (one->is_refused) {
        const cb_signer_answer refused = {CB_E_UNAVAILABLE, "", "", "the signer is away"};
        one->fn(one->context, &refused);
        return;
    }
    const cb_venue_ops *venue = one->venue != NULL ? one->venue : cb_venue_find("binance");
    cb_status status = venue->sign(API_SECRET, one->payload, one->payload_size, signature, &err);
    if (status == CB_OK && one->request != NULL) {
        status = venue->attach(one->request, API_KEY, signature, &err);
    }
    CB_ASSERT(status == CB_OK);
    const cb_signer_answer answer = {CB_OK, signature, API_KEY, ""};
    one->fn(one->context, &answer);
}

static void ask(const question *wanted)
{
    dst_point("sign");
    question *one = dst_alloc(sizeof(*one));
    *one = *wanted;
    one->payload = sql_copy_text(&dst->memory, wanted->payload, wanted->payload_size);
    one->is_refused = !one->signer->is_up || dst_chance(dst->plan.signer_refuse_ppm);
    one->signer->pending_count++;
    int64_t at_ns = dst->now_ns + dst_between(LATENCY_MIN_NS, LATENCY_MAX_NS);
    if (dst_chance(dst->plan.signer_refuse_ppm)) {
        at_ns += dst_between(0, DST_S); /* or only slow */
    }
    dst_deliver(one->signer->process, at_ns, on_answer, one, NULL);
}

void cb_signer_sign(
    cb_signer *signer, const char *payload, size_t payload_size, cb_signer_fn fn, void *context)
{
    const question wanted = {.signer = signer,
        .payload = payload,
        .payload_size = payload_size,
        .fn = fn,
        .context = context};
    ask(&wanted);
}

void cb_signer_sign_request(cb_signer *signer,
    const cb_venue_ops *venue,
    cb_venue_request *request,
    cb_signer_fn fn,
    void *context)
{
    const cb_strview payload = venue->payload(request);
    const question wanted = {.signer = signer,
        .payload = payload.at,
        .payload_size = payload.size,
        .venue = venue,
        .request = request,
        .fn = fn,
        .context = context};
    ask(&wanted);
}

/* Consumers exist from the first pull on. */
void cb_provision_consumer(
    const char *stream, const char *service, bool is_all, char out[CB_PROVISION_CONSUMER_MAX])
{
    (void)snprintf(
        out, CB_PROVISION_CONSUMER_MAX, "{\"%s\":\"%s\",\"all\":%d}", stream, service, is_all);
}
