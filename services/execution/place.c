/* Claim and send. The time that is signed is taken before the claim, so that a process that was
 * stopped in between holds a signature that the venue refuses; the signature itself is made by the
 * signer while the claim commits, and nothing is sent without it. The claim is one statement that
 * checks everything that can forbid the order at the moment it commits; then one POST, once. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "rt/failpoint.h"
#include "services/execution/claim.h"
#include "services/execution/core/describe.h"
#include "services/execution/shell.h"

static const char SQL_CLAIM[] = EXEC_SQL_CLAIM;
static const char SQL_CLAIM_PAIR[] = EXEC_SQL_CLAIM_PAIR;

/* Read only when the claim changed nothing: what stood in its way. */
static const char SQL_WHY[] =
    "SELECT o.state, o.not_after_ns <= coalesce($5::bigint,"
    " (extract(epoch FROM clock_timestamp()) * 1e9)::bigint), EXISTS (SELECT 1 FROM lease x"
    " WHERE x.account = o.account AND x.venue = o.venue AND x.owner = $2::uuid"
    " AND x.epoch = $3::bigint AND x.expires_at > clock_timestamp()), $4::uuid IS NULL"
    " FROM orders o WHERE o.intent_id = $1::uuid";

/* ---- claim ---- */

static void feed_claim(exec_shell *self, exec_claim_outcome outcome, const char *detail)
{
    exec_prepared *prepared = &self->prepared;
    exec_claim_result result = {.intent_id = prepared->order.intent_id,
        .outcome = outcome,
        .sign_ts_ns = prepared->sign_ts_ns};
    cb_textbuf text = cb_textbuf_over(result.detail, sizeof(result.detail));
    cb_textbuf_add(&text, detail);
    prepared->is_used = outcome == EXEC_CLAIM_DONE;
    cb_shell_feed(self->shell, EXEC_EVENT_CLAIM, &result, sizeof(result));
}

static void on_why(void *context, const cb_result *result, const cb_row *const *rows)
{
    exec_shell *self = context;
    if (result->status != CB_OK || result->rows_count != 1) {
        feed_claim(self, EXEC_CLAIM_FAILED, result->message);
        return;
    }
    if (!cb_text_equal(cb_row_text(rows[0], 0), "ready")) {
        /* The lease is ours and the row moved: memory and database disagree. Only a fresh start
         * knows what is true. */
        cb_shell_die(self->shell, "claim_row_moved", cb_row_text(rows[0], 0));
    }
    if (!cb_row_bool(rows[0], 2)) {
        cb_shell_die(self->shell, "lease_lost", "the claim found the lease gone");
    }
    feed_claim(self, cb_row_bool(rows[0], 1) ? EXEC_CLAIM_EXPIRED : EXEC_CLAIM_KILLED, "");
}

static void put_claim_identity(exec_shell *self)
{
    cb_params_reset(&self->params);
    cb_params_id(&self->params, self->prepared.order.intent_id);
    cb_params_id(&self->params, self->owner);
    cb_params_u64(&self->params, self->lease_epoch);
}

static void put_replayed_now(exec_shell *self)
{
    if (cb_shell_is_bus_clock(self->shell)) {
        cb_params_i64(&self->params, cb_shell_now_ns(self->shell));
    } else {
        cb_params_null(&self->params);
    }
}

static void ask_why(exec_shell *self)
{
    put_claim_identity(self);
    cb_params_null(&self->params);
    put_replayed_now(self);
    cb_pg_query(cb_shell_pg(self->shell), SQL_WHY, &self->params, on_why, self);
}

static void on_claimed(void *context, const cb_result *result, const cb_row *const *rows)
{
    (void)rows;
    exec_shell *self = context;
    exec_prepared *prepared = &self->prepared;
    CB_ASSERT(prepared->is_used);
    if (result->status == CB_E_UNKNOWN) {
        exec_claim_lost(self, result->message);
    }
    if (result->status != CB_OK) {
        feed_claim(self, EXEC_CLAIM_FAILED, result->message); /* rolled back for certain */
        return;
    }
    if (result->rows_count != (prepared->has_mate ? 2 : 1)) {
        ask_why(self);
        return;
    }
    prepared->claimed_mono_ns = cb_mono_ns();
    (void)FP("exec.after_claim");
    cb_metric_observe_ns(
        self->metrics.sign_to_claimed, prepared->claimed_mono_ns - prepared->begun_mono_ns);
    feed_claim(self, EXEC_CLAIM_DONE, "");
}

static void send_prepared(exec_shell *self);

/* t0 of order-path.md: everything that can fail locally fails here, before the claim. */
static cb_status prepare(exec_shell *self, const exec_claim *claim, cb_err *err)
{
    exec_prepared *prepared = &self->prepared;
    memset(prepared, 0, sizeof(*prepared));
    prepared->is_used = true;
    prepared->order = claim->order;
    prepared->begun_ns = cb_shell_now_ns(self->shell);
    prepared->begun_mono_ns = cb_mono_ns();
    prepared->sign_ts_ns = exec_sign_ts_ns(self);
    prepared->call = exec_describe_claim(claim, &prepared->params);
    prepared->has_mate = claim->has_mate;
    prepared->mate_intent_id = claim->mate.intent_id;
    const cb_venue_auth auth = {
        .sign_ts_ns = prepared->sign_ts_ns, .window_ms = claim->window_ms, .is_unsigned = true};
    if (!cb_signer_is_up(self->signer)) {
        return CB_FAIL(err, CB_E_UNAVAILABLE, "%s", cb_signer_why(self->signer));
    }
    return self->venue->build(prepared->call, &prepared->params, &auth, &prepared->request, err);
}

/* ---- signature ---- */

/* Which prepared order a signature was asked for: the next may stand in its place by then. */
typedef struct signing {
    exec_shell *self;
    uint64_t number;
} signing;

static void on_order_signed(void *context, const cb_signer_answer *answer)
{
    signing *asked = context;
    exec_shell *self = asked->self;
    exec_prepared *prepared = &self->prepared;
    const bool is_current = prepared->is_used && prepared->number == asked->number;
    cb_err err = {0};
    free(asked);
    if (!is_current) {
        return;
    }
    cb_textbuf why = cb_textbuf_over(prepared->why, sizeof(prepared->why));
    if (answer->status != CB_OK) {
        cb_textbuf_add(&why, answer->why);
    } else if (self->venue->attach(&prepared->request, answer->api_key, answer->signature, &err) !=
               CB_OK) {
        cb_textbuf_add(&why, err.text);
    } else {
        prepared->is_signed = true;
    }
    prepared->is_refused = !prepared->is_signed;
    cb_metric_observe_ns(self->metrics.signature, cb_mono_ns() - prepared->begun_mono_ns);
    if (prepared->is_wanted) {
        prepared->is_wanted = false;
        cb_metric_observe_ns(self->metrics.signature_wait, cb_mono_ns() - prepared->wanted_mono_ns);
        send_prepared(self);
    }
}

/* The signature is made while the claim commits: its time was taken before, so that it dies as
 * early as if it had been waited for, and the path is no longer for it. */
static void ask_signature(exec_shell *self)
{
    signing *asked = calloc(1, sizeof(*asked));
    CB_ASSERT(asked != NULL);
    self->prepared.number = ++self->signatures_count;
    *asked = (signing){self, self->prepared.number};
    const cb_strview payload = self->venue->payload(&self->prepared.request);
    cb_signer_sign(self->signer, payload.at, payload.size, on_order_signed, asked);
}

int64_t exec_risk_age_ns(const exec_shell *self)
{
    cb_heartbeat beat;
    int64_t age_ns = 0;
    if (!cb_shell_peer(self->shell, "risk", &beat, &age_ns)) {
        age_ns = cb_mono_ns() - self->opened_mono_ns; /* not heard of yet: we are new ourselves */
    }
    return age_ns;
}

static bool is_risk_silent(const exec_shell *self)
{
    /* In a replay all services share one machine and every decision must come out the same twice:
     * a hiccup of the machine is no reason to refuse there. */
    const int64_t factor = cb_shell_is_bus_clock(self->shell) ? 10 : 1;
    return exec_risk_age_ns(self) > factor * self->caps.rules.heartbeat_age_max_ns;
}

/* Values of the claim; they stand in self->params until the next statement is made. */
static const char *put_claim(exec_shell *self, const exec_claim *claim)
{
    ask_signature(self);
    (void)FP("exec.before_claim");
    put_claim_identity(self);
    self->prepared.nonce = cb_id_make("execution.claim", self->lease_epoch, ++self->claims_count);
    cb_params_id(&self->params, self->prepared.nonce);
    cb_params_i64(&self->params, self->prepared.sign_ts_ns);
    cb_params_i64(&self->params, claim->window_ms);
    put_replayed_now(self);
    if (!self->prepared.has_mate) {
        return SQL_CLAIM;
    }
    cb_params_id(&self->params, self->prepared.mate_intent_id);
    return SQL_CLAIM_PAIR;
}

static void note_age(exec_shell *self, const exec_claim *claim)
{
    if (claim->order.env.origin_ns > 0) {
        cb_metric_observe_ns(self->metrics.origin_to_claim,
            cb_shell_now_ns(self->shell) - claim->order.env.origin_ns);
    }
}

/* An order that is claimed as soon as it is there is claimed in the transaction that writes it.
 * What needs more than that (two legs, an order that takes another's place), and whatever cannot be
 * built, takes the longer way. */
bool exec_claim_early(exec_shell *self, const exec_claim *claim)
{
    cb_err err = {0};
    if (claim->has_mate || claim->replaces_venue_id[0] != '\0' || self->is_posting ||
        (!claim->order.reduce_only && is_risk_silent(self)) ||
        prepare(self, claim, &err) != CB_OK) {
        return false;
    }
    CB_ASSERT(claim->window_ms > 0);
    note_age(self, claim);
    const char *sql = put_claim(self, claim);
    cb_shell_join(self->shell, sql, &self->params, on_claimed, self);
    return true;
}

void exec_claim_order(exec_shell *self, const exec_claim *claim)
{
    /* What was prepared before may have been claimed and then refused by the core: it is
     * overwritten, never sent. The core's lane sees to it that no POST is waiting for its answer.
     */
    CB_ASSERT(!self->is_posting);
    CB_ASSERT(claim->window_ms > 0);
    cb_err err = {0};
    note_age(self, claim);
    const cb_status status = prepare(self, claim, &err);
    if (status != CB_OK) {
        feed_claim(self, EXEC_CLAIM_NOT_BUILT, err.text);
        return;
    }
    if (!claim->order.reduce_only && is_risk_silent(self)) {
        feed_claim(self, EXEC_CLAIM_RISK_SILENT, "");
        return;
    }
    const char *sql = put_claim(self, claim);
    cb_pg_query(cb_shell_pg_eager(self->shell), sql, &self->params, on_claimed, self);
}

/* ---- send ---- */

static void feed_placed(exec_shell *self, exec_order_answer *answer)
{
    answer->intent_id = self->prepared.order.intent_id;
    answer->answered_ns = cb_shell_now_ns(self->shell);
    self->prepared.is_used = false;
    self->is_posting = false;
    cb_metric_add(self->metrics.placed[answer->answer_class], 1);
    cb_shell_feed(self->shell, EXEC_EVENT_PLACED, answer, sizeof(*answer));
}

static void record_placed(
    exec_shell *self, const cb_http_answer *http, const exec_order_answer *answer)
{
    const exec_prepared *prepared = &self->prepared;
    const exec_record record = {.intent_id = prepared->order.intent_id,
        .correlation_id = prepared->order.env.correlation_id,
        .kind = "place",
        .request = &prepared->request,
        .answer = http,
        .answer_class = answer->answer_class,
        .reason = answer->reason,
        .at_ns = prepared->begun_ns,
        .begun_mono_ns = prepared->begun_mono_ns};
    exec_record_request(self, &record);
}

/* t4: what the answer means is the venue's matter; what it leads to, the core's. */
static void judge_placed(exec_shell *self, const cb_http_answer *http, exec_order_answer *out)
{
    const exec_prepared *prepared = &self->prepared;
    if (http->outcome != CB_HTTP_ANSWERED) {
        cb_textbuf reason = cb_textbuf_over(out->reason, sizeof(out->reason));
        out->retry_after_s = -1;
        out->answer_class =
            http->outcome == CB_HTTP_NOT_SENT ? CB_ANSWER_NOT_SENT : CB_ANSWER_UNKNOWN;
        cb_textbuf_add(&reason, http->detail);
        return;
    }
    const exec_venue_text text = {
        http->status, (cb_strview){http->body, http->body_size}, http->retry_after_s};
    exec_judge_placed(self->venue, prepared->call, &prepared->params, &text, &self->judged, out);
}

static void observe_placed(exec_shell *self, const cb_http_answer *http)
{
    const exec_prepared *prepared = &self->prepared;
    if (http->sent_mono_ns > 0) {
        cb_metric_observe_ns(
            self->metrics.claimed_to_socket, http->sent_mono_ns - prepared->claimed_mono_ns);
    }
    if (http->sent_mono_ns > 0 && http->first_byte_mono_ns > 0) {
        cb_metric_observe_ns(
            self->metrics.socket_to_answer, http->first_byte_mono_ns - http->sent_mono_ns);
    }
}

static void on_placed(void *context, const cb_http_answer *http)
{
    exec_shell *self = context;
    CB_ASSERT(self->prepared.is_used);
    (void)FP("exec.before_outcome_commit");
    exec_note_answer(self, http);
    exec_order_answer answer = {.retry_after_s = -1};
    judge_placed(self, http, &answer);
    observe_placed(self, http);
    /* The record refers to what was prepared, which the next claim overwrites; its statement is
     * copied here and goes to the database behind the outcome's own transaction or before it. */
    record_placed(self, http, &answer);
    feed_placed(self, &answer);
}

/* t2: since the signature so much time must not have passed that the venue may have stopped
 * waiting. On the simulator's clock that is its own time, which stands still in lockstep. */
static bool is_too_late(const exec_shell *self)
{
    const exec_prepared *prepared = &self->prepared;
    if (cb_shell_is_bus_clock(self->shell)) {
        const int64_t window_ns = exec_window_ns(cb_shell_state(self->shell));
        return cb_shell_now_ns(self->shell) - prepared->begun_ns > window_ns / 2;
    }
    return cb_mono_ns() - prepared->begun_mono_ns > EXEC_SEND_BUDGET_NS;
}

/* Why the prepared order must not go out now; NULL: it may. */
static const char *why_not_now(exec_shell *self)
{
    if (is_too_late(self)) {
        return "too long between signature and send";
    }
    if (!exec_lease_is_fresh(self)) {
        return "lease not renewed in time";
    }
    if (self->prepared.is_refused) {
        return self->prepared.why;
    }
    if (exec_is_quiet(self)) {
        return "the venue asked to wait";
    }
    if (FP("exec.before_send")) {
        return "failpoint";
    }
    /* Last of all, right before the socket: it works when nothing else does. */
    return exec_page_allows(self, &self->prepared.order) ? NULL : "the local flag page forbids it";
}

/* t2 and t3: with its signature there, one POST; or it is known that nothing was sent. */
static void send_prepared(exec_shell *self)
{
    CB_ASSERT(self->prepared.is_used);
    const char *why = why_not_now(self);
    if (why != NULL) {
        exec_order_answer answer = {.answer_class = CB_ANSWER_NOT_SENT, .retry_after_s = -1};
        cb_textbuf reason = cb_textbuf_over(answer.reason, sizeof(answer.reason));
        cb_textbuf_add(&reason, why);
        record_placed(self, NULL, &answer);
        feed_placed(self, &answer);
        return;
    }
    CB_ASSERT(self->prepared.is_signed);
    const cb_id intent_id = self->prepared.order.intent_id;
    self->is_posting = true;
    exec_mark_claimed(self);
    exec_http(self, &self->prepared.request, "order", EXEC_ORDER_ANSWER_MAX, on_placed, self);
    const exec_sent sent = {.intent_id = intent_id, .sent_ns = cb_shell_now_ns(self->shell)};
    cb_shell_feed(self->shell, EXEC_EVENT_SENT, &sent, sizeof(sent));
}

void exec_send_order(exec_shell *self, const exec_send *send)
{
    exec_prepared *prepared = &self->prepared;
    CB_ASSERT(prepared->is_used);
    CB_ASSERT(cb_id_equal(send->intent_id, prepared->order.intent_id));
    if (prepared->is_signed || prepared->is_refused) {
        cb_metric_observe_ns(self->metrics.signature_wait, 0);
        send_prepared(self);
        return;
    }
    /* The claim was faster than the signer. Its answer, or its silence, comes by on_order_signed.
     */
    prepared->is_wanted = true;
    prepared->wanted_mono_ns = cb_mono_ns();
    self->is_posting = true;
}
