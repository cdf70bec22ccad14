/* Between the bus and its streams. */
#ifndef DST_BUS_H
#define DST_BUS_H

#include "rt/bus.h"
#include "tests/sim/dst.h"

#define DST_HEADERS_MAX 4

/* One message on its way; never changed after it was made. */
typedef struct dst_packet {
    const char *subject;
    const char *reply;
    const uint8_t *bytes;
    size_t size;
    uint32_t headers_count;
    cb_bus_header headers[DST_HEADERS_MAX];
} dst_packet;

struct cb_bus_sub {
    bool is_used;
    char pattern[CB_BUS_SUBJECT_MAX];
    size_t prefix_size; /* of "a.b.>": "a.b."; 0: the whole must be equal */
    cb_bus_fn fn;
    void *context;
};

struct cb_bus {
    dst_process *process;
    uint32_t generation;
    char user[32];
    char inbox[48];
    bool is_up;
    struct cb_bus_sub subs[CB_BUS_SUBS_MAX];
    uint32_t subs_count;
    void (*state_fn)(void *context, bool is_up);
    void *state_context;
    cb_bus_stats stats;
};

/** Delivers to whoever subscribed target (a subject, or an inbox for messages of streams). */
void dst_bus_route(const char *target, const dst_packet *packet, bool is_lossy);
dst_packet *dst_packet_new(const char *subject, const char *reply, const void *bytes, size_t size);
const char *dst_text(const char *text);

#endif /* DST_BUS_H */
