/* From the simulation to the checker: the services' tables as they are, the exchange's books, and
 * what was noted as it happened (commits, acknowledgements, throttling). */
#include "tests/sim/dst_check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "tests/sim/checker/checker.h"
#include "tests/sim/dst_venue.h"

#define MEMO_ROWS_MAX 8192

/* ---- tables of our own ---- */

typedef struct memo {
    const char *schema;
    const char *name;
    const char *columns; /* "a b c" */
    sql_shape shape;
    const sql_value **rows; /* [owned] */
    uint32_t count;
} memo;

typedef enum memo_id {
    MEMO_RELEASE,
    MEMO_KILL,
    MEMO_LEASE,
    MEMO_THROTTLE,
    MEMO_REQUEST,
    MEMO_NOTE,
    MEMO_PARAM,
    MEMO_EDGE,
    MEMO_ORDER,
    MEMO_TRADE,
    MEMO_BALANCE,
    MEMO_POST,
    MEMO_COUNT
} memo_id;

static memo memos[MEMO_COUNT] = {
    [MEMO_RELEASE] = {"harness",
        "release",
        "intent_id order_state remaining_e8 left_e8 is_terminal unfilled_e8"},
    [MEMO_KILL] = {"harness", "kill", "at_ns scope source level"},
    [MEMO_LEASE] = {"harness", "lease", "epoch owner"},
    [MEMO_THROTTLE] = {"harness", "throttle", "process known_ns until_ns"},
    [MEMO_REQUEST] = {"harness", "request", "process made_ns sent_ns"},
    [MEMO_NOTE] = {"harness", "note", "invariant text"},
    [MEMO_PARAM] = {"harness", "param", "name value"},
    [MEMO_EDGE] = {"harness", "edge", "producer token consumer"},
    [MEMO_ORDER] = {"venue", "order", "client_order_id is_open is_ours executed_e8"},
    [MEMO_TRADE] = {"venue",
        "trade",
        "symbol trade_id qty_e8 price_e8 fee_e8 fee_base_e8 is_buy client_order_id"},
    [MEMO_BALANCE] = {"venue", "balance", "asset total_e8"},
    [MEMO_POST] = {"venue",
        "post",
        "client_order_id at_ns venue_ns sent_ns qty_e8 price_e8 market_e8 side is_applied"},
};

static void open_memos(void)
{
    for (uint32_t i = 0; i < MEMO_COUNT; i++) {
        memo *self = &memos[i];
        if (self->rows == NULL) {
            self->rows = calloc(MEMO_ROWS_MAX, sizeof(void *));
            CB_ASSERT(self->rows != NULL);
            for (const char *at = self->columns; *at != '\0';) {
                const size_t size = strcspn(at, " ");
                self->shape.names[self->shape.count++] = sql_intern(at, size);
                at += size + (at[size] == ' ' ? 1 : 0);
            }
        }
        self->count = 0;
    }
}

static sql_value of_int(int64_t number)
{
    return (sql_value){.kind = SQL_INT, .number = number};
}

static sql_value of_text(const char *text)
{
    return (sql_value){.kind = SQL_TEXT, .size = (uint32_t)strlen(text), .text = text};
}

static void add(memo_id id, const sql_value *values)
{
    memo *self = &memos[id];
    if (self->count == MEMO_ROWS_MAX) {
        return;
    }
    sql_value *row = dst_alloc(self->shape.count * sizeof(*row));
    memcpy(row, values, self->shape.count * sizeof(*row));
    self->rows[self->count++] = row;
}

#define ADD(id, ...) add((id), (const sql_value[]){__VA_ARGS__})

/* ---- reading cells for the checker ---- */

typedef struct reader {
    const sql_shape *shape;
    const sql_value *const *rows;
} reader;

static int find_column(const sql_shape *shape, const char *name)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        if (strcmp(shape->names[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static int column_of(const void *context, const char *name)
{
    /* Names are constants of the checker: their address is remembered with the shape's. */
    static struct {
        const sql_shape *shape;
        const char *name;
        int column;
    } known[512];
    const sql_shape *shape = ((const reader *)context)->shape;
    const size_t slot = (((uintptr_t)shape >> 4) ^ ((uintptr_t)name * 31)) % 512;
    if (known[slot].shape == shape && known[slot].name == name) {
        return known[slot].column;
    }
    known[slot].shape = shape;
    known[slot].name = name;
    known[slot].column = find_column(shape, name);
    return known[slot].column;
}

static const char *text_of(const void *context, uint32_t row, int column)
{
    return sql_print(&dst->memory, &((const reader *)context)->rows[row][column]);
}

static int64_t number_of(const void *context, uint32_t row, int column)
{
    const sql_value *value = &((const reader *)context)->rows[row][column];
    if (value->kind == SQL_TEXT) {
        return strtoll(value->text, NULL, 10);
    }
    return value->kind == SQL_NULL ? 0 : value->number;
}

static void give(chk_input *input,
    const char *schema,
    const char *name,
    const sql_shape *shape,
    const sql_value *const *rows,
    uint32_t count)
{
    CB_ASSERT(input->tables_count < CHK_TABLES_MAX);
    reader *made = dst_alloc(sizeof(*made));
    *made = (reader){shape, rows};
    input->tables[input->tables_count++] =
        (chk_table){schema, name, count, made, column_of, text_of, number_of};
}

/* ---- what happens ---- */

static const sql_value *cell(const sql_table *table, const sql_value *row, const char *name)
{
    const uint32_t column = sql_find_column(&table->shape, sql_intern(name, strlen(name)));
    CB_ASSERT(column != UINT32_MAX);
    return &row[column];
}

static sql_table *table_of(const char *schema, const char *name)
{
    return sql_find_table(dst_pg_db(schema), sql_intern(name, strlen(name)));
}

/* What risk itself has counted as filled, at the same commit. */
static int64_t filled_e8(const sql_value *intent)
{
    const sql_table *fills = table_of("risk", "fill");
    const uint32_t intent_at = sql_find_column(&fills->shape, sql_intern("intent_id", 9));
    const uint32_t qty_at = sql_find_column(&fills->shape, sql_intern("qty_e8", 6));
    int64_t sum = 0;
    for (uint32_t i = 0; i < fills->rows_count; i++) {
        sum += sql_same(fills->rows[i][intent_at], *intent) ? fills->rows[i][qty_at].number : 0;
    }
    return sum;
}

static void note_release(const sql_table *table, const sql_value *row)
{
    const sql_table *orders = table_of("execution", "orders");
    const sql_value *intent = cell(table, row, "intent_id");
    for (uint32_t i = 0; i < orders->rows_count; i++) {
        const sql_value *order = orders->rows[i];
        if (sql_same(*cell(orders, order, "intent_id"), *intent)) {
            ADD(MEMO_RELEASE,
                *intent,
                *cell(orders, order, "state"),
                *cell(table, row, "remaining_e8"),
                of_int(cell(orders, order, "qty_e8")->number -
                       cell(orders, order, "cum_qty_e8")->number),
                *cell(table, row, "is_terminal"),
                of_int(cell(table, row, "qty_e8")->number - filled_e8(intent)));
        }
    }
}

void dst_note_commit(const sql_db *db)
{
    static const char *names[6];
    if (names[0] == NULL) {
        names[1] = sql_intern("reservation", 11);
        names[2] = sql_intern("kill", 4);
        names[3] = sql_intern("lease", 5);
        names[4] = sql_intern("execution", 9);
        names[0] = sql_intern("risk", 4);
    }
    for (uint32_t i = 0; i < db->undo_count; i++) {
        const sql_undo *undo = &db->undo[i];
        const sql_value *row = undo->table->rows[undo->row];
        if (db->schema == names[0] && undo->table->name == names[1]) {
            note_release(undo->table, row);
        } else if (db->schema == names[4] && undo->table->name == names[2]) {
            ADD(MEMO_KILL,
                of_int(dst->now_ns),
                *cell(undo->table, row, "scope"),
                *cell(undo->table, row, "source"),
                *cell(undo->table, row, "level"));
        } else if (db->schema == names[4] && undo->table->name == names[3] &&
                   memos[MEMO_LEASE].count < 200) {
            ADD(MEMO_LEASE, *cell(undo->table, row, "epoch"), *cell(undo->table, row, "owner"));
        }
    }
}

void dst_note(int invariant, const char *text)
{
    ADD(MEMO_NOTE, of_int(invariant), of_text(dst_text(text)));
}

void dst_note_request(const dst_process *process, int64_t made_ns)
{
    ADD(MEMO_REQUEST,
        of_int(process->index * 1000000 + process->generation),
        of_int(made_ns),
        of_int(dst->now_ns));
}

void dst_note_throttle(const dst_process *process, int64_t retry_after_s)
{
    ADD(MEMO_THROTTLE,
        of_int(process->index * 1000000 + process->generation),
        of_int(dst->now_ns),
        of_int(dst->now_ns + retry_after_s * DST_S));
}

void dst_note_page(uint32_t level)
{
    ADD(MEMO_KILL, of_int(dst->now_ns), of_text("*"), of_text("page"), of_int(level));
}

/* "KEY seq after": the message has had its effect, or is buried. */
void dst_note_ack(const char *consumer, const char *hop)
{
    const size_t size = strcspn(hop, " ");
    const int64_t seq = strtoll(hop + size, NULL, 10);
    static const char *const tables[] = {"inbox", "dead_letter"};
    for (size_t i = 0; i < 2; i++) {
        const sql_table *table = table_of(consumer, tables[i]);
        const uint32_t key_at = sql_find_column(&table->shape, sql_intern("key", 3));
        const uint32_t seq_at = sql_find_column(&table->shape, sql_intern("seq", 3));
        for (uint32_t k = table->rows_count; k-- > 0;) {
            const sql_value *row = table->rows[k];
            if (row[seq_at].number == seq && row[key_at].size == size &&
                memcmp(row[key_at].text, hop, size) == 0) {
                return;
            }
        }
    }
    char text[160];
    (void)snprintf(text, sizeof(text), "%s acknowledged %s without a row", consumer, hop);
    dst_note(24, text);
}

void dst_check_reset(void)
{
    open_memos();
}

/* ---- the exchange's books ---- */

static void describe_orders(void)
{
    const sim_core *core = &dst->venue->core;
    for (uint32_t i = 0; i < core->orders_count; i++) {
        const sim_order *order = &core->orders[i];
        ADD(MEMO_ORDER,
            of_text(order->client_id),
            of_int(order->is_open),
            of_int(strncmp(order->client_id, "ext-", 4) != 0),
            of_int(order->executed_e8));
    }
}

static void describe_trades(void)
{
    const sim_core *core = &dst->venue->core;
    for (uint32_t i = 0; i < core->trades_count; i++) {
        const sim_trade *trade = &core->trades[i];
        const sim_order *order = &core->orders[trade->order];
        const sim_symbol *symbol = &core->symbols[order->symbol];
        const bool is_base_fee = trade->fee_asset == symbol->base_asset;
        ADD(MEMO_TRADE,
            of_text(symbol->spec.symbol),
            of_int((int64_t)trade->id),
            of_int(trade->qty_e8),
            of_int(trade->price_e8),
            of_int(trade->fee_e8),
            of_int(is_base_fee ? trade->fee_e8 : 0),
            of_int(order->side == CB_SIDE_BUY),
            of_text(order->client_id));
    }
}

static void describe_balances(void)
{
    const sim_core *core = &dst->venue->core;
    const sim_account *account = &core->accounts[dst->venue->account];
    for (uint32_t i = 0; i < core->assets_count; i++) {
        const sim_balance *balance = &account->balances[i];
        ADD(MEMO_BALANCE, of_text(core->assets[i]), of_int(balance->free_e8 + balance->locked_e8));
    }
}

static void describe_posts(void)
{
    for (uint32_t i = 0; i < dst->venue->posts_count; i++) {
        const dst_post *post = &dst->venue->posts[i];
        ADD(MEMO_POST,
            of_text(post->client_order_id),
            of_int(post->world_ns),
            of_int(post->at_ns),
            of_int(post->sent_ns),
            of_int(post->qty_e8),
            of_int(post->price_e8),
            of_int(post->market_e8),
            of_text(post->side),
            of_int(post->is_applied));
    }
}

static void describe_edges(void)
{
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        for (uint32_t k = 0; k < dst->processes_count && row->subject_class == CB_CLASS_STREAM;
             k++) {
            const char *name = dst->processes[k]->service->name;
            if (cb_subject_is_consumer(row, name) && strcmp(dst->processes[k]->name, name) == 0) {
                ADD(MEMO_EDGE, of_text(row->owner), of_text(row->token), of_text(name));
            }
        }
    }
}

static void describe_params(void)
{
    const int64_t slack_ns = DST_S + 300 * DST_MS;
    ADD(MEMO_PARAM, of_text("database_offset_ns"), of_int(dst_pg_now_ns() - dst->now_ns));
    ADD(MEMO_PARAM, of_text("deadline_slack_ns"), of_int(slack_ns));
    ADD(MEMO_PARAM, of_text("order_notional_max_e8"), of_int(INT64_C(25000) * CB_E8));
    ADD(MEMO_PARAM, of_text("position_notional_max_e8"), of_int(INT64_C(40000) * CB_E8));
    ADD(MEMO_PARAM, of_text("collar_ppm"), of_int(50000));
    ADD(MEMO_PARAM, of_text("data_age_max_ns"), of_int(180 * DST_S));
}

static void describe(void)
{
    for (memo_id id = MEMO_PARAM; id < MEMO_COUNT; id++) {
        memos[id].count = 0;
    }
    describe_params();
    describe_edges();
    describe_orders();
    describe_trades();
    describe_balances();
    describe_posts();
}

static const chk_input *make_input(void)
{
    static const char *const tables[][2] = {{"signals", "outbox"},
        {"signals", "inbox"},
        {"risk", "outbox"},
        {"risk", "inbox"},
        {"risk", "reservation"},
        {"risk", "fill"},
        {"risk", "permit"},
        {"execution", "outbox"},
        {"execution", "inbox"},
        {"execution", "orders"},
        {"execution", "order_event"},
        {"execution", "fills"},
        {"portfolio", "inbox"},
        {"portfolio", "fill"},
        {"portfolio", "balance"},
        {"portfolio", "ledger_sum"},
        {"portfolio", "difference"}};
    static chk_input input;
    input.tables_count = 0;
    describe();
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        const sql_table *table = table_of(tables[i][0], tables[i][1]);
        give(&input,
            tables[i][0],
            tables[i][1],
            &table->shape,
            (const sql_value *const *)table->rows,
            table->rows_count);
    }
    for (uint32_t i = 0; i < MEMO_COUNT; i++) {
        give(
            &input, memos[i].schema, memos[i].name, &memos[i].shape, memos[i].rows, memos[i].count);
    }
    return &input;
}

/* ---- the verdict ---- */

static uint32_t count_of(const char *schema, const char *name)
{
    return table_of(schema, name)->rows_count;
}

static bool is_resolved(void)
{
    const sql_table *orders = table_of("execution", "orders");
    for (uint32_t i = 0; i < orders->rows_count; i++) {
        const char *state = cell(orders, orders->rows[i], "state")->text;
        /* One that waits here for its trigger may wait for ever. */
        const bool is_held = cell(orders, orders->rows[i], "is_held")->number != 0;
        if ((strcmp(state, "ready") == 0 && !is_held) || strcmp(state, "sending") == 0 ||
            strcmp(state, "unknown") == 0) {
            return false;
        }
    }
    return true;
}

/* Nothing at the exchange waits in the engine: an order that we took for dead would still come. */
bool dst_is_at_rest(void)
{
    if (dst->venue->queued_count > 0) {
        return false;
    }
    for (uint32_t i = 0; i < dst->processes_count; i++) {
        if (dst->processes[i]->is_wanted && !dst->processes[i]->is_alive) {
            return false;
        }
    }
    const uint32_t trades = dst->venue->core.trades_count;
    return count_of("execution", "fills") == trades && count_of("portfolio", "fill") == trades &&
           count_of("risk", "fill") == trades && is_resolved();
}

bool dst_check(char *what, size_t what_size)
{
    static chk_report report;
    if (chk_run(make_input(), &report)) {
        return true;
    }
    size_t used = 0;
    for (uint32_t i = 0; i < report.findings_count && used < what_size; i++) {
        used += (size_t)snprintf(what + used,
            what_size - used,
            "%sI%d %s",
            i > 0 ? "; " : "",
            report.findings[i].invariant,
            report.findings[i].text);
    }
    return false;
}

void dst_dump(FILE *to)
{
    static const char *const tables[][2] = {{"signals", "intent"},
        {"risk", "permit"},
        {"risk", "denial"},
        {"risk", "reservation"},
        {"risk", "balance"},
        {"execution", "orders"},
        {"execution", "order_event"},
        {"execution", "fills"},
        {"execution", "kill"},
        {"execution", "reconciliation"},
        {"execution", "venue_request"},
        {"execution", "lease"},
        {"portfolio", "fill"},
        {"portfolio", "balance"},
        {"portfolio", "difference"}};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        dst_dump_table(tables[i][0], tables[i][1], to);
    }
    for (uint32_t i = 0; i < MEMO_COUNT; i++) {
        for (uint32_t row = 0; row < memos[i].count && i != MEMO_REQUEST && i != MEMO_EDGE; row++) {
            (void)fprintf(to, "%s.%s", memos[i].schema, memos[i].name);
            for (uint32_t k = 0; k < memos[i].shape.count; k++) {
                const char *text = sql_print(&dst->memory, &memos[i].rows[row][k]);
                (void)fprintf(to, " %s=%s", memos[i].shape.names[k], text != NULL ? text : "-");
            }
            (void)fputc('\n', to);
        }
    }
}

uint64_t dst_orders_count(void)
{
    return count_of("execution", "orders");
}
