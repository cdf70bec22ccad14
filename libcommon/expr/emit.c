/* Values into a program: what no result needs is left out, the rest gets registers, instructions
 * in its timeframe's order, and memory. Also the compiler's front door. */
#include <string.h>

#include "base/hash.h"
#include "base/textbuf.h"
#include "expr/scalar.h"

size_t cb_expr_program_size(void)
{
    _Static_assert(sizeof(cb_expr_program) % sizeof(uint64_t) == 0, "aligned behind one another");
    return sizeof(cb_expr_program);
}

size_t cb_expr_work_size(void)
{
    return sizeof(cb_expr_work);
}

const cb_expr_info *cb_expr_describe(const cb_expr_program *program)
{
    CB_ASSERT(program != NULL);
    return &program->info;
}

/* Operands come before what they are used in, so one walk from the end reaches all. */
static void mark_used(cb_expr_work *work)
{
    for (uint32_t i = 0; i < work->results_count; i++) {
        work->nodes[work->results[i].node].is_used = true;
    }
    for (uint32_t i = work->nodes_count; i > 0; i--) {
        const expr_node *node = &work->nodes[i - 1];
        const uint16_t parts[] = {node->a, node->b, node->c};
        for (uint32_t k = 0; k < 3 && node->is_used; k++) {
            if (parts[k] != EXPR_NOTHING) {
                CB_ASSERT(parts[k] < i - 1);
                work->nodes[parts[k]].is_used = true;
            }
        }
    }
}

/* ---- what the program is known by ---- */

static void add_source(const cb_expr_work *work, cb_textbuf *text, uint16_t source)
{
    const expr_node *node = &work->nodes[source];
    static const char *const names[] = {"open", "high", "low", "close", "volume"};
    const bool is_series = node->op >= EXPR_OP_OPEN && node->op <= EXPR_OP_VOLUME;
    cb_textbuf_add(text, is_series ? names[node->op - EXPR_OP_OPEN] : "(…)");
}

static void add_interval(cb_textbuf *text, uint32_t interval_s)
{
    const bool is_hours = interval_s % 3600U == 0;
    const bool is_minutes = interval_s % 60U == 0;
    const uint32_t unit_s = is_hours ? 3600U : is_minutes ? 60U : 1U;
    cb_textbuf_add_u64(text, interval_s / unit_s);
    cb_textbuf_add(text, is_hours ? "h" : is_minutes ? "m" : "s");
}

static void describe_call(cb_expr_work *work, const expr_call *call, cb_expr_call_info *out)
{
    const cb_indicator_ops *ops = cb_indicator_at(call->indicator);
    cb_textbuf text = cb_textbuf_over(out->text, sizeof out->text);
    CB_ASSERT(ops != NULL);
    cb_textbuf_add(&text, ops->name);
    cb_textbuf_add(&text, "(");
    if (call->source != EXPR_NOTHING) {
        add_source(work, &text, call->source);
    }
    for (uint32_t i = 0; i < ops->params_count; i++) {
        cb_textbuf_add(&text, i > 0 || call->source != EXPR_NOTHING ? ", " : "");
        if (ops->params[i].kind == CB_PARAM_DECIMAL) {
            cb_textbuf_add_e8(&text, call->params[i]);
        } else {
            const int64_t unit = ops->params[i].kind == CB_PARAM_DURATION ? INT64_C(1000000000) : 1;
            cb_textbuf_add_i64(&text, call->params[i] / unit);
        }
    }
    cb_textbuf_add(&text, ")");
    if (call->frame != EXPR_BASE) {
        cb_textbuf_add(&text, "@");
        add_interval(&text, work->frames_s[call->frame]);
    }
    const uint64_t warmup = expr_node_warmup(work, call->node, EXPR_BASE);
    out->warmup_bars = warmup > UINT32_MAX ? UINT32_MAX : (uint32_t)warmup;
}

static uint64_t hash_program(const cb_expr_work *work)
{
    uint64_t hash = cb_hash_bytes(CB_HASH_SEED, work->text.at, work->text.size);
    hash = cb_hash_u64(hash, work->info.interval_s);
    for (uint32_t i = 0; i < work->info.params_count; i++) {
        uint64_t bits = 0;
        memcpy(&bits, &work->info.params[i].value, sizeof bits);
        hash = cb_hash_u64(hash, bits);
    }
    return hash;
}

/* ---- memory ---- */

typedef struct layout {
    cb_expr_work *work;
    cb_expr_program *out;
    size_t size;
} layout;

/* The state begins with the count of bars and the newest bar's opening; then the registers. */
#define HEAD_WORDS 2U

static uint32_t reserve(layout *to, size_t size)
{
    const size_t offset = to->size;
    CB_ASSERT(size % sizeof(uint64_t) == 0);
    to->size += size;
    CB_ASSERT(to->size < UINT32_MAX);
    return (uint32_t)offset;
}

static void place_registers(layout *to)
{
    cb_expr_program *out = to->out;
    for (uint32_t i = 0; i < to->work->nodes_count; i++) {
        expr_node *node = &to->work->nodes[i];
        uint32_t count = node->is_used ? 1 : 0;
        if (node->op == EXPR_OP_RING) {
            count = 0;
            node->place = (uint16_t)out->rings_count;
            out->rings_count += node->is_used ? 1U : 0U;
        } else if (node->op == EXPR_OP_PART) {
            count = 0;
            node->place = (uint16_t)(to->work->nodes[node->a].place + (uint32_t)node->number);
        } else {
            node->place = (uint16_t)out->registers_count;
        }
        if (node->op == EXPR_OP_INDICATOR && node->is_used) {
            const uint32_t call = (uint32_t)node->number;
            count = cb_indicator_at(to->work->calls[call].indicator)->outputs_count;
        }
        out->registers_count += count;
        CB_ASSERT(out->registers_count < EXPR_NOTHING);
        if (node->op == EXPR_OP_CONST && node->is_used) {
            out->constants[out->constants_count++] = (expr_constant){node->place, node->number};
        }
    }
    to->size = (HEAD_WORDS + (size_t)out->registers_count) * sizeof(uint64_t);
}

static void place_state(layout *to)
{
    cb_expr_work *work = to->work;
    cb_expr_program *out = to->out;
    for (uint32_t i = 1; i < work->frames_count; i++) {
        out->frames[i].offset = reserve(to, sizeof(expr_bucket));
    }
    for (uint32_t i = 0; i < work->nodes_count; i++) {
        const expr_node *node = &work->nodes[i];
        if (!node->is_used) {
            continue;
        }
        if (node->op == EXPR_OP_RING) {
            out->rings[node->place].capacity = node->capacity;
            out->rings[node->place].offset =
                reserve(to, (1 + (size_t)node->capacity) * sizeof(uint64_t));
        } else if (node->op == EXPR_OP_INDICATOR) {
            expr_call call = work->calls[(uint32_t)node->number];
            describe_call(work, &call, &out->info.calls[out->info.calls_count]);
            call.offset = reserve(to, cb_indicator_at(call.indicator)->state_size(call.params));
            call.source =
                call.source == EXPR_NOTHING ? EXPR_NOTHING : work->nodes[call.source].place;
            call.node = node->place;
            out->calls[out->info.calls_count++] = call;
        }
    }
}

/* ---- code ---- */

static uint16_t place_of(const cb_expr_work *work, uint16_t node)
{
    return node == EXPR_NOTHING ? 0 : work->nodes[node].place;
}

/* calls counts those met so far: nodes and calls of the program stand in the same order. */
static void emit_node(layout *to, uint32_t index, uint32_t *code, uint32_t call)
{
    const cb_expr_work *work = to->work;
    const expr_node *node = &work->nodes[index];
    expr_instruction instruction = {.op = node->op,
        .out = node->place,
        .a = place_of(work, node->a),
        .b = place_of(work, node->b),
        .c = place_of(work, node->c)};
    if (node->op == EXPR_OP_HISTORY) {
        instruction.b = (uint16_t)node->number;
    } else if (node->op == EXPR_OP_INDICATOR) {
        instruction.a = (uint16_t)call;
    }
    CB_ASSERT(*code < 2 * CB_EXPR_NODES_MAX);
    to->out->code[(*code)++] = instruction;
}

/* Values in the order of their making, then what is kept for later bars. */
static void emit_frame(layout *to, uint32_t frame, uint32_t *code)
{
    const cb_expr_work *work = to->work;
    uint32_t call = 0;
    to->out->frames[frame].interval_s = work->frames_s[frame];
    to->out->frames[frame].code_begin = *code;
    for (uint32_t i = 0; i < work->nodes_count; i++) {
        const expr_node *node = &work->nodes[i];
        const bool is_silent =
            node->op == EXPR_OP_CONST || node->op == EXPR_OP_RING || node->op == EXPR_OP_PART;
        if (node->is_used && !is_silent && node->frame == frame) {
            emit_node(to, i, code, call);
        }
        call += node->is_used && node->op == EXPR_OP_INDICATOR ? 1U : 0U;
    }
    for (uint32_t i = 0; i < work->nodes_count; i++) {
        const expr_node *node = &work->nodes[i];
        if (node->is_used && node->op == EXPR_OP_RING && node->frame == frame) {
            emit_node(to, i, code, 0);
        }
    }
    to->out->frames[frame].code_end = *code;
}

static void emit_results(layout *to)
{
    const cb_expr_work *work = to->work;
    cb_expr_program *out = to->out;
    uint32_t plots = 0;
    uint64_t warmup = 1;
    for (uint32_t i = 0; i < CB_EXPR_OUTPUTS_MAX; i++) {
        out->outputs[i] = EXPR_NOTHING;
    }
    for (uint32_t i = 0; i < work->results_count; i++) {
        const expr_result *result = &work->results[i];
        const uint16_t place = work->nodes[result->node].place;
        if (result->slot == EXPR_NOTHING) {
            out->plots[plots++] = place;
        } else {
            out->outputs[result->slot] = place;
        }
        const uint64_t needed = expr_node_warmup(work, result->node, EXPR_BASE);
        warmup = needed > warmup ? needed : warmup;
    }
    CB_ASSERT(plots == out->info.plots_count);
    out->info.warmup_bars = warmup > UINT32_MAX ? UINT32_MAX : (uint32_t)warmup;
}

bool expr_emit(cb_expr_work *work, cb_expr_program *out)
{
    layout to = {.work = work, .out = out};
    uint32_t code = 0;
    CB_ASSERT(work->results_count > 0);
    mark_used(work);
    memset(out, 0, sizeof *out);
    out->info = work->info;
    out->frames_count = work->frames_count;
    place_registers(&to);
    place_state(&to);
    for (uint32_t i = 0; i < work->frames_count; i++) {
        emit_frame(&to, i, &code);
    }
    emit_results(&to);
    for (uint32_t i = 1; i < work->frames_count; i++) {
        out->info.frames_s[out->info.frames_count++] = work->frames_s[i];
    }
    out->info.instructions_count = code;
    out->info.state_size = to.size;
    out->info.hash = hash_program(work);
    return true;
}

/* ---- the front door ---- */

static void begin(
    cb_expr_work *work, cb_strview text, const cb_expr_catalogue *catalogue, cb_expr_error *error)
{
    memset(work, 0, sizeof *work);
    memset(work->table, 0xff, sizeof work->table); /* EXPR_NOTHING */
    *error = (cb_expr_error){.line = 1, .column = 1, .size = 1};
    work->text = text;
    work->catalogue = catalogue;
    work->error = error;
    work->interval_token = EXPR_NOTHING;
    work->info.interval_s = catalogue->interval_s;
}

cb_status cb_expr_compile(cb_strview text,
    const cb_expr_catalogue *catalogue,
    cb_expr_work *work,
    cb_expr_program *out,
    cb_expr_error *error)
{
    CB_ASSERT(catalogue != NULL && work != NULL && out != NULL && error != NULL);
    CB_ASSERT(catalogue->outputs_count <= CB_EXPR_OUTPUTS_MAX);
    CB_ASSERT(catalogue->interval_s <= 86400 &&
              (catalogue->interval_s == 0 || 86400 % catalogue->interval_s == 0));
    begin(work, text, catalogue, error);
    if (text.size > CB_EXPR_TEXT_MAX) {
        work->text.size = CB_EXPR_TEXT_MAX;
        (void)expr_fail_at(
            work, CB_EXPR_TEXT_MAX, 0, "a text has at most %d bytes", CB_EXPR_TEXT_MAX);
        return CB_E_FULL;
    }
    if (!cb_utf8_is_valid(text)) {
        (void)expr_fail_at(work, 0, 0, "the text is not UTF-8");
        return CB_E_SYNTAX;
    }
    if (!expr_lex(work) || !expr_parse(work) || !expr_lower_all(work) || !expr_emit(work, out)) {
        CB_ASSERT(work->status != CB_OK);
        return work->status;
    }
    CB_ASSERT(work->status == CB_OK);
    return CB_OK;
}
