/* The filters of an instrument make sense: steps above 0, least not above greatest. An order built
 * on a tick of 0 or a turned range would be wrong in ways that no later check sees. For Binance a
 * bound of 0 means that the filter is off. */
#include "base/strview.h"
#include "services/validator/core/expectation.h"

static bool is_range(validator_finding *finding, const char *label, int64_t low_e8, int64_t high_e8)
{
    if (low_e8 >= 0 && (high_e8 == 0 || low_e8 <= high_e8)) {
        return true;
    }
    return validator_fail_bound_e8(finding, label, low_e8, "0 or more, at most", high_e8);
}

static bool is_positive(validator_finding *finding, const char *label, int64_t value_e8)
{
    return value_e8 > 0 || validator_fail_bound_e8(finding, label, value_e8, "above", 0);
}

static bool has_assets(validator_finding *finding, const cb_instrument *instrument)
{
    const bool is_empty = instrument->base_asset[0] == '\0' || instrument->quote_asset[0] == '\0';
    if (is_empty || cb_text_equal(instrument->base_asset, instrument->quote_asset)) {
        return validator_fail(finding, "base and quote asset", "two different assets");
    }
    return true;
}

static bool instrument_filters(const validator_check *check, validator_finding *finding)
{
    const cb_instrument *instrument = check->body;
    CB_ASSERT(check->kind == CB_MSG_INSTRUMENT);
    CB_ASSERT(instrument != NULL);
    if (instrument->status == CB_INSTRUMENT_STATUS_NONE) {
        return validator_fail(finding, "status none", "a trading status");
    }
    return has_assets(finding, instrument) &&
           is_positive(finding, "tick size", instrument->tick_size.e8) &&
           is_positive(finding, "lot size", instrument->lot_size.e8) &&
           is_range(finding, "price min", instrument->price_min.e8, instrument->price_max.e8) &&
           is_range(finding, "tick size", instrument->tick_size.e8, instrument->price_max.e8) &&
           is_range(finding, "qty min", instrument->qty_min.e8, instrument->qty_max.e8) &&
           is_range(finding, "lot size", instrument->lot_size.e8, instrument->qty_max.e8) &&
           is_range(finding, "market qty max", instrument->market_qty_max.e8, INT64_MAX) &&
           is_range(
               finding, "notional min", instrument->notional_min.e8, instrument->notional_max.e8) &&
           is_range(finding,
               "bid multiplier down",
               instrument->bid_multiplier_down.e8,
               instrument->bid_multiplier_up.e8) &&
           is_range(finding,
               "ask multiplier down",
               instrument->ask_multiplier_down.e8,
               instrument->ask_multiplier_up.e8);
}

const validator_expectation validator_expectation_instrument_filters = {
    .name = "instrument_filters",
    .help = "tick and lot above 0, no turned range, two different assets",
    .kinds = VALIDATOR_ON(CB_MSG_INSTRUMENT),
    .severity = CB_SEVERITY_CRITICAL,
    .check = instrument_filters,
};
