/* The kill switch's two directions share everything but the lowest level allowed. */
#ifndef CB_GATEWAY_KILL_H
#define CB_GATEWAY_KILL_H

#include "services/gateway/gateway.h"

typedef enum gateway_kill_direction {
    GATEWAY_KILL_RAISE,
    GATEWAY_KILL_LOWER
} gateway_kill_direction;

/** Body: {"scope","level","reason","actor"}. [owned] call. */
void gateway_kill(gateway_call *call, gateway_kill_direction direction);

#endif /* CB_GATEWAY_KILL_H */
