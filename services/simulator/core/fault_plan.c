/* A plan: rules drawn by seed over a stretch of market time, all over by its end. What is drawn
 * hurts, but leaves a world that can settle: nothing a plan does is for ever. */
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/prng.h"
#include "base/timefmt.h"
#include "services/simulator/core/fault.h"

#define PERMILLE 1000

/* ---- which kinds ---- */

/* True when a word of the list (comma between) is the kind's name or its family. */
static bool is_named(const char *list, sim_fault_kind kind)
{
    const sim_fault_spec *spec = sim_fault_spec_of(kind);
    for (const char *at = list; *at != '\0';) {
        const char *end = strchr(at, ',');
        const size_t size = end == NULL ? strlen(at) : (size_t)(end - at);
        const cb_strview word = {at, size};
        if (cb_sv_is(word, spec->name) || cb_sv_is(word, spec->family)) {
            return true;
        }
        at += end == NULL ? size : size + 1;
    }
    return false;
}

static cb_status check_words(const char *what, const char *list, cb_err *err)
{
    for (const char *at = list; *at != '\0';) {
        const char *end = strchr(at, ',');
        const size_t size = end == NULL ? strlen(at) : (size_t)(end - at);
        const cb_strview word = {at, size};
        bool is_known = false;
        for (uint32_t i = 0; i < SIM_FAULT_COUNT && !is_known; i++) {
            const sim_fault_spec *spec = sim_fault_spec_of((sim_fault_kind)i);
            is_known = cb_sv_is(word, spec->name) || cb_sv_is(word, spec->family);
        }
        if (!is_known) {
            return CB_FAIL(err,
                CB_E_SYNTAX,
                "%s: '%.*s' is neither a family (F1 … F17) nor a kind",
                what,
                (int)(size > 40 ? 40 : size),
                at);
        }
        at += end == NULL ? size : size + 1;
    }
    return CB_OK;
}

static bool is_wanted(const sim_faults *faults, const sim_plan *plan, sim_fault_kind kind)
{
    return (plan->only[0] == '\0' || is_named(plan->only, kind)) &&
           !is_named(plan->without, kind) &&
           !(faults->is_lockstep && sim_fault_spec_of(kind)->holds);
}

/* ---- drawing ---- */

static int64_t between(cb_prng *prng, int64_t low, int64_t high)
{
    CB_ASSERT(low <= high);
    return low + (int64_t)cb_prng_below(prng, (uint64_t)(high - low) + 1);
}

static void set(sim_rule *rule, sim_fault_param param, int64_t value)
{
    rule->values[param] = value;
    rule->given |= UINT64_C(1) << param;
}

static void set_words(sim_rule *rule, cb_prng *prng, sim_fault_param param)
{
    uint32_t count = 0;
    while (sim_param_word(param, count).size > 0) {
        count++;
    }
    CB_ASSERT(count > 0);
    set(rule, param, (int64_t)cb_prng_below(prng, count));
}

static void set_target(sim_rule *rule, const char *text)
{
    const bool fits = cb_text_copy(rule->target, sizeof(rule->target), cb_sv_from(text));
    CB_ASSERT(fits);
}

/* Orders are what hurts most: most request faults are about them. */
static void draw_target(sim_rule *rule, cb_prng *prng)
{
    static const char *const targets[] = {"POST /api/v3/order",
        "POST /api/v3/order",
        "POST /api/v3/order",
        "* /api/v3/order",
        "DELETE /api/v3/*",
        "GET /api/v3/*"};
    set_target(rule, targets[cb_prng_below(prng, sizeof(targets) / sizeof(targets[0]))]);
}

static void draw_symbol(sim_rule *rule, cb_prng *prng, const sim_plan *plan)
{
    const char *symbol = plan->symbols[cb_prng_below(prng, plan->symbols_count)];
    const bool fits = cb_text_copy(rule->symbol, sizeof(rule->symbol), cb_sv_from(symbol));
    CB_ASSERT(fits);
}

/* Status and code as the venue pairs them. */
static void draw_fake(sim_rule *rule, cb_prng *prng)
{
    static const struct {
        int64_t status;
        int64_t code;
        int64_t body;
    } forms[] = {{500, -1000, 0},
        {502, 0, 1},
        {503, -1007, 0},
        {503, -1006, 0},
        {504, 0, 1},
        {504, 0, 2},
        {302, 0, 1},
        {200, 0, 2}};
    const size_t at = cb_prng_below(prng, sizeof(forms) / sizeof(forms[0]));
    set(rule, SIM_PARAM_STATUS, forms[at].status);
    set(rule, SIM_PARAM_CODE, forms[at].code);
    set(rule, SIM_PARAM_BODY, forms[at].body);
}

static void draw_refusal(sim_rule *rule, cb_prng *prng)
{
    static const struct {
        int64_t status;
        int64_t code;
        int64_t retry_s;
        int64_t body;
    } forms[] = {{429, -1003, 2, 0},
        {429, -1015, 5, 0},
        {418, -1003, 10, 0},
        {403, 0, -1, 1},
        {451, 0, -1, 1},
        {503, -1008, -1, 0}};
    const size_t at = cb_prng_below(prng, sizeof(forms) / sizeof(forms[0]));
    set(rule, SIM_PARAM_STATUS, forms[at].status);
    set(rule, SIM_PARAM_CODE, forms[at].code);
    set(rule, SIM_PARAM_RETRY, forms[at].retry_s);
    set(rule, SIM_PARAM_BODY, forms[at].body);
}

static void draw_stranger(sim_rule *rule, cb_prng *prng, const sim_plan *plan)
{
    draw_symbol(rule, prng, plan);
    if (sim_rule_has(rule, SIM_PARAM_SIDE)) {
        set_words(rule, prng, SIM_PARAM_SIDE);
        set_words(rule, prng, SIM_PARAM_TYPE);
        set(rule, SIM_PARAM_VALUE, between(prng, 10, 500) * CB_E8);
    }
    if (rule->kind == SIM_FAULT_DEPOSIT || rule->kind == SIM_FAULT_WITHDRAW) {
        sim_rule_set_text(rule, SIM_PARAM_ASSET, "USDT");
        set(rule, SIM_PARAM_AMOUNT, between(prng, 1, 200) * CB_E8);
    }
    if (rule->kind == SIM_FAULT_LIQUIDATE) {
        set(rule, SIM_PARAM_PERCENT, between(prng, 10, 100));
    }
}

static void draw_instrument(sim_rule *rule, cb_prng *prng, const sim_plan *plan)
{
    draw_symbol(rule, prng, plan);
    if (rule->kind == SIM_FAULT_TRADING) {
        set(rule, SIM_PARAM_TRADING, between(prng, 1, 3));
    } else if (rule->kind == SIM_FAULT_RENAME) {
        sim_rule_set_text(rule, SIM_PARAM_TO, "RENAMEDUSDT");
    } else if (rule->kind == SIM_FAULT_FILTERS) {
        set(rule, SIM_PARAM_NOTIONAL, between(prng, 5, 50) * CB_E8);
        set(rule, SIM_PARAM_TICK, CB_E8 / (cb_prng_below(prng, 2) == 0 ? 10 : 1));
        set(rule, SIM_PARAM_STEP, CB_E8 / 1000);
    }
}

/* What a kind needs beyond its defaults. */
static void draw_values(sim_rule *rule, cb_prng *prng, const sim_plan *plan)
{
    const sim_fault_spec *spec = sim_fault_spec_of(rule->kind);
    if (spec->place == SIM_PLACE_REQUEST) {
        draw_target(rule, prng);
        rule->probability_e8 = between(prng, 20, 100) * (CB_E8 / 100);
    } else if (spec->place != SIM_PLACE_ACT) {
        rule->probability_e8 = between(prng, 5, 60) * (CB_E8 / 100);
    }
    if (sim_rule_has(rule, SIM_PARAM_MS)) {
        set(rule, SIM_PARAM_MS, between(prng, 1, 20) * 200);
    }
    if (sim_rule_has(rule, SIM_PARAM_TAIL)) {
        set(rule, SIM_PARAM_TAIL, between(prng, 0, 4));
    }
    if (sim_rule_has(rule, SIM_PARAM_HOW)) {
        set_words(rule, prng, SIM_PARAM_HOW);
    }
    if (sim_rule_has(rule, SIM_PARAM_MUTATION)) {
        set_words(rule, prng, SIM_PARAM_MUTATION);
        rule->count = 3; /* a few lies; a stream of them is another venue */
    }
    switch ((int)rule->kind) {
    case SIM_FAULT_FAKE_ANSWER:
        draw_fake(rule, prng);
        break;
    case SIM_FAULT_REFUSE:
        draw_refusal(rule, prng);
        break;
    case SIM_FAULT_DELAY_REQUEST:
        if (cb_prng_below(prng, 2) == 0) {
            set(rule, SIM_PARAM_WINDOW, between(prng, -1, 1));
        }
        break;
    case SIM_FAULT_QUERY_LAG:
        set_target(rule, "GET /api/v3/*");
        rule->probability_e8 = CB_E8;
        break;
    case SIM_FAULT_SLOW_BODY:
        set(rule, SIM_PARAM_MS, between(prng, 10, 200));
        rule->count = 2;
        break;
    case SIM_FAULT_HUGE_BODY:
        set(rule, SIM_PARAM_MB, 20);
        rule->count = 2;
        break;
    case SIM_FAULT_SELF_TRADE:
        set_target(rule, "POST /api/v3/order");
        set(rule, SIM_PARAM_MODE, between(prng, 1, 4));
        set_words(rule, prng, SIM_PARAM_ROLE);
        rule->count = 2;
        break;
    case SIM_FAULT_CLOCK_OFFSET:
        set(rule, SIM_PARAM_MS, between(prng, -3000, 3000));
        break;
    case SIM_FAULT_CLOCK_DRIFT:
        set(rule, SIM_PARAM_PPM, between(prng, -5000, 5000));
        break;
    case SIM_FAULT_CLIENT_IDS:
        set_words(rule, prng, SIM_PARAM_UNIQUE);
        break;
    default:
        if (strcmp(spec->family, "F11") == 0) {
            draw_instrument(rule, prng, plan);
        } else if (strcmp(spec->family, "F12") == 0) {
            draw_stranger(rule, prng, plan);
        }
    }
}

/* A stretch inside the plan, over before its last tenth, so that what is on its way arrives. */
static void draw_time(sim_rule *rule, cb_prng *prng, const sim_plan *plan)
{
    const int64_t span_ns = (plan->end_ns - plan->begin_ns) / PERMILLE * 900;
    const int64_t begin = between(prng, 0, 700);
    const int64_t length = between(prng, 30, 200);
    CB_ASSERT(begin + length <= PERMILLE);
    rule->from_ns = plan->begin_ns + span_ns / PERMILLE * begin;
    rule->until_ns = rule->from_ns + span_ns / PERMILLE * length;
    CB_ASSERT(rule->until_ns <= plan->end_ns);
}

static cb_status add_drawn(
    sim_faults *faults, const sim_plan *plan, sim_fault_kind kind, cb_prng *prng, cb_err *err)
{
    uint32_t id = 0;
    sim_rule rule = sim_rule_of(kind, plan->begin_ns);
    (void)cb_text_copy(rule.account, sizeof(rule.account), cb_sv_from(plan->account));
    if (sim_fault_spec_of(kind)->place == SIM_PLACE_MARKET ||
        sim_fault_spec_of(kind)->place == SIM_PLACE_STATE) {
        rule.account[0] = '\0'; /* those know no account */
    }
    draw_values(&rule, prng, plan);
    draw_time(&rule, prng, plan);
    return sim_faults_add(faults, &rule, &id, err);
}

/* One rule of the family: each of its wanted kinds is as likely as the others. */
static cb_status draw_of_family(sim_faults *faults,
    const sim_plan *plan,
    const char *family,
    cb_prng *prng,
    uint32_t *count,
    cb_err *err)
{
    sim_fault_kind kinds[SIM_FAULT_COUNT];
    uint32_t kinds_count = 0;
    for (uint32_t i = 0; i < SIM_FAULT_COUNT; i++) {
        if (strcmp(sim_fault_spec_of((sim_fault_kind)i)->family, family) == 0 &&
            is_wanted(faults, plan, (sim_fault_kind)i)) {
            kinds[kinds_count] = (sim_fault_kind)i;
            kinds_count++;
        }
    }
    if (kinds_count == 0) {
        return CB_OK;
    }
    (*count)++;
    return add_drawn(faults, plan, kinds[cb_prng_below(prng, kinds_count)], prng, err);
}

cb_status sim_faults_plan(
    sim_faults *faults, const sim_plan *plan, uint32_t *out_count, cb_err *err)
{
    static const char *const families[] = {"F1",
        "F2",
        "F3",
        "F4",
        "F5",
        "F6",
        "F7",
        "F8",
        "F9",
        "F10",
        "F11",
        "F12",
        "F13",
        "F14",
        "F15",
        "F16",
        "F17"};
    cb_prng prng;
    CB_ASSERT(plan->symbols_count > 0);
    CB_ASSERT(plan->end_ns > plan->begin_ns);
    CB_ASSERT(plan->intensity >= 1 && plan->intensity <= SIM_PLAN_INTENSITY_MAX);
    cb_status status = check_words("only", plan->only, err);
    if (status == CB_OK) {
        status = check_words("without", plan->without, err);
    }
    *out_count = 0;
    cb_prng_init(&prng, cb_hash_u64(CB_HASH_SEED, plan->seed));
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        for (uint64_t n = 0; n < plan->intensity && status == CB_OK; n++) {
            status = draw_of_family(faults, plan, families[i], &prng, out_count, err);
        }
    }
    if (status == CB_OK) {
        faults->seed = plan->seed;
        faults->plan_seed = plan->seed;
        faults->plan_intensity = plan->intensity;
        faults->plan_end_ns = plan->end_ns;
    }
    return status;
}
