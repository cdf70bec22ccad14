/* From a score and the situation to a decision, with one reason. Pure. Long only: a buying score
 * enters when nothing is held, a selling score leaves what is held. */
#include "base/textbuf.h"
#include "services/signals/core/signals_internal.h"

static void say(signals_verdict *verdict, const char *words)
{
    cb_textbuf text = cb_textbuf_over(verdict->reason, sizeof verdict->reason);
    cb_textbuf_add(&text, words);
}

static void say_score(signals_verdict *verdict,
    const char *words,
    int64_t score_e8,
    const char *relation,
    int64_t threshold_e8)
{
    cb_textbuf text = cb_textbuf_over(verdict->reason, sizeof verdict->reason);
    cb_textbuf_add(&text, words);
    cb_textbuf_add_e8(&text, score_e8);
    cb_textbuf_add(&text, relation);
    cb_textbuf_add_e8(&text, threshold_e8);
}

static void say_level(signals_verdict *verdict, uint32_t level)
{
    cb_textbuf text = cb_textbuf_over(verdict->reason, sizeof verdict->reason);
    cb_textbuf_add(&text, "kill: level ");
    cb_textbuf_add_u64(&text, level);
}

/* Why an entry is not allowed; NULL when it is. */
static const char *entry_obstacle(const signals_situation *s)
{
    if (s->instrument == NULL) {
        return "no_instrument: filters are not known yet";
    }
    if (s->instrument->status != CB_INSTRUMENT_STATUS_TRADING) {
        return "not_trading: the venue has halted the symbol";
    }
    if (s->has_position) {
        return "already_long: a position is held";
    }
    if (s->flights_count > 0) {
        return "in_flight: an earlier intent has not ended";
    }
    if (s->data_ts_ns <= s->entry_blocked_ns) {
        return "cooldown: too soon after an exit or a denial";
    }
    return NULL;
}

static const char *exit_obstacle(const signals_situation *s)
{
    if (!s->has_position) {
        return "flat: nothing to sell";
    }
    if (s->has_exit_flight) {
        return "in_flight: an exit is under way";
    }
    if (s->data_ts_ns <= s->exit_blocked_ns) {
        return "cooldown: too soon after a failed exit";
    }
    return NULL;
}

static void decide_entry(const signals_situation *s, signals_verdict *verdict)
{
    if (s->kill_level >= 1) {
        say_level(verdict, s->kill_level);
        return;
    }
    const char *obstacle = entry_obstacle(s);
    if (obstacle != NULL) {
        say(verdict, obstacle);
        return;
    }
    verdict->purpose = CB_PURPOSE_ENTRY;
    say_score(verdict, "entry: score ", s->score.e8, " >= ", s->config->threshold_e8);
}

static void decide_exit(const signals_situation *s, signals_verdict *verdict)
{
    if (s->kill_level >= 2) {
        say_level(verdict, s->kill_level);
        return;
    }
    const char *obstacle = exit_obstacle(s);
    if (obstacle != NULL) {
        say(verdict, obstacle);
        return;
    }
    verdict->purpose = CB_PURPOSE_EXIT;
    say_score(verdict, "exit: score ", s->score.e8, " <= ", -s->config->exit_threshold_e8);
}

void signals_decide(const signals_situation *s, signals_verdict *verdict)
{
    CB_ASSERT(s != NULL && s->config != NULL);
    CB_ASSERT(s->score.e8 >= -CB_E8 && s->score.e8 <= CB_E8);
    *verdict = (signals_verdict){.purpose = CB_PURPOSE_NONE};
    const bool is_buying = s->score.e8 >= s->config->threshold_e8;
    const bool is_selling = s->score.e8 <= -s->config->exit_threshold_e8;
    verdict->threshold.e8 =
        s->score.e8 >= 0 ? s->config->threshold_e8 : -s->config->exit_threshold_e8;
    if (!is_buying && !is_selling) {
        say_score(verdict, "below_threshold: score ", s->score.e8, " of ", verdict->threshold.e8);
        return;
    }
    if (s->is_desk) {
        say(verdict, "desk: the symbol is worked by a desk");
        return;
    }
    if (s->data_ts_ns <= s->decided_data_ns) {
        say(verdict, "decided: this candle was decided on before");
        return;
    }
    if (s->fresh_side != (is_buying ? CB_SIDE_BUY : CB_SIDE_SELL)) {
        say(verdict, "outvoted: older opinions say the opposite");
        return;
    }
    if (is_buying) {
        decide_entry(s, verdict);
    } else {
        decide_exit(s, verdict);
    }
}
