/* One libwebsockets context per loop, nested around it. */
#include "rt/lws_context.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/strview.h"

#define DESCRIPTORS_MAX 65536
#define SERVICE_BUFFER_BYTES (64 * 1024) /* one read; frames larger than this come in pieces */

#define NAME_MAX_BYTES 48

typedef struct kept_name {
    struct kept_name *next;
    char text[NAME_MAX_BYTES];
} kept_name;

typedef struct lws_nest {
    cb_loop *loop;
    struct lws_context *context;
    kept_name *names;
} lws_nest;

static int on_loop_fd(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size)
{
    (void)user;
    (void)in;
    (void)size;
    if (reason == LWS_CALLBACK_RAW_RX_FILE) {
        const lws_nest *nest = lws_context_user(lws_get_context(wsi));
        cb_loop_process(nest->loop);
    }
    return 0;
}

static const struct lws_protocols NEST_PROTOCOLS[] = {
    {.name = "cerberus-loop", .callback = on_loop_fd}, {.name = NULL}};

static int service(void *context)
{
    lws_nest *nest = context;
    return lws_service(nest->context, 0);
}

static void on_loop_end(void *context)
{
    lws_nest *nest = context;
    cb_loop_set_outer(nest->loop, NULL, NULL);
    lws_context_destroy(nest->context);
    while (nest->names != NULL) {
        kept_name *next = nest->names->next;
        free(nest->names);
        nest->names = next;
    }
    free(nest);
}

/* libwebsockets makes tables for every descriptor that the limit allows. */
static void limit_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > DESCRIPTORS_MAX) {
        limit.rlim_cur = DESCRIPTORS_MAX;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static cb_status adopt_loop(const lws_nest *nest, cb_err *err)
{
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN, .protocols = NEST_PROTOCOLS, .vhost_name = "loop"};
    struct lws_vhost *vhost = lws_create_vhost(nest->context, &info);
    if (vhost == NULL) {
        return CB_FAIL(err, CB_E_IO, "libwebsockets refuses the loop's vhost");
    }
    /* A duplicate: the loop closes its own descriptor itself. */
    const lws_sock_file_fd_type fd = {.filefd = dup(cb_loop_fd(nest->loop))};
    if (fd.filefd < 0 ||
        lws_adopt_descriptor_vhost(
            vhost, LWS_ADOPT_RAW_FILE_DESC, fd, NEST_PROTOCOLS[0].name, NULL) == NULL) {
        return CB_FAIL(err, CB_E_IO, "libwebsockets refuses the loop's descriptor");
    }
    return CB_OK;
}

struct lws_context *cb_lws_context(cb_loop *loop, cb_err *err)
{
    lws_nest *nest = cb_loop_outer_context(loop);
    if (nest != NULL) {
        return nest->context;
    }
    nest = calloc(1, sizeof(*nest));
    CB_ASSERT(nest != NULL);
    nest->loop = loop;
    limit_descriptors();
    lws_set_log_level(0, NULL);
    const struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                   LWS_SERVER_OPTION_VALIDATE_UTF8,
        .pt_serv_buf_size = SERVICE_BUFFER_BYTES,
        .user = nest};
    nest->context = lws_create_context(&info);
    if (nest->context == NULL) {
        (void)CB_FAIL(err, CB_E_IO, "libwebsockets cannot start");
        free(nest);
        return NULL;
    }
    if (adopt_loop(nest, err) != CB_OK) {
        lws_context_destroy(nest->context);
        free(nest);
        return NULL;
    }
    cb_loop_set_outer(loop, service, nest);
    cb_loop_on_destroy(loop, on_loop_end, nest);
    return nest->context;
}

const char *cb_lws_keep_name(cb_loop *loop, const char *name)
{
    lws_nest *nest = cb_loop_outer_context(loop);
    CB_ASSERT(nest != NULL);
    kept_name *kept = calloc(1, sizeof(*kept));
    CB_ASSERT(kept != NULL);
    CB_ASSERT(cb_text_copy(kept->text, sizeof(kept->text), cb_sv_from(name)));
    kept->next = nest->names;
    nest->names = kept;
    return kept->text;
}
