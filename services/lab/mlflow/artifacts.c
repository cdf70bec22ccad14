/* A path is taken apart and checked before it touches the disk: it cannot leave its run's folder.
 * A file is written beside its place, synced and renamed into it. */
#include "services/lab/mlflow/artifacts.h"

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

#define PART_MAX 255
#define PARTS_MAX 16
#define LISTED_MAX 10000

static const char *const own_files[] = {
    "job.yaml", "summary.json", "points.bin", "fills.csv", "trades.csv"};
#define OWN_FILES_COUNT (sizeof own_files / sizeof own_files[0])

/* ---- paths ---- */

static bool is_part(const char *part, size_t size)
{
    if (size == 0 || size > PART_MAX || (size <= 2 && strncmp(part, "..", size) == 0)) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)part[i] < ' ' || part[i] == 0x7f || part[i] == '\\') {
            return false;
        }
    }
    return true;
}

/* "" is the folder itself. */
static bool is_safe(const char *path)
{
    size_t parts = 0;
    if (strlen(path) > ARTIFACT_PATH_MAX || !cb_utf8_is_valid(cb_sv_from(path))) {
        return false;
    }
    for (const char *at = path; *at != '\0' || at != path;) {
        const size_t size = strcspn(at, "/");
        if (!is_part(at, size) || ++parts > PARTS_MAX) {
            return false;
        }
        if (at[size] == '\0') {
            return true;
        }
        at += size + 1;
    }
    return true;
}

/* What a path names. */
typedef struct place {
    json_t *run;
    char folder[LAB_PATH_MAX]; /* of the run's artefacts */
    const char *rest;          /* [borrowed] below it, "" for itself */
} place;

static bool find_place(lab_api *api, const char *path, place *out)
{
    char prefix[128] = "";
    if (!is_safe(path)) {
        (void)lab_api_wrong(api, "Invalid artifact path");
        return false;
    }
    const char *slash = strchr(path, '/');
    const char *id = slash == NULL ? "" : slash + 1;
    char run_id[64];
    (void)cb_text_copy(run_id, sizeof run_id, (cb_strview){id, strcspn(id, "/")});
    out->run = json_object_get(api->book->runs, run_id);
    if (out->run != NULL) {
        const json_t *info = json_object_get(out->run, "info");
        (void)snprintf(prefix,
            sizeof prefix,
            "%.32s/%.40s/artifacts",
            json_string_value(json_object_get(info, "experiment_id")),
            run_id);
    }
    const size_t size = strlen(prefix);
    if (size == 0 || strncmp(path, prefix, size) != 0 ||
        (path[size] != '\0' && path[size] != '/')) {
        (void)lab_api_missing(api, "No run keeps artifacts at '%.200s'", path);
        return false;
    }
    out->rest = path[size] == '/' ? path + size + 1 : "";
    const uint64_t own = (uint64_t)json_integer_value(json_object_get(out->run, "own"));
    const int length =
        own != 0 ? snprintf(out->folder, LAB_PATH_MAX, "%s/%" PRIu64, api->book->store.path, own)
                 : snprintf(out->folder,
                       LAB_PATH_MAX,
                       "%s/mlflow/artifacts/%s",
                       api->book->store.path,
                       prefix);
    if (length < 0 || length + ARTIFACT_PATH_MAX + 2 >= LAB_PATH_MAX) {
        (void)lab_api_wrong(api, "The artifact's path is too long");
        return false;
    }
    return true;
}

static bool is_own(const place *at)
{
    return json_object_get(at->run, "own") != NULL;
}

static bool is_own_file(const char *name)
{
    for (size_t i = 0; i < OWN_FILES_COUNT; i++) {
        if (strcmp(name, own_files[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool join(const place *at, char out[LAB_PATH_MAX])
{
    const int length = at->rest[0] == '\0'
                           ? snprintf(out, LAB_PATH_MAX, "%s", at->folder)
                           : snprintf(out, LAB_PATH_MAX, "%s/%s", at->folder, at->rest);
    return length > 0 && length < LAB_PATH_MAX;
}

/* ---- writing ---- */

static bool sync_folder(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_synced;
}

/* Makes the folders above a file, from begin on, and syncs each into its parent. */
static bool make_folders(char *path, size_t begin)
{
    for (char *at = path + begin; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        const bool is_made = mkdir(path, 0700) == 0;
        const bool is_there = is_made || errno == EEXIST;
        char *slash = strrchr(path, '/');
        if (is_made && slash != NULL) {
            *slash = '\0';
            (void)sync_folder(path);
            *slash = '/';
        }
        *at = '/';
        if (!is_there) {
            return false;
        }
    }
    return true;
}

static bool write_file(char *path, const char *bytes, size_t size)
{
    const int fd = mkostemp(path, O_CLOEXEC);
    size_t done = 0;
    ssize_t wrote = 0;
    if (fd < 0) {
        return false;
    }
    while (done < size && (wrote = write(fd, bytes + done, size - done)) > 0) {
        done += (size_t)wrote;
    }
    bool is_written = done == size && fsync(fd) == 0;
    is_written = close(fd) == 0 && is_written;
    if (!is_written) {
        const int why = errno;
        (void)unlink(path);
        errno = why;
    }
    return is_written;
}

json_t *lab_artifacts_put(lab_api *api, const char *path, const char *bytes, size_t size)
{
    place at;
    char target[LAB_PATH_MAX];
    char written[LAB_PATH_MAX];
    if (!find_place(api, path, &at)) {
        return NULL;
    }
    if (is_own(&at)) {
        return lab_api_fail(api, 403, "PERMISSION_DENIED", "A stored backtest cannot be changed");
    }
    if (at.rest[0] == '\0' || !join(&at, target)) {
        return lab_api_wrong(api, "The artifact has no name");
    }
    const int length =
        snprintf(written, sizeof written, "%s/mlflow/.writing-XXXXXX", api->book->store.path);
    if (length < 0 || length >= LAB_PATH_MAX || !write_file(written, bytes, size)) {
        return lab_api_fail(
            api, 500, "INTERNAL_ERROR", "The artifact cannot be written: %s", strerror(errno));
    }
    if (!make_folders(target, strlen(api->book->store.path) + 1) || rename(written, target) != 0) {
        const int why = errno;
        (void)unlink(written);
        const bool is_theirs = why == ENOTDIR || why == EISDIR || why == ENOTEMPTY || why == EEXIST;
        return lab_api_fail(api,
            is_theirs ? 400 : 500,
            is_theirs ? "INVALID_PARAMETER_VALUE" : "INTERNAL_ERROR",
            "The artifact cannot be put there: %s",
            strerror(why));
    }
    *strrchr(target, '/') = '\0';
    return sync_folder(target) ? json_object()
                               : lab_api_fail(api,
                                     500,
                                     "INTERNAL_ERROR",
                                     "The artifact cannot be synced: %s",
                                     strerror(errno));
}

/* ---- reading ---- */

char *lab_artifacts_get(lab_api *api, const char *path, size_t *size)
{
    place at;
    char source[LAB_PATH_MAX];
    struct stat about;
    if (!find_place(api, path, &at) || !join(&at, source)) {
        return NULL;
    }
    FILE *file = is_own(&at) && !is_own_file(at.rest) ? NULL : fopen(source, "re");
    if (file == NULL || fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode)) {
        if (file != NULL) {
            (void)fclose(file);
        }
        (void)lab_api_missing(api, "There is no artifact '%.200s'", at.rest);
        return NULL;
    }
    *size = (size_t)about.st_size;
    char *bytes = malloc(*size + 1);
    const bool is_read = bytes != NULL && fread(bytes, 1, *size, file) == *size;
    (void)fclose(file);
    if (!is_read) {
        free(bytes);
        (void)lab_api_fail(api, 500, "INTERNAL_ERROR", "The artifact cannot be read");
        return NULL;
    }
    return bytes;
}

/* Appends what name is in folder, named with prefix before it. */
static void add_entry(json_t *files, const char *folder, const char *prefix, const char *name)
{
    char path[LAB_PATH_MAX];
    char shown[LAB_PATH_MAX];
    struct stat about;
    const int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    const int shown_length = snprintf(shown, sizeof shown, "%s%s", prefix, name);
    if (length < 0 || length >= LAB_PATH_MAX || shown_length < 0 || shown_length >= LAB_PATH_MAX ||
        stat(path, &about) != 0) {
        return;
    }
    const bool is_folder = S_ISDIR(about.st_mode);
    json_t *entry = json_pack("{s:s, s:b}", "path", shown, "is_dir", is_folder);
    if (entry != NULL && !is_folder) {
        (void)json_object_set_new(entry, "file_size", json_integer((json_int_t)about.st_size));
    }
    if (entry != NULL) {
        (void)json_array_append_new(files, entry);
    }
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(json_string_value(json_object_get(*(json_t *const *)a, "path")),
        json_string_value(json_object_get(*(json_t *const *)b, "path")));
}

/* In the order of names, whatever the disk's. */
static json_t *sorted(json_t *files)
{
    const size_t count = json_array_size(files);
    json_t **rows = calloc(count + 1, sizeof(json_t *));
    json_t *out = json_array();
    for (size_t i = 0; rows != NULL && i < count; i++) {
        rows[i] = json_array_get(files, i);
    }
    if (rows != NULL) {
        qsort(rows, count, sizeof(json_t *), compare_entries);
    }
    for (size_t i = 0; rows != NULL && i < count; i++) {
        (void)json_array_append(out, rows[i]);
    }
    free(rows);
    json_decref(files);
    return out;
}

static json_t *list_place(const place *at, const char *prefix)
{
    char path[LAB_PATH_MAX];
    json_t *files = json_array();
    if (is_own(at)) {
        for (size_t i = 0; at->rest[0] == '\0' && i < OWN_FILES_COUNT; i++) {
            add_entry(files, at->folder, prefix, own_files[i]);
        }
        return sorted(files);
    }
    DIR *folder = join(at, path) ? opendir(path) : NULL;
    const struct dirent *entry = NULL;
    while (folder != NULL && (entry = readdir(folder)) != NULL &&
           json_array_size(files) < LISTED_MAX) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            add_entry(files, path, prefix, entry->d_name);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return sorted(files);
}

json_t *lab_artifacts_list(lab_api *api, const char *path)
{
    place at;
    return find_place(api, path, &at) ? json_pack("{s:o}", "files", list_place(&at, "")) : NULL;
}

/* artifacts/list names files by their whole path within the run. */
json_t *lab_api_list_artifacts(lab_api *api)
{
    json_t *run = NULL;
    const char *below = NULL;
    char path[2 * ARTIFACT_PATH_MAX];
    char prefix[ARTIFACT_PATH_MAX + 2];
    place at;
    if (!lab_api_run(api, false, &run) ||
        !lab_api_text(api, "path", ARTIFACT_PATH_MAX, false, &below)) {
        return NULL;
    }
    below = below == NULL ? "" : below;
    json_t *info = json_object_get(run, "info");
    (void)snprintf(path,
        sizeof path,
        "%.32s/%.40s/artifacts%s%s",
        json_string_value(json_object_get(info, "experiment_id")),
        json_string_value(json_object_get(info, "run_id")),
        below[0] == '\0' ? "" : "/",
        below);
    (void)snprintf(prefix, sizeof prefix, "%s%s", below, below[0] == '\0' ? "" : "/");
    return find_place(api, path, &at) ? json_pack("{s:O, s:o}",
                                            "root_uri",
                                            json_object_get(info, "artifact_uri"),
                                            "files",
                                            list_place(&at, prefix))
                                      : NULL;
}
