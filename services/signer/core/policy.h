/* What the signer allows: which uses of a payload each purpose has, how many signatures a minute,
 * and what a key may do at the venue. Pure. */
#ifndef SIGNER_POLICY_H
#define SIGNER_POLICY_H

#include "services/signer/core/seal.h"
#include "venue/venue.h"

/**
 * May a payload that could be put to these uses be signed for this purpose?
 *
 *   trade   orders, cancels, questions, the user stream
 *   read    questions and the user stream, nothing that could be an order. (Some questions are
 * spelled like a cancel; a key of this purpose cannot trade at the venue, so they cancel nothing.)
 *   cancel  what could cancel or find open orders, nothing that could be an order
 */
bool signer_may(cb_key_purpose purpose, uint32_t uses);

/** Why the venue's answer makes a key unfit for its purpose; false and "" when it is fit. */
bool signer_is_unfit(cb_key_purpose purpose,
    const cb_venue_permissions *rights,
    bool needs_ip_list,
    char why[SIGNER_WHY_MAX]);

/* Signatures per minute, evenly refilled; a whole minute's worth may go at once. */
typedef struct signer_cap {
    int64_t interval_ns; /* of one signature */
    int64_t full_ns;     /* when the cap will be full again */
} signer_cap;

void signer_cap_init(signer_cap *cap, uint64_t per_minute);
/** Takes one; false when none is left. */
bool signer_cap_take(signer_cap *cap, int64_t mono_ns);

/** The last four characters of a key behind dots; all dots when it is shorter than eight. */
void signer_mask(const char *key, char out[8]);

#endif /* SIGNER_POLICY_H */
