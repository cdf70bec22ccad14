/* Descriptions of execution's own rows. */
#include "services/execution/core/records.h"

#define CB_SELF exec_kill_row
CB_DESC(exec_kill_row, "kill_row", EXEC_KILL_ROW_FIELDS)
#undef CB_SELF
#define CB_SELF exec_mark_row
CB_DESC(exec_mark_row, "mark_row", EXEC_MARK_ROW_FIELDS)
#undef CB_SELF
#define CB_SELF exec_difference
CB_DESC(exec_difference, "difference", EXEC_DIFFERENCE_FIELDS)
#undef CB_SELF
#define CB_SELF exec_refusal
CB_DESC(exec_refusal, "refusal", EXEC_REFUSAL_FIELDS)
#undef CB_SELF
#define CB_SELF exec_trail_row
CB_DESC(exec_trail_row, "trail_row", EXEC_TRAIL_ROW_FIELDS)
#undef CB_SELF
#define CB_SELF exec_command_row
CB_DESC(exec_command_row, "command_row", EXEC_COMMAND_ROW_FIELDS)
#undef CB_SELF
#define CB_SELF exec_watermark
CB_DESC(exec_watermark, "watermark", EXEC_WATERMARK_FIELDS)
#undef CB_SELF
