/* Runs the exchange conformance vectors: tool_vectors DIR [-v]. DIR holds request, response,
 * errors, orderbook, signing and markets (and beside it samples). Every vector of every venue of
 * venues.def is run; those of other venues are counted as skipped. The last line says how many
 * passed and failed; the exit code is 1 when one failed or none was found. */
#include <dirent.h>

#include "tests/contract/vectors/common.h"
#include "tests/contract/vectors/others.h"
#include "tests/contract/vectors/request.h"
#include "tests/contract/vectors/response.h"

static json_t *load(const char *dir, const char *kind, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s/%s.json", dir, kind, name);
    json_error_t error;
    json_t *file = json_load_file(path, 0, &error);
    if (file == NULL) {
        (void)printf("NOTE  %s: %s\n", path, error.text);
    }
    return file;
}

static void run_venue(tally *all, const cb_venue_ops *venue, const char *dir)
{
    char path[512];
    static markets known;
    json_t *file = load(dir, "request", venue->name);
    if (file != NULL) {
        (void)snprintf(path, sizeof(path), "%s/markets/%s.json", dir, venue->name);
        if (load_markets(venue, path, &known)) {
            run_requests(all, venue, file, &known);
        } else {
            count_case(all, "markets", path, "cannot be read");
        }
        json_decref(known.root);
        json_decref(file);
    }
    file = load(dir, "response", venue->name);
    if (file != NULL) {
        run_responses(all, venue, file);
        json_decref(file);
    }
    file = load(dir, "errors", venue->name);
    if (file != NULL) {
        run_errors(all, venue, file);
        json_decref(file);
    }
    (void)snprintf(path, sizeof(path), "%s_sync", venue->name);
    file = load(dir, "orderbook", path);
    if (file != NULL) {
        (void)snprintf(path, sizeof(path), "%s/../samples/%s", dir, venue->name);
        run_books(all, venue, file, path);
        json_decref(file);
    }
    file = load(dir, "signing", "signing");
    if (file != NULL) {
        run_signatures(all, file, venue->name);
        json_decref(file);
    }
}

static uint64_t count_methods(const json_t *file)
{
    uint64_t count = json_array_size(json_object_get(file, "cases"));
    count += json_is_array(file) ? json_array_size(file) : 0;
    const char *method = NULL;
    json_t *cases = NULL;
    json_object_foreach(json_object_get(file, "methods"), method, cases)
    {
        count += json_array_size(cases);
    }
    return count;
}

/* Counts the cases of files that belong to no venue of ours. */
static void count_skipped(tally *all, const char *dir, const char *kind)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, kind);
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char name[64];
        const size_t size = strcspn(entry->d_name, "._");
        const char *dot = strchr(entry->d_name, '.');
        const bool is_table = strstr(entry->d_name, ".ccxt-exceptions.") != NULL;
        if (size == 0 || size >= sizeof(name) || dot == NULL || is_table) {
            continue;
        }
        memcpy(name, entry->d_name, size);
        name[size] = '\0';
        if (cb_venue_find(name) != NULL) {
            continue;
        }
        char file_path[800];
        (void)snprintf(file_path, sizeof(file_path), "%s/%s", path, entry->d_name);
        json_t *file = json_load_file(file_path, 0, NULL);
        const uint64_t count = count_methods(file);
        if (count > 0) {
            (void)printf("SKIP  %s/%s: %" PRIu64 " cases, there is no venue \"%s\"\n",
                kind,
                entry->d_name,
                count,
                name);
        }
        all->skipped += count;
        json_decref(file);
    }
    (void)closedir(folder);
}

int main(int argc, char **argv)
{
    tally all = {.is_loud = argc > 2 && strcmp(argv[2], "-v") == 0};
    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s DIR [-v]\n", argv[0]);
        return 2;
    }
    for (uint32_t i = 0; cb_venue_at(i) != NULL; i++) {
        run_venue(&all, cb_venue_at(i), argv[1]);
    }
    static const char *const kinds[] = {"request", "response", "errors", "orderbook"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        count_skipped(&all, argv[1], kinds[i]);
    }
    (void)printf("%" PRIu64 " passed, %" PRIu64 " failed, %" PRIu64 " skipped\n",
        all.passed,
        all.failed,
        all.skipped);
    return all.failed > 0 || all.passed == 0 ? 1 : 0;
}
