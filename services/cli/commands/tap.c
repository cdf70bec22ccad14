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

/* One subscription per row that the pattern may meet: the cli user may read those subjects. */
static int listen(natsConnection *connection, const char *pattern, uint64_t count)
{
    natsSubscription *subscription = NULL;
    natsMsg *message = NULL;
    void *body = calloc(1, CB_MSG_SIZE_MAX);
    char *json = malloc(TAP_JSON_MAX);
    natsStatus status = natsConnection_SubscribeSync(&subscription, connection, pattern);
    while (status == NATS_OK && body != NULL && json != NULL && is_stopping == 0) {
        status = natsSubscription_NextMsg(&message, subscription, 250);
        if (status == NATS_TIMEOUT) {
            status = natsConnection_GetLastError(connection, &(const char *){NULL});
            (void)fflush(stdout);
            continue;
        }
        if (status != NATS_OK) {
            break;
        }
        print_message(natsMsg_GetSubject(message),
            natsMsg_GetData(message),
            (size_t)natsMsg_GetDataLength(message),
            body,
            json);
        natsMsg_Destroy(message);
        if (ferror(stdout) != 0 || (count > 0 && --count == 0)) {
            break;
        }
    }
    natsSubscription_Destroy(subscription);
    free(body);
    free(json);
    if (status != NATS_OK) {
        (void)fprintf(stderr, "cerberus tap: %s: %s\n", pattern, natsStatus_GetText(status));
        return status == NATS_NOT_PERMITTED ? CLI_AUTH : CLI_FAILURE;
    }
    return CLI_OK;
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
