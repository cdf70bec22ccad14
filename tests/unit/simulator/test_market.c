/* The market's two sources: recorded candles, trades and books; and the population of agents. */
#include "tests/unit/simulator/fixture.h"

#include "base/prng.h"
#include "services/simulator/core/agents.h"
#include "services/simulator/core/frames.h"
#include "services/simulator/core/path.h"
#include "services/simulator/core/rows.h"

static const sim_synthetic shape = {1, 10, 5, INT64_C(1000) * CB_E8};

static sim_candle_row row_of(const char *line)
{
    sim_candle_row row;
    cb_err err = {0};
    if (sim_rows_candle(SIM_FORMAT_CANDLES, cb_sv_from(line), &row, &err) != CB_OK) {
        print_error("%s\n", err.text);
        fail();
    }
    return row;
}

/* ---- rows ---- */

static void rows_read_candles_and_trades_exactly(void **state)
{
    (void)state;
    const sim_candle_row row =
        row_of("1723161000000,61773.99,61783.51,61712,61721.99,26.84913,1657875.1746042,1687");
    assert_true(row.open_ns == INT64_C(1723161000000) * 1000000);
    assert_true(row.open_e8 == INT64_C(6177399000000));
    assert_true(row.volume_e8 == INT64_C(2684913000));
    assert_true(row.has_totals);
    assert_true(row.quote_volume_e8 == INT64_C(165787517460420));
    assert_int_equal(row.trades_count, 1687);
    sim_trade_row trade;
    cb_err err = {0};
    assert_int_equal(
        sim_rows_trade(CB_SV("1723161255342,61837.63,0.02,sell,3735683259"), &trade, &err), CB_OK);
    assert_int_equal(trade.taker_side, CB_SIDE_SELL);
    assert_true(trade.id == 3735683259);
}

static void rows_read_binance_files_in_ms_and_us(void **state)
{
    (void)state;
    static const char ms[] = "1735603200000,92792.05000000,92832.25000000,92782.12000000,"
                             "92782.13000000,6.45789000,1735603259999,599298.29174060,1660,"
                             "4.36611000,405183.17952120,0";
    static const char us[] = "1735689600000000,93576.00000000,93610.93000000,93537.50000000,"
                             "93610.93000000,8.21827000,1735689659999999,768978.00522470,2631,"
                             "3.95157000,369757.32652890,0";
    bool is_header = true;
    sim_candle_row row;
    cb_err err = {0};
    assert_int_equal(sim_rows_detect(cb_sv_from(ms), &is_header), SIM_FORMAT_BINANCE);
    assert_false(is_header);
    assert_int_equal(sim_rows_candle(SIM_FORMAT_BINANCE, cb_sv_from(ms), &row, &err), CB_OK);
    assert_true(row.open_ns == INT64_C(1735603200) * 1000000000);
    assert_true(row.has_taker);
    assert_int_equal(sim_rows_candle(SIM_FORMAT_BINANCE, cb_sv_from(us), &row, &err), CB_OK);
    assert_true(row.open_ns == INT64_C(1735689600) * 1000000000);
}

static void rows_refuse_what_is_wrong_and_say_why(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *reason;
    } cases[] = {
        {"1640995200000,1,1,1,1", "5 columns"},
        {"abc,1,1,1,1,1", "time 'abc'"},
        {"1,1,1,1,1,1", "no market time"},
        {"1640995200000,x,1,1,1,1", "open 'x'"},
        {"1640995200000,1,1e3,1,1,1", "high '1e3'"},
        {"1640995200000,1,1,0,1,1", "low '0' must be above 0"},
        {"1640995200000,1,1,1,1,-1", "volume '-1'"},
        {"1640995200000,1,1,1,1,0.000000001", "volume"},
        {"1640995200000,1,1,1,1,", "volume ''"},
        {"1640995200000,1,1,1,1,1,1,1.5", "trades '1.5'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sim_candle_row row;
        cb_err err = {0};
        assert_int_not_equal(
            sim_rows_candle(SIM_FORMAT_CANDLES, cb_sv_from(cases[i].line), &row, &err), CB_OK);
        if (strstr(err.text, cases[i].reason) == NULL) {
            print_error("'%s' does not say '%s'\n", err.text, cases[i].reason);
            fail();
        }
    }
}

static void rows_check_order_grid_and_shape(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *reason; /* NULL = fine */
    } cases[] = {
        {"1640995200000,2,3,1,2,1", NULL},
        {"1640995200000,2,3,1,2,1", "the same time twice"},
        {"1640995140000,2,3,1,2,1", "backwards"},
        {"1640995261000,2,3,1,2,1", "grid"},
        {"1640995260000,4,3,1,2,1", "high is below"},
        {"1640995260000,2,3,2.5,2,1", "low is above"},
        {"1640995260000,2,3,1,2,0.00000003", "volume is too small"},
        {"1640995260000,2,3,1,2,0.00000004", NULL},
        {"1640995320000,2,2,2,2,0", NULL},
        {"1640995380000,900000000,900000000,900000000,900000000,900000", "cannot be held"},
    };
    sim_rows_check check;
    sim_rows_check_init(&check, 60 * INT64_C(1000000000));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const sim_candle_row row = row_of(cases[i].line);
        cb_err err = {0};
        const cb_status status = sim_rows_check_candle(&check, &row, &err);
        assert_int_equal(status == CB_OK, cases[i].reason == NULL);
        if (cases[i].reason != NULL) {
            assert_non_null(strstr(err.text, cases[i].reason));
        }
    }
    assert_int_equal(check.rows_count, 3);
    assert_int_equal(check.step_e8, 1);
    assert_true(check.tick_e8 == CB_E8);
}

static void rows_tell_formats_apart(void **state)
{
    (void)state;
    bool is_header = false;
    assert_int_equal(sim_rows_detect(CB_SV("open_time_ms,open,high,low,close,volume"), &is_header),
        SIM_FORMAT_CANDLES);
    assert_true(is_header);
    assert_int_equal(
        sim_rows_detect(CB_SV("time_ms,price,qty,side,trade_id"), &is_header), SIM_FORMAT_TRADES);
    assert_int_equal(sim_rows_detect(CB_SV("{\"recv_ns\":1}"), &is_header), SIM_FORMAT_CAPTURE);
    assert_int_equal(sim_rows_detect(CB_SV("hello"), &is_header), SIM_FORMAT_NONE);
    assert_int_equal(sim_rows_detect(CB_SV(""), &is_header), SIM_FORMAT_NONE);
}

/* ---- the path of a candle ---- */

static void path_splits_the_volume_exactly(void **state)
{
    (void)state;
    cb_prng prng;
    cb_prng_init(&prng, 5);
    for (int i = 0; i < 20000; i++) {
        sim_candle_row row = {
            .open_ns = START_NS,
            .low_e8 = E8(90) + (int64_t)cb_prng_below(&prng, 3) * 1000000,
        };
        row.high_e8 = row.low_e8 + (int64_t)cb_prng_below(&prng, 4) * 1000000;
        const uint64_t ticks = (uint64_t)((row.high_e8 - row.low_e8) / 1000000 + 1);
        row.open_e8 = row.low_e8 + (int64_t)cb_prng_below(&prng, ticks) * 1000000;
        row.close_e8 = row.low_e8 + (int64_t)cb_prng_below(&prng, ticks) * 1000000;
        row.volume_e8 = (int64_t)sim_path_points(&row) +
                        (int64_t)cb_prng_below(&prng, i % 2 == 0 ? 10 : 100000000);
        sim_step steps[SIM_PATH_MAX];
        const uint32_t count = sim_path_make(&row, 60 * INT64_C(1000000000), 1000, steps);
        int64_t sum_e8 = 0;
        int64_t high_e8 = 0;
        int64_t low_e8 = INT64_MAX;
        for (uint32_t s = 0; s < count; s++) {
            assert_true(steps[s].qty_e8 > 0);
            assert_true(s == 0 || steps[s].ts_ns > steps[s - 1].ts_ns);
            assert_true(steps[s].ts_ns < START_NS + 60 * INT64_C(1000000000));
            sum_e8 += steps[s].qty_e8;
            high_e8 = steps[s].price_e8 > high_e8 ? steps[s].price_e8 : high_e8;
            low_e8 = steps[s].price_e8 < low_e8 ? steps[s].price_e8 : low_e8;
        }
        assert_true(sum_e8 == row.volume_e8);
        assert_true(steps[0].price_e8 == row.open_e8);
        assert_true(steps[count - 1].price_e8 == row.close_e8);
        assert_true(high_e8 == row.high_e8 && low_e8 == row.low_e8);
    }
}

static void path_goes_low_first_when_rising_and_high_first_when_falling(void **state)
{
    (void)state;
    sim_step steps[SIM_PATH_MAX];
    const sim_candle_row rising = row_of("1640995200000,10,14,8,12,4");
    assert_int_equal(sim_path_make(&rising, 60 * INT64_C(1000000000), 1000, steps), 4);
    assert_true(steps[1].price_e8 == E8(8) && steps[2].price_e8 == E8(14));
    assert_int_equal(steps[1].taker_side, CB_SIDE_SELL);
    assert_int_equal(steps[2].taker_side, CB_SIDE_BUY);
    const sim_candle_row falling = row_of("1640995200000,12,14,8,10,4");
    assert_int_equal(sim_path_make(&falling, 60 * INT64_C(1000000000), 1000, steps), 4);
    assert_true(steps[1].price_e8 == E8(14) && steps[2].price_e8 == E8(8));
    const sim_candle_row silent = row_of("1640995200000,12,12,12,12,0");
    assert_int_equal(sim_path_make(&silent, 60 * INT64_C(1000000000), 1000, steps), 0);
}

/* Plays recorded candles through the exchange as a shell would. */
static void play(fixture *fx, const sim_candle_row *row, int64_t interval_ns)
{
    sim_step steps[SIM_PATH_MAX];
    const uint32_t count = sim_path_make(row, interval_ns, 1000, steps);
    sim_set_now(fx->sim, row->open_ns);
    sim_close_candles(fx->sim, 0);
    if (count == 0) {
        const sim_candle flat = {
            .open_ns = row->open_ns,
            .open_e8 = row->open_e8,
            .high_e8 = row->high_e8,
            .low_e8 = row->low_e8,
            .close_e8 = row->close_e8,
        };
        sim_history_flat(fx->sim, 0, sim_interval_of_ns(interval_ns), &flat);
    }
    for (uint32_t i = 0; i < count; i++) {
        sim_set_now(fx->sim, steps[i].ts_ns);
        sim_replay_trade(fx->sim, 0, steps[i].price_e8, steps[i].qty_e8, steps[i].taker_side, 0);
        sim_house_synthetic(fx->sim, 0, &shape, steps[i].price_e8, steps[i].taker_side);
    }
    if (count > 0) {
        const sim_candle difference = sim_path_difference(row, steps, count);
        sim_history_correct(fx->sim, 0, &difference);
    }
}

static void replayed_candles_come_out_as_they_were_recorded(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "1723161000000,61773.99,61783.51,61712,61721.99,26.84913,1657875.1746042,1687",
        "1723161060000,61722,61763.2,61716,61716,17.24203,1064517.6692054,1161",
        "1723161120000,61716,61716,61716,61716,0,0,0",
        "1723161180000,61712.4,61712.4,61712.4,61712.4,0.00001,0.617124,1",
        "1723161300000,61700,61800,61600,61750,30.42239,1878077.5993906,1222",
    };
    fixture *fx = fixture_make((sim_config){.is_replay = true}, 1);
    fx->sim->symbols[0].is_candle_auto = false;
    for (size_t i = 0; i < 5; i++) {
        const sim_candle_row row = row_of(lines[i]);
        play(fx, &row, 60 * INT64_C(1000000000));
    }
    sim_set_now(fx->sim, INT64_C(1723161360000) * 1000000);
    sim_close_candles(fx->sim, 0);
    sim_candle candles[10];
    assert_int_equal(
        sim_history_candles(fx->sim, 0, SIM_INTERVAL_1M, 0, INT64_MAX, false, candles, 10), 5);
    for (size_t i = 0; i < 5; i++) {
        const sim_candle_row row = row_of(lines[i]);
        assert_true(candles[i].open_ns == row.open_ns);
        assert_true(candles[i].open_e8 == row.open_e8 && candles[i].high_e8 == row.high_e8);
        assert_true(candles[i].low_e8 == row.low_e8 && candles[i].close_e8 == row.close_e8);
        assert_true(candles[i].volume_e8 == row.volume_e8);
        assert_true(candles[i].quote_volume_e8 == row.quote_volume_e8);
        assert_true(candles[i].trades_count == row.trades_count);
    }
    /* The minute that is missing in the recording (12:05) is missing here too; five minutes join
     * without the silent one setting a price. */
    assert_int_equal(
        sim_history_candles(fx->sim, 0, SIM_INTERVAL_5M, 0, INT64_MAX, false, candles, 10), 2);
    assert_true(candles[0].open_e8 == INT64_C(6177399000000));
    assert_true(candles[0].low_e8 == E8(61712));
    assert_true(candles[0].close_e8 == INT64_C(6171240000000));
    assert_true(candles[1].open_ns == INT64_C(1723161300000) * 1000000);
    audit(fx);
    fixture_free(fx);
}

/* ---- users in a replay ---- */

static void replay_trade(fixture *fx, int64_t price, int64_t qty_e8, cb_side side)
{
    sim_set_now(fx->sim, fx->sim->now_ns + MS(1000));
    sim_replay_trade(fx->sim, 0, E8(price), qty_e8, side, 0);
    sim_house_synthetic(fx->sim, 0, &shape, E8(price), side);
}

static void a_waiting_order_fills_when_a_trade_goes_through_its_price(void **state)
{
    (void)state;
    fixture *fx = fixture_make((sim_config){.is_replay = true}, 2);
    replay_trade(fx, 100, E8(1), CB_SIDE_BUY);
    const sim_order *order = fixture_place(fx, fixture_limit(0, CB_SIDE_BUY, 95, 3));
    replay_trade(fx, 96, E8(1), CB_SIDE_SELL);
    assert_true(order->executed_e8 == 0);
    replay_trade(fx, 94, E8(1), CB_SIDE_SELL);
    /* The trade's own 1 first, at our price; then the asks that now stand below it. */
    assert_int_equal(order->status, SIM_STATUS_FILLED);
    assert_true(order->cum_quote_e8 == E8(95 * 3));
    assert_true(fx->sim->trades[0].id == SIM_USER_TRADE_ID_BASE + 1);
    assert_true(fx->sim->trades[0].is_maker);
    audit(fx);
    fixture_free(fx);
}

static void at_its_price_an_order_waits_for_the_queue_before_it(void **state)
{
    (void)state;
    fixture *fx = fixture_make((sim_config){.is_replay = true}, 2);
    replay_trade(fx, 100, E8(1), CB_SIDE_SELL); /* best bid 100 holds 1000 / 100 = 10 */
    const sim_order *order = fixture_place(fx, fixture_limit(0, CB_SIDE_BUY, 100, 2));
    assert_true(order->ahead_e8 == E8(10));
    replay_trade(fx, 100, E8(6), CB_SIDE_SELL);
    assert_true(order->ahead_e8 == E8(4));
    assert_true(order->executed_e8 == 0);
    replay_trade(fx, 100, E8(5), CB_SIDE_SELL);
    assert_true(order->executed_e8 == E8(1));
    replay_trade(fx, 101, E8(5), CB_SIDE_BUY); /* buyers do not meet bids */
    assert_true(order->executed_e8 == E8(1));
    replay_trade(fx, 100, E8(5), CB_SIDE_SELL);
    assert_int_equal(order->status, SIM_STATUS_FILLED);
    audit(fx);
    fixture_free(fx);
}

static void a_taker_meets_the_display_which_comes_back_with_the_next_event(void **state)
{
    (void)state;
    fixture *fx = fixture_make((sim_config){.is_replay = true}, 2);
    replay_trade(fx, 100, E8(1), CB_SIDE_BUY); /* best ask 100 holds 10, next 100.10 holds 9.99 */
    const uint64_t tape = fx->sim->symbols[0].tape_count;
    const sim_candle before = fx->sim->symbols[0].live[SIM_INTERVAL_1M];
    const sim_order *order = fixture_place(fx, fixture_limit(0, CB_SIDE_BUY, 101, 12));
    assert_int_equal(order->status, SIM_STATUS_FILLED);
    assert_true(order->cum_quote_e8 == E8(1000) + INT64_C(20020000000));
    assert_true(sim_book_qty(&fx->sim->symbols[0], CB_SIDE_SELL, E8(100)) == 0);
    /* History knows nothing of it. */
    assert_int_equal(fx->sim->symbols[0].tape_count, tape);
    assert_memory_equal(&before, &fx->sim->symbols[0].live[SIM_INTERVAL_1M], sizeof(before));
    replay_trade(fx, 100, E8(1), CB_SIDE_BUY);
    assert_true(sim_book_qty(&fx->sim->symbols[0], CB_SIDE_SELL, E8(100)) == E8(10));
    audit(fx);
    fixture_free(fx);
}

static void a_replay_with_users_has_the_same_tape_as_one_without(void **state)
{
    (void)state;
    uint64_t hashes[2];
    for (int with = 0; with < 2; with++) {
        fixture *fx = fixture_make((sim_config){.is_replay = true}, 2);
        cb_prng prng;
        cb_prng users;
        cb_prng_init(&prng, 3);
        cb_prng_init(&users, 4);
        uint64_t hash = 0;
        for (int i = 0; i < 500; i++) {
            replay_trade(fx,
                95 + (int64_t)cb_prng_below(&prng, 10),
                (int64_t)(1 + cb_prng_below(&prng, 1000)) * 100000,
                cb_prng_below(&prng, 2) == 0 ? CB_SIDE_BUY : CB_SIDE_SELL);
            if (with == 1) {
                uint32_t index = 0;
                sim_refusal refusal = {0};
                const sim_new_order order = fixture_limit((uint32_t)cb_prng_below(&users, 2),
                    cb_prng_below(&users, 2) == 0 ? CB_SIDE_BUY : CB_SIDE_SELL,
                    95 + (int64_t)cb_prng_below(&users, 10),
                    1);
                (void)sim_place(fx->sim, &order, &index, &refusal);
            }
            audit(fx);
        }
        const sim_symbol *symbol = &fx->sim->symbols[0];
        for (uint64_t i = 0; i < sim_tape_kept(symbol); i++) {
            const sim_print *print = sim_tape_at(symbol, i);
            hash = hash * 31 + print->id;
            hash = hash * 31 + (uint64_t)print->price_e8 + (uint64_t)print->qty_e8;
        }
        hashes[with] = hash + (uint64_t)symbol->live[SIM_INTERVAL_1D].volume_e8;
        assert_true((fx->sim->trades_count > 50) == (with == 1));
        fixture_free(fx);
    }
    assert_true(hashes[0] == hashes[1]);
}

/* ---- captures ---- */

static void frames_keep_the_recorded_bytes(void **state)
{
    (void)state;
    static const char depth[] =
        "{\"recv_ns\":1723161253937085768,\"msg\":{\"stream\":\"btcusdt@depth@100ms\",\"data\":"
        "{\"e\":\"depthUpdate\",\"E\":1723161255208,\"s\":\"BTCUSDT\",\"U\":50093239189,\"u\":"
        "50093239202,\"b\":[[\"61737.63000000\",\"0.00000000\"]],\"a\":[[\"61837.64000000\","
        "\"1.54698000\"],[\"61845.11000000\",\"0.32329000\"]]}}}";
    sim_frame *frame = calloc(1, sizeof(*frame));
    assert_non_null(frame);
    cb_err err = {0};
    assert_int_equal(sim_frame_read(cb_sv_from(depth), frame, &err), CB_OK);
    assert_int_equal(frame->kind, SIM_FRAME_DEPTH);
    assert_string_equal(frame->symbol, "BTCUSDT");
    assert_true(frame->update_first == 50093239189 && frame->update_last == 50093239202);
    assert_int_equal(frame->bids_count, 1);
    assert_int_equal(frame->asks_count, 2);
    assert_true(frame->asks[1].price_e8 == INT64_C(6184511000000));
    assert_true(frame->data.size > 0 && frame->data.at[0] == '{');
    assert_memory_equal(frame->data.at + frame->data.size, "}}", 2);
    static const char *const bad[] = {
        "{\"recv_ns\":1723161253937085768,\"msg\":{\"stream\":\"x\",\"data\":{}}}",
        "{\"recv_ns\":1,\"msg\":{\"stream\":\"btcusdt@trade\",\"data\":{}}}",
        "{\"recv_ns\":1723161253937085768}",
        "{\"recv_ns\":1723161253937085768,\"msg\":{\"stream\":\"b@depth\",\"data\":{\"b\":[1]}}}",
        "{\"recv_ns\":1723161253937085768,\"msg\":",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_not_equal(sim_frame_read(cb_sv_from(bad[i]), frame, &err), CB_OK);
    }
    free(frame);
}

/* ---- agents ---- */

typedef struct town {
    fixture *fx;
    sim_crowd crowds[2];
} town;

static void town_run(town *all, int64_t until_ns)
{
    sim_core *sim = all->fx->sim;
    for (;;) {
        int64_t next_ns = INT64_MAX;
        for (uint32_t i = 0; i < 2; i++) {
            const int64_t due_ns = sim_crowd_next_ns(&all->crowds[i]);
            next_ns = due_ns < next_ns ? due_ns : next_ns;
        }
        if (next_ns > until_ns) {
            break;
        }
        sim_set_now(sim, next_ns);
        for (uint32_t i = 0; i < 2; i++) {
            sim_close_candles(sim, i);
            sim_crowd_step(&all->crowds[i], sim);
        }
    }
    sim_set_now(sim, until_ns);
}

static town town_make(uint64_t seed)
{
    town all = {.fx = fixture_make((sim_config){.minutes_max = 2000}, 1)};
    cb_err err = {0};
    assert_int_equal(sim_crowd_init(&all.crowds[0], all.fx->sim, 0, seed, E8(60000), &err), CB_OK);
    assert_int_equal(sim_crowd_init(&all.crowds[1], all.fx->sim, 1, seed, E8(3000), &err), CB_OK);
    all.fx->sim->is_muted = true;
    return all;
}

static void agents_are_deterministic_by_seed(void **state)
{
    (void)state;
    static const uint64_t seeds[3] = {11, 11, 12};
    uint64_t hashes[3];
    for (int i = 0; i < 3; i++) {
        town all = town_make(seeds[i]);
        town_run(&all, START_NS + INT64_C(1800) * 1000000000);
        hashes[i] = sim_state_hash(all.fx->sim);
        audit_money(all.fx->sim);
        audit_book(all.fx->sim, &all.fx->sim->symbols[0]);
        fixture_free(all.fx);
    }
    assert_true(hashes[0] == hashes[1]);
    assert_true(hashes[0] != hashes[2]);
}

static void agents_keep_a_two_sided_market_that_moves(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        town all = town_make(seed);
        town_run(&all, START_NS + INT64_C(4 * 3600) * 1000000000);
        for (uint32_t i = 0; i < 2; i++) {
            const sim_symbol *symbol = &all.fx->sim->symbols[i];
            assert_true(symbol->bids.count >= 3 && symbol->asks.count >= 3);
            sim_day day;
            sim_history_day(all.fx->sim, i, &day);
            /* Some hundredths of a percent a minute, and every minute trades. */
            const int64_t range_e8 = day.candle.high_e8 - day.candle.low_e8;
            assert_true(range_e8 > day.candle.open_e8 / 250);
            assert_true(range_e8 < day.candle.open_e8 / 4);
            assert_true(sim_candles_kept(&symbol->minutes) >= 239);
            for (uint64_t back = 0; back < 200; back++) {
                assert_true(sim_candles_back(&symbol->minutes, back)->trades_count > 0);
            }
        }
        audit_money(all.fx->sim);
        fixture_free(all.fx);
    }
}

static void agents_come_back_to_where_they_began(void **state)
{
    (void)state;
    for (int64_t percent = 70; percent <= 130; percent += 60) {
        town all = town_make(5);
        for (uint32_t i = 0; i < 2; i++) {
            all.crowds[i].value_e8 = all.crowds[i].start_e8 / 100 * percent;
        }
        town_run(&all, START_NS + INT64_C(12 * 3600) * 1000000000);
        for (uint32_t i = 0; i < 2; i++) {
            const sim_crowd *crowd = &all.crowds[i];
            const int64_t away_e8 = crowd->value_e8 - crowd->start_e8;
            const int64_t began_e8 = crowd->start_e8 / 100 * (percent - 100);
            assert_true(percent < 100 ? away_e8 > began_e8 : away_e8 < began_e8);
        }
        fixture_free(all.fx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_read_candles_and_trades_exactly),
        cmocka_unit_test(rows_read_binance_files_in_ms_and_us),
        cmocka_unit_test(rows_refuse_what_is_wrong_and_say_why),
        cmocka_unit_test(rows_check_order_grid_and_shape),
        cmocka_unit_test(rows_tell_formats_apart),
        cmocka_unit_test(path_splits_the_volume_exactly),
        cmocka_unit_test(path_goes_low_first_when_rising_and_high_first_when_falling),
        cmocka_unit_test(replayed_candles_come_out_as_they_were_recorded),
        cmocka_unit_test(a_waiting_order_fills_when_a_trade_goes_through_its_price),
        cmocka_unit_test(at_its_price_an_order_waits_for_the_queue_before_it),
        cmocka_unit_test(a_taker_meets_the_display_which_comes_back_with_the_next_event),
        cmocka_unit_test(a_replay_with_users_has_the_same_tape_as_one_without),
        cmocka_unit_test(frames_keep_the_recorded_bytes),
        cmocka_unit_test(agents_are_deterministic_by_seed),
        cmocka_unit_test(agents_keep_a_two_sided_market_that_moves),
        cmocka_unit_test(agents_come_back_to_where_they_began),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
