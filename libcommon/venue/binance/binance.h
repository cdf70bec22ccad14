/* Binance spot: the functions behind cb_venue_binance that are useful on their own (tests, the
 * simulator's clients). Everything is pure; see docs/venues/binance.md for what was decided and the
 * documentation behind each rule. Services use cb_venue_find("binance") and never this header. */
#ifndef CB_BINANCE_H
#define CB_BINANCE_H

#include "venue/venue.h"

extern const cb_venue_ops cb_venue_binance;

/* ---- signing (section "Signing" of docs/venues/binance.md) ---- */
#define CB_BINANCE_SIGNATURE_MAX CB_VENUE_SIGNATURE_MAX

/**
 * Signs a payload. The secret is an HMAC key used as raw ASCII, or "ed25519:" and the seed as 64
 * hex digits.
 *
 * @param out [out] lower-case hex (HMAC) or base64 (Ed25519), NUL-terminated, not percent-encoded.
 * @return CB_OK; CB_E_SYNTAX for a malformed Ed25519 seed or an empty secret.
 */
CB_MUST_USE cb_status cb_binance_sign(const char *secret,
    const char *payload,
    size_t payload_size,
    char out[CB_BINANCE_SIGNATURE_MAX],
    cb_err *err);

/* A parameter of the WebSocket API as text. */
typedef struct cb_binance_pair {
    const char *key;
    const char *value;
} cb_binance_pair;

#define CB_BINANCE_PAIRS_MAX 32

/**
 * The text that the WebSocket API wants signed: parameters sorted by name, k=v joined with '&', raw
 * UTF-8 without percent-encoding, apiKey included, signature left out by the caller.
 *
 * @return false when it does not fit.
 */
bool cb_binance_ws_payload(const cb_binance_pair *pairs, size_t count, char *out, size_t out_size);

/* ---- words ---- */
/** "BUY"/"SELL", the order types and times in force as Binance spells them; NULL for none. */
const char *cb_binance_side_word(cb_side side);
const char *cb_binance_type_word(cb_order_type type);
const char *cb_binance_tif_word(cb_tif tif);
/** "1m" … for a length in seconds; NULL when Binance has no such candle. */
const char *cb_binance_interval_word(uint32_t interval_s);
/** Unified state of a status word; false for words that Binance does not document. */
bool cb_binance_state(cb_strview word, cb_order_state *out);
/** True for ^[a-zA-Z0-9-_]{1,36}$. */
bool cb_binance_is_client_id(const char *text);

/* ---- errors ---- */
/** Is this code (with this text) on the allow-list of definitive refusals of a new order? */
bool cb_binance_is_definitive(int http_status, int64_t code, cb_strview message);

#endif /* CB_BINANCE_H */
