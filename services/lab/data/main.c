/* The verbs of `cerberus-lab data`, and what they share. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/timefmt.h"
#include "services/lab/data/cache.h"
#include "services/lab/data/csv_time.h"
#include "services/lab/data/data.h"
#include "services/lab/job/job.h"
#include "services/lab/store/store.h"

static const lab_data_verb *const verbs[] = {
    &lab_data_import, &lab_data_list, &lab_data_inspect, &lab_data_download};
#define VERBS_COUNT (sizeof verbs / sizeof verbs[0])

static void print_help(void)
{
    (void)printf("examples:\n");
    for (size_t i = 0; i < VERBS_COUNT; i++) {
        (void)printf("%s", verbs[i]->examples);
    }
    (void)printf("\nusage:\n");
    for (size_t i = 0; i < VERBS_COUNT; i++) {
        (void)printf("  cerberus data %s %s\n      %s\n",
            verbs[i]->name,
            verbs[i]->arguments,
            verbs[i]->summary);
    }
    (void)printf("\n`cerberus data VERB --help` lists a verb's options.\n");
}

static int run_verb(const lab_data_verb *verb, lab_args *args)
{
    if (lab_args_flag(args, "--help") || lab_args_flag(args, "-h")) {
        (void)printf("examples:\n%s\nusage: cerberus data %s %s\n\n%s\n\n%s",
            verb->examples,
            verb->name,
            verb->arguments,
            verb->summary,
            verb->options);
        return LAB_OK;
    }
    const int code = verb->run(args);
    /* a closed pipe or a full disk behind stdout must not look like success */
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? code : LAB_FAILURE;
}

int lab_data_main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fprintf(
            stderr, "cerberus data: a verb is missing\n`cerberus data --help` lists them.\n");
        return LAB_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help();
        return LAB_OK;
    }
    for (size_t i = 0; i < VERBS_COUNT; i++) {
        if (strcmp(argv[1], verbs[i]->name) == 0) {
            char name[32];
            (void)snprintf(name, sizeof name, "data %s", verbs[i]->name);
            lab_args args = {name, argc - 2, argv + 2};
            return run_verb(verbs[i], &args);
        }
    }
    (void)fprintf(
        stderr, "cerberus data: '%s' is no verb\n`cerberus data --help` lists them.\n", argv[1]);
    return LAB_USAGE;
}

int lab_data_exit(cb_status status)
{
    switch (status) {
    case CB_OK:
        return LAB_OK;
    case CB_E_NOT_FOUND:
        return LAB_NOT_FOUND;
    case CB_E_CONFIG:
        return LAB_USAGE;
    case CB_E_STATE:
    case CB_E_SYNTAX:
    case CB_E_PRECISION:
    case CB_E_RANGE:
    case CB_E_CORRUPT:
        return LAB_REFUSED;
    case CB_E_FULL:
    case CB_E_EXISTS:
    case CB_E_IO:
    case CB_E_TIMEOUT:
    case CB_E_PEER:
    case CB_E_AUTH:
    case CB_E_UNKNOWN:
    case CB_E_UNAVAILABLE:
    case CB_STATUS_COUNT:
        break;
    }
    return LAB_FAILURE;
}

bool lab_data_time(const lab_args *args, const char *option, const char *text, int64_t *out_ns)
{
    cb_err err = {0};
    *out_ns = 0;
    if (text == NULL || lab_time_parse_date(cb_sv_from(text), out_ns, &err) == CB_OK) {
        return true;
    }
    (void)fprintf(stderr, "cerberus %s: %s: %s\n", args->tool, option, err.text);
    return false;
}

static bool take_kind(lab_args *args, lab_import_options *options)
{
    const char *const text = lab_args_option(args, "--kind");
    if (text == NULL) {
        return true;
    }
    options->kind = lab_kind_parse(text);
    if (options->kind == LAB_KIND_COUNT) {
        (void)fprintf(stderr,
            "cerberus %s: --kind %s: known are candles, trades and depth\n",
            args->tool,
            text);
        return false;
    }
    return true;
}

static bool take_timeframe(lab_args *args, int64_t *out_ns)
{
    const char *const text = lab_args_option(args, "--timeframe");
    if (text != NULL && !lab_timeframe_parse(text, out_ns)) {
        (void)fprintf(stderr,
            "cerberus %s: --timeframe %s: it is a number and a unit, such as 1m, 4h or 1d\n",
            args->tool,
            text);
        return false;
    }
    return true;
}

bool lab_data_take_request(lab_args *args, lab_history_request *request)
{
    lab_import_options *const options = &request->options;
    options->venue = lab_args_option(args, "--venue");
    options->symbol = lab_args_option(args, "--symbol");
    options->columns = lab_args_option(args, "--columns");
    options->time_unit = lab_args_option(args, "--time-unit");
    options->quotes = lab_args_option(args, "--quotes");
    options->is_forced = lab_args_flag(args, "--force");
    options->is_rounded = lab_args_flag(args, "--round");
    request->cache_dir = lab_args_option(args, "--cache");
    request->is_rebuilt = lab_args_flag(args, "--rebuild");
    const char *const made = lab_args_option(args, "--made-at");
    if (options->quotes != NULL && strcmp(options->quotes, "bid") != 0 &&
        strcmp(options->quotes, "ask") != 0) {
        (void)fprintf(stderr, "cerberus %s: --quotes is bid or ask\n", args->tool);
        return false;
    }
    return take_kind(args, options) && take_timeframe(args, &options->timeframe_ns) &&
           lab_data_time(args, "--made-at", made, &options->made_ns);
}

void lab_data_findings_text(const lab_finding *findings, uint64_t count, char *out, size_t size)
{
    uint64_t runs[LAB_FINDING_ROUNDED + 1] = {0};
    uint64_t rows[LAB_FINDING_ROUNDED + 1] = {0};
    size_t used = 0;
    out[0] = '\0';
    for (uint64_t i = 0; i < count; i++) {
        runs[findings[i].kind]++;
        rows[findings[i].kind] += findings[i].count;
    }
    for (int kind = 0; kind <= LAB_FINDING_ROUNDED && used < size; kind++) {
        if (runs[kind] == 0) {
            continue;
        }
        used += (size_t)snprintf(out + used,
            size - used,
            "%s%" PRIu64 " %s",
            used > 0 ? ", " : "",
            runs[kind],
            lab_finding_name((lab_finding_kind)kind));
        if (rows[kind] != runs[kind] && used < size) {
            used += (size_t)snprintf(out + used, size - used, " (%" PRIu64 ")", rows[kind]);
        }
    }
}

json_t *lab_data_describe(const lab_cache *cache)
{
    char timeframe[16] = "";
    char findings[256];
    int64_t first_ns = 0;
    int64_t last_ns = 0;
    uint64_t findings_count = 0;
    const uint64_t rows = lab_cache_rows(cache, &first_ns, &last_ns);
    const lab_finding *const found = lab_cache_findings(cache, &findings_count);
    lab_data_findings_text(found, findings_count, findings, sizeof findings);
    if (lab_cache_timeframe(cache) != 0) {
        lab_timeframe_print(lab_cache_timeframe(cache), timeframe);
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:s, s:s}",
        "kind",
        lab_shape_of(lab_cache_kind(cache))->name,
        "venue",
        lab_cache_venue(cache),
        "symbol",
        lab_cache_symbol(cache),
        "timeframe",
        timeframe,
        "rows",
        (json_int_t)rows,
        "first_ns",
        (json_int_t)first_ns,
        "last_ns",
        (json_int_t)last_ns,
        "forced",
        lab_cache_is_forced(cache),
        "findings",
        findings,
        "data_hash",
        lab_cache_data_hash(cache));
}
