/* Configuration from one table of fields per service. Sources: defaults < file < environment <
 * flags. An unknown key, a value out of bounds or a missing secret ends the start and names the
 * field and where it came from. `--print-config` shows every value (secrets masked) and its source.
 */
#ifndef CB_CONFIG_H
#define CB_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CB_CONFIG_TEXT_MAX 512 /* size of every TEXT, PATH, SECRET and LIST member */

typedef enum cb_config_kind {
    CB_CONFIG_TEXT,     /* char[CB_CONFIG_TEXT_MAX] */
    CB_CONFIG_PATH,     /* char[CB_CONFIG_TEXT_MAX] */
    CB_CONFIG_SECRET,   /* char[CB_CONFIG_TEXT_MAX]; the value names a FILE whose first line is
                           the secret; never printed, wiped at exit */
    CB_CONFIG_U64,      /* uint64_t with min … max */
    CB_CONFIG_I64,      /* int64_t with min … max */
    CB_CONFIG_BOOL,     /* bool: true or false */
    CB_CONFIG_DECIMAL,  /* int64_t e8 with min … max in e8 */
    CB_CONFIG_DURATION, /* int64_t ns, written "250ms", "5s", "2m", "24h"; a bare number is refused
                         */
    CB_CONFIG_CHOICE    /* uint32_t: index into choices ("a|b|c") */
} cb_config_kind;

typedef struct cb_config_field {
    const char
        *key; /* "risk.per_trade"; environment CERBERUS_RISK_PER_TRADE; flag --risk.per_trade= */
    cb_config_kind kind;
    size_t offset;             /* into the service's config struct */
    const char *default_value; /* NULL: required */
    int64_t min;
    int64_t max;
    const char *choices;
    const char *help; /* one line, with the unit */
} cb_config_field;

/**
 * Fills config from the sources. fields of both tables share the key space; environment names are
 * CERBERUS_ and the key in upper case with '.' as '_'.
 *
 * @param file NULL for none; lines `key = value`, `#` comments.
 * @param argv flags `--key=value`; positions that are not flags are refused.
 */
CB_MUST_USE cb_status cb_config_load(const cb_config_field *fields,
    size_t count,
    void *config,
    const char *file,
    int argc,
    char **argv,
    char **envp,
    cb_err *err);

/* ---- several tables as one key space: the runtime's own fields and the service's ---- */
#define CB_CONFIG_PARTS_MAX 4
#define CB_CONFIG_FIELDS_MAX 192 /* of all parts together */
#define CB_CONFIG_HASH_SIZE 32

typedef struct cb_config_part {
    const cb_config_field *fields; /* [borrowed until the set is released] */
    size_t count;
    void *config; /* [borrowed until the set is released] zeroed by the caller */
} cb_config_part;

typedef enum cb_config_origin {
    CB_CONFIG_FROM_DEFAULT,
    CB_CONFIG_FROM_FILE,
    CB_CONFIG_FROM_ENVIRONMENT,
    CB_CONFIG_FROM_FLAG
} cb_config_origin;

typedef struct cb_config_set {
    cb_config_part parts[CB_CONFIG_PARTS_MAX];
    size_t parts_count;
    uint8_t origins[CB_CONFIG_FIELDS_MAX]; /* cb_config_origin, in the order of the parts' fields */
} cb_config_set;

typedef struct cb_config_sources {
    const char *service; /* environment names CERBERUS_<SERVICE>_… that belong to no field are
                            refused; other CERBERUS_ names may be meant for others. NULL: none */
    const char *file;    /* NULL for none */
    int argc;            /* flags only: without the program's name */
    char **argv;
    char **envp; /* NULL for none */
} cb_config_sources;

/** Loads all parts; the first thing that is wrong is named with its field and its place. */
CB_MUST_USE cb_status cb_config_set_load(
    cb_config_set *set, const cb_config_sources *sources, cb_err *err);
/** One line per field: `key = value  # origin`; secrets masked. Returns the length needed. */
size_t cb_config_set_print(const cb_config_set *set, char *out, size_t capacity);
/** The table of fields for --help: flag, environment, default, bounds, help. */
size_t cb_config_set_help(const cb_config_set *set, char *out, size_t capacity);
/** SHA-256 over keys and values, secrets left out: equal configurations have equal hashes. */
void cb_config_set_hash(const cb_config_set *set, uint8_t out[CB_CONFIG_HASH_SIZE]);
/** Wipes the secrets. */
void cb_config_set_release(cb_config_set *set);

/** "250ms", "5s", "2m", "24h", "10us" to nanoseconds; a bare number is refused. */
CB_MUST_USE cb_status cb_duration_parse(const char *text, int64_t *out_ns, cb_err *err);

/** Text list helpers: "BTCUSDT,ETHUSDT" → item i; false past the end. */
bool cb_config_list_item(const char *list, size_t index, char *out, size_t out_size);

#endif /* CB_CONFIG_H */
