/* References of the oscillators. */
#ifndef TESTS_IND_REFERENCE_MOMENTUM_H
#define TESTS_IND_REFERENCE_MOMENTUM_H

#include "series.h"

static void channel(int64_t n, double *high, double *low)
{
    LET(h, H(i))
    LET(l, L(i))
    roll(h, n, max_fn, high);
    roll(l, n, min_fn, low);
}

static void ref_stochastic(void)
{
    static double high[BARS];
    static double low[BARS];
    static double k[BARS];
    channel(param[0], high, low);
    LET(raw, 100 * over(C(i) - low[i], high[i] - low[i], 0.5))
    sma(raw, param[1], k);
    sma(k, param[2], outs[1]);
    OUT(0, isnan(outs[1][i]) ? NONE : k[i])
}

static void ref_williams_r(void)
{
    static double high[BARS];
    static double low[BARS];
    channel(param[0], high, low);
    OUT(0, -100 * over(high[i] - C(i), high[i] - low[i], 0.5))
}

static void ref_cci(void)
{
    static double average[BARS];
    static double deviation[BARS];
    LET(typical, (H(i) + L(i) + C(i)) / 3)
    sma(typical, param[0], average);
    roll(typical, param[0], mean_deviation_fn, deviation);
    OUT(0, over(typical[i] - average[i], 0.015 * deviation[i], 0))
}

static void ref_roc(void)
{
    OUT(0, 100 * (C(i) / close_back(i, param[0]) - 1))
}

static void ref_momentum(void)
{
    OUT(0, C(i) - close_back(i, param[0]))
}

/* As in the book: 100 - 100 / (1 + ratio). */
static void ref_mfi(void)
{
    static double in[BARS];
    static double out[BARS];
    LET(typical, (H(i) + L(i) + C(i)) / 3)
    LET(rising, i == 0 ? NONE : typical[i] > typical[i - 1] ? typical[i] * V(i) : 0)
    LET(falling, i == 0 ? NONE : typical[i] < typical[i - 1] ? typical[i] * V(i) : 0)
    roll(rising, param[0], sum_fn, in);
    roll(falling, param[0], sum_fn, out);
    OUT(0,
        isnan(in[i]) ? NONE
        : out[i] > 0 ? 100 - 100 / (1 + in[i] / out[i])
        : in[i] > 0  ? 100
                     : 50)
}

static void ref_tsi(void)
{
    static double a[BARS];
    static double b[BARS];
    static double move[BARS];
    static double size[BARS];
    static double signal[BARS];
    LET(change, i > 0 ? C(i) - C(i - 1) : NONE)
    LET(length, fabs(change[i]))
    ema(change, param[0], a);
    ema(a, param[1], move);
    ema(length, param[0], b);
    ema(b, param[1], size);
    LET(line, 100 * over(move[i], size[i], 0))
    ema(line, param[2], signal);
    OUT(0, isnan(signal[i]) ? NONE : line[i])
    OUT(1, signal[i])
}

static void ref_ultimate(void)
{
    static double pressure[3][BARS];
    static double ranges[BARS];
    static double range[3][BARS];
    true_ranges(ranges, NONE);
    LET(bought, i > 0 ? C(i) - fmin(L(i), C(i - 1)) : NONE)
    for (size_t k = 0; k < 3; k++) {
        roll(bought, param[k], sum_fn, pressure[k]);
        roll(ranges, param[k], sum_fn, range[k]);
    }
    OUT(0,
        100.0 / 7 *
            (4 * over(pressure[0][i], range[0][i], 0.5) +
                2 * over(pressure[1][i], range[1][i], 0.5) +
                over(pressure[2][i], range[2][i], 0.5)))
}

static void ref_awesome(void)
{
    static double fast[BARS];
    static double slow[BARS];
    LET(middle, (H(i) + L(i)) / 2)
    sma(middle, param[0], fast);
    sma(middle, param[1], slow);
    OUT(0, fast[i] - slow[i])
}

static void percentage(const double *x)
{
    static double fast[BARS];
    static double slow[BARS];
    static double signal[BARS];
    ema(x, param[0], fast);
    ema(x, param[1], slow);
    LET(line, 100 * over(fast[i] - slow[i], slow[i], 0))
    ema(line, param[2], signal);
    OUT(0, isnan(signal[i]) ? NONE : line[i])
    OUT(1, signal[i])
    OUT(2, outs[0][i] - outs[1][i])
}

static void ref_ppo(void)
{
    LET(c, C(i))
    percentage(c);
}

static void ref_pvo(void)
{
    LET(v, V(i))
    percentage(v);
}

static void ref_vigor(void)
{
    static double body[BARS];
    static double range[BARS];
    LET(b, C(i) - O(i))
    LET(r, H(i) - L(i))
    LET(sb, (b[i] + 2 * back(b, i, 1) + 2 * back(b, i, 2) + back(b, i, 3)) / 6)
    LET(sr, (r[i] + 2 * back(r, i, 1) + 2 * back(r, i, 2) + back(r, i, 3)) / 6)
    sma(sb, param[0], body);
    sma(sr, param[0], range);
    LET(line, over(body[i], range[i], 0))
    OUT(1, (line[i] + 2 * back(line, i, 1) + 2 * back(line, i, 2) + back(line, i, 3)) / 6)
    OUT(0, isnan(outs[1][i]) ? NONE : line[i])
}

static void ref_bop(void)
{
    LET(balance, over(C(i) - O(i), H(i) - L(i), 0))
    sma(balance, param[0], outs[0]);
}

static void ref_kst(void)
{
    static double part[4][BARS];
    static double signal[BARS];
    for (size_t k = 0; k < 4; k++) {
        LET(rate, 100 * (C(i) / close_back(i, param[k]) - 1))
        sma(rate, param[4 + k], part[k]);
    }
    LET(line, part[0][i] + 2 * part[1][i] + 3 * part[2][i] + 4 * part[3][i])
    sma(line, 9, signal);
    OUT(0, isnan(signal[i]) ? NONE : line[i])
    OUT(1, signal[i])
}

static void ref_coppock(void)
{
    LET(rates, 100 * (C(i) / close_back(i, param[0]) + C(i) / close_back(i, param[1]) - 2))
    roll(rates, param[2], weighted_fn, outs[0]);
}

static void ref_fisher(void)
{
    static double high[BARS];
    static double low[BARS];
    LET(middle, (H(i) + L(i)) / 2)
    roll(middle, param[0], max_fn, high);
    roll(middle, param[0], min_fn, low);
    double place = 0;
    double line = 0;
    for (size_t i = (size_t)param[0] - 1; i < BARS; i++) {
        const double share = over(middle[i] - low[i], high[i] - low[i], 0.5);
        place = 0.33 * 2 * (share - 0.5) + 0.67 * place;
        place = place > 0.99 ? 0.999 : place < -0.99 ? -0.999 : place;
        outs[1][i] = line;
        line = atanh(place) + 0.5 * line;
        outs[0][i] = line;
    }
}

static void rsi_of(const double *x, int64_t n, double *out)
{
    static double gain[BARS];
    static double loss[BARS];
    LET(up, i > 0 ? fmax(x[i] - x[i - 1], 0) : NONE)
    LET(down, i > 0 ? fmax(x[i - 1] - x[i], 0) : NONE)
    wilder(up, n, gain);
    wilder(down, n, loss);
    for (size_t i = 0; i < BARS; i++) {
        out[i] = 100 * over(gain[i], gain[i] + loss[i], 0.5);
    }
}

static void ref_connors_rsi(void)
{
    static double price[BARS];
    static double run[BARS];
    static double streak[BARS];
    LET(c, C(i))
    LET(rate, i > 0 ? C(i) / C(i - 1) - 1 : NONE)
    for (size_t i = 1; i < BARS; i++) {
        const double change = C(i) - C(i - 1);
        const double sign = change > 0 ? 1 : change < 0 ? -1 : 0;
        streak[i] = sign * streak[i - 1] > 0 ? streak[i - 1] + sign : sign;
    }
    rsi_of(c, param[0], price);
    rsi_of(streak, param[1], run);
    for (size_t i = (size_t)param[2] + 1; i < BARS; i++) {
        double below = 0;
        for (int64_t k = 1; k <= param[2]; k++) {
            below += rate[i - (size_t)k] < rate[i] ? 1 : 0;
        }
        outs[0][i] = (price[i] + run[i] + 100 * below / (double)param[2]) / 3;
    }
}

static void cycle_of(const double *x, int64_t n, double *out)
{
    static double high[BARS];
    static double low[BARS];
    roll(x, n, max_fn, high);
    roll(x, n, min_fn, low);
    for (size_t i = 0; i < BARS; i++) {
        const double place = 100 * over(x[i] - low[i], high[i] - low[i], 0.5);
        const bool is_first = i == 0 || isnan(out[i - 1]);
        out[i] = is_first ? place : (out[i - 1] + place) / 2;
    }
}

static void ref_stc(void)
{
    static double fast[BARS];
    static double slow[BARS];
    static double first[BARS];
    LET(c, C(i))
    ema(c, param[0], fast);
    ema(c, param[1], slow);
    LET(line, fast[i] - slow[i])
    cycle_of(line, param[2], first);
    cycle_of(first, param[2], outs[0]);
}

static void ref_elder_ray(void)
{
    static double average[BARS];
    LET(c, C(i))
    ema(c, param[0], average);
    OUT(0, H(i) - average[i])
    OUT(1, L(i) - average[i])
}

static void ref_smi(void)
{
    static double high[BARS];
    static double low[BARS];
    static double a[BARS];
    static double b[BARS];
    static double distance[BARS];
    static double range[BARS];
    channel(param[0], high, low);
    LET(d, C(i) - (high[i] + low[i]) / 2)
    LET(r, high[i] - low[i])
    ema(d, param[1], a);
    ema(a, param[2], distance);
    ema(r, param[1], b);
    ema(b, param[2], range);
    OUT(0, 100 * over(distance[i], range[i] / 2, 0))
}

#endif /* TESTS_IND_REFERENCE_MOMENTUM_H */
