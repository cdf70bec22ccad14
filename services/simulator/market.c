/* The market's own time: which event is next, playing it, and telling what piled up. Wall time and
 * waiting for others stand in pace.c and lockstep.c. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "services/simulator/core/history.h"
#include "services/simulator/simulator.h"

#define FAST_NS (100 * CB_NS_PER_MS)
#define SLOW_NS CB_NS_PER_S
#define CANDLES_NS (2 * CB_NS_PER_S)
#define AGENT_ORDERS_MAX 4096
#define AGENT_MINUTES 100000 /* of history kept: over two months */
#define AGENTS_START_GRID_NS (60 * CB_NS_PER_S)

static void sink(void *context, const sim_event *event)
{
    simulator *self = context;
    const bool is_new = event->type == SIM_EVENT_EXECUTION && event->execution == SIM_EXECUTION_NEW;
    if (is_new && (!sim_type_is_stop(event->order->type) || event->order->working_ns == 0)) {
        cb_metric_add(self->orders, 1); /* a stop is told as NEW again when it is triggered */
    }
    sim_journal_event(self, event);
    sim_ws_event(self->ws, event);
}

/* ---- memory and instruments ---- */

static sim_config core_config(const simulator *self, uint64_t minutes_max)
{
    const sim_settings *settings = self->settings;
    sim_config config = {
        .orders_max = (uint32_t)settings->orders_max,
        .agent_orders_max = AGENT_ORDERS_MAX,
        .trades_max = (uint32_t)settings->trades_max,
        .minutes_max = (uint32_t)minutes_max,
        .has_deadman = settings->has_deadman,
        .fee_maker_e8 = settings->fee_maker_e8,
        .fee_taker_e8 = settings->fee_taker_e8,
        .fee_asset_price_e8 = settings->fee_asset_price_e8,
        .fee_asset_factor_e8 = settings->fee_asset_factor_e8,
        .is_replay = self->mode == SIM_MODE_REPLAY,
        .sink = sink,
    };
    (void)cb_text_copy(config.fee_asset, sizeof(config.fee_asset), cb_sv_from(settings->fee_asset));
    return config;
}

/* Address space; pages are taken when they are touched. */
static cb_status allocate(
    simulator *self, const sim_config *config, uint32_t symbols_count, cb_err *err)
{
    self->block_size = sim_arena_size(config, symbols_count);
    self->block = mmap(NULL,
        self->block_size,
        PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
        -1,
        0);
    if (self->block == MAP_FAILED) {
        self->block = NULL;
        return CB_FAIL(err, CB_E_FULL, "no memory for %zu bytes of books", self->block_size);
    }
    return CB_OK;
}

static cb_status add_symbols(
    simulator *self, const char (*names)[24], uint32_t count, cb_arena *arena, cb_err *err)
{
    for (uint32_t i = 0; i < count; i++) {
        sim_spec spec;
        cb_status status = sim_instrument(names[i], self->settings->instruments, &spec, err);
        if (status != CB_OK) {
            return status;
        }
        spec.orders_max = (uint32_t)self->settings->open_orders_max;
        for (uint32_t s = 0; s < self->sources_count; s++) {
            sim_source *source = &self->sources[s];
            if (strcmp(source->symbol, names[i]) != 0) {
                continue;
            }
            /* Recorded data may need a finer grid than the instrument has today. */
            if (source->tick_e8 < spec.tick_e8) {
                spec.tick_e8 = source->tick_e8;
                spec.price_min_e8 = source->tick_e8;
            }
            if (source->play.step_e8 < spec.step_e8) {
                spec.step_e8 = source->play.step_e8;
                spec.qty_min_e8 = source->play.step_e8;
            }
            source->play.step_e8 = spec.step_e8;
            source->index = i;
        }
        status = sim_add_symbol(self->sim, &spec, arena, err);
        if (status != CB_OK) {
            return status;
        }
    }
    return CB_OK;
}

/* "USDT:100000,BTC:0" */
static cb_status deposit(simulator *self, uint32_t account, const char *list, cb_err *err)
{
    char item[64];
    for (size_t i = 0; cb_config_list_item(list, i, item, sizeof(item)); i++) {
        char name[12];
        int64_t amount_e8 = 0;
        const char *colon = strchr(item, ':');
        if (colon == NULL ||
            !cb_text_copy(name, sizeof(name), (cb_strview){item, (size_t)(colon - item)}) ||
            cb_decimal_parse(colon + 1, strlen(colon + 1), &amount_e8, NULL) != CB_OK ||
            amount_e8 < 0) {
            return CB_FAIL(err, CB_E_CONFIG, "accounts.main: '%s' is not ASSET:AMOUNT", item);
        }
        const uint32_t asset = sim_asset(self->sim, name);
        if (asset == SIM_NONE || !sim_transfer(self->sim, account, asset, amount_e8)) {
            return CB_FAIL(err, CB_E_CONFIG, "accounts.main: cannot deposit '%s'", item);
        }
    }
    return CB_OK;
}

static cb_status open_core(simulator *self,
    const char (*names)[24],
    uint32_t count,
    uint64_t minutes_max,
    int64_t start_ns,
    cb_err *err)
{
    cb_arena arena;
    const sim_config config = core_config(self, minutes_max);
    cb_status status = allocate(self, &config, count, err);
    if (status != CB_OK) {
        return status;
    }
    cb_arena_init(&arena, self->block, self->block_size);
    sim_init(self->sim, &config, &arena, count);
    self->sim->config.sink_context = self;
    sim_set_now(self->sim, start_ns);
    status = add_symbols(self, names, count, &arena, err);
    if (status != CB_OK) {
        return status;
    }
    cb_arena_seal(&arena);
    status = sim_add_account(self->sim,
        "main",
        self->settings->api_key,
        self->settings->api_secret,
        true,
        &self->main_account,
        err);
    return status != CB_OK ? status
                           : deposit(self, self->main_account, self->settings->balances_main, err);
}

/* ---- replay ---- */

static cb_status scan_sources(simulator *self, int64_t *start_ns, uint64_t *minutes, cb_err *err)
{
    const sim_settings *settings = self->settings;
    int64_t from_ns = 0;
    int64_t to_ns = INT64_MAX;
    cb_status status = sim_settings_time("replay.from", settings->from, 0, &from_ns, err);
    if (status == CB_OK) {
        status = sim_settings_time("replay.to", settings->to, INT64_MAX, &to_ns, err);
    }
    *start_ns = INT64_MAX;
    *minutes = 0;
    for (uint32_t i = 0; i < self->sources_count && status == CB_OK; i++) {
        sim_source *source = &self->sources[i];
        source->from_ns = from_ns;
        source->to_ns = to_ns;
        source->skips_bad = settings->on_bad == 1;
        source->warmup = settings->warmup;
        status = sim_source_scan(source, self->log, err);
        if (status != CB_OK) {
            break;
        }
        *start_ns = source->first_ns < *start_ns ? source->first_ns : *start_ns;
        const uint64_t span =
            (uint64_t)(source->last_ns - source->first_ns) / (60 * (uint64_t)CB_NS_PER_S);
        const uint64_t warmup =
            source->warmup *
            ((uint64_t)source->play.interval_ns / (60 * (uint64_t)CB_NS_PER_S) + 1);
        *minutes = span + warmup + 10000 > *minutes ? span + warmup + 10000 : *minutes;
    }
    return status;
}

static cb_status open_replay(simulator *self, cb_err *err)
{
    char names[SIM_SYMBOLS_MAX][24];
    int64_t start_ns = 0;
    uint64_t minutes = 0;
    self->sources = calloc(SIM_SYMBOLS_MAX, sizeof(*self->sources));
    CB_ASSERT(self->sources != NULL);
    cb_status status = sim_sources_parse(
        self->settings->replay, self->sources, SIM_SYMBOLS_MAX, &self->sources_count, err);
    if (status == CB_OK) {
        status = scan_sources(self, &start_ns, &minutes, err);
    }
    for (uint32_t i = 0; i < self->sources_count && status == CB_OK; i++) {
        memcpy(names[i], self->sources[i].symbol, sizeof(names[i]));
    }
    if (status == CB_OK) {
        status =
            open_core(self, (const char(*)[24])names, self->sources_count, minutes, start_ns, err);
    }
    for (uint32_t i = 0; i < self->sources_count && status == CB_OK; i++) {
        status = sim_source_open(&self->sources[i], self->sim, &self->shape, err);
    }
    return status;
}

/* ---- agents ---- */

static cb_status read_symbols(
    const simulator *self, char (*names)[24], uint32_t *count, cb_err *err)
{
    *count = 0;
    while (cb_config_list_item(self->settings->symbols, *count, names[*count], 24)) {
        (*count)++;
        if (*count == SIM_SYMBOLS_MAX) {
            return CB_FAIL(err, CB_E_CONFIG, "symbols: more than %d", SIM_SYMBOLS_MAX - 1);
        }
    }
    return *count > 0 ? CB_OK : CB_FAIL(err, CB_E_CONFIG, "symbols: none is named");
}

/* Lets the population make its history, unseen. */
static void preroll(simulator *self, int64_t until_ns)
{
    self->sim->is_muted = true;
    for (;;) {
        const int64_t next_ns = sim_market_next_ns(self);
        if (next_ns > until_ns) {
            break;
        }
        sim_set_now(self->sim, next_ns);
        for (uint32_t i = 0; i < self->sim->symbols_count; i++) {
            sim_close_candles(self->sim, i);
            sim_market_play(self, i);
        }
    }
    sim_set_now(self->sim, until_ns);
    for (uint32_t i = 0; i < self->sim->symbols_count; i++) {
        sim_close_candles(self->sim, i);
        sim_flush(self->sim, i, true);
        sim_flush_candles(self->sim, i);
    }
    self->sim->is_muted = false;
}

static cb_status open_agents(simulator *self, cb_err *err)
{
    char names[SIM_SYMBOLS_MAX][24];
    uint32_t count = 0;
    int64_t start_ns = 0;
    cb_status status = read_symbols(self, names, &count, err);
    if (status == CB_OK) {
        status = sim_settings_time(
            "agents.start", self->settings->agents_start, cb_wall_ns(), &start_ns, err);
    }
    if (status != CB_OK) {
        return status;
    }
    const int64_t began_mono_ns = cb_mono_ns();
    int64_t preroll_ns = start_ns - self->settings->preroll_ns;
    preroll_ns -= preroll_ns % AGENTS_START_GRID_NS;
    status = open_core(self, (const char(*)[24])names, count, AGENT_MINUTES, preroll_ns, err);
    self->crowds = calloc(SIM_SYMBOLS_MAX, sizeof(*self->crowds));
    CB_ASSERT(self->crowds != NULL);
    for (uint32_t i = 0; i < count && status == CB_OK; i++) {
        int64_t price_e8 = sim_instrument_start_price(names[i]);
        price_e8 = price_e8 == 0 ? 100 * CB_E8 : price_e8;
        status =
            sim_crowd_init(&self->crowds[i], self->sim, i, self->settings->agents, price_e8, err);
        self->crowds_count++;
    }
    if (status != CB_OK) {
        return status;
    }
    preroll(self, start_ns);
    CB_LOG(self->log,
        CB_LOG_INFO,
        "agents_ready",
        CB_KI("seed", self->settings->agents),
        CB_KI("history_minutes", sim_candles_kept(&self->sim->symbols[0].minutes)),
        CB_KI("ms", (cb_mono_ns() - began_mono_ns) / CB_NS_PER_MS));
    return CB_OK;
}

cb_status sim_market_open(simulator *self, cb_err *err)
{
    const sim_settings *settings = self->settings;
    self->mode = settings->replay[0] != '\0' ? SIM_MODE_REPLAY : SIM_MODE_AGENTS;
    self->shape = (sim_synthetic){
        .spread_ticks = (uint32_t)settings->spread_ticks,
        .gap_ticks = (uint32_t)settings->gap_ticks,
        .levels = (uint32_t)settings->levels,
        .depth_quote_e8 = settings->depth_quote_e8,
    };
    return self->mode == SIM_MODE_REPLAY ? open_replay(self, err) : open_agents(self, err);
}

void sim_market_close(simulator *self)
{
    for (uint32_t i = 0; i < self->sources_count; i++) {
        sim_source_close(&self->sources[i]);
    }
    free(self->sources);
    free(self->crowds);
    if (self->block != NULL) {
        (void)munmap(self->block, self->block_size);
    }
}

/* ---- running ---- */

/* After the last row its own candle still ends; flat minutes do not follow for ever. */
static bool is_close_wanted(const simulator *self, uint32_t index)
{
    if (self->mode != SIM_MODE_REPLAY || self->sources[index].next_ns != INT64_MAX) {
        return true;
    }
    const sim_source *source = &self->sources[index];
    const sim_symbol *symbol = &self->sim->symbols[index];
    const bool is_candle =
        source->format == SIM_FORMAT_CANDLES || source->format == SIM_FORMAT_BINANCE;
    return is_candle ? symbol->live[source->play.interval].open_ns != 0
                     : symbol->live[SIM_INTERVAL_1M].first_id != 0;
}

int64_t sim_market_next_ns(const simulator *self)
{
    int64_t next_ns = INT64_MAX;
    for (uint32_t i = 0; i < self->sources_count; i++) {
        next_ns = self->sources[i].next_ns < next_ns ? self->sources[i].next_ns : next_ns;
    }
    for (uint32_t i = 0; i < self->crowds_count; i++) {
        const int64_t crowd_ns = sim_crowd_next_ns(&self->crowds[i]);
        next_ns = crowd_ns < next_ns ? crowd_ns : next_ns;
    }
    for (uint32_t i = 0; i < self->sim->symbols_count; i++) {
        const int64_t close_ns = sim_next_close_ns(self->sim, i);
        if (is_close_wanted(self, i)) {
            next_ns = close_ns < next_ns ? close_ns : next_ns;
        }
    }
    return next_ns < self->sim->now_ns ? self->sim->now_ns : next_ns;
}

bool sim_market_is_due(const simulator *self, uint32_t symbol)
{
    if (self->mode == SIM_MODE_REPLAY) {
        return self->sources[symbol].next_ns <= self->sim->now_ns;
    }
    return sim_crowd_next_ns(&self->crowds[symbol]) <= self->sim->now_ns;
}

void sim_market_play(simulator *self, uint32_t symbol)
{
    if (!sim_market_is_due(self, symbol)) {
        return;
    }
    if (self->mode == SIM_MODE_AGENTS) {
        sim_crowd_step(&self->crowds[symbol], self->sim);
        return;
    }
    cb_err err = {0};
    if (sim_source_play(&self->sources[symbol], self->sim, self->ws, &self->shape, &err) != CB_OK) {
        cb_shell_die(self->shell, "replay_failed", err.text);
    }
}

static bool is_time(int64_t *last_ns, int64_t now_ns, int64_t period_ns)
{
    if (now_ns / period_ns == *last_ns / period_ns) {
        return false;
    }
    *last_ns = now_ns;
    return true;
}

void sim_market_tell(simulator *self, bool is_forced)
{
    const int64_t now_ns = self->sim->now_ns;
    const bool is_fast = is_time(&self->flushed_ns, now_ns, FAST_NS) || is_forced;
    const bool is_slow = is_time(&self->flushed_slow_ns, now_ns, SLOW_NS) || is_forced;
    const bool is_candles = is_time(&self->flushed_candles_ns, now_ns, CANDLES_NS) || is_forced;
    const bool is_second = is_time(&self->told_second, now_ns, SLOW_NS);
    for (uint32_t i = 0; i < self->sim->symbols_count; i++) {
        if (is_fast) {
            sim_flush(self->sim, i, is_slow);
        }
        if (is_candles) {
            sim_flush_candles(self->sim, i);
        }
        if (is_second) {
            sim_ws_second(self->ws, i);
        }
    }
}

static void log_end(simulator *self)
{
    uint64_t events = 0;
    uint64_t rows = 0;
    uint64_t bad = 0;
    for (uint32_t i = 0; i < self->sources_count; i++) {
        events += self->sources[i].events_count;
        rows += self->sources[i].rows_count;
        bad += self->sources[i].bad_count;
    }
    CB_LOG(self->log,
        CB_LOG_INFO,
        "replay_finished",
        CB_KI("rows", rows),
        CB_KI("bad_rows", bad),
        CB_KI("events", events),
        CB_KI("orders", self->sim->orders_count),
        CB_KI("fills", self->sim->trades_count),
        CB_KI("ms", (self->finished_mono_ns - self->started_mono_ns) / CB_NS_PER_MS),
        CB_KV("next", self->settings->on_end == 0 ? "serving goes on" : "the process ends"));
}

bool sim_market_is_over(simulator *self)
{
    if (self->progress == SIM_PROGRESS_FINISHED) {
        return true;
    }
    if (self->mode != SIM_MODE_REPLAY || sim_market_next_ns(self) != INT64_MAX) {
        return false;
    }
    self->progress = SIM_PROGRESS_FINISHED;
    self->finished_mono_ns = cb_mono_ns();
    log_end(self);
    return true;
}
