/* Captures into rows. The book's rules are Binance's: a snapshot, then changes that join it without
 * a hole (spot: U = previous u + 1; futures: pu = previous u); venues that number nothing are taken
 * as they come. Messages that come before their
 * snapshot wait for it. */
#include "services/lab/data/capture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/money.h"
#include "base/timefmt.h"
#include "services/lab/data/capture_message.h"
#include "services/lab/data/place.h"
#include "venue/json.h"

#define HELD_MAX 100000u /* messages before a snapshot; more is no capture of a book */
#define SYMBOLS_TOLD 8u

typedef struct held_line {
    char *text; /* [owned] */
    size_t size;
    uint64_t line;
} held_line;

typedef struct capture {
    const lab_import_options *options;
    lab_table *table;
    const char *name;
    uint64_t line;
    bool is_trades;
    char wanted[LAB_SYMBOL_SIZE]; /* "": the first that comes */
    char others[SYMBOLS_TOLD][LAB_SYMBOL_SIZE];
    uint32_t others_count;
    message_kind trade_kind; /* single or aggregate: whichever comes first */
    /* the book */
    held_line *held; /* [owned] */
    size_t held_count;
    size_t held_capacity;
    char *snapshot; /* [owned] its line, until the first change tells its time */
    size_t snapshot_size;
    uint64_t last_id;
    bool is_in_step;
    bool has_lost;
    lab_finding lost;
    int64_t last_ns;
    int64_t clock_behind_ns; /* least receive - event that was seen, at most 0 */
} capture;

/* ---- findings ---- */

static cb_status break_line(capture *self, const char *why, cb_err *err)
{
    if (self->table->fatal_count == 0) {
        (void)snprintf(self->table->reason,
            sizeof self->table->reason,
            "%.200s:%" PRIu64 ": %.250s",
            self->name,
            self->line,
            why);
        cb_text_clean(self->table->reason);
    }
    const lab_finding finding = {
        LAB_FINDING_BAD_CANDLE, true, self->last_ns, self->last_ns, 1, self->line};
    return lab_table_find(self->table, &finding, err);
}

static cb_status end_loss(capture *self, cb_err *err)
{
    if (!self->has_lost) {
        return CB_OK;
    }
    self->has_lost = false;
    if (self->table->fatal_count == 0) {
        (void)snprintf(self->table->reason,
            sizeof self->table->reason,
            "%.200s:%" PRIu64 ": changes of the book are missing before this one",
            self->name,
            self->lost.line);
    }
    return lab_table_find(self->table, &self->lost, err);
}

/* ---- rows of the book ---- */

static cb_status add_level(capture *self,
    const message *from,
    int64_t ts_ns,
    const int64_t level[2],
    uint32_t flags,
    cb_err *err)
{
    lab_table *const table = self->table;
    const cb_status status = lab_table_grow(table, err);
    if (status != CB_OK) {
        return status;
    }
    const uint64_t at = table->count++;
    lab_table_i64(table, DEPTH_TS)[at] = ts_ns;
    lab_table_i64(table, DEPTH_RECEIVE)[at] = from->receive_ns;
    lab_table_i64(table, DEPTH_PRICE)[at] = level[0];
    lab_table_i64(table, DEPTH_QTY)[at] = level[1];
    ((uint8_t *)table->data[DEPTH_FLAGS])[at] = (uint8_t)flags;
    table->lines[at] = self->line;
    return CB_OK;
}

/* [price, quantity, …], or [side, price, quantity]. */
static void read_level(cb_json *json, bool is_sided, int64_t level[2], uint32_t *flags)
{
    cb_strview word = {NULL, 0};
    int at = is_sided ? -1 : 0;
    (void)cb_json_enter_array(json);
    for (; cb_json_next_item(json); at++) {
        if (at < 0) {
            (void)cb_json_word(json, &word);
            *flags |= cb_sv_is(word, "buy") ? (uint32_t)LAB_LEVEL_IS_BID : 0;
        } else {
            (void)(at < 2 ? cb_json_decimal(json, &level[at]) : cb_json_skip(json));
        }
    }
}

static cb_status add_side(capture *self,
    const message *from,
    cb_strview side,
    int64_t ts_ns,
    uint32_t flags,
    bool *is_begun,
    cb_err *err)
{
    cb_json json;
    cb_err why = {0};
    cb_status status = CB_OK;
    if (side.at == NULL) {
        return CB_OK;
    }
    cb_json_init(&json, side);
    (void)cb_json_enter_array(&json);
    while (status == CB_OK && cb_json_next_item(&json)) {
        int64_t level[2] = {0, 0};
        uint32_t side_flags = flags;
        read_level(&json, side.at == from->sided.at, level, &side_flags);
        if (json.status == CB_OK && (level[0] <= 0 || level[1] < 0)) {
            (void)cb_json_fail(&json, CB_E_RANGE, "a level's price or quantity is negative");
        }
        if (json.status == CB_OK) {
            status = add_level(self,
                from,
                ts_ns,
                level,
                side_flags | (*is_begun ? 0u : (uint32_t)LAB_LEVEL_STARTS_EVENT),
                err);
            *is_begun = true;
        }
    }
    if (status == CB_OK && cb_json_finish(&json, "levels", &why) != CB_OK) {
        status = break_line(self, why.text, err);
    }
    return status;
}

static cb_status add_levels(capture *self, const message *from, int64_t event_ns, cb_err *err)
{
    const uint32_t base = from->kind == MESSAGE_SNAPSHOT ? (uint32_t)LAB_LEVEL_IS_SNAPSHOT : 0;
    const int64_t ts_ns = event_ns > self->last_ns ? event_ns : self->last_ns;
    bool is_begun = false;
    self->last_ns = ts_ns;
    if (from->receive_ns != 0 && from->event_ns != 0 &&
        from->receive_ns - from->event_ns < self->clock_behind_ns) {
        self->clock_behind_ns = from->receive_ns - from->event_ns;
    }
    cb_status status =
        add_side(self, from, from->bids, ts_ns, base | LAB_LEVEL_IS_BID, &is_begun, err);
    if (status == CB_OK) {
        status = add_side(self, from, from->asks, ts_ns, base, &is_begun, err);
    }
    if (status == CB_OK) {
        status = add_side(self, from, from->sided, ts_ns, base, &is_begun, err);
    }
    return status;
}

/* ---- the book in step ---- */

static char *copy_of(cb_strview text)
{
    char *const copy = malloc(text.size + 1);
    if (copy != NULL) {
        memcpy(copy, text.at, text.size);
        copy[text.size] = '\0';
    }
    return copy;
}

static void drop_held(capture *self)
{
    for (size_t i = 0; i < self->held_count; i++) {
        free(self->held[i].text);
    }
    self->held_count = 0;
}

static cb_status hold(capture *self, cb_strview line, cb_err *err)
{
    if (self->held_count == HELD_MAX) {
        return CB_FAIL(err,
            CB_E_SYNTAX,
            "%s: %u changes of the book and no snapshot of it",
            self->name,
            HELD_MAX);
    }
    if (self->held_count == self->held_capacity) {
        const size_t capacity = self->held_capacity == 0 ? 64 : self->held_capacity * 2;
        held_line *const larger = realloc(self->held, capacity * sizeof *larger);
        if (larger == NULL) {
            return CB_FAIL(err, CB_E_FULL, "no memory");
        }
        self->held = larger;
        self->held_capacity = capacity;
    }
    char *const text = copy_of(line);
    if (text == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory");
    }
    self->held[self->held_count++] = (held_line){text, line.size, self->line};
    return CB_OK;
}

/* The snapshot waits for the change after it, whose time is the first moment that it is known at.
 */
static cb_status emit_snapshot(capture *self, const message *change, cb_err *err)
{
    message whole;
    cb_status status =
        lab_message_read((cb_strview){self->snapshot, self->snapshot_size}, &whole, err);
    if (status == CB_OK) {
        status =
            add_levels(self, &whole, whole.event_ns != 0 ? whole.event_ns : change->event_ns, err);
    }
    free(self->snapshot);
    self->snapshot = NULL;
    return status;
}

static bool joins(const capture *self, const message *change)
{
    if (change->is_unnumbered) {
        return true;
    }
    if (self->snapshot != NULL) {
        /* the first one after a snapshot reaches over it */
        return change->first_id <= self->last_id + 1;
    }
    return change->has_previous ? change->previous_id == self->last_id
                                : change->first_id == self->last_id + 1;
}

static cb_status take_change(capture *self, const message *change, cb_strview line, cb_err *err)
{
    if (!self->is_in_step) {
        if (self->has_lost) {
            self->lost.to_ns =
                change->event_ns > self->lost.to_ns ? change->event_ns : self->lost.to_ns;
            self->lost.count++;
        }
        return hold(self, line, err);
    }
    if (change->last_id <= self->last_id && change->last_id != 0) {
        return CB_OK; /* the snapshot holds it already */
    }
    if (!joins(self, change)) {
        self->is_in_step = false;
        self->has_lost = true;
        free(self->snapshot);
        self->snapshot = NULL;
        self->lost =
            (lab_finding){LAB_FINDING_GAP, true, self->last_ns, change->event_ns, 1, self->line};
        if (self->lost.to_ns < self->lost.from_ns) {
            self->lost.to_ns = self->lost.from_ns;
        }
        return hold(self, line, err);
    }
    cb_status status = CB_OK;
    if (self->snapshot != NULL) {
        status = emit_snapshot(self, change, err);
    }
    self->last_id = change->last_id;
    return status == CB_OK ? add_levels(self, change, change->event_ns, err) : status;
}

/* A snapshot while a numbered book is in step changes nothing; without numbers it begins anew. */
static cb_status take_snapshot(capture *self, const message *whole, cb_strview line, cb_err *err)
{
    if (self->is_in_step && !whole->is_unnumbered) {
        return CB_OK;
    }
    cb_status status = end_loss(self, err);
    free(self->snapshot);
    self->snapshot = copy_of(line);
    self->snapshot_size = line.size;
    if (status != CB_OK || self->snapshot == NULL) {
        return status != CB_OK ? status : CB_FAIL(err, CB_E_FULL, "no memory");
    }
    self->last_id = whole->last_id;
    self->is_in_step = true;
    held_line *const held = self->held;
    const size_t count = self->held_count;
    const uint64_t line_now = self->line;
    self->held = NULL;
    self->held_count = 0;
    self->held_capacity = 0;
    for (size_t i = 0; i < count; i++) {
        message change;
        const cb_strview text = {held[i].text, held[i].size};
        self->line = held[i].line;
        if (status == CB_OK) {
            status = lab_message_read(text, &change, err);
        }
        if (status == CB_OK) {
            status = take_change(self, &change, text, err);
        }
        free(held[i].text);
    }
    free(held);
    self->line = line_now;
    return status;
}

/* ---- trades ---- */

static cb_status take_trade(capture *self, const message *trade, cb_err *err)
{
    lab_table *const table = self->table;
    if (self->trade_kind == MESSAGE_OTHER) {
        self->trade_kind = trade->kind;
    }
    if (trade->kind != self->trade_kind) {
        return CB_OK; /* the same trades once more, in the other form */
    }
    if (trade->price_e8 <= 0 || trade->qty_e8 <= 0 || trade->trade_ns == 0) {
        return break_line(self, "the trade's price, quantity or time is 0 or less", err);
    }
    const cb_status status = lab_table_grow(table, err);
    if (status != CB_OK) {
        return status;
    }
    if (table->count > 0 &&
        trade->first_id <= ((uint64_t *)table->data[TRADES_ID])[table->count - 1]) {
        const lab_finding again = {
            LAB_FINDING_DUPLICATE, false, trade->trade_ns, trade->trade_ns, 1, self->line};
        return lab_table_find(table, &again, err);
    }
    const uint64_t at = table->count++;
    self->last_ns = trade->trade_ns > self->last_ns ? trade->trade_ns : self->last_ns;
    lab_table_i64(table, TRADES_TS)[at] = self->last_ns;
    ((uint64_t *)table->data[TRADES_ID])[at] = trade->first_id;
    lab_table_i64(table, TRADES_PRICE)[at] = trade->price_e8;
    lab_table_i64(table, TRADES_QTY)[at] = trade->qty_e8;
    ((uint8_t *)table->data[TRADES_IS_BUYER_MAKER])[at] = trade->is_buyer_maker ? 1 : 0;
    table->lines[at] = self->line;
    return CB_OK;
}

/* ---- lines ---- */

static void note_other(capture *self, const char *symbol)
{
    for (uint32_t i = 0; i < self->others_count; i++) {
        if (strcmp(self->others[i], symbol) == 0) {
            return;
        }
    }
    if (self->others_count < SYMBOLS_TOLD) {
        (void)snprintf(self->others[self->others_count++], LAB_SYMBOL_SIZE, "%s", symbol);
    }
}

/* Whether the message is about the symbol that is read; a snapshot without a name is of the only
 * one. */
static bool is_wanted(capture *self, const message *of)
{
    if (of->symbol[0] == '\0') {
        return true;
    }
    if (self->wanted[0] == '\0') {
        memcpy(self->wanted, of->symbol, sizeof self->wanted);
    }
    if (strcmp(of->symbol, self->wanted) == 0) {
        return true;
    }
    note_other(self, of->symbol);
    return false;
}

static cb_status take_line(capture *self, cb_strview line, cb_err *err)
{
    message found;
    cb_err why = {0};
    if (lab_message_read(line, &found, &why) != CB_OK) {
        return break_line(self, why.text, err);
    }
    const bool is_trade = found.kind == MESSAGE_TRADE || found.kind == MESSAGE_AGGREGATE;
    if (found.kind == MESSAGE_OTHER || is_trade != self->is_trades || !is_wanted(self, &found)) {
        return CB_OK;
    }
    if (is_trade) {
        return take_trade(self, &found, err);
    }
    return found.kind == MESSAGE_SNAPSHOT ? take_snapshot(self, &found, line, err)
                                          : take_change(self, &found, line, err);
}

static cb_status take_block(capture *self, cb_strview block, cb_err *err)
{
    const char *at = block.at;
    const char *const end = block.at + block.size;
    cb_status status = CB_OK;
    while (at < end && status == CB_OK) {
        const char *const line_end = memchr(at, '\n', (size_t)(end - at));
        const cb_strview line = {at, (size_t)(line_end - at)};
        self->line++;
        at = line_end + 1;
        if (line.size > 0) {
            status = take_line(self, line, err);
        }
    }
    return status;
}

static cb_status refuse_several(const capture *self, cb_err *err)
{
    char names[SYMBOLS_TOLD * (LAB_SYMBOL_SIZE + 2) + 1] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < self->others_count; i++) {
        used += (size_t)snprintf(names + used, sizeof names - used, ", %s", self->others[i]);
    }
    return CB_FAIL(err,
        CB_E_SYNTAX,
        "%s holds several symbols (%s%s): choose with --symbol",
        self->name,
        self->wanted,
        names);
}

/* The local clock may be behind the venue's: then every receive time is moved by as much as makes
 * the fastest message take no time at all. */
static void correct_clock(capture *self)
{
    int64_t *const receive = lab_table_i64(self->table, DEPTH_RECEIVE);
    self->table->has_receive = true;
    for (uint64_t i = 0; i < self->table->count; i++) {
        if (receive[i] == 0) {
            self->table->has_receive = false;
            return;
        }
        receive[i] -= self->clock_behind_ns;
    }
}

static cb_status finish(capture *self, cb_err *err)
{
    if (self->others_count > 0 && self->options->symbol == NULL) {
        return refuse_several(self, err);
    }
    if (self->table->count == 0) {
        return CB_FAIL(err,
            CB_E_SYNTAX,
            "%s: no %s%s%s in %" PRIu64
            " lines (streams of Binance, Bitstamp, Coinbase, Kraken and OKX are known)%s%s",
            self->name,
            self->is_trades ? "trade" : "book with its snapshot",
            self->wanted[0] != '\0' ? " of " : "",
            self->wanted,
            self->line,
            self->table->fatal_count > 0 ? "; " : "",
            self->table->fatal_count > 0 ? self->table->reason : "");
    }
    memcpy(self->table->symbol, self->wanted, sizeof self->table->symbol);
    if (!self->is_trades) {
        correct_clock(self);
    }
    return end_loss(self, err);
}

cb_status lab_capture_read(lab_reader *reader,
    const lab_import_options *options,
    lab_progress_call progress,
    lab_table *table,
    cb_err *err)
{
    capture self = {.options = options,
        .table = table,
        .name = lab_reader_name(reader),
        .is_trades = options->kind == LAB_KIND_TRADES};
    cb_status status = CB_OK;
    cb_strview block = {NULL, 0};
    lab_table_init(table, self.is_trades ? LAB_KIND_TRADES : LAB_KIND_DEPTH);
    if (options->symbol != NULL && !lab_place_symbol(options->symbol, self.wanted)) {
        return CB_FAIL(err, CB_E_CONFIG, "'%.40s' is no symbol", options->symbol);
    }
    do {
        status = lab_reader_next(reader, LAB_CAPTURE_LINE_MAX, &block, err);
        if (status == CB_OK) {
            status = block.size > 0 ? take_block(&self, block, err) : finish(&self, err);
        }
        if (progress.fn != NULL) {
            progress.fn(progress.context, lab_reader_done(reader), lab_reader_size(reader));
        }
    } while (status == CB_OK && block.size > 0);
    drop_held(&self);
    free(self.held);
    free(self.snapshot);
    return status;
}
