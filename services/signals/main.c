/* The signals service: strategies' opinions into intents. */
#include "services/signals/signals_shell.h"

int main(int argc, char **argv)
{
    signals_fields fields;
    signals_fields_init(&fields);
    cb_service service = signals_service;
    service.fields = fields.fields;
    service.fields_count = fields.count;
    service.migrations_count = signals_migrations_count;
    service.queries_count = signals_queries_count;
    return cb_service_main(&service, argc, argv);
}
