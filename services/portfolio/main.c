/* Portfolio: the double-entry ledger, positions, profit, and whether the venue agrees. */
#include "services/portfolio/portfolio_shell.h"

int main(int argc, char **argv)
{
    cb_service service = portfolio_service;
    service.fields_count = portfolio_fields_count;
    service.migrations_count = portfolio_migrations_count;
    service.queries_count = portfolio_queries_count;
    return cb_service_main(&service, argc, argv);
}
