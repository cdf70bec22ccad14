/* Hands a command over to `cerberus-lab` beside this program: the lab works on files alone, and
 * what runs it without a server need not link the gateway's client. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services/cli/cli.h"

#define LAB_PATH_MAX 4096

static bool find_lab(char *out, size_t out_size)
{
    static const char name[] = "cerberus-lab";
    const ssize_t size = readlink("/proc/self/exe", out, out_size - sizeof name);
    if (size <= 0) {
        return false;
    }
    out[size] = '\0';
    char *slash = strrchr(out, '/');
    if (slash == NULL) {
        return false;
    }
    (void)snprintf(slash + 1, sizeof name, "%s", name);
    return true;
}

int cli_hand_over(cli *self)
{
    char path[LAB_PATH_MAX];
    if (!find_lab(path, sizeof path)) {
        (void)fprintf(stderr, "cerberus: cannot tell where this program is\n");
        return CLI_FAILURE;
    }
    /* argv of main: "cerberus" and the command's name stand before the arguments */
    (void)execv(path, self->argv - 2);
    (void)fprintf(stderr, "cerberus: %s: %s\n", path, strerror(errno));
    return errno == ENOENT ? CLI_NOT_FOUND : CLI_FAILURE;
}
