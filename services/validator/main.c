/* The validator: every raw market message judged; good ones passed on, bad ones kept aside. */
#include "services/validator/validator_shell.h"

int main(int argc, char **argv)
{
    validator_fields fields;
    validator_fields_init(&fields);
    cb_service service = validator_service;
    service.fields = fields.fields;
    service.fields_count = fields.count;
    service.migrations_count = validator_migrations_count;
    service.queries_count = validator_queries_count;
    return cb_service_main(&service, argc, argv);
}
