/* Faults as the shell carries them out: rules' begins, moments and ends as market time passes, and
 * the release of what waited. The core has decided; requests.c and gate.c do what concerns one
 * request or frame. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "services/simulator/core/fault_act.h"
#include "services/simulator/hold.h"

#define FILE_MAX ((size_t)1024 * 1024)

/* ---- life ---- */

static cb_status read_file(simulator *self, FILE *file, cb_err *err)
{
    char *text = malloc(FILE_MAX);
    uint32_t first = 0;
    uint32_t count = 0;
    CB_ASSERT(text != NULL);
    const size_t size = fread(text, 1, FILE_MAX, file);
    cb_status status = CB_OK;
    if (size == FILE_MAX) {
        status = CB_FAIL(err, CB_E_FULL, "the file is too large");
    } else {
        status = sim_faults_read(
            self->faults, (cb_strview){text, size}, self->sim->now_ns, &first, &count, err);
    }
    free(text);
    return status;
}

cb_status sim_faults_open(simulator *self, cb_err *err)
{
    const sim_settings *settings = self->settings;
    self->faults = malloc(sizeof(*self->faults));
    CB_ASSERT(self->faults != NULL);
    sim_faults_init(self->faults, settings->fault_seed);
    self->faults->is_lockstep = sim_pace_is_lockstep(self);
    self->sim->client_ids_base = (sim_client_ids)settings->client_ids;
    self->sim->client_ids = self->sim->client_ids_base;
    if (settings->faults[0] == '\0') {
        return CB_OK;
    }
    FILE *file = fopen(settings->faults, "re");
    if (file == NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "faults: cannot read %s", settings->faults);
    }
    cb_status status = read_file(self, file, err);
    (void)fclose(file);
    if (status != CB_OK) {
        status = cb_err_context(err, "faults: %s", settings->faults);
    }
    return status;
}

void sim_faults_close(simulator *self)
{
    sim_hold_close(self);
    for (uint32_t i = 0; i < SIM_REPLAYS_MAX; i++) {
        free(self->replays[i].text);
    }
    free(self->frame_room);
    free(self->faults);
}

/* ---- turns ---- */

/* Whether anybody listens follows from all rules in force. */
static void shape_door(simulator *self)
{
    bool is_open = true;
    cb_err err = {0};
    for (uint32_t i = 0; i < self->faults->rules_count; i++) {
        const sim_rule *rule = &self->faults->rules[i];
        is_open =
            is_open && !(rule->kind == SIM_FAULT_REFUSE_CONNECT && rule->phase == SIM_RULE_ACTIVE);
    }
    if (cb_server_listen(self->server, is_open, &err) != CB_OK) {
        cb_shell_die(self->shell, "port_lost", err.text);
    }
}

static void turn_state(simulator *self, const sim_rule *rule, bool is_begin)
{
    const bool is_user = rule->kind == SIM_FAULT_USER_SILENT;
    if (is_user || rule->kind == SIM_FAULT_MARKET_SILENT) {
        if (is_begin) {
            (void)sim_gate_silence(self, is_user, rule->account, rule->id);
        } else {
            sim_gate_end_silence(self, rule->id);
        }
        return;
    }
    if (rule->kind == SIM_FAULT_REFUSE_CONNECT) {
        shape_door(self);
        return;
    }
    sim_faults_shape(self->faults, self->sim);
}

static sim_ending ending_of(const sim_rule *rule)
{
    return rule->values[SIM_PARAM_HOW] == 0 ? SIM_ENDING_FIN : SIM_ENDING_RST;
}

/* Acts on connections. The account of a rule is a pattern; "" means all. */
static void act_on_wire(simulator *self, const sim_rule *rule, sim_deed *deed)
{
    const bool is_rst = ending_of(rule) == SIM_ENDING_RST;
    const uint32_t account =
        rule->account[0] == '\0' ? SIM_NONE : sim_find_account(self->sim, rule->account);
    uint32_t found = 0;
    switch ((int)rule->kind) {
    case SIM_FAULT_USER_REPLAY:
        sim_gate_replay(self, account, (uint64_t)rule->values[SIM_PARAM_FRAMES]);
        found = 1;
        break;
    case SIM_FAULT_USER_END:
        found = sim_ws_end_users(self->ws, account);
        break;
    case SIM_FAULT_USER_CUT:
        found = sim_gate_cut(self, true, rule->account, ending_of(rule));
        break;
    case SIM_FAULT_MARKET_CUT:
        found = sim_gate_cut(self, false, "", ending_of(rule));
        break;
    default:
        CB_ASSERT(rule->kind == SIM_FAULT_CUT_HTTP);
        found = cb_server_cut_idle(self->server, is_rst);
    }
    deed->is_done = found > 0;
    (void)snprintf(deed->what, sizeof(deed->what), "%u connections", found);
}

static void turn(simulator *self, const sim_rule *rule, sim_turn_what what)
{
    sim_deed deed = {.is_done = true};
    if (what == SIM_TURN_ACT) {
        if (!sim_faults_act(rule, self->sim, &deed)) {
            act_on_wire(self, rule, &deed);
        }
    } else {
        turn_state(self, rule, what == SIM_TURN_BEGIN);
    }
    sim_journal_turn(self, rule, what, &deed);
}

/* ---- time ---- */

static void go_on(simulator *self, sim_held *held)
{
    switch (held->stage) {
    case SIM_HOLD_FRAME:
        sim_frame_go_on(self, held);
        break;
    case SIM_HOLD_WS_GATE:
    case SIM_HOLD_WS_ENGINE:
        sim_message_go_on(self, held);
        break;
    case SIM_HOLD_GATE:
    case SIM_HOLD_ENGINE:
    case SIM_HOLD_ANSWER:
    case SIM_HOLD_BYTES:
    case SIM_HOLD_PARKED:
    default:
        sim_request_go_on(self, held);
    }
}

int64_t sim_faults_due_ns(const simulator *self)
{
    const int64_t turn_ns = sim_faults_next_ns(self->faults);
    const int64_t hold_ns = sim_hold_next_ns(self);
    return turn_ns < hold_ns ? turn_ns : hold_ns;
}

void sim_faults_advance(simulator *self)
{
    sim_rule *rule = NULL;
    sim_turn_what what;
    self->sim->clock_offset_ns = sim_faults_clock_offset(self->faults, self->sim->now_ns);
    while ((what = sim_faults_turn(self->faults, self->sim->now_ns, &rule)) != SIM_TURN_NONE) {
        turn(self, rule, what);
    }
    /* When the market stands for good, nothing that waits for its time would ever leave. */
    const bool is_over = self->progress == SIM_PROGRESS_FINISHED;
    sim_held *held;
    while ((held = sim_hold_take(self, is_over ? INT64_MAX : self->sim->now_ns)) != NULL) {
        go_on(self, held);
    }
    if (self->parked != NULL) {
        sim_hold_sweep(self, false);
    }
}

void sim_faults_end_all(simulator *self, uint32_t id, bool *is_found)
{
    *is_found = sim_faults_end(self->faults, id, self->sim->now_ns);
    sim_faults_advance(self);
    if (id == 0) {
        sim_hold_sweep(self, true); /* the lost get an end at last */
    }
}
