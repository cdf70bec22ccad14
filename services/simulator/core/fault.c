/* The registry, the rules' lives, and what happens to a request or a frame. Reading and writing
 * rules stands in fault_read.c. */
#include "services/simulator/core/fault.h"

#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/prng.h"
#include "base/timefmt.h"

/* ---- the registry ---- */

#define NUM(param, min, max, otherwise) {SIM_PARAM_##param, min, max, otherwise, false, true},
#define DEC(param, min, max, otherwise) {SIM_PARAM_##param, min, max, otherwise, false, true},
#define MAY(param, min, max) {SIM_PARAM_##param, min, max, 0, false, false},
#define MAYDEC(param, min, max) {SIM_PARAM_##param, min, max, 0, false, false},
#define NEEDDEC(param, min, max) {SIM_PARAM_##param, min, max, 0, true, false},
#define ONE(param, otherwise) {SIM_PARAM_##param, 0, 63, otherwise, false, true},
#define TXT(param) {SIM_PARAM_##param, 0, 0, 0, false, false},
#define NEEDTXT(param) {SIM_PARAM_##param, 0, 0, 0, true, false},
#define NONE                                                                                       \
    {                                                                                              \
        SIM_PARAM_COUNT, 0, 0, 0, false, false                                                     \
    }

static const sim_fault_spec specs[] = {
#define SIM_FAULT(constant, name, family, place, holds, what, ...)                                 \
    {name, family, SIM_PLACE_##place, holds, what, {__VA_ARGS__ NONE}},
#include "services/simulator/core/faults.def"
};
_Static_assert(sizeof(specs) / sizeof(specs[0]) == SIM_FAULT_COUNT, "a row each");

static const struct {
    const char *name;
    sim_param_type type;
    const char *words;
} params[] = {
#define SIM_FAULT_PARAM(constant, name, type, words) {name, SIM_PARAM_IS_##type, words},
#include "services/simulator/core/faults.def"
};
_Static_assert(sizeof(params) / sizeof(params[0]) == SIM_PARAM_COUNT, "a row each");

const sim_fault_spec *sim_fault_spec_of(sim_fault_kind kind)
{
    CB_ASSERT(kind < SIM_FAULT_COUNT);
    return &specs[kind];
}

bool sim_fault_kind_parse(cb_strview name, sim_fault_kind *out)
{
    for (uint32_t i = 0; i < SIM_FAULT_COUNT; i++) {
        if (cb_sv_is(name, specs[i].name)) {
            *out = (sim_fault_kind)i;
            return true;
        }
    }
    return false;
}

const char *sim_param_name(sim_fault_param param)
{
    CB_ASSERT(param < SIM_PARAM_COUNT);
    return params[param].name;
}

sim_param_type sim_param_type_of(sim_fault_param param)
{
    CB_ASSERT(param < SIM_PARAM_COUNT);
    return params[param].type;
}

cb_strview sim_param_word(sim_fault_param param, uint32_t index)
{
    CB_ASSERT(param < SIM_PARAM_COUNT);
    const char *at = params[param].words;
    for (uint32_t i = 0; *at != '\0'; i++) {
        const char *end = strchr(at, '|');
        const size_t size = end == NULL ? strlen(at) : (size_t)(end - at);
        if (i == index) {
            return (cb_strview){at, size};
        }
        at += end == NULL ? size : size + 1;
    }
    return (cb_strview){"", 0};
}

/* ---- rules ---- */

void sim_faults_init(sim_faults *faults, uint64_t seed)
{
    CB_ASSERT(faults != NULL);
    memset(faults, 0, sizeof(*faults));
    faults->seed = seed;
}

sim_rule sim_rule_of(sim_fault_kind kind, int64_t now_ns)
{
    CB_ASSERT(kind < SIM_FAULT_COUNT);
    sim_rule rule = {
        .kind = kind,
        .nth = 1,
        .every = 1,
        .probability_e8 = CB_E8,
        .from_ns = now_ns,
        .until_ns = INT64_MAX,
    };
    const sim_param_spec *spec = specs[kind].params;
    for (; spec->param != SIM_PARAM_COUNT; spec++) {
        if (spec->has_default) {
            rule.values[spec->param] = spec->otherwise;
            rule.given |= UINT64_C(1) << spec->param;
        }
    }
    if (specs[kind].place == SIM_PLACE_ACT) {
        rule.count = 1; /* a moment is one moment unless more are asked for */
    }
    return rule;
}

static uint32_t slot_of(sim_fault_param param)
{
    switch ((int)param) { /* the others are no texts */
    case SIM_PARAM_TO:
        return 0;
    case SIM_PARAM_ASSET:
        return 1;
    case SIM_PARAM_FIELD:
        return 2;
    default:
        CB_ASSERT(param == SIM_PARAM_TEXT);
        return 3;
    }
}

const char *sim_rule_text(const sim_rule *rule, sim_fault_param param)
{
    return rule->texts[slot_of(param)];
}

void sim_rule_set_text(sim_rule *rule, sim_fault_param param, const char *text)
{
    char *slot = rule->texts[slot_of(param)];
    const bool fits = cb_text_copy(slot, SIM_FAULT_TEXT_SIZE, cb_sv_from(text));
    CB_ASSERT(fits);
    rule->given |= UINT64_C(1) << param;
}

bool sim_rule_has(const sim_rule *rule, sim_fault_param param)
{
    CB_ASSERT(param < SIM_PARAM_COUNT);
    return (rule->given & (UINT64_C(1) << param)) != 0;
}

cb_status sim_faults_add(sim_faults *faults, const sim_rule *rule, uint32_t *out_id, cb_err *err)
{
    CB_ASSERT(rule->kind < SIM_FAULT_COUNT);
    CB_ASSERT(rule->nth > 0 && rule->every > 0);
    const sim_fault_spec *spec = &specs[rule->kind];
    if (faults->is_lockstep && spec->holds) {
        return CB_FAIL(err,
            CB_E_STATE,
            "kind %s makes a client wait for market time, which stands still in lockstep",
            spec->name);
    }
    if (faults->rules_count == SIM_FAULT_RULES_MAX) {
        sim_faults_sweep(faults);
    }
    if (faults->rules_count == SIM_FAULT_RULES_MAX) {
        return CB_FAIL(err, CB_E_FULL, "more than %d rules", SIM_FAULT_RULES_MAX);
    }
    sim_rule *added = &faults->rules[faults->rules_count];
    faults->rules_count++;
    faults->ids_count++;
    *added = *rule;
    added->id = faults->ids_count;
    added->phase = SIM_RULE_WAITING;
    added->met_count = 0;
    added->hits_count = 0;
    added->next_ns = rule->from_ns;
    *out_id = added->id;
    return CB_OK;
}

bool sim_faults_end(sim_faults *faults, uint32_t id, int64_t now_ns)
{
    bool is_found = false;
    for (uint32_t i = 0; i < faults->rules_count; i++) {
        sim_rule *rule = &faults->rules[i];
        if (rule->phase == SIM_RULE_OVER || (id != 0 && rule->id != id)) {
            continue;
        }
        is_found = true;
        rule->until_ns = now_ns;
        rule->from_ns = rule->from_ns > now_ns ? now_ns : rule->from_ns;
        if (rule->phase == SIM_RULE_WAITING || specs[rule->kind].place != SIM_PLACE_STATE) {
            rule->phase = SIM_RULE_OVER; /* nothing to put back */
        }
    }
    if (id == 0) {
        faults->plan_end_ns = faults->plan_end_ns > now_ns ? now_ns : faults->plan_end_ns;
    }
    return is_found;
}

void sim_faults_sweep(sim_faults *faults)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < faults->rules_count; i++) {
        if (faults->rules[i].phase != SIM_RULE_OVER) {
            faults->rules[kept] = faults->rules[i];
            kept++;
        }
    }
    faults->rules_count = kept;
}

bool sim_faults_any(const sim_faults *faults, sim_fault_place place)
{
    for (uint32_t i = 0; i < faults->rules_count; i++) {
        const sim_rule *rule = &faults->rules[i];
        if (rule->phase != SIM_RULE_OVER && specs[rule->kind].place == place) {
            return true;
        }
    }
    return false;
}

/* ---- matching ---- */

bool sim_pattern_matches(const char *pattern, const char *text)
{
    CB_ASSERT(pattern != NULL && text != NULL);
    const char *star = NULL; /* where to come back to: behind the last star … */
    const char *from = NULL; /* … with one more character given to it */
    if (pattern[0] == '\0') {
        return true;
    }
    while (*text != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            from = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star;
            text = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static bool is_about(const sim_rule *rule, const sim_subject *subject)
{
    return sim_pattern_matches(rule->target, or_empty(subject->target)) &&
           sim_pattern_matches(rule->account, or_empty(subject->account)) &&
           sim_pattern_matches(rule->symbol, or_empty(subject->symbol)) &&
           sim_pattern_matches(rule->client_id, or_empty(subject->client_id));
}

/* An even number of (seed, rule, meeting): the same whatever else was met before. */
static uint64_t roll_of(const sim_faults *faults, const sim_rule *rule)
{
    cb_prng prng;
    uint64_t hash = cb_hash_u64(CB_HASH_SEED, faults->seed);
    hash = cb_hash_u64(hash, rule->id);
    cb_prng_init(&prng, cb_hash_u64(hash, rule->met_count));
    return cb_prng_next(&prng);
}

/* Counts the meeting; true when the rule acts, with its roll. */
static bool is_hit(const sim_faults *faults, sim_rule *rule, int64_t now_ns, uint64_t *roll)
{
    if (rule->phase == SIM_RULE_OVER || now_ns < rule->from_ns) {
        return false;
    }
    if (now_ns >= rule->until_ns || (rule->count > 0 && rule->hits_count >= rule->count)) {
        rule->phase = SIM_RULE_OVER;
        return false;
    }
    rule->phase = SIM_RULE_ACTIVE;
    rule->met_count++;
    if (rule->met_count < rule->nth || (rule->met_count - rule->nth) % rule->every != 0) {
        return false;
    }
    *roll = roll_of(faults, rule);
    if ((int64_t)(*roll % (uint64_t)CB_E8) >= rule->probability_e8) {
        return false;
    }
    rule->hits_count++;
    return true;
}

/* ---- what it means ---- */

static int64_t ms_of(const sim_rule *rule)
{
    return rule->values[SIM_PARAM_MS] * CB_NS_PER_MS;
}

/* The delay, doubled for each coin in a row that shows heads: a heavy tail in whole numbers. */
static int64_t tailed(const sim_rule *rule, uint64_t roll)
{
    int64_t delay_ns = ms_of(rule);
    uint64_t coins = roll >> 32;
    for (int64_t i = 0; i < rule->values[SIM_PARAM_TAIL] && (coins & 1) != 0; i++) {
        delay_ns *= 2;
        coins >>= 1;
    }
    return delay_ns;
}

static sim_ending ending_of(const sim_rule *rule)
{
    return rule->values[SIM_PARAM_HOW] == 0 ? SIM_ENDING_FIN : SIM_ENDING_RST;
}

static sim_reply_form form_of(const sim_rule *rule)
{
    sim_reply_form form = {
        .is_set = true,
        .status = (int)rule->values[SIM_PARAM_STATUS],
        .code = (int32_t)rule->values[SIM_PARAM_CODE],
        .retry_after_s = sim_rule_has(rule, SIM_PARAM_RETRY) ? rule->values[SIM_PARAM_RETRY] : -1,
        .body = rule->values[SIM_PARAM_BODY],
    };
    memcpy(form.text, sim_rule_text(rule, SIM_PARAM_TEXT), sizeof(form.text));
    return form;
}

static sim_reply_form duplicate_form(void)
{
    return (sim_reply_form){
        .is_set = true,
        .status = 400,
        .code = -2010,
        .retry_after_s = -1,
        .text = "Duplicate order sent.",
    };
}

static void mutate_by(const sim_rule *rule, uint64_t roll, sim_mutation *out)
{
    out->is_set = true;
    out->how = (uint32_t)rule->values[SIM_PARAM_MUTATION];
    out->roll = roll >> 8;
    memcpy(out->field, sim_rule_text(rule, SIM_PARAM_FIELD), sizeof(out->field));
}

/* When the gate shall look at the request: exactly at a bound of its own window, or after a time.
 */
static int64_t request_delay(
    const sim_rule *rule, const sim_subject *subject, int64_t now_ns, uint64_t roll)
{
    if (!sim_rule_has(rule, SIM_PARAM_WINDOW) || subject->window_end_ns == 0) {
        return tailed(rule, roll);
    }
    const int64_t due_ns = subject->window_end_ns + rule->values[SIM_PARAM_WINDOW] * CB_NS_PER_MS;
    return due_ns > now_ns ? due_ns - now_ns : 0;
}

static void add_request_fault(sim_fate *fate, const sim_rule *rule, uint64_t roll)
{
    switch ((int)rule->kind) { /* frames' kinds have a switch of their own */
    case SIM_FAULT_DROP_REQUEST:
        fate->is_lost = true;
        break;
    case SIM_FAULT_DROP_ANSWER:
        fate->is_answer_lost = true;
        break;
    case SIM_FAULT_FAKE_ANSWER:
        fate->fake = form_of(rule);
        break;
    case SIM_FAULT_CLOSE_BEFORE:
        fate->ending_before = ending_of(rule);
        break;
    case SIM_FAULT_CLOSE_AFTER:
        fate->ending_after = ending_of(rule);
        break;
    case SIM_FAULT_DELAY_ENGINE:
        fate->engine_delay_ns += tailed(rule, roll);
        break;
    case SIM_FAULT_DELAY_ANSWER:
        fate->answer_delay_ns += tailed(rule, roll);
        break;
    case SIM_FAULT_QUERY_LAG:
        fate->lag_ns = ms_of(rule) > fate->lag_ns ? ms_of(rule) : fate->lag_ns;
        break;
    case SIM_FAULT_REFUSE:
        fate->refusal = form_of(rule);
        break;
    case SIM_FAULT_PARTIAL_REPLACE:
        fate->fails_new = rule->values[SIM_PARAM_HALF] == 0;
        fate->fails_cancel = !fate->fails_new;
        break;
    case SIM_FAULT_MUTATE_ANSWER:
        mutate_by(rule, roll, &fate->mutation);
        break;
    case SIM_FAULT_SLOW_BODY:
        fate->slow_byte_ns = ms_of(rule);
        break;
    case SIM_FAULT_CUT_BODY:
        fate->cut_bytes = rule->values[SIM_PARAM_BYTES];
        fate->cut_ending = ending_of(rule);
        break;
    case SIM_FAULT_HUGE_BODY:
        fate->huge_bytes = rule->values[SIM_PARAM_MB] * 1000000;
        break;
    case SIM_FAULT_BAD_TLS:
        fate->is_tls_alert = true;
        break;
    case SIM_FAULT_SELF_TRADE:
        fate->has_self_trade = true;
        fate->self_trade_mode = (sim_stp)rule->values[SIM_PARAM_MODE];
        fate->is_self_trade_maker = rule->values[SIM_PARAM_ROLE] == 1;
        fate->self_trade_percent = rule->values[SIM_PARAM_PERCENT];
        break;
    case SIM_FAULT_DUPLICATE_ANSWER:
        fate->fake = duplicate_form();
        break;
    default:
        CB_ASSERT(rule->kind == SIM_FAULT_DELAY_REQUEST);
    }
}

static void add_frame_fault(sim_fate *fate, const sim_rule *rule, uint64_t roll)
{
    fate->roll = roll;
    switch ((int)rule->kind) { /* requests' kinds have a switch of their own */
    case SIM_FAULT_USER_LOSE:
    case SIM_FAULT_MARKET_LOSE:
        fate->is_lost = true;
        break;
    case SIM_FAULT_USER_DUPLICATE:
    case SIM_FAULT_MARKET_DUPLICATE:
        fate->copies = (uint32_t)rule->values[SIM_PARAM_COPIES];
        break;
    case SIM_FAULT_USER_REORDER:
    case SIM_FAULT_MARKET_REORDER:
        fate->behind_frames = (uint32_t)rule->values[SIM_PARAM_FRAMES];
        fate->behind_ns = ms_of(rule);
        break;
    case SIM_FAULT_USER_DELAY:
        fate->delay_ns += tailed(rule, roll);
        break;
    case SIM_FAULT_MARKET_DELAY:
        fate->delay_ns += tailed(rule, roll);
        fate->is_stamped = rule->values[SIM_PARAM_STAMP] == 1;
        break;
    case SIM_FAULT_MARKET_RESET:
        fate->ids_by += rule->values[SIM_PARAM_BY];
        break;
    case SIM_FAULT_MARKET_CORRUPT:
        fate->is_corrupt = true;
        break;
    default:
        CB_ASSERT(rule->kind == SIM_FAULT_MUTATE_USER || rule->kind == SIM_FAULT_MUTATE_MARKET);
        mutate_by(rule, roll, &fate->mutation);
    }
}

sim_fate sim_faults_decide(sim_faults *faults, const sim_subject *subject, int64_t now_ns)
{
    CB_ASSERT(subject->place <= SIM_PLACE_MARKET);
    sim_fate fate = {.copies = 1, .cut_bytes = -1};
    for (uint32_t i = 0; i < faults->rules_count && fate.hits_count < SIM_FATE_HITS_MAX; i++) {
        sim_rule *rule = &faults->rules[i];
        uint64_t roll = 0;
        if (specs[rule->kind].place != subject->place || !is_about(rule, subject) ||
            !is_hit(faults, rule, now_ns, &roll)) {
            continue;
        }
        fate.hits[fate.hits_count] = rule->id;
        fate.hits_count++;
        faults->hits_count++;
        if (rule->kind == SIM_FAULT_DELAY_REQUEST) {
            fate.request_delay_ns += request_delay(rule, subject, now_ns, roll);
        } else if (subject->place == SIM_PLACE_REQUEST) {
            add_request_fault(&fate, rule, roll);
        } else {
            add_frame_fault(&fate, rule, roll);
        }
    }
    CB_ASSERT(fate.copies > 0);
    return fate;
}

/* ---- time ---- */

/* ACT: the moment is used up; the next one follows when there is one. */
static void spend(sim_rule *rule)
{
    const int64_t every_ns = rule->values[SIM_PARAM_EVERY] * CB_NS_PER_MS;
    rule->met_count++;
    rule->hits_count++;
    rule->next_ns += every_ns;
    const bool is_last = every_ns == 0 || (rule->count > 0 && rule->hits_count >= rule->count);
    if (is_last || rule->next_ns >= rule->until_ns) {
        rule->phase = SIM_RULE_OVER;
    }
}

static sim_turn_what turn_rule(sim_rule *rule, int64_t now_ns)
{
    const sim_fault_place place = specs[rule->kind].place;
    if (rule->phase == SIM_RULE_OVER || rule->from_ns > now_ns) {
        return SIM_TURN_NONE;
    }
    if (place == SIM_PLACE_STATE && rule->phase == SIM_RULE_WAITING) {
        rule->phase = SIM_RULE_ACTIVE;
        rule->hits_count++;
        return SIM_TURN_BEGIN;
    }
    if (place == SIM_PLACE_ACT && rule->next_ns <= now_ns) {
        rule->phase = SIM_RULE_ACTIVE;
        spend(rule);
        return SIM_TURN_ACT;
    }
    if (rule->until_ns <= now_ns) {
        rule->phase = SIM_RULE_OVER;
        return place == SIM_PLACE_STATE ? SIM_TURN_END : SIM_TURN_NONE;
    }
    return SIM_TURN_NONE;
}

sim_turn_what sim_faults_turn(sim_faults *faults, int64_t now_ns, sim_rule **out)
{
    CB_ASSERT(out != NULL);
    for (uint32_t i = 0; i < faults->rules_count; i++) {
        const sim_turn_what what = turn_rule(&faults->rules[i], now_ns);
        if (what != SIM_TURN_NONE) {
            faults->hits_count += what == SIM_TURN_END ? 0 : 1;
            *out = &faults->rules[i];
            return what;
        }
    }
    return SIM_TURN_NONE;
}

int64_t sim_faults_next_ns(const sim_faults *faults)
{
    int64_t next_ns = INT64_MAX;
    for (uint32_t i = 0; i < faults->rules_count; i++) {
        const sim_rule *rule = &faults->rules[i];
        const sim_fault_place place = specs[rule->kind].place;
        if (rule->phase == SIM_RULE_OVER || place < SIM_PLACE_STATE) {
            continue;
        }
        int64_t due_ns = place == SIM_PLACE_ACT ? rule->next_ns : rule->until_ns;
        if (place == SIM_PLACE_STATE && rule->phase == SIM_RULE_WAITING) {
            due_ns = rule->from_ns;
        }
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    return next_ns;
}

int64_t sim_faults_clock_offset(const sim_faults *faults, int64_t now_ns)
{
    int64_t offset_ns = 0;
    for (uint32_t i = 0; i < faults->rules_count; i++) {
        const sim_rule *rule = &faults->rules[i];
        if (rule->phase != SIM_RULE_ACTIVE || now_ns < rule->from_ns || now_ns >= rule->until_ns) {
            continue;
        }
        if (rule->kind == SIM_FAULT_CLOCK_OFFSET) {
            offset_ns += ms_of(rule);
        } else if (rule->kind == SIM_FAULT_CLOCK_DRIFT) {
            const int64_t passed_us = (now_ns - rule->from_ns) / CB_NS_PER_US;
            offset_ns += passed_us * rule->values[SIM_PARAM_PPM] / 1000;
        }
    }
    return offset_ns;
}
