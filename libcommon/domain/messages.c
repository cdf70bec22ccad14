/* The descriptions of all messages and parts, from the field lists in messages.def. A new message
 * needs three lines here; a missing one is a link error, a wrong name fails tests/contract. */
#include "domain/messages.h"

#include "base/assert.h"

#define CB_SELF cb_envelope
CB_DESC(cb_envelope, "envelope", CB_ENVELOPE_FIELDS)
#undef CB_SELF
#define CB_SELF cb_level
CB_DESC(cb_level, "level", CB_LEVEL_FIELDS)
#undef CB_SELF
#define CB_SELF cb_named_value
CB_DESC(cb_named_value, "named_value", CB_NAMED_VALUE_FIELDS)
#undef CB_SELF
#define CB_SELF cb_verdict
CB_DESC(cb_verdict, "verdict", CB_VERDICT_FIELDS)
#undef CB_SELF
#define CB_SELF cb_asset_balance
CB_DESC(cb_asset_balance, "asset_balance", CB_ASSET_BALANCE_FIELDS)
#undef CB_SELF
#define CB_SELF cb_position
CB_DESC(cb_position, "position", CB_POSITION_FIELDS)
#undef CB_SELF
#define CB_SELF cb_heartbeat_key
CB_DESC(cb_heartbeat_key, "heartbeat_key", CB_HEARTBEAT_KEY_FIELDS)
#undef CB_SELF
#define CB_SELF cb_sync_count
CB_DESC(cb_sync_count, "sync_count", CB_SYNC_COUNT_FIELDS)
#undef CB_SELF
#define CB_SELF cb_trade
CB_DESC(cb_trade, "trade", CB_TRADE_FIELDS)
#undef CB_SELF
#define CB_SELF cb_candle
CB_DESC(cb_candle, "candle", CB_CANDLE_FIELDS)
#undef CB_SELF
#define CB_SELF cb_book
CB_DESC(cb_book, "book", CB_BOOK_FIELDS)
#undef CB_SELF
#define CB_SELF cb_book_delta
CB_DESC(cb_book_delta, "book_delta", CB_BOOK_DELTA_FIELDS)
#undef CB_SELF
#define CB_SELF cb_ticker
CB_DESC(cb_ticker, "ticker", CB_TICKER_FIELDS)
#undef CB_SELF
#define CB_SELF cb_instrument
CB_DESC(cb_instrument, "instrument", CB_INSTRUMENT_FIELDS)
#undef CB_SELF
#define CB_SELF cb_quality
CB_DESC(cb_quality, "quality", CB_QUALITY_FIELDS)
#undef CB_SELF
#define CB_SELF cb_quality_score
CB_DESC(cb_quality_score, "quality_score", CB_QUALITY_SCORE_FIELDS)
#undef CB_SELF
#define CB_SELF cb_signal
CB_DESC(cb_signal, "signal", CB_SIGNAL_FIELDS)
#undef CB_SELF
#define CB_SELF cb_intent
CB_DESC(cb_intent, "intent", CB_INTENT_FIELDS)
#undef CB_SELF
#define CB_SELF cb_permit
CB_DESC(cb_permit, "permit", CB_PERMIT_FIELDS)
#undef CB_SELF
#define CB_SELF cb_denial
CB_DESC(cb_denial, "denial", CB_DENIAL_FIELDS)
#undef CB_SELF
#define CB_SELF cb_order
CB_DESC(cb_order, "order", CB_ORDER_FIELDS)
#undef CB_SELF
#define CB_SELF cb_fill
CB_DESC(cb_fill, "fill", CB_FILL_FIELDS)
#undef CB_SELF
#define CB_SELF cb_balance
CB_DESC(cb_balance, "balance", CB_BALANCE_FIELDS)
#undef CB_SELF
#define CB_SELF cb_portfolio
CB_DESC(cb_portfolio, "portfolio", CB_PORTFOLIO_FIELDS)
#undef CB_SELF
#define CB_SELF cb_kill
CB_DESC(cb_kill, "kill", CB_KILL_FIELDS)
#undef CB_SELF
#define CB_SELF cb_limit_command
CB_DESC(cb_limit_command, "limit_command", CB_LIMIT_COMMAND_FIELDS)
#undef CB_SELF
#define CB_SELF cb_limits
CB_DESC(cb_limits, "limits", CB_LIMITS_FIELDS)
#undef CB_SELF
#define CB_SELF cb_caps
CB_DESC(cb_caps, "caps", CB_CAPS_FIELDS)
#undef CB_SELF
#define CB_SELF cb_kill_command
CB_DESC(cb_kill_command, "kill_command", CB_KILL_COMMAND_FIELDS)
#undef CB_SELF
#define CB_SELF cb_heartbeat
CB_DESC(cb_heartbeat, "heartbeat", CB_HEARTBEAT_FIELDS)
#undef CB_SELF
#define CB_SELF cb_clock_msg
CB_DESC(cb_clock_msg, "clock", CB_CLOCK_FIELDS)
#undef CB_SELF
#define CB_SELF cb_sync_request
CB_DESC(cb_sync_request, "sync_request", CB_SYNC_REQUEST_FIELDS)
#undef CB_SELF
#define CB_SELF cb_sync_reply
CB_DESC(cb_sync_reply, "sync_reply", CB_SYNC_REPLY_FIELDS)
#undef CB_SELF
#define CB_SELF cb_query_msg
CB_DESC(cb_query_msg, "query", CB_QUERY_FIELDS)
#undef CB_SELF
#define CB_SELF cb_replay
CB_DESC(cb_replay, "replay", CB_REPLAY_FIELDS)
#undef CB_SELF
#define CB_SELF cb_order_command
CB_DESC(cb_order_command, "order_command", CB_ORDER_COMMAND_FIELDS)
#undef CB_SELF
#define CB_SELF cb_unkill_command
CB_DESC(cb_unkill_command, "unkill_command", CB_UNKILL_COMMAND_FIELDS)
#undef CB_SELF
#define CB_SELF cb_guard_beat
CB_DESC(cb_guard_beat, "guard_beat", CB_GUARD_BEAT_FIELDS)
#undef CB_SELF
#define CB_SELF cb_audit_note
CB_DESC(cb_audit_note, "audit_note", CB_AUDIT_NOTE_FIELDS)
#undef CB_SELF
#define CB_SELF cb_audit_head_msg
CB_DESC(cb_audit_head_msg, "audit_head", CB_AUDIT_HEAD_FIELDS)
#undef CB_SELF

#define MESSAGE_CHECK(token, type, name, FIELDS)                                                   \
    _Static_assert(offsetof(type, env) == 0, "the envelope comes first");                          \
    _Static_assert(sizeof(type) <= CB_MSG_SIZE_MAX, "CB_MSG_SIZE_MAX bounds every message");
CB_MESSAGE_LIST(MESSAGE_CHECK)

#define MESSAGE_DESC(token, type, name, FIELDS) [CB_MSG_##token] = &type##_desc,
static const cb_desc *const message_descs[] = {CB_MESSAGE_LIST(MESSAGE_DESC)};
_Static_assert(sizeof(message_descs) / sizeof(message_descs[0]) == CB_MSG_COUNT,
    "every message id has a description");

const cb_desc *cb_msg_desc(cb_msg_id id)
{
    if ((unsigned)id >= CB_MSG_COUNT) {
        return NULL;
    }
    return message_descs[id];
}

const cb_envelope *cb_msg_envelope(const void *body)
{
    CB_ASSERT(body != NULL);
    return body;
}
