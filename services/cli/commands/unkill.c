/* cerberus unkill: asks for a kill level to be lowered, approves or withdraws such a request, or
 * lists them. Lowering takes two persons; each signs in with a token of their own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/cli/kill.h"

static const cli_column columns[] = {{"REQUEST", "request_id", CLI_LEFT},
    {"STATUS", "status", CLI_LEFT},
    {"SCOPE", "scope", CLI_LEFT},
    {"LEVEL", "level", CLI_RIGHT},
    {"BY", "actor", CLI_LEFT},
    {"ASKED", "requested_wall_ns", CLI_LEFT},
    {"APPROVE_AFTER", "ready_wall_ns", CLI_LEFT},
    {"SECOND", "approver", CLI_LEFT},
    {"REASON", "reason", CLI_LEFT}};

/* Signs in as that actor: the token file is named in the run's file, or stands beside the API's. */
static bool sign_in(cli *self, const char *name)
{
    char path[CLI_TEXT_MAX * 2];
    char key[64];
    cb_err err = {0};
    if (cli_connect(self, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus: %s\n", err.text);
        return false;
    }
    if (strcmp(name, "operator") != 0 && strcmp(name, "risk_officer") != 0) {
        (void)fprintf(stderr, "cerberus unkill: --as '%s' is not operator or risk_officer\n", name);
        return false;
    }
    (void)snprintf(key, sizeof key, "gateway.%s_token_file", name);
    const char *api = getenv("CERBERUS_TOKEN_FILE");
    const char *told = api == NULL ? cli_endpoint(self, key) : NULL;
    api = api != NULL ? api : cli_endpoint(self, "gateway.token_file");
    (void)snprintf(path,
        sizeof path,
        "%s%s%s",
        told != NULL ? told : api,
        told != NULL ? "" : "_",
        told != NULL ? "" : name);
    return cli_read_secret(path, self->token, sizeof self->token);
}

static int send_request(cli *self, const char *method, const char *path, const char *body)
{
    json_t *answer = NULL;
    const int code = cli_request(self, method, path, body, &answer);
    if (code == CLI_OK) {
        cli_print_json(answer);
    }
    json_decref(answer);
    return code;
}

static int decide(cli *self, const char *method, const char *prefix, const char *id)
{
    char path[CLI_TEXT_MAX];
    if (strspn(id, "0123456789abcdefABCDEF-") != strlen(id)) {
        (void)fprintf(stderr, "cerberus unkill: '%s' is not the id of a request\n", id);
        return CLI_USAGE;
    }
    (void)snprintf(path, sizeof path, "%s%.60s", prefix, id);
    return send_request(self, method, path, NULL);
}

static int ask(cli *self, const char *reason, const char *level, const char *told_scope)
{
    char scope_text[CLI_TEXT_MAX];
    const char *scope = cli_kill_scope(told_scope, scope_text);
    if (scope == NULL) {
        return CLI_USAGE;
    }
    if (strlen(level) != 1 || level[0] < '0' || level[0] > '3') {
        (void)fprintf(stderr, "cerberus unkill: --level '%s' is not 0 to 3\n", level);
        return CLI_USAGE;
    }
    json_t *wish = json_pack(
        "{s:s, s:I, s:s}", "scope", scope, "level", (json_int_t)(level[0] - '0'), "reason", reason);
    char *body = wish != NULL ? json_dumps(wish, JSON_COMPACT) : NULL;
    json_decref(wish);
    if (body == NULL) {
        (void)fprintf(stderr, "cerberus: the reason is not UTF-8\n");
        return CLI_USAGE;
    }
    const int code = send_request(self, "POST", "/v1/unkill", body);
    free(body);
    return code;
}

static int run(cli *self)
{
    const char *as = cli_option(self, "--as");
    const char *approve = cli_option(self, "--approve");
    const char *withdraw = cli_option(self, "--withdraw");
    const char *reason = cli_option(self, "--reason");
    const char *level = cli_option(self, "--level");
    const char *scope = cli_option(self, "--scope");
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    if (approve == NULL && withdraw == NULL && reason == NULL) {
        if (level != NULL || scope != NULL) {
            (void)fprintf(stderr, "cerberus unkill: --reason TEXT is required\n");
            return CLI_USAGE;
        }
        return cli_list(self, "/v1/unkill", columns, sizeof columns / sizeof columns[0]);
    }
    if (approve != NULL && as == NULL) {
        (void)fprintf(stderr, "cerberus unkill --approve: --as operator or --as risk_officer\n");
        return CLI_USAGE;
    }
    if (!sign_in(self, as != NULL ? as : "operator")) {
        return CLI_AUTH;
    }
    if (approve != NULL) {
        return decide(self, "POST", "/v1/unkill/approve/", approve);
    }
    if (withdraw != NULL) {
        return decide(self, "DELETE", "/v1/unkill/", withdraw);
    }
    return ask(self, reason, level != NULL ? level : "0", scope);
}

const cli_command cli_command_unkill = {"unkill",
    "[--reason TEXT [--scope S] [--level N] | --approve ID | --withdraw ID] [--as NAME]",
    "allow trading again, by two: one asks, another approves; without options: the requests",
    "  cerberus unkill --reason 'checked the feed'\n"
    "  cerberus unkill --approve ID --as risk_officer      (or --as operator)\n",
    run};
