/* The guardian's core: is execution alive, and when it is not, everything that is open at the venue
 * goes. It knows nothing of orders but their symbols; time is the machine's monotonic clock, told
 * by ticks, so that no step of the wall clock can fire it. */
#ifndef GUARDIAN_H
#define GUARDIAN_H

#include "domain/core.h"
#include "wire/subjects.h"

#define GUARDIAN_CONFIG_TEXT 512 /* equals CB_CONFIG_TEXT_MAX, which cores may not see */
#define GUARDIAN_SYMBOLS_MAX 64  /* with open orders at a time; more are met by the next list */
#define GUARDIAN_NOTE_MAX 160

typedef struct guardian_config {
    char account[GUARDIAN_CONFIG_TEXT];
    char venue[GUARDIAN_CONFIG_TEXT];
    char symbols[GUARDIAN_CONFIG_TEXT]; /* armed at the venue, by commas */
    char rest_url[GUARDIAN_CONFIG_TEXT];
    char signer_socket[GUARDIAN_CONFIG_TEXT];
    char beat_key[GUARDIAN_CONFIG_TEXT];
    char beat_page[GUARDIAN_CONFIG_TEXT];
    char kill_page[GUARDIAN_CONFIG_TEXT];
    char journal[GUARDIAN_CONFIG_TEXT];
    int64_t silence_ns; /* of both ways, after which it fires */
    int64_t grace_ns;   /* after our own start */
    int64_t skew_ns;    /* a beat's own time may be this far from ours */
    int64_t recheck_ns; /* fired: how often the venue is asked again */
    int64_t deadman_ns; /* countdown that is armed at the venue; 0 = never */
    int64_t deadman_period_ns;
    bool deadman_forced; /* although the venue's table has none (a simulator's profile) */
    uint64_t weight_per_minute;
} guardian_config;

typedef enum guardian_phase {
    GUARDIAN_WAITING,  /* nothing was ever heard: there is nothing to guard */
    GUARDIAN_WATCHING, /* beats come */
    GUARDIAN_FIRING,   /* canceling, until the venue's list was empty twice */
    GUARDIAN_FIRED     /* verified; execution is still silent */
} guardian_phase;

typedef enum guardian_event {
    GUARDIAN_EVENT_TICK = CB_EVENT_LOCAL, /* guardian_tick */
    GUARDIAN_EVENT_PAGE,                  /* cb_guard_beat read from the page */
    GUARDIAN_EVENT_LISTED,                /* guardian_listed */
    GUARDIAN_EVENT_CANCELED,              /* guardian_answer */
    GUARDIAN_EVENT_PAGE_SET,              /* guardian_answer */
    GUARDIAN_EVENT_RAISED                 /* guardian_answer */
} guardian_event;

typedef struct guardian_tick {
    int64_t mono_ns;
    int64_t wall_ns;
} guardian_tick;

typedef struct guardian_answer {
    bool is_ok;
} guardian_answer;

/* Open orders by symbol. */
typedef struct guardian_listed {
    bool is_ok;
    uint32_t orders_count;
    uint32_t symbols_count;
    char symbols[GUARDIAN_SYMBOLS_MAX][24];
} guardian_listed;

typedef enum guardian_request {
    GUARDIAN_REQUEST_NOTE = 1,   /* guardian_note: into log and journal */
    GUARDIAN_REQUEST_SET_PAGE,   /* guardian_note: level 2 on the flag page; answer PAGE_SET */
    GUARDIAN_REQUEST_RAISE,      /* guardian_note: level 2 on the bus; answer RAISED */
    GUARDIAN_REQUEST_LIST,       /* no body: open orders; answer LISTED */
    GUARDIAN_REQUEST_CANCEL_ALL, /* guardian_symbol: answer CANCELED */
    GUARDIAN_REQUEST_ARM         /* guardian_symbol: restart the venue's countdown */
} guardian_request;

typedef struct guardian_note {
    bool is_error;
    char event[32]; /* stable name */
    char detail[GUARDIAN_NOTE_MAX];
} guardian_note;

typedef struct guardian_symbol {
    char symbol[24];
} guardian_symbol;

typedef struct guardian_state guardian_state;

extern const cb_core_ops guardian_core;

/* What the shell may read. */
typedef struct guardian_view {
    guardian_phase phase;
    int64_t silent_ns; /* since the newest good beat; 0 while waiting */
    uint64_t beats_count;
    uint64_t refused_count; /* beats with a wrong MAC, of another account, old or repeated */
    uint64_t fired_count;
    uint64_t canceled_count; /* orders that stood in a list which was then canceled */
    uint32_t orders_count;   /* as the newest beat said */
} guardian_view;

void guardian_look(const guardian_state *state, guardian_view *out);
const char *guardian_phase_name(guardian_phase phase);

#endif /* GUARDIAN_H */
