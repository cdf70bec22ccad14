/* cerberus quality: data-quality score per symbol. */
#include <stdio.h>

#include "services/cli/cli.h"

static const cli_column columns[] = {
    {"SYMBOL", "symbol", CLI_LEFT},
    {"SCORE", "score", CLI_RIGHT},
    {"CHECKED", "checked_count", CLI_RIGHT},
    {"FAILED", "failed_count", CLI_RIGHT},
    {"STALE", "is_stale", CLI_LEFT},
    {"BOOK_VALID", "is_book_valid", CLI_LEFT},
};

static int run(cli *self)
{
    char path[CLI_TEXT_MAX];
    cb_err err = {0};
    if (cli_list_path(self, "/v1/quality", path, sizeof path, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus: %s\n", err.text);
        return CLI_USAGE;
    }
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    return cli_list(self, path, columns, sizeof columns / sizeof columns[0]);
}

const cli_command cli_command_quality = {"quality",
    "[--symbol S] [--limit N] [--before KEY] [-o table|json] [--watch]",
    "data-quality score per symbol",
    "  cerberus quality\n  cerberus quality -o json\n",
    run};
