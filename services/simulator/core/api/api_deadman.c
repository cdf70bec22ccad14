/* countdownCancelAll, as Binance has it for futures: every open order of a symbol goes unless the
 * countdown is begun anew in time. Offered only by a profile that says so: Binance spot has none.
 */
#include "base/timefmt.h"
#include "services/simulator/core/api/api.h"
#include "services/simulator/core/deadman.h"

#define COUNTDOWN_MS_MAX INT64_C(3600000)

bool sim_call_deadman(sim_call *call)
{
    uint32_t symbol = 0;
    int64_t countdown_ms = 0;
    bool is_given = false;
    if (!call->sim->config.has_deadman) {
        call->status = 404;
        return sim_refuse(&call->refusal, -1000, "Path not found.");
    }
    if (!sim_call_symbol(call, &symbol) || !sim_params_i64(call->params,
                                               "countdownTime",
                                               0,
                                               COUNTDOWN_MS_MAX,
                                               &countdown_ms,
                                               &is_given,
                                               &call->refusal)) {
        return false;
    }
    if (!is_given) {
        return sim_params_missing("countdownTime", &call->refusal);
    }
    if (!sim_params_all_read(call->params, &call->refusal)) {
        return false;
    }
    sim_deadman_arm(call->sim, call->account, symbol, countdown_ms * CB_NS_PER_MS);
    sim_json_open(call->out, '{');
    sim_json_put_text(call->out, "symbol", call->sim->symbols[symbol].spec.symbol);
    sim_json_put_i64(call->out, "countdownTime", countdown_ms);
    sim_json_close(call->out, '}');
    return true;
}
