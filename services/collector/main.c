/* Entry point. `--capture FILE` checks a recorded capture instead of running the service. */
#include <string.h>

#include "services/collector/collector_shell.h"
#include "services/collector/shell.h"

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--capture") == 0) {
        return collector_capture_main(argv[2]);
    }
    return collector_main(argc, argv);
}
