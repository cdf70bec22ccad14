/* The shell of the portfolio: configuration table, storage tables, queries and hooks. */
#ifndef PORTFOLIO_SHELL_H
#define PORTFOLIO_SHELL_H

#include "rt/service.h"
#include "services/portfolio/core/portfolio.h"

/** What the core takes for granted: texts that fit, at least one symbol. */
CB_MUST_USE cb_status portfolio_config_check(const portfolio_config *config, cb_err *err);

/** Feeds every stored row back to the core, then rebuilds the books from their entries and fills
 *  and compares: CB_E_CORRUPT when they differ. */
CB_MUST_USE cb_status portfolio_recover(cb_shell *shell, cb_err *err);

extern const cb_config_field portfolio_fields[];
extern const size_t portfolio_fields_count;
extern const cb_migration portfolio_migrations[]; /* generated from migrations/ */
extern const size_t portfolio_migrations_count;
extern const cb_query portfolio_queries[];
extern const size_t portfolio_queries_count;

/** The service but for the counts of other files, which main adds. */
extern const cb_service portfolio_service;

#endif /* PORTFOLIO_SHELL_H */
