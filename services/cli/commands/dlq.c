/* cerberus dlq: messages that could not be worked on, and giving one to its service once more. */
#include <stdio.h>
#include <string.h>

#include "services/cli/cli.h"

#define SERVICES_COUNT 6

static const char *const services[SERVICES_COUNT] = {
    "collector", "validator", "signals", "risk", "execution", "portfolio"};

static const cli_column columns[] = {{"SERVICE", "service", CLI_LEFT},
    {"ID", "id", CLI_RIGHT},
    {"BURIED", "buried_ns", CLI_LEFT},
    {"SUBJECT", "subject", CLI_LEFT},
    {"SEQ", "seq", CLI_RIGHT},
    {"ATTEMPTS", "attempts", CLI_RIGHT},
    {"BYTES", "bytes", CLI_RIGHT},
    {"REPLAYED_BY", "resolved_by", CLI_LEFT},
    {"ERROR", "error", CLI_LEFT}};

/* One service's letters behind those that are in rows already. */
static int add_letters(cli *self, const char *service, json_t *rows)
{
    char path[CLI_TEXT_MAX];
    json_t *answer = NULL;
    (void)snprintf(path, sizeof path, "/v1/dead_letters/%s", service);
    const int code = cli_request(self, "GET", path, NULL, &answer);
    if (code == CLI_OK) {
        size_t index = 0;
        json_t *row = NULL;
        json_array_foreach(json_object_get(answer, "rows"), index, row)
        {
            (void)json_object_set_new(row, "service", json_string(service));
            (void)json_array_append(rows, row);
        }
    }
    json_decref(answer);
    return code;
}

static int list(cli *self)
{
    json_t *rows = json_array();
    int code = CLI_OK;
    for (size_t i = 0; i < SERVICES_COUNT && code == CLI_OK; i++) {
        code = add_letters(self, services[i], rows);
    }
    if (code == CLI_OK) {
        json_t *answer = json_pack("{s:O}", "rows", rows);
        if (self->output == CLI_JSON) {
            cli_print_json(answer);
        } else {
            cli_print_rows(rows, columns, sizeof columns / sizeof columns[0]);
        }
        json_decref(answer);
    }
    json_decref(rows);
    return code;
}

static int replay(cli *self, const char *service, const char *id)
{
    char path[CLI_TEXT_MAX];
    json_t *answer = NULL;
    if (strspn(service, "abcdefghijklmnopqrstuvwxyz") != strlen(service) ||
        strspn(id, "0123456789") != strlen(id)) {
        (void)fprintf(stderr, "cerberus dlq replay: SERVICE and the letter's number\n");
        return CLI_USAGE;
    }
    (void)snprintf(path, sizeof path, "/v1/dead_letters/%s?id=%s", service, id);
    const int code = cli_request(self, "POST", path, "{}", &answer);
    if (code == CLI_OK) {
        cli_print_json(answer);
    }
    json_decref(answer);
    return code;
}

static int run(cli *self)
{
    const char *verb = cli_positional(self);
    if (verb != NULL && strcmp(verb, "list") == 0) {
        return cli_done_arguments(self) ? list(self) : CLI_USAGE;
    }
    if (verb != NULL && strcmp(verb, "replay") == 0) {
        const char *service = cli_positional(self);
        const char *id = cli_positional(self);
        if (service != NULL && id != NULL && cli_done_arguments(self)) {
            return replay(self, service, id);
        }
    }
    (void)fprintf(stderr, "usage: cerberus dlq list | replay SERVICE ID\n");
    return CLI_USAGE;
}

const cli_command cli_command_dlq = {"dlq",
    "list | replay SERVICE ID  [-o table|json]",
    "messages that could not be worked on; replay one when its cause is mended",
    "  cerberus dlq list\n  cerberus dlq replay risk 3\n",
    run};
