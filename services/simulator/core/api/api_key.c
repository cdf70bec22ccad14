/* GET /sapi/v1/account/apiRestrictions: what the key that asks may do. */
#include "services/simulator/core/api/api.h"

#include "base/timefmt.h"

#define CREATED_NS (INT64_C(1698645219000) * CB_NS_PER_MS)

bool sim_call_restrictions(sim_call *call)
{
    if (!sim_params_all_read(call->params, &call->refusal)) {
        return false;
    }
    const struct {
        const char *name;
        uint32_t right;
    } flags[] = {{"enableReading", SIM_MAY_READ},
        {"enableWithdrawals", SIM_MAY_WITHDRAW},
        {"enableInternalTransfer", SIM_MAY_TRANSFER},
        {"permitsUniversalTransfer", SIM_MAY_TRANSFER},
        {"enableSpotAndMarginTrading", SIM_MAY_TRADE | SIM_MAY_CANCEL},
        {"enableMargin", SIM_MAY_MARGIN},
        {"enableFutures", SIM_MAY_FUTURES},
        {"enableVanillaOptions", 0},
        {"enableFixApiTrade", 0},
        {"enableFixReadOnly", 0},
        {"enablePortfolioMarginTrading", 0}};
    sim_json *out = call->out;
    sim_json_open(out, '{');
    sim_json_put_bool(out, "ipRestrict", (call->rights & SIM_FROM_ANYWHERE) == 0);
    sim_json_put_ms(out, "createTime", CREATED_NS);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        sim_json_put_bool(out, flags[i].name, (call->rights & flags[i].right) != 0);
    }
    sim_json_close(out, '}');
    return true;
}
