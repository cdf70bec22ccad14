/* One HTTP request as libcurl shall carry it, and the judgement of what happened to it.
 *
 * libcurl re-sends a request by itself when a reused connection dies before the first byte of the
 * answer. For a request that changes something this would be a second order, so its body comes from
 * a callback that cannot be rewound: libcurl then fails with code 65 instead, which means
 * "unknown". Without a body there is nothing to rewind and no such protection; those requests get a
 * connection of their own, because only reused connections are retried. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "base/strview.h"
#include "rt/failpoint.h"
#include "rt/http_client_internal.h"
#include "rt/loop.h"

#define HEADER_LINE_MAX 1024
#define ANSWER_FIRST_BYTES 4096
#define CONNECT_MS 1000L
#define TOTAL_MS 5000L

/* libcurl's setters are type-checked macros; a refused option is a mistake of ours. */
#define SET(easy, option, value)                                                                   \
    do {                                                                                           \
        const CURLcode set_code = curl_easy_setopt((easy), (option), (value));                     \
        CB_ASSERT(set_code == CURLE_OK);                                                           \
    } while (0)

/* ---- libcurl's callbacks ---- */

static size_t on_read(char *out, size_t size, size_t count, void *context)
{
    http_transfer *transfer = context;
    const size_t left = transfer->body_size - transfer->body_read;
    const size_t room = size * count;
    size_t given = left < room ? left : room;
    if (cb_failpoints_armed && given > 1) {
        (void)(transfer->body_read > 0 && FP("exec.mid_write"));
        given = transfer->body_read == 0 ? given / 2 : given;
    }
    memcpy(out, transfer->body + transfer->body_read, given);
    transfer->body_read += given;
    return given;
}

static int on_seek(void *context, curl_off_t offset, int origin)
{
    (void)context;
    (void)offset;
    (void)origin;
    return CURL_SEEKFUNC_FAIL; /* a body is sent once */
}

static size_t on_answer(char *bytes, size_t size, size_t count, void *context)
{
    http_transfer *transfer = context;
    const size_t more = size * count;
    if (more > transfer->answer_max - transfer->answer_size) {
        transfer->is_overlong = true;
        return 0; /* ends the transfer */
    }
    const size_t wanted = transfer->answer_size + more + 1;
    if (wanted > transfer->answer_capacity) {
        size_t capacity =
            transfer->answer_capacity == 0 ? ANSWER_FIRST_BYTES : transfer->answer_capacity;
        while (capacity < wanted) {
            capacity *= 2;
        }
        char *answer = realloc(transfer->answer, capacity);
        CB_ASSERT(answer != NULL);
        transfer->answer = answer;
        transfer->answer_capacity = capacity;
    }
    memcpy(transfer->answer + transfer->answer_size, bytes, more);
    transfer->answer_size += more;
    transfer->answer[transfer->answer_size] = '\0';
    return more;
}

/* The value of a header line when it has this name: a number, -1 when it is none. */
static bool header_number(cb_strview line, const char *name, int64_t *out)
{
    const size_t size = strlen(name);
    if (line.size <= size || line.at[size] != ':' || strncasecmp(line.at, name, size) != 0) {
        return false;
    }
    cb_strview value = {line.at + size + 1, line.size - size - 1};
    while (value.size > 0 && (value.at[0] == ' ' || value.at[0] == '\t')) {
        value.at++;
        value.size--;
    }
    while (value.size > 0 && (unsigned char)value.at[value.size - 1] <= ' ') {
        value.size--;
    }
    uint64_t number = 0;
    *out = cb_u64_parse(value, INT64_MAX, &number) ? (int64_t)number : -1;
    return true;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    http_transfer *transfer = context;
    const cb_strview line = {bytes, size * count};
    if (transfer->first_byte_mono_ns == 0) {
        transfer->first_byte_mono_ns = cb_mono_ns();
    }
    if (!header_number(line, "retry-after", &transfer->retry_after_s)) {
        (void)header_number(line, "x-mbx-used-weight-1m", &transfer->used_weight_1m);
    }
    return line.size;
}

/* libcurl reports here what it has just handed to the socket, and how much of it. */
static int on_debug(CURL *easy, curl_infotype kind, char *bytes, size_t size, void *context)
{
    (void)easy;
    (void)bytes;
    http_transfer *transfer = context;
    if ((kind == CURLINFO_HEADER_OUT || kind == CURLINFO_DATA_OUT) && size > 0) {
        transfer->bytes_sent += (int64_t)size;
        transfer->sent_mono_ns = cb_mono_ns();
        if (kind == CURLINFO_DATA_OUT && transfer->body_read == transfer->body_size) {
            (void)FP("exec.after_write");
        }
    }
    return 0;
}

/* The connection stands and nothing has been written: the last moment to hold a request back. */
static int on_prepared(
    void *context, char *peer_address, char *own_address, int peer_port, int own_port)
{
    (void)peer_address;
    (void)own_address;
    (void)peer_port;
    (void)own_port;
    http_transfer *transfer = context;
    transfer->is_forbidden = !transfer->may_send(transfer->may_send_context);
    return transfer->is_forbidden ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* ---- setting up ---- */

static void add_header(http_transfer *transfer, const char *line)
{
    struct curl_slist *headers = curl_slist_append(transfer->headers, line);
    CB_ASSERT(headers != NULL);
    transfer->headers = headers;
}

static void set_headers(http_transfer *transfer, const cb_http_request *request)
{
    CB_ASSERT(request->headers_count <= CB_HTTP_HEADERS_MAX);
    for (size_t i = 0; i < request->headers_count; i++) {
        char line[HEADER_LINE_MAX];
        const cb_http_header *header = &request->headers[i];
        CB_ASSERT(strpbrk(header->value, "\r\n") == NULL);
        const int size = snprintf(line, sizeof(line), "%s: %s", header->name, header->value);
        CB_ASSERT(size > 0 && (size_t)size < sizeof(line));
        add_header(transfer, line);
    }
    add_header(transfer, "Expect:"); /* no waiting for "100 Continue" */
    SET(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

/* Whatever the environment or a server says: this one request to this one place, once. */
static void set_rules(CURL *easy)
{
    SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
    SET(easy, CURLOPT_PROXY, "");
    SET(easy, CURLOPT_NOSIGNAL, 1L);
    SET(easy, CURLOPT_TCP_NODELAY, 1L);
    SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
}

static void set_callbacks(http_transfer *transfer)
{
    CURL *easy = transfer->easy;
    SET(easy, CURLOPT_PRIVATE, transfer);
    SET(easy, CURLOPT_WRITEFUNCTION, on_answer);
    SET(easy, CURLOPT_WRITEDATA, transfer);
    SET(easy, CURLOPT_HEADERFUNCTION, on_header);
    SET(easy, CURLOPT_HEADERDATA, transfer);
    SET(easy, CURLOPT_DEBUGFUNCTION, on_debug);
    SET(easy, CURLOPT_DEBUGDATA, transfer);
    SET(easy, CURLOPT_VERBOSE, 1L);
    SET(easy, CURLOPT_ERRORBUFFER, transfer->why);
    if (transfer->may_send != NULL) {
        SET(easy, CURLOPT_PREREQFUNCTION, on_prepared);
        SET(easy, CURLOPT_PREREQDATA, transfer);
    }
}

static void set_method(http_transfer *transfer, const char *method)
{
    CURL *easy = transfer->easy;
    if (strcmp(method, "GET") == 0) {
        SET(easy, CURLOPT_HTTPGET, 1L);
        return;
    }
    SET(easy, CURLOPT_POST, 1L);
    SET(easy, CURLOPT_CUSTOMREQUEST, method);
    SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body_size);
    SET(easy, CURLOPT_READFUNCTION, on_read);
    SET(easy, CURLOPT_READDATA, transfer);
    SET(easy, CURLOPT_SEEKFUNCTION, on_seek);
    SET(easy, CURLOPT_SEEKDATA, transfer);
    if (transfer->body_size == 0) {
        SET(easy, CURLOPT_FRESH_CONNECT, 1L);
    }
}

/* libcurl reads 0 as "for ever", which no request may last. */
static long or_default(int64_t given_ms, long default_ms)
{
    return given_ms > 0 ? (long)given_ms : default_ms;
}

http_transfer *cb_http_transfer_create(
    cb_http *http, CURL *easy, const cb_http_request *request, cb_http_fn fn, void *context)
{
    CB_ASSERT(request->body_size <= CB_HTTP_BODY_MAX);
    http_transfer *transfer = calloc(1, sizeof(*transfer));
    CB_ASSERT(transfer != NULL);
    transfer->http = http;
    transfer->easy = easy;
    transfer->fn = fn;
    transfer->context = context;
    transfer->may_send = request->may_send;
    transfer->may_send_context = request->may_send_context;
    transfer->retry_after_s = -1;
    transfer->used_weight_1m = -1;
    transfer->answer_max = request->response_max != 0 ? request->response_max : CB_HTTP_BODY_MAX;
    const char *lane = request->lane != NULL ? request->lane : "";
    CB_ASSERT(cb_text_copy(transfer->lane, sizeof(transfer->lane), cb_sv_from(lane)));
    if (request->body != NULL && request->body_size > 0) {
        transfer->body = malloc(request->body_size);
        CB_ASSERT(transfer->body != NULL);
        memcpy(transfer->body, request->body, request->body_size);
        transfer->body_size = request->body_size;
    }
    set_rules(easy);
    set_callbacks(transfer);
    set_method(transfer, request->method);
    set_headers(transfer, request);
    SET(easy, CURLOPT_URL, request->url);
    SET(easy, CURLOPT_CONNECTTIMEOUT_MS, or_default(request->connect_timeout_ms, CONNECT_MS));
    SET(easy, CURLOPT_TIMEOUT_MS, or_default(request->total_timeout_ms, TOTAL_MS));
    return transfer;
}

void cb_http_transfer_destroy(http_transfer *transfer)
{
    curl_slist_free_all(transfer->headers);
    free(transfer->body);
    free(transfer->answer);
    free(transfer);
}

/* ---- judging ---- */

static cb_http_outcome judge(const http_transfer *transfer)
{
    if (transfer->code == CURLE_OK) {
        return CB_HTTP_ANSWERED;
    }
    /* Nothing was ever handed to a socket: refused, no name, no TLS, no time. */
    return transfer->bytes_sent == 0 ? CB_HTTP_NOT_SENT : CB_HTTP_UNKNOWN;
}

static const char *detail(const http_transfer *transfer)
{
    if (transfer->code == CURLE_OK) {
        return "";
    }
    if (transfer->is_forbidden) {
        return "held back before the first byte";
    }
    if (transfer->is_overlong) {
        return "the answer is larger than allowed";
    }
    return transfer->why[0] != '\0' ? transfer->why : curl_easy_strerror(transfer->code);
}

cb_http_answer cb_http_transfer_answer(const http_transfer *transfer)
{
    cb_http_answer answer = {.outcome = judge(transfer),
        .body = "",
        .detail = detail(transfer),
        .bytes_sent = transfer->bytes_sent,
        .sent_mono_ns = transfer->sent_mono_ns,
        .first_byte_mono_ns = transfer->first_byte_mono_ns,
        .retry_after_s = transfer->retry_after_s,
        .used_weight_1m = transfer->used_weight_1m};
    if (answer.outcome != CB_HTTP_ANSWERED) {
        return answer; /* half an answer is none */
    }
    long status = 0;
    CB_MAYBE(curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK);
    answer.status = (int)status;
    if (transfer->answer_size > 0) {
        answer.body = transfer->answer;
        answer.body_size = transfer->answer_size;
    }
    return answer;
}
