/* Enumerations of the domain. Value 0 is always "unspecified"; names in enums.c are the words of
 * the .proto files, SQL and JSON. Numbers are part of the wire contract: append only. */
#ifndef CB_ENUMS_H
#define CB_ENUMS_H

#include "domain/fields.h"

/* X(type, CONSTANT, "name") — the first row of each list is 0. */
#define CB_SIDE_LIST(X) X(CB_SIDE_NONE, "none") X(CB_SIDE_BUY, "buy") X(CB_SIDE_SELL, "sell")
#define CB_ORDER_TYPE_LIST(X)                                                                      \
    X(CB_ORDER_TYPE_NONE, "none")                                                                  \
    X(CB_ORDER_TYPE_MARKET, "market")                                                              \
    X(CB_ORDER_TYPE_LIMIT, "limit")                                                                \
    X(CB_ORDER_TYPE_LIMIT_MAKER, "limit_maker")                                                    \
    X(CB_ORDER_TYPE_STOP_LOSS, "stop_loss")                                                        \
    X(CB_ORDER_TYPE_STOP_LOSS_LIMIT, "stop_loss_limit")                                            \
    X(CB_ORDER_TYPE_TAKE_PROFIT, "take_profit")                                                    \
    X(CB_ORDER_TYPE_TAKE_PROFIT_LIMIT, "take_profit_limit")
#define CB_TIF_LIST(X)                                                                             \
    X(CB_TIF_NONE, "none") X(CB_TIF_GTC, "gtc") X(CB_TIF_IOC, "ioc") X(CB_TIF_FOK, "fok")
/* Which price lets a waiting order go. */
#define CB_TRIGGER_LIST(X)                                                                         \
    X(CB_TRIGGER_NONE, "none")   /* no wish: natively where the venue can, else by quote */        \
    X(CB_TRIGGER_LAST, "last")   /* the venue's last trade: native only */                         \
    X(CB_TRIGGER_QUOTE, "quote") /* the validated price one would trade at: held by execution */
/* The part of an order in its group. */
#define CB_ROLE_LIST(X)                                                                            \
    X(CB_ROLE_NONE, "none")                                                                        \
    X(CB_ROLE_PARENT, "parent") /* of a bracket: its fills are what the children close */          \
    X(CB_ROLE_TAKE_PROFIT, "take_profit")                                                          \
    X(CB_ROLE_STOP, "stop")
#define CB_COMMAND_LIST(X)                                                                         \
    X(CB_COMMAND_NONE, "none")                                                                     \
    X(CB_COMMAND_CANCEL, "cancel") /* an order, or all that is left of its group */                \
    X(CB_COMMAND_AMEND, "amend")   /* a smaller quantity, kept in its place of the queue */        \
    X(CB_COMMAND_EXIT, "exit")     /* lets the stop of a group act now */
#define CB_ORDER_STATE_LIST(X)                                                                     \
    X(CB_ORDER_STATE_NONE, "none")                                                                 \
    X(CB_ORDER_STATE_READY, "ready")                                                               \
    X(CB_ORDER_STATE_SENDING, "sending")                                                           \
    X(CB_ORDER_STATE_OPEN, "open")                                                                 \
    X(CB_ORDER_STATE_UNKNOWN, "unknown")                                                           \
    X(CB_ORDER_STATE_PARTIALLY_FILLED, "partially_filled")                                         \
    X(CB_ORDER_STATE_FILLED, "filled")                                                             \
    X(CB_ORDER_STATE_CANCELED, "canceled")                                                         \
    X(CB_ORDER_STATE_EXPIRED, "expired")                                                           \
    X(CB_ORDER_STATE_REJECTED, "rejected")                                                         \
    X(CB_ORDER_STATE_NOT_SENT, "not_sent")
#define CB_PURPOSE_LIST(X)                                                                         \
    X(CB_PURPOSE_NONE, "none")                                                                     \
    X(CB_PURPOSE_ENTRY, "entry")                                                                   \
    X(CB_PURPOSE_EXIT, "exit")                                                                     \
    X(CB_PURPOSE_STOP_LOSS, "stop_loss")                                                           \
    X(CB_PURPOSE_TAKE_PROFIT, "take_profit")                                                       \
    X(CB_PURPOSE_MANUAL, "manual")                                                                 \
    X(CB_PURPOSE_FLATTEN, "flatten")
#define CB_SIGNAL_STATUS_LIST(X)                                                                   \
    X(CB_SIGNAL_STATUS_NONE, "none")                                                               \
    X(CB_SIGNAL_STATUS_RAW, "raw")         /* a strategy's own opinion */                          \
    X(CB_SIGNAL_STATUS_DECIDED, "decided") /* led to an intent */                                  \
    X(CB_SIGNAL_STATUS_DROPPED, "dropped") /* refused by validation or filter; reason says */      \
    X(CB_SIGNAL_STATUS_AGGREGATED,                                                                 \
        "aggregated") /* counted, but the sum stayed below the threshold */
#define CB_INSTRUMENT_STATUS_LIST(X)                                                               \
    X(CB_INSTRUMENT_STATUS_NONE, "none")                                                           \
    X(CB_INSTRUMENT_STATUS_TRADING, "trading")                                                     \
    X(CB_INSTRUMENT_STATUS_HALT, "halt")                                                           \
    X(CB_INSTRUMENT_STATUS_BREAK, "break")                                                         \
    X(CB_INSTRUMENT_STATUS_CANCEL_ONLY, "cancel_only")                                             \
    X(CB_INSTRUMENT_STATUS_END_OF_DAY, "end_of_day")
#define CB_FILL_SOURCE_LIST(X)                                                                     \
    X(CB_FILL_SOURCE_NONE, "none")                                                                 \
    X(CB_FILL_SOURCE_STREAM, "stream")                                                             \
    X(CB_FILL_SOURCE_REST, "rest")                                                                 \
    X(CB_FILL_SOURCE_RECON, "recon")
#define CB_SERVICE_STATE_LIST(X)                                                                   \
    X(CB_SERVICE_STATE_NONE, "none")                                                               \
    X(CB_SERVICE_STATE_STARTING, "starting")                                                       \
    X(CB_SERVICE_STATE_RECOVERING, "recovering")                                                   \
    X(CB_SERVICE_STATE_READY, "ready")                                                             \
    X(CB_SERVICE_STATE_DEGRADED, "degraded")                                                       \
    X(CB_SERVICE_STATE_DRAINING, "draining")                                                       \
    X(CB_SERVICE_STATE_STOPPED, "stopped")                                                         \
    X(CB_SERVICE_STATE_FAULTED, "faulted")                                                         \
    X(CB_SERVICE_STATE_STANDBY, "standby")
#define CB_SEVERITY_LIST(X)                                                                        \
    X(CB_SEVERITY_NONE, "none")                                                                    \
    X(CB_SEVERITY_INFO, "info")                                                                    \
    X(CB_SEVERITY_WARNING, "warning")                                                              \
    X(CB_SEVERITY_CRITICAL, "critical")
#define CB_BALANCE_REASON_LIST(X)                                                                  \
    X(CB_BALANCE_REASON_NONE, "none")                                                              \
    X(CB_BALANCE_REASON_SNAPSHOT, "snapshot") /* whole account, from REST */                       \
    X(CB_BALANCE_REASON_UPDATE, "update")     /* changed assets after a trade or a lock */         \
    X(CB_BALANCE_REASON_TRANSFER, "transfer") /* deposit or withdrawal: free holds the change */
#define CB_UNKILL_ACTION_LIST(X)                                                                   \
    X(CB_UNKILL_ACTION_NONE, "none")                                                               \
    X(CB_UNKILL_ACTION_REQUEST, "request")                                                         \
    X(CB_UNKILL_ACTION_APPROVE, "approve")                                                         \
    X(CB_UNKILL_ACTION_WITHDRAW, "withdraw")

/* list macro, C type, proto enum name */
#define CB_ENUM_LIST(E)                                                                            \
    E(CB_SIDE_LIST, cb_side, "side")                                                               \
    E(CB_ORDER_TYPE_LIST, cb_order_type, "order_type")                                             \
    E(CB_TIF_LIST, cb_tif, "time_in_force")                                                        \
    E(CB_TRIGGER_LIST, cb_trigger, "trigger")                                                      \
    E(CB_ROLE_LIST, cb_role, "role")                                                               \
    E(CB_COMMAND_LIST, cb_command, "command")                                                      \
    E(CB_ORDER_STATE_LIST, cb_order_state, "order_state")                                          \
    E(CB_PURPOSE_LIST, cb_purpose, "purpose")                                                      \
    E(CB_SIGNAL_STATUS_LIST, cb_signal_status, "signal_status")                                    \
    E(CB_INSTRUMENT_STATUS_LIST, cb_instrument_status, "instrument_status")                        \
    E(CB_FILL_SOURCE_LIST, cb_fill_source, "fill_source")                                          \
    E(CB_SERVICE_STATE_LIST, cb_service_state, "service_state")                                    \
    E(CB_SEVERITY_LIST, cb_severity, "severity")                                                   \
    E(CB_BALANCE_REASON_LIST, cb_balance_reason, "balance_reason")                                 \
    E(CB_UNKILL_ACTION_LIST, cb_unkill_action, "unkill_action")

#define CB_ENUM_CONSTANT(constant, text) constant,
#define CB_ENUM_DECLARE(LIST, type, name)                                                          \
    typedef enum type { LIST(CB_ENUM_CONSTANT) } type;                                             \
    extern const cb_enum_desc type##_desc;
CB_ENUM_LIST(CB_ENUM_DECLARE)

/** Lower-case name of a value, "?" when out of range. */
const char *cb_enum_name(const cb_enum_desc *desc, uint32_t value);
/** Value of a name; false when there is none. */
bool cb_enum_parse(const cb_enum_desc *desc, const char *text, size_t size, uint32_t *out);
#define CB_NAME(type, value) cb_enum_name(&type##_desc, (uint32_t)(value))

#endif /* CB_ENUMS_H */
