/* References of volatility, volume, statistics, patterns and pivots. */
#ifndef TESTS_IND_REFERENCE_REST_H
#define TESTS_IND_REFERENCE_REST_H

#include "series.h"

/* ---- volatility ---- */

static void ref_stddev(void)
{
    LET(c, C(i))
    roll(c, param[0], deviation_fn, outs[0]);
    sma(c, param[0], outs[1]);
}

static void average_range(int64_t n, double *out)
{
    static double ranges[BARS];
    true_ranges(ranges, H(0) - L(0));
    wilder(ranges, n, out);
}

static void ref_keltner(void)
{
    static double average[BARS];
    static double middle[BARS];
    LET(c, C(i))
    average_range(param[1], average);
    ema(c, param[0], middle);
    OUT(0, isnan(average[i]) ? NONE : middle[i])
    OUT(1, middle[i] + param_e8(2) * average[i])
    OUT(2, middle[i] - param_e8(2) * average[i])
}

static void ref_true_range(void)
{
    true_ranges(outs[0], H(0) - L(0));
}

static void ref_natr(void)
{
    static double average[BARS];
    average_range(param[0], average);
    OUT(0, 100 * average[i] / C(i))
}

static void ref_chaikin_volatility(void)
{
    static double average[BARS];
    LET(range, H(i) - L(i))
    ema(range, param[0], average);
    OUT(0, 100 * (over(average[i], back(average, i, param[1]), 1) - 1))
}

static void ref_choppiness(void)
{
    static double ranges[BARS];
    static double sum[BARS];
    static double high[BARS];
    static double low[BARS];
    LET(h, H(i))
    LET(l, L(i))
    true_ranges(ranges, NONE);
    roll(ranges, param[0], sum_fn, sum);
    roll(h, param[0], max_fn, high);
    roll(l, param[0], min_fn, low);
    LET(ratio, over(sum[i], high[i] - low[i], 0))
    OUT(0, isnan(ratio[i]) || ratio[i] > 0 ? 100 * log10(ratio[i]) / log10((double)param[0]) : 50)
}

static void ref_ulcer(void)
{
    static double high[BARS];
    static double mean[BARS];
    LET(c, C(i))
    roll(c, param[0], max_fn, high);
    LET(square, pow(100 * (C(i) - high[i]) / high[i], 2))
    sma(square, param[0], mean);
    OUT(0, sqrt(mean[i]))
}

static void ref_volatility(void)
{
    const double n = (double)param[0];
    LET(change, i > 0 ? log(C(i) / C(i - 1)) : NONE)
    roll(change, param[0], deviation_fn, outs[0]);
    OUT(0, 100 * outs[0][i] * sqrt(n / (n - 1)) * sqrt((double)param[1]))
}

static void root_mean(const double *squares)
{
    sma(squares, param[0], outs[0]);
    OUT(0, 100 * sqrt(fmax(outs[0][i], 0) + 0 * outs[0][i]))
}

static void ref_parkinson(void)
{
    LET(square, pow(log(H(i)) - log(L(i)), 2) / (4 * log(2)))
    root_mean(square);
}

static void ref_garman_klass(void)
{
    LET(square, pow(log(H(i) / L(i)), 2) / 2 - (2 * log(2) - 1) * pow(log(C(i) / O(i)), 2))
    root_mean(square);
}

static void ref_rogers_satchell(void)
{
    LET(square, log(H(i) / C(i)) * log(H(i) / O(i)) + log(L(i) / C(i)) * log(L(i) / O(i)))
    root_mean(square);
}

static void ref_rvi(void)
{
    static double deviation[BARS];
    static double up[BARS];
    static double down[BARS];
    LET(c, C(i))
    roll(c, param[1], deviation_fn, deviation);
    LET(rising, isnan(deviation[i]) ? NONE : C(i) > C(i - 1) ? deviation[i] : 0)
    LET(falling, isnan(deviation[i]) ? NONE : C(i) < C(i - 1) ? deviation[i] : 0)
    wilder(rising, param[0], up);
    wilder(falling, param[0], down);
    OUT(0, 100 * over(up[i], up[i] + down[i], 0.5))
}

/* ---- volume ---- */

static double place(size_t i)
{
    return over(2 * C(i) - H(i) - L(i), H(i) - L(i), 0);
}

/* Sum of x since the first bar. */
static void cumulate(const double *x, double *out)
{
    for (size_t i = 0; i < BARS; i++) {
        out[i] = 0;
        for (size_t k = 0; k <= i; k++) {
            out[i] += x[k];
        }
    }
}

static void ref_obv(void)
{
    LET(x, i == 0 ? 0 : C(i) > C(i - 1) ? V(i) : C(i) < C(i - 1) ? -V(i) : 0)
    cumulate(x, outs[0]);
}

static void ref_ad(void)
{
    LET(x, V(i) * place(i))
    cumulate(x, outs[0]);
}

static void ref_adosc(void)
{
    static double line[BARS];
    static double fast[BARS];
    static double slow[BARS];
    LET(x, V(i) * place(i))
    cumulate(x, line);
    ema(line, param[0], fast);
    ema(line, param[1], slow);
    OUT(0, fast[i] - slow[i])
}

static void ref_cmf(void)
{
    static double flow[BARS];
    static double volume[BARS];
    LET(x, V(i) * place(i))
    LET(v, V(i))
    roll(x, param[0], sum_fn, flow);
    roll(v, param[0], sum_fn, volume);
    OUT(0, over(flow[i], volume[i], 0))
}

static void ref_force_index(void)
{
    LET(x, i > 0 ? (C(i) - C(i - 1)) * V(i) : NONE)
    ema(x, param[0], outs[0]);
}

static void ref_vpt(void)
{
    LET(x, i > 0 ? V(i) * (C(i) / C(i - 1) - 1) : 0)
    cumulate(x, outs[0]);
}

static void ref_emv(void)
{
    LET(x,
        i == 0 ? NONE
        : V(i) > 0
            ? (H(i) + L(i) - H(i - 1) - L(i - 1)) / 2 / (V(i) / (double)param[1] / (H(i) - L(i)))
            : 0)
    sma(x, param[0], outs[0]);
}

static void ref_volume_index(double sign)
{
    for (size_t i = 0; i < BARS; i++) {
        double value = 1000;
        for (size_t k = 1; k <= i; k++) {
            value *= sign * (V(k) - V(k - 1)) > 0 ? C(k) / C(k - 1) : 1;
        }
        outs[0][i] = value;
    }
}

static void ref_nvi(void)
{
    ref_volume_index(-1);
}

static void ref_pvi(void)
{
    ref_volume_index(1);
}

static void ref_kvo(void)
{
    static double force[BARS];
    static double fast[BARS];
    static double slow[BARS];
    static double signal[BARS];
    LET(sum, H(i) + L(i) + C(i))
    LET(range, H(i) - L(i))
    double trend = 0;
    double cumulated = 0;
    force[0] = NONE;
    for (size_t i = 1; i < BARS; i++) {
        const double before = trend;
        trend = sum[i] > sum[i - 1] ? 1 : sum[i] < sum[i - 1] ? -1 : trend;
        const bool is_same = fabs(trend - before) < 0.5;
        cumulated = range[i] + (is_same ? cumulated : range[i - 1]);
        const double share = over(range[i], cumulated, 0.5);
        force[i] = V(i) * fabs(2 * share - 1) * trend * 100;
    }
    ema(force, param[0], fast);
    ema(force, param[1], slow);
    LET(line, fast[i] - slow[i])
    ema(line, param[2], signal);
    OUT(0, isnan(signal[i]) ? NONE : line[i])
    OUT(1, signal[i])
}

static void ref_relative_volume(void)
{
    static double average[BARS];
    LET(v, V(i))
    sma(v, param[0], average);
    OUT(0, over(V(i), average[i], 1))
}

static void ref_wad(void)
{
    LET(x,
        i == 0            ? 0
        : C(i) > C(i - 1) ? C(i) - fmin(L(i), C(i - 1))
        : C(i) < C(i - 1) ? C(i) - fmax(H(i), C(i - 1))
                          : 0)
    cumulate(x, outs[0]);
    outs[0][0] = NONE;
}

/* Every bar's volume into its row, one after the other. */
static void ref_volume_profile(void)
{
    for (size_t i = (size_t)param[0] - 1; i < BARS; i++) {
        const size_t first = i + 1 - (size_t)param[0];
        double high = H(i);
        double low = L(i);
        double row[24] = {0};
        double whole = 0;
        for (size_t k = first; k <= i; k++) {
            high = fmax(high, H(k));
            low = fmin(low, L(k));
        }
        const double height = (high - low) / 24;
        for (size_t k = first; k <= i; k++) {
            const double typical = (H(k) + L(k) + C(k)) / 3;
            size_t at = 0;
            while (at < 23 && typical >= low + height * (double)(at + 1)) {
                at++;
            }
            row[at] += V(k);
            whole += V(k);
        }
        size_t bottom = 0;
        for (size_t k = 1; k < 24; k++) {
            bottom = row[k] > row[bottom] + 1e-9 ? k : bottom;
        }
        outs[0][i] = low + height * ((double)bottom + 0.5);
        size_t top = bottom;
        for (double inside = row[bottom]; inside < 0.7 * whole && (bottom > 0 || top < 23);) {
            const double above = top < 23 ? row[top + 1] : -1;
            const double below = bottom > 0 ? row[bottom - 1] : -1;
            top += above >= below ? 1 : 0;
            bottom -= above >= below ? 0 : 1;
            inside += fmax(above, below);
        }
        outs[1][i] = low + height * (double)(top + 1);
        outs[2][i] = low + height * (double)bottom;
    }
}

/* ---- statistics ---- */

static void ref_zscore(void)
{
    static double mean[BARS];
    static double deviation[BARS];
    LET(c, C(i))
    sma(c, param[0], mean);
    roll(c, param[0], deviation_fn, deviation);
    OUT(0, deviation[i] > 1e-10 ? (C(i) - mean[i]) / deviation[i] : 0 * deviation[i])
}

static double pearson(const double *x, const double *y, size_t i, int64_t n)
{
    const size_t first = i + 1 - (size_t)n;
    const double x_mean = mean_fn(&x[first], (size_t)n);
    const double y_mean = mean_fn(&y[first], (size_t)n);
    double xy = 0;
    double xx = 0;
    double yy = 0;
    for (size_t k = first; k <= i; k++) {
        xy += (x[k] - x_mean) * (y[k] - y_mean);
        xx += (x[k] - x_mean) * (x[k] - x_mean);
        yy += (y[k] - y_mean) * (y[k] - y_mean);
    }
    return xx > 1e-20 && yy > 1e-20 ? xy / sqrt(xx * yy) : 0;
}

static void ref_correlation(void)
{
    LET(c, C(i))
    LET(v, V(i))
    for (size_t i = (size_t)param[0] - 1; i < BARS; i++) {
        outs[0][i] = pearson(c, v, i, param[0]);
    }
}

static void ref_autocorrelation(void)
{
    LET(now, i > 0 ? log(C(i) / C(i - 1)) : NONE)
    LET(before, back(now, i, param[1]))
    for (size_t i = (size_t)(param[0] + param[1]); i < BARS; i++) {
        outs[0][i] = pearson(now, before, i, param[0]);
    }
}

static double skew_fn(const double *x, size_t n)
{
    const double square = central(x, n, 2);
    return square > 0 ? central(x, n, 3) / pow(square, 1.5) : 0;
}

static double kurtosis_fn(const double *x, size_t n)
{
    return central(x, n, 4) / pow(central(x, n, 2), 2) - 3;
}

static void ref_skew(void)
{
    LET(change, i > 0 ? log(C(i) / C(i - 1)) : NONE)
    roll(change, param[0], skew_fn, outs[0]);
}

static void ref_kurtosis(void)
{
    LET(change, i > 0 ? log(C(i) / C(i - 1)) : NONE)
    roll(change, param[0], kurtosis_fn, outs[0]);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

static double quantile_share;
static double quantile_fn(const double *x, size_t n)
{
    double sorted[BARS];
    memcpy(sorted, x, n * sizeof *x);
    qsort(sorted, n, sizeof *sorted, by_size);
    const double at = quantile_share * (double)(n - 1);
    const size_t below = (size_t)at;
    const size_t above = below + 1 < n ? below + 1 : below;
    return sorted[below] * (1 - (at - (double)below)) + sorted[above] * (at - (double)below);
}

static void ref_median(void)
{
    LET(c, C(i))
    quantile_share = 0.5;
    roll(c, param[0], quantile_fn, outs[0]);
}

static void ref_quantile(void)
{
    LET(c, C(i))
    quantile_share = param_e8(1);
    roll(c, param[0], quantile_fn, outs[0]);
}

static void ref_mean_deviation(void)
{
    LET(c, C(i))
    roll(c, param[0], mean_deviation_fn, outs[0]);
}

static void ref_minmax(void)
{
    LET(c, C(i))
    roll(c, param[0], max_fn, outs[0]);
    roll(c, param[0], min_fn, outs[1]);
}

static void ref_percent_rank(void)
{
    for (size_t i = (size_t)param[0]; i < BARS; i++) {
        double count = 0;
        for (size_t k = i - (size_t)param[0]; k < i; k++) {
            count += C(k) <= C(i) ? 1 : 0;
        }
        outs[0][i] = 100 * count / (double)param[0];
    }
}

static void ref_hurst(void)
{
    static double shorts[BARS];
    static double longs[BARS];
    LET(one, i > 0 ? pow(log(C(i) / C(i - 1)), 2) : NONE)
    LET(many, pow(log(C(i) / close_back(i, param[1])), 2))
    sma(one, param[0], shorts);
    sma(many, param[0], longs);
    OUT(0, log(longs[i] / shorts[i]) / log((double)param[1]) / 2)
    OUT(0, isnan(outs[0][i]) ? NONE : fmin(fmax(outs[0][i], 0), 1))
}

/* ---- patterns: each written as a sentence about bodies ---- */

static double body(size_t i)
{
    return C(i) - O(i);
}

static double sign_of(double value)
{
    return value > 0 ? 1 : value < 0 ? -1 : 0;
}

static void ref_doji(void)
{
    OUT(0, fabs(body(i)) <= param_e8(0) * (H(i) - L(i)) ? 1 : 0)
}

static void ref_marubozu(void)
{
    OUT(0, H(i) > L(i) && fabs(body(i)) / (H(i) - L(i)) >= param_e8(0) ? sign_of(body(i)) : 0)
}

static void ref_hammer(void)
{
    for (size_t i = (size_t)param[0]; i < BARS; i++) {
        const double before = close_back(i, param[0]);
        const double upper = H(i) - fmax(O(i), C(i));
        const double lower = fmin(O(i), C(i)) - L(i);
        const double size = fabs(body(i));
        outs[0][i] = 0;
        if (lower > 0 && lower >= 2 * size && 2 * upper <= size && fmax(O(i), C(i)) < before) {
            outs[0][i] = 1;
        } else if (upper > 0 && upper >= 2 * size && 2 * lower <= size &&
                   fmin(O(i), C(i)) > before) {
            outs[0][i] = -1;
        }
    }
}

/* Two bodies of opposite signs; covers: the new one reaches from beyond the old one's close to
 * beyond its open. */
static void ref_engulfing(void)
{
    for (size_t i = 1; i < BARS; i++) {
        const double s = sign_of(body(i));
        const bool is_opposite = s * body(i - 1) < 0;
        const bool covers = s * (C(i) - O(i - 1)) >= 0 && s * (O(i) - C(i - 1)) <= 0;
        outs[0][i] = is_opposite && covers && fabs(body(i)) > fabs(body(i - 1)) ? s : 0;
    }
}

static void ref_harami(void)
{
    for (size_t i = 1; i < BARS; i++) {
        const double s = sign_of(body(i));
        const bool is_opposite = s * body(i - 1) < 0;
        const bool is_inside = s * (O(i) - C(i - 1)) >= 0 && s * (C(i) - O(i - 1)) <= 0;
        outs[0][i] = is_opposite && is_inside && 2 * fabs(body(i)) < fabs(body(i - 1)) ? s : 0;
    }
}

static void ref_piercing(void)
{
    for (size_t i = 1; i < BARS; i++) {
        const double s = -sign_of(body(i - 1));
        const bool is_deep = s * (2 * C(i) - O(i - 1) - C(i - 1)) > 0 && s * (C(i) - O(i - 1)) < 0;
        outs[0][i] = s * (O(i) - C(i - 1)) <= 0 && is_deep ? s : 0;
    }
}

static void ref_star(void)
{
    for (size_t i = 2; i < BARS; i++) {
        const double s = -sign_of(body(i - 2));
        const bool is_small = fabs(body(i - 1)) < 0.3 * fabs(body(i - 2));
        const bool is_back = s * body(i) > 0 && s * (2 * C(i) - O(i - 2) - C(i - 2)) > 0;
        outs[0][i] = is_small && is_back ? s : 0;
    }
}

static void ref_three_soldiers(void)
{
    for (size_t i = 2; i < BARS; i++) {
        const double s = sign_of(body(i));
        bool is_march = s * body(i - 1) > 0 && s * body(i - 2) > 0;
        for (size_t k = i - 1; k <= i; k++) {
            is_march = is_march && s * (C(k) - C(k - 1)) > 0 && s * (O(k) - O(k - 1)) >= 0 &&
                       s * (C(k - 1) - O(k)) >= 0;
        }
        const double shadow = s > 0 ? H(i) - C(i) : C(i) - L(i);
        outs[0][i] = is_march && shadow <= 0.3 * (H(i) - L(i)) ? s : 0;
    }
}

static void ref_inside_bar(void)
{
    for (size_t i = 1; i < BARS; i++) {
        const double top = sign_of(H(i - 1) - H(i));
        const double bottom = sign_of(L(i) - L(i - 1));
        outs[0][i] = top + bottom > 1.5 ? 1 : top + bottom < -1.5 ? -1 : 0;
    }
}

static void ref_tweezer(void)
{
    for (size_t i = 1; i < BARS; i++) {
        const double s = sign_of(body(i));
        const double gap = s > 0 ? L(i) - L(i - 1) : H(i) - H(i - 1);
        const bool is_level = fabs(gap) <= param_e8(0) * (H(i - 1) - L(i - 1));
        outs[0][i] = s * body(i - 1) < 0 && is_level ? s : 0;
    }
}

/* ---- pivots ---- */

static int64_t session_of(size_t i)
{
    return bars[i].open_ts_ns / (param[0] * 3600 * CB_NS_PER_S);
}

/* High, low and close of the session before; of the bars so far in the first one. */
static void session_before(size_t i, double *high, double *low, double *close)
{
    const bool is_first = session_of(i) == session_of(0);
    const int64_t wanted = is_first ? session_of(0) : session_of(i) - 1;
    *high = -1;
    *low = 1e300;
    for (size_t k = 0; k <= i; k++) {
        if (session_of(k) == wanted) {
            *high = fmax(*high, H(k));
            *low = fmin(*low, L(k));
            *close = C(k);
        }
    }
}

static void ref_pivot(void)
{
    for (size_t i = 0; i < BARS; i++) {
        double h = 0;
        double l = 0;
        double c = 0;
        session_before(i, &h, &l, &c);
        const double p = (h + l + c) / 3;
        const double levels[] = {
            p, 2 * p - l, 2 * p - h, p + h - l, p - h + l, h + 2 * (p - l), l - 2 * (h - p)};
        for (size_t k = 0; k < 7; k++) {
            outs[k][i] = levels[k];
        }
    }
}

static void ref_pivot_fibonacci(void)
{
    for (size_t i = 0; i < BARS; i++) {
        double h = 0;
        double l = 0;
        double c = 0;
        session_before(i, &h, &l, &c);
        const double p = (h + l + c) / 3;
        const double r = h - l;
        const double levels[] = {
            p, p + 0.382 * r, p - 0.382 * r, p + 0.618 * r, p - 0.618 * r, p + r, p - r};
        for (size_t k = 0; k < 7; k++) {
            outs[k][i] = levels[k];
        }
    }
}

static void ref_pivot_camarilla(void)
{
    for (size_t i = 0; i < BARS; i++) {
        double h = 0;
        double l = 0;
        double c = 0;
        session_before(i, &h, &l, &c);
        const double r = 1.1 * (h - l);
        const double levels[] = {c + r / 12,
            c - r / 12,
            c + r / 6,
            c - r / 6,
            c + r / 4,
            c - r / 4,
            c + r / 2,
            c - r / 2};
        for (size_t k = 0; k < 8; k++) {
            outs[k][i] = levels[k];
        }
    }
}

static void ref_fractal(void)
{
    const size_t wing = (size_t)param[0];
    for (size_t i = 2 * wing; i < BARS; i++) {
        bool is_up = true;
        bool is_down = true;
        double high = H(i);
        double low = L(i);
        for (size_t k = i - 2 * wing; k <= i; k++) {
            is_up = is_up && H(k) <= H(i - wing);
            is_down = is_down && L(k) >= L(i - wing);
            high = fmax(high, H(k));
            low = fmin(low, L(k));
        }
        const bool is_first = i == 2 * wing;
        outs[0][i] = is_first ? high : is_up ? H(i - wing) : outs[0][i - 1];
        outs[1][i] = is_first ? low : is_down ? L(i - wing) : outs[1][i - 1];
    }
}

#endif /* TESTS_IND_REFERENCE_REST_H */
