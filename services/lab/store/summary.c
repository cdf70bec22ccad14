/* The summary of a run as JSON and back: what reproduces it, totals, findings, reasons. Money is
 * text: exact decimals. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/money.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "services/lab/store/store.h"

typedef enum total_kind { TOTAL_COUNT, TOTAL_MONEY, TOTAL_HASH } total_kind;

typedef struct total {
    const char *name;
    total_kind kind;
    size_t offset;
} total;

#define TOTAL(name, kind, member)                                                                  \
    {                                                                                              \
        name, kind, offsetof(lab_totals, member)                                                   \
    }
static const total totals[] = {
    TOTAL("bars", TOTAL_COUNT, bars),
    TOTAL("signals", TOTAL_COUNT, signals),
    TOTAL("intents", TOTAL_COUNT, intents),
    TOTAL("permits", TOTAL_COUNT, permits),
    TOTAL("denials", TOTAL_COUNT, denials),
    TOTAL("orders", TOTAL_COUNT, orders),
    TOTAL("fills", TOTAL_COUNT, fills),
    TOTAL("trades", TOTAL_COUNT, trades),
    TOTAL("start_equity", TOTAL_MONEY, start_equity_e8),
    TOTAL("end_equity", TOTAL_MONEY, end_equity_e8),
    TOTAL("fees", TOTAL_MONEY, fees_e8),
    TOTAL("funding", TOTAL_MONEY, funding_e8),
    TOTAL("turnover", TOTAL_MONEY, turnover_e8),
    TOTAL("state_hash", TOTAL_HASH, state_hash),
    TOTAL("output_hash", TOTAL_HASH, output_hash),
};
#define TOTALS_COUNT (sizeof totals / sizeof totals[0])

static const char *const finding_names[] = {
    [LAB_FINDING_GAP] = "gap",
    [LAB_FINDING_NO_TRADES] = "no_trades",
    [LAB_FINDING_CUT_CANDLE] = "cut_candle",
    [LAB_FINDING_BAD_CANDLE] = "bad_candle",
    [LAB_FINDING_DUPLICATE] = "duplicate",
    [LAB_FINDING_BACKWARD] = "backward",
    [LAB_FINDING_OFF_GRID] = "off_grid",
    [LAB_FINDING_UNFINISHED] = "unfinished",
    [LAB_FINDING_UNIT_CHANGE] = "unit_change",
    [LAB_FINDING_ROUNDED] = "rounded",
};
#define FINDINGS_COUNT (sizeof finding_names / sizeof finding_names[0])

const char *lab_finding_name(lab_finding_kind kind)
{
    CB_ASSERT((size_t)kind < FINDINGS_COUNT);
    return finding_names[kind];
}

/* ---- writing ---- */

static json_t *total_value(const total *row, const lab_totals *values)
{
    char text[CB_DECIMAL_TEXT_MAX];
    const char *at = (const char *)values + row->offset;
    switch (row->kind) {
    case TOTAL_MONEY:
        (void)cb_decimal_print(*(const int64_t *)(const void *)at, text);
        return json_string(text);
    case TOTAL_HASH:
        (void)snprintf(text, sizeof text, "%016" PRIx64, *(const uint64_t *)(const void *)at);
        return json_string(text);
    case TOTAL_COUNT:
    default:
        return json_integer((json_int_t) * (const uint64_t *)(const void *)at);
    }
}

static json_t *write_totals(const lab_totals *values)
{
    json_t *out = json_object();
    for (size_t i = 0; i < TOTALS_COUNT; i++) {
        (void)json_object_set_new(out, totals[i].name, total_value(&totals[i], values));
    }
    return out;
}

static json_t *write_provenance(const lab_provenance *from)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:b}",
        "code_version",
        from->code_version,
        "data_hash",
        from->data_hash,
        "config_hash",
        from->config_hash,
        "seed",
        (json_int_t)from->seed,
        "forced",
        from->is_forced);
}

static json_t *write_findings(const lab_result *result)
{
    json_t *out = json_array();
    for (uint64_t i = 0; i < result->findings_count; i++) {
        const lab_finding *finding = &result->findings[i];
        char from[CB_TIME_TEXT_MAX];
        char to[CB_TIME_TEXT_MAX];
        (void)cb_time_print(finding->from_ns, 9, from);
        (void)cb_time_print(finding->to_ns, 9, to);
        (void)json_array_append_new(out,
            json_pack("{s:s, s:b, s:s, s:s, s:I, s:I}",
                "kind",
                lab_finding_name(finding->kind),
                "fatal",
                finding->is_fatal,
                "from",
                from,
                "to",
                to,
                "count",
                (json_int_t)finding->count,
                "line",
                (json_int_t)finding->line));
    }
    return out;
}

static json_t *write_reasons(const lab_result *result)
{
    json_t *out = json_array();
    for (uint32_t i = 0; i < result->reasons_count; i++) {
        const lab_reason *reason = &result->reasons[i];
        (void)json_array_append_new(out,
            json_pack("{s:s, s:s, s:I}",
                "stage",
                reason->stage,
                "reason",
                reason->reason,
                "count",
                (json_int_t)reason->count));
    }
    return out;
}

static json_t *write_texts(const char *const *texts, size_t count)
{
    json_t *out = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(out, json_string(texts[i]));
    }
    return out;
}

json_t *lab_summary(const lab_run_source *source, const lab_result *result, const json_t *metrics)
{
    CB_ASSERT(source != NULL && result != NULL);
    return json_pack("{s:s, s:s, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "name",
        source->name,
        "folder",
        source->folder,
        "set",
        write_texts(source->overrides, source->overrides_count),
        "partial",
        result->is_partial,
        "provenance",
        write_provenance(&result->provenance),
        "symbols",
        write_texts(source->names.symbols, source->names.symbols_count),
        "strategies",
        write_texts(source->names.strategies, source->names.strategies_count),
        "totals",
        write_totals(&result->totals),
        "metrics",
        metrics == NULL ? json_object() : json_deep_copy(metrics),
        "findings",
        write_findings(result),
        "reasons",
        write_reasons(result));
}

/* ---- reading ---- */

static cb_status corrupt(const char *what, cb_err *err)
{
    return CB_FAIL(err, CB_E_CORRUPT, "summary.json: '%s' is missing or wrong", what);
}

static bool read_hash(const char *text, uint64_t *out)
{
    char *end = NULL;
    if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16) {
        return false;
    }
    *out = strtoull(text, &end, 16);
    return end == text + 16;
}

static bool read_total(const total *row, const json_t *value, lab_totals *out)
{
    void *at = (char *)out + row->offset;
    const char *text = json_string_value(value);
    if (row->kind == TOTAL_COUNT) {
        const json_int_t number = json_integer_value(value);
        *(uint64_t *)at = (uint64_t)number;
        return json_is_integer(value) && number >= 0;
    }
    if (text == NULL) {
        return false;
    }
    return row->kind == TOTAL_HASH ? read_hash(text, at)
                                   : cb_decimal_parse(text, strlen(text), at, NULL) == CB_OK;
}

static bool copy_text(const json_t *object, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL && cb_text_copy(out, size, cb_sv_from(text));
}

static bool read_time(const json_t *object, const char *key, int64_t *out)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL && cb_time_parse(text, strlen(text), out);
}

static bool read_count(const json_t *object, const char *key, uint64_t *out)
{
    const json_t *value = json_object_get(object, key);
    *out = (uint64_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool read_finding(const json_t *object, lab_finding *out)
{
    char kind[LAB_NAME_SIZE];
    if (!copy_text(object, "kind", kind, sizeof kind)) {
        return false;
    }
    size_t index = 0;
    while (index < FINDINGS_COUNT && !cb_text_equal(kind, finding_names[index])) {
        index++;
    }
    out->kind = (lab_finding_kind)index;
    out->is_fatal = json_is_true(json_object_get(object, "fatal"));
    return index < FINDINGS_COUNT && read_time(object, "from", &out->from_ns) &&
           read_time(object, "to", &out->to_ns) && read_count(object, "count", &out->count) &&
           read_count(object, "line", &out->line);
}

static cb_status read_findings(const json_t *list, lab_result *out, cb_err *err)
{
    const size_t count = json_array_size(list);
    out->findings = count == 0 ? NULL : calloc(count, sizeof(lab_finding));
    if (count > 0 && out->findings == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for its findings");
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_finding(json_array_get(list, i), &out->findings[i])) {
            return corrupt("findings", err);
        }
    }
    out->findings_count = count;
    return CB_OK;
}

static cb_status read_reasons(const json_t *list, lab_result *out, cb_err *err)
{
    const size_t count = json_array_size(list);
    for (size_t i = 0; i < count; i++) {
        lab_reason *reason = &out->reasons[i < LAB_REASONS_MAX ? i : 0];
        const json_t *row = json_array_get(list, i);
        if (i >= LAB_REASONS_MAX || !copy_text(row, "stage", reason->stage, sizeof reason->stage) ||
            !copy_text(row, "reason", reason->reason, sizeof reason->reason) ||
            !read_count(row, "count", &reason->count)) {
            return corrupt("reasons", err);
        }
    }
    out->reasons_count = (uint32_t)count;
    return CB_OK;
}

static bool read_provenance(const json_t *from, lab_provenance *out)
{
    out->is_forced = json_is_true(json_object_get(from, "forced"));
    return copy_text(from, "code_version", out->code_version, sizeof out->code_version) &&
           copy_text(from, "data_hash", out->data_hash, sizeof out->data_hash) &&
           copy_text(from, "config_hash", out->config_hash, sizeof out->config_hash) &&
           read_count(from, "seed", &out->seed);
}

cb_status lab_summary_read(const json_t *summary, lab_result *result, cb_err *err)
{
    CB_ASSERT(summary != NULL && result != NULL);
    result->is_partial = json_is_true(json_object_get(summary, "partial"));
    if (!read_provenance(json_object_get(summary, "provenance"), &result->provenance)) {
        return corrupt("provenance", err);
    }
    const json_t *values = json_object_get(summary, "totals");
    for (size_t i = 0; i < TOTALS_COUNT; i++) {
        if (!read_total(&totals[i], json_object_get(values, totals[i].name), &result->totals)) {
            return corrupt(totals[i].name, err);
        }
    }
    const cb_status status = read_findings(json_object_get(summary, "findings"), result, err);
    return status == CB_OK ? read_reasons(json_object_get(summary, "reasons"), result, err)
                           : status;
}

void lab_result_release(lab_result *result)
{
    CB_ASSERT(result != NULL);
    free(result->points);
    free(result->fills);
    free(result->trades);
    free(result->findings);
    *result = (lab_result){0};
}
