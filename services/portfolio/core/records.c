/* The descriptions of the stored records; nothing else. */
#include "services/portfolio/core/records.h"

#define CB_SELF portfolio_account
CB_DESC(portfolio_account, "portfolio_account", PORTFOLIO_ACCOUNT_FIELDS)
#undef CB_SELF
#define CB_SELF portfolio_entry
CB_DESC(portfolio_entry, "portfolio_entry", PORTFOLIO_ENTRY_FIELDS)
#undef CB_SELF
#define CB_SELF portfolio_sum
CB_DESC(portfolio_sum, "portfolio_sum", PORTFOLIO_SUM_FIELDS)
#undef CB_SELF
#define CB_SELF portfolio_fill
CB_DESC(portfolio_fill, "portfolio_fill", PORTFOLIO_FILL_FIELDS)
#undef CB_SELF
#define CB_SELF portfolio_position
CB_DESC(portfolio_position, "portfolio_position", PORTFOLIO_POSITION_FIELDS)
#undef CB_SELF
#define CB_SELF portfolio_mark
CB_DESC(portfolio_mark, "portfolio_mark", PORTFOLIO_MARK_FIELDS)
#undef CB_SELF
#define CB_SELF portfolio_balance
CB_DESC(portfolio_balance, "portfolio_balance", PORTFOLIO_BALANCE_FIELDS)
#undef CB_SELF
#define CB_SELF portfolio_difference
CB_DESC(portfolio_difference, "portfolio_difference", PORTFOLIO_DIFFERENCE_FIELDS)
#undef CB_SELF
