/* Random expressions: made as trees, written as text, and worked out the slow way straight from the
 * tree: recursion over bars, longer bars gathered from the whole series. Nothing here is shared
 * with the compiler but logarithm and power, whose digits have a test of their own. */
#ifndef TESTS_EXPR_RANDOM_TREE_H
#define TESTS_EXPR_RANDOM_TREE_H

#include "expr/scalar.h"
#include "expr_bench.h"

#define NODES_MAX 48
#define BARS_MAX 260
#define FRAMES 3 /* the base, 5m, 15m */
#define TEXT_SIZE 8192

typedef enum node_kind {
    NODE_NUMBER,
    NODE_SERIES,
    NODE_BINARY,
    NODE_COMPARE,
    NODE_LOGIC,
    NODE_NOT,
    NODE_NEGATE,
    NODE_IF,
    NODE_HISTORY,
    NODE_FRAME,
    NODE_UNARY,
    NODE_CROSS,
    NODE_INDICATOR,
    NODE_HIGHEST,
    NODE_COUNT,
    NODE_SINCE,
    NODE_IS_NONE,
    NODE_COALESCE
} node_kind;

typedef struct node {
    node_kind kind;
    int which; /* operator, series, function, indicator, frame */
    int bars;  /* history, window, period */
    double number;
    int a;
    int b;
    int c;
} node;

typedef struct answer {
    bool is_none;
    double value;
} answer;

typedef struct long_bar {
    cb_bar bar;
    int seen_at; /* base bar that completed it */
    int64_t close_ns;
} long_bar;

typedef struct random_tree {
    cb_prng prng;
    int count;
    node nodes[NODES_MAX];
    char text[TEXT_SIZE];
    size_t used;
    int bars_count;
    cb_bar bars[BARS_MAX];
    int frame_counts[FRAMES];
    long_bar frames[FRAMES][BARS_MAX];
    bool is_known[NODES_MAX][FRAMES][BARS_MAX];
    answer known[NODES_MAX][FRAMES][BARS_MAX];
} random_tree;

static const int64_t frame_minutes[FRAMES] = {1, 5, 15};
static const char *const frame_names[FRAMES] = {"1m", "5m", "15m"};
static const char *const series_names[] = {
    "open", "high", "low", "close", "volume", "hour", "weekday", "hl2"};
static const char *const binary_names[] = {"+", "-", "*", "/", "%", "^"};
static const char *const compare_names[] = {"<", "<=", ">", ">=", "==", "!="};
static const char *const unary_names[] = {"abs", "sqrt", "log", "floor", "ceil", "round", "sign"};
static const char *const indicator_names[] = {"ema", "sma", "rsi", "atr", "donchian"};

static int below(random_tree *tree, int bound)
{
    return (int)cb_prng_below(&tree->prng, (uint64_t)bound);
}

static int make_node(random_tree *tree, node_kind kind)
{
    assert_true(tree->count < NODES_MAX);
    tree->nodes[tree->count] = (node){.kind = kind, .a = -1, .b = -1, .c = -1};
    return tree->count++;
}

static int grow(random_tree *tree, int depth, bool is_boolean, int frame);

static int grow_leaf(random_tree *tree)
{
    const bool is_number = below(tree, 4) == 0;
    const int index = make_node(tree, is_number ? NODE_NUMBER : NODE_SERIES);
    node *at = &tree->nodes[index];
    at->number = (double)below(tree, 2000) / 8;
    at->which = below(tree, (int)(sizeof series_names / sizeof series_names[0]));
    return index;
}

static node_kind pick_kind(random_tree *tree, bool is_boolean)
{
    static const node_kind numbers[] = {NODE_BINARY,
        NODE_BINARY,
        NODE_BINARY,
        NODE_NEGATE,
        NODE_IF,
        NODE_HISTORY,
        NODE_HISTORY,
        NODE_FRAME,
        NODE_FRAME,
        NODE_UNARY,
        NODE_INDICATOR,
        NODE_INDICATOR,
        NODE_INDICATOR,
        NODE_HIGHEST,
        NODE_COUNT,
        NODE_SINCE,
        NODE_COALESCE};
    static const node_kind booleans[] = {NODE_COMPARE,
        NODE_COMPARE,
        NODE_COMPARE,
        NODE_LOGIC,
        NODE_LOGIC,
        NODE_NOT,
        NODE_IF,
        NODE_HISTORY,
        NODE_FRAME,
        NODE_CROSS,
        NODE_IS_NONE};
    return is_boolean ? booleans[below(tree, (int)(sizeof booleans / sizeof booleans[0]))]
                      : numbers[below(tree, (int)(sizeof numbers / sizeof numbers[0]))];
}

static int grow(random_tree *tree, int depth, bool is_boolean, int frame)
{
    const bool is_full = depth == 0 || tree->count > NODES_MAX - 24;
    if (is_full && !is_boolean) {
        return grow_leaf(tree);
    }
    node_kind kind = is_full ? NODE_COMPARE : pick_kind(tree, is_boolean);
    const bool is_only_number = kind == NODE_CROSS || kind == NODE_COMPARE || kind == NODE_IS_NONE;
    const int index = make_node(tree, kind);
    int inner = frame;
    const int next = depth > 0 ? depth - 1 : 0;
    tree->nodes[index].bars = 1 + below(tree, 9);
    tree->nodes[index].which = below(tree, 840);
    if (kind == NODE_FRAME) {
        inner = frame + below(tree, FRAMES - frame);
        tree->nodes[index].which = inner;
    }
    bool is_a_boolean = is_boolean && !is_only_number;
    is_a_boolean = is_a_boolean || kind == NODE_IF || kind == NODE_COUNT || kind == NODE_SINCE;
    const int a = grow(tree, next, is_a_boolean, inner);
    int b = -1;
    int c = -1;
    if (kind == NODE_BINARY || kind == NODE_COMPARE || kind == NODE_CROSS || kind == NODE_LOGIC ||
        kind == NODE_IF || kind == NODE_COALESCE) {
        b = grow(tree, next, is_boolean && !is_only_number, inner);
    }
    if (kind == NODE_IF) {
        c = grow(tree, next, is_boolean, inner);
    }
    tree->nodes[index].a = a;
    tree->nodes[index].b = b;
    tree->nodes[index].c = c;
    return index;
}

/* ---- text ---- */

static void say(random_tree *tree, const char *words)
{
    const size_t size = strlen(words);
    assert_true(tree->used + size + 1 < sizeof tree->text);
    memcpy(tree->text + tree->used, words, size + 1);
    tree->used += size;
}

static void say_number(random_tree *tree, double number)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%.10g", number);
    say(tree, text);
}

static void write_node(random_tree *tree, int index);

static void write_call(random_tree *tree, const char *name, const node *at, bool has_bars)
{
    say(tree, name);
    say(tree, "(");
    write_node(tree, at->a);
    if (at->b >= 0) {
        say(tree, ", ");
        write_node(tree, at->b);
    }
    if (has_bars) {
        say(tree, ", ");
        say_number(tree, at->bars);
    }
    say(tree, ")");
}

static void write_pair(random_tree *tree, const node *at, const char *between)
{
    say(tree, "(");
    write_node(tree, at->a);
    say(tree, between);
    write_node(tree, at->b);
    say(tree, ")");
}

/* An indicator reads its source, or the bars themselves when which says so. */
static bool reads_bars(const node *at)
{
    return at->which / 5 % 3 == 0;
}

static void write_indicator(random_tree *tree, const node *at)
{
    say(tree, indicator_names[at->which % 5]);
    say(tree, "(");
    if (!reads_bars(at)) {
        say(tree, "source = ");
        write_node(tree, at->a);
        say(tree, ", ");
    }
    say(tree, "period = ");
    say_number(tree, at->bars);
    say(tree, at->which % 5 == 4 ? ").middle" : ")");
}

static void write_other(random_tree *tree, const node *at)
{
    switch ((int)at->kind) {
    case NODE_HISTORY:
        write_node(tree, at->a);
        say(tree, "[");
        say_number(tree, at->bars % 4);
        say(tree, "]");
        break;
    case NODE_FRAME:
        write_node(tree, at->a);
        say(tree, "@");
        say(tree, frame_names[at->which]);
        break;
    case NODE_UNARY:
        write_call(tree, unary_names[at->which % 7], at, false);
        break;
    case NODE_CROSS:
        write_call(tree, at->which % 2 == 0 ? "crosses_above" : "crosses_below", at, false);
        break;
    case NODE_INDICATOR:
        write_indicator(tree, at);
        break;
    case NODE_HIGHEST:
        write_call(tree, at->which % 2 == 0 ? "highest" : "lowest", at, true);
        break;
    case NODE_COUNT:
        write_call(tree, "count", at, true);
        break;
    case NODE_SINCE:
        write_call(tree, "bars_since", at, false);
        break;
    case NODE_IS_NONE:
        write_call(tree, "is_none", at, false);
        break;
    default:
        write_call(tree, "coalesce", at, false);
        break;
    }
}

static void write_node(random_tree *tree, int index)
{
    const node *at = &tree->nodes[index];
    char between[8];
    switch ((int)at->kind) {
    case NODE_NUMBER:
        say_number(tree, at->number);
        break;
    case NODE_SERIES:
        say(tree, series_names[at->which]);
        break;
    case NODE_BINARY:
        (void)snprintf(between, sizeof between, " %s ", binary_names[at->which % 6]);
        write_pair(tree, at, between);
        break;
    case NODE_COMPARE:
        (void)snprintf(between, sizeof between, " %s ", compare_names[at->which % 6]);
        write_pair(tree, at, between);
        break;
    case NODE_LOGIC:
        write_pair(tree, at, at->which % 2 == 0 ? " and " : " or ");
        break;
    case NODE_NOT:
        say(tree, "(not ");
        write_node(tree, at->a);
        say(tree, ")");
        break;
    case NODE_NEGATE:
        say(tree, "(-");
        write_node(tree, at->a);
        say(tree, ")");
        break;
    case NODE_IF:
        say(tree, "(if ");
        write_node(tree, at->a);
        say(tree, " then ");
        write_node(tree, at->b);
        say(tree, " else ");
        write_node(tree, at->c);
        say(tree, ")");
        break;
    default:
        write_other(tree, at);
        break;
    }
}

/* ---- longer bars, gathered from the whole series ---- */

static int64_t bucket_of(const cb_bar *bar, int frame)
{
    return bar->open_ts_ns / (frame_minutes[frame] * MINUTE_NS);
}

static cb_bar gather(const cb_bar *bars, int first, int last, int64_t open_ns)
{
    int64_t volume_e8 = 0;
    cb_bar whole = bars[first];
    bool is_begun = false;
    for (int i = first; i <= last; i++) {
        int64_t one_e8 = 0;
        assert_int_equal(cb_e8_from_f64(bars[i].volume, &one_e8, NULL), CB_OK);
        if (one_e8 == 0) {
            continue;
        }
        volume_e8 += one_e8;
        whole.open = is_begun ? whole.open : bars[i].open;
        whole.high = is_begun && whole.high > bars[i].high ? whole.high : bars[i].high;
        whole.low = is_begun && whole.low < bars[i].low ? whole.low : bars[i].low;
        whole.close = bars[i].close;
        is_begun = true;
    }
    whole.open_ts_ns = open_ns;
    whole.volume = cb_f64_from_e8(volume_e8);
    return whole;
}

static void gather_frame(random_tree *tree, int frame)
{
    const int64_t length_ns = frame_minutes[frame] * MINUTE_NS;
    tree->frame_counts[frame] = 0;
    int first = 0;
    while (first < tree->bars_count) {
        const int64_t bucket = bucket_of(&tree->bars[first], frame);
        int last = first;
        while (last + 1 < tree->bars_count && bucket_of(&tree->bars[last + 1], frame) == bucket) {
            last++;
        }
        const bool has_end = tree->bars[last].open_ts_ns + MINUTE_NS == (bucket + 1) * length_ns;
        const bool is_partial = first == 0 && tree->bars[0].open_ts_ns % length_ns != 0;
        const int seen_at = has_end ? last : last + 1;
        if (!is_partial && seen_at < tree->bars_count) {
            tree->frames[frame][tree->frame_counts[frame]++] =
                (long_bar){gather(tree->bars, first, last, bucket * length_ns),
                    seen_at,
                    (bucket + 1) * length_ns};
        }
        first = last + 1;
    }
}

static void gather_all(random_tree *tree)
{
    memset(tree->is_known, 0, sizeof tree->is_known);
    for (int i = 0; i < tree->bars_count; i++) {
        tree->frames[0][i] = (long_bar){tree->bars[i], i, tree->bars[i].open_ts_ns + MINUTE_NS};
    }
    tree->frame_counts[0] = tree->bars_count;
    for (int frame = 1; frame < FRAMES; frame++) {
        gather_frame(tree, frame);
    }
}

/* The newest bar of inner that is closed when bar index of outer is looked at; -1: none. */
static int newest_bar(const random_tree *tree, int inner, int outer, int index)
{
    const long_bar *now = &tree->frames[outer][index];
    int found = -1;
    for (int i = 0; i < tree->frame_counts[inner]; i++) {
        const long_bar *at = &tree->frames[inner][i];
        if (at->seen_at < now->seen_at ||
            (at->seen_at == now->seen_at && at->close_ns <= now->close_ns)) {
            found = i;
        }
    }
    return found;
}

/* ---- values ---- */

static const answer nothing = {true, 0};

static answer some(double value)
{
    return fabs(value) <= DBL_MAX ? (answer){false, value} : nothing;
}

static answer truth(bool value)
{
    return (answer){false, value ? 1 : 0};
}

static answer work_out(random_tree *tree, int index, int frame, int at);

/* A constant is the same on every bar, also on those before the first. */
static bool is_constant(const random_tree *tree, int index)
{
    const node *at = &tree->nodes[index];
    if (at->kind == NODE_NUMBER) {
        return true;
    }
    const bool reads = at->kind == NODE_SERIES || at->kind == NODE_INDICATOR ||
                       at->kind == NODE_HIGHEST || at->kind == NODE_COUNT || at->kind == NODE_SINCE;
    return !reads && is_constant(tree, at->a) && (at->b < 0 || is_constant(tree, at->b)) &&
           (at->c < 0 || is_constant(tree, at->c));
}

/* A value so many bars before. */
static answer work_out_before(random_tree *tree, int index, int frame, int i, int bars)
{
    if (is_constant(tree, index)) {
        return work_out(tree, index, frame, i);
    }
    return i < bars ? (answer){true, 0} : work_out(tree, index, frame, i - bars);
}

static answer series_at(const random_tree *tree, const node *at, int frame, int i)
{
    const cb_bar *bar = &tree->frames[frame][i].bar;
    const int64_t minutes = bar->open_ts_ns / MINUTE_NS;
    const double found[] = {bar->open,
        bar->high,
        bar->low,
        bar->close,
        bar->volume,
        (double)(minutes / 60 % 24),
        (double)((minutes / 1440 + 3) % 7 + 1),
        (bar->high + bar->low) / 2};
    return some(found[at->which]);
}

static answer binary_at(const node *at, answer a, answer b)
{
    if (a.is_none || b.is_none) {
        return nothing;
    }
    switch (at->which % 6) {
    case 0:
        return some(a.value + b.value);
    case 1:
        return some(a.value - b.value);
    case 2:
        return some(a.value * b.value);
    case 3:
        return fabs(b.value) > 0 ? some(a.value / b.value) : nothing;
    case 4:
        return fabs(b.value) > 0 ? some(a.value - floor(a.value / b.value) * b.value) : nothing;
    default:
        return some(expr_pow(a.value, b.value));
    }
}

static answer compare_at(const node *at, answer a, answer b)
{
    if (a.is_none || b.is_none) {
        return nothing;
    }
    const bool is_less = a.value < b.value;
    const bool is_more = a.value > b.value;
    const bool wanted[] = {
        is_less, !is_more, is_more, !is_less, !is_less && !is_more, is_less || is_more};
    return truth(wanted[at->which % 6]);
}

static answer logic_at(const node *at, answer a, answer b)
{
    const bool is_and = at->which % 2 == 0;
    const double deciding = is_and ? 0 : 1;
    if ((!a.is_none && fabs(a.value - deciding) < 0.5) ||
        (!b.is_none && fabs(b.value - deciding) < 0.5)) {
        return truth(!is_and);
    }
    return a.is_none || b.is_none ? nothing : truth(is_and);
}

static answer unary_at(const node *at, answer a)
{
    if (a.is_none) {
        return nothing;
    }
    const double whole = floor(fabs(a.value) + 0.5);
    switch (at->which % 7) {
    case 0:
        return some(fabs(a.value));
    case 1:
        return a.value >= 0 ? some(sqrt(a.value)) : nothing;
    case 2:
        return a.value > 0 ? some(expr_log(a.value)) : nothing;
    case 3:
        return some(floor(a.value));
    case 4:
        return some(-floor(-a.value));
    case 5:
        return some(a.value < 0 ? -whole : whole);
    default:
        return some(a.value > 0 ? 1 : a.value < 0 ? -1 : 0);
    }
}

/* What an indicator may be told: within bounds, and not too small to be squared. */
static answer source_of(answer value)
{
    if (value.is_none || fabs(value.value) > 1e30) {
        return nothing;
    }
    return fabs(value.value) < 1e-30 ? some(0) : value;
}

/* A fresh indicator over all bars up to this one. */
static answer indicator_at(random_tree *tree, const node *at, int frame, int i)
{
    const cb_indicator_ops *ops = cb_indicator_find(indicator_names[at->which % 5]);
    int64_t params[CB_PARAMS_PER_ENTRY_MAX] = {at->bars};
    double out[CB_INDICATOR_OUTPUTS_MAX] = {0};
    bool is_warm = false;
    void *state = malloc(ops->state_size(params));
    assert_non_null(state);
    ops->init(state, params);
    for (int k = 0; k <= i; k++) {
        cb_bar bar = tree->frames[frame][k].bar;
        is_warm = true;
        if (!reads_bars(at)) {
            const answer source = source_of(work_out(tree, at->a, frame, k));
            is_warm = !source.is_none;
            bar.open = bar.high = bar.low = bar.close = source.value;
        }
        is_warm = is_warm && ops->update(state, &bar, out);
    }
    free(state);
    return is_warm ? some(out[at->which % 5 == 4 ? 2 : 0]) : nothing;
}

/* Over the last values that there were, as many as the window has. */
static answer highest_at(random_tree *tree, const node *at, int frame, int i)
{
    answer best = source_of(work_out(tree, at->a, frame, i));
    int left = at->bars - 1;
    for (int k = i - 1; k >= 0 && left > 0 && !best.is_none; k--) {
        const answer one = source_of(work_out(tree, at->a, frame, k));
        if (!one.is_none) {
            const bool is_better =
                at->which % 2 == 0 ? one.value > best.value : one.value < best.value;
            best = is_better ? one : best;
            left--;
        }
    }
    return left > 0 ? nothing : best;
}

static answer count_at(random_tree *tree, const node *at, int frame, int i)
{
    double count = 0;
    int left = at->bars;
    for (int k = i; k >= 0 && left > 0; k--) {
        const answer one = work_out(tree, at->a, frame, k);
        if (one.is_none && k == i) {
            return nothing;
        }
        count += one.is_none ? 0 : one.value;
        left -= one.is_none ? 0 : 1;
    }
    return left > 0 ? nothing : some(count);
}

static answer since_at(random_tree *tree, const node *at, int frame, int i)
{
    for (int k = i; k >= 0; k--) {
        const answer one = work_out(tree, at->a, frame, k);
        if (!one.is_none && one.value > 0.5) {
            return some(i - k);
        }
    }
    return nothing;
}

static answer cross_at(random_tree *tree, const node *at, int frame, int i)
{
    static const node is_more = {.which = 2};
    static const node is_not_more = {.which = 1};
    static const node is_less = {.which = 0};
    static const node is_not_less = {.which = 3};
    static const node both = {.which = 0};
    const bool is_up = at->which % 2 == 0;
    const answer now = compare_at(is_up ? &is_more : &is_less,
        work_out(tree, at->a, frame, i),
        work_out(tree, at->b, frame, i));
    const answer before = compare_at(is_up ? &is_not_more : &is_not_less,
        work_out_before(tree, at->a, frame, i, 1),
        work_out_before(tree, at->b, frame, i, 1));
    return logic_at(&both, now, before);
}

static answer work_out_other(random_tree *tree, const node *at, int frame, int i)
{
    answer a = nothing;
    switch ((int)at->kind) {
    case NODE_HISTORY:
        return work_out_before(tree, at->a, frame, i, at->bars % 4);
    case NODE_FRAME: {
        if (is_constant(tree, at->a)) {
            return work_out(tree, at->a, frame, i);
        }
        const int newest = at->which == frame ? i : newest_bar(tree, at->which, frame, i);
        return newest < 0 ? nothing : work_out(tree, at->a, at->which, newest);
    }
    case NODE_INDICATOR:
        return indicator_at(tree, at, frame, i);
    case NODE_HIGHEST:
        return highest_at(tree, at, frame, i);
    case NODE_COUNT:
        return count_at(tree, at, frame, i);
    case NODE_SINCE:
        return since_at(tree, at, frame, i);
    case NODE_CROSS:
        return cross_at(tree, at, frame, i);
    case NODE_IS_NONE:
        return truth(work_out(tree, at->a, frame, i).is_none);
    default:
        a = work_out(tree, at->a, frame, i);
        return a.is_none ? work_out(tree, at->b, frame, i) : a;
    }
}

static answer work_out_anew(random_tree *tree, const node *at, int frame, int i)
{
    if (at->kind == NODE_NUMBER) {
        return some(at->number);
    }
    if (at->kind == NODE_SERIES) {
        return series_at(tree, at, frame, i);
    }
    if (at->kind >= NODE_HISTORY && at->kind != NODE_UNARY) {
        return work_out_other(tree, at, frame, i);
    }
    const answer a = work_out(tree, at->a, frame, i);
    const answer b = at->b >= 0 ? work_out(tree, at->b, frame, i) : nothing;
    switch ((int)at->kind) {
    case NODE_BINARY:
        return binary_at(at, a, b);
    case NODE_COMPARE:
        return compare_at(at, a, b);
    case NODE_LOGIC:
        return logic_at(at, a, b);
    case NODE_NOT:
        return a.is_none ? nothing : truth(a.value < 0.5);
    case NODE_NEGATE:
        return a.is_none ? nothing : some(-a.value);
    case NODE_UNARY:
        return unary_at(at, a);
    default:
        return a.is_none ? nothing : a.value > 0.5 ? b : work_out(tree, at->c, frame, i);
    }
}

static answer work_out(random_tree *tree, int index, int frame, int i)
{
    if (!tree->is_known[index][frame][i]) {
        tree->known[index][frame][i] = work_out_anew(tree, &tree->nodes[index], frame, i);
        tree->is_known[index][frame][i] = true;
    }
    return tree->known[index][frame][i];
}

/* A new expression; its text is ready for the compiler. Returns its root. */
static int plant(random_tree *tree, uint64_t seed)
{
    cb_prng_init(&tree->prng, seed);
    tree->count = 0;
    tree->used = 0;
    const int root = grow(tree, 1 + below(tree, 4), below(tree, 2) == 0, 0);
    write_node(tree, root);
    return root;
}

#endif /* TESTS_EXPR_RANDOM_TREE_H */
