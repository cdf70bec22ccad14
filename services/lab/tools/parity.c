/* `cerberus-lab parity`: a live session and its backtest, compared; or the backtest's dump made. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "rt/secret.h"
#include "services/lab/parity/parity.h"
#include "services/lab/setup.h"
#include "services/lab/tool.h"

#define SETTINGS_MAX 64
#define SYMBOLS_MAX 8

typedef struct run_request {
    uint32_t symbols_count;
    char symbols[SYMBOLS_MAX][LAB_SYMBOL_SIZE];
    lab_candles candles[SYMBOLS_MAX];
    size_t settings_count;
    char texts[SETTINGS_MAX][LAB_SETUP_TEXT_MAX];
    lab_setup_setting settings[SETTINGS_MAX];
    char permit_key[LAB_SETUP_TEXT_MAX];
    char caps[CB_CAPS_SIZE_MAX];
    size_t caps_size;
    bool is_conflated;
    int64_t to_ns;
    lab_setup setup;
    lab_chain_config config;
} run_request;

static int say(const cb_err *err)
{
    (void)fprintf(stderr, "cerberus-lab parity: %s\n", err->text);
    return LAB_FAILURE;
}

static int wrong(const char *what)
{
    (void)fprintf(stderr, "cerberus-lab parity: %s\n", what);
    return LAB_USAGE;
}

static bool read_text(const char *path, char *out, size_t size, size_t *used)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    *used = fread(out, 1, size - 1, file);
    out[*used] = '\0';
    return fclose(file) == 0;
}

/* "signals.decision.threshold=0.2" */
static bool take_setting(run_request *request, const char *text)
{
    if (request->settings_count == SETTINGS_MAX) {
        return false;
    }
    char *copy = request->texts[request->settings_count];
    if (!cb_text_copy(copy, LAB_SETUP_TEXT_MAX, cb_sv_from(text))) {
        return false;
    }
    char *dot = strchr(copy, '.');
    char *equals = strchr(copy, '=');
    if (dot == NULL || equals == NULL || equals < dot) {
        return false;
    }
    *dot = '\0';
    *equals = '\0';
    request->settings[request->settings_count++] = (lab_setup_setting){copy, dot + 1, equals + 1};
    return true;
}

/* "FILE:SYMBOL" */
static cb_status take_history(run_request *request, const char *text, cb_err *err)
{
    char path[LAB_SETUP_TEXT_MAX];
    const char *colon = strrchr(text, ':');
    if (colon == NULL || request->symbols_count == SYMBOLS_MAX ||
        !cb_text_copy(path, sizeof(path), (cb_strview){text, (size_t)(colon - text)}) ||
        !cb_text_copy(
            request->symbols[request->symbols_count], LAB_SYMBOL_SIZE, cb_sv_from(colon + 1))) {
        return CB_FAIL(err, CB_E_CONFIG, "'%s' is not FILE:SYMBOL", text);
    }
    const uint32_t at = request->symbols_count++;
    return lab_history_read(path, request->symbols[at], &request->candles[at], err);
}

static int take_arguments(run_request *request, lab_args *args)
{
    const char *text = NULL;
    cb_err err = {0};
    size_t size = 0;
    while ((text = lab_args_option(args, "--candles")) != NULL) {
        if (take_history(request, text, &err) != CB_OK) {
            return say(&err);
        }
    }
    while ((text = lab_args_option(args, "--set")) != NULL) {
        if (!take_setting(request, text)) {
            return wrong("--set takes service.key=value");
        }
    }
    if ((text = lab_args_option(args, "--permit-key-file")) != NULL) {
        if (!read_text(text, request->permit_key, sizeof(request->permit_key), &size)) {
            return wrong("the permit key cannot be read");
        }
        request->permit_key[strcspn(request->permit_key, "\r\n")] = '\0';
    }
    if ((text = lab_args_option(args, "--caps-file")) != NULL &&
        !read_text(text, request->caps, sizeof(request->caps), &request->caps_size)) {
        return wrong("the caps file cannot be read");
    }
    if ((text = lab_args_option(args, "--to")) != NULL &&
        !cb_time_parse(text, strlen(text), &request->to_ns)) {
        return wrong("--to takes a time such as 2024-01-01T08:00:00Z");
    }
    request->is_conflated = lab_args_flag(args, "--conflated");
    return request->symbols_count > 0 ? LAB_OK : wrong("--candles FILE:SYMBOL is needed");
}

/* For people: what the run came to, on stderr. */
static void print_totals(const lab_chain *chain)
{
    static lab_reason reasons[LAB_REASONS_MAX];
    lab_totals totals;
    lab_chain_totals(chain, 0, &totals);
    (void)fprintf(stderr,
        "bars %" PRIu64 " signals %" PRIu64 " intents %" PRIu64 " permits %" PRIu64
        " denials %" PRIu64 " fills %" PRIu64 " trades %" PRIu64 " output %016" PRIx64 "\n",
        totals.bars,
        totals.signals,
        totals.intents,
        totals.permits,
        totals.denials,
        totals.fills,
        totals.trades,
        totals.output_hash);
    const uint32_t count = lab_chain_reasons(chain, 0, reasons);
    for (uint32_t i = 0; i < count; i++) {
        (void)fprintf(stderr,
            "  %-10s %-24s %" PRIu64 "\n",
            reasons[i].stage,
            reasons[i].reason,
            reasons[i].count);
    }
}

static int play(run_request *request, lab_dump *dump)
{
    lab_chain_config *config = &request->config;
    cb_err err = {0};
    const lab_setup_request wanted = {.symbols = (const char(*)[LAB_SYMBOL_SIZE])request->symbols,
        .symbols_count = request->symbols_count,
        .settings = request->settings,
        .settings_count = request->settings_count,
        .permit_key = request->permit_key[0] != '\0' ? request->permit_key : NULL,
        .caps_text = request->caps_size > 0 ? request->caps : NULL,
        .caps_size = request->caps_size};
    if (lab_setup_load(&request->setup, &wanted, &err) != CB_OK) {
        return say(&err);
    }
    lab_setup_apply(&request->setup, request->symbols_count, config);
    for (uint32_t i = 0; i < request->symbols_count; i++) {
        config->symbols[i].candles = &request->candles[i];
        lab_chain_fit(&config->symbols[i]);
    }
    config->to_ns = request->to_ns;
    config->is_conflated = request->is_conflated;
    config->sink = (lab_chain_sink){.context = dump, .record = lab_dump_record};
    if (lab_chain_check(config, &err) != CB_OK) {
        return say(&err);
    }
    const size_t size = lab_chain_size(config);
    void *memory = mmap(
        NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CB_ASSERT(memory != MAP_FAILED);
    lab_chain *chain = lab_chain_create(config, memory, size);
    while (lab_chain_run(chain, UINT64_MAX / 2)) {
    }
    lab_chain_finish(chain);
    print_totals(chain);
    (void)munmap(memory, size);
    return LAB_OK;
}

/* `parity run`: the backtest of a replay, as a dump. */
static int run(lab_args *args)
{
    run_request *request = calloc(1, sizeof(*request));
    CB_ASSERT(request != NULL);
    const char *path = lab_args_option(args, "--out");
    int code = take_arguments(request, args);
    if (code == LAB_OK && !lab_args_done(args)) {
        code = LAB_USAGE;
    }
    lab_dump *dump = lab_dump_open();
    if (code == LAB_OK) {
        code = play(request, dump);
    }
    FILE *out = path == NULL ? stdout : fopen(path, "we");
    const bool is_written = out != NULL && lab_dump_close(dump, out);
    if (out != NULL && out != stdout) {
        (void)fclose(out);
    }
    if (code == LAB_OK && !is_written) {
        (void)fprintf(stderr, "cerberus-lab parity: the dump cannot be written\n");
        code = LAB_FAILURE;
    }
    for (uint32_t i = 0; i < request->symbols_count; i++) {
        lab_history_free(&request->candles[i]);
    }
    free(request);
    return code;
}

static void print_report(const lab_parity_report *report)
{
    char fees[CB_DECIMAL_TEXT_MAX];
    char slippage[CB_DECIMAL_TEXT_MAX];
    (void)cb_decimal_print(report->fees_e8, fees);
    (void)cb_decimal_print(report->slippage_e8, slippage);
    (void)printf("live %" PRIu64 " records, backtest %" PRIu64 ", equal %" PRIu64 "\n",
        report->live_count,
        report->lab_count,
        report->equal_count);
    for (uint32_t i = 0; i < LAB_CAUSE_COUNT; i++) {
        (void)printf("%-14s %6" PRIu64 "%s%s\n",
            lab_cause_name((lab_cause)i),
            report->causes[i],
            report->causes[i] > 0 ? "  first: " : "",
            report->first[i]);
    }
    (void)printf("sum of fees    %s\nslippage       %s\n", fees, slippage);
}

/* Exit code 0 only when nothing differs. */
static int compare(const char *live, const char *lab)
{
    lab_parity_report report;
    cb_err err = {0};
    if (lab_parity_compare(live, lab, &report, &err) != CB_OK) {
        return say(&err);
    }
    print_report(&report);
    const bool is_equal =
        report.equal_count == report.live_count && report.equal_count == report.lab_count;
    return is_equal && report.live_count > 0 ? LAB_OK : LAB_FAILURE;
}

static int parity_main(int argc, char **argv)
{
    lab_args args = {.tool = "parity", .argc = argc - 1, .argv = argv + 1};
    const char *first = lab_args_positional(&args);
    if (first != NULL && strcmp(first, "run") == 0) {
        return run(&args);
    }
    const char *second = lab_args_positional(&args);
    if (first == NULL || second == NULL || !lab_args_done(&args)) {
        return wrong("parity LIVE RUN, or parity run --candles FILE:SYMBOL [--out DUMP]");
    }
    return compare(first, second);
}

const lab_tool lab_tool_parity = {"parity",
    "LIVE RUN | run --candles FILE:SYMBOL … --out DUMP",
    "compare a recorded live session with its backtest",
    "",
    parity_main};
