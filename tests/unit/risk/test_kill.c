/* The kill latch: scopes, levels, commands with their answers, and raising by itself. */
#include "tests/unit/risk/fixture.h"

#define reply f_kill_reply

static void a_command_is_stored_announced_and_answered(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_command_kill(f, "*", 2, "drill", "ada");
    assert_true(reply(f)->is_ok);
    assert_int_equal(reply(f)->version, 1);
    assert_string_equal(reply(f)->reply_to, "_INBOX.7");
    const cb_kill *kill = f_the_kill(f);
    assert_string_equal(kill->scope, "*");
    assert_int_equal(kill->level, 2);
    assert_string_equal(kill->actor, "ada");
    assert_string_equal(kill->reason, "drill");
    assert_int_equal(kill->raised_ns, f->now_ns);
    f_command_kill(f, "*", 0, "drill is over", "ada");
    assert_int_equal(f_the_kill(f)->version, 2);
    assert_int_equal(f->tables[RISK_TABLE_KILL].count, 1);        /* how it is */
    assert_int_equal(f->tables[RISK_TABLE_KILL_CHANGE].count, 2); /* how it came to be */
    f_destroy(f);
}

static void a_bad_command_changes_nothing_and_says_why(void **unused)
{
    (void)unused;
    const struct {
        const char *scope;
        uint32_t level;
        const char *reason;
        const char *actor;
    } rows[] = {
        {"", 1, "r", "a"},
        {"everything", 1, "r", "a"},
        {"venue:", 1, "r", "a"},
        {"symbol:BTC USDT", 1, "r", "a"},
        {"user:", 1, "r", "a"},
        {"*", 5, "r", "a"},
        {"*", 1, "", "a"},
        {"*", 1, "r", ""},
    };
    fixture *f = f_ready();
    const uint64_t hash = risk_core_ops.state_hash(f->state);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        f_command_kill(f, rows[i].scope, rows[i].level, rows[i].reason, rows[i].actor);
        assert_false(reply(f)->is_ok);
        assert_true(strlen(reply(f)->error) > 5);
        assert_int_equal(f->out->actions_count, 1);
    }
    assert_int_equal(risk_core_ops.state_hash(f->state), hash);
    f_destroy(f);
}

static void each_scope_covers_what_it_names(void **unused)
{
    (void)unused;
    const struct {
        const char *scope;
        bool is_covering;
    } rows[] = {
        {"*", true},
        {"venue:binance", true},
        {"venue:kraken", false},
        {"account:main", true},
        {"account:mainly", false},
        {"symbol:BTCUSDT", true},
        {"symbol:ETHUSDT", false},
        {"strategy:trend", true},
        {"strategy:tren", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fixture *f = f_ready();
        f_command_kill(f, rows[i].scope, 1, "test", "tester");
        const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
        if (rows[i].is_covering) {
            f_expect_denied(f, &intent, "kill_level");
        } else {
            (void)f_expect_granted(f, &intent);
        }
        f_destroy(f);
    }
}

static void the_latch_survives_a_restart(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_command_kill(f, "symbol:BTCUSDT", 2, "test", "tester");
    f_command_kill(f, "strategy:trend", 1, "test", "tester");
    const uint32_t count = risk_kill_count(f->state);
    f_restart(f);
    assert_int_equal(risk_kill_count(f->state), count);
    f_market(f, E8(40000), E8(3000));
    cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    f_expect_denied(f, &intent, "kill_level");
    assert_int_equal(f_the_denial(f)->observed.e8, E8(2));
    f_command_kill(f, "symbol:BTCUSDT", 0, "test", "tester");
    assert_int_equal(reply(f)->version, 3);
    f_destroy(f);
}

static void beats_always_start_with_everything(void **unused)
{
    (void)unused;
    fixture *f = f_create();
    assert_int_equal(risk_kill_count(f->state), 1);
    assert_string_equal(risk_kill_at(f->state, 0)->scope, "*");
    assert_int_equal(risk_kill_at(f->state, 0)->level, 0);
    f_destroy(f);
}

/* With no slot left a raised latch is widened, never lost; a lowered one frees its slot. */
static void a_full_table_widens_the_command(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    char scope[48];
    for (int i = 0; i < RISK_KILLS_MAX; i++) {
        (void)snprintf(scope, sizeof(scope), "strategy:s%d", i);
        f_command_kill(f, scope, 1, "test", "tester");
        assert_true(reply(f)->is_ok);
    }
    assert_int_equal(risk_kill_count(f->state), RISK_KILLS_MAX);
    assert_int_equal(risk_kill_at(f->state, 0)->level, 1);
    f_command_kill(f, "strategy:s3", 0, "test", "tester");
    f_command_kill(f, "strategy:new", 3, "test", "tester");
    assert_string_equal(f_the_kill(f)->scope, "strategy:new");
    f_destroy(f);
}

static void lose(fixture *f, int64_t btc_e8)
{
    f_at(f, f->now_ns + MINUTE);
    f_candle(f, "BTCUSDT", btc_e8);
}

/* 0.6 BTC at 40 000: a fall of 8 400 loses 5 % of 100 000. */
static fixture *with_position(void)
{
    risk_config config;
    f_defaults(&config);
    *f_param(&config, RISK_RULE_ID_trade_risk_max, 0) = CB_E8 / 10;
    fixture *f = f_create_with(&config);
    f_make_ready(f);
    cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    intent.qty.e8 = CB_E8 * 6 / 10;
    const cb_permit permit = f_expect_granted(f, &intent);
    f_fill_all(f, &permit, 1, E8(40000));
    return f;
}

static void daily_loss_raises_the_account_once_a_day(void **unused)
{
    (void)unused;
    fixture *f = with_position();
    lose(f, E8(40000) - E8(25000) / 3 + 1); /* just inside */
    assert_null(f_published(f, CB_SUBJECT_KILL));
    lose(f, E8(31000));
    const cb_kill *kill = f_the_kill(f);
    assert_string_equal(kill->scope, "account:main");
    assert_int_equal(kill->level, 1);
    assert_string_equal(kill->actor, "risk");
    assert_non_null(strstr(kill->reason, "daily_loss_max 0.054 above 0.05"));
    /* lowered by a person: not raised again today, but the rule itself still says no */
    f_command_kill(f, "account:main", 0, "looked into it", "ada");
    lose(f, E8(30900));
    assert_null(f_published(f, CB_SUBJECT_KILL));
    f_market(f, E8(30900), E8(3000));
    const cb_intent intent = f_intent(f, "ETHUSDT", E8(3000));
    f_expect_denied(f, &intent, "daily_loss_max");
    /* the next day measures anew */
    f_at(f, T0 + CB_NS_PER_DAY);
    f_market(f, E8(30900), E8(3000));
    cb_intent next = f_intent(f, "ETHUSDT", E8(3000));
    next.qty.e8 = CB_E8 / 100;
    (void)f_expect_granted(f, &next);
    lose(f, E8(20000));
    assert_string_equal(f_the_kill(f)->scope, "account:main");
    f_destroy(f);
}

static void drawdown_raises_once_per_fall(void **unused)
{
    (void)unused;
    fixture *f = with_position();
    *f_param(&f->config, RISK_RULE_ID_daily_loss_max, 0) = CB_E8; /* out of the way */
    lose(f, E8(6000));
    assert_non_null(strstr(f_the_kill(f)->reason, "drawdown_max"));
    f_command_kill(f, "account:main", 0, "test", "tester");
    lose(f, E8(5000));
    assert_null(f_published(f, CB_SUBJECT_KILL));
    lose(f, E8(39000)); /* recovered */
    lose(f, E8(6000));  /* and fell again */
    assert_string_equal(f_the_kill(f)->scope, "account:main");
    f_destroy(f);
}

static void a_higher_level_is_not_lowered_by_itself(void **unused)
{
    (void)unused;
    fixture *f = with_position();
    f_command_kill(f, "account:main", 3, "flatten", "ada");
    lose(f, E8(30000));
    assert_null(f_published(f, CB_SUBJECT_KILL));
    assert_int_equal(risk_kill_at(f->state, 1)->level, 3);
    f_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_stored_announced_and_answered),
        cmocka_unit_test(a_bad_command_changes_nothing_and_says_why),
        cmocka_unit_test(each_scope_covers_what_it_names),
        cmocka_unit_test(the_latch_survives_a_restart),
        cmocka_unit_test(beats_always_start_with_everything),
        cmocka_unit_test(a_full_table_widens_the_command),
        cmocka_unit_test(daily_loss_raises_the_account_once_a_day),
        cmocka_unit_test(drawdown_raises_once_per_fall),
        cmocka_unit_test(a_higher_level_is_not_lowered_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
