/* Entry point of the gateway. Configuration and wiring; routes live in routes/. */
#include <string.h>

#include "services/gateway/gateway.h"

#define FIELD(key, kind, member, fallback, low, high, help)                                        \
    {                                                                                              \
        key, kind, offsetof(gateway_config, member), fallback, low, high, NULL, help               \
    }

static const cb_config_field fields[] = {
    FIELD(
        "gateway.port", CB_CONFIG_U64, port, "8080", 0, 65535, "port of the API; 0 = any free one"),
    FIELD("gateway.address",
        CB_CONFIG_TEXT,
        address,
        "127.0.0.1",
        0,
        0,
        "address to listen on; loopback only until sign-in exists"),
    FIELD("gateway.token",
        CB_CONFIG_PATH,
        token_file,
        NULL,
        0,
        0,
        "file of the API's bearer token; FILE_operator and FILE_risk_officer hold those of the two "
        "who lower the kill level; all are made at first start, mode 0600"),
    FIELD("gateway.in_container",
        CB_CONFIG_BOOL,
        in_container,
        "false",
        0,
        0,
        "listen on every address of a container whose port is published on loopback only"),
};

static cb_status require_loopback(const gateway_config *config, cb_err *err)
{
    const char *address = config->address;
    if (config->in_container || strcmp(address, "127.0.0.1") == 0 || strcmp(address, "::1") == 0) {
        return CB_OK;
    }
    return CB_FAIL(err,
        CB_E_CONFIG,
        "gateway.address is '%s': only 127.0.0.1 and ::1 are allowed, for there is no sign-in yet",
        address);
}

static cb_status open_gateway(cb_shell *shell, cb_err *err)
{
    static const cb_server_ops ops = {.on_request = gateway_on_request};
    const gateway_config *config = cb_shell_config(shell);
    gateway *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for the gateway");
    }
    cb_shell_set_user(shell, self);
    self->shell = shell;
    self->requests =
        cb_counter(cb_shell_metrics(shell), "http_requests_total", "", "requests answered");
    self->notes_lost = cb_counter(cb_shell_metrics(shell),
        "audit_notes_lost_total",
        "",
        "changes and refusals that audit has not confirmed");
    self->latency = cb_histogram(cb_shell_metrics(shell),
        "http_request_seconds",
        "",
        "time from a request's arrival to its answer");
    cb_status status = require_loopback(config, err);
    if (status == CB_OK) {
        status = gateway_tokens_load(self, config->token_file, err);
    }
    if (status != CB_OK) {
        return status;
    }
    const cb_server_options options = {
        .address = config->address, .port = (uint16_t)config->port, .body_max = (size_t)64 * 1024};
    self->server = cb_server_create(cb_shell_loop(shell), &options, &ops, self, err);
    if (self->server == NULL) {
        return cb_err_context(err, "gateway.port %llu", (unsigned long long)config->port);
    }
    CB_LOG(cb_shell_log(shell),
        CB_LOG_INFO,
        "gateway_listens",
        CB_KV("address", config->address),
        CB_KI("port", cb_server_port(self->server)));
    return CB_OK;
}

static uint32_t pending(const cb_shell *shell)
{
    const gateway *self = cb_shell_user(shell);
    return self->calls_open;
}

static void close_gateway(cb_shell *shell)
{
    gateway *self = cb_shell_user(shell);
    if (self == NULL) {
        return;
    }
    if (self->server != NULL) {
        cb_server_destroy(self->server);
    }
    explicit_bzero(self->tokens, sizeof self->tokens);
    free(self);
    cb_shell_set_user(shell, NULL);
}

static const cb_service service = {
    .name = "gateway",
    .summary = "REST API over what the services know, and the kill switch",
    .fields = fields,
    .fields_count = sizeof fields / sizeof fields[0],
    .config_size = sizeof(gateway_config),
    .without_pg = true,
    .open = open_gateway,
    .pending = pending,
    .close = close_gateway,
};

int main(int argc, char **argv)
{
    return cb_service_main(&service, argc, argv);
}
