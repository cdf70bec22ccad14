/* Order requests as the exchange received them: I1 one POST ever, I2 claimed before, I8 hard
 * limits, I15 kill levels, I17 deadlines, I20 throttling. */
#include <string.h>

#include "tests/sim/checker/checker.h"

#define COLUMN(table, name) (table)->column((table)->context, (name))
#define S INT64_C(1000000000)

static void check_repeats(chk_view *view, const chk_table *posts)
{
    const int client = COLUMN(posts, "client_order_id");
    for (uint32_t i = 0; i < posts->rows_count; i++) {
        for (uint32_t k = i + 1; k < posts->rows_count; k++) {
            if (strcmp(chk_text(posts, i, client), chk_text(posts, k, client)) == 0) {
                chk_say(view, 1, "order %s was requested twice", chk_text(posts, i, client));
            }
        }
    }
}

/* ---- I2, I8, I17 ---- */

static void check_claimed(chk_view *view, const chk_table *posts, uint32_t row, int64_t order)
{
    const chk_table *orders = chk_find(view, "execution", "orders");
    const char *client = chk_text(posts, row, COLUMN(posts, "client_order_id"));
    const int64_t at_ns = chk_number(posts, row, COLUMN(posts, "at_ns"));
    if (order < 0) {
        chk_say(view, 2, "order %s was requested and is not written down", client);
        return;
    }
    const int64_t claimed_ns = chk_number(orders, order, COLUMN(orders, "claimed_ns"));
    /* The claim is told in the database's time. */
    const int64_t claimed_here_ns = claimed_ns - chk_param(view, "database_offset_ns", 0);
    const int64_t slack_ns = chk_param(view, "clock_slack_ns", 0);
    if (claimed_ns == 0) {
        chk_say(view, 2, "order %s was requested without a claim", client);
    } else if (claimed_here_ns > at_ns + slack_ns) {
        chk_say(view,
            2,
            "order %s was received %lld us before its claim",
            client,
            (long long)(claimed_here_ns - at_ns) / 1000);
    }
}

/* What risk permitted for the order's intent; -1 when there is no such row. */
static int64_t permitted_qty(chk_view *view, const chk_table *orders, int64_t order)
{
    const chk_table *permits = chk_find(view, "risk", "permit");
    if (permits == NULL || COLUMN(permits, "intent_id") < 0 || COLUMN(permits, "qty_e8") < 0) {
        return -1;
    }
    const char *intent = chk_text(orders, order, COLUMN(orders, "intent_id"));
    const int64_t row = chk_row_of(permits, COLUMN(permits, "intent_id"), intent);
    return row < 0 ? -1 : chk_number(permits, row, COLUMN(permits, "qty_e8"));
}

static void check_limits(chk_view *view, const chk_table *posts, uint32_t row, int64_t order)
{
    const chk_table *orders = chk_find(view, "execution", "orders");
    const char *client = chk_text(posts, row, COLUMN(posts, "client_order_id"));
    const int64_t qty = chk_number(posts, row, COLUMN(posts, "qty_e8"));
    const int64_t price = chk_number(posts, row, COLUMN(posts, "price_e8"));
    const int64_t market = chk_number(posts, row, COLUMN(posts, "market_e8"));
    const int64_t max = chk_param(view, "order_notional_max_e8", 0);
    const bool is_reducing = chk_number(orders, order, COLUMN(orders, "reduce_only")) != 0;
    const double notional = (double)qty / 1e8 * (double)(price > 0 ? price : market) / 1e8;
    chk_looked(view, 8);
    if (max > 0 && !is_reducing && notional > (double)max / 1e8 * 1.01) {
        chk_say(view, 8, "order %s is worth %.2f", client, notional);
    }
    const int64_t ordered = chk_number(orders, order, COLUMN(orders, "qty_e8"));
    /* An amended order is smaller now than what was asked for: then its permit says it. */
    if (qty != ordered && qty != permitted_qty(view, orders, order)) {
        chk_say(view,
            8,
            "order %s asks for %lld, permitted were %lld",
            client,
            (long long)qty,
            (long long)ordered);
    }
    /* Exits may go further through the market than entries. */
    const double collar =
        (double)chk_param(view, "collar_ppm", 0) / 1e6 * (is_reducing ? 4.0 : 1.0);
    const bool is_buy = strcmp(chk_text(posts, row, COLUMN(posts, "side")), "BUY") == 0;
    if (collar > 0 && price > 0 && market > 0) {
        const double away = ((double)price - (double)market) / (double)market;
        if ((is_buy && away > collar) || (!is_buy && away < -collar)) {
            chk_say(view, 8, "order %s is %.2f %% through the market", client, away * 100);
        }
    }
}

static void check_deadline(chk_view *view, const chk_table *posts, uint32_t row, int64_t order)
{
    const chk_table *orders = chk_find(view, "execution", "orders");
    const int64_t not_after_ns = chk_number(orders, order, COLUMN(orders, "not_after_ns"));
    const int64_t venue_ns = chk_number(posts, row, COLUMN(posts, "venue_ns"));
    const int64_t slack_ns = chk_param(view, "deadline_slack_ns", 0);
    const bool is_applied = chk_number(posts, row, COLUMN(posts, "is_applied")) != 0;
    chk_looked(view, 17);
    /* Both are of the clock that the claim itself looks at. */
    const int64_t claimed_ns = chk_number(orders, order, COLUMN(orders, "claimed_ns"));
    if (claimed_ns > 0 && not_after_ns > 0 && claimed_ns >= not_after_ns) {
        chk_say(view,
            17,
            "order %s was claimed %lld us after its deadline",
            chk_text(posts, row, COLUMN(posts, "client_order_id")),
            (long long)(claimed_ns - not_after_ns) / 1000);
    }
    if (is_applied && not_after_ns > 0 && venue_ns > not_after_ns + slack_ns) {
        chk_say(view,
            17,
            "order %s was taken %lld ms after its deadline",
            chk_text(posts, row, COLUMN(posts, "client_order_id")),
            (long long)(venue_ns - not_after_ns) / 1000000);
    }
}

/* ---- I15 ---- */

static bool covers(const char *scope, const chk_table *orders, int64_t order)
{
    if (strcmp(scope, "*") == 0) {
        return true;
    }
    static const char *const kinds[] = {"venue", "account", "symbol", "strategy"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const size_t size = strlen(kinds[i]);
        if (strncmp(scope, kinds[i], size) == 0 && scope[size] == ':') {
            return strcmp(scope + size + 1, chk_text(orders, order, COLUMN(orders, kinds[i]))) == 0;
        }
    }
    return true; /* a scope that nobody knows holds for all */
}

static bool is_allowed(int64_t level, const chk_table *orders, int64_t order)
{
    const bool is_reducing = chk_number(orders, order, COLUMN(orders, "reduce_only")) != 0;
    const char *purpose = chk_text(orders, order, COLUMN(orders, "purpose"));
    return level == 0 || (level == 1 && is_reducing) ||
           (level == 3 && is_reducing && strcmp(purpose, "flatten") == 0);
}

/* The level of one scope and source in force at a time: its newest change before. */
static void check_kills(chk_view *view, const chk_table *posts, uint32_t row, int64_t order)
{
    const chk_table *kills = chk_find(view, "harness", "kill");
    const chk_table *orders = chk_find(view, "execution", "orders");
    const int64_t sent_ns = chk_number(posts, row, COLUMN(posts, "sent_ns"));
    if (kills == NULL) {
        return;
    }
    chk_looked(view, 15);
    const int scope = COLUMN(kills, "scope");
    const int source = COLUMN(kills, "source");
    const int at = COLUMN(kills, "at_ns");
    for (uint32_t i = 0; i < kills->rows_count; i++) {
        /* The flag page is looked at last, right before the socket. */
        const bool is_page = strcmp(chk_text(kills, i, source), "page") == 0;
        const int64_t grace_ns = is_page ? S / 20 : S;
        bool is_newest = chk_number(kills, i, at) + grace_ns <= sent_ns;
        for (uint32_t k = i + 1; k < kills->rows_count && is_newest; k++) {
            is_newest = strcmp(chk_text(kills, i, scope), chk_text(kills, k, scope)) != 0 ||
                        strcmp(chk_text(kills, i, source), chk_text(kills, k, source)) != 0 ||
                        chk_number(kills, k, at) > sent_ns;
        }
        const int64_t level = chk_number(kills, i, COLUMN(kills, "level"));
        if (is_newest && covers(chk_text(kills, i, scope), orders, order) &&
            !is_allowed(level, orders, order)) {
            chk_say(view,
                15,
                "order %s was sent %lld ms after kill level %lld",
                chk_text(posts, row, COLUMN(posts, "client_order_id")),
                (long long)(sent_ns - chk_number(kills, i, at)) / 1000000,
                (long long)level);
        }
    }
}

/* ---- I20 ---- */

static void check_throttling(chk_view *view)
{
    const chk_table *waits = chk_find(view, "harness", "throttle");
    const chk_table *requests = chk_find(view, "harness", "request");
    if (waits == NULL || requests == NULL) {
        return;
    }
    chk_looked(view, 20);
    for (uint32_t i = 0; i < waits->rows_count; i++) {
        const int64_t from_ns = chk_number(waits, i, COLUMN(waits, "known_ns"));
        const int64_t until_ns = chk_number(waits, i, COLUMN(waits, "until_ns"));
        const int64_t who = chk_number(waits, i, COLUMN(waits, "process"));
        for (uint32_t k = 0; k < requests->rows_count; k++) {
            const int64_t sent_ns = chk_number(requests, k, COLUMN(requests, "sent_ns"));
            /* One that waited in its lane already when we were told still leaves. */
            const int64_t made_ns = chk_number(requests, k, COLUMN(requests, "made_ns"));
            if (chk_number(requests, k, COLUMN(requests, "process")) == who && made_ns > from_ns &&
                sent_ns < until_ns) {
                chk_say(view,
                    20,
                    "a request left %lld ms before Retry-After was over",
                    (long long)(until_ns - sent_ns) / 1000000);
                break;
            }
        }
    }
}

void chk_requests(chk_view *view)
{
    const chk_table *posts = chk_find(view, "venue", "post");
    const chk_table *orders = chk_find(view, "execution", "orders");
    check_throttling(view);
    if (posts == NULL || orders == NULL) {
        return;
    }
    check_repeats(view, posts);
    chk_looked(view, 2);
    const int client = COLUMN(orders, "client_order_id");
    for (uint32_t i = 0; i < posts->rows_count; i++) {
        const char *id = chk_text(posts, i, COLUMN(posts, "client_order_id"));
        const int64_t order = chk_row_of(orders, client, id);
        check_claimed(view, posts, i, order);
        if (order >= 0) {
            check_limits(view, posts, i, order);
            check_deadline(view, posts, i, order);
            check_kills(view, posts, i, order);
        }
    }
}
