/* The signer's client: one Unix socket, questions in a row, answers in the same order.
 *
 * Whatever goes wrong ends the connection: a signer that skips, delays or garbles an answer is not
 * trusted with the next one. Every question that was waiting is then answered "unavailable" from
 * the loop, and a new connection is tried with back-off. Nothing here knows a secret. */
#include "rt/signer_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "base/timefmt.h"

#define TIMEOUT_MS_DEFAULT 1000
#define BEAT_NS CB_NS_PER_S
#define WATCHDOG_NS (100 * CB_NS_PER_MS)
#define BACKOFF_MIN_NS (50 * CB_NS_PER_MS)
#define BACKOFF_MAX_NS CB_NS_PER_S
#define OUT_SIZE ((size_t)256 * 1024)
#define IN_SIZE (2 * CB_SIGNER_FRAME_MAX)

/* One question on its way, or its failure on its way back. */
typedef struct question question;
struct question {
    question *next;
    uint32_t id;
    cb_signer_op op;
    int64_t deadline_ns;
    cb_signer_fn fn; /* NULL: our own DESCRIBE */
    void *context;
    const cb_venue_ops *venue;
    cb_venue_request *request; /* NULL: only the signature is wanted */
    cb_status failure;
    char why[CB_SIGNER_WHY_MAX];
};

typedef struct queue {
    question *first;
    question *last;
    uint32_t count;
} queue;

struct cb_signer {
    cb_loop *loop;
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    cb_signer_request head; /* account, venue and purpose of every question */
    int64_t timeout_ns;
    int fd;
    cb_watch *watch;
    bool is_writing; /* the watch waits for room in the socket */
    bool is_up;
    bool is_describing;
    uint32_t last_id;
    cb_venue_keys keys;
    char why[CB_SIGNER_WHY_MAX];
    queue waiting; /* for the signer's answer, oldest first */
    queue failed;  /* to be told from the loop */
    cb_timer *fail_timer;
    cb_timer *open_timer;
    cb_timer *beat_timer;
    cb_timer *watchdog;
    int64_t backoff_ns;
    void (*on_state)(void *context, bool is_up);
    void *on_state_context;
    uint8_t out[OUT_SIZE];
    size_t out_used;
    uint8_t in[IN_SIZE];
    size_t in_used;
};

static void queue_put(queue *to, question *item)
{
    item->next = NULL;
    if (to->last != NULL) {
        to->last->next = item;
    } else {
        to->first = item;
    }
    to->last = item;
    to->count++;
}

static question *queue_take(queue *from)
{
    question *item = from->first;
    if (item == NULL) {
        return NULL;
    }
    from->first = item->next;
    if (from->first == NULL) {
        from->last = NULL;
    }
    from->count--;
    return item;
}

static void keep_why(char out[CB_SIGNER_WHY_MAX], const char *why)
{
    cb_textbuf text = cb_textbuf_over(out, CB_SIGNER_WHY_MAX);
    cb_textbuf_add(&text, why);
}

static void set_up(cb_signer *self, bool is_up, const char *why)
{
    keep_why(self->why, why);
    if (self->is_up == is_up) {
        return;
    }
    self->is_up = is_up;
    if (self->on_state != NULL) {
        self->on_state(self->on_state_context, is_up);
    }
}

/* ---- failures ---- */

/* Told by a timer, so that no caller is called back within its own call. */
static void fail_later(cb_signer *self, question *item, cb_status status, const char *why)
{
    if (item->fn == NULL) {
        free(item);
        return;
    }
    item->failure = status;
    keep_why(item->why, why);
    queue_put(&self->failed, item);
    cb_timer_reset(self->fail_timer, 0);
}

static void on_failed(void *context)
{
    cb_signer *self = context;
    for (uint32_t left = self->failed.count; left > 0; left--) {
        question *item = queue_take(&self->failed);
        const cb_signer_answer answer = {
            .status = item->failure, .signature = "", .api_key = "", .why = item->why};
        item->fn(item->context, &answer);
        free(item);
    }
}

static void drop(cb_signer *self, const char *why)
{
    if (self->fd >= 0) {
        cb_watch_remove(self->watch);
        self->watch = NULL;
        CB_MAYBE(close(self->fd));
        self->fd = -1;
    }
    self->in_used = 0;
    self->out_used = 0;
    self->is_writing = false;
    self->is_describing = false;
    for (question *item = queue_take(&self->waiting); item != NULL;
         item = queue_take(&self->waiting)) {
        const bool is_late = cb_mono_ns() >= item->deadline_ns;
        fail_later(self, item, is_late ? CB_E_TIMEOUT : CB_E_UNAVAILABLE, why);
    }
    cb_timer_reset(self->open_timer, self->backoff_ns);
    self->backoff_ns =
        2 * self->backoff_ns < BACKOFF_MAX_NS ? 2 * self->backoff_ns : BACKOFF_MAX_NS;
    set_up(self, false, why);
}

/* ---- bytes out ---- */

static void set_events(cb_signer *self)
{
    const bool is_writing = self->out_used > 0;
    if (is_writing != self->is_writing) {
        self->is_writing = is_writing;
        cb_watch_change(self->watch, CB_WATCH_READ | (is_writing ? CB_WATCH_WRITE : 0U));
    }
}

static void flush_out(cb_signer *self)
{
    size_t sent = 0;
    while (sent < self->out_used) {
        const ssize_t count = send(self->fd,
            self->out + sent,
            self->out_used - sent,
            (int)((unsigned)MSG_NOSIGNAL | (unsigned)MSG_DONTWAIT));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            break;
        }
        if (count < 0) {
            drop(self, "the connection to the signer broke");
            return;
        }
        sent += (size_t)count;
    }
    memmove(self->out, self->out + sent, self->out_used - sent);
    self->out_used -= sent;
    set_events(self);
}

static void ask(cb_signer *self, question *item, const char *payload, size_t payload_size)
{
    cb_err err = {0};
    size_t size = 0;
    item->id = ++self->last_id;
    item->deadline_ns = cb_mono_ns() + self->timeout_ns;
    if (self->fd < 0) {
        fail_later(self, item, CB_E_UNAVAILABLE, self->why);
        return;
    }
    if (self->waiting.count >= CB_SIGNER_PENDING_MAX) {
        fail_later(self, item, CB_E_FULL, "too many signatures are waited for");
        return;
    }
    cb_signer_request request = self->head;
    request.op = item->op;
    request.id = item->id;
    request.payload = payload;
    request.payload_size = payload_size;
    const cb_status status = cb_signer_put_request(
        &request, self->out + self->out_used, OUT_SIZE - self->out_used, &size, &err);
    if (status != CB_OK) {
        fail_later(self, item, CB_E_FULL, err.text);
        return;
    }
    self->out_used += size;
    queue_put(&self->waiting, item);
    flush_out(self);
}

static question *make_question(cb_signer_op op, cb_signer_fn fn, void *context)
{
    question *item = calloc(1, sizeof(*item));
    CB_ASSERT(item != NULL);
    item->op = op;
    item->fn = fn;
    item->context = context;
    return item;
}

static void describe(cb_signer *self)
{
    if (self->fd >= 0 && !self->is_describing) {
        self->is_describing = true;
        ask(self, make_question(CB_SIGNER_DESCRIBE, NULL, NULL), "", 0);
    }
}

/* ---- answers ---- */

static cb_status status_of(cb_signer_status status)
{
    switch (status) {
    case CB_SIGNER_OK:
        return CB_OK;
    case CB_SIGNER_DENIED:
    case CB_SIGNER_REFUSED:
    case CB_SIGNER_DISABLED:
        return CB_E_AUTH;
    case CB_SIGNER_NO_KEY:
        return CB_E_NOT_FOUND;
    case CB_SIGNER_LIMITED:
        return CB_E_FULL;
    case CB_SIGNER_BAD_FRAME:
    case CB_SIGNER_BAD_KEY:
    case CB_SIGNER_UNREACHABLE:
    case CB_SIGNER_FAILED:
    case CB_SIGNER_STATUS_COUNT:
    default:
        return CB_E_PEER;
    }
}

/* "signer refused: the payload is none that …": the words of a reply for a log or a reason. */
static void describe_refusal(const cb_signer_reply *reply, char out[CB_SIGNER_WHY_MAX])
{
    char words[CB_SIGNER_WHY_MAX] = "";
    const size_t size = reply->text_size < sizeof(words) ? reply->text_size : sizeof(words) - 1;
    CB_MAYBE(cb_text_copy(words, sizeof(words), (cb_strview){reply->text, size}));
    cb_textbuf text = cb_textbuf_over(out, CB_SIGNER_WHY_MAX);
    cb_textbuf_add(&text, "signer: ");
    cb_textbuf_add(&text, cb_signer_status_name(reply->status));
    cb_textbuf_add(&text, words[0] != '\0' ? ": " : "");
    cb_textbuf_add(&text, words);
}

static void take_description(cb_signer *self, const cb_signer_reply *reply)
{
    char why[CB_SIGNER_WHY_MAX] = "";
    self->is_describing = false;
    self->backoff_ns = BACKOFF_MIN_NS;
    if (reply->status != CB_SIGNER_OK) {
        describe_refusal(reply, why);
        set_up(self, false, why);
        return;
    }
    memcpy(self->keys.api_key, reply->api_key, sizeof(self->keys.api_key));
    set_up(self, true, "");
}

static void take_signature(question *item, const cb_signer_reply *reply)
{
    char signature[CB_VENUE_SIGNATURE_MAX] = "";
    cb_err err = {0};
    cb_signer_answer answer = {
        .status = status_of(reply->status), .signature = "", .api_key = "", .why = ""};
    if (answer.status != CB_OK) {
        describe_refusal(reply, item->why);
    } else if (!cb_text_copy(
                   signature, sizeof(signature), (cb_strview){reply->text, reply->text_size})) {
        answer.status = CB_E_PEER;
        keep_why(item->why, "signer: the signature is too long");
    } else if (item->request != NULL) {
        answer.status = item->venue->attach(item->request, reply->api_key, signature, &err);
        keep_why(item->why, err.text);
    }
    answer.why = item->why;
    if (answer.status == CB_OK) {
        answer.signature = signature;
        answer.api_key = reply->api_key;
    }
    item->fn(item->context, &answer);
}

/* False when the connection is gone. */
static bool take_frame(cb_signer *self, const uint8_t *bytes, size_t size)
{
    cb_signer_reply reply;
    cb_err err = {0};
    const question *first = self->waiting.first;
    if (cb_signer_get_reply(bytes, size, &reply, &err) != CB_OK || first == NULL ||
        first->id != reply.id || first->op != reply.op) {
        drop(self, "the signer's answer fits no question");
        return false;
    }
    question *item = queue_take(&self->waiting);
    if (item->op == CB_SIGNER_DESCRIBE) {
        take_description(self, &reply);
    } else {
        take_signature(item, &reply);
    }
    free(item);
    return self->fd >= 0;
}

static void take_frames(cb_signer *self)
{
    size_t at = 0;
    for (;;) {
        size_t size = 0;
        cb_err err = {0};
        if (cb_signer_frame_size(self->in + at, self->in_used - at, &size, &err) != CB_OK) {
            drop(self, "the signer's answer is malformed");
            return;
        }
        if (size == 0 || size > self->in_used - at) {
            break;
        }
        if (!take_frame(self, self->in + at, size)) {
            return;
        }
        at += size;
    }
    memmove(self->in, self->in + at, self->in_used - at);
    self->in_used -= at;
}

static void on_socket(void *context, int fd, uint32_t events)
{
    cb_signer *self = context;
    if ((events & CB_WATCH_WRITE) != 0) {
        flush_out(self);
    }
    if (self->fd != fd || (events & (CB_WATCH_READ | CB_WATCH_ERROR)) == 0) {
        return;
    }
    const ssize_t count = recv(fd, self->in + self->in_used, IN_SIZE - self->in_used, MSG_DONTWAIT);
    if (count > 0) {
        self->in_used += (size_t)count;
        take_frames(self);
    } else if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
        drop(self, "the signer closed the connection");
    }
}

/* ---- connection ---- */

static bool connect_socket(cb_signer *self)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, self->path, sizeof(address.sun_path));
    self->fd =
        socket(AF_UNIX, (int)((unsigned)SOCK_STREAM | SOCK_NONBLOCK | (unsigned)SOCK_CLOEXEC), 0);
    return self->fd >= 0 &&
           connect(self->fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

static void on_open(void *context)
{
    cb_signer *self = context;
    cb_err err = {0};
    if (self->fd >= 0) {
        return;
    }
    if (!connect_socket(self)) {
        char why[CB_SIGNER_WHY_MAX];
        cb_textbuf text = cb_textbuf_over(why, sizeof(why));
        cb_textbuf_add(&text, "the signer cannot be reached: ");
        cb_textbuf_add(&text, strerror(errno)); /* NOLINT(concurrency-mt-unsafe) */
        drop(self, why);
        return;
    }
    self->watch = cb_loop_watch(self->loop, self->fd, CB_WATCH_READ, on_socket, self, &err);
    if (self->watch == NULL) {
        drop(self, err.text);
        return;
    }
    describe(self);
}

static void on_beat(void *context)
{
    describe(context);
}

static void on_watchdog(void *context)
{
    cb_signer *self = context;
    if (self->waiting.first != NULL && cb_mono_ns() >= self->waiting.first->deadline_ns) {
        drop(self, "the signer does not answer in time");
    }
}

cb_signer *cb_signer_open(cb_loop *loop, const cb_signer_options *options, cb_err *err)
{
    CB_ASSERT(loop != NULL && options != NULL);
    CB_ASSERT(cb_key_purpose_name(options->purpose) != NULL);
    cb_signer *self = calloc(1, sizeof(*self));
    CB_ASSERT(self != NULL);
    self->loop = loop;
    self->fd = -1;
    self->backoff_ns = BACKOFF_MIN_NS;
    const int64_t timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS_DEFAULT;
    self->timeout_ns = timeout_ms * CB_NS_PER_MS;
    self->head.purpose = options->purpose;
    keep_why(self->why, "the signer has not been asked yet");
    if (!cb_text_copy(self->path, sizeof(self->path), cb_sv_from(options->socket_path)) ||
        !cb_text_copy(
            self->head.account, sizeof(self->head.account), cb_sv_from(options->account)) ||
        !cb_text_copy(self->head.venue, sizeof(self->head.venue), cb_sv_from(options->venue))) {
        (void)CB_FAIL(err, CB_E_CONFIG, "signer: path, account or venue is too long");
        free(self);
        return NULL;
    }
    self->fail_timer = cb_loop_timer(loop, 0, 0, on_failed, self);
    self->open_timer = cb_loop_timer(loop, 0, 0, on_open, self);
    self->beat_timer = cb_loop_timer(loop, BEAT_NS, BEAT_NS, on_beat, self);
    self->watchdog = cb_loop_timer(loop, WATCHDOG_NS, WATCHDOG_NS, on_watchdog, self);
    on_open(self); /* at once: a Unix socket connects or does not */
    return self;
}

void cb_signer_close(cb_signer *signer)
{
    if (signer == NULL) {
        return;
    }
    for (question *item = queue_take(&signer->waiting); item != NULL;
         item = queue_take(&signer->waiting)) {
        free(item);
    }
    for (question *item = queue_take(&signer->failed); item != NULL;
         item = queue_take(&signer->failed)) {
        free(item);
    }
    cb_watch_remove(signer->watch);
    if (signer->fd >= 0) {
        CB_MAYBE(close(signer->fd));
    }
    cb_timer_remove(signer->fail_timer);
    cb_timer_remove(signer->open_timer);
    cb_timer_remove(signer->beat_timer);
    cb_timer_remove(signer->watchdog);
    free(signer);
}

void cb_signer_on_state(cb_signer *signer, void (*fn)(void *context, bool is_up), void *context)
{
    signer->on_state = fn;
    signer->on_state_context = context;
}

bool cb_signer_is_up(const cb_signer *signer)
{
    return signer->is_up;
}

const char *cb_signer_why(const cb_signer *signer)
{
    return signer->why;
}

const cb_venue_keys *cb_signer_keys(const cb_signer *signer)
{
    return &signer->keys;
}

void cb_signer_sign(
    cb_signer *signer, const char *payload, size_t payload_size, cb_signer_fn fn, void *context)
{
    CB_ASSERT(payload != NULL && payload_size > 0);
    CB_ASSERT(fn != NULL);
    ask(signer, make_question(CB_SIGNER_SIGN, fn, context), payload, payload_size);
}

void cb_signer_sign_request(cb_signer *signer,
    const cb_venue_ops *venue,
    cb_venue_request *request,
    cb_signer_fn fn,
    void *context)
{
    CB_ASSERT(venue != NULL && request != NULL && fn != NULL);
    CB_ASSERT(request->needs_signature);
    question *item = make_question(CB_SIGNER_SIGN, fn, context);
    const cb_strview payload = venue->payload(request);
    item->venue = venue;
    item->request = request;
    ask(signer, item, payload.at, payload.size);
}

uint32_t cb_signer_pending(const cb_signer *signer)
{
    return signer->waiting.count + signer->failed.count;
}
