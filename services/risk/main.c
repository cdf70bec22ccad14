/* Risk: an intent becomes a permit or a denial. */
#include "services/risk/risk_shell.h"

int main(int argc, char **argv)
{
    risk_fields fields;
    risk_fields_init(&fields);
    cb_service service = risk_service;
    service.fields = fields.fields;
    service.fields_count = fields.count;
    service.migrations_count = risk_migrations_count;
    service.queries_count = risk_queries_count;
    return cb_service_main(&service, argc, argv);
}
