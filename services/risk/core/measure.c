/* How much of a limit is used. Positions come from the account where the scope names no strategy,
 * else from the strategy's sub-account; everything that orders may still trade counts in full, at
 * its worst price, whatever their state. All sums saturate: what cannot be computed is never small
 * enough to pass. */
#include "base/assert.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "services/risk/core/state.h"

/* A scope whose "*" have become names: what it says must be equal, what it leaves out is added. */
static bool is_in(const char *named, const char *name)
{
    return named[0] == '\0' || cb_text_equal(named, name);
}

static bool is_ours(const risk_state *state, const risk_scope *scope)
{
    return is_in(scope->venue, state->config->venue) &&
           is_in(scope->account, state->account.account);
}

static bool has_reservation(const risk_scope *scope, const risk_reservation *row)
{
    return is_in(scope->venue, row->venue) && is_in(scope->account, row->account) &&
           is_in(scope->strategy, row->strategy) && is_in(scope->symbol, row->symbol);
}

/* ---- positions ---- */

typedef struct exposure {
    int64_t gross_e8; /* |positions| at their marks, rounded up */
    int64_t net_e8;   /* with their signs */
    int64_t qty_e8;   /* |base units| */
} exposure;

static void add_position(const risk_symbol *symbol, int64_t qty_e8, exposure *sum)
{
    if (qty_e8 == 0) {
        return;
    }
    const int64_t size_e8 = qty_e8 < 0 ? risk_sub(0, qty_e8) : qty_e8;
    const int64_t value_e8 = symbol != NULL && symbol->has_mark
                                 ? risk_mul_up(size_e8, symbol->mark.price.e8)
                                 : INT64_MAX;
    CB_ASSERT(size_e8 > 0);
    CB_ASSERT(value_e8 >= 0);
    sum->gross_e8 = risk_add(sum->gross_e8, value_e8);
    sum->net_e8 = risk_add(sum->net_e8, qty_e8 < 0 ? -value_e8 : value_e8);
    sum->qty_e8 = risk_add(sum->qty_e8, size_e8);
}

static const risk_symbol *symbol_of(const risk_state *state, const char *name)
{
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        if (cb_text_equal(state->symbols[i].name, name)) {
            return &state->symbols[i];
        }
    }
    CB_ASSERT(state->symbols_count <= RISK_SYMBOLS_MAX);
    return NULL;
}

/* Of one strategy by its sub-account, or of the account as a whole. */
static exposure positions_of(const risk_state *state, const risk_scope *scope)
{
    exposure sum = {0, 0, 0};
    if (!is_ours(state, scope)) {
        return sum;
    }
    if (scope->strategy[0] == '\0') {
        for (uint32_t i = 0; i < state->symbols_count; i++) {
            const risk_symbol *symbol = &state->symbols[i];
            if (is_in(scope->symbol, symbol->name)) {
                add_position(symbol, symbol->position.qty.e8, &sum);
            }
        }
        return sum;
    }
    for (uint32_t i = 0; i < state->subs_count; i++) {
        const risk_subaccount *row = &state->subs[i].row;
        if (cb_text_equal(row->strategy, scope->strategy) && is_in(scope->symbol, row->symbol)) {
            add_position(symbol_of(state, row->symbol), row->qty.e8, &sum);
        }
    }
    CB_ASSERT(sum.gross_e8 >= 0);
    return sum;
}

/* ---- orders ---- */

typedef struct claims {
    int64_t buy_notional_e8;
    int64_t sell_notional_e8;
    int64_t buy_cost_e8;
    int64_t buy_qty_e8;
    int64_t orders_count;
} claims;

static claims claims_of(const risk_state *state, const risk_scope *scope, cb_id without)
{
    claims sum = {0, 0, 0, 0, 0};
    CB_ASSERT(state->open_count <= RISK_RESERVATIONS_MAX);
    for (uint32_t i = 0; i < state->open_count; i++) {
        const risk_reservation *row = &state->open[i].row;
        const bool is_replaced = !cb_id_is_none(without) && cb_id_equal(row->intent_id, without);
        if (is_replaced || !has_reservation(scope, row)) {
            continue;
        }
        const bool is_sell = row->side == CB_SIDE_SELL; /* of two legs only one can fill */
        const int64_t left_e8 = is_sell ? risk_group_counted(state, row) : row->remaining.e8;
        const int64_t notional_e8 = risk_mul_up(left_e8, row->price.e8);
        sum.orders_count++;
        if (row->side == CB_SIDE_SELL) {
            sum.sell_notional_e8 = risk_add(sum.sell_notional_e8, notional_e8);
            continue;
        }
        sum.buy_notional_e8 = risk_add(sum.buy_notional_e8, notional_e8);
        sum.buy_cost_e8 =
            risk_add(sum.buy_cost_e8, risk_mul_up(row->remaining.e8, row->unit_cost.e8));
        sum.buy_qty_e8 = risk_add(sum.buy_qty_e8, row->remaining.e8);
    }
    CB_ASSERT(sum.orders_count >= 0);
    return sum;
}

/* ---- results ---- */

/* Loss of the day, or fall from the best, of a strategy, a symbol, or the account. */
static int64_t loss_of(const risk_state *state, const risk_scope *scope, bool is_day)
{
    const risk_account *account = &state->account;
    int64_t from_e8 = is_day ? account->day_start_equity.e8 : account->peak_equity.e8;
    int64_t now_e8 = account->equity.e8;
    const bool has_strategy = scope->strategy[0] != '\0';
    if (has_strategy || scope->symbol[0] != '\0') {
        const risk_sub_slot *slot = risk_sub_find(state,
            has_strategy ? scope->strategy : "*",
            scope->symbol[0] != '\0' ? scope->symbol : "*");
        if (slot == NULL) {
            return 0; /* never traded */
        }
        from_e8 = is_day ? slot->row.day_start.e8 : slot->row.peak.e8;
        if (!risk_sub_result(state, slot, &now_e8)) {
            return INT64_MAX; /* a held position without a mark */
        }
    } else if (!account->is_valued) {
        return INT64_MAX;
    }
    const int64_t loss_e8 = risk_sub(from_e8, now_e8);
    return loss_e8 > 0 ? loss_e8 : 0;
}

static int64_t streak_of(const risk_state *state, const risk_scope *scope)
{
    const risk_sub_slot *slot = risk_sub_find(state,
        scope->strategy[0] != '\0' ? scope->strategy : "*",
        scope->symbol[0] != '\0' ? scope->symbol : "*");
    return slot == NULL ? 0 : (int64_t)slot->row.losses * CB_E8;
}

/* What a strategy spent and has not earned back; below 0 when it earned more than it spent. */
static int64_t spent_of(const risk_state *state, const risk_scope *scope)
{
    const risk_sub_slot *slot = risk_sub_find(state, scope->strategy, "*");
    return slot == NULL ? 0 : risk_sub(slot->row.fees.e8, slot->row.cash.e8);
}

/* ---- one limit ---- */

static int64_t net_of(const exposure *held, const claims *open)
{
    const int64_t up_e8 = risk_add(held->net_e8, open->buy_notional_e8);
    const int64_t down_e8 = risk_sub(open->sell_notional_e8, held->net_e8);
    const int64_t worse_e8 = up_e8 > down_e8 ? up_e8 : down_e8;
    return worse_e8 > 0 ? worse_e8 : 0;
}

static int64_t rate_of(
    const risk_state *state, risk_limit_kind kind, const risk_scope *scope, int64_t now_ns)
{
    char name[RISK_LIMIT_NAME_MAX];
    risk_limit_name(kind, scope, name);
    if (!risk_window_has_room(state, name, now_ns)) {
        return INT64_MAX; /* nothing is let through that could not be counted */
    }
    return risk_window_used(state, name, risk_window_span(kind), now_ns);
}

typedef struct measure_of {
    int64_t now_ns;
    cb_id without;
} measure_of;

/* An order must fit beside what is there, so a sell that covers a position does not hide a buy. */
static int64_t used_of(
    const risk_state *state, risk_limit_kind kind, const risk_scope *scope, const measure_of *of)
{
    const int64_t now_ns = of->now_ns;
    const exposure held = positions_of(state, scope);
    const claims open = claims_of(state, scope, of->without);
    switch (kind) {
    case RISK_LIMIT_ORDER_NOTIONAL:
    case RISK_LIMIT_ORDER_QTY:
        return 0;
    case RISK_LIMIT_POSITION_QTY:
        return risk_add(held.qty_e8, open.buy_qty_e8);
    case RISK_LIMIT_POSITION_NOTIONAL:
    case RISK_LIMIT_GROSS_EXPOSURE:
    case RISK_LIMIT_CONCENTRATION:
        return risk_add(held.gross_e8, open.buy_notional_e8);
    case RISK_LIMIT_NET_EXPOSURE:
        return net_of(&held, &open);
    case RISK_LIMIT_ALLOCATION:
        return risk_add(spent_of(state, scope), open.buy_cost_e8);
    case RISK_LIMIT_OPEN_ORDERS:
        return open.orders_count * CB_E8;
    case RISK_LIMIT_ORDERS_PER_SECOND:
    case RISK_LIMIT_ORDERS_PER_MINUTE:
    case RISK_LIMIT_NOTIONAL_PER_MINUTE:
        return rate_of(state, kind, scope, now_ns);
    case RISK_LIMIT_DAILY_LOSS:
    case RISK_LIMIT_DRAWDOWN:
        return loss_of(state, scope, kind == RISK_LIMIT_DAILY_LOSS);
    case RISK_LIMIT_LOSS_STREAK:
        return streak_of(state, scope);
    case RISK_LIMIT_KINDS_COUNT:
        break;
    }
    CB_ASSERT(false);
    return INT64_MAX;
}

/* Of the order's own symbol, although the scope may not name it. */
static risk_scope measured_scope(const risk_limit *limit, const risk_key *key)
{
    risk_scope scope = risk_scope_of(&limit->scope, key);
    const bool is_of_symbol = limit->kind == RISK_LIMIT_POSITION_NOTIONAL ||
                              limit->kind == RISK_LIMIT_POSITION_QTY ||
                              limit->kind == RISK_LIMIT_CONCENTRATION;
    if (is_of_symbol && scope.symbol[0] == '\0') {
        const bool fits = cb_text_copy(scope.symbol, sizeof(scope.symbol), cb_sv_from(key->symbol));
        CB_ASSERT(fits);
    }
    CB_ASSERT(!cb_text_equal(scope.symbol, "*"));
    return scope;
}

/* A share of equity as quote units. */
static int64_t bound_of(const risk_state *state, const risk_limit *limit)
{
    if (limit->kind != RISK_LIMIT_CONCENTRATION) {
        return limit->value_e8;
    }
    const risk_account *account = &state->account;
    const int64_t equity_e8 = account->is_valued && account->equity.e8 > 0 ? account->equity.e8 : 0;
    CB_ASSERT(limit->value_e8 >= 0);
    return risk_mul_down(equity_e8, limit->value_e8);
}

void risk_measure(const risk_state *state,
    const risk_limit *limit,
    const risk_key *key,
    int64_t now_ns,
    risk_book_line *out)
{
    const risk_scope scope = measured_scope(limit, key);
    char name[RISK_LIMIT_NAME_MAX];
    const measure_of of = {now_ns, key->without};
    *out = (risk_book_line){.kind = limit->kind,
        .is_each = scope.strategy[0] != '\0',
        .used_e8 = used_of(state, limit->kind, &scope, &of),
        .bound_e8 = bound_of(state, limit)};
    risk_limit_name(limit->kind, &scope, name);
    cb_textbuf label = cb_textbuf_over(out->label, sizeof(out->label));
    cb_textbuf_add(&label, name);
    if (!out->is_each && (risk_kinds[limit->kind].flags & RISK_KIND_SHARED) != 0) {
        out->ahead_e8 = risk_turn_ahead(state, name, key->strategy, now_ns);
    }
    CB_ASSERT(out->bound_e8 >= 0);
    CB_ASSERT(out->ahead_e8 >= 0);
}

uint32_t risk_measure_all(const risk_state *state,
    const risk_key *key,
    int64_t now_ns,
    risk_book_line out[RISK_LIMITS_MAX])
{
    uint32_t count = 0;
    CB_ASSERT(state->book_count <= RISK_LIMITS_MAX);
    for (uint32_t i = 0; i < state->book_count; i++) {
        if (risk_scope_covers(&state->book[i].scope, key)) {
            risk_measure(state, &state->book[i], key, now_ns, &out[count++]);
        }
    }
    CB_ASSERT(count <= state->book_count);
    return count;
}

int64_t risk_measure_reserved(const risk_state *state, const risk_limit *limit, const risk_key *key)
{
    const risk_scope scope = measured_scope(limit, key);
    const claims open = claims_of(state, &scope, key->without);
    CB_ASSERT(open.buy_notional_e8 >= 0);
    switch (limit->kind) {
    case RISK_LIMIT_POSITION_QTY:
        return open.buy_qty_e8;
    case RISK_LIMIT_POSITION_NOTIONAL:
    case RISK_LIMIT_GROSS_EXPOSURE:
    case RISK_LIMIT_CONCENTRATION:
    case RISK_LIMIT_NET_EXPOSURE:
        return open.buy_notional_e8;
    case RISK_LIMIT_ALLOCATION:
        return open.buy_cost_e8;
    case RISK_LIMIT_OPEN_ORDERS:
        return open.orders_count * CB_E8;
    case RISK_LIMIT_ORDER_NOTIONAL:
    case RISK_LIMIT_ORDER_QTY:
    case RISK_LIMIT_ORDERS_PER_SECOND:
    case RISK_LIMIT_ORDERS_PER_MINUTE:
    case RISK_LIMIT_NOTIONAL_PER_MINUTE:
    case RISK_LIMIT_DAILY_LOSS:
    case RISK_LIMIT_DRAWDOWN:
    case RISK_LIMIT_LOSS_STREAK:
    case RISK_LIMIT_KINDS_COUNT:
        break;
    }
    return 0;
}
