/* Lowering the latch: two persons, a cool-down, requests that grow old or are overtaken. */
#include "tests/unit/risk/fixture.h"

#define COOLDOWN (60 * CB_NS_PER_S)

static cb_unkill_command wish(const char *scope, uint32_t level)
{
    cb_unkill_command command;
    memset(&command, 0, sizeof(command));
    F_TEXT(command.scope, scope);
    F_TEXT(command.reason, "looked into it");
    command.level = level;
    return command;
}

static cb_id ask(fixture *f, const char *scope, uint32_t level, const char *actor, int64_t wall_ns)
{
    const cb_unkill_command command = wish(scope, level);
    f_unkill(f, CB_UNKILL_ACTION_REQUEST, &command, actor, wall_ns);
    assert_true(f_kill_reply(f)->is_ok);
    assert_int_equal(f_kill_reply(f)->status, RISK_UNKILL_PENDING);
    return f_kill_reply(f)->request_id;
}

static void decide(
    fixture *f, cb_unkill_action action, cb_id request_id, const char *actor, int64_t wall_ns)
{
    const cb_unkill_command command = {.request_id = request_id};
    f_unkill(f, action, &command, actor, wall_ns);
}

static void expect_refused(const fixture *f, const char *error)
{
    assert_false(f_kill_reply(f)->is_ok);
    assert_string_equal(f_kill_reply(f)->error, error);
    assert_null(f_published(f, CB_SUBJECT_KILL));
}

static uint32_t level_of(const fixture *f, const char *scope)
{
    const cb_kill *kill = risk_kill_of(f->state, scope);
    return kill == NULL ? 0 : kill->level;
}

static void two_persons_lower_after_the_cool_down(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_command_kill(f, "*", 2, "drill", "ada");
    f_at(f, f->now_ns + MINUTE);
    const int64_t asked_ns = f->now_ns;
    const cb_id id = ask(f, "*", 0, "ada", T0);
    assert_null(f_published(f, CB_SUBJECT_KILL)); /* asking changes nothing */
    assert_int_equal(level_of(f, "*"), 2);
    decide(f, CB_UNKILL_ACTION_APPROVE, id, "bob", T0 + COOLDOWN - 1);
    expect_refused(f, "the cool-down is not over");
    f_at(f, f->now_ns + MINUTE);
    decide(f, CB_UNKILL_ACTION_APPROVE, id, "bob", T0 + COOLDOWN);
    assert_true(f_kill_reply(f)->is_ok);
    const cb_kill *kill = f_the_kill(f);
    assert_int_equal(kill->level, 0);
    assert_true(kill->is_lowering);
    assert_string_equal(kill->actor, "ada");
    assert_string_equal(kill->approver, "bob");
    assert_int_equal(kill->seen_ns, asked_ns);
    assert_int_equal(kill->raised_ns, f->now_ns);
    f_destroy(f);
}

static void nobody_approves_their_own_request(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_command_kill(f, "*", 1, "drill", "ada");
    const cb_id id = ask(f, "*", 0, "ada", T0);
    decide(f, CB_UNKILL_ACTION_APPROVE, id, "ada", T0 + COOLDOWN);
    expect_refused(f, "nobody approves their own request");
    decide(f, CB_UNKILL_ACTION_APPROVE, id, "", T0 + COOLDOWN);
    expect_refused(f, "actor is missing");
    assert_int_equal(level_of(f, "*"), 1);
    f_destroy(f);
}

static void a_request_is_decided_once(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_command_kill(f, "*", 1, "drill", "ada");
    const cb_id id = ask(f, "*", 0, "ada", T0);
    decide(f, CB_UNKILL_ACTION_WITHDRAW, id, "ada", T0);
    assert_true(f_kill_reply(f)->is_ok);
    decide(f, CB_UNKILL_ACTION_APPROVE, id, "bob", T0 + COOLDOWN);
    expect_refused(f, "the request is not pending");
    const cb_id next = ask(f, "*", 0, "ada", T0);
    decide(f, CB_UNKILL_ACTION_APPROVE, next, "bob", T0 + COOLDOWN);
    decide(f, CB_UNKILL_ACTION_APPROVE, next, "bob", T0 + COOLDOWN);
    expect_refused(f, "the request is not pending");
    decide(f, CB_UNKILL_ACTION_APPROVE, (cb_id){1, 2}, "bob", T0 + COOLDOWN);
    expect_refused(f, "no such request");
    f_destroy(f);
}

static void a_request_grows_old(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_command_kill(f, "*", 1, "drill", "ada");
    const cb_id id = ask(f, "*", 0, "ada", T0);
    const int64_t end_ns = T0 + COOLDOWN + f->config.unkill_expiry_ns;
    decide(f, CB_UNKILL_ACTION_APPROVE, id, "bob", end_ns + 1);
    expect_refused(f, "the request is not pending");
    assert_int_equal(f_kill_reply(f)->status, RISK_UNKILL_EXPIRED);
    const cb_id last = ask(f, "*", 0, "ada", T0);
    decide(f, CB_UNKILL_ACTION_APPROVE, last, "bob", end_ns);
    assert_true(f_kill_reply(f)->is_ok);
    f_destroy(f);
}

static void a_raise_in_between_makes_the_request_void(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_command_kill(f, "*", 1, "drill", "ada");
    const cb_id id = ask(f, "*", 0, "ada", T0);
    f_command_kill(f, "*", 1, "and another reason", "eve");
    decide(f, CB_UNKILL_ACTION_APPROVE, id, "bob", T0 + COOLDOWN);
    expect_refused(f, "the scope was raised again since: ask anew");
    assert_int_equal(level_of(f, "*"), 1);
    f_destroy(f);
}

static void a_scope_at_level_0_is_lowered_aloud(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const char *const scopes[] = {"*", "account:main", "user:ada"};
    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
        const cb_id id = ask(f, scopes[i], 0, "ada", T0);
        decide(f, CB_UNKILL_ACTION_APPROVE, id, "bob", T0 + COOLDOWN);
        assert_string_equal(f_the_kill(f)->scope, scopes[i]);
        assert_true(f_the_kill(f)->is_lowering);
    }
    f_destroy(f);
}

static void a_lowering_may_stop_half_way_and_never_rises(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_command_kill(f, "*", 3, "drill", "ada");
    cb_unkill_command command = wish("*", 3);
    f_unkill(f, CB_UNKILL_ACTION_REQUEST, &command, "ada", T0);
    expect_refused(f, "the scope is not above that level");
    command = wish("*", 4);
    f_unkill(f, CB_UNKILL_ACTION_REQUEST, &command, "ada", T0);
    expect_refused(f, "level must be 0 to 3");
    command = wish("everybody", 0);
    f_unkill(f, CB_UNKILL_ACTION_REQUEST, &command, "ada", T0);
    assert_false(f_kill_reply(f)->is_ok);
    const cb_id id = ask(f, "*", 1, "ada", T0);
    decide(f, CB_UNKILL_ACTION_APPROVE, id, "bob", T0 + COOLDOWN);
    assert_int_equal(level_of(f, "*"), 1);
    f_destroy(f);
}

static void a_raise_never_lowers(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_command_kill(f, "*", 3, "drill", "ada");
    f_command_kill(f, "*", 1, "not so bad", "ada");
    expect_refused(f, "a higher level is in force; lowering takes two: unkill");
    risk_kill_request zero;
    memset(&zero, 0, sizeof(zero));
    F_TEXT(zero.command.scope, "*");
    F_TEXT(zero.command.reason, "alone");
    F_TEXT(zero.command.actor, "ada");
    f_feed(f, RISK_EVENT_KILL_COMMAND, &zero, sizeof(zero));
    expect_refused(f, "level must be 1 to 4; lowering takes two: unkill");
    assert_int_equal(level_of(f, "*"), 3);
    f_destroy(f);
}

static void requests_survive_a_restart(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_command_kill(f, "*", 2, "drill", "ada");
    const cb_id id = ask(f, "*", 0, "ada", T0);
    f_restart(f);
    assert_int_equal(f->state->unkills_count, 1);
    decide(f, CB_UNKILL_ACTION_APPROVE, id, "ada", T0 + COOLDOWN);
    expect_refused(f, "nobody approves their own request");
    decide(f, CB_UNKILL_ACTION_APPROVE, id, "bob", T0 + COOLDOWN);
    assert_int_equal(level_of(f, "*"), 0);
    const cb_id next = ask(f, "*", 0, "ada", T0);
    assert_false(cb_id_equal(next, id));
    f_destroy(f);
}

static void the_table_of_requests_is_bounded(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_id first = {0, 0};
    for (int i = 0; i < RISK_UNKILLS_MAX; i++) {
        const cb_id id = ask(f, "*", 0, "ada", T0);
        first = i == 0 ? id : first;
    }
    const cb_unkill_command command = wish("*", 0);
    f_unkill(f, CB_UNKILL_ACTION_REQUEST, &command, "ada", T0);
    expect_refused(f, "too many requests are pending");
    decide(f, CB_UNKILL_ACTION_WITHDRAW, first, "ada", T0);
    (void)ask(f, "*", 0, "ada", T0);
    assert_int_equal(f->state->unkills_count, RISK_UNKILLS_MAX);
    f_destroy(f);
}

/* 0.6 BTC at 40 000 of 100 000: the price falls, and with it the account. */
static void losses_far_beyond_a_limit_raise_level_2(void **unused)
{
    (void)unused;
    risk_config config;
    f_defaults(&config);
    *f_param(&config, RISK_RULE_ID_trade_risk_max, 0) = CB_E8 / 10;
    config.escalation_e8 = CB_E8 * 3 / 2;
    fixture *f = f_create_with(&config);
    f_make_ready(f);
    cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    intent.qty.e8 = CB_E8 * 6 / 10;
    const cb_permit permit = f_expect_granted(f, &intent);
    f_fill_all(f, &permit, 1, E8(40000));
    f_at(f, f->now_ns + MINUTE);
    f_candle(f, "BTCUSDT", E8(31000)); /* 5.4 % of 5 % */
    assert_int_equal(level_of(f, "account:main"), 1);
    f_at(f, f->now_ns + MINUTE);
    f_candle(f, "BTCUSDT", E8(27000)); /* 7.8 % */
    assert_int_equal(level_of(f, "account:main"), 2);
    f_lower_kill(f, "account:main", 0, "looked into it", "ada");
    f_at(f, f->now_ns + MINUTE);
    f_candle(f, "BTCUSDT", E8(26000));
    assert_int_equal(level_of(f, "account:main"), 0); /* once a day */
    f_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_persons_lower_after_the_cool_down),
        cmocka_unit_test(nobody_approves_their_own_request),
        cmocka_unit_test(a_request_is_decided_once),
        cmocka_unit_test(a_request_grows_old),
        cmocka_unit_test(a_raise_in_between_makes_the_request_void),
        cmocka_unit_test(a_scope_at_level_0_is_lowered_aloud),
        cmocka_unit_test(a_lowering_may_stop_half_way_and_never_rises),
        cmocka_unit_test(a_raise_never_lowers),
        cmocka_unit_test(requests_survive_a_restart),
        cmocka_unit_test(the_table_of_requests_is_bounded),
        cmocka_unit_test(losses_far_beyond_a_limit_raise_level_2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
