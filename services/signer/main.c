/* The signer's process: first it makes itself hard to look into, then it runs as every service. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "services/signer/signer.h"

/* No core, no ptrace and no /proc/PID/mem for others of this user, no new rights by exec, files for
 * this user only. Inherited limits may be stricter, never looser. */
static bool harden(void)
{
    const struct rlimit no_core = {0, 0};
    (void)umask(0077);
    return setrlimit(RLIMIT_CORE, &no_core) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && sodium_init() >= 0;
}

int main(int argc, char **argv)
{
    if (!harden()) {
        (void)fputs("cerberus-signer: this system does not let it protect its memory\n", stderr);
        return 69;
    }
    cb_service service = signer_service;
    service.fields_count = signer_fields_count;
    return cb_service_main(&service, argc, argv);
}
