/* cerberus provision: what NATS needs before the services start, derived from proto/subjects.def:
 * `nats-conf` writes the server's configuration, `streams` creates streams and consumers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strview.h"
#include "rt/killpage.h"
#include "rt/provision.h"
#include "services/cli/cli.h"

#define NATS_CONF_MAX ((size_t)256 * 1024)
#define STREAMS_TIMEOUT_MS 10000

typedef struct password_source {
    const char *folder;
    char password[CLI_TEXT_MAX];
} password_source;

/* The password of a user stands in FOLDER/nats_USER. */
static const char *password_of(void *context, const char *user)
{
    password_source *self = context;
    char path[CLI_TEXT_MAX];
    (void)snprintf(path, sizeof path, "%.400s/nats_%.32s", self->folder, user);
    return cli_read_secret(path, self->password, sizeof self->password) ? self->password : NULL;
}

static int nats_conf(cli *self)
{
    cb_err err = {0};
    uint64_t port = 0;
    size_t size = 0;
    const char *secrets = cli_option(self, "--secrets");
    const char *port_text = cli_option(self, "--port");
    const char *store = cli_option(self, "--store");
    const char *host = cli_option(self, "--host");
    if (secrets == NULL || store == NULL || port_text == NULL ||
        !cb_u64_parse(cb_sv_from(port_text), 65535, &port) || !cli_done_arguments(self)) {
        (void)fprintf(stderr,
            "cerberus provision nats-conf: --secrets DIR --port N --store DIR are required\n");
        return CLI_USAGE;
    }
    password_source source = {.folder = secrets};
    const cb_nats_conf_options options = {.host = host != NULL ? host : "127.0.0.1",
        .port = (uint16_t)port,
        .store_dir = store,
        .password = password_of,
        .context = &source};
    char *text = malloc(NATS_CONF_MAX);
    if (text == NULL) {
        return CLI_FAILURE;
    }
    const cb_status status = cb_provision_nats_conf(&options, text, NATS_CONF_MAX, &size, &err);
    if (status == CB_OK) {
        (void)fwrite(text, 1, size, stdout);
    } else {
        (void)fprintf(stderr, "cerberus provision nats-conf: %s\n", err.text);
    }
    free(text);
    return status == CB_OK ? CLI_OK : CLI_FAILURE;
}

static int streams(cli *self)
{
    cb_err err = {0};
    char password[CLI_TEXT_MAX];
    const char *url = cli_option(self, "--url");
    const char *file = cli_option(self, "--password");
    if (url == NULL || file == NULL || !cli_done_arguments(self)) {
        (void)fprintf(
            stderr, "cerberus provision streams: --url URL --password FILE are required\n");
        return CLI_USAGE;
    }
    if (!cli_read_secret(file, password, sizeof password)) {
        return CLI_FAILURE;
    }
    if (cb_provision_streams(url, password, STREAMS_TIMEOUT_MS, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus provision streams: %s\n", err.text);
        return CLI_FAILURE;
    }
    return CLI_OK;
}

/* Once, before execution's first start: a missing page stops every order. */
static int kill_page(cli *self)
{
    cb_err err = {0};
    const char *file = cli_option(self, "--file");
    if (file == NULL || !cli_done_arguments(self)) {
        (void)fprintf(stderr, "cerberus provision kill-page: --file FILE is required\n");
        return CLI_USAGE;
    }
    const cb_status status = cb_killpage_make(file, &err);
    if (status != CB_OK && status != CB_E_EXISTS) {
        (void)fprintf(stderr, "cerberus provision kill-page: %s\n", err.text);
        return CLI_FAILURE;
    }
    return CLI_OK; /* what is there stays as it is, whatever it says */
}

static int run(cli *self)
{
    const char *what = cli_positional(self);
    if (what != NULL && strcmp(what, "kill-page") == 0) {
        return kill_page(self);
    }
    if (what != NULL && strcmp(what, "nats-conf") == 0) {
        return nats_conf(self);
    }
    if (what != NULL && strcmp(what, "streams") == 0) {
        return streams(self);
    }
    (void)fprintf(stderr, "cerberus provision: nats-conf, streams or kill-page\n");
    return CLI_USAGE;
}

const cli_command cli_command_provision = {"provision",
    "nats-conf --secrets DIR --port N --store DIR [--host H] | streams --url URL --password FILE |"
    " kill-page --file FILE",
    "NATS configuration, streams and consumers from the table of subjects; the local flag page",
    "  cerberus provision streams --url nats://127.0.0.1:4222 --password FILE\n",
    run};
