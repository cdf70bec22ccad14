/* Versions of the limits: the parameters of the rules, which the configuration says, and the rows
 * of the book, which the configuration only begins. A row that is stored stays as it is until a
 * person changes it (change.c); a configured text that is new can add and lower rows at a start,
 * never raise them. Every change is the next version, stored whole, and every permit and denial
 * names the version it was judged by. */
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/mac.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "base/timefmt.h"
#include "domain/canonical.h"
#include "services/risk/core/state.h"

#define LIMITS_MAX 144

/* Chained, so that no buffer has to hold them all. */
static void hash_value(risk_limits *limits, const risk_limit_value *value)
{
    cb_canonical bytes = {.size = 0};
    cb_canonical_put_bytes(&bytes, limits->hash, sizeof(limits->hash));
    cb_canonical_put_text(&bytes, value->name);
    cb_canonical_put_i64(&bytes, value->value.e8);
    cb_sha256(bytes.bytes, bytes.size, limits->hash);
}

static void add_value(
    risk_limits *limits, const char *entry, const char *name, const char *kind, int64_t value_e8)
{
    CB_ASSERT(limits->limits_count < LIMITS_MAX);
    risk_limit_value *value = &limits->limits[limits->limits_count++];
    cb_textbuf full_name = cb_textbuf_over(value->name, sizeof(value->name));
    cb_textbuf_add(&full_name, entry);
    cb_textbuf_add(&full_name, ".");
    cb_textbuf_add(&full_name, name);
    cb_textbuf kind_text = cb_textbuf_over(value->kind, sizeof(value->kind));
    cb_textbuf_add(&kind_text, kind);
    value->value.e8 = value_e8;
    CB_ASSERT(full_name.used + 1 < sizeof(value->name));
    hash_value(limits, value);
}

static int64_t seconds_e8(int64_t duration_ns)
{
    return duration_ns / (CB_NS_PER_S / CB_E8);
}

static void add_param(
    risk_limits *limits, const risk_rule *rule, const cb_param *param, int64_t value)
{
    CB_ASSERT(value >= param->min);
    CB_ASSERT(value <= param->max);
    switch (param->kind) {
    case CB_PARAM_DECIMAL:
        add_value(limits, rule->name, param->name, "decimal", value);
        break;
    case CB_PARAM_COUNT:
        add_value(limits, rule->name, param->name, "count", value * CB_E8);
        break;
    case CB_PARAM_DURATION:
        add_value(limits, rule->name, param->name, "duration", seconds_e8(value));
        break;
    }
}

static void collect(const risk_config *config, risk_limits *limits)
{
    for (uint32_t i = 0; i < RISK_RULES_COUNT; i++) {
        const risk_rule *rule = risk_rules[i];
        CB_ASSERT(rule->params_count <= CB_PARAMS_PER_ENTRY_MAX);
        for (uint32_t k = 0; k < rule->params_count; k++) {
            add_param(limits, rule, &rule->params[k], config->rules[i][k]);
        }
    }
    add_value(limits, "permit", "ttl", "duration", seconds_e8(config->permit_ttl_ns));
    add_value(limits, "hold", "reducing_max", "duration", seconds_e8(config->hold_reducing_max_ns));
    add_value(limits, "size", "slippage", "decimal", config->slippage_e8);
    add_value(limits, "size", "fee_buffer", "decimal", config->fee_buffer_e8);
}

/* ---- the book ---- */

static int compare_names(const risk_limit *a, const risk_limit *b)
{
    char left[RISK_LIMIT_NAME_MAX];
    char right[RISK_LIMIT_NAME_MAX];
    risk_limit_name(a->kind, &a->scope, left);
    risk_limit_name(b->kind, &b->scope, right);
    return strcmp(left, right);
}

risk_limit *risk_book_find(risk_state *state, risk_limit_kind kind, const risk_scope *scope)
{
    const risk_limit wanted = {.kind = kind, .scope = *scope};
    CB_ASSERT(state->book_count <= RISK_LIMITS_MAX);
    for (uint32_t i = 0; i < state->book_count; i++) {
        if (compare_names(&state->book[i], &wanted) == 0) {
            return &state->book[i];
        }
    }
    return NULL;
}

bool risk_book_add(risk_state *state, const risk_limit *limit)
{
    CB_ASSERT(risk_book_find(state, limit->kind, &limit->scope) == NULL);
    CB_ASSERT(risk_limit_error(limit->kind, &limit->scope, limit->value_e8)[0] == '\0');
    if (state->book_count == RISK_LIMITS_MAX) {
        return false;
    }
    uint32_t place = state->book_count++;
    for (; place > 0 && compare_names(&state->book[place - 1], limit) > 0; place--) {
        state->book[place] = state->book[place - 1];
    }
    state->book[place] = *limit;
    return true;
}

void risk_book_remove(risk_state *state, risk_limit *limit)
{
    CB_ASSERT(limit >= state->book && limit < state->book + state->book_count);
    const size_t index = (size_t)(limit - state->book);
    memmove(limit, limit + 1, (state->book_count - index - 1) * sizeof(*limit));
    state->book_count--;
    state->book[state->book_count] = (risk_limit){.value_e8 = 0};
}

/* ---- the book as configured: "kind@scope=value; kind@scope=value" ---- */

#define LIMIT_TEXT_MAX 160

static cb_strview trimmed(cb_strview text)
{
    while (text.size > 0 && text.at[0] == ' ') {
        text.at++;
        text.size--;
    }
    while (text.size > 0 && text.at[text.size - 1] == ' ') {
        text.size--;
    }
    return text;
}

_Static_assert(RISK_CONFIG_TEXT_MAX / sizeof("order_qty@*=1") < RISK_LIMITS_CONFIGURED_MAX + 8,
    "a configured text holds about as many rows as there are places for them");

static const char *parse_item(cb_strview item, risk_limit *out)
{
    char text[LIMIT_TEXT_MAX];
    if (!cb_text_copy(text, sizeof(text), item)) {
        return "an item is too long";
    }
    char *equals = strchr(text, '=');
    if (equals == NULL) {
        return "an item is not kind@scope=value";
    }
    *equals = '\0';
    *out = (risk_limit){.value_e8 = 0};
    if (!risk_limit_name_parse(text, &out->kind, &out->scope)) {
        return "an item has no known kind, or a scope that cannot be read";
    }
    if (cb_decimal_parse(equals + 1, strlen(equals + 1), &out->value_e8, NULL) != CB_OK) {
        return "a value is no decimal";
    }
    return risk_limit_error(out->kind, &out->scope, out->value_e8);
}

/* Takes the next item of a text; false at its end. */
static bool next_item(const char **at, cb_strview *item)
{
    while (**at != '\0') {
        const char *end = strchr(*at, ';');
        const size_t size = end == NULL ? strlen(*at) : (size_t)(end - *at);
        *item = trimmed((cb_strview){*at, size});
        *at += end == NULL ? size : size + 1;
        if (item->size > 0) {
            return true;
        }
    }
    return false;
}

const char *risk_limits_text_error(const char *text)
{
    cb_strview item;
    risk_limit limit;
    CB_ASSERT(text != NULL);
    uint32_t count = 0;
    for (; next_item(&text, &item); count++) {
        const char *error = parse_item(item, &limit);
        if (error[0] != '\0') {
            return error;
        }
    }
    CB_ASSERT(*text == '\0');
    return count <= RISK_LIMITS_CONFIGURED_MAX ? "" : "there are too many items";
}

/* Once for each configured text: a row that the book does not have is added, one that it has may be
 * lowered. */
static void seed_book(risk_state *state)
{
    const char *text = state->config->limits;
    cb_strview item;
    risk_limit limit;
    while (next_item(&text, &item)) {
        const char *error = parse_item(item, &limit);
        CB_ASSERT(error[0] == '\0'); /* the shell has checked */
        risk_limit *known = risk_book_find(state, limit.kind, &limit.scope);
        if (known == NULL) {
            const bool is_added = risk_book_add(state, &limit);
            CB_ASSERT(is_added);
        } else if (limit.value_e8 < known->value_e8) {
            known->value_e8 = limit.value_e8;
        }
    }
}

static void collect_book(const risk_state *state, risk_limits *limits)
{
    CB_ASSERT(state->book_count <= RISK_LIMITS_MAX);
    for (uint32_t i = 0; i < state->book_count; i++) {
        const risk_limit *limit = &state->book[i];
        CB_ASSERT(limits->limits_count < LIMITS_MAX);
        risk_limit_value *value = &limits->limits[limits->limits_count++];
        risk_limit_name(limit->kind, &limit->scope, value->name);
        const bool fits = cb_text_copy(
            value->kind, sizeof(value->kind), cb_sv_from(risk_kinds[limit->kind].unit));
        CB_ASSERT(fits);
        value->value.e8 = limit->value_e8;
        hash_value(limits, value);
    }
}

void risk_limits_recover(risk_state *state, const risk_limits *row)
{
    CB_ASSERT(state->book_count == 0);
    state->limits = *row;
    for (uint32_t i = 0; i < row->limits_count; i++) {
        risk_limit limit = {.value_e8 = row->limits[i].value.e8};
        if (risk_limit_name_parse(row->limits[i].name, &limit.kind, &limit.scope)) {
            const bool is_added = risk_book_add(state, &limit);
            CB_ASSERT(is_added);
        }
    }
}

/* ---- versions ---- */

static void store_version(risk_step_context *step, const risk_limits *next)
{
    step->state->limits = *next;
    *CB_STORE(step->out, RISK_TABLE_LIMITS, risk_limits) = *next;
    CB_ASSERT(next->version > 0);
    CB_ASSERT(next->limits_count > 0);
}

static void publish_version(risk_step_context *step, const char *name, int64_t value_e8)
{
    const risk_limits *limits = &step->state->limits;
    cb_limits *said = CB_PUBLISH(step->out, CB_SUBJECT_LIMITS, CB_TABLE_NONE, cb_limits);
    memcpy(said->account, step->state->account.account, sizeof(said->account));
    const bool has_venue =
        cb_text_copy(said->venue, sizeof(said->venue), cb_sv_from(step->state->config->venue));
    CB_ASSERT(has_venue);
    said->version = limits->version;
    memcpy(said->hash, limits->hash, sizeof(said->hash));
    said->since_ns = limits->since_ns;
    memcpy(said->actor, limits->actor, sizeof(said->actor));
    memcpy(said->reason, limits->reason, sizeof(said->reason));
    const bool fits = cb_text_copy(said->name, sizeof(said->name), cb_sv_from(name));
    CB_ASSERT(fits);
    said->value.e8 = value_e8;
    CB_ASSERT(said->version > 0);
}

/* 0 only for versions of before there was a book. */
static int64_t seed_of(const risk_config *config)
{
    const uint64_t hash = cb_hash_text(CB_HASH_SEED, config->limits);
    CB_ASSERT(hash != 0);
    return (int64_t)(hash >> 1);
}

static void begin_version(
    const risk_step_context *step, const char *actor, const char *reason, risk_limits *next)
{
    const risk_state *state = step->state;
    *next = (risk_limits){.version = state->limits.version + 1, .since_ns = step->now_ns};
    bool fits = cb_text_copy(next->actor, sizeof(next->actor), cb_sv_from(actor));
    fits = cb_text_copy(next->reason, sizeof(next->reason), cb_sv_from(reason)) && fits;
    CB_ASSERT(fits);
    next->seed = seed_of(state->config);
    collect(state->config, next);
    collect_book(state, next);
    CB_ASSERT(next->limits_count > 0);
}

void risk_limits_begin(risk_step_context *step)
{
    risk_state *state = step->state;
    CB_ASSERT(state->is_recovered);
    const bool is_seeded = state->limits.seed == seed_of(state->config);
    if (!is_seeded) {
        seed_book(state);
    }
    risk_limits next;
    begin_version(step, "configuration", "as configured at the start", &next);
    const bool is_same = is_seeded && memcmp(state->limits.hash, next.hash, sizeof(next.hash)) == 0;
    if (!is_same) {
        store_version(step, &next);
        publish_version(step, "", 0);
    }
    CB_ASSERT(state->limits.version > 0);
}

void risk_limits_change(risk_step_context *step,
    const char *name,
    int64_t value_e8,
    const char *actor,
    const char *reason)
{
    risk_limits next;
    CB_ASSERT(step->state->limits.version > 0);
    begin_version(step, actor, reason, &next);
    store_version(step, &next);
    publish_version(step, name, value_e8);
    CB_ASSERT(step->state->limits.version == next.version);
}

uint64_t risk_limits_version(const risk_state *state)
{
    return state->limits.version;
}
