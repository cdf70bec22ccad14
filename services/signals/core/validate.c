/* May an opinion count at all? Pure: everything it looks at is in its argument. The order of the
 * checks is the order of the reasons that people see. */
#include "base/textbuf.h"
#include "services/signals/core/signals_internal.h"

static bool refuse(char reason[SIGNALS_REASON_MAX], const char *words)
{
    cb_textbuf text = cb_textbuf_over(reason, SIGNALS_REASON_MAX);
    cb_textbuf_add(&text, words);
    return false;
}

static bool refuse_e8(char reason[SIGNALS_REASON_MAX],
    const char *words,
    int64_t observed_e8,
    const char *relation,
    int64_t limit_e8)
{
    cb_textbuf text = cb_textbuf_over(reason, SIGNALS_REASON_MAX);
    cb_textbuf_add(&text, words);
    cb_textbuf_add_e8(&text, observed_e8);
    cb_textbuf_add(&text, relation);
    cb_textbuf_add_e8(&text, limit_e8);
    return false;
}

static bool is_warm(const signals_facts *facts, char reason[SIGNALS_REASON_MAX])
{
    if (facts->bars_seen >= facts->bars_needed) {
        return true;
    }
    cb_textbuf text = cb_textbuf_over(reason, SIGNALS_REASON_MAX);
    cb_textbuf_add(&text, "warming_up: ");
    cb_textbuf_add_u64(&text, facts->bars_seen);
    cb_textbuf_add(&text, " of ");
    cb_textbuf_add_u64(&text, facts->bars_needed);
    cb_textbuf_add(&text, " bars");
    return false;
}

static bool is_confident(const signals_facts *facts, char reason[SIGNALS_REASON_MAX])
{
    const int64_t confidence_e8 = facts->signal->confidence.e8;
    if (confidence_e8 < 0 || confidence_e8 > CB_E8) {
        return refuse_e8(reason, "confidence: ", confidence_e8, " outside 0 to ", CB_E8);
    }
    if (confidence_e8 < facts->config->confidence_min_e8) {
        return refuse_e8(
            reason, "confidence: ", confidence_e8, " < ", facts->config->confidence_min_e8);
    }
    return true;
}

static bool is_good_data(const signals_facts *facts, char reason[SIGNALS_REASON_MAX])
{
    const cb_quality_score *quality = facts->quality;
    if (quality == NULL) {
        return refuse(reason, "quality: no score yet");
    }
    if (quality->is_stale) {
        return refuse(reason, "stale_data: no live market data");
    }
    if (quality->score.e8 < facts->config->quality_min_e8) {
        return refuse_e8(
            reason, "quality: ", quality->score.e8, " < ", facts->config->quality_min_e8);
    }
    return true;
}

/* The candle's close against the middle of a fresh ticker: a candle far away from what is traded
 * now is late or wrong. Without a fresh ticker there is nothing to hold it against. */
static bool is_near_ticker(const signals_facts *facts, char reason[SIGNALS_REASON_MAX])
{
    const cb_ticker *ticker = facts->ticker;
    const int64_t price_e8 = facts->signal->price.e8;
    if (price_e8 <= 0) {
        return refuse(reason, "price: not above 0");
    }
    if (ticker == NULL || facts->now_ns - ticker->recv_ns > facts->config->ticker_age_max_ns) {
        return true;
    }
    const int64_t middle_e8 = ticker->bid.e8 + (ticker->ask.e8 - ticker->bid.e8) / 2;
    cb_i128 distance = (cb_i128)price_e8 - middle_e8;
    distance = distance < 0 ? -distance : distance;
    CB_ASSERT(middle_e8 > 0);
    if (distance * CB_E8 <= (cb_i128)middle_e8 * facts->config->collar_e8) {
        return true;
    }
    return refuse_e8(reason, "price_collar: ", price_e8, " far from ", middle_e8);
}

bool signals_validate(const signals_facts *facts, char reason[SIGNALS_REASON_MAX])
{
    CB_ASSERT(facts != NULL && facts->signal != NULL);
    CB_ASSERT(facts->signal->side != CB_SIDE_NONE);
    if (!is_warm(facts, reason) || !is_good_data(facts, reason) || !is_near_ticker(facts, reason)) {
        return false;
    }
    if (facts->candle_volume.e8 <= 0) {
        return refuse(reason, "no_volume: nothing was traded in the candle");
    }
    return is_confident(facts, reason);
}
