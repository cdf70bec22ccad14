/* Values: each different one is computed once. A value whose operands are constants is a constant
 * itself; one that was asked for before is the same node again. */
#include <string.h>

#include "base/hash.h"
#include "expr/scalar.h"

static uint64_t bits_of(double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint64_t hash_of(const expr_node *node)
{
    uint64_t hash = cb_hash_u64(CB_HASH_SEED,
        (uint64_t)node->op | (uint64_t)node->type << 8U | (uint64_t)node->frame << 16U);
    hash =
        cb_hash_u64(hash, (uint64_t)node->a | (uint64_t)node->b << 16U | (uint64_t)node->c << 32U);
    return cb_hash_u64(hash, bits_of(node->number));
}

static bool is_same(const expr_node *a, const expr_node *b)
{
    return a->op == b->op && a->type == b->type && a->frame == b->frame && a->a == b->a &&
           a->b == b->b && a->c == b->c && bits_of(a->number) == bits_of(b->number);
}

/* The node of this content, made when there is none yet. */
static uint16_t share(cb_expr_work *work, const expr_node *wanted, uint16_t token)
{
    _Static_assert(EXPR_TABLE_SIZE > 2 * CB_EXPR_NODES_MAX, "the table stays half empty");
    _Static_assert((EXPR_TABLE_SIZE & (EXPR_TABLE_SIZE - 1)) == 0, "a power of two");
    uint32_t slot = (uint32_t)(hash_of(wanted) % EXPR_TABLE_SIZE);
    while (work->table[slot] != EXPR_NOTHING) {
        if (is_same(&work->nodes[work->table[slot]], wanted)) {
            return work->table[slot];
        }
        slot = (slot + 1) % EXPR_TABLE_SIZE;
    }
    if (work->nodes_count == CB_EXPR_NODES_MAX) {
        (void)expr_full(work, token, "different values", CB_EXPR_NODES_MAX);
        return EXPR_NOTHING;
    }
    const uint16_t index = (uint16_t)work->nodes_count++;
    work->nodes[index] = *wanted;
    work->table[slot] = index;
    return index;
}

bool expr_is_constant(const cb_expr_work *work, uint16_t node)
{
    CB_ASSERT(node < work->nodes_count);
    return work->nodes[node].op == EXPR_OP_CONST;
}

uint16_t expr_node_constant(cb_expr_work *work, double number, cb_expr_type type)
{
    const expr_node node = {.op = EXPR_OP_CONST,
        .type = (uint8_t)type,
        .frame = EXPR_BASE,
        .a = EXPR_NOTHING,
        .b = EXPR_NOTHING,
        .c = EXPR_NOTHING,
        .number = number};
    CB_ASSERT(fabs(number) <= DBL_MAX);
    return share(work, &node, (uint16_t)(work->tokens_count - 1));
}

/* ---- warm-up ---- */

static uint64_t ratio_of(const cb_expr_work *work, uint32_t frame)
{
    CB_ASSERT(frame < work->frames_count);
    return work->frames_s[frame] / work->frames_s[EXPR_BASE];
}

/* In base bars: the run may begin one bar after a longer bar did, which then does not count. */
static uint64_t base_warmup(const cb_expr_work *work, const expr_node *node)
{
    const uint64_t ratio = ratio_of(work, node->frame);
    return node->warmup == 0 ? 0 : ratio * node->warmup + ratio - 1;
}

uint64_t expr_node_warmup(const cb_expr_work *work, uint16_t index, uint32_t frame)
{
    if (index == EXPR_NOTHING) {
        return 0;
    }
    const expr_node *node = &work->nodes[index];
    if (node->frame == frame || node->op == EXPR_OP_CONST) {
        return node->warmup;
    }
    const uint64_t ratio = ratio_of(work, frame);
    const uint64_t base = base_warmup(work, node);
    return ratio == 1 ? base : (base + ratio - 1) / ratio + 1;
}

/* ---- operations ---- */

static bool fold(cb_expr_work *work, const expr_make *make, uint16_t *out)
{
    const uint16_t parts[] = {make->a, make->b, make->c};
    double values[3] = {0, 0, 0};
    if (!EXPR_OP_IS_SCALAR(make->op)) {
        return false;
    }
    for (uint32_t i = 0; i < 3; i++) {
        if (parts[i] != EXPR_NOTHING && !expr_is_constant(work, parts[i])) {
            return false;
        }
        values[i] = parts[i] == EXPR_NOTHING ? 0 : work->nodes[parts[i]].number;
    }
    const double value = expr_scalar(make->op, values[0], values[1], values[2]);
    if (expr_is_none(value)) {
        (void)expr_fail(work, make->token, make->token, "this never has a value");
        (void)expr_hint(work, "a division by zero, a root of a negative number, or too large");
        *out = EXPR_NOTHING;
        return true;
    }
    *out = expr_node_constant(work, value, make->type);
    return true;
}

uint16_t expr_node_make(cb_expr_work *work, const expr_make *make)
{
    CB_ASSERT(make->op < EXPR_OP_COUNT);
    CB_ASSERT(make->frame < work->frames_count);
    uint16_t folded = EXPR_NOTHING;
    if (make->a != EXPR_NOTHING && fold(work, make, &folded)) {
        return folded;
    }
    const uint16_t parts[] = {make->a, make->b, make->c};
    uint64_t warmup = 1;
    for (uint32_t i = 0; i < 3; i++) {
        const uint64_t part = expr_node_warmup(work, parts[i], make->frame);
        warmup = part > warmup ? part : warmup;
    }
    const expr_node node = {.op = (uint8_t)make->op,
        .type = (uint8_t)make->type,
        .frame = (uint8_t)make->frame,
        .a = make->a,
        .b = make->b,
        .c = make->c,
        .warmup = warmup > UINT32_MAX ? UINT32_MAX : (uint32_t)warmup,
        .number = make->number};
    return share(work, &node, make->token);
}

uint16_t expr_node_history(
    cb_expr_work *work, uint16_t x, uint32_t bars, uint32_t frame, uint16_t token)
{
    if (x == EXPR_NOTHING || bars == 0 || expr_is_constant(work, x)) {
        return x;
    }
    CB_ASSERT(bars <= CB_EXPR_HISTORY_MAX);
    const cb_expr_type type = (cb_expr_type)work->nodes[x].type;
    const expr_make keep = {EXPR_OP_RING, type, frame, x, EXPR_NOTHING, EXPR_NOTHING, 0, token};
    const uint16_t ring = expr_node_make(work, &keep);
    if (ring == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    if (work->nodes[ring].capacity < bars) {
        work->nodes[ring].capacity = bars;
    }
    const expr_make read = {
        EXPR_OP_HISTORY, type, frame, ring, EXPR_NOTHING, EXPR_NOTHING, (double)bars, token};
    const uint16_t index = expr_node_make(work, &read);
    if (index != EXPR_NOTHING) {
        work->nodes[index].warmup = work->nodes[ring].warmup + bars;
    }
    return index;
}
