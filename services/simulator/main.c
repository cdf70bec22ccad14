/* The exchange simulator's process. */
#include "services/simulator/simulator.h"

int main(int argc, char **argv)
{
    const cb_service service = sim_service();
    return cb_service_main(&service, argc, argv);
}
