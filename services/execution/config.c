/* Configuration fields of execution. The caps are its own hard limits: no permit widens them. */
#include "services/execution/shell.h"

#include <string.h>

#include "base/strview.h"

_Static_assert(EXEC_CONFIG_TEXT == CB_CONFIG_TEXT_MAX, "the core's texts hold what config reads");

#define AT(member) offsetof(exec_config, member)
#define SECOND CB_NS_PER_S
#define HOUR (3600 * CB_NS_PER_S)
#define TEXT_FIELD(key, member, value, help)                                                       \
    {                                                                                              \
        key, CB_CONFIG_TEXT, AT(member), value, 0, 0, NULL, help                                   \
    }
#define SECRET_FIELD(key, member, help)                                                            \
    {                                                                                              \
        key, CB_CONFIG_SECRET, AT(member), NULL, 0, 0, NULL, help                                  \
    }
#define TIME_FIELD(key, member, value, min, max, help)                                             \
    {                                                                                              \
        key, CB_CONFIG_DURATION, AT(member), value, min, max, NULL, help                           \
    }
#define BOOL_FIELD(key, member, value, help)                                                       \
    {                                                                                              \
        key, CB_CONFIG_BOOL, AT(member), value, 0, 0, NULL, help                                   \
    }
#define DECIMAL_FIELD(key, member, value, max, help)                                               \
    {                                                                                              \
        key, CB_CONFIG_DECIMAL, AT(member), value, 0, max, NULL, help                              \
    }
#define COUNT_FIELD(key, member, value, min, max, help)                                            \
    {                                                                                              \
        key, CB_CONFIG_U64, AT(member), value, min, max, NULL, help                                \
    }

#define MONEY_MAX (INT64_C(10000000000) * CB_E8)

const cb_config_field exec_fields[] = {
    TEXT_FIELD("account", account, "main", "account whose orders are placed"),
    TEXT_FIELD("venue", venue, "binance", "venue, a row of venues.def"),
    TEXT_FIELD("symbols", symbols, "BTCUSDT,ETHUSDT", "symbols that may be traded, by commas"),
    TEXT_FIELD("quote_asset", quote_asset, "USDT", "asset that prices are quoted in"),
    TEXT_FIELD("venue.rest_url", rest_url, NULL, "base URL of the venue's REST API"),
    TEXT_FIELD("venue.ws_url", ws_url, "", "base URL of the market streams; not used here"),
    TEXT_FIELD("venue.ws_api_url", ws_api_url, NULL, "base URL of the user stream (WebSocket API)"),
    {"signer.socket",
        CB_CONFIG_PATH,
        AT(signer_socket),
        NULL,
        0,
        0,
        NULL,
        "Unix socket of the signer, which holds the venue's key for purpose trade"},
    SECRET_FIELD("permit.key", permit_key, "file with the key of risk's permits"),
    TEXT_FIELD("client_id.salt",
        client_id_salt,
        "cerberus",
        "key of the hash that names orders at the venue; must never change for an account"),
    COUNT_FIELD("orders.max", orders_max, "1024", 16, 65536, "orders kept in memory"),
    COUNT_FIELD(
        "seen.max", seen_max, "65536", 1024, 1048576, "trades, orders and permits remembered"),
    TIME_FIELD("order.window",
        window_ns,
        "3s",
        500 * CB_NS_PER_MS,
        60 * SECOND,
        "W: time after its signature in which the venue may accept an order"),
    TIME_FIELD("order.engine_bound",
        engine_bound_ns,
        "20s",
        SECOND,
        HOUR,
        "E: time an accepted order may take to become visible"),
    TIME_FIELD("order.query_lag",
        query_lag_ns,
        "5s",
        SECOND,
        HOUR,
        "Lq: time the venue's answers may lag behind its books"),
    TIME_FIELD("order.fills_wait",
        fills_wait_ns,
        "2s",
        100 * CB_NS_PER_MS,
        60 * SECOND,
        "time a fill may be missing from the stream before it is asked for"),
    TIME_FIELD("order.timeout",
        order_timeout_ns,
        "10m",
        0,
        720 * HOUR,
        "resting orders are canceled after this; 0s: never"),
    TIME_FIELD("unknown.kill_after",
        unknown_kill_ns,
        "60s",
        SECOND,
        HOUR,
        "an order of unknown outcome for longer than this stops new risk"),
    COUNT_FIELD("unknown.kill_count",
        unknown_kill_count,
        "3",
        1,
        1000,
        "this many orders of unknown outcome stop new risk"),
    TIME_FIELD("reconcile.light", light_ns, "10s", SECOND, HOUR, "period of light reconciliation"),
    TIME_FIELD("reconcile.deep", deep_ns, "5m", 10 * SECOND, HOUR, "period of deep reconciliation"),
    DECIMAL_FIELD("reconcile.balance_tolerance",
        balance_tolerance_e8,
        "0",
        MONEY_MAX,
        "difference of an asset's total that counts as none, in units of the asset"),
    TEXT_FIELD("orders.emulate",
        emulate,
        "",
        "abilities of the venue that are not used but held here, by commas: stop, trailing, oco, "
        "amend"),
    BOOL_FIELD("orders.cancel_replace",
        is_cancel_replace,
        "false",
        "a replacement may go as one request with the cancel of what it replaces; its two outcomes "
        "are tracked apart, and both orders may fill"),
    BOOL_FIELD("orders.slippage_as_limit",
        is_slippage_sent,
        "false",
        "market orders with a bound go as immediate limits at it; false: refused when the book "
        "says they would go beyond"),
    DECIMAL_FIELD("kill.reject_rate",
        reject_rate_max_e8,
        "0.2",
        CB_E8,
        "share of the last 20 orders that may be rejected before new risk stops; 1: never"),
    {"kill.page",
        CB_CONFIG_PATH,
        AT(kill_page),
        NULL,
        0,
        0,
        NULL,
        "file of the local flag page; made by `cerberus provision kill-page`"},
    {"guard.key",
        CB_CONFIG_SECRET,
        AT(guard_key),
        "",
        0,
        0,
        NULL,
        "file with the key that signs beats for the guardian (16 characters or more); none: no "
        "beats"},
    {"guard.page",
        CB_CONFIG_PATH,
        AT(guard_page),
        "",
        0,
        0,
        NULL,
        "file that beats for the guardian are written to as well"},
    TIME_FIELD("kill.risk_silent",
        risk_silent_ns,
        "10s",
        SECOND,
        HOUR,
        "silence of risk that holds kill level 1 while it lasts"),
    {"disk.path",
        CB_CONFIG_PATH,
        AT(disk_path),
        "",
        0,
        0,
        NULL,
        "a file or folder on the disk that is watched; none: the flag page's"},
    DECIMAL_FIELD("disk.warn",
        disk_warn_e8,
        "0.85",
        CB_E8,
        "used share of the disk that holds kill level 1 while it lasts"),
    DECIMAL_FIELD("disk.stop",
        disk_stop_e8,
        "0.95",
        CB_E8,
        "used share of the disk that raises kill level 2"),
    {"claim.mark",
        CB_CONFIG_PATH,
        AT(claim_mark),
        "",
        0,
        0,
        NULL,
        "file that notes the newest claim: shows that the database was set back; none: not noted"},
    TEXT_FIELD("caps.file", caps_file, NULL, "file with the hard caps, signed in FILE.sig"),
    TEXT_FIELD("caps.keys", caps_keys, NULL, "file with the public keys that may sign the caps"),
};
const size_t exec_fields_count = sizeof(exec_fields) / sizeof(exec_fields[0]);

static cb_status check_symbols(const exec_config *config, cb_err *err)
{
    char symbol[CB_CONFIG_TEXT_MAX];
    size_t count = 0;
    while (cb_config_list_item(config->symbols, count, symbol, sizeof(symbol))) {
        if (symbol[0] == '\0' || strlen(symbol) >= sizeof(((cb_order *)NULL)->symbol)) {
            return CB_FAIL(err, CB_E_CONFIG, "symbols: item %zu is empty or too long", count + 1);
        }
        count++;
    }
    if (count == 0 || count > EXEC_SYMBOLS_MAX) {
        return CB_FAIL(err, CB_E_CONFIG, "symbols: %zu of 1 to %d", count, EXEC_SYMBOLS_MAX);
    }
    return strpbrk(config->symbols, " \t") == NULL
               ? CB_OK
               : CB_FAIL(err, CB_E_CONFIG, "symbols: no spaces between the items");
}

static cb_status check_length(
    const char *key, const char *text, size_t min, size_t max, cb_err *err)
{
    const size_t size = strlen(text);
    if (size < min || size > max) {
        return CB_FAIL(
            err, CB_E_CONFIG, "%s has %zu characters, not %zu to %zu", key, size, min, max);
    }
    return CB_OK;
}

cb_status exec_config_check(const exec_config *config, cb_err *err)
{
    const struct {
        const char *key;
        const char *text;
        size_t min;
        size_t max;
    } texts[] = {
        {"account", config->account, 1, sizeof(((cb_order *)NULL)->account) - 1},
        {"venue", config->venue, 1, sizeof(((cb_order *)NULL)->venue) - 1},
        {"quote_asset", config->quote_asset, 1, sizeof(((cb_fill *)NULL)->quote_asset) - 1},
        {"permit.key", config->permit_key, 16, CB_CONFIG_TEXT_MAX},
        {"guard.key",
            config->guard_key[0] == '\0' ? config->permit_key : config->guard_key,
            16,
            CB_CONFIG_TEXT_MAX},
        {"client_id.salt", config->client_id_salt, 1, 64},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const cb_status status =
            check_length(texts[i].key, texts[i].text, texts[i].min, texts[i].max, err);
        if (status != CB_OK) {
            return status;
        }
    }
    return check_symbols(config, err);
}
