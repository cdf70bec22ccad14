/* Configuration fields of the signer. No field holds a secret: files are named, and read here. */
#include "services/signer/signer.h"

#include "base/timefmt.h"

#define AT(member) offsetof(signer_config, member)
#define PATH_FIELD(key, member, help)                                                              \
    {                                                                                              \
        key, CB_CONFIG_PATH, AT(member), NULL, 0, 0, NULL, help                                    \
    }
#define TEXT_FIELD(key, member, value, help)                                                       \
    {                                                                                              \
        key, CB_CONFIG_TEXT, AT(member), value, 0, 0, NULL, help                                   \
    }
#define COUNT_FIELD(key, member, value, help)                                                      \
    {                                                                                              \
        key, CB_CONFIG_U64, AT(member), value, 1, 100000000, NULL, help                            \
    }

const cb_config_field signer_fields[] = {
    PATH_FIELD("signer.socket", socket, "Unix socket where services ask for signatures"),
    PATH_FIELD("signer.admin_socket",
        admin_socket,
        "Unix socket of `cerberus key`; only this user and root may use it"),
    PATH_FIELD(
        "signer.kek", kek_file, "file with the key-encryption key: 32 bytes, mode 0400 or 0600"),
    PATH_FIELD("signer.keys", key_file, "file that holds the exchange keys, encrypted"),
    TEXT_FIELD("signer.peers",
        peers,
        "",
        "further users of the socket and their purposes: UID:trade+read,UID:cancel"),
    TEXT_FIELD("venue", venue, "binance", "venue whose keys are kept, a row of venues.def"),
    TEXT_FIELD("venue.rest_url", rest_url, NULL, "base URL of the venue's REST API"),
    COUNT_FIELD("signer.orders_per_minute",
        orders_per_minute,
        "600",
        "signatures of orders, per key and minute"),
    COUNT_FIELD("signer.others_per_minute",
        others_per_minute,
        "6000",
        "signatures of anything else, per key and minute"),
    {"signer.timestamp_skew",
        CB_CONFIG_DURATION,
        AT(timestamp_skew_ns),
        "10s",
        0,
        INT64_C(3600) * CB_NS_PER_S,
        NULL,
        "largest distance of a request's timestamp from this clock; 0s: not checked (simulated "
        "time)"},
    {"signer.recheck",
        CB_CONFIG_DURATION,
        AT(recheck_ns),
        "24h",
        CB_NS_PER_S,
        INT64_C(168) * 3600 * CB_NS_PER_S,
        NULL,
        "how often the venue is asked again what each key may do"},
    {"signer.needs_ip_list",
        CB_CONFIG_BOOL,
        AT(needs_ip_list),
        "true",
        0,
        0,
        NULL,
        "refuse keys that the venue accepts from any address"},
};
const size_t signer_fields_count = sizeof(signer_fields) / sizeof(signer_fields[0]);
