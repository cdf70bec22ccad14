/* The bus side of the limit book: commands go into the core, the list is read from its state. The
 * core runs ahead of the database by one transaction; a list is a look, not a promise. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/risk/risk_shell.h"

#define REPLY_MAX 256
#define LIST_SIZE_MAX ((size_t)256 * 1024)
#define ROW_SIZE_MAX 640

typedef struct limit_list {
    size_t used;
    uint32_t rows_count;
    uint32_t left_count; /* that no longer fit */
    char json[LIST_SIZE_MAX];
} limit_list;

/* What is left; nothing when more is used than allowed. */
static int64_t left_of(const risk_limit_view *view)
{
    return view->used_e8 >= view->bound_e8 ? 0 : view->bound_e8 - view->used_e8;
}

static void print_e8(int64_t value_e8, char out[CB_DECIMAL_TEXT_MAX])
{
    if (value_e8 == INT64_MAX) {
        (void)snprintf(out, CB_DECIMAL_TEXT_MAX, "unknown");
        return;
    }
    (void)cb_decimal_print(value_e8, out);
}

static void add_row(void *context, const risk_limit_view *view)
{
    limit_list *list = context;
    char value[CB_DECIMAL_TEXT_MAX];
    char used[CB_DECIMAL_TEXT_MAX];
    char reserved[CB_DECIMAL_TEXT_MAX];
    char left[CB_DECIMAL_TEXT_MAX];
    print_e8(view->value_e8, value);
    print_e8(view->used_e8, used);
    print_e8(view->reserved_e8, reserved);
    print_e8(left_of(view), left);
    if (list->used + 2 * (size_t)ROW_SIZE_MAX > LIST_SIZE_MAX) {
        list->left_count++;
        return;
    }
    const int size = snprintf(list->json + list->used,
        ROW_SIZE_MAX,
        "%s{\"name\":\"%s\",\"value\":\"%s\",\"used\":\"%s\",\"reserved\":\"%s\","
        "\"free\":\"%s\",\"unit\":\"%s\",\"help\":\"%s\"}",
        list->rows_count == 0 ? "" : ",",
        view->name,
        value,
        used,
        reserved,
        left,
        view->unit,
        view->help);
    CB_ASSERT(size > 0 && size < ROW_SIZE_MAX);
    list->used += (size_t)size;
    list->rows_count++;
}

static void reply_list(cb_shell *shell, const char *reply_to)
{
    const risk_state *state = cb_shell_state(shell);
    limit_list *list = calloc(1, sizeof(*list));
    CB_ASSERT(list != NULL);
    list->used = (size_t)snprintf(list->json,
        ROW_SIZE_MAX,
        "{\"ok\":true,\"version\":%llu,\"rows\":[",
        (unsigned long long)risk_limits_version(state));
    risk_limits_list(state, cb_shell_now_ns(shell), add_row, list);
    const int size =
        snprintf(list->json + list->used, ROW_SIZE_MAX, "],\"left_out\":%u}", list->left_count);
    CB_ASSERT(size > 0 && list->used + (size_t)size < LIST_SIZE_MAX);
    cb_shell_reply(shell, reply_to, list->json, list->used + (size_t)size);
    free(list);
}

void risk_on_limit_command(cb_shell *shell, const cb_limit_command *command, const char *reply_to)
{
    if (cb_text_equal(command->action, "list")) {
        reply_list(shell, reply_to);
        return;
    }
    risk_limit_request request = {.command = *command};
    if (!cb_text_copy(request.reply_to, sizeof(request.reply_to), cb_sv_from(reply_to))) {
        CB_LOG(cb_shell_log(shell), CB_LOG_WARN, "limit_reply_too_long", CB_KV("to", reply_to));
    }
    CB_LOG(cb_shell_log(shell),
        CB_LOG_WARN,
        "limit_command",
        CB_KV("action", command->action),
        CB_KV("kind", command->kind),
        CB_KV("scope", command->scope),
        CB_KI("number", command->number),
        CB_KV("actor", command->actor),
        CB_KV("reason", command->reason));
    cb_shell_feed(shell, RISK_EVENT_LIMIT_COMMAND, &request, sizeof(request));
}

/* Errors are words of our own, without characters that JSON would need escaped. */
void risk_reply_limit(cb_shell *shell, const risk_limit_reply *reply)
{
    char json[REPLY_MAX];
    const int size = snprintf(json,
        sizeof(json),
        "{\"ok\":%s,\"applied\":%s,\"version\":%llu,\"request\":%llu,\"error\":\"%s\"}",
        reply->is_ok ? "true" : "false",
        reply->is_applied ? "true" : "false",
        (unsigned long long)reply->version,
        (unsigned long long)reply->number,
        reply->error);
    CB_ASSERT(size > 0 && (size_t)size < sizeof(json));
    if (reply->reply_to[0] != '\0') {
        cb_shell_reply(shell, reply->reply_to, json, (size_t)size);
    }
}
