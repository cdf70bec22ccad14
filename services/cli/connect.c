/* Where the gateway is: --endpoints, CERBERUS_ENDPOINTS, or .run/endpoints.json of this checkout;
 * CERBERUS_GATEWAY_URL and CERBERUS_TOKEN_FILE override it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services/cli/cli.h"

bool cli_read_secret(const char *path, char *out, size_t out_size)
{
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(out, (int)out_size, file) == NULL) {
        (void)fprintf(stderr, "cerberus: cannot read %s\n", path);
        if (file != NULL) {
            (void)fclose(file);
        }
        return false;
    }
    (void)fclose(file);
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

/* bin/cerberus is a link into build/…; the run folder stands beside bin. */
static void default_file(char *out, size_t out_size)
{
    char self[PATH_MAX];
    const char *told = getenv("CERBERUS_ENDPOINTS");
    if (told != NULL) {
        (void)snprintf(out, out_size, "%s", told);
        return;
    }
    (void)snprintf(out, out_size, ".run/endpoints.json");
    if (access(out, F_OK) == 0) {
        return;
    }
    const ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    if (size <= 0) {
        return;
    }
    self[size] = '\0';
    char *build = strstr(self, "/build/");
    if (build != NULL) {
        *build = '\0';
        (void)snprintf(out, out_size, "%.400s/.run/endpoints.json", self);
    }
}

const char *cli_endpoint(const cli *self, const char *dotted)
{
    char part[64];
    const json_t *at = self->endpoints;
    while (at != NULL && *dotted != '\0') {
        const size_t size = strcspn(dotted, ".");
        if (size >= sizeof part) {
            return NULL;
        }
        memcpy(part, dotted, size);
        part[size] = '\0';
        at = json_object_get(at, part);
        dotted += size + (dotted[size] == '.' ? 1 : 0);
    }
    return json_string_value(at);
}

static cb_status take_gateway(cli *self, cb_err *err)
{
    const char *url = getenv("CERBERUS_GATEWAY_URL");
    const char *token_file = getenv("CERBERUS_TOKEN_FILE");
    url = url != NULL ? url : cli_endpoint(self, "gateway.url");
    token_file = token_file != NULL ? token_file : cli_endpoint(self, "gateway.token_file");
    if (url == NULL || token_file == NULL) {
        return CB_FAIL(err,
            CB_E_NOT_FOUND,
            "no gateway known: start one with `make up`, or set CERBERUS_GATEWAY_URL and "
            "CERBERUS_TOKEN_FILE "
            "(looked in %s)",
            self->endpoints_file);
    }
    (void)snprintf(self->url, sizeof self->url, "%s", url);
    if (!cli_read_secret(token_file, self->token, sizeof self->token)) {
        return CB_FAIL(err, CB_E_AUTH, "the token file %s cannot be read", token_file);
    }
    return CB_OK;
}

cb_status cli_connect(cli *self, cb_err *err)
{
    json_error_t where;
    if (self->url[0] != '\0') {
        return CB_OK;
    }
    if (self->endpoints_file[0] == '\0') {
        default_file(self->endpoints_file, sizeof self->endpoints_file);
    }
    if (self->endpoints == NULL && access(self->endpoints_file, F_OK) == 0) {
        self->endpoints = json_load_file(self->endpoints_file, JSON_REJECT_DUPLICATES, &where);
        if (self->endpoints == NULL) {
            return CB_FAIL(
                err, CB_E_SYNTAX, "%s line %d: %s", self->endpoints_file, where.line, where.text);
        }
    }
    return take_gateway(self, err);
}
