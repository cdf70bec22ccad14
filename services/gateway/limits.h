/* The limit book over HTTP: risk owns it, the gateway reads bodies and passes them on. */
#ifndef CB_GATEWAY_LIMITS_H
#define CB_GATEWAY_LIMITS_H

#include "services/gateway/gateway.h"

void gateway_limits_list(gateway_call *call);
void gateway_limits_change(gateway_call *call);

#endif /* CB_GATEWAY_LIMITS_H */
