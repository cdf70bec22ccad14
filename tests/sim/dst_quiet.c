/* Interfaces that say nothing to the order path: logs (shown on request), metrics, the HTTP server,
 * secrets, the schema's check, crash reports, signals. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "rt/journal.h"
#include "rt/killpage.h"
#include "rt/secret.h"
#include "rt/service_internal.h"
#include "rt/signed_file.h"
#include "rt/version.h"
#include "tests/sim/dst_check.h"

/* ---- logs ---- */

struct cb_log {
    uint64_t problems_count;
};

cb_log *cb_log_create(int fd, const char *service, bool is_json, cb_log_level level)
{
    (void)fd;
    (void)service;
    (void)is_json;
    (void)level;
    return dst_process_alloc(sizeof(cb_log), true);
}

void cb_log_destroy(cb_log *log)
{
    (void)log;
}

uint64_t cb_log_dropped_count(const cb_log *log)
{
    (void)log;
    return 0;
}

uint64_t cb_log_problems_count(const cb_log *log)
{
    return log->problems_count;
}

void cb_log_correlate(cb_log *log, cb_id id)
{
    (void)log;
    (void)id;
}

void cb_log_write(
    cb_log *log, cb_log_level level, const char *event, const cb_log_pair *pairs, size_t count)
{
    log->problems_count += level >= CB_LOG_WARN ? 1 : 0;
    if (!dst->is_verbose) {
        return;
    }
    char line[1024];
    size_t used =
        (size_t)snprintf(line, sizeof(line), "%s%s", level >= CB_LOG_WARN ? "! " : "", event);
    for (size_t i = 0; i < count && used < sizeof(line) - 1; i++) {
        const int size =
            pairs[i].text != NULL
                ? snprintf(line + used, sizeof(line) - used, " %s=%s", pairs[i].key, pairs[i].text)
                : snprintf(line + used,
                      sizeof(line) - used,
                      " %s=%lld",
                      pairs[i].key,
                      (long long)pairs[i].number);
        used += (size_t)size;
    }
    dst_say("%s", line);
}

void cb_log_err(cb_log *log, cb_log_level level, const char *event, const cb_err *err)
{
    CB_LOG(log, level, event, CB_KV("error", err->text));
}

/* ---- metrics ---- */

struct cb_metrics {
    int unused;
};
struct cb_metric {
    uint64_t value;
};
static struct cb_metrics one_registry;
static struct cb_metric one_metric;

cb_metrics *cb_metrics_create(const char *service)
{
    (void)service;
    return &one_registry;
}

void cb_metrics_destroy(cb_metrics *metrics)
{
    (void)metrics;
}

cb_metric *cb_counter(cb_metrics *metrics, const char *name, const char *labels, const char *help)
{
    (void)metrics;
    (void)name;
    (void)labels;
    (void)help;
    return &one_metric;
}

cb_metric *cb_gauge(cb_metrics *metrics, const char *name, const char *labels, const char *help)
{
    return cb_counter(metrics, name, labels, help);
}

cb_metric *cb_histogram(cb_metrics *metrics, const char *name, const char *labels, const char *help)
{
    return cb_counter(metrics, name, labels, help);
}

void cb_metric_add(cb_metric *counter, uint64_t count)
{
    (void)counter;
    (void)count;
}

void cb_metric_set(cb_metric *gauge, int64_t value)
{
    (void)gauge;
    (void)value;
}

void cb_metric_observe_ns(cb_metric *histogram, int64_t duration_ns)
{
    (void)histogram;
    (void)duration_ns;
}

uint64_t cb_metric_value(const cb_metric *metric)
{
    (void)metric;
    return 0;
}

int64_t cb_metric_quantile_ns(const cb_metric *histogram, double quantile)
{
    (void)histogram;
    (void)quantile;
    return 0;
}

size_t cb_metrics_print(const cb_metrics *metrics, char *out, size_t capacity)
{
    (void)metrics;
    if (capacity > 0) {
        out[0] = '\0';
    }
    return 0;
}

/* ---- the HTTP server ---- */

cb_server *cb_server_create(cb_loop *loop,
    const cb_server_options *options,
    const cb_server_ops *ops,
    void *context,
    cb_err *err)
{
    (void)loop;
    (void)options;
    (void)ops;
    (void)context;
    (void)err;
    return dst_process_alloc(16, true);
}

void cb_server_destroy(cb_server *server)
{
    (void)server;
}

uint16_t cb_server_port(const cb_server *server)
{
    (void)server;
    return 0;
}

void cb_exchange_set_header(cb_exchange *exchange, const char *name, const char *value)
{
    (void)exchange;
    (void)name;
    (void)value;
}

void cb_exchange_reply(
    cb_exchange *exchange, int status, const char *content_type, const void *body, size_t size)
{
    (void)exchange;
    (void)status;
    (void)content_type;
    (void)body;
    (void)size;
}

/* ---- the flag page: one per machine, in memory ---- */

static cb_killpage_state page;

void dst_page_reset(void)
{
    page = (cb_killpage_state){.is_sound = true, .generation = 1};
}

cb_killpage *cb_killpage_open(const char *path)
{
    (void)path;
    return (cb_killpage *)&page;
}

void cb_killpage_close(cb_killpage *open)
{
    (void)open;
}

void cb_killpage_look(cb_killpage *open, cb_killpage_state *out)
{
    (void)open;
    *out = page;
}

static void write_page(const cb_killpage_wish *wish)
{
    page.level = wish->level;
    page.generation++;
    page.changed_ns = cb_wall_ns();
    (void)snprintf(page.actor, sizeof(page.actor), "%s", wish->actor);
    (void)snprintf(page.reason, sizeof(page.reason), "%s", wish->reason);
    dst_note_page(page.level);
}

cb_status cb_killpage_raise(
    const char *path, const cb_killpage_wish *wish, cb_killpage_state *out, cb_err *err)
{
    (void)path;
    (void)err;
    if (wish->level > page.level) {
        write_page(wish);
    }
    if (out != NULL) {
        *out = page;
    }
    return CB_OK;
}

cb_status cb_killpage_lower(
    const char *path, uint64_t generation, const cb_killpage_wish *wish, cb_err *err)
{
    (void)path;
    if (generation != page.generation) {
        return CB_FAIL(err, CB_E_STATE, "it was changed since");
    }
    write_page(wish);
    return CB_OK;
}

/* ---- the rest ---- */

cb_status cb_secret_read(const char *path, char *out, size_t out_size, cb_err *err)
{
    (void)err;
    (void)snprintf(out, out_size, "secret-of-%s", path);
    return CB_OK;
}

/* The caps as a file would say them; who signed it is not what is simulated here. */
cb_status cb_signed_read(const char *path,
    const char *keys_path,
    const char *purpose,
    char *out,
    size_t capacity,
    cb_signed_text *text,
    cb_err *err)
{
    static const char caps[] = "notional_max = 250000\nqty_max = 100000\ncollar = 0.05\n"
                               "orders_per_s = 10\nnotional_per_minute = 2000000\n"
                               "data_age_max = 10s\nclock_offset_max = 250ms\n"
                               "heartbeat_age_max = 3s\nsymbols = *\n";
    (void)path;
    (void)keys_path;
    (void)purpose;
    (void)err;
    CB_ASSERT(capacity > sizeof(caps));
    memcpy(out, caps, sizeof(caps));
    *text = (cb_signed_text){.size = sizeof(caps) - 1, .hash = {1}, .key = "simulated"};
    return CB_OK;
}

void rt_crash_install(const char *service)
{
    (void)service;
}

/* Without a journal's folder there is no file of last words. */
void rt_crash_file(int fd)
{
    (void)fd;
}

void rt_crash_working(const char *key, uint64_t seq)
{
    (void)key;
    (void)seq;
}

void rt_crash_write(const char *key, uint64_t seq)
{
    (void)key;
    (void)seq;
}

const char *cb_version(void)
{
    return "simulated";
}

uint64_t cb_journal_bytes(const cb_journal *journal)
{
    (void)journal;
    return 0;
}

uint64_t cb_journal_lost_count(const cb_journal *journal)
{
    (void)journal;
    return 0;
}

cb_status cb_journal_flush(cb_journal *journal, cb_err *err)
{
    (void)journal;
    (void)err;
    return CB_OK;
}

void cb_journal_append(cb_journal *journal, const cb_journal_record *record)
{
    (void)journal;
    (void)record;
}

void cb_journal_close(cb_journal *journal)
{
    (void)journal;
}

cb_journal *cb_journal_open_write(const char *dir, const cb_journal_head *head, cb_err *err)
{
    (void)dir;
    (void)head;
    (void)err;
    return NULL;
}
