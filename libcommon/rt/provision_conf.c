/* nats.conf from the rows of subjects.def. Only accounts{} is used: an authorization{} block beside
 * it would let anonymous clients in (CVE-2023-47090 on nats-server 2.9.10). Who is asked may answer
 * into the part "ask" of the asker's inbox, and nowhere else. (allow_responses would do that by
 * message, but it keeps every reply subject for its whole expiry, and each market message has one.)
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "rt/provision.h"
#include "wire/subjects.h"

#define USERS_MAX 64

typedef struct user_list {
    size_t count;
    char names[USERS_MAX][CB_PROVISION_USER_MAX];
} user_list;

typedef struct text {
    char *out;
    size_t capacity;
    size_t used;
    bool is_first; /* of a list: no comma before the next item */
} text;

/* ---- the users ---- */

static void add_user(user_list *users, const char *name, size_t size)
{
    CB_ASSERT(size < CB_PROVISION_USER_MAX);
    for (size_t i = 0; i < users->count; i++) {
        if (strlen(users->names[i]) == size && memcmp(users->names[i], name, size) == 0) {
            return;
        }
    }
    CB_ASSERT(users->count < USERS_MAX);
    memcpy(users->names[users->count], name, size);
    users->names[users->count][size] = '\0';
    users->count++;
}

/* Every name in a space separated list, but not "*". */
static void add_users(user_list *users, const char *list)
{
    while (*list != '\0') {
        const size_t size = strcspn(list, " ");
        if (size > 0 && *list != '*') {
            add_user(users, list, size);
        }
        list += size;
        list += strspn(list, " ");
    }
}

static void collect_services(user_list *users)
{
    users->count = 0;
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        add_users(users, row->owner);
        add_users(users, row->consumers);
    }
}

bool cb_provision_user(size_t index, char out[CB_PROVISION_USER_MAX])
{
    user_list users;
    collect_services(&users);
    add_user(&users, "signer", 6); /* says that it lives; no row of the table is its own */
    add_user(&users, "cli", 3);
    add_user(&users, "provision", 9);
    add_user(&users, "sysadmin", 8);
    if (index >= users.count) {
        return false;
    }
    memcpy(out, users.names[index], CB_PROVISION_USER_MAX);
    return true;
}

/* ---- text ---- */

__attribute__((format(printf, 2, 3))) static void put(text *to, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const size_t room = to->used < to->capacity ? to->capacity - to->used : 0;
    const int length = vsnprintf(room > 0 ? to->out + to->used : NULL, room, format, args);
    va_end(args);
    CB_ASSERT(length >= 0);
    to->used += (size_t)length;
}

static void put_item(text *to, const char *prefix, const char *suffix)
{
    put(to, "%s\n        \"%s%s\"", to->is_first ? "" : ",", prefix, suffix);
    to->is_first = false;
}

static bool is_named(const char *list, const char *service)
{
    /* cb_subject_is_consumer counts "*" too; here only the name itself matters. */
    user_list names = {0};
    add_users(&names, list);
    for (size_t i = 0; i < names.count; i++) {
        if (strcmp(names.names[i], service) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_for_all(const char *list)
{
    return strcmp(list, "*") == 0;
}

/* ---- one service ---- */

/* A request goes to those who are asked: "cmd.kill.risk", or "query.ask.*". */
static void put_request(text *to, const cb_subject *row)
{
    if (is_for_all(row->consumers)) {
        put_item(to, row->prefix, ".*");
        return;
    }
    user_list asked = {0};
    add_users(&asked, row->consumers);
    for (size_t i = 0; i < asked.count; i++) {
        char suffix[CB_PROVISION_USER_MAX + 1];
        (void)snprintf(suffix, sizeof(suffix), ".%s", asked.names[i]);
        put_item(to, row->prefix, suffix);
    }
}

/* Who is asked answers into the inbox of each who may ask. */
static void put_askers(text *to, const cb_subject *row)
{
    user_list askers = {0};
    add_users(&askers, row->owner);
    for (size_t i = 0; i < askers.count; i++) {
        char line[128];
        (void)snprintf(line, sizeof(line), "_INBOX_%s.ask.>", askers.names[i]);
        put_item(to, line, "");
    }
}

static void put_publish(text *to, const char *service)
{
    char own[CB_PROVISION_USER_MAX + 1];
    (void)snprintf(own, sizeof(own), ".%s", service);
    char line[128];
    (void)snprintf(line, sizeof(line), "_INBOX_%s.>", service);
    put_item(to, line, "");
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        if (is_named(row->owner, service) || is_for_all(row->owner)) {
            if (row->subject_class == CB_CLASS_REQUEST) {
                put_request(to, row);
            } else {
                put_item(to, row->prefix, row->shard == CB_SHARD_SERVICE ? own : ".>");
            }
        }
        if (row->subject_class == CB_CLASS_REQUEST && !is_for_all(row->owner) &&
            cb_subject_is_consumer(row, service)) {
            put_askers(to, row);
        }
        if (row->subject_class == CB_CLASS_STREAM && is_named(row->owner, service)) {
            /* A stream whose file is damaged takes everything and serves nothing: its producer,
             * who has all of it in the outbox, empties it. */
            (void)snprintf(line, sizeof(line), "$JS.API.STREAM.PURGE.%s", row->token);
            put_item(to, line, "");
        }
        if (row->subject_class == CB_CLASS_STREAM && is_named(row->consumers, service)) {
            (void)snprintf(line, sizeof(line), "$JS.API.CONSUMER.INFO.%s.%s", row->token, service);
            put_item(to, line, "");
            (void)snprintf(
                line, sizeof(line), "$JS.API.CONSUMER.MSG.NEXT.%s.%s", row->token, service);
            put_item(to, line, "");
            /* A consumer that stands beyond the end of a stream makes itself anew. */
            (void)snprintf(line, sizeof(line), "$JS.API.STREAM.INFO.%s", row->token);
            put_item(to, line, "");
            (void)snprintf(
                line, sizeof(line), "$JS.API.CONSUMER.DELETE.%s.%s", row->token, service);
            put_item(to, line, "");
            (void)snprintf(
                line, sizeof(line), "$JS.API.CONSUMER.DURABLE.CREATE.%s.%s", row->token, service);
            put_item(to, line, "");
            (void)snprintf(line, sizeof(line), "$JS.ACK.%s.%s.>", row->token, service);
            put_item(to, line, "");
        }
    }
}

/* STREAM rows are not subscribed: their messages come through the pull consumer into the inbox.
 * Only the two on the way to the exchange are heard directly too. */
static void put_subscribe(text *to, const char *service)
{
    char line[128];
    (void)snprintf(line, sizeof(line), "_INBOX_%s.>", service);
    put_item(to, line, "");
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        if ((row->subject_class == CB_CLASS_STREAM && !cb_subject_is_direct(row, service)) ||
            (!is_named(row->consumers, service) && !is_for_all(row->consumers))) {
            continue;
        }
        if (row->subject_class == CB_CLASS_REQUEST) {
            (void)snprintf(line, sizeof(line), ".%s", service);
            put_item(to, row->prefix, line);
        } else {
            put_item(to, row->prefix, ".>");
        }
    }
}

/* The command line reads everything but requests, and asks nothing over the bus. */
static void put_cli_subscribe(text *to)
{
    put_item(to, "_INBOX_cli.>", "");
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        if (row->subject_class != CB_CLASS_REQUEST) {
            put_item(to, row->prefix, ".>");
        }
    }
}

static void put_user_begin(text *to, const char *user, const char *password)
{
    put(to, "    { user: \"%s\", password: \"%s\", permissions: {\n", user, password);
    put(to, "      publish: { allow: [");
    to->is_first = true;
}

static void put_user_middle(text *to)
{
    put(to, "] }\n      subscribe: { allow: [");
    to->is_first = true;
}

static void put_service(text *to, const char *service, const char *password)
{
    put_user_begin(to, service, password);
    put_publish(to, service);
    put_user_middle(to);
    put_subscribe(to, service);
    put(to, "] } } }\n");
}

static void put_cli(text *to, const char *password)
{
    put_user_begin(to, "cli", password);
    put_item(to, "_INBOX_cli.>", "");
    put_user_middle(to);
    put_cli_subscribe(to);
    put(to, "] } } }\n");
}

/* Creates streams and consumers when the system is set up, and is not used afterwards. */
static void put_provision(text *to, const char *password)
{
    put_user_begin(to, "provision", password);
    put_item(to, "$JS.API.STREAM.CREATE.*", "");
    put_item(to, "$JS.API.STREAM.UPDATE.*", "");
    put_item(to, "$JS.API.STREAM.INFO.*", "");
    put_item(to, "$JS.API.CONSUMER.DURABLE.CREATE.*.*", "");
    put_item(to, "$JS.API.CONSUMER.INFO.*.*", "");
    put_user_middle(to);
    put_item(to, "_INBOX_provision.>", "");
    put(to, "] } } }\n");
}

/* ---- the whole ---- */

static cb_status get_password(
    const cb_nats_conf_options *options, const char *user, char out[128], cb_err *err)
{
    const char *password = options->password(options->context, user);
    if (password == NULL || password[0] == '\0') {
        return CB_FAIL(err, CB_E_CONFIG, "no password for NATS user %s", user);
    }
    const size_t plain =
        strspn(password, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (password[plain] != '\0' || !cb_text_copy(out, 128, cb_sv_from(password))) {
        return CB_FAIL(
            err, CB_E_CONFIG, "password of NATS user %s: 1 to 127 letters, digits", user);
    }
    return CB_OK;
}

static void put_head(text *to, const cb_nats_conf_options *options)
{
    put(to,
        "# Written from proto/subjects.def by `cerberus provision nats-conf`; do not edit.\n"
        "host: \"%s\"\nport: %u\n"
        "max_payload: 64KB\nmax_pending: 64MB\nwrite_deadline: \"2s\"\n"
        "ping_interval: \"10s\"\nping_max: 2\n"
        "jetstream { store_dir: \"%s\", max_file: 8GB, max_mem: 64MB }\n"
        "# accounts{} only: an authorization{} block beside it lets anonymous clients in\n"
        "accounts {\n",
        options->host,
        (unsigned)options->port,
        options->store_dir);
}

static cb_status put_users(text *to, const cb_nats_conf_options *options, cb_err *err)
{
    char user[CB_PROVISION_USER_MAX];
    char password[128];
    for (size_t i = 0; cb_provision_user(i, user); i++) {
        if (strcmp(user, "sysadmin") == 0) {
            continue;
        }
        const cb_status status = get_password(options, user, password, err);
        if (status != CB_OK) {
            return status;
        }
        if (strcmp(user, "cli") == 0) {
            put_cli(to, password);
        } else if (strcmp(user, "provision") == 0) {
            put_provision(to, password);
        } else {
            put_service(to, user, password);
        }
    }
    return CB_OK;
}

cb_status cb_provision_nats_conf(
    const cb_nats_conf_options *options, char *out, size_t capacity, size_t *size, cb_err *err)
{
    text to = {.out = out, .capacity = capacity};
    char password[128];
    put_head(&to, options);
    cb_status status = get_password(options, "sysadmin", password, err);
    if (status != CB_OK) {
        return status;
    }
    put(&to,
        "  SYS: { users: [ { user: \"sysadmin\", password: \"%s\" } ] }\n"
        "  TRD: { jetstream: enabled, users: [\n",
        password);
    status = put_users(&to, options, err);
    if (status != CB_OK) {
        return status;
    }
    put(&to, "  ] }\n}\nsystem_account: SYS\n");
    if (to.used >= capacity) {
        return CB_FAIL(err, CB_E_FULL, "nats.conf needs %zu bytes", to.used + 1);
    }
    *size = to.used;
    return CB_OK;
}
