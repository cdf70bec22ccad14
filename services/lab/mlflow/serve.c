/* cerberus experiments serve: HTTP in, calls of api.h, JSON out. One thread, one store. It knows no
 * users, so it listens on this machine unless told otherwise, and it answers no browser page of
 * elsewhere: bodies must say that they are JSON, and the host must be an address or localhost. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/strview.h"
#include "rt/http.h"
#include "rt/loop.h"
#include "services/lab/backtest/backtest.h"
#include "services/lab/mlflow/artifacts.h"

#define COMMAND "experiments serve"
#define PREFIX "/api/2.0/mlflow/"
#define FILES "/api/2.0/mlflow-artifacts/artifacts"
#define PORT_USUAL 5000
#define QUERY_PAIRS_MAX 64
#define VALUE_MAX 8192

typedef struct serving {
    lab_book book;
    cb_loop *loop;
    cb_server *server;
    uint16_t port;
} serving;

/* ---- arguments of a call ---- */

/* The query as an object; false with api filled. */
static bool read_query(lab_api *api, const char *query)
{
    char value[VALUE_MAX];
    size_t pairs = 0;
    for (const char *at = query; *at != '\0';) {
        char key[64];
        const size_t size = strcspn(at, "&");
        const size_t name = strcspn(at, "=&");
        if (size > 0 && (!cb_text_copy(key, sizeof key, (cb_strview){at, name}) ||
                            ++pairs > QUERY_PAIRS_MAX || strchr(key, '%') != NULL)) {
            (void)lab_api_wrong(api, "The query is too large, or a name in it is odd");
            return false;
        }
        if (size > 0 && json_object_get(api->args, key) != NULL) {
            (void)lab_api_wrong(api, "'%s' is given twice", key);
            return false;
        }
        if (size > 0 && (!cb_form_get(at, key, value, sizeof value) ||
                            json_object_set_new(api->args, key, json_string(value)) != 0)) {
            (void)lab_api_wrong(api, "The value of '%s' is too long or no text", key);
            return false;
        }
        at += size + (at[size] == '&' ? 1 : 0);
    }
    return true;
}

static bool read_body(lab_api *api, cb_exchange *exchange, const cb_server_request *request)
{
    json_error_t problem;
    const char *type = cb_exchange_header(exchange, "content-type");
    if (strncmp(type, "application/json", 16) != 0) {
        (void)lab_api_wrong(api, "The body must be declared as application/json");
        return false;
    }
    if (request->body_size > MLFLOW_BODY_MAX) {
        (void)lab_api_fail(api,
            413,
            "INVALID_PARAMETER_VALUE",
            "The body is larger than %zu bytes",
            MLFLOW_BODY_MAX);
        return false;
    }
    json_decref(api->args);
    api->args = json_loadb(request->body, request->body_size, JSON_REJECT_DUPLICATES, &problem);
    if (!json_is_object(api->args)) {
        json_decref(api->args);
        api->args = json_object();
        (void)lab_api_fail(api,
            400,
            "BAD_REQUEST",
            "The body is no JSON object: line %d: %s",
            problem.line,
            problem.text);
        return false;
    }
    return true;
}

/* ---- answers ---- */

static void reply_json(const lab_api *api, cb_exchange *exchange, json_t *answer)
{
    json_t *body = api->status == 200
                       ? json_incref(answer)
                       : json_pack("{s:s, s:s}", "error_code", api->code, "message", api->message);
    char *text = json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_decref(body);
    if (text == NULL) {
        static const char broken[] = "{\"error_code\":\"INTERNAL_ERROR\",\"message\":\"memory\"}";
        cb_exchange_reply(exchange, 500, "application/json", broken, sizeof broken - 1);
        return;
    }
    cb_exchange_reply(exchange, api->status, "application/json", text, strlen(text));
    free(text);
}

static json_t *call(lab_api *api, cb_exchange *exchange, const cb_server_request *request)
{
    cb_err err = {0};
    const char *name = request->path + strlen(PREFIX);
    const lab_api_fn function = lab_api_find(request->method, name);
    if (function == NULL) {
        return lab_api_fail(api,
            404,
            "ENDPOINT_NOT_FOUND",
            "%.8s %.200s is not answered here",
            request->method,
            request->path);
    }
    const bool has_body = strcmp(request->method, "POST") == 0;
    if (!(has_body ? read_body(api, exchange, request) : read_query(api, request->query))) {
        return NULL;
    }
    if (lab_book_refresh(api->book, &err) != CB_OK) {
        return lab_api_broken(api, &err);
    }
    json_t *answer = function(api);
    return answer != NULL || api->status != 200
               ? answer
               : lab_api_fail(api, 500, "INTERNAL_ERROR", "no memory for the answer");
}

static void reply_file(lab_api *api, cb_exchange *exchange, const char *path)
{
    size_t size = 0;
    char *bytes = lab_artifacts_get(api, path, &size);
    if (bytes == NULL) {
        reply_json(api, exchange, NULL);
        return;
    }
    cb_exchange_set_header(exchange, "X-Content-Type-Options", "nosniff");
    cb_exchange_set_header(exchange, "Content-Disposition", "attachment");
    cb_exchange_reply(exchange, 200, "application/octet-stream", bytes, size);
    free(bytes);
}

static void on_file(lab_api *api, cb_exchange *exchange, const cb_server_request *request)
{
    json_t *answer = NULL;
    cb_err err = {0};
    const char *path = request->path + strlen(FILES);
    const bool is_named = path[0] == '/' && path[1] != '\0';
    const bool is_get = strcmp(request->method, "GET") == 0;
    if (lab_book_refresh(api->book, &err) != CB_OK) {
        (void)lab_api_broken(api, &err);
    } else if (is_get && is_named) {
        reply_file(api, exchange, path + 1);
        return;
    } else if (is_get) {
        const char *folder = NULL;
        if (read_query(api, request->query) && lab_api_text(api, "path", 0, true, &folder)) {
            answer = lab_artifacts_list(api, folder);
        }
    } else if (is_named && strcmp(request->method, "PUT") == 0) {
        answer = lab_artifacts_put(api, path + 1, request->body, request->body_size);
    } else {
        (void)lab_api_fail(api, 404, "ENDPOINT_NOT_FOUND", "Artifacts are put, got and listed");
    }
    reply_json(api, exchange, answer);
    json_decref(answer);
}

/* A page of elsewhere whose name was bent to this machine says that name. */
static bool is_host_ours(cb_exchange *exchange)
{
    char name[64];
    struct in_addr v4;
    const char *host = cb_exchange_header(exchange, "host");
    const size_t size = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (!cb_text_copy(name, sizeof name, (cb_strview){host, size})) {
        return false;
    }
    return host[0] == '[' || strcmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &v4) == 1;
}

static void on_request(void *context, cb_exchange *exchange, const cb_server_request *request)
{
    serving *self = context;
    lab_api api = {.book = &self->book, .args = json_object(), .status = 200};
    const size_t files = strlen(FILES);
    if (!is_host_ours(exchange)) {
        (void)lab_api_fail(
            &api, 403, "PERMISSION_DENIED", "The host must be an address or localhost");
        reply_json(&api, exchange, NULL);
    } else if (strcmp(request->path, "/health") == 0) {
        cb_exchange_reply(exchange, 200, "text/plain", "OK", 2);
    } else if (strncmp(request->path, FILES, files) == 0 &&
               (request->path[files] == '\0' || request->path[files] == '/')) {
        on_file(&api, exchange, request);
    } else if (strncmp(request->path, PREFIX, strlen(PREFIX)) == 0) {
        json_t *answer = call(&api, exchange, request);
        reply_json(&api, exchange, answer);
        json_decref(answer);
    } else {
        (void)lab_api_fail(
            &api, 404, "ENDPOINT_NOT_FOUND", "%.200s is not answered here", request->path);
        reply_json(&api, exchange, NULL);
    }
    json_decref(api.args);
}

/* ---- life ---- */

static void on_signal(void *context, int fd, uint32_t events)
{
    serving *self = context;
    struct signalfd_siginfo info;
    (void)events;
    if (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        cb_loop_stop(self->loop);
    }
}

static cb_status serve(serving *self, const char *address, cb_err *err)
{
    sigset_t set;
    static const cb_server_ops ops = {.on_request = on_request};
    const cb_server_options options = {
        .address = address, .port = self->port, .body_max = ARTIFACT_MAX};
    CB_ASSERT(self->loop != NULL);
    if (sigemptyset(&set) != 0 || sigaddset(&set, SIGTERM) != 0 || sigaddset(&set, SIGINT) != 0 ||
        sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return CB_FAIL(err, CB_E_IO, "signals cannot be blocked");
    }
    const int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    cb_watch *watch =
        fd < 0 ? NULL : cb_loop_watch(self->loop, fd, CB_WATCH_READ, on_signal, self, err);
    self->server = watch == NULL ? NULL : cb_server_create(self->loop, &options, &ops, self, err);
    const bool is_serving = self->server != NULL;
    if (is_serving) {
        const bool is_v6 = strchr(address, ':') != NULL;
        (void)printf("http://%s%s%s:%u\n",
            is_v6 ? "[" : "",
            address,
            is_v6 ? "]" : "",
            cb_server_port(self->server));
        (void)fflush(stdout);
        cb_loop_run(self->loop);
        cb_server_destroy(self->server);
    }
    cb_watch_remove(watch);
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_serving           ? CB_OK
           : err->code != CB_OK ? err->code
                                : CB_FAIL(err, CB_E_IO, "signals cannot be read");
}

static bool take_arguments(lab_args *args, serving *self, const char **address)
{
    uint64_t number = PORT_USUAL;
    const char *port = lab_args_option(args, "--port");
    const char *given = lab_args_option(args, "--address");
    *address = given == NULL ? "127.0.0.1" : given;
    if (port != NULL && !cb_u64_parse(cb_sv_from(port), UINT16_MAX, &number)) {
        (void)fprintf(stderr, "cerberus-lab " COMMAND ": --port is 0 (any) to 65535\n");
        return false;
    }
    self->port = (uint16_t)number;
    return lab_args_done(args);
}

int lab_experiments_serve(lab_args *args)
{
    cb_err err = {0};
    lab_store store;
    serving self = {.book = {.fd = -1}};
    const char *address = NULL;
    if (lab_backtest_store(args, &store, &err) != CB_OK) {
        return lab_backtest_fail(COMMAND, &err);
    }
    if (!take_arguments(args, &self, &address)) {
        return LAB_USAGE;
    }
    if (strncmp(address, "127.", 4) != 0 && strcmp(address, "::1") != 0) {
        (void)fprintf(stderr,
            "cerberus-lab " COMMAND ": whoever reaches %s can read and write: there is no login\n",
            address);
    }
    cb_status status = lab_book_open(&self.book, &store, &err);
    if (status == CB_OK) {
        self.loop = cb_loop_create(&err);
        status = self.loop == NULL ? CB_E_IO : serve(&self, address, &err);
        if (self.loop != NULL) {
            cb_loop_destroy(self.loop);
        }
        lab_book_close(&self.book);
    }
    return status == CB_OK ? LAB_OK : lab_backtest_fail(COMMAND, &err);
}
