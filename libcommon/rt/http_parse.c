/* Strict parsing of HTTP/1.1 request heads. Refused on purpose: bare line feeds, folded lines,
 * spaces before a colon, repeated or signed lengths, transfer codings, absolute targets, escapes
 * that are no escapes, and NUL however written. */
#include "rt/http_parse.h"

#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "base/strview.h"

#define METHOD_SIZE_MAX 16
#define TARGET_SIZE_MAX ((size_t)8 * 1024)
#define WEBSOCKET_KEY_SIZE 24 /* base64 of 16 bytes */
#define LENGTH_MAX (UINT64_C(1) << 40)

size_t cb_http_head_size(const char *text, size_t size)
{
    const char *end = memmem(text, size, "\r\n\r\n", 4);
    return end == NULL ? 0 : (size_t)(end - text) + 4;
}

static bool is_token_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* ---- the request line ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Decodes %XX in place; false for a broken escape or an encoded NUL. */
static bool decode_path(char *path)
{
    char *out = path;
    for (const char *at = path; *at != '\0'; at++) {
        if (*at != '%') {
            *out++ = *at;
            continue;
        }
        const int high = hex_value(at[1]);
        const int low = high < 0 ? -1 : hex_value(at[2]);
        if (low < 0 || high * 16 + low == 0) {
            return false;
        }
        *out++ = (char)(high * 16 + low);
        at += 2;
    }
    *out = '\0';
    return true;
}

static bool is_known_method(const char *method)
{
    static const char *const known[] = {"GET", "POST", "PUT", "DELETE", "HEAD"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(method, known[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int parse_method(char *line, char **rest, cb_http_head *head)
{
    size_t size = 0;
    while (is_token_char((unsigned char)line[size])) {
        size++;
    }
    if (size == 0 || size > METHOD_SIZE_MAX || line[size] != ' ') {
        return 400;
    }
    line[size] = '\0';
    head->method = line;
    *rest = line + size + 1;
    return 0;
}

static int parse_target(char *target, char **rest, cb_http_head *head)
{
    size_t size = 0;
    while (target[size] > 0x20 && target[size] < 0x7f && target[size] != '#') {
        size++;
    }
    if (size > TARGET_SIZE_MAX) {
        return 414;
    }
    if (target[0] != '/' || target[size] != ' ') {
        return 400;
    }
    target[size] = '\0';
    *rest = target + size + 1;
    char *mark = strchr(target, '?');
    head->query = "";
    if (mark != NULL) {
        *mark = '\0';
        head->query = mark + 1;
    }
    head->path = target;
    return decode_path(target) ? 0 : 400;
}

static bool is_version(const char *text)
{
    return strlen(text) == 8 && strncmp(text, "HTTP/", 5) == 0 && text[6] == '.' &&
           text[5] >= '0' && text[5] <= '9' && text[7] >= '0' && text[7] <= '9';
}

static int parse_request_line(char *line, cb_http_head *head)
{
    char *rest = NULL;
    int refusal = parse_method(line, &rest, head);
    if (refusal == 0) {
        refusal = parse_target(rest, &rest, head);
    }
    if (refusal != 0) {
        return refusal;
    }
    if (strcmp(rest, "HTTP/1.1") == 0) {
        head->is_keep_alive = true;
    } else if (strcmp(rest, "HTTP/1.0") != 0) {
        return is_version(rest) ? 505 : 400;
    }
    return is_known_method(head->method) ? 0 : 405;
}

/* ---- header lines ---- */

static int parse_line(char *line, char *end, cb_http_head *head)
{
    if (head->lines_count == CB_HTTP_HEADER_LINES_MAX) {
        return 431;
    }
    char *at = line;
    while (is_token_char((unsigned char)*at)) {
        if (*at >= 'A' && *at <= 'Z') {
            *at = (char)(*at | 0x20);
        }
        at++;
    }
    if (at == line || *at != ':') {
        return 400; /* also a folded line, which begins with a space */
    }
    *at++ = '\0';
    while (*at == ' ' || *at == '\t') {
        at++;
    }
    while (end > at && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    *end = '\0';
    for (const char *c = at; c < end; c++) {
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f) {
            return 400;
        }
    }
    head->lines[head->lines_count++] = (cb_http_line){line, at};
    return 0;
}

static size_t count_lines(const cb_http_head *head, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < head->lines_count; i++) {
        count += strcmp(head->lines[i].name, name) == 0 ? 1 : 0;
    }
    return count;
}

const char *cb_http_line_value(const cb_http_head *head, const char *name)
{
    for (size_t i = 0; i < head->lines_count; i++) {
        if (strcmp(head->lines[i].name, name) == 0) {
            return head->lines[i].value;
        }
    }
    return "";
}

/* True when the comma-separated value of a header holds the word, in any case. */
static bool line_has_word(const cb_http_head *head, const char *name, const char *word)
{
    const size_t word_size = strlen(word);
    for (size_t i = 0; i < head->lines_count; i++) {
        if (strcmp(head->lines[i].name, name) != 0) {
            continue;
        }
        for (const char *at = head->lines[i].value; *at != '\0';) {
            at += strspn(at, " \t,");
            const size_t size = strcspn(at, " \t,");
            if (size == word_size && strncasecmp(at, word, size) == 0) {
                return true;
            }
            at += size;
        }
    }
    return false;
}

static int judge_body(cb_http_head *head)
{
    if (count_lines(head, "transfer-encoding") > 0) {
        return 411; /* a body without a length: nobody who speaks to us needs it */
    }
    const size_t lengths_count = count_lines(head, "content-length");
    if (lengths_count > 1) {
        return 400;
    }
    if (lengths_count == 1) {
        const cb_strview length = cb_sv_from(cb_http_line_value(head, "content-length"));
        if (!cb_u64_parse(length, LENGTH_MAX, &head->body_size)) {
            return 400;
        }
    }
    head->expects_continue = line_has_word(head, "expect", "100-continue");
    return 0;
}

static int judge_upgrade(cb_http_head *head)
{
    if (!line_has_word(head, "upgrade", "websocket")) {
        return 0; /* other upgrades may be ignored (RFC 9110) */
    }
    if (strcmp(head->method, "GET") != 0 || head->body_size != 0 || !head->is_keep_alive ||
        !line_has_word(head, "connection", "upgrade") ||
        count_lines(head, "sec-websocket-key") != 1) {
        return 400;
    }
    if (strcmp(cb_http_line_value(head, "sec-websocket-version"), "13") != 0) {
        return 426;
    }
    const char *key = cb_http_line_value(head, "sec-websocket-key");
    if (strlen(key) != WEBSOCKET_KEY_SIZE || strcmp(key + WEBSOCKET_KEY_SIZE - 2, "==") != 0) {
        return 400;
    }
    head->is_upgrade = true;
    return 0;
}

static int judge(cb_http_head *head)
{
    const size_t hosts_count = count_lines(head, "host");
    if (hosts_count > 1 || (hosts_count == 0 && head->is_keep_alive)) {
        return 400; /* at this point keep-alive means HTTP/1.1 */
    }
    int refusal = judge_body(head);
    if (refusal == 0) {
        refusal = judge_upgrade(head);
    }
    if (line_has_word(head, "connection", "close")) {
        head->is_keep_alive = false; /* HTTP/1.0 never is: it would need another answer */
    }
    return refusal;
}

int cb_http_parse(char *text, size_t size, cb_http_head *head)
{
    CB_ASSERT(size >= 4);
    CB_ASSERT(memcmp(text + size - 4, "\r\n\r\n", 4) == 0);
    memset(head, 0, sizeof(*head));
    head->method = "";
    head->path = "";
    head->query = "";
    if (memchr(text, '\0', size) != NULL) {
        return 400;
    }
    bool is_first = true;
    int method_refusal = 0;
    for (char *line = text; line < text + size - 2;) {
        char *end = strstr(line, "\r\n");
        CB_ASSERT(end != NULL);
        *end = '\0';
        const int refusal = is_first ? parse_request_line(line, head) : parse_line(line, end, head);
        if (refusal == 405) {
            method_refusal = refusal; /* the rest must still be well formed */
        } else if (refusal != 0) {
            return refusal;
        }
        is_first = false;
        line = end + 2;
    }
    const int refusal = judge(head);
    return refusal != 0 ? refusal : method_refusal;
}

const char *cb_http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } known[] = {{101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {418, "I'm a teapot"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].status == status) {
            return known[i].reason;
        }
    }
    return "Unknown";
}
