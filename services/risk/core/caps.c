/* The handshake with execution: it says by which caps it holds orders (the hash of a signed file),
 * and every permit names them, under its signature. Execution refuses a permit that was granted in
 * the belief of other caps, and nothing new is permitted while they are not known or not approved.
 */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/risk/core/state.h"

#define HEX_SIZE 64

void risk_caps_on_told(risk_step_context *step, const cb_caps *caps)
{
    risk_account *account = &step->state->account;
    CB_ASSERT(caps != NULL);
    if (!cb_text_equal(caps->account, account->account)) {
        return;
    }
    memcpy(account->caps_hash, caps->hash, sizeof(account->caps_hash));
    account->caps_ns = step->now_ns;
    step->state->is_account_changed = true;
    CB_ASSERT(sizeof(account->caps_hash) == HEX_SIZE / 2);
}

static bool is_told(const risk_account *account)
{
    for (size_t i = 0; i < sizeof(account->caps_hash); i++) {
        if (account->caps_hash[i] != 0) {
            return true;
        }
    }
    return false;
}

static void print_hex(const uint8_t *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * size] = '\0';
}

bool risk_caps_are_known(const risk_state *state)
{
    const risk_account *account = &state->account;
    const char *approved = state->config->caps_approved;
    char hex[HEX_SIZE + 1];
    CB_ASSERT(approved != NULL);
    if (!is_told(account)) {
        return false;
    }
    print_hex(account->caps_hash, sizeof(account->caps_hash), hex);
    CB_ASSERT(strlen(hex) == HEX_SIZE);
    return approved[0] == '\0' || strstr(approved, hex) != NULL;
}
