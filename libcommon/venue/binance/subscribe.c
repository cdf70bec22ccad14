/* What we send on WebSocket connections: subscriptions to market streams and to the user stream. */
#include <string.h>

#include "venue/binance/binance_internal.h"
#include "venue/form.h"

static bool put_stream(
    char *out, size_t *used, const char *symbol, const char *suffix, bool is_first)
{
    char lower[24];
    size_t size = 0;
    for (; symbol[size] != '\0'; size++) {
        const char byte = symbol[size];
        if (byte == '"' || byte == '\\' || (uint8_t)byte < 0x20) {
            return false;
        }
        lower[size] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
    }
    lower[size] = '\0';
    return cb_text_append(out, CB_VENUE_TEXT_MAX, used, is_first ? "\"" : ",\"") &&
           cb_text_append(out, CB_VENUE_TEXT_MAX, used, lower) &&
           cb_text_append(out, CB_VENUE_TEXT_MAX, used, suffix) &&
           cb_text_append(out, CB_VENUE_TEXT_MAX, used, "\"");
}

cb_status binance_subscribe_text(bool is_subscribe,
    const char (*symbols)[24],
    uint32_t symbols_count,
    uint32_t channels,
    uint64_t id,
    char out[CB_VENUE_TEXT_MAX],
    cb_err *err)
{
    CB_ASSERT(symbols != NULL || symbols_count == 0);
    CB_ASSERT(out != NULL);
    static const struct {
        uint32_t channel;
        const char *suffix;
    } rows[] = {{CB_VENUE_CHANNEL_TRADES, "@trade"},
        {CB_VENUE_CHANNEL_CANDLES_1M, "@kline_1m"},
        {CB_VENUE_CHANNEL_DEPTH, "@depth@100ms"},
        {CB_VENUE_CHANNEL_TICKER, "@bookTicker"}};
    size_t used = 0;
    bool fits =
        cb_text_append(out, CB_VENUE_TEXT_MAX, &used, "{\"method\":\"") &&
        cb_text_append(out, CB_VENUE_TEXT_MAX, &used, is_subscribe ? "SUBSCRIBE" : "UNSUBSCRIBE") &&
        cb_text_append(out, CB_VENUE_TEXT_MAX, &used, "\",\"params\":[");
    bool is_first = true;
    for (uint32_t i = 0; fits && i < symbols_count; i++) {
        for (size_t row = 0; fits && row < sizeof(rows) / sizeof(rows[0]); row++) {
            if ((channels & rows[row].channel) != 0) {
                fits = put_stream(out, &used, symbols[i], rows[row].suffix, is_first);
                is_first = false;
            }
        }
    }
    char id_text[21];
    (void)cb_u64_print(id, id_text);
    fits = fits && cb_text_append(out, CB_VENUE_TEXT_MAX, &used, "],\"id\":") &&
           cb_text_append(out, CB_VENUE_TEXT_MAX, &used, id_text) &&
           cb_text_append(out, CB_VENUE_TEXT_MAX, &used, "}");
    if (!fits || is_first) {
        return CB_FAIL(err, CB_E_FULL, "%u symbols do not make one subscription", symbols_count);
    }
    return CB_OK;
}

/* Keys are letters and digits; anything else could break out of the message's text. */
static bool is_plain_key(const char *key)
{
    for (const char *at = key; *at != '\0'; at++) {
        const bool is_letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
        if (!is_letter && !(*at >= '0' && *at <= '9') && *at != '-' && *at != '_') {
            return false;
        }
    }
    return key[0] != '\0';
}

/* The parameters that are signed, as WebSocket API parameters are. */
typedef struct subscription {
    char window[21];
    char timestamp[21];
} subscription;

static cb_status describe(const cb_venue_auth *auth, subscription *out, cb_err *err)
{
    CB_ASSERT(auth != NULL && auth->keys != NULL);
    if (!is_plain_key(auth->keys->api_key)) {
        return CB_FAIL(err, CB_E_AUTH, "the API key is empty or holds strange characters");
    }
    if (auth->window_ms < 0 || auth->window_ms > BINANCE_WINDOW_MS_MAX || auth->sign_ts_ns <= 0) {
        return CB_FAIL(err, CB_E_RANGE, "recvWindow or timestamp is out of bounds");
    }
    const int64_t window_ms = auth->window_ms == 0 ? BINANCE_WINDOW_MS_DEFAULT : auth->window_ms;
    (void)cb_u64_print((uint64_t)window_ms, out->window);
    (void)cb_u64_print((uint64_t)(auth->sign_ts_ns / CB_NS_PER_MS), out->timestamp);
    return CB_OK;
}

cb_status binance_user_subscribe_payload(
    const cb_venue_auth *auth, char out[CB_VENUE_TEXT_MAX], cb_err *err)
{
    CB_ASSERT(out != NULL);
    subscription params = {.window = ""};
    const cb_status status = describe(auth, &params, err);
    if (status != CB_OK) {
        return status;
    }
    const cb_binance_pair pairs[] = {{"timestamp", params.timestamp},
        {"recvWindow", params.window},
        {"apiKey", auth->keys->api_key}};
    return cb_binance_ws_payload(pairs, 3, out, CB_VENUE_TEXT_MAX)
               ? CB_OK
               : CB_FAIL(err, CB_E_FULL, "the API key is too long");
}

static cb_status sign_subscription(
    const cb_venue_auth *auth, char signature[CB_BINANCE_SIGNATURE_MAX], cb_err *err)
{
    if (auth->signature != NULL) {
        return cb_text_copy(signature, CB_BINANCE_SIGNATURE_MAX, cb_sv_from(auth->signature))
                   ? CB_OK
                   : CB_FAIL(err, CB_E_FULL, "the signature is too long");
    }
    char payload[CB_VENUE_TEXT_MAX];
    const cb_status status = binance_user_subscribe_payload(auth, payload, err);
    if (status != CB_OK) {
        return status;
    }
    return cb_binance_sign(auth->keys->api_secret, payload, strlen(payload), signature, err);
}

/* {"id":…,"method":"userDataStream.subscribe.signature","params":{…}}: needs no session.logon,
 * which only Ed25519 keys may use. */
cb_status binance_user_subscribe_text(
    const cb_venue_auth *auth, uint64_t id, char out[CB_VENUE_TEXT_MAX], cb_err *err)
{
    CB_ASSERT(out != NULL);
    subscription params = {.window = ""};
    char signature[CB_BINANCE_SIGNATURE_MAX];
    char id_text[21];
    (void)cb_u64_print(id, id_text);
    cb_status status = describe(auth, &params, err);
    if (status == CB_OK) {
        status = sign_subscription(auth, signature, err);
    }
    if (status != CB_OK) {
        return status;
    }
    const char *const parts[] = {"{\"id\":",
        id_text,
        ",\"method\":\"userDataStream.subscribe.signature\",\"params\":{\"apiKey\":\"",
        auth->keys->api_key,
        "\",\"recvWindow\":",
        params.window,
        ",\"timestamp\":",
        params.timestamp,
        ",\"signature\":\"",
        signature,
        "\"}}"};
    size_t used = 0;
    bool fits = true;
    for (size_t i = 0; fits && i < sizeof(parts) / sizeof(parts[0]); i++) {
        fits = cb_text_append(out, CB_VENUE_TEXT_MAX, &used, parts[i]);
    }
    return fits ? CB_OK : CB_FAIL(err, CB_E_FULL, "the subscription does not fit");
}
