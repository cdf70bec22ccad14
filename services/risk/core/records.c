/* The descriptions of the stored records; nothing else. */
#include "services/risk/core/records.h"

#define STATUS_TEXT(constant, text) text,
static const char *const unkill_statuses[] = {RISK_UNKILL_STATUS_LIST(STATUS_TEXT)};
const cb_enum_desc risk_unkill_status_desc = {
    "unkill_status", sizeof(unkill_statuses) / sizeof(unkill_statuses[0]), unkill_statuses};

#define CB_SELF risk_account
CB_DESC(risk_account, "risk_account", RISK_ACCOUNT_FIELDS)
#undef CB_SELF
#define CB_SELF risk_balance
CB_DESC(risk_balance, "risk_balance", RISK_BALANCE_FIELDS)
#undef CB_SELF
#define CB_SELF risk_position
CB_DESC(risk_position, "risk_position", RISK_POSITION_FIELDS)
#undef CB_SELF
#define CB_SELF risk_mark
CB_DESC(risk_mark, "risk_mark", RISK_MARK_FIELDS)
#undef CB_SELF
#define CB_SELF risk_reservation
CB_DESC(risk_reservation, "risk_reservation", RISK_RESERVATION_FIELDS)
#undef CB_SELF
#define CB_SELF risk_fill
CB_DESC(risk_fill, "risk_fill", RISK_FILL_FIELDS)
#undef CB_SELF
#define CB_SELF risk_counter
CB_DESC(risk_counter, "risk_counter", RISK_COUNTER_FIELDS)
#undef CB_SELF
#define CB_SELF risk_limit_value
CB_DESC(risk_limit_value, "risk_limit_value", RISK_LIMIT_VALUE_FIELDS)
#undef CB_SELF
#define CB_SELF risk_limits
CB_DESC(risk_limits, "risk_limits", RISK_LIMITS_FIELDS)
#undef CB_SELF
#define CB_SELF risk_judgement
CB_DESC(risk_judgement, "risk_judgement", RISK_JUDGEMENT_FIELDS)
#undef CB_SELF
#define CB_SELF risk_held
CB_DESC(risk_held, "risk_held", RISK_HELD_FIELDS)
#undef CB_SELF
#define CB_SELF risk_unkill
CB_DESC(risk_unkill, "risk_unkill", RISK_UNKILL_FIELDS)
#undef CB_SELF
#define CB_SELF risk_request_row
CB_DESC(risk_request_row, "request_row", RISK_REQUEST_FIELDS)
#undef CB_SELF
#define CB_SELF risk_subaccount
CB_DESC(risk_subaccount, "risk_subaccount", RISK_SUBACCOUNT_FIELDS)
#undef CB_SELF
#define CB_SELF risk_window_slice
CB_DESC(risk_window_slice, "risk_window_slice", RISK_WINDOW_SLICE_FIELDS)
#undef CB_SELF
#define CB_SELF risk_window
CB_DESC(risk_window, "risk_window", RISK_WINDOW_FIELDS)
#undef CB_SELF
#define CB_SELF risk_turn
CB_DESC(risk_turn, "risk_turn", RISK_TURN_FIELDS)
#undef CB_SELF
#define CB_SELF risk_change
CB_DESC(risk_change, "risk_change", RISK_CHANGE_FIELDS)
#undef CB_SELF
