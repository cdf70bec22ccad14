/* The limiter of the rule order_rate: granting an order moves it on. */
#ifndef RISK_ORDER_RATE_H
#define RISK_ORDER_RATE_H

#include <stdint.h>

/** When the bucket is full again after one more order. All times ns on the service's clock. */
int64_t risk_order_rate_take(int64_t full_ns, int64_t now_ns, int64_t per_minute);
/** Orders per minute of the account and of a strategy, from the rule's values. */
int64_t risk_order_rate_account(const int64_t *params);
int64_t risk_order_rate_strategy(const int64_t *params);

#endif /* RISK_ORDER_RATE_H */
