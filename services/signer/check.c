/* Asks the venue what a key may do. First for the venue's time, which the question is signed with,
 * so that neither this machine's clock nor a simulated market's matters; then with the key itself.
 *
 * At the start and each recheck period all keys are looked at in a round. Until the venue has
 * answered, the verdict on disk holds: an exchange whose permission service is down must not keep
 * anybody from canceling orders. A key that turns out unfit is disabled at once, and looked at
 * again each minute until its owner has mended it. */
#include "services/signer/signer.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "base/timefmt.h"

#define CONNECT_TIMEOUT_MS 2000
#define TOTAL_TIMEOUT_MS 10000
#define ANSWER_MAX ((size_t)64 * 1024)
#define TRIES_MAX 4
#define WINDOW_MS 60000
#define UNCLEAR_PAUSE_NS (5 * CB_NS_PER_S)
#define DISABLED_PAUSE_NS (60 * CB_NS_PER_S)
#define URL_SIZE (CB_CONFIG_TEXT_MAX + CB_VENUE_URL_MAX)

static void ask_time(signer *self);
static void ask_candidate(signer *self, cb_key_purpose purpose);
static void next_of_round(signer *self);

/* ---- verdicts ---- */

static void note_verdict(signer *self, signer_verdict verdict, const char *why)
{
    cb_err err = {0};
    const uint32_t index = signer_vault_find_version(&self->vault, self->check.version);
    if (index == SIGNER_NO_KEY) {
        return; /* removed meanwhile */
    }
    const signer_label *label = &self->vault.file.rows[index].label;
    CB_LOG(self->log,
        verdict == SIGNER_FIT ? CB_LOG_INFO : CB_LOG_ERROR,
        verdict == SIGNER_FIT     ? "key_checked"
        : verdict == SIGNER_UNFIT ? "key_disabled"
                                  : "key_not_checked",
        CB_KV("account", label->account),
        CB_KV("purpose", cb_key_purpose_name(label->purpose)),
        CB_KV("why", why));
    if (verdict == SIGNER_UNCLEAR) {
        self->check.is_round_clear = false;
        return;
    }
    const char *reason = verdict == SIGNER_UNFIT ? why : NULL;
    if (signer_vault_note(&self->vault, index, cb_wall_ns(), reason, &err) != CB_OK) {
        cb_log_err(self->log, CB_LOG_ERROR, "verdict_not_kept", &err);
    }
    signer_refresh_metrics(self);
}

static void finish(signer *self, signer_verdict verdict, const char *why)
{
    signer_check *check = &self->check;
    check->is_busy = false;
    if (!check->is_candidate) {
        note_verdict(self, verdict, why);
        if (check->is_candidate_waiting) {
            check->is_candidate_waiting = false;
            ask_candidate(self, check->waiting_purpose);
        } else {
            next_of_round(self);
        }
        return;
    }
    static const cb_signer_status statuses[] = {[SIGNER_FIT] = CB_SIGNER_OK,
        [SIGNER_UNFIT] = CB_SIGNER_BAD_KEY,
        [SIGNER_UNCLEAR] = CB_SIGNER_UNREACHABLE};
    signer_finish_add(self, statuses[verdict], why);
    cb_timer_reset(check->timer, UNCLEAR_PAUSE_NS); /* a round that waited for us goes on */
}

/* ---- the question ---- */

static uint32_t key_index(const signer *self)
{
    return self->check.is_candidate ? SIGNER_NO_KEY
                                    : signer_vault_find_version(&self->vault, self->check.version);
}

static void judge_rights(signer *self, const cb_http_answer *http)
{
    cb_err err = {0};
    cb_venue_permissions rights;
    char why[SIGNER_WHY_MAX];
    if (self->venue->parse_permissions((cb_strview){http->body, http->body_size}, &rights, &err) !=
        CB_OK) {
        finish(self, SIGNER_UNCLEAR, "the venue's answer about the key is not understood");
        return;
    }
    const bool is_unfit =
        signer_is_unfit(self->check.purpose, &rights, self->config->needs_ip_list, why);
    finish(self, is_unfit ? SIGNER_UNFIT : SIGNER_FIT, why);
}

static void on_rights(void *context, const cb_http_answer *http)
{
    signer *self = context;
    char why[SIGNER_WHY_MAX];
    cb_venue_error error = {.action = CB_VENUE_ACTION_UNKNOWN};
    cb_textbuf text = cb_textbuf_over(why, sizeof(why));
    if (http->outcome == CB_HTTP_ANSWERED && http->status == 200) {
        judge_rights(self, http);
        return;
    }
    if (http->outcome == CB_HTTP_ANSWERED) {
        self->venue->classify(
            http->status, (cb_strview){http->body, http->body_size}, false, &error);
    }
    if (error.action == CB_VENUE_ACTION_FIX_CLOCK && self->check.tries < TRIES_MAX) {
        ask_time(self); /* simulated time may run fast */
        return;
    }
    const bool is_refused = error.action == CB_VENUE_ACTION_AUTH;
    cb_textbuf_add(
        &text, is_refused ? "the venue refuses the key: " : "the venue was not reached: ");
    cb_textbuf_add(&text, error.text[0] != '\0' ? error.text : http->detail);
    finish(self, is_refused ? SIGNER_UNFIT : SIGNER_UNCLEAR, why);
}

static void send_request(signer *self, const cb_venue_request *request, cb_http_fn fn)
{
    char url[URL_SIZE];
    (void)snprintf(url, sizeof(url), "%s%s", self->config->rest_url, request->url_path);
    cb_http_request http = {.method = cb_venue_method_name(request->method),
        .url = url,
        .headers_count = request->headers_count,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .total_timeout_ms = TOTAL_TIMEOUT_MS,
        .response_max = ANSWER_MAX,
        .lane = "check"};
    for (uint32_t i = 0; i < request->headers_count; i++) {
        http.headers[i] = (cb_http_header){request->headers[i][0], request->headers[i][1]};
    }
    cb_http_start(cb_shell_http(self->shell), &http, fn, self);
}

static cb_status build_question(signer *self, int64_t venue_now_ns, cb_err *err)
{
    static const cb_venue_params NONE = {.limit = 0};
    cb_venue_request *request = &self->check.request;
    char signature[CB_VENUE_SIGNATURE_MAX];
    char api_key[CB_SIGNER_KEY_MAX];
    const uint32_t index = key_index(self);
    const cb_venue_auth auth = {
        .sign_ts_ns = venue_now_ns, .window_ms = WINDOW_MS, .is_unsigned = true};
    if (!self->check.is_candidate && index == SIGNER_NO_KEY) {
        return CB_FAIL(err, CB_E_NOT_FOUND, "the key was removed");
    }
    cb_status status = self->venue->build(CB_VENUE_CALL_PERMISSIONS, &NONE, &auth, request, err);
    if (status != CB_OK) {
        return status;
    }
    const cb_strview payload = self->venue->payload(request);
    status = signer_vault_sign(
        &self->vault, index, self->venue, payload.at, payload.size, signature, err);
    if (status != CB_OK) {
        return status;
    }
    if (index == SIGNER_NO_KEY) {
        signer_vault_candidate_key(&self->vault, api_key);
    } else {
        signer_vault_api_key(&self->vault, index, api_key);
    }
    return self->venue->attach(request, api_key, signature, err);
}

static void on_time(void *context, const cb_http_answer *http)
{
    signer *self = context;
    cb_err err = {0};
    int64_t venue_now_ns = 0;
    const bool is_told =
        http->outcome == CB_HTTP_ANSWERED && http->status == 200 &&
        self->venue->parse_time((cb_strview){http->body, http->body_size}, &venue_now_ns, &err) ==
            CB_OK;
    if (!is_told) {
        char why[SIGNER_WHY_MAX];
        cb_textbuf text = cb_textbuf_over(why, sizeof(why));
        cb_textbuf_add(&text, "the venue was not reached: ");
        cb_textbuf_add(&text, http->detail);
        finish(self, SIGNER_UNCLEAR, why);
        return;
    }
    const cb_status status = build_question(self, venue_now_ns, &err);
    if (status != CB_OK) {
        /* Of what is in our hands only the secret's own form can be wrong. */
        finish(self, status == CB_E_SYNTAX ? SIGNER_UNFIT : SIGNER_UNCLEAR, err.text);
        return;
    }
    send_request(self, &self->check.request, on_rights);
}

static void ask_time(signer *self)
{
    static const cb_venue_params NONE = {.limit = 0};
    cb_venue_request request;
    cb_err err = {0};
    self->check.tries++;
    const cb_status status = self->venue->build(CB_VENUE_CALL_TIME, &NONE, NULL, &request, &err);
    CB_ASSERT(status == CB_OK);
    send_request(self, &request, on_time);
}

static void ask_candidate(signer *self, cb_key_purpose purpose)
{
    signer_check *check = &self->check;
    CB_ASSERT(!check->is_busy);
    check->is_busy = true;
    check->is_candidate = true;
    check->purpose = purpose;
    check->tries = 0;
    ask_time(self);
}

void signer_check_candidate(signer *self, cb_key_purpose purpose)
{
    signer_check *check = &self->check;
    if (check->is_busy) {
        check->is_candidate_waiting = true;
        check->waiting_purpose = purpose;
    } else {
        ask_candidate(self, purpose);
    }
}

/* ---- rounds ---- */

static bool has_disabled(const signer *self)
{
    for (uint32_t i = 0; i < self->vault.file.rows_count; i++) {
        if (self->vault.file.rows[i].label.is_disabled) {
            return true;
        }
    }
    return false;
}

/* The key with the lowest version above the last one looked at. */
static const signer_label *next_label(const signer *self)
{
    const signer_label *next = NULL;
    for (uint32_t i = 0; i < self->vault.file.rows_count; i++) {
        const signer_label *label = &self->vault.file.rows[i].label;
        if (label->version > self->check.round_version &&
            (next == NULL || label->version < next->version)) {
            next = label;
        }
    }
    return next;
}

static void next_of_round(signer *self)
{
    signer_check *check = &self->check;
    const signer_label *label = next_label(self);
    if (label == NULL) {
        int64_t pause_ns = self->config->recheck_ns;
        if (!check->is_round_clear || has_disabled(self)) {
            const int64_t soon_ns = check->is_round_clear ? DISABLED_PAUSE_NS : UNCLEAR_PAUSE_NS;
            pause_ns = soon_ns < pause_ns ? soon_ns : pause_ns;
        }
        check->round_version = 0;
        check->is_round_clear = true;
        cb_timer_reset(check->timer, pause_ns);
        return;
    }
    check->is_busy = true;
    check->is_candidate = false;
    check->purpose = label->purpose;
    check->version = label->version;
    check->round_version = label->version;
    check->tries = 0;
    ask_time(self);
}

static void on_timer(void *context)
{
    signer *self = context;
    if (!self->check.is_busy) {
        next_of_round(self);
    }
}

void signer_check_start(signer *self)
{
    self->check.is_round_clear = true;
    self->check.timer = cb_loop_timer(cb_shell_loop(self->shell), 0, 0, on_timer, self);
}

void signer_check_stop(signer *self)
{
    cb_timer_remove(self->check.timer);
    self->check.timer = NULL;
}
