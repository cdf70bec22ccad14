/* What a rule is: a pure function from the facts of one order to a finding. Rules know nothing of
 * the state; whoever judges gathers the facts, so that each rule is tested alone. */
#ifndef RISK_RULE_H
#define RISK_RULE_H

#include "domain/messages.h"
#include "domain/param.h"
#include "services/risk/core/book.h"

#define RISK_QTY_UNLIMITED INT64_MAX

/* What is not known although it must be, in order of naming. */
typedef enum risk_missing {
    RISK_MISSING_NOTHING,
    RISK_MISSING_TERMS,      /* the intent itself makes no sense, or is for another account */
    RISK_MISSING_INSTRUMENT, /* filters of the symbol */
    RISK_MISSING_ROOM,       /* the table of open orders, or of sub-accounts, is full */
    RISK_MISSING_BALANCES,   /* no snapshot of the account yet: from here on reductions may pass */
    RISK_MISSING_MARK,       /* no closed candle of the symbol, or of another held asset */
    RISK_MISSING_LIMITS,     /* no version of the limits */
    RISK_MISSING_CAPS,       /* which caps execution holds orders to, or they are not approved */
    RISK_MISSING_CERTAINTY,  /* the account is marked unsure */
    RISK_MISSING_COUNT
} risk_missing;

typedef enum risk_unit {
    RISK_UNIT_QUOTE, /* printed as the quote asset in lower case */
    RISK_UNIT_BASE,  /* printed as the base asset in lower case */
    RISK_UNIT_RATIO,
    RISK_UNIT_COUNT,
    RISK_UNIT_MS,
    RISK_UNIT_LEVEL,
    RISK_UNIT_COUNT_OF_UNITS
} risk_unit;

/* Everything that rules may look at. Amounts are quote units, all e8. */
typedef struct risk_facts {
    int64_t now_ns;
    const cb_intent *intent;         /* [borrowed] */
    const cb_instrument *instrument; /* [borrowed] NULL when unknown */
    risk_missing missing;            /* the first thing that is not known */
    char terms_detail[96];           /* TERMS: which field does not fit, and why; "" = no field */
    uint32_t missing_count;
    uint32_t kill_level; /* highest of all scopes that cover the intent */

    /* the order, as sized */
    bool is_reducing; /* reduce_only sell of no more than may be sold */
    bool is_buy;
    int64_t wanted_qty_e8; /* before limits shrank it */
    int64_t qty_e8;
    int64_t entry_price_e8; /* limit, or the price of the decision */
    int64_t price_e8;       /* worst price that is counted */
    int64_t unit_cost_e8;   /* worst price and the fee buffer */
    int64_t notional_e8;    /* qty times price, rounded up */
    int64_t cost_e8;        /* qty times unit cost, rounded up */

    /* the market */
    int64_t mark_e8;       /* close of the newest closed candle, 0 unknown */
    int64_t bid_e8;        /* 0 unknown */
    int64_t ask_e8;        /* 0 unknown */
    int64_t ticker_age_ns; /* INT64_MAX unknown */
    int64_t candle_age_ns; /* INT64_MAX unknown */
    bool has_quality;
    int64_t quality_age_ns;
    int64_t quality_score_e8;
    bool is_data_stale;
    bool is_book_valid;

    /* the account */
    int64_t equity_e8;
    int64_t day_start_equity_e8;
    int64_t peak_equity_e8;
    int64_t cash_e8;            /* quote asset that no open buy has a claim on */
    int64_t position_qty_e8;    /* base units; below 0 = short */
    int64_t sellable_qty_e8;    /* base units neither sold nor in an open sell */
    int64_t symbol_exposure_e8; /* |position| at the mark and open buys of the symbol */
    int64_t exposure_e8;        /* the same over all symbols */
    uint32_t open_orders_count; /* reservations not terminal */
    int64_t account_full_ns;    /* rate limiter of the account (see order_rate) */
    int64_t strategy_full_ns;   /* rate limiter of the strategy; INT64_MAX when there is no room */
    int64_t resting_buy_e8;     /* highest limit price of an open buy of the symbol, 0 none */
    int64_t resting_sell_e8;    /* lowest of an open sell, 0 none */
    uint32_t book_count;
    risk_book_line book[RISK_LIMITS_MAX]; /* rows of the limit book that cover the order */
} risk_facts;

/* A refusal is a value: what was looked at, and what it may be at most (or at least). */
typedef struct risk_finding {
    bool is_pass;
    int64_t observed_e8;
    int64_t limit_e8;
    risk_unit unit;
    const char *detail; /* [borrowed until the facts go], "" when the figures say all */
} risk_finding;

typedef struct risk_rule {
    const char *name;
    const char *help; /* one line */
    const cb_param *params;
    uint32_t params_count;
    bool applies_to_reducing; /* false: a reducing order passes whatever is found */
    /** Judges the sized order. params: one value per row of the table. */
    risk_finding (*check)(const risk_facts *facts, const int64_t *params);
    /** The largest quantity (base e8, >= 0) that would pass; NULL when size does not matter. */
    int64_t (*room)(const risk_facts *facts, const int64_t *params);
} risk_rule;

#define RISK_RULE(name) extern const risk_rule risk_rule_##name;
#include "services/risk/core/rules.def"
#undef RISK_RULE

typedef enum risk_rule_id {
#define RISK_RULE(name) RISK_RULE_ID_##name,
#include "services/risk/core/rules.def"
#undef RISK_RULE
    RISK_RULES_COUNT
} risk_rule_id;

extern const risk_rule *const risk_rules[RISK_RULES_COUNT];

/* ---- what several rules need; all saturate instead of wrapping ---- */
/** a * b / 1e8 rounded up (away from zero), INT64_MAX on overflow. Both >= 0. */
int64_t risk_mul_up(int64_t a_e8, int64_t b_e8);
/** a * b / 1e8 rounded down, INT64_MAX on overflow. Both >= 0. */
int64_t risk_mul_down(int64_t a_e8, int64_t b_e8);
/** a * 1e8 / b rounded up; INT64_MAX when b <= 0 or on overflow. a >= 0. */
int64_t risk_ratio_up(int64_t a_e8, int64_t b_e8);
/** Largest quantity whose value at price stays within amount; 0 when amount <= 0. price > 0. */
int64_t risk_qty_within(int64_t amount_e8, int64_t price_e8);
/** a + b and a - b, clamped to int64. */
int64_t risk_add(int64_t a, int64_t b);
int64_t risk_sub(int64_t a, int64_t b);
/** Nanoseconds as e8 of milliseconds, clamped. */
int64_t risk_ms_e8(int64_t duration_ns);
/** Quote units lost per base unit when the stop is hit; 0 when the stop makes no sense. A buy
 *  without a stop may lose its whole price. */
int64_t risk_stop_distance(const risk_facts *facts);

/** The first row of the book that refuses the order; NULL when none does. */
const risk_book_line *risk_book_refusal(const risk_facts *facts);
/** What the order adds to what is used of that row. */
int64_t risk_book_need(const risk_facts *facts, const risk_book_line *line);

#endif /* RISK_RULE_H */
