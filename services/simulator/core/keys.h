/* API keys: whose they are, what they may do, and whether a signature is theirs. An account has its
 * own key with every right that trading needs; further keys may have fewer rights, or too many. */
#ifndef SIM_KEYS_H
#define SIM_KEYS_H

#include "base/strview.h"
#include "services/simulator/core/sim.h"

/** A word of the rights ("read", "trade", "withdraw", "transfer", "margin", "futures", "anywhere",
 *  "cancel");
 *  false for any other. */
bool sim_right_parse(cb_strview word, uint32_t *out);
/** "read+trade" as flags; false when a word is unknown or there is none. */
bool sim_rights_parse(const char *words, uint32_t *out);

/** Adds a key to an account. CB_E_EXISTS, CB_E_FULL, CB_E_RANGE. */
CB_MUST_USE cb_status sim_add_key(sim_core *sim,
    uint32_t account,
    const char *key,
    const char *secret,
    uint32_t rights,
    cb_err *err);
/** Changes what a key may do, as its owner does at the venue's website; false when it is unknown.
 */
bool sim_set_rights(sim_core *sim, const char *key, uint32_t rights);

typedef struct sim_login {
    uint32_t account;
    uint32_t rights;
    const char *secret; /* [borrowed until a key is added] */
} sim_login;

/** The account behind a key; false when nobody has it. */
bool sim_find_login(const sim_core *sim, const char *key, sim_login *out);
/** True when signature is that of payload: hex of an HMAC-SHA-256 (any case), or base64 of an
 *  Ed25519 signature where the secret is "ed25519:" and the PUBLIC key as 64 hex digits. */
bool sim_is_signed(
    const char *secret, const char *payload, size_t payload_size, const char *signature);

#endif /* SIM_KEYS_H */
