/* The HTTP client: libcurl's multi interface with its sockets and its timer in the loop, lanes, and
 * the delivery of answers. What one request is, and what its end means, is in http_transfer.c.
 *
 * A request is put on the wire inside cb_http_start when it can be: an order should not wait for
 * another turn of the loop. Answers always come from the loop, never from within a call. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "rt/http_client_internal.h"

#define CONNECTIONS_KEPT_MAX 32L
#define SPARE_MAX 16

struct cb_http {
    cb_loop *loop;
    CURLM *multi;
    cb_timer *timer;    /* libcurl's */
    cb_timer *delivery; /* for ends found inside cb_http_start */
    http_transfer *all; /* in flight, waiting in lanes, to be delivered */
    uint32_t pending_count;
    CURL *spare[SPARE_MAX]; /* handles to be used again */
    size_t spare_count;
};

/* ---- libcurl and the loop ---- */

static void collect_ends(cb_http *http);
static void deliver(cb_http *http);

static void act(cb_http *http, curl_socket_t fd, int events)
{
    int running_count = 0;
    const CURLMcode code = curl_multi_socket_action(http->multi, fd, events, &running_count);
    CB_ASSERT(code == CURLM_OK);
    collect_ends(http);
}

static void on_watch(void *context, int fd, uint32_t events)
{
    cb_http *http = context;
    int mask = 0;
    mask |= (events & CB_WATCH_READ) != 0 ? CURL_CSELECT_IN : 0;
    mask |= (events & CB_WATCH_WRITE) != 0 ? CURL_CSELECT_OUT : 0;
    mask |= (events & CB_WATCH_ERROR) != 0 ? CURL_CSELECT_ERR : 0;
    act(http, fd, mask);
    deliver(http);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
    (void)easy;
    cb_http *http = context;
    cb_watch *watch = assigned;
    if (what == CURL_POLL_REMOVE) {
        cb_watch_remove(watch);
        (void)curl_multi_assign(http->multi, fd, NULL);
        return 0;
    }
    const uint32_t events = ((what & CURL_POLL_IN) != 0 ? CB_WATCH_READ : 0U) |
                            ((what & CURL_POLL_OUT) != 0 ? CB_WATCH_WRITE : 0U);
    if (watch != NULL) {
        cb_watch_change(watch, events);
        return 0;
    }
    watch = cb_loop_watch(http->loop, fd, events, on_watch, http, NULL);
    if (watch == NULL) {
        return -1;
    }
    (void)curl_multi_assign(http->multi, fd, watch);
    return 0;
}

static void on_timer(void *context)
{
    cb_http *http = context;
    act(http, CURL_SOCKET_TIMEOUT, 0);
    deliver(http);
}

static int on_timeout(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    cb_http *http = context;
    if (timeout_ms < 0) {
        cb_timer_remove(http->timer);
        http->timer = NULL;
    } else if (http->timer == NULL) {
        http->timer = cb_loop_timer(http->loop, timeout_ms * CB_NS_PER_MS, 0, on_timer, http);
    } else {
        cb_timer_reset(http->timer, timeout_ms * CB_NS_PER_MS);
    }
    return 0;
}

/* ---- lanes ---- */

/* In flight or waiting. */
static bool is_lane_busy(const cb_http *http, const http_transfer *wish)
{
    for (const http_transfer *each = http->all; each != NULL; each = each->next) {
        if (each != wish && !each->is_done && strcmp(each->lane, wish->lane) == 0) {
            return true;
        }
    }
    return false;
}

static void run(cb_http *http, http_transfer *transfer)
{
    transfer->is_running = true;
    if (curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK) {
        transfer->code = CURLE_FAILED_INIT;
        transfer->is_done = true;
        transfer->is_running = false;
        return;
    }
    act(http, CURL_SOCKET_TIMEOUT, 0);
}

/* The next one of the same lane; called when the one before it has ended. */
static void start_next(cb_http *http, const http_transfer *ended)
{
    if (ended->lane[0] == '\0') {
        return;
    }
    /* The list is in the order of arrival, newest first. */
    http_transfer *oldest = NULL;
    for (http_transfer *each = http->all; each != NULL; each = each->next) {
        if (!each->is_running && !each->is_done && strcmp(each->lane, ended->lane) == 0) {
            oldest = each;
        }
    }
    if (oldest != NULL) {
        run(http, oldest);
    }
}

/* ---- ends ---- */

/* Notes what libcurl has finished; nobody is called yet. */
static void collect_ends(cb_http *http)
{
    int left_count = 0;
    for (CURLMsg *end = NULL; (end = curl_multi_info_read(http->multi, &left_count)) != NULL;) {
        if (end->msg != CURLMSG_DONE) {
            continue;
        }
        http_transfer *transfer = NULL;
        const CURLcode code = end->data.result;
        CB_MAYBE(curl_easy_getinfo(end->easy_handle, CURLINFO_PRIVATE, &transfer) == CURLE_OK);
        CB_ASSERT(transfer != NULL);
        (void)curl_multi_remove_handle(http->multi, transfer->easy);
        transfer->code = code;
        transfer->is_done = true;
        transfer->is_running = false;
    }
}

static void unlink_transfer(cb_http *http, http_transfer *transfer)
{
    if (transfer->prev != NULL) {
        transfer->prev->next = transfer->next;
    } else {
        http->all = transfer->next;
    }
    if (transfer->next != NULL) {
        transfer->next->prev = transfer->prev;
    }
    http->pending_count--;
}

static void give_back(cb_http *http, CURL *easy)
{
    if (http->spare_count == SPARE_MAX) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy);
    http->spare[http->spare_count++] = easy;
}

static http_transfer *oldest_done(const cb_http *http)
{
    http_transfer *oldest = NULL;
    for (http_transfer *each = http->all; each != NULL; each = each->next) {
        oldest = each->is_done ? each : oldest;
    }
    return oldest;
}

/* Calls back for everything that has ended, and lets the lanes go on first. */
static void deliver(cb_http *http)
{
    for (http_transfer *done = NULL; (done = oldest_done(http)) != NULL;) {
        unlink_transfer(http, done);
        start_next(http, done);
        const cb_http_answer answer = cb_http_transfer_answer(done);
        done->fn(done->context, &answer);
        give_back(http, done->easy);
        cb_http_transfer_destroy(done);
    }
}

static void on_delivery(void *context)
{
    deliver(context);
}

/* ---- the interface ---- */

cb_http *cb_http_create(cb_loop *loop, cb_err *err)
{
    cb_http *http = calloc(1, sizeof(*http));
    CB_ASSERT(http != NULL);
    http->loop = loop;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)CB_FAIL(err, CB_E_IO, "libcurl cannot start");
        free(http);
        return NULL;
    }
    http->multi = curl_multi_init();
    CB_ASSERT(http->multi != NULL);
    (void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    (void)curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    (void)curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    (void)curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    (void)curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT_MAX);
    return http;
}

void cb_http_destroy(cb_http *http)
{
    if (http == NULL) {
        return;
    }
    while (http->all != NULL) {
        http_transfer *transfer = http->all;
        if (transfer->is_running) {
            (void)curl_multi_remove_handle(http->multi, transfer->easy);
        }
        unlink_transfer(http, transfer);
        curl_easy_cleanup(transfer->easy);
        cb_http_transfer_destroy(transfer);
    }
    for (size_t i = 0; i < http->spare_count; i++) {
        curl_easy_cleanup(http->spare[i]);
    }
    (void)curl_multi_cleanup(http->multi);
    cb_timer_remove(http->timer);
    cb_timer_remove(http->delivery);
    free(http);
    curl_global_cleanup();
}

static CURL *take_easy(cb_http *http)
{
    CURL *easy = http->spare_count > 0 ? http->spare[--http->spare_count] : curl_easy_init();
    CB_ASSERT(easy != NULL);
    return easy;
}

void cb_http_start(cb_http *http, const cb_http_request *request, cb_http_fn fn, void *context)
{
    CB_ASSERT(fn != NULL);
    http_transfer *transfer = cb_http_transfer_create(http, take_easy(http), request, fn, context);
    transfer->next = http->all;
    if (transfer->next != NULL) {
        transfer->next->prev = transfer;
    }
    http->all = transfer;
    http->pending_count++;
    if (transfer->lane[0] != '\0' && is_lane_busy(http, transfer)) {
        return;
    }
    run(http, transfer);
    if (oldest_done(http) == NULL) {
        return;
    }
    if (http->delivery == NULL) {
        http->delivery = cb_loop_timer(http->loop, 0, 0, on_delivery, http);
    } else {
        cb_timer_reset(http->delivery, 0);
    }
}

uint32_t cb_http_pending(const cb_http *http)
{
    return http->pending_count;
}
