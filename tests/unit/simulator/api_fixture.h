/* The exchange behind its API, without sockets: requests are signed as clients sign them. */
#ifndef SIM_API_FIXTURE_H
#define SIM_API_FIXTURE_H

#include "tests/unit/simulator/fixture.h"

#include <stdio.h>

#include <jansson.h>

#include "base/mac.h"
#include "services/simulator/core/api/ws.h"

#define KEY_A "keyA"
#define SECRET_A "secretA"
#define KEY_B "keyB"
#define SECRET_B "secretB"
#define FRAMES_MAX 256

typedef struct sent_frame {
    uintptr_t handle;
    sim_frame_class frame_class;
    char *text;
} sent_frame;

typedef struct door {
    fixture *fx;
    sim_core *sim;
    sim_api *api;
    sim_ws *ws;
    char *block;
    char *body;
    sim_answer answer;
    json_t *json; /* of the last REST answer */
    sent_frame frames[FRAMES_MAX];
    uint32_t frames_count;
    char handles[16]; /* connection n is the address of the n-th */
} door;

static void door_send(
    void *context, void *handle, sim_frame_class frame_class, const char *text, size_t size)
{
    door *d = context;
    assert_true(d->frames_count < FRAMES_MAX);
    sent_frame *frame = &d->frames[d->frames_count];
    d->frames_count++;
    frame->handle = (uintptr_t)((char *)handle - d->handles);
    frame->frame_class = frame_class;
    frame->text = malloc(size + 1);
    assert_non_null(frame->text);
    memcpy(frame->text, text, size);
    frame->text[size] = '\0';
}

static void door_sink(void *context, const sim_event *event)
{
    sim_ws_event(context, event);
}

static inline door *door_make(sim_config config)
{
    door *d = calloc(1, sizeof(*d));
    assert_non_null(d);
    d->fx = fixture_make(config, 2);
    d->sim = d->fx->sim;
    d->api = calloc(1, sizeof(*d->api));
    d->ws = calloc(1, sizeof(*d->ws));
    d->block = malloc(SIM_WS_BLOCK_SIZE);
    d->body = malloc(4U << 20);
    assert_true(d->api != NULL && d->ws != NULL && d->block != NULL && d->body != NULL);
    static const sim_limits_config limits = {
        .weight_per_minute = 6000,
        .orders_per_10s = 100,
        .orders_per_day = 200000,
        .violations_until_ban = 10,
        .ban_ns = 120 * INT64_C(1000000000),
    };
    sim_api_init(d->api, d->sim, &limits);
    sim_ws_init(d->ws, d->api, d->block, door_send, d);
    d->sim->config.sink = door_sink;
    d->sim->config.sink_context = d->ws;
    memcpy(d->sim->accounts[0].key, KEY_A, sizeof(KEY_A));
    memcpy(d->sim->accounts[0].secret, SECRET_A, sizeof(SECRET_A));
    memcpy(d->sim->accounts[1].key, KEY_B, sizeof(KEY_B));
    memcpy(d->sim->accounts[1].secret, SECRET_B, sizeof(SECRET_B));
    return d;
}

static inline void door_forget_frames(door *d)
{
    for (uint32_t i = 0; i < d->frames_count; i++) {
        free(d->frames[i].text);
    }
    d->frames_count = 0;
}

static inline void door_free(door *d)
{
    door_forget_frames(d);
    json_decref(d->json);
    free(d->api);
    free(d->ws);
    free(d->block);
    free(d->body);
    fixture_free(d->fx);
    free(d);
}

static inline void door_sign(const char *secret, const char *payload, char hex[65])
{
    uint8_t mac[CB_SHA256_SIZE];
    cb_hmac_sha256(secret, strlen(secret), payload, strlen(payload), mac);
    cb_hex_print(mac, sizeof(mac), hex);
}

/* Sends a request as it is. The JSON of the answer is checked and kept. */
static inline int door_rest(door *d,
    const char *method,
    const char *path,
    const char *query,
    const char *form,
    const char *key)
{
    const sim_request request = {
        .method = method,
        .path = path,
        .query = query,
        .body = form,
        .api_key = key,
        .client = "127.0.0.1",
    };
    sim_json body = sim_json_over(d->body, 4U << 20);
    d->answer = sim_api_rest(d->api, &request, &body);
    assert_false(body.is_full);
    json_decref(d->json);
    json_error_t error;
    d->json = json_loads(d->body, JSON_REJECT_DUPLICATES, &error);
    if (d->json == NULL) {
        print_error("%s in %s\n", error.text, d->body);
        fail();
    }
    return d->answer.status;
}

/* Signs for account A; is_form: parameters travel in the body. */
static inline int door_signed(
    door *d, const char *method, const char *path, const char *params, bool is_form)
{
    char text[2048];
    char hex[65];
    snprintf(text,
        sizeof(text),
        "%s%stimestamp=%lld",
        params,
        params[0] == '\0' ? "" : "&",
        (long long)(d->sim->now_ns / 1000000));
    door_sign(SECRET_A, text, hex);
    const size_t used = strlen(text);
    snprintf(text + used, sizeof(text) - used, "&signature=%s", hex);
    return door_rest(d, method, path, is_form ? "" : text, is_form ? text : "", KEY_A);
}

static inline const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL) {
        print_error("no text '%s'\n", key);
        fail();
    }
    return text;
}

static inline int64_t number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value)) {
        print_error("no number '%s'\n", key);
        fail();
    }
    return json_integer_value(value);
}

static inline void expect_error(door *d, int status, int code, const char *text)
{
    if (d->answer.status != status || number_of(d->json, "code") != code ||
        strcmp(text_of(d->json, "msg"), text) != 0) {
        print_error("got %d %s, want %d %d %s\n", d->answer.status, d->body, status, code, text);
        fail();
    }
}

/* Frame number index (from the newest, 0) as JSON; the caller frees it. */
static inline json_t *frame_json(const door *d, uint32_t index)
{
    assert_true(index < d->frames_count);
    json_error_t error;
    json_t *json = json_loads(d->frames[d->frames_count - 1 - index].text, 0, &error);
    assert_non_null(json);
    return json;
}

#endif /* SIM_API_FIXTURE_H */
