/* Descriptions of the validator's own records. */
#include "services/validator/core/records.h"

#define CB_SELF validator_quarantine_trade
CB_DESC(validator_quarantine_trade, "quarantine_trade", VALIDATOR_QUARANTINE_TRADE_FIELDS)
#undef CB_SELF
#define CB_SELF validator_quarantine_candle
CB_DESC(validator_quarantine_candle, "quarantine_candle", VALIDATOR_QUARANTINE_CANDLE_FIELDS)
#undef CB_SELF
#define CB_SELF validator_quarantine_book
CB_DESC(validator_quarantine_book, "quarantine_book", VALIDATOR_QUARANTINE_BOOK_FIELDS)
#undef CB_SELF
#define CB_SELF validator_quarantine_delta
CB_DESC(validator_quarantine_delta, "quarantine_delta", VALIDATOR_QUARANTINE_DELTA_FIELDS)
#undef CB_SELF
#define CB_SELF validator_quarantine_ticker
CB_DESC(validator_quarantine_ticker, "quarantine_ticker", VALIDATOR_QUARANTINE_TICKER_FIELDS)
#undef CB_SELF
#define CB_SELF validator_quarantine_instrument
CB_DESC(validator_quarantine_instrument,
    "quarantine_instrument",
    VALIDATOR_QUARANTINE_INSTRUMENT_FIELDS)
#undef CB_SELF
#define CB_SELF validator_tick_quality
CB_DESC(validator_tick_quality, "tick_quality", VALIDATOR_TICK_QUALITY_FIELDS)
#undef CB_SELF
