/* WebSocket client on libwebsockets: one attempt, one connection, one end.
 *
 * The name is resolved beside the loop and libwebsockets gets an address, with the name for TLS and
 * the Host header. Pings are answered by libwebsockets and never shown to us, so silence is asked
 * of TCP itself: the time since anything was received. No proxy, no redirect, no extension. */
#include <libwebsockets.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "rt/http.h"
#include "rt/lws_context.h"
#include "rt/resolve.h"

#define URL_PART_MAX 256
#define PATH_MAX_BYTES 8192
#define OUT_MAX ((size_t)1024 * 1024)
#define MESSAGE_FIRST_BYTES ((size_t)16 * 1024)
#define SILENCE_CHECKS 4 /* per silence timeout */
#define CONNECT_MS_DEFAULT 5000
#define WHY_MAX 160

/* One message on its way out; libwebsockets wants room before the text. */
typedef struct ws_out {
    struct ws_out *next;
    size_t size;
    unsigned char bytes[]; /* LWS_PRE, then the text */
} ws_out;

struct cb_ws_client {
    cb_loop *loop;
    cb_ws_client_ops ops;
    void *context;
    struct lws *wsi;
    cb_resolve *resolve;
    cb_timer *timer; /* for connecting, then for silence */
    bool is_tls;
    bool is_open;
    bool is_ended;
    int port;
    char host[URL_PART_MAX];
    char authority[URL_PART_MAX + 8]; /* host and, unless it is the usual one, port */
    char path[PATH_MAX_BYTES];
    size_t message_max;
    int64_t connect_timeout_ms;
    int64_t silence_timeout_ms;
    char *message; /* being joined */
    size_t message_used;
    size_t message_capacity;
    int64_t message_wall_ns; /* of its first piece */
    ws_out *out_first;
    ws_out *out_last;
    size_t out_size;
};

static int on_lws(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size);

static const struct lws_protocols CLIENT_PROTOCOLS[] = {
    {.name = "cerberus-client", .callback = on_lws}, {.name = NULL}};

/* ---- the URL ---- */

static bool parse_port(cb_strview text, int *port)
{
    uint64_t number = 0;
    if (!cb_u64_parse(text, 65535, &number) || number == 0) {
        return false;
    }
    *port = (int)number;
    return true;
}

/* "host", "host:port", "[v6]:port" */
static bool parse_authority(cb_ws_client *client, cb_strview text)
{
    size_t host_size = 0;
    cb_strview host = text;
    if (text.size > 0 && text.at[0] == '[') {
        const char *end = memchr(text.at, ']', text.size);
        if (end == NULL) {
            return false;
        }
        host = (cb_strview){text.at + 1, (size_t)(end - text.at) - 1};
        host_size = (size_t)(end - text.at) + 1;
    } else {
        while (host_size < text.size && text.at[host_size] != ':') {
            host_size++;
        }
        host.size = host_size;
    }
    if (host_size < text.size) {
        const cb_strview port = {text.at + host_size + 1, text.size - host_size - 1};
        if (text.at[host_size] != ':' || !parse_port(port, &client->port)) {
            return false;
        }
    }
    return host.size > 0 && cb_text_copy(client->host, sizeof(client->host), host) &&
           cb_text_copy(client->authority, sizeof(client->authority), text);
}

static cb_status parse_url(cb_ws_client *client, const char *url, cb_err *err)
{
    cb_strview rest = cb_sv_from(url);
    if (cb_sv_starts_with(rest, "wss://")) {
        client->is_tls = true;
    } else if (!cb_sv_starts_with(rest, "ws://")) {
        return CB_FAIL(err, CB_E_SYNTAX, "'%s' is neither ws:// nor wss://", url);
    }
    client->port = client->is_tls ? 443 : 80;
    const size_t scheme_size = client->is_tls ? 6 : 5;
    rest = (cb_strview){rest.at + scheme_size, rest.size - scheme_size};
    const size_t size = strcspn(rest.at, "/?");
    if (!parse_authority(client, (cb_strview){rest.at, size})) {
        return CB_FAIL(err, CB_E_SYNTAX, "'%s' has no usable host and port", url);
    }
    const char *slash = rest.at[size] == '/' ? "" : "/";
    const int used = snprintf(client->path, sizeof(client->path), "%s%s", slash, rest.at + size);
    if (used < 0 || (size_t)used >= sizeof(client->path)) {
        return CB_FAIL(err, CB_E_FULL, "the path of '%.64s…' is too long", url);
    }
    return CB_OK;
}

/* ---- ends ---- */

static void drop_out(cb_ws_client *client)
{
    while (client->out_first != NULL) {
        ws_out *next = client->out_first->next;
        free(client->out_first);
        client->out_first = next;
    }
    client->out_last = NULL;
    client->out_size = 0;
}

/* Lets go of libwebsockets' side; its socket is closed when it next turns. */
static void detach(cb_ws_client *client)
{
    if (client->wsi != NULL) {
        lws_set_opaque_user_data(client->wsi, NULL);
        lws_set_timeout(client->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
        client->wsi = NULL;
    }
}

/* Tells the owner, who may destroy the client in the callback: nothing may touch it afterwards. */
static void end(cb_ws_client *client, const char *why)
{
    if (client->is_ended) {
        return;
    }
    client->is_ended = true;
    client->is_open = false;
    cb_timer_remove(client->timer);
    client->timer = NULL;
    cb_resolve_cancel(client->resolve);
    client->resolve = NULL;
    detach(client);
    drop_out(client);
    char kept[WHY_MAX];
    snprintf(kept, sizeof(kept), "%s", why);
    if (client->ops.on_close != NULL) {
        client->ops.on_close(client->context, kept);
    }
}

/* ---- time ---- */

static bool is_silent(const cb_ws_client *client)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);
    memset(&info, 0, sizeof(info));
    if (getsockopt(lws_get_socket_fd(client->wsi), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
        return true;
    }
    return (int64_t)info.tcpi_last_data_recv >= client->silence_timeout_ms;
}

static void on_timer(void *context)
{
    cb_ws_client *client = context;
    if (!client->is_open) {
        end(client, "connect timeout");
    } else if (is_silent(client)) {
        end(client, "silence");
    }
}

static void watch_silence(cb_ws_client *client)
{
    cb_timer_remove(client->timer);
    client->timer = NULL;
    if (client->silence_timeout_ms > 0) {
        const int64_t period_ns = client->silence_timeout_ms * CB_NS_PER_MS / SILENCE_CHECKS;
        client->timer = cb_loop_timer(client->loop, period_ns, period_ns, on_timer, client);
    }
}

/* ---- connecting ---- */

static struct lws_vhost *client_vhost(struct lws_context *context, bool is_tls)
{
    const char *name = is_tls ? "cerberus-wss" : "cerberus-ws";
    struct lws_vhost *vhost = lws_get_vhost_by_name(context, name);
    if (vhost != NULL) {
        return vhost;
    }
    const struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
        .protocols = CLIENT_PROTOCOLS,
        .vhost_name = name,
        .http_proxy_address = "", /* whatever the environment says */
        .options = is_tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0};
    return lws_create_vhost(context, &info);
}

static void on_address(void *context, const char *address, const char *why)
{
    cb_ws_client *client = context;
    client->resolve = NULL;
    if (address == NULL) {
        end(client, why);
        return;
    }
    struct lws_context *lws = cb_lws_context(client->loop, NULL);
    struct lws_vhost *vhost = lws != NULL ? client_vhost(lws, client->is_tls) : NULL;
    if (vhost == NULL) {
        end(client, "libwebsockets cannot start");
        return;
    }
    const int tls = client->is_tls ? LCCSCF_USE_SSL : 0;
    const struct lws_client_connect_info info = {.context = lws,
        .vhost = vhost,
        .address = address,
        .port = client->port,
        .path = client->path,
        .host = client->authority,
        .ssl_connection = tls | LCCSCF_HTTP_NO_FOLLOW_REDIRECT | LCCSCF_PRIORITIZE_READS,
        .local_protocol_name = CLIENT_PROTOCOLS[0].name,
        .ietf_version_or_minus_one = -1,
        .alpn = "http/1.1",
        .opaque_user_data = client};
    /* NULL means that the failure has already been told inside this call, and that the client may
     * be gone. */
    struct lws *wsi = lws_client_connect_via_info(&info);
    if (wsi != NULL) {
        client->wsi = wsi;
    }
}

static cb_ws_client *client_create(
    cb_loop *loop, const cb_ws_client_options *options, const cb_ws_client_ops *ops, void *context)
{
    cb_ws_client *client = calloc(1, sizeof(*client));
    CB_ASSERT(client != NULL);
    client->loop = loop;
    client->ops = *ops;
    client->context = context;
    client->message_max = options->message_max;
    client->silence_timeout_ms = options->silence_timeout_ms;
    client->connect_timeout_ms =
        options->connect_timeout_ms > 0 ? options->connect_timeout_ms : CONNECT_MS_DEFAULT;
    return client;
}

cb_ws_client *cb_ws_client_open(cb_loop *loop,
    const cb_ws_client_options *options,
    const cb_ws_client_ops *ops,
    void *context,
    cb_err *err)
{
    CB_ASSERT(ops->on_text != NULL);
    CB_ASSERT(options->message_max > 0);
    cb_ws_client *client = client_create(loop, options, ops, context);
    if (parse_url(client, options->url, err) != CB_OK) {
        free(client);
        return NULL;
    }
    client->timer =
        cb_loop_timer(loop, client->connect_timeout_ms * CB_NS_PER_MS, 0, on_timer, client);
    client->resolve = cb_resolve_start(loop, client->host, on_address, client);
    return client;
}

void cb_ws_client_destroy(cb_ws_client *client)
{
    if (client == NULL) {
        return;
    }
    client->ops.on_close = NULL;
    end(client, "");
    free(client->message);
    free(client);
}

/* ---- sending ---- */

/* Sends what waits as long as the socket takes it; false when the connection is broken. */
static bool flush(cb_ws_client *client)
{
    while (client->out_first != NULL && lws_partial_buffered(client->wsi) == 0) {
        ws_out *out = client->out_first;
        if (lws_write(client->wsi, out->bytes + LWS_PRE, out->size, LWS_WRITE_TEXT) < 0) {
            return false;
        }
        client->out_first = out->next;
        client->out_last = out->next != NULL ? client->out_last : NULL;
        client->out_size -= out->size;
        free(out);
    }
    if (client->out_first != NULL) {
        (void)lws_callback_on_writable(client->wsi);
    }
    return true;
}

bool cb_ws_client_send(cb_ws_client *client, const char *text, size_t size)
{
    if (!client->is_open || size > OUT_MAX - client->out_size) {
        return false;
    }
    ws_out *out = malloc(sizeof(*out) + LWS_PRE + size);
    CB_ASSERT(out != NULL);
    out->next = NULL;
    out->size = size;
    memcpy(out->bytes + LWS_PRE, text, size);
    if (client->out_last != NULL) {
        client->out_last->next = out;
    } else {
        client->out_first = out;
    }
    client->out_last = out;
    client->out_size += size;
    /* At once, without waiting for the loop; a broken connection shows up as its end there. */
    if (!flush(client)) {
        (void)lws_callback_on_writable(client->wsi);
    }
    return true;
}

/* ---- receiving ---- */

static void message_append(cb_ws_client *client, const void *bytes, size_t size)
{
    const size_t wanted = client->message_used + size + 1;
    if (wanted > client->message_capacity) {
        size_t capacity =
            client->message_capacity == 0 ? MESSAGE_FIRST_BYTES : client->message_capacity;
        while (capacity < wanted) {
            capacity *= 2;
        }
        char *message = realloc(client->message, capacity);
        CB_ASSERT(message != NULL);
        client->message = message;
        client->message_capacity = capacity;
    }
    if (size > 0) {
        memcpy(client->message + client->message_used, bytes, size);
    }
    client->message_used += size;
    client->message[client->message_used] = '\0';
}

/* The callback's answer; the client may be gone when this returns. */
static int on_receive(cb_ws_client *client, struct lws *wsi, const void *bytes, size_t size)
{
    if (client->message_used == 0) {
        client->message_wall_ns = cb_wall_ns();
    }
    const bool is_binary = lws_frame_is_binary(wsi) != 0;
    if (is_binary || client->message_used + size > client->message_max) {
        const char *why = is_binary ? "binary message" : "message too big";
        char reason[32];
        const int reason_size = snprintf(reason, sizeof(reason), "%s", why);
        lws_close_reason(wsi,
            is_binary ? LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE : LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
            (unsigned char *)reason,
            (size_t)reason_size);
        lws_set_opaque_user_data(wsi, NULL); /* closing is libwebsockets' from here on */
        client->wsi = NULL;
        end(client, why);
        return -1;
    }
    message_append(client, bytes, size);
    if (lws_is_final_fragment(wsi) == 0) {
        return 0;
    }
    const size_t total_size = client->message_used;
    client->message_used = 0;
    client->ops.on_text(client->context, client->message, total_size, client->message_wall_ns);
    return lws_get_opaque_user_data(wsi) == NULL ? -1 : 0;
}

static int on_established(cb_ws_client *client, struct lws *wsi)
{
    client->wsi = wsi;
    client->is_open = true;
    watch_silence(client);
    if (client->ops.on_open != NULL) {
        client->ops.on_open(client->context);
    }
    return lws_get_opaque_user_data(wsi) == NULL ? -1 : 0;
}

static int on_ended(cb_ws_client *client, struct lws *wsi, const char *why)
{
    lws_set_opaque_user_data(wsi, NULL);
    client->wsi = NULL;
    end(client, why);
    return 0;
}

static int on_lws(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size)
{
    cb_ws_client *client = lws_get_opaque_user_data(wsi);
    if (client == NULL) {
        /* Destroyed: whatever still happens ends the connection. */
        return reason == LWS_CALLBACK_CLIENT_RECEIVE || reason == LWS_CALLBACK_CLIENT_WRITEABLE ||
                       reason == LWS_CALLBACK_CLIENT_ESTABLISHED
                   ? -1
                   : lws_callback_http_dummy(wsi, reason, user, in, size);
    }
    if (reason == LWS_CALLBACK_CLIENT_RECEIVE) {
        return on_receive(client, wsi, in, size);
    }
    if (reason == LWS_CALLBACK_CLIENT_WRITEABLE) {
        return flush(client) ? 0 : -1;
    }
    if (reason == LWS_CALLBACK_CLIENT_ESTABLISHED) {
        return on_established(client, wsi);
    }
    if (reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR) {
        return on_ended(client, wsi, in != NULL ? in : "cannot connect");
    }
    if (reason == LWS_CALLBACK_CLIENT_CLOSED) {
        return on_ended(client, wsi, "closed by the other side");
    }
    return lws_callback_http_dummy(wsi, reason, user, in, size);
}
