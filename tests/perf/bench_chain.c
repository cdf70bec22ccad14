/* Watches the running chain from the outside and times each hop of each order. It listens on the
 * bus as the cli user, stamps what passes, and finds both ends of each order in the exchange
 * simulator's journal: when the frame that closed the candle left, and when the order's request
 * arrived.
 *
 *   frame -> md.raw.candle -> md.ok.candle -> intent.new -> permit.grant -> request
 *
 * bench_chain NATS_PORT PASSWORD_FILE JOURNAL SYMBOL   until SIGTERM; then it prints one JSON
 * object per order: the close of its candle and the microseconds of each hop. The simulator must
 * have journal.market on. The stamps of the hops between are this program's: it is woken beside the
 * service that is meant; the total is the exchange's own. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strview.h"
#include "rt/loop.h"
#include "testing/raw_nats.h"
#include "wire/codec.h"
#include "wire/subjects.h"

#define ORDERS_MAX 100000
#define WAIT_MS 100
#define NS_PER_MS INT64_C(1000000)
#define LOOK_BACK 200 /* candles that an intent may be late */
#define NAMES_MAX 128

/* In the order in which an order passes. */
typedef enum point {
    POINT_FRAME,
    POINT_RAW,
    POINT_OK,
    POINT_INTENT,
    POINT_PERMIT,
    POINT_REQUEST,
    POINTS_COUNT
} point;

static const char *const hop_names[POINTS_COUNT] = {
    "", "collector", "validator", "signals", "risk", "execution"};

typedef struct order {
    int64_t close_ts_ns; /* of the candle it was decided on */
    cb_id intent_id;
    char client_order_id[40];
    int64_t at_ns[POINTS_COUNT]; /* wall clock; 0 = not seen */
} order;

typedef struct watch {
    raw_nats bus;
    char symbol[24];
    order *orders; /* [owned] ORDERS_MAX, by close_ts_ns */
    size_t count;
    uint64_t unreadable_count;
    union {
        cb_candle candle;
        cb_intent intent;
        cb_permit permit;
        cb_order order;
    } body;
} watch;

static volatile sig_atomic_t is_stopping;
static void on_signal(int number)
{
    (void)number;
    is_stopping = 1;
}

/* The newest ones are asked for nearly always. */
static order *order_of_candle(watch *self, int64_t close_ts_ns)
{
    for (size_t i = self->count; i > 0 && self->count - i < LOOK_BACK; i--) {
        if (self->orders[i - 1].close_ts_ns == close_ts_ns) {
            return &self->orders[i - 1];
        }
    }
    return NULL;
}

static order *order_of_intent(watch *self, cb_id intent_id)
{
    for (size_t i = self->count; i > 0 && self->count - i < LOOK_BACK; i--) {
        if (memcmp(&self->orders[i - 1].intent_id, &intent_id, sizeof intent_id) == 0) {
            return &self->orders[i - 1];
        }
    }
    return NULL;
}

static void mark(order *at, point where, int64_t now_ns)
{
    if (at != NULL && at->at_ns[where] == 0) {
        at->at_ns[where] = now_ns;
    }
}

static void take_candle(watch *self, point where, int64_t now_ns)
{
    const cb_candle *candle = &self->body.candle;
    if (!candle->is_closed || candle->is_backfill || strcmp(candle->symbol, self->symbol) != 0) {
        return;
    }
    order *at = order_of_candle(self, candle->close_ts_ns);
    if (at == NULL && where == POINT_RAW && self->count < ORDERS_MAX) {
        at = &self->orders[self->count++];
        *at = (order){.close_ts_ns = candle->close_ts_ns};
    }
    mark(at, where, now_ns);
}

static void take_intent(watch *self, int64_t now_ns)
{
    const cb_intent *intent = &self->body.intent;
    order *at = strcmp(intent->symbol, self->symbol) == 0
                    ? order_of_candle(self, intent->data_ts_ns)
                    : NULL;
    if (at != NULL && at->at_ns[POINT_INTENT] == 0) {
        at->intent_id = intent->intent_id;
        mark(at, POINT_INTENT, now_ns);
    }
}

static void take_order(watch *self)
{
    const cb_order *body = &self->body.order;
    order *at = order_of_intent(self, body->intent_id);
    if (at != NULL) {
        memcpy(at->client_order_id, body->client_order_id, sizeof at->client_order_id);
    }
}

static void take(watch *self, const raw_nats_message *message, int64_t now_ns)
{
    cb_subject_id id = CB_SUBJECT_COUNT;
    cb_err err = {0};
    if (!cb_subject_match(message->subject, &id)) {
        return;
    }
    const cb_desc *desc = cb_msg_desc(cb_subject_get(id)->msg);
    if (desc->size > sizeof self->body ||
        cb_decode(desc, message->bytes, message->size, &self->body, &err) != CB_OK) {
        self->unreadable_count++;
        return;
    }
    if (id == CB_SUBJECT_MD_RAW_CANDLE) {
        take_candle(self, POINT_RAW, now_ns);
    } else if (id == CB_SUBJECT_MD_OK_CANDLE) {
        take_candle(self, POINT_OK, now_ns);
    } else if (id == CB_SUBJECT_INTENT) {
        take_intent(self, now_ns);
    } else if (id == CB_SUBJECT_PERMIT) {
        mark(order_of_intent(self, self->body.permit.intent_id), POINT_PERMIT, now_ns);
    } else if (id == CB_SUBJECT_ORDER) {
        take_order(self);
    }
}

static bool listen_to_chain(watch *self, uint16_t port, const char *password_file)
{
    static const cb_subject_id subjects[] = {CB_SUBJECT_MD_RAW_CANDLE,
        CB_SUBJECT_MD_OK_CANDLE,
        CB_SUBJECT_INTENT,
        CB_SUBJECT_PERMIT,
        CB_SUBJECT_ORDER};
    char password[NAMES_MAX] = "";
    FILE *file = fopen(password_file, "r");
    if (file == NULL || fgets(password, sizeof password, file) == NULL) {
        (void)fprintf(stderr, "bench_chain: cannot read %s\n", password_file);
        if (file != NULL) {
            (void)fclose(file);
        }
        return false;
    }
    (void)fclose(file);
    password[strcspn(password, "\r\n")] = '\0';
    if (!raw_nats_open(&self->bus, port, "cli", password)) {
        return false;
    }
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        char pattern[CB_SUBJECT_TEXT_MAX];
        cb_subject_pattern(subjects[i], pattern);
        if (!raw_nats_subscribe(&self->bus, pattern, (uint32_t)i + 1)) {
            return false;
        }
    }
    return true;
}

/* ---- the exchange's journal: JSON lines whose texts are JSON again, with escaped quotes ---- */

static bool number_after(const char *line, const char *words, int64_t *out)
{
    const char *at = strstr(line, words);
    if (at == NULL) {
        return false;
    }
    *out = strtoll(at + strlen(words), NULL, 10);
    return *out > 0;
}

static void take_frame(watch *self, const char *line, int64_t wall_ns)
{
    char symbol[NAMES_MAX];
    int64_t last_ms = 0;
    (void)snprintf(symbol, sizeof symbol, "\\\"s\\\":\\\"%s\\\"", self->symbol);
    if (strstr(line, symbol) == NULL || !number_after(line, "\\\"T\\\":", &last_ms)) {
        return;
    }
    for (size_t i = 0; i < self->count; i++) {
        if (self->orders[i].close_ts_ns == (last_ms + 1) * NS_PER_MS) {
            mark(&self->orders[i], POINT_FRAME, wall_ns);
        }
    }
}

static void take_request(watch *self, const char *line, int64_t wall_ns)
{
    static const char words[] = "newClientOrderId=";
    const char *at = strstr(line, words);
    if (at == NULL) {
        return;
    }
    at += sizeof words - 1;
    const size_t size = strcspn(at, "&\"");
    for (size_t i = 0; i < self->count; i++) {
        const char *own = self->orders[i].client_order_id;
        if (strlen(own) == size && strncmp(own, at, size) == 0) {
            mark(&self->orders[i], POINT_REQUEST, wall_ns);
        }
    }
}

static bool read_journal(watch *self, const char *path)
{
    char *line = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        (void)fprintf(stderr, "bench_chain: cannot read %s\n", path);
        return false;
    }
    while (getline(&line, &room, file) > 0) {
        int64_t wall_ns = 0;
        if (!number_after(line, "\"wall_ns\":", &wall_ns)) {
            continue;
        }
        if (strstr(line, "\"kind\":\"market\"") != NULL) {
            if (strstr(line, "\\\"x\\\":true") != NULL) {
                take_frame(self, line, wall_ns);
            }
        } else if (strstr(line, "\"method\":\"POST\",\"path\":\"/api/v3/order\"") != NULL) {
            take_request(self, line, wall_ns);
        }
    }
    free(line);
    (void)fclose(file);
    return true;
}

static bool is_whole(const order *at)
{
    for (int i = 0; i < POINTS_COUNT; i++) {
        if (at->at_ns[i] == 0) {
            return false;
        }
    }
    return true;
}

static void print_orders(const watch *self)
{
    for (size_t n = 0; n < self->count; n++) {
        const order *at = &self->orders[n];
        if (!is_whole(at)) {
            continue;
        }
        (void)printf("{\"close_ms\":%lld", (long long)(at->close_ts_ns / NS_PER_MS));
        for (int i = POINT_RAW; i < POINTS_COUNT; i++) {
            (void)printf(
                ",\"%s\":%.1f", hop_names[i], (double)(at->at_ns[i] - at->at_ns[i - 1]) / 1e3);
        }
        (void)printf(",\"total\":%.1f}\n",
            (double)(at->at_ns[POINT_REQUEST] - at->at_ns[POINT_FRAME]) / 1e3);
    }
}

int main(int argc, char **argv)
{
    static watch self;
    uint64_t port = 0;
    if (argc != 5 || !cb_u64_parse(cb_sv_from(argv[1]), 65535, &port) ||
        !cb_text_copy(self.symbol, sizeof self.symbol, cb_sv_from(argv[4]))) {
        (void)fprintf(stderr, "usage: bench_chain NATS_PORT PASSWORD_FILE JOURNAL SYMBOL\n");
        return 2;
    }
    self.orders = calloc(ORDERS_MAX, sizeof *self.orders);
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    if (self.orders == NULL || !listen_to_chain(&self, (uint16_t)port, argv[2])) {
        return 1;
    }
    while (is_stopping == 0) {
        raw_nats_message message;
        if (raw_nats_next(&self.bus, &message, WAIT_MS)) {
            take(&self, &message, cb_wall_ns());
        }
    }
    raw_nats_close(&self.bus);
    const bool is_read = read_journal(&self, argv[3]);
    print_orders(&self);
    (void)fprintf(stderr,
        "bench_chain: %zu candles, %llu unreadable messages\n",
        self.count,
        (unsigned long long)self.unreadable_count);
    free(self.orders);
    return is_read ? 0 : 1;
}
