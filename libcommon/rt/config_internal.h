/* Inside rt/config*: values as text, and the text buffer that printing shares. */
#ifndef CB_CONFIG_INTERNAL_H
#define CB_CONFIG_INTERNAL_H

#include "rt/config.h"

#define CB_CONFIG_KEY_MAX 64
#define CB_CONFIG_ENV_MAX (CB_CONFIG_KEY_MAX + 16)

/** Parses text into the field's member of config. CB_E_CONFIG names neither field nor place. */
CB_MUST_USE cb_status cb_config_value_set(
    const cb_config_field *field, const char *text, void *config, cb_err *err);
/** The member's value as it would be written in a file; secrets give "" or "********". */
void cb_config_value_print(
    const cb_config_field *field, const void *config, char *out, size_t size);
/** "risk.per_trade" to "CERBERUS_RISK_PER_TRADE". */
void cb_config_env_name(const char *key, char out[CB_CONFIG_ENV_MAX]);
const char *cb_config_kind_name(cb_config_kind kind);
/** "ns" to the longest unit that divides it: 300000000000 to "5m". */
void cb_duration_print(int64_t duration_ns, char *out, size_t size);

#endif /* CB_CONFIG_INTERNAL_H */
