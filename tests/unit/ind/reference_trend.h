/* References of the averages and of what says whether the market goes somewhere. */
#ifndef TESTS_IND_REFERENCE_TREND_H
#define TESTS_IND_REFERENCE_TREND_H

#include "series.h"

static void ref_wma(void)
{
    LET(c, C(i))
    roll(c, param[0], weighted_fn, outs[0]);
}

static void ref_hma(void)
{
    static double half[BARS];
    static double full[BARS];
    LET(c, C(i))
    roll(c, param[0] / 2, weighted_fn, half);
    roll(c, param[0], weighted_fn, full);
    LET(raw, 2 * half[i] - full[i])
    roll(raw, (int64_t)sqrt((double)param[0]), weighted_fn, outs[0]);
}

/* e[0] the average of closes, e[k] the average of e[k - 1]. */
static void stages(double e[6][BARS], int64_t n, size_t count)
{
    LET(c, C(i))
    ema(c, n, e[0]);
    for (size_t k = 1; k < count; k++) {
        ema(e[k - 1], n, e[k]);
    }
}

static void ref_dema(void)
{
    static double e[6][BARS];
    stages(e, param[0], 2);
    OUT(0, 2 * e[0][i] - e[1][i])
}

static void ref_tema(void)
{
    static double e[6][BARS];
    stages(e, param[0], 3);
    OUT(0, 3 * e[0][i] - 3 * e[1][i] + e[2][i])
}

/* ((1 + v) E - v E^2)^3 as a polynomial in the operator E, the exponential average. */
static void ref_t3(void)
{
    static double e[6][BARS];
    const double v = param_e8(1);
    stages(e, param[0], 6);
    OUT(0,
        pow(1 + v, 3) * e[2][i] - 3 * pow(1 + v, 2) * v * e[3][i] +
            3 * (1 + v) * pow(v, 2) * e[4][i] - pow(v, 3) * e[5][i])
}

static double efficiency_at(size_t i, int64_t n)
{
    double path = 0;
    if ((int64_t)i < n) {
        return NONE;
    }
    for (int64_t k = 0; k < n; k++) {
        path += fabs(close_back(i, k) - close_back(i, k + 1));
    }
    return path > 0 ? fabs(C(i) - close_back(i, n)) / path : 0;
}

static void ref_kama(void)
{
    const double fast = 2 / ((double)param[1] + 1);
    const double slow = 2 / ((double)param[2] + 1);
    for (size_t i = (size_t)param[0]; i < BARS; i++) {
        const double before = (int64_t)i == param[0] ? C(i - 1) : outs[0][i - 1];
        const double er = efficiency_at(i, param[0]);
        outs[0][i] = before + pow(er * (fast - slow) + slow, 2) * (C(i) - before);
    }
}

static void ref_efficiency(void)
{
    OUT(0, efficiency_at(i, param[0]))
}

static void ref_vwma(void)
{
    static double value[BARS];
    static double volume[BARS];
    LET(cv, C(i) * V(i))
    LET(v, V(i))
    roll(cv, param[0], sum_fn, value);
    roll(v, param[0], sum_fn, volume);
    OUT(0, over(value[i], volume[i], C(i)))
}

static void ref_zlema(void)
{
    LET(x, 2 * C(i) - close_back(i, (param[0] - 1) / 2))
    ema(x, param[0], outs[0]);
}

/* The weights of a triangle, one close after the other. */
static void ref_trima(void)
{
    const int64_t n = param[0];
    for (size_t i = (size_t)n - 1; i < BARS; i++) {
        double sum = 0;
        double weights = 0;
        for (int64_t k = 0; k < n; k++) {
            const double weight = (double)(k + 1 < n - k ? k + 1 : n - k);
            sum += weight * close_back(i, k);
            weights += weight;
        }
        outs[0][i] = sum / weights;
    }
}

static void ref_smma(void)
{
    LET(c, C(i))
    wilder(c, param[0], outs[0]);
}

static double cmo_at(size_t i, int64_t n)
{
    double up = 0;
    double down = 0;
    if ((int64_t)i < n) {
        return NONE;
    }
    for (int64_t k = 0; k < n; k++) {
        const double change = close_back(i, k) - close_back(i, k + 1);
        up += change > 0 ? change : 0;
        down += change < 0 ? -change : 0;
    }
    return up + down > 0 ? 100 * (up - down) / (up + down) : 0;
}

static void ref_cmo(void)
{
    OUT(0, cmo_at(i, param[0]))
}

static void ref_vidya(void)
{
    for (size_t i = (size_t)param[1]; i < BARS; i++) {
        const double before = (int64_t)i == param[1] ? C(i - 1) : outs[0][i - 1];
        const double alpha = 2 / ((double)param[0] + 1) * fabs(cmo_at(i, param[1])) / 100;
        outs[0][i] = alpha * C(i) + (1 - alpha) * before;
    }
}

static void ref_mcginley(void)
{
    LET(c, C(i))
    sma(c, param[0], outs[0]);
    for (size_t i = (size_t)param[0]; i < BARS; i++) {
        const double before = outs[0][i - 1];
        const double step = (C(i) - before) / (0.6 * (double)param[0] * pow(C(i) / before, 4));
        outs[0][i] = fabs(step) < fabs(C(i) - before) ? before + step : C(i);
    }
}

static void ref_adx(void)
{
    static double ranges[BARS];
    static double range[BARS];
    static double up[BARS];
    static double down[BARS];
    true_ranges(ranges, NONE);
    LET(rise, i > 0 ? fmax(H(i) - H(i - 1), 0) : NONE)
    LET(fall, i > 0 ? fmax(L(i - 1) - L(i), 0) : NONE)
    LET(plus, isnan(rise[i]) ? NONE : rise[i] > fall[i] ? rise[i] : 0)
    LET(minus, isnan(rise[i]) ? NONE : fall[i] > rise[i] ? fall[i] : 0)
    wilder(ranges, param[0], range);
    wilder(plus, param[0], up);
    wilder(minus, param[0], down);
    OUT(1, 100 * over(up[i], range[i], 0))
    OUT(2, 100 * over(down[i], range[i], 0))
    LET(dx, 100 * over(fabs(outs[1][i] - outs[2][i]), outs[1][i] + outs[2][i], 0))
    wilder(dx, param[0], outs[0]);
}

static void ref_aroon(void)
{
    const int64_t n = param[0];
    for (size_t i = (size_t)n; i < BARS; i++) {
        int64_t high = n; /* bars ago; the latest of equal ones */
        int64_t low = n;
        for (int64_t k = n; k >= 0; k--) {
            const size_t at = i - (size_t)k;
            high = H(at) >= H(i - (size_t)high) ? k : high;
            low = L(at) <= L(i - (size_t)low) ? k : low;
        }
        outs[0][i] = 100.0 * (double)(n - high) / (double)n;
        outs[1][i] = 100.0 * (double)(n - low) / (double)n;
        outs[2][i] = 100.0 * (double)(low - high) / (double)n;
    }
}

/* Wilder's worksheet for one direction at a time. */
static void ref_psar(void)
{
    bool is_long = H(1) + L(1) >= H(0) + L(0);
    double sar = is_long ? L(0) : H(0);
    double extreme = is_long ? H(0) : L(0);
    double speed = param_e8(0);
    for (size_t i = 1; i < BARS; i++) {
        sar = sar + speed * (extreme - sar);
        const double near = is_long ? L(i - 1) : H(i - 1);
        const double far = i < 2 ? near : is_long ? L(i - 2) : H(i - 2);
        sar = is_long ? fmin(sar, fmin(near, far)) : fmax(sar, fmax(near, far));
        const double reach = is_long ? H(i) : L(i);
        if (is_long ? reach > extreme : reach < extreme) {
            extreme = reach;
            speed = fmin(speed + param_e8(0), param_e8(1));
        }
        if (is_long ? L(i) < sar : H(i) > sar) {
            sar = extreme;
            is_long = !is_long;
            extreme = is_long ? H(i) : L(i);
            speed = param_e8(0);
        }
        outs[0][i] = sar;
        outs[1][i] = is_long ? 1 : -1;
    }
}

static void ref_supertrend(void)
{
    static double ranges[BARS];
    static double average[BARS];
    true_ranges(ranges, H(0) - L(0));
    wilder(ranges, param[0], average);
    const size_t first = (size_t)param[0] - 1;
    double upper = 0;
    double lower = 0;
    for (size_t i = first; i < BARS; i++) {
        const double middle = (H(i) + L(i)) / 2;
        const double high = middle + param_e8(1) * average[i];
        const double low = middle - param_e8(1) * average[i];
        upper = i == first || C(i - 1) > upper ? high : fmin(high, upper);
        lower = i == first || C(i - 1) < lower ? low : fmax(low, lower);
        bool is_up = C(i) >= middle;
        if (i > first) {
            is_up = outs[1][i - 1] > 0 ? C(i) >= lower : C(i) > upper;
        }
        outs[1][i] = is_up ? 1 : -1;
        outs[0][i] = is_up ? lower : upper;
    }
}

static void middles(int64_t n, double *out)
{
    static double high[BARS];
    static double low[BARS];
    LET(h, H(i))
    LET(l, L(i))
    roll(h, n, max_fn, high);
    roll(l, n, min_fn, low);
    for (size_t i = 0; i < BARS; i++) {
        out[i] = (high[i] + low[i]) / 2;
    }
}

static void ref_ichimoku(void)
{
    static double turning[BARS];
    static double standard[BARS];
    static double span[BARS];
    middles(param[0], turning);
    middles(param[1], standard);
    middles(param[2], span);
    LET(a, isnan(span[i]) ? NONE : (turning[i] + standard[i]) / 2)
    OUT(2, back(a, i, param[3]))
    OUT(3, isnan(outs[2][i]) ? NONE : back(span, i, param[3]))
    OUT(0, isnan(outs[3][i]) ? NONE : turning[i])
    OUT(1, isnan(outs[3][i]) ? NONE : standard[i])
}

static void ref_trix(void)
{
    static double e[6][BARS];
    static double signal[BARS];
    stages(e, param[0], 3);
    LET(rate, 100 * (e[2][i] / back(e[2], i, 1) - 1))
    ema(rate, param[1], signal);
    OUT(0, isnan(signal[i]) ? NONE : rate[i])
    OUT(1, signal[i])
}

/* The normal equations. */
static void ref_linreg(void)
{
    const double n = (double)param[0];
    for (size_t i = (size_t)param[0] - 1; i < BARS; i++) {
        double x = 0;
        double y = 0;
        double xx = 0;
        double xy = 0;
        double yy = 0;
        for (int64_t k = 0; k < param[0]; k++) {
            const double at = (double)k;
            const double close = close_back(i, param[0] - 1 - k) - C(i);
            x += at;
            y += close;
            xx += at * at;
            xy += at * close;
            yy += close * close;
        }
        const double slope = (n * xy - x * y) / (n * xx - x * x);
        const double spread = n * yy - y * y;
        const double fit = spread > 1e-12 ? pow(n * xy - x * y, 2) / (n * xx - x * x) / spread : 0;
        outs[0][i] = C(i) + (y - slope * x) / n + slope * (n - 1);
        outs[1][i] = slope;
        outs[2][i] = outs[0][i] + slope;
        outs[3][i] = fit;
    }
}

static void ref_vortex(void)
{
    static double ranges[BARS];
    static double range[BARS];
    static double ups[BARS];
    static double downs[BARS];
    true_ranges(ranges, NONE);
    LET(up, i > 0 ? fabs(H(i) - L(i - 1)) : NONE)
    LET(down, i > 0 ? fabs(L(i) - H(i - 1)) : NONE)
    roll(ranges, param[0], sum_fn, range);
    roll(up, param[0], sum_fn, ups);
    roll(down, param[0], sum_fn, downs);
    OUT(0, over(ups[i], range[i], 1))
    OUT(1, over(downs[i], range[i], 1))
}

static void ref_dpo(void)
{
    static double average[BARS];
    LET(c, C(i))
    sma(c, param[0], average);
    OUT(0, close_back(i, param[0] / 2 + 1) - average[i])
}

static void ref_mass(void)
{
    static double one[BARS];
    static double two[BARS];
    LET(range, H(i) - L(i))
    ema(range, param[1], one);
    ema(one, param[1], two);
    LET(ratio, over(one[i], two[i], 1))
    roll(ratio, param[0], sum_fn, outs[0]);
}

static void ref_alligator(void)
{
    static double line[3][BARS];
    LET(middle, (H(i) + L(i)) / 2)
    for (size_t k = 0; k < 3; k++) {
        wilder(middle, param[k], line[k]);
    }
    for (size_t i = 0; i < BARS; i++) {
        const double jaw = back(line[0], i, param[3]);
        const double teeth = back(line[1], i, param[4]);
        const double lips = back(line[2], i, param[5]);
        const bool has_all = !isnan(jaw + teeth + lips);
        outs[0][i] = has_all ? jaw : NONE;
        outs[1][i] = has_all ? teeth : NONE;
        outs[2][i] = has_all ? lips : NONE;
    }
}

static void ref_chandelier(void)
{
    static double ranges[BARS];
    static double average[BARS];
    static double high[BARS];
    static double low[BARS];
    LET(h, H(i))
    LET(l, L(i))
    true_ranges(ranges, H(0) - L(0));
    wilder(ranges, param[0], average);
    roll(h, param[0], max_fn, high);
    roll(l, param[0], min_fn, low);
    OUT(0, high[i] - param_e8(1) * average[i])
    OUT(1, low[i] + param_e8(1) * average[i])
}

static void ref_qstick(void)
{
    LET(body, C(i) - O(i))
    sma(body, param[0], outs[0]);
}

static void ref_heikin_ashi(void)
{
    OUT(3, (O(i) + H(i) + L(i) + C(i)) / 4)
    for (size_t i = 0; i < BARS; i++) {
        outs[0][i] = i == 0 ? (O(0) + C(0)) / 2 : (outs[0][i - 1] + outs[3][i - 1]) / 2;
        outs[1][i] = fmax(H(i), fmax(outs[0][i], outs[3][i]));
        outs[2][i] = fmin(L(i), fmin(outs[0][i], outs[3][i]));
    }
}

static void ref_vhf(void)
{
    static double high[BARS];
    static double low[BARS];
    static double path[BARS];
    LET(c, C(i))
    LET(change, i > 0 ? fabs(C(i) - C(i - 1)) : NONE)
    roll(c, param[0], max_fn, high);
    roll(c, param[0], min_fn, low);
    roll(change, param[0], sum_fn, path);
    OUT(0, isnan(path[i]) ? NONE : over(high[i] - low[i], path[i], 0))
}

#endif /* TESTS_IND_REFERENCE_TREND_H */
