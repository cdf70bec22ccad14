/* What an expectation is: one file core/expectations/x.c exporting validator_expectation_x, and one
 * line in expectations.def. The check is pure: it reads the message and what was accepted before,
 * and when it fails says in words what it saw and what it expected. */
#ifndef VALIDATOR_EXPECTATION_H
#define VALIDATOR_EXPECTATION_H

#include "base/assert.h"
#include "base/textbuf.h"
#include "domain/event.h"
#include "domain/param.h"
#include "services/validator/core/validator_internal.h"

#define VALIDATOR_FINDING_TEXT_MAX 64 /* as cb_quality.observed and .expected */

/* Message kinds of an expectation: a set of bits. */
#define VALIDATOR_ON(kind) (1U << (uint32_t)(kind))
#define VALIDATOR_ON_ALL                                                                           \
    (VALIDATOR_ON(CB_MSG_TRADE) | VALIDATOR_ON(CB_MSG_CANDLE) | VALIDATOR_ON(CB_MSG_BOOK) |        \
        VALIDATOR_ON(CB_MSG_BOOK_DELTA) | VALIDATOR_ON(CB_MSG_TICKER) |                            \
        VALIDATOR_ON(CB_MSG_INSTRUMENT))

typedef struct validator_check {
    cb_msg_id kind;
    const void *body;               /* [borrowed] the message's struct */
    const validator_symbol *symbol; /* what was accepted before */
    const validator_bar *bars;      /* accepted 1m candles, oldest first */
    uint32_t bars_count;
    const int64_t *params; /* in the order of the entry's table */
    int64_t now_ns;        /* the service's clock */
} validator_check;

typedef struct validator_finding {
    char observed[VALIDATOR_FINDING_TEXT_MAX];
    char expected[VALIDATOR_FINDING_TEXT_MAX];
} validator_finding;

typedef struct validator_expectation {
    const char *name;     /* at most 31 characters */
    const char *help;     /* one line */
    uint32_t kinds;       /* VALIDATOR_ON bits */
    cb_severity severity; /* CRITICAL blocks the message, WARNING passes and counts */
    bool is_relative; /* compares with remembered messages: a run of refusals drops that memory */
    const cb_param *params;
    uint32_t params_count;
    /** False when the message fails; finding is filled then. */
    bool (*check)(const validator_check *check, validator_finding *finding);
} validator_expectation;

#define EXPECTATION(x) extern const validator_expectation validator_expectation_##x;
#include "services/validator/core/expectations.def"
#undef EXPECTATION

enum {
#define EXPECTATION(x) VALIDATOR_EXPECTATION_##x,
#include "services/validator/core/expectations.def"
#undef EXPECTATION
    VALIDATOR_EXPECTATIONS_COUNT
};

const validator_expectation *validator_expectation_at(uint32_t index);

/* ---- words of a finding; each returns false, so that a check can end with it ---- */
bool validator_fail(validator_finding *finding, const char *observed, const char *expected);
/** observed: label and value; expected: "low … high". */
bool validator_fail_range_e8(validator_finding *finding,
    const char *label,
    int64_t value_e8,
    int64_t low_e8,
    int64_t high_e8);
/** observed: label and value; expected: words and bound. */
bool validator_fail_bound_e8(validator_finding *finding,
    const char *label,
    int64_t value_e8,
    const char *words,
    int64_t bound_e8);
bool validator_fail_bound_u64(validator_finding *finding,
    const char *label,
    uint64_t value,
    const char *words,
    uint64_t bound);
bool validator_fail_time(validator_finding *finding,
    const char *label,
    int64_t ts_ns,
    const char *words,
    int64_t bound_ns);

/* ---- reading a message by its kind ---- */
/** The venue's own time of the message; 0 when it carries none. */
int64_t validator_venue_ts(cb_msg_id kind, const void *body);
int64_t validator_recv_ns(cb_msg_id kind, const void *body);

#endif /* VALIDATOR_EXPECTATION_H */
