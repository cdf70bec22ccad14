/* The limit book as a person reads it: each row for each thing that it means now, with what is used
 * and what orders in flight have claimed. Reads the state, changes nothing. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/risk/core/state.h"

#define SUM "*"

/* The names that a "*" in a scope stands for now. */
typedef struct list_names {
    uint32_t count;
    const char *names[RISK_SUBS_MAX];
} list_names;

static void add_name(list_names *names, const char *name)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (cb_text_equal(names->names[i], name)) {
            return;
        }
    }
    if (names->count < RISK_SUBS_MAX) {
        names->names[names->count++] = name;
    }
    CB_ASSERT(names->count <= RISK_SUBS_MAX);
}

static void list_strategies(const risk_state *state, const char *named, list_names *out)
{
    out->count = 0;
    if (!cb_text_equal(named, SUM)) {
        add_name(out, named);
        return;
    }
    for (uint32_t i = 0; i < state->subs_count; i++) {
        const risk_subaccount *row = &state->subs[i].row;
        if (cb_text_equal(row->symbol, SUM) && row->strategy[0] != '\0') {
            add_name(out, row->strategy);
        }
    }
}

/* A kind that is about the order's own symbol is listed for each symbol, whatever its scope. */
static void list_symbols(const risk_state *state, const risk_limit *limit, list_names *out)
{
    const bool is_of_symbol = limit->kind == RISK_LIMIT_POSITION_NOTIONAL ||
                              limit->kind == RISK_LIMIT_POSITION_QTY ||
                              limit->kind == RISK_LIMIT_CONCENTRATION;
    const char *named = limit->scope.symbol;
    out->count = 0;
    if (!cb_text_equal(named, SUM) && !(is_of_symbol && named[0] == '\0')) {
        add_name(out, named);
        return;
    }
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        add_name(out, state->symbols[i].name);
    }
}

static void fill_view(const risk_state *state,
    const risk_limit *limit,
    const risk_key *key,
    int64_t now_ns,
    risk_limit_view *view)
{
    risk_book_line line;
    risk_measure(state, limit, key, now_ns, &line);
    *view = (risk_limit_view){.value_e8 = limit->value_e8,
        .used_e8 = line.used_e8,
        .bound_e8 = line.bound_e8,
        .reserved_e8 = risk_measure_reserved(state, limit, key),
        .help = risk_kinds[limit->kind].help};
    const bool has_name = cb_text_copy(view->name, sizeof(view->name), cb_sv_from(line.label));
    const bool has_unit =
        cb_text_copy(view->unit, sizeof(view->unit), cb_sv_from(risk_kinds[limit->kind].unit));
    CB_ASSERT(has_name);
    CB_ASSERT(has_unit);
}

static void list_limit(const risk_state *state,
    const risk_limit *limit,
    int64_t now_ns,
    void (*fn)(void *context, const risk_limit_view *view),
    void *context)
{
    list_names strategies;
    list_names symbols;
    list_strategies(state, limit->scope.strategy, &strategies);
    list_symbols(state, limit, &symbols);
    CB_ASSERT(strategies.count <= RISK_SUBS_MAX);
    for (uint32_t i = 0; i < strategies.count; i++) {
        for (uint32_t k = 0; k < symbols.count; k++) {
            const risk_key key = {.venue = state->config->venue,
                .account = state->account.account,
                .strategy = strategies.names[i],
                .symbol = symbols.names[k]};
            if (!risk_scope_covers(&limit->scope, &key)) {
                continue; /* of another venue or account */
            }
            risk_limit_view view;
            fill_view(state, limit, &key, now_ns, &view);
            fn(context, &view);
        }
    }
}

void risk_limits_list(const risk_state *state,
    int64_t now_ns,
    void (*fn)(void *context, const risk_limit_view *view),
    void *context)
{
    CB_ASSERT(fn != NULL);
    CB_ASSERT(state->book_count <= RISK_LIMITS_MAX);
    for (uint32_t i = 0; i < state->book_count; i++) {
        list_limit(state, &state->book[i], now_ns, fn, context);
    }
}
