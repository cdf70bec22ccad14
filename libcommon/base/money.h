/* Fixed-point money. Every value is an integer times 1e-8; the types keep a price from being
 * used as a quantity. Intermediates are 128 bits; what does not fit is refused, never rounded. */
#ifndef CB_MONEY_H
#define CB_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CB_E8 INT64_C(100000000)
#define CB_E8_DIGITS 8
#define CB_DECIMAL_TEXT_MAX 32 /* "-92233720368.54775808" and its NUL fit */

__extension__ typedef __int128 cb_i128;
__extension__ typedef unsigned __int128 cb_u128;

/* quote units per one base unit, times 1e8 */
typedef struct cb_price {
    int64_t e8;
} cb_price;

/* base units, times 1e8; signed: a position may be short */
typedef struct cb_qty {
    int64_t e8;
} cb_qty;

/* units of one asset (named beside it), times 1e8; signed */
typedef struct cb_amount {
    int64_t e8;
} cb_amount;

/* a plain ratio, times 1e8: fee rates, scores, drawdown (1e8 = 1 = 100 %) */
typedef struct cb_ratio {
    int64_t e8;
} cb_ratio;

typedef enum cb_rounding {
    CB_ROUND_DOWN,    /* towards zero */
    CB_ROUND_UP,      /* away from zero */
    CB_ROUND_HALF_UP, /* to nearest, halves away from zero */
    CB_ROUND_EXACT    /* refuse with CB_E_PRECISION when digits would be lost */
} cb_rounding;

/**
 * Parses a strict decimal: optional '-', digits without superfluous leading zeros, optional '.'
 * and at least one digit. No '+', no exponent, no spaces, no locale. Trailing zeros after the
 * eighth decimal are exact and therefore allowed.
 *
 * @param text [borrowed] need not be NUL-terminated.
 * @param out_e8 [out] written only on CB_OK.
 * @return CB_OK; CB_E_SYNTAX; CB_E_PRECISION when a ninth decimal is not zero; CB_E_RANGE.
 */
CB_MUST_USE cb_status cb_decimal_parse(const char *text, size_t size, int64_t *out_e8, cb_err *err);

/**
 * Prints the shortest exact decimal ("0.1", "-3", "92233720368.54775807").
 *
 * @return length without the NUL; the text always fits CB_DECIMAL_TEXT_MAX.
 */
size_t cb_decimal_print(int64_t value_e8, char out[CB_DECIMAL_TEXT_MAX]);

/** Prints with exactly 8 decimals, as Binance does ("0.10000000"). */
size_t cb_decimal_print_fixed8(int64_t value_e8, char out[CB_DECIMAL_TEXT_MAX]);

/** a + b; CB_E_RANGE when it leaves int64. Units are the caller's. */
CB_MUST_USE cb_status cb_add_e8(int64_t a_e8, int64_t b_e8, int64_t *out_e8, cb_err *err);
/** a - b; CB_E_RANGE when it leaves int64. */
CB_MUST_USE cb_status cb_sub_e8(int64_t a_e8, int64_t b_e8, int64_t *out_e8, cb_err *err);
/** a * b / 1e8 with the named rounding; CB_E_RANGE, or CB_E_PRECISION under CB_ROUND_EXACT. */
CB_MUST_USE cb_status cb_mul_e8(
    int64_t a_e8, int64_t b_e8, cb_rounding rounding, int64_t *out_e8, cb_err *err);
/** a * 1e8 / b with the named rounding; CB_E_RANGE also when b is 0. */
CB_MUST_USE cb_status cb_div_e8(
    int64_t a_e8, int64_t b_e8, cb_rounding rounding, int64_t *out_e8, cb_err *err);
/** value * numerator / denominator with a 128-bit intermediate; for averages and shares. */
CB_MUST_USE cb_status cb_muldiv(int64_t value,
    int64_t numerator,
    int64_t denominator,
    cb_rounding rounding,
    int64_t *out,
    cb_err *err);

/** price * qty in quote units. */
CB_MUST_USE cb_status cb_notional(
    cb_price price, cb_qty qty, cb_rounding rounding, cb_amount *out, cb_err *err);

/** Rounds value to a multiple of step (> 0) in the named direction. */
CB_MUST_USE cb_status cb_round_to_step(
    int64_t value_e8, int64_t step_e8, cb_rounding rounding, int64_t *out_e8, cb_err *err);

#endif /* CB_MONEY_H */
