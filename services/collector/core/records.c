/* Descriptions of the collector's own records. */
#include "services/collector/core/records.h"

#define CB_SELF collector_session
CB_DESC(collector_session, "collector_session", COLLECTOR_SESSION_FIELDS)
#undef CB_SELF
#define CB_SELF collector_gap
CB_DESC(collector_gap, "collector_gap", COLLECTOR_GAP_FIELDS)
#undef CB_SELF
