/* Folders of runs. A run is written beside its place and renamed into it, so it is whole or absent;
 * its number is taken by that rename. */
#include "services/lab/store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/lab/store/rows.h"

#define SUMMARY_MAX ((size_t)64 << 20)
#define TAKE_TRIES 1000

static const char *const run_files[] = {
    "job.yaml", "summary.json", "points.bin", "fills.csv", "trades.csv"};
#define RUN_FILES_COUNT (sizeof run_files / sizeof run_files[0])

CB_MUST_USE static bool join(char out[LAB_PATH_MAX], const char *folder, const char *name)
{
    const int length = snprintf(out, LAB_PATH_MAX, "%s/%s", folder, name);
    return length > 0 && length < LAB_PATH_MAX;
}

/* ---- the store's folder ---- */

static cb_status make_folders(char *path, cb_err *err)
{
    for (char *at = path + 1;; at++) {
        if (*at != '/' && *at != '\0') {
            continue;
        }
        const char end = *at;
        *at = '\0';
        const int failed = mkdir(path, 0700) != 0 && errno != EEXIST;
        const cb_status status =
            failed ? CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(errno)) : CB_OK;
        *at = end;
        if (failed || end == '\0') {
            return status;
        }
    }
}

static cb_status default_path(char out[LAB_PATH_MAX], cb_err *err)
{
    const char *own = getenv("CERBERUS_LAB_DIR");
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    if (own != NULL && own[0] != '\0') {
        return cb_text_copy(out, LAB_PATH_MAX, cb_sv_from(own))
                   ? CB_OK
                   : CB_FAIL(err, CB_E_CONFIG, "CERBERUS_LAB_DIR is too long");
    }
    const bool has_data = data != NULL && data[0] == '/';
    if (!has_data && (home == NULL || home[0] != '/')) {
        return CB_FAIL(
            err, CB_E_CONFIG, "neither CERBERUS_LAB_DIR nor HOME tells where runs are kept");
    }
    return join(
               out, has_data ? data : home, has_data ? "cerberus/lab" : ".local/share/cerberus/lab")
               ? CB_OK
               : CB_FAIL(err, CB_E_CONFIG, "the path to the runs is too long");
}

cb_status lab_store_open(lab_store *store, const char *path, cb_err *err)
{
    CB_ASSERT(store != NULL);
    cb_status status = CB_OK;
    if (path == NULL) {
        status = default_path(store->path, err);
    } else if (path[0] == '\0' || !cb_text_copy(store->path, LAB_PATH_MAX, cb_sv_from(path))) {
        status = CB_FAIL(err, CB_E_CONFIG, "the path to the runs is empty or too long");
    }
    return status == CB_OK ? make_folders(store->path, err) : status;
}

static bool number_of(const char *name, const char *suffix, uint64_t *out)
{
    const size_t digits = strspn(name, "0123456789");
    return name[0] != '0' && cb_text_equal(name + digits, suffix) &&
           cb_u64_parse((cb_strview){name, digits}, INT64_MAX, out);
}

static int by_number(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a;
    const uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

/* Room for one more number; CB_E_FULL. */
static cb_status make_room(uint64_t **numbers, size_t count, size_t *capacity, cb_err *err)
{
    if (count < *capacity) {
        return CB_OK;
    }
    const size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
    uint64_t *more = realloc(*numbers, wanted * sizeof **numbers);
    if (more == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for the list of numbers");
    }
    *numbers = more;
    *capacity = wanted;
    return CB_OK;
}

cb_status lab_store_numbers(
    const char *folder, const char *suffix, uint64_t **numbers, size_t *count, cb_err *err)
{
    size_t capacity = 0;
    CB_ASSERT(folder != NULL && numbers != NULL && count != NULL);
    *numbers = NULL;
    *count = 0;
    DIR *entries = opendir(folder);
    if (entries == NULL) {
        return errno == ENOENT ? CB_OK : CB_FAIL(err, CB_E_IO, "%s: %s", folder, strerror(errno));
    }
    cb_status status = CB_OK;
    const struct dirent *entry = NULL;
    while (status == CB_OK && (entry = readdir(entries)) != NULL) {
        uint64_t number = 0;
        if (!number_of(entry->d_name, suffix, &number)) {
            continue;
        }
        status = make_room(numbers, *count, &capacity, err);
        if (status == CB_OK) {
            CB_ASSERT(*numbers != NULL);
            (*numbers)[(*count)++] = number;
        }
    }
    (void)closedir(entries);
    if (*count > 0) {
        qsort(*numbers, *count, sizeof **numbers, by_number);
    }
    return status;
}

/* ---- writing ---- */

static bool write_content(FILE *file,
    size_t index,
    const lab_run_source *source,
    const lab_result *result,
    const json_t *summary)
{
    switch (index) {
    case 0:
        return fwrite(source->text, 1, source->size, file) == source->size;
    case 1:
        return json_dumpf(summary, file, JSON_INDENT(1)) == 0 && fputc('\n', file) == '\n';
    case 2:
        return lab_points_write(file, result->points, result->points_count);
    case 3:
        return lab_rows_write(
            file, LAB_ROWS_FILLS, result->fills, result->fills_count, &source->names);
    default:
        return lab_rows_write(
            file, LAB_ROWS_TRADES, result->trades, result->trades_count, &source->names);
    }
}

static cb_status write_file(const char *folder,
    size_t index,
    const lab_run_source *source,
    const lab_result *result,
    const json_t *summary,
    cb_err *err)
{
    char path[LAB_PATH_MAX];
    if (!join(path, folder, run_files[index])) {
        return CB_FAIL(err, CB_E_IO, "%s: the path is too long", folder);
    }
    FILE *file = fopen(path, "wxe");
    if (file == NULL) {
        return CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(errno));
    }
    errno = 0;
    bool is_written = write_content(file, index, source, result, summary) && fflush(file) == 0 &&
                      fsync(fileno(file)) == 0;
    int why = errno;
    if (fclose(file) != 0 && is_written) {
        is_written = false;
        why = errno;
    }
    return is_written
               ? CB_OK
               : CB_FAIL(err, CB_E_IO, "%s: %s", path, why == 0 ? "not written" : strerror(why));
}

static void remove_folder(const char *folder)
{
    char path[LAB_PATH_MAX];
    for (size_t i = 0; i < RUN_FILES_COUNT; i++) {
        if (join(path, folder, run_files[i])) {
            (void)unlink(path);
        }
    }
    (void)rmdir(folder);
}

static void sync_folder(const char *folder)
{
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

/* Renames the written folder to the next free number. */
static cb_status take_number(const lab_store *store, const char *folder, uint64_t *id, cb_err *err)
{
    uint64_t *numbers = NULL;
    size_t count = 0;
    const cb_status status = lab_store_numbers(store->path, "", &numbers, &count, err);
    uint64_t next = count == 0 ? 1 : numbers[count - 1] + 1;
    free(numbers);
    for (int i = 0; status == CB_OK && i < TAKE_TRIES; i++, next++) {
        char name[32];
        char path[LAB_PATH_MAX];
        (void)snprintf(name, sizeof name, "%" PRIu64, next);
        if (!join(path, store->path, name)) {
            return CB_FAIL(err, CB_E_IO, "%s: the path is too long", store->path);
        }
        if (rename(folder, path) == 0) {
            sync_folder(store->path);
            *id = next;
            return CB_OK;
        }
        if (errno != EEXIST && errno != ENOTEMPTY) {
            return CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(errno));
        }
    }
    return status != CB_OK ? status : CB_FAIL(err, CB_E_IO, "%s: no number is free", store->path);
}

cb_status lab_store_write(const lab_store *store,
    const lab_run_source *source,
    const lab_result *result,
    const json_t *metrics,
    uint64_t *id,
    cb_err *err)
{
    char folder[LAB_PATH_MAX];
    CB_ASSERT(store != NULL && source != NULL && result != NULL && id != NULL);
    if (!join(folder, store->path, ".writing-XXXXXX") || mkdtemp(folder) == NULL) {
        return CB_FAIL(err, CB_E_IO, "%s: %s", store->path, strerror(errno));
    }
    json_t *summary = lab_summary(source, result, metrics);
    cb_status status =
        summary == NULL ? CB_FAIL(err, CB_E_FULL, "the summary could not be made") : CB_OK;
    for (size_t i = 0; status == CB_OK && i < RUN_FILES_COUNT; i++) {
        status = write_file(folder, i, source, result, summary, err);
    }
    json_decref(summary);
    if (status == CB_OK) {
        sync_folder(folder);
        status = take_number(store, folder, id, err);
    }
    if (status != CB_OK) {
        remove_folder(folder);
    }
    return status;
}

/* ---- reading ---- */

static FILE *open_run_file(const lab_store *store, uint64_t id, size_t index, cb_err *err)
{
    char path[LAB_PATH_MAX];
    const int length =
        snprintf(path, sizeof path, "%s/%" PRIu64 "/%s", store->path, id, run_files[index]);
    FILE *file = length > 0 && length < LAB_PATH_MAX ? fopen(path, "re") : NULL;
    if (file == NULL) {
        (void)CB_FAIL(err,
            errno == ENOENT ? CB_E_NOT_FOUND : CB_E_IO,
            errno == ENOENT ? "there is no run %" PRIu64 " in %s"
                            : "run %" PRIu64 " in %s: cannot be read",
            id,
            store->path);
    }
    return file;
}

static cb_status read_text(const lab_store *store, lab_run *run, cb_err *err)
{
    FILE *file = open_run_file(store, run->id, 0, err);
    if (file == NULL) {
        return err->code;
    }
    run->text = malloc(((size_t)1 << 20) + 1);
    run->size = run->text == NULL ? 0 : fread(run->text, 1, (size_t)1 << 20, file);
    const bool is_read = run->text != NULL && ferror(file) == 0;
    (void)fclose(file);
    if (!is_read) {
        return CB_FAIL(err, CB_E_IO, "run %" PRIu64 ": job.yaml cannot be read", run->id);
    }
    run->text[run->size] = '\0';
    return CB_OK;
}

static json_t *read_json(const lab_store *store, uint64_t id, cb_err *err)
{
    json_error_t problem;
    FILE *file = open_run_file(store, id, 1, err);
    if (file == NULL) {
        return NULL;
    }
    json_t *summary = json_loadf(file, JSON_REJECT_DUPLICATES, &problem);
    (void)fclose(file);
    if (!json_is_object(summary)) {
        (void)CB_FAIL(err,
            CB_E_CORRUPT,
            "run %" PRIu64 ": summary.json:%d: %s",
            id,
            problem.line,
            problem.text);
        json_decref(summary);
        return NULL;
    }
    return summary;
}

static size_t read_names(const json_t *list, const char *names[LAB_NAMES_MAX])
{
    size_t count = json_array_size(list) < LAB_NAMES_MAX ? json_array_size(list) : LAB_NAMES_MAX;
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        names[i] = name == NULL ? "" : name;
    }
    return count;
}

static cb_status read_rows(const lab_store *store, lab_run *run, size_t index, cb_err *err)
{
    FILE *file = open_run_file(store, run->id, index, err);
    if (file == NULL) {
        return err->code;
    }
    lab_result *out = &run->result;
    void *rows = NULL;
    uint64_t count = 0;
    cb_status status = CB_OK;
    if (index == 2) {
        status = lab_points_read(file, &out->points, &out->points_count, err);
    } else {
        status = lab_rows_read(
            file, index == 3 ? LAB_ROWS_FILLS : LAB_ROWS_TRADES, &run->names, &rows, &count, err);
    }
    (void)fclose(file);
    if (index == 3) {
        out->fills = rows;
        out->fills_count = count;
    } else if (index == 4) {
        out->trades = rows;
        out->trades_count = count;
    }
    return status == CB_OK ? CB_OK
                           : cb_err_context(err, "run %" PRIu64 ": %s", run->id, run_files[index]);
}

cb_status lab_store_read(const lab_store *store, uint64_t id, lab_run *run, cb_err *err)
{
    cb_err own = {0};
    CB_ASSERT(store != NULL && run != NULL);
    err = err == NULL ? &own : err;
    *run = (lab_run){.id = id};
    cb_status status = read_text(store, run, err);
    if (status == CB_OK) {
        run->summary = read_json(store, id, err);
        status =
            run->summary == NULL ? err->code : lab_summary_read(run->summary, &run->result, err);
    }
    if (status == CB_OK) {
        run->names.symbols_count =
            read_names(json_object_get(run->summary, "symbols"), run->symbols);
        run->names.strategies_count =
            read_names(json_object_get(run->summary, "strategies"), run->strategies);
        run->names.symbols = run->symbols;
        run->names.strategies = run->strategies;
    }
    for (size_t i = 2; status == CB_OK && i < RUN_FILES_COUNT; i++) {
        status = read_rows(store, run, i, err);
    }
    if (status != CB_OK) {
        lab_run_release(run);
    }
    return status;
}

void lab_run_release(lab_run *run)
{
    CB_ASSERT(run != NULL);
    free(run->text);
    json_decref(run->summary);
    lab_result_release(&run->result);
    *run = (lab_run){0};
}

cb_status lab_store_list(const lab_store *store, json_t **summaries, cb_err *err)
{
    uint64_t *numbers = NULL;
    size_t count = 0;
    CB_ASSERT(store != NULL && summaries != NULL);
    *summaries = json_array();
    cb_status status = lab_store_numbers(store->path, "", &numbers, &count, err);
    for (size_t i = 0; status == CB_OK && i < count; i++) {
        json_t *summary = read_json(store, numbers[i], err);
        if (summary == NULL) {
            status = err == NULL ? CB_E_CORRUPT : err->code;
            break;
        }
        (void)json_object_set_new(summary, "id", json_integer((json_int_t)numbers[i]));
        (void)json_array_append_new(*summaries, summary);
    }
    free(numbers);
    if (status != CB_OK) {
        json_decref(*summaries);
        *summaries = NULL;
    }
    return status;
}
