/* A first look at a request: whom and what it is about. Nothing is refused here; what cannot be
 * read is simply not known. */
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/simulator/core/api/api.h"
#include "services/simulator/core/keys.h"

#define WINDOW_DEFAULT_E8 (INT64_C(5000) * CB_E8) /* ms, as Binance's own default */

static int64_t decimal_of(sim_params *params, const char *name)
{
    int64_t value_e8 = 0;
    const char *text = sim_params_get(params, name);
    if (text == NULL || cb_decimal_parse(text, strlen(text), &value_e8, NULL) != CB_OK) {
        return 0;
    }
    return value_e8;
}

/* The last instant at which the gate takes the request, in market time. */
static int64_t window_end(const sim_api *api, sim_params *params)
{
    int64_t timestamp_ns = 0;
    bool is_given = false;
    sim_refusal refusal = {0};
    if (!sim_params_time(params, "timestamp", &timestamp_ns, &is_given, &refusal) || !is_given) {
        return 0;
    }
    int64_t window_e8 = decimal_of(params, "recvWindow");
    window_e8 = window_e8 == 0 ? WINDOW_DEFAULT_E8 : window_e8;
    const int64_t window_ns = window_e8 / (CB_E8 / CB_NS_PER_MS);
    return timestamp_ns + window_ns * api->window_factor - api->sim->clock_offset_ns;
}

static void take_client_id(sim_params *params, char out[SIM_CLIENT_ID_SIZE])
{
    static const char *const names[] = {"newClientOrderId", "origClientOrderId"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && out[0] == '\0'; i++) {
        const char *text = sim_params_get(params, names[i]);
        if (text != NULL) {
            (void)cb_text_copy(out, SIM_CLIENT_ID_SIZE, cb_sv_from(text));
        }
    }
}

void sim_params_glance(sim_api *api, const char *api_key, sim_glance *out)
{
    sim_params *params = &api->params;
    CB_ASSERT(api_key != NULL);
    *out = (sim_glance){.account = SIM_NONE, .symbol = SIM_NONE};
    sim_login login;
    if (sim_find_login(api->sim, api_key, &login)) {
        out->account = login.account;
    }
    const char *symbol = sim_params_get(params, "symbol");
    if (symbol != NULL) {
        out->symbol = sim_find_symbol(api->sim, symbol);
    }
    const char *side = sim_params_get(params, "side");
    out->has_side = side != NULL && sim_side_parse(side, &out->side);
    out->qty_e8 = decimal_of(params, "quantity");
    out->price_e8 = decimal_of(params, "price");
    out->window_end_ns = window_end(api, params);
    take_client_id(params, out->client_id);
}

void sim_api_glance(sim_api *api, const sim_request *request, sim_glance *out)
{
    sim_refusal refusal = {0};
    CB_ASSERT(request != NULL);
    sim_params_reset(&api->params);
    if (sim_params_add_form(&api->params, request->query, false, &refusal)) {
        (void)sim_params_add_form(&api->params, request->body, true, &refusal);
    }
    sim_params_glance(api, request->api_key, out);
}
