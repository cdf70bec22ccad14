/* STORE/mlflow/journal.jsonl. A line that a kill cut is dropped at the next start: nobody was told
 * that it stands. */
#include "services/lab/mlflow/book.h"

#include <dirent.h>
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
#include "rt/loop.h"
#include "base/timefmt.h"

#define LINE_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(17))

json_t *lab_book_experiment_named(const lab_book *book, const char *name)
{
    const char *id = NULL;
    json_t *experiment = NULL;
    json_object_foreach(book->experiments, id, experiment)
    {
        if (strcmp(json_string_value(json_object_get(experiment, "name")), name) == 0) {
            return experiment;
        }
    }
    return NULL;
}

/* ---- applying ---- */

static int compare_points(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"step", "timestamp"};
    double left = 0;
    double right = 0;
    for (size_t i = 0; i < 2; i++) {
        const json_int_t x = json_integer_value(json_object_get(a, keys[i]));
        const json_int_t y = json_integer_value(json_object_get(b, keys[i]));
        if (x != y) {
            return x < y ? -1 : 1;
        }
    }
    (void)lab_mlflow_number(json_object_get(a, "value"), &left);
    (void)lab_mlflow_number(json_object_get(b, "value"), &right);
    return left < right ? -1 : left > right ? 1 : 0;
}

json_t *lab_book_latest(const json_t *points)
{
    json_t *latest = json_array_get(points, 0);
    for (size_t i = 1; i < json_array_size(points); i++) {
        json_t *point = json_array_get(points, i);
        latest = compare_points(latest, point) < 0 ? point : latest;
    }
    return latest;
}

bool lab_book_has_point(const json_t *points, const json_t *point)
{
    const size_t count = json_array_size(points);
    /* points mostly come in order: then the last one tells that it is new */
    if (count == 0 || json_integer_value(json_object_get(json_array_get(points, count - 1),
                          "step")) < json_integer_value(json_object_get(point, "step"))) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (json_equal(json_array_get(points, i), point) == 1) {
            return true;
        }
    }
    return false;
}

static void add_points(json_t *metrics, const json_t *points)
{
    for (size_t i = 0; i < json_array_size(points); i++) {
        json_t *point = json_array_get(points, i);
        const char *key = json_string_value(json_object_get(point, "key"));
        json_t *list = key == NULL ? NULL : json_object_get(metrics, key);
        if (list == NULL && key != NULL) {
            list = json_array();
            (void)json_object_set_new(metrics, key, list);
        }
        if (!lab_book_has_point(list, point)) {
            (void)json_array_append(list, point);
        }
    }
}

static void merge_tags(json_t *tags, json_t *changes)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(changes, key, value)
    {
        if (json_is_null(value)) {
            (void)json_object_del(tags, key);
        } else {
            (void)json_object_set(tags, key, value);
        }
    }
}

/* False when the record is none of ours. */
static bool apply_experiment(lab_book *book, const char *id, json_t *record)
{
    int64_t number = 0;
    json_t *experiment = json_object_get(book->experiments, id);
    if (experiment == NULL) {
        experiment = json_pack("{s:{}}", "tags");
        (void)json_object_set_new(book->experiments, id, experiment);
    }
    (void)json_object_update(experiment, json_object_get(record, "info"));
    merge_tags(json_object_get(experiment, "tags"), json_object_get(record, "tags"));
    const json_t *text = json_object_get(experiment, "experiment_id");
    if (!lab_mlflow_integer(text, &number) || number < 0 ||
        !json_is_string(json_object_get(experiment, "name"))) {
        return false;
    }
    book->next_experiment = number >= book->next_experiment ? number + 1 : book->next_experiment;
    return true;
}

static bool apply(lab_book *book, json_t *record)
{
    const char *experiment = json_string_value(json_object_get(record, "experiment"));
    const char *id = json_string_value(json_object_get(record, "run"));
    if (experiment != NULL) {
        return apply_experiment(book, experiment, record);
    }
    if (id == NULL) {
        return false;
    }
    json_t *run = json_object_get(book->runs, id);
    if (run == NULL) {
        run = json_pack("{s:{}, s:{}, s:{}, s:{}}", "info", "params", "tags", "metrics");
        (void)json_object_set_new(book->runs, id, run);
    }
    json_t *info = json_object_get(run, "info");
    (void)json_object_update(info, json_object_get(record, "info"));
    (void)json_object_update(json_object_get(run, "params"), json_object_get(record, "params"));
    merge_tags(json_object_get(run, "tags"), json_object_get(record, "tags"));
    add_points(json_object_get(run, "metrics"), json_object_get(record, "metrics"));
    return json_is_string(json_object_get(info, "run_id")) &&
           json_is_string(json_object_get(info, "experiment_id"));
}

/* ---- the journal ---- */

static bool write_all(int fd, const char *text, size_t size)
{
    size_t done = 0;
    while (done < size) {
        const ssize_t wrote = write(fd, text + done, size - done);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return false;
        }
        done += (size_t)wrote;
    }
    return true;
}

cb_status lab_book_commit(lab_book *book, json_t *record, cb_err *err)
{
    CB_ASSERT(book != NULL && book->fd >= 0);
    char *text = record == NULL ? NULL : json_dumps(record, LINE_FLAGS);
    cb_status status = CB_OK;
    if (text == NULL) {
        json_decref(record);
        return CB_FAIL(err, CB_E_FULL, "no memory for the journal's line");
    }
    const size_t size = strlen(text);
    text[size] = '\n'; /* in the place of the NUL: the line is written by its size */
    if (!write_all(book->fd, text, size + 1) || fdatasync(book->fd) != 0) {
        status = CB_FAIL(err, CB_E_IO, "the journal cannot be written: %s", strerror(errno));
        if (ftruncate(book->fd, book->size) != 0) {
            status = cb_err_context(err, "and not cut back");
        }
    } else {
        book->size += (int64_t)size + 1;
        const bool is_applied = apply(book, record);
        CB_ASSERT(is_applied);
    }
    free(text);
    json_decref(record);
    return status;
}

static cb_status replay(lab_book *book, FILE *file, cb_err *err)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size = 0;
    uint64_t number = 0;
    cb_status status = CB_OK;
    while (status == CB_OK && (size = getline(&line, &capacity, file)) > 0) {
        number++;
        if (line[size - 1] != '\n') {
            break; /* cut by a kill */
        }
        json_t *record = json_loadb(line, (size_t)size, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_object(record) || !apply(book, record)) {
            status =
                CB_FAIL(err, CB_E_CORRUPT, "mlflow/journal.jsonl:%" PRIu64 " is broken", number);
        }
        json_decref(record);
        book->size += size;
    }
    if (status == CB_OK && ferror(file) != 0) {
        status = CB_FAIL(err, CB_E_IO, "mlflow/journal.jsonl: %s", strerror(errno));
    }
    free(line);
    return status;
}

static cb_status open_journal(lab_book *book, cb_err *err)
{
    char path[LAB_PATH_MAX];
    lab_store folder; /* makes the folder where it is missing */
    if (snprintf(path, sizeof path, "%s/mlflow", book->store.path) >= LAB_PATH_MAX - 32) {
        return CB_FAIL(err, CB_E_CONFIG, "the store's path is too long");
    }
    if (lab_store_open(&folder, path, err) != CB_OK) {
        return err->code;
    }
    (void)snprintf(path, sizeof path, "%.*s/journal.jsonl", LAB_PATH_MAX - 32, folder.path);
    book->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (book->fd < 0) {
        return CB_FAIL(err, CB_E_IO, "%.300s: %s", path, strerror(errno));
    }
    if (flock(book->fd, LOCK_EX | LOCK_NB) != 0) {
        return CB_FAIL(err, CB_E_STATE, "%.300s: another server has it open", book->store.path);
    }
    FILE *file = fopen(path, "re");
    cb_status status = file == NULL ? CB_FAIL(err, CB_E_IO, "%.300s: %s", path, strerror(errno))
                                    : replay(book, file, err);
    if (file != NULL) {
        (void)fclose(file);
    }
    if (status == CB_OK && ftruncate(book->fd, book->size) != 0) {
        status = CB_FAIL(err, CB_E_IO, "%.300s: %s", path, strerror(errno));
    }
    return status;
}

static cb_status make_experiment(lab_book *book, const char *name, cb_err *err)
{
    char id[24];
    char place[64];
    const json_int_t now_ms = cb_wall_ns() / CB_NS_PER_MS;
    (void)snprintf(id, sizeof id, "%" PRId64, book->next_experiment);
    (void)snprintf(place, sizeof place, "mlflow-artifacts:/%s", id);
    return lab_book_commit(book,
        json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:I, s:I}}",
            "experiment",
            id,
            "info",
            "experiment_id",
            id,
            "name",
            name,
            "artifact_location",
            place,
            "lifecycle_stage",
            "active",
            "creation_time",
            now_ms,
            "last_update_time",
            now_ms),
        err);
}

cb_status lab_book_open(lab_book *book, const lab_store *store, cb_err *err)
{
    CB_ASSERT(book != NULL && store != NULL && err != NULL);
    *book =
        (lab_book){.store = *store, .fd = -1, .experiments = json_object(), .runs = json_object()};
    cb_status status = open_journal(book, err);
    if (status == CB_OK && json_object_size(book->experiments) == 0) {
        status = make_experiment(book, "Default", err); /* number 0, as with MLflow */
    }
    if (status == CB_OK) {
        status = lab_book_refresh(book, err);
    }
    if (status != CB_OK) {
        lab_book_close(book);
    }
    return status;
}

void lab_book_close(lab_book *book)
{
    json_decref(book->experiments);
    json_decref(book->runs);
    if (book->fd >= 0) {
        (void)close(book->fd);
    }
    *book = (lab_book){.fd = -1};
}

/* ---- our own runs ---- */

/* Puts it under the experiment of its job's name. */
static cb_status take_own(lab_book *book, json_t *run, const char *name, uint64_t id, cb_err *err)
{
    char place[128];
    json_t *info = json_object_get(run, "info");
    if (lab_book_experiment_named(book, name) == NULL &&
        make_experiment(book, name, err) != CB_OK) {
        return err->code;
    }
    json_t *experiment = json_object_get(lab_book_experiment_named(book, name), "experiment_id");
    const char *run_id = json_string_value(json_object_get(info, "run_id"));
    (void)snprintf(place,
        sizeof place,
        "mlflow-artifacts:/%s/%s/artifacts",
        json_string_value(experiment),
        run_id);
    (void)json_object_set(info, "experiment_id", experiment);
    (void)json_object_set_new(info, "artifact_uri", json_string(place));
    (void)json_object_set_new(info, "lifecycle_stage", json_string("active"));
    (void)json_object_set_new(run, "own", json_integer((json_int_t)id));
    return json_object_set(book->runs, run_id, run) == 0
               ? CB_OK
               : CB_FAIL(err, CB_E_FULL, "no memory for runs");
}

static cb_status add_own(lab_book *book, uint64_t id, cb_err *err)
{
    lab_run run;
    cb_err problem = {0};
    if (lab_store_read(&book->store, id, &run, &problem) != CB_OK) {
        (void)fprintf(stderr, "cerberus-lab experiments serve: left out: %s\n", problem.text);
        return CB_OK;
    }
    const char *name = json_string_value(json_object_get(run.summary, "name"));
    json_t *exported =
        lab_mlflow_export(&run, lab_mlflow_stored_ms(&book->store, id), false, &problem);
    cb_status status = CB_OK;
    if (exported == NULL) {
        (void)fprintf(stderr, "cerberus-lab experiments serve: left out: %s\n", problem.text);
    } else {
        status =
            take_own(book, exported, name == NULL || name[0] == '\0' ? "unnamed" : name, id, err);
    }
    json_decref(exported);
    lab_run_release(&run);
    return status;
}

static bool is_known(const lab_book *book, uint64_t id)
{
    const char *run_id = NULL;
    json_t *run = NULL;
    json_object_foreach(book->runs, run_id, run)
    {
        if ((uint64_t)json_integer_value(json_object_get(run, "own")) == id) {
            return true;
        }
    }
    return false;
}

cb_status lab_book_refresh(lab_book *book, cb_err *err)
{
    struct stat at;
    CB_ASSERT(book != NULL && err != NULL);
    if (stat(book->store.path, &at) != 0) {
        return CB_FAIL(err, CB_E_IO, "%.300s: %s", book->store.path, strerror(errno));
    }
    const int64_t changed_ns = (int64_t)at.st_mtim.tv_sec * CB_NS_PER_S + at.st_mtim.tv_nsec;
    DIR *folder = changed_ns == book->seen_ns ? NULL : opendir(book->store.path);
    cb_status status = CB_OK;
    const struct dirent *entry = NULL;
    while (folder != NULL && status == CB_OK && (entry = readdir(folder)) != NULL) {
        uint64_t id = 0;
        if (entry->d_name[0] != '0' && cb_u64_parse(cb_sv_from(entry->d_name), INT64_MAX, &id) &&
            !is_known(book, id)) {
            status = add_own(book, id, err);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    /* the disk's clock is coarse: what came within the same tick would never be looked for */
    const bool is_settled = cb_wall_ns() - changed_ns > CB_NS_PER_S;
    book->seen_ns = status == CB_OK && is_settled ? changed_ns : 0;
    return status;
}

json_t *lab_book_whole(const lab_book *book, const json_t *run, cb_err *err)
{
    lab_run stored;
    const uint64_t id = (uint64_t)json_integer_value(json_object_get(run, "own"));
    CB_ASSERT(id > 0);
    if (lab_store_read(&book->store, id, &stored, err) != CB_OK) {
        return NULL;
    }
    json_t *out = lab_mlflow_export(&stored, lab_mlflow_stored_ms(&book->store, id), true, err);
    lab_run_release(&stored);
    return out;
}
