/* Rules as JSON, in both directions. What is read is refused by name when anything is unknown,
 * doubled, missing or out of bounds; nothing is guessed. */
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/simulator/core/fault.h"
#include "venue/json.h"

#define LIST_MAX 128                        /* rules in one request */
#define MS_MAX (INT64_C(4102444800) * 1000) /* a time of market, in ms: the year 2100 */

/* What stands in a rule besides its kind's own parameters. */
typedef struct reading {
    sim_rule rule;
    uint64_t seen_params;
    uint32_t seen_common;
    int64_t now_ns;
    int64_t for_ms; /* -1 = not given */
    bool has_kind;
} reading;

/* The kind comes first, because it says which parameters there are. */
static cb_status find_kind(cb_strview text, sim_fault_kind *out, cb_err *err)
{
    cb_json json;
    cb_strview key;
    cb_strview name = {"", 0};
    bool is_found = false;
    cb_json_init(&json, text);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "kind")) {
            if (is_found) {
                return CB_FAIL(err, CB_E_SYNTAX, "kind stands there twice");
            }
            is_found = cb_json_word(&json, &name);
        } else {
            (void)cb_json_skip(&json);
        }
    }
    if (cb_json_finish(&json, "rule", err) != CB_OK) {
        return CB_E_SYNTAX;
    }
    if (!is_found) {
        return CB_FAIL(err, CB_E_SYNTAX, "kind is missing");
    }
    if (!sim_fault_kind_parse(name, out)) {
        return CB_FAIL(err,
            CB_E_NOT_FOUND,
            "kind '%.*s' is not known (GET /control/kinds lists them)",
            (int)(name.size > 40 ? 40 : name.size),
            name.at);
    }
    return CB_OK;
}

/* ---- what every rule has ---- */

static cb_status read_pattern(cb_json *json, const char *name, char *out, size_t size, cb_err *err)
{
    if (!cb_json_text(json, out, size)) {
        return CB_FAIL(err, CB_E_SYNTAX, "%s is no text of at most %zu bytes", name, size - 1);
    }
    return CB_OK;
}

static cb_status read_number(
    cb_json *json, const char *name, int64_t min, int64_t max, int64_t *out, cb_err *err)
{
    int64_t value = 0;
    if (!cb_json_i64(json, &value)) {
        return CB_FAIL(err, CB_E_SYNTAX, "%s is no whole number", name);
    }
    if (value < min || value > max) {
        return CB_FAIL(err,
            CB_E_RANGE,
            "%s: %lld is outside %lld … %lld",
            name,
            (long long)value,
            (long long)min,
            (long long)max);
    }
    *out = value;
    return CB_OK;
}

static cb_status read_probability(cb_json *json, int64_t *out_e8, cb_err *err)
{
    if (!cb_json_decimal(json, out_e8) || *out_e8 < 0 || *out_e8 > CB_E8) {
        return CB_FAIL(err, CB_E_RANGE, "probability is no decimal within 0 … 1");
    }
    return CB_OK;
}

static cb_status read_u64(cb_json *json, const char *name, int64_t min, uint64_t *out, cb_err *err)
{
    int64_t value = 0;
    const cb_status status = read_number(json, name, min, INT64_C(1000000000), &value, err);
    *out = (uint64_t)value;
    return status;
}

static const char *const commons[] = {"kind",
    "target",
    "account",
    "symbol",
    "client_id",
    "nth",
    "every",
    "count",
    "probability",
    "after_ms",
    "for_ms",
    "from_ms",
    "until_ms"};
#define COMMONS (sizeof(commons) / sizeof(commons[0]))

/* One member that every kind has; the index is that of its name above. */
static cb_status read_common(reading *self, uint32_t index, cb_json *json, cb_err *err)
{
    sim_rule *rule = &self->rule;
    int64_t ms = 0;
    cb_status status = CB_OK;
    switch (index) {
    case 0:
        (void)cb_json_skip(json);
        return CB_OK;
    case 1:
        return read_pattern(json, "target", rule->target, sizeof(rule->target), err);
    case 2:
        return read_pattern(json, "account", rule->account, sizeof(rule->account), err);
    case 3:
        return read_pattern(json, "symbol", rule->symbol, sizeof(rule->symbol), err);
    case 4:
        return read_pattern(json, "client_id", rule->client_id, sizeof(rule->client_id), err);
    case 5:
        return read_u64(json, "nth", 1, &rule->nth, err);
    case 6:
        return read_u64(json, "every", 1, &rule->every, err);
    case 7:
        return read_u64(json, "count", 0, &rule->count, err);
    case 8:
        return read_probability(json, &rule->probability_e8, err);
    case 9:
        status = read_number(json, "after_ms", 0, MS_MAX, &ms, err);
        rule->from_ns = self->now_ns + ms * CB_NS_PER_MS;
        return status;
    case 10:
        return read_number(json, "for_ms", 0, MS_MAX, &self->for_ms, err);
    case 11:
        status = read_number(json, "from_ms", 0, MS_MAX, &ms, err);
        rule->from_ns = ms * CB_NS_PER_MS;
        return status;
    default:
        CB_ASSERT(index == 12);
        status = read_number(json, "until_ms", 0, MS_MAX, &ms, err);
        rule->until_ns = ms * CB_NS_PER_MS;
        return status;
    }
}

/* ---- what one kind has ---- */

static cb_status read_choice(cb_json *json, sim_fault_param param, int64_t *out, cb_err *err)
{
    cb_strview word;
    if (!cb_json_word(json, &word)) {
        return CB_FAIL(err, CB_E_SYNTAX, "%s is no word", sim_param_name(param));
    }
    for (uint32_t i = 0;; i++) {
        const cb_strview known = sim_param_word(param, i);
        if (known.size == 0) {
            return CB_FAIL(err,
                CB_E_RANGE,
                "%s: '%.*s' is none of its words (GET /control/kinds lists them)",
                sim_param_name(param),
                (int)(word.size > 40 ? 40 : word.size),
                word.at);
        }
        if (cb_sv_equal(known, word)) {
            *out = i;
            return CB_OK;
        }
    }
}

static cb_status read_param(reading *self, const sim_param_spec *spec, cb_json *json, cb_err *err)
{
    const char *name = sim_param_name(spec->param);
    sim_rule *rule = &self->rule;
    int64_t *value = &rule->values[spec->param];
    rule->given |= UINT64_C(1) << spec->param;
    switch (sim_param_type_of(spec->param)) {
    case SIM_PARAM_IS_NUMBER:
        return read_number(json, name, spec->min, spec->max, value, err);
    case SIM_PARAM_IS_DECIMAL:
        if (!cb_json_decimal(json, value) || *value < spec->min || *value > spec->max) {
            char min[CB_DECIMAL_TEXT_MAX];
            char max[CB_DECIMAL_TEXT_MAX];
            (void)cb_decimal_print(spec->min, min);
            (void)cb_decimal_print(spec->max, max);
            return CB_FAIL(err, CB_E_RANGE, "%s is no decimal within %s … %s", name, min, max);
        }
        return CB_OK;
    case SIM_PARAM_IS_CHOICE:
        return read_choice(json, spec->param, value, err);
    case SIM_PARAM_IS_TEXT:
    default: {
        char text[SIM_FAULT_TEXT_SIZE];
        const cb_status status = read_pattern(json, name, text, sizeof(text), err);
        if (status == CB_OK) {
            sim_rule_set_text(rule, spec->param, text);
        }
        return status;
    }
    }
}

static const sim_param_spec *find_param(sim_fault_kind kind, cb_strview name)
{
    const sim_param_spec *spec = sim_fault_spec_of(kind)->params;
    for (; spec->param != SIM_PARAM_COUNT; spec++) {
        if (cb_sv_is(name, sim_param_name(spec->param))) {
            return spec;
        }
    }
    return NULL;
}

static cb_status read_member(reading *self, cb_strview key, cb_json *json, cb_err *err)
{
    for (uint32_t i = 0; i < COMMONS; i++) {
        if (!cb_sv_is(key, commons[i])) {
            continue;
        }
        if ((self->seen_common & (1U << i)) != 0) {
            return CB_FAIL(err, CB_E_SYNTAX, "%s stands there twice", commons[i]);
        }
        self->seen_common |= 1U << i;
        return read_common(self, i, json, err);
    }
    const sim_param_spec *spec = find_param(self->rule.kind, key);
    const int size = (int)(key.size > 40 ? 40 : key.size);
    if (spec == NULL) {
        return CB_FAIL(err,
            CB_E_NOT_FOUND,
            "%s has no parameter '%.*s'",
            sim_fault_spec_of(self->rule.kind)->name,
            size,
            key.at);
    }
    if ((self->seen_params & (UINT64_C(1) << spec->param)) != 0) {
        return CB_FAIL(err, CB_E_SYNTAX, "%.*s stands there twice", size, key.at);
    }
    self->seen_params |= UINT64_C(1) << spec->param;
    return read_param(self, spec, json, err);
}

/* What only can be seen when all has been read. */
static cb_status check_whole(reading *self, cb_err *err)
{
    sim_rule *rule = &self->rule;
    const sim_fault_spec *kind = sim_fault_spec_of(rule->kind);
    for (const sim_param_spec *spec = kind->params; spec->param != SIM_PARAM_COUNT; spec++) {
        if (spec->is_needed && (self->seen_params & (UINT64_C(1) << spec->param)) == 0) {
            return CB_FAIL(err, CB_E_SYNTAX, "%s is missing", sim_param_name(spec->param));
        }
    }
    if (self->for_ms > 0) {
        rule->until_ns = rule->from_ns + self->for_ms * CB_NS_PER_MS;
    }
    if (rule->until_ns <= rule->from_ns) {
        return CB_FAIL(err, CB_E_RANGE, "until_ms is not after the rule's begin");
    }
    const bool is_of_symbol = rule->kind == SIM_FAULT_FILTERS || rule->kind == SIM_FAULT_TRADING ||
                              rule->kind == SIM_FAULT_DELIST || rule->kind == SIM_FAULT_RENAME;
    if (is_of_symbol && (rule->symbol[0] == '\0' || strchr(rule->symbol, '*') != NULL)) {
        return CB_FAIL(err, CB_E_SYNTAX, "symbol: %s needs one by name", kind->name);
    }
    return CB_OK;
}

static cb_status read_rule(cb_strview text, int64_t now_ns, sim_rule *out, cb_err *err)
{
    sim_fault_kind kind = SIM_FAULT_COUNT;
    cb_json json;
    cb_strview key;
    cb_status status = find_kind(text, &kind, err);
    if (status != CB_OK) {
        return status;
    }
    reading self = {.rule = sim_rule_of(kind, now_ns), .now_ns = now_ns, .for_ms = -1};
    cb_json_init(&json, text);
    (void)cb_json_enter_object(&json);
    while (status == CB_OK && cb_json_next_key(&json, &key)) {
        status = read_member(&self, key, &json, err);
    }
    if (status == CB_OK) {
        status = cb_json_finish(&json, "rule", err);
    }
    if (status == CB_OK) {
        status = check_whole(&self, err);
    }
    *out = self.rule;
    return status;
}

static cb_status read_one(
    sim_faults *faults, cb_strview text, int64_t now_ns, uint32_t *out_id, cb_err *err)
{
    sim_rule rule;
    const cb_status status = read_rule(text, now_ns, &rule, err);
    return status == CB_OK ? sim_faults_add(faults, &rule, out_id, err) : status;
}

/* All or none: what was added before a bad one goes again. */
static cb_status read_list(
    sim_faults *faults, cb_strview text, int64_t now_ns, uint32_t *count, cb_err *err)
{
    cb_json json;
    const uint32_t rules_count = faults->rules_count;
    cb_status status = CB_OK;
    cb_json_init(&json, text);
    (void)cb_json_enter_array(&json);
    for (*count = 0; status == CB_OK && cb_json_next_item(&json); (*count)++) {
        uint32_t id = 0;
        (void)cb_json_peek(&json);
        const char *start = json.at;
        if (!cb_json_skip(&json)) {
            break;
        }
        const cb_strview item = {start, (size_t)(json.at - start)};
        status = *count < LIST_MAX ? read_one(faults, item, now_ns, &id, err)
                                   : CB_FAIL(err, CB_E_FULL, "more than %d in a list", LIST_MAX);
        if (status != CB_OK) {
            (void)cb_err_context(err, "rule %u", *count);
        }
    }
    if (status == CB_OK) {
        status = cb_json_finish(&json, "list of rules", err);
    }
    if (status == CB_OK && *count == 0) {
        status = CB_FAIL(err, CB_E_SYNTAX, "the list of rules is empty");
    }
    if (status != CB_OK) {
        faults->rules_count = rules_count;
    }
    return status;
}

cb_status sim_faults_read(sim_faults *faults,
    cb_strview text,
    int64_t now_ns,
    uint32_t *out_first,
    uint32_t *out_count,
    cb_err *err)
{
    cb_json json;
    CB_ASSERT(out_first != NULL && out_count != NULL);
    const uint32_t ids_count = faults->ids_count;
    /* Room is made first: what is added in one request must be the tail of the table. */
    sim_faults_sweep(faults);
    cb_json_init(&json, text);
    uint32_t id = 0;
    const bool is_list = cb_json_peek(&json) == CB_JSON_ARRAY;
    const cb_status status = is_list ? read_list(faults, text, now_ns, out_count, err)
                                     : read_one(faults, text, now_ns, &id, err);
    if (status != CB_OK) {
        faults->ids_count = ids_count;
        return status;
    }
    *out_first = ids_count + 1;
    *out_count = is_list ? *out_count : 1;
    return CB_OK;
}

/* ---- writing ---- */

static void write_value(const sim_rule *rule, sim_fault_param param, sim_json *out)
{
    const int64_t value = rule->values[param];
    sim_json_key(out, sim_param_name(param));
    switch (sim_param_type_of(param)) {
    case SIM_PARAM_IS_NUMBER:
        sim_json_i64(out, value);
        break;
    case SIM_PARAM_IS_DECIMAL:
        sim_json_e8(out, value);
        break;
    case SIM_PARAM_IS_CHOICE: {
        char word[32];
        (void)cb_text_copy(word, sizeof(word), sim_param_word(param, (uint32_t)value));
        sim_json_text(out, word);
        break;
    }
    case SIM_PARAM_IS_TEXT:
    default:
        sim_json_text(out, sim_rule_text(rule, param));
    }
}

void sim_rule_write(const sim_rule *rule, sim_json *out)
{
    static const char *const phases[] = {"waiting", "active", "over"};
    const sim_fault_spec *kind = sim_fault_spec_of(rule->kind);
    CB_ASSERT(rule->phase <= SIM_RULE_OVER);
    sim_json_open(out, '{');
    sim_json_put_u64(out, "id", rule->id);
    sim_json_put_text(out, "kind", kind->name);
    sim_json_put_text(out, "family", kind->family);
    sim_json_put_text(out, "target", rule->target);
    sim_json_put_text(out, "account", rule->account);
    sim_json_put_text(out, "symbol", rule->symbol);
    sim_json_put_text(out, "client_id", rule->client_id);
    sim_json_put_u64(out, "nth", rule->nth);
    sim_json_put_u64(out, "every", rule->every);
    sim_json_put_u64(out, "count", rule->count);
    sim_json_put_e8(out, "probability", rule->probability_e8);
    sim_json_put_ms(out, "from_ms", rule->from_ns);
    if (rule->until_ns != INT64_MAX) {
        sim_json_put_ms(out, "until_ms", rule->until_ns);
    }
    for (const sim_param_spec *spec = kind->params; spec->param != SIM_PARAM_COUNT; spec++) {
        if (sim_rule_has(rule, spec->param)) {
            write_value(rule, spec->param, out);
        }
    }
    sim_json_put_text(out, "phase", phases[rule->phase]);
    sim_json_put_u64(out, "met", rule->met_count);
    sim_json_put_u64(out, "hits", rule->hits_count);
    sim_json_close(out, '}');
}

void sim_faults_write(const sim_faults *faults, int64_t now_ns, sim_json *out)
{
    sim_json_open(out, '{');
    sim_json_put_u64(out, "seed", faults->seed);
    sim_json_put_ms(out, "now_ms", now_ns);
    sim_json_put_u64(out, "hits", faults->hits_count);
    sim_json_put_i64(out, "clock_offset_ms", sim_faults_clock_offset(faults, now_ns) / 1000000);
    sim_json_key(out, "plan");
    if (faults->plan_end_ns == 0) {
        sim_json_null(out);
    } else {
        sim_json_open(out, '{');
        sim_json_put_u64(out, "seed", faults->plan_seed);
        sim_json_put_u64(out, "intensity", faults->plan_intensity);
        sim_json_put_ms(out, "ends_ms", faults->plan_end_ns);
        sim_json_put_bool(out, "is_over", now_ns >= faults->plan_end_ns);
        sim_json_close(out, '}');
    }
    sim_json_key(out, "rules");
    sim_json_open(out, '[');
    for (uint32_t i = 0; i < faults->rules_count; i++) {
        sim_rule_write(&faults->rules[i], out);
    }
    sim_json_close(out, ']');
    sim_json_close(out, '}');
}

static void write_spec(const sim_param_spec *spec, sim_json *out)
{
    const bool is_decimal = sim_param_type_of(spec->param) == SIM_PARAM_IS_DECIMAL;
    sim_json_open(out, '{');
    sim_json_put_text(out, "name", sim_param_name(spec->param));
    sim_json_put_bool(out, "needed", spec->is_needed);
    if (sim_param_type_of(spec->param) == SIM_PARAM_IS_CHOICE) {
        sim_json_key(out, "words");
        sim_json_open(out, '[');
        for (uint32_t i = 0; sim_param_word(spec->param, i).size > 0; i++) {
            char word[32];
            (void)cb_text_copy(word, sizeof(word), sim_param_word(spec->param, i));
            sim_json_text(out, word);
        }
        sim_json_close(out, ']');
    } else if (is_decimal) {
        sim_json_put_e8(out, "min", spec->min);
        sim_json_put_e8(out, "max", spec->max);
    } else if (sim_param_type_of(spec->param) == SIM_PARAM_IS_NUMBER) {
        sim_json_put_i64(out, "min", spec->min);
        sim_json_put_i64(out, "max", spec->max);
    }
    sim_json_close(out, '}');
}

void sim_faults_write_kinds(sim_json *out)
{
    static const char *const places[] = {"request", "user", "market", "state", "act"};
    sim_json_open(out, '[');
    for (uint32_t i = 0; i < SIM_FAULT_COUNT; i++) {
        const sim_fault_spec *kind = sim_fault_spec_of((sim_fault_kind)i);
        sim_json_open(out, '{');
        sim_json_put_text(out, "kind", kind->name);
        sim_json_put_text(out, "family", kind->family);
        sim_json_put_text(out, "place", places[kind->place]);
        sim_json_put_text(out, "what", kind->what);
        sim_json_key(out, "params");
        sim_json_open(out, '[');
        for (const sim_param_spec *spec = kind->params; spec->param != SIM_PARAM_COUNT; spec++) {
            write_spec(spec, out);
        }
        sim_json_close(out, ']');
        sim_json_close(out, '}');
    }
    sim_json_close(out, ']');
}
