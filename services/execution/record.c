/* Every request of the order path and what came back, as a row: what explain shows. The row is no
 * part of the path itself: it is written behind the answer, in its own transaction, and a lost one
 * loses an explanation, not an order. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/execution/shell.h"

static const char SQL_RECORD[] =
    "INSERT INTO venue_request (request_id, intent_id, correlation_id, at_ns, kind, request,"
    " outcome, status, answer, class, reason, duration_ns, sent_after_ns)"
    " VALUES ($1::uuid, $2::uuid, coalesce($3::uuid, (SELECT correlation_id FROM orders"
    " WHERE intent_id = $2::uuid)), $4::bigint, $5, $6, $7, $8::bigint, $9, $10, $11, $12::bigint,"
    " $13::bigint)";

const char *exec_class_name(cb_answer_class answer_class)
{
    static const char *const names[] = {
        [CB_ANSWER_ACCEPTED] = "accepted",
        [CB_ANSWER_REJECTED] = "rejected",
        [CB_ANSWER_NOT_SENT] = "not_sent",
        [CB_ANSWER_UNKNOWN] = "unknown",
        [CB_ANSWER_NOT_FOUND] = "not_found",
        [CB_ANSWER_THROTTLED] = "throttled",
    };
    CB_ASSERT((unsigned)answer_class < sizeof(names) / sizeof(names[0]));
    return names[answer_class];
}

static const char *outcome_name(const cb_http_answer *answer)
{
    if (answer == NULL) {
        return "not_sent";
    }
    switch (answer->outcome) {
    case CB_HTTP_ANSWERED:
        return "answered";
    case CB_HTTP_NOT_SENT:
        return "not_sent";
    case CB_HTTP_UNKNOWN:
    default:
        return "unknown";
    }
}

/* Copies form text without the signature; the key travels in a header, which is not recorded. */
static void add_without_signature(cb_textbuf *out, const char *form)
{
    const char *at = form;
    while (*at != '\0') {
        const size_t size = strcspn(at, "&");
        if (strncmp(at, "signature=", 10) != 0) {
            char part[CB_VENUE_BODY_MAX];
            if (out->used > 0 && at != form) {
                cb_textbuf_add(out, "&");
            }
            if (cb_text_copy(part, sizeof(part), (cb_strview){at, size})) {
                cb_textbuf_add(out, part);
            }
        }
        at += size + (at[size] == '&' ? 1 : 0);
    }
}

static void describe_request(const cb_venue_request *request, char *out, size_t size)
{
    char path[CB_VENUE_URL_MAX];
    const size_t path_size = strcspn(request->url_path, "?");
    const char *query = request->url_path + path_size;
    cb_textbuf text = cb_textbuf_over(out, size);
    cb_textbuf_add(&text, cb_venue_method_name(request->method));
    cb_textbuf_add(&text, " ");
    if (cb_text_copy(path, sizeof(path), (cb_strview){request->url_path, path_size})) {
        cb_textbuf_add(&text, path);
    }
    if (*query == '?') {
        cb_textbuf_add(&text, "?");
        add_without_signature(&text, query + 1);
    }
    if (request->body[0] != '\0') {
        cb_textbuf_add(&text, " ");
        add_without_signature(&text, request->body);
    }
}

/* The first bytes of an answer as text that PostgreSQL takes: anything but printable ASCII becomes
 * a question mark. Venues answer in ASCII but for the names of odd symbols. */
static void copy_answer(const cb_http_answer *answer, char out[EXEC_TEXT_RECORDED_MAX + 1])
{
    const size_t size = answer == NULL || answer->body == NULL ? 0 : answer->body_size;
    const size_t kept = size < EXEC_TEXT_RECORDED_MAX ? size : EXEC_TEXT_RECORDED_MAX;
    for (size_t i = 0; i < kept; i++) {
        const char c = answer->body[i];
        out[i] = c >= ' ' && c <= '~' ? c : '?';
    }
    out[kept] = '\0';
}

static void on_recorded(void *context, const cb_result *result, const cb_row *const *rows)
{
    (void)rows;
    exec_shell *self = context;
    if (result->status != CB_OK) {
        CB_LOG(cb_shell_log(self->shell),
            CB_LOG_ERROR,
            "request_not_recorded",
            CB_KV("error", result->message));
    }
}

/* Reasons come from libraries and venues; only printable ASCII is kept. */
static void put_reason(exec_shell *self, const char *reason)
{
    char plain[EXEC_REASON_MAX + 1];
    size_t used = 0;
    for (; reason[used] != '\0' && used < EXEC_REASON_MAX; used++) {
        plain[used] = reason[used] >= ' ' && reason[used] <= '~' ? reason[used] : '?';
    }
    plain[used] = '\0';
    cb_params_text(&self->params, plain);
}

void exec_record_request(exec_shell *self, const exec_record *record)
{
    char request[CB_VENUE_URL_MAX + CB_VENUE_BODY_MAX];
    char answer[EXEC_TEXT_RECORDED_MAX + 1];
    describe_request(record->request, request, sizeof(request));
    copy_answer(record->answer, answer);
    const int64_t sent_mono_ns = record->answer == NULL ? 0 : record->answer->sent_mono_ns;
    cb_params *params = &self->params;
    cb_params_reset(params);
    cb_params_id(params,
        cb_id_make("execution.request", cb_shell_epoch(self->shell), ++self->requests_count));
    cb_params_id(params, record->intent_id);
    cb_params_id(params, record->correlation_id);
    cb_params_i64(params, record->at_ns);
    cb_params_text(params, record->kind);
    cb_params_text(params, request);
    cb_params_text(params, outcome_name(record->answer));
    cb_params_i64(params, record->answer == NULL ? 0 : record->answer->status);
    cb_params_text(params, answer);
    cb_params_text(params, exec_class_name(record->answer_class));
    put_reason(self, record->reason);
    cb_params_i64(params, cb_mono_ns() - record->begun_mono_ns);
    cb_params_i64(
        params, sent_mono_ns > record->begun_mono_ns ? sent_mono_ns - record->begun_mono_ns : 0);
    cb_pg_query(cb_shell_pg_eager(self->shell), SQL_RECORD, params, on_recorded, self);
}
