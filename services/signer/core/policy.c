/* The signer's rules. Everything that is not named here is refused. */
#include "services/signer/core/policy.h"

#include <string.h>

#include "base/assert.h"
#include "base/textbuf.h"
#include "base/timefmt.h"

#define MINUTE_NS (60 * CB_NS_PER_S)

bool signer_may(cb_key_purpose purpose, uint32_t uses)
{
    const bool is_order = (uses & CB_VENUE_USE_ORDER) != 0;
    switch (purpose) {
    case CB_KEY_TRADE:
        return uses != 0;
    case CB_KEY_READ:
        return !is_order &&
               (uses & (CB_VENUE_USE_READ | CB_VENUE_USE_FIND | CB_VENUE_USE_STREAM)) != 0;
    case CB_KEY_CANCEL:
        return !is_order && (uses & (CB_VENUE_USE_CANCEL | CB_VENUE_USE_FIND)) != 0;
    default:
        return false;
    }
}

bool signer_is_unfit(cb_key_purpose purpose,
    const cb_venue_permissions *rights,
    bool needs_ip_list,
    char why[SIGNER_WHY_MAX])
{
    CB_ASSERT(rights != NULL && why != NULL);
    cb_textbuf text = cb_textbuf_over(why, SIGNER_WHY_MAX);
    const bool needs_trade = purpose == CB_KEY_TRADE || purpose == CB_KEY_CANCEL;
    if (rights->may_withdraw) {
        cb_textbuf_add(&text, "the key may withdraw");
    } else if (rights->may_transfer) {
        cb_textbuf_add(&text, "the key may transfer to other accounts");
    } else if (rights->surplus[0] != '\0') {
        cb_textbuf_add(&text, "the key may more than trade spot: ");
        cb_textbuf_add(&text, rights->surplus);
    } else if (!rights->may_read) {
        cb_textbuf_add(&text, "the key may not read");
    } else if (needs_trade && !rights->may_trade) {
        cb_textbuf_add(&text, "the key may not trade");
    } else if (!needs_trade && rights->may_trade) {
        cb_textbuf_add(&text, "a key for reading must not be able to trade");
    } else if (needs_ip_list && !rights->is_ip_bound) {
        cb_textbuf_add(&text, "the key may be used from any address: it needs an IP list");
    }
    return text.used > 0;
}

void signer_cap_init(signer_cap *cap, uint64_t per_minute)
{
    CB_ASSERT(cap != NULL);
    CB_ASSERT(per_minute > 0);
    const int64_t interval_ns = MINUTE_NS / (int64_t)per_minute;
    *cap = (signer_cap){.interval_ns = interval_ns > 0 ? interval_ns : 1};
}

bool signer_cap_take(signer_cap *cap, int64_t mono_ns)
{
    CB_ASSERT(cap->interval_ns > 0);
    const int64_t from_ns = cap->full_ns > mono_ns ? cap->full_ns : mono_ns;
    if (from_ns + cap->interval_ns - mono_ns > MINUTE_NS) {
        return false;
    }
    cap->full_ns = from_ns + cap->interval_ns;
    return true;
}

void signer_mask(const char *key, char out[8])
{
    CB_ASSERT(key != NULL && out != NULL);
    const size_t size = strlen(key);
    memcpy(out, "...", 3);
    memcpy(out + 3, size < 8 ? "...." : key + size - 4, 4);
    out[7] = '\0';
}
