/* Equity in quote units by the marks, and what it is measured against: the equity at 00:00 UTC and
 * the highest one. Known only when every held asset that a configured symbol prices has a mark;
 * other assets count nothing, which can only make limits tighter. */
#include "base/assert.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "base/timefmt.h"
#include "services/risk/core/state.h"

static int64_t price_of(const risk_state *state, const char *asset, bool *is_known)
{
    if (cb_text_equal(asset, state->config->quote_asset)) {
        *is_known = true;
        return CB_E8;
    }
    const risk_symbol *symbol = risk_symbol_of_asset(state, asset);
    *is_known = symbol != NULL && symbol->has_mark;
    return *is_known ? symbol->mark.price.e8 : 0;
}

bool risk_equity_value(
    const risk_state *state, const char *asset, int64_t amount_e8, int64_t *value_e8)
{
    bool is_known = false;
    const int64_t price_e8 = price_of(state, asset, &is_known);
    CB_ASSERT(price_e8 >= 0);
    *value_e8 = 0;
    if (is_known && cb_mul_e8(amount_e8, price_e8, CB_ROUND_DOWN, value_e8, NULL) != CB_OK) {
        *value_e8 = amount_e8 < 0 ? INT64_MIN : INT64_MAX;
    }
    return is_known;
}

/* Which symbol prices an asset is known only from the instruments: until each configured symbol has
 * its instrument, a held asset may yet turn out to be worth something. */
static bool are_marks_known(const risk_state *state)
{
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        const risk_symbol *symbol = &state->symbols[i];
        if (!symbol->is_configured) {
            continue;
        }
        if (!symbol->has_instrument) {
            return false;
        }
        const bool is_held = risk_balance_total(state, symbol->instrument.base_asset) != 0;
        if (is_held && !symbol->has_mark) {
            return false;
        }
    }
    CB_ASSERT(state->symbols_count <= RISK_SYMBOLS_MAX);
    return true;
}

/* Announced transfers count. Of what nothing explains the net value counts only when it is a loss:
 * both sides of a trade whose fill is still on its way cancel out. */
static int64_t sum_equity(const risk_state *state)
{
    int64_t sum_e8 = 0;
    int64_t unexplained_e8 = 0;
    for (uint32_t i = 0; i < state->balances_count; i++) {
        const risk_balance *row = &state->balances[i].row;
        int64_t value_e8 = 0;
        const int64_t amount_e8 = risk_add(row->total.e8, row->pending.e8);
        (void)risk_equity_value(state, row->asset, amount_e8, &value_e8);
        sum_e8 = risk_add(sum_e8, value_e8);
        (void)risk_equity_value(state, row->asset, row->unexplained.e8, &value_e8);
        unexplained_e8 = risk_add(unexplained_e8, value_e8);
    }
    CB_ASSERT(state->balances_count <= RISK_BALANCES_MAX);
    return unexplained_e8 > 0 ? risk_sub(sum_e8, unexplained_e8) : sum_e8;
}

static int64_t day_of(int64_t ts_ns)
{
    CB_ASSERT(ts_ns >= 0);
    return ts_ns - ts_ns % CB_NS_PER_DAY;
}

void risk_equity_roll(risk_step_context *step)
{
    risk_account *account = &step->state->account;
    const int64_t day_ns = day_of(step->now_ns);
    if (!account->is_valued || day_ns <= account->day_start_ns) {
        return;
    }
    account->day_start_ns = day_ns;
    account->day_start_equity = account->equity;
    step->state->is_account_changed = true;
    CB_ASSERT(account->day_start_ns <= step->now_ns);
}

/* "daily_loss_max 0.0512 above 0.05" */
static void raise_for(
    risk_step_context *step, const risk_rule *rule, const risk_finding *finding, uint32_t level)
{
    char reason[96];
    cb_textbuf text = cb_textbuf_over(reason, sizeof(reason));
    cb_textbuf_add(&text, rule->name);
    cb_textbuf_add(&text, " ");
    cb_textbuf_add_e8(&text, finding->observed_e8);
    cb_textbuf_add(&text, " above ");
    cb_textbuf_add_e8(&text, finding->limit_e8);
    char scope[48];
    cb_textbuf name = cb_textbuf_over(scope, sizeof(scope));
    cb_textbuf_add(&name, "account:");
    cb_textbuf_add(&name, step->state->account.account);
    CB_ASSERT(!finding->is_pass);
    risk_kill_raise(step, scope, level, reason);
}

static risk_finding judge_loss(const risk_state *state, risk_rule_id id)
{
    const risk_account *account = &state->account;
    const risk_facts facts = {.equity_e8 = account->equity.e8,
        .day_start_equity_e8 = account->day_start_equity.e8,
        .peak_equity_e8 = account->peak_equity.e8};
    CB_ASSERT(account->is_valued);
    return risk_rules[id]->check(&facts, state->config->rules[id]);
}

/* So far beyond its limit that open orders go too. */
static bool is_far_beyond(const risk_state *state, const risk_finding *finding)
{
    int64_t far_e8 = 0;
    const cb_status status =
        cb_mul_e8(finding->limit_e8, state->config->escalation_e8, CB_ROUND_DOWN, &far_e8, NULL);
    return status == CB_OK && finding->observed_e8 > far_e8;
}

/* The second step of each limit, once per day and per fall like the first. */
static void check_far_losses(
    risk_step_context *step, const risk_finding *day, const risk_finding *fall)
{
    risk_account *account = &step->state->account;
    if (is_far_beyond(step->state, day) && account->loss_canceled_ns != account->day_start_ns) {
        account->loss_canceled_ns = account->day_start_ns;
        step->state->is_account_changed = true;
        raise_for(step, &risk_rule_daily_loss_max, day, 2);
    }
    const bool is_far = is_far_beyond(step->state, fall);
    if (is_far && !account->is_drawdown_canceled) {
        raise_for(step, &risk_rule_drawdown_max, fall, 2);
    }
    /* It may be raised again after the limit itself was kept again. */
    const bool is_canceled = is_far || (account->is_drawdown_canceled && !fall->is_pass);
    if (is_canceled != account->is_drawdown_canceled) {
        account->is_drawdown_canceled = is_canceled;
        step->state->is_account_changed = true;
    }
}

/* Passing a loss limit raises the latch once: per day for the daily loss, per fall for the
 * drawdown. Who lowers it again is not overruled, but the rules still refuse new risk. */
static void check_losses(risk_step_context *step)
{
    risk_account *account = &step->state->account;
    const risk_finding day = judge_loss(step->state, RISK_RULE_ID_daily_loss_max);
    if (!day.is_pass && account->loss_latched_ns != account->day_start_ns) {
        account->loss_latched_ns = account->day_start_ns;
        step->state->is_account_changed = true;
        raise_for(step, &risk_rule_daily_loss_max, &day, 1);
    }
    const risk_finding fall = judge_loss(step->state, RISK_RULE_ID_drawdown_max);
    if (!fall.is_pass && !account->is_drawdown_latched) {
        raise_for(step, &risk_rule_drawdown_max, &fall, 1);
    }
    if (fall.is_pass == account->is_drawdown_latched) {
        account->is_drawdown_latched = !fall.is_pass;
        step->state->is_account_changed = true;
    }
    check_far_losses(step, &day, &fall);
}

static void begin_valuing(risk_account *account, int64_t now_ns)
{
    CB_ASSERT(!account->is_valued);
    account->is_valued = true;
    account->day_start_ns = day_of(now_ns);
    account->day_start_equity = account->equity;
    account->peak_equity = account->equity;
    account->loss_latched_ns = 0;
}

void risk_equity_update(risk_step_context *step)
{
    risk_state *state = step->state;
    risk_account *account = &state->account;
    risk_sub_update(step);
    if (!account->is_open || !are_marks_known(state)) {
        return;
    }
    const int64_t equity_e8 = sum_equity(state);
    state->is_account_changed = state->is_account_changed || equity_e8 != account->equity.e8;
    account->equity.e8 = equity_e8;
    if (!account->is_valued) {
        begin_valuing(account, step->now_ns);
        state->is_account_changed = true;
    }
    if (equity_e8 > account->peak_equity.e8) {
        account->peak_equity.e8 = equity_e8;
        state->is_account_changed = true;
    }
    CB_ASSERT(account->peak_equity.e8 >= account->equity.e8);
    check_losses(step);
}
