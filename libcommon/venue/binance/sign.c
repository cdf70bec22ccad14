/* Signatures of requests: HMAC-SHA-256 in hex, or Ed25519 in base64. RSA keys are not supported:
 * they need a big-number library that pure code cannot have. The payload is signed as it is
 * given; encoding it first (REST) or not (WebSocket API) is the caller's part. */
#include <sodium.h>
#include <string.h>

#include "base/mac.h"
#include "venue/binance/binance_internal.h"
#include "venue/form.h"

#define ED25519_PREFIX "ed25519:"

_Static_assert(CB_BINANCE_SIGNATURE_MAX > 2 * CB_SHA256_SIZE, "hex of an HMAC fits");
_Static_assert(CB_BINANCE_SIGNATURE_MAX > 4 * (crypto_sign_BYTES + 2) / 3, "base64 fits");

static void base64_print(const uint8_t *bytes, size_t size, char *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t used = 0;
    for (size_t i = 0; i < size; i += 3) {
        const size_t count = size - i < 3 ? size - i : 3;
        const uint32_t group = ((uint32_t)bytes[i] << 16) |
                               (count > 1 ? (uint32_t)bytes[i + 1] << 8 : 0U) |
                               (count > 2 ? (uint32_t)bytes[i + 2] : 0U);
        out[used++] = letters[(group >> 18) & 63U];
        out[used++] = letters[(group >> 12) & 63U];
        out[used++] = count > 1 ? letters[(group >> 6) & 63U] : '=';
        out[used++] = count > 2 ? letters[group & 63U] : '=';
    }
    out[used] = '\0';
}

static int hex_value(char byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    if (byte >= 'a' && byte <= 'f') {
        return byte - 'a' + 10;
    }
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

static bool seed_parse(const char *hex, uint8_t seed[crypto_sign_SEEDBYTES])
{
    if (strlen(hex) != 2 * (size_t)crypto_sign_SEEDBYTES) {
        return false;
    }
    for (size_t i = 0; i < crypto_sign_SEEDBYTES; i++) {
        const int high = hex_value(hex[2 * i]);
        const int low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        seed[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

static cb_status sign_ed25519(
    const char *seed_hex, const char *payload, size_t payload_size, char *out, cb_err *err)
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
    uint8_t signature[crypto_sign_BYTES];
    const bool is_seed = seed_parse(seed_hex, seed);
    if (is_seed) {
        (void)crypto_sign_ed25519_seed_keypair(public_key, secret_key, seed);
        (void)crypto_sign_ed25519_detached(
            signature, NULL, (const uint8_t *)payload, payload_size, secret_key);
        base64_print(signature, sizeof(signature), out);
    }
    cb_wipe(seed, sizeof(seed));
    cb_wipe(secret_key, sizeof(secret_key));
    return is_seed ? CB_OK : CB_FAIL(err, CB_E_SYNTAX, "the Ed25519 seed is not 64 hex digits");
}

cb_status cb_binance_sign(const char *secret,
    const char *payload,
    size_t payload_size,
    char out[CB_BINANCE_SIGNATURE_MAX],
    cb_err *err)
{
    CB_ASSERT(secret != NULL);
    CB_ASSERT(payload != NULL);
    out[0] = '\0';
    const size_t prefix_size = sizeof(ED25519_PREFIX) - 1;
    if (strncmp(secret, ED25519_PREFIX, prefix_size) == 0) {
        return sign_ed25519(secret + prefix_size, payload, payload_size, out, err);
    }
    if (secret[0] == '\0') {
        return CB_FAIL(err, CB_E_SYNTAX, "the API secret is empty");
    }
    uint8_t mac[CB_SHA256_SIZE];
    cb_hmac_sha256(secret, strlen(secret), payload, payload_size, mac);
    cb_hex_print(mac, sizeof(mac), out);
    return CB_OK;
}

bool cb_binance_ws_payload(const cb_binance_pair *pairs, size_t count, char *out, size_t out_size)
{
    CB_ASSERT(out != NULL && out_size > 0);
    CB_ASSERT(count <= CB_BINANCE_PAIRS_MAX);
    size_t order[CB_BINANCE_PAIRS_MAX];
    for (size_t i = 0; i < count; i++) {
        size_t place = i;
        while (place > 0 && strcmp(pairs[order[place - 1]].key, pairs[i].key) > 0) {
            order[place] = order[place - 1];
            place--;
        }
        order[place] = i;
    }
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const cb_binance_pair *pair = &pairs[order[i]];
        const bool fits = cb_text_append(out, out_size, &used, i == 0 ? "" : "&") &&
                          cb_text_append(out, out_size, &used, pair->key) &&
                          cb_text_append(out, out_size, &used, "=") &&
                          cb_text_append(out, out_size, &used, pair->value);
        if (!fits) {
            return false;
        }
    }
    return true;
}

/* ---- requests that are signed elsewhere ---- */

static bool has_form_body(const cb_venue_request *request)
{
    return request->method == CB_VENUE_POST || request->method == CB_VENUE_PUT;
}

cb_strview binance_payload(const cb_venue_request *request)
{
    CB_ASSERT(request != NULL);
    CB_ASSERT(request->needs_signature);
    if (has_form_body(request)) {
        return cb_sv_from(request->body);
    }
    const char *query = strchr(request->url_path, '?');
    CB_ASSERT(query != NULL); /* a signed request has a timestamp at least */
    return cb_sv_from(query + 1);
}

cb_status binance_attach(
    cb_venue_request *request, const char *api_key, const char *signature, cb_err *err)
{
    CB_ASSERT(request != NULL && api_key != NULL && signature != NULL);
    CB_ASSERT(request->needs_signature);
    CB_ASSERT(request->headers_count < CB_VENUE_HEADERS_MAX);
    char text[3 * CB_BINANCE_SIGNATURE_MAX]; /* percent-encoding may treble it */
    cb_form form;
    cb_form_init(&form, text, sizeof(text));
    cb_form_text(&form, "signature", signature);
    char *out = has_form_body(request) ? request->body : request->url_path;
    const size_t capacity =
        has_form_body(request) ? sizeof(request->body) : sizeof(request->url_path);
    size_t used = strlen(out);
    char(*row)[256] = request->headers[request->headers_count];
    if (form.is_full || api_key[0] == '\0' || used + 1 + form.used >= capacity ||
        !cb_text_copy(row[1], sizeof(row[1]), cb_sv_from(api_key))) {
        return CB_FAIL(err, CB_E_FULL, "signature or key do not fit the request");
    }
    const bool fits = cb_text_append(out, capacity, &used, "&") &&
                      cb_text_append(out, capacity, &used, text) &&
                      cb_text_copy(row[0], sizeof(row[0]), CB_SV("X-MBX-APIKEY"));
    CB_ASSERT(fits);
    request->headers_count++;
    request->needs_signature = false;
    return CB_OK;
}
