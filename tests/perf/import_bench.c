/* A year of minutes from CSV into the cache, and the cache read again, beside baselines in the same
 * run: a loop of sscanf over the same file (which keeps nothing exactly, checks nothing and writes
 * nothing), and memcpy of the cache's bytes. `import_bench [-o json]`.
 *
 * The file is the recorded year beside the checkout when it is there, else one that is made. Ours
 * and the baselines take turns; figures are medians. "import" is everything that `cerberus data
 * import` does: unpack, hash, parse, check, write, sync. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "services/lab/data/cache.h"
#include "services/lab/data/csv.h"
#include "services/lab/data/reader.h"

#define ROWS 525600u
#define ROUNDS 7
#define RECORDED "../shared/data/ohlcv/binance_spot_BTCUSDT_1m_2022.csv.zst"

typedef enum figure {
    IMPORT, /* of the plain file */
    IMPORT_WALL,
    IMPORT_ZST, /* of the packed one; 0 when it is not there */
    PARSE,      /* its reader alone: no check, no hash of the columns, no disk */
    SSCANF,
    CACHE_READ, /* open, map, and add up every value of every column */
    MEMCPY,
    FIGURES
} figure;
static const char *const names[FIGURES] = {
    "import", "import_wall", "import_zst", "parse", "sscanf", "cache_read", "memcpy"};

/* This process's own time: on a machine that does other things too, a wall clock measures those.
 * What it leaves out is waiting for the disk, which the wall time of the import tells. */
static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double wall_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static _Noreturn void give_up(const char *what)
{
    (void)fprintf(stderr, "import_bench: %s\n", what);
    exit(1);
}

/* The recorded year unpacked, or a made one. */
static void write_source(const char *path)
{
    FILE *const file = fopen(path, "w");
    lab_reader *reader = NULL;
    cb_strview block = {NULL, 0};
    if (file == NULL) {
        give_up("no place in /tmp");
    }
    if (lab_reader_open(RECORDED, &reader, NULL) == CB_OK) {
        while (lab_reader_next(reader, LAB_CSV_LINE_MAX, &block, NULL) == CB_OK && block.size > 0) {
            (void)fwrite(block.at, 1, block.size, file);
        }
        lab_reader_close(reader);
    } else {
        (void)fprintf(file, "open_time_ms,open,high,low,close,volume\n");
        for (uint64_t i = 0; i < ROWS; i++) {
            const unsigned p = 40000 + (unsigned)(i * 2654435761u % 9973);
            (void)fprintf(file,
                "%" PRIu64 ",%u.%02u,%u.99,%u.01,%u.5,%u.%05u\n",
                UINT64_C(1640995200000) + i * 60000,
                p,
                p % 100,
                p,
                p,
                p,
                p % 100,
                p);
        }
    }
    if (fclose(file) != 0) {
        give_up("the source cannot be written");
    }
}

static double time_import(const char *path, const char *caches)
{
    const lab_history_request request = {
        .path = path, .cache_dir = caches, .is_rebuilt = true, .options = {.symbol = "BTCUSDT"}};
    lab_history *history = NULL;
    cb_err err = {0};
    const double begin = seconds();
    if (lab_history_open(&request, &history, &err) != CB_OK) {
        give_up(err.text);
    }
    const double taken = seconds() - begin;
    if (lab_history_candles(history)->count != ROWS) {
        give_up("rows are missing");
    }
    lab_history_close(history);
    return taken;
}

static double time_parse(const char *path)
{
    const lab_import_options options = {0};
    lab_reader *reader = NULL;
    lab_table table;
    cb_err err = {0};
    const double begin = seconds();
    if (lab_reader_open(path, &reader, &err) != CB_OK ||
        lab_csv_read(reader, &options, (lab_progress_call){0}, &table, &err) != CB_OK) {
        give_up(err.text);
    }
    const double taken = seconds() - begin;
    lab_table_release(&table);
    lab_reader_close(reader);
    return taken;
}

static double time_sscanf(const char *path)
{
    char line[256];
    double sum = 0;
    uint64_t rows = 0;
    FILE *const file = fopen(path, "r");
    const double begin = seconds();
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        long long ts;
        double v[5];
        /* NOLINTNEXTLINE(cert-err34-c): the baseline is such a loop */
        if (sscanf(line, "%lld,%lf,%lf,%lf,%lf,%lf", &ts, &v[0], &v[1], &v[2], &v[3], &v[4]) == 6) {
            sum += v[0] + v[1] + v[2] + v[3] + v[4];
            rows++;
        }
    }
    const double taken = seconds() - begin;
    if (file == NULL || fclose(file) != 0 || rows != ROWS || sum <= 0) {
        give_up("sscanf missed rows");
    }
    return taken;
}

static double time_cache(const char *path, const char *caches, uint64_t *sum)
{
    const lab_history_request request = {
        .path = path, .cache_dir = caches, .options = {.symbol = "BTCUSDT"}};
    lab_history *history = NULL;
    cb_err err = {0};
    const double begin = seconds();
    if (lab_history_open(&request, &history, &err) != CB_OK) {
        give_up(err.text);
    }
    const lab_candles *const c = lab_history_candles(history);
    const int64_t *const columns[] = {
        c->open_ts_ns, c->open_e8, c->high_e8, c->low_e8, c->close_e8, c->volume_e8};
    for (size_t k = 0; k < sizeof columns / sizeof columns[0]; k++) {
        for (uint64_t i = 0; i < c->count; i++) {
            *sum += (uint64_t)columns[k][i];
        }
    }
    const double taken = seconds() - begin;
    if (!lab_history_was_cached(history)) {
        give_up("there was no cache");
    }
    lab_history_close(history);
    return taken;
}

static double time_memcpy(size_t size, uint64_t *sum)
{
    char *const from = malloc(size);
    char *const to = malloc(size);
    if (from == NULL || to == NULL) {
        give_up("no memory");
    }
    memset(from, 1, size);
    memset(to, 2, size);
    const double begin = seconds();
    memcpy(to, from, size);
    /* the copy is looked at through a volatile, or it would not be made */
    *sum += (uint64_t)((volatile char *)to)[size / 2];
    const double taken = seconds() - begin;
    free(from);
    free(to);
    return taken;
}

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, by_value);
    return values[ROUNDS / 2];
}

static void print(const double *at, double bytes, long peak_kib, bool is_json)
{
    if (is_json) {
        (void)printf("{\"bench\":\"import\",\"rows\":%u", ROWS);
        for (int f = 0; f < FIGURES; f++) {
            (void)printf(",\"%s_s\":%.6f", names[f], at[f]);
        }
        (void)printf(",\"sscanf_ratio\":%.3f,\"memcpy_ratio\":%.3f,\"peak_mib\":%.1f}\n",
            at[SSCANF] / at[IMPORT],
            at[CACHE_READ] / at[MEMCPY],
            (double)peak_kib / 1024);
        return;
    }
    (void)printf(
        "history: %u minutes, medians of %d rounds in turns, processor time\n", ROWS, ROUNDS);
    (void)printf("  import of the CSV file, all of it      %8.1f ms  %5.1f million rows/s\n",
        at[IMPORT] * 1e3,
        ROWS / at[IMPORT] / 1e6);
    (void)printf("    by the wall clock, with the disk     %8.1f ms\n", at[IMPORT_WALL] * 1e3);
    if (at[IMPORT_ZST] > 0) {
        (void)printf("  import of the same file in zstd        %8.1f ms\n", at[IMPORT_ZST] * 1e3);
    }
    (void)printf("  its reader alone                       %8.1f ms\n", at[PARSE] * 1e3);
    (void)printf("  baseline: sscanf, nothing kept         %8.1f ms  %.1f times the whole import\n",
        at[SSCANF] * 1e3,
        at[SSCANF] / at[IMPORT]);
    (void)printf("  cache opened and every value read      %8.2f ms  %5.1f GB/s\n",
        at[CACHE_READ] * 1e3,
        bytes / at[CACHE_READ] / 1e9);
    (void)printf("  baseline: memcpy of the same bytes     %8.2f ms  %5.1f GB/s\n",
        at[MEMCPY] * 1e3,
        bytes / at[MEMCPY] / 1e9);
    (void)printf("  peak memory                            %8.1f MiB\n", (double)peak_kib / 1024);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/cerberus-bench-XXXXXX";
    char path[64];
    double taken[FIGURES][ROUNDS] = {0};
    double at[FIGURES];
    uint64_t sum = 0;
    struct rusage usage;
    const bool is_json = argc == 3 && strcmp(argv[1], "-o") == 0 && strcmp(argv[2], "json") == 0;
    if (mkdtemp(folder) == NULL) {
        give_up("no place in /tmp");
    }
    (void)snprintf(path, sizeof path, "%s/BTCUSDT.csv", folder);
    write_source(path);
    const bool has_recorded = access(RECORDED, R_OK) == 0;
    const size_t bytes = (size_t)ROWS * 6 * sizeof(int64_t);
    (void)time_import(path, folder);
    (void)getrusage(RUSAGE_SELF, &usage); /* before the baselines take theirs */
    for (int r = 0; r < ROUNDS; r++) {
        const double begin = wall_seconds();
        taken[IMPORT][r] = time_import(path, folder);
        taken[IMPORT_WALL][r] = wall_seconds() - begin;
        taken[IMPORT_ZST][r] = has_recorded ? time_import(RECORDED, folder) : 0;
        taken[PARSE][r] = time_parse(path);
        taken[SSCANF][r] = time_sscanf(path);
        taken[CACHE_READ][r] = time_cache(path, folder, &sum);
        taken[MEMCPY][r] = time_memcpy(bytes, &sum);
    }
    for (int f = 0; f < FIGURES; f++) {
        at[f] = median(taken[f]);
    }
    print(at, (double)bytes, usage.ru_maxrss, is_json);
    (void)fprintf(stderr, "%s", sum == 0 ? "nothing was read\n" : "");
    char command_path[LAB_CACHE_PATH_MAX];
    const lab_history_request request = {
        .path = path, .cache_dir = folder, .options = {.symbol = "BTCUSDT"}};
    for (int i = 0; i < 2; i++) {
        lab_history_request each = request;
        lab_history *history = NULL;
        each.path = i == 0 ? path : RECORDED;
        if ((i == 0 || has_recorded) && lab_history_open(&each, &history, NULL) == CB_OK) {
            (void)snprintf(
                command_path, sizeof command_path, "%s", lab_history_cache_path(history));
            lab_history_close(history);
            (void)unlink(command_path);
        }
    }
    (void)unlink(path);
    (void)rmdir(folder);
    return 0;
}
