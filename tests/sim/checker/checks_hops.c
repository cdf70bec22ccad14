/* Hops: I13 what was said has arrived, I14 once, I16 on fresh data, I19 without secrets, I23 the
 * books rebuilt, I24 nothing acknowledged that had no effect. */
#include <string.h>

#include "tests/sim/checker/checker.h"

#define COLUMN(table, name) (table)->column((table)->context, (name))

static bool is_dead(const chk_view *view, const char *consumer, const char *key, int64_t seq)
{
    const chk_table *rows = chk_find(view, consumer, "dead_letter");
    for (uint32_t i = 0; rows != NULL && i < rows->rows_count; i++) {
        if (chk_number(rows, i, COLUMN(rows, "seq")) == seq &&
            strcmp(chk_text(rows, i, COLUMN(rows, "key")), key) == 0) {
            return true;
        }
    }
    return false;
}

/* Every row of an outbox under this token has its row in the consumer's inbox. */
static void check_edge(
    chk_view *view, const char *producer, const char *token, const char *consumer)
{
    const chk_table *out = chk_find(view, producer, "outbox");
    const chk_table *in = chk_find(view, consumer, "inbox");
    if (out == NULL || in == NULL) {
        return;
    }
    chk_looked(view, 13);
    const size_t size = strlen(token);
    const int out_key = COLUMN(out, "key");
    const int out_seq = COLUMN(out, "seq");
    const int in_key = COLUMN(in, "key");
    const int in_seq = COLUMN(in, "seq");
    const int in_id = COLUMN(in, "event_id");
    uint32_t from = 0; /* both stand in the order of their commits, mostly */
    for (uint32_t i = 0; i < out->rows_count; i++) {
        const char *key = chk_text(out, i, out_key);
        if (strncmp(key, token, size) != 0 || key[size] != '/') {
            continue;
        }
        const int64_t seq = chk_number(out, i, out_seq);
        bool is_found = false;
        for (uint32_t k = 0; k < in->rows_count && !is_found; k++) {
            const uint32_t at = (from + k) % in->rows_count;
            if (chk_number(in, at, in_seq) == seq && strcmp(chk_text(in, at, in_key), key) == 0) {
                is_found = true;
                from = at + 1;
                if (strcmp(chk_text(in, at, in_id), chk_text(out, i, COLUMN(out, "event_id"))) !=
                        0 &&
                    chk_text(in, at, in_id)[0] != '\0') {
                    chk_say(view, 14, "%s %lld arrived under another id", key, (long long)seq);
                }
            }
        }
        if (!is_found && !is_dead(view, consumer, key, seq)) {
            chk_say(view,
                13,
                "%s %lld of %s never arrived in %s",
                key,
                (long long)seq,
                producer,
                consumer);
            return; /* the rest of the key says the same */
        }
    }
}

static void check_edges(chk_view *view)
{
    const chk_table *edges = chk_find(view, "harness", "edge");
    for (uint32_t i = 0; edges != NULL && i < edges->rows_count; i++) {
        check_edge(view,
            chk_text(edges, i, COLUMN(edges, "producer")),
            chk_text(edges, i, COLUMN(edges, "token")),
            chk_text(edges, i, COLUMN(edges, "consumer")));
    }
}

/* Sequences without gaps and without repeats. */
static void check_sequences(chk_view *view, const chk_table *rows, const char *what)
{
    const int key = COLUMN(rows, "key");
    const int seq = COLUMN(rows, "seq");
    chk_looked(view, 14);
    for (uint32_t i = 0; i < rows->rows_count; i++) {
        const char *name = chk_text(rows, i, key);
        const int64_t number = chk_number(rows, i, seq);
        if (i > 0 && chk_number(rows, i - 1, seq) == number - 1 &&
            strcmp(chk_text(rows, i - 1, key), name) == 0) {
            continue;
        }
        bool has_before = number == 1;
        for (uint32_t k = 0; k < rows->rows_count; k++) {
            if (strcmp(chk_text(rows, k, key), name) != 0) {
                continue;
            }
            has_before |= chk_number(rows, k, seq) == number - 1;
            if (k > i && chk_number(rows, k, seq) == number) {
                chk_say(view,
                    14,
                    "%s.%s has %s %lld twice",
                    rows->schema,
                    what,
                    name,
                    (long long)number);
            }
        }
        if (!has_before) {
            chk_say(view,
                14,
                "%s.%s has %s %lld but not the one before",
                rows->schema,
                what,
                name,
                (long long)number);
        }
    }
}

static void check_data_age(chk_view *view)
{
    const chk_table *permits = chk_find(view, "risk", "permit");
    const int64_t max_ns = chk_param(view, "data_age_max_ns", 0);
    if (permits == NULL || max_ns == 0) {
        return;
    }
    chk_looked(view, 16);
    for (uint32_t i = 0; i < permits->rows_count; i++) {
        const int64_t data_ns = chk_number(permits, i, COLUMN(permits, "data_ts_ns"));
        const int64_t at_ns = chk_number(permits, i, COLUMN(permits, "ts_ns"));
        const bool is_reducing = chk_number(permits, i, COLUMN(permits, "reduce_only")) != 0;
        if (data_ns > 0 && !is_reducing && at_ns - data_ns > max_ns) {
            chk_say(view,
                16,
                "a permit rests on data %lld s old",
                (long long)(at_ns - data_ns) / 1000000000);
        }
    }
}

/* What the harness noted as it happened. */
static void check_notes(chk_view *view)
{
    const chk_table *notes = chk_find(view, "harness", "note");
    for (uint32_t i = 0; notes != NULL && i < notes->rows_count; i++) {
        chk_say(view,
            (int)chk_number(notes, i, COLUMN(notes, "invariant")),
            "%s",
            chk_text(notes, i, COLUMN(notes, "text")));
    }
}

void chk_hops(chk_view *view)
{
    static const char *const services[] = {"signals", "risk", "execution", "portfolio"};
    check_edges(view);
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        const chk_table *out = chk_find(view, services[i], "outbox");
        const chk_table *in = chk_find(view, services[i], "inbox");
        if (out != NULL) {
            check_sequences(view, out, "outbox");
        }
        if (in != NULL) {
            check_sequences(view, in, "inbox");
        }
    }
    check_data_age(view);
    check_notes(view);
}
