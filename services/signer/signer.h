/* What the files of the signer share.
 *
 *   main.c     hardening, then the runtime
 *   config.c   configuration fields
 *   shell.c    hooks of the runtime: start, readiness, metrics
 *   vault.c    keys in guarded memory, and every change of them on disk first
 *   storage.c  files: the KEK and its mode, the key file and its atomic replacement
 *   door.c     the two Unix sockets: who may connect, bytes to frames and back
 *   serve.c    one request: judged, signed or refused
 *   check.c    asks the venue what a key may do, when it is added, at the start and daily
 *   core/      sealing, rules (pure) */
#ifndef SIGNER_H
#define SIGNER_H

#include "rt/service.h"
#include "services/signer/core/policy.h"
#include "services/signer/core/seal.h"
#include "wire/signer_frame.h"

#define SIGNER_CONNS_MAX 32
#define SIGNER_PEERS_MAX 16

typedef struct signer signer;
typedef struct signer_conn signer_conn;

typedef struct signer_config {
    char socket[CB_CONFIG_TEXT_MAX];
    char admin_socket[CB_CONFIG_TEXT_MAX];
    char kek_file[CB_CONFIG_TEXT_MAX];
    char key_file[CB_CONFIG_TEXT_MAX];
    char venue[CB_CONFIG_TEXT_MAX];
    char rest_url[CB_CONFIG_TEXT_MAX];
    char peers[CB_CONFIG_TEXT_MAX];
    uint64_t orders_per_minute;
    uint64_t others_per_minute;
    int64_t timestamp_skew_ns; /* 0: not checked */
    int64_t recheck_ns;
    bool needs_ip_list;
} signer_config;

/* ---- vault.c ---- */

/* Everything secret, in pages of its own: locked into memory, left out of cores, unreadable except
 * while it is used. */
typedef struct signer_guarded {
    uint8_t kek[SIGNER_KEK_SIZE];
    uint8_t next_kek[SIGNER_KEK_SIZE];
    signer_secret candidate; /* being added, not kept yet */
    signer_secret secrets[SIGNER_KEYS_MAX];
} signer_guarded;

typedef struct signer_vault {
    const signer_config *config;
    signer_guarded *guarded; /* [owned] */
    signer_file file;        /* labels and sealed rows; row i belongs to secrets[i] */
    signer_cap orders[SIGNER_KEYS_MAX];
    signer_cap others[SIGNER_KEYS_MAX];
} signer_vault;

#define SIGNER_NO_KEY UINT32_MAX

/** Reads KEK and key file. CB_E_CONFIG or CB_E_AUTH for the KEK, CB_E_CORRUPT, CB_E_IO. */
CB_MUST_USE cb_status signer_vault_open(
    signer_vault *vault, const signer_config *config, cb_err *err);
void signer_vault_close(signer_vault *vault);
/** Index of a key, or SIGNER_NO_KEY. */
uint32_t signer_vault_find(
    const signer_vault *vault, const char *account, const char *venue, cb_key_purpose purpose);
uint32_t signer_vault_find_version(const signer_vault *vault, uint32_t version);
/** Copies a key's public half. */
void signer_vault_api_key(const signer_vault *vault, uint32_t index, char out[CB_SIGNER_KEY_MAX]);
/** Signs with key index; with SIGNER_NO_KEY: with the candidate. */
CB_MUST_USE cb_status signer_vault_sign(signer_vault *vault,
    uint32_t index,
    const cb_venue_ops *venue,
    const char *payload,
    size_t payload_size,
    char out[CB_VENUE_SIGNATURE_MAX],
    cb_err *err);
/** Keeps a secret for later; signer_vault_drop_candidate forgets it. */
void signer_vault_hold(signer_vault *vault, const char *api_key, const char *api_secret);
void signer_vault_candidate_key(const signer_vault *vault, char out[CB_SIGNER_KEY_MAX]);
void signer_vault_drop_candidate(signer_vault *vault);
/**
 * Makes the candidate the key of account, venue and purpose, instead of one that was there. On disk
 * before it returns CB_OK; nothing has changed otherwise. CB_E_FULL, CB_E_IO.
 */
CB_MUST_USE cb_status signer_vault_add(
    signer_vault *vault, const signer_label *label, uint32_t *version, cb_err *err);
CB_MUST_USE cb_status signer_vault_remove(signer_vault *vault, uint32_t index, cb_err *err);
/** What the venue said; why NULL: the key is fit. */
CB_MUST_USE cb_status signer_vault_note(
    signer_vault *vault, uint32_t index, int64_t checked_ns, const char *why, cb_err *err);
/** Wraps every data key by the next KEK: FILE.next, made when it is not there. */
CB_MUST_USE cb_status signer_vault_rotate(signer_vault *vault, cb_err *err);

/* ---- storage.c ---- */
/** Reads exactly 32 bytes of a file that nobody else may read. CB_E_NOT_FOUND, CB_E_AUTH for its
 *  mode or owner, CB_E_SYNTAX for its size. out is wiped unless CB_OK. */
CB_MUST_USE cb_status signer_kek_read(const char *path, uint8_t out[SIGNER_KEK_SIZE], cb_err *err);
/** Makes a file with 32 bytes, mode 0600, durable. CB_E_EXISTS. */
CB_MUST_USE cb_status signer_kek_make(
    const char *path, const uint8_t kek[SIGNER_KEK_SIZE], cb_err *err);
/** Renames durably. */
CB_MUST_USE cb_status signer_file_move(const char *from, const char *to, cb_err *err);
/** *size 0: there is none. CB_E_AUTH when others may read it. */
CB_MUST_USE cb_status signer_storage_read(
    const char *path, uint8_t *out, size_t capacity, size_t *size, cb_err *err);
/** Replaces the file as a whole: a reader, and the next start, see the old bytes or the new. */
CB_MUST_USE cb_status signer_storage_write(
    const char *path, const uint8_t *bytes, size_t size, cb_err *err);

/* ---- door.c ---- */
typedef struct signer_peer {
    uint32_t uid;
    uint32_t purposes; /* bit 1 << cb_key_purpose */
} signer_peer;

typedef struct signer_door {
    int fds[2]; /* everybody's socket, the administrators' */
    cb_watch *watches[2];
    signer_conn *conns[SIGNER_CONNS_MAX];
    uint64_t conns_count; /* ever: their numbers */
    signer_peer peers[SIGNER_PEERS_MAX];
    uint32_t peers_count;
} signer_door;

CB_MUST_USE cb_status signer_door_open(signer *self, cb_err *err);
void signer_door_close(signer *self);
bool signer_conn_is_admin(const signer_conn *conn);
/** May this peer use keys of that purpose? */
bool signer_conn_may(const signer_conn *conn, cb_key_purpose purpose);
uint64_t signer_conn_number(const signer_conn *conn);
/** The connection of that number, or NULL when it is gone. */
signer_conn *signer_door_find(signer *self, uint64_t number);
void signer_conn_reply(signer_conn *conn, const cb_signer_reply *reply);

/* ---- serve.c ---- */
/** Answers a request, at once or (ADD) when the venue has been asked. */
void signer_serve(signer *self, signer_conn *conn, const cb_signer_request *request);
/** ADD goes on here: why NULL when the candidate is fit. */
void signer_finish_add(signer *self, cb_signer_status status, const char *why);

/* ---- check.c ---- */
typedef enum signer_verdict { SIGNER_FIT, SIGNER_UNFIT, SIGNER_UNCLEAR } signer_verdict;

typedef struct signer_check {
    bool is_busy;
    bool is_candidate;
    cb_key_purpose purpose;
    uint32_t version; /* of the key that is looked at */
    uint32_t tries;
    uint32_t round_version;    /* keys up to this one have been looked at in this round */
    bool is_round_clear;       /* nothing of this round was unclear */
    bool is_candidate_waiting; /* for the question that is under way */
    cb_key_purpose waiting_purpose;
    cb_timer *timer;
    cb_venue_request request;
} signer_check;

/** Asks about the candidate, after what is being asked now; signer_finish_add follows. */
void signer_check_candidate(signer *self, cb_key_purpose purpose);
/** Begins a round over all keys now, and one each recheck period. */
void signer_check_start(signer *self);
void signer_check_stop(signer *self);

/* ---- the whole ---- */
typedef struct signer_adding {
    bool is_busy;
    uint64_t conn; /* who asked */
    uint32_t request_id;
    signer_label label;
} signer_adding;

typedef struct signer_metrics {
    cb_metric *signed_count;
    cb_metric *refused;
    cb_metric *limited;
    cb_metric *denied;
    cb_metric *bad_frames;
    cb_metric *keys;
    cb_metric *disabled;
    cb_metric *duration;
} signer_metrics;

struct signer {
    cb_shell *shell;
    cb_log *log;
    const signer_config *config;
    const cb_venue_ops *venue;
    signer_vault vault;
    signer_door door;
    signer_adding adding;
    signer_check check;
    signer_metrics metrics;
};

/** Gauges that follow from the vault. */
void signer_refresh_metrics(signer *self);

extern const cb_config_field signer_fields[];
extern const size_t signer_fields_count;
extern const cb_service signer_service;

#endif /* SIGNER_H */
