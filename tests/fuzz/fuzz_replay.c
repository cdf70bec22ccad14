/* libFuzzer target: recorded market files (candles, Binance's own columns, trades, captures), as
 * the simulator replays them. The scan refuses a file with its line and reason or takes it; what it
 * has taken plays to its end without a complaint, and time never steps back. */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "services/simulator/source.h"
#include "tests/fuzz/fuzz_exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define EVENTS_MAX 20000
#define ROWS_MAX 300

static void need(bool claim, const char *what, const cb_err *err)
{
    if (!claim) {
        (void)fprintf(stderr, "%s: %s\n", what, err->text);
        abort();
    }
}

static void ignore_frame(
    void *context, void *handle, sim_frame_class frame_class, const char *text, size_t size)
{
    (void)context;
    (void)handle;
    (void)frame_class;
    (void)text;
    (void)size;
}

/* By its name's ending a file is plain or packed; both readers are strangers' input. */
static const char *write_file(uint8_t choice, const uint8_t *bytes, size_t size)
{
    static const char *const endings[] = {"csv", "csv", "csv", "csv", "csv", "csv.gz", "csv.zst"};
    static char path[128];
    (void)snprintf(path,
        sizeof(path),
        "/dev/shm/cerberus-fuzz-%d.%s",
        (int)getpid(),
        endings[choice % (sizeof(endings) / sizeof(endings[0]))]);
    FILE *file = fopen(path, "w");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        abort();
    }
    return path;
}

static void play(sim_source *source)
{
    static fuzz_exchange exchange;
    static const sim_synthetic shape = {
        .spread_ticks = 2, .gap_ticks = 1, .levels = 3, .depth_quote_e8 = 1000 * CB_E8};
    cb_err err = {0};
    fuzz_exchange_reset(&exchange, source->first_ns, ignore_frame, NULL);
    source->index = 0;
    cb_status status = sim_source_open(source, &exchange.core, &shape, &err);
    need(status == CB_OK, "a scanned file does not open", &err);
    int64_t last_ns = INT64_MIN;
    for (uint32_t i = 0; source->next_ns != INT64_MAX && i < EVENTS_MAX; i++) {
        need(source->next_ns >= last_ns, "time stepped back", &err);
        last_ns = source->next_ns;
        sim_set_now(&exchange.core, source->next_ns);
        status = sim_source_play(source, &exchange.core, &exchange.ws, &shape, &err);
        need(status == CB_OK, "a scanned file does not play", &err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static sim_source source;
    cb_err err = {0};
    if (size == 0) {
        return 0;
    }
    const char *path = write_file(bytes[0], bytes + 1, size - 1);
    memset(&source, 0, sizeof(source));
    (void)snprintf(source.symbol, sizeof(source.symbol), "BTCUSDT");
    (void)snprintf(source.paths[0], sizeof(source.paths[0]), "%s", path);
    source.files_count = 1;
    source.to_ns = INT64_MAX;
    source.skips_bad = (bytes[0] & 0x80) != 0;
    cb_log *log = cb_log_create(-1, "fuzz", true, CB_LOG_ERROR);
    const cb_status status = sim_source_scan(&source, log, &err);
    need(status == CB_OK || err.text[0] != '\0', "refused without a reason", &err);
    if (status == CB_OK && source.rows_count <= ROWS_MAX) {
        play(&source);
    }
    sim_source_close(&source);
    cb_log_destroy(log);
    (void)unlink(path);
    return 0;
}
