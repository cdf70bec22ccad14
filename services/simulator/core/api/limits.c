/* Rate limits with Binance's answers: 429 with Retry-After first, 418 for who goes on. */
#include "services/simulator/core/api/limits.h"

#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "base/timefmt.h"

#define MINUTE_NS (60 * CB_NS_PER_S)
_Static_assert(sizeof(((sim_limits *)0)->orders) / sizeof(sim_order_count) == 128, "per account");

/* The client's record; the one that was idle longest gives way when the table is full. */
static sim_client *client_of(sim_limits *limits, const char *address)
{
    for (uint32_t i = 0; i < limits->clients_count; i++) {
        if (strcmp(limits->clients[i].address, address) == 0) {
            return &limits->clients[i];
        }
    }
    sim_client *client = &limits->clients[0];
    if (limits->clients_count < SIM_CLIENTS_MAX) {
        client = &limits->clients[limits->clients_count];
        limits->clients_count++;
    } else {
        for (uint32_t i = 1; i < SIM_CLIENTS_MAX; i++) {
            client = limits->clients[i].minute < client->minute ? &limits->clients[i] : client;
        }
    }
    *client = (sim_client){0};
    if (!cb_text_copy(client->address, sizeof(client->address), cb_sv_from(address))) {
        (void)cb_text_copy(client->address, sizeof(client->address), CB_SV("?"));
    }
    return client;
}

int64_t sim_limits_add(sim_limits *limits, const char *address, int64_t now_ns, int64_t weight)
{
    sim_client *client = client_of(limits, address);
    const int64_t minute = now_ns / MINUTE_NS;
    if (client->minute != minute) {
        client->minute = minute;
        client->weight = 0;
        client->violations = 0;
    }
    client->weight += weight;
    return client->weight;
}

void sim_limits_give_back(sim_limits *limits, const char *address, int64_t weight)
{
    sim_client *client = client_of(limits, address);
    client->weight = client->weight < weight ? 0 : client->weight - weight;
}

static int64_t seconds_until(int64_t now_ns, int64_t then_ns)
{
    return then_ns <= now_ns ? 0 : (then_ns - now_ns + CB_NS_PER_S - 1) / CB_NS_PER_S;
}

static bool refuse_banned(const sim_client *client,
    int64_t now_ns,
    int *status,
    int64_t *retry_after_s,
    sim_refusal *refusal)
{
    char text[sizeof(refusal->text)];
    cb_textbuf buffer = cb_textbuf_over(text, sizeof(text));
    cb_textbuf_add(&buffer, "Way too much request weight used; IP banned until ");
    cb_textbuf_add_i64(&buffer, client->banned_until_ns / CB_NS_PER_MS);
    cb_textbuf_add(&buffer, ". Please use WebSocket Streams for live updates to avoid bans.");
    *status = 418;
    *retry_after_s = seconds_until(now_ns, client->banned_until_ns);
    return sim_refuse(refusal, -1003, text);
}

bool sim_limits_check(sim_limits *limits,
    const char *address,
    int64_t now_ns,
    int *status,
    int64_t *retry_after_s,
    sim_refusal *refusal)
{
    sim_client *client = client_of(limits, address);
    if (client->banned_until_ns > now_ns) {
        return refuse_banned(client, now_ns, status, retry_after_s, refusal);
    }
    if (client->weight <= (int64_t)limits->config.weight_per_minute) {
        return true;
    }
    client->violations++;
    if (client->violations > limits->config.violations_until_ban) {
        const uint32_t doublings = client->bans_count < 10 ? client->bans_count : 10;
        client->bans_count++;
        client->banned_until_ns = now_ns + limits->config.ban_ns * (INT64_C(1) << doublings);
        return refuse_banned(client, now_ns, status, retry_after_s, refusal);
    }
    char text[sizeof(refusal->text)];
    cb_textbuf buffer = cb_textbuf_over(text, sizeof(text));
    cb_textbuf_add(&buffer, "Too much request weight used; current limit is ");
    cb_textbuf_add_u64(&buffer, limits->config.weight_per_minute);
    cb_textbuf_add(&buffer,
        " request weight per 1 MINUTE. Please use WebSocket Streams for live "
        "updates to avoid polling the API.");
    *status = 429;
    *retry_after_s = seconds_until(now_ns, (now_ns / MINUTE_NS + 1) * MINUTE_NS);
    return sim_refuse(refusal, -1003, text);
}

static void roll(sim_order_count *count, int64_t now_ns)
{
    const int64_t window = now_ns / (10 * CB_NS_PER_S);
    const int64_t day = now_ns / CB_NS_PER_DAY;
    if (count->window_10s != window) {
        count->window_10s = window;
        count->count_10s = 0;
    }
    if (count->day != day) {
        count->day = day;
        count->count_1d = 0;
    }
}

bool sim_limits_order(sim_limits *limits,
    uint32_t account,
    int64_t now_ns,
    int64_t *retry_after_s,
    sim_refusal *refusal)
{
    CB_ASSERT(account < 128);
    sim_order_count *count = &limits->orders[account];
    roll(count, now_ns);
    const bool is_short = count->count_10s >= (int64_t)limits->config.orders_per_10s;
    if (!is_short && count->count_1d < (int64_t)limits->config.orders_per_day) {
        count->count_10s++;
        count->count_1d++;
        return true;
    }
    char text[sizeof(refusal->text)];
    cb_textbuf buffer = cb_textbuf_over(text, sizeof(text));
    cb_textbuf_add(&buffer, "Too many new orders; current limit is ");
    cb_textbuf_add_u64(
        &buffer, is_short ? limits->config.orders_per_10s : limits->config.orders_per_day);
    cb_textbuf_add(&buffer, is_short ? " orders per 10 SECOND." : " orders per 1 DAY.");
    const int64_t end_ns =
        is_short ? (count->window_10s + 1) * 10 * CB_NS_PER_S : (count->day + 1) * CB_NS_PER_DAY;
    *retry_after_s = seconds_until(now_ns, end_ns);
    return sim_refuse(refusal, -1015, text);
}

void sim_limits_order_filled(sim_limits *limits, uint32_t account)
{
    CB_ASSERT(account < 128);
    sim_order_count *count = &limits->orders[account];
    count->count_10s -= count->count_10s > 0 ? 1 : 0;
    count->count_1d -= count->count_1d > 0 ? 1 : 0;
}

sim_order_count sim_limits_orders(const sim_limits *limits, uint32_t account, int64_t now_ns)
{
    CB_ASSERT(account < 128);
    sim_order_count count = limits->orders[account];
    roll(&count, now_ns);
    return count;
}
