/* cerberus probe URL: 0 when the URL answers 200, for container health checks without a shell or
 * curl. */
#include <stdio.h>
#include <string.h>

#include "services/cli/cli.h"

static int run(cli *self)
{
    long status = 0;
    const char *why = NULL;
    const char *url = cli_positional(self);
    if (url == NULL || strncmp(url, "http://", 7) != 0 || !cli_done_arguments(self)) {
        (void)fprintf(stderr, "cerberus probe: an http:// URL is required\n");
        return CLI_USAGE;
    }
    const int code = cli_probe(url, &status, &why);
    if (why[0] != '\0') {
        (void)fprintf(stderr, "cerberus probe: %s\n", why);
    }
    return code;
}

const cli_command cli_command_probe = {"probe",
    "URL",
    "0 when an http:// URL answers 200; for health checks",
    "  cerberus probe http://127.0.0.1:8081/readyz\n",
    run};
