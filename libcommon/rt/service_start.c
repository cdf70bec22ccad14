/* From a checked configuration to a running service. Each stage waits for what it needs, with
 * back-off and a deadline, while /healthz answers; recovery and first start are the same path. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/timefmt.h"
#include "rt/failpoint.h"
#include "rt/migrate.h"
#include "rt/service_internal.h"
#include "rt/version.h"

#define RETRY_FIRST_NS (100 * CB_NS_PER_MS)
#define RETRY_MAX_NS (2 * CB_NS_PER_S)
#define CONNECT_TIMEOUT_MS 2000
#define LISTENERS_WAIT_NS (5 * CB_NS_PER_S)
#define LISTENERS_TURN_NS (20 * CB_NS_PER_MS)
#define LEASE_TRY_NS (500 * CB_NS_PER_MS)
#define ARENA_SIZE ((size_t)256 * 1024 * 1024) /* address space; pages are taken when touched */
#define CONFIG_TEXT_MAX ((size_t)64 * 1024)

typedef cb_status (*attempt_fn)(cb_shell *shell, cb_err *err);

/* Only what may heal by waiting is tried again. */
static bool is_worth_waiting(cb_status status)
{
    return status == CB_E_UNAVAILABLE || status == CB_E_TIMEOUT || status == CB_E_STATE;
}

/* Tries until it works, SIGTERM comes or the deadline passes; returns an exit code or 0. */
static int retry(cb_shell *shell, const char *event, attempt_fn attempt)
{
    const int64_t deadline_ns = shell->started_mono_ns + shell->config.start_timeout_ns;
    int64_t pause_ns = RETRY_FIRST_NS;
    for (;;) {
        cb_err err = {0};
        if (attempt(shell, &err) == CB_OK) {
            return 0;
        }
        cb_log_err(shell->log, CB_LOG_ERROR, event, &err);
        if (!is_worth_waiting(err.code)) {
            return RT_EXIT_UNAVAILABLE;
        }
        const int64_t until_ns = cb_mono_ns() + pause_ns;
        while (cb_mono_ns() < until_ns) {
            if (rt_turn(shell, until_ns - cb_mono_ns())) {
                return -1;
            }
        }
        if (cb_mono_ns() > deadline_ns) {
            CB_LOG(shell->log,
                CB_LOG_ERROR,
                "start_given_up",
                CB_KV("waited_for", event),
                CB_KI("seconds", shell->config.start_timeout_ns / CB_NS_PER_S));
            return RT_EXIT_UNAVAILABLE;
        }
        pause_ns = pause_ns * 2 < RETRY_MAX_NS ? pause_ns * 2 : RETRY_MAX_NS;
    }
}

/* ---- PostgreSQL ---- */

static void on_pg_lost(void *context, const char *why)
{
    cb_shell_die(context, "postgresql_lost", why);
}

static void take_flag(void *context, const cb_row *row)
{
    *(bool *)context = cb_row_bool(row, 0);
}

/* Two processes with the same outbox would give the same numbers twice. The lock ends with the
 * connection, so a killed predecessor does not keep it. */
static cb_status lock_instance(cb_shell *shell, cb_err *err)
{
    char name[CB_CONFIG_TEXT_MAX + 64];
    (void)snprintf(name, sizeof(name), "cerberus %s %s", shell->service->name, shell->config.shard);
    cb_params_reset(&shell->params);
    cb_params_text(&shell->params, name);
    bool is_locked = false;
    const cb_status status = cb_pg_exec(shell->pg,
        "SELECT pg_try_advisory_lock(hashtextextended($1, 0))",
        &shell->params,
        take_flag,
        &is_locked,
        err);
    if (status == CB_OK && !is_locked) {
        return CB_FAIL(err, CB_E_STATE, "another %s runs on this schema", shell->service->name);
    }
    return status;
}

static cb_status migrate(cb_shell *shell, cb_err *err)
{
    const cb_service *service = shell->service;
    const bool has_owner = shell->config.pg_migrate_dsn[0] != '\0';
    return cb_migrate(has_owner ? shell->config.pg_migrate_dsn : shell->config.pg_dsn,
        service->name,
        has_owner ? service->name : "",
        service->migrations,
        service->migrations_count,
        err);
}

static cb_status open_pg(cb_shell *shell, cb_err *err)
{
    cb_status status = migrate(shell, err);
    if (status != CB_OK) {
        return status;
    }
    if (shell->pg != NULL && !cb_pg_is_up(shell->pg)) {
        cb_pg_close(shell->pg);
        shell->pg = NULL;
    }
    if (shell->pg == NULL) {
        shell->pg = cb_pg_open(shell->loop, shell->config.pg_dsn, shell->service->name, err);
    }
    if (shell->pg == NULL) {
        return err->code != CB_OK ? err->code : CB_E_UNAVAILABLE;
    }
    return shell->service->lease != NULL ? CB_OK : lock_instance(shell, err);
}

static void take_epoch(void *context, const cb_row *row)
{
    cb_shell *shell = context;
    shell->epoch = (uint64_t)cb_row_i64(row, 0);
}

/* The epoch's row is also the journal of configurations: what ran when. */
static cb_status next_epoch(cb_shell *shell, cb_err *err)
{
    char *text = malloc(CONFIG_TEXT_MAX);
    CB_ASSERT(text != NULL);
    CB_MAYBE(cb_config_set_print(&shell->config_set, text, CONFIG_TEXT_MAX));
    char hash[2 * CB_CONFIG_HASH_SIZE + 1];
    cb_hex_print(shell->config_hash, sizeof(shell->config_hash), hash);
    cb_params_reset(&shell->params);
    cb_params_i64(&shell->params, cb_wall_ns());
    cb_params_text(&shell->params, cb_version());
    cb_params_text(&shell->params, hash);
    cb_params_text(&shell->params, text);
    free(text);
    return cb_pg_exec(shell->pg,
        "INSERT INTO epoch (epoch, started_ns, version, config_hash, config)"
        " SELECT coalesce(max(epoch), 0) + 1, $1::bigint, $2, $3, $4 FROM epoch RETURNING epoch",
        &shell->params,
        take_epoch,
        shell,
        err);
}

/* The database has forgotten starts that were: ids go on behind them. */
static cb_status skip_forgotten(cb_shell *shell, cb_err *err)
{
    const uint64_t floor = rt_epoch_floor(shell);
    if (shell->epoch <= floor) {
        shell->is_set_back = true;
        CB_LOG(shell->log,
            CB_LOG_ERROR,
            "database_set_back",
            CB_KI("epoch", shell->epoch),
            CB_KI("newest_seen", floor),
            CB_KV("effect", "epochs go on behind the newest seen"));
        cb_params_reset(&shell->params);
        cb_params_u64(&shell->params, floor + 1);
        cb_params_u64(&shell->params, shell->epoch);
        const cb_status status = cb_pg_exec(shell->pg,
            "INSERT INTO epoch (epoch, started_ns, version, config_hash, config)"
            " SELECT $1::bigint, started_ns, version, config_hash, config FROM epoch"
            " WHERE epoch = $2::bigint RETURNING epoch",
            &shell->params,
            take_epoch,
            shell,
            err);
        if (status != CB_OK) {
            return status;
        }
    }
    rt_epoch_remember(shell);
    return CB_OK;
}

static int start_pg(cb_shell *shell)
{
    if (shell->service->without_pg) {
        /* Without a table of its own: or what it says after a restart would carry used ids. */
        shell->epoch = rt_epoch_floor(shell) + 1;
        rt_epoch_remember(shell);
        return 0;
    }
    const int code = retry(shell, "postgresql_unavailable", open_pg);
    if (code != 0) {
        return code;
    }
    cb_err err = {0};
    cb_pg_on_lost(shell->pg, on_pg_lost, shell);
    shell->store = cb_store_create(shell->service->tables, shell->service->tables_count, &err);
    if (shell->store == NULL || cb_store_check(shell->store, shell->pg, &err) != CB_OK ||
        next_epoch(shell, &err) != CB_OK || skip_forgotten(shell, &err) != CB_OK) {
        cb_log_err(shell->log, CB_LOG_ERROR, "schema_refused", &err);
        return RT_EXIT_UNAVAILABLE;
    }
    cb_store_history_open(shell->store, shell->loop, shell->pg);
    rt_query_open(shell);
    return 0;
}

/* ---- NATS ---- */

static void on_bus_state(void *context, bool is_up)
{
    cb_shell *shell = context;
    CB_LOG(shell->log,
        is_up ? CB_LOG_INFO : CB_LOG_ERROR,
        is_up ? "nats_connected" : "nats_lost",
        CB_KV("user", shell->config.nats_user));
    if (is_up && shell->phase == RT_RUNNING) {
        rt_out_bus_up(shell);
        rt_pull_bus_up(shell);
        rt_regress_bus_up(shell);
    }
}

static void on_bus_error(void *context, const char *text)
{
    cb_shell *shell = context;
    CB_LOG(shell->log, CB_LOG_ERROR, "nats_error", CB_KV("error", text));
}

static cb_status open_bus(cb_shell *shell, cb_err *err)
{
    const cb_bus_options options = {shell->config.nats_url,
        shell->config.nats_user,
        shell->config.nats_password,
        shell->config.nats_ca_file,
        CONNECT_TIMEOUT_MS};
    shell->bus = cb_bus_open(shell->loop, &options, err);
    return shell->bus != NULL ? CB_OK : err->code;
}

bool rt_is_standalone(const cb_shell *shell)
{
    return shell->service->without_pg && shell->config.nats_url[0] == '\0';
}

static bool has_listeners(const cb_shell *shell)
{
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        /* The guardian watches and takes no part: nothing of a run depends on it. */
        const bool is_ours = row->subject_class == CB_CLASS_CORE && id != CB_SUBJECT_GUARD_BEAT &&
                             strcmp(row->owner, shell->service->name) == 0 &&
                             strcmp(row->consumers, "*") != 0;
        char name[RT_QUALIFIER_MAX];
        for (const char *at = row->consumers; is_ours && *at != '\0';) {
            const size_t size = strcspn(at, " ");
            (void)snprintf(name, sizeof(name), "%.*s", (int)size, at);
            if (!cb_shell_peer_fresh(shell, name, INT64_MAX)) {
                return false;
            }
            at += size;
            at += strspn(at, " ");
        }
    }
    return true;
}

/* The first start of a simulated run must be the same each time, so nothing may be said before all
 * who listen to it have subscribed; a heartbeat tells that. They may also not exist (tests). */
static int wait_for_listeners(cb_shell *shell)
{
    const int64_t deadline_ns = cb_mono_ns() + LISTENERS_WAIT_NS;
    while (shell->clock.is_bus && shell->epoch == 1 && !has_listeners(shell)) {
        if (rt_turn(shell, LISTENERS_TURN_NS)) {
            return -1;
        }
        if (cb_mono_ns() > deadline_ns) {
            CB_LOG(shell->log, CB_LOG_WARN, "listeners_missing", CB_KI("epoch", shell->epoch));
            break;
        }
    }
    return 0;
}

static void watch_bus(cb_shell *shell)
{
    cb_bus_on_state(shell->bus, on_bus_state, shell);
    cb_bus_on_error(shell->bus, on_bus_error, shell);
}

static int subscribe_work(cb_shell *shell, attempt_fn subscribe)
{
    cb_err err = {0};
    if (subscribe(shell, &err) != CB_OK) {
        cb_log_err(shell->log, CB_LOG_ERROR, "nats_refused", &err);
        return RT_EXIT_UNAVAILABLE;
    }
    return 0;
}

/* Requests and rows, before anybody hears of us: what comes early waits in the inbox. */
static int hear_work(cb_shell *shell)
{
    const int code = subscribe_work(shell, rt_bus_subscribe_requests);
    return code != 0 ? code : subscribe_work(shell, rt_bus_subscribe_rows);
}

/* Once connected, the library makes a lost connection again by itself. */
static void look_for_bus(void *context)
{
    cb_shell *shell = context;
    cb_err err = {0};
    if (shell->bus != NULL) {
        return;
    }
    if (open_bus(shell, &err) == CB_OK) {
        watch_bus(shell);
        if (subscribe_work(shell, rt_bus_subscribe_control) == 0 && hear_work(shell) == 0) {
            rt_health_probe(shell);
            return;
        }
        cb_bus_close(shell->bus);
        shell->bus = NULL;
    } else {
        cb_log_err(shell->log, CB_LOG_WARN, "nats_unavailable", &err);
    }
    if (shell->bus_timer == NULL) {
        shell->bus_timer =
            cb_loop_timer(shell->loop, RETRY_MAX_NS, RETRY_MAX_NS, look_for_bus, shell);
    }
}

static int start_bus(cb_shell *shell)
{
    if (rt_is_standalone(shell)) {
        return 0;
    }
    if (shell->service->bus_is_optional) {
        CB_ASSERT(shell->service->without_pg);
        look_for_bus(shell);
        return 0;
    }
    const int code = retry(shell, "nats_unavailable", open_bus);
    if (code != 0) {
        return code;
    }
    watch_bus(shell);
    const int refused = subscribe_work(shell, rt_bus_subscribe_control);
    if (refused != 0) {
        return refused;
    }
    if (shell->is_lease_held && hear_work(shell) != 0) {
        return RT_EXIT_UNAVAILABLE;
    }
    rt_health_probe(shell);
    /* Timers and ids need a time: a service on the simulator's clock waits for its first message.
     */
    while (shell->clock.is_bus && !shell->clock.is_seen) {
        if (rt_turn(shell, CB_NS_PER_S)) {
            return -1;
        }
    }
    return wait_for_listeners(shell);
}

/* ---- the core ---- */

static void open_core(cb_shell *shell)
{
    const cb_service *service = shell->service;
    if (service->core == NULL) {
        return;
    }
    void *block = mmap(NULL,
        ARENA_SIZE,
        PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
        -1,
        0);
    CB_ASSERT(block != MAP_FAILED);
    cb_arena_init(&shell->arena, block, ARENA_SIZE);
    shell->state =
        cb_arena_alloc(&shell->arena, 1, service->core->state_size(shell->service_config));
    service->core->init(shell->state, shell->service_config, &shell->arena);
    cb_arena_seal(&shell->arena);
}

static cb_status open_journal(cb_shell *shell, cb_err *err)
{
    if (shell->config.journal_dir[0] == '\0' || shell->state == NULL) {
        return CB_OK;
    }
    cb_journal_head head = {.epoch = shell->epoch};
    (void)snprintf(head.service, sizeof(head.service), "%s", shell->service->name);
    memcpy(head.config_hash, shell->config_hash, sizeof(head.config_hash));
    shell->journal = cb_journal_open_write(shell->config.journal_dir, &head, err);
    return shell->journal != NULL ? CB_OK : err->code;
}

static cb_status recover(cb_shell *shell, cb_err *err)
{
    shell->phase = RT_RECOVERING;
    cb_status status = CB_OK;
    if (shell->pg != NULL) {
        status = rt_redo_recover(shell, err);
        if (status == CB_OK) {
            status = rt_out_recover(shell, err);
        }
        if (status == CB_OK) {
            status = rt_in_recover(shell, err);
        }
        if (status == CB_OK) {
            status = rt_crash_recover(shell, err);
        }
    }
    (void)FP("*.recovering");
    if (status == CB_OK && shell->service->recover != NULL) {
        shell->is_recovering = true;
        status = shell->service->recover(shell, err);
        shell->is_recovering = false;
    }
    return status;
}

static void feed_recovered(cb_shell *shell)
{
    shell->phase = RT_RUNNING;
    const rt_feed_args args = {.type = CB_EVENT_RECOVERED};
    rt_feed(shell, &args);
}

/* The exit code says who must act: the one who wrote the configuration, the one who runs the
 * machine (a port that is taken, a server that is away), or us. */
static int fail(cb_shell *shell, const char *event, const cb_err *err)
{
    cb_log_err(shell->log, CB_LOG_ERROR, event, err);
    if (err->code == CB_E_CONFIG || err->code == CB_E_SYNTAX) {
        return RT_EXIT_CONFIG;
    }
    return err->code == CB_E_IO || err->code == CB_E_UNAVAILABLE || err->code == CB_E_EXISTS
               ? RT_EXIT_UNAVAILABLE
               : RT_EXIT_DIED;
}

/* ---- the lease ---- */

static cb_status try_lease(cb_shell *shell, cb_err *err)
{
    cb_lease_try found = {0};
    const cb_status status = shell->service->lease->take(shell, &found, err);
    if (status != CB_OK) {
        return status;
    }
    shell->is_lease_held = found.is_taken;
    shell->lease_waits_count += found.is_taken ? 0 : 1;
    (void)snprintf(shell->lease_why, sizeof(shell->lease_why), "%s", found.why);
    return found.is_taken ? CB_OK : CB_FAIL(err, CB_E_STATE, "%s", found.why);
}

/* Connected, configured, its core allocated: what is left is to take the lease and to recover.
 * A failing try is no reason to end: the database may only be slow, and a lost one ends us. */
static int stand_by(cb_shell *shell)
{
    while (!shell->is_lease_held) {
        cb_err err = {0};
        if (try_lease(shell, &err) != CB_OK && err.code != CB_E_STATE) {
            cb_log_err(shell->log, CB_LOG_WARN, "lease_not_tried", &err);
        }
        if (!shell->is_lease_held && shell->phase != RT_STANDBY) {
            shell->phase = RT_STANDBY;
            CB_LOG(shell->log, CB_LOG_INFO, "standby", CB_KV("why", shell->lease_why));
            rt_health_probe(shell);
        }
        const int64_t until_ns = cb_mono_ns() + LEASE_TRY_NS;
        while (!shell->is_lease_held && cb_mono_ns() < until_ns) {
            if (rt_turn(shell, until_ns - cb_mono_ns())) {
                return -1;
            }
        }
    }
    return 0;
}

/* Who has waited takes a new epoch: what the last holder said meanwhile is older than what we say.
 */
static int become_holder(cb_shell *shell)
{
    if (shell->is_lease_held) {
        return 0;
    }
    int code = shell->config.is_standby_allowed ? stand_by(shell)
                                                : retry(shell, "lease_unavailable", try_lease);
    cb_err err = {0};
    if (code == 0 && shell->lease_waits_count > 0 && next_epoch(shell, &err) != CB_OK) {
        cb_log_err(shell->log, CB_LOG_ERROR, "epoch_not_taken", &err);
        code = RT_EXIT_UNAVAILABLE;
    }
    return code == 0 && !rt_is_standalone(shell) ? hear_work(shell) : code;
}

static void start_journal(cb_shell *shell)
{
    cb_err err = {0};
    if (open_journal(shell, &err) != CB_OK) {
        /* The journal is for replay; the service works without it and says so. */
        cb_log_err(shell->log, CB_LOG_ERROR, "journal_failed", &err);
        shell->is_journal_bad = true;
    }
}

static int start_core(cb_shell *shell)
{
    cb_err err = {0};
    open_core(shell);
    if (shell->service->open != NULL && shell->service->open(shell, &err) != CB_OK) {
        return fail(shell, "open_failed", &err);
    }
    /* What the hook has asked asynchronously must be answered: recovery's statements block. */
    while (shell->pg != NULL && cb_pg_pending(shell->pg) > 0) {
        if (rt_turn(shell, CB_NS_PER_S)) {
            return -1;
        }
    }
    const int code = become_holder(shell);
    if (code != 0) {
        return code;
    }
    start_journal(shell);
    if (recover(shell, &err) != CB_OK) {
        return fail(shell, "recovery_failed", &err);
    }
    feed_recovered(shell);
    if (shell->pg != NULL) {
        rt_pull_start(shell);
    }
    if (shell->service->started != NULL) {
        shell->service->started(shell);
    }
    return 0;
}

int rt_start(cb_shell *shell)
{
    shell->is_lease_held = shell->service->lease == NULL;
    int code = start_pg(shell);
    if (code == 0) {
        code = start_bus(shell);
    }
    if (code == 0) {
        code = start_core(shell);
    }
    if (code == 0) {
        rt_health_probe(shell);
        CB_LOG(shell->log,
            CB_LOG_INFO,
            "started",
            CB_KI("epoch", shell->epoch),
            CB_KV("version", cb_version()),
            CB_KI("http_port", cb_server_port(shell->server)),
            CB_KI("ms", (cb_mono_ns() - shell->started_mono_ns) / CB_NS_PER_MS));
    }
    return code;
}
