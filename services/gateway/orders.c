/* Orders that people ask for. The gateway checks the form of a request and names the field that
 * does not fit; whether the order may be is risk's to say. The intent's id follows from the
 * client's Idempotency-Key, so that a request that is repeated is the same request. */
#include "services/gateway/orders.h"

#include <string.h>

#include "base/textbuf.h"
#include "rt/failpoint.h"

#define KEY_MAX 64
#define BIPS_MAX 10000

static const char *const known_fields[] = {"symbol",
    "side",
    "type",
    "tif",
    "qty",
    "price",
    "trigger",
    "trigger_kind",
    "trailing_bips",
    "stop_loss",
    "take_profit",
    "stop_limit",
    "max_slippage",
    "timeout_ms",
    "reduce_only",
    "group",
    "replaces",
    "strategy",
    "actor"};

static bool refuse_field(gateway_call *call, const char *key, const char *why)
{
    gateway_reply_problem(call, 400, "bad-field", "%s: %s", key, why);
    return false;
}

static bool check_known(gateway_call *call, json_t *body)
{
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value)
    {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known_fields / sizeof known_fields[0]; i++) {
            is_known = is_known || strcmp(key, known_fields[i]) == 0;
        }
        if (!is_known) {
            gateway_reply_problem(call, 400, "unknown-field", "%.64s is no field of an order", key);
            return false;
        }
    }
    return true;
}

/* A text that fits, or nothing. */
static bool take_text(
    gateway_call *call, const json_t *body, const char *key, char *out, size_t out_size)
{
    const json_t *value = json_object_get(body, key);
    if (value == NULL) {
        return true;
    }
    const char *text = json_string_value(value);
    if (text == NULL || strlen(text) != json_string_length(value) ||
        !cb_text_copy(out, out_size, cb_sv_from(text))) {
        return refuse_field(call, key, "a shorter text is wanted");
    }
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == '"' || *text == '\\') {
            return refuse_field(call, key, "control characters, quotes and backslashes are out");
        }
    }
    return true;
}

static bool take_word(gateway_call *call,
    const json_t *body,
    const char *key,
    const cb_enum_desc *words,
    uint32_t *out)
{
    const json_t *value = json_object_get(body, key);
    if (value == NULL) {
        return true;
    }
    const char *text = json_string_value(value);
    if (text == NULL || !cb_enum_parse(words, text, strlen(text), out)) {
        return refuse_field(call, key, "is none of the words that exist");
    }
    return true;
}

bool gateway_order_decimal(gateway_call *call, const json_t *body, const char *key, int64_t *out_e8)
{
    const json_t *value = json_object_get(body, key);
    if (value == NULL) {
        return true;
    }
    const char *text = json_string_value(value);
    if (text == NULL || cb_decimal_parse(text, strlen(text), out_e8, NULL) != CB_OK ||
        *out_e8 < 0) {
        return refuse_field(call, key, "a decimal number in a text, such as \"0.01\", is wanted");
    }
    return true;
}

static bool take_count(
    gateway_call *call, const json_t *body, const char *key, json_int_t max, json_int_t *out)
{
    const json_t *value = json_object_get(body, key);
    if (value == NULL) {
        return true;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > max) {
        return refuse_field(call, key, "a whole number within its bounds is wanted");
    }
    *out = json_integer_value(value);
    return true;
}

static bool take_prices(gateway_call *call, const json_t *body, cb_intent *intent)
{
    return gateway_order_decimal(call, body, "qty", &intent->qty.e8) &&
           gateway_order_decimal(call, body, "price", &intent->limit_price.e8) &&
           gateway_order_decimal(call, body, "trigger", &intent->trigger_price.e8) &&
           gateway_order_decimal(call, body, "stop_loss", &intent->stop_loss.e8) &&
           gateway_order_decimal(call, body, "take_profit", &intent->take_profit.e8) &&
           gateway_order_decimal(call, body, "stop_limit", &intent->stop_limit.e8) &&
           gateway_order_decimal(call, body, "max_slippage", &intent->max_slippage.e8);
}

static bool take_words(gateway_call *call, const json_t *body, cb_intent *intent)
{
    uint32_t side = 0;
    uint32_t type = 0;
    uint32_t tif = 0;
    uint32_t trigger = 0;
    if (!take_word(call, body, "side", &cb_side_desc, &side) ||
        !take_word(call, body, "type", &cb_order_type_desc, &type) ||
        !take_word(call, body, "tif", &cb_tif_desc, &tif) ||
        !take_word(call, body, "trigger_kind", &cb_trigger_desc, &trigger)) {
        return false;
    }
    intent->side = (cb_side)side;
    intent->order_type = (cb_order_type)type;
    intent->tif = (cb_tif)tif;
    intent->trigger_kind = (cb_trigger)trigger;
    if (intent->side == CB_SIDE_NONE) {
        return refuse_field(call, "side", "buy or sell is wanted");
    }
    return intent->order_type != CB_ORDER_TYPE_NONE ||
           refuse_field(call, "type", "is required: market, limit, limit_maker, stop_loss, …");
}

static bool take_group(gateway_call *call, const json_t *body, cb_intent *intent)
{
    const json_t *value = json_object_get(body, "group");
    const char *text = json_string_value(value);
    if (value == NULL) {
        return true;
    }
    if (text != NULL && strcmp(text, "bracket") == 0) {
        intent->role = CB_ROLE_PARENT;
    } else if (text != NULL && strcmp(text, "oco") == 0) {
        intent->role = CB_ROLE_TAKE_PROFIT;
    } else {
        return refuse_field(call, "group", "bracket or oco is wanted");
    }
    intent->group_id = intent->intent_id;
    return true;
}

static bool take_rest(gateway_call *call, const json_t *body, cb_intent *intent)
{
    json_int_t bips = 0;
    json_int_t timeout_ms = 0;
    if (!take_count(call, body, "trailing_bips", BIPS_MAX, &bips) ||
        !take_count(call, body, "timeout_ms", INT64_C(34560000000), &timeout_ms) ||
        !take_text(call, body, "symbol", intent->symbol, sizeof intent->symbol) ||
        !take_text(call, body, "strategy", intent->strategy, sizeof intent->strategy) ||
        !take_text(call, body, "actor", intent->actor, sizeof intent->actor)) {
        return false;
    }
    intent->trailing_bips = (uint32_t)bips;
    intent->timeout_ns = timeout_ms * CB_NS_PER_MS;
    intent->reduce_only = json_is_true(json_object_get(body, "reduce_only"));
    const json_t *replaces = json_object_get(body, "replaces");
    const char *id = json_string_value(replaces);
    if (replaces != NULL &&
        (id == NULL || cb_id_parse(id, strlen(id), &intent->replaces, NULL) != CB_OK)) {
        return refuse_field(call, "replaces", "the id of an order is wanted");
    }
    return intent->symbol[0] != '\0' || refuse_field(call, "symbol", "is required");
}

/* ---- ids ---- */

static bool take_key(gateway_call *call, const char **key)
{
    *key = cb_exchange_header(call->exchange, "idempotency-key");
    if (strlen(*key) > KEY_MAX) {
        gateway_reply_problem(
            call, 400, "bad-header", "Idempotency-Key: at most %d characters", KEY_MAX);
        return false;
    }
    return true;
}

static cb_id id_of_key(const char *kind, const char *key)
{
    char source[KEY_MAX + 32];
    cb_textbuf text = cb_textbuf_over(source, sizeof source);
    cb_textbuf_add(&text, "client.");
    cb_textbuf_add(&text, kind);
    cb_textbuf_add(&text, ".");
    cb_textbuf_add(&text, key);
    return cb_id_make(source, 0, 1);
}

/* ---- answers ---- */

static int status_of(const json_t *answer)
{
    static const struct {
        const char *code;
        int status;
    } statuses[] = {{"denied", 409}, {"conflict", 422}, {"unknown", 404}, {"malformed", 400}};
    const char *code = json_string_value(json_object_get(answer, "code"));
    for (size_t i = 0; code != NULL && i < sizeof statuses / sizeof statuses[0]; i++) {
        if (strcmp(statuses[i].code, code) == 0) {
            return statuses[i].status;
        }
    }
    return json_is_true(json_object_get(answer, "ok")) ? 200 : 502;
}

static void on_answer(void *context, const void *bytes, size_t size)
{
    gateway_call *call = context;
    (void)FP("gateway.before_reply");
    if (bytes == NULL) {
        gateway_reply_problem(call,
            504,
            "no-answer",
            "risk did not answer within %d ms: ask again with the same Idempotency-Key",
            GATEWAY_ASK_TIMEOUT_MS);
        return;
    }
    json_t *answer = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    const int status = status_of(answer);
    json_decref(answer);
    gateway_reply_text(call, status, bytes, size);
}

static json_t *body_of(gateway_call *call)
{
    json_error_t where;
    json_t *body = json_loadb(call->body, call->body_size, JSON_REJECT_DUPLICATES, &where);
    if (json_is_object(body)) {
        return body;
    }
    gateway_reply_problem(call, 400, "bad-json", "the body must be a JSON object");
    json_decref(body);
    return NULL;
}

void gateway_order_place(gateway_call *call)
{
    cb_intent intent;
    const char *key = NULL;
    memset(&intent, 0, sizeof intent);
    if (!take_key(call, &key)) {
        return;
    }
    if (key[0] == '\0') {
        gateway_reply_problem(call,
            400,
            "bad-header",
            "Idempotency-Key is required: the same key and body is the same order");
        return;
    }
    json_t *body = body_of(call);
    if (body == NULL) {
        return;
    }
    intent.intent_id = id_of_key("intent", key);
    const bool is_filled = check_known(call, body) && take_words(call, body, &intent) &&
                           take_prices(call, body, &intent) && take_group(call, body, &intent) &&
                           take_rest(call, body, &intent);
    json_decref(body);
    if (is_filled) {
        (void)FP("gateway.after_accept");
        cb_shell_ask(call->gateway->shell,
            CB_SUBJECT_INTENT_REQUEST,
            "risk",
            &intent,
            GATEWAY_ASK_TIMEOUT_MS,
            on_answer,
            call);
    }
}

/* Without a key of the client's the command is its own: to cancel twice is to cancel once. */
static cb_id command_id_of(
    const gateway_call *call, const char *key, const cb_order_command *command)
{
    if (key[0] != '\0') {
        return id_of_key("command", key);
    }
    char source[GATEWAY_PARAM_MAX + 16];
    cb_textbuf text = cb_textbuf_over(source, sizeof source);
    cb_textbuf_add(&text, "command.");
    cb_textbuf_add(&text, call->tail);
    return cb_id_make(source, (uint64_t)command->kind, (uint64_t)command->qty.e8);
}

void gateway_order_command(gateway_call *call, cb_command kind, cb_qty qty)
{
    cb_order_command command;
    const char *key = NULL;
    memset(&command, 0, sizeof command);
    command.kind = kind;
    command.qty = qty;
    if (!take_key(call, &key) ||
        !gateway_param(call, "actor", command.actor, sizeof command.actor) ||
        !gateway_param(call, "reason", command.reason, sizeof command.reason)) {
        return;
    }
    if (cb_id_parse(call->tail, strlen(call->tail), &command.intent_id, NULL) != CB_OK) {
        gateway_reply_problem(call, 400, "bad-id", "'%s' is not the id of an order", call->tail);
        return;
    }
    command.command_id = command_id_of(call, key, &command);
    cb_shell_ask(call->gateway->shell,
        CB_SUBJECT_COMMAND_REQUEST,
        "risk",
        &command,
        GATEWAY_ASK_TIMEOUT_MS,
        on_answer,
        call);
}
