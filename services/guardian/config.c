/* Configuration fields of the guardian. */
#include <string.h>

#include "base/timefmt.h"
#include "domain/guardbeat.h"
#include "services/guardian/guardian_shell.h"

_Static_assert(
    GUARDIAN_CONFIG_TEXT == CB_CONFIG_TEXT_MAX, "the core's texts hold what config reads");

#define AT(member) offsetof(guardian_config, member)
#define SECOND CB_NS_PER_S
#define TEXT(key, kind, member, value, help)                                                       \
    {                                                                                              \
        key, kind, AT(member), value, 0, 0, NULL, help                                             \
    }
#define TIME(key, member, value, min, max, help)                                                   \
    {                                                                                              \
        key, CB_CONFIG_DURATION, AT(member), value, min, max, NULL, help                           \
    }

const cb_config_field guardian_fields[] = {
    TEXT("account", CB_CONFIG_TEXT, account, "main", "account whose orders are guarded"),
    TEXT("venue", CB_CONFIG_TEXT, venue, "binance", "venue, a row of venues.def"),
    TEXT("symbols",
        CB_CONFIG_TEXT,
        symbols,
        "BTCUSDT,ETHUSDT",
        "symbols that the venue's own switch is armed for, by commas"),
    TEXT("venue.rest_url", CB_CONFIG_TEXT, rest_url, NULL, "base URL of the venue's REST API"),
    TEXT("signer.socket",
        CB_CONFIG_PATH,
        signer_socket,
        NULL,
        "Unix socket of the signer, which holds the venue's key for purpose cancel"),
    TEXT("guard.key",
        CB_CONFIG_SECRET,
        beat_key,
        NULL,
        "file with the key of execution's beats (16 characters or more)"),
    TEXT("guard.page", CB_CONFIG_PATH, beat_page, NULL, "file that execution writes its beats to"),
    TEXT("guard.journal", CB_CONFIG_PATH, journal, NULL, "file of the guardian's own record"),
    TEXT("kill.page", CB_CONFIG_PATH, kill_page, NULL, "file of the local flag page"),
    TIME("guard.silence",
        silence_ns,
        "10s",
        SECOND,
        3600 * SECOND,
        "silence of execution on bus and page after which everything is canceled"),
    TIME("guard.grace",
        grace_ns,
        "20s",
        SECOND,
        3600 * SECOND,
        "time after our own start that execution has to be heard; at least guard.silence"),
    TIME("guard.skew",
        skew_ns,
        "5s",
        100 * CB_NS_PER_MS,
        60 * SECOND,
        "a beat may say a time this far from ours"),
    TIME("guard.recheck",
        recheck_ns,
        "5s",
        SECOND,
        3600 * SECOND,
        "how often the venue is asked again while execution stays silent"),
    TIME("deadman.countdown",
        deadman_ns,
        "0s",
        0,
        3600 * SECOND,
        "countdown of the venue's own switch, where it has one; 0s: it is not armed"),
    TIME("deadman.period",
        deadman_period_ns,
        "15s",
        SECOND,
        3600 * SECOND,
        "how often it is wound up again while execution lives"),
    {"deadman.forced",
        CB_CONFIG_BOOL,
        AT(deadman_forced),
        "false",
        0,
        0,
        NULL,
        "arm although the venue's table says that it has none (the simulator's profile)"},
    {"budget.weight",
        CB_CONFIG_U64,
        AT(weight_per_minute),
        "1200",
        200,
        100000,
        NULL,
        "request weight a minute that is the guardian's own"},
};
const size_t guardian_fields_count = sizeof(guardian_fields) / sizeof(guardian_fields[0]);

static cb_status check_symbols(const guardian_config *config, cb_err *err)
{
    char symbol[CB_CONFIG_TEXT_MAX];
    size_t count = 0;
    for (; cb_config_list_item(config->symbols, count, symbol, sizeof(symbol)); count++) {
        if (symbol[0] == '\0' || strlen(symbol) >= sizeof(((guardian_symbol *)NULL)->symbol)) {
            return CB_FAIL(err, CB_E_CONFIG, "symbols: item %zu is empty or too long", count + 1);
        }
    }
    return count <= GUARDIAN_SYMBOLS_MAX
               ? CB_OK
               : CB_FAIL(err, CB_E_CONFIG, "symbols: more than %d", GUARDIAN_SYMBOLS_MAX);
}

cb_status guardian_config_check(const guardian_config *config, cb_err *err)
{
    if (strlen(config->beat_key) < CB_GUARDBEAT_KEY_SIZE_MIN) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "guard.key: the key has less than %d characters",
            CB_GUARDBEAT_KEY_SIZE_MIN);
    }
    if (config->grace_ns < config->silence_ns) {
        return CB_FAIL(err, CB_E_CONFIG, "guard.grace is shorter than guard.silence");
    }
    return check_symbols(config, err);
}
