/* Requests to the venue and its judged answers, without anything that carries them. */
#include "services/execution/core/describe.h"

#include <string.h>

#include "base/assert.h"
#include "base/textbuf.h"
#include "domain/order.h"
#include "domain/terms.h"

#define RETRY_DEFAULT_S 60

/* ---- requests ---- */

static void describe_order(const cb_order *order, cb_venue_order_request *out)
{
    *out = (cb_venue_order_request){.side = order->side,
        .order_type = order->order_type,
        .tif = order->tif,
        .qty = order->qty,
        .price = order->limit_price,
        .reply_kind = CB_VENUE_REPLY_FULL};
    memcpy(out->symbol, order->symbol, sizeof(out->symbol));
    memcpy(out->client_order_id, order->client_order_id, sizeof(out->client_order_id));
    if (order->triggered_ns != 0) {
        out->order_type = cb_order_type_triggered(order->order_type); /* it waited here */
    } else if (cb_order_type_has_trigger(order->order_type)) {
        out->stop_price = order->trigger_price;
        out->trailing_delta_bips = order->trailing_bips;
    }
    if (out->order_type == CB_ORDER_TYPE_MARKET) {
        out->tif = CB_TIF_NONE; /* market orders have none, whatever the intent says */
    }
}

cb_venue_call exec_describe_claim(const exec_claim *claim, cb_venue_params *params)
{
    CB_ASSERT(claim != NULL && params != NULL);
    CB_ASSERT(claim->order.qty.e8 > 0);
    memcpy(params->symbol, claim->order.symbol, sizeof(params->symbol));
    describe_order(&claim->order, &params->order);
    if (claim->has_mate) {
        describe_order(&claim->mate, &params->stop_order);
        return CB_VENUE_CALL_PLACE_LIST;
    }
    if (claim->bound.e8 > 0) {
        params->order.order_type = CB_ORDER_TYPE_LIMIT;
        params->order.tif = CB_TIF_IOC;
        params->order.price = claim->bound;
    }
    if (claim->replaces_venue_id[0] != '\0') {
        memcpy(params->venue_order_id, claim->replaces_venue_id, sizeof(params->venue_order_id));
        return CB_VENUE_CALL_CANCEL_REPLACE;
    }
    return CB_VENUE_CALL_PLACE;
}

static cb_venue_call call_of(exec_request request)
{
    switch (request) {
    case EXEC_REQUEST_CANCEL:
        return CB_VENUE_CALL_CANCEL;
    case EXEC_REQUEST_CANCEL_ALL:
        return CB_VENUE_CALL_CANCEL_ALL;
    case EXEC_REQUEST_AMEND:
        return CB_VENUE_CALL_AMEND;
    case EXEC_REQUEST_READ_ORDER:
        return CB_VENUE_CALL_QUERY;
    case EXEC_REQUEST_READ_OPEN:
        return CB_VENUE_CALL_OPEN_ORDERS;
    case EXEC_REQUEST_READ_ALL:
        return CB_VENUE_CALL_ALL_ORDERS;
    case EXEC_REQUEST_READ_TRADES:
        return CB_VENUE_CALL_OWN_TRADES;
    case EXEC_REQUEST_READ_ACCOUNT:
        return CB_VENUE_CALL_ACCOUNT;
    case EXEC_REQUEST_READ_TIME:
        return CB_VENUE_CALL_TIME;
    case EXEC_REQUEST_SUBSCRIBE:
    case EXEC_REQUEST_CLAIM:
    case EXEC_REQUEST_SEND:
    case EXEC_REQUEST_RETRY:
    case EXEC_REQUEST_ALERT:
    case EXEC_REQUEST_PAGE:
    case EXEC_REQUEST_OFF:
    case EXEC_REQUEST_FORGET_MARK:
    default:
        CB_ASSERT(false);
        return CB_VENUE_CALL_PING;
    }
}

cb_venue_call exec_describe_read(
    exec_request request, const exec_read *read, cb_venue_params *params)
{
    CB_ASSERT(read != NULL && params != NULL);
    memcpy(params->symbol, read->symbol, sizeof(params->symbol));
    memcpy(params->venue_order_id, read->venue_order_id, sizeof(params->venue_order_id));
    const bool has_venue_id = read->venue_order_id[0] != '\0';
    if (!has_venue_id && (request == EXEC_REQUEST_READ_ORDER || request == EXEC_REQUEST_CANCEL ||
                             request == EXEC_REQUEST_AMEND)) {
        memcpy(params->client_order_id, read->client_order_id, sizeof(params->client_order_id));
    }
    params->amend_qty = read->qty;
    if (request == EXEC_REQUEST_READ_ALL) {
        params->venue_order_id[0] = '\0';
        params->start_ns = read->start_ns;
        params->limit = EXEC_LIST_LIMIT;
    }
    if (request == EXEC_REQUEST_READ_OPEN) {
        params->venue_order_id[0] = '\0';
    }
    if (request == EXEC_REQUEST_READ_TRADES) {
        params->limit = EXEC_LIST_LIMIT;
        params->has_from_id = read->has_from_id;
        params->from_id = read->from_id;
        params->start_ns = has_venue_id || read->has_from_id ? 0 : read->start_ns;
    }
    return call_of(request);
}

/* ---- answers ---- */

static int64_t retry_after(const exec_venue_text *text)
{
    return text->retry_after_s >= 0 ? text->retry_after_s : RETRY_DEFAULT_S;
}

void exec_judge_placed(const cb_venue_ops *venue,
    cb_venue_call call,
    const cb_venue_params *params,
    const exec_venue_text *text,
    cb_venue_answer *judged,
    exec_order_answer *out)
{
    CB_ASSERT(venue != NULL && judged != NULL);
    memset(judged, 0, sizeof(*judged));
    cb_textbuf reason = cb_textbuf_over(out->reason, sizeof(out->reason));
    venue->judge(call, params, text->status, text->body, judged);
    out->retry_after_s = -1;
    out->answer_class = judged->answer_class;
    out->has_order = judged->has_order;
    out->order = judged->order;
    out->has_mate = judged->has_mate;
    out->mate = judged->mate;
    if (judged->answer_class == CB_ANSWER_THROTTLED || text->status == 429 || text->status == 418) {
        out->retry_after_s = retry_after(text);
    }
    if (judged->answer_class != CB_ANSWER_ACCEPTED) {
        cb_textbuf_add(&reason, "HTTP ");
        cb_textbuf_add_i64(&reason, text->status);
        cb_textbuf_add(&reason, " ");
        cb_textbuf_add_i64(&reason, judged->error.code);
        cb_textbuf_add(&reason, " ");
        cb_textbuf_add(&reason, judged->error.text);
    }
}

void exec_judge_read(const cb_venue_ops *venue,
    cb_venue_call call,
    const cb_venue_params *params,
    const exec_venue_text *text,
    cb_venue_answer *judged,
    exec_order_answer *out)
{
    CB_ASSERT(venue != NULL && judged != NULL);
    memset(judged, 0, sizeof(*judged));
    cb_textbuf reason = cb_textbuf_over(out->reason, sizeof(out->reason));
    venue->judge(call, params, text->status, text->body, judged);
    out->retry_after_s = -1;
    out->answer_class = judged->answer_class;
    out->has_order = judged->has_order;
    out->order = judged->order;
    if (judged->answer_class == CB_ANSWER_THROTTLED) {
        out->retry_after_s = retry_after(text);
    }
    cb_textbuf_add(&reason, judged->error.text);
}
