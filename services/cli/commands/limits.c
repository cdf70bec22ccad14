/* cerberus limits: the limit book with what is used of it, and changes of it. Lowering holds at
 * once; raising waits for another person's approval. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strview.h"
#include "services/cli/cli.h"
#include "services/cli/kill.h"

static int list_book(cli *self)
{
    static const cli_column columns[] = {
        {"LIMIT", "name", CLI_LEFT},
        {"VALUE", "value", CLI_RIGHT},
        {"USED", "used", CLI_RIGHT},
        {"RESERVED", "reserved", CLI_RIGHT},
        {"FREE", "free", CLI_RIGHT},
        {"UNIT", "unit", CLI_LEFT},
    };
    return cli_done_arguments(self)
               ? cli_list(self, "/v1/limits/book", columns, sizeof columns / sizeof columns[0])
               : CLI_USAGE;
}

static int list_requests(cli *self)
{
    static const cli_column columns[] = {
        {"NUMBER", "number", CLI_RIGHT},
        {"STATE", "state", CLI_LEFT},
        {"WHAT", "subject", CLI_LEFT},
        {"FROM", "from", CLI_RIGHT},
        {"TO", "to", CLI_RIGHT},
        {"BY", "requested_by", CLI_LEFT},
        {"REASON", "reason", CLI_LEFT},
        {"DECIDED_BY", "decided_by", CLI_LEFT},
        {"LAPSES", "expires_ns", CLI_LEFT},
    };
    return cli_done_arguments(self)
               ? cli_list(self, "/v1/limits/requests", columns, sizeof columns / sizeof columns[0])
               : CLI_USAGE;
}

static int list_versions(cli *self)
{
    static const cli_column columns[] = {
        {"VERSION", "version", CLI_RIGHT},
        {"SINCE", "since_ns", CLI_LEFT},
        {"ACTOR", "actor", CLI_LEFT},
        {"REASON", "reason", CLI_LEFT},
        {"HASH", "hash", CLI_LEFT},
    };
    return cli_done_arguments(self)
               ? cli_list(self, "/v1/limits/versions", columns, sizeof columns / sizeof columns[0])
               : CLI_USAGE;
}

/* Sends a command and shows the answer; takes the fields over. */
static int send_command(cli *self, json_t *command)
{
    const char *reason = cli_option(self, "--reason");
    json_t *answer = NULL;
    int code = CLI_USAGE;
    char *body = NULL;
    if (reason == NULL) {
        (void)fprintf(stderr, "cerberus limits: --reason TEXT is required: it is kept\n");
        goto done;
    }
    (void)json_object_set_new(command, "reason", json_string(reason));
    (void)json_object_set_new(command, "actor", json_string(cli_actor(self)));
    if (!cli_done_arguments(self)) {
        goto done;
    }
    body = json_dumps(command, JSON_COMPACT);
    if (body == NULL) {
        (void)fprintf(stderr, "cerberus limits: a text is not UTF-8\n");
        goto done;
    }
    code = cli_request(self, "POST", "/v1/limits", body, &answer);
    if (code == CLI_OK) {
        cli_print_json(answer);
    }
done:
    json_decref(answer);
    json_decref(command);
    free(body);
    return code;
}

static int change(cli *self, const char *action)
{
    const char *kind = cli_positional(self);
    const char *value = strcmp(action, "set") == 0 ? cli_positional(self) : "0";
    const char *scope = cli_option(self, "--scope");
    if (kind == NULL || value == NULL) {
        (void)fprintf(stderr,
            "cerberus limits %s: KIND%s is required\n",
            action,
            strcmp(action, "set") == 0 ? " VALUE" : "");
        return CLI_USAGE;
    }
    json_t *command = json_pack("{s:s, s:s, s:s, s:s}",
        "action",
        action,
        "kind",
        kind,
        "value",
        value,
        "scope",
        scope != NULL ? scope : "*");
    if (command == NULL) {
        (void)fprintf(stderr, "cerberus limits: a text is not UTF-8\n");
        return CLI_USAGE;
    }
    return send_command(self, command);
}

static int decide(cli *self, const char *action)
{
    const char *text = cli_positional(self);
    uint64_t number = 0;
    if (text == NULL || !cb_u64_parse(cb_sv_from(text), INT64_MAX, &number)) {
        (void)fprintf(stderr, "cerberus limits %s: the NUMBER of a request is required\n", action);
        return CLI_USAGE;
    }
    return send_command(
        self, json_pack("{s:s, s:I}", "action", action, "number", (json_int_t)number));
}

static int run(cli *self)
{
    const char *word = cli_positional(self);
    if (word == NULL || strcmp(word, "list") == 0) {
        return list_book(self);
    }
    if (strcmp(word, "requests") == 0) {
        return list_requests(self);
    }
    if (strcmp(word, "versions") == 0) {
        return list_versions(self);
    }
    if (strcmp(word, "set") == 0 || strcmp(word, "remove") == 0) {
        return change(self, word);
    }
    if (strcmp(word, "approve") == 0 || strcmp(word, "deny") == 0) {
        return decide(self, word);
    }
    (void)fprintf(stderr,
        "cerberus limits: '%s' is none of list, requests, versions, set, remove, approve, deny\n",
        word);
    return CLI_USAGE;
}

const cli_command cli_command_limits = {"limits",
    "[list | requests | versions | set KIND VALUE | remove KIND | approve N | deny N]"
    " [--scope S] [--reason T] [--actor A]",
    "the limit book: what is used, and changes of it",
    "  cerberus limits\n"
    "  cerberus limits set position_notional 5000 --scope strategy:trend --reason 'new strategy'\n"
    "  cerberus limits approve 1 --actor bea --reason 'agreed'\n",
    run};
