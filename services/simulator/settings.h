/* The simulator's configuration, as the table in settings.c fills it. */
#ifndef SIM_SETTINGS_H
#define SIM_SETTINGS_H

#include "rt/config.h"
#include "services/simulator/core/sim.h"

typedef struct sim_settings {
    char symbols[CB_CONFIG_TEXT_MAX];
    char instruments[CB_CONFIG_TEXT_MAX];
    char address[CB_CONFIG_TEXT_MAX];
    uint64_t port;
    char replay[CB_CONFIG_TEXT_MAX];
    uint32_t on_bad; /* 0 stop, 1 skip */
    char from[CB_CONFIG_TEXT_MAX];
    char to[CB_CONFIG_TEXT_MAX];
    uint64_t warmup;
    uint32_t start; /* 0: when the market is listened to; 1: at once */
    uint64_t agents;
    int64_t preroll_ns;
    char agents_start[CB_CONFIG_TEXT_MAX];
    char speed[CB_CONFIG_TEXT_MAX];
    char lockstep_services[CB_CONFIG_TEXT_MAX];
    int64_t lockstep_timeout_ns;
    uint32_t on_end; /* 0 hold, 1 stop */
    uint64_t spread_ticks;
    uint64_t gap_ticks;
    uint64_t levels;
    int64_t depth_quote_e8;
    char balances_main[CB_CONFIG_TEXT_MAX];
    char api_key[CB_CONFIG_TEXT_MAX];
    char api_secret[CB_CONFIG_TEXT_MAX];
    char api_keys[CB_CONFIG_TEXT_MAX];
    char admin_token[CB_CONFIG_TEXT_MAX];
    int64_t fee_maker_e8;
    int64_t fee_taker_e8;
    char fee_asset[CB_CONFIG_TEXT_MAX];
    int64_t fee_asset_price_e8;
    int64_t fee_asset_factor_e8;
    uint64_t weight_per_minute;
    uint64_t orders_per_10s;
    uint64_t orders_per_day;
    uint64_t open_orders_max;
    uint64_t violations_until_ban;
    int64_t ban_ns;
    uint64_t ws_messages_per_s;
    uint64_t orders_max;
    uint64_t trades_max;
    bool journal_market;
    bool has_deadman;
    bool journal_bytes;
    char faults[CB_CONFIG_TEXT_MAX];
    uint64_t fault_seed;
    uint32_t client_ids; /* sim_client_ids */
    uint64_t window_factor;
    uint32_t tls; /* 0 off, 1 wrong name, 2 expired */
    uint64_t tls_port;
} sim_settings;

extern const cb_config_field sim_settings_fields[];
extern const size_t sim_settings_fields_count;

/** Reads a time: RFC 3339 or milliseconds. "" gives fallback_ns. */
CB_MUST_USE cb_status sim_settings_time(
    const char *key, const char *text, int64_t fallback_ns, int64_t *out_ns, cb_err *err);

/** The built-in or configured instrument of a symbol. CB_E_NOT_FOUND, CB_E_SYNTAX. */
CB_MUST_USE cb_status sim_instrument(
    const char *symbol, const char *configured, sim_spec *out, cb_err *err);
/** First price of a symbol that agents trade, 0 when none is known. */
int64_t sim_instrument_start_price(const char *symbol);

#endif /* SIM_SETTINGS_H */
