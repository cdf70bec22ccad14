/* The comparison of two dumps. Records are matched by what they are about: an intent by its id, a
 * verdict by its intent, a fill by its order and number within it, an entry by its reference. Each
 * difference is put down to one cause, the earliest in the chain that explains it: what follows
 * from another intent is no matter of fees. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/lab/parity/parity.h"
#include "wire/codec.h"

#define LINE_MAX_BYTES ((size_t)256 * 1024)

typedef enum line_kind {
    LINE_INTENT,
    LINE_PERMIT,
    LINE_DENIAL,
    LINE_FILL,
    LINE_ENTRY,
    LINE_KINDS
} line_kind;

typedef union line_body {
    cb_envelope env;
    cb_intent intent;
    cb_permit permit;
    cb_denial denial;
    cb_fill fill;
} line_body;

typedef struct dump_line {
    line_kind kind;
    uint64_t number;
    char *text;      /* [owned] behind the number */
    line_body *body; /* [owned] NULL for entries */
} dump_line;

typedef struct dump_file {
    dump_line *lines; /* [owned] */
    size_t count;
    size_t capacity;
} dump_file;

typedef struct comparison {
    const dump_file *live;
    const dump_file *lab;
    lab_cause root;
    int64_t root_ns; /* since when it has an effect */
} comparison;

static const char *const kind_names[LINE_KINDS] = {"intent", "permit", "denial", "fill", "entry"};

static const cb_desc *desc_of(line_kind kind)
{
    static const cb_desc *const descs[LINE_KINDS] = {
        &cb_intent_desc, &cb_permit_desc, &cb_denial_desc, &cb_fill_desc, NULL};
    return descs[kind];
}

const char *lab_cause_name(lab_cause cause)
{
    static const char *const names[LAB_CAUSE_COUNT] = {
        "decisions", "missing_data", "latency", "spread", "queue", "fees", "ledger"};
    CB_ASSERT((unsigned)cause < LAB_CAUSE_COUNT);
    return names[cause];
}

/* ---- reading ---- */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static cb_status decode(dump_line *line, cb_err *err)
{
    const size_t size = strlen(line->text) / 2;
    uint8_t *bytes = malloc(size + 1);
    CB_ASSERT(bytes != NULL);
    line->body = calloc(1, sizeof(*line->body));
    CB_ASSERT(line->body != NULL);
    cb_status status = strlen(line->text) % 2 == 0 ? CB_OK : CB_E_CORRUPT;
    for (size_t i = 0; i < size && status == CB_OK; i++) {
        const int high = digit_of(line->text[2 * i]);
        const int low = digit_of(line->text[2 * i + 1]);
        status = high >= 0 && low >= 0 ? CB_OK : CB_E_CORRUPT;
        bytes[i] = (uint8_t)(high * 16 + low);
    }
    status = status == CB_OK ? cb_decode(desc_of(line->kind), bytes, size, line->body, err)
                             : CB_FAIL(err, status, "not hexadecimal");
    free(bytes);
    return status;
}

static cb_status parse(char *text, dump_line *out, cb_err *err)
{
    char *number = strchr(text, ' ');
    char *rest = number == NULL ? NULL : strchr(number + 1, ' ');
    if (rest == NULL) {
        return CB_FAIL(err, CB_E_CORRUPT, "not KIND NUMBER TEXT");
    }
    *number = '\0';
    *rest = '\0';
    memset(out, 0, sizeof(*out));
    out->kind = LINE_INTENT;
    while (out->kind < LINE_KINDS && strcmp(kind_names[out->kind], text) != 0) {
        out->kind = (line_kind)(out->kind + 1);
    }
    if (out->kind == LINE_KINDS ||
        !cb_u64_parse(cb_sv_from(number + 1), UINT64_MAX, &out->number)) {
        return CB_FAIL(err, CB_E_CORRUPT, "unknown kind or number");
    }
    out->text = strdup(rest + 1);
    CB_ASSERT(out->text != NULL);
    return out->kind == LINE_ENTRY ? CB_OK : decode(out, err);
}

static void add_line(dump_file *file, const dump_line *line)
{
    if (file->count == file->capacity) {
        file->capacity = file->capacity == 0 ? 1024 : file->capacity * 2;
        file->lines = realloc(file->lines, file->capacity * sizeof(*file->lines));
        CB_ASSERT(file->lines != NULL);
    }
    file->lines[file->count++] = *line;
}

static void release(dump_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        free(file->lines[i].text);
        free(file->lines[i].body);
    }
    free(file->lines);
    *file = (dump_file){.count = 0};
}

static cb_status read_dump(const char *path, dump_file *out, cb_err *err)
{
    FILE *file = fopen(path, "re");
    char *text = malloc(LINE_MAX_BYTES);
    CB_ASSERT(text != NULL);
    cb_status status = file == NULL ? CB_FAIL(err, CB_E_IO, "%s cannot be read", path) : CB_OK;
    for (size_t at = 1; status == CB_OK && fgets(text, (int)LINE_MAX_BYTES, file) != NULL; at++) {
        dump_line line = {.kind = LINE_INTENT};
        text[strcspn(text, "\r\n")] = '\0';
        status = parse(text, &line, err);
        if (status == CB_OK) {
            add_line(out, &line);
        } else {
            free(line.text);
            free(line.body);
            status = cb_err_context(err, "%s:%zu", path, at);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    free(text);
    return status;
}

/* ---- matching ---- */

static bool is_id(cb_id a, cb_id b)
{
    return cb_id_equal(a, b);
}

/* Whether two records are about the same thing. */
static bool is_match(const dump_line *a, const dump_line *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case LINE_INTENT:
        return is_id(a->body->intent.intent_id, b->body->intent.intent_id);
    case LINE_PERMIT:
        return is_id(a->body->permit.intent_id, b->body->permit.intent_id);
    case LINE_DENIAL:
        return is_id(a->body->denial.intent_id, b->body->denial.intent_id);
    case LINE_FILL:
        return is_id(a->body->fill.intent_id, b->body->fill.intent_id) &&
               a->body->fill.trade_id == b->body->fill.trade_id;
    case LINE_ENTRY:
    case LINE_KINDS:
    default:
        return a->number == b->number;
    }
}

/* Records of both sides come in about the same order: the search begins where the last one ended.
 */
static const dump_line *find_match(const dump_file *file, const dump_line *wanted, size_t *from)
{
    for (size_t i = 0; i < file->count; i++) {
        const size_t at = (*from + i) % file->count;
        if (is_match(&file->lines[at], wanted)) {
            *from = at + 1;
            return &file->lines[at];
        }
    }
    return NULL;
}

static const dump_line *intent_of(const dump_file *file, cb_id intent_id)
{
    for (size_t i = 0; i < file->count; i++) {
        if (file->lines[i].kind == LINE_INTENT &&
            is_id(file->lines[i].body->intent.intent_id, intent_id)) {
            return &file->lines[i];
        }
    }
    return NULL;
}

/* ---- causes ---- */

static void add_cause(lab_parity_report *out, lab_cause cause, const char *what, uint64_t number)
{
    if (out->causes[cause]++ == 0) {
        (void)snprintf(out->first[cause], sizeof(out->first[cause]), "%s %" PRIu64, what, number);
    }
}

/* The candle that it was decided on is another, or came by another count: one side had data that
 * the other did not. */
static lab_cause cause_of_intents(const cb_intent *live, const cb_intent *lab)
{
    const bool is_other_data = live->data_ts_ns != lab->data_ts_ns ||
                               !is_id(live->env.causation_id, lab->env.causation_id);
    return is_other_data ? LAB_CAUSE_MISSING_DATA : LAB_CAUSE_DECISIONS;
}

static lab_cause cause_of_fills(const cb_fill *live, const cb_fill *lab)
{
    if (live->is_maker != lab->is_maker || live->qty.e8 != lab->qty.e8) {
        return LAB_CAUSE_QUEUE;
    }
    if (live->venue_ts_ns != lab->venue_ts_ns) {
        return LAB_CAUSE_LATENCY;
    }
    if (live->price.e8 != lab->price.e8) {
        return LAB_CAUSE_SPREAD;
    }
    const bool is_fee = live->fee.e8 != lab->fee.e8 || strcmp(live->fee_asset, lab->fee_asset) != 0;
    return is_fee ? LAB_CAUSE_FEES : LAB_CAUSE_DECISIONS;
}

static void sum_fills(lab_parity_report *out, const cb_fill *live, const cb_fill *lab)
{
    out->fees_e8 += lab->fee.e8 - live->fee.e8;
    const cb_i128 cost = ((cb_i128)lab->price.e8 - live->price.e8) * lab->qty.e8 / CB_E8;
    out->slippage_e8 += lab->side == CB_SIDE_BUY ? (int64_t)cost : (int64_t)-cost;
}

/* What explains the difference of a ledger entry: its fill, when that differs too. */
static bool has_other_fill(const dump_file *live, const dump_file *lab, const char *text)
{
    for (size_t i = 0; i < live->count; i++) {
        char id[CB_ID_TEXT_MAX];
        if (live->lines[i].kind != LINE_FILL) {
            continue;
        }
        cb_id_print(live->lines[i].body->env.event_id, id);
        if (strstr(text, id) == NULL) {
            continue;
        }
        size_t from = 0;
        const dump_line *other = find_match(lab, &live->lines[i], &from);
        return other == NULL || strcmp(other->text, live->lines[i].text) != 0;
    }
    return false;
}

/* The same decision on the same candle; only the money or the quotes that it was made over differ.
 */
static bool is_same_decision(const cb_intent *live, const cb_intent *lab)
{
    return live->side == lab->side && live->purpose == lab->purpose &&
           live->data_ts_ns == lab->data_ts_ns;
}

static bool is_same_intent(const comparison *sides, cb_id intent_id)
{
    const dump_line *a = intent_of(sides->live, intent_id);
    const dump_line *b = intent_of(sides->lab, intent_id);
    return a != NULL && b != NULL && strcmp(a->text, b->text) == 0;
}

/* What began it: the first fill that differs although its intent does not. What is decided over
 * the money that is left differs from then on, and is put down to the same. */
static void find_root(comparison *sides)
{
    size_t from = 0;
    sides->root = LAB_CAUSE_DECISIONS;
    sides->root_ns = INT64_MAX;
    for (size_t i = 0; i < sides->live->count; i++) {
        const dump_line *a = &sides->live->lines[i];
        const dump_line *b = NULL;
        if (a->kind == LINE_FILL && is_same_intent(sides, a->body->fill.intent_id)) {
            b = find_match(sides->lab, a, &from);
        }
        if (b != NULL && strcmp(a->text, b->text) != 0) {
            sides->root = cause_of_fills(&a->body->fill, &b->body->fill);
            sides->root_ns = a->body->env.ts_ns;
            return;
        }
    }
}

static lab_cause cause_of(const comparison *sides, const dump_line *a, const dump_line *b)
{
    if (a->kind == LINE_INTENT) {
        /* Another position leads to other decisions, at other times. */
        return a->body->env.ts_ns > sides->root_ns ||
                       is_same_decision(&a->body->intent, &b->body->intent)
                   ? sides->root
                   : cause_of_intents(&a->body->intent, &b->body->intent);
    }
    if (a->kind == LINE_FILL) {
        return is_same_intent(sides, a->body->fill.intent_id)
                   ? cause_of_fills(&a->body->fill, &b->body->fill)
                   : sides->root;
    }
    return sides->root; /* a verdict over other amounts */
}

static void explain(
    const comparison *sides, const dump_line *a, const dump_line *b, lab_parity_report *out)
{
    const char *name = kind_names[a->kind];
    if (a->kind == LINE_ENTRY) {
        if (!has_other_fill(sides->live, sides->lab, a->text)) {
            add_cause(out, LAB_CAUSE_LEDGER, name, a->number);
        }
        return;
    }
    if (a->kind == LINE_FILL) {
        sum_fills(out, &a->body->fill, &b->body->fill);
    }
    add_cause(out, cause_of(sides, a, b), name, a->number);
}

/* A record that the other side does not have. A fill of an order that both have is a matter of how
 * the order was filled; an intent is one of data or decisions. */
static void explain_lone(const dump_file *other, const dump_line *line, lab_parity_report *out)
{
    if (line->kind == LINE_FILL) {
        const bool has_intent = intent_of(other, line->body->fill.intent_id) != NULL;
        add_cause(out,
            has_intent ? LAB_CAUSE_QUEUE : LAB_CAUSE_DECISIONS,
            kind_names[line->kind],
            line->number);
    } else if (line->kind != LINE_ENTRY) {
        add_cause(out, LAB_CAUSE_DECISIONS, kind_names[line->kind], line->number);
    }
}

static void compare(const dump_file *live, const dump_file *lab, lab_parity_report *out)
{
    comparison sides = {.live = live, .lab = lab};
    size_t from = 0;
    find_root(&sides);
    out->live_count = live->count;
    out->lab_count = lab->count;
    for (size_t i = 0; i < live->count; i++) {
        const dump_line *a = &live->lines[i];
        const dump_line *b = lab->count == 0 ? NULL : find_match(lab, a, &from);
        if (b == NULL) {
            explain_lone(lab, a, out);
        } else if (strcmp(a->text, b->text) == 0 && a->number == b->number) {
            out->equal_count++;
        } else {
            explain(&sides, a, b, out);
        }
    }
    from = 0;
    for (size_t i = 0; i < lab->count; i++) {
        if (live->count == 0 || find_match(live, &lab->lines[i], &from) == NULL) {
            explain_lone(live, &lab->lines[i], out);
        }
    }
}

cb_status lab_parity_compare(
    const char *live_path, const char *lab_path, lab_parity_report *out, cb_err *err)
{
    dump_file live = {.count = 0};
    dump_file lab = {.count = 0};
    memset(out, 0, sizeof(*out));
    cb_status status = read_dump(live_path, &live, err);
    if (status == CB_OK) {
        status = read_dump(lab_path, &lab, err);
    }
    if (status == CB_OK) {
        compare(&live, &lab, out);
    }
    release(&live);
    release(&lab);
    return status;
}
