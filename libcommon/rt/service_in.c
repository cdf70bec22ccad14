/* The consuming end of a hop. Each stream is pulled by this service's durable consumer, and what is
 * on the way to the exchange is heard directly too: whichever copy comes first has the effect, the
 * other is a duplicate, and only the stream's is acknowledged. A message takes effect when it is
 * the next of its sequence and what its producer said before it, on other subjects about the same
 * account, has had its effect. Its inbox row commits with the effect, the acknowledgement leaves
 * after that. Early ones are held, late ones dropped, missing ones asked for. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "rt/failpoint.h"
#include "rt/service_internal.h"
#include "wire/codec.h"

#define REPLAY_BATCH 256 /* rows of one replay, see service_out.c */
#define GAP_NS (2 * CB_NS_PER_S)
#define GAP_AT_START_NS (300 * CB_NS_PER_MS) /* what was in flight when the process ended */
#define START_PERIOD_NS (10 * CB_NS_PER_S)
#define UNANSWERED_MAX 2 /* replays asked in vain before the consumer is made anew */
#define HOP_HEADER "Cb-Hop"

/* The newest row of each key, without reading all of them. */
static const char SQL_KEYS[] =
    "WITH RECURSIVE k AS ("
    " (SELECT producer, key FROM inbox ORDER BY producer, key LIMIT 1)"
    " UNION ALL SELECT n.producer, n.key FROM k CROSS JOIN LATERAL"
    " (SELECT i.producer, i.key FROM inbox i WHERE (i.producer, i.key) > (k.producer, k.key)"
    " ORDER BY i.producer, i.key LIMIT 1) n)"
    " SELECT key, (SELECT max(i.seq) FROM inbox i WHERE i.producer = k.producer AND i.key = k.key)"
    " FROM k";
static const char SQL_DEAD[] =
    "INSERT INTO dead_letter (subject, key, seq, payload, error, ts_ns, attempts)"
    " VALUES ($1,$2,$3,$4,$5,$6,$7)";

/* ---- keys ---- */

bool rt_in_is_consumed(const cb_shell *shell, const cb_subject *row)
{
    return row->subject_class == CB_CLASS_STREAM &&
           cb_subject_is_consumer(row, shell->service->name);
}

/* The row named by a token of size bytes, when this service consumes it. */
bool rt_in_find(const cb_shell *shell, const char *token, size_t size, cb_subject_id *out)
{
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        if (row->subject_class == CB_CLASS_STREAM && strncmp(row->token, token, size) == 0 &&
            row->token[size] == '\0' && rt_in_is_consumed(shell, row)) {
            *out = (cb_subject_id)id;
            return true;
        }
    }
    return false;
}

/* The key, made when it is new; NULL when it is malformed or there are too many. */
static rt_in_key *get_key(cb_shell *shell, const char *key)
{
    for (uint32_t i = 0; i < shell->in.keys_count; i++) {
        if (strcmp(shell->in.keys[i].key, key) == 0) {
            return &shell->in.keys[i];
        }
    }
    const char *slash = strchr(key, '/');
    cb_subject_id id = CB_SUBJECT_COUNT;
    if (slash == NULL || shell->in.keys_count == RT_KEYS_MAX || strlen(key) >= RT_KEY_MAX ||
        strlen(slash + 1) >= RT_QUALIFIER_MAX || slash[1] == '\0' ||
        !rt_in_find(shell, key, (size_t)(slash - key), &id)) {
        return NULL;
    }
    rt_in_key *entry = &shell->in.keys[shell->in.keys_count++];
    *entry = (rt_in_key){.row = id};
    (void)snprintf(entry->key, sizeof(entry->key), "%s", key);
    (void)snprintf(entry->qualifier, sizeof(entry->qualifier), "%s", slash + 1);
    return entry;
}

static void take_key(void *context, const cb_row *row)
{
    rt_in_key *key = get_key(context, cb_row_text(row, 0));
    if (key != NULL) {
        key->applied_seq = (uint64_t)cb_row_i64(row, 1);
        key->announced_seq = key->applied_seq;
    }
}

cb_status rt_in_recover(cb_shell *shell, cb_err *err)
{
    return cb_pg_exec(shell->pg, SQL_KEYS, NULL, take_key, shell, err);
}

/* ---- what the producer's header says ---- */

typedef struct hop_header {
    char key[RT_KEY_MAX];
    uint64_t seq;
    int64_t attempts;
    char after[RT_AFTER_MAX];
} hop_header;

/* "ORDER/main 5 FILL=3,BALANCE=2" */
static bool parse_hop(const cb_bus_message *message, hop_header *out)
{
    const char *text = cb_bus_message_header(message, HOP_HEADER);
    const char *first = text != NULL ? strchr(text, ' ') : NULL;
    const char *second = first != NULL ? strchr(first + 1, ' ') : NULL;
    if (second == NULL) {
        return false;
    }
    return cb_text_copy(out->key, sizeof(out->key), (cb_strview){text, (size_t)(first - text)}) &&
           cb_u64_parse(
               (cb_strview){first + 1, (size_t)(second - first) - 1}, INT64_MAX, &out->seq) &&
           out->seq > 0 && cb_text_copy(out->after, sizeof(out->after), cb_sv_from(second + 1));
}

/* The key must be that of the subject: nobody may count in another row's sequence. */
static rt_in_key *key_of(cb_shell *shell, const cb_inbox_item *item, const hop_header *hop)
{
    const cb_subject *row = cb_subject_get((cb_subject_id)item->row);
    char expected[RT_KEY_MAX];
    const int length = snprintf(
        expected, sizeof(expected), "%s/%s", row->token, rt_last_token(item->message.subject));
    if (length < 0 || (size_t)length >= sizeof(expected) || strcmp(expected, hop->key) != 0) {
        return NULL;
    }
    return get_key(shell, hop->key);
}

/* True when every message named in after, of the rows that this service consumes, had its effect.
 * What is missing is remembered as announced, so that it will be asked for. */
static bool is_after_done(cb_shell *shell, const rt_in_key *own, const char *after)
{
    bool is_done = true;
    const char *at = after;
    while (*at != '\0') {
        const size_t size = strcspn(at, ",");
        const char *equals = memchr(at, '=', size);
        cb_subject_id id = CB_SUBJECT_COUNT;
        uint64_t seq = 0;
        if (equals != NULL && rt_in_find(shell, at, (size_t)(equals - at), &id) &&
            cb_u64_parse(
                (cb_strview){equals + 1, (size_t)(at + size - equals) - 1}, INT64_MAX, &seq)) {
            char key_text[RT_KEY_MAX + RT_QUALIFIER_MAX];
            (void)snprintf(
                key_text, sizeof(key_text), "%s/%s", cb_subject_get(id)->token, own->qualifier);
            rt_in_key *key = get_key(shell, key_text);
            if (key != NULL && key->applied_seq < seq) {
                key->announced_seq = seq > key->announced_seq ? seq : key->announced_seq;
                is_done = false;
            }
        }
        at += size;
        at += *at == ',' ? 1 : 0;
    }
    return is_done;
}

/* ---- dead letters ---- */

static void bury(
    cb_shell *shell, const cb_bus_message *message, const hop_header *hop, const char *why)
{
    cb_metric_add(shell->counts.dead_letters, 1);
    CB_LOG(shell->log,
        CB_LOG_ERROR,
        "dead_letter",
        CB_KV("subject", message->subject),
        CB_KV("error", why));
    cb_params *params = &shell->params;
    const size_t size = message->size < RT_ENCODED_MAX ? message->size : RT_ENCODED_MAX;
    cb_params_reset(params);
    cb_params_text(params, message->subject);
    if (hop != NULL) {
        cb_params_text(params, hop->key);
        cb_params_u64(params, hop->seq);
    } else {
        cb_params_null(params);
        cb_params_null(params);
    }
    cb_params_bytes(params, message->bytes, size);
    cb_params_text(params, why);
    cb_params_i64(params, cb_shell_now_ns(shell));
    cb_params_i64(params, hop != NULL ? hop->attempts : 1);
    rt_txn_statement(shell, SQL_DEAD, params);
    if (hop == NULL) {
        const rt_effect ack = {.kind = RT_EFFECT_ACK, .text = message->reply};
        rt_txn_effect(shell, &ack);
    }
}

/* ---- taking effect ---- */

static cb_status decode(
    cb_shell *shell, const cb_inbox_item *item, uint64_t seq, const rt_in_key *key, cb_err *err)
{
    const cb_subject_id id = (cb_subject_id)item->row;
    const cb_subject *row = cb_subject_get(id);
    cb_status status =
        cb_decode(cb_msg_desc(row->msg), item->message.bytes, item->message.size, shell->body, err);
    if (status != CB_OK) {
        return status;
    }
    const cb_envelope *env = cb_msg_envelope(shell->body);
    char expected[CB_SUBJECT_TEXT_MAX];
    status = cb_subject_for(id, shell->body, row->owner, expected, err);
    if (status == CB_OK && strcmp(expected, item->message.subject) != 0) {
        status = CB_FAIL(err, CB_E_CORRUPT, "the body belongs to %s", expected);
    }
    if (status == CB_OK && (env->seq != seq || strcmp(env->producer, row->owner) != 0)) {
        status = CB_FAIL(
            err, CB_E_CORRUPT, "the envelope is not message %" PRIu64 " of %s", seq, key->key);
    }
    return status;
}

/* The message is the next of its key: step it, or bury it when it cannot be read. */
static void apply(cb_shell *shell, const cb_inbox_item *item, rt_in_key *key, uint64_t seq)
{
    const cb_bus_message *message = &item->message;
    const cb_subject *row = cb_subject_get((cb_subject_id)item->row);
    rt_hop hop = {.key = (uint32_t)(key - shell->in.keys), .seq = seq, .ack = message->reply};
    cb_err err;
    CB_ASSERT(seq == key->applied_seq + 1);
    key->applied_seq = seq;
    shell->received[item->row]++;
    cb_status status = decode(shell, item, seq, key, &err);
    if (FP("*.before_step")) {
        status = CB_FAIL(&err, CB_E_CORRUPT, "failpoint");
    }
    const rt_poison *poison = rt_crash_poison(shell, key->key, seq);
    if (poison != NULL) {
        status = CB_FAIL(&err, CB_E_STATE, "it ended the process again and again");
        rt_crash_stop_account(shell, key->qualifier);
    }
    if (status != CB_OK) {
        hop_header header = {.seq = seq};
        (void)snprintf(header.key, sizeof(header.key), "%s", key->key);
        header.attempts = poison != NULL ? poison->crashes_count : 1;
        bury(shell, message, &header, err.text);
        rt_hop_done(shell, &hop);
        rt_txn_end_event(shell);
        return;
    }
    const cb_envelope *env = cb_msg_envelope(shell->body);
    hop.epoch = env->epoch;
    hop.event_id = env->event_id;
    const rt_feed_args args = {(uint32_t)row->msg,
        shell->body,
        cb_msg_desc(row->msg)->size,
        message->bytes,
        message->size,
        &hop};
    rt_crash_working(key->key, seq);
    rt_feed(shell, &args);
    rt_crash_working(NULL, 0);
}

/* Had its effect already: acknowledge again, but not before a commit that may be under way. */
static void drop_duplicate(cb_shell *shell, const cb_bus_message *message)
{
    cb_metric_add(shell->counts.duplicates, 1);
    const rt_effect ack = {.kind = RT_EFFECT_ACK, .text = message->reply};
    rt_txn_effect(shell, &ack);
    rt_txn_end_event(shell);
}

static uint64_t distance(const rt_in *in, uint32_t key, uint64_t seq)
{
    return seq - in->keys[key].applied_seq;
}

/* Of a full house, the one that has longest to wait. */
static rt_held *farthest_held(rt_in *in)
{
    rt_held *farthest = &in->held[0];
    for (uint32_t i = 1; i < in->held_count; i++) {
        if (distance(in, in->held[i].key, in->held[i].seq) >
            distance(in, farthest->key, farthest->seq)) {
            farthest = &in->held[i];
        }
    }
    return farthest;
}

/* There is no room for it while an earlier one is missing. Acknowledged, so that the stream flows
 * on to what is missing; the producer replays it from its outbox afterwards. */
static void let_go(cb_shell *shell, const cb_inbox_item *item)
{
    cb_metric_add(shell->counts.shed, 1);
    const rt_effect ack = {.kind = RT_EFFECT_ACK, .text = item->message.reply};
    rt_txn_effect(shell, &ack);
    rt_txn_end_event(shell);
    cb_bus_message_free(&item->message);
}

static void hold(cb_shell *shell, const cb_inbox_item *item, rt_in_key *key, const hop_header *hop)
{
    rt_in *in = &shell->in;
    const uint32_t index = (uint32_t)(key - in->keys);
    for (uint32_t i = 0; i < in->held_count; i++) {
        if (in->held[i].key == index && in->held[i].seq == hop->seq) {
            /* The newer copy has the live ack, unless it was heard directly and has none. */
            const cb_inbox_item older = in->held[i].item;
            in->held[i].item = item->message.reply[0] != '\0' ? *item : older;
            cb_bus_message_free(item->message.reply[0] != '\0' ? &older.message : &item->message);
            return;
        }
    }
    rt_held *held = NULL;
    if (in->held_count < RT_HELD_MAX) {
        held = &in->held[in->held_count++];
    } else {
        held = farthest_held(in);
        const bool is_nearer = distance(in, index, hop->seq) < distance(in, held->key, held->seq);
        const cb_inbox_item *dropped = is_nearer ? &held->item : item;
        let_go(shell, dropped);
        if (!is_nearer) {
            return;
        }
        in->held_of_row[in->keys[held->key].row]--;
    }
    in->held_of_row[key->row]++;
    held->item = *item;
    held->key = index;
    held->seq = hop->seq;
    (void)snprintf(held->after, sizeof(held->after), "%s", hop->after);
}

static bool is_next(cb_shell *shell, const rt_in_key *key, uint64_t seq, const char *after)
{
    return seq == key->applied_seq + 1 && is_after_done(shell, key, after);
}

/* Lets those go whose time has come; each may make room for others. */
static void release_held(cb_shell *shell)
{
    rt_in *in = &shell->in;
    for (uint32_t i = 0; i < in->held_count;) {
        rt_in_key *key = &in->keys[in->held[i].key];
        const bool is_late = in->held[i].seq <= key->applied_seq;
        if (!is_late && !is_next(shell, key, in->held[i].seq, in->held[i].after)) {
            i++;
            continue;
        }
        if (rt_crash_is_careful(shell) && !rt_txn_is_idle(shell)) {
            break; /* one message per transaction; the tick goes on */
        }
        const rt_held held = in->held[i];
        in->held[i] = in->held[--in->held_count];
        in->held_of_row[key->row]--;
        if (is_late) {
            drop_duplicate(shell, &held.item.message);
        } else {
            apply(shell, &held.item, key, held.seq);
        }
        cb_bus_message_free(&held.item.message);
        i = 0;
    }
    rt_pull_more(shell);
}

void rt_in_message(cb_shell *shell, const cb_inbox_item *item)
{
    const cb_bus_message *message = &item->message;
    hop_header hop = {.seq = 0};
    rt_in_key *key = NULL;
    if (shell->pg == NULL || !rt_in_is_consumed(shell, cb_subject_get((cb_subject_id)item->row))) {
        cb_bus_message_free(message);
        return;
    }
    if (parse_hop(message, &hop)) {
        key = key_of(shell, item, &hop);
    }
    if (key == NULL && message->reply[0] == '\0') {
        cb_bus_message_free(message); /* heard directly: the stream's copy is buried */
        return;
    }
    if (key == NULL) {
        bury(shell, message, NULL, "no header that places it in its producer's sequence");
        rt_txn_end_event(shell);
        cb_bus_message_free(message);
        return;
    }
    key->announced_seq = hop.seq > key->announced_seq ? hop.seq : key->announced_seq;
    if (hop.seq <= key->applied_seq) {
        drop_duplicate(shell, message);
    } else if (is_next(shell, key, hop.seq, hop.after)) {
        apply(shell, item, key, hop.seq);
    } else {
        hold(shell, item, key, &hop);
        return;
    }
    cb_bus_message_free(message);
    release_held(shell);
}

/* ---- gaps ---- */

void rt_in_announced(cb_shell *shell, const cb_heartbeat *beat)
{
    for (uint32_t i = 0; i < beat->outbox_count; i++) {
        rt_in_key *key = get_key(shell, beat->outbox[i].key);
        if (key == NULL || strcmp(cb_subject_get(key->row)->owner, beat->service) != 0) {
            continue;
        }
        const uint64_t seq = beat->outbox[i].seq;
        if (seq < key->applied_seq) {
            CB_LOG(shell->log,
                CB_LOG_ERROR,
                "producer_went_back",
                CB_KV("key", key->key),
                CB_KI("announced_seq", seq),
                CB_KI("applied_seq", key->applied_seq));
        }
        key->announced_seq = seq > key->announced_seq ? seq : key->announced_seq;
    }
}

static void ask_replay(cb_shell *shell, rt_in_key *key)
{
    cb_replay ask = {.from_seq = key->applied_seq + 1};
    const char *owner = cb_subject_get(key->row)->owner;
    (void)snprintf(ask.consumer, sizeof(ask.consumer), "%s", shell->service->name);
    (void)snprintf(ask.key, sizeof(ask.key), "%s", key->key);
    char subject[CB_SUBJECT_TEXT_MAX];
    cb_err err;
    if (cb_subject_for(CB_SUBJECT_REPLAY, &ask, owner, subject, &err) != CB_OK) {
        return;
    }
    rt_envelope_core(shell, &ask, subject);
    const size_t size = rt_encode(shell, cb_msg_desc(CB_MSG_REPLAY), &ask);
    if (cb_bus_publish(shell->bus, subject, NULL, shell->encoded, size, &err) == CB_OK) {
        cb_metric_add(shell->counts.replays_asked, 1);
        CB_LOG(shell->log,
            CB_LOG_WARN,
            "gap",
            CB_KV("producer", owner),
            CB_KV("key", key->key),
            CB_KI("from_seq", ask.from_seq),
            CB_KI("announced_seq", key->announced_seq));
    }
}

static bool is_next_held(const cb_shell *shell, const rt_in_key *key)
{
    for (uint32_t i = 0; i < shell->in.held_count; i++) {
        if (&shell->in.keys[shell->in.held[i].key] == key &&
            shell->in.held[i].seq == key->applied_seq + 1) {
            return true;
        }
    }
    return false;
}

/* A living producer was asked from the same place again and again and nothing has come: what it
 * publishes does not reach us. */
static void count_unanswered(cb_shell *shell, rt_in_key *key)
{
    const bool is_same = key->asked_seq == key->applied_seq + 1;
    key->unanswered_count = is_same ? key->unanswered_count + 1 : 0;
    if (key->unanswered_count >= UNANSWERED_MAX &&
        cb_shell_peer_fresh(shell, cb_subject_get(key->row)->owner, 2 * GAP_NS)) {
        key->unanswered_count = 0;
        rt_regress_rebuild(shell, key->row, "replays do not arrive");
    }
}

static void watch_key(cb_shell *shell, rt_in_key *key, int64_t now_ns)
{
    if (key->announced_seq <= key->applied_seq) {
        key->gap_mono_ns = 0;
        key->asked_seq = 0;
        return;
    }
    /* A backlog that is being worked off is no gap. */
    const bool is_moving = key->watched_seq != key->applied_seq && key->asked_seq == 0;
    key->watched_seq = key->applied_seq;
    if (key->gap_mono_ns == 0 || is_moving) {
        key->gap_mono_ns = now_ns;
    }
    const bool is_start = now_ns - shell->started_mono_ns < START_PERIOD_NS;
    const int64_t patience_ns = is_start ? GAP_AT_START_NS : GAP_NS;
    /* What is here and waits for another stream is not missing. */
    if (now_ns - key->gap_mono_ns < patience_ns || is_next_held(shell, key)) {
        return;
    }
    /* A producer replays a bounded batch; when that is through, the next is asked for at once. */
    const bool is_batch_through = key->applied_seq + 1 >= key->asked_seq + REPLAY_BATCH;
    if (now_ns - key->asked_mono_ns >= GAP_NS || (key->asked_seq != 0 && is_batch_through)) {
        count_unanswered(shell, key);
        key->asked_mono_ns = now_ns;
        key->asked_seq = key->applied_seq + 1;
        ask_replay(shell, key);
    }
}

void rt_in_tick(cb_shell *shell)
{
    const int64_t now_ns = cb_mono_ns();
    for (uint32_t i = 0; i < shell->in.keys_count; i++) {
        watch_key(shell, &shell->in.keys[i], now_ns);
    }
    if (rt_crash_is_careful(shell) && shell->in.held_count > 0) {
        release_held(shell);
    }
}

bool rt_in_has_gap(const cb_shell *shell, const char **key)
{
    for (uint32_t i = 0; i < shell->in.keys_count; i++) {
        if (shell->in.keys[i].announced_seq > shell->in.keys[i].applied_seq) {
            if (key != NULL) {
                *key = shell->in.keys[i].key;
            }
            return true;
        }
    }
    return false;
}

void rt_in_release(cb_shell *shell)
{
    for (uint32_t i = 0; i < shell->in.held_count; i++) {
        cb_bus_message_free(&shell->in.held[i].item.message);
    }
    shell->in.held_count = 0;
    memset(shell->in.held_of_row, 0, sizeof(shell->in.held_of_row));
}
