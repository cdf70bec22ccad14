/* The registry as a table, and the words that checks answer with. */
#include "services/validator/core/expectation.h"

static const validator_expectation *const expectations[] = {
#define EXPECTATION(x) &validator_expectation_##x,
#include "services/validator/core/expectations.def"
#undef EXPECTATION
};

const validator_expectation *validator_expectation_at(uint32_t index)
{
    CB_ASSERT(index < VALIDATOR_EXPECTATIONS_COUNT);
    const validator_expectation *entry = expectations[index];
    CB_ASSERT(entry->params_count <= CB_PARAMS_PER_ENTRY_MAX);
    return entry;
}

const char *validator_expectation_name(uint32_t index)
{
    return index < VALIDATOR_EXPECTATIONS_COUNT ? expectations[index]->name : NULL;
}

const char *validator_expectation_help(uint32_t index)
{
    return validator_expectation_at(index)->help;
}

const cb_param *validator_expectation_params(uint32_t index, uint32_t *count)
{
    const validator_expectation *entry = validator_expectation_at(index);
    CB_ASSERT(count != NULL);
    *count = entry->params_count;
    return entry->params;
}

bool validator_fail(validator_finding *finding, const char *observed, const char *expected)
{
    CB_ASSERT(finding != NULL);
    CB_ASSERT(observed != NULL && expected != NULL);
    cb_textbuf text = cb_textbuf_over(finding->observed, sizeof finding->observed);
    cb_textbuf_add(&text, observed);
    text = cb_textbuf_over(finding->expected, sizeof finding->expected);
    cb_textbuf_add(&text, expected);
    return false;
}

bool validator_fail_range_e8(validator_finding *finding,
    const char *label,
    int64_t value_e8,
    int64_t low_e8,
    int64_t high_e8)
{
    (void)validator_fail_bound_e8(finding, label, value_e8, "", low_e8);
    cb_textbuf text = cb_textbuf_over(finding->expected, sizeof finding->expected);
    cb_textbuf_add_e8(&text, low_e8);
    cb_textbuf_add(&text, " to ");
    cb_textbuf_add_e8(&text, high_e8);
    return false;
}

bool validator_fail_bound_e8(validator_finding *finding,
    const char *label,
    int64_t value_e8,
    const char *words,
    int64_t bound_e8)
{
    (void)validator_fail(finding, label, words);
    cb_textbuf text = cb_textbuf_over(finding->observed, sizeof finding->observed);
    cb_textbuf_add(&text, label);
    cb_textbuf_add(&text, " ");
    cb_textbuf_add_e8(&text, value_e8);
    text = cb_textbuf_over(finding->expected, sizeof finding->expected);
    cb_textbuf_add(&text, words);
    cb_textbuf_add(&text, " ");
    cb_textbuf_add_e8(&text, bound_e8);
    return false;
}

bool validator_fail_bound_u64(validator_finding *finding,
    const char *label,
    uint64_t value,
    const char *words,
    uint64_t bound)
{
    (void)validator_fail(finding, label, words);
    cb_textbuf text = cb_textbuf_over(finding->observed, sizeof finding->observed);
    cb_textbuf_add(&text, label);
    cb_textbuf_add(&text, " ");
    cb_textbuf_add_u64(&text, value);
    text = cb_textbuf_over(finding->expected, sizeof finding->expected);
    cb_textbuf_add(&text, words);
    cb_textbuf_add(&text, " ");
    cb_textbuf_add_u64(&text, bound);
    return false;
}

bool validator_fail_time(validator_finding *finding,
    const char *label,
    int64_t ts_ns,
    const char *words,
    int64_t bound_ns)
{
    (void)validator_fail(finding, label, words);
    cb_textbuf text = cb_textbuf_over(finding->observed, sizeof finding->observed);
    cb_textbuf_add(&text, label);
    cb_textbuf_add(&text, " ");
    cb_textbuf_add_time(&text, ts_ns);
    text = cb_textbuf_over(finding->expected, sizeof finding->expected);
    cb_textbuf_add(&text, words);
    cb_textbuf_add(&text, " ");
    cb_textbuf_add_time(&text, bound_ns);
    return false;
}
