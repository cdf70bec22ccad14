/* Schema migrations: embedded SQL applied in order under an advisory lock, each in one transaction,
 * recorded in <schema>.migration with the hash of its text; a changed text of an applied one is
 * refused. Blocking; for start-up and tools. */
#ifndef CB_MIGRATE_H
#define CB_MIGRATE_H

#include <stddef.h>

#include "base/err.h"
#include "rt/service.h"

/* The tables that every service with a schema has: outbox, inbox, epoch, dead_letter, e8(). They
 * are applied before the service's own, under names that start with "rt/". */
extern const cb_migration rt_migrations[];
extern const size_t rt_migrations_count;

/**
 * Creates the schema when it is missing and applies what was not yet applied.
 *
 * @param dsn [borrowed] connection of the owner (pg.migrate_dsn), or of the service itself.
 * @param app_role [borrowed] role that gets USAGE on the schema and SELECT, INSERT, UPDATE on its
 *        tables and sequences, but neither DELETE nor TRUNCATE; "" when it is the owner.
 * @return CB_OK; CB_E_CORRUPT when an applied migration's text has changed; CB_E_PEER with the
 *         migration's name and PostgreSQL's message; CB_E_UNAVAILABLE when there is no connection.
 */
CB_MUST_USE cb_status cb_migrate(const char *dsn,
    const char *schema,
    const char *app_role,
    const cb_migration *migrations,
    size_t count,
    cb_err *err);

#endif /* CB_MIGRATE_H */
