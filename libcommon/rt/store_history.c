/* Batches of HISTORY rows. A row is a copy of its body until its batch is sent: the hot path pays a
 * memcpy, and the text is made at most 200 ms later, many rows at a time, as one array per column.
 *
 * The database being slow must not stop market data: at most a few batches are in flight, the next
 * rows wait in the batch, and when that is full too, rows are dropped and counted. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "rt/pg_internal.h"
#include "rt/store_internal.h"

#define HISTORY_DELAY_NS (200 * CB_NS_PER_MS)
#define HISTORY_IN_FLIGHT_MAX 8
#define HISTORY_ROWS_MAX 1024
#define HISTORY_ROWS_MIN 8
#define HISTORY_BATCH_BYTES (1024U * 1024U) /* of bodies */
#define HISTORY_TEXT_FIRST ((size_t)256 * 1024)
#define HISTORY_TEXT_MAX ((size_t)32 * 1024 * 1024)

typedef struct history_flight {
    store_history *history;
    uint64_t rows_count; /* 0: the slot is free */
} history_flight;

struct store_history {
    cb_store *store;
    cb_pg *pg;
    cb_timer *timer;
    bool is_timer_armed;
    uint64_t lost_count;
    uint32_t in_flight_count;
    history_flight flights[HISTORY_IN_FLIGHT_MAX];
    cb_params params; /* scratch: one value at a time */
    char *text;       /* scratch: the arrays of one batch */
    size_t text_used;
    size_t text_capacity;
};

/* ---- array literals ---- */

static void text_put(store_history *history, const char *bytes, size_t size)
{
    if (history->text_used + size > history->text_capacity) {
        size_t capacity = history->text_capacity == 0 ? HISTORY_TEXT_FIRST : history->text_capacity;
        while (capacity < history->text_used + size) {
            capacity *= 2;
        }
        CB_ASSERT(capacity <= HISTORY_TEXT_MAX);
        char *text = realloc(history->text, capacity);
        CB_ASSERT(text != NULL);
        history->text = text;
        history->text_capacity = capacity;
    }
    memcpy(history->text + history->text_used, bytes, size);
    history->text_used += size;
}

static void text_put_quoted(store_history *history, const char *value)
{
    text_put(history, "\"", 1);
    for (const char *at = value; *at != '\0';) {
        const size_t plain = strcspn(at, "\"\\");
        text_put(history, at, plain);
        at += plain;
        if (*at != '\0') {
            text_put(history, "\\", 1);
            text_put(history, at, 1);
            at++;
        }
    }
    text_put(history, "\"", 1);
}

static bool needs_quotes(const cb_field *field)
{
    return field->kind == CB_KIND_TEXT || field->kind == CB_KIND_BLOB32 ||
           field->kind == CB_KIND_MSG || field->kind == CB_KIND_REP;
}

static void text_put_value(store_history *history, const store_column *column, const uint8_t *body)
{
    cb_params_reset(&history->params);
    cb_store_param(column, body, &history->params);
    const char *value = history->params.values[0];
    if (value == NULL) {
        text_put(history, "NULL", 4);
    } else if (needs_quotes(column->field)) {
        text_put_quoted(history, value);
    } else {
        text_put(history, value, strlen(value));
    }
}

/* Writes the array of one column and returns where it begins. */
static size_t text_put_column(
    store_history *history, const store_table *table, const store_column *column)
{
    const size_t begin = history->text_used;
    text_put(history, "{", 1);
    for (uint32_t i = 0; i < table->batch.count; i++) {
        if (i > 0) {
            text_put(history, ",", 1);
        }
        text_put_value(history, column, table->batch.rows + (size_t)i * table->table->desc->size);
    }
    text_put(history, "}", 2); /* with the NUL */
    return begin;
}

/* ---- sending ---- */

static void batch_send(store_history *history, store_table *table);

static void on_batch(void *context, const cb_result *result, const cb_row *const *rows)
{
    (void)rows;
    history_flight *flight = context;
    store_history *history = flight->history;
    if (result->status != CB_OK) {
        history->lost_count += flight->rows_count;
    }
    flight->rows_count = 0;
    history->in_flight_count--;
    for (size_t i = 0; i < history->store->count; i++) {
        store_table *table = &history->store->tables[i];
        if (table->batch.count > 0 && table->batch.count == table->batch.capacity) {
            batch_send(history, table);
        }
    }
}

static history_flight *flight_free(store_history *history)
{
    for (size_t i = 0; i < HISTORY_IN_FLIGHT_MAX; i++) {
        if (history->flights[i].rows_count == 0) {
            return &history->flights[i];
        }
    }
    return NULL;
}

/* Does nothing while too much is in flight: the rows stay where they are. */
static void batch_send(store_history *history, store_table *table)
{
    history_flight *flight = flight_free(history);
    if (table->batch.count == 0 || flight == NULL) {
        return;
    }
    size_t begins[STORE_COLUMNS_MAX];
    history->text_used = 0;
    for (uint32_t i = 0; i < table->columns_count; i++) {
        begins[i] = text_put_column(history, table, &table->columns[i]);
    }
    const char *values[STORE_COLUMNS_MAX];
    for (uint32_t i = 0; i < table->columns_count; i++) {
        values[i] = history->text + begins[i];
    }
    flight->history = history;
    flight->rows_count = table->batch.count;
    history->in_flight_count++;
    table->batch.count = 0;
    cb_pg_query_values(
        history->pg, table->batch_sql, (int)table->columns_count, values, on_batch, flight);
}

static void send_all(store_history *history)
{
    for (size_t i = 0; i < history->store->count; i++) {
        batch_send(history, &history->store->tables[i]);
    }
}

static bool has_rows(const store_history *history)
{
    for (size_t i = 0; i < history->store->count; i++) {
        if (history->store->tables[i].batch.count > 0) {
            return true;
        }
    }
    return false;
}

static void timer_arm(store_history *history)
{
    if (!history->is_timer_armed) {
        history->is_timer_armed = true;
        cb_timer_reset(history->timer, HISTORY_DELAY_NS);
    }
}

static void on_timer(void *context)
{
    store_history *history = context;
    history->is_timer_armed = false;
    send_all(history);
    if (has_rows(history)) {
        timer_arm(history); /* too much is in flight; try again */
    }
}

/* ---- what the runtime calls ---- */

static void batch_open(store_table *table)
{
    const uint32_t size = table->table->desc->size;
    uint32_t rows = HISTORY_BATCH_BYTES / size;
    rows = rows > HISTORY_ROWS_MAX ? HISTORY_ROWS_MAX : rows;
    rows = rows < HISTORY_ROWS_MIN ? HISTORY_ROWS_MIN : rows;
    table->batch.rows = calloc(rows, size);
    CB_ASSERT(table->batch.rows != NULL);
    table->batch.capacity = rows;
}

void cb_store_history_open(cb_store *store, cb_loop *loop, cb_pg *pg)
{
    CB_ASSERT(store->history == NULL);
    CB_ASSERT(pg != NULL);
    store_history *history = calloc(1, sizeof(*history));
    CB_ASSERT(history != NULL);
    history->store = store;
    history->pg = pg;
    history->timer = cb_loop_timer(loop, HISTORY_DELAY_NS, 0, on_timer, history);
    history->is_timer_armed = true;
    for (size_t i = 0; i < store->count; i++) {
        if (store->tables[i].table->mode == CB_STORE_HISTORY) {
            batch_open(&store->tables[i]);
        }
    }
    store->history = history;
}

void cb_store_history_close(cb_store *store)
{
    store_history *history = store->history;
    if (history == NULL) {
        return;
    }
    cb_timer_remove(history->timer);
    free(history->text);
    free(history);
    store->history = NULL;
}

/* A number that no bigint holds would take its whole batch down with it. */
static bool fits(const store_table *table, const uint8_t *body)
{
    for (uint32_t i = 0; i < table->columns_count; i++) {
        const store_column *column = &table->columns[i];
        int64_t value = 0;
        if (column->field->kind == CB_KIND_U64) {
            memcpy(&value, body + column->body_offset + column->field->offset, sizeof(value));
        }
        if (value < 0) {
            return false;
        }
    }
    return true;
}

void cb_store_history_add(cb_store *store, uint32_t table_index, const void *body)
{
    store_history *history = store->history;
    CB_ASSERT(history != NULL);
    CB_ASSERT(table_index < store->count);
    store_table *table = &store->tables[table_index];
    CB_ASSERT(table->table->mode == CB_STORE_HISTORY);
    if (table->batch.count == table->batch.capacity || !fits(table, body)) {
        history->lost_count++;
        return;
    }
    const uint32_t size = table->table->desc->size;
    memcpy(table->batch.rows + (size_t)table->batch.count * size, body, size);
    table->batch.count++;
    if (table->batch.count == table->batch.capacity) {
        batch_send(history, table);
    }
    timer_arm(history);
}

void cb_store_history_flush(cb_store *store)
{
    if (store->history != NULL) {
        send_all(store->history);
    }
}

uint64_t cb_store_history_pending(const cb_store *store)
{
    if (store->history == NULL) {
        return 0;
    }
    uint64_t count = 0;
    for (size_t i = 0; i < HISTORY_IN_FLIGHT_MAX; i++) {
        count += store->history->flights[i].rows_count;
    }
    for (size_t i = 0; i < store->count; i++) {
        count += store->tables[i].batch.count;
    }
    return count;
}

uint64_t cb_store_history_lost(const cb_store *store)
{
    return store->history != NULL ? store->history->lost_count : 0;
}
