/* What stops orders from outside the order path: the local flag page, which is looked at before
 * each order is handed to a socket and many times a second besides, and what the shell watches for
 * the core: the silence of risk and the disk. */
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/execution/shell.h"

#ifndef LOOK_PERIOD_NS
#define LOOK_PERIOD_NS (20 * CB_NS_PER_MS) /* first cancel at most 100 ms after a raise */
#endif
#define DISK_HYSTERESIS_E8 (CB_E8 / 50) /* a condition ends two percent below where it begins */

/* ---- the page ---- */

static bool is_page_news(const exec_shell *self, const cb_killpage_state *page)
{
    return !self->is_page_seen || page->is_sound != self->page_seen.is_sound ||
           page->generation != self->page_seen.generation;
}

void exec_page_look(exec_shell *self)
{
    cb_killpage_state page;
    cb_killpage_look(self->page, &page);
    if (!is_page_news(self, &page)) {
        return;
    }
    self->page_seen = page;
    self->is_page_seen = true;
    exec_page event = {.level = page.level, .generation = page.generation};
    memcpy(event.actor, page.actor, sizeof(event.actor));
    memcpy(event.reason, page.reason, sizeof(event.reason));
    CB_LOG(cb_shell_log(self->shell),
        page.level > 0 ? CB_LOG_WARN : CB_LOG_INFO,
        "flag_page",
        CB_KI("level", page.level),
        CB_KV("actor", page.actor),
        CB_KV("reason", page.reason));
    cb_shell_feed(self->shell, EXEC_EVENT_PAGE, &event, sizeof(event));
}

bool exec_page_allows(exec_shell *self, const cb_order *order)
{
    cb_killpage_state page;
    cb_killpage_look(self->page, &page);
    const bool is_flattening = order->purpose == CB_PURPOSE_FLATTEN;
    return cb_killpage_allows(page.level, order->reduce_only, is_flattening);
}

bool exec_page_may_send(void *context)
{
    exec_shell *self = context;
    return exec_page_allows(self, &self->prepared.order);
}

void exec_page_lower(exec_shell *self, const exec_page *wanted)
{
    cb_err err = {0};
    const cb_killpage_wish wish = {
        .level = wanted->level, .actor = wanted->actor, .reason = wanted->reason};
    if (cb_killpage_lower(self->config->kill_page, wanted->generation, &wish, &err) != CB_OK) {
        /* What stands there stays, and is taken in like any raise. */
        cb_log_err(cb_shell_log(self->shell), CB_LOG_ERROR, "flag_page_not_lowered", &err);
        self->is_page_seen = false;
    }
    exec_page_look(self);
}

void exec_on_stop_signal(cb_shell *shell)
{
    exec_shell *self = exec_of(shell);
    cb_err err = {0};
    const cb_killpage_wish wish = {.level = 2, .actor = "signal", .reason = "SIGUSR1"};
    if (cb_killpage_raise(self->config->kill_page, &wish, NULL, &err) != CB_OK) {
        cb_log_err(cb_shell_log(shell), CB_LOG_ERROR, "flag_page_not_raised", &err);
        cb_shell_die(shell, "kill_signal", "the flag page cannot be written");
    }
    exec_page_look(self);
}

static void on_look(void *context)
{
    exec_page_look(context);
}

/* ---- what is watched ---- */

static bool is_beyond(bool was_beyond, int64_t used_e8, int64_t limit_e8)
{
    return used_e8 >= (was_beyond ? limit_e8 - DISK_HYSTERESIS_E8 : limit_e8);
}

/* Used share of the file system, as `df` counts it; 0 when it cannot be known. */
static int64_t disk_used_e8(const exec_shell *self)
{
    struct statvfs info;
    if (statvfs(self->disk_path, &info) != 0 || info.f_blocks == 0) {
        return 0;
    }
    const uint64_t used = info.f_blocks - info.f_bfree;
    const uint64_t all = used + info.f_bavail;
    return all == 0 ? 0 : (int64_t)((double)used / (double)all * (double)CB_E8);
}

void exec_watch_tick(exec_shell *self)
{
    const exec_config *config = self->config;
    const exec_watch before = self->watch;
    const int64_t factor = cb_shell_is_bus_clock(self->shell) ? 10 : 1;
    const int64_t used_e8 = disk_used_e8(self);
    self->watch =
        (exec_watch){.is_risk_silent = exec_risk_age_ns(self) > factor * config->risk_silent_ns,
            .is_disk_filling = is_beyond(before.is_disk_filling, used_e8, config->disk_warn_e8),
            .is_disk_full = is_beyond(before.is_disk_full, used_e8, config->disk_stop_e8)};
    cb_metric_set(self->metrics.disk_used, used_e8 / (CB_E8 / 100));
    if (memcmp(&before, &self->watch, sizeof(before)) != 0) {
        cb_shell_feed(self->shell, EXEC_EVENT_WATCH, &self->watch, sizeof(self->watch));
    }
}

/* ---- opening and closing ---- */

/* The folder of the page, unless another file system is to be watched. */
static void take_disk_path(exec_shell *self)
{
    const char *told = self->config->disk_path;
    CB_MAYBE(snprintf(self->disk_path,
        sizeof(self->disk_path),
        "%s",
        told[0] != '\0' ? told : self->config->kill_page));
    char *slash = strrchr(self->disk_path, '/');
    if (told[0] == '\0' && slash != NULL) {
        *slash = '\0';
    }
}

void exec_page_open(exec_shell *self)
{
    self->page = cb_killpage_open(self->config->kill_page);
    take_disk_path(self);
}

void exec_page_start(exec_shell *self)
{
    exec_page_look(self);
    self->page_timer =
        cb_loop_timer(cb_shell_loop(self->shell), LOOK_PERIOD_NS, LOOK_PERIOD_NS, on_look, self);
}

void exec_page_close(exec_shell *self)
{
    cb_timer_remove(self->page_timer);
    cb_killpage_close(self->page);
}
