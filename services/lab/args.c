/* Arguments of a tool. Used ones are set to NULL, so what is left over is an error. */
#include <stdio.h>
#include <string.h>

#include "services/lab/tool.h"

void lab_tool_print_help(const lab_tool *tool)
{
    if (tool->examples[0] != '\0') {
        (void)printf("examples:\n%s\n", tool->examples);
    }
    (void)printf("usage: cerberus-lab %s %s\n\n%s\n", tool->name, tool->arguments, tool->summary);
}

static bool is_end_of_options(const char *argument)
{
    return argument != NULL && strcmp(argument, "--") == 0;
}

const char *lab_args_option(lab_args *self, const char *name)
{
    const size_t size = strlen(name);
    for (int i = 0; i < self->argc && !is_end_of_options(self->argv[i]); i++) {
        const char *argument = self->argv[i];
        if (argument == NULL || strncmp(argument, name, size) != 0) {
            continue;
        }
        if (argument[size] == '=') {
            self->argv[i] = NULL;
            return argument + size + 1;
        }
        if (argument[size] == '\0' && i + 1 < self->argc && self->argv[i + 1] != NULL) {
            const char *value = self->argv[i + 1];
            self->argv[i] = NULL;
            self->argv[i + 1] = NULL;
            return value;
        }
    }
    return NULL;
}

bool lab_args_flag(lab_args *self, const char *name)
{
    for (int i = 0; i < self->argc && !is_end_of_options(self->argv[i]); i++) {
        if (self->argv[i] != NULL && strcmp(self->argv[i], name) == 0) {
            self->argv[i] = NULL;
            return true;
        }
    }
    return false;
}

const char *lab_args_positional(lab_args *self)
{
    bool is_after_end = false;
    for (int i = 0; i < self->argc; i++) {
        const char *argument = self->argv[i];
        if (argument == NULL) {
            continue;
        }
        if (!is_after_end && is_end_of_options(argument)) {
            is_after_end = true;
            continue;
        }
        if (is_after_end || argument[0] != '-' || argument[1] == '\0') {
            self->argv[i] = NULL;
            return argument;
        }
    }
    return NULL;
}

bool lab_args_done(const lab_args *self)
{
    for (int i = 0; i < self->argc; i++) {
        if (self->argv[i] != NULL && !is_end_of_options(self->argv[i])) {
            (void)fprintf(stderr,
                "cerberus-lab %s: unknown or incomplete argument '%s'\n",
                self->tool,
                self->argv[i]);
            return false;
        }
    }
    return true;
}
