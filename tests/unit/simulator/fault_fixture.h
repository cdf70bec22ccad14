/* Rules of faults as the tests write them: JSON with ' for quotes. */
#ifndef SIM_FAULT_FIXTURE_H
#define SIM_FAULT_FIXTURE_H

#include "tests/unit/simulator/api_fixture.h"

#include "base/strview.h"
#include "services/simulator/core/fault_act.h"

#define NOW START_NS

typedef struct rules {
    sim_faults *faults;
    cb_err err;
} rules;

static inline rules rules_make(uint64_t seed)
{
    rules r = {.faults = malloc(sizeof(sim_faults))};
    assert_non_null(r.faults);
    sim_faults_init(r.faults, seed);
    return r;
}

static inline void rules_free(rules *r)
{
    free(r->faults);
}

/* Adds rules as JSON with ' for quotes; returns the first id. */
static inline uint32_t add(rules *r, const char *text)
{
    char json[4096];
    uint32_t first = 0;
    uint32_t count = 0;
    size_t i = 0;
    for (; text[i] != '\0'; i++) {
        json[i] = text[i] == '\'' ? '"' : text[i];
    }
    if (sim_faults_read(r->faults, (cb_strview){json, i}, NOW, &first, &count, &r->err) != CB_OK) {
        print_error("%s: %s\n", text, r->err.text);
        fail();
    }
    return first;
}

#endif /* SIM_FAULT_FIXTURE_H */
