/* Arithmetic on values, shared by the compiler (constants) and the machine. A value is a double;
 * none is the one quiet NaN below, and never leaves this folder: the interface says is_none. */
#ifndef CB_EXPR_SCALAR_H
#define CB_EXPR_SCALAR_H

#include <float.h>
#include <math.h>

#include "expr/expr_internal.h"

/* With a constant operation only that one is left: the machine's cases are made so. */
#define EXPR_INLINE static inline __attribute__((always_inline))

/** Natural logarithm of a number above 0, exponential and power from IEEE 754 operations alone, so
 *  that every machine agrees to the last bit (math.c). */
double expr_log(double value);
double expr_exp(double value);
double expr_pow(double base, double exponent);

EXPR_INLINE double expr_none(void)
{
    return __builtin_nan("");
}

EXPR_INLINE bool expr_is_none(double value)
{
    return isnan(value);
}

/* Whatever is not finite becomes the one none. */
EXPR_INLINE double expr_clean(double value)
{
    return fabs(value) <= DBL_MAX ? value : expr_none();
}

EXPR_INLINE double expr_bool(bool value)
{
    return value ? 1.0 : 0.0;
}

EXPR_INLINE bool expr_is_true(double value)
{
    return value > 0.5;
}

EXPR_INLINE double expr_floor_mod(double a, double b)
{
    return fabs(b) > 0 ? expr_clean(a - floor(a / b) * b) : expr_none();
}

/* As in SQL: one false decides an and, one true an or; else none is none. */
EXPR_INLINE double expr_and(double a, double b)
{
    if (a < 0.5 || b < 0.5) {
        return 0;
    }
    return isunordered(a, b) ? expr_none() : 1.0;
}

EXPR_INLINE double expr_or(double a, double b)
{
    if (a > 0.5 || b > 0.5) {
        return 1.0;
    }
    return isunordered(a, b) ? expr_none() : 0;
}

EXPR_INLINE double expr_compare(expr_op op, double a, double b)
{
    if (isunordered(a, b)) {
        return expr_none();
    }
    switch ((int)op) {
    case EXPR_OP_LT:
        return expr_bool(a < b);
    case EXPR_OP_LE:
        return expr_bool(a <= b);
    case EXPR_OP_GT:
        return expr_bool(a > b);
    case EXPR_OP_GE:
        return expr_bool(a >= b);
    case EXPR_OP_EQ:
        return expr_bool(a <= b && a >= b);
    default:
        return expr_bool(a < b || a > b);
    }
}

EXPR_INLINE double expr_round(double value)
{
    const double whole = floor(fabs(value) + 0.5);
    return value < 0 ? -whole : whole;
}

/* One number in, one out; none stays none. */
EXPR_INLINE double expr_unary(expr_op op, double a)
{
    switch ((int)op) {
    case EXPR_OP_NEG:
        return expr_is_none(a) ? expr_none() : -a;
    case EXPR_OP_ABS:
        return expr_clean(fabs(a));
    case EXPR_OP_LOG:
        return a > 0 ? expr_log(a) : expr_none();
    case EXPR_OP_EXP:
        return expr_is_none(a) ? expr_none() : expr_clean(expr_exp(a));
    case EXPR_OP_SQRT:
        return a >= 0 ? sqrt(a) : expr_none();
    case EXPR_OP_FLOOR:
        return expr_clean(floor(a));
    case EXPR_OP_CEIL:
        return expr_clean(-floor(-a));
    case EXPR_OP_ROUND:
        return expr_clean(expr_round(a));
    case EXPR_OP_SIGN:
        return expr_is_none(a) ? expr_none() : expr_bool(a > 0) - expr_bool(a < 0);
    case EXPR_OP_NOT:
        return expr_is_none(a) ? expr_none() : 1.0 - a;
    default:
        return expr_bool(expr_is_none(a)); /* IS_NONE */
    }
}

EXPR_INLINE double expr_scalar(expr_op op, double a, double b, double c)
{
    switch ((int)op) {
    case EXPR_OP_ADD:
        return expr_clean(a + b);
    case EXPR_OP_SUB:
        return expr_clean(a - b);
    case EXPR_OP_MUL:
        return expr_clean(a * b);
    case EXPR_OP_DIV:
        return fabs(b) > 0 ? expr_clean(a / b) : expr_none();
    case EXPR_OP_MOD:
        return expr_floor_mod(a, b);
    case EXPR_OP_POW:
        return isunordered(a, b) ? expr_none() : expr_clean(expr_pow(a, b));
    case EXPR_OP_MIN:
        return isunordered(a, b) ? expr_none() : (b < a ? b : a);
    case EXPR_OP_MAX:
        return isunordered(a, b) ? expr_none() : (b > a ? b : a);
    case EXPR_OP_LT:
    case EXPR_OP_LE:
    case EXPR_OP_GT:
    case EXPR_OP_GE:
    case EXPR_OP_EQ:
    case EXPR_OP_NE:
        return expr_compare(op, a, b);
    case EXPR_OP_AND:
        return expr_and(a, b);
    case EXPR_OP_OR:
        return expr_or(a, b);
    case EXPR_OP_SELECT:
        return expr_is_none(a) ? expr_none() : (expr_is_true(a) ? b : c);
    case EXPR_OP_COALESCE:
        return expr_is_none(a) ? b : a;
    default:
        return expr_unary(op, a);
    }
}

#endif /* CB_EXPR_SCALAR_H */
