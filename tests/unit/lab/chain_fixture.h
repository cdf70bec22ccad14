/* A chain over made-up history, for tests: random candles with what real ones have (silence, holes,
 * jumps, dust), a set-up by the services' own tables, and a hash of everything it says. */
#ifndef CHAIN_FIXTURE_H
#define CHAIN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/prng.h"
#include "services/lab/core/chain.h"
#include "services/lab/setup.h"

#define FIXTURE_START_NS INT64_C(1704067200000000000) /* 2024-01-01T00:00:00Z */
#define FIXTURE_MINUTE_NS INT64_C(60000000000)
#define FIXTURE_SYMBOLS_MAX 3

typedef struct fixture_series {
    lab_candles candles;
    int64_t *columns[7]; /* [owned] */
    uint32_t *trades;    /* [owned] */
} fixture_series;

/* What real history has besides prices, in parts of 1000 candles. */
typedef struct fixture_wild {
    uint32_t silent; /* without volume */
    uint32_t holes;  /* missing */
    uint32_t jumps;  /* by a few percent */
    uint32_t dust;   /* with hardly any volume */
    bool has_totals;
} fixture_wild;

static inline int64_t fixture_draw(cb_prng *prng, int64_t below)
{
    return (int64_t)cb_prng_below(prng, (uint64_t)below);
}

static inline bool fixture_hit(cb_prng *prng, uint32_t thousandths)
{
    return fixture_draw(prng, 1000) < (int64_t)thousandths;
}

/* Prices in cents, quantities in 1e-5. */
static inline void fixture_series_make(fixture_series *out,
    const char *symbol,
    uint64_t count,
    uint64_t seed,
    int64_t price_e8,
    const fixture_wild *wild)
{
    cb_prng prng;
    int64_t open_ns = FIXTURE_START_NS;
    cb_prng_init(&prng, seed);
    memset(out, 0, sizeof(*out));
    for (uint32_t i = 0; i < 7; i++) {
        out->columns[i] = calloc(count, sizeof(int64_t));
        assert_non_null(out->columns[i]);
    }
    out->trades = calloc(count, sizeof(uint32_t));
    assert_non_null(out->trades);
    const int64_t tick_e8 = CB_E8 / 100;
    const int64_t range = price_e8 / 500;
    for (uint64_t i = 0; i < count; i++) {
        const int64_t drift = (int64_t)(i / 97 % 3) - 1; /* trends, so that strategies act */
        if (fixture_hit(&prng, wild->jumps)) {
            price_e8 += (fixture_draw(&prng, 3) - 1) * price_e8 / 20;
        }
        const int64_t open_e8 = price_e8;
        int64_t close_e8 = open_e8 + fixture_draw(&prng, range) - range / 2 + drift * range / 6;
        close_e8 = close_e8 < 100 * tick_e8 ? 100 * tick_e8 : close_e8;
        const int64_t top = open_e8 > close_e8 ? open_e8 : close_e8;
        const int64_t bottom = open_e8 < close_e8 ? open_e8 : close_e8;
        int64_t values[7] = {open_ns,
            open_e8,
            top + fixture_draw(&prng, range / 3),
            bottom - fixture_draw(&prng, range / 3),
            close_e8,
            (1 + fixture_draw(&prng, 2000000)) * 1000,
            0};
        for (uint32_t c = 1; c <= 4; c++) {
            values[c] -= values[c] % tick_e8;
        }
        values[5] = fixture_hit(&prng, wild->dust) ? 4000 : values[5];
        if (fixture_hit(&prng, wild->silent)) {
            values[2] = values[3] = values[4] = values[1];
            values[5] = 0;
        }
        values[6] = (int64_t)((cb_i128)values[5] * ((values[2] + values[3]) / 2) / CB_E8);
        for (uint32_t c = 0; c < 7; c++) {
            out->columns[c][i] = values[c];
        }
        out->trades[i] = values[5] == 0 ? 0 : 1U + (uint32_t)fixture_draw(&prng, 500);
        price_e8 = values[4];
        open_ns += FIXTURE_MINUTE_NS * (fixture_hit(&prng, wild->holes) ? 3 : 1);
    }
    lab_candles *candles = &out->candles;
    (void)snprintf(candles->symbol, sizeof(candles->symbol), "%s", symbol);
    (void)snprintf(candles->venue, sizeof(candles->venue), "binance");
    candles->timeframe_ns = FIXTURE_MINUTE_NS;
    candles->count = count;
    candles->open_ts_ns = out->columns[0];
    candles->open_e8 = out->columns[1];
    candles->high_e8 = out->columns[2];
    candles->low_e8 = out->columns[3];
    candles->close_e8 = out->columns[4];
    candles->volume_e8 = out->columns[5];
    candles->quote_volume_e8 = wild->has_totals ? out->columns[6] : NULL;
    candles->trades_count = wild->has_totals ? out->trades : NULL;
}

static inline void fixture_series_free(fixture_series *series)
{
    for (uint32_t i = 0; i < 7; i++) {
        free(series->columns[i]);
    }
    free(series->trades);
}

/* ---- a chain ---- */
typedef struct fixture {
    lab_setup setup;
    lab_chain_config config;
    lab_chain *chain;
    void *memory;
    size_t size;
} fixture;

static inline fixture *fixture_open(fixture_series *series,
    uint32_t count,
    const lab_setup_setting *settings,
    size_t settings_count,
    const lab_chain_config *wish)
{
    static const char symbols[FIXTURE_SYMBOLS_MAX][LAB_SYMBOL_SIZE] = {
        "BTCUSDT", "ETHUSDT", "SOLUSDT"};
    cb_err err = {0};
    fixture *self = calloc(1, sizeof(*self));
    assert_non_null(self);
    const lab_setup_request request = {.symbols = symbols,
        .symbols_count = count,
        .settings = settings,
        .settings_count = settings_count};
    if (lab_setup_load(&self->setup, &request, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    self->config = *wish;
    lab_setup_apply(&self->setup, count, &self->config);
    for (uint32_t i = 0; i < count; i++) {
        self->config.symbols[i].candles = &series[i].candles;
        lab_chain_fit(&self->config.symbols[i]);
    }
    if (lab_chain_check(&self->config, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    self->size = lab_chain_size(&self->config);
    self->memory = mmap(NULL,
        self->size,
        PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
        -1,
        0);
    assert_true(self->memory != MAP_FAILED);
    self->chain = lab_chain_create(&self->config, self->memory, self->size);
    return self;
}

static inline lab_totals fixture_run(fixture *self)
{
    lab_totals totals;
    while (lab_chain_run(self->chain, 1000)) {
    }
    lab_chain_finish(self->chain);
    lab_chain_totals(self->chain, 0, &totals);
    return totals;
}

static inline void fixture_close(fixture *self)
{
    (void)munmap(self->memory, self->size);
    free(self);
}

#endif /* CHAIN_FIXTURE_H */
