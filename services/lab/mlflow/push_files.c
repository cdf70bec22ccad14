/* Artefacts of a run: its files as they stand in the store, and its page. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/lab/backtest/backtest.h"
#include "services/lab/mlflow/push.h"

#define FILE_MAX ((size_t)1 << 30)

/* Where the server takes files of the run: the way below …/mlflow-artifacts/artifacts/. */
static bool find_way(const char *uri, char out[1024])
{
    static const char served[] = "/api/2.0/mlflow-artifacts/artifacts/";
    static const char scheme[] = "mlflow-artifacts:";
    const char *way = strncmp(uri, "http", 4) == 0 ? strstr(uri, served) : NULL;
    if (way != NULL) {
        way += sizeof served - 1;
    } else if (strncmp(uri, scheme, sizeof scheme - 1) == 0) {
        way = uri + sizeof scheme - 1;
        if (strncmp(way, "//", 2) == 0) {
            way = strchr(way + 2, '/'); /* behind the host */
        }
    }
    if (way == NULL) {
        return false;
    }
    way += strspn(way, "/");
    return way[0] != '\0' && cb_text_copy(out, 1024, cb_sv_from(way));
}

/* [owned by the caller]; NULL with err. */
static char *read_whole(FILE *file, const char *name, size_t *size, cb_err *err)
{
    char *bytes = NULL;
    if (fseek(file, 0, SEEK_END) == 0) {
        const long end = ftell(file);
        *size = end < 0 ? FILE_MAX : (size_t)end;
        bytes = *size < FILE_MAX ? malloc(*size + 1) : NULL;
        rewind(file);
    }
    if (bytes == NULL || fread(bytes, 1, *size, file) != *size) {
        free(bytes);
        (void)CB_FAIL(err, CB_E_IO, "%s cannot be read whole", name);
        return NULL;
    }
    return bytes;
}

static cb_status send_file(
    lab_push *push, const char *path, const char *way, const char *name, cb_err *err)
{
    char target[1200];
    size_t size = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return CB_FAIL(err, CB_E_IO, "%.300s: %s", path, strerror(errno));
    }
    char *bytes = read_whole(file, name, &size, err);
    (void)fclose(file);
    if (bytes == NULL) {
        return err->code;
    }
    (void)snprintf(target, sizeof target, "%s/%s", way, name);
    push->is_changed = true;
    const cb_status status = lab_client_put(push->client, target, bytes, size, err);
    free(bytes);
    return status;
}

/* True when the server has the file in that size. */
static bool is_there(const json_t *files, const char *name, const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    const bool is_ended = fseek(file, 0, SEEK_END) == 0;
    const int64_t size = is_ended ? ftell(file) : -1;
    (void)fclose(file);
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *item = json_array_get(files, i);
        const char *there = json_string_value(json_object_get(item, "path"));
        int64_t there_size = -1;
        if (there != NULL && strcmp(there, name) == 0) {
            return lab_mlflow_integer(json_object_get(item, "file_size"), &there_size) &&
                   there_size == size;
        }
    }
    return false;
}

/* The page with its prices when the history is still the run's. */
static cb_status make_page(const lab_run *run, const char *path, cb_err *err)
{
    cb_err why = {0};
    lab_backtest *self = lab_backtest_new();
    if (self == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for the page");
    }
    cb_status opened = lab_backtest_restore(self, run, &why);
    if (opened == CB_OK) {
        const lab_plan_options options = {.folder = self->folder};
        opened = lab_plan_open(&self->plan, &self->job, &options, &why);
    }
    const bool has_prices =
        opened == CB_OK && strcmp(self->plan.data_hash, run->result.provenance.data_hash) == 0;
    const lab_page_extras extras = {.candles = has_prices ? self->plan.candles : NULL,
        .quote_asset = self->job.quote_asset,
        .seed = self->job.seed};
    const cb_status status = lab_backtest_page(run, &extras, path, err);
    lab_backtest_free(self);
    return status;
}

static cb_status send_page(lab_push *push, const char *way, cb_err *err)
{
    char path[] = "/tmp/cerberus-page-XXXXXX";
    const int fd = mkstemp(path);
    if (fd < 0) {
        return CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(errno));
    }
    (void)close(fd);
    cb_status status = make_page(push->run, path, err);
    if (status == CB_OK) {
        status = send_file(push, path, way, "report.html", err);
    }
    (void)unlink(path);
    return status;
}

cb_status lab_push_files(lab_push *push, const char *artifact_uri, bool has_report, cb_err *err)
{
    static const char *const names[] = {"job.yaml", "summary.json", "fills.csv", "trades.csv"};
    char way[1024];
    char path[LAB_PATH_MAX + 64];
    json_t *answer = NULL;
    CB_ASSERT(push != NULL && artifact_uri != NULL);
    if (!find_way(artifact_uri, way)) {
        return CB_FAIL(err,
            CB_E_UNAVAILABLE,
            "its files were not sent: the server keeps them at %.200s, which it does not serve",
            artifact_uri);
    }
    (void)snprintf(path, sizeof path, "artifacts/list?run_id=%s", push->run_id);
    cb_status status = lab_client_get(push->client, path, &answer, err);
    for (size_t i = 0; status == CB_OK && i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(
            path, sizeof path, "%s/%" PRIu64 "/%s", push->store->path, push->run->id, names[i]);
        if (!is_there(json_object_get(answer, "files"), names[i], path)) {
            status = send_file(push, path, way, names[i], err);
        }
    }
    json_decref(answer);
    return status == CB_OK && has_report ? send_page(push, way, err) : status;
}
