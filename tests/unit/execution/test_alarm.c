/* Levels that raise themselves, what the flag page does to the core, level 4, and that only a
 * lowering which has seen a level brings it down. */
#include <stdio.h>

#include "tests/unit/execution/rig.h"

static rig bench;

static int setup(void **context)
{
    (void)context;
    rig_live(&bench);
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    rig_stop(&bench);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const exec_kill_row *stored(uint32_t nth)
{
    return rig_nth(&bench, CB_ACTION_STORE, EXEC_TABLE_KILL, nth);
}

/* Every level that was stored, as a database would keep it. */
typedef struct kept {
    exec_kill_row rows[16];
    uint32_t count;
} kept;

static void keep(kept *to)
{
    const exec_kill_row *row = NULL;
    for (uint32_t n = 0; (row = stored(n)) != NULL; n++) {
        uint32_t i = 0;
        while (i < to->count && (strcmp(to->rows[i].scope, row->scope) != 0 ||
                                    strcmp(to->rows[i].source, row->source) != 0)) {
            i++;
        }
        assert_true(i < 16);
        to->rows[i] = *row;
        to->count += i == to->count ? 1 : 0;
    }
}

static void say_page(uint32_t level, uint64_t generation, const char *reason)
{
    exec_page page = {.level = level, .generation = generation, .actor = "ada"};
    strncpy(page.reason, reason, sizeof(page.reason) - 1);
    rig_feed(&bench, EXEC_EVENT_PAGE, &page, sizeof(page));
}

static void lower(const char *scope, uint32_t level, uint64_t version, int64_t seen_ns)
{
    cb_kill kill = {.level = level,
        .version = version,
        .raised_ns = bench.now_ns,
        .is_lowering = true,
        .seen_ns = seen_ns,
        .actor = "ada",
        .approver = "bob",
        .reason = "looked into it"};
    strncpy(kill.scope, scope, sizeof(kill.scope) - 1);
    rig_feed(&bench, CB_MSG_KILL, &kill, sizeof(kill));
}

static bool is_claimed(bool reduce_only)
{
    cb_permit permit = rig_permit(&bench);
    permit.reduce_only = reduce_only;
    permit.purpose = reduce_only ? CB_PURPOSE_EXIT : CB_PURPOSE_ENTRY;
    permit.side = reduce_only ? CB_SIDE_SELL : CB_SIDE_BUY;
    rig_sign(&permit);
    rig_give(&bench, &permit);
    const bool has_claim = rig_request(&bench, EXEC_REQUEST_CLAIM) != NULL;
    if (has_claim) {
        rig_claim(&bench, permit.intent_id, EXEC_CLAIM_FAILED);
    }
    return has_claim;
}

/* ---- the page ---- */

static void a_raised_page_is_a_stored_level_for_everything(void **context)
{
    (void)context;
    say_page(2, 17, "by hand");
    assert_string_equal(stored(0)->scope, "*");
    assert_string_equal(stored(0)->source, "local");
    assert_int_equal(stored(0)->level, 2);
    assert_string_equal(stored(0)->reason, "by hand");
    assert_non_null(rig_request(&bench, EXEC_REQUEST_CANCEL_ALL));
    assert_false(is_claimed(true));
}

static void a_page_that_falls_by_itself_changes_nothing(void **context)
{
    (void)context;
    say_page(2, 17, "by hand");
    say_page(0, 18, "somebody made a new file");
    assert_null(stored(0));
    assert_int_equal(rig_view(&bench).kill_level, 2);
}

static void a_lowering_brings_down_the_page_that_it_saw(void **context)
{
    (void)context;
    say_page(2, 17, "by hand");
    rig_advance(&bench, CB_NS_PER_S);
    lower("*", 0, 1, bench.now_ns);
    const exec_page *page = rig_request(&bench, EXEC_REQUEST_PAGE);
    assert_non_null(page);
    assert_int_equal(page->level, 0);
    assert_int_equal(page->generation, 17);
    assert_string_equal(page->reason, "looked into it");
    assert_int_equal(rig_view(&bench).kill_level, 0);
}

static void a_lowering_keeps_what_was_raised_after_it_was_asked_for(void **context)
{
    (void)context;
    const int64_t asked_ns = bench.now_ns;
    rig_advance(&bench, CB_NS_PER_S);
    say_page(2, 17, "raised since");
    lower("*", 0, 1, asked_ns);
    assert_null(rig_request(&bench, EXEC_REQUEST_PAGE));
    assert_int_equal(rig_view(&bench).kill_level, 2);
}

static void a_lowering_to_a_level_leaves_that_level(void **context)
{
    (void)context;
    say_page(3, 17, "flatten");
    lower("*", 1, 1, bench.now_ns);
    const exec_page *page = rig_request(&bench, EXEC_REQUEST_PAGE);
    assert_non_null(page);
    assert_int_equal(page->level, 1);
    assert_int_equal(rig_view(&bench).kill_level, 1);
    assert_true(is_claimed(true));
    assert_false(is_claimed(false));
}

/* Risk's latch may never have been up: a lowering of it still ends what was raised here. */
static void a_lowering_at_level_0_ends_what_execution_raised(void **context)
{
    (void)context;
    const exec_watch full = {.is_disk_full = true};
    rig_feed(&bench, EXEC_EVENT_WATCH, &full, sizeof(full));
    assert_int_equal(rig_view(&bench).kill_level, 2);
    lower("account:main", 0, 1, bench.now_ns);
    assert_int_equal(rig_view(&bench).kill_level, 0);
    lower("account:main", 0, 2, bench.now_ns);
    assert_int_equal(rig_count(&bench, CB_ACTION_STORE, EXEC_TABLE_KILL), 1); /* risk's row only */
}

/* ---- conditions ---- */

static void a_condition_holds_as_long_as_it_lasts(void **context)
{
    (void)context;
    const exec_watch silent = {.is_risk_silent = true};
    const exec_watch fine = {.is_risk_silent = false};
    rig_feed(&bench, EXEC_EVENT_WATCH, &silent, sizeof(silent));
    assert_string_equal(stored(0)->source, "interlock");
    assert_string_equal(stored(0)->reason, "risk is silent");
    assert_false(is_claimed(false));
    assert_true(is_claimed(true));
    lower("*", 0, 1, bench.now_ns); /* nobody argues with a condition */
    assert_false(is_claimed(false));
    rig_feed(&bench, EXEC_EVENT_WATCH, &fine, sizeof(fine));
    assert_int_equal(stored(0)->level, 0);
    assert_true(is_claimed(false));
}

static void a_filling_disk_stops_new_risk_and_a_full_one_latches_2(void **context)
{
    (void)context;
    const exec_watch filling = {.is_disk_filling = true};
    const exec_watch full = {.is_disk_filling = true, .is_disk_full = true};
    const exec_watch fine = {.is_disk_filling = false};
    rig_feed(&bench, EXEC_EVENT_WATCH, &filling, sizeof(filling));
    assert_int_equal(rig_view(&bench).kill_level, 1);
    rig_feed(&bench, EXEC_EVENT_WATCH, &full, sizeof(full));
    assert_int_equal(rig_view(&bench).kill_level, 2);
    rig_feed(&bench, EXEC_EVENT_WATCH, &fine, sizeof(fine));
    assert_int_equal(rig_view(&bench).kill_level, 2);
}

static void a_feed_that_stops_holds_its_symbol_until_it_speaks(void **context)
{
    (void)context;
    kept rows = {.count = 0};
    rig_advance(&bench, 20 * CB_NS_PER_S);
    rig_ticker(&bench, "ETHUSDT", 2000 * CB_E8, 2001 * CB_E8);
    keep(&rows);
    for (int s = 0; s < 15; s++) {
        rig_advance(&bench, CB_NS_PER_S);
        keep(&rows);
    }
    assert_int_equal(rows.count, 1);
    assert_string_equal(rows.rows[0].scope, "symbol:BTCUSDT");
    assert_int_equal(rows.rows[0].level, 1);
    assert_string_equal(rows.rows[0].reason, "market data has stopped");
    rig_ticker(&bench, "BTCUSDT", 30000 * CB_E8, 30001 * CB_E8);
    keep(&rows);
    assert_int_equal(rows.rows[0].level, 0);
}

static void a_clock_that_is_off_holds_the_venue(void **context)
{
    (void)context;
    kept rows = {.count = 0};
    bench.config.light_ns = CB_NS_PER_S;
    for (int s = 0; s < 3 && rig_request(&bench, EXEC_REQUEST_READ_TIME) == NULL; s++) {
        rig_advance(&bench, 10 * CB_NS_PER_S);
    }
    const exec_time_answer answer = {.tag = rig_read(&bench, EXEC_REQUEST_READ_TIME).tag,
        .answer_class = CB_ANSWER_ACCEPTED,
        .retry_after_s = -1,
        .venue_now_ns = bench.now_ns + CB_NS_PER_S,
        .offset_ns = CB_NS_PER_S};
    rig_feed(&bench, EXEC_EVENT_TIME, &answer, sizeof(answer));
    keep(&rows);
    bool is_found = false;
    for (uint32_t i = 0; i < rows.count; i++) {
        is_found = is_found ||
                   (strcmp(rows.rows[i].scope, "venue:binance") == 0 && rows.rows[i].level == 1);
    }
    assert_true(is_found);
}

/* ---- rejections ---- */

static void answer_next(bool is_rejected)
{
    rig_advance(&bench, 3 * CB_NS_PER_S);
    rig_market(&bench);
    const cb_order order = rig_sending(&bench);
    if (is_rejected) {
        rig_placed(&bench, &order, CB_ANSWER_REJECTED, NULL);
        return;
    }
    static uint32_t number = 900;
    char id[12];
    (void)snprintf(id, sizeof(id), "%u", ++number);
    const cb_venue_order view = rig_venue_view(&order, id, CB_ORDER_STATE_CANCELED, 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &view);
}

static void one_rejection_in_five_is_borne_and_one_more_is_not(void **context)
{
    (void)context;
    bench.config.reject_rate_max_e8 = CB_E8 / 5;
    for (int i = 0; i < 19; i++) {
        answer_next(i < 4);
    }
    answer_next(false); /* 4 of 20 */
    assert_int_equal(rig_view(&bench).kill_level, 0);
    for (int i = 0; i < 4; i++) {
        answer_next(true); /* the first four have left the window: 4 of 20 again */
    }
    assert_int_equal(rig_view(&bench).kill_level, 0);
    answer_next(true);
    assert_int_equal(rig_view(&bench).kill_level, 1);
    lower("account:main", 0, 1, bench.now_ns);
    answer_next(true); /* counted anew */
    assert_int_equal(rig_view(&bench).kill_level, 0);
}

/* ---- level 4 ---- */

static void sweep_empty(void)
{
    while (rig_request(&bench, EXEC_REQUEST_CANCEL_ALL) != NULL) {
        const exec_read one = rig_read(&bench, EXEC_REQUEST_CANCEL_ALL);
        const exec_order_answer answer = {
            .tag = one.tag, .answer_class = CB_ANSWER_ACCEPTED, .retry_after_s = -1};
        rig_feed(&bench, EXEC_EVENT_CANCELED_ALL, &answer, sizeof(answer));
        rig_feed(&bench, EXEC_EVENT_CANCELED_ALL, &answer, sizeof(answer)); /* both symbols */
    }
    for (int i = 0; i < 2; i++) {
        if (rig_request(&bench, EXEC_REQUEST_READ_OPEN) == NULL) {
            rig_advance(&bench, CB_NS_PER_S);
        }
        const exec_read list = rig_read(&bench, EXEC_REQUEST_READ_OPEN);
        rig_answer_orders(&bench, &list, NULL, 0);
    }
}

static void level_4_cancels_verifies_and_then_stops(void **context)
{
    (void)context;
    rig_kill(&bench, "*", 4, 1, bench.now_ns);
    assert_false(rig_view(&bench).is_off);
    sweep_empty();
    assert_non_null(rig_request(&bench, EXEC_REQUEST_OFF));
    assert_true(rig_view(&bench).is_off);
}

static void level_4_outlives_a_restart_and_ends_when_it_is_lowered(void **context)
{
    (void)context;
    rig_stop(&bench);
    const exec_config config = rig_config();
    rig_start(&bench, &config);
    rig_lease(&bench, 2);
    const exec_kill_row row = {
        .scope = "*", .source = "risk", .level = 4, .version = 1, .raised_ns = RIG_START_NS};
    rig_recover(&bench, EXEC_EVENT_OLD_KILL, &row, sizeof(row));
    rig_feed(&bench, CB_EVENT_RECOVERED, NULL, 0);
    assert_null(rig_request(&bench, EXEC_REQUEST_SUBSCRIBE));
    sweep_empty();
    assert_true(rig_view(&bench).is_off);
    assert_int_equal(rig_view(&bench).pending_count, 0);
    rig_advance(&bench, 3600 * CB_NS_PER_S);
    assert_true(rig_view(&bench).is_off);
    lower("*", 0, 2, bench.now_ns);
    assert_false(rig_view(&bench).is_off);
    assert_non_null(rig_request(&bench, EXEC_REQUEST_SUBSCRIBE));
}

/* ---- limits ---- */

static void permits_of_older_limits_are_refused_after_a_restart_too(void **context)
{
    (void)context;
    const cb_permit permit = rig_permit(&bench);
    rig_give(&bench, &permit);
    const exec_watermark *mark = rig_nth(&bench, CB_ACTION_STORE, EXEC_TABLE_WATERMARKS, 0);
    assert_non_null(mark);
    assert_string_equal(mark->name, "limits_version");
    assert_int_equal(mark->value, 7);
    rig_stop(&bench);
    const exec_config config = rig_config();
    rig_start(&bench, &config);
    rig_lease(&bench, 2);
    const exec_old_counts counts = {.limits_version = 7};
    rig_recover(&bench, EXEC_EVENT_OLD_COUNTS, &counts, sizeof(counts));
    rig_feed(&bench, CB_EVENT_RECOVERED, NULL, 0);
    cb_permit older = rig_permit(&bench);
    older.limits_version = 6;
    rig_sign(&older);
    rig_give(&bench, &older);
    assert_string_equal(rig_last_order(&bench)->reason, "permit of older limits");
}

static void a_refused_key_holds_the_account_and_names_what_is_unmanaged(void **context)
{
    (void)context;
    const exec_refused refused = {.is_key = true, .status = 401};
    rig_feed(&bench, EXEC_EVENT_REFUSED, &refused, sizeof(refused));
    assert_int_equal(rig_view(&bench).kill_level, 1);
    uint32_t told = 0;
    for (uint32_t i = 0; i < rig_count(&bench, CB_ACTION_REQUEST, EXEC_REQUEST_ALERT); i++) {
        const exec_alert *alert = rig_nth(&bench, CB_ACTION_REQUEST, EXEC_REQUEST_ALERT, i);
        told += strcmp(alert->name, "orders_unmanaged") == 0 ? 1 : 0;
    }
    assert_int_equal(told, 1);
    /* The next refusals say nothing new, and nothing is sent meanwhile. */
    rig_feed(&bench, EXEC_EVENT_REFUSED, &refused, sizeof(refused));
    assert_int_equal(rig_count(&bench, CB_ACTION_REQUEST, EXEC_REQUEST_ALERT), 0);
    const cb_permit permit = rig_permit(&bench);
    rig_give(&bench, &permit);
    assert_null(rig_request(&bench, EXEC_REQUEST_CLAIM));
}

static void a_closed_door_holds_the_venue_at_once(void **context)
{
    (void)context;
    const int64_t statuses[] = {403, 451};
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        const exec_refused refused = {.status = statuses[i]};
        rig_feed(&bench, EXEC_EVENT_REFUSED, &refused, sizeof(refused));
        assert_int_equal(rig_view(&bench).kill_level, 1);
        rig_advance(&bench, CB_NS_PER_S);
        rig_kill(&bench, "*", 0, 1 + i, bench.now_ns);
        assert_int_equal(rig_view(&bench).kill_level, 0);
    }
}

static void a_database_that_was_set_back_stops_new_risk(void **context)
{
    (void)context;
    rig_feed(&bench, EXEC_EVENT_SET_BACK, NULL, 0);
    assert_int_equal(rig_view(&bench).kill_level, 1);
    /* Stored with the level: the mark has done its work only when the level is durable. */
    assert_non_null(rig_request(&bench, EXEC_REQUEST_FORGET_MARK));
    const cb_permit permit = rig_permit(&bench);
    rig_give(&bench, &permit);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_NOT_SENT);
    /* Two persons have looked: their lowering ends it like any level that was raised here. */
    rig_advance(&bench, CB_NS_PER_S);
    rig_kill(&bench, "*", 0, 1, bench.now_ns);
    assert_int_equal(rig_view(&bench).kill_level, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_raised_page_is_a_stored_level_for_everything),
        TEST(a_page_that_falls_by_itself_changes_nothing),
        TEST(a_lowering_brings_down_the_page_that_it_saw),
        TEST(a_lowering_keeps_what_was_raised_after_it_was_asked_for),
        TEST(a_lowering_to_a_level_leaves_that_level),
        TEST(a_lowering_at_level_0_ends_what_execution_raised),
        TEST(a_condition_holds_as_long_as_it_lasts),
        TEST(a_filling_disk_stops_new_risk_and_a_full_one_latches_2),
        TEST(a_feed_that_stops_holds_its_symbol_until_it_speaks),
        TEST(a_clock_that_is_off_holds_the_venue),
        TEST(one_rejection_in_five_is_borne_and_one_more_is_not),
        TEST(level_4_cancels_verifies_and_then_stops),
        TEST(level_4_outlives_a_restart_and_ends_when_it_is_lowered),
        TEST(a_refused_key_holds_the_account_and_names_what_is_unmanaged),
        TEST(a_closed_door_holds_the_venue_at_once),
        TEST(a_database_that_was_set_back_stops_new_risk),
        TEST(permits_of_older_limits_are_refused_after_a_restart_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
