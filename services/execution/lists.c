/* List answers become pages of fixed size. A list that turns out malformed on its way ends with a
 * page of class UNKNOWN: what came before it was valid and may be used, the whole may not. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/execution/shell.h"

typedef struct orders_feed {
    exec_call *call;
    uint32_t total;
    exec_orders_page page;
} orders_feed;

typedef struct trades_feed {
    exec_call *call;
    uint32_t total;
    exec_trades_page page;
} trades_feed;

static void flush_orders(orders_feed *feed, bool is_last)
{
    exec_orders_page *page = &feed->page;
    page->tag = feed->call->read.tag;
    page->intent_id = feed->call->read.intent_id;
    page->is_last = is_last;
    cb_shell_feed(feed->call->self->shell, EXEC_EVENT_ORDERS, page, sizeof(*page));
    page->orders_count = 0;
}

static bool take_order(void *context, const cb_venue_order *order)
{
    orders_feed *feed = context;
    if (feed->page.orders_count == EXEC_PAGE_MAX) {
        flush_orders(feed, false);
    }
    feed->page.orders[feed->page.orders_count++] = *order;
    feed->total++;
    return true;
}

static bool is_list(const cb_http_answer *http)
{
    return http->outcome == CB_HTTP_ANSWERED && http->status == 200;
}

static void log_malformed(exec_call *call, const char *what, const cb_err *err)
{
    CB_LOG(cb_shell_log(call->self->shell),
        CB_LOG_ERROR,
        "answer_malformed",
        CB_KV("kind", what),
        CB_KV("error", err->text));
}

void exec_feed_orders(exec_call *call, const cb_http_answer *http)
{
    orders_feed *feed = calloc(1, sizeof(*feed));
    CB_ASSERT(feed != NULL);
    feed->call = call;
    feed->page.answer_class = CB_ANSWER_ACCEPTED;
    feed->page.retry_after_s = -1;
    cb_err err = {0};
    if (!is_list(http)) {
        feed->page.answer_class =
            exec_failure_class(call->self, http, false, &feed->page.retry_after_s);
    } else if (call->self->venue->parse_orders(
                   (cb_strview){http->body, http->body_size}, take_order, feed, &err) != CB_OK) {
        log_malformed(call, "orders", &err);
        feed->page.answer_class = CB_ANSWER_UNKNOWN;
    }
    feed->page.is_cut = call->params.limit > 0 && feed->total >= call->params.limit;
    flush_orders(feed, true);
    free(feed);
}

static void flush_trades(trades_feed *feed, bool is_last)
{
    exec_trades_page *page = &feed->page;
    page->tag = feed->call->read.tag;
    page->intent_id = feed->call->read.intent_id;
    page->is_last = is_last;
    cb_shell_feed(feed->call->self->shell, EXEC_EVENT_TRADES, page, sizeof(*page));
    page->trades_count = 0;
}

static bool take_trade(void *context, const cb_venue_trade *trade)
{
    trades_feed *feed = context;
    if (feed->page.trades_count == EXEC_PAGE_MAX) {
        flush_trades(feed, false);
    }
    feed->page.trades[feed->page.trades_count++] = *trade;
    feed->total++;
    return true;
}

void exec_feed_trades(exec_call *call, const cb_http_answer *http)
{
    trades_feed *feed = calloc(1, sizeof(*feed));
    CB_ASSERT(feed != NULL);
    feed->call = call;
    feed->page.answer_class = CB_ANSWER_ACCEPTED;
    feed->page.retry_after_s = -1;
    cb_err err = {0};
    if (!is_list(http)) {
        feed->page.answer_class =
            exec_failure_class(call->self, http, false, &feed->page.retry_after_s);
    } else if (call->self->venue->parse_own_trades(
                   (cb_strview){http->body, http->body_size}, take_trade, feed, &err) != CB_OK) {
        log_malformed(call, "trades", &err);
        feed->page.answer_class = CB_ANSWER_UNKNOWN;
    }
    feed->page.is_cut = call->params.limit > 0 && feed->total >= call->params.limit;
    flush_trades(feed, true);
    free(feed);
}

typedef struct account_feed {
    exec_account_answer answer;
    bool is_full;
} account_feed;

static bool take_balance(void *context, const cb_asset_balance *balance)
{
    account_feed *feed = context;
    if (balance->free.e8 == 0 && balance->locked.e8 == 0) {
        return true; /* says no more than its absence */
    }
    if (feed->answer.balances_count == CB_VENUE_BALANCES_MAX) {
        feed->is_full = true;
        return false;
    }
    feed->answer.balances[feed->answer.balances_count++] = *balance;
    return true;
}

void exec_feed_account(exec_call *call, const cb_http_answer *http)
{
    account_feed feed = {
        .answer = {.tag = call->read.tag, .answer_class = CB_ANSWER_ACCEPTED, .retry_after_s = -1}};
    cb_err err = {0};
    if (!is_list(http)) {
        feed.answer.answer_class =
            exec_failure_class(call->self, http, false, &feed.answer.retry_after_s);
    } else if (call->self->venue->parse_account(
                   (cb_strview){http->body, http->body_size}, take_balance, &feed, &err) != CB_OK) {
        log_malformed(call, "account", &err);
        feed.answer.answer_class = CB_ANSWER_UNKNOWN;
    } else if (feed.is_full) {
        CB_LOG(cb_shell_log(call->self->shell),
            CB_LOG_ERROR,
            "account_too_wide",
            CB_KI("assets_max", CB_VENUE_BALANCES_MAX));
        feed.answer.answer_class = CB_ANSWER_UNKNOWN;
    }
    cb_shell_feed(call->self->shell, EXEC_EVENT_ACCOUNT, &feed.answer, sizeof(feed.answer));
}
