/* The exchange simulator's process. */
#include <string.h>

#include "services/simulator/simulator.h"

int main(int argc, char **argv)
{
    static const char print[] = "--print-journal=";
    if (argc == 2 && strncmp(argv[1], print, sizeof(print) - 1) == 0) {
        return sim_journal_print(argv[1] + sizeof(print) - 1);
    }
    const cb_service service = sim_service();
    return cb_service_main(&service, argc, argv);
}
