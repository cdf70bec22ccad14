/* Entry point of `cerberus-lab`: the tool that the first argument names. */
#include <stdio.h>
#include <string.h>

#include "rt/version.h"
#include "services/lab/tool.h"

static const lab_tool *const tools[] = {
#define LAB_TOOL(name) &lab_tool_##name,
#include "services/lab/tools.def"
#undef LAB_TOOL
};

static void print_help(FILE *out)
{
    (void)fprintf(out, "usage: cerberus-lab TOOL [arguments]\n\ntools:\n");
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
        (void)fprintf(out, "  %-12s %s\n", tools[i]->name, tools[i]->summary);
    }
    (void)fprintf(out, "\n`cerberus-lab TOOL --help` tells more.\n");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return LAB_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return LAB_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("cerberus-lab %s\n", cb_version());
        return LAB_OK;
    }
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
        if (strcmp(argv[1], tools[i]->name) == 0) {
            return tools[i]->run(argc - 1, argv + 1);
        }
    }
    (void)fprintf(stderr, "cerberus-lab: there is no tool '%s'\n", argv[1]);
    print_help(stderr);
    return LAB_USAGE;
}
