/* /control: rules of faults, seeded plans, market time by hand, and what the journal holds. The
 * caller has shown the admin token. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "services/simulator/simulator.h"

#define ADVANCE_MS_MAX (INT64_C(86400) * 1000)
#define PLAN_MS_MAX (INT64_C(86400) * 1000 * 7)
#define PLAN_MS_DEFAULT 60000

typedef struct control {
    simulator *self;
    cb_exchange *exchange;
    uint64_t number;
    const cb_server_request *request;
} control;

static void refuse(const control *call, int status, const char *why)
{
    sim_control_problem(call->self, call->exchange, call->number, status, why);
}

static void answer(const control *call, const sim_json *out)
{
    CB_ASSERT(!out->is_full);
    sim_control_answer(call->self, call->exchange, call->number, 200, out->out, out->used);
}

static sim_json body_of(const control *call)
{
    return sim_json_over(call->self->body, SIM_BODY_SIZE);
}

/* A whole number of the query; false when it is there and wrong. */
static bool number_of(const control *call, const char *name, int64_t min, int64_t max, int64_t *out)
{
    char text[32];
    char why[128];
    uint64_t value = 0;
    if (!cb_form_get(call->request->query, name, text, sizeof(text))) {
        return true;
    }
    if (!cb_u64_parse(cb_sv_from(text), (uint64_t)max, &value) || (int64_t)value < min) {
        (void)snprintf(why,
            sizeof(why),
            "%s: '%s' is no whole number within %lld … %lld",
            name,
            text,
            (long long)min,
            (long long)max);
        refuse(call, 400, why);
        return false;
    }
    *out = (int64_t)value;
    return true;
}

/* ---- faults ---- */

static void list_faults(const control *call)
{
    sim_json out = body_of(call);
    sim_faults_write(call->self->faults, call->self->sim->now_ns, &out);
    answer(call, &out);
}

static void list_kinds(const control *call)
{
    sim_json out = body_of(call);
    sim_faults_write_kinds(&out);
    answer(call, &out);
}

static void add_faults(const control *call)
{
    simulator *self = call->self;
    cb_err err = {0};
    uint32_t first = 0;
    uint32_t count = 0;
    const cb_strview text = {call->request->body, call->request->body_size};
    if (sim_faults_read(self->faults, text, self->sim->now_ns, &first, &count, &err) != CB_OK) {
        refuse(call, 400, err.text);
        return;
    }
    sim_journal_rules(self, "added");
    sim_faults_advance(self);
    sim_json out = body_of(call);
    sim_json_open(&out, '{');
    sim_json_key(&out, "added");
    sim_json_open(&out, '[');
    for (uint32_t i = 0; i < count; i++) {
        sim_json_u64(&out, first + i);
    }
    sim_json_close(&out, ']');
    sim_json_close(&out, '}');
    answer(call, &out);
}

static void end_faults(const control *call)
{
    int64_t id = 0;
    bool is_found = false;
    if (!number_of(call, "id", 1, UINT32_MAX, &id)) {
        return;
    }
    sim_faults_end_all(call->self, (uint32_t)id, &is_found);
    if (!is_found && id != 0) {
        refuse(call, 404, "id: no rule with it is in force");
        return;
    }
    sim_journal_rules(call->self, "ended");
    list_faults(call);
}

static void seed_faults(const control *call)
{
    int64_t seed = 0;
    if (!number_of(call, "seed", 0, INT64_MAX, &seed)) {
        return;
    }
    call->self->faults->seed = (uint64_t)seed;
    list_faults(call);
}

/* ---- plans ---- */

static void add_plan(const control *call)
{
    simulator *self = call->self;
    cb_err err = {0};
    char only[256] = "";
    char without[256] = "";
    char account[24] = "main";
    int64_t seed = 1;
    int64_t intensity = 1;
    int64_t for_ms = PLAN_MS_DEFAULT;
    uint32_t count = 0;
    if (!number_of(call, "seed", 0, INT64_MAX, &seed) ||
        !number_of(call, "intensity", 1, SIM_PLAN_INTENSITY_MAX, &intensity) ||
        !number_of(call, "for_ms", 1000, PLAN_MS_MAX, &for_ms)) {
        return;
    }
    (void)cb_form_get(call->request->query, "only", only, sizeof(only));
    (void)cb_form_get(call->request->query, "without", without, sizeof(without));
    (void)cb_form_get(call->request->query, "account", account, sizeof(account));
    sim_plan plan = {
        .seed = (uint64_t)seed,
        .intensity = (uint64_t)intensity,
        .begin_ns = self->sim->now_ns,
        .end_ns = self->sim->now_ns + for_ms * CB_NS_PER_MS,
        .only = only,
        .without = without,
        .symbols_count = self->sim->symbols_count,
        .account = account,
    };
    for (uint32_t i = 0; i < self->sim->symbols_count; i++) {
        plan.symbols[i] = self->sim->symbols[i].listed_name;
    }
    if (sim_faults_plan(self->faults, &plan, &count, &err) != CB_OK) {
        refuse(call, 400, err.text);
        return;
    }
    sim_journal_rules(self, "planned");
    sim_faults_advance(self);
    list_faults(call);
}

/* ---- journal, time ---- */

static void tell_journal(const control *call)
{
    const sim_journal_summary sum = sim_journal_sum(call->self);
    char digest[24];
    (void)snprintf(digest, sizeof(digest), "%016llx", (unsigned long long)sum.digest);
    sim_json out = body_of(call);
    sim_json_open(&out, '{');
    sim_json_put_text(&out, "file", sum.path);
    sim_json_put_u64(&out, "lines", sum.lines_count);
    sim_json_put_u64(&out, "lost_lines", sum.lost_count);
    sim_json_put_text(&out, "digest", digest);
    sim_json_put_u64(&out, "waiting", call->self->held_count);
    sim_json_close(&out, '}');
    answer(call, &out);
}

static void advance(const control *call)
{
    simulator *self = call->self;
    int64_t ms = 0;
    if (!self->pace.is_manual) {
        refuse(call, 400, "market time moves by itself: speed is not manual");
        return;
    }
    if (!number_of(call, "ms", 0, ADVANCE_MS_MAX, &ms)) {
        return;
    }
    sim_pace_advance(self, ms * CB_NS_PER_MS);
    sim_json out = body_of(call);
    sim_json_open(&out, '{');
    sim_json_put_ms(&out, "now_ms", self->sim->now_ns);
    sim_json_close(&out, '}');
    answer(call, &out);
}

bool sim_control_faults(
    simulator *self, cb_exchange *exchange, uint64_t number, const cb_server_request *request)
{
    static const struct {
        const char *method;
        const char *path;
        void (*run)(const control *call);
    } calls[] = {
        {"GET", "/control/kinds", list_kinds},
        {"GET", "/control/faults", list_faults},
        {"POST", "/control/faults", add_faults},
        {"DELETE", "/control/faults", end_faults},
        {"POST", "/control/seed", seed_faults},
        {"POST", "/control/plan", add_plan},
        {"GET", "/control/journal", tell_journal},
        {"POST", "/control/advance", advance},
    };
    const control call = {self, exchange, number, request};
    bool is_path = strncmp(request->path, "/control/", 9) == 0;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (strcmp(calls[i].path, request->path) == 0 &&
            strcmp(calls[i].method, request->method) == 0) {
            calls[i].run(&call);
            return true;
        }
    }
    if (is_path) {
        refuse(&call, 404, "no such control");
    }
    return is_path;
}
