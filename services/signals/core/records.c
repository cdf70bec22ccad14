/* Descriptions of the signals service's own records. */
#include "services/signals/core/records.h"

#define CB_SELF signals_share
CB_DESC(signals_share, "signals_share", SIGNALS_SHARE_FIELDS)
#undef CB_SELF
#define CB_SELF signals_decision
CB_DESC(signals_decision, "signals_decision", SIGNALS_DECISION_FIELDS)
#undef CB_SELF
#define CB_SELF signals_book
CB_DESC(signals_book, "signals_book", SIGNALS_BOOK_FIELDS)
#undef CB_SELF
#define CB_SELF signals_flight
CB_DESC(signals_flight, "signals_flight", SIGNALS_FLIGHT_FIELDS)
#undef CB_SELF
#define CB_SELF signals_rules
CB_DESC(signals_rules, "signals_rules", SIGNALS_RULES_FIELDS)
#undef CB_SELF
