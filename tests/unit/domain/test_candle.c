/* Longer candles from shorter ones: rules by hand, then the exchange's own candles as the judge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#include "base/hash.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "domain/candle.h"

#define MINUTE_NS (60 * CB_NS_PER_S)
#define START_NS (INT64_C(1641168000) * CB_NS_PER_S) /* 2022-01-03T00:00Z */

static cb_candle minute(int64_t index, int64_t price, int64_t volume)
{
    cb_candle candle;
    memset(&candle, 0, sizeof(candle));
    memcpy(candle.symbol, "BTCUSDT", 8);
    candle.interval_s = 60;
    candle.open_ts_ns = START_NS + index * MINUTE_NS;
    candle.close_ts_ns = candle.open_ts_ns + MINUTE_NS;
    candle.open.e8 = price;
    candle.high.e8 = price + 5;
    candle.low.e8 = price - 5;
    candle.close.e8 = price + 1;
    candle.volume.e8 = volume;
    candle.quote_volume.e8 = volume * 2;
    candle.trades_count = volume > 0 ? 3 : 0;
    candle.is_closed = true;
    candle.recv_ns = candle.close_ts_ns + 7;
    if (volume == 0) {
        candle.high = candle.low = candle.close = candle.open;
    }
    return candle;
}

static cb_candle_builder a_builder(uint32_t to_interval_s)
{
    cb_candle_builder builder;
    cb_candle_builder_init(&builder, 60, to_interval_s);
    return builder;
}

static uint32_t feed(cb_candle_builder *builder, cb_candle part, cb_candle *out)
{
    return cb_candle_builder_feed(builder, &part, out);
}

static void five_minutes_make_one_candle(void **unused)
{
    (void)unused;
    cb_candle_builder builder = a_builder(300);
    cb_candle out[2];
    static const int64_t prices[] = {100, 120, 90, 110, 105};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(feed(&builder, minute(i, prices[i], 10 + i), out), 0);
    }
    cb_candle last = minute(4, prices[4], 14);
    last.is_backfill = true;
    last.env.event_id = (cb_id){9, 9};
    assert_int_equal(feed(&builder, last, out), 1);
    assert_int_equal(out[0].interval_s, 300);
    assert_int_equal(out[0].open_ts_ns, START_NS);
    assert_int_equal(out[0].close_ts_ns, START_NS + 5 * MINUTE_NS);
    assert_int_equal(out[0].open.e8, 100);
    assert_int_equal(out[0].high.e8, 125);
    assert_int_equal(out[0].low.e8, 85);
    assert_int_equal(out[0].close.e8, 106);
    assert_int_equal(out[0].volume.e8, 60);
    assert_int_equal(out[0].quote_volume.e8, 120);
    assert_int_equal(out[0].trades_count, 15);
    assert_true(out[0].is_closed);
    assert_true(out[0].is_backfill);
    assert_int_equal(out[0].recv_ns, last.recv_ns);
    assert_true(cb_id_equal(out[0].env.event_id, last.env.event_id));
    assert_string_equal(out[0].symbol, "BTCUSDT");
}

static void minutes_without_trades_do_not_count(void **unused)
{
    (void)unused;
    cb_candle_builder builder = a_builder(300);
    cb_candle out[2];
    assert_int_equal(feed(&builder, minute(0, 999, 0), out), 0); /* last price, no trade */
    assert_int_equal(feed(&builder, minute(1, 100, 5), out), 0);
    assert_int_equal(feed(&builder, minute(2, 1, 0), out), 0);
    assert_int_equal(feed(&builder, minute(3, 103, 5), out), 0);
    assert_int_equal(feed(&builder, minute(4, 999, 0), out), 1);
    assert_int_equal(out[0].open.e8, 100);
    assert_int_equal(out[0].high.e8, 108);
    assert_int_equal(out[0].low.e8, 95);
    assert_int_equal(out[0].close.e8, 104);
    assert_int_equal(out[0].trades_count, 6);
}

static void a_bucket_without_trades_is_flat(void **unused)
{
    (void)unused;
    cb_candle_builder builder = a_builder(300);
    cb_candle out[2];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(feed(&builder, minute(i, 500, 0), out), 0);
    }
    assert_int_equal(feed(&builder, minute(4, 500, 0), out), 1);
    assert_int_equal(out[0].open.e8, 500);
    assert_int_equal(out[0].high.e8, 500);
    assert_int_equal(out[0].low.e8, 500);
    assert_int_equal(out[0].close.e8, 500);
    assert_int_equal(out[0].volume.e8, 0);
}

static void a_hole_ends_the_bucket_when_the_next_begins(void **unused)
{
    (void)unused;
    cb_candle_builder builder = a_builder(300);
    cb_candle out[2];
    assert_int_equal(feed(&builder, minute(2, 100, 1), out), 0); /* begins late */
    assert_int_equal(feed(&builder, minute(8, 200, 1), out), 1);
    assert_int_equal(out[0].open_ts_ns, START_NS);
    assert_int_equal(out[0].close.e8, 101);
    /* The last minute of a later bucket ends both the open one and its own. */
    assert_int_equal(feed(&builder, minute(19, 300, 1), out), 2);
    assert_int_equal(out[0].open_ts_ns, START_NS + 5 * MINUTE_NS);
    assert_int_equal(out[1].open_ts_ns, START_NS + 15 * MINUTE_NS);
    assert_int_equal(out[1].open.e8, 300);
    assert_int_equal(feed(&builder, minute(20, 300, 1), out), 0);
}

static void open_late_and_repeated_parts_are_left_out(void **unused)
{
    (void)unused;
    cb_candle_builder builder = a_builder(300);
    cb_candle out[2];
    cb_candle open = minute(0, 100, 1);
    open.is_closed = false;
    assert_int_equal(feed(&builder, open, out), 0);
    assert_false(builder.is_begun);
    assert_int_equal(feed(&builder, minute(1, 100, 1), out), 0);
    assert_int_equal(feed(&builder, minute(1, 900, 9), out), 0);
    assert_int_equal(feed(&builder, minute(0, 900, 9), out), 0);
    assert_int_equal(builder.late_count, 2);
    assert_int_equal(feed(&builder, minute(4, 100, 1), out), 1);
    assert_int_equal(out[0].volume.e8, 2);
    assert_int_equal(out[0].high.e8, 105);
}

static void flush_waits_for_the_end_and_makes_the_rest_late(void **unused)
{
    (void)unused;
    cb_candle_builder builder = a_builder(300);
    cb_candle out[2];
    cb_candle flushed;
    assert_false(cb_candle_builder_flush(&builder, INT64_MAX, &flushed));
    assert_int_equal(feed(&builder, minute(0, 100, 1), out), 0);
    assert_false(cb_candle_builder_flush(&builder, START_NS + 5 * MINUTE_NS - 1, &flushed));
    assert_true(cb_candle_builder_flush(&builder, START_NS + 5 * MINUTE_NS, &flushed));
    assert_int_equal(flushed.open_ts_ns, START_NS);
    assert_int_equal(feed(&builder, minute(4, 100, 1), out), 0);
    assert_int_equal(builder.late_count, 1);
    assert_false(cb_candle_builder_flush(&builder, INT64_MAX, &flushed));
    assert_int_equal(feed(&builder, minute(5, 100, 1), out), 0);
    assert_int_equal(feed(&builder, minute(9, 100, 1), out), 1);
}

static void sums_out_of_range_refuse_the_bucket_only(void **unused)
{
    (void)unused;
    cb_candle_builder builder = a_builder(300);
    cb_candle out[2];
    assert_int_equal(feed(&builder, minute(0, 100, INT64_MAX / 4), out), 0);
    cb_candle huge = minute(1, 100, 1);
    huge.volume.e8 = INT64_MAX;
    assert_int_equal(feed(&builder, huge, out), 0);
    assert_int_equal(feed(&builder, minute(4, 100, 1), out), 0);
    assert_int_equal(builder.refused_count, 1);
    assert_int_equal(feed(&builder, minute(9, 100, 1), out), 1);
}

static void the_hash_follows_the_state(void **unused)
{
    (void)unused;
    cb_candle_builder a = a_builder(300);
    cb_candle_builder b = a_builder(300);
    cb_candle out[2];
    for (int i = 0; i < 12; i++) {
        (void)feed(&a, minute(i, 100 + i, i % 3), out);
        assert_true(
            cb_candle_builder_hash(CB_HASH_SEED, &a) != cb_candle_builder_hash(CB_HASH_SEED, &b));
        (void)feed(&b, minute(i, 100 + i, i % 3), out);
        assert_int_equal(
            cb_candle_builder_hash(CB_HASH_SEED, &a), cb_candle_builder_hash(CB_HASH_SEED, &b));
    }
}

/* ---- the exchange's own candles ---- */
#define DATA "../shared/data/ohlcv/"

/* A whole file, unpacked; read line by line. */
typedef struct lines {
    char *text;
    char *at;
} lines;

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long end = ftell(file);
    assert_true(end > 0);
    assert_int_equal(fseek(file, 0, SEEK_SET), 0);
    uint8_t *bytes = malloc((size_t)end);
    assert_non_null(bytes);
    *size = fread(bytes, 1, (size_t)end, file);
    assert_int_equal(*size, end);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

static lines open_lines(const char *path)
{
    size_t packed_size = 0;
    uint8_t *packed = read_file(path, &packed_size);
    ZSTD_DStream *stream = ZSTD_createDStream();
    assert_non_null(stream);
    ZSTD_inBuffer in = {packed, packed_size, 0};
    ZSTD_outBuffer out = {NULL, 0, 0};
    while (in.pos < in.size) {
        if (out.size - out.pos < 1U << 20) {
            out.size = 2 * out.size + (4U << 20);
            out.dst = realloc(out.dst, out.size);
            assert_non_null(out.dst);
        }
        const size_t left = ZSTD_decompressStream(stream, &out, &in);
        assert_false(ZSTD_isError(left));
    }
    (void)ZSTD_freeDStream(stream);
    free(packed);
    char *text = out.dst;
    assert_true(out.pos < out.size);
    if (text == NULL) {
        fail_msg("%s is empty", path);
        return (lines){NULL, NULL};
    }
    text[out.pos] = '\0';
    return (lines){text, text};
}

/* time in ms or s, open, high, low, close, volume, …; the header and other lines give false. */
static bool parse_line(char *line, cb_candle *out, uint32_t interval_s)
{
    memset(out, 0, sizeof(*out));
    char *cells[16] = {0};
    size_t count = 0;
    char *rest = line;
    while (count < 16 && rest != NULL) {
        cells[count++] = strsep(&rest, ",");
    }
    int64_t *const fields[] = {
        &out->open.e8, &out->high.e8, &out->low.e8, &out->close.e8, &out->volume.e8};
    uint64_t ts = 0;
    if (count < 6 || !cb_u64_parse(cb_sv_from(cells[0]), INT64_MAX, &ts)) {
        return false;
    }
    out->open_ts_ns = (int64_t)ts * (ts > UINT64_C(100000000000) ? CB_NS_PER_MS : CB_NS_PER_S);
    for (size_t i = 0; i < 5; i++) {
        if (cb_decimal_parse(cells[i + 1], strlen(cells[i + 1]), fields[i], NULL) != CB_OK) {
            return false;
        }
    }
    out->interval_s = interval_s;
    out->is_closed = true;
    return true;
}

/* False at the end. */
static bool next_candle(lines *file, cb_candle *out, uint32_t interval_s)
{
    while (file->at != NULL && *file->at != '\0') {
        char *line = strsep(&file->at, "\n");
        if (parse_line(line, out, interval_s)) {
            return true;
        }
    }
    return false;
}

typedef struct tally {
    int equal;
    int different;
    int absent;
} tally;

static void compare_with(lines *whole_file,
    uint32_t interval_s,
    const cb_candle *built,
    cb_candle *whole,
    bool *has_whole,
    tally *counts)
{
    while (*has_whole && whole->open_ts_ns < built->open_ts_ns) {
        *has_whole = next_candle(whole_file, whole, interval_s);
    }
    if (!*has_whole || whole->open_ts_ns != built->open_ts_ns) {
        counts->absent++;
        return;
    }
    const bool is_equal = whole->open.e8 == built->open.e8 && whole->high.e8 == built->high.e8 &&
                          whole->low.e8 == built->low.e8 && whole->close.e8 == built->close.e8 &&
                          whole->volume.e8 == built->volume.e8;
    counts->equal += is_equal ? 1 : 0;
    counts->different += is_equal ? 0 : 1;
}

static tally aggregate_files(const char *parts, const char *wholes, uint32_t interval_s)
{
    lines parts_file = open_lines(parts);
    lines wholes_file = open_lines(wholes);
    cb_candle_builder builder = a_builder(interval_s);
    cb_candle part;
    cb_candle whole;
    cb_candle out[2];
    tally counts = {0, 0, 0};
    bool has_whole = next_candle(&wholes_file, &whole, interval_s);
    while (next_candle(&parts_file, &part, 60)) {
        const uint32_t count = cb_candle_builder_feed(&builder, &part, out);
        for (uint32_t i = 0; i < count; i++) {
            compare_with(&wholes_file, interval_s, &out[i], &whole, &has_whole, &counts);
        }
    }
    free(parts_file.text);
    free(wholes_file.text);
    return counts;
}

static bool is_there(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file != NULL) {
        (void)fclose(file);
    }
    return file != NULL;
}

static void aggregated_minutes_equal_the_exchanges_hours(void **unused)
{
    (void)unused;
    const char *hours = DATA "binance_spot_BTCUSDT_1h_20170817_20231231.csv.zst";
    if (!is_there(hours)) {
        print_message("recorded candles are not there (%s): skipped\n", hours);
        skip();
    }
    const tally of_2022 = aggregate_files(DATA "binance_spot_BTCUSDT_1m_2022.csv.zst", hours, 3600);
    const tally of_2023 = aggregate_files(DATA "binance_spot_BTCUSDT_1m_2023.csv.zst", hours, 3600);
    assert_int_equal(of_2022.different + of_2023.different, 0);
    assert_int_equal(of_2022.absent + of_2023.absent, 0);
    /* 17 518 hours with trades, and the one of 2023-03-24 that is flat on both sides. */
    assert_in_range(of_2022.equal + of_2023.equal, 17518, 17519);
}

static void aggregated_minutes_equal_the_exchanges_quarters(void **unused)
{
    (void)unused;
    const char *quarters = DATA "binance_spot_BTCUSDT_15m_2023-01_2023-11.csv.zst";
    if (!is_there(quarters)) {
        print_message("recorded candles are not there (%s): skipped\n", quarters);
        skip();
    }
    const tally counts =
        aggregate_files(DATA "binance_spot_BTCUSDT_1m_2023.csv.zst", quarters, 900);
    assert_int_equal(counts.different, 0);
    assert_in_range(counts.equal, 30241, 30246);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_minutes_make_one_candle),
        cmocka_unit_test(minutes_without_trades_do_not_count),
        cmocka_unit_test(a_bucket_without_trades_is_flat),
        cmocka_unit_test(a_hole_ends_the_bucket_when_the_next_begins),
        cmocka_unit_test(open_late_and_repeated_parts_are_left_out),
        cmocka_unit_test(flush_waits_for_the_end_and_makes_the_rest_late),
        cmocka_unit_test(sums_out_of_range_refuse_the_bucket_only),
        cmocka_unit_test(the_hash_follows_the_state),
        cmocka_unit_test(aggregated_minutes_equal_the_exchanges_hours),
        cmocka_unit_test(aggregated_minutes_equal_the_exchanges_quarters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
