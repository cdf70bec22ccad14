/* `cerberus-lab data`: import, list, inspect and download history. */
#ifndef LAB_DATA_H
#define LAB_DATA_H

#include <jansson.h>

#include "services/lab/data/history.h"
#include "services/lab/tool.h"

/** argv[0] is "data". Returns a lab_exit. */
int lab_data_main(int argc, char **argv);

/* ---- parts of the verbs ---- */

typedef struct lab_data_verb {
    const char *name;
    const char *arguments;
    const char *summary;
    const char *options; /* lines of the help */
    const char *examples;
    int (*run)(lab_args *args);
} lab_data_verb;

extern const lab_data_verb lab_data_import;
extern const lab_data_verb lab_data_list;
extern const lab_data_verb lab_data_inspect;
extern const lab_data_verb lab_data_download;

/** The options of a request (--symbol, --timeframe, --force, …); false, with a message. */
bool lab_data_take_request(lab_args *args, lab_history_request *request);
/** "2023-01-01" or RFC 3339; false, with a message naming the option. A NULL text is 0. */
bool lab_data_time(const lab_args *args, const char *option, const char *text, int64_t *out_ns);
/** One row about a cache: kind, symbol, range, findings. [owned by the caller] */
json_t *lab_data_describe(const struct lab_cache *cache);
/** "3 gap (2060), 1 cut_candle": runs and, when they differ, candles; "" for none. */
void lab_data_findings_text(const lab_finding *findings, uint64_t count, char *out, size_t size);
/** The exit code that fits a status. */
int lab_data_exit(cb_status status);

#endif /* LAB_DATA_H */
