/* cerberus doctor: checks what a run needs and says what is wrong with each part. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "services/cli/cli.h"

#define DISK_FREE_MIN_PERCENT 15

typedef struct doctor {
    json_t *rows;
    bool is_well;
} doctor;

static void note(doctor *self, const char *check, bool is_ok, const char *detail)
{
    (void)json_array_append_new(self->rows,
        json_pack("{s:s, s:s, s:s}",
            "check",
            check,
            "result",
            is_ok ? "ok" : "FAILED",
            "detail",
            detail));
    self->is_well = self->is_well && is_ok;
}

/* The health address of a service is its metrics address with another path. */
static void check_service(doctor *self, const char *name, const char *metrics_url)
{
    char url[CLI_TEXT_MAX];
    char detail[CLI_TEXT_MAX * 2];
    long status = 0;
    const char *why = NULL;
    const size_t base = strlen(metrics_url) - strlen("/metrics");
    (void)snprintf(url, sizeof url, "%.*s/readyz", (int)base, metrics_url);
    const int code = cli_probe(url, &status, &why);
    if (why[0] == '\0') {
        (void)snprintf(detail, sizeof detail, "%s answers %ld", url, status);
    } else {
        (void)snprintf(detail, sizeof detail, "%s: %s", url, why);
    }
    note(self, name, code == CLI_OK, detail);
}

static void check_services(doctor *self, const cli *where)
{
    const char *name;
    json_t *url;
    json_t *metrics = json_object_get(where->endpoints, "metrics");
    json_object_foreach(metrics, name, url)
    {
        const char *text = json_string_value(url);
        if (text != NULL && strlen(text) > strlen("/metrics")) {
            check_service(self, name, text);
        }
    }
}

/* Files that only their owner may use. */
static void check_mode(doctor *self, const cli *where, const char *name, const char *endpoint)
{
    struct stat info;
    char detail[CLI_TEXT_MAX * 2];
    const char *path = cli_endpoint(where, endpoint);
    if (path == NULL || stat(path, &info) != 0) {
        note(self, name, false, "not found");
        return;
    }
    (void)snprintf(detail, sizeof detail, "mode %03o", (unsigned)(info.st_mode & 0777));
    note(self, name, (info.st_mode & 077) == 0, detail);
}

static void check_disk(doctor *self, const cli *where)
{
    struct statvfs disk;
    char detail[CLI_TEXT_MAX * 2];
    if (statvfs(where->endpoints_file, &disk) != 0 || disk.f_blocks == 0) {
        note(self, "disk", false, "cannot be measured");
        return;
    }
    const unsigned long long percent = (unsigned long long)disk.f_bavail * 100U / disk.f_blocks;
    (void)snprintf(detail,
        sizeof detail,
        "%llu %% free, at least %d %% wanted",
        percent,
        DISK_FREE_MIN_PERCENT);
    note(self, "disk", percent >= DISK_FREE_MIN_PERCENT, detail);
}

static void check_gateway(doctor *self, cli *where)
{
    json_t *answer = NULL;
    const int code = cli_request(where, "GET", "/v1/differences?limit=1000", NULL, &answer);
    note(self,
        "gateway",
        code == CLI_OK,
        code == CLI_OK ? "token accepted" : "see the message above");
    const json_t *rows = json_object_get(answer, "rows");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        count += json_is_true(json_object_get(json_array_get(rows, i), "is_open")) ? 1U : 0U;
    }
    note(self,
        "books agree with the venue",
        code == CLI_OK && count == 0,
        count == 0 ? "no open difference" : "see GET /v1/differences");
    json_decref(answer);
}

static int run(cli *self)
{
    static const cli_column columns[] = {{"CHECK", "check", CLI_LEFT},
        {"RESULT", "result", CLI_LEFT},
        {"DETAIL", "detail", CLI_LEFT}};
    cb_err err = {0};
    doctor found = {json_array(), true};
    if (!cli_done_arguments(self)) {
        json_decref(found.rows);
        return CLI_USAGE;
    }
    const bool is_connected = cli_connect(self, &err) == CB_OK;
    note(&found, "endpoints", is_connected, is_connected ? self->endpoints_file : err.text);
    if (is_connected) {
        check_services(&found, self);
        check_mode(&found, self, "token file", "gateway.token_file");
        check_mode(&found, self, "signer's socket", "signer.socket");
        check_mode(&found, self, "signer's admin socket", "signer.admin_socket");
        check_disk(&found, self);
        check_gateway(&found, self);
    }
    if (self->output == CLI_JSON) {
        cli_print_json(found.rows);
    } else {
        cli_print_rows(found.rows, columns, sizeof columns / sizeof columns[0]);
    }
    json_decref(found.rows);
    return found.is_well ? CLI_OK : CLI_FAILURE;
}

const cli_command cli_command_doctor = {"doctor",
    "[-o table|json]",
    "check the run: services, token, disk, books",
    "  cerberus doctor\n",
    run};
