/* Raising the kill level, and lowering it by two: what the routes of both share. */
#ifndef CB_GATEWAY_KILL_H
#define CB_GATEWAY_KILL_H

#include "services/gateway/gateway.h"

/** POST /v1/kill; body {"scope","level","reason","actor"}. [owned] call. */
void gateway_kill(gateway_call *call);
/** POST /v1/unkill; body {"scope","level","reason"}; the actor is whose token it is. [owned] call.
 */
void gateway_unkill_request(gateway_call *call);
/** Approves or withdraws the request named at the end of the path. [owned] call. */
void gateway_unkill_decide(gateway_call *call, cb_unkill_action action);

#endif /* CB_GATEWAY_KILL_H */
