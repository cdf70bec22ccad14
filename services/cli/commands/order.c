/* cerberus order: place, cancel, amend or close. Every request goes through the gateway to risk,
 * like a strategy's; nothing here talks to an exchange. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "services/cli/cli.h"

#define KEY_SIZE 33 /* 32 hex digits */

/* A key of its own for each call, unless the caller gives one to be able to repeat it. */
static bool take_key(cli *self)
{
    const char *told = cli_option(self, "--key");
    unsigned char bytes[16];
    if (told != NULL) {
        if (strlen(told) == 0 || strlen(told) >= sizeof self->idempotency_key) {
            (void)fprintf(stderr, "cerberus: --key: 1 to 63 characters\n");
            return false;
        }
        (void)snprintf(self->idempotency_key, sizeof self->idempotency_key, "%s", told);
        return true;
    }
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        (void)fprintf(stderr, "cerberus: the system gives no random numbers\n");
        return false;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        (void)snprintf(self->idempotency_key + 2 * i, KEY_SIZE - 2 * i, "%02x", bytes[i]);
    }
    return true;
}

static const char *actor_of(cli *self)
{
    const char *actor = cli_option(self, "--actor");
    actor = actor == NULL ? getenv("USER") : actor;
    return actor != NULL && actor[0] != '\0' ? actor : "operator";
}

static void put(json_t *body, const char *key, const char *value)
{
    if (value != NULL) {
        (void)json_object_set_new(body, key, json_string(value));
    }
}

/* "BTC/USDT" as the services name it. */
static void put_symbol(json_t *body, const char *text)
{
    char symbol[32];
    size_t size = 0;
    for (; *text != '\0' && size + 1 < sizeof symbol; text++) {
        if (*text != '/') {
            symbol[size++] = *text;
        }
    }
    symbol[size] = '\0';
    put(body, "symbol", symbol);
}

/* "250ms", "30s", "5m", "2h" in milliseconds; 0 when it is none of them. */
static json_int_t duration_ms(const char *text)
{
    char *end = NULL;
    const long value = strtol(text, &end, 10);
    const struct {
        const char *unit;
        json_int_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    for (size_t i = 0; end != text && i < sizeof units / sizeof units[0]; i++) {
        if (value > 0 && value < 1000000 && strcmp(end, units[i].unit) == 0) {
            return value * units[i].ms;
        }
    }
    return 0;
}

static bool put_numbers(cli *self, json_t *body)
{
    const char *trail = cli_option(self, "--trail");
    const char *timeout = cli_option(self, "--timeout");
    if (trail != NULL) {
        char *end = NULL;
        const long bips = strtol(trail, &end, 10);
        if (end == trail || *end != '\0' || bips <= 0) {
            (void)fprintf(stderr, "cerberus: --trail: basis points such as 150\n");
            return false;
        }
        (void)json_object_set_new(body, "trailing_bips", json_integer(bips));
    }
    if (timeout != NULL) {
        const json_int_t ms = duration_ms(timeout);
        if (ms == 0) {
            (void)fprintf(stderr, "cerberus: --timeout: a duration such as 30s or 5m\n");
            return false;
        }
        (void)json_object_set_new(body, "timeout_ms", json_integer(ms));
    }
    return true;
}

/* What the options amount to as an order type; the table of risk has the last word. */
static const char *type_of(bool has_limit, bool has_stop, bool has_take, bool is_post_only)
{
    if (has_stop) {
        return has_limit ? "stop_loss_limit" : "stop_loss";
    }
    if (has_take) {
        return has_limit ? "take_profit_limit" : "take_profit";
    }
    if (!has_limit) {
        return "market";
    }
    return is_post_only ? "limit_maker" : "limit";
}

static void put_terms(cli *self, json_t *body, bool is_sell)
{
    const char *limit = cli_option(self, "--limit");
    const char *stop = cli_option(self, "--stop");
    const char *take = cli_option(self, "--take");
    const char *target = cli_option(self, "--tp");
    const char *loss = cli_option(self, "--sl");
    const char *tif = cli_option(self, "--tif");
    const bool is_post_only = cli_flag(self, "--post-only");
    const bool is_oco = cli_flag(self, "--oco");
    const bool is_trail = json_object_get(body, "trailing_bips") != NULL;
    const bool is_bracket = !is_oco && (target != NULL || loss != NULL);
    const bool is_trailing_stop = is_trail && !is_oco && !is_bracket && take == NULL;
    put(body, "stop_loss", loss);
    put(body, "stop_limit", cli_option(self, "--sl-limit"));
    put(body, "max_slippage", cli_option(self, "--max-slippage"));
    put(body, "trigger_kind", cli_option(self, "--trigger"));
    put(body, "trigger", stop != NULL ? stop : take);
    put(body, "group", is_oco ? "oco" : (is_bracket ? "bracket" : NULL));
    if (is_oco) {
        put(body, "type", "limit_maker");
        put(body, "price", target);
    } else {
        put(body,
            "type",
            type_of(limit != NULL, stop != NULL || is_trailing_stop, take != NULL, is_post_only));
        put(body, "price", limit);
        put(body, "take_profit", target);
    }
    const bool rests = limit != NULL && !is_post_only;
    put(body, "tif", tif != NULL ? tif : (rests ? "gtc" : NULL));
    if (is_sell || cli_flag(self, "--reduce-only")) {
        (void)json_object_set_new(body, "reduce_only", json_true());
    }
}

/* Sends and prints; the JSON is the answer whatever the output form. */
static int send(cli *self, const char *method, const char *path, json_t *body)
{
    json_t *answer = NULL;
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    json_decref(body);
    const int code = cli_request(self, method, path, text, &answer);
    free(text);
    if (code == CLI_OK) {
        cli_print_json(answer);
    }
    json_decref(answer);
    return code;
}

static int place(cli *self)
{
    const char *symbol = cli_positional(self);
    const char *side = cli_positional(self);
    const char *qty = cli_positional(self);
    if (symbol == NULL || side == NULL || qty == NULL) {
        (void)fprintf(stderr, "cerberus order place: SYMBOL, buy or sell, and a quantity\n");
        return CLI_USAGE;
    }
    json_t *body = json_object();
    put_symbol(body, symbol);
    put(body, "side", side);
    put(body, "qty", qty);
    put(body, "actor", actor_of(self));
    put(body, "strategy", cli_option(self, "--strategy"));
    put(body, "replaces", cli_option(self, "--replaces"));
    const bool is_read = put_numbers(self, body) && take_key(self);
    if (is_read) {
        put_terms(self, body, strcmp(side, "sell") == 0);
    }
    if (!is_read || !cli_done_arguments(self)) {
        json_decref(body);
        return CLI_USAGE;
    }
    return send(self, "POST", "/v1/orders", body);
}

static bool is_id(const char *text)
{
    return text != NULL && strlen(text) >= 32 && strlen(text) <= 36 &&
           strspn(text, "0123456789abcdefABCDEF-") == strlen(text);
}

static int end(cli *self, const char *kind)
{
    char path[CLI_TEXT_MAX];
    const char *id = cli_positional(self);
    const char *key = cli_option(self, "--key");
    if (!is_id(id) || !cli_done_arguments(self)) {
        (void)fprintf(stderr, "cerberus order %s: the id of an order is wanted\n", kind);
        return CLI_USAGE;
    }
    if (key != NULL) {
        (void)snprintf(self->idempotency_key, sizeof self->idempotency_key, "%s", key);
    }
    (void)snprintf(path, sizeof path, "/v1/orders/%s?kind=%s", id, kind);
    return send(self, "DELETE", path, NULL);
}

/* The terms of an order as a new one that takes its place. */
static json_t *replacement_of(const json_t *row, const char *limit, const char *qty)
{
    static const struct {
        const char *column;
        const char *field;
    } kept[] = {{"symbol", "symbol"},
        {"side", "side"},
        {"order_type", "type"},
        {"tif", "tif"},
        {"strategy", "strategy"},
        {"intent_id", "replaces"}};
    json_t *body = json_object();
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        put(body, kept[i].field, json_string_value(json_object_get(row, kept[i].column)));
    }
    const char *trigger = json_string_value(json_object_get(row, "trigger_price"));
    if (trigger != NULL && strcmp(trigger, "0") != 0) {
        put(body, "trigger", trigger);
    }
    put(body, "price", limit);
    put(body, "qty", qty != NULL ? qty : json_string_value(json_object_get(row, "qty")));
    (void)json_object_set(body, "reduce_only", json_object_get(row, "reduce_only"));
    return body;
}

static int replace(cli *self, const char *id, const char *limit, const char *qty)
{
    char path[CLI_TEXT_MAX];
    json_t *answer = NULL;
    const char *actor = actor_of(self);
    if (!take_key(self) || !cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    (void)snprintf(path, sizeof path, "/v1/orders?id=%s", id);
    const int code = cli_request(self, "GET", path, NULL, &answer);
    const json_t *row = json_array_get(json_object_get(answer, "rows"), 0);
    if (code != CLI_OK || row == NULL) {
        json_decref(answer);
        (void)fprintf(stderr, "cerberus: there is no order %s\n", id);
        return code != CLI_OK ? code : CLI_NOT_FOUND;
    }
    json_t *body = replacement_of(row, limit, qty);
    put(body, "actor", actor);
    json_decref(answer);
    return send(self, "POST", "/v1/orders", body);
}

static int amend(cli *self)
{
    char path[CLI_TEXT_MAX];
    const char *id = cli_positional(self);
    const char *qty = cli_option(self, "--qty");
    const char *limit = cli_option(self, "--limit");
    if (!is_id(id) || (qty == NULL && limit == NULL)) {
        (void)fprintf(
            stderr, "cerberus order amend: the id of an order, and --qty or --limit or both\n");
        return CLI_USAGE;
    }
    if (limit != NULL) {
        return replace(self, id, limit, qty);
    }
    if (!take_key(self) || !cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    (void)snprintf(path, sizeof path, "/v1/orders/%s", id);
    return send(self, "PUT", path, json_pack("{s:s}", "qty", qty));
}

static int run(cli *self)
{
    const char *verb = cli_positional(self);
    if (verb != NULL && strcmp(verb, "place") == 0) {
        return place(self);
    }
    if (verb != NULL && (strcmp(verb, "cancel") == 0 || strcmp(verb, "exit") == 0)) {
        return end(self, verb);
    }
    if (verb != NULL && strcmp(verb, "amend") == 0) {
        return amend(self);
    }
    (void)fprintf(stderr, "cerberus order: place, cancel, exit or amend\n");
    return CLI_USAGE;
}

const cli_command cli_command_order = {"order",
    "place SYMBOL buy|sell QTY [--limit P] [--post-only] [--tif gtc|ioc|fok]\n"
    "         [--stop P | --take P] [--trail BIPS] [--trigger last|quote]\n"
    "         [--tp P] [--sl P] [--sl-limit P] [--oco] [--max-slippage R] [--timeout 30s]\n"
    "         [--reduce-only] [--replaces ID] [--strategy S] [--actor A] [--key K]\n"
    "       cerberus order cancel ID | exit ID | amend ID [--qty Q] [--limit P]",
    "place an order, cancel it or its group, close a group, amend",
    "  cerberus order place BTC/USDT buy 0.01 --limit 60000 --post-only\n"
    "  cerberus order place BTC/USDT buy 0.01 --tp 66000 --sl 58000     a bracket\n"
    "  cerberus order place BTC/USDT sell 0.01 --oco --tp 66000 --sl 58000\n"
    "  cerberus order place BTC/USDT sell 0.01 --trail 150              a trailing stop\n"
    "  cerberus order cancel ID\n",
    run};
