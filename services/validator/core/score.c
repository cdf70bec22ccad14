/* The data-quality score: over the last 60 seconds of the service's clock,
 *   score = 1 - (failed + warned * weight) / checked
 * and two flags beside it: stale (no live data for a while) and book valid. A score is published
 * when a flag changes, at once and before the data that changed it, and each second when anything
 * was counted. */
#include <string.h>

#include "base/money.h"
#include "services/validator/core/expectation.h"
#include "services/validator/core/validator_internal.h"

#define NS_PER_S INT64_C(1000000000)

void validator_score_count(validator_symbol *symbol, int64_t now_ns, validator_outcome outcome)
{
    CB_ASSERT(symbol != NULL);
    CB_ASSERT(now_ns >= 0);
    const int64_t second = now_ns / NS_PER_S;
    validator_bucket *bucket = &symbol->buckets[second % VALIDATOR_WINDOW_S];
    if (bucket->second != second) {
        *bucket = (validator_bucket){.second = second};
    }
    bucket->checked++;
    bucket->failed += outcome == VALIDATOR_OUTCOME_FAILED ? 1U : 0U;
    bucket->warned += outcome == VALIDATOR_OUTCOME_WARNED ? 1U : 0U;
    symbol->is_score_changed = true;
}

cb_ratio validator_score_sum(const validator_symbol *symbol,
    int64_t warning_weight_e8,
    int64_t now_ns,
    uint64_t *checked,
    uint64_t *failed)
{
    CB_ASSERT(symbol != NULL);
    CB_ASSERT(warning_weight_e8 >= 0 && warning_weight_e8 <= CB_E8);
    const int64_t second = now_ns / NS_PER_S;
    uint64_t warned = 0;
    *checked = 0;
    *failed = 0;
    for (uint32_t i = 0; i < VALIDATOR_WINDOW_S; i++) {
        const validator_bucket *bucket = &symbol->buckets[i];
        if (bucket->second <= second - VALIDATOR_WINDOW_S || bucket->second > second) {
            continue;
        }
        *checked += bucket->checked;
        *failed += bucket->failed;
        warned += bucket->warned;
    }
    if (*checked == 0) {
        return (cb_ratio){CB_E8};
    }
    const cb_i128 lost = (cb_i128)*failed * CB_E8 + (cb_i128)warned * warning_weight_e8;
    const int64_t score_e8 = CB_E8 - (int64_t)(lost / (cb_i128)*checked);
    CB_ASSERT(score_e8 >= 0 && score_e8 <= CB_E8);
    return (cb_ratio){score_e8};
}

void validator_score_publish(validator_state *state,
    validator_symbol *symbol,
    const cb_event *event,
    bool must_store,
    cb_outbox *out)
{
    const validator_config *config = state->config;
    const bool is_due = event->ts_ns - symbol->score_stored_ns >= config->score_store_ns;
    const bool is_stored = must_store || is_due;
    const uint32_t table = is_stored ? (uint32_t)VALIDATOR_TABLE_SCORE : CB_TABLE_NONE;
    cb_quality_score *score = CB_PUBLISH(out, CB_SUBJECT_DQ_SCORE, table, cb_quality_score);
    memcpy(score->symbol, symbol->name, sizeof score->symbol);
    const size_t venue_size = strlen(config->venue);
    CB_ASSERT(venue_size < sizeof score->venue);
    memcpy(score->venue, config->venue, venue_size);
    score->score = validator_score_sum(symbol,
        config->warning_weight_e8,
        event->ts_ns,
        &score->checked_count,
        &score->failed_count);
    score->is_stale = symbol->is_stale;
    score->is_book_valid = symbol->is_book_valid;
    score->last_data_ns = symbol->last_data_ns;
    symbol->is_score_changed = false;
    if (is_stored) {
        symbol->score_stored_ns = event->ts_ns;
    }
}

void validator_score_alive(
    validator_state *state, validator_symbol *symbol, const cb_event *event, cb_outbox *out)
{
    CB_ASSERT(symbol != NULL);
    CB_ASSERT(event->ts_ns >= 0);
    symbol->last_data_ns = event->ts_ns;
    if (symbol->is_stale) {
        symbol->is_stale = false;
        validator_score_publish(state, symbol, event, true, out);
    }
}

void validator_score_book(validator_state *state,
    validator_symbol *symbol,
    bool is_valid,
    const cb_event *event,
    cb_outbox *out)
{
    CB_ASSERT(symbol != NULL);
    CB_ASSERT(out != NULL);
    if (symbol->is_book_valid == is_valid) {
        return;
    }
    symbol->is_book_valid = is_valid;
    validator_score_publish(state, symbol, event, true, out);
}

void validator_score_tick(validator_state *state, const cb_event *event, cb_outbox *out)
{
    CB_ASSERT(state->symbols_count <= VALIDATOR_SYMBOLS_MAX);
    CB_ASSERT(event->ts_ns >= 0);
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        validator_symbol *symbol = &state->symbols[i];
        const bool is_quiet = event->ts_ns - symbol->last_data_ns > state->config->stale_after_ns;
        const bool has_become_stale = is_quiet && !symbol->is_stale;
        symbol->is_stale = symbol->is_stale || is_quiet;
        if (has_become_stale || symbol->is_score_changed) {
            validator_score_publish(state, symbol, event, has_become_stale, out);
        }
    }
}
