/* Audit: what happened, in a chain that cannot be changed unseen. */
#include "services/audit/audit_shell.h"

int main(int argc, char **argv)
{
    cb_service service = audit_service;
    service.fields_count = audit_fields_count;
    service.migrations_count = audit_migrations_count;
    service.queries_count = audit_queries_count;
    return cb_service_main(&service, argc, argv);
}
