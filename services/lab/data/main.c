/* The verbs of `cerberus-lab data`. */
#include <stdio.h>
#include <string.h>

#include "services/lab/data/data.h"
#include "services/lab/tool.h"

int lab_data_main(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        lab_tool_print_help(&lab_tool_data);
        return LAB_OK;
    }
    (void)fprintf(stderr,
        "cerberus-lab data: '%s' is no verb\n`cerberus data --help` tells more.\n",
        argc > 1 ? argv[1] : "");
    return LAB_USAGE;
}
