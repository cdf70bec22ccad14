/* Guardian: when execution falls silent, every open order goes. */
#include "services/guardian/guardian_shell.h"

int main(int argc, char **argv)
{
    cb_service service = guardian_service;
    service.fields_count = guardian_fields_count;
    return cb_service_main(&service, argc, argv);
}
