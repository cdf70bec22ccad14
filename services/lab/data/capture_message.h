/* One line of a capture taken apart. */
#ifndef LAB_CAPTURE_MESSAGE_H
#define LAB_CAPTURE_MESSAGE_H

#include "base/err.h"
#include "base/strview.h"
#include "services/lab/core/candles.h"

typedef enum message_kind {
    MESSAGE_OTHER, /* tickers, subscriptions, settings: not ours */
    MESSAGE_SNAPSHOT,
    MESSAGE_CHANGE,
    MESSAGE_TRADE,
    MESSAGE_AGGREGATE
} message_kind;

typedef struct message {
    message_kind kind;
    int64_t receive_ns;           /* by the recorder's clock; 0 = not known */
    int64_t event_ns;             /* by the venue's; 0 = not known */
    char symbol[LAB_SYMBOL_SIZE]; /* "" in a snapshot whose line does not tell */
    uint64_t first_id;            /* U, or the trade's id */
    uint64_t last_id;             /* u, or lastUpdateId */
    uint64_t previous_id;         /* pu of futures */
    bool has_previous;
    bool is_unnumbered; /* the venue's changes have no numbers: each joins the one before */
    cb_strview bids;    /* [borrowed from the line] arrays of [price, quantity] */
    cb_strview asks;
    cb_strview sided; /* [side, price, quantity]: both sides in one array */
    int64_t price_e8;
    int64_t qty_e8;
    int64_t trade_ns;
    bool is_buyer_maker;
} message;

/** CB_E_SYNTAX, CB_E_RANGE, CB_E_PRECISION with what is wrong with the line. */
CB_MUST_USE cb_status lab_message_read(cb_strview line, message *out, cb_err *err);

/** Messages of other exchanges, by their look; leaves kind at MESSAGE_OTHER for anything else. */
void lab_message_read_venues(cb_strview body, cb_strview url, message *out);

#endif /* LAB_CAPTURE_MESSAGE_H */
