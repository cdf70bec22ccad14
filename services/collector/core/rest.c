/* The REST side: one job per symbol and kind, so that the same thing is never asked for twice at
 * once; a token bucket over the venue's weight limit; Retry-After and bans; retries with back-off.
 */
#include <string.h>

#include "base/timefmt.h"
#include "services/collector/core/collector.h"

#define TOKEN_E6 INT64_C(1000000)
#define NS_PER_MINUTE (INT64_C(60) * CB_NS_PER_S)
#define WAIT_S_MAX (INT64_C(7) * 86400)
/* The bucket holds 45 % of the limit and refills 45 % a minute: at most 90 % in any minute. */
#define SHARE_PERCENT 45
#define RETRY_DEFAULT_S 60
#define BAN_DEFAULT_S 600

uint32_t collector_job_of(uint32_t symbol, collector_kind kind)
{
    CB_ASSERT(symbol < COLLECTOR_SYMBOLS_MAX);
    CB_ASSERT(kind < COLLECTOR_KIND_COUNT);
    return 1U + symbol * COLLECTOR_KIND_COUNT + (uint32_t)kind;
}

static int64_t capacity_e6(const collector_state *state)
{
    return (int64_t)state->weight_per_minute * SHARE_PERCENT / 100 * TOKEN_E6;
}

void collector_rest_init(collector_state *state, int64_t mono_ns)
{
    CB_ASSERT(state->config != NULL);
    CB_ASSERT(state->config->weight_per_minute > 0);
    state->weight_per_minute = state->config->weight_per_minute;
    state->tokens_e6 = capacity_e6(state);
    state->tokens_at_ns = mono_ns;
}

void collector_rest_limit(collector_state *state, uint64_t weight_per_minute)
{
    CB_ASSERT(state->weight_per_minute > 0);
    if (weight_per_minute == 0 || weight_per_minute > UINT32_MAX) {
        return;
    }
    state->weight_per_minute = weight_per_minute;
    const int64_t full_e6 = capacity_e6(state);
    state->tokens_e6 = state->tokens_e6 > full_e6 ? full_e6 : state->tokens_e6;
    CB_ASSERT(state->tokens_e6 >= 0);
}

static void refill(collector_state *state, int64_t mono_ns)
{
    if (mono_ns <= state->tokens_at_ns) {
        return;
    }
    const int64_t elapsed_ns = mono_ns - state->tokens_at_ns;
    const int64_t full_e6 = capacity_e6(state);
    CB_ASSERT(full_e6 > 0);
    const cb_i128 added_e6 = (cb_i128)full_e6 * elapsed_ns / (cb_i128)NS_PER_MINUTE;
    if (added_e6 >= full_e6 - state->tokens_e6) {
        state->tokens_e6 = full_e6;
    } else {
        state->tokens_e6 += (int64_t)added_e6;
    }
    state->tokens_at_ns = mono_ns;
}

void collector_rest_want(
    collector_state *state, uint32_t index, const collector_need *need, bool is_forced)
{
    CB_ASSERT(index < COLLECTOR_JOBS_MAX);
    CB_ASSERT(need != NULL);
    collector_job *job = &state->jobs[index];
    job->is_forced = job->is_forced || is_forced;
    if (job->state == COLLECTOR_JOB_IN_FLIGHT) {
        job->is_again = true;
    } else {
        job->state = COLLECTOR_JOB_WANTED;
    }
    job->need = *need;
}

/* ---- describing ---- */

static void set_symbol(cb_venue_params *params, const char *name)
{
    const bool fits = cb_text_copy(params->symbol, sizeof(params->symbol), cb_sv_from(name));
    CB_ASSERT(fits);
}

static cb_venue_call describe_trades(
    const collector_state *state, const collector_job *job, cb_venue_params *params)
{
    params->limit = state->venue->trades_max;
    if (job->is_fallback) {
        return CB_VENUE_CALL_TRADES;
    }
    const uint64_t span = job->need.last_id - job->need.first_id + 1;
    params->limit = span < state->venue->trades_max ? (uint32_t)span : state->venue->trades_max;
    params->from_id = job->need.first_id;
    params->has_from_id = true;
    return CB_VENUE_CALL_TRADES_FROM;
}

static cb_venue_call describe_candles(
    const collector_state *state, const collector_job *job, cb_venue_params *params)
{
    params->interval_s = COLLECTOR_CANDLE_S;
    params->limit = state->venue->candles_max;
    if (job->need.from_ns > 0) {
        params->start_ns = job->need.from_ns;
        params->end_ns = job->need.to_ns;
    } else if (job->need.missing_count < params->limit) {
        params->limit = (uint32_t)job->need.missing_count;
    }
    return CB_VENUE_CALL_CANDLES;
}

static cb_venue_call describe(const collector_state *state, uint32_t index, cb_venue_params *params)
{
    const collector_job *job = &state->jobs[index];
    memset(params, 0, sizeof(*params));
    if (index == COLLECTOR_JOB_INSTRUMENTS) {
        /* One unknown name makes the venue refuse the whole list: then ask for all. */
        const bool is_list = !job->is_fallback && state->symbols_count <= 32;
        params->symbols = is_list ? state->names : NULL;
        params->symbols_count = is_list ? state->symbols_count : 0;
        return CB_VENUE_CALL_INSTRUMENTS;
    }
    const uint32_t symbol = (index - 1U) / COLLECTOR_KIND_COUNT;
    set_symbol(params, state->names[symbol]);
    switch ((collector_kind)((index - 1U) % COLLECTOR_KIND_COUNT)) {
    case COLLECTOR_KIND_TRADE:
        return describe_trades(state, job, params);
    case COLLECTOR_KIND_CANDLE:
        return describe_candles(state, job, params);
    case COLLECTOR_KIND_BOOK:
    case COLLECTOR_KIND_COUNT:
    default:
        params->limit = (uint32_t)state->config->depth_limit;
        return CB_VENUE_CALL_DEPTH;
    }
}

/* ---- sending ---- */

/* Nothing is asked about a symbol before the venue has stated that it has it. */
static bool is_possible(const collector_state *state, uint32_t index)
{
    return index == COLLECTOR_JOB_INSTRUMENTS ||
           state->has_instrument[(index - 1U) / COLLECTOR_KIND_COUNT];
}

/* Candidates in order of urgency: instruments, then trades, candles and books of all symbols. */
static uint32_t job_by_rank(const collector_state *state, uint32_t rank)
{
    if (rank == 0) {
        return COLLECTOR_JOB_INSTRUMENTS;
    }
    const uint32_t kind = (rank - 1U) / state->symbols_count;
    const uint32_t symbol = (rank - 1U) % state->symbols_count;
    return collector_job_of(symbol, (collector_kind)kind);
}

static uint32_t ranks_count(const collector_state *state)
{
    return 1U + state->symbols_count * COLLECTOR_KIND_COUNT;
}

/* False when the bucket has to fill first. */
static bool send_job(collector_state *state, uint32_t index, cb_outbox *out)
{
    cb_venue_params params;
    cb_venue_request request;
    collector_job *job = &state->jobs[index];
    const cb_venue_call call = describe(state, index, &params);
    const cb_status status = state->venue->build(call, &params, NULL, &request, NULL);
    CB_ASSERT(status == CB_OK);
    const int64_t cost_e6 = (int64_t)request.weight * TOKEN_E6;
    /* A call dearer than the whole bucket may go when the bucket is full. */
    if (cost_e6 > state->tokens_e6 && state->tokens_e6 < capacity_e6(state)) {
        return false;
    }
    state->tokens_e6 = cost_e6 > state->tokens_e6 ? 0 : state->tokens_e6 - cost_e6;
    job->state = COLLECTOR_JOB_IN_FLIGHT;
    job->is_again = false;
    state->in_flight++;
    collector_fetch *fetch = CB_REQUEST(out, COLLECTOR_REQUEST_FETCH, collector_fetch);
    fetch->job = index;
    fetch->symbol = index == COLLECTOR_JOB_INSTRUMENTS ? state->symbols_count
                                                       : (index - 1U) / COLLECTOR_KIND_COUNT;
    fetch->call = call;
    fetch->is_forced = job->is_forced;
    fetch->need = job->need;
    fetch->request = request;
    job->is_forced = false;
    return true;
}

void collector_rest_pump(collector_state *state, int64_t mono_ns, cb_outbox *out)
{
    CB_ASSERT(state->symbols_count > 0);
    CB_ASSERT(out != NULL);
    if (!state->is_begun || mono_ns < state->blocked_until_ns) {
        return;
    }
    state->is_banned = false;
    refill(state, mono_ns);
    for (uint32_t rank = 0; rank < ranks_count(state); rank++) {
        if (state->in_flight >= state->config->rest_in_flight_max) {
            return;
        }
        const uint32_t index = job_by_rank(state, rank);
        const collector_job *job = &state->jobs[index];
        if (job->state == COLLECTOR_JOB_WANTED && job->not_before_ns <= mono_ns &&
            is_possible(state, index) && !send_job(state, index, out)) {
            return;
        }
    }
}

uint32_t collector_rest_waiting(const collector_state *state)
{
    uint32_t count = 0;
    CB_ASSERT(state->symbols_count > 0);
    for (uint32_t rank = 0; rank < ranks_count(state); rank++) {
        const uint32_t index = job_by_rank(state, rank);
        CB_ASSERT(index < COLLECTOR_JOBS_MAX);
        count +=
            state->jobs[index].state == COLLECTOR_JOB_WANTED && is_possible(state, index) ? 1U : 0U;
    }
    return count;
}

int64_t collector_rest_next_ns(const collector_state *state, int64_t mono_ns)
{
    int64_t next_ns = INT64_MAX;
    if (!state->is_begun || state->in_flight >= state->config->rest_in_flight_max) {
        return next_ns; /* an answer wakes us */
    }
    for (uint32_t rank = 0; rank < ranks_count(state); rank++) {
        const uint32_t index = job_by_rank(state, rank);
        const collector_job *job = &state->jobs[index];
        if (job->state == COLLECTOR_JOB_WANTED && is_possible(state, index)) {
            /* Due already: the bucket is empty; look again a little later. */
            const int64_t at_ns =
                job->not_before_ns > mono_ns ? job->not_before_ns : mono_ns + 200 * CB_NS_PER_MS;
            next_ns = at_ns < next_ns ? at_ns : next_ns;
        }
    }
    if (next_ns != INT64_MAX && next_ns < state->blocked_until_ns) {
        next_ns = state->blocked_until_ns;
    }
    return next_ns;
}

/* ---- answers ---- */

static void block(collector_state *state, const collector_input *input, bool is_ban)
{
    int64_t wait_s = input->retry_after_s;
    if (wait_s < 0) {
        wait_s = is_ban ? BAN_DEFAULT_S : RETRY_DEFAULT_S;
    }
    wait_s = wait_s > WAIT_S_MAX ? WAIT_S_MAX : wait_s;
    const int64_t until_ns = input->mono_ns + (wait_s + 1) * CB_NS_PER_S;
    if (until_ns > state->blocked_until_ns) {
        state->blocked_until_ns = until_ns;
    }
    state->is_banned = state->is_banned || is_ban;
}

static void retry_later(collector_state *state, collector_job *job, int64_t mono_ns)
{
    const uint32_t shift = job->attempts < 6 ? job->attempts : 6;
    const int64_t base_ns = state->config->backoff_min_ns << shift;
    const int64_t wait_ns =
        base_ns > state->config->backoff_max_ns ? state->config->backoff_max_ns : base_ns;
    job->attempts++;
    job->state = COLLECTOR_JOB_WANTED;
    job->not_before_ns =
        mono_ns + wait_ns / 2 + (int64_t)cb_prng_below(&state->prng, (uint64_t)(wait_ns / 2 + 1));
}

static void give_up(collector_state *state, uint32_t index, cb_outbox *out)
{
    collector_job *job = &state->jobs[index];
    CB_ASSERT(index != COLLECTOR_JOB_INSTRUMENTS);
    collector_command *command = CB_REQUEST(out, COLLECTOR_REQUEST_GIVE_UP, collector_command);
    command->symbol = (index - 1U) / COLLECTOR_KIND_COUNT;
    command->kind = (collector_kind)((index - 1U) % COLLECTOR_KIND_COUNT);
    *job = (collector_job){.state = COLLECTOR_JOB_NONE};
}

static bool can_give_up(uint32_t index)
{
    return index != COLLECTOR_JOB_INSTRUMENTS &&
           (index - 1U) % COLLECTOR_KIND_COUNT != (uint32_t)COLLECTOR_KIND_BOOK;
}

static bool is_book(uint32_t index)
{
    return index != COLLECTOR_JOB_INSTRUMENTS &&
           (index - 1U) % COLLECTOR_KIND_COUNT == (uint32_t)COLLECTOR_KIND_BOOK;
}

/* Refused for good, as it was asked. */
static void refused(
    collector_state *state, uint32_t index, const collector_input *input, cb_outbox *out)
{
    collector_job *job = &state->jobs[index];
    const bool is_candle = can_give_up(index) &&
                           (index - 1U) % COLLECTOR_KIND_COUNT == (uint32_t)COLLECTOR_KIND_CANDLE;
    const bool has_other_way = index == COLLECTOR_JOB_INSTRUMENTS || can_give_up(index);
    if (has_other_way && !is_candle && !job->is_fallback) {
        job->is_fallback = true;
        job->state = COLLECTOR_JOB_WANTED;
        return;
    }
    if (can_give_up(index)) {
        give_up(state, index, out);
        return;
    }
    job->attempts = 6; /* an unknown symbol: ask again at the slowest pace */
    retry_later(state, job, input->mono_ns);
}

static void done(collector_state *state, uint32_t index, const collector_input *input)
{
    collector_job *job = &state->jobs[index];
    const bool is_again = job->is_again;
    const collector_need need = job->need;
    const bool is_forced = job->is_forced;
    const bool is_repair = is_again && need.is_gap && input->is_progress;
    *job = (collector_job){.state = COLLECTOR_JOB_NONE,
        .rounds = is_repair ? job->rounds + 1 : 0,
        .is_fallback = (index == COLLECTOR_JOB_INSTRUMENTS || is_repair) && job->is_fallback};
    if (is_again) {
        /* A snapshot older than the diffs: the venue needs a moment. */
        job->not_before_ns =
            input->mono_ns + (is_book(index) ? state->config->backoff_min_ns / 2 : 0);
        job->state = COLLECTOR_JOB_WANTED;
        job->need = need;
        job->is_forced = is_forced;
    }
}

void collector_rest_answer(collector_state *state, const collector_input *input, cb_outbox *out)
{
    CB_ASSERT(input->job < COLLECTOR_JOBS_MAX);
    CB_ASSERT(state->in_flight > 0);
    const uint32_t index = input->job;
    collector_job *job = &state->jobs[index];
    CB_ASSERT(job->state == COLLECTOR_JOB_IN_FLIGHT);
    state->in_flight--;
    /* Others may use our address too: near the limit wait for the next minute. */
    if (input->used_weight >= 0 &&
        (uint64_t)input->used_weight * 10 >= state->weight_per_minute * 9) {
        state->blocked_until_ns = input->mono_ns + NS_PER_MINUTE;
    }
    switch ((cb_venue_action)input->action) {
    case CB_VENUE_ACTION_OK:
    case CB_VENUE_ACTION_OK_NO_CHANGE:
        done(state, index, input);
        break;
    case CB_VENUE_ACTION_THROTTLE:
    case CB_VENUE_ACTION_BAN:
        block(state, input, input->action == (uint32_t)CB_VENUE_ACTION_BAN);
        job->state = COLLECTOR_JOB_WANTED;
        break;
    case CB_VENUE_ACTION_FINAL:
    case CB_VENUE_ACTION_AUTH:
    case CB_VENUE_ACTION_GONE:
    case CB_VENUE_ACTION_GONE_OR_NOT_YET_VISIBLE:
        refused(state, index, input, out);
        break;
    case CB_VENUE_ACTION_RETRY:
    case CB_VENUE_ACTION_UNKNOWN:
    case CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS:
    case CB_VENUE_ACTION_FIX_CLOCK:
    case CB_VENUE_ACTION_FIX_NONCE:
    case CB_VENUE_ACTION_PENDING:
    case CB_VENUE_ACTION_QUERY_BY_CLIENT_ID:
    case CB_VENUE_ACTION_COUNT:
    default:
        if (can_give_up(index) && job->attempts + 1 >= COLLECTOR_REST_ATTEMPTS_MAX) {
            give_up(state, index, out);
        } else {
            retry_later(state, job, input->mono_ns);
        }
        break;
    }
}
