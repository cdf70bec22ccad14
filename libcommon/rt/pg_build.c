/* What callers send: lone statements, and transactions that are first built as records in one block
 * and then sent in one go. Building apart lets lone statements be queued in between, and lets every
 * new statement be prepared before BEGIN, outside the transaction. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "rt/failpoint.h"
#include "rt/pg_internal.h"

#define BUILD_FIRST_BYTES ((size_t)256 * 1024)

/* A record: this, value offsets (uint32_t each, NULL_OFFSET for NULL), then the texts. */
typedef struct build_record {
    const char *sql;
    cb_result_fn fn;
    void *context;
    uint32_t count;
    uint32_t text_size;
} build_record;

#define NULL_OFFSET UINT32_MAX

static void refuse(cb_pg *pg, cb_result_fn fn, void *context)
{
    if (fn != NULL) {
        const cb_result result = {.status = CB_E_UNAVAILABLE, .message = pg->why};
        fn(context, &result, NULL);
    }
}

void cb_pg_query_values(cb_pg *pg,
    const char *sql,
    int count,
    const char *const *values,
    cb_result_fn fn,
    void *context)
{
    if (!cb_pg_enter_pipeline(pg)) {
        refuse(pg, fn, context);
        return;
    }
    pg_statement *statement = cb_pg_statement(pg, sql);
    if (!cb_pg_send_statement(pg, statement, sql, count, values, fn, context)) {
        refuse(pg, fn, context);
        return;
    }
    if (cb_pg_send_sync(pg, true, NULL, NULL)) {
        cb_pg_flush(pg);
    }
}

void cb_pg_query(
    cb_pg *pg, const char *sql, const cb_params *params, cb_result_fn fn, void *context)
{
    cb_pg_query_values(pg,
        sql,
        params != NULL ? (int)params->count : 0,
        params != NULL ? params->values : NULL,
        fn,
        context);
}

/* ---- transactions ---- */

static uint8_t *build_reserve(cb_pg *pg, size_t size)
{
    const size_t aligned = (size + 15U) & ~(size_t)15U;
    if (pg->build_used + aligned > pg->build_capacity) {
        size_t capacity = pg->build_capacity == 0 ? BUILD_FIRST_BYTES : pg->build_capacity;
        while (capacity < pg->build_used + aligned) {
            capacity *= 2;
        }
        CB_ASSERT(capacity <= PG_BUILD_MAX);
        uint8_t *build = realloc(pg->build, capacity);
        CB_ASSERT(build != NULL);
        pg->build = build;
        pg->build_capacity = capacity;
    }
    uint8_t *at = pg->build + pg->build_used;
    pg->build_used += aligned;
    return at;
}

void cb_pg_begin(cb_pg *pg)
{
    CB_ASSERT(!pg->is_building);
    pg->is_building = true;
    pg->build_used = 0;
}

void cb_pg_add_fn(
    cb_pg *pg, const char *sql, const cb_params *params, cb_result_fn fn, void *context)
{
    CB_ASSERT(pg->is_building);
    const build_record record = {.sql = sql,
        .fn = fn,
        .context = context,
        .count = params != NULL ? params->count : 0,
        .text_size = params != NULL ? params->used : 0};
    const size_t offsets_size = record.count * sizeof(uint32_t);
    uint8_t *at = build_reserve(pg, sizeof(record) + offsets_size + record.text_size);
    memcpy(at, &record, sizeof(record));
    if (params == NULL) {
        return;
    }
    uint32_t offsets[CB_PARAMS_MAX];
    for (uint32_t i = 0; i < params->count; i++) {
        const char *value = params->values[i];
        offsets[i] = value == NULL ? NULL_OFFSET : (uint32_t)(value - params->text);
    }
    memcpy(at + sizeof(record), offsets, offsets_size);
    memcpy(at + sizeof(record) + offsets_size, params->text, params->used);
}

void cb_pg_add(cb_pg *pg, const char *sql, const cb_params *params)
{
    cb_pg_add_fn(pg, sql, params, NULL, NULL);
}

/* Reads the record at *position and moves on; false at the end. */
static bool build_next(
    const cb_pg *pg, size_t *position, build_record *record, const char *values[CB_PARAMS_MAX])
{
    if (*position >= pg->build_used) {
        return false;
    }
    const uint8_t *at = pg->build + *position;
    memcpy(record, at, sizeof(*record));
    const size_t offsets_size = record->count * sizeof(uint32_t);
    uint32_t offsets[CB_PARAMS_MAX];
    memcpy(offsets, at + sizeof(*record), offsets_size);
    const char *text = (const char *)(at + sizeof(*record) + offsets_size);
    for (uint32_t i = 0; i < record->count; i++) {
        values[i] = offsets[i] == NULL_OFFSET ? NULL : text + offsets[i];
    }
    *position += (sizeof(*record) + offsets_size + record->text_size + 15U) & ~(size_t)15U;
    return true;
}

static void build_prepare_all(cb_pg *pg)
{
    build_record record;
    const char *values[CB_PARAMS_MAX];
    for (size_t position = 0; build_next(pg, &position, &record, values);) {
        (void)cb_pg_statement(pg, record.sql);
    }
}

/* Sends BEGIN, the statements and COMMIT. On false, *sent_end tells how far it came. */
static bool build_send(cb_pg *pg, size_t *sent_end)
{
    build_record record;
    const char *values[CB_PARAMS_MAX];
    *sent_end = 0;
    if (!cb_pg_send_begin(pg)) {
        return false;
    }
    for (size_t position = 0; build_next(pg, &position, &record, values);) {
        pg_statement *statement = cb_pg_statement(pg, record.sql);
        if (!cb_pg_send_statement(
                pg, statement, record.sql, (int)record.count, values, record.fn, record.context)) {
            return false;
        }
        *sent_end = position;
    }
    if (cb_failpoints_armed) {
        cb_pg_flush(pg); /* libpq would send everything with the COMMIT */
        (void)FP("*.mid_txn");
    }
    return cb_pg_send_commit(pg);
}

/* The statements that were never put on the way, and the transaction itself, end as unknown or,
 * when nothing at all was sent, as unavailable. */
static void build_refuse(cb_pg *pg,
    size_t position,
    bool was_up,
    void (*done)(void *context, const cb_result *result),
    void *context)
{
    const cb_result result = {
        .status = was_up ? CB_E_UNKNOWN : CB_E_UNAVAILABLE, .message = pg->why};
    build_record record;
    const char *values[CB_PARAMS_MAX];
    while (build_next(pg, &position, &record, values)) {
        if (record.fn != NULL) {
            record.fn(record.context, &result, NULL);
        }
    }
    if (done != NULL) {
        done(context, &result);
    }
}

void cb_pg_commit(cb_pg *pg, void (*done)(void *context, const cb_result *result), void *context)
{
    CB_ASSERT(pg->is_building);
    pg->is_building = false;
    if (!cb_pg_enter_pipeline(pg)) {
        build_refuse(pg, 0, false, done, context);
        return;
    }
    build_prepare_all(pg);
    size_t sent_end = 0;
    if (!build_send(pg, &sent_end) || !cb_pg_send_sync(pg, true, done, context)) {
        build_refuse(pg, sent_end, true, done, context);
        return;
    }
    cb_pg_flush(pg);
    (void)FP("*.in_commit");
}
