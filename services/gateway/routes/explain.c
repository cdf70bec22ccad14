/* GET /v1/explain/{id}: the whole story of an order, a fill, a signal or a denial. Every service is
 * asked which correlation the id belongs to, then each tells its part; the parts are put in order
 * of time. */
#include <string.h>

#include "services/gateway/gateway.h"

static const char *first_correlation(const gateway_answers *answers)
{
    for (uint32_t i = 0; i < GATEWAY_SERVICES_COUNT; i++) {
        const json_t *rows = json_object_get(answers->by_service[i], "rows");
        const json_t *row = json_array_get(rows, 0);
        const char *found = json_string_value(json_object_get(row, "correlation_id"));
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

static json_int_t time_of(const json_t *row)
{
    return json_integer_value(json_object_get(row, "at_ns"));
}

/* Keeps rows ordered by time; equal times keep the order of the services in the chain. */
static void insert_by_time(json_t *rows, json_t *row)
{
    size_t at = json_array_size(rows);
    while (at > 0 && time_of(json_array_get(rows, at - 1)) > time_of(row)) {
        at--;
    }
    (void)json_array_insert(rows, at, row);
}

static void on_traces(gateway_call *call, const gateway_answers *answers)
{
    json_t *rows = json_array();
    json_t *silent = json_array();
    for (uint32_t i = 0; i < GATEWAY_SERVICES_COUNT; i++) {
        const json_t *part = json_object_get(answers->by_service[i], "rows");
        size_t index;
        json_t *row;
        if (answers->by_service[i] == NULL) {
            (void)json_array_append_new(silent, json_string(gateway_services[i]));
            continue;
        }
        json_array_foreach((json_t *)(uintptr_t)part, index, row)
        {
            insert_by_time(rows, row);
        }
    }
    gateway_reply_json(call,
        200,
        json_pack("{s:s, s:o, s:o}", "id", call->tail, "rows", rows, "silent_services", silent));
}

static void on_resolved(gateway_call *call, const gateway_answers *answers)
{
    uint32_t answered_count = 0;
    const char *correlation = first_correlation(answers);
    for (uint32_t i = 0; i < GATEWAY_SERVICES_COUNT; i++) {
        answered_count += answers->by_service[i] != NULL;
    }
    if (correlation == NULL && answered_count < GATEWAY_SERVICES_COUNT) {
        gateway_reply_problem(call,
            504,
            "no-answer",
            "'%s' was not found, but %u of %d services did not answer",
            call->tail,
            GATEWAY_SERVICES_COUNT - answered_count,
            GATEWAY_SERVICES_COUNT);
        return;
    }
    if (correlation == NULL) {
        gateway_reply_problem(call,
            404,
            "unknown-id",
            "'%s' is no signal, intent, permit, order, client order id, fill (SYMBOL:trade id) or "
            "ledger entry",
            call->tail);
        return;
    }
    gateway_ask_all(call, "trace", correlation, on_traces);
}

static void handle(gateway_call *call)
{
    gateway_ask_all(call, "resolve", call->tail, on_resolved);
}

const gateway_route gateway_route_explain = {
    "GET", "/v1/explain/{id}", "why an order, fill, signal or denial exists, hop by hop", handle};
