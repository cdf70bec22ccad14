/* Ctrl-C as a wish: a flag that long work looks at, so that what is done is kept. */
#include "services/lab/tool.h"

static volatile sig_atomic_t stop_asked;
static struct sigaction before_watch;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

const volatile sig_atomic_t *lab_interrupt_watch(void)
{
    const struct sigaction action = {.sa_handler = on_interrupt};
    stop_asked = 0;
    (void)sigaction(SIGINT, &action, &before_watch);
    return &stop_asked;
}

void lab_interrupt_unwatch(void)
{
    (void)sigaction(SIGINT, &before_watch, NULL);
}
