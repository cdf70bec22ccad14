/* The running simulator: what its shell's files share.
 *
 *   shell.c     hooks of the runtime: opening, starting, ending
 *   market.c    the market's time: what happens next, and making it happen
 *   pace.c      wall time to market time at a speed, and telling the clock
 *   lockstep.c  one step at a time, when the chain is done with the last
 *   server.c    sockets: REST and WebSocket to the API and back
 *   requests.c  the life of a REST request, with the faults that meet it
 *   gate.c      where every frame and WebSocket message passes, with theirs
 *   hold.c      what waits for market time
 *   tls.c       a TLS door with a certificate that nobody should take
 *   faults.c    rules as time passes: begins, moments, ends
 *   journal.c   every request, message and byte with its time; journal_events.c what happened
 *   control.c   /sim: status, audit, deposits; control_faults.c /control: faults and plans
 *   keys.c      API keys with fewer or more rights than the account's own */
#ifndef SIM_SIMULATOR_H
#define SIM_SIMULATOR_H

#include "rt/service.h"
#include "services/simulator/core/agents.h"
#include "services/simulator/core/fault_act.h"
#include "services/simulator/core/api/ws.h"
#include "services/simulator/settings.h"
#include "services/simulator/source.h"

#define SIM_LOCKSTEP_SERVICES_MAX 16
#define SIM_LOCKSTEP_EDGES_MAX 96
#define SIM_BODY_SIZE ((size_t)4 * 1024 * 1024)

typedef struct simulator simulator;
typedef struct sim_journal sim_journal;
typedef struct sim_held sim_held;
typedef struct sim_tls sim_tls;

/* What drives the market. */
typedef enum sim_mode { SIM_MODE_AGENTS, SIM_MODE_REPLAY } sim_mode;

typedef enum sim_progress {
    SIM_PROGRESS_WAITING, /* for listeners, or for the chain to be ready */
    SIM_PROGRESS_RUNNING,
    SIM_PROGRESS_FINISHED
} sim_progress;

/* ---- pace.c ---- */
typedef struct sim_pace {
    int64_t speed_e8;      /* 0 = lockstep or by hand */
    bool is_manual;        /* market time moves when it is told to (/control/advance) */
    int64_t base_ns;       /* market time … */
    int64_t base_mono_ns;  /* … at this moment */
    int64_t told_mono_ns;  /* when the clock was told last */
    uint64_t behind_count; /* times that the market could not keep up */
    cb_timer *timer;
} sim_pace;

/* ---- lockstep.c ---- */
typedef enum sim_phase {
    SIM_PHASE_IDLE,
    SIM_PHASE_CLOSE, /* telling the candles that ended, symbol by symbol */
    SIM_PHASE_EVENT  /* the events of one symbol after the other */
} sim_phase;

typedef struct sim_peer {
    char name[16];
    bool is_answered;
    bool is_heard;       /* in this round */
    cb_sync_reply reply; /* of this round */
    cb_sync_reply last;  /* of the round before */
    bool has_last;
} sim_peer;

/* One hop whose two counters must be equal. */
typedef struct sim_edge {
    char name[32];
    char producer[16];
    char consumer[16];
    int64_t offset; /* sent minus received when both were at rest after a restart */
} sim_edge;

typedef struct sim_lockstep {
    sim_peer peers[SIM_LOCKSTEP_SERVICES_MAX];
    uint32_t peers_count;
    sim_edge edges[SIM_LOCKSTEP_EDGES_MAX];
    uint32_t edges_count;
    uint64_t step;
    uint32_t round;
    uint32_t missing; /* answers of this round */
    sim_phase phase;
    uint32_t symbol;
    int64_t now_ns;
    bool is_settling;
    bool is_first;   /* the first settling waits for readiness */
    bool is_restart; /* a counter fell: offsets must be taken anew */
    bool is_asking;
    int64_t began_mono_ns;  /* of this settling */
    int64_t stable_mono_ns; /* since when no counter has moved */
    int64_t warned_mono_ns;
    char blocked[256]; /* who blocks, "" = nobody */
    cb_timer *timer;
} sim_lockstep;

/* ---- connections, gate.c ---- */
/* What a WebSocket connection needs to know of itself. */
typedef struct sim_link {
    cb_ws_conn *conn;
    uint32_t slot;
    bool is_market;
    bool is_silent; /* half-open, by silent_rule */
    uint32_t silent_rule;
    int64_t last_due_ns; /* of what waits in order */
    int64_t second;      /* of the wall clock; client messages are counted in it */
    uint64_t messages_count;
} sim_link;

#define SIM_PRIVATE_MAX 256
#define SIM_REPLAYS_MAX 64
/* A user event that was sent, for a venue that tells old ones again. */
typedef struct sim_replay {
    char *text; /* [owned] */
    size_t size;
    uint32_t account;
} sim_replay;

struct simulator {
    cb_shell *shell;
    cb_log *log;
    const sim_settings *settings;
    void *block; /* [owned] memory of the core's tables */
    size_t block_size;
    char *work; /* [owned] of the WebSocket side */
    char *body; /* [owned] one REST answer */
    sim_core *sim;
    sim_api *api;
    sim_ws *ws;
    cb_server *server;
    sim_journal *journal;
    sim_mode mode;
    sim_progress progress;
    sim_source *sources; /* [owned] one per replayed symbol */
    uint32_t sources_count;
    sim_crowd *crowds; /* [owned] one per symbol that agents trade */
    uint32_t crowds_count;
    sim_synthetic shape;
    uint32_t main_account;
    int64_t flushed_ns; /* fast book set */
    int64_t flushed_slow_ns;
    int64_t flushed_candles_ns;
    int64_t told_second; /* statistics of this second have been told */
    sim_pace pace;
    sim_lockstep lockstep;
    int64_t started_mono_ns;
    int64_t finished_mono_ns;
    uint64_t requests_count;
    sim_tls *tls;       /* [owned] NULL: no such door */
    sim_faults *faults; /* [owned] */
    sim_held *held;     /* [owned] by time, then arrival */
    uint64_t held_seq;
    uint32_t held_count;
    sim_held *parked;  /* [owned] lost, with their lines open */
    sim_held *floods;  /* [owned] answers that do not end */
    sim_held *ws_held; /* the WebSocket message that is being answered under a fault */
    sim_replay replays[SIM_REPLAYS_MAX];
    uint64_t replays_count;
    uint64_t private_conns[SIM_PRIVATE_MAX]; /* HTTP connections of the administrator */
    char *frame_room;                        /* [owned] for changed frames */
    size_t frame_room_size;
    cb_metric *requests;
    cb_metric *frames;
    cb_metric *orders;
    cb_metric *market_lag;
};

/* ---- market.c ---- */
/** Reads the files or makes the population, and opens the exchange. */
CB_MUST_USE cb_status sim_market_open(simulator *self, cb_err *err);
void sim_market_close(simulator *self);
/** When something happens next; INT64_MAX: never. */
int64_t sim_market_next_ns(const simulator *self);
/** True when symbol has an event at or before now. */
bool sim_market_is_due(const simulator *self, uint32_t symbol);
/** Plays the events of one symbol at the present time. */
void sim_market_play(simulator *self, uint32_t symbol);
/** Tells what has piled up: books each 100 ms, statistics each second …; is_forced: all of it. */
void sim_market_tell(simulator *self, bool is_forced);
/** True when the recording is over; logs it once and obeys on_end. */
bool sim_market_is_over(simulator *self);

/* ---- pace.c ---- */
CB_MUST_USE cb_status sim_pace_open(simulator *self, cb_err *err);
void sim_pace_start(simulator *self);
void sim_pace_close(simulator *self);
/** Brings the market to the present moment: before each request, and by a timer. */
void sim_pace_catch_up(simulator *self);
/** Publishes the clock. */
void sim_pace_tell(simulator *self);
bool sim_pace_is_lockstep(const simulator *self);
/** With speed = manual: plays the market up to now + span_ns. */
void sim_pace_advance(simulator *self, int64_t span_ns);

/* ---- lockstep.c ---- */
CB_MUST_USE cb_status sim_lockstep_open(simulator *self, cb_err *err);
void sim_lockstep_start(simulator *self);
void sim_lockstep_close(simulator *self);

/* ---- server.c ---- */
CB_MUST_USE cb_status sim_server_open(simulator *self, cb_err *err);
void sim_server_close(simulator *self);

/* ---- requests.c ---- */
/** A REST request has come: answers it now, later, wrongly or never. Takes the exchange. */
void sim_request_arrive(
    simulator *self, cb_exchange *exchange, uint64_t number, const sim_request *request);
/** Its time has come. Takes held. */
void sim_request_go_on(simulator *self, sim_held *held);

/* ---- gate.c ---- */
/** Every frame leaves here. */
void sim_gate_frame(
    void *context, void *handle, sim_frame_class frame_class, const char *text, size_t size);
/** Every message of a client comes in here. */
void sim_gate_message(simulator *self, sim_link *link, const char *text, size_t size);
/** Their time has come. Both take held. */
void sim_frame_go_on(simulator *self, sim_held *held);
void sim_message_go_on(simulator *self, sim_held *held);
/** Sends the last user events again, of one account or of all (SIM_NONE). */
void sim_gate_replay(simulator *self, uint32_t account, uint64_t frames);
/** Ends, or makes half-open, the WebSocket connections of now; returns how many. */
uint32_t sim_gate_cut(simulator *self, bool is_user, const char *account, sim_ending ending);
uint32_t sim_gate_silence(simulator *self, bool is_user, const char *account, uint32_t rule);
void sim_gate_end_silence(simulator *self, uint32_t rule);
sim_link *sim_link_find(const simulator *self, uint64_t conn);
/** Work space for a changed text; what it held before is gone. */
char *sim_frame_room(simulator *self, size_t size);

/* ---- faults.c ---- */
/** Reads the configured rules. */
CB_MUST_USE cb_status sim_faults_open(simulator *self, cb_err *err);
void sim_faults_close(simulator *self);
/** When rules or what waits want to be looked at next. */
int64_t sim_faults_due_ns(const simulator *self);
/** Market time has moved, or rules have changed: carries out what is due. */
void sim_faults_advance(simulator *self);
/** Ends a rule, or all (0), and what it holds. */
void sim_faults_end_all(simulator *self, uint32_t id, bool *is_found);

/* ---- tls.c ---- */
/** Opens the door with the bad certificate, when it is configured. */
CB_MUST_USE cb_status sim_tls_open(simulator *self, cb_err *err);
void sim_tls_close(simulator *self);

/* ---- journal.c ---- */
CB_MUST_USE cb_status sim_journal_open(simulator *self, const char *dir, cb_err *err);
void sim_journal_close(simulator *self);
/** One HTTP request; false when it could not be written, and then no order may be taken. */
bool sim_journal_request(
    simulator *self, uint64_t number, const cb_server_request *request, const char *key);
void sim_journal_answer(
    simulator *self, uint64_t number, int status, const char *body, size_t size);
/** What of the journal does not depend on wall time: how many lines, a running hash of all but
 * bytes and control requests, and the file's name ("" when there is none). */
typedef struct sim_journal_summary {
    uint64_t lines_count;
    uint64_t lost_count;
    uint64_t digest;
    const char *path;
} sim_journal_summary;
sim_journal_summary sim_journal_sum(const simulator *self);
/** Begins a line of a kind; false when there is no journal or no room. Ended by sim_journal_end. */
bool sim_journal_begin(simulator *self, const char *kind, sim_json *line);
bool sim_journal_end(simulator *self, sim_json *line);
void sim_journal_put(sim_json *line, const char *key, const char *text, size_t size);
/** --print-journal=FILE: checks and prints it; the program's exit code. */
int sim_journal_print(const char *path);
/** What happened on a connection: "open", "in", "out", "user", "market", "close". */
bool sim_journal_ws(
    simulator *self, const char *what, uint64_t conn, const char *text, size_t size);

/* ---- journal_events.c: what happened, for who rebuilds the venue's books ---- */
void sim_journal_start(simulator *self);
void sim_journal_event(simulator *self, const sim_event *event);
/** An answer that was made and that the client does not get. */
void sim_journal_lost(simulator *self, uint64_t number, int status, const char *body, size_t size);
/** Rules that a request or frame has met; nothing when there is none. */
void sim_journal_fate(simulator *self,
    const sim_fate *fate,
    const sim_subject *subject,
    const char *what,
    uint64_t number);
void sim_journal_turn(
    simulator *self, const sim_rule *rule, sim_turn_what what, const sim_deed *deed);
void sim_journal_deed(simulator *self, const char *kind, const sim_deed *deed);
/** Rules came or went by hand. */
void sim_journal_rules(simulator *self, const char *what);
/** Bytes of an HTTP connection. */
void sim_journal_bytes(simulator *self, uint64_t conn, bool is_out, const void *bytes, size_t size);

/* ---- control_faults.c ---- */
/** Answers a /control request, the caller being the administrator. False: none of its paths. */
bool sim_control_faults(
    simulator *self, cb_exchange *exchange, uint64_t number, const cb_server_request *request);

/* ---- control.c ---- */
void sim_control_answer(simulator *self,
    cb_exchange *exchange,
    uint64_t number,
    int status,
    const char *body,
    size_t size);
void sim_control_problem(
    simulator *self, cb_exchange *exchange, uint64_t number, int status, const char *why);
/** Answers a /sim request; false when the path is none of them. */
bool sim_control(
    simulator *self, cb_exchange *exchange, uint64_t number, const cb_server_request *request);

/* ---- keys.c ---- */
/** Reads api.keys, when it is configured. CB_E_CONFIG. */
CB_MUST_USE cb_status sim_keys_load(simulator *self, cb_err *err);
/** /sim/keys: a new key, or other rights of one that was added. */
bool sim_keys_change(simulator *self, const cb_server_request *request, const char **why);

/* ---- shell.c ---- */
cb_service sim_service(void);

#endif /* SIM_SIMULATOR_H */
