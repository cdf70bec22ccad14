/* The echo cores. References travel in fields that are free here: data_ts_ns of intents and
 * permits, not_after_ns of orders, trade_id of fills, fills_count of balances. */
#include "tests/testing/echo_services.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "rt/journal.h"

#define TIMER_EMIT 1U
#define EVENT_RESTORED ((uint32_t)CB_EVENT_LOCAL + 1U)
#define ROWS_PER_THREE 13U /* 4 + 4 + 5 */

#define ECHO_SEEN_FIELDS(F) F##_U64(1, number) F##_TEXT(2, kind, 16) F##_U64(3, reference)
CB_STRUCT(echo_seen, ECHO_SEEN_FIELDS);
#define CB_SELF echo_seen
CB_DESC(echo_seen, "echo_seen", ECHO_SEEN_FIELDS)
#undef CB_SELF

typedef struct echo_config {
    uint64_t intents_count;
    uint64_t poison; /* the intent that ends risk, 0 = none */
    int64_t pause_ns;
} echo_config;

typedef struct echo_state {
    const echo_config *config;
    uint64_t count; /* intents made, or rows seen */
} echo_state;

static const cb_config_field FIELDS[] = {
    {"echo.count",
        CB_CONFIG_U64,
        offsetof(echo_config, intents_count),
        "0",
        0,
        1000000,
        NULL,
        "intents to make"},
    {"echo.pause",
        CB_CONFIG_DURATION,
        offsetof(echo_config, pause_ns),
        "2ms",
        0,
        CB_NS_PER_S,
        NULL,
        "time between two of them"},
    {"echo.poison",
        CB_CONFIG_U64,
        offsetof(echo_config, poison),
        "0",
        0,
        1000000,
        NULL,
        "the intent that ends risk; 0: none"},
};

static const cb_table TABLES[] = {{"seen", &echo_seen_desc, CB_STORE_INSERT, "number"}};
static const cb_migration MIGRATIONS[] = {{"0001_seen",
    "CREATE TABLE seen (number bigint PRIMARY KEY, kind text NOT NULL, reference bigint NOT "
    "NULL)"}};

static size_t state_size(const void *config)
{
    (void)config;
    return sizeof(echo_state);
}

static void init(void *state, const void *config, cb_arena *arena)
{
    (void)arena;
    ((echo_state *)state)->config = config;
}

static uint64_t state_hash(const void *state)
{
    return ((const echo_state *)state)->count;
}

static void put_names(char *account, size_t account_size, char *venue, size_t venue_size)
{
    (void)snprintf(account, account_size, "main");
    (void)snprintf(venue, venue_size, "binance");
}

static void note(echo_state *state, cb_outbox *out, const char *kind, uint64_t reference)
{
    echo_seen *row = CB_STORE(out, 0, echo_seen);
    row->number = ++state->count;
    (void)snprintf(row->kind, sizeof(row->kind), "%s", kind);
    row->reference = reference;
}

/* ---- signals: one intent after the other ---- */

static void signals_step(void *raw, const cb_event *event, cb_outbox *out)
{
    echo_state *state = raw;
    if (event->type == EVENT_RESTORED) {
        state->count = *CB_BODY(event, uint64_t);
        return;
    }
    if (event->type != (uint32_t)CB_EVENT_TIMER && event->type != (uint32_t)CB_EVENT_RECOVERED) {
        return;
    }
    if (state->count >= state->config->intents_count) {
        return;
    }
    cb_intent *intent = CB_PUBLISH(out, CB_SUBJECT_INTENT, CB_TABLE_NONE, cb_intent);
    put_names(intent->account, sizeof(intent->account), intent->venue, sizeof(intent->venue));
    intent->data_ts_ns = (int64_t)++state->count;
    cb_outbox_set_timer(out, TIMER_EMIT, event->ts_ns + state->config->pause_ns);
}

/* ---- risk: every intent becomes a permit and, for the other consumer, a denial ---- */

static void risk_step(void *raw, const cb_event *event, cb_outbox *out)
{
    const echo_state *state = raw;
    if (event->type != (uint32_t)CB_MSG_INTENT) {
        return;
    }
    const cb_intent *intent = CB_BODY(event, cb_intent);
    CB_ASSERT(state->config->poison == 0 || intent->data_ts_ns != (int64_t)state->config->poison);
    cb_denial *denial = CB_PUBLISH(out, CB_SUBJECT_DENIAL, CB_TABLE_NONE, cb_denial);
    put_names(denial->account, sizeof(denial->account), denial->venue, sizeof(denial->venue));
    cb_permit *permit = CB_PUBLISH(out, CB_SUBJECT_PERMIT, CB_TABLE_NONE, cb_permit);
    put_names(permit->account, sizeof(permit->account), permit->venue, sizeof(permit->venue));
    permit->data_ts_ns = intent->data_ts_ns;
    permit->env.causation_id = intent->env.event_id;
}

/* ---- execution: a permit becomes messages on three subjects ---- */

static void put_order(cb_outbox *out, uint64_t reference)
{
    cb_order *order = CB_PUBLISH(out, CB_SUBJECT_ORDER, CB_TABLE_NONE, cb_order);
    put_names(order->account, sizeof(order->account), order->venue, sizeof(order->venue));
    order->not_after_ns = (int64_t)reference;
}

static void execution_step(void *raw, const cb_event *event, cb_outbox *out)
{
    (void)raw;
    if (event->type != (uint32_t)CB_MSG_PERMIT) {
        return;
    }
    const uint64_t reference = (uint64_t)CB_BODY(event, cb_permit)->data_ts_ns;
    put_order(out, reference);
    for (int i = 0; i < 2; i++) {
        cb_fill *fill = CB_PUBLISH(out, CB_SUBJECT_FILL, CB_TABLE_NONE, cb_fill);
        put_names(fill->account, sizeof(fill->account), fill->venue, sizeof(fill->venue));
        fill->trade_id = reference;
    }
    if (reference % 3 == 0) {
        cb_balance *balance = CB_PUBLISH(out, CB_SUBJECT_BALANCE, CB_TABLE_NONE, cb_balance);
        put_names(
            balance->account, sizeof(balance->account), balance->venue, sizeof(balance->venue));
        balance->fills_count = reference;
    }
    put_order(out, reference);
}

/* ---- portfolio: writes down what it sees ---- */

static void portfolio_step(void *raw, const cb_event *event, cb_outbox *out)
{
    echo_state *state = raw;
    if (event->type == EVENT_RESTORED) {
        state->count = *CB_BODY(event, uint64_t);
    } else if (event->type == (uint32_t)CB_MSG_ORDER) {
        note(state, out, "order", (uint64_t)CB_BODY(event, cb_order)->not_after_ns);
    } else if (event->type == (uint32_t)CB_MSG_FILL) {
        note(state, out, "fill", CB_BODY(event, cb_fill)->trade_id);
    } else if (event->type == (uint32_t)CB_MSG_BALANCE) {
        note(state, out, "balance", CB_BODY(event, cb_balance)->fills_count);
    }
}

/* ---- validator: writes down the trades that it hears ---- */

static void validator_step(void *raw, const cb_event *event, cb_outbox *out)
{
    (void)raw;
    if (event->type == (uint32_t)CB_MSG_TRADE) {
        const cb_trade *trade = CB_BODY(event, cb_trade);
        echo_seen *row = CB_STORE(out, 0, echo_seen);
        row->number = trade->trade_id;
        (void)snprintf(row->kind, sizeof(row->kind), "%.15s", trade->symbol);
    }
}

/* ---- the shells ---- */

static void take_count(void *context, const cb_row *row)
{
    *(uint64_t *)context = (uint64_t)cb_row_i64(row, 0);
}

static cb_status restore(cb_shell *shell, const char *sql, cb_err *err)
{
    uint64_t count = 0;
    const cb_status status = cb_pg_exec(cb_shell_pg(shell), sql, NULL, take_count, &count, err);
    if (status == CB_OK) {
        cb_shell_recover_event(shell, EVENT_RESTORED, 1, &count, sizeof(count));
    }
    return status;
}

static cb_status recover_signals(cb_shell *shell, cb_err *err)
{
    return restore(shell, "SELECT coalesce(max(seq), 0) FROM outbox", err);
}

static cb_status recover_portfolio(cb_shell *shell, cb_err *err)
{
    return restore(shell, "SELECT coalesce(max(number), 0) FROM seen", err);
}

static const cb_core_ops SIGNALS_CORE = {state_size, init, signals_step, state_hash};
static const cb_core_ops RISK_CORE = {state_size, init, risk_step, state_hash};
static const cb_core_ops EXECUTION_CORE = {state_size, init, execution_step, state_hash};
static const cb_core_ops VALIDATOR_CORE = {state_size, init, validator_step, state_hash};
static const cb_core_ops PORTFOLIO_CORE = {state_size, init, portfolio_step, state_hash};

static const cb_query QUERIES[] = {
    {"seen",
        "SELECT number, kind, e8(reference * 100000000) AS reference FROM seen"
        " WHERE ($1 = '' OR kind = $1) AND ($2::text IS NOT NULL) AND ($4::text IS NOT NULL)"
        " ORDER BY number LIMIT $3::bigint"},
};

#define ECHO_COMMON                                                                                \
    .summary = "a service of the runtime's tests", .fields = FIELDS,                               \
    .fields_count = sizeof(FIELDS) / sizeof(FIELDS[0]), .config_size = sizeof(echo_config),        \
    .migrations = MIGRATIONS, .migrations_count = 1, .tables = TABLES, .tables_count = 1,          \
    .queries = QUERIES, .queries_count = 1

static const cb_service SERVICES[] = {
    {.name = "signals", ECHO_COMMON, .core = &SIGNALS_CORE, .recover = recover_signals},
    {.name = "validator", ECHO_COMMON, .core = &VALIDATOR_CORE},
    {.name = "risk", ECHO_COMMON, .core = &RISK_CORE},
    {.name = "execution", ECHO_COMMON, .core = &EXECUTION_CORE},
    {.name = "portfolio", ECHO_COMMON, .core = &PORTFOLIO_CORE, .recover = recover_portfolio},
};

const cb_service *echo_service(const char *name)
{
    for (size_t i = 0; i < sizeof(SERVICES) / sizeof(SERVICES[0]); i++) {
        if (strcmp(SERVICES[i].name, name) == 0) {
            return &SERVICES[i];
        }
    }
    return NULL;
}

/* ---- replaying a journal ---- */

/* Only what the signals core is fed: timers, and events without a body. */
uint64_t echo_replay(
    const char *name, const char *path, uint64_t intents_count, uint64_t *events_count)
{
    static cb_outbox out;
    const cb_core_ops *core = echo_service(name)->core;
    const echo_config config = {.intents_count = intents_count, .pause_ns = 2 * CB_NS_PER_MS};
    echo_state state = {0};
    cb_journal_head head;
    cb_journal_record record;
    cb_err err;
    *events_count = 0;
    core->init(&state, &config, NULL);
    cb_journal *journal = cb_journal_open_read(path, &head, &err);
    while (journal != NULL && cb_journal_next(journal, &record, &err) == CB_OK) {
        const cb_event event = {.seq = record.seq,
            .ts_ns = record.ts_ns,
            .type = record.type,
            .body_size = record.body_size,
            .body = record.body};
        cb_outbox_reset(&out);
        core->step(&state, &event, &out);
        ++*events_count;
    }
    cb_journal_close(journal);
    return core->state_hash(&state);
}

/* ---- what portfolio must have seen ---- */

uint64_t echo_rows_of(uint64_t intents_count)
{
    return intents_count * 4 + intents_count / 3;
}

void echo_expected(uint64_t number, const char **kind, uint64_t *reference)
{
    static const char *const KINDS[] = {"order",
        "fill",
        "fill",
        "order",
        "order",
        "fill",
        "fill",
        "order",
        "order",
        "fill",
        "fill",
        "balance",
        "order"};
    const uint64_t place = (number - 1) % ROWS_PER_THREE;
    *kind = KINDS[place];
    *reference = (number - 1) / ROWS_PER_THREE * 3 + 1 + (place < 4 ? 0 : place < 8 ? 1 : 2);
}
