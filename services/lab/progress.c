/* The progress line of a long tool: how much, how fast, how long still. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "services/lab/tool.h"

#define SHOW_EVERY_NS (CB_NS_PER_S / 10)

static int64_t mono_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * CB_NS_PER_S + now.tv_nsec;
}

void lab_progress_start(lab_progress *self, const char *label, uint64_t total)
{
    *self = (lab_progress){
        .label = label, .total = total, .started_ns = mono_ns(), .is_shown = isatty(2) == 1};
    self->shown_ns = self->started_ns;
}

void lab_progress_at(lab_progress *self, uint64_t done)
{
    if (!self->is_shown) {
        return;
    }
    const int64_t now_ns = mono_ns();
    if (now_ns - self->shown_ns < SHOW_EVERY_NS) {
        return;
    }
    self->shown_ns = now_ns;
    const double elapsed_s = (double)(now_ns - self->started_ns) / 1e9;
    const double rate = (double)done / elapsed_s;
    if (self->total > 0 && done > 0 && done <= self->total) {
        (void)fprintf(stderr,
            "\r%s  %5.1f %%  %.3g/s  %.0f s left\033[K",
            self->label,
            100.0 * (double)done / (double)self->total,
            rate,
            (double)(self->total - done) / rate);
    } else {
        (void)fprintf(stderr, "\r%s  %.4g  %.3g/s\033[K", self->label, (double)done, rate);
    }
}

void lab_progress_end(lab_progress *self)
{
    if (self->is_shown && self->shown_ns != self->started_ns) {
        (void)fprintf(stderr, "\r\033[K");
    }
}

void lab_progress_tell(void *context, uint64_t done, uint64_t total)
{
    lab_progress *self = context;
    self->total = total;
    lab_progress_at(self, done);
}
