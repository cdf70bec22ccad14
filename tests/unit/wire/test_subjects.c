/* Subjects: the table keeps its own rules, strings are made and recognised, bad tokens refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/subjects.h"

static bool has_text_field(const cb_desc *desc, const char *name)
{
    for (uint32_t i = 0; i < desc->fields_count; i++) {
        if (desc->fields[i].kind == CB_KIND_TEXT && strcmp(desc->fields[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void every_row_is_consistent(void **unused)
{
    (void)unused;
    for (uint32_t i = 0; i < CB_SUBJECT_COUNT; i++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)i);
        const cb_desc *desc = cb_msg_desc(row->msg);
        assert_non_null(desc);
        assert_true(strlen(row->prefix) > 0 && strlen(row->owner) > 0);
        if (row->shard != CB_SHARD_SERVICE) {
            assert_true(has_text_field(desc, "venue"));
            assert_true(has_text_field(desc, row->shard == CB_SHARD_SYMBOL ? "symbol" : "account"));
        }
        /* What must not be lost is never conflated. */
        if (row->subject_class == CB_CLASS_STREAM) {
            assert_int_equal(row->overflow, CB_OVERFLOW_BLOCK);
        }
        for (uint32_t j = 0; j < i; j++) {
            const cb_subject *earlier = cb_subject_get((cb_subject_id)j);
            assert_string_not_equal(row->prefix, earlier->prefix);
            assert_string_not_equal(row->token, earlier->token);
        }
    }
}

static void owners_and_consumers_are_whole_words(void **unused)
{
    (void)unused;
    const cb_subject *candle = cb_subject_get(CB_SUBJECT_MD_OK_CANDLE);
    assert_true(cb_subject_is_owner(candle, "validator"));
    assert_false(cb_subject_is_owner(candle, "valid"));
    assert_false(cb_subject_is_owner(candle, "validators"));
    assert_true(cb_subject_is_consumer(candle, "signals"));
    assert_true(cb_subject_is_consumer(candle, "risk"));
    assert_true(cb_subject_is_consumer(candle, "portfolio"));
    assert_false(cb_subject_is_consumer(candle, "execution"));
    assert_false(cb_subject_is_consumer(candle, ""));
    assert_false(cb_subject_is_consumer(candle, "risk portfolio"));
    const cb_subject *nobody = cb_subject_get(CB_SUBJECT_SIGNAL);
    assert_false(cb_subject_is_consumer(nobody, "signals"));
    const cb_subject *all = cb_subject_get(CB_SUBJECT_HEARTBEAT);
    assert_true(cb_subject_is_owner(all, "collector"));
    assert_true(cb_subject_is_consumer(all, "anything"));
}

static void partitions_are_stable(void **unused)
{
    (void)unused;
    /* FNV-1a modulo 64; moving a symbol to another partition would break a sharded service. */
    assert_int_equal(cb_partition_of(""), UINT64_C(0xcbf29ce484222325) % 64);
    assert_int_equal(cb_partition_of("a"), UINT64_C(0xaf63dc4c8601ec8c) % 64);
    assert_int_equal(cb_partition_of("foobar"), UINT64_C(0x85944171f73967e8) % 64);
}

static void full_subjects_are_written_by_shard(void **unused)
{
    (void)unused;
    char subject[CB_SUBJECT_TEXT_MAX];
    char wanted[CB_SUBJECT_TEXT_MAX];
    cb_trade trade;
    memset(&trade, 0, sizeof(trade));
    memcpy(trade.venue, "binance", 8);
    memcpy(trade.symbol, "BTCUSDT", 8);
    assert_int_equal(cb_subject_for(CB_SUBJECT_MD_OK_TRADE, &trade, NULL, subject, NULL), CB_OK);
    (void)snprintf(
        wanted, sizeof(wanted), "md.ok.trade.%02u.binance.BTCUSDT", cb_partition_of("BTCUSDT"));
    assert_string_equal(subject, wanted);

    cb_fill fill;
    memset(&fill, 0, sizeof(fill));
    memcpy(fill.venue, "binance", 8);
    memcpy(fill.symbol, "BTCUSDT", 8);
    memcpy(fill.account, "main", 5);
    assert_int_equal(cb_subject_for(CB_SUBJECT_FILL, &fill, NULL, subject, NULL), CB_OK);
    (void)snprintf(wanted, sizeof(wanted), "fill.new.%02u.binance.main", cb_partition_of("main"));
    assert_string_equal(subject, wanted);

    assert_int_equal(cb_subject_for(CB_SUBJECT_KILL, NULL, "risk", subject, NULL), CB_OK);
    assert_string_equal(subject, "kill.state.risk");
}

static void bad_tokens_are_refused(void **unused)
{
    (void)unused;
    static const char *const bad[] = {
        "", "a.b", "*", ">", "a b", "a>", "a*b", "a\tb", "a\nb", "\x7f", ".", "BTC."};
    char subject[CB_SUBJECT_TEXT_MAX];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cb_trade trade;
        memset(&trade, 0, sizeof(trade));
        memcpy(trade.venue, "binance", 8);
        memcpy(trade.symbol, bad[i], strlen(bad[i]) + 1);
        cb_err err;
        assert_int_equal(
            cb_subject_for(CB_SUBJECT_MD_RAW_TRADE, &trade, NULL, subject, &err), CB_E_SYNTAX);
        memcpy(trade.symbol, "BTCUSDT", 8);
        memcpy(trade.venue, bad[i], strlen(bad[i]) + 1);
        assert_int_equal(
            cb_subject_for(CB_SUBJECT_MD_RAW_TRADE, &trade, NULL, subject, &err), CB_E_SYNTAX);
        assert_int_equal(cb_subject_for(CB_SUBJECT_KILL, NULL, bad[i], subject, &err), CB_E_SYNTAX);
    }
    char endless[300];
    memset(endless, 'a', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    assert_int_equal(cb_subject_for(CB_SUBJECT_KILL, NULL, endless, subject, NULL), CB_E_SYNTAX);
}

static void the_longest_names_fit(void **unused)
{
    (void)unused;
    char subject[CB_SUBJECT_TEXT_MAX];
    cb_instrument instrument;
    memset(&instrument, 0, sizeof(instrument));
    memset(instrument.venue, 'v', sizeof(instrument.venue) - 1);
    memset(instrument.symbol, 's', sizeof(instrument.symbol) - 1);
    for (uint32_t i = 0; i < CB_SUBJECT_COUNT; i++) {
        if (cb_subject_get((cb_subject_id)i)->msg == CB_MSG_INSTRUMENT) {
            assert_int_equal(
                cb_subject_for((cb_subject_id)i, &instrument, NULL, subject, NULL), CB_OK);
        }
    }
}

static void patterns_and_matches_belong_together(void **unused)
{
    (void)unused;
    for (uint32_t i = 0; i < CB_SUBJECT_COUNT; i++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)i);
        char pattern[CB_SUBJECT_TEXT_MAX];
        char full[CB_SUBJECT_TEXT_MAX];
        cb_subject_pattern((cb_subject_id)i, pattern);
        (void)snprintf(full, sizeof(full), "%s.>", row->prefix);
        assert_string_equal(pattern, full);
        const char *tail = row->shard == CB_SHARD_SERVICE ? "risk" : "07.binance.main";
        (void)snprintf(full, sizeof(full), "%s.%s", row->prefix, tail);
        cb_subject_id found = CB_SUBJECT_COUNT;
        assert_true(cb_subject_match(full, &found));
        assert_int_equal(found, i);
    }
}

static void what_is_no_full_subject_matches_nothing(void **unused)
{
    (void)unused;
    static const char *const bad[] = {"",
        ".",
        "md",
        "md.ok.trade",
        "md.ok.trade.",
        "md.ok.trade.07",
        "md.ok.trade.07.binance",
        "md.ok.trade.07.binance.",
        "md.ok.trade.07..BTCUSDT",
        "md.ok.trade.07.binance.BTCUSDT.x",
        "md.ok.trades.07.b.c",
        "xmd.ok.trade.07.b.c",
        "kill.state",
        "kill.state.",
        "kill.state.a.b",
        "_INBOX.abc",
        "kill.stateful.risk"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cb_subject_id found = CB_SUBJECT_COUNT;
        if (cb_subject_match(bad[i], &found)) {
            fail_msg("\"%s\" matched %s", bad[i], cb_subject_get(found)->token);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_consistent),
        cmocka_unit_test(owners_and_consumers_are_whole_words),
        cmocka_unit_test(partitions_are_stable),
        cmocka_unit_test(full_subjects_are_written_by_shard),
        cmocka_unit_test(bad_tokens_are_refused),
        cmocka_unit_test(the_longest_names_fit),
        cmocka_unit_test(patterns_and_matches_belong_together),
        cmocka_unit_test(what_is_no_full_subject_matches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
