/* Order lists (one of two) and amended orders: the requests and their answers. A list's answer is
 * judged leg by leg; an order that is a leg is canceled with its list, and the answer to that is a
 * list too. */
#include <string.h>

#include "venue/binance/binance_internal.h"

static void add_named(cb_form *form, const char *prefix, const char *name, const char *value)
{
    char key[40];
    size_t used = 0;
    const bool fits = cb_text_append(key, sizeof(key), &used, prefix) &&
                      cb_text_append(key, sizeof(key), &used, name);
    CB_ASSERT(fits);
    cb_form_text(form, key, value);
}

static void add_named_e8(cb_form *form, const char *prefix, const char *name, int64_t value_e8)
{
    char key[40];
    size_t used = 0;
    const bool fits = cb_text_append(key, sizeof(key), &used, prefix) &&
                      cb_text_append(key, sizeof(key), &used, name);
    CB_ASSERT(fits);
    if (value_e8 > 0) {
        cb_form_decimal(form, key, value_e8);
    }
}

static void add_leg(cb_form *form, const char *prefix, const cb_venue_order_request *leg)
{
    add_named(form, prefix, "Type", cb_binance_type_word(leg->order_type));
    add_named_e8(form, prefix, "Price", leg->price.e8);
    add_named_e8(form, prefix, "StopPrice", leg->stop_price.e8);
    if (leg->trailing_delta_bips > 0) {
        char text[12];
        const int size = (int)leg->trailing_delta_bips;
        cb_textbuf digits = cb_textbuf_over(text, sizeof(text));
        cb_textbuf_add_i64(&digits, size);
        add_named(form, prefix, "TrailingDelta", text);
    }
    if (leg->order_type == CB_ORDER_TYPE_STOP_LOSS_LIMIT) {
        const cb_tif tif = leg->tif == CB_TIF_NONE ? CB_TIF_GTC : leg->tif;
        add_named(form, prefix, "TimeInForce", cb_binance_tif_word(tif));
    }
    add_named(form, prefix, "ClientOrderId", leg->client_order_id);
}

const char *binance_add_list(cb_form *form, const cb_venue_params *params)
{
    const cb_venue_order_request *target = &params->order;
    const cb_venue_order_request *stop = &params->stop_order;
    const char *why = binance_check_order(target);
    why = why == NULL ? binance_check_order(stop) : why;
    if (why != NULL) {
        return why;
    }
    const bool is_stop = stop->order_type == CB_ORDER_TYPE_STOP_LOSS ||
                         stop->order_type == CB_ORDER_TYPE_STOP_LOSS_LIMIT;
    if (target->order_type != CB_ORDER_TYPE_LIMIT_MAKER || !is_stop) {
        return "a list is a LIMIT_MAKER and a stop";
    }
    if (!cb_text_equal(target->symbol, stop->symbol) || target->side != stop->side ||
        target->qty.e8 != stop->qty.e8) {
        return "the legs of a list have one symbol, side and quantity";
    }
    const bool is_sell = target->side == CB_SIDE_SELL;
    cb_form_text(form, "symbol", target->symbol);
    cb_form_text(form, "side", cb_binance_side_word(target->side));
    cb_form_decimal(form, "quantity", target->qty.e8);
    add_leg(form, "above", is_sell ? target : stop);
    add_leg(form, "below", is_sell ? stop : target);
    cb_form_text(form, "newOrderRespType", "FULL");
    return NULL;
}

/* ---- answers ---- */

typedef struct list_reader {
    const cb_venue_params *params;
    cb_venue_answer *out;
    bool has_target;
    bool has_stop;
} list_reader;

static bool is_leg(const cb_venue_order_request *sent, const cb_venue_order *seen)
{
    return cb_text_equal(sent->client_order_id, seen->client_order_id) &&
           cb_text_equal(sent->symbol, seen->symbol) && !seen->is_ack && sent->side == seen->side &&
           sent->order_type == seen->order_type && sent->qty.e8 == seen->qty.e8;
}

static bool take_leg(void *context, const cb_venue_order *order)
{
    list_reader *reader = context;
    if (is_leg(&reader->params->order, order)) {
        reader->out->order = *order;
        reader->has_target = true;
    } else if (is_leg(&reader->params->stop_order, order)) {
        reader->out->mate = *order;
        reader->has_stop = true;
    }
    return true;
}

static void set_unknown(cb_venue_answer *out, const char *why)
{
    out->answer_class = CB_ANSWER_UNKNOWN;
    out->error.action = CB_VENUE_ACTION_UNKNOWN;
    (void)cb_text_copy(out->error.text, sizeof(out->error.text), cb_sv_from(why));
}

void binance_judge_list(const cb_venue_params *params, cb_strview body, cb_venue_answer *out)
{
    list_reader reader = {.params = params, .out = out};
    if (binance_parse_list(body, take_leg, &reader, NULL) != CB_OK) {
        set_unknown(out, "the answer is not an order list");
        return;
    }
    out->has_order = reader.has_target;
    out->has_mate = reader.has_stop;
    if (!reader.has_target || !reader.has_stop) {
        set_unknown(out, "the list's echo differs from what was sent");
        return;
    }
    out->answer_class = CB_ANSWER_ACCEPTED;
}

typedef struct pick {
    const cb_venue_params *params;
    cb_venue_order *order;
    bool is_found;
} pick;

static bool take_asked(void *context, const cb_venue_order *order)
{
    pick *self = context;
    const cb_venue_params *params = self->params;
    const bool is_it = params->venue_order_id[0] != '\0'
                           ? cb_text_equal(params->venue_order_id, order->venue_order_id)
                           : cb_text_equal(params->client_order_id, order->client_order_id);
    if (is_it) {
        *self->order = *order;
        self->is_found = true;
    }
    return true;
}

bool binance_pick_of_list(const cb_venue_params *params, cb_strview body, cb_venue_order *out)
{
    pick self = {.params = params, .order = out};
    return binance_parse_list(body, take_asked, &self, NULL) == CB_OK && self.is_found;
}

/* {"transactTime":…,"amendedOrder":{…}} */
bool binance_read_amended(cb_strview body, cb_venue_order *out)
{
    cb_json json;
    cb_strview key;
    uint64_t seen = 0;
    cb_json_init(&json, body);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "amendedOrder")) {
            (void)(cb_json_once(&json, &seen, 0) && binance_read_order(&json, out, NULL));
        } else {
            (void)cb_json_skip(&json);
        }
    }
    (void)cb_json_require(&json, seen, 1, "no amended order");
    return cb_json_finish(&json, "amend", NULL) == CB_OK;
}
