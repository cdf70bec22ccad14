/* The runtime's own metrics: names and help in one place, and the gauges that are read when
 * somebody asks for /metrics. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "rt/service_internal.h"

static int64_t resident_bytes(void)
{
    char text[128] = "";
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) {
        return 0;
    }
    const size_t size = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[size] = '\0';
    const char *space = strchr(text, ' ');
    return space != NULL ? strtoll(space + 1, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}

static int64_t open_descriptors(void)
{
    int64_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder != NULL && readdir(folder) != NULL) {
        count++;
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return count - 3; /* ".", ".." and the folder's own */
}

static void raise_to(cb_metric *counter, uint64_t value)
{
    const uint64_t now = cb_metric_value(counter);
    if (value > now) {
        cb_metric_add(counter, value - now);
    }
}

void rt_metrics_refresh(cb_shell *shell)
{
    rt_metrics *counts = &shell->counts;
    char why[160];
    cb_bus_stats stats = {0};
    cb_metric_set(counts->state, (int64_t)rt_state(shell, why, sizeof(why)));
    cb_metric_set(counts->outbox_waiting, shell->out.waiting_count);
    cb_metric_set(counts->held, shell->in.held_count);
    cb_metric_set(counts->inbox, shell->inbox != NULL ? (int64_t)cb_inbox_count(shell->inbox) : 0);
    cb_metric_set(counts->uptime, (cb_mono_ns() - shell->started_mono_ns) / CB_NS_PER_S);
    cb_metric_set(counts->memory, resident_bytes());
    cb_metric_set(counts->fds, open_descriptors());
    cb_metric_set(counts->pg_pending, shell->pg != NULL ? cb_pg_pending(shell->pg) : 0);
    if (shell->bus != NULL) {
        cb_bus_stats_get(shell->bus, &stats);
    }
    raise_to(counts->bus_dropped, stats.dropped_count);
    raise_to(counts->bus_errors, stats.errors_count);
    raise_to(counts->bus_reconnects, stats.reconnects_count);
    raise_to(counts->bus_unsent, stats.unsent_count);
    raise_to(counts->log_dropped, cb_log_dropped_count(shell->log));
    raise_to(counts->history_lost, shell->store != NULL ? cb_store_history_lost(shell->store) : 0);
    raise_to(
        counts->journal_lost, shell->journal != NULL ? cb_journal_lost_count(shell->journal) : 0);
}

void rt_metrics_open(cb_shell *shell)
{
    cb_metrics *to = shell->metrics;
    rt_metrics *counts = &shell->counts;
    counts->events = cb_counter(to, "events_total", "", "Events stepped by the core");
    counts->step = cb_histogram(to, "step_seconds", "", "Time of one core step");
    counts->commit = cb_histogram(to, "commit_seconds", "", "First statement to commit of a group");
    counts->group = cb_counter(to, "commits_total", "", "Groups committed");
    counts->wait = cb_histogram(to, "inbox_wait_seconds", "", "Read from the socket to its step");
    counts->published = cb_counter(to, "bus_published_total", "", "CORE messages published");
    counts->refused =
        cb_counter(to, "bus_refused_total", "", "Messages that were not what their subject says");
    counts->conflated = cb_counter(
        to, "inbox_conflated_total", "", "Older market messages that gave way to newer ones");
    counts->shed =
        cb_counter(to, "inbox_shed_total", "", "Messages not taken because a queue was full");
    counts->duplicates =
        cb_counter(to, "stream_duplicates_total", "", "Stream messages that had had their effect");
    counts->dead_letters =
        cb_counter(to, "dead_letters_total", "", "Stream messages that could not be understood");
    counts->replays_asked = cb_counter(to, "replays_asked_total", "", "Replays asked of producers");
    counts->replays_sent =
        cb_counter(to, "replays_sent_total", "", "Messages published again for a consumer");
    counts->rebuilds =
        cb_counter(to, "consumers_made_anew_total", "", "Consumers that stood beyond their stream");
    counts->state = cb_gauge(to, "state", "", "3 ready, 4 degraded; see the enum service_state");
    counts->outbox_waiting =
        cb_gauge(to, "outbox_waiting", "", "Stream messages not acknowledged by JetStream");
    counts->held = cb_gauge(to, "stream_held", "", "Stream messages that wait for an earlier one");
    counts->inbox = cb_gauge(to, "inbox_messages", "", "Messages between bus and core");
    counts->bus_dropped =
        cb_counter(to, "bus_dropped_total", "", "Messages dropped by full subscription queues");
    counts->bus_errors = cb_counter(to, "bus_errors_total", "", "Asynchronous NATS errors");
    counts->bus_reconnects =
        cb_counter(to, "bus_reconnects_total", "", "NATS connections after the first");
    counts->bus_unsent =
        cb_counter(to, "bus_unsent_total", "", "Publications refused while NATS was down");
    counts->history_lost =
        cb_counter(to, "history_lost_total", "", "History rows that PostgreSQL refused");
    counts->journal_lost =
        cb_counter(to, "journal_lost_total", "", "Journal records that could not be written");
    counts->log_dropped =
        cb_counter(to, "log_dropped_total", "", "Log lines that could not be written");
    counts->pg_pending =
        cb_gauge(to, "pg_pending", "", "Statements and transactions in the pipeline");
    counts->uptime = cb_gauge(to, "uptime_seconds", "", "Seconds since the start");
    counts->memory = cb_gauge(to, "resident_memory_bytes", "", "Resident memory");
    counts->fds = cb_gauge(to, "open_fds", "", "Open file descriptors");
}
