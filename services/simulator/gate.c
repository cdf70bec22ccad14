/* Where every answer and every frame leaves. Nothing is decided here yet; whoever wants to lose,
 * delay or double something does it here and nowhere else. */
#include "services/simulator/simulator.h"

void sim_gate_answer(simulator *self,
    cb_exchange *exchange,
    uint64_t request,
    int status,
    const char *body,
    size_t size)
{
    sim_journal_answer(self, request, status, body, size);
    cb_exchange_reply(exchange, status, "application/json;charset=UTF-8", body, size);
}

void sim_gate_frame(
    void *context, void *handle, sim_frame_class frame_class, const char *text, size_t size)
{
    simulator *self = context;
    static const char *const names[] = {"market", "out", "out", "user"};
    cb_metric_add(self->frames, 1);
    if (frame_class != SIM_FRAME_CLASS_MARKET || self->settings->journal_market) {
        (void)sim_journal_ws(self, names[frame_class], sim_server_conn_id(handle), text, size);
    }
    (void)sim_server_send(handle, text, size);
}
