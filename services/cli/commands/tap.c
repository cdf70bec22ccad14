/* cerberus tap PATTERN: prints messages of the bus in readable form, one JSON object a line. */
#include <nats/nats.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/cli/cli.h"
#include "wire/codec.h"
#include "wire/subjects.h"

#define TAP_JSON_MAX ((size_t)512 * 1024)

static volatile sig_atomic_t is_stopping = 0;

static void on_signal(int number)
{
    (void)number;
    is_stopping = 1;
}

static void print_message(
    const char *subject, const void *bytes, size_t size, void *body, char *json)
{
    cb_subject_id id;
    cb_err err = {0};
    if (!cb_subject_match(subject, &id)) {
        (void)printf("{\"subject\":\"%s\",\"bytes\":%zu}\n", subject, size);
        return;
    }
    const cb_desc *desc = cb_msg_desc(cb_subject_get(id)->msg);
    if (cb_decode(desc, bytes, size, body, &err) != CB_OK) {
        (void)printf(
            "{\"subject\":\"%s\",\"bytes\":%zu,\"undecodable\":\"%s\"}\n", subject, size, err.text);
        return;
    }
    const size_t length = cb_body_to_json(desc, body, json, TAP_JSON_MAX);
    (void)printf("{\"subject\":\"%s\",\"%s\":%.*s}\n", subject, desc->name, (int)length, json);
}

/* Length of the token at text. */
static size_t token_size(const char *text)
{
    return strcspn(text, ".");
}

/* True when a subject that begins with prefix can match pattern; with is_whole, when subject itself
 * does. NATS wildcards: '*' is one token, '>' is the rest. */
static bool is_met(const char *pattern, const char *subject, bool is_whole)
{
    while (*pattern != '\0' && *subject != '\0') {
        const size_t wanted = token_size(pattern);
        const size_t found = token_size(subject);
        if (wanted == 1 && *pattern == '>') {
            return true;
        }
        const bool is_any = wanted == 1 && *pattern == '*';
        if (!is_any && (wanted != found || strncmp(pattern, subject, wanted) != 0)) {
            return false;
        }
        pattern += wanted + (pattern[wanted] == '.' ? 1 : 0);
        subject += found + (subject[found] == '.' ? 1 : 0);
    }
    return is_whole ? *pattern == '\0' && *subject == '\0' : *subject == '\0';
}

typedef struct tap {
    natsConnection *connection;
    natsSubscription *subscriptions[CB_SUBJECT_COUNT];
    uint32_t subscriptions_count;
    const char *pattern;
    uint64_t left_count; /* 0: no end */
    bool is_done;
    void *body;
    char *json;
} tap;

/* The cli user may read each row's subjects, not whole domains: one subscription per row. */
static natsStatus subscribe_rows(tap *self)
{
    char row_pattern[CB_SUBJECT_TEXT_MAX];
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        if (row->subject_class == CB_CLASS_REQUEST || !is_met(self->pattern, row->prefix, false)) {
            continue;
        }
        cb_subject_pattern((cb_subject_id)id, row_pattern);
        const natsStatus status = natsConnection_SubscribeSync(
            &self->subscriptions[self->subscriptions_count], self->connection, row_pattern);
        if (status != NATS_OK) {
            return status;
        }
        self->subscriptions_count++;
    }
    return NATS_OK;
}

static void take_message(tap *self, natsMsg *message)
{
    const char *subject = natsMsg_GetSubject(message);
    if (!self->is_done && is_met(self->pattern, subject, true)) {
        print_message(subject,
            natsMsg_GetData(message),
            (size_t)natsMsg_GetDataLength(message),
            self->body,
            self->json);
        self->is_done = ferror(stdout) != 0 || (self->left_count > 0 && --self->left_count == 0);
    }
    natsMsg_Destroy(message);
}

static natsStatus listen_once(tap *self)
{
    natsMsg *message = NULL;
    bool is_quiet = true;
    for (uint32_t i = 0; i < self->subscriptions_count && !self->is_done; i++) {
        natsStatus status = natsSubscription_NextMsg(&message, self->subscriptions[i], 0);
        for (; status == NATS_OK && !self->is_done; is_quiet = false) {
            take_message(self, message);
            status = natsSubscription_NextMsg(&message, self->subscriptions[i], 0);
        }
        if (status == NATS_OK) {
            natsMsg_Destroy(message);
        } else if (status != NATS_TIMEOUT) {
            return status;
        }
    }
    if (is_quiet) {
        (void)fflush(stdout);
        nats_Sleep(20);
    }
    return NATS_OK;
}

static int listen(natsConnection *connection, const char *pattern, uint64_t count)
{
    tap self = {.connection = connection, .pattern = pattern, .left_count = count};
    self.body = calloc(1, CB_MSG_SIZE_MAX);
    self.json = malloc(TAP_JSON_MAX);
    natsStatus status =
        self.body != NULL && self.json != NULL ? subscribe_rows(&self) : NATS_NO_MEMORY;
    if (status == NATS_OK && self.subscriptions_count == 0) {
        (void)fprintf(stderr, "cerberus tap: '%s' meets no subject of the bus\n", pattern);
        self.is_done = true;
    }
    while (status == NATS_OK && !self.is_done && is_stopping == 0) {
        status = listen_once(&self);
    }
    for (uint32_t i = 0; i < self.subscriptions_count; i++) {
        natsSubscription_Destroy(self.subscriptions[i]);
    }
    free(self.body);
    free(self.json);
    if (status != NATS_OK) {
        (void)fprintf(stderr, "cerberus tap: %s: %s\n", pattern, natsStatus_GetText(status));
        return status == NATS_NOT_PERMITTED ? CLI_AUTH : CLI_FAILURE;
    }
    return self.subscriptions_count == 0 ? CLI_USAGE : CLI_OK;
}

static natsStatus connect_bus(const cli *self, natsConnection **out)
{
    char password[CLI_TEXT_MAX];
    natsOptions *options = NULL;
    const char *url = cli_endpoint(self, "nats.url");
    const char *user = cli_endpoint(self, "nats.user");
    const char *file = cli_endpoint(self, "nats.password_file");
    if (url == NULL || user == NULL || file == NULL) {
        return NATS_INVALID_ARG;
    }
    if (!cli_read_secret(file, password, sizeof password)) {
        return NATS_NOT_PERMITTED;
    }
    natsStatus status = natsOptions_Create(&options);
    if (status == NATS_OK) {
        status = natsOptions_SetURL(options, url);
    }
    if (status == NATS_OK) {
        status = natsOptions_SetUserInfo(options, user, password);
    }
    if (status == NATS_OK) {
        status = natsConnection_Connect(out, options);
    }
    natsOptions_Destroy(options);
    return status;
}

static int run(cli *self)
{
    natsConnection *connection = NULL;
    cb_err err = {0};
    uint64_t count = 0;
    const char *limit = cli_option(self, "--count");
    const char *pattern = cli_positional(self);
    if (pattern == NULL || !cli_done_arguments(self)) {
        (void)fprintf(
            stderr, "cerberus tap: which subjects? for example 'md.>' or 'order.event.>'\n");
        return CLI_USAGE;
    }
    if (limit != NULL) {
        char *end = NULL;
        count = strtoull(limit, &end, 10);
        if (*end != '\0' || count == 0) {
            (void)fprintf(
                stderr, "cerberus tap: --count '%s' is not a positive whole number\n", limit);
            return CLI_USAGE;
        }
    }
    if (cli_connect(self, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus: %s\n", err.text);
        return CLI_FAILURE;
    }
    const natsStatus status = connect_bus(self, &connection);
    if (status != NATS_OK) {
        (void)fprintf(
            stderr, "cerberus tap: cannot reach the bus: %s\n", natsStatus_GetText(status));
        return CLI_FAILURE;
    }
    (void)signal(SIGINT, on_signal);
    (void)signal(SIGTERM, on_signal);
    const int code = listen(connection, pattern, count);
    natsConnection_Destroy(connection);
    nats_Close();
    return code;
}

const cli_command cli_command_tap = {"tap",
    "PATTERN [--count N]",
    "messages of the bus in readable form",
    "  cerberus tap 'md.>'\n  cerberus tap 'order.event.>' --count 5\n",
    run};
