/* What the files of the store share; not for services. */
#ifndef CB_STORE_INTERNAL_H
#define CB_STORE_INTERNAL_H

#include "rt/store.h"

#define STORE_COLUMNS_MAX CB_PARAMS_MAX

typedef struct store_column {
    const cb_field *field;
    uint32_t body_offset; /* of the struct that holds the field: 0, or where the envelope lies */
    bool is_key;
} store_column;

/* Rows of a HISTORY table that wait for the next batch, as plain copies of their bodies. */
typedef struct store_batch {
    uint8_t *rows;
    uint32_t count;
    uint32_t capacity;
} store_batch;

typedef struct store_table {
    const cb_table *table;
    char *sql;       /* one row by parameters; NULL until cb_store_sql is asked for it */
    char *batch_sql; /* HISTORY: many rows by one array per column */
    store_column columns[STORE_COLUMNS_MAX];
    uint32_t columns_count;
    store_batch batch;
} store_table;

typedef struct store_history store_history;

struct cb_store {
    store_table *tables;
    size_t count;
    store_history *history; /* NULL until cb_store_history_open */
};

/** PostgreSQL's name of the type that a field is stored as. */
const char *cb_store_type(const cb_field *field);
/** Text value of one column of a body appended to params. */
void cb_store_param(const store_column *column, const void *body, cb_params *params);
void cb_store_history_close(cb_store *store);

#endif /* CB_STORE_INTERNAL_H */
