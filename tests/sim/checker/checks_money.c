/* Money: I3 the same trades everywhere, I4 the same balances everywhere and a ledger that adds up,
 * I8 nothing is sold that is not held. */
#include <string.h>

#include "tests/sim/checker/checker.h"

#define COLUMN(table, name) (table)->column((table)->context, (name))

/* ---- I3 ---- */

static const char *const money_columns[] = {"qty_e8", "price_e8", "fee_e8"};

static int64_t find_trade(const chk_table *in, const char *symbol, int64_t trade_id)
{
    const int symbols = COLUMN(in, "symbol");
    const int ids = COLUMN(in, "trade_id");
    int64_t found = -1;
    for (uint32_t i = 0; i < in->rows_count; i++) {
        if (chk_number(in, i, ids) == trade_id && strcmp(chk_text(in, i, symbols), symbol) == 0) {
            if (found >= 0) {
                return -2; /* twice */
            }
            found = i;
        }
    }
    return found;
}

static void compare(chk_view *view, const chk_table *a, const chk_table *b, bool is_equal_needed)
{
    for (uint32_t i = 0; i < a->rows_count; i++) {
        const char *symbol = chk_text(a, i, COLUMN(a, "symbol"));
        const int64_t id = chk_number(a, i, COLUMN(a, "trade_id"));
        const int64_t other = find_trade(b, symbol, id);
        if (other < 0) {
            chk_say(view,
                3,
                "trade %s %lld of %s.%s %s in %s.%s",
                symbol,
                (long long)id,
                a->schema,
                a->name,
                other == -1 ? "is missing" : "stands twice",
                b->schema,
                b->name);
            continue;
        }
        for (size_t k = 0; k < 3 && is_equal_needed; k++) {
            const int64_t left = chk_number(a, i, COLUMN(a, money_columns[k]));
            const int64_t right = chk_number(b, other, COLUMN(b, money_columns[k]));
            if (left != right) {
                chk_say(view,
                    3,
                    "trade %s %lld: %s is %lld in %s.%s and %lld in %s.%s",
                    symbol,
                    (long long)id,
                    money_columns[k],
                    (long long)left,
                    a->schema,
                    a->name,
                    (long long)right,
                    b->schema,
                    b->name);
            }
        }
    }
}

static void check_trades(chk_view *view)
{
    const chk_table *venue = chk_find(view, "venue", "trade");
    const chk_table *execution = chk_find(view, "execution", "fills");
    const chk_table *portfolio = chk_find(view, "portfolio", "fill");
    const chk_table *risk = chk_find(view, "risk", "fill");
    if (venue == NULL || execution == NULL) {
        return;
    }
    chk_looked(view, 3);
    compare(view, venue, execution, true);
    compare(view, execution, venue, false);
    if (portfolio != NULL) {
        compare(view, venue, portfolio, true);
        compare(view, portfolio, venue, false);
    }
    if (risk != NULL) {
        compare(view, execution, risk, true);
        compare(view, risk, execution, false);
    }
}

/* ---- I4 ---- */

static void check_balances(chk_view *view)
{
    const chk_table *venue = chk_find(view, "venue", "balance");
    const chk_table *portfolio = chk_find(view, "portfolio", "balance");
    if (venue == NULL || portfolio == NULL) {
        return;
    }
    chk_looked(view, 4);
    for (uint32_t i = 0; i < venue->rows_count; i++) {
        const char *asset = chk_text(venue, i, COLUMN(venue, "asset"));
        const int64_t there = chk_number(venue, i, COLUMN(venue, "total_e8"));
        const int64_t row = chk_row_of(portfolio, COLUMN(portfolio, "asset"), asset);
        const int64_t here =
            row < 0 ? 0 : chk_number(portfolio, row, COLUMN(portfolio, "amount_e8"));
        if (there != here) {
            chk_say(view,
                4,
                "%s: the exchange holds %lld, the books %lld",
                asset,
                (long long)there,
                (long long)here);
        }
    }
}

static void check_ledger(chk_view *view)
{
    const chk_table *sums = chk_find(view, "portfolio", "ledger_sum");
    if (sums == NULL) {
        return;
    }
    const int asset = COLUMN(sums, "asset");
    const int amount = COLUMN(sums, "amount_e8");
    for (uint32_t i = 0; i < sums->rows_count; i++) {
        const char *name = chk_text(sums, i, asset);
        if (chk_row_of(sums, asset, name) != i) {
            continue; /* counted with the first row of the asset */
        }
        int64_t total = 0;
        for (uint32_t k = i; k < sums->rows_count; k++) {
            total += strcmp(chk_text(sums, k, asset), name) == 0 ? chk_number(sums, k, amount) : 0;
        }
        if (total != 0) {
            chk_say(view, 4, "the ledger's %s adds up to %lld", name, (long long)total);
        }
    }
}

static void check_differences(chk_view *view)
{
    const chk_table *rows = chk_find(view, "portfolio", "difference");
    for (uint32_t i = 0; rows != NULL && i < rows->rows_count; i++) {
        if (chk_number(rows, i, COLUMN(rows, "is_open")) != 0) {
            chk_say(
                view, 4, "a difference of %s is open", chk_text(rows, i, COLUMN(rows, "asset")));
        }
    }
}

/* ---- I8: the position at every trade ---- */

static void check_positions(chk_view *view)
{
    const chk_table *trades = chk_find(view, "venue", "trade");
    if (trades == NULL) {
        return;
    }
    const int symbol = COLUMN(trades, "symbol");
    const int64_t max = chk_param(view, "position_notional_max_e8", 0);
    for (uint32_t i = 0; i < trades->rows_count; i++) {
        const char *name = chk_text(trades, i, symbol);
        int64_t held = 0;
        for (uint32_t k = 0; k <= i; k++) {
            if (strcmp(chk_text(trades, k, symbol), name) == 0) {
                const int64_t qty = chk_number(trades, k, COLUMN(trades, "qty_e8"));
                const int64_t fee = chk_number(trades, k, COLUMN(trades, "fee_base_e8"));
                held += chk_number(trades, k, COLUMN(trades, "is_buy")) != 0 ? qty - fee : -qty;
            }
        }
        const double price = (double)chk_number(trades, i, COLUMN(trades, "price_e8")) / 1e8;
        if (held < 0) {
            chk_say(view, 8, "%s: more was sold than held", name);
        }
        if (max > 0 && (double)held / 1e8 * price > (double)max / 1e8 * 1.05) {
            chk_say(view, 8, "%s: a position worth %.2f", name, (double)held / 1e8 * price);
        }
    }
}

void chk_money(chk_view *view)
{
    check_trades(view);
    check_balances(view);
    check_ledger(view);
    check_differences(view);
    check_positions(view);
}
