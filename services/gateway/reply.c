/* Answers: JSON text, jansson values and RFC 9457 problems. Each frees its call. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "services/gateway/gateway.h"

static void finish(gateway_call *call)
{
    cb_metric_add(call->gateway->requests, 1);
    cb_metric_observe_ns(call->gateway->latency, cb_mono_ns() - call->began_mono_ns);
    call->gateway->calls_open--;
    gateway_note(call, call->status);
    free(call->body);
    free(call);
}

static void send_answer(
    gateway_call *call, int status, const char *content_type, const char *text, size_t size)
{
    call->status = status;
    cb_exchange_set_header(call->exchange, "X-Request-Id", call->request_id);
    cb_exchange_set_header(call->exchange, "Cache-Control", "no-store");
    cb_exchange_set_header(call->exchange, "X-Content-Type-Options", "nosniff");
    cb_exchange_reply(call->exchange, status, content_type, text, size);
}

void gateway_reply_text(gateway_call *call, int status, const char *json, size_t size)
{
    send_answer(call, status, "application/json", json, size);
    finish(call);
}

static void reply_value(gateway_call *call, int status, const char *content_type, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(value);
    if (text == NULL) {
        const char fallback[] = "{\"title\":\"the answer could not be written\",\"status\":500}";
        send_answer(call, 500, "application/problem+json", fallback, sizeof fallback - 1);
    } else {
        send_answer(call, status, content_type, text, strlen(text));
        free(text);
    }
    finish(call);
}

void gateway_reply_json(gateway_call *call, int status, json_t *value)
{
    reply_value(call, status, "application/json", value);
}

static const char *title_of(int status)
{
    switch (status) {
    case 400:
        return "bad request";
    case 401:
        return "not authorised";
    case 403:
        return "forbidden";
    case 404:
        return "not found";
    case 405:
        return "method not allowed";
    case 409:
        return "refused";
    case 413:
        return "too large";
    case 502:
        return "bad answer from a service";
    case 504:
        return "a service did not answer";
    default:
        return "error";
    }
}

void gateway_reply_problem(
    gateway_call *call, int status, const char *code, const char *format, ...)
{
    char detail[512];
    char type[96];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    (void)snprintf(type, sizeof type, "urn:cerberus:problem:%s", code);
    json_t *problem = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s}",
        "type",
        type,
        "title",
        title_of(status),
        "status",
        status,
        "code",
        code,
        "instance",
        call->path,
        "request_id",
        call->request_id);
    json_t *text = json_string(detail);
    (void)json_object_set_new(problem, "detail", text != NULL ? text : json_string("not UTF-8"));
    reply_value(call, status, "application/problem+json", problem);
}
