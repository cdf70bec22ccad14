/* The compiler's parts and the program's inside; only the files of this folder see it.
 *
 *   lex.c      text into tokens
 *   parse.c    tokens into a tree; statement.c the lines of a text
 *   lower.c    tree into values (nodes): types, names, timeframes, constants, sharing
 *   call.c     the same for indicators; function.c for functions
 *   emit.c     nodes into instructions, memory and warm-up
 *   run.c      instructions over bars; frame.c longer bars
 *   error.c    messages */
#ifndef CB_EXPR_INTERNAL_H
#define CB_EXPR_INTERNAL_H

#include "base/assert.h"
#include "expr/expr.h"

#define EXPR_TOKENS_MAX 3072
#define EXPR_TREE_MAX 3072
#define EXPR_DEPTH_MAX 200 /* of nested expressions, lets included */
#define EXPR_TABLE_SIZE 2048
#define EXPR_NOTHING UINT16_MAX
#define EXPR_BASE 0 /* the frame of the bars that are fed */
#define EXPR_RINGS_MAX CB_EXPR_NODES_MAX

typedef enum expr_op {
#define SCALAR(name) EXPR_OP_##name,
#define BAR(name) EXPR_OP_##name,
#include "expr/ops.def"
#undef SCALAR
#undef BAR
    EXPR_OP_COUNT
} expr_op;
#define EXPR_OP_IS_SCALAR(op) ((op) <= EXPR_OP_COALESCE)

/* ---- tokens ---- */
typedef enum expr_token_kind {
    EXPR_TOKEN_END,
    EXPR_TOKEN_NUMBER,
    EXPR_TOKEN_NAME,
    EXPR_TOKEN_STRING,
    EXPR_TOKEN_INTERVAL,
    EXPR_TOKEN_MARK /* one or two characters of punctuation */
} expr_token_kind;

typedef struct expr_token {
    uint32_t at; /* offset in the text */
    uint16_t size;
    uint8_t kind;
    bool is_first; /* on its line */
    uint32_t interval_s;
    double number;
} expr_token;

/* ---- tree ---- */
typedef enum expr_tree_kind {
    EXPR_TREE_NUMBER,
    EXPR_TREE_BOOLEAN,
    EXPR_TREE_SERIES,
    EXPR_TREE_PARAM,
    EXPR_TREE_LET,
    EXPR_TREE_OPERATION, /* op over a, b, c */
    EXPR_TREE_HISTORY,   /* a[b] */
    EXPR_TREE_FRAME,     /* a@interval */
    EXPR_TREE_CALL,      /* token: its name; a: first argument; part: token of .output */
    EXPR_TREE_ARGUMENT   /* a: its expression; part: token of its name; next */
} expr_tree_kind;

typedef struct expr_tree {
    uint8_t kind;
    uint8_t op;
    uint16_t depth;
    uint16_t a;
    uint16_t b;
    uint16_t c;
    uint16_t next;
    uint16_t token; /* that an error about this node points at */
    uint16_t first; /* tokens that it was written with, the last one included */
    uint16_t last;
    uint16_t part;  /* EXPR_NOTHING: none */
    uint16_t index; /* of a series, parameter or let */
    uint32_t interval_s;
    double number;
} expr_tree;

/* ---- nodes: each different value once ---- */
typedef struct expr_node {
    uint8_t op;
    uint8_t type;
    uint8_t frame;
    bool is_used;
    uint16_t a;
    uint16_t b;
    uint16_t c;
    uint16_t place;    /* register; of a ring: its index */
    uint32_t warmup;   /* bars of its own frame until it can have a value */
    uint32_t capacity; /* RING */
    double number;
} expr_node;

typedef struct expr_call {
    uint16_t indicator; /* in indicators.def */
    uint16_t source;    /* node, later register; EXPR_NOTHING: the bars themselves */
    uint16_t frame;
    uint16_t node;  /* later its first register */
    uint16_t token; /* where it stands */
    uint32_t offset;
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
} expr_call;

typedef struct expr_let {
    uint16_t token;
    uint16_t tree;
    uint16_t nodes[CB_EXPR_FRAMES_MAX + 1]; /* its value in each frame, EXPR_NOTHING: not yet */
} expr_let;

/* A line that gives a value: an output or a plot. */
typedef struct expr_result {
    uint16_t token;
    uint16_t tree;
    uint16_t node;
    uint16_t slot; /* output; EXPR_NOTHING: a plot */
} expr_result;

typedef struct expr_frame {
    uint32_t interval_s;
    uint32_t code_begin;
    uint32_t code_end;
    uint32_t offset; /* of its bar under construction */
} expr_frame;

typedef struct expr_instruction {
    uint16_t op;
    uint16_t out;
    uint16_t a;
    uint16_t b;
    uint16_t c;
} expr_instruction;

typedef struct expr_ring {
    uint32_t offset;
    uint32_t capacity;
} expr_ring;

typedef struct expr_constant {
    uint32_t place;
    double number;
} expr_constant;

struct cb_expr_program {
    cb_expr_info info;
    uint32_t registers_count;
    uint32_t constants_count;
    uint32_t rings_count;
    uint32_t frames_count; /* the base included */
    uint16_t outputs[CB_EXPR_OUTPUTS_MAX];
    uint16_t plots[CB_EXPR_PLOTS_MAX];
    expr_frame frames[CB_EXPR_FRAMES_MAX + 1];
    expr_call calls[CB_EXPR_CALLS_MAX];
    expr_ring rings[EXPR_RINGS_MAX];
    expr_constant constants[CB_EXPR_NODES_MAX];
    expr_instruction code[2 * CB_EXPR_NODES_MAX];
};

struct cb_expr_work {
    cb_strview text;
    const cb_expr_catalogue *catalogue;
    cb_expr_error *error;
    cb_status status; /* of the first error */
    uint32_t tokens_count;
    uint32_t at; /* the parser's place */
    uint32_t tree_count;
    uint32_t nesting;
    uint32_t lets_count;
    uint32_t results_count;
    uint32_t nodes_count;
    uint32_t calls_count;
    uint32_t frames_count;
    uint32_t frames_s[CB_EXPR_FRAMES_MAX + 1];
    uint16_t interval_token;
    cb_expr_info info;
    expr_token tokens[EXPR_TOKENS_MAX];
    expr_tree tree[EXPR_TREE_MAX];
    expr_let lets[CB_EXPR_LETS_MAX];
    expr_result results[CB_EXPR_OUTPUTS_MAX + CB_EXPR_PLOTS_MAX];
    uint16_t param_tokens[CB_EXPR_PARAMS_MAX];
    expr_call calls[CB_EXPR_CALLS_MAX];
    expr_node nodes[CB_EXPR_NODES_MAX];
    uint16_t table[EXPR_TABLE_SIZE]; /* of nodes by content; EXPR_NOTHING: free */
};

/* ---- errors (error.c): the first one stays; all return false ---- */
__attribute__((format(printf, 4, 5))) bool expr_fail(
    cb_expr_work *work, uint32_t first, uint32_t last, const char *format, ...);
/** At bytes of the text that are no token. */
__attribute__((format(printf, 4, 5))) bool expr_fail_at(
    cb_expr_work *work, size_t at, size_t size, const char *format, ...);
/** Adds a hint to the error just made. */
__attribute__((format(printf, 2, 3))) bool expr_hint(cb_expr_work *work, const char *format, ...);
/** Too many of something: the same with CB_E_FULL. */
bool expr_full(cb_expr_work *work, uint32_t token, const char *what, uint32_t max);
/** Remembers the candidate that is nearest to name, of equals the first; begins zeroed. */
typedef struct expr_near {
    char name[CB_EXPR_NAME_MAX + 8]; /* outputs have two words */
    size_t distance;
} expr_near;
void expr_near_try(expr_near *near, cb_strview name, const char *candidate);
/** Hints at it when one is near enough. */
bool expr_hint_near(cb_expr_work *work, const expr_near *near);

/* ---- tokens (lex.c) ---- */
bool expr_lex(cb_expr_work *work);
cb_strview expr_token_text(const cb_expr_work *work, uint32_t token);
bool expr_token_is(const cb_expr_work *work, uint32_t token, const char *text);
/** A name that fits CB_EXPR_NAME_MAX (lex refuses longer ones), as text with NUL. */
void expr_token_copy(const cb_expr_work *work, uint32_t token, char out[CB_EXPR_NAME_MAX]);

/* ---- tree (parse.c, statement.c) ---- */
/** Parses all statements. */
bool expr_parse(cb_expr_work *work);
/** Parses an expression at work->at; EXPR_NOTHING after an error. */
uint16_t expr_parse_expression(cb_expr_work *work);
/** True where a line of the kind "name: …", "let …" begins. */
bool expr_is_statement(const cb_expr_work *work, uint32_t token);
/** True for words that mean something of their own: `and`, `let`. */
bool expr_is_keyword(cb_strview word);
/** The parameter or let of that name, or EXPR_NOTHING. */
uint16_t expr_find_param(const cb_expr_work *work, cb_strview name);
uint16_t expr_find_let(const cb_expr_work *work, cb_strview name);

/* ---- nodes (lower.c, node.c) ---- */
/** Gives all lets and results their nodes. */
bool expr_lower_all(cb_expr_work *work);
/** The node of an expression in a frame; EXPR_NOTHING after an error. */
uint16_t expr_lower(cb_expr_work *work, uint16_t tree, uint32_t frame);
/** The same, and refuses what has another type. */
uint16_t expr_lower_typed(cb_expr_work *work, uint16_t tree, uint32_t frame, cb_expr_type type);
/** True when a node is a constant that has a value. */
bool expr_is_constant(const cb_expr_work *work, uint16_t node);
uint16_t expr_node_constant(cb_expr_work *work, double number, cb_expr_type type);
/** An operation over nodes, folded or shared when it can be; at: token for "too many". */
typedef struct expr_make {
    expr_op op;
    cb_expr_type type;
    uint32_t frame;
    uint16_t a;
    uint16_t b;
    uint16_t c;
    double number;
    uint16_t token;
} expr_make;
uint16_t expr_node_make(cb_expr_work *work, const expr_make *make);
/** x as it was bars ago; bars 0 is x itself. */
uint16_t expr_node_history(
    cb_expr_work *work, uint16_t x, uint32_t bars, uint32_t frame, uint16_t token);
/** Bars of frame that must have come before node has a value. */
uint64_t expr_node_warmup(const cb_expr_work *work, uint16_t node, uint32_t frame);

/* ---- calls ---- */
/** Most arguments of a call. */
#define EXPR_ARGUMENTS_MAX 16
/** A call of an indicator (call.c). */
uint16_t expr_lower_indicator(
    cb_expr_work *work, uint16_t tree, const cb_indicator_ops *ops, uint32_t frame);
/** A named source and values, given as nodes: for functions that stand on an indicator. */
uint16_t expr_indicator_node(cb_expr_work *work, expr_call *call, uint32_t part);
uint32_t expr_find_indicator(const char *name);
/** A call of a function (function.c); is_known [out]. */
uint16_t expr_lower_function(cb_expr_work *work, uint16_t tree, uint32_t frame, bool *is_known);
bool expr_is_function(cb_strview name);
/** Index of a series, or EXPR_NOTHING. */
uint16_t expr_find_series(cb_strview name);
uint16_t expr_lower_series(cb_expr_work *work, uint16_t index, uint32_t frame, uint16_t token);
/** A whole constant within bounds, for lengths and offsets. */
bool expr_whole(cb_expr_work *work, uint16_t tree, uint32_t frame, uint32_t max, uint32_t *out);

/* ---- program (emit.c) ---- */
bool expr_emit(cb_expr_work *work, cb_expr_program *out);

/* ---- longer bars (frame.c): exactly as domain/candle.h makes them ---- */
typedef struct expr_bucket {
    uint64_t is_begun;
    uint64_t is_partial; /* the run began inside it: it is not handed out */
    uint64_t has_trades;
    uint64_t is_out_of_range; /* its volume left int64 e8: it is not handed out */
    int64_t volume_e8;
    cb_bar bar;
} expr_bucket;
typedef struct expr_span {
    int64_t base_ns; /* length of the bars that are fed */
    int64_t frame_ns;
    bool is_first; /* no bar came before */
} expr_span;
/** Adds a bar; returns how many longer bars it completed (0 … 2, oldest first). */
uint32_t expr_bucket_feed(
    expr_bucket *bucket, const expr_span *span, const cb_bar *bar, cb_bar out[2]);

#endif /* CB_EXPR_INTERNAL_H */
