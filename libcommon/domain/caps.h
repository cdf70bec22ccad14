/* Execution's hard caps as a file says them: "key = value" lines, every key exactly once, nothing
 * else. Pure: reading the file and checking who signed it is the shell's (rt/signed_file.h). */
#ifndef CB_CAPS_H
#define CB_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CB_CAPS_SYMBOLS_MAX 512
#define CB_CAPS_SIZE_MAX 4096              /* bytes of a file */
#define CB_CAPS_PURPOSE "cerberus.caps.v1" /* what its signature is for */

/* Durations are ns, money and ratios e8. */
typedef struct cb_caps_rules {
    int64_t notional_max_e8;           /* of one order, quote units */
    int64_t qty_max_e8;                /* of one order, base units */
    int64_t collar_e8;                 /* ratio */
    int64_t orders_per_s;              /* in any second */
    int64_t notional_per_minute_e8;    /* in any minute, quote units */
    int64_t data_age_max_ns;           /* of the ticker */
    int64_t clock_offset_max_ns;       /* between us and the venue */
    int64_t heartbeat_age_max_ns;      /* silence of risk */
    char symbols[CB_CAPS_SYMBOLS_MAX]; /* "BTCUSDT,ETHUSDT" or "*" */
} cb_caps_rules;

/**
 * Reads a caps file's text.
 *
 * @param out [out] written only on CB_OK.
 * @return CB_OK; CB_E_SYNTAX for a line, key or value that cannot be read, a key that is missing or
 *         there twice; CB_E_RANGE for a value outside of its bounds. err names line and key.
 */
CB_MUST_USE cb_status cb_caps_parse(const char *text, size_t size, cb_caps_rules *out, cb_err *err);

/** True when the list allows the symbol. */
bool cb_caps_allow_symbol(const cb_caps_rules *rules, const char *symbol);

#endif /* CB_CAPS_H */
