/* The head of an HTTP/1.1 request, strictly: what two parsers could read differently is refused, so
 * that nothing can be smuggled past one of them. Works in place on the connection's buffer; knows
 * no sockets. */
#ifndef CB_HTTP_PARSE_H
#define CB_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CB_HTTP_HEAD_MAX ((size_t)16 * 1024) /* request line and headers, bytes */
#define CB_HTTP_HEADER_LINES_MAX 64

typedef struct cb_http_line {
    const char *name; /* lower case, NUL-terminated */
    const char *value;
} cb_http_line;

typedef struct cb_http_head {
    const char *method;
    const char *path;  /* percent-decoded, without the query */
    const char *query; /* raw, "" when absent */
    cb_http_line lines[CB_HTTP_HEADER_LINES_MAX];
    size_t lines_count;
    uint64_t body_size; /* Content-Length, 0 when absent */
    bool is_keep_alive;
    bool expects_continue;
    bool is_upgrade; /* a well-formed WebSocket upgrade (RFC 6455, version 13) */
} cb_http_head;

/** Size of the head at text including its empty line; 0 when it is not complete yet. */
size_t cb_http_head_size(const char *text, size_t size);

/**
 * Parses the complete head text[0 … size), which is changed: names become lower case and ends
 * become NULs. Everything in head points into text [borrowed until text changes].
 *
 * @return 0, or the status to refuse with: 400, 405, 411, 414, 426, 431, 505.
 */
int cb_http_parse(char *text, size_t size, cb_http_head *head);

/** Value of a header by its lower-case name, "" when absent; of repeated ones the first. */
const char *cb_http_line_value(const cb_http_head *head, const char *name);

/** "Not Found" of 404. */
const char *cb_http_reason(int status);

#endif /* CB_HTTP_PARSE_H */
