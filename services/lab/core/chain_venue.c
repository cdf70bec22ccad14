/* Execution's other side: what it asks for is asked of the exchange in the same process, by the
 * venue's own description of the call and the exchange's own handler; what comes back is judged by
 * the venue's functions, as live. There is no socket, no signer and no database between: a claim is
 * granted when the order's deadline has not passed, which is what the claim's statement looks at
 * beside the kill levels, and those the core looks at itself. */
#include <string.h>

#include "base/strview.h"
#include "base/textbuf.h"
#include "services/lab/core/chain_internal.h"
#include "services/simulator/core/lists.h"
#include "venue/binance/binance.h"

#define READ_WINDOW_MS 60000
#define CLIENT "lab"

static int64_t floor_ms(int64_t ts_ns)
{
    return ts_ns / CB_NS_PER_MS * CB_NS_PER_MS;
}

static void local(lab_chain *chain, uint32_t account, uint32_t type, const void *body, size_t size)
{
    chain_step(chain, chain_service_of(chain, CHAIN_EXECUTION, account), type, body, size);
}

static void later(lab_chain *chain, uint32_t account, uint32_t type, const void *body, size_t size)
{
    chain_enqueue(chain, CHAIN_ITEM_LOCAL, type, CHAIN_EXECUTION, account, body, size);
}

/* ---- calls ---- */

/* Path and query of "…/order?symbol=…". */
static const char *split_path(char *url_path)
{
    char *mark = strchr(url_path, '?');
    if (mark == NULL) {
        return "";
    }
    *mark = '\0';
    return mark + 1;
}

/* The request through the exchange's handler; whoever asks has signed in. */
static exec_venue_text call_exchange(lab_chain *chain, uint32_t account, cb_venue_request *request)
{
    chain_quiet_sync_exchange(chain);
    const char *query = split_path(request->url_path);
    bool is_path_known = false;
    const sim_route *route =
        sim_route_find(cb_venue_method_name(request->method), request->url_path, &is_path_known);
    sim_json out = sim_json_over(chain->text, CHAIN_TEXT_SIZE);
    sim_answer answer = {.status = 200, .orders_10s = -1, .orders_1d = -1, .retry_after_s = -1};
    sim_call call = {.api = chain->api,
        .sim = chain->sim,
        .params = &chain->api->params,
        .account = chain->accounts[account].sim_account,
        .rights = SIM_MAY_READ | SIM_MAY_TRADE,
        .out = &out,
        .status = 400};
    CB_ASSERT(route != NULL && is_path_known);
    sim_params_reset(call.params);
    const bool is_read = sim_params_add_form(call.params, query, false, &call.refusal) &&
                         sim_params_add_form(call.params, request->body, true, &call.refusal);
    CB_ASSERT(is_read);
    /* What signing in would have looked at. */
    (void)sim_params_get(call.params, "timestamp");
    (void)sim_params_get(call.params, "recvWindow");
    if (!sim_call_run(&call, route, CLIENT, &answer)) {
        answer.status = call.status;
        if (!call.has_own_body) {
            out.used = 0;
            out.needs_comma = false;
            sim_write_refusal(&out, &call.refusal);
        }
    }
    CB_ASSERT(!out.is_full);
    return (exec_venue_text){answer.status, (cb_strview){out.out, out.used}, answer.retry_after_s};
}

static exec_venue_text ask(
    lab_chain *chain, uint32_t account, cb_venue_call call, const cb_venue_params *params)
{
    cb_venue_request request;
    cb_err err = {0};
    const cb_venue_auth auth = {
        .sign_ts_ns = floor_ms(chain->now_ns), .window_ms = READ_WINDOW_MS, .is_unsigned = true};
    const cb_status status = chain->venue->build(call, params, &auth, &request, &err);
    CB_ASSERT(status == CB_OK);
    return call_exchange(chain, account, &request);
}

/* ---- claim and send ---- */

static void claim(lab_chain *chain, uint32_t account, const exec_claim *asked)
{
    chain_prepared *prepared = &chain->accounts[account].prepared;
    memset(prepared, 0, sizeof(*prepared));
    prepared->intent_id = asked->order.intent_id;
    prepared->begun_ns = chain->now_ns;
    prepared->call = exec_describe_claim(asked, &prepared->params);
    exec_claim_result result = {.intent_id = asked->order.intent_id,
        .outcome = asked->order.not_after_ns > chain->now_ns ? EXEC_CLAIM_DONE : EXEC_CLAIM_EXPIRED,
        .sign_ts_ns = floor_ms(chain->now_ns)};
    cb_venue_request request;
    cb_err err = {0};
    const cb_venue_auth auth = {
        .sign_ts_ns = result.sign_ts_ns, .window_ms = asked->window_ms, .is_unsigned = true};
    if (chain->venue->build(prepared->call, &prepared->params, &auth, &request, &err) != CB_OK) {
        cb_textbuf detail = cb_textbuf_over(result.detail, sizeof(result.detail));
        cb_textbuf_add(&detail, err.text);
        result.outcome = EXEC_CLAIM_NOT_BUILT;
    }
    local(chain, account, EXEC_EVENT_CLAIM, &result, sizeof(result));
}

static void place(lab_chain *chain, uint32_t account, const chain_prepared *prepared)
{
    const exec_venue_text text = ask(chain, account, prepared->call, &prepared->params);
    exec_order_answer answer = {.intent_id = prepared->intent_id, .answered_ns = chain->now_ns};
    exec_judge_placed(
        chain->venue, prepared->call, &prepared->params, &text, chain->judged, &answer);
    chain_models_placed(chain, account);
    later(chain, account, EXEC_EVENT_PLACED, &answer, sizeof(answer));
}

/* One that was underway. */
static void arrive(lab_chain *chain, uint32_t account_index, uint32_t at)
{
    chain_account *account = &chain->accounts[account_index];
    const chain_prepared prepared = account->underway[at].prepared;
    account->underway_count--;
    for (uint32_t i = at; i < account->underway_count; i++) {
        account->underway[i] = account->underway[i + 1];
    }
    place(chain, account_index, &prepared);
}

static void send(lab_chain *chain, uint32_t account, const exec_send *asked)
{
    const chain_prepared *prepared = &chain->accounts[account].prepared;
    CB_ASSERT(cb_id_equal(asked->intent_id, prepared->intent_id));
    const exec_sent sent = {.intent_id = asked->intent_id, .sent_ns = chain->now_ns};
    local(chain, account, EXEC_EVENT_SENT, &sent, sizeof(sent));
    chain->accounts[account].totals.orders++;
    const int64_t latency_ns = chain_models_latency(chain);
    if (latency_ns == 0) {
        place(chain, account, prepared);
        return;
    }
    chain_account *from = &chain->accounts[account];
    if (from->underway_count == CHAIN_ORDERS_UNDERWAY) {
        arrive(chain, account, 0); /* more than ever happens: the first is there at once */
    }
    from->underway[from->underway_count++] =
        (chain_underway){.prepared = *prepared, .due_ns = chain->now_ns + latency_ns};
}

void chain_venue_arrive(lab_chain *chain)
{
    for (uint32_t a = 0; a < chain->accounts_count; a++) {
        chain_account *account = &chain->accounts[a];
        uint32_t at = 0;
        while (at < account->underway_count) {
            if (account->underway[at].due_ns > chain->now_ns) {
                at++;
                continue;
            }
            arrive(chain, a, at);
            chain_settle(chain);
            at = 0; /* others may have set out meanwhile */
        }
    }
}

int64_t chain_venue_next_ns(const lab_chain *chain)
{
    int64_t next_ns = INT64_MAX;
    for (uint32_t a = 0; a < chain->accounts_count; a++) {
        const chain_account *account = &chain->accounts[a];
        for (uint32_t i = 0; i < account->underway_count; i++) {
            const int64_t due_ns = account->underway[i].due_ns;
            next_ns = due_ns < next_ns ? due_ns : next_ns;
        }
    }
    return next_ns;
}

/* ---- questions ---- */

typedef struct page_feed {
    lab_chain *chain;
    uint32_t account;
    uint32_t total;
    exec_orders_page *orders;
    exec_trades_page *trades;
    exec_account_answer *balances;
} page_feed;

static void flush_orders(page_feed *feed, bool is_last)
{
    feed->orders->is_last = is_last;
    later(feed->chain, feed->account, EXEC_EVENT_ORDERS, feed->orders, sizeof(*feed->orders));
    feed->orders->orders_count = 0;
}

static bool take_order(void *context, const cb_venue_order *order)
{
    page_feed *feed = context;
    if (feed->orders->orders_count == EXEC_PAGE_MAX) {
        flush_orders(feed, false);
    }
    feed->orders->orders[feed->orders->orders_count++] = *order;
    feed->total++;
    return true;
}

static void flush_trades(page_feed *feed, bool is_last)
{
    feed->trades->is_last = is_last;
    later(feed->chain, feed->account, EXEC_EVENT_TRADES, feed->trades, sizeof(*feed->trades));
    feed->trades->trades_count = 0;
}

static bool take_trade(void *context, const cb_venue_trade *trade)
{
    page_feed *feed = context;
    if (feed->trades->trades_count == EXEC_PAGE_MAX) {
        flush_trades(feed, false);
    }
    feed->trades->trades[feed->trades->trades_count++] = *trade;
    feed->total++;
    return true;
}

static bool take_balance(void *context, const cb_asset_balance *balance)
{
    page_feed *feed = context;
    if (balance->free.e8 == 0 && balance->locked.e8 == 0) {
        return true; /* says no more than its absence */
    }
    CB_ASSERT(feed->balances->balances_count < CB_VENUE_BALANCES_MAX);
    feed->balances->balances[feed->balances->balances_count++] = *balance;
    return true;
}

static void read_orders(lab_chain *chain,
    uint32_t account,
    const exec_read *read,
    const cb_venue_params *params,
    const exec_venue_text *text)
{
    exec_orders_page page = {.tag = read->tag,
        .intent_id = read->intent_id,
        .answer_class = CB_ANSWER_ACCEPTED,
        .retry_after_s = -1};
    page_feed feed = {.chain = chain, .account = account, .orders = &page};
    if (text->status != 200 ||
        chain->venue->parse_orders(text->body, take_order, &feed, NULL) != CB_OK) {
        page.answer_class = CB_ANSWER_UNKNOWN;
    }
    page.is_cut = params->limit > 0 && feed.total >= params->limit;
    flush_orders(&feed, true);
}

static void read_trades(lab_chain *chain,
    uint32_t account,
    const exec_read *read,
    const cb_venue_params *params,
    const exec_venue_text *text)
{
    exec_trades_page page = {.tag = read->tag,
        .intent_id = read->intent_id,
        .answer_class = CB_ANSWER_ACCEPTED,
        .retry_after_s = -1};
    page_feed feed = {.chain = chain, .account = account, .trades = &page};
    if (text->status != 200 ||
        chain->venue->parse_own_trades(text->body, take_trade, &feed, NULL) != CB_OK) {
        page.answer_class = CB_ANSWER_UNKNOWN;
    }
    page.is_cut = params->limit > 0 && feed.total >= params->limit;
    flush_trades(&feed, true);
}

static void read_account(
    lab_chain *chain, uint32_t account, const exec_read *read, const exec_venue_text *text)
{
    exec_account_answer answer = {
        .tag = read->tag, .answer_class = CB_ANSWER_ACCEPTED, .retry_after_s = -1};
    page_feed feed = {.chain = chain, .account = account, .balances = &answer};
    if (text->status != 200 ||
        chain->venue->parse_account(text->body, take_balance, &feed, NULL) != CB_OK) {
        answer.answer_class = CB_ANSWER_UNKNOWN;
    }
    later(chain, account, EXEC_EVENT_ACCOUNT, &answer, sizeof(answer));
}

static void read_one(lab_chain *chain,
    uint32_t account,
    exec_request request,
    const exec_read *read,
    cb_venue_call call,
    const cb_venue_params *params,
    const exec_venue_text *text)
{
    exec_order_answer answer = {.tag = read->tag,
        .intent_id = read->intent_id,
        .answered_ns = chain->now_ns,
        .venue_now_ns = request == EXEC_REQUEST_READ_ORDER ? floor_ms(chain->now_ns) : 0};
    exec_judge_read(chain->venue, call, params, text, chain->judged, &answer);
    const uint32_t type = request == EXEC_REQUEST_READ_ORDER ? (uint32_t)EXEC_EVENT_QUERIED
                          : request == EXEC_REQUEST_AMEND    ? (uint32_t)EXEC_EVENT_AMENDED
                                                             : (uint32_t)EXEC_EVENT_CANCELED;
    later(chain, account, type, &answer, sizeof(answer));
}

/* Nothing to cancel is as good as canceled. */
static void cancel_all(
    lab_chain *chain, uint32_t account, const exec_read *read, const exec_venue_text *text)
{
    exec_order_answer answer = {.tag = read->tag,
        .intent_id = read->intent_id,
        .answered_ns = chain->now_ns,
        .answer_class = CB_ANSWER_ACCEPTED,
        .retry_after_s = -1};
    if (text->status < 200 || text->status > 299) {
        cb_venue_error error;
        chain->venue->classify(text->status, text->body, true, &error);
        answer.answer_class =
            error.action == CB_VENUE_ACTION_GONE ? CB_ANSWER_ACCEPTED : CB_ANSWER_UNKNOWN;
    }
    later(chain, account, EXEC_EVENT_CANCELED_ALL, &answer, sizeof(answer));
}

static void read_time(lab_chain *chain, uint32_t account, const exec_read *read)
{
    const exec_time_answer answer = {.tag = read->tag,
        .retry_after_s = -1,
        .answer_class = CB_ANSWER_ACCEPTED,
        .venue_now_ns = floor_ms(chain->now_ns)};
    later(chain, account, EXEC_EVENT_TIME, &answer, sizeof(answer));
}

static void question(
    lab_chain *chain, uint32_t account, exec_request request, const exec_read *read)
{
    cb_venue_params params;
    if (request == EXEC_REQUEST_READ_TIME) {
        read_time(chain, account, read);
        return;
    }
    memset(&params, 0, sizeof(params));
    const cb_venue_call call = exec_describe_read(request, read, &params);
    const exec_venue_text text = ask(chain, account, call, &params);
    if (request == EXEC_REQUEST_READ_OPEN || request == EXEC_REQUEST_READ_ALL) {
        read_orders(chain, account, read, &params, &text);
    } else if (request == EXEC_REQUEST_READ_TRADES) {
        read_trades(chain, account, read, &params, &text);
    } else if (request == EXEC_REQUEST_READ_ACCOUNT) {
        read_account(chain, account, read, &text);
    } else if (request == EXEC_REQUEST_CANCEL_ALL) {
        cancel_all(chain, account, read, &text);
    } else {
        read_one(chain, account, request, read, call, &params, &text);
    }
}

void chain_venue_request(
    lab_chain *chain, uint32_t account, uint32_t request, const void *body, size_t size)
{
    const exec_stream stream = {.is_up = true};
    switch ((exec_request)request) {
    case EXEC_REQUEST_SUBSCRIBE:
        local(chain, account, EXEC_EVENT_STREAM, &stream, sizeof(stream));
        return;
    case EXEC_REQUEST_CLAIM:
        CB_ASSERT(size == sizeof(exec_claim));
        claim(chain, account, body);
        return;
    case EXEC_REQUEST_SEND:
        CB_ASSERT(size == sizeof(exec_send));
        send(chain, account, body);
        return;
    case EXEC_REQUEST_RETRY:
        local(chain, account, EXEC_EVENT_RETRY, NULL, 0);
        return;
    case EXEC_REQUEST_ALERT:
    case EXEC_REQUEST_PAGE:
    case EXEC_REQUEST_OFF:
    case EXEC_REQUEST_FORGET_MARK:
        return;
    case EXEC_REQUEST_CANCEL:
    case EXEC_REQUEST_CANCEL_ALL:
    case EXEC_REQUEST_AMEND:
    case EXEC_REQUEST_READ_ORDER:
    case EXEC_REQUEST_READ_OPEN:
    case EXEC_REQUEST_READ_ALL:
    case EXEC_REQUEST_READ_TRADES:
    case EXEC_REQUEST_READ_ACCOUNT:
    case EXEC_REQUEST_READ_TIME:
    default:
        CB_ASSERT(size == sizeof(exec_read));
        question(chain, account, (exec_request)request, body);
        return;
    }
}

/* ---- the user stream ---- */

static uint32_t account_of(const lab_chain *chain, uint32_t wanted)
{
    uint32_t account = 0;
    while (account < chain->accounts_count && chain->accounts[account].sim_account != wanted) {
        account++;
    }
    return account;
}

/* The frame that the exchange writes, as the venue's parser reads it. */
static void tell_execution(lab_chain *chain, uint32_t account, const sim_event *event)
{
    sim_json out = sim_json_over(chain->text + CHAIN_TEXT_SIZE / 2, CHAIN_TEXT_SIZE / 2);
    cb_venue_user_event told;
    chain->api->executions_count++;
    if (event->trade != NULL && event->trade->qty_e8 == event->order->executed_e8) {
        sim_limits_order_filled(&chain->api->limits, event->account); /* the first fill */
    }
    sim_write_execution(&out, chain->sim, event, chain->api->executions_count);
    CB_ASSERT(!out.is_full);
    const cb_status status = chain->venue->parse_user((cb_strview){out.out, out.used}, &told, NULL);
    CB_ASSERT(status == CB_OK && told.type == CB_VENUE_USER_ORDER);
    exec_report report = {.has_trade = told.has_trade, .order = told.order};
    if (told.has_trade) {
        report.trade = told.trade;
    }
    later(chain, account, EXEC_EVENT_REPORT, &report, sizeof(report));
}

static void tell_balances(lab_chain *chain, uint32_t account, const sim_event *event)
{
    const sim_account *from = &chain->sim->accounts[event->account];
    exec_balances told = {.venue_ts_ns = floor_ms(event->ts_ns)};
    for (uint32_t asset = 0; asset < chain->sim->assets_count; asset++) {
        if ((event->assets_mask & (UINT64_C(1) << asset)) == 0) {
            continue;
        }
        cb_asset_balance *balance = &told.balances[told.balances_count++];
        const char *name = chain->sim->assets[asset];
        memcpy(balance->asset, name, strlen(name) + 1);
        balance->free.e8 = from->balances[asset].free_e8;
        balance->locked.e8 = from->balances[asset].locked_e8;
    }
    later(chain, account, EXEC_EVENT_BALANCES, &told, sizeof(told));
}

static void tell_transfer(lab_chain *chain, uint32_t account, const sim_event *event)
{
    exec_balances told = {
        .is_transfer = true, .venue_ts_ns = floor_ms(event->ts_ns), .balances_count = 1};
    const char *name = chain->sim->assets[event->asset];
    memcpy(told.balances[0].asset, name, strlen(name) + 1);
    told.balances[0].free.e8 = event->amount_e8;
    later(chain, account, EXEC_EVENT_BALANCES, &told, sizeof(told));
}

void chain_venue_event(lab_chain *chain, const sim_event *event)
{
    const uint32_t account = account_of(chain, event->account);
    if (account == chain->accounts_count) {
        return;
    }
    if (event->type == SIM_EVENT_EXECUTION) {
        tell_execution(chain, account, event);
    } else if (event->type == SIM_EVENT_ACCOUNT) {
        tell_balances(chain, account, event);
    } else if (event->type == SIM_EVENT_TRANSFER) {
        tell_transfer(chain, account, event);
    }
}
