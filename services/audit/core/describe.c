/* The words of a record. They are for reading; what binds is the hash over the whole message. */
#include <string.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/textbuf.h"
#include "domain/enums.h"
#include "services/audit/core/audit.h"

static void put(char *out, size_t size, const char *text)
{
    cb_textbuf words = cb_textbuf_over(out, size);
    cb_textbuf_add(&words, text);
    CB_ASSERT(words.used < size);
}

static void put_id(char *out, size_t size, cb_id id)
{
    char text[CB_ID_TEXT_MAX];
    CB_ASSERT(size >= sizeof(text));
    cb_id_print(id, text);
    put(out, size, text);
}

static void begin(cb_audit_record *out, const char *kind, const cb_envelope *env)
{
    CB_ASSERT(out->kind[0] == '\0');
    put(out->kind, sizeof(out->kind), kind);
    put(out->actor, sizeof(out->actor), env->producer);
    out->event_id = env->event_id;
    out->correlation_id = env->correlation_id;
    out->event_ns = env->ts_ns;
}

/* "buy 0.4 BTCUSDT" */
static void add_terms(cb_textbuf *words, cb_side side, cb_qty qty, const char *symbol)
{
    cb_textbuf_add(words, CB_NAME(cb_side, side));
    cb_textbuf_add(words, " ");
    cb_textbuf_add_e8(words, qty.e8);
    cb_textbuf_add(words, " ");
    cb_textbuf_add(words, symbol);
}

static void add_pair(cb_textbuf *words, const char *name, const char *value)
{
    cb_textbuf_add(words, ", ");
    cb_textbuf_add(words, name);
    cb_textbuf_add(words, " ");
    cb_textbuf_add(words, value);
}

static void add_number(cb_textbuf *words, const char *name, uint64_t value)
{
    cb_textbuf_add(words, ", ");
    cb_textbuf_add(words, name);
    cb_textbuf_add(words, " ");
    cb_textbuf_add_i64(words, (int64_t)value);
}

static void add_money(cb_textbuf *words, const char *name, int64_t value_e8)
{
    cb_textbuf_add(words, ", ");
    cb_textbuf_add(words, name);
    cb_textbuf_add(words, " ");
    cb_textbuf_add_e8(words, value_e8);
}

void audit_describe_order(const cb_order *order, cb_audit_record *out)
{
    begin(out, "order", &order->env);
    put(out->action, sizeof(out->action), CB_NAME(cb_order_state, order->state));
    put_id(out->object, sizeof(out->object), order->intent_id);
    cb_textbuf words = cb_textbuf_over(out->detail, sizeof(out->detail));
    add_terms(&words, order->side, order->qty, order->symbol);
    add_pair(&words, "type", CB_NAME(cb_order_type, order->order_type));
    add_pair(&words, "purpose", CB_NAME(cb_purpose, order->purpose));
    add_number(&words, "version", order->version);
    add_money(&words, "done", order->cum_qty.e8);
    add_pair(&words, "account", order->account);
    add_pair(&words, "client id", order->client_order_id);
    add_pair(&words, "venue id", order->venue_order_id);
    add_number(&words, "lease epoch", order->lease_epoch);
    add_pair(&words, "reason", order->reason);
    cb_audit_body_hash(&cb_order_desc, order, out->body_hash);
}

void audit_describe_permit(const cb_permit *permit, cb_audit_record *out)
{
    begin(out, "permit", &permit->env);
    put(out->action, sizeof(out->action), "granted");
    put_id(out->object, sizeof(out->object), permit->intent_id);
    char id[CB_ID_TEXT_MAX];
    cb_id_print(permit->permit_id, id);
    cb_textbuf words = cb_textbuf_over(out->detail, sizeof(out->detail));
    add_terms(&words, permit->side, permit->qty, permit->symbol);
    add_pair(&words, "permit", id);
    add_pair(&words, "strategy", permit->strategy);
    add_money(&words, "reserved", permit->reserved.e8);
    add_number(&words, "limits version", permit->limits_version);
    add_number(&words, "rules passed", permit->verdicts_count);
    cb_audit_body_hash(&cb_permit_desc, permit, out->body_hash);
}

void audit_describe_denial(const cb_denial *denial, cb_audit_record *out)
{
    begin(out, "denial", &denial->env);
    put(out->action, sizeof(out->action), "denied");
    put_id(out->object, sizeof(out->object), denial->intent_id);
    cb_textbuf words = cb_textbuf_over(out->detail, sizeof(out->detail));
    cb_textbuf_add(&words, denial->symbol);
    add_pair(&words, "strategy", denial->strategy);
    add_pair(&words, "rule", denial->rule);
    add_money(&words, "observed", denial->observed.e8);
    add_money(&words, "limit", denial->limit.e8);
    cb_textbuf_add(&words, " ");
    cb_textbuf_add(&words, denial->unit);
    add_pair(&words, "reason", denial->detail);
    cb_audit_body_hash(&cb_denial_desc, denial, out->body_hash);
}

void audit_describe_fill(const cb_fill *fill, cb_audit_record *out)
{
    begin(out, "fill", &fill->env);
    put(out->action, sizeof(out->action), CB_NAME(cb_fill_source, fill->source));
    cb_textbuf object = cb_textbuf_over(out->object, sizeof(out->object));
    cb_textbuf_add(&object, fill->venue);
    cb_textbuf_add(&object, ":");
    cb_textbuf_add(&object, fill->symbol);
    cb_textbuf_add(&object, ":");
    cb_textbuf_add_i64(&object, (int64_t)fill->trade_id);
    char intent[CB_ID_TEXT_MAX];
    cb_id_print(fill->intent_id, intent);
    cb_textbuf words = cb_textbuf_over(out->detail, sizeof(out->detail));
    add_terms(&words, fill->side, fill->qty, fill->symbol);
    add_money(&words, "price", fill->price.e8);
    add_money(&words, "fee", fill->fee.e8);
    cb_textbuf_add(&words, " ");
    cb_textbuf_add(&words, fill->fee_asset);
    add_pair(&words, "account", fill->account);
    add_pair(&words, "intent", intent);
    cb_audit_body_hash(&cb_fill_desc, fill, out->body_hash);
}

void audit_describe_kill(const cb_kill *kill, cb_audit_record *out)
{
    begin(out, "kill", &kill->env);
    memset(out->actor, 0, sizeof(out->actor));
    put(out->actor, sizeof(out->actor), kill->actor);
    cb_textbuf action = cb_textbuf_over(out->action, sizeof(out->action));
    cb_textbuf_add(&action, "level ");
    cb_textbuf_add_i64(&action, kill->level);
    put(out->object, sizeof(out->object), kill->scope);
    cb_textbuf words = cb_textbuf_over(out->detail, sizeof(out->detail));
    cb_textbuf_add(&words, kill->reason);
    add_number(&words, "version", kill->version);
    cb_audit_body_hash(&cb_kill_desc, kill, out->body_hash);
}

void audit_describe_command(const cb_order_command *command, cb_audit_record *out)
{
    begin(out, "command", &command->env);
    memset(out->actor, 0, sizeof(out->actor));
    put(out->actor, sizeof(out->actor), command->actor);
    put(out->action, sizeof(out->action), CB_NAME(cb_command, command->kind));
    put_id(out->object, sizeof(out->object), command->intent_id);
    cb_textbuf words = cb_textbuf_over(out->detail, sizeof(out->detail));
    cb_textbuf_add(&words, command->reason);
    add_money(&words, "qty", command->qty.e8);
    add_pair(&words, "account", command->account);
    cb_audit_body_hash(&cb_order_command_desc, command, out->body_hash);
}

void audit_describe_config(const audit_config_seen *seen, cb_audit_record *out)
{
    char hash[2 * CB_AUDIT_HASH_SIZE + 1];
    cb_hex_print(seen->config_hash, sizeof(seen->config_hash), hash);
    put(out->kind, sizeof(out->kind), "config");
    put(out->actor, sizeof(out->actor), seen->service);
    put(out->action, sizeof(out->action), "in force");
    cb_textbuf object = cb_textbuf_over(out->object, sizeof(out->object));
    cb_textbuf_add(&object, "epoch ");
    cb_textbuf_add_i64(&object, (int64_t)seen->epoch);
    put(out->detail, sizeof(out->detail), hash);
    memcpy(out->body_hash, seen->config_hash, sizeof(out->body_hash));
}

void audit_describe_note(const cb_audit_note *note, cb_audit_record *out)
{
    begin(out, note->is_auth ? "auth" : "operator", &note->env);
    memset(out->actor, 0, sizeof(out->actor));
    put(out->actor, sizeof(out->actor), note->actor);
    put(out->action, sizeof(out->action), note->action);
    put(out->object, sizeof(out->object), note->object);
    put(out->detail, sizeof(out->detail), note->detail);
    cb_audit_body_hash(&cb_audit_note_desc, note, out->body_hash);
}
