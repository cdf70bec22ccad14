/* Structured logs: one line per event, logfmt or JSON, stable event name first. Shells only.
 *   CB_LOG(log, CB_LOG_INFO, "order_sent", CB_KV("intent_id", id), CB_KI("ms", 3));
 * Lines carry time, level, service, and the correlation id when one is set. Repeats of the same
 * warning or error within 10 s are counted, not repeated. A full disk drops lines, with a counter.
 */
#ifndef CB_LOG_H
#define CB_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

typedef enum cb_log_level { CB_LOG_DEBUG, CB_LOG_INFO, CB_LOG_WARN, CB_LOG_ERROR } cb_log_level;

typedef struct cb_log_pair {
    const char *key;
    const char *text; /* NULL: number holds the value */
    int64_t number;
} cb_log_pair;

#define CB_KV(key, text) ((cb_log_pair){(key), (text), 0})
#define CB_KI(key, number) ((cb_log_pair){(key), NULL, (int64_t)(number)})

typedef struct cb_log cb_log;

cb_log *cb_log_create(int fd, const char *service, bool is_json, cb_log_level level);
void cb_log_destroy(cb_log *log);
/** Lines that could not be written (full disk, full pipe) since the start. */
uint64_t cb_log_dropped_count(const cb_log *log);
/** Warnings and errors counted so far, repeats included. */
uint64_t cb_log_problems_count(const cb_log *log);
/** Correlation id put on the following lines; a none id clears it. */
void cb_log_correlate(cb_log *log, cb_id id);
void cb_log_write(
    cb_log *log, cb_log_level level, const char *event, const cb_log_pair *pairs, size_t count);
/** One line from an error record: event, code, text, file:line. */
void cb_log_err(cb_log *log, cb_log_level level, const char *event, const cb_err *err);

#define CB_LOG(log, level, event, ...)                                                             \
    cb_log_write((log),                                                                            \
        (level),                                                                                   \
        (event),                                                                                   \
        (const cb_log_pair[]){__VA_ARGS__},                                                        \
        sizeof((const cb_log_pair[]){__VA_ARGS__}) / sizeof(cb_log_pair))

#endif /* CB_LOG_H */
