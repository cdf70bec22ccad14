/* Rows that only execution keeps: kill levels, trade marks, differences found by reconciliation and
 * refused permits. Orders, fills, balances and instruments are stored as the messages they are. */
#ifndef EXEC_RECORDS_H
#define EXEC_RECORDS_H

#include "domain/messages.h"

/* One kill level in force; the claim statement obeys the highest of all. source:
 *   risk       the latch, as told
 *   execution  raised here for good reason (UNKNOWN rule, reconciliation, rejections, a full disk):
 *              two persons lower it with risk's latch
 *   local      the flag page, the same
 *   interlock  a condition that holds no longer than it lasts (silent risk, old data, clock) */
#define EXEC_KILL_ROW_FIELDS(F)                                                                    \
    F##_TEXT(1, scope, 48) F##_TEXT(2, source, 12) F##_U32(3, level) F##_TEXT(4, reason, 96)       \
        F##_TEXT(5, actor, 48) F##_TIME(6, raised_ns) F##_U64(7, version)
CB_STRUCT(exec_kill_row, EXEC_KILL_ROW_FIELDS);

/* A number that never falls, whatever restarts: "limits_version". */
#define EXEC_WATERMARK_FIELDS(F) F##_TEXT(1, name, 24) F##_U64(2, value)
CB_STRUCT(exec_watermark, EXEC_WATERMARK_FIELDS);

/* Where a symbol's own trades stand. Trades up to baseline were there before the first start: their
 * effect is in the first balance snapshot. Trades up to mark need not be asked for again. */
#define EXEC_MARK_ROW_FIELDS(F) F##_TEXT(1, symbol, 24) F##_U64(2, baseline) F##_U64(3, mark)
CB_STRUCT(exec_mark_row, EXEC_MARK_ROW_FIELDS);

/* One difference between us and the venue. difference_id is a function of kind and subject, so that
 * finding the same difference again changes nothing. */
#define EXEC_DIFFERENCE_FIELDS(F)                                                                  \
    F##_ID(1, difference_id) F##_TIME(2, at_ns) F##_TEXT(3, kind, 32) F##_TEXT(4, symbol, 24)      \
        F##_ID(5, intent_id) F##_TEXT(6, venue_order_id, 24) F##_U64(7, trade_id)                  \
            F##_TEXT(8, expected, 96) F##_TEXT(9, seen, 96) F##_TEXT(10, action, 96)
CB_STRUCT(exec_difference, EXEC_DIFFERENCE_FIELDS);

/* A permit that could not be used and whose intent is in use already: nothing is told to others. */
#define EXEC_REFUSAL_FIELDS(F)                                                                     \
    F##_ID(1, refusal_id) F##_TIME(2, at_ns) F##_ID(3, permit_id) F##_ID(4, intent_id)             \
        F##_TEXT(5, reason, 96)
CB_STRUCT(exec_refusal, EXEC_REFUSAL_FIELDS);

/* How far a trailing trigger has followed the market. */
#define EXEC_TRAIL_ROW_FIELDS(F) F##_ID(1, intent_id) F##_PRICE(2, peak) F##_TIME(3, at_ns)
CB_STRUCT(exec_trail_row, EXEC_TRAIL_ROW_FIELDS);

/* A command about an order, from when it was taken until its outcome is known. */
#define EXEC_COMMAND_ROW_FIELDS(F)                                                                 \
    F##_ID(1, command_id) F##_ID(2, correlation_id) F##_ID(3, intent_id)                           \
        F##_ENUM(4, kind, cb_command) F##_QTY(5, qty) F##_TEXT(6, actor, 32)                       \
            F##_TEXT(7, reason, 64) F##_BOOL(8, is_open) F##_TEXT(9, outcome, 96)                  \
                F##_TIME(10, taken_ns) F##_TIME(11, ended_ns)
CB_STRUCT(exec_command_row, EXEC_COMMAND_ROW_FIELDS);

/* Tables of the service, in the order of exec_tables (shell). */
typedef enum exec_table {
    EXEC_TABLE_ORDERS,
    EXEC_TABLE_FILLS,
    EXEC_TABLE_BALANCES,
    EXEC_TABLE_INSTRUMENTS,
    EXEC_TABLE_KILL,
    EXEC_TABLE_MARKS,
    EXEC_TABLE_DIFFERENCES,
    EXEC_TABLE_REFUSALS,
    EXEC_TABLE_TRAILS,
    EXEC_TABLE_COMMANDS,
    EXEC_TABLE_WATERMARKS,
    EXEC_TABLE_CAPS,
    EXEC_TABLE_COUNT
} exec_table;

#endif /* EXEC_RECORDS_H */
