/* Writing JSON into a caller's buffer: commas are placed by the writer, money has 8 decimals as at
 * Binance. A text that does not fit sets is_full and is cut; nobody sends it then. */
#ifndef SIM_JSON_OUT_H
#define SIM_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/money.h"
#include "base/strview.h"

typedef struct sim_json {
    char *out; /* [borrowed] */
    size_t size;
    size_t used;
    bool is_full;
    bool needs_comma;
} sim_json;

sim_json sim_json_over(char *out, size_t size);
/** Opens and closes objects and arrays; bracket is '{' '[' '}' ']'. */
void sim_json_open(sim_json *json, char bracket);
void sim_json_close(sim_json *json, char bracket);
void sim_json_key(sim_json *json, const char *key);
/** A value that is JSON already. */
void sim_json_raw(sim_json *json, cb_strview text);
/** A string, escaped. */
void sim_json_text(sim_json *json, const char *text);
void sim_json_u64(sim_json *json, uint64_t value);
void sim_json_i64(sim_json *json, int64_t value);
void sim_json_bool(sim_json *json, bool value);
void sim_json_null(sim_json *json);
/** "0.10000000" */
void sim_json_e8(sim_json *json, int64_t value_e8);
void sim_json_e8_wide(sim_json *json, cb_i128 value_e8);
/** A quoted decimal with the given number of places. */
void sim_json_places(sim_json *json, int64_t value, uint32_t places);

/* key and value */
void sim_json_put_text(sim_json *json, const char *key, const char *text);
void sim_json_put_u64(sim_json *json, const char *key, uint64_t value);
void sim_json_put_i64(sim_json *json, const char *key, int64_t value);
void sim_json_put_bool(sim_json *json, const char *key, bool value);
void sim_json_put_e8(sim_json *json, const char *key, int64_t value_e8);
/** A time in ns, written as ms. */
void sim_json_put_ms(sim_json *json, const char *key, int64_t ts_ns);

#endif /* SIM_JSON_OUT_H */
