/* Arguments after the command's name. Used ones are set to NULL, so what is left over is an error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/cli/cli.h"

const char *cli_option(cli *self, const char *name)
{
    const size_t size = strlen(name);
    for (int i = 0; i < self->argc; i++) {
        char *argument = self->argv[i];
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

bool cli_flag(cli *self, const char *name)
{
    for (int i = 0; i < self->argc; i++) {
        if (self->argv[i] != NULL && strcmp(self->argv[i], name) == 0) {
            self->argv[i] = NULL;
            return true;
        }
    }
    return false;
}

const char *cli_positional(cli *self)
{
    for (int i = 0; i < self->argc; i++) {
        if (self->argv[i] != NULL && self->argv[i][0] != '-') {
            const char *value = self->argv[i];
            self->argv[i] = NULL;
            return value;
        }
    }
    return NULL;
}

bool cli_done_arguments(const cli *self)
{
    for (int i = 0; i < self->argc; i++) {
        if (self->argv[i] != NULL) {
            (void)fprintf(stderr, "cerberus: unknown or incomplete argument '%s'\n", self->argv[i]);
            return false;
        }
    }
    return true;
}

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        const char c = *text;
        const bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                             (c >= 'A' && c <= 'Z') || strchr("-_.:*", c) != NULL;
        if (!is_word) {
            return false;
        }
    }
    return true;
}

cb_status cli_list_path(cli *self, const char *base, char *out, size_t out_size, cb_err *err)
{
    const char *const names[] = {"symbol", "limit", "before", "id"};
    char option[16];
    size_t used = (size_t)snprintf(out, out_size, "%s", base);
    char separator = '?';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(option, sizeof option, "--%s", names[i]);
        const char *value = cli_option(self, option);
        if (value == NULL) {
            continue;
        }
        if (!is_plain(value) || used + strlen(value) + 16 > out_size) {
            return CB_FAIL(err,
                CB_E_SYNTAX,
                "%s: '%s' is too long or holds other than letters, digits, -_.:*",
                option,
                value);
        }
        used +=
            (size_t)snprintf(out + used, out_size - used, "%c%s=%s", separator, names[i], value);
        separator = '&';
    }
    return CB_OK;
}
