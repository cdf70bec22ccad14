/* A job made ready to run. What the settings mean is the services' tables' business (setup.h), how
 * files are read the history's (data/history.h). */
#include "services/lab/job/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/money.h"
#include "base/strview.h"
#include "domain/caps.h"
#include "rt/config.h"
#include "services/lab/core/refine.h"
#include "services/lab/job/rules.h"
#include "services/lab/job/sections.h"

#define CANONICAL_MAX ((size_t)256 * 1024)

/* ---- names ---- */

static cb_status symbol_index(lab_plan *plan, const lab_series *series, size_t *out, cb_err *err)
{
    const size_t count = plan->names.symbols_count;
    for (size_t i = 0; i < count; i++) {
        if (cb_text_equal(plan->symbols[i], series->symbol)) {
            *out = i;
            return CB_OK;
        }
    }
    if (count == LAB_CHAIN_SYMBOLS_MAX) {
        return CB_FAIL(err,
            CB_E_FULL,
            "%s:%u: more than %d symbols",
            plan->job->path,
            series->line,
            LAB_CHAIN_SYMBOLS_MAX);
    }
    memcpy(plan->symbols[count], series->symbol, sizeof plan->symbols[count]);
    plan->symbol_names[count] = plan->symbols[count];
    plan->names.symbols = plan->symbol_names;
    plan->names.symbols_count++;
    *out = count;
    return CB_OK;
}

static cb_status add_strategy(lab_plan *plan, const char *item, cb_err *err)
{
    char name[LAB_NAME_SIZE];
    const size_t count = plan->names.strategies_count;
    if (count == LAB_NAMES_MAX ||
        !cb_text_copy(name, sizeof name, (cb_strview){item, strcspn(item, "@:")})) {
        return CB_FAIL(err,
            CB_E_FULL,
            "%s: strategies: more than %d, or a name too long",
            plan->job->path,
            LAB_NAMES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        if (cb_text_equal(plan->strategies[i], name)) {
            return CB_OK;
        }
    }
    memcpy(plan->strategies[count], name, sizeof name);
    plan->strategy_names[count] = plan->strategies[count];
    plan->names.strategies_count++;
    return CB_OK;
}

/* "trend@1m:1,trend@5m:1,meanrev@15m" → "trend", "meanrev"; desks behind them. Fills carry these
 * names. */
static cb_status name_strategies(lab_plan *plan, cb_err *err)
{
    const lab_job *job = plan->job;
    char item[LAB_TEXT_MAX];
    cb_status status = CB_OK;
    plan->names.strategies = plan->strategy_names;
    for (size_t i = 0;
         status == CB_OK && cb_config_list_item(job->strategies, i, item, sizeof item);
         i++) {
        status = add_strategy(plan, item, err);
    }
    for (uint32_t k = 0; k < job->settings_count; k++) {
        const bool is_desks = cb_text_equal(job->settings[k].service, "signals") &&
                              cb_text_equal(job->settings[k].key, "desks");
        for (size_t i = 0; is_desks && status == CB_OK &&
                           cb_config_list_item(job->settings[k].value, i, item, sizeof item);
             i++) {
            status = add_strategy(plan, item, err);
        }
    }
    return status;
}

/* ---- configurations ---- */

static const char *const decided[] = {
    "seed", "account", "venue", "symbols", "quote_asset", "permit.key", "guard.key", "strategies"};

static cb_status check_decided(const lab_job *job, cb_err *err)
{
    for (uint32_t i = 0; i < job->settings_count; i++) {
        for (size_t k = 0; k < sizeof decided / sizeof decided[0]; k++) {
            if (cb_text_equal(job->settings[i].key, decided[k])) {
                return CB_FAIL(err,
                    CB_E_CONFIG,
                    "%s:%u: %s.%s: is decided by the job itself",
                    job->path,
                    job->settings[i].line,
                    job->settings[i].service,
                    decided[k]);
            }
        }
    }
    return CB_OK;
}

/* "USDT:10000,BTC:1", as the simulator's key for an account's balances. */
static cb_status print_balances(const lab_job *job, char out[LAB_TEXT_MAX], cb_err *err)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < job->balances_count; i++) {
        char amount[CB_DECIMAL_TEXT_MAX];
        (void)cb_decimal_print(job->balances[i].amount_e8, amount);
        const int length = snprintf(out + used,
            LAB_TEXT_MAX - used,
            "%s%s:%s",
            i == 0 ? "" : ",",
            job->balances[i].asset,
            amount);
        if (length < 0 || used + (size_t)length >= LAB_TEXT_MAX) {
            return CB_FAIL(err, CB_E_FULL, "%s: account: too many balances", job->path);
        }
        used += (size_t)length;
    }
    return CB_OK;
}

/* Puts the place of the setting that a service refuses before its words. */
static cb_status name_place(const lab_job *job, cb_err *err)
{
    for (uint32_t i = 0; err != NULL && i < job->settings_count; i++) {
        if (strstr(err->text, job->settings[i].key) != NULL && job->settings[i].line > 0) {
            return cb_err_context(err, "%s:%u", job->path, job->settings[i].line);
        }
    }
    return cb_err_context(err, "%s", job->path);
}

static cb_status load_setup(lab_plan *plan, const char *balances, cb_err *err)
{
    const lab_job *job = plan->job;
    lab_setup_setting settings[LAB_SETTINGS_MAX + 3];
    char seed[24];
    char caps[CB_CAPS_SIZE_MAX];
    size_t count = 0;
    cb_status status = lab_job_caps(job, caps, sizeof caps, err);
    if (status != CB_OK) {
        return status;
    }
    settings[count++] = (lab_setup_setting){"signals", "strategies", job->strategies};
    settings[count++] = (lab_setup_setting){"venue", "accounts.main", balances};
    (void)snprintf(seed, sizeof seed, "%" PRIu64, job->seed);
    settings[count++] = (lab_setup_setting){"models", "seed", seed};
    for (uint32_t i = 0; i < job->settings_count; i++) {
        settings[count++] = (lab_setup_setting){
            job->settings[i].service, job->settings[i].key, job->settings[i].value};
    }
    const lab_setup_request request = {.symbols = (const char(*)[LAB_SYMBOL_SIZE])plan->symbols,
        .symbols_count = (uint32_t)plan->names.symbols_count,
        .quote_asset = job->quote_asset,
        .settings = settings,
        .settings_count = count,
        .caps_text = caps,
        .caps_size = strlen(caps)};
    status = lab_setup_load(&plan->setup, &request, err);
    return status == CB_OK ? CB_OK : name_place(job, err);
}

static int by_key(const void *a, const void *b)
{
    const lab_setting *left = a;
    const lab_setting *right = b;
    const int order = strcmp(left->service, right->service);
    return order != 0 ? order : strcmp(left->key, right->key);
}

/* SHA-256 over what the job says, settings in order of their keys: comments and order do not count.
 */
static cb_status hash_config(lab_plan *plan, const char *balances, cb_err *err)
{
    const lab_job *job = plan->job;
    uint8_t hash[CB_SHA256_SIZE];
    char *text = malloc(CANONICAL_MAX);
    lab_setting *settings = calloc((size_t)job->settings_count + 1, sizeof *settings);
    if (text == NULL || settings == NULL) {
        free(text);
        free(settings);
        return CB_FAIL(err, CB_E_FULL, "no memory for the configuration");
    }
    memcpy(settings, job->settings, job->settings_count * sizeof *settings);
    qsort(settings, job->settings_count, sizeof *settings, by_key);
    size_t used = (size_t)snprintf(text,
        CANONICAL_MAX,
        "from %" PRId64 "\nto %" PRId64 "\nseed %" PRIu64
        "\nquote %s\nbalances %s\nstrategies %s\n",
        job->from_ns,
        job->to_ns,
        job->seed,
        job->quote_asset,
        balances,
        job->strategies);
    for (uint32_t i = 0; i < job->settings_count; i++) {
        used += (size_t)snprintf(text + used,
            CANONICAL_MAX - used,
            "%s.%s=%s\n",
            settings[i].service,
            settings[i].key,
            settings[i].value);
    }
    for (uint32_t i = 0; i < plan->rules_count; i++) {
        char hex[2 * CB_SHA256_SIZE + 1];
        cb_hex_print(plan->rules[i].text_hash, CB_SHA256_SIZE, hex);
        used += (size_t)snprintf(text + used, CANONICAL_MAX - used, "rules %s\n", hex);
    }
    cb_sha256(text, used, hash);
    cb_hex_print(hash, sizeof hash, plan->config_hash);
    free(text);
    free(settings);
    return CB_OK;
}

cb_status lab_plan_configure(lab_plan *plan, cb_err *err)
{
    char balances[LAB_TEXT_MAX];
    CB_ASSERT(plan != NULL && plan->job != NULL);
    _Static_assert(((size_t)LAB_SETTINGS_MAX + 8) * (LAB_WORD_MAX + LAB_KEY_MAX + LAB_TEXT_MAX) <
                       CANONICAL_MAX,
        "the canonical text fits");
    cb_status status = check_decided(plan->job, err);
    if (status == CB_OK) {
        status = print_balances(plan->job, balances, err);
    }
    if (status == CB_OK) {
        status = load_setup(plan, balances, err);
    }
    if (status == CB_OK && lab_rules_read(plan, err) != CB_OK) {
        status = cb_err_context(err, "%s", plan->job->path);
    }
    if (status == CB_OK) {
        status = hash_config(plan, balances, err);
    }
    if (status == CB_OK) {
        plan->chain.accounts_count = 0;
        lab_setup_apply(&plan->setup, (uint32_t)plan->names.symbols_count, &plan->chain);
        plan->chain.accounts[0].rules = plan->rules;
        plan->chain.accounts[0].rules_count = plan->rules_count;
        plan->chain.warmup_count = (uint32_t)plan->setup.signals.history_count;
    }
    for (uint32_t i = 0; status == CB_OK && i < plan->chain.symbols_count; i++) {
        lab_chain_fit(&plan->chain.symbols[i]);
    }
    return status;
}

/* ---- history ---- */

static void full_path(const char *folder, const char *file, char out[LAB_PATH_MAX])
{
    const bool is_whole = file[0] == '/' || folder == NULL || strstr(file, "://") != NULL;
    (void)snprintf(out, LAB_PATH_MAX, "%s%s%s", is_whole ? "" : folder, is_whole ? "" : "/", file);
}

static cb_status open_series(
    lab_plan *plan, uint32_t index, const lab_plan_options *options, cb_err *err)
{
    const lab_series *series = &plan->job->series[index];
    char path[LAB_PATH_MAX];
    full_path(options->folder, series->file, path);
    const lab_history_request request = {.path = path,
        .options = {.venue = series->venue,
            .symbol = series->symbol,
            .timeframe_ns = series->timeframe_ns,
            .is_forced = plan->job->is_forced},
        .from_ns = plan->job->from_ns,
        .to_ns = plan->job->to_ns,
        .progress = options->progress,
        .context = options->context};
    const cb_status status = lab_history_open(&request, &plan->histories[index], err);
    return status == CB_OK ? CB_OK : cb_err_context(err, "%s:%u", plan->job->path, series->line);
}

/* The chain lives on minutes: coarser candles are cut into them. */
static cb_status refine(lab_plan *plan, size_t symbol, cb_err *err)
{
    const lab_candles *from = &plan->candles[symbol];
    const uint64_t count = lab_refined_count(from);
    const size_t column = (size_t)count * sizeof(int64_t);
    plan->refined_size[symbol] = 6 * column;
    void *memory =
        mmap(NULL, 6 * column, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return CB_FAIL(err, CB_E_FULL, "no memory for %" PRIu64 " minutes", count);
    }
    plan->refined_memory[symbol] = memory;
    int64_t *at = memory;
    const lab_refined out = {
        at, at + count, at + 2 * count, at + 3 * count, at + 4 * count, at + 5 * count};
    lab_refine(from, &out);
    lab_candles *to = &plan->refined[symbol];
    *to = *from;
    to->timeframe_ns = LAB_REFINED_NS;
    to->count = count;
    to->columns = 0;
    to->open_ts_ns = out.open_ts_ns;
    to->open_e8 = out.open_e8;
    to->high_e8 = out.high_e8;
    to->low_e8 = out.low_e8;
    to->close_e8 = out.close_e8;
    to->volume_e8 = out.volume_e8;
    to->quote_volume_e8 = NULL;
    to->taker_volume_e8 = NULL;
    to->trades_count = NULL;
    plan->chain.symbols[symbol].candles = to;
    return CB_OK;
}

/* Puts a series in its symbol's place of the chain. */
static cb_status place_series(lab_plan *plan, uint32_t index, cb_err *err)
{
    const lab_series *series = &plan->job->series[index];
    const lab_history *history = plan->histories[index];
    size_t symbol = 0;
    const cb_status status = symbol_index(plan, series, &symbol, err);
    if (status != CB_OK) {
        return status;
    }
    lab_chain_symbol *place = &plan->chain.symbols[symbol];
    plan->is_forced = plan->is_forced || lab_history_is_forced(history);
    const bool is_taken = (series->kind == LAB_SERIES_CANDLES && place->candles != NULL) ||
                          (series->kind == LAB_SERIES_TRADES && place->trades != NULL) ||
                          (series->kind == LAB_SERIES_DEPTH && place->depth != NULL);
    if (is_taken) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "%s:%u: %s has data of this kind already",
            plan->job->path,
            series->line,
            series->symbol);
    }
    switch (series->kind) {
    case LAB_SERIES_TRADES:
        place->trades = lab_history_trades(history);
        break;
    case LAB_SERIES_DEPTH:
        place->depth = lab_history_depth(history);
        break;
    case LAB_SERIES_CANDLES:
    default:
        place->candles = lab_history_candles(history);
        plan->candles[symbol] = *place->candles;
        if (place->candles->count > 0 && lab_refine_is_needed(place->candles)) {
            return refine(plan, symbol, err);
        }
    }
    return CB_OK;
}

static const char *series_hash(const lab_history *history, lab_series_kind kind)
{
    switch (kind) {
    case LAB_SERIES_TRADES:
        return lab_history_trades(history)->data_hash;
    case LAB_SERIES_DEPTH:
        return lab_history_depth(history)->data_hash;
    case LAB_SERIES_CANDLES:
    default:
        return lab_history_candles(history)->data_hash;
    }
}

static void hash_data(lab_plan *plan)
{
    char hashes[LAB_SERIES_MAX][LAB_HASH_SIZE] = {{0}};
    uint8_t hash[CB_SHA256_SIZE];
    for (uint32_t i = 0; i < plan->job->series_count; i++) {
        memcpy(
            hashes[i], series_hash(plan->histories[i], plan->job->series[i].kind), LAB_HASH_SIZE);
    }
    cb_sha256(hashes, plan->job->series_count * sizeof hashes[0], hash);
    cb_hex_print(hash, sizeof hash, plan->data_hash);
}

static cb_status open_all(lab_plan *plan, const lab_plan_options *options, cb_err *err)
{
    cb_status status = CB_OK;
    for (uint32_t i = 0; status == CB_OK && i < plan->job->series_count; i++) {
        status = open_series(plan, i, options, err);
        if (status == CB_OK) {
            status = place_series(plan, i, err);
        }
    }
    if (status == CB_OK) {
        hash_data(plan);
    }
    return status;
}

cb_status lab_plan_open(
    lab_plan *plan, const lab_job *job, const lab_plan_options *options, cb_err *err)
{
    CB_ASSERT(plan != NULL && job != NULL && options != NULL);
    plan->job = job;
    if (options->folder != NULL &&
        !cb_text_copy(plan->folder, sizeof plan->folder, cb_sv_from(options->folder))) {
        return CB_FAIL(err, CB_E_IO, "%s: the path is too long", options->folder);
    }
    cb_status status = name_strategies(plan, err);
    if (status == CB_OK) {
        status = open_all(plan, options, err);
    }
    if (status == CB_OK) {
        plan->chain.from_ns = job->from_ns;
        plan->chain.to_ns = job->to_ns;
        plan->chain.is_conflated = true;
        status = lab_plan_configure(plan, err);
    }
    return status;
}

void lab_plan_close(lab_plan *plan)
{
    CB_ASSERT(plan != NULL);
    for (size_t i = 0; i < LAB_SERIES_MAX; i++) {
        lab_history_close(plan->histories[i]);
        plan->histories[i] = NULL;
    }
    for (size_t i = 0; i < LAB_CHAIN_SYMBOLS_MAX; i++) {
        if (plan->refined_memory[i] != NULL) {
            (void)munmap(plan->refined_memory[i], plan->refined_size[i]);
            plan->refined_memory[i] = NULL;
        }
    }
}
