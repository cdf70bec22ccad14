/* The exchange: the simulator's own matching and API behind a network that drops, delays and cuts.
 * Requests are checked at the gate when they arrive; some then wait in the engine's queue, within
 * the bound that the order path is configured with. */
#include "tests/sim/dst_venue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/simulator/core/house.h"

#define LATENCY_MIN_NS (1 * DST_MS)
#define LATENCY_MAX_NS (15 * DST_MS)
#define BODY_SIZE ((size_t)1 << 20)
#define ENGINE_MAX_NS (3900 * DST_MS) /* below order.engine_bound */
#define TICK_E8 1000000
#define LEVELS 4

const char *const dst_symbols[4] = {"BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"};
const int64_t dst_prices_e8[4] = {
    INT64_C(50000) * CB_E8, INT64_C(3000) * CB_E8, INT64_C(100) * CB_E8, INT64_C(2) * CB_E8};

static dst_venue *self_of(void)
{
    return dst->venue;
}

int64_t dst_venue_now_ns(void)
{
    return DST_WALL_START_NS + dst->now_ns + dst->plan.venue_skew_ns;
}

void dst_venue_catch_up(void)
{
    sim_set_now(&self_of()->core, dst_venue_now_ns());
}

/* ---- opening ---- */

static void on_event(void *context, const sim_event *event)
{
    sim_ws_event(context, event);
}

static void on_frame(
    void *context, void *handle, sim_frame_class frame_class, const char *text, size_t size);

static sim_spec spec_of(uint32_t index)
{
    sim_spec spec = {.tick_e8 = TICK_E8,
        .price_min_e8 = TICK_E8,
        .price_max_e8 = INT64_C(1000000) * CB_E8,
        .step_e8 = 1000,
        .qty_min_e8 = 1000,
        .qty_max_e8 = INT64_C(90000) * CB_E8,
        .market_qty_max_e8 = INT64_C(90000) * CB_E8,
        .notional_min_e8 = 5 * CB_E8,
        .notional_max_e8 = INT64_C(9000000) * CB_E8,
        .multiplier_up_e8 = 5 * CB_E8,
        .multiplier_down_e8 = CB_E8 / 5,
        .average_minutes = 5,
        .orders_max = 200,
        .algo_orders_max = 5,
        .stp_default = SIM_STP_EXPIRE_MAKER};
    const char *symbol = dst_symbols[index];
    memcpy(spec.symbol, symbol, strlen(symbol) + 1);
    memcpy(spec.base, symbol, strlen(symbol) - 4);
    memcpy(spec.quote, "USDT", 5);
    return spec;
}

void dst_venue_open(void)
{
    dst_venue *self = calloc(1, sizeof(*self));
    CB_ASSERT(self != NULL);
    dst->venue = self;
    const sim_config config = {
        .orders_max = 512, .agent_orders_max = 16, .trades_max = 2048, .minutes_max = 16};
    self->block_size = sim_arena_size(&config, 4);
    self->block = aligned_alloc(64, (self->block_size + 63) & ~(size_t)63);
    self->work = malloc(SIM_WS_BLOCK_SIZE);
    self->body = malloc(BODY_SIZE);
    CB_ASSERT(self->block != NULL && self->work != NULL && self->body != NULL);
}

void dst_venue_reset(void)
{
    static const sim_limits_config limits = {.weight_per_minute = 600000,
        .orders_per_10s = 10000,
        .orders_per_day = 2000000,
        .violations_until_ban = 1000,
        .ban_ns = 10 * DST_S};
    dst_venue *self = self_of();
    cb_arena arena;
    cb_err err = {0};
    memset(&self->core, 0, sizeof(self->core));
    const sim_config config = {.orders_max = 512,
        .agent_orders_max = 16,
        .trades_max = 2048,
        .minutes_max = 16,
        .fee_maker_e8 = CB_E8 / 1000,
        .fee_taker_e8 = CB_E8 / 1000,
        .is_replay = true,
        .sink = on_event,
        .sink_context = &self->ws};
    cb_arena_init(&arena, self->block, self->block_size);
    sim_init(&self->core, &config, &arena, 4);
    self->core.client_ids = (sim_client_ids)dst->plan.venue_duplicates;
    dst_venue_catch_up();
    for (uint32_t i = 0; i < DST_SYMBOLS; i++) {
        const sim_spec spec = spec_of(i);
        const cb_status status = sim_add_symbol(&self->core, &spec, &arena, &err);
        CB_ASSERT(status == CB_OK);
    }
    const cb_status added = sim_add_account(&self->core,
        "main",
        "secret-of-api_key",
        "secret-of-api_secret",
        true,
        &self->account,
        &err);
    CB_ASSERT(added == CB_OK);
    memset(&self->api, 0, sizeof(self->api));
    sim_api_init(&self->api, &self->core, &limits);
    self->ws = (sim_ws){.api = NULL};
    sim_ws_init(&self->ws, &self->api, self->work, on_frame, self);
    self->links = NULL;
    self->posts_count = 0;
    self->queued_count = 0;
    self->is_shared = false;
    CB_MAYBE(sim_transfer(
        &self->core, self->account, sim_asset(&self->core, "USDT"), INT64_C(1000000) * CB_E8));
    for (uint32_t i = 0; i < DST_SYMBOLS; i++) {
        dst_venue_set_market(i, dst_prices_e8[i]);
    }
}

void dst_venue_set_market(uint32_t symbol, int64_t mid_e8)
{
    dst_venue *self = self_of();
    dst_venue_catch_up();
    mid_e8 = mid_e8 / TICK_E8 * TICK_E8;
    self->mid_e8[symbol] = mid_e8;
    sim_house_restore(&self->core, symbol);
    sim_house_clear(&self->core, symbol);
    /* A symbol's own size, so that some orders meet several levels. */
    const int64_t lot_e8 = (int64_t)((cb_i128)INT64_C(3000) * CB_E8 * CB_E8 / mid_e8) / 1000 * 1000;
    for (int64_t level = 1; level <= LEVELS; level++) {
        const int64_t step_e8 = mid_e8 / 5000 / TICK_E8 * TICK_E8 + TICK_E8;
        sim_house_set(&self->core, symbol, CB_SIDE_BUY, mid_e8 - level * step_e8, lot_e8 * level);
        sim_house_set(&self->core, symbol, CB_SIDE_SELL, mid_e8 + level * step_e8, lot_e8 * level);
    }
    sim_flush(&self->core, symbol, true);
}

/* ---- requests ---- */

static const char *form_value(const char *form, const char *key, char *out, size_t size)
{
    out[0] = '\0';
    CB_MAYBE(cb_form_get(form, key, out, size));
    return out;
}

static int64_t form_e8(const char *form, const char *key)
{
    char text[64];
    int64_t value = 0;
    form_value(form, key, text, sizeof(text));
    if (text[0] == '\0' || cb_decimal_parse(text, strlen(text), &value, NULL) != CB_OK) {
        return 0;
    }
    return value;
}

static int64_t form_i64(const char *form, const char *key)
{
    char text[64];
    return strtoll(form_value(form, key, text, sizeof(text)), NULL, 10);
}

static bool is_order_post(const dst_transfer *transfer)
{
    return strcmp(transfer->method, "POST") == 0 && strstr(transfer->url, "/order") != NULL;
}

static dst_post *note_leg(const dst_transfer *transfer, const char *id_key, const char *price_key)
{
    dst_venue *self = self_of();
    char text[64];
    dst_post *post = &self->posts[self->posts_count++];
    *post = (dst_post){.at_ns = dst_venue_now_ns(),
        .world_ns = dst->now_ns,
        .sent_ns = transfer->sent_ns,
        .client_order_id = dst_text(form_value(transfer->body, id_key, text, sizeof(text))),
        .qty_e8 = form_e8(transfer->body, "quantity"),
        .price_e8 = form_e8(transfer->body, price_key),
        .sign_ts_ns = form_i64(transfer->body, "timestamp") * DST_MS};
    post->symbol = dst_text(form_value(transfer->body, "symbol", text, sizeof(text)));
    post->side = dst_text(form_value(transfer->body, "side", text, sizeof(text)));
    const uint32_t symbol = sim_find_symbol(&self->core, post->symbol);
    post->market_e8 = symbol != SIM_NONE ? self->mid_e8[symbol] : 0;
    return post;
}

/* An order, or the two of a list. */
static dst_post *note_post(const dst_transfer *transfer)
{
    dst_venue *self = self_of();
    char text[64];
    if (self->posts_count + 2 > DST_POSTS_MAX) {
        dst_trouble("too many order requests");
        return &self->posts[0];
    }
    if (form_value(transfer->body, "aboveClientOrderId", text, sizeof(text))[0] == '\0') {
        return note_leg(transfer, "newClientOrderId", "price");
    }
    dst_post *first = note_leg(transfer, "aboveClientOrderId", "-");
    (void)note_leg(transfer, "belowClientOrderId", "-");
    first->is_pair = true;
    return first;
}

/* Runs the request at the exchange; the answer's body is copied to the schedule's memory. */
static cb_http_answer ask_exchange(const dst_transfer *transfer, dst_post *post)
{
    dst_venue *self = self_of();
    dst_venue_catch_up();
    const char *path = strstr(transfer->url, "/api/");
    CB_ASSERT(path != NULL);
    const size_t path_size = strcspn(path, "?");
    const sim_request request = {.method = transfer->method,
        .path = sql_copy_text(&dst->memory, path, path_size),
        .query = path[path_size] == '?' ? path + path_size + 1 : "",
        .body = transfer->body,
        .api_key = transfer->key,
        .client = "127.0.0.1"};
    sim_json body = sim_json_over(self->body, BODY_SIZE);
    const uint32_t orders_before = self->core.orders_count;
    const sim_answer answer = sim_api_rest(&self->api, &request, &body);
    CB_ASSERT(!body.is_full);
    if (post != NULL) {
        post->status = answer.status;
        post->is_applied = self->core.orders_count > orders_before;
        if (post->is_pair) {
            post[1].status = post->status;
            post[1].is_applied = post->is_applied;
        }
    }
    dst_hash(4, body.out, body.used);
    return (cb_http_answer){.outcome = CB_HTTP_ANSWERED,
        .status = answer.status,
        .body = sql_copy_text(&dst->memory, body.out, body.used),
        .body_size = body.used,
        .detail = "",
        .bytes_sent = 1,
        .sent_mono_ns = DST_MONO_START_NS + transfer->sent_ns,
        .first_byte_mono_ns = DST_MONO_START_NS + dst->now_ns,
        .retry_after_s = answer.retry_after_s,
        .used_weight_1m = answer.weight_used};
}

static cb_http_answer error_answer(int status, const char *body)
{
    return (cb_http_answer){.outcome = CB_HTTP_ANSWERED,
        .status = status,
        .body = body,
        .body_size = strlen(body),
        .detail = "",
        .bytes_sent = 1,
        .sent_mono_ns = 1,
        .retry_after_s = status == 429 || status == 418 ? 1 : -1,
        .used_weight_1m = -1};
}

static cb_http_answer draw_error(void)
{
    switch (dst_below(4)) {
    case 0:
        return error_answer(503, "{\"code\":-1007,\"msg\":\"Timeout waiting for response.\"}");
    case 1:
        return error_answer(500, "{\"code\":-1006,\"msg\":\"Execution status unknown.\"}");
    case 2:
        return error_answer(502, "<html><body>502 Bad Gateway</body></html>");
    default:
        return error_answer(504, "");
    }
}

static int64_t latency_ns(void)
{
    int64_t late_ns = 0;
    if (dst_chance(dst->plan.venue_late_ppm)) {
        late_ns = dst_between(0, dst->plan.venue_late_max_ns);
    }
    return late_ns + dst_between(LATENCY_MIN_NS, LATENCY_MAX_NS);
}

/* What a query that lags behind the books answers: that it does not know the order. */
static bool is_lagging(const dst_transfer *transfer)
{
    dst_venue *self = self_of();
    if (dst->plan.venue_lag_ns == 0 || !dst->is_faulty || strcmp(transfer->method, "GET") != 0 ||
        strstr(transfer->url, "/api/v3/order?") == NULL) {
        return false;
    }
    char id[64];
    const char *query = strchr(transfer->url, '?') + 1;
    form_value(query, "origClientOrderId", id, sizeof(id));
    for (uint32_t i = 0; i < self->core.orders_count; i++) {
        const sim_order *order = &self->core.orders[i];
        if (id[0] != '\0' && strcmp(order->client_id, id) == 0) {
            return order->created_ns > dst_venue_now_ns() - dst->plan.venue_lag_ns;
        }
    }
    return false;
}

static void answer_later(dst_transfer *transfer, const cb_http_answer *answer)
{
    if (dst_chance(dst->plan.venue_drop_answer_ppm)) {
        if (dst_below(2) == 0) {
            const cb_http_answer reset = {.outcome = CB_HTTP_UNKNOWN,
                .body = "",
                .detail = "connection reset",
                .bytes_sent = 1,
                .sent_mono_ns = DST_MONO_START_NS + transfer->sent_ns,
                .retry_after_s = -1,
                .used_weight_1m = -1};
            dst_http_finish(transfer, dst->now_ns + LATENCY_MIN_NS, &reset);
        }
        return; /* or silence, until the timeout */
    }
    dst_http_finish(transfer, dst->now_ns + latency_ns(), answer);
}

static void on_engine(void *context, void *argument)
{
    dst_transfer *transfer = context;
    dst_venue *self = self_of();
    self->queued_count--;
    self->api.window_factor = 1000; /* the gate has looked at the time already */
    const cb_http_answer answer = ask_exchange(transfer, argument);
    self->api.window_factor = 1;
    answer_later(transfer, &answer);
}

static bool is_in_window(const dst_post *post, const dst_transfer *transfer)
{
    const int64_t window_ns = form_i64(transfer->body, "recvWindow") * DST_MS;
    return post->at_ns - post->sign_ts_ns <= window_ns &&
           post->sign_ts_ns <= post->at_ns + DST_S / 2;
}

static void on_arrival(void *context, void *argument)
{
    dst_transfer *transfer = context;
    (void)argument;
    dst_post *post = is_order_post(transfer) ? note_post(transfer) : NULL;
    if (dst_chance(dst->plan.venue_throttle_ppm)) {
        const cb_http_answer answer =
            error_answer(429, "{\"code\":-1003,\"msg\":\"Too many requests.\"}");
        dst_http_finish(transfer, dst->now_ns + latency_ns(), &answer);
        return;
    }
    if (dst_chance(dst->plan.venue_error_ppm)) {
        const cb_http_answer answer = draw_error();
        dst_http_finish(transfer, dst->now_ns + latency_ns(), &answer);
        return;
    }
    if (post != NULL && dst_chance(dst->plan.venue_late_ppm) && is_in_window(post, transfer)) {
        self_of()->queued_count++;
        dst_at(dst->now_ns + dst_between(0, ENGINE_MAX_NS), on_engine, transfer, post);
        if (dst_chance(dst->plan.venue_error_after_ppm)) {
            /* Told that it is not known, long before it is done. */
            const cb_http_answer answer = draw_error();
            dst_http_finish(transfer, dst->now_ns + latency_ns(), &answer);
        }
        return;
    }
    if (is_lagging(transfer)) {
        const cb_http_answer answer =
            error_answer(400, "{\"code\":-2013,\"msg\":\"Order does not exist.\"}");
        dst_http_finish(transfer, dst->now_ns + latency_ns(), &answer);
        return;
    }
    cb_http_answer answer = ask_exchange(transfer, post);
    if (dst_chance(dst->plan.venue_error_after_ppm)) {
        answer = draw_error();
    }
    answer_later(transfer, &answer);
}

void dst_venue_send(dst_transfer *transfer)
{
    dst_hash(5, transfer->url, strlen(transfer->url));
    dst_hash(5, transfer->body, strlen(transfer->body));
    if (dst_chance(dst->plan.venue_refuse_ppm)) {
        const cb_http_answer refused = {.outcome = CB_HTTP_NOT_SENT,
            .body = "",
            .detail = "connection refused",
            .retry_after_s = -1,
            .used_weight_1m = -1};
        dst_http_finish(transfer, dst->now_ns + LATENCY_MIN_NS, &refused);
        return;
    }
    if (dst_chance(dst->plan.venue_drop_request_ppm)) {
        return;
    }
    dst_at(dst->now_ns + latency_ns(), on_arrival, transfer, NULL);
}

/* ---- the user stream ---- */

static void on_frame(
    void *context, void *handle, sim_frame_class frame_class, const char *text, size_t size)
{
    (void)context;
    dst_link *link = handle;
    if (!link->is_open || link->is_gone) {
        return;
    }
    const bool is_event = frame_class == SIM_FRAME_CLASS_USER;
    if (is_event && dst_chance(dst->plan.frame_lose_ppm)) {
        return;
    }
    const char *copy = sql_copy_text(&dst->memory, text, size);
    int64_t at_ns = dst->now_ns + dst_between(LATENCY_MIN_NS, LATENCY_MAX_NS);
    if (is_event && dst_chance(dst->plan.frame_late_ppm)) {
        at_ns += dst_between(0, 3 * DST_S); /* behind later ones too */
    } else {
        at_ns = at_ns > link->last_ns ? at_ns : link->last_ns;
        link->last_ns = at_ns;
    }
    dst_hash(6, text, size);
    dst_ws_text(link, at_ns, copy, size);
    if (is_event && dst_chance(dst->plan.frame_repeat_ppm)) {
        dst_ws_text(link, at_ns + dst_between(0, DST_S), copy, size);
    }
}

static void on_connect(void *context, void *argument)
{
    dst_link *link = context;
    (void)argument;
    if (link->is_gone) {
        return;
    }
    dst_venue_catch_up();
    link->slot = sim_ws_open(&self_of()->ws, link, link->path, "", "127.0.0.1");
    if (link->slot == SIM_NONE || dst_chance(dst->plan.venue_refuse_ppm)) {
        if (link->slot != SIM_NONE) {
            sim_ws_close(&self_of()->ws, link->slot);
        }
        dst_ws_closed(link, dst->now_ns + LATENCY_MIN_NS, "refused");
        return;
    }
    link->is_open = true;
    dst_ws_opened(link, dst->now_ns + LATENCY_MIN_NS);
}

dst_link *dst_venue_connect(dst_process *process, cb_ws_client *client, const char *url)
{
    dst_venue *self = self_of();
    dst_link *link = dst_alloc(sizeof(*link));
    const char *path = strstr(url, "://");
    path = path != NULL ? strchr(path + 3, '/') : NULL;
    *link = (dst_link){.process = process,
        .generation = process->generation,
        .client = client,
        .path = dst_text(path != NULL ? path : "/"),
        .next = self->links};
    self->links = link;
    dst_at(dst->now_ns + dst_between(LATENCY_MIN_NS, LATENCY_MAX_NS), on_connect, link, NULL);
    return link;
}

typedef struct inbound {
    dst_link *link;
    const char *text;
    size_t size;
} inbound;

static void on_inbound(void *context, void *argument)
{
    const inbound *one = context;
    (void)argument;
    if (one->link->is_open) {
        dst_venue_catch_up();
        sim_ws_message(&self_of()->ws, one->link->slot, (cb_strview){one->text, one->size});
    }
}

void dst_venue_receive(dst_link *link, const char *text, size_t size)
{
    inbound *one = dst_alloc(sizeof(*one));
    *one = (inbound){link, text, size};
    dst_at(dst->now_ns + dst_between(LATENCY_MIN_NS, LATENCY_MAX_NS), on_inbound, one, NULL);
}

static void close_link(dst_link *link)
{
    if (link->is_open) {
        link->is_open = false;
        sim_ws_close(&self_of()->ws, link->slot);
    }
}

void dst_venue_disconnect(dst_link *link)
{
    link->is_gone = true;
    close_link(link);
}

void dst_venue_hang_up(dst_process *process)
{
    for (dst_link *link = self_of()->links; link != NULL; link = link->next) {
        if (link->process == process && !link->is_gone) {
            dst_venue_disconnect(link);
        }
    }
}

void dst_venue_cut(void)
{
    for (dst_link *link = self_of()->links; link != NULL; link = link->next) {
        if (link->is_open) {
            dst_say("the exchange cuts a user stream");
            close_link(link);
            dst_ws_closed(link, dst->now_ns + LATENCY_MIN_NS, "cut");
        }
    }
}
