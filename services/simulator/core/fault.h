/* Faults of the exchange, decided. Rules are added by name with bounds; for each request, frame and
 * moment this module says what happens, as a function of the seed, the rules and how often each has
 * been met. It touches no socket: the shell obeys. What a rule does to the exchange itself (clock,
 * instruments, strangers on the account) stands in fault_act.c.
 *
 * Deterministic: a rule's coin for its n-th meeting is a hash of (seed, rule, n), so rules do not
 * disturb each other and the same input with the same seed meets the same faults. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include "base/err.h"
#include "base/strview.h"
#include "services/simulator/core/api/json_out.h"
#include "services/simulator/core/types.h"

#define SIM_FAULT_RULES_MAX 256
#define SIM_FAULT_PARAMS_MAX 6 /* of one kind */
#define SIM_FAULT_TEXT_SIZE 64
#define SIM_FAULT_PATTERN_SIZE 64
#define SIM_FATE_HITS_MAX 16

typedef enum sim_fault_kind {
#define SIM_FAULT(constant, ...) SIM_FAULT_##constant,
#include "services/simulator/core/faults.def"
    SIM_FAULT_COUNT
} sim_fault_kind;

typedef enum sim_fault_param {
#define SIM_FAULT_PARAM(constant, ...) SIM_PARAM_##constant,
#include "services/simulator/core/faults.def"
    SIM_PARAM_COUNT
} sim_fault_param;
_Static_assert(SIM_PARAM_COUNT <= 64, "a mask of 64 bits holds them");

typedef enum sim_fault_place {
    SIM_PLACE_REQUEST,
    SIM_PLACE_USER,
    SIM_PLACE_MARKET,
    SIM_PLACE_STATE,
    SIM_PLACE_ACT
} sim_fault_place;

typedef enum sim_param_type {
    SIM_PARAM_IS_NUMBER,
    SIM_PARAM_IS_DECIMAL, /* written "0.5", kept as 1e-8 */
    SIM_PARAM_IS_CHOICE,  /* kept as the word's index */
    SIM_PARAM_IS_TEXT
} sim_param_type;

/* A parameter of one kind, with its bounds. */
typedef struct sim_param_spec {
    sim_fault_param param;
    int64_t min;
    int64_t max;
    int64_t otherwise;
    bool is_needed;
    bool has_default;
} sim_param_spec;

typedef struct sim_fault_spec {
    const char *name;
    const char *family;
    sim_fault_place place;
    bool holds;
    const char *what;
    sim_param_spec params[SIM_FAULT_PARAMS_MAX]; /* ends with SIM_PARAM_COUNT */
} sim_fault_spec;

/* Connections end by an orderly close or by a reset. */
typedef enum sim_ending { SIM_ENDING_NONE, SIM_ENDING_FIN, SIM_ENDING_RST } sim_ending;

typedef enum sim_phase_of_rule {
    SIM_RULE_WAITING, /* its time has not come */
    SIM_RULE_ACTIVE,
    SIM_RULE_OVER
} sim_phase_of_rule;

/* What a rule is about and when. Patterns: "*" stands for any run of characters; "" for anything.
 */
typedef struct sim_rule {
    uint32_t id; /* from 1 */
    sim_fault_kind kind;
    char target[SIM_FAULT_PATTERN_SIZE]; /* "POST /api/v3/order", "WS order.place",
                                            "executionReport.TRADE", "btcusdt@depth@100ms" */
    char account[24];
    char symbol[24];
    char client_id[SIM_CLIENT_ID_SIZE];
    uint64_t nth;           /* the first meeting that counts, from 1 */
    uint64_t every;         /* then each so many-th; 1 = all */
    int64_t probability_e8; /* of those */
    uint64_t count;         /* hits at most; 0 = no end */
    int64_t from_ns;        /* market time */
    int64_t until_ns;       /* INT64_MAX = no end */
    int64_t values[SIM_PARAM_COUNT];
    uint64_t given; /* which values were given or have a default */
    char texts[4][SIM_FAULT_TEXT_SIZE];
    /* what has happened so far */
    sim_phase_of_rule phase;
    uint64_t met_count;
    uint64_t hits_count;
    int64_t next_ns; /* ACT: the next moment */
} sim_rule;

typedef struct sim_faults {
    uint64_t seed;
    uint32_t ids_count;
    sim_rule rules[SIM_FAULT_RULES_MAX];
    uint32_t rules_count;
    uint64_t hits_count;
    bool is_lockstep; /* kinds that hold a client are refused */
    /* the plan that is in force, for the status */
    uint64_t plan_seed;
    uint64_t plan_intensity;
    int64_t plan_end_ns; /* 0 = none */
} sim_faults;

/* ---- the registry ---- */
const sim_fault_spec *sim_fault_spec_of(sim_fault_kind kind);
bool sim_fault_kind_parse(cb_strview name, sim_fault_kind *out);
const char *sim_param_name(sim_fault_param param);
sim_param_type sim_param_type_of(sim_fault_param param);
/** Word number index of a CHOICE parameter; empty past its last one. */
cb_strview sim_param_word(sim_fault_param param, uint32_t index);
/** All kinds with parameters, bounds and words, as JSON. */
void sim_faults_write_kinds(sim_json *out);

/* ---- rules ---- */
void sim_faults_init(sim_faults *faults, uint64_t seed);
/** A rule of this kind with every default, in force from now_ns on without end. */
sim_rule sim_rule_of(sim_fault_kind kind, int64_t now_ns);
/**
 * Reads one rule or a list of rules. Everything unknown, doubled, missing or out of bounds is
 * refused by name, and then nothing is added.
 *
 * @param out_first [out] id of the first rule added; the others follow.
 */
CB_MUST_USE cb_status sim_faults_read(sim_faults *faults,
    cb_strview json,
    int64_t now_ns,
    uint32_t *out_first,
    uint32_t *out_count,
    cb_err *err);
/** Adds a rule whose values are in bounds. CB_E_FULL; CB_E_STATE for what lockstep cannot do. */
CB_MUST_USE cb_status sim_faults_add(
    sim_faults *faults, const sim_rule *rule, uint32_t *out_id, cb_err *err);
/** Ends a rule at once (id 0: all); what it changed is put back by the next sim_faults_turn. */
bool sim_faults_end(sim_faults *faults, uint32_t id, int64_t now_ns);
/** Forgets rules that are over. */
void sim_faults_sweep(sim_faults *faults);
/** True while a rule at this place may still be met: lets the shell skip the asking. */
bool sim_faults_any(const sim_faults *faults, sim_fault_place place);
void sim_faults_write(const sim_faults *faults, int64_t now_ns, sim_json *out);
void sim_rule_write(const sim_rule *rule, sim_json *out);
/** Text of a TEXT parameter, "" when not given. */
const char *sim_rule_text(const sim_rule *rule, sim_fault_param param);
void sim_rule_set_text(sim_rule *rule, sim_fault_param param, const char *text);
bool sim_rule_has(const sim_rule *rule, sim_fault_param param);

/* ---- decisions ---- */
/* What is happening: matched against the rules' patterns. */
typedef struct sim_subject {
    sim_fault_place place;
    const char *target;
    const char *account;
    const char *symbol;
    const char *client_id;
    int64_t window_end_ns; /* last instant of recvWindow in market time; 0 = none */
} sim_subject;

typedef struct sim_reply_form {
    bool is_set;
    int status;
    int32_t code;
    int64_t retry_after_s;
    int64_t body; /* json, html, empty */
    char text[SIM_FAULT_TEXT_SIZE];
} sim_reply_form;

/* One value of a text is to be changed. */
typedef struct sim_mutation {
    bool is_set;
    uint32_t how; /* word of MUTATION */
    char field[SIM_FAULT_TEXT_SIZE];
    uint64_t roll;
} sim_mutation;

/* What happens to one request and its answer, or to one frame. Zeroed: nothing unusual. */
typedef struct sim_fate {
    uint32_t hits[SIM_FATE_HITS_MAX]; /* rules, in order of their ids */
    uint32_t hits_count;
    /* before the exchange */
    bool is_lost; /* request not looked at, or frame not sent */
    sim_ending ending_before;
    int64_t request_delay_ns;
    int64_t engine_delay_ns;
    sim_reply_form refusal;
    int64_t lag_ns;
    bool fails_new;
    bool fails_cancel;
    bool is_tls_alert;
    bool has_self_trade;
    sim_stp self_trade_mode;
    bool is_self_trade_maker; /* the client's order is the maker */
    int64_t self_trade_percent;
    /* after it */
    bool is_answer_lost;
    sim_ending ending_after;
    sim_reply_form fake;
    int64_t answer_delay_ns;
    sim_mutation mutation;
    int64_t slow_byte_ns;
    int64_t cut_bytes; /* -1 = whole */
    sim_ending cut_ending;
    int64_t huge_bytes;
    /* frames */
    uint32_t copies;        /* 1 = as usual */
    int64_t delay_ns;       /* in order */
    uint32_t behind_frames; /* out of order: behind so many */
    int64_t behind_ns;      /* … or after this */
    bool is_stamped;        /* event time of the sending */
    int64_t ids_by;
    bool is_corrupt;
    uint64_t roll;
} sim_fate;

/** Asks all rules of the subject's place, in order of their ids, and counts the meeting. */
sim_fate sim_faults_decide(sim_faults *faults, const sim_subject *subject, int64_t now_ns);

/* ---- time ---- */
typedef enum sim_turn_what {
    SIM_TURN_NONE,
    SIM_TURN_BEGIN, /* STATE: from here on */
    SIM_TURN_ACT,   /* ACT: now */
    SIM_TURN_END    /* STATE: until here */
} sim_turn_what;

/** The next thing that is due by now_ns, one at a time until NONE; rule is [out]. */
sim_turn_what sim_faults_turn(sim_faults *faults, int64_t now_ns, sim_rule **rule);
/** When sim_faults_turn has something to say next; INT64_MAX: never. */
int64_t sim_faults_next_ns(const sim_faults *faults);

/** The venue's clock against market time, of the rules in force. */
int64_t sim_faults_clock_offset(const sim_faults *faults, int64_t now_ns);

/* ---- a seeded plan: fault_plan.c ---- */
typedef struct sim_plan {
    uint64_t seed;
    uint64_t intensity; /* 1 … 10: rules per family */
    int64_t begin_ns;
    int64_t end_ns;      /* everything is over by then */
    const char *only;    /* "F1,F5,user_cut" or "" for all */
    const char *without; /* the same, left out */
    const char *symbols[SIM_SYMBOLS_MAX];
    uint32_t symbols_count;
    const char *account;
} sim_plan;
#define SIM_PLAN_INTENSITY_MAX 10
/** Adds the plan's rules. CB_E_SYNTAX names a word of only or without that is no family or kind. */
CB_MUST_USE cb_status sim_faults_plan(
    sim_faults *faults, const sim_plan *plan, uint32_t *out_count, cb_err *err);

/* ---- texts: fault_text.c ---- */
/**
 * Changes one value of a JSON text.
 *
 * @param out holds size bytes; NUL-terminated.
 * @return its length; the text is unchanged when the field is not there or does not fit.
 */
size_t sim_mutate(const sim_mutation *mutation, cb_strview text, char *out, size_t size);
/** Moves the ids of a market frame (u, U, t, a, lastUpdateId) by a number. */
size_t sim_move_ids(cb_strview text, int64_t by, char *out, size_t size);
/** Changes one digit of one quantity of a book frame. */
size_t sim_corrupt(cb_strview text, uint64_t roll, char *out, size_t size);
/** Sets the event time "E" (ms). */
size_t sim_restamp(cb_strview text, int64_t ts_ns, char *out, size_t size);
/** The body that a reply form asks for. */
size_t sim_reply_body(const sim_reply_form *form, char *out, size_t size);

/** True when text matches pattern ("*" any run; "" everything). */
bool sim_pattern_matches(const char *pattern, const char *text);

#endif /* SIM_FAULT_H */
