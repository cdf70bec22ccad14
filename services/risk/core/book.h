/* The limit book: rows of (kind, scope, value) that a person may change while the service runs. A
 * scope names any of venue, account, strategy and symbol; "*" for a name means each of them for
 * itself, and what a scope does not name is added up. How much of a limit is used is computed from
 * positions, sub-accounts and reservations at the moment of the question; nothing can drift. */
#ifndef RISK_BOOK_H
#define RISK_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/money.h"

#define RISK_LIMITS_MAX 96
#define RISK_LIMITS_CONFIGURED_MAX 32 /* places kept for what the configuration begins with */
#define RISK_LIMIT_NAME_MAX 128
#define RISK_SCOPE_TEXT_MAX 112
#define RISK_LINE_LABEL_MAX 96 /* of a denial's detail */
#define RISK_MONEY_MAX (INT64_C(10000000000) * CB_E8)

#define RISK_KIND_SHARED 1U       /* room comes back: strategies wait for it in turn */
#define RISK_KIND_PER_SYMBOL 2U   /* the scope must name a symbol: units differ */
#define RISK_KIND_PER_STRATEGY 4U /* the scope must name a strategy */
#define RISK_KIND_NOT_TOTAL 8U    /* the scope must name a strategy or a symbol */

typedef enum risk_limit_kind {
#define RISK_LIMIT_KIND(token, name, unit, flags, min, max, help) RISK_LIMIT_##token,
#include "services/risk/core/kinds.def"
#undef RISK_LIMIT_KIND
    RISK_LIMIT_KINDS_COUNT
} risk_limit_kind;

typedef struct risk_kind_info {
    const char *name;
    const char *unit; /* "quote", "base", "ratio", "count" */
    uint32_t flags;
    int64_t min_e8;
    int64_t max_e8;
    const char *help;
} risk_kind_info;

extern const risk_kind_info risk_kinds[RISK_LIMIT_KINDS_COUNT];

/* "" = not named, "*" = each for itself. */
typedef struct risk_scope {
    char venue[12];
    char account[16];
    char strategy[24];
    char symbol[24];
} risk_scope;

/* Whose limits are asked for: those of an order, with all four names. [borrowed] */
typedef struct risk_key {
    const char *venue;
    const char *account;
    const char *strategy;
    const char *symbol;
    cb_id without; /* an order that this one replaces does not count beside it; none */
} risk_key;

typedef struct risk_limit {
    risk_limit_kind kind;
    risk_scope scope;
    int64_t value_e8;
} risk_limit;

/* One limit as it stands for one order, without that order. Amounts are in the unit of `kind`,
 * shares turned into quote units. */
typedef struct risk_book_line {
    risk_limit_kind kind;
    bool is_each;     /* the scope names a strategy: nobody waits for another */
    int64_t used_e8;  /* positions and everything reserved */
    int64_t bound_e8; /* the limit */
    int64_t ahead_e8; /* what strategies whose turn comes first are waiting for */
    char label[RISK_LINE_LABEL_MAX];
} risk_book_line;

/** RISK_LIMIT_KINDS_COUNT when there is no such kind. */
risk_limit_kind risk_kind_parse(const char *name);

/** Reads "*" or "strategy:trend,symbol:*" (any order, each at most once). False on anything else.
 */
bool risk_scope_parse(const char *text, risk_scope *out);
/** The one way to write a scope. */
void risk_scope_print(const risk_scope *scope, char out[RISK_SCOPE_TEXT_MAX]);
/** "order_notional@strategy:trend" */
void risk_limit_name(risk_limit_kind kind, const risk_scope *scope, char out[RISK_LIMIT_NAME_MAX]);
/** Reads what risk_limit_name wrote. */
bool risk_limit_name_parse(const char *name, risk_limit_kind *kind, risk_scope *scope);
/** True when the scope holds for that order. */
bool risk_scope_covers(const risk_scope *scope, const risk_key *key);
/** The scope with the key's names where it says "*". */
risk_scope risk_scope_of(const risk_scope *scope, const risk_key *key);
/** Why such a row cannot be, in words; "" when it can. */
const char *risk_limit_error(risk_limit_kind kind, const risk_scope *scope, int64_t value_e8);

#endif /* RISK_BOOK_H */
