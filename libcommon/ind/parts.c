/* Building blocks of indicators that are too long for the header. Each does one thing per value, in
 * constant time on average. */
#include "ind/parts.h"

#include <math.h>

#include "base/assert.h"
#include "base/timefmt.h"

#define DEVIATION_RATIO_MIN 1e-12

_Static_assert(sizeof(cb_ind_candidate) == 2 * sizeof(double), "a candidate is two words");

double cb_ind_sum(const double *values, uint64_t count)
{
    double sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return sum;
}

void cb_ind_clear(double *values, uint64_t count)
{
    CB_ASSERT(values != NULL || count == 0);
    for (uint64_t i = 0; i < count; i++) {
        values[i] = 0;
    }
}

void cb_ind_weighted_init(cb_ind_weighted *weighted, uint64_t capacity)
{
    CB_ASSERT(weighted != NULL);
    *weighted = (cb_ind_weighted){.sum = 0};
    cb_ind_window_init(&weighted->window, capacity);
}

/* From the oldest, which lies where the next value goes. */
static double weighted_sum(const cb_ind_window *window, const double *values)
{
    double sum = 0;
    double weight = 1;
    for (uint64_t i = window->next; i < window->capacity; i++) {
        sum += weight * values[i];
        weight += 1;
    }
    for (uint64_t i = 0; i < window->next; i++) {
        sum += weight * values[i];
        weight += 1;
    }
    return sum;
}

bool cb_ind_weighted_push(cb_ind_weighted *weighted, double *values, double value, double *out)
{
    CB_ASSERT(weighted != NULL && out != NULL);
    cb_ind_window *window = &weighted->window;
    const bool was_full = window->count == window->capacity;
    const double before = window->sum;
    double dropped = 0;
    const bool is_full = cb_ind_window_push(window, values, value, &dropped);
    if (!was_full) {
        weighted->sum += (double)window->count * value;
    } else {
        /* Every old value loses one weight, the oldest its last. */
        weighted->sum += (double)window->capacity * value - before;
    }
    if (!is_full) {
        return false;
    }
    const double scale = fabs(window->sum);
    if (window->next == 0 || fabs(dropped) > CB_IND_CANCELLATION_RATIO * scale) {
        weighted->sum = weighted_sum(window, values);
    }
    const double count = (double)window->capacity;
    *out = weighted->sum * 2.0 / (count * (count + 1.0));
    return true;
}

void cb_ind_spread_init(cb_ind_spread *spread, uint64_t capacity)
{
    CB_ASSERT(spread != NULL);
    *spread = (cb_ind_spread){.mean = 0};
    cb_ind_window_init(&spread->window, capacity);
}

static double squares_of(const cb_ind_spread *spread, const double *values)
{
    double squares = 0;
    for (uint64_t i = 0; i < spread->window.capacity; i++) {
        const double deviation = values[i] - spread->mean;
        squares += deviation * deviation;
    }
    return squares;
}

/* Subtracting large squares would lose all digits of a small deviation; Welford's update follows
 * the window instead. Built anew each time the window has gone round, and when what left outweighs
 * what remains. */
bool cb_ind_spread_push(cb_ind_spread *spread, double *values, double value)
{
    CB_ASSERT(spread != NULL && values != NULL);
    cb_ind_window *window = &spread->window;
    double dropped = 0;
    if (!cb_ind_window_push(window, values, value, &dropped)) {
        return false;
    }
    const double mean_before = spread->mean;
    spread->mean = cb_ind_window_mean(window);
    const double change = (value - dropped) * (value - spread->mean + dropped - mean_before);
    spread->squares += change;
    if (window->next == 0 || fabs(change) > CB_IND_CANCELLATION_RATIO * fabs(spread->squares)) {
        spread->squares = squares_of(spread, values);
    }
    return true;
}

double cb_ind_spread_deviation(const cb_ind_spread *spread)
{
    CB_ASSERT(spread != NULL);
    const double variance = spread->squares / (double)spread->window.capacity;
    const double deviation = sqrt(variance > 0 ? variance : 0);
    return deviation > DEVIATION_RATIO_MIN * fabs(spread->mean) ? deviation : 0;
}

void cb_ind_pair_init(cb_ind_pair *pair, uint64_t capacity)
{
    CB_ASSERT(pair != NULL);
    *pair = (cb_ind_pair){.common = 0};
    cb_ind_spread_init(&pair->x, capacity);
    cb_ind_spread_init(&pair->y, capacity);
}

static double common_of(const cb_ind_pair *pair, const double *values)
{
    const uint64_t capacity = pair->x.window.capacity;
    double common = 0;
    for (uint64_t i = 0; i < capacity; i++) {
        common += (values[i] - pair->x.mean) * (values[capacity + i] - pair->y.mean);
    }
    return common;
}

/* Around the means of before, what both had in common then is the plain sum of products; the new
 * means differ from them by little. */
bool cb_ind_pair_push(cb_ind_pair *pair, double *values, double x, double y)
{
    CB_ASSERT(pair != NULL && values != NULL);
    const uint64_t capacity = pair->x.window.capacity;
    const uint64_t slot = pair->x.window.next;
    const bool was_full = pair->x.window.count == capacity;
    const double x_mean = pair->x.mean;
    const double y_mean = pair->y.mean;
    const double dropped = (values[slot] - x_mean) * (values[capacity + slot] - y_mean);
    (void)cb_ind_spread_push(&pair->x, values, x);
    if (!cb_ind_spread_push(&pair->y, values + capacity, y)) {
        return false;
    }
    const double shift = (double)capacity * (pair->x.mean - x_mean) * (pair->y.mean - y_mean);
    pair->common += (x - x_mean) * (y - y_mean) - dropped - shift;
    const double scale = sqrt(fabs(pair->x.squares * pair->y.squares));
    if (!was_full || pair->x.window.next == 0 ||
        fabs(dropped) > CB_IND_CANCELLATION_RATIO * scale) {
        pair->common = common_of(pair, values);
    }
    return true;
}

double cb_ind_pair_correlation(const cb_ind_pair *pair)
{
    CB_ASSERT(pair != NULL);
    const bool is_flat =
        !(cb_ind_spread_deviation(&pair->x) > 0) || !(cb_ind_spread_deviation(&pair->y) > 0);
    if (is_flat) {
        return 0;
    }
    const double value = pair->common / (sqrt(pair->x.squares) * sqrt(pair->y.squares));
    if (value > 1) {
        return 1;
    }
    return value < -1 ? -1 : value;
}

void cb_ind_moments_init(cb_ind_moments *moments, uint64_t capacity)
{
    CB_ASSERT(moments != NULL);
    *moments = (cb_ind_moments){.anchor = 0};
    cb_ind_window_init(&moments->window, capacity);
}

static void add_powers(double sums[4], double value, double sign)
{
    double power = value;
    for (uint32_t i = 0; i < 4; i++) {
        sums[i] += sign * power;
        power *= value;
    }
}

static void rebuild_moments(cb_ind_moments *moments, const double *values)
{
    moments->anchor = cb_ind_window_mean(&moments->window);
    cb_ind_clear(moments->sums, 4);
    for (uint64_t i = 0; i < moments->window.capacity; i++) {
        add_powers(moments->sums, values[i] - moments->anchor, 1);
    }
}

bool cb_ind_moments_push(cb_ind_moments *moments, double *values, double value)
{
    CB_ASSERT(moments != NULL && values != NULL);
    const bool was_full = moments->window.count == moments->window.capacity;
    double dropped = 0;
    if (!cb_ind_window_push(&moments->window, values, value, &dropped)) {
        return false;
    }
    const double away = was_full ? dropped - moments->anchor : 0;
    if (was_full) {
        add_powers(moments->sums, away, -1);
        add_powers(moments->sums, value - moments->anchor, 1);
    }
    const double fourth = away * away * away * away;
    if (!was_full || moments->window.next == 0 ||
        fourth > CB_IND_CANCELLATION_RATIO * fabs(moments->sums[3])) {
        rebuild_moments(moments, values);
    }
    return true;
}

void cb_ind_moments_central(const cb_ind_moments *moments, double out[3])
{
    CB_ASSERT(moments != NULL && out != NULL);
    const double count = (double)moments->window.capacity;
    const double m = moments->sums[0] / count;
    const double s2 = moments->sums[1] / count;
    const double s3 = moments->sums[2] / count;
    const double s4 = moments->sums[3] / count;
    out[0] = s2 - m * m;
    out[1] = s3 - 3 * m * s2 + 2 * m * m * m;
    out[2] = s4 - 4 * m * s3 + 6 * m * m * s2 - 3 * m * m * m * m;
    const double least = DEVIATION_RATIO_MIN * fabs(moments->anchor + m);
    if (!(out[0] > least * least) || !(out[0] > 1e-24)) {
        cb_ind_clear(out, 3);
    }
}

void cb_ind_rsi_init(cb_ind_rsi *rsi, uint64_t period)
{
    CB_ASSERT(rsi != NULL);
    *rsi = (cb_ind_rsi){.has_previous = 0};
    cb_ind_wilder_init(&rsi->gain, period);
    cb_ind_wilder_init(&rsi->loss, period);
}

bool cb_ind_rsi_push(cb_ind_rsi *rsi, double close, double *out)
{
    CB_ASSERT(rsi != NULL && out != NULL);
    CB_ASSERT(isfinite(close));
    const bool has_previous = rsi->has_previous != 0;
    const double change = has_previous ? close - rsi->previous : 0;
    rsi->previous = close;
    rsi->has_previous = 1;
    if (!has_previous) {
        return false;
    }
    const bool is_warm = cb_ind_ema_push(&rsi->gain, change > 0 ? change : 0);
    (void)cb_ind_ema_push(&rsi->loss, change < 0 ? -change : 0);
    if (!is_warm) {
        return false;
    }
    /* 100 - 100 / (1 + gain / loss), without the division by a loss of zero. A price that never
     * moved has no strength either way: 50. */
    const double whole = rsi->gain.value + rsi->loss.value;
    /* The quotient first: it is at most 1, while 100 * gain / gain may round to above 100. */
    *out = whole > 0 ? 100.0 * (rsi->gain.value / whole) : 50.0;
    return true;
}

void cb_ind_session_init(cb_ind_session *session, int64_t hours)
{
    CB_ASSERT(session != NULL);
    CB_ASSERT(hours > 0);
    *session = (cb_ind_session){.length_ns = hours * 3600 * CB_NS_PER_S, .number = -1};
}

void cb_ind_session_push(
    cb_ind_session *session, const cb_bar *bar, double *high, double *low, double *close)
{
    CB_ASSERT(session != NULL && bar != NULL);
    CB_ASSERT(bar->open_ts_ns >= 0);
    const int64_t number = bar->open_ts_ns / session->length_ns;
    double *now = session->now;
    if (number != session->number) {
        session->has_ended = session->number >= 0 ? 1 : 0;
        for (uint32_t i = 0; i < 3; i++) {
            session->before[i] = now[i];
        }
        session->number = number;
        now[0] = bar->high;
        now[1] = bar->low;
    }
    now[0] = bar->high > now[0] ? bar->high : now[0];
    now[1] = bar->low < now[1] ? bar->low : now[1];
    now[2] = bar->close;
    const double *from = session->has_ended != 0 ? session->before : now;
    *high = from[0];
    *low = from[1];
    *close = from[2];
}

bool cb_ind_bar_is_finite(const cb_bar *bar)
{
    CB_ASSERT(bar != NULL);
    return isfinite(bar->open) && isfinite(bar->high) && isfinite(bar->low) &&
           isfinite(bar->close) && isfinite(bar->volume);
}
