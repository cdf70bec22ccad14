/* What kill and unkill share: building the command and showing the answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/cli/kill.h"

static const char *actor_of(cli *self)
{
    const char *actor = cli_option(self, "--actor");
    if (actor == NULL) {
        actor = getenv("USER");
    }
    return actor != NULL && actor[0] != '\0' ? actor : "operator";
}

int cli_send_kill(cli *self, const char *method, long level)
{
    json_t *answer = NULL;
    const char *scope = cli_option(self, "--scope");
    const char *reason = cli_option(self, "--reason");
    const char *actor = actor_of(self);
    if (reason == NULL) {
        (void)fprintf(
            stderr, "cerberus: --reason TEXT is required: it is kept with the order history\n");
        return CLI_USAGE;
    }
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    json_t *command = json_pack("{s:s, s:I, s:s, s:s}",
        "scope",
        scope != NULL ? scope : "*",
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
    const int code = cli_request(self, method, "/v1/kill", body, &answer);
    free(body);
    if (code == CLI_OK) {
        cli_print_json(answer);
    }
    json_decref(answer);
    return code;
}
