/* rt/http.h, the client's half: requests in lanes with their timeouts, and the user stream's
 * connection. What happens on the way and at the exchange is drawn in dst_venue.c. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "tests/sim/dst_check.h"
#include "tests/sim/dst_venue.h"

#define LANES_MAX 8
#define TIMEOUT_DEFAULT_NS (5 * DST_S)

typedef struct lane {
    char name[16];
    bool is_busy;
    dst_transfer *first; /* waiting */
    dst_transfer *last;
} lane;

struct cb_http {
    lane lanes[LANES_MAX];
    uint32_t lanes_count;
    uint32_t pending_count;
};

cb_http *cb_http_create(cb_loop *loop, cb_err *err)
{
    (void)loop;
    (void)err;
    cb_http *http = dst_process_alloc(sizeof(*http), true);
    dst->running->http = http;
    return http;
}

void cb_http_destroy(cb_http *http)
{
    (void)http;
    dst->running->http = NULL;
}

uint32_t cb_http_pending(const cb_http *http)
{
    return http->pending_count;
}

static lane *get_lane(cb_http *http, const char *name)
{
    for (uint32_t i = 0; i < http->lanes_count; i++) {
        if (strcmp(http->lanes[i].name, name) == 0) {
            return &http->lanes[i];
        }
    }
    CB_ASSERT(http->lanes_count < LANES_MAX);
    lane *made = &http->lanes[http->lanes_count++];
    (void)snprintf(made->name, sizeof(made->name), "%s", name);
    return made;
}

static void launch(dst_transfer *transfer);

/* The end of a request, in its process; whatever comes later is nobody's. */
static void finish(void *context, void *argument)
{
    dst_transfer *transfer = context;
    const cb_http_answer *answer = argument;
    if (transfer->is_finished) {
        return;
    }
    transfer->is_finished = true;
    cb_http *http = dst->running->http;
    http->pending_count--;
    lane *own = get_lane(http, transfer->lane);
    own->is_busy = false;
    if (answer->outcome == CB_HTTP_ANSWERED && (answer->status == 429 || answer->status == 418)) {
        dst_note_throttle(transfer->process, answer->retry_after_s);
    }
    /* As the real client does: the lane goes on before the answer is worked off. */
    if (own->first != NULL) {
        dst_transfer *next = own->first;
        own->first = next->next;
        launch(next);
    }
    transfer->fn(transfer->context, answer);
}

void dst_http_finish(dst_transfer *transfer, int64_t at_ns, const cb_http_answer *answer)
{
    if (transfer->generation != transfer->process->generation) {
        return; /* who asked is dead */
    }
    cb_http_answer *copy = dst_alloc(sizeof(*copy));
    *copy = *answer;
    dst_deliver(transfer->process, at_ns, finish, transfer, copy);
}

static void launch(dst_transfer *transfer)
{
    cb_http *http = dst->running->http;
    get_lane(http, transfer->lane)->is_busy = true;
    dst_point("http_send");
    if (transfer->may_send != NULL && !transfer->may_send(transfer->may_send_context)) {
        const cb_http_answer refused = {.outcome = CB_HTTP_NOT_SENT,
            .body = "",
            .detail = "held back",
            .retry_after_s = -1,
            .used_weight_1m = -1};
        dst_http_finish(transfer, dst->now_ns, &refused);
        return;
    }
    transfer->sent_ns = dst->now_ns;
    dst_note_request(transfer->process, transfer->made_ns);
    const cb_http_answer late = {.outcome = CB_HTTP_UNKNOWN,
        .body = "",
        .detail = "timeout",
        .bytes_sent = 1,
        .sent_mono_ns = cb_mono_ns(),
        .retry_after_s = -1,
        .used_weight_1m = -1};
    dst_http_finish(transfer, dst->now_ns + transfer->timeout_ns, &late);
    dst_venue_send(transfer);
    dst_point("http_sent");
}

void cb_http_start(cb_http *http, const cb_http_request *request, cb_http_fn fn, void *context)
{
    dst_transfer *transfer = dst_alloc(sizeof(*transfer));
    *transfer = (dst_transfer){.process = dst->running,
        .generation = dst->running->generation,
        .made_ns = dst->now_ns,
        .method = dst_text(request->method),
        .url = dst_text(request->url),
        .body = dst_text(request->body != NULL ? request->body : ""),
        .lane = dst_text(request->lane != NULL ? request->lane : ""),
        .key = "",
        .timeout_ns =
            request->total_timeout_ms > 0 ? request->total_timeout_ms * DST_MS : TIMEOUT_DEFAULT_NS,
        .may_send = request->may_send,
        .may_send_context = request->may_send_context,
        .fn = fn,
        .context = context};
    for (size_t i = 0; i < request->headers_count; i++) {
        if (strcmp(request->headers[i].name, "X-MBX-APIKEY") == 0) {
            transfer->key = dst_text(request->headers[i].value);
        }
    }
    http->pending_count++;
    lane *own = get_lane(http, transfer->lane);
    if (transfer->lane[0] == '\0' || !own->is_busy) {
        launch(transfer);
        return;
    }
    if (own->first == NULL) {
        own->first = transfer;
    } else {
        own->last->next = transfer;
    }
    own->last = transfer;
}

void dst_http_close_of(dst_process *process)
{
    process->http = NULL;
    dst_venue_hang_up(process);
}

/* ---- the WebSocket client ---- */

struct cb_ws_client {
    const cb_ws_client_ops *ops;
    void *context;
    dst_link *link;
    bool is_closed;
};

static void on_open(void *context, void *argument)
{
    cb_ws_client *client = context;
    (void)argument;
    if (!client->is_closed) {
        client->ops->on_open(client->context);
    }
}

static void on_close(void *context, void *argument)
{
    cb_ws_client *client = context;
    if (!client->is_closed) {
        client->is_closed = true;
        client->ops->on_close(client->context, argument);
    }
}

typedef struct frame {
    const char *text;
    size_t size;
} frame;

static void on_text(void *context, void *argument)
{
    cb_ws_client *client = context;
    const frame *one = argument;
    if (!client->is_closed) {
        client->ops->on_text(client->context, one->text, one->size, cb_wall_ns());
    }
}

void dst_ws_opened(dst_link *link, int64_t at_ns)
{
    dst_deliver(link->process, at_ns, on_open, link->client, NULL);
}

void dst_ws_text(dst_link *link, int64_t at_ns, const char *text, size_t size)
{
    frame *one = dst_alloc(sizeof(*one));
    *one = (frame){text, size};
    dst_deliver(link->process, at_ns, on_text, link->client, one);
}

void dst_ws_closed(dst_link *link, int64_t at_ns, const char *why)
{
    dst_deliver(link->process, at_ns, on_close, link->client, (void *)(uintptr_t)why);
}

cb_ws_client *cb_ws_client_open(cb_loop *loop,
    const cb_ws_client_options *options,
    const cb_ws_client_ops *ops,
    void *context,
    cb_err *err)
{
    (void)loop;
    (void)err;
    dst_point("ws_open");
    cb_ws_client *client = dst_process_alloc(sizeof(*client), true);
    client->ops = ops;
    client->context = context;
    client->link = dst_venue_connect(dst->running, client, options->url);
    return client;
}

bool cb_ws_client_send(cb_ws_client *client, const char *text, size_t size)
{
    dst_point("ws_send");
    dst_venue_receive(client->link, sql_copy_text(&dst->memory, text, size), size);
    return true;
}

void cb_ws_client_destroy(cb_ws_client *client)
{
    client->is_closed = true; /* its memory stays until the process ends: callbacks may be due */
    dst_venue_disconnect(client->link);
}
