/* The execution core: permits in, at most one order each at the venue, and the venue's reports out
 * as ORDER, FILL and BALANCE events (docs/adr/0002-order-path.md). Pure; what touches the world is
 * asked of the shell by requests (events.h). One core serves one account at one venue. */
#ifndef EXEC_EXECUTION_H
#define EXEC_EXECUTION_H

#include "domain/caps.h"
#include "domain/core.h"
#include "services/execution/core/events.h"
#include "services/execution/core/records.h"

#define EXEC_CONFIG_TEXT 512 /* equals CB_CONFIG_TEXT_MAX, which cores may not see */
#define EXEC_SYMBOLS_MAX 32
#define EXEC_SEEN_DEFAULT 65536

/* The service's configuration; config.c describes each field. Durations are ns. */
typedef struct exec_config {
    char account[EXEC_CONFIG_TEXT];
    char venue[EXEC_CONFIG_TEXT];
    char symbols[EXEC_CONFIG_TEXT];
    char quote_asset[EXEC_CONFIG_TEXT];
    char rest_url[EXEC_CONFIG_TEXT];
    char ws_url[EXEC_CONFIG_TEXT];
    char ws_api_url[EXEC_CONFIG_TEXT];
    char signer_socket[EXEC_CONFIG_TEXT];
    char permit_key[EXEC_CONFIG_TEXT];
    char client_id_salt[EXEC_CONFIG_TEXT];
    uint64_t orders_max;
    uint64_t seen_max;
    int64_t window_ns;        /* W: how long the venue may accept an order after it was signed */
    int64_t engine_bound_ns;  /* E: how long it may sit in the venue before it is visible */
    int64_t query_lag_ns;     /* Lq: how far the venue's queries may lag behind */
    int64_t fills_wait_ns;    /* how long a fill may be missing before it is asked for */
    int64_t order_timeout_ns; /* resting orders are canceled after this; 0 = never */
    int64_t unknown_kill_ns;
    uint64_t unknown_kill_count;
    int64_t light_ns;
    int64_t deep_ns;
    char caps_file[EXEC_CONFIG_TEXT]; /* and its signature beside it */
    char caps_keys[EXEC_CONFIG_TEXT]; /* public keys that may sign it */
    cb_caps_rules caps; /* what the core begins with: nothing, unless a test says otherwise */
    int64_t balance_tolerance_e8;
    char emulate[EXEC_CONFIG_TEXT];    /* abilities of the venue that are not used, by commas */
    bool is_cancel_replace;            /* a replacement may go as one request with its cancel */
    bool is_slippage_sent;             /* bounded market orders go as immediate limits */
    int64_t reject_rate_max_e8;        /* of the last 20 answers, as a ratio; 1e8: never too many */
    char kill_page[EXEC_CONFIG_TEXT];  /* shell: the local flag page */
    char guard_key[EXEC_CONFIG_TEXT];  /* shell: signs beats for the guardian; "": none beat */
    char guard_page[EXEC_CONFIG_TEXT]; /* shell: their second way, a file */
    char claim_mark[EXEC_CONFIG_TEXT]; /* shell: file that notes the newest claim */
    char disk_path[EXEC_CONFIG_TEXT];  /* shell: whose file system is watched; "" = the page's */
    int64_t disk_warn_e8;              /* shell: used share beyond which no new risk is taken */
    int64_t disk_stop_e8;              /* shell: used share beyond which everything is canceled */
    int64_t risk_silent_ns;            /* shell: silence of risk that is shown as a level */
} exec_config;

typedef struct exec_state exec_state;

extern const cb_core_ops execution_core;

/* What the shell may read of the state. */
typedef struct exec_view {
    bool is_live; /* lease held, stream up, reconciled */
    bool is_stream_up;
    bool is_reconciled;
    bool is_lease_held;
    bool is_off;         /* kill level 4 has done its work */
    uint32_t kill_level; /* highest level in force for the whole account */
    uint32_t
        pending_count; /* work that goes on without the clock: claims, requests, ready orders */
    uint32_t active_count;
    uint32_t unknown_count;
    uint64_t orders_count;
    uint64_t fills_count;
    uint64_t refused_count;
    uint64_t differences_count;
    uint64_t external_count;
    uint64_t stale_count; /* reports of orders finished long ago */
    int64_t offset_ns;    /* venue minus service clock */
} exec_view;

void exec_look(const exec_state *state, exec_view *out);
/** True when no order, command or question is open: prices alone would then lead to nothing. */
bool exec_quotes_are_idle(const exec_state *state);

/** The service's orders that may be claimed are signed with this many ms of window. */
int64_t exec_window_ns(const exec_state *state);

#endif /* EXEC_EXECUTION_H */
