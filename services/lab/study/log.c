/* Files of lines in STORE/studies: NUMBER.jsonl. */
#include "services/lab/study/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/strview.h"
#include "rt/version.h"

#define TAKE_TRIES 1000
#define LINE_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(17))

CB_MUST_USE static bool path_of(const lab_store *store, uint64_t id, char out[LAB_PATH_MAX])
{
    const int length =
        id == 0 ? snprintf(out, LAB_PATH_MAX, "%s/studies", store->path)
                : snprintf(out, LAB_PATH_MAX, "%s/studies/%" PRIu64 ".jsonl", store->path, id);
    return length > 0 && length < LAB_PATH_MAX;
}

static cb_status failed(const lab_study_log *log, cb_err *err)
{
    return CB_FAIL(err, CB_E_IO, "%s: %s", log->path, strerror(errno));
}

/* Appends a line; it is on the disk when this returns. */
static cb_status append(lab_study_log *log, json_t *line, cb_err *err)
{
    char *text = line == NULL ? NULL : json_dumps(line, LINE_FLAGS);
    json_decref(line);
    if (text == NULL) {
        return CB_FAIL(err, CB_E_FULL, "%s: no memory for a line", log->path);
    }
    const size_t size = strlen(text);
    text[size] = '\n';
    size_t done = 0;
    ssize_t wrote = 0;
    while (done < size + 1 && (wrote = write(log->fd, text + done, size + 1 - done)) > 0) {
        done += (size_t)wrote;
    }
    free(text);
    if (done < size + 1 || fdatasync(log->fd) != 0) {
        return failed(log, err);
    }
    return CB_OK;
}

cb_status lab_study_log_list(const lab_store *store, uint64_t **ids, size_t *count, cb_err *err)
{
    char path[LAB_PATH_MAX];
    CB_ASSERT(store != NULL && ids != NULL && count != NULL);
    if (!path_of(store, 0, path)) {
        return CB_FAIL(err, CB_E_IO, "%s: the path is too long", store->path);
    }
    return lab_store_numbers(path, ".jsonl", ids, count, err);
}

static json_t *head_line(const lab_study_head *head)
{
    json_t *set = json_array();
    for (size_t i = 0; i < head->overrides_count; i++) {
        (void)json_array_append_new(set, json_string(head->overrides[i]));
    }
    return json_pack("{s:i, s:s, s:s%, s:s, s:o, s:s, s:I, s:I, s:s, s:s}",
        "version",
        1,
        "name",
        head->name,
        "job",
        head->text,
        head->size,
        "folder",
        head->folder,
        "set",
        set,
        "sampler",
        head->sampler,
        "trials",
        (json_int_t)head->trials,
        "workers",
        (json_int_t)head->workers,
        "data_hash",
        head->data_hash,
        "code_version",
        cb_version());
}

static cb_status take_number(
    lab_study_log *log, const lab_store *store, uint64_t first, cb_err *err)
{
    for (uint64_t id = first; id < first + TAKE_TRIES; id++) {
        if (!path_of(store, id, log->path)) {
            return CB_FAIL(err, CB_E_IO, "%s: the path is too long", store->path);
        }
        log->id = id;
        log->fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (log->fd >= 0) {
            return flock(log->fd, LOCK_EX | LOCK_NB) == 0 ? CB_OK : failed(log, err);
        }
        if (errno != EEXIST) {
            return failed(log, err);
        }
    }
    return CB_FAIL(err, CB_E_IO, "%s: no number is free", store->path);
}

cb_status lab_study_log_make(
    lab_study_log *log, const lab_store *store, const lab_study_head *head, cb_err *err)
{
    char path[LAB_PATH_MAX];
    uint64_t *ids = NULL;
    size_t count = 0;
    CB_ASSERT(log != NULL && head != NULL);
    *log = (lab_study_log){.fd = -1};
    if (!path_of(store, 0, path) || (mkdir(path, 0700) != 0 && errno != EEXIST)) {
        return CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(errno));
    }
    cb_status status = lab_study_log_list(store, &ids, &count, err);
    if (status == CB_OK) {
        status = take_number(log, store, count == 0 ? 1 : ids[count - 1] + 1, err);
    }
    free(ids);
    if (status == CB_OK) {
        status = append(log, head_line(head), err);
    }
    if (status != CB_OK && log->fd >= 0) {
        (void)unlink(log->path);
        lab_study_log_close(log);
    }
    return status;
}

/* A kill may have cut the last line: what is appended next must begin a new one. */
static cb_status trim(const lab_study_log *log, cb_err *err)
{
    char last = '\n';
    off_t size = lseek(log->fd, 0, SEEK_END);
    off_t end = size;
    while (end > 0 && pread(log->fd, &last, 1, end - 1) == 1 && last != '\n') {
        end--;
    }
    return end == size || ftruncate(log->fd, end) == 0 ? CB_OK : failed(log, err);
}

cb_status lab_study_log_open(lab_study_log *log, const lab_store *store, uint64_t id, cb_err *err)
{
    CB_ASSERT(log != NULL && store != NULL);
    *log = (lab_study_log){.fd = -1, .id = id};
    if (!path_of(store, id, log->path)) {
        return CB_FAIL(err, CB_E_IO, "%s: the path is too long", store->path);
    }
    log->fd = open(log->path, O_RDWR | O_APPEND | O_CLOEXEC);
    if (log->fd < 0) {
        return errno == ENOENT ? CB_FAIL(err, CB_E_NOT_FOUND, "there is no search %" PRIu64, id)
                               : failed(log, err);
    }
    cb_status status = CB_OK;
    if (flock(log->fd, LOCK_EX | LOCK_NB) != 0) {
        status = CB_FAIL(err, CB_E_STATE, "search %" PRIu64 " is running elsewhere", id);
    }
    if (status == CB_OK) {
        status = trim(log, err);
    }
    if (status != CB_OK) {
        lab_study_log_close(log);
    }
    return status;
}

void lab_study_log_close(lab_study_log *log)
{
    CB_ASSERT(log != NULL);
    if (log->fd >= 0) {
        (void)close(log->fd);
    }
    log->fd = -1;
}

/* ---- lines ---- */

static json_t *numbers(const double *values, size_t count)
{
    json_t *out = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(out, json_real(values[i]));
    }
    return out;
}

cb_status lab_study_log_ask(lab_study_log *log, const search_trial *trial, cb_err *err)
{
    CB_ASSERT(log != NULL && trial != NULL);
    return append(log,
        json_pack("{s:I, s:o}",
            "ask",
            (json_int_t)trial->number,
            "values",
            numbers(trial->values, trial->dims)),
        err);
}

cb_status lab_study_log_tell(
    lab_study_log *log, const lab_trial_answer *answer, uint32_t objectives, cb_err *err)
{
    char hash[17];
    CB_ASSERT(log != NULL && answer != NULL);
    (void)snprintf(hash, sizeof hash, "%016" PRIx64, answer->output_hash);
    if (answer->is_complete == 0) {
        return append(log,
            json_pack("{s:I, s:s, s:s}",
                "tell",
                (json_int_t)answer->number,
                "state",
                "failed",
                "why",
                answer->why),
            err);
    }
    return append(log,
        json_pack("{s:I, s:s, s:o, s:s, s:I, s:o}",
            "tell",
            (json_int_t)answer->number,
            "state",
            "complete",
            "objectives",
            numbers(answer->objectives, objectives),
            "output_hash",
            hash,
            "trades",
            (json_int_t)answer->trades,
            "returns",
            numbers(answer->returns, answer->returns_count)),
        err);
}

cb_status lab_study_log_read(const lab_store *store, uint64_t id, json_t **lines, cb_err *err)
{
    char path[LAB_PATH_MAX];
    char *line = NULL;
    size_t room = 0;
    ssize_t size = 0;
    CB_ASSERT(store != NULL && lines != NULL);
    FILE *file = path_of(store, id, path) ? fopen(path, "re") : NULL;
    if (file == NULL) {
        return CB_FAIL(err, CB_E_NOT_FOUND, "there is no search %" PRIu64, id);
    }
    *lines = json_array();
    cb_status status = CB_OK;
    while (status == CB_OK && (size = getline(&line, &room, file)) > 0 && line[size - 1] == '\n') {
        json_t *one = json_loadb(line, (size_t)size, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_object(one) || json_array_append_new(*lines, one) != 0) {
            status = CB_FAIL(err,
                CB_E_CORRUPT,
                "%s:%zu: is no line of a search",
                path,
                json_array_size(*lines) + 1);
        }
    }
    free(line);
    (void)fclose(file);
    if (status == CB_OK && json_array_size(*lines) == 0) {
        status = CB_FAIL(err, CB_E_CORRUPT, "%s: is empty", path);
    }
    if (status != CB_OK) {
        json_decref(*lines);
        *lines = NULL;
    }
    return status;
}
