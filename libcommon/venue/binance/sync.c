/* Binance's sequence rules of order books (web-socket-streams.md, "How to manage a local order book
 * correctly"): an event covers the update ids U … u, and the events of a symbol are consecutive. */
#include "venue/binance/binance_internal.h"

cb_venue_sync binance_sync_delta(
    uint64_t book_update_id, bool is_first, const cb_venue_depth *delta)
{
    CB_ASSERT(delta != NULL);
    CB_ASSERT(delta->first_update_id <= delta->last_update_id);
    if (delta->last_update_id <= book_update_id) {
        return CB_VENUE_SYNC_SKIP;
    }
    /* After a snapshot an event may begin inside it; later ones must follow without overlap. An
     * overlap that reaches beyond the book would be a venue's slip: applying it is harmless,
     * because levels are absolute, but it is not what was promised, so the book starts over. */
    const bool is_next = delta->first_update_id == book_update_id + 1;
    const bool is_inside = is_first && delta->first_update_id <= book_update_id + 1;
    return is_next || is_inside ? CB_VENUE_SYNC_APPLY : CB_VENUE_SYNC_GAP;
}

bool binance_sync_snapshot(uint64_t snapshot_update_id, const cb_venue_depth *first_delta)
{
    CB_ASSERT(first_delta != NULL);
    CB_ASSERT(first_delta->first_update_id <= first_delta->last_update_id);
    /* The snapshot must reach up to the first event that was buffered: +1, because a snapshot that
     * ends right before it leaves nothing out. */
    return snapshot_update_id + 1 >= first_delta->first_update_id;
}
