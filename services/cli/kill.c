/* What kill, unkill and status share: scopes, building the command, the local flag page, and
 * showing what is in force. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rt/killpage.h"
#include "services/cli/kill.h"

const char *cli_actor(cli *self)
{
    const char *actor = cli_option(self, "--actor");
    if (actor == NULL) {
        actor = getenv("USER");
    }
    return actor != NULL && actor[0] != '\0' ? actor : "operator";
}

const char *cli_kill_scope(const char *told, char out[CLI_TEXT_MAX])
{
    static const char *const kinds[] = {"venue", "account", "user", "symbol", "strategy"};
    if (told == NULL || strcmp(told, "*") == 0 || strcmp(told, "global") == 0) {
        (void)snprintf(out, CLI_TEXT_MAX, "*");
        return out;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const size_t size = strlen(kinds[i]);
        const bool is_kind = strncmp(told, kinds[i], size) == 0;
        if (is_kind && (told[size] == '=' || told[size] == ':') && told[size + 1] != '\0') {
            (void)snprintf(out, CLI_TEXT_MAX, "%s:%.64s", kinds[i], told + size + 1);
            return out;
        }
    }
    (void)fprintf(stderr,
        "cerberus: --scope '%s' is none of global, venue=X, account=X, user=X, symbol=X, "
        "strategy=X\n",
        told);
    return NULL;
}

static const char *reason_of(cli *self)
{
    const char *reason = cli_option(self, "--reason");
    if (reason == NULL) {
        (void)fprintf(
            stderr, "cerberus: --reason TEXT is required: it is kept with the order history\n");
    }
    return reason;
}

int cli_send_kill(cli *self, long level)
{
    json_t *answer = NULL;
    char scope_text[CLI_TEXT_MAX];
    const char *scope = cli_kill_scope(cli_option(self, "--scope"), scope_text);
    const char *reason = reason_of(self);
    const char *actor = cli_actor(self);
    if (scope == NULL || reason == NULL || !cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    json_t *command = json_pack("{s:s, s:I, s:s, s:s}",
        "scope",
        scope,
        "level",
        (json_int_t)level,
        "reason",
        reason,
        "actor",
        actor);
    char *body = command != NULL ? json_dumps(command, JSON_COMPACT) : NULL;
    json_decref(command);
    if (body == NULL) {
        (void)fprintf(stderr, "cerberus: the reason is not UTF-8\n");
        return CLI_USAGE;
    }
    const int code = cli_request(self, "POST", "/v1/kill", body, &answer);
    free(body);
    if (code == CLI_OK) {
        cli_print_json(answer);
    } else if (code == CLI_FAILURE || code == CLI_TIMEOUT) {
        (void)fprintf(stderr,
            "cerberus: the level is NOT known to be in force. On the machine that trades,\n"
            "  cerberus kill --local --level %ld --reason …\nworks without gateway, bus and "
            "database.\n",
            level);
    }
    json_decref(answer);
    return code;
}

/* ---- the local flag page ---- */

const char *cli_kill_page(cli *self)
{
    const char *path = cli_option(self, "--page");
    if (path == NULL) {
        path = getenv("CERBERUS_KILL_PAGE");
    }
    if (path == NULL) {
        cb_err err = {0};
        (void)cli_connect(self, &err); /* only the run's file is wanted, not the gateway */
        path = cli_endpoint(self, "kill.page");
    }
    return path;
}

int cli_kill_local(cli *self, long level)
{
    cb_err err = {0};
    cb_killpage_state page;
    const char *path = cli_kill_page(self);
    const char *scope = cli_option(self, "--scope");
    const char *reason = reason_of(self);
    const cb_killpage_wish wish = {
        .level = (uint32_t)level, .actor = cli_actor(self), .reason = reason};
    if (scope != NULL && strcmp(scope, "*") != 0 && strcmp(scope, "global") != 0) {
        (void)fprintf(stderr, "cerberus kill --local: the flag page knows no scopes but global\n");
        return CLI_USAGE;
    }
    if (reason == NULL || !cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    if (path == NULL) {
        (void)fprintf(stderr,
            "cerberus kill --local: where is the flag page? --page FILE or CERBERUS_KILL_PAGE\n");
        return CLI_USAGE;
    }
    if (cb_killpage_raise(path, &wish, &page, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus kill --local: %s\n", err.text);
        return CLI_FAILURE;
    }
    (void)printf("{\"ok\":true,\"level\":%u,\"generation\":%llu,\"page\":\"%s\"}\n",
        page.level,
        (unsigned long long)page.generation,
        path);
    return CLI_OK;
}

/* ---- what is in force ---- */

static void add_raised(json_t *to, const json_t *answer, const char *source)
{
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(json_object_get(answer, "rows"), i, row)
    {
        const json_t *level = json_object_get(row, "level");
        /* Execution repeats the latch as it was told; the latch itself is asked above. */
        const json_t *own = json_object_get(row, "source");
        const bool is_told = json_is_string(own) && strcmp(json_string_value(own), "risk") == 0;
        if (!json_is_integer(level) || json_integer_value(level) == 0 || is_told) {
            continue;
        }
        json_t *copy = json_copy(row);
        if (own == NULL) {
            (void)json_object_set_new(copy, "source", json_string(source));
        }
        (void)json_array_append_new(to, copy);
    }
}

static void add_page(json_t *to, const char *path)
{
    if (path == NULL) {
        return;
    }
    cb_killpage *page = cb_killpage_open(path);
    cb_killpage_state state;
    cb_killpage_look(page, &state);
    cb_killpage_close(page);
    if (state.level > 0) {
        (void)json_array_append_new(to,
            json_pack("{s:s, s:I, s:s, s:I, s:s, s:s}",
                "scope",
                "*",
                "level",
                (json_int_t)state.level,
                "source",
                "flag page",
                "raised_ns",
                (json_int_t)state.changed_ns,
                "actor",
                state.actor,
                "reason",
                state.reason));
    }
}

void cli_show_kills(cli *self)
{
    static const cli_column columns[] = {{"KILL", "level", CLI_RIGHT},
        {"SCOPE", "scope", CLI_LEFT},
        {"SOURCE", "source", CLI_LEFT},
        {"SINCE", "raised_ns", CLI_LEFT},
        {"ACTOR", "actor", CLI_LEFT},
        {"REASON", "reason", CLI_LEFT}};
    json_t *rows = json_array();
    json_t *answer = NULL;
    if (cli_request(self, "GET", "/v1/kill", NULL, &answer) == CLI_OK) {
        add_raised(rows, answer, "latch");
    }
    json_decref(answer);
    answer = NULL;
    if (cli_request(self, "GET", "/v1/kill/execution", NULL, &answer) == CLI_OK) {
        add_raised(rows, answer, "execution");
    }
    json_decref(answer);
    add_page(rows, cli_kill_page(self));
    if (json_array_size(rows) > 0) {
        (void)printf("\n");
        cli_print_rows(rows, columns, sizeof columns / sizeof columns[0]);
    }
    json_decref(rows);
}
