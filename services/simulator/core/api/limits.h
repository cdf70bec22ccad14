/* Request weights per address, order counts per account, bans. Windows are aligned to the
 * exchange's own clock, as Binance's are. */
#ifndef SIM_LIMITS_H
#define SIM_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "services/simulator/core/types.h"

#define SIM_CLIENTS_MAX 64
#define SIM_CLIENT_ADDRESS_MAX 48

typedef struct sim_limits_config {
    uint32_t weight_per_minute;    /* 6000 */
    uint32_t orders_per_10s;       /* 100 */
    uint32_t orders_per_day;       /* 200000 */
    uint32_t violations_until_ban; /* requests over the limit in one minute before 418 */
    int64_t ban_ns;                /* first ban; doubles with each one */
} sim_limits_config;

typedef struct sim_client {
    char address[SIM_CLIENT_ADDRESS_MAX];
    int64_t minute;
    int64_t weight;
    uint32_t violations;
    uint32_t bans_count;
    int64_t banned_until_ns;
} sim_client;

typedef struct sim_order_count {
    int64_t window_10s;
    int64_t count_10s;
    int64_t day;
    int64_t count_1d;
} sim_order_count;

typedef struct sim_limits {
    sim_limits_config config;
    sim_client clients[SIM_CLIENTS_MAX];
    uint32_t clients_count;
    sim_order_count orders[128];
} sim_limits;

/** What an address has used in this minute, after adding weight. */
int64_t sim_limits_add(sim_limits *limits, const char *client, int64_t now_ns, int64_t weight);
/** Gives weight back (a successful order call weighs nothing). */
void sim_limits_give_back(sim_limits *limits, const char *client, int64_t weight);
/**
 * Whether the address may go on. False: refusal is filled, *status is 429 or 418 and
 * *retry_after_s says when to come back.
 */
bool sim_limits_check(sim_limits *limits,
    const char *client,
    int64_t now_ns,
    int *status,
    int64_t *retry_after_s,
    sim_refusal *refusal);
/** Takes one order of the account's limits; false: -1015. */
bool sim_limits_order(sim_limits *limits,
    uint32_t account,
    int64_t now_ns,
    int64_t *retry_after_s,
    sim_refusal *refusal);
/** A fill gives an order back. */
void sim_limits_order_filled(sim_limits *limits, uint32_t account);
/** Counts of the running windows. */
sim_order_count sim_limits_orders(const sim_limits *limits, uint32_t account, int64_t now_ns);

#endif /* SIM_LIMITS_H */
