/* A TLS door with a certificate that no client should take: signed by nobody, for another name, or
 * long expired. Whoever shakes hands with it all the same is let in and shown out again; nothing is
 * served. */
#include <errno.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "services/simulator/simulator.h"

#define GUESTS_MAX 64
#define DAY_S 86400

typedef struct guest {
    sim_tls *door;
    SSL *ssl; /* [owned] NULL = free place */
    int fd;
    cb_watch *watch;
} guest;

struct sim_tls {
    simulator *self;
    SSL_CTX *context; /* [owned] */
    int fd;
    cb_watch *watch;
    guest guests[GUESTS_MAX];
};

/* ---- the certificate ---- */

static bool name_it(X509 *certificate, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509V3_CTX context;
    char text[128] = "DNS:";
    (void)cb_text_copy(text + 4, sizeof(text) - 4, cb_sv_from(name));
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, text);
    const bool is_named =
        names != NULL &&
        X509_NAME_add_entry_by_txt(
            subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) == 1 &&
        X509_set_issuer_name(certificate, subject) == 1 &&
        X509_add_ext(certificate, names, -1) == 1;
    X509_EXTENSION_free(names);
    return is_named;
}

static bool make_identity(SSL_CTX *context, bool is_expired)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    bool is_made = key != NULL && certificate != NULL;
    if (is_made) {
        const long begin_s = is_expired ? -400L * DAY_S : -DAY_S;
        const long end_s = is_expired ? -30L * DAY_S : 365L * DAY_S;
        is_made = X509_set_version(certificate, 2) == 1 &&
                  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
                  X509_gmtime_adj(X509_getm_notBefore(certificate), begin_s) != NULL &&
                  X509_gmtime_adj(X509_getm_notAfter(certificate), end_s) != NULL &&
                  X509_set_pubkey(certificate, key) == 1 &&
                  name_it(certificate, is_expired ? "localhost" : "wrong.example") &&
                  X509_sign(certificate, key, EVP_sha256()) > 0 &&
                  SSL_CTX_use_certificate(context, certificate) == 1 &&
                  SSL_CTX_use_PrivateKey(context, key) == 1;
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return is_made;
}

/* ---- guests ---- */

static void show_out(guest *who)
{
    cb_watch_remove(who->watch);
    SSL_free(who->ssl);
    (void)close(who->fd);
    *who = (guest){.fd = -1};
}

static void shake(guest *who)
{
    const int result = SSL_accept(who->ssl);
    const int why = result == 1 ? SSL_ERROR_NONE : SSL_get_error(who->ssl, result);
    if (why == SSL_ERROR_WANT_READ) {
        cb_watch_change(who->watch, CB_WATCH_READ);
    } else if (why == SSL_ERROR_WANT_WRITE) {
        cb_watch_change(who->watch, CB_WATCH_WRITE);
    } else {
        CB_LOG(who->door->self->log,
            CB_LOG_INFO,
            "tls_guest",
            CB_KV("handshake", result == 1 ? "taken" : "refused"));
        if (result == 1) {
            (void)SSL_shutdown(who->ssl);
        }
        show_out(who);
    }
}

static void on_guest(void *context, int fd, uint32_t events)
{
    (void)fd;
    (void)events;
    shake(context);
}

static void on_door(void *context, int fd, uint32_t events)
{
    sim_tls *door = context;
    (void)events;
    const int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) {
        return;
    }
    for (size_t i = 0; i < GUESTS_MAX; i++) {
        guest *who = &door->guests[i];
        if (who->ssl != NULL) {
            continue;
        }
        *who = (guest){.door = door, .ssl = SSL_new(door->context), .fd = client};
        CB_ASSERT(who->ssl != NULL);
        (void)SSL_set_fd(who->ssl, client);
        who->watch = cb_loop_watch(
            cb_shell_loop(door->self->shell), client, CB_WATCH_READ, on_guest, who, NULL);
        CB_ASSERT(who->watch != NULL);
        shake(who);
        return;
    }
    (void)close(client);
}

/* ---- life ---- */

static cb_status listen_at(sim_tls *door, uint16_t port, cb_err *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t size = sizeof(address);
    const int yes = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    door->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)setsockopt(door->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (door->fd < 0 || bind(door->fd, (struct sockaddr *)&address, size) != 0 ||
        listen(door->fd, GUESTS_MAX) != 0 ||
        getsockname(door->fd, (struct sockaddr *)&address, &size) != 0) {
        return CB_FAIL(err, CB_E_IO, "tls.port: %s", strerror(errno));
    }
    CB_LOG(door->self->log, CB_LOG_INFO, "tls_listening", CB_KI("port", ntohs(address.sin_port)));
    door->watch = cb_loop_watch(
        cb_shell_loop(door->self->shell), door->fd, CB_WATCH_READ, on_door, door, err);
    return door->watch != NULL ? CB_OK : CB_E_IO;
}

cb_status sim_tls_open(simulator *self, cb_err *err)
{
    const uint32_t what = self->settings->tls;
    if (what == 0) {
        return CB_OK;
    }
    sim_tls *door = calloc(1, sizeof(*door));
    CB_ASSERT(door != NULL);
    self->tls = door;
    door->self = self;
    door->fd = -1;
    door->context = SSL_CTX_new(TLS_server_method());
    if (door->context == NULL || !make_identity(door->context, what == 2)) {
        return CB_FAIL(err, CB_E_STATE, "tls: the certificate cannot be made");
    }
    return listen_at(door, (uint16_t)self->settings->tls_port, err);
}

void sim_tls_close(simulator *self)
{
    sim_tls *door = self->tls;
    if (door == NULL) {
        return;
    }
    for (size_t i = 0; i < GUESTS_MAX; i++) {
        if (door->guests[i].ssl != NULL) {
            show_out(&door->guests[i]);
        }
    }
    cb_watch_remove(door->watch);
    if (door->fd >= 0) {
        (void)close(door->fd);
    }
    SSL_CTX_free(door->context);
    free(door);
    self->tls = NULL;
}
