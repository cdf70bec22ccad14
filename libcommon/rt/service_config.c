/* The runtime's own configuration fields, the same for every service. */
#include <string.h>

#include "base/strview.h"
#include "base/timefmt.h"
#include "rt/failpoint.h"
#include "rt/service_internal.h"

#define AT(member) offsetof(rt_config, member)
#define TEXT_FIELD(key, kind, member, fallback, help)                                              \
    {                                                                                              \
        key, kind, AT(member), fallback, 0, 0, NULL, help                                          \
    }

const cb_config_field rt_config_fields[] = {
    TEXT_FIELD("nats.url", CB_CONFIG_TEXT, nats_url, "nats://127.0.0.1:4222", "NATS server"),
    TEXT_FIELD("nats.user", CB_CONFIG_TEXT, nats_user, "", "NATS user; none: the service's name"),
    TEXT_FIELD("nats.password_file", CB_CONFIG_SECRET, nats_password, "", "file with its password"),
    TEXT_FIELD("nats.ca_file", CB_CONFIG_PATH, nats_ca_file, "", "certificates for a tls:// URL"),
    TEXT_FIELD("pg.dsn",
        CB_CONFIG_TEXT,
        pg_dsn,
        "",
        "PostgreSQL connection, without a password (use passfile=)"),
    TEXT_FIELD("pg.migrate_dsn",
        CB_CONFIG_TEXT,
        pg_migrate_dsn,
        "",
        "connection of the schema's owner for migrations; none: pg.dsn"),
    TEXT_FIELD("http.address",
        CB_CONFIG_TEXT,
        http_address,
        "127.0.0.1",
        "where /healthz, /readyz and /metrics listen"),
    {"http.port", CB_CONFIG_U64, AT(http_port), "0", 0, 65535, NULL, "their port; 0: any free one"},
    {"log.format",
        CB_CONFIG_CHOICE,
        AT(log_format),
        "logfmt",
        0,
        0,
        "logfmt|json",
        "form of the log lines on stderr"},
    {"log.level",
        CB_CONFIG_CHOICE,
        AT(log_level),
        "info",
        0,
        0,
        "debug|info|warn|error",
        "least level that is written"},
    {"clock",
        CB_CONFIG_CHOICE,
        AT(clock),
        "system",
        0,
        0,
        "system|bus",
        "bus: follow the simulator's clock"},
    TEXT_FIELD("journal.dir",
        CB_CONFIG_PATH,
        journal_dir,
        "",
        "folder of the event journals; none: no journal"),
    {"journal.bytes_max",
        CB_CONFIG_U64,
        AT(journal_bytes_max),
        "2147483648",
        0,
        INT64_MAX,
        NULL,
        "bytes after which a journal ends"},
    TEXT_FIELD("shard", CB_CONFIG_TEXT, shard, "1/1", "share i/n of the symbols"),
    TEXT_FIELD("standby",
        CB_CONFIG_BOOL,
        is_standby_allowed,
        "false",
        "wait as long as another instance holds the lease, and take over when it expires"),
    TEXT_FIELD("instance",
        CB_CONFIG_TEXT,
        instance,
        "1",
        "name of this instance among those of its service"),
    {"drain.timeout",
        CB_CONFIG_DURATION,
        AT(drain_timeout_ns),
        "10s",
        0,
        600 * CB_NS_PER_S,
        NULL,
        "how long SIGTERM waits for work in flight"},
    {"start.timeout",
        CB_CONFIG_DURATION,
        AT(start_timeout_ns),
        "60s",
        0,
        3600 * CB_NS_PER_S,
        NULL,
        "how long the start waits for PostgreSQL and NATS"},
    TEXT_FIELD("failpoints",
        CB_CONFIG_TEXT,
        failpoints,
        "",
        "NAME=ACTION[:MS][@HIT[+]],… for tests of faults (see --failpoints); none: all off"),
    TEXT_FIELD("failpoints.file",
        CB_CONFIG_PATH,
        failpoints_file,
        "",
        "the same, read and removed at the start and on SIGUSR2; none: never"),
};
const size_t rt_config_fields_count = sizeof(rt_config_fields) / sizeof(rt_config_fields[0]);

/* A connection text is printed and logged, so it may not hold a password: neither as a word nor
 * between ':' and '@' of a URI. */
static bool has_password(const char *dsn)
{
    if (strstr(dsn, "password") != NULL) {
        return true;
    }
    const char *scheme = strstr(dsn, "://");
    if (scheme == NULL) {
        return false;
    }
    const char *host = strchr(scheme + 3, '@');
    const char *colon = strchr(scheme + 3, ':');
    return host != NULL && colon != NULL && colon < host;
}

static cb_status check_dsn(const char *key, const char *dsn, cb_err *err)
{
    if (has_password(dsn)) {
        return CB_FAIL(err, CB_E_CONFIG, "%s holds a password: put it into a passfile", key);
    }
    return CB_OK;
}

/* "2/4" to index 1 of 4. */
static cb_status parse_shard(cb_shell *shell, cb_err *err)
{
    const char *text = shell->config.shard;
    const char *slash = strchr(text, '/');
    uint64_t index = 0;
    uint64_t count = 0;
    if (slash == NULL || !cb_u64_parse((cb_strview){text, (size_t)(slash - text)}, 64, &index) ||
        !cb_u64_parse(cb_sv_from(slash + 1), CB_PARTITIONS_COUNT, &count) || index == 0 ||
        index > count) {
        return CB_FAIL(
            err, CB_E_CONFIG, "shard: \"%.16s\" is not i/n with 1 <= i <= n <= 64", text);
    }
    shell->shard_index = (uint32_t)(index - 1);
    shell->shards_count = (uint32_t)count;
    return CB_OK;
}

/* Streams are divided by account, not by symbol: two shards would each see half of a sequence. */
static cb_status check_shard(const cb_shell *shell, cb_err *err)
{
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT && shell->shards_count > 1; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        if (row->subject_class == CB_CLASS_STREAM &&
            (cb_subject_is_consumer(row, shell->service->name) ||
                cb_subject_is_owner(row, shell->service->name))) {
            return CB_FAIL(err,
                CB_E_CONFIG,
                "shard: %s takes part in stream %s and cannot be divided by symbols",
                shell->service->name,
                row->token);
        }
    }
    return CB_OK;
}

static cb_status check_instance(const cb_shell *shell, cb_err *err)
{
    static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    const char *name = shell->config.instance;
    if (name[0] == '\0' || strlen(name) > RT_INSTANCE_MAX || name[strspn(name, ALLOWED)] != '\0') {
        return CB_FAIL(err, CB_E_CONFIG, "instance: 1 to %d letters, digits, '-'", RT_INSTANCE_MAX);
    }
    if (shell->config.is_standby_allowed && shell->service->lease == NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "standby: %s has no lease", shell->service->name);
    }
    return CB_OK;
}

cb_status rt_config_check(cb_shell *shell, cb_err *err)
{
    rt_config *config = &shell->config;
    cb_status status = parse_shard(shell, err);
    if (status == CB_OK) {
        status = check_shard(shell, err);
    }
    if (status == CB_OK) {
        status = check_instance(shell, err);
    }
    if (status == CB_OK) {
        status = check_dsn("pg.dsn", config->pg_dsn, err);
    }
    if (status == CB_OK) {
        status = check_dsn("pg.migrate_dsn", config->pg_migrate_dsn, err);
    }
    if (status == CB_OK && !shell->service->without_pg && config->pg_dsn[0] == '\0') {
        status = CB_FAIL(err,
            CB_E_CONFIG,
            "pg.dsn is required: set it in the file, as CERBERUS_PG_DSN or as --pg.dsn=");
    }
    if (status == CB_OK) {
        status = cb_failpoints_arm(config->failpoints, err);
    }
    if (status == CB_OK && config->nats_user[0] == '\0') {
        (void)cb_text_copy(
            config->nats_user, sizeof(config->nats_user), cb_sv_from(shell->service->name));
    }
    return status;
}
