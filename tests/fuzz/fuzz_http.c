/* libFuzzer target: an HTTP request as strangers may send it. Its head is refused with a status of
 * the documented list, or read so that all of it lies inside the bytes and nothing can be read in
 * two ways; then the exchange's API answers it, always with a status and with JSON that our own
 * scanner takes. */
#include <stdint.h>
#include <stdio.h>

#include "base/mac.h"
#include "rt/http_parse.h"
#include "tests/fuzz/fuzz_exchange.h"
#include "venue/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define BODY_SIZE ((size_t)1 << 20)

static void need(bool claim)
{
    if (!claim) {
        abort();
    }
}

static void ignore_frame(
    void *context, void *handle, sim_frame_class frame_class, const char *text, size_t size)
{
    (void)context;
    (void)handle;
    (void)frame_class;
    (void)text;
    (void)size;
}

static bool is_inside(const char *text, const char *from, size_t size)
{
    /* "" of what is absent may stand anywhere. */
    return text[0] == '\0' || (text >= from && text < from + size);
}

static void check_head(const cb_http_head *head, const char *text, size_t size)
{
    need(head->lines_count <= CB_HTTP_HEADER_LINES_MAX);
    need(head->method[0] != '\0' && head->path[0] == '/');
    need(is_inside(head->path, text, size) && is_inside(head->query, text, size));
    uint32_t lengths = 0;
    for (size_t i = 0; i < head->lines_count; i++) {
        const char *name = head->lines[i].name;
        need(is_inside(name, text, size) && is_inside(head->lines[i].value, text, size));
        need(strpbrk(name, " \t\r\n:") == NULL && strpbrk(head->lines[i].value, "\r\n") == NULL);
        for (const char *at = name; *at != '\0'; at++) {
            need(*at < 'A' || *at > 'Z');
        }
        lengths += strcmp(name, "content-length") == 0;
        need(
            strcmp(name, "transfer-encoding") != 0); /* two lengths are how requests are smuggled */
    }
    need(lengths <= 1 && (lengths == 1 || head->body_size == 0));
}

static void answer(fuzz_exchange *exchange, const sim_request *request)
{
    static char out[BODY_SIZE];
    sim_json json = sim_json_over(out, BODY_SIZE);
    const sim_answer answer = sim_api_rest(&exchange->api, request, &json);
    need(answer.status >= 200 && answer.status < 600 && !json.is_full);
    cb_err err = {0};
    need(json.used == 0 || cb_json_check((cb_strview){out, json.used}, &err) == CB_OK);
}

/* As it came, and once more with a signature that holds: only then are signed calls understood. */
static void ask(const cb_http_head *head, const char *body)
{
    static fuzz_exchange exchange;
    static char query[CB_HTTP_HEAD_MAX + 256];
    static char payload[CB_HTTP_HEAD_MAX + 8192];
    uint8_t mac[CB_SHA256_SIZE];
    char hex[2 * CB_SHA256_SIZE + 1];
    sim_request request = {.method = head->method,
        .path = head->path,
        .query = head->query,
        .body = body,
        .api_key = cb_http_line_value(head, "x-mbx-apikey"),
        .client = "127.0.0.1"};
    fuzz_exchange_reset(&exchange, FUZZ_NOW_NS, ignore_frame, NULL);
    answer(&exchange, &request);
    const int size = snprintf(query,
        sizeof(query),
        "%s%stimestamp=1767225600000",
        head->query,
        head->query[0] == '\0' ? "" : "&");
    need(size > 0);
    (void)snprintf(payload, sizeof(payload), "%s%s", query, body);
    cb_hmac_sha256("secret", strlen("secret"), payload, strlen(payload), mac);
    cb_hex_print(mac, sizeof(mac), hex);
    (void)snprintf(query + size, sizeof(query) - (size_t)size, "&signature=%s", hex);
    request.query = query;
    request.api_key = "key";
    answer(&exchange, &request);
    answer(&exchange, &request); /* what it placed is there now */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char text[CB_HTTP_HEAD_MAX + 4096];
    static char body[4096];
    static cb_http_head head;
    if (size >= sizeof(text)) {
        return 0;
    }
    memcpy(text, bytes, size);
    text[size] = '\0';
    const size_t head_size = cb_http_head_size(text, size);
    need(head_size <= size);
    if (head_size == 0) {
        return 0;
    }
    const size_t rest = size - head_size;
    memcpy(body, text + head_size, rest < sizeof(body) ? rest : sizeof(body) - 1);
    body[rest < sizeof(body) ? rest : sizeof(body) - 1] = '\0';
    const int status = cb_http_parse(text, head_size, &head);
    static const int refusals[] = {400, 405, 411, 414, 426, 431, 501, 505};
    bool is_known = status == 0;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        is_known |= status == refusals[i] && cb_http_reason(status)[0] != '\0';
    }
    need(is_known);
    if (status == 0) {
        check_head(&head, text, head_size);
        ask(&head, body);
    }
    return 0;
}
