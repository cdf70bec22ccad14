/* Execution: a permit becomes at most one order at the venue, each venue trade exactly one fill. */
#include "services/execution/shell.h"

int main(int argc, char **argv)
{
    cb_service service = execution_service;
    service.fields_count = exec_fields_count;
    service.migrations_count = execution_migrations_count;
    service.queries_count = exec_queries_count;
    return cb_service_main(&service, argc, argv);
}
