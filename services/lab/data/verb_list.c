/* `data list`: the caches of a folder. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/strview.h"
#include "base/timefmt.h"
#include "services/lab/data/cache.h"
#include "services/lab/data/data.h"
#include "services/lab/data/place.h"

static const lab_column_view columns[] = {{"KIND", "kind", false},
    {"VENUE", "venue", false},
    {"SYMBOL", "symbol", false},
    {"TF", "timeframe", true},
    {"ROWS", "rows", true},
    {"FIRST", "first_ns", false},
    {"LAST", "last_ns", false},
    {"STATE", "state", false},
    {"FINDINGS", "findings", false},
    {"SIZE", "size", true},
    {"CACHE", "cache", false}};

/* Against the source as it is now. */
static const char *state_of(const lab_cache *cache)
{
    const lab_cache_source *const source = lab_cache_source_of(cache);
    struct stat now;
    if (source->size == 0 || stat(source->path, &now) != 0) {
        return "alone";
    }
    const int64_t mtime_ns = (int64_t)now.st_mtim.tv_sec * CB_NS_PER_S + now.st_mtim.tv_nsec;
    if ((uint64_t)now.st_size != source->size || mtime_ns != source->mtime_ns) {
        return "stale";
    }
    return lab_cache_is_forced(cache) ? "forced" : "fresh";
}

static void add_cache(json_t *rows, const char *path)
{
    lab_cache *cache = NULL;
    cb_err err = {0};
    if (lab_cache_open(path, &cache, &err) != CB_OK) {
        cb_text_clean(err.text);
        (void)fprintf(stderr, "cerberus data list: %s\n", err.text);
        return;
    }
    json_t *const row = lab_data_describe(cache);
    (void)json_object_set_new(row, "state", json_string(state_of(cache)));
    (void)json_object_set_new(row, "size", json_integer((json_int_t)lab_cache_size(cache)));
    (void)json_object_set_new(row, "cache", json_string(path));
    (void)json_object_set_new(row, "source", json_string(lab_cache_source_of(cache)->path));
    (void)json_array_append_new(rows, row);
    lab_cache_close(cache);
}

static bool is_cache_name(const char *name)
{
    const size_t size = strlen(name);
    const size_t tail = sizeof LAB_CACHE_SUFFIX - 1;
    return size > tail && strcmp(name + size - tail, LAB_CACHE_SUFFIX) == 0;
}

static bool add_folder(json_t *rows, const char *folder)
{
    struct dirent **names = NULL;
    char path[LAB_CACHE_PATH_MAX];
    const int count = scandir(folder, &names, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const int size = snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (is_cache_name(names[i]->d_name) && size > 0 && (size_t)size < sizeof path) {
            add_cache(rows, path);
        }
        free(names[i]);
    }
    free(names);
    return count >= 0;
}

static int run(lab_args *args)
{
    lab_output output;
    char folder[LAB_CACHE_PATH_MAX];
    int code = LAB_OK;
    const char *named;
    bool is_named = false;
    if (!lab_output_take(args, &output)) {
        return LAB_USAGE;
    }
    const char *const cache = lab_args_option(args, "--cache");
    json_t *const rows = json_array();
    while ((named = lab_args_positional(args)) != NULL) {
        is_named = true;
        if (!add_folder(rows, named)) {
            (void)fprintf(stderr, "cerberus data list: %s is no folder that can be read\n", named);
            code = LAB_NOT_FOUND;
        }
    }
    if (!lab_args_done(args)) {
        json_decref(rows);
        return LAB_USAGE;
    }
    if (!is_named) {
        lab_place_folder(cache, folder);
        (void)add_folder(rows, ".");
        if (folder[0] != '\0') {
            (void)add_folder(rows, folder); /* there need not be one yet */
        }
    }
    lab_output_rows(output, rows, columns, sizeof columns / sizeof columns[0]);
    json_decref(rows);
    return code;
}

const lab_data_verb lab_data_list = {.name = "list",
    .arguments = "[DIR…] [-o table|json|csv]",
    .summary = "what has been imported: here and in the cache folder, or in the folders named",
    .options = "states: fresh, stale (the source changed), forced (fatal rows were left out),\n"
               "alone (the source is not there)\n",
    .examples = "  cerberus data list\n",
    .run = run};
