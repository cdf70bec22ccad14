/* Opening history: the cache is made, used, made again when the source changes, and never trusted
 * when it is damaged. Files lie in a folder of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "services/lab/data/cache.h"
#include "services/lab/data/place.h"

#define HEAD "open_time_ms,open,high,low,close,volume\n"
#define ROW_1 "1640995200000,1,2,1,2,5\n"
#define ROW_2 "1640995260000,2,2,1,2,5\n"
#define ROW_3 "1640995320000,3,3,1,2,5\n"
#define BACKWARD "1640995140000,3,3,1,2,5\n"

static char folder[64];
static char source[128];
static char caches[128];

static void write_file(const char *path, const char *text)
{
    FILE *const file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/cerberus-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(source, sizeof source, "%s/binance_BTC_USDT-1m.csv", folder);
    (void)snprintf(caches, sizeof caches, "%s/caches", folder);
    write_file(source, HEAD ROW_1 ROW_2 ROW_3);
    return 0;
}

static void remove_folder(const char *path)
{
    char name[512];
    DIR *const open_folder = opendir(path);
    struct dirent *entry;
    while (open_folder != NULL && (entry = readdir(open_folder)) != NULL) {
        if (entry->d_name[0] == '.' && (entry->d_name[1] == '\0' || entry->d_name[1] == '.')) {
            continue;
        }
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (unlink(name) != 0) {
            remove_folder(name);
        }
    }
    (void)closedir(open_folder);
    (void)rmdir(path);
}

static int teardown(void **state)
{
    (void)state;
    (void)chmod(folder, 0700);
    remove_folder(folder);
    return 0;
}

static cb_status open_it(lab_history_request request, lab_history **out, cb_err *err)
{
    *err = (cb_err){0};
    *out = NULL;
    request.path = request.path != NULL ? request.path : source;
    return lab_history_open(&request, out, err);
}

/* Opens, checks the rows and whether a cache was there, and closes. */
static void expect(lab_history_request request, uint64_t rows, bool was_cached)
{
    lab_history *history = NULL;
    cb_err err;
    if (open_it(request, &history, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(lab_history_candles(history)->count, rows);
    assert_int_equal(lab_history_was_cached(history), was_cached);
    lab_history_close(history);
}

static void a_second_opening_reads_the_cache(void **state)
{
    lab_history *history = NULL;
    cb_err err;
    (void)state;
    expect((lab_history_request){0}, 3, false);
    assert_int_equal(open_it((lab_history_request){0}, &history, &err), CB_OK);
    assert_true(lab_history_was_cached(history));
    const lab_candles *const candles = lab_history_candles(history);
    assert_string_equal(candles->symbol, "BTCUSDT");
    assert_string_equal(candles->venue, "binance");
    assert_int_equal(candles->timeframe_ns, 60 * CB_NS_PER_S);
    assert_int_equal(candles->open_e8[2], 300000000);
    assert_null(candles->quote_volume_e8);
    assert_null(candles->trades_count);
    assert_int_equal(strlen(candles->data_hash), 64);
    assert_int_equal(lab_cache_verify(lab_history_cache(history), &err), CB_OK);
    assert_memory_equal(lab_history_cache_path(history), source, strlen(source));
    lab_history_close(history);
}

static void a_changed_source_is_read_again(void **state)
{
    (void)state;
    expect((lab_history_request){0}, 3, false);
    write_file(source, HEAD ROW_1 ROW_2);
    expect((lab_history_request){0}, 2, false);
    /* the same size at another time */
    const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    assert_int_equal(utimensat(AT_FDCWD, source, times, 0), 0);
    expect((lab_history_request){0}, 2, false);
    expect((lab_history_request){0}, 2, true);
    expect((lab_history_request){.is_rebuilt = true}, 2, false);
}

/* What a user said once about a file holds when the file has grown. */
static void options_are_remembered(void **state)
{
    lab_history *history = NULL;
    cb_err err;
    (void)state;
    write_file(source, "x,1640995200000,1,2,1,2\nx,1640995260000,1,2,1,2\n");
    assert_int_equal(open_it((lab_history_request){0}, &history, &err), CB_E_SYNTAX);
    const lab_import_options options = {
        .columns = "-,time,open,high,low,close", .symbol = "eth/usdt"};
    expect((lab_history_request){.options = options}, 2, false);
    write_file(
        source, "x,1640995200000,1,2,1,2\nx,1640995260000,1,2,1,2\nx,1640995320000,1,2,1,2\n");
    assert_int_equal(open_it((lab_history_request){0}, &history, &err), CB_OK);
    assert_int_equal(lab_history_candles(history)->count, 3);
    assert_string_equal(lab_history_candles(history)->symbol, "ETHUSDT");
    lab_history_close(history);
    expect((lab_history_request){.options = {.symbol = "BTCUSDT"}}, 3, false);
}

static void fatal_rows_need_force_and_leave_a_mark(void **state)
{
    lab_history *history = NULL;
    cb_err err;
    (void)state;
    write_file(source, HEAD ROW_1 ROW_2 BACKWARD BACKWARD ROW_3);
    assert_int_equal(open_it((lab_history_request){0}, &history, &err), CB_E_STATE);
    assert_non_null(strstr(err.text, "BTC_USDT-1m.csv:4: the time goes backwards"));
    assert_non_null(strstr(err.text, "and 1 rows more"));
    const lab_history_request forced = {.options = {.is_forced = true}};
    assert_int_equal(open_it(forced, &history, &err), CB_OK);
    assert_true(lab_history_is_forced(history));
    assert_int_equal(lab_history_candles(history)->count, 3);
    uint64_t count = 0;
    const lab_finding *const findings = lab_history_findings(history, &count);
    assert_int_equal(count, 2);
    assert_int_equal(findings[0].kind, LAB_FINDING_BACKWARD);
    assert_true(findings[0].is_fatal);
    lab_history_close(history);
    /* the cache is there, but only for who forces too */
    assert_int_equal(open_it((lab_history_request){0}, &history, &err), CB_E_STATE);
    assert_non_null(strstr(err.text, "imported by force"));
    expect(forced, 3, true);
}

static void a_damaged_cache_is_made_again(void **state)
{
    char path[LAB_CACHE_PATH_MAX];
    struct stat info;
    cb_err err;
    (void)state;
    expect((lab_history_request){0}, 3, false);
    assert_int_equal(lab_place_beside(source, LAB_KIND_CANDLES, NULL, path, &err), CB_OK);
    assert_int_equal(stat(path, &info), 0);
    const off_t sizes[] = {0, 100, 4096, info.st_size - 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(truncate(path, sizes[i]), 0);
        expect((lab_history_request){0}, 3, false);
        expect((lab_history_request){0}, 3, true);
    }
    for (long at = 0; at < 1400; at += 97) {
        const int fd = open(path, O_RDWR);
        char byte = 0;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte = (char)(byte ^ 0x55);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        (void)close(fd);
        expect((lab_history_request){0}, 3, false);
    }
}

static void changed_columns_are_found_by_verify(void **state)
{
    lab_history *history = NULL;
    cb_err err;
    (void)state;
    assert_int_equal(open_it((lab_history_request){0}, &history, &err), CB_OK);
    const int fd = open(lab_history_cache_path(history), O_RDWR);
    assert_int_equal(pwrite(fd, "x", 1, 4096 + 5), 1);
    (void)close(fd);
    assert_int_equal(lab_cache_verify(lab_history_cache(history), &err), CB_E_CORRUPT);
    lab_history_close(history);
}

static void a_read_only_folder_stays_as_it_is(void **state)
{
    lab_history *history = NULL;
    char path[LAB_CACHE_PATH_MAX];
    cb_err err;
    (void)state;
    assert_int_equal(mkdir(caches, 0700), 0);
    assert_int_equal(setenv("CERBERUS_CACHE_DIR", caches, 1), 0);
    assert_int_equal(chmod(folder, 0500), 0);
    assert_int_equal(open_it((lab_history_request){0}, &history, &err), CB_OK);
    assert_memory_equal(lab_history_cache_path(history), caches, strlen(caches));
    lab_history_close(history);
    expect((lab_history_request){0}, 3, true);
    assert_int_equal(lab_place_beside(source, LAB_KIND_CANDLES, NULL, path, &err), CB_OK);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(unsetenv("CERBERUS_CACHE_DIR"), 0);
}

static void a_cache_works_without_its_source(void **state)
{
    char path[LAB_CACHE_PATH_MAX];
    cb_err err;
    (void)state;
    expect((lab_history_request){0}, 3, false);
    assert_int_equal(lab_place_beside(source, LAB_KIND_CANDLES, NULL, path, &err), CB_OK);
    assert_int_equal(unlink(source), 0);
    expect((lab_history_request){.path = path}, 3, true);
    lab_history *history = NULL;
    assert_int_equal(open_it((lab_history_request){0}, &history, &err), CB_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "No such file"));
}

static void what_is_no_file_is_refused(void **state)
{
    lab_history *history = NULL;
    cb_err err;
    (void)state;
    assert_int_equal(open_it((lab_history_request){.path = folder}, &history, &err), CB_E_SYNTAX);
    assert_non_null(strstr(err.text, "not a regular file"));
    const lab_history_request trades = {.options = {.kind = LAB_KIND_TRADES}};
    assert_int_equal(open_it(trades, &history, &err), CB_E_CONFIG);
    assert_non_null(strstr(err.text, "holds candles, not trades"));
    assert_int_equal(rename(source, "/tmp/cerberus-test-nameless.csv"), 0);
    const lab_history_request nameless = {
        .path = "/tmp/cerberus-test-nameless.csv", .cache_dir = caches};
    assert_int_equal(open_it(nameless, &history, &err), CB_E_CONFIG);
    assert_non_null(strstr(err.text, "name it with --symbol"));
    assert_int_equal(unlink("/tmp/cerberus-test-nameless.csv"), 0);
}

/* Each child imports over and over; whoever opens meanwhile sees a whole cache or makes one. */
static void two_importers_do_not_harm_each_other(void **state)
{
    pid_t children[3];
    (void)state;
    for (int c = 0; c < 3; c++) {
        children[c] = fork();
        assert_true(children[c] >= 0);
        if (children[c] == 0) {
            for (int i = 0; i < 40; i++) {
                const lab_history_request request = {.path = source, .is_rebuilt = i % 2 == 0};
                lab_history *history = NULL;
                if (lab_history_open(&request, &history, NULL) != CB_OK ||
                    lab_history_candles(history)->count != 3 ||
                    lab_cache_verify(lab_history_cache(history), NULL) != CB_OK) {
                    _exit(1);
                }
                lab_history_close(history);
            }
            _exit(0);
        }
    }
    for (int c = 0; c < 3; c++) {
        int result = -1;
        assert_int_equal(waitpid(children[c], &result, 0), children[c]);
        assert_int_equal(result, 0);
    }
    DIR *const open_folder = opendir(folder);
    struct dirent *entry;
    while ((entry = readdir(open_folder)) != NULL) {
        assert_null(strstr(entry->d_name, ".part"));
    }
    (void)closedir(open_folder);
}

static void names_tell_venue_and_symbol(void **state)
{
    static const char *const cases[][3] = {
        {"/a/binance_spot_BTCUSDT_1m_2022.csv.zst", "binance", "BTCUSDT"},
        {"binance_um_NEARUSDT_1m_2024-09.csv.zst", "binance_um", "NEARUSDT"},
        {"BTCUSDT-1m-2024-01-01.csv", "", "BTCUSDT"},
        {"BTC_USDT-1h.csv", "", "BTCUSDT"},
        {"freqtrade_ETHBTC_5m.csv", "", "ETHBTC"},
        {"prices.csv", "", ""},
    };
    char venue[LAB_VENUE_SIZE];
    char symbol[LAB_SYMBOL_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lab_place_guess(cases[i][0], venue, symbol);
        assert_string_equal(venue, cases[i][1]);
        assert_string_equal(symbol, cases[i][2]);
    }
    assert_true(lab_place_symbol("btc/usdt", symbol));
    assert_string_equal(symbol, "BTCUSDT");
    assert_false(lab_place_symbol("../etc", symbol));
    assert_false(lab_place_symbol("", symbol));
    assert_false(lab_place_symbol("ABCDEFGHIJKLMNOPQRSTUVWXYZ", symbol));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_second_opening_reads_the_cache, setup, teardown),
        cmocka_unit_test_setup_teardown(a_changed_source_is_read_again, setup, teardown),
        cmocka_unit_test_setup_teardown(options_are_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(fatal_rows_need_force_and_leave_a_mark, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_cache_is_made_again, setup, teardown),
        cmocka_unit_test_setup_teardown(changed_columns_are_found_by_verify, setup, teardown),
        cmocka_unit_test_setup_teardown(a_read_only_folder_stays_as_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cache_works_without_its_source, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(two_importers_do_not_harm_each_other, setup, teardown),
        cmocka_unit_test(names_tell_venue_and_symbol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
