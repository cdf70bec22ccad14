/* What the files of the PostgreSQL wrapper share; not for services. */
#ifndef CB_PG_INTERNAL_H
#define CB_PG_INTERNAL_H

#include <libpq-fe.h>

#include "rt/pg.h"

#define PG_ITEMS_MAX 32768 /* statements and syncs on their way; a power of two */
#define PG_STATEMENTS_MAX                                                                          \
    512 /* prepared statements; further ones go unprepared; a power of two                         \
         */
#define PG_BUILD_MAX (64U << 20) /* bytes of one transaction being built */
#define PG_TEXT_MAX 512
#define PG_SCHEMA_MAX 64

struct cb_row {
    const PGresult *result; /* [borrowed until the callback returns] */
    int row;
};

typedef enum pg_item_kind {
    PG_ITEM_STATEMENT,
    PG_ITEM_PREPARE, /* its failure shows again, better, at the statement that needs it */
    PG_ITEM_BEGIN,
    PG_ITEM_COMMIT,
    PG_ITEM_ROLLBACK,
    PG_ITEM_SYNC /* ends a group: what stands before it happened together or not at all */
} pg_item_kind;

typedef struct pg_statement {
    const char *sql; /* the key is the pointer: SQL is a constant [borrowed for ever] */
    char *text;      /* [owned] a copy: a pointer that was freed and reused is noticed */
    uint32_t number; /* prepared under the name "s<number>" */
    bool is_prepared;
    char error[PG_TEXT_MAX]; /* why preparing failed, "" otherwise */
} pg_statement;

typedef struct pg_item {
    pg_item_kind kind;
    pg_statement *statement; /* PREPARE, STATEMENT; NULL when unprepared */
    PGresult *result;        /* first answer, kept until the group's sync */
    cb_result_fn fn;
    void *context;
    void (*done)(void *context, const cb_result *result); /* SYNC of a transaction */
    bool is_counted;                                      /* SYNC: the caller waits for it */
} pg_item;

struct cb_pg {
    cb_loop *loop;
    cb_watch *watch;
    PGconn *conn;
    int backend_pid; /* as it was when the connection was made */
    char schema[PG_SCHEMA_MAX];
    char why[PG_TEXT_MAX];       /* why the connection is lost, or the last notice */
    char error[2 * PG_TEXT_MAX]; /* message of the result being delivered */
    bool is_lost;
    bool is_pipeline;
    bool is_executing; /* a blocking statement's rows are being read */
    bool is_building;
    bool is_delivering; /* callbacks of a group run; a loss found in them is told afterwards */
    bool wants_write;
    void (*lost_fn)(void *context, const char *why);
    void *lost_context;

    /* A ring of what is on its way: head ≤ cursor ≤ tail, as ever-growing numbers. */
    pg_item *items;
    uint32_t head;   /* first item of the group being answered */
    uint32_t cursor; /* item whose answer comes next */
    uint32_t tail;
    uint32_t pending_count;

    pg_statement *statements; /* open addressing by pointer */
    uint32_t statements_count;
    uint32_t names_count; /* gives pg_statement.number */

    /* The transaction being built, one record after the other (see pg_build.c). */
    uint8_t *build;
    size_t build_used;
    size_t build_capacity;

    struct cb_row *rows; /* scratch for callbacks */
    const struct cb_row **row_pointers;
    int rows_capacity;
};

/* pg.c */
void cb_pg_lose(cb_pg *pg, const char *why);
/** Turns an error result into err: "sqlstate: message (detail)". */
cb_status cb_pg_fail(const cb_pg *pg, const PGresult *result, cb_err *err);

/* pg_pipeline.c */
void cb_pg_on_ready(void *context, int fd, uint32_t events);

/* pg_send.c */
pg_item *cb_pg_push(cb_pg *pg, pg_item_kind kind);
/** Ends the failed transaction block on the server. */
void cb_pg_send_rollback(cb_pg *pg);
CB_MUST_USE cb_status cb_pg_leave_pipeline(cb_pg *pg, cb_err *err);
/** Each returns false when the connection is lost (the caller is told through its callback). */
bool cb_pg_send_begin(cb_pg *pg);
bool cb_pg_send_statement(cb_pg *pg,
    pg_statement *statement,
    const char *sql,
    int count,
    const char *const *values,
    cb_result_fn fn,
    void *context);
bool cb_pg_send_sync(cb_pg *pg,
    bool is_counted,
    void (*done)(void *context, const cb_result *result),
    void *context);
/** The statement's entry, its preparing put on the way when it is new; NULL: send it unprepared. */
pg_statement *cb_pg_statement(cb_pg *pg, const char *sql);
bool cb_pg_send_commit(cb_pg *pg);
bool cb_pg_enter_pipeline(cb_pg *pg);
void cb_pg_flush(cb_pg *pg);

/** As cb_pg_query with any number of text values, for batches that do not fit cb_params. */
void cb_pg_query_values(cb_pg *pg,
    const char *sql,
    int count,
    const char *const *values,
    cb_result_fn fn,
    void *context);

/** Blocking: prepares sql for later queries, so that a mistake in it shows at start-up. */
CB_MUST_USE cb_status cb_pg_prepare(cb_pg *pg, const char *sql, cb_err *err);

#endif /* CB_PG_INTERNAL_H */
