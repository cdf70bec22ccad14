/* What the two files of the HTTP client share; not for services. */
#ifndef CB_HTTP_CLIENT_INTERNAL_H
#define CB_HTTP_CLIENT_INTERNAL_H

#include <curl/curl.h>

#include "rt/http.h"

#define HTTP_LANE_MAX 32 /* bytes of a lane's name with NUL */

typedef struct http_transfer http_transfer;

struct http_transfer {
    cb_http *http;
    http_transfer *prev; /* in the client's list of all */
    http_transfer *next;
    http_transfer *next_in_lane;
    CURL *easy;
    struct curl_slist *headers;
    cb_http_fn fn;
    void *context;
    bool (*may_send)(void *context); /* NULL: not asked */
    void *may_send_context;
    bool is_forbidden; /* it was asked and said no */
    char lane[HTTP_LANE_MAX];
    bool is_running; /* given to libcurl */
    bool is_done;    /* code is final; fn is still to be called */
    CURLcode code;
    char *body; /* [owned] */
    size_t body_size;
    size_t body_read;
    char *answer; /* [owned] NUL-terminated once there is any */
    size_t answer_size;
    size_t answer_capacity;
    size_t answer_max;
    bool is_overlong;
    int64_t bytes_sent;
    int64_t sent_mono_ns;
    int64_t first_byte_mono_ns;
    int64_t retry_after_s;
    int64_t used_weight_1m;
    char why[CURL_ERROR_SIZE];
};

/** Copies the request into a transfer and sets up its (fresh or reset) easy handle. */
http_transfer *cb_http_transfer_create(
    cb_http *http, CURL *easy, const cb_http_request *request, cb_http_fn fn, void *context);
/** Frees everything but the easy handle. */
void cb_http_transfer_destroy(http_transfer *transfer);
/** What is known once code is final. */
cb_http_answer cb_http_transfer_answer(const http_transfer *transfer);

#endif /* CB_HTTP_CLIENT_INTERNAL_H */
