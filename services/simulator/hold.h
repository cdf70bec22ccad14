/* What waits: see hold.c. */
#ifndef SIM_HOLD_H
#define SIM_HOLD_H

#include "services/simulator/simulator.h"

typedef enum sim_hold_stage {
    SIM_HOLD_GATE,    /* a request that nobody has looked at yet */
    SIM_HOLD_ENGINE,  /* … that has passed the gate */
    SIM_HOLD_ANSWER,  /* an answer that is made */
    SIM_HOLD_BYTES,   /* an answer that leaves byte by byte */
    SIM_HOLD_FRAME,   /* a WebSocket frame to be sent */
    SIM_HOLD_WS_GATE, /* a message of the WebSocket API, as the two of REST */
    SIM_HOLD_WS_ENGINE,
    SIM_HOLD_PARKED
} sim_hold_stage;

struct sim_held {
    sim_held *next;
    sim_hold_stage stage;
    int64_t due_ns; /* market time; of the parked: monotonic */
    uint64_t seq;
    sim_fate fate;
    sim_glance glance;
    uint64_t number; /* of the request */
    /* REST */
    cb_exchange *exchange; /* [owned] */
    sim_request request;   /* points into owned */
    char *owned[6];
    int64_t gate_ns;
    sim_answer answer;
    const char *content_type;
    /* WebSocket */
    uint64_t conn;
    sim_frame_class frame_class;
    uint32_t behind; /* frames that must pass first */
    bool is_stamped; /* its event time becomes that of the sending */
    char id[SIM_WS_ID_MAX];
    /* an answer's body, a frame, a message */
    char *text; /* [owned] */
    size_t size;
    size_t sent;
    simulator *self; /* [borrowed] of the timer */
    cb_timer *timer;
};

sim_held *sim_held_create(sim_hold_stage stage);
/** Copies a request; takes the exchange. */
sim_held *sim_held_request(const sim_request *request, cb_exchange *exchange, uint64_t number);
void sim_held_set_text(sim_held *held, const char *text, size_t size);
/** Frees everything but the exchange, which has been answered or handed on. */
void sim_held_free(sim_held *held);

/** Takes held until due_ns. */
void sim_hold_add(simulator *self, sim_held *held, int64_t due_ns);
/** The first that is due, or NULL; it is the caller's then. */
sim_held *sim_hold_take(simulator *self, int64_t now_ns);
/** When the first is due; INT64_MAX: nothing waits. */
int64_t sim_hold_next_ns(const simulator *self);
/** The next frame that waited behind others of its connection and may leave now, or NULL. */
sim_held *sim_hold_passed(simulator *self, uint64_t conn, sim_frame_class frame_class);
/** Keeps an exchange open without an answer until its client leaves. */
void sim_hold_park(simulator *self, cb_exchange *exchange);
/** Ends the parked whose client left, or all. */
void sim_hold_sweep(simulator *self, bool is_all);
void sim_hold_close(simulator *self);

#endif /* SIM_HOLD_H */
