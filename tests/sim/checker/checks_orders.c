/* Orders: I1 one order per intent, I5 and I7 both sides agree on what lives, I6 everything is
 * resolved, I9 reservations follow orders, I10 states, I11 claims. */
#include <string.h>

#include "tests/sim/checker/checker.h"

#define COLUMN(table, name) (table)->column((table)->context, (name))

typedef struct columns {
    int intent_id, client_order_id, state, qty, cum, version, venue_order_id, is_external, symbol;
} columns;

static columns order_columns(const chk_table *orders)
{
    return (columns){.intent_id = COLUMN(orders, "intent_id"),
        .client_order_id = COLUMN(orders, "client_order_id"),
        .state = COLUMN(orders, "state"),
        .qty = COLUMN(orders, "qty_e8"),
        .cum = COLUMN(orders, "cum_qty_e8"),
        .version = COLUMN(orders, "version"),
        .venue_order_id = COLUMN(orders, "venue_order_id"),
        .is_external = COLUMN(orders, "is_external"),
        .symbol = COLUMN(orders, "symbol")};
}

static bool is_one_of(const char *state, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcmp(state, *list) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_terminal(const char *state)
{
    static const char *const list[] = {
        "filled", "canceled", "expired", "rejected", "not_sent", NULL};
    return is_one_of(state, list);
}

/* ---- I1, I5, I7 against the exchange's orders ---- */

static void check_client_ids(chk_view *view, const chk_table *venue, int client)
{
    chk_looked(view, 1);
    const int is_ours = COLUMN(venue, "is_ours");
    for (uint32_t i = 0; i < venue->rows_count; i++) {
        const char *id = chk_text(venue, i, client);
        for (uint32_t k = i + 1; k < venue->rows_count && chk_number(venue, i, is_ours) != 0; k++) {
            if (strcmp(id, chk_text(venue, k, client)) == 0) {
                chk_say(view, 1, "client order id %s has two orders at the exchange", id);
            }
        }
    }
}

static void check_intents(chk_view *view, const chk_table *orders, const columns *at)
{
    for (uint32_t i = 0; i < orders->rows_count; i++) {
        if (chk_number(orders, i, at->is_external) != 0) {
            continue;
        }
        for (uint32_t k = i + 1; k < orders->rows_count; k++) {
            if (strcmp(chk_text(orders, i, at->intent_id), chk_text(orders, k, at->intent_id)) ==
                0) {
                chk_say(view, 1, "intent %s has two orders", chk_text(orders, i, at->intent_id));
            }
        }
    }
}

static void check_venue_order(chk_view *view,
    const chk_table *venue,
    uint32_t row,
    const chk_table *orders,
    const columns *at)
{
    const char *client = chk_text(venue, row, COLUMN(venue, "client_order_id"));
    const bool is_open = chk_number(venue, row, COLUMN(venue, "is_open")) != 0;
    const bool is_ours = chk_number(venue, row, COLUMN(venue, "is_ours")) != 0;
    const int64_t own = chk_row_of(orders, at->client_order_id, client);
    if (own < 0) {
        if (is_open || is_ours) {
            chk_say(view, 5, "the exchange's order %s is not known here", client);
        }
        return;
    }
    const char *state = chk_text(orders, own, at->state);
    if (strcmp(state, "not_sent") == 0 || strcmp(state, "rejected") == 0) {
        chk_say(view, 7, "order %s is %s and exists at the exchange", client, state);
        return;
    }
    if (is_open == is_terminal(state)) {
        chk_say(view,
            5,
            "order %s is %s here and %s at the exchange",
            client,
            state,
            is_open ? "open" : "closed");
    }
    const int64_t executed = chk_number(venue, row, COLUMN(venue, "executed_e8"));
    if (is_terminal(state) && chk_number(orders, own, at->cum) != executed) {
        chk_say(view,
            5,
            "order %s ended with %lld, the exchange executed %lld",
            client,
            (long long)chk_number(orders, own, at->cum),
            (long long)executed);
    }
}

static void check_missing(
    chk_view *view, const chk_table *venue, const chk_table *orders, const columns *at)
{
    static const char *const proven[] = {
        "open", "partially_filled", "filled", "canceled", "expired", NULL};
    const int client = COLUMN(venue, "client_order_id");
    for (uint32_t i = 0; i < orders->rows_count; i++) {
        const char *id = chk_text(orders, i, at->client_order_id);
        if (chk_number(orders, i, at->is_external) != 0 ||
            !is_one_of(chk_text(orders, i, at->state), proven)) {
            continue;
        }
        /* Expired and canceled may be said of orders that never left, where emulated. */
        if (chk_text(orders, i, at->venue_order_id)[0] != '\0' &&
            chk_row_of(venue, client, id) < 0) {
            chk_say(view,
                5,
                "order %s is %s here and never existed at the exchange",
                id,
                chk_text(orders, i, at->state));
        }
    }
}

static void check_unresolved(chk_view *view, const chk_table *orders, const columns *at)
{
    static const char *const waiting[] = {"sending", "unknown", NULL};
    chk_looked(view, 6);
    for (uint32_t i = 0; i < orders->rows_count; i++) {
        if (is_one_of(chk_text(orders, i, at->state), waiting)) {
            chk_say(view,
                6,
                "order %s is still %s after faults stopped",
                chk_text(orders, i, at->client_order_id),
                chk_text(orders, i, at->state));
        }
    }
}

/* ---- I9 ---- */

static void check_reservations(chk_view *view, const chk_table *orders, const columns *at)
{
    const chk_table *rows = chk_find(view, "risk", "reservation");
    if (rows == NULL) {
        return;
    }
    chk_looked(view, 9);
    const int intent = COLUMN(rows, "intent_id");
    for (uint32_t i = 0; i < rows->rows_count; i++) {
        const char *id = chk_text(rows, i, intent);
        const int64_t order = chk_row_of(orders, at->intent_id, id);
        const bool is_held = chk_number(rows, i, COLUMN(rows, "is_terminal")) == 0;
        if (order < 0) {
            /* A permit that never arrived holds its reservation until it is known to be dead. */
            if (is_held && chk_param(view, "is_quiet", 0) != 0) {
                chk_say(view, 9, "the reservation of %s has no order and is held", id);
            }
            continue;
        }
        const bool is_living = !is_terminal(chk_text(orders, order, at->state));
        const int64_t left =
            chk_number(orders, order, at->qty) - chk_number(orders, order, at->cum);
        const int64_t remaining = chk_number(rows, i, COLUMN(rows, "remaining_e8"));
        if (is_held != is_living || remaining != (is_living ? left : 0)) {
            chk_say(view,
                9,
                "reservation of %s: %s, %lld left; its order is %s with %lld left",
                id,
                is_held ? "held" : "released",
                (long long)remaining,
                chk_text(orders, order, at->state),
                (long long)left);
        }
    }
}

/* What the harness saw at each commit: a reservation released while its order could still trade. */
static void check_releases(chk_view *view)
{
    const chk_table *rows = chk_find(view, "harness", "release");
    if (rows == NULL) {
        return;
    }
    for (uint32_t i = 0; i < rows->rows_count; i++) {
        const char *state = chk_text(rows, i, COLUMN(rows, "order_state"));
        const int64_t remaining = chk_number(rows, i, COLUMN(rows, "remaining_e8"));
        const int64_t left = chk_number(rows, i, COLUMN(rows, "left_e8"));
        const int unfilled = COLUMN(rows, "unfilled_e8");
        if (unfilled >= 0 && chk_number(rows, i, COLUMN(rows, "is_terminal")) == 0 &&
            remaining != chk_number(rows, i, unfilled)) {
            chk_say(view,
                9,
                "reservation of %s holds %lld, %lld are not filled",
                chk_text(rows, i, COLUMN(rows, "intent_id")),
                (long long)remaining,
                (long long)chk_number(rows, i, unfilled));
        }
        if (!is_terminal(state) && remaining < left) {
            chk_say(view,
                9,
                "reservation of %s fell to %lld while its order was %s with %lld to go",
                chk_text(rows, i, COLUMN(rows, "intent_id")),
                (long long)remaining,
                state,
                (long long)left);
        }
    }
}

/* ---- I10, I11 ---- */

static bool is_edge(const char *from, const char *to)
{
    static const char *const edges[][2] = {{"ready", "sending"},
        {"ready", "not_sent"},
        {"sending", "sending"},
        {"sending", "open"},
        {"sending", "partially_filled"},
        {"sending", "unknown"},
        {"sending", "rejected"},
        {"sending", "not_sent"},
        {"sending", "filled"},
        {"sending", "canceled"},
        {"sending", "expired"},
        {"unknown", "open"},
        {"unknown", "partially_filled"},
        {"unknown", "rejected"},
        {"unknown", "not_sent"},
        {"unknown", "filled"},
        {"unknown", "canceled"},
        {"unknown", "expired"},
        {"open", "partially_filled"},
        {"open", "filled"},
        {"open", "canceled"},
        {"open", "expired"},
        {"open", "open"},
        {"partially_filled", "partially_filled"},
        {"partially_filled", "filled"},
        {"partially_filled", "canceled"},
        {"partially_filled", "expired"},
        {"ready", "ready"},
        {"ready", "canceled"},
        {"ready", "expired"}};
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
        if (strcmp(edges[i][0], from) == 0 && strcmp(edges[i][1], to) == 0) {
            return true;
        }
    }
    return false;
}

/* The events of one order stand in the order of their commits. */
static void check_events(
    chk_view *view, const chk_table *events, const chk_table *orders, const columns *at)
{
    const int intent = COLUMN(events, "intent_id");
    const int state = COLUMN(events, "state");
    const int version = COLUMN(events, "version");
    const int cum = COLUMN(events, "cum_qty_e8");
    chk_looked(view, 10);
    for (uint32_t i = 0; i < events->rows_count; i++) {
        const char *id = chk_text(events, i, intent);
        int64_t before = -1;
        for (int64_t k = (int64_t)i - 1; k >= 0 && before < 0; k--) {
            before = strcmp(chk_text(events, k, intent), id) == 0 ? k : -1;
        }
        const int64_t order = chk_row_of(orders, at->intent_id, id);
        if (order >= 0 && chk_number(events, i, cum) > chk_number(orders, order, at->qty)) {
            chk_say(view, 10, "order of %s: more was filled than ordered", id);
        }
        if (before < 0) {
            if (chk_number(events, i, version) != 1) {
                chk_say(view, 10, "order of %s begins with another version than 1", id);
            }
            continue;
        }
        const bool is_claim =
            chk_number(events, i, version) == chk_number(events, before, version) &&
            strcmp(chk_text(events, i, state), "sending") == 0;
        if (!is_edge(chk_text(events, before, state), chk_text(events, i, state))) {
            chk_say(view,
                10,
                "order of %s went from %s to %s",
                id,
                chk_text(events, before, state),
                chk_text(events, i, state));
        }
        if (!is_claim &&
            chk_number(events, i, version) != chk_number(events, before, version) + 1) {
            chk_say(view, 10, "order of %s: a version is missing", id);
        }
        if (chk_number(events, i, cum) < chk_number(events, before, cum)) {
            chk_say(view, 10, "order of %s: the filled quantity fell", id);
        }
    }
}

static void check_claims(chk_view *view, const chk_table *events)
{
    const int epoch = COLUMN(events, "lease_epoch");
    const int state = COLUMN(events, "state");
    int64_t newest = 0;
    chk_looked(view, 11);
    for (uint32_t i = 0; i < events->rows_count; i++) {
        if (strcmp(chk_text(events, i, state), "sending") != 0) {
            continue;
        }
        if (chk_number(events, i, epoch) < newest) {
            chk_say(view,
                11,
                "a claim of epoch %lld was committed after one of epoch %lld",
                (long long)chk_number(events, i, epoch),
                (long long)newest);
        }
        newest = chk_number(events, i, epoch) > newest ? chk_number(events, i, epoch) : newest;
    }
    const chk_table *leases = chk_find(view, "harness", "lease");
    for (uint32_t i = 0; leases != NULL && i < leases->rows_count; i++) {
        for (uint32_t k = i + 1; k < leases->rows_count; k++) {
            const int owner = COLUMN(leases, "owner");
            const int number = COLUMN(leases, "epoch");
            if (chk_number(leases, i, number) == chk_number(leases, k, number) &&
                strcmp(chk_text(leases, i, owner), chk_text(leases, k, owner)) != 0) {
                chk_say(view,
                    11,
                    "epoch %lld had two owners",
                    (long long)chk_number(leases, i, number));
            }
        }
    }
}

void chk_orders(chk_view *view)
{
    const chk_table *orders = chk_find(view, "execution", "orders");
    const chk_table *venue = chk_find(view, "venue", "order");
    const chk_table *events = chk_find(view, "execution", "order_event");
    if (orders == NULL) {
        return;
    }
    const columns at = order_columns(orders);
    check_intents(view, orders, &at);
    check_unresolved(view, orders, &at);
    check_reservations(view, orders, &at);
    check_releases(view);
    if (venue != NULL) {
        check_client_ids(view, venue, COLUMN(venue, "client_order_id"));
        chk_looked(view, 5);
        chk_looked(view, 7);
        for (uint32_t i = 0; i < venue->rows_count; i++) {
            check_venue_order(view, venue, i, orders, &at);
        }
        check_missing(view, venue, orders, &at);
    }
    if (events != NULL) {
        check_events(view, events, orders, &at);
        check_claims(view, events);
    }
}
