/* The registry of exchanges and the few helpers that are the same for all of them. */
#include "venue/venue.h"

#include <string.h>

#include "base/assert.h"
#include "venue/form.h"

#define VENUE(x) extern const cb_venue_ops cb_venue_##x;
#include "venue/venues.def"
#undef VENUE

static const cb_venue_ops *const venues[] = {
#define VENUE(x) &cb_venue_##x,
#include "venue/venues.def"
#undef VENUE
};

#define VENUES_COUNT (sizeof(venues) / sizeof(venues[0]))

const cb_venue_ops *cb_venue_at(uint32_t index)
{
    return index < VENUES_COUNT ? venues[index] : NULL;
}

const cb_venue_ops *cb_venue_find(const char *name)
{
    CB_ASSERT(name != NULL);
    for (uint32_t i = 0; i < VENUES_COUNT; i++) {
        CB_ASSERT(venues[i]->name != NULL);
        if (cb_text_equal(venues[i]->name, name)) {
            return venues[i];
        }
    }
    return NULL;
}

const char *cb_venue_action_name(cb_venue_action action)
{
    static const char *const names[] = {"ok",
        "final",
        "retry",
        "unknown",
        "unknown-for-orders",
        "throttle",
        "ban",
        "fix-clock",
        "fix-nonce",
        "auth",
        "gone",
        "gone-or-not-yet-visible",
        "pending",
        "query-by-client-id",
        "ok-no-change"};
    _Static_assert(sizeof(names) / sizeof(names[0]) == CB_VENUE_ACTION_COUNT, "one name each");
    return (uint32_t)action < CB_VENUE_ACTION_COUNT ? names[action] : "?";
}

const char *cb_venue_method_name(cb_venue_method method)
{
    static const char *const names[] = {"GET", "POST", "DELETE", "PUT"};
    CB_ASSERT((uint32_t)method < sizeof(names) / sizeof(names[0]));
    return names[method];
}

bool cb_venue_join_url(const char *base, const char *path, char *out, size_t out_size)
{
    CB_ASSERT(base != NULL && path != NULL);
    CB_ASSERT(out != NULL && out_size > 0);
    size_t base_size = strlen(base);
    while (base_size > 0 && base[base_size - 1] == '/') {
        base_size--;
    }
    const char *host = strstr(base, "://");
    const char *own_path = strchr(host == NULL ? base : host + 3, '/');
    const bool has_path = own_path != NULL && own_path < base + base_size;
    if (!cb_text_copy(out, out_size, (cb_strview){.at = base, .size = base_size})) {
        return false;
    }
    size_t used = base_size;
    return has_path || cb_text_append(out, out_size, &used, path);
}
