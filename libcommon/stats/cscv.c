/* CSCV from sums per block: a combination needs additions only, so that thousands of combinations
 * of a thousand trials are a matter of a second. */
#include "stats/cscv.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"

/* Sums over some periods, from which a Sharpe ratio follows. */
typedef struct span {
    double sum;
    double squares;
} span;

uint64_t cb_cscv_combinations(uint32_t blocks)
{
    CB_ASSERT(blocks % 2 == 0 && blocks <= CB_CSCV_BLOCKS_MAX);
    uint64_t combinations = 1;
    for (uint32_t i = 1; i <= blocks / 2; i++) {
        combinations = combinations * (blocks / 2 + i) / i;
    }
    return combinations;
}

size_t cb_cscv_scratch(size_t trials, uint32_t blocks)
{
    return trials * (2 * ((size_t)blocks + 1) + 1);
}

/* Sums of every block and, behind them, of all; per trial. */
static void add_up(const cb_cscv_input *input, size_t block_size)
{
    const size_t trials = input->trials;
    const size_t first = input->periods - block_size * input->blocks;
    double *sums = input->scratch;
    double *squares = sums + trials * (input->blocks + 1);
    memset(sums, 0, 2 * trials * ((size_t)input->blocks + 1) * sizeof(double));
    for (size_t i = 0; i < block_size * input->blocks; i++) {
        const double *row = input->returns + (first + i) * trials;
        const size_t block = i / block_size;
        for (size_t k = 0; k < trials; k++) {
            sums[block * trials + k] += row[k];
            squares[block * trials + k] += row[k] * row[k];
            sums[input->blocks * trials + k] += row[k];
            squares[input->blocks * trials + k] += row[k] * row[k];
        }
    }
}

/* Sharpe ratio of one period; 0 for what hardly varies (a trial that never traded). */
static double sharpe_of(span of, double count)
{
    const double variance = (of.squares - of.sum * of.sum / count) / (count - 1);
    if (variance <= 1e-12 * of.squares / count) {
        return 0;
    }
    return of.sum / count / sqrt(variance);
}

/* What a combination says: the best trial inside, and how it does outside. */
typedef struct verdict {
    double inside;
    double outside;
    double logit;
} verdict;

static verdict judge(const cb_cscv_input *input, size_t block_size, uint32_t mask)
{
    const size_t trials = input->trials;
    const uint32_t blocks = input->blocks;
    const double *sums = input->scratch;
    const double *squares = sums + trials * (blocks + 1);
    double *outside = input->scratch + 2 * trials * ((size_t)blocks + 1);
    const size_t half = block_size * blocks / 2; /* blocks are even */
    const double count = (double)half;
    verdict v = {.inside = -(double)INFINITY};
    size_t best = 0;
    for (size_t k = 0; k < trials; k++) {
        span in = {0};
        for (uint32_t b = 0; b < blocks; b++) {
            if ((mask >> b & 1) != 0) {
                in.sum += sums[b * trials + k];
                in.squares += squares[b * trials + k];
            }
        }
        const span out = {.sum = sums[blocks * trials + k] - in.sum,
            .squares = squares[blocks * trials + k] - in.squares};
        const double sharpe = sharpe_of(in, count);
        outside[k] = sharpe_of(out, count);
        if (sharpe > v.inside) {
            v.inside = sharpe;
            best = k;
        }
    }
    v.outside = outside[best];
    double rank = 0.5; /* of equals it is in the middle */
    for (size_t k = 0; k < trials; k++) {
        rank += outside[k] < v.outside ? 1 : (outside[k] > v.outside ? 0 : 0.5);
    }
    v.logit = log(rank / ((double)trials + 1 - rank));
    return v;
}

/* Sums from which the line through (inside, outside) follows. */
typedef struct totals {
    double inside;
    double outside;
    double inside_square;
    double outside_square;
    double product;
    uint64_t worse;
    uint64_t losses;
} totals;

static void count_in(totals *t, const verdict *v)
{
    t->inside += v->inside;
    t->outside += v->outside;
    t->inside_square += v->inside * v->inside;
    t->outside_square += v->outside * v->outside;
    t->product += v->inside * v->outside;
    t->worse += v->logit <= 0;
    t->losses += v->outside < 0;
}

static cb_cscv_result result_of(const totals *t, uint64_t combinations)
{
    const double n = (double)combinations;
    const double xx = t->inside_square - t->inside * t->inside / n;
    const double yy = t->outside_square - t->outside * t->outside / n;
    const double xy = t->product - t->inside * t->outside / n;
    return (cb_cscv_result){.overfitting = (double)t->worse / n,
        .loss = (double)t->losses / n,
        .slope = xx > 0 ? xy / xx : 0,
        .r_squared = xx > 0 && yy > 0 ? xy * xy / (xx * yy) : 0,
        .inside_mean = t->inside / n,
        .outside_mean = t->outside / n,
        .combinations = combinations};
}

bool cb_cscv(const cb_cscv_input *input, cb_cscv_result *out)
{
    CB_ASSERT(input != NULL && out != NULL);
    if (input->trials < 2 || input->blocks < 2 || input->blocks % 2 != 0 ||
        input->blocks > CB_CSCV_BLOCKS_MAX) {
        return false;
    }
    const size_t block_size = input->periods / input->blocks;
    if (block_size < 2) {
        return false;
    }
    CB_ASSERT(input->returns != NULL && input->scratch != NULL);
    add_up(input, block_size);
    totals t = {0};
    uint64_t done = 0;
    const uint64_t end = UINT64_C(1) << input->blocks;
    /* Gosper's way from one number with so many bits to the next. */
    for (uint64_t mask = (UINT64_C(1) << input->blocks / 2) - 1; mask < end;) {
        const verdict v = judge(input, block_size, (uint32_t)mask);
        if (input->logits != NULL) {
            input->logits[done] = v.logit;
        }
        count_in(&t, &v);
        done++;
        const uint64_t lowest = mask & (0 - mask);
        const uint64_t carried = mask + lowest;
        mask = (((mask ^ carried) >> 2) / lowest) | carried;
    }
    CB_ASSERT(done == cb_cscv_combinations(input->blocks));
    *out = result_of(&t, done);
    return true;
}
