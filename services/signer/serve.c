/* One request of a peer: who may ask it, whether the payload is one that the key's purpose allows,
 * the signature, or a refusal in words. What is refused is logged and counted, never its bytes. */
#include "services/signer/signer.h"

#include <string.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "base/timefmt.h"

typedef struct answer {
    cb_signer_status status;
    char api_key[CB_SIGNER_KEY_MAX];
    char text[CB_SIGNER_TEXT_MAX];
} answer;

static void say(answer *to, cb_signer_status status, const char *words)
{
    to->status = status;
    cb_textbuf text = cb_textbuf_over(to->text, sizeof(to->text));
    cb_textbuf_add(&text, words);
}

static void send_answer(signer_conn *conn, cb_signer_op op, uint32_t id, const answer *from)
{
    cb_signer_reply reply = {.op = op,
        .id = id,
        .status = from->status,
        .text = from->text,
        .text_size = strlen(from->text)};
    memcpy(reply.api_key, from->api_key, sizeof(reply.api_key));
    signer_conn_reply(conn, &reply);
}

/* ---- signatures ---- */

/* The key that the request names, fit to be used; SIGNER_NO_KEY with an answer otherwise. */
static uint32_t find_key(signer *self, const cb_signer_request *request, answer *to)
{
    const uint32_t index =
        signer_vault_find(&self->vault, request->account, request->venue, request->purpose);
    if (index == SIGNER_NO_KEY) {
        say(to, CB_SIGNER_NO_KEY, "there is no key for this account, venue and purpose");
        return SIGNER_NO_KEY;
    }
    const signer_label *label = &self->vault.file.rows[index].label;
    if (label->is_disabled) {
        say(to, CB_SIGNER_DISABLED, label->why);
        return SIGNER_NO_KEY;
    }
    return index;
}

static bool is_of_now(const signer *self, int64_t sign_ts_ns)
{
    const int64_t skew_ns = self->config->timestamp_skew_ns;
    const int64_t away_ns = sign_ts_ns - cb_wall_ns();
    return skew_ns == 0 || (away_ns <= skew_ns && away_ns >= -skew_ns);
}

/* True when the payload is one of those that may be signed for this purpose, now. */
static bool judge(signer *self,
    const cb_signer_request *request,
    uint32_t index,
    cb_venue_recognized *found,
    answer *to)
{
    cb_err err = {0};
    char api_key[CB_SIGNER_KEY_MAX];
    const cb_strview payload = {request->payload, request->payload_size};
    if (self->venue->recognize(payload, found, &err) != CB_OK) {
        say(to, CB_SIGNER_REFUSED, err.text);
        return false;
    }
    if (!signer_may(request->purpose, found->uses)) {
        say(to, CB_SIGNER_REFUSED, "the purpose of the key does not allow this request");
        return false;
    }
    if (!is_of_now(self, found->sign_ts_ns)) {
        say(to, CB_SIGNER_REFUSED, "the timestamp is not of now");
        return false;
    }
    signer_vault_api_key(&self->vault, index, api_key);
    if (found->api_key[0] != '\0' && strcmp(found->api_key, api_key) != 0) {
        say(to, CB_SIGNER_REFUSED, "the payload names another key");
        return false;
    }
    memcpy(to->api_key, api_key, sizeof(to->api_key));
    return true;
}

static bool take_cap(signer *self, uint32_t index, uint32_t uses, answer *to)
{
    const bool is_order = (uses & CB_VENUE_USE_ORDER) != 0;
    signer_cap *cap = is_order ? &self->vault.orders[index] : &self->vault.others[index];
    if (!signer_cap_take(cap, cb_mono_ns())) {
        cb_metric_add(self->metrics.limited, 1);
        say(to,
            CB_SIGNER_LIMITED,
            is_order ? "more orders than this minute's cap"
                     : "more requests than this minute's cap");
        return false;
    }
    return true;
}

static void sign(signer *self, const cb_signer_request *request, answer *to)
{
    cb_err err = {0};
    cb_venue_recognized found;
    const uint32_t index = find_key(self, request, to);
    if (index == SIGNER_NO_KEY || !judge(self, request, index, &found, to) ||
        !take_cap(self, index, found.uses, to)) {
        return;
    }
    char signature[CB_VENUE_SIGNATURE_MAX];
    const cb_status status = signer_vault_sign(
        &self->vault, index, self->venue, request->payload, request->payload_size, signature, &err);
    say(to,
        status == CB_OK ? CB_SIGNER_OK : CB_SIGNER_FAILED,
        status == CB_OK ? signature : err.text);
    if (status == CB_OK) {
        cb_metric_add(self->metrics.signed_count, 1);
    }
}

static void serve_sign(signer *self, const cb_signer_request *request, answer *to)
{
    const int64_t begun_ns = cb_mono_ns();
    sign(self, request, to);
    cb_metric_observe_ns(self->metrics.duration, cb_mono_ns() - begun_ns);
    if (to->status == CB_SIGNER_OK) {
        return;
    }
    memset(to->api_key, 0, sizeof(to->api_key));
    cb_metric_add(self->metrics.refused, 1);
    CB_LOG(self->log,
        CB_LOG_WARN,
        "not_signed",
        CB_KV("account", request->account),
        CB_KV("purpose", cb_key_purpose_name(request->purpose)),
        CB_KV("status", cb_signer_status_name(to->status)),
        CB_KV("why", to->text));
}

static void serve_describe(signer *self, const cb_signer_request *request, answer *to)
{
    const uint32_t index = find_key(self, request, to);
    if (index != SIGNER_NO_KEY) {
        signer_vault_api_key(&self->vault, index, to->api_key);
    }
}

/* ---- administration ---- */

static bool is_plain_name(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        const bool is_fine = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                             (*at >= '0' && *at <= '9') || *at == '-' || *at == '_';
        if (!is_fine) {
            return false;
        }
    }
    return text[0] != '\0';
}

/* False when the answer is there already; true: the venue is being asked. */
static bool serve_add(
    signer *self, const signer_conn *conn, const cb_signer_request *request, answer *to)
{
    if (!is_plain_name(request->account) || request->purpose == 0 ||
        strcmp(request->venue, self->config->venue) != 0) {
        say(to, CB_SIGNER_BAD_KEY, "account, purpose or venue are not of this signer");
        return false;
    }
    if (!is_plain_name(request->api_key) || request->api_secret[0] == '\0') {
        say(to, CB_SIGNER_BAD_KEY, "the API key or its secret are missing or malformed");
        return false;
    }
    if (self->adding.is_busy) {
        say(to, CB_SIGNER_FAILED, "another key is being added: try again");
        return false;
    }
    signer_adding *adding = &self->adding;
    *adding = (signer_adding){.is_busy = true,
        .conn = signer_conn_number(conn),
        .request_id = request->id,
        .label = {.purpose = request->purpose, .added_ns = cb_wall_ns()}};
    memcpy(adding->label.account, request->account, sizeof(adding->label.account));
    memcpy(adding->label.venue, request->venue, sizeof(adding->label.venue));
    signer_vault_hold(&self->vault, request->api_key, request->api_secret);
    signer_check_candidate(self, request->purpose);
    return true;
}

static void log_change(
    const signer *self, const char *event, const signer_label *label, uint32_t version)
{
    CB_LOG(self->log,
        CB_LOG_INFO,
        event,
        CB_KV("account", label->account),
        CB_KV("venue", label->venue),
        CB_KV("purpose", cb_key_purpose_name(label->purpose)),
        CB_KI("version", version));
}

static void keep_candidate(signer *self, answer *to)
{
    cb_err err = {0};
    uint32_t version = 0;
    signer_label *label = &self->adding.label;
    label->checked_ns = cb_wall_ns();
    if (signer_vault_add(&self->vault, label, &version, &err) != CB_OK) {
        cb_log_err(self->log, CB_LOG_ERROR, "key_not_kept", &err);
        say(to, CB_SIGNER_FAILED, err.text);
        return;
    }
    log_change(self, "key_added", label, version);
    char words[64];
    cb_textbuf text = cb_textbuf_over(words, sizeof(words));
    cb_textbuf_add(&text, "version ");
    cb_textbuf_add_u64(&text, version);
    say(to, CB_SIGNER_OK, words);
}

void signer_finish_add(signer *self, cb_signer_status status, const char *why)
{
    answer to = {.status = CB_SIGNER_OK};
    CB_ASSERT(self->adding.is_busy);
    if (status == CB_SIGNER_OK) {
        keep_candidate(self, &to);
    } else {
        say(&to, status, why);
        CB_LOG(self->log,
            CB_LOG_WARN,
            "key_refused",
            CB_KV("account", self->adding.label.account),
            CB_KV("purpose", cb_key_purpose_name(self->adding.label.purpose)),
            CB_KV("why", why));
    }
    signer_vault_drop_candidate(&self->vault);
    self->adding.is_busy = false;
    signer_refresh_metrics(self);
    signer_conn *conn = signer_door_find(self, self->adding.conn);
    if (conn != NULL) {
        send_answer(conn, CB_SIGNER_ADD, self->adding.request_id, &to);
    }
}

static void add_line(const signer *self, uint32_t index, cb_textbuf *text)
{
    char api_key[CB_SIGNER_KEY_MAX];
    char masked[8];
    const signer_label *label = &self->vault.file.rows[index].label;
    signer_vault_api_key(&self->vault, index, api_key);
    signer_mask(api_key, masked);
    cb_textbuf_add(text, "\n");
    cb_textbuf_add(text, label->account);
    cb_textbuf_add(text, "\t");
    cb_textbuf_add(text, label->venue);
    cb_textbuf_add(text, "\t");
    cb_textbuf_add(text, cb_key_purpose_name(label->purpose));
    cb_textbuf_add(text, "\t");
    cb_textbuf_add_u64(text, label->version);
    cb_textbuf_add(text, "\t");
    cb_textbuf_add(text, masked);
    cb_textbuf_add(text, "\t");
    cb_textbuf_add_i64(text, label->added_ns);
    cb_textbuf_add(text, "\t");
    cb_textbuf_add_i64(text, label->checked_ns);
    cb_textbuf_add(text, "\t");
    cb_textbuf_add(text, label->is_disabled ? label->why : "ok");
}

static void serve_list(const signer *self, answer *to)
{
    cb_textbuf text = cb_textbuf_over(to->text, sizeof(to->text));
    cb_textbuf_add(&text, cb_signer_list_head);
    for (uint32_t i = 0; i < self->vault.file.rows_count; i++) {
        add_line(self, i, &text);
    }
}

static void serve_remove(signer *self, const cb_signer_request *request, answer *to)
{
    cb_err err = {0};
    const uint32_t index =
        signer_vault_find(&self->vault, request->account, request->venue, request->purpose);
    if (index == SIGNER_NO_KEY) {
        say(to, CB_SIGNER_NO_KEY, "there is no key for this account, venue and purpose");
        return;
    }
    const signer_label label = self->vault.file.rows[index].label;
    if (signer_vault_remove(&self->vault, index, &err) != CB_OK) {
        cb_log_err(self->log, CB_LOG_ERROR, "key_not_removed", &err);
        say(to, CB_SIGNER_FAILED, err.text);
        return;
    }
    log_change(self, "key_removed", &label, label.version);
    signer_refresh_metrics(self);
}

static void serve_rotate(signer *self, answer *to)
{
    cb_err err = {0};
    char id[2 * SIGNER_KEK_ID_SIZE + 1];
    if (signer_vault_rotate(&self->vault, &err) != CB_OK) {
        cb_log_err(self->log, CB_LOG_ERROR, "kek_not_rotated", &err);
        say(to, CB_SIGNER_FAILED, err.text);
        return;
    }
    cb_hex_print(self->vault.file.kek_id, SIGNER_KEK_ID_SIZE, id);
    CB_LOG(self->log,
        CB_LOG_INFO,
        "kek_rotated",
        CB_KV("kek_id", id),
        CB_KI("keys", self->vault.file.rows_count));
    say(to, CB_SIGNER_OK, id);
}

/* ---- the door's side ---- */

static void deny(signer *self, answer *to)
{
    cb_metric_add(self->metrics.denied, 1);
    say(to, CB_SIGNER_DENIED, "this peer may not ask that on this socket");
}

/* False: an answer follows later. */
static bool serve(signer *self, signer_conn *conn, const cb_signer_request *request, answer *to)
{
    const bool is_use = request->op == CB_SIGNER_SIGN || request->op == CB_SIGNER_DESCRIBE;
    const bool is_admin = signer_conn_is_admin(conn);
    if (is_use ? is_admin || !signer_conn_may(conn, request->purpose) : !is_admin) {
        deny(self, to);
        return true;
    }
    switch (request->op) {
    case CB_SIGNER_SIGN:
        serve_sign(self, request, to);
        return true;
    case CB_SIGNER_DESCRIBE:
        serve_describe(self, request, to);
        return true;
    case CB_SIGNER_ADD:
        return !serve_add(self, conn, request, to);
    case CB_SIGNER_LIST:
        serve_list(self, to);
        return true;
    case CB_SIGNER_REMOVE:
        serve_remove(self, request, to);
        return true;
    case CB_SIGNER_ROTATE:
    default:
        serve_rotate(self, to);
        return true;
    }
}

void signer_serve(signer *self, signer_conn *conn, const cb_signer_request *request)
{
    answer to;
    to.status = CB_SIGNER_OK;
    to.text[0] = '\0';
    memset(to.api_key, 0, sizeof(to.api_key));
    if (serve(self, conn, request, &to)) {
        send_answer(conn, request->op, request->id, &to);
    }
}
