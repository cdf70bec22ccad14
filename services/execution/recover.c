/* Stored rows back into the core: living orders whole, finished ones as far as memory goes, and the
 * identities of what was dealt with, so that nothing is done twice. Recovery and the first start
 * are the same path. */
#include "services/execution/shell.h"

#include <string.h>

#include "base/strview.h"
#include "domain/order.h"

#define FINISHED_FED 256 /* finished orders that are fed whole: late reports may name them */

typedef struct recovery {
    exec_shell *self;
    cb_status status;
    cb_err *err;
    uint64_t fed_count;
    uint64_t living_count;
} recovery;

static void feed(recovery *to, uint32_t type, const void *body, size_t size)
{
    cb_shell_recover_event(to->self->shell, type, cb_shell_now_ns(to->self->shell), body, size);
    to->fed_count++;
}

/* ---- orders ---- */

static const char SQL_ORDERS[] =
    "SELECT coalesce(window_ms, 0), CASE WHEN is_external THEN greatest(cum_qty_e8 -"
    " (SELECT coalesce(sum(f.qty_e8), 0)::bigint FROM fills f WHERE f.intent_id = o.intent_id), 0)"
    " ELSE 0 END, (SELECT coalesce(sum(f.fee_e8), 0)::bigint FROM fills f"
    " WHERE f.intent_id = o.intent_id AND f.fee_asset = f.base_asset), o.state = 'sending'"
    " AND EXISTS (SELECT 1 FROM order_event e WHERE e.intent_id = o.intent_id"
    " AND e.version = o.version AND e.state = 'ready'), EXISTS (SELECT 1 FROM claim_unsent u"
    " WHERE u.intent_id = o.intent_id AND u.claim_nonce = o.claim_nonce), o.* FROM orders o WHERE "
    "account = $1 AND "
    "venue = $2 AND"
    " (state IN ('ready', 'sending', 'unknown', 'open', 'partially_filled')"
    " OR intent_id IN (SELECT intent_id FROM orders WHERE account = $1 AND venue = $2"
    " ORDER BY created_no DESC LIMIT $3::bigint)) ORDER BY created_no";

static void feed_order(void *context, const cb_row *row)
{
    recovery *to = context;
    exec_old_order old = {.window_ns = cb_row_i64(row, 0) * CB_NS_PER_MS,
        .before_qty = {cb_row_i64(row, 1)},
        .fee_base_e8 = cb_row_i64(row, 2),
        .is_claim_untold = cb_row_bool(row, 3),
        .is_never_sent = cb_row_bool(row, 4)};
    if (to->status == CB_OK) {
        to->status = cb_row_body(row, &cb_order_desc, &old.order, to->err);
    }
    /* Finished ones give their places to living ones, whatever came first. */
    to->living_count += to->status == CB_OK && !cb_order_is_terminal(old.order.state) ? 1 : 0;
    if (to->status == CB_OK && to->living_count > to->self->config->orders_max) {
        to->status = CB_FAIL(to->err,
            CB_E_FULL,
            "more living orders than orders.max = %llu",
            (unsigned long long)to->self->config->orders_max);
    }
    if (to->status == CB_OK) {
        feed(to, EXEC_EVENT_OLD_ORDER, &old, sizeof(old));
    }
}

/* Of older finished orders only the identities; newest seen_max / 2, oldest of them first. */
static const char SQL_ORDER_IDS[] =
    "SELECT intent_id, permit_id, symbol, venue_order_id FROM (SELECT * FROM orders"
    " WHERE account = $1 AND venue = $2 AND state IN ('filled', 'canceled', 'expired', 'rejected',"
    " 'not_sent') ORDER BY created_no DESC LIMIT $3::bigint) o ORDER BY created_no";

static void feed_order_id(void *context, const cb_row *row)
{
    recovery *to = context;
    exec_old_order_id old = {.intent_id = cb_row_id(row, 0), .permit_id = cb_row_id(row, 1)};
    const bool is_kept =
        cb_text_copy(old.symbol, sizeof(old.symbol), cb_sv_from(cb_row_text(row, 2))) &&
        cb_text_copy(
            old.venue_order_id, sizeof(old.venue_order_id), cb_sv_from(cb_row_text(row, 3)));
    if (!is_kept && to->status == CB_OK) {
        to->status = CB_FAIL(to->err, CB_E_CORRUPT, "an order's ids are too long");
    }
    if (to->status == CB_OK) {
        feed(to, EXEC_EVENT_OLD_ORDER_ID, &old, sizeof(old));
    }
}

/* ---- fills and floors ---- */

static const char SQL_FILLS[] =
    "SELECT symbol, trade_id FROM (SELECT * FROM fills WHERE account = $1 AND venue = $2"
    " ORDER BY recorded_no DESC LIMIT $3::bigint) f ORDER BY recorded_no";

static void feed_fill(void *context, const cb_row *row)
{
    recovery *to = context;
    exec_old_fill old = {.trade_id = (uint64_t)cb_row_i64(row, 1)};
    if (!cb_text_copy(old.symbol, sizeof(old.symbol), cb_sv_from(cb_row_text(row, 0)))) {
        to->status = CB_FAIL(to->err, CB_E_CORRUPT, "a fill's symbol is too long");
        return;
    }
    feed(to, EXEC_EVENT_OLD_FILL, &old, sizeof(old));
}

/* What is too old to be fed one by one is old up to these ids. */
static const char SQL_FLOORS[] =
    "SELECT symbol, coalesce(max(trade_id), 0), coalesce(max(order_id), 0) FROM ("
    " SELECT symbol, trade_id, NULL::bigint AS order_id FROM fills"
    " WHERE account = $1 AND venue = $2 AND recorded_no <= (SELECT coalesce(min(recorded_no), 0) - "
    "1"
    " FROM (SELECT recorded_no FROM fills WHERE account = $1 AND venue = $2"
    " ORDER BY recorded_no DESC LIMIT $3::bigint) n)"
    " UNION ALL SELECT symbol, NULL, venue_order_id::bigint FROM orders"
    " WHERE account = $1 AND venue = $2 AND venue_order_id ~ '^[0-9]{1,18}$'"
    " AND state IN ('filled', 'canceled', 'expired')"
    " AND created_no <= (SELECT coalesce(min(created_no), 0) - 1 FROM (SELECT created_no"
    " FROM orders WHERE account = $1 AND venue = $2 ORDER BY created_no DESC LIMIT $3::bigint) n)"
    ") old GROUP BY symbol";

static void feed_floor(void *context, const cb_row *row)
{
    recovery *to = context;
    exec_old_floor old = {
        .trade_floor = (uint64_t)cb_row_i64(row, 1), .order_floor = (uint64_t)cb_row_i64(row, 2)};
    if (!cb_text_copy(old.symbol, sizeof(old.symbol), cb_sv_from(cb_row_text(row, 0)))) {
        to->status = CB_FAIL(to->err, CB_E_CORRUPT, "a symbol is too long");
        return;
    }
    feed(to, EXEC_EVENT_OLD_FLOOR, &old, sizeof(old));
}

/* ---- the rest ---- */

static void feed_body(
    recovery *to, uint32_t type, const cb_desc *desc, void *body, const cb_row *row)
{
    if (to->status == CB_OK) {
        to->status = cb_row_body(row, desc, body, to->err);
    }
    if (to->status == CB_OK) {
        feed(to, type, body, desc->size);
    }
}

static void feed_kill(void *context, const cb_row *row)
{
    exec_kill_row body;
    feed_body(context, EXEC_EVENT_OLD_KILL, &exec_kill_row_desc, &body, row);
}

static void feed_trail(void *context, const cb_row *row)
{
    exec_trail_row body;
    feed_body(context, EXEC_EVENT_OLD_TRAIL, &exec_trail_row_desc, &body, row);
}

static void feed_command(void *context, const cb_row *row)
{
    exec_command_row body;
    feed_body(context, EXEC_EVENT_OLD_COMMAND, &exec_command_row_desc, &body, row);
}

static void feed_mark(void *context, const cb_row *row)
{
    exec_mark_row body;
    feed_body(context, EXEC_EVENT_OLD_MARK, &exec_mark_row_desc, &body, row);
}

static void feed_instrument(void *context, const cb_row *row)
{
    cb_instrument body;
    feed_body(context, EXEC_EVENT_OLD_INSTRUMENT, &cb_instrument_desc, &body, row);
}

static void feed_counts(void *context, const cb_row *row)
{
    const exec_old_counts old = {.orders_count = (uint64_t)cb_row_i64(row, 0),
        .fills_count = (uint64_t)cb_row_i64(row, 1),
        .limits_version = (uint64_t)cb_row_i64(row, 2)};
    feed(context, EXEC_EVENT_OLD_COUNTS, &old, sizeof(old));
}

static void feed_lease(recovery *to)
{
    const exec_lease lease = {.epoch = to->self->lease_epoch,
        .is_held = true,
        .is_bus_clock = cb_shell_is_bus_clock(to->self->shell)};
    feed(to, EXEC_EVENT_LEASE, &lease, sizeof(lease));
}

typedef struct recovery_read {
    const char *sql;
    void (*fn)(void *context, const cb_row *row);
    bool has_account; /* parameters $1 account, $2 venue … */
    uint64_t limit;   /* … and $3 when not 0 */
} recovery_read;

static cb_status read_rows(recovery *to, const recovery_read *read)
{
    exec_shell *self = to->self;
    cb_params_reset(&self->params);
    if (read->has_account) {
        cb_params_text(&self->params, self->config->account);
        cb_params_text(&self->params, self->config->venue);
    }
    if (read->limit > 0) {
        cb_params_u64(&self->params, read->limit);
    }
    to->fed_count = 0;
    const cb_status status =
        cb_pg_exec(cb_shell_pg(self->shell), read->sql, &self->params, read->fn, to, to->err);
    return status == CB_OK ? to->status : status;
}

cb_status exec_recover(cb_shell *shell, cb_err *err)
{
    exec_shell *self = exec_of(shell);
    const uint64_t seen_max = self->config->seen_max;
    const uint64_t places = self->config->orders_max / 4;
    const uint64_t finished_max = places < FINISHED_FED ? places : FINISHED_FED;
    const recovery_read reads[] = {
        {"SELECT count(*), (SELECT count(*) FROM fills WHERE account = $1 AND venue = $2),"
         " (SELECT coalesce(max(value), 0) FROM watermark WHERE name = 'limits_version')"
         " FROM orders WHERE account = $1 AND venue = $2",
            feed_counts,
            true,
            0},
        {SQL_FLOORS, feed_floor, true, seen_max / 2},
        {SQL_FILLS, feed_fill, true, seen_max / 2},
        {SQL_ORDER_IDS, feed_order_id, true, seen_max / 2},
        {SQL_ORDERS, feed_order, true, finished_max},
        {"SELECT t.* FROM trail t JOIN orders o USING (intent_id) WHERE o.account = $1"
         " AND o.venue = $2 AND o.state = 'ready' AND o.is_held ORDER BY t.intent_id",
            feed_trail,
            true,
            0},
        {"SELECT * FROM command WHERE is_open ORDER BY taken_ns, command_id",
            feed_command,
            false,
            0},
        {"SELECT * FROM kill ORDER BY scope, source", feed_kill, false, 0},
        {"SELECT * FROM trade_mark ORDER BY symbol", feed_mark, false, 0},
        {"SELECT * FROM instruments ORDER BY venue, symbol", feed_instrument, false, 0},
    };
    recovery to = {.self = self, .status = CB_OK, .err = err};
    feed_lease(&to);
    feed(&to, EXEC_EVENT_CAPS, &self->caps, sizeof(self->caps));
    for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
        const cb_status status = read_rows(&to, &reads[i]);
        if (status != CB_OK) {
            return cb_err_context(err, "recovery");
        }
    }
    return exec_mark_check(self, err);
}
