/* Questions to the services over the bus: one service's answer passed on, or all six collected. */
#include <string.h>

#include "services/gateway/gateway.h"

bool gateway_param(gateway_call *call, const char *name, char *out, size_t out_size)
{
    char probe[1024];
    out[0] = '\0';
    if (!cb_form_get(call->query, name, probe, sizeof probe)) {
        return true;
    }
    if (cb_text_copy(out, out_size, cb_sv_from(probe))) {
        return true;
    }
    gateway_reply_problem(
        call, 400, "bad-parameter", "%s: at most %zu characters", name, out_size - 1);
    return false;
}

static bool read_limit(gateway_call *call, uint32_t *limit)
{
    char text[16];
    uint64_t value = 50; /* an answer fits one message of the bus */
    if (!gateway_param(call, "limit", text, sizeof text)) {
        return false;
    }
    if (text[0] != '\0' && (!cb_u64_parse(cb_sv_from(text), 1000, &value) || value == 0)) {
        gateway_reply_problem(
            call, 400, "bad-parameter", "limit: '%s' is not a whole number from 1 to 1000", text);
        return false;
    }
    *limit = (uint32_t)value;
    return true;
}

static bool fill_query(gateway_call *call, const char *name, cb_query_msg *query)
{
    memset(query, 0, sizeof *query);
    const bool fits = cb_text_copy(query->name, sizeof query->name, cb_sv_from(name));
    CB_ASSERT(fits);
    return gateway_param(call, "id", query->id, sizeof query->id) &&
           gateway_param(call, "symbol", query->symbol, sizeof query->symbol) &&
           gateway_param(call, "before", query->before, sizeof query->before) &&
           read_limit(call, &query->limit);
}

static void on_forwarded(void *context, const void *bytes, size_t size)
{
    gateway_call *call = context;
    if (bytes == NULL) {
        gateway_reply_problem(call,
            504,
            "no-answer",
            "the service did not answer within %d ms",
            GATEWAY_ASK_TIMEOUT_MS);
        return;
    }
    const char refusal[] = "{\"error\"";
    const bool is_refused =
        size >= sizeof refusal - 1 && memcmp(bytes, refusal, sizeof refusal - 1) == 0;
    gateway_reply_text(call, is_refused ? 400 : 200, bytes, size);
}

void gateway_forward(gateway_call *call, const char *service, const char *query_name)
{
    cb_query_msg query;
    if (!fill_query(call, query_name, &query)) {
        return;
    }
    if (call->tail[0] != '\0') {
        (void)cb_text_copy(query.id, sizeof query.id, cb_sv_from(call->tail));
    }
    cb_shell_ask(call->gateway->shell,
        CB_SUBJECT_QUERY,
        service,
        &query,
        GATEWAY_ASK_TIMEOUT_MS,
        on_forwarded,
        call);
}

/* One fan-out in progress; the last answer frees it. */
typedef struct fan_out {
    gateway_call *call;
    void (*done)(gateway_call *call, const gateway_answers *answers);
    gateway_answers answers;
    uint32_t waiting_count;
} fan_out;

typedef struct fan_leg {
    fan_out *fan;
    uint32_t index;
} fan_leg;

static void on_leg(void *context, const void *bytes, size_t size)
{
    fan_leg *leg = context;
    fan_out *fan = leg->fan;
    if (bytes != NULL) {
        fan->answers.by_service[leg->index] = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    }
    free(leg);
    fan->waiting_count--;
    if (fan->waiting_count > 0) {
        return;
    }
    fan->done(fan->call, &fan->answers);
    for (uint32_t i = 0; i < GATEWAY_SERVICES_COUNT; i++) {
        json_decref(fan->answers.by_service[i]);
    }
    free(fan);
}

void gateway_ask_all(gateway_call *call,
    const char *query_name,
    const char *id,
    void (*done)(gateway_call *call, const gateway_answers *answers))
{
    cb_query_msg query;
    fan_out *fan = calloc(1, sizeof *fan);
    fan_leg *legs[GATEWAY_SERVICES_COUNT];
    bool is_whole = fan != NULL;
    for (uint32_t i = 0; i < GATEWAY_SERVICES_COUNT; i++) {
        legs[i] = calloc(1, sizeof *legs[i]);
        is_whole = is_whole && legs[i] != NULL;
    }
    if (!is_whole) {
        for (uint32_t i = 0; i < GATEWAY_SERVICES_COUNT; i++) {
            free(legs[i]);
        }
        free(fan);
        gateway_reply_problem(call, 503, "no-memory", "no memory to ask the services");
        return;
    }
    memset(&query, 0, sizeof query);
    (void)cb_text_copy(query.name, sizeof query.name, cb_sv_from(query_name));
    (void)cb_text_copy(query.id, sizeof query.id, cb_sv_from(id));
    query.limit = 1000;
    *fan = (fan_out){.call = call, .done = done, .waiting_count = GATEWAY_SERVICES_COUNT};
    for (uint32_t i = 0; i < GATEWAY_SERVICES_COUNT; i++) {
        *legs[i] = (fan_leg){fan, i};
        cb_shell_ask(call->gateway->shell,
            CB_SUBJECT_QUERY,
            gateway_services[i],
            &query,
            GATEWAY_ASK_TIMEOUT_MS,
            on_leg,
            legs[i]);
    }
}
