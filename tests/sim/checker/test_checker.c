/* The checker against histories that are wrong in one way each: what is right passes, and each
 * violation is found under its own number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The whole of it, so that the test links nothing else. NOLINTBEGIN(bugprone-suspicious-include) */
#include "tests/sim/checker/checker.c"
#include "tests/sim/checker/checker_read.c"
#undef COLUMN
#include "tests/sim/checker/checks_hops.c"
#undef COLUMN
#include "tests/sim/checker/checks_money.c"
#undef COLUMN
#include "tests/sim/checker/checks_orders.c"
#undef COLUMN
#include "tests/sim/checker/checks_requests.c"
/* NOLINTEND(bugprone-suspicious-include) */

/* One filled buy with its claim, its fill everywhere, its reservation and its messages. */
static const char RIGHT[] =
    "{\"table\":\"execution.orders\",\"intent_id\":\"i1\",\"client_order_id\":\"c1\",\"state\":"
    "\"filled\",\"qty_e8\":100,\"cum_qty_e8\":100,\"version\":4,\"venue_order_id\":\"1\","
    "\"is_external\":false,\"symbol\":\"BTCUSDT\",\"strategy\":\"trend\",\"account\":\"main\","
    "\"venue\":\"binance\",\"claimed_ns\":1000,\"not_after_ns\":9000,\"reduce_only\":false,"
    "\"purpose\":\"entry\"}\n"
    "{\"table\":\"execution.order_event\",\"intent_id\":\"i1\",\"version\":1,\"state\":\"ready\","
    "\"cum_qty_e8\":0,\"lease_epoch\":3}\n"
    "{\"table\":\"execution.order_event\",\"intent_id\":\"i1\",\"version\":1,\"state\":\"sending\","
    "\"cum_qty_e8\":0,\"lease_epoch\":3}\n"
    "{\"table\":\"execution.order_event\",\"intent_id\":\"i1\",\"version\":2,\"state\":\"open\","
    "\"cum_qty_e8\":0,\"lease_epoch\":3}\n"
    "{\"table\":\"execution.order_event\",\"intent_id\":\"i1\",\"version\":3,\"state\":\"filled\","
    "\"cum_qty_e8\":100,\"lease_epoch\":3}\n"
    "{\"table\":\"execution.fills\",\"symbol\":\"BTCUSDT\",\"trade_id\":7,\"qty_e8\":100,"
    "\"price_e8\":5,\"fee_e8\":1}\n"
    "{\"table\":\"portfolio.fill\",\"symbol\":\"BTCUSDT\",\"trade_id\":7,\"qty_e8\":100,"
    "\"price_e8\":5,\"fee_e8\":1}\n"
    "{\"table\":\"risk.fill\",\"symbol\":\"BTCUSDT\",\"trade_id\":7,\"qty_e8\":100,\"price_e8\":5,"
    "\"fee_e8\":1}\n"
    "{\"table\":\"risk.reservation\",\"intent_id\":\"i1\",\"is_terminal\":true,\"remaining_e8\":0}"
    "\n"
    "{\"table\":\"venue.order\",\"client_order_id\":\"c1\",\"is_open\":false,\"is_ours\":true,"
    "\"executed_e8\":100}\n"
    "{\"table\":\"venue.trade\",\"symbol\":\"BTCUSDT\",\"trade_id\":7,\"qty_e8\":100,\"price_e8\":"
    "5,"
    "\"fee_e8\":1,\"fee_base_e8\":1,\"is_buy\":true}\n"
    "{\"table\":\"venue.balance\",\"asset\":\"BTC\",\"total_e8\":99}\n"
    "{\"table\":\"portfolio.balance\",\"asset\":\"BTC\",\"amount_e8\":99}\n"
    "{\"table\":\"portfolio.ledger_sum\",\"asset\":\"BTC\",\"amount_e8\":99}\n"
    "{\"table\":\"portfolio.ledger_sum\",\"asset\":\"BTC\",\"amount_e8\":-99}\n"
    "{\"table\":\"venue.post\",\"client_order_id\":\"c1\",\"at_ns\":2000,\"venue_ns\":2000,"
    "\"sent_ns\":1500,\"qty_e8\":100,\"price_e8\":0,\"market_e8\":5,\"side\":\"BUY\",\"is_"
    "applied\":"
    "true}\n"
    "{\"table\":\"execution.outbox\",\"key\":\"FILL/main\",\"seq\":1,\"event_id\":\"e1\"}\n"
    "{\"table\":\"risk.inbox\",\"key\":\"FILL/main\",\"seq\":1,\"event_id\":\"e1\"}\n"
    "{\"table\":\"harness.edge\",\"producer\":\"execution\",\"token\":\"FILL\",\"consumer\":"
    "\"risk\"}"
    "\n"
    "{\"table\":\"harness.request\",\"process\":1,\"made_ns\":1400,\"sent_ns\":1500}\n";

/* Runs the right history with one text replaced and lines added. */
static chk_report run_changed(const char *old, const char *new, const char *more)
{
    static char text[16384];
    char error[256] = "";
    const char *at = old[0] != '\0' ? strstr(RIGHT, old) : RIGHT;
    assert_non_null(at);
    const size_t before = (size_t)(at - RIGHT);
    (void)snprintf(text,
        sizeof(text),
        "%.*s%s%s%s",
        (int)before,
        RIGHT,
        new,
        RIGHT + before + strlen(old),
        more);
    FILE *from = fmemopen(text, strlen(text), "r");
    assert_non_null(from);
    chk_file *file = chk_read(from, error, sizeof(error));
    if (file == NULL) {
        fail_msg("%s", error);
    }
    chk_report report;
    const bool is_right = chk_run(chk_file_input(file), &report);
    assert_true(is_right == (report.findings_count == 0));
    chk_file_free(file);
    (void)fclose(from);
    return report;
}

static void finds(int invariant, const char *old, const char *new, const char *more)
{
    const chk_report report = run_changed(old, new, more);
    for (uint32_t i = 0; i < report.findings_count; i++) {
        if (report.findings[i].invariant == invariant) {
            return;
        }
    }
    fail_msg("I%d was not found; %u findings, first: %s",
        invariant,
        report.findings_count,
        report.findings_count > 0 ? report.findings[0].text : "-");
}

static void what_is_right_passes(void **state)
{
    (void)state;
    const chk_report report = run_changed("", "", "");
    if (report.findings_count > 0) {
        fail_msg("I%d %s", report.findings[0].invariant, report.findings[0].text);
    }
    assert_int_equal(report.checked_mask & 0x7f, 0x7f); /* I1 to I7 had something to look at */
}

static void i1_two_orders(void **state)
{
    (void)state;
    finds(1,
        "",
        "",
        "{\"table\":\"venue.order\",\"client_order_id\":\"c1\",\"is_open\":false,\"is_ours\":true,"
        "\"executed_e8\":0}\n");
    finds(1, "", "", "{\"table\":\"venue.post\",\"client_order_id\":\"c1\",\"at_ns\":3000}\n");
    finds(1,
        "",
        "",
        "{\"table\":\"execution.orders\",\"intent_id\":\"i1\",\"client_order_id\":\"c2\",\"state\":"
        "\"not_sent\"}\n");
}

/* The order is smaller now than the request was; its permit is as large. */
static void i8_amended_order_passes(void **state)
{
    (void)state;
    static const char permit[] = "{\"table\":\"risk.permit\",\"intent_id\":\"i1\",\"qty_e8\":200,"
                                 "\"data_ts_ns\":0,\"ts_ns\":0,\"reduce_only\":false}\n";
    const char *asked = "\"sent_ns\":1500,\"qty_e8\":200";
    const chk_report report = run_changed("\"sent_ns\":1500,\"qty_e8\":100", asked, permit);
    for (uint32_t i = 0; i < report.findings_count; i++) {
        assert_int_not_equal(report.findings[i].invariant, 8);
    }
    finds(8, "\"sent_ns\":1500,\"qty_e8\":100", "\"sent_ns\":1500,\"qty_e8\":201", permit);
}

static void i2_claim_before_request(void **state)
{
    (void)state;
    finds(2, "\"claimed_ns\":1000", "\"claimed_ns\":2001", "");
    finds(2, "\"claimed_ns\":1000", "\"claimed_ns\":null", "");
    finds(2, "", "", "{\"table\":\"venue.post\",\"client_order_id\":\"c9\",\"at_ns\":3000}\n");
}

static void i3_trades(void **state)
{
    (void)state;
    static const char *const tables[] = {"execution.fills", "portfolio.fill", "risk.fill"};
    for (size_t i = 0; i < 3; i++) {
        char old[160];
        char new[160];
        (void)snprintf(
            old, sizeof(old), "\"table\":\"%s\",\"symbol\":\"BTCUSDT\",\"trade_id\":7", tables[i]);
        (void)snprintf(
            new, sizeof(new), "\"table\":\"%s\",\"symbol\":\"BTCUSDT\",\"trade_id\":8", tables[i]);
        finds(3, old, new, "");
        (void)snprintf(new,
            sizeof(new),
            "{\"table\":\"%s\",\"symbol\":\"BTCUSDT\",\"trade_id\":7,\"qty_e8\":100}\n",
            tables[i]);
        finds(3, "", "", new);
    }
    finds(3,
        "\"price_e8\":5,\"fee_e8\":1}\n{\"table\":\"portfolio",
        "\"price_e8\":6,\"fee_e8\":1}\n{\"table\":\"portfolio",
        "");
}

static void i4_balances_and_ledger(void **state)
{
    (void)state;
    finds(4, "\"total_e8\":99", "\"total_e8\":98", "");
    finds(4, "\"amount_e8\":-99", "\"amount_e8\":-98", "");
    finds(4, "", "", "{\"table\":\"portfolio.difference\",\"asset\":\"BTC\",\"is_open\":true}\n");
}

static void i5_both_sides_agree(void **state)
{
    (void)state;
    finds(5, "\"is_open\":false", "\"is_open\":true", "");
    finds(5, "\"executed_e8\":100", "\"executed_e8\":99", "");
    finds(5,
        "",
        "",
        "{\"table\":\"venue.order\",\"client_order_id\":\"x\",\"is_open\":true,\"is_ours\":false}"
        "\n");
}

static void i6_unresolved(void **state)
{
    (void)state;
    finds(6,
        "",
        "",
        "{\"table\":\"execution.orders\",\"intent_id\":\"i2\",\"client_order_id\":\"c2\",\"state\":"
        "\"unknown\"}\n");
}

static void i7_refused_and_there(void **state)
{
    (void)state;
    finds(7, "\"state\":\"filled\",\"qty_e8\"", "\"state\":\"not_sent\",\"qty_e8\"", "");
    finds(7, "\"state\":\"filled\",\"qty_e8\"", "\"state\":\"rejected\",\"qty_e8\"", "");
}

static void i8_limits_at_the_exchange(void **state)
{
    (void)state;
    finds(8, "\"sent_ns\":1500,\"qty_e8\":100", "\"sent_ns\":1500,\"qty_e8\":200", "");
    finds(8, "\"is_buy\":true", "\"is_buy\":false", "");
    finds(8,
        "\"price_e8\":0,\"market_e8\":5",
        "\"price_e8\":6,\"market_e8\":5",
        "{\"table\":\"harness.param\",\"name\":\"collar_ppm\",\"value\":50000}\n");
    finds(8,
        "\"price_e8\":0,\"market_e8\":5",
        "\"price_e8\":100000000000,\"market_e8\":100000000000",
        "{\"table\":\"harness.param\",\"name\":\"order_notional_max_e8\",\"value\":1}\n");
}

static void i9_reservations(void **state)
{
    (void)state;
    finds(9, "\"is_terminal\":true", "\"is_terminal\":false", "");
    finds(9, "\"remaining_e8\":0", "\"remaining_e8\":5", "");
    finds(9,
        "",
        "",
        "{\"table\":\"harness.release\",\"intent_id\":\"i1\",\"order_state\":\"unknown\","
        "\"remaining_e8\":0,\"left_e8\":100}\n");
}

static void i10_states(void **state)
{
    (void)state;
    finds(10, "\"version\":2,\"state\":\"open\"", "\"version\":2,\"state\":\"rejected\"", "");
    finds(10, "\"version\":3,\"state\":\"filled\"", "\"version\":4,\"state\":\"filled\"", "");
    finds(10,
        "\"state\":\"open\",\"cum_qty_e8\":0",
        "\"state\":\"partially_filled\",\"cum_qty_e8\":101",
        "");
}

static void i11_claims(void **state)
{
    (void)state;
    finds(11,
        "",
        "",
        "{\"table\":\"execution.order_event\",\"intent_id\":\"i2\",\"version\":1,\"state\":"
        "\"sending\",\"lease_epoch\":2}\n");
    finds(11,
        "",
        "",
        "{\"table\":\"harness.lease\",\"epoch\":3,\"owner\":\"a\"}\n"
        "{\"table\":\"harness.lease\",\"epoch\":3,\"owner\":\"b\"}\n");
}

static void i13_and_i14_hops(void **state)
{
    (void)state;
    static const char ROW[] = "\"table\":\"risk.inbox\",\"key\":\"FILL/main\",\"seq\":1";
    finds(13, ROW, "\"table\":\"risk.inbox\",\"key\":\"FILL/main\",\"seq\":2", "");
    finds(14,
        "",
        "",
        "{\"table\":\"risk.inbox\",\"key\":\"FILL/main\",\"seq\":1,\"event_id\":\"e1\"}\n");
    finds(14, "", "", "{\"table\":\"risk.inbox\",\"key\":\"FILL/main\",\"seq\":3}\n");
    const chk_report buried = run_changed(ROW,
        "\"table\":\"risk.inbox\",\"key\":\"OTHER/main\",\"seq\":1",
        "{\"table\":\"risk.dead_letter\",\"key\":\"FILL/main\",\"seq\":1}\n");
    assert_int_equal(buried.findings_count, 0);
}

static void i15_kill_levels(void **state)
{
    (void)state;
    static const char LATE[] = "\"at_ns\":3000002000,\"venue_ns\":2000,\"sent_ns\":3000001500";
    static const char SOON[] = "\"at_ns\":2000,\"venue_ns\":2000,\"sent_ns\":1500";
    finds(15,
        SOON,
        LATE,
        "{\"table\":\"harness.kill\",\"at_ns\":1,\"scope\":\"*\",\"source\":\"risk\",\"level\":1}"
        "\n");
    finds(15,
        SOON,
        LATE,
        "{\"table\":\"harness.kill\",\"at_ns\":1,\"scope\":\"symbol:BTCUSDT\",\"source\":\"risk\","
        "\"level\":2}\n");
    const chk_report other = run_changed(SOON,
        LATE,
        "{\"table\":\"harness.kill\",\"at_ns\":1,\"scope\":\"symbol:ETHUSDT\",\"source\":\"risk\","
        "\"level\":2}\n");
    assert_int_equal(other.findings_count, 0);
    const chk_report lowered = run_changed(SOON,
        LATE,
        "{\"table\":\"harness.kill\",\"at_ns\":1,\"scope\":\"*\",\"source\":\"risk\",\"level\":2}\n"
        "{\"table\":\"harness.kill\",\"at_ns\":5,\"scope\":\"*\",\"source\":\"risk\",\"level\":0}"
        "\n");
    assert_int_equal(lowered.findings_count, 0);
}

static void i16_i17_i20_i24(void **state)
{
    (void)state;
    finds(16,
        "",
        "",
        "{\"table\":\"risk.permit\",\"data_ts_ns\":1,\"ts_ns\":500}\n"
        "{\"table\":\"harness.param\",\"name\":\"data_age_max_ns\",\"value\":100}\n");
    finds(17, "\"venue_ns\":2000", "\"venue_ns\":9001", "");
    finds(17, "\"claimed_ns\":1000", "\"claimed_ns\":9000", "");
    finds(20,
        "",
        "",
        "{\"table\":\"harness.throttle\",\"process\":1,\"known_ns\":1300,\"until_ns\":1600}\n");
    finds(
        24, "", "", "{\"table\":\"harness.note\",\"invariant\":24,\"text\":\"ack without row\"}\n");
}

static void unreadable_input_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"table\":\"a.b\"", "[]", "{\"x\":1}", "{\"table\":\"a\"}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char text[64];
        char error[128] = "";
        (void)snprintf(text, sizeof(text), "%s", texts[i]);
        FILE *from = fmemopen(text, strlen(text), "r");
        assert_non_null(from);
        assert_null(chk_read(from, error, sizeof(error)));
        assert_true(error[0] != '\0');
        (void)fclose(from);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_right_passes),
        cmocka_unit_test(i1_two_orders),
        cmocka_unit_test(i2_claim_before_request),
        cmocka_unit_test(i8_amended_order_passes),
        cmocka_unit_test(i3_trades),
        cmocka_unit_test(i4_balances_and_ledger),
        cmocka_unit_test(i5_both_sides_agree),
        cmocka_unit_test(i6_unresolved),
        cmocka_unit_test(i7_refused_and_there),
        cmocka_unit_test(i8_limits_at_the_exchange),
        cmocka_unit_test(i9_reservations),
        cmocka_unit_test(i10_states),
        cmocka_unit_test(i11_claims),
        cmocka_unit_test(i13_and_i14_hops),
        cmocka_unit_test(i15_kill_levels),
        cmocka_unit_test(i16_i17_i20_i24),
        cmocka_unit_test(unreadable_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
