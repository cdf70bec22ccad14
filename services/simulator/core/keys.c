/* API keys and signatures. The simulator plays the exchange, so it keeps what an exchange keeps: of
 * an HMAC key the secret itself, of an Ed25519 key only the public half. */
#include "services/simulator/core/keys.h"

#include <sodium.h>
#include <string.h>

#include "base/assert.h"
#include "base/mac.h"

#define HMAC_HEX_SIZE ((size_t)2 * CB_SHA256_SIZE)
#define ED25519_PREFIX "ed25519:"

static const struct {
    const char *word;
    uint32_t right;
} words[] = {{"read", SIM_MAY_READ},
    {"trade", SIM_MAY_TRADE},
    {"withdraw", SIM_MAY_WITHDRAW},
    {"transfer", SIM_MAY_TRANSFER},
    {"margin", SIM_MAY_MARGIN},
    {"futures", SIM_MAY_FUTURES},
    {"anywhere", SIM_FROM_ANYWHERE},
    {"cancel", SIM_MAY_CANCEL}};

bool sim_right_parse(cb_strview word, uint32_t *out)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (cb_sv_is(word, words[i].word)) {
            *out = words[i].right;
            return true;
        }
    }
    return false;
}

bool sim_rights_parse(const char *text, uint32_t *out)
{
    CB_ASSERT(text != NULL && out != NULL);
    *out = 0;
    for (;;) {
        uint32_t right = 0;
        const char *plus = strchr(text, '+');
        const size_t size = plus == NULL ? strlen(text) : (size_t)(plus - text);
        if (!sim_right_parse((cb_strview){text, size}, &right)) {
            return false;
        }
        *out |= right;
        text += size;
        if (*text == '\0') {
            return true;
        }
        text++;
    }
}

bool sim_find_login(const sim_core *sim, const char *key, sim_login *out)
{
    CB_ASSERT(key != NULL && out != NULL);
    if (key[0] == '\0') {
        return false;
    }
    for (uint32_t i = 0; i < sim->keys_count; i++) {
        if (strcmp(sim->keys[i].key, key) == 0) {
            *out = (sim_login){sim->keys[i].account, sim->keys[i].rights, sim->keys[i].secret};
            return true;
        }
    }
    for (uint32_t i = 0; i < sim->accounts_count; i++) {
        const sim_account *account = &sim->accounts[i];
        if (account->key[0] != '\0' && strcmp(account->key, key) == 0) {
            *out = (sim_login){i, SIM_MAY_READ | SIM_MAY_TRADE, account->secret};
            return true;
        }
    }
    return false;
}

uint32_t sim_find_key(const sim_core *sim, const char *key)
{
    sim_login login;
    return sim_find_login(sim, key, &login) ? login.account : SIM_NONE;
}

cb_status sim_add_key(sim_core *sim,
    uint32_t account,
    const char *key,
    const char *secret,
    uint32_t rights,
    cb_err *err)
{
    CB_ASSERT(account < sim->accounts_count);
    CB_ASSERT(key != NULL && secret != NULL);
    if (sim_find_key(sim, key) != SIM_NONE) {
        return CB_FAIL(err, CB_E_EXISTS, "the key exists already");
    }
    if (sim->keys_count == SIM_KEYS_MAX) {
        return CB_FAIL(err, CB_E_FULL, "more than %d keys", SIM_KEYS_MAX);
    }
    sim_key *to = &sim->keys[sim->keys_count];
    if (key[0] == '\0' || secret[0] == '\0' ||
        !cb_text_copy(to->key, sizeof(to->key), cb_sv_from(key)) ||
        !cb_text_copy(to->secret, sizeof(to->secret), cb_sv_from(secret))) {
        return CB_FAIL(err, CB_E_RANGE, "key or secret are empty or too long");
    }
    to->account = account;
    to->rights = rights;
    sim->keys_count++;
    return CB_OK;
}

bool sim_set_rights(sim_core *sim, const char *key, uint32_t rights)
{
    for (uint32_t i = 0; i < sim->keys_count; i++) {
        if (strcmp(sim->keys[i].key, key) == 0) {
            sim->keys[i].rights = rights;
            return true;
        }
    }
    return false;
}

/* ---- signatures ---- */

static bool is_hmac(
    const char *secret, const char *payload, size_t payload_size, const char *signature)
{
    uint8_t mac[CB_SHA256_SIZE];
    char hex[HMAC_HEX_SIZE + 1];
    char given[HMAC_HEX_SIZE + 1];
    if (strlen(signature) != HMAC_HEX_SIZE) {
        return false;
    }
    for (size_t i = 0; i < sizeof(given); i++) {
        const char c = signature[i];
        given[i] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    }
    cb_hmac_sha256(secret, strlen(secret), payload, payload_size, mac);
    cb_hex_print(mac, sizeof(mac), hex);
    return cb_mac_equal((const uint8_t *)hex, (const uint8_t *)given, HMAC_HEX_SIZE);
}

static int digit_of(const char *alphabet, char c)
{
    const char *at = c == '\0' ? NULL : strchr(alphabet, c);
    return at == NULL ? -1 : (int)(at - alphabet);
}

static bool read_base64(const char *text, uint8_t out[crypto_sign_BYTES])
{
    size_t used = 0;
    return sodium_base642bin(out,
               crypto_sign_BYTES,
               text,
               strlen(text),
               NULL,
               &used,
               NULL,
               sodium_base64_VARIANT_ORIGINAL) == 0 &&
           used == crypto_sign_BYTES;
}

static bool read_hex(const char *text, uint8_t out[crypto_sign_PUBLICKEYBYTES])
{
    static const char alphabet[] = "0123456789abcdef";
    if (strlen(text) != 2 * (size_t)crypto_sign_PUBLICKEYBYTES) {
        return false;
    }
    for (size_t i = 0; i < crypto_sign_PUBLICKEYBYTES; i++) {
        const int high = digit_of(alphabet, text[2 * i]);
        const int low = digit_of(alphabet, text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

bool sim_is_signed(
    const char *secret, const char *payload, size_t payload_size, const char *signature)
{
    CB_ASSERT(secret != NULL && payload != NULL && signature != NULL);
    const size_t prefix_size = sizeof(ED25519_PREFIX) - 1;
    if (strncmp(secret, ED25519_PREFIX, prefix_size) != 0) {
        return is_hmac(secret, payload, payload_size, signature);
    }
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    uint8_t given[crypto_sign_BYTES];
    return read_hex(secret + prefix_size, public_key) && read_base64(signature, given) &&
           crypto_sign_ed25519_verify_detached(
               given, (const uint8_t *)payload, payload_size, public_key) == 0;
}
