/* Kinds and scopes of the limit book: reading, writing and matching them. What is used of a limit
 * stands in measure.c. */
#include "services/risk/core/book.h"

#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/textbuf.h"

#define UNIT_QUOTE "quote"
#define UNIT_BASE "base"
#define UNIT_RATIO "ratio"
#define UNIT_COUNT "count"

const risk_kind_info risk_kinds[RISK_LIMIT_KINDS_COUNT] = {
#define RISK_LIMIT_KIND(token, name, unit, flags, min, max, help)                                  \
    [RISK_LIMIT_##token] = {name, UNIT_##unit, flags, min, max, help},
#include "services/risk/core/kinds.def"
#undef RISK_LIMIT_KIND
};

risk_limit_kind risk_kind_parse(const char *name)
{
    CB_ASSERT(name != NULL);
    uint32_t kind = 0;
    while (kind < RISK_LIMIT_KINDS_COUNT && !cb_text_equal(risk_kinds[kind].name, name)) {
        kind++;
    }
    CB_ASSERT(kind <= RISK_LIMIT_KINDS_COUNT);
    return (risk_limit_kind)kind;
}

/* ---- scopes ---- */

typedef struct scope_part {
    const char *key; /* with its colon */
    char *name;
    size_t size;
} scope_part;

#define SCOPE_PARTS 4

static void parts_of(risk_scope *scope, scope_part out[SCOPE_PARTS])
{
    CB_ASSERT(scope != NULL);
    out[0] = (scope_part){"venue:", scope->venue, sizeof(scope->venue)};
    out[1] = (scope_part){"account:", scope->account, sizeof(scope->account)};
    out[2] = (scope_part){"strategy:", scope->strategy, sizeof(scope->strategy)};
    out[3] = (scope_part){"symbol:", scope->symbol, sizeof(scope->symbol)};
    CB_ASSERT(out[3].size > 0);
}

/* "*", or letters, digits, '_', '.' and '-'. */
static bool is_name(cb_strview text)
{
    if (cb_sv_is(text, "*")) {
        return true;
    }
    for (size_t i = 0; i < text.size; i++) {
        const char c = text.at[i];
        const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
        if (!is_word) {
            return false;
        }
    }
    return text.size > 0;
}

static bool take_part(scope_part *parts, cb_strview text)
{
    for (uint32_t i = 0; i < SCOPE_PARTS; i++) {
        const size_t size = strlen(parts[i].key);
        if (!cb_sv_starts_with(text, parts[i].key)) {
            continue;
        }
        const cb_strview name = {text.at + size, text.size - size};
        return parts[i].name[0] == '\0' && is_name(name) &&
               cb_text_copy(parts[i].name, parts[i].size, name);
    }
    return false;
}

bool risk_scope_parse(const char *text, risk_scope *out)
{
    CB_ASSERT(text != NULL);
    CB_ASSERT(out != NULL);
    *out = (risk_scope){.venue = ""};
    if (cb_text_equal(text, "*")) {
        return true;
    }
    scope_part parts[SCOPE_PARTS];
    parts_of(out, parts);
    const char *at = text;
    for (;;) {
        const char *end = strchr(at, ',');
        const size_t size = end == NULL ? strlen(at) : (size_t)(end - at);
        if (!take_part(parts, (cb_strview){at, size})) {
            return false;
        }
        if (end == NULL) {
            return true;
        }
        at = end + 1;
    }
}

void risk_scope_print(const risk_scope *scope, char out[RISK_SCOPE_TEXT_MAX])
{
    risk_scope copy = *scope;
    scope_part parts[SCOPE_PARTS];
    parts_of(&copy, parts);
    cb_textbuf text = cb_textbuf_over(out, RISK_SCOPE_TEXT_MAX);
    for (uint32_t i = 0; i < SCOPE_PARTS; i++) {
        if (parts[i].name[0] != '\0') {
            cb_textbuf_add(&text, text.used > 0 ? "," : "");
            cb_textbuf_add(&text, parts[i].key);
            cb_textbuf_add(&text, parts[i].name);
        }
    }
    cb_textbuf_add(&text, text.used == 0 ? "*" : "");
    CB_ASSERT(text.used > 0);
    CB_ASSERT(text.used + 1 < RISK_SCOPE_TEXT_MAX);
}

void risk_limit_name(risk_limit_kind kind, const risk_scope *scope, char out[RISK_LIMIT_NAME_MAX])
{
    CB_ASSERT(kind < RISK_LIMIT_KINDS_COUNT);
    char words[RISK_SCOPE_TEXT_MAX];
    risk_scope_print(scope, words);
    cb_textbuf text = cb_textbuf_over(out, RISK_LIMIT_NAME_MAX);
    cb_textbuf_add(&text, risk_kinds[kind].name);
    cb_textbuf_add(&text, "@");
    cb_textbuf_add(&text, words);
    CB_ASSERT(text.used + 1 < RISK_LIMIT_NAME_MAX);
}

bool risk_limit_name_parse(const char *name, risk_limit_kind *kind, risk_scope *scope)
{
    char word[24];
    const char *at = strchr(name, '@');
    CB_ASSERT(kind != NULL);
    CB_ASSERT(scope != NULL);
    if (at == NULL || !cb_text_copy(word, sizeof(word), (cb_strview){name, (size_t)(at - name)})) {
        return false;
    }
    *kind = risk_kind_parse(word);
    return *kind < RISK_LIMIT_KINDS_COUNT && risk_scope_parse(at + 1, scope);
}

static bool covers_name(const char *named, const char *name)
{
    return named[0] == '\0' || cb_text_equal(named, "*") || cb_text_equal(named, name);
}

bool risk_scope_covers(const risk_scope *scope, const risk_key *key)
{
    CB_ASSERT(scope != NULL);
    CB_ASSERT(key->strategy != NULL && key->symbol != NULL);
    return covers_name(scope->venue, key->venue) && covers_name(scope->account, key->account) &&
           covers_name(scope->strategy, key->strategy) && covers_name(scope->symbol, key->symbol);
}

static void set_each(char *named, size_t size, const char *name)
{
    if (cb_text_equal(named, "*")) {
        const bool fits = cb_text_copy(named, size, cb_sv_from(name));
        CB_ASSERT(fits);
    }
}

risk_scope risk_scope_of(const risk_scope *scope, const risk_key *key)
{
    CB_ASSERT(risk_scope_covers(scope, key));
    risk_scope out = *scope;
    set_each(out.venue, sizeof(out.venue), key->venue);
    set_each(out.account, sizeof(out.account), key->account);
    set_each(out.strategy, sizeof(out.strategy), key->strategy);
    set_each(out.symbol, sizeof(out.symbol), key->symbol);
    CB_ASSERT(!cb_text_equal(out.strategy, "*"));
    return out;
}

const char *risk_limit_error(risk_limit_kind kind, const risk_scope *scope, int64_t value_e8)
{
    CB_ASSERT(scope != NULL);
    if (kind >= RISK_LIMIT_KINDS_COUNT) {
        return "there is no limit of that kind";
    }
    const risk_kind_info *info = &risk_kinds[kind];
    const bool has_strategy = scope->strategy[0] != '\0';
    const bool has_symbol = scope->symbol[0] != '\0';
    if ((info->flags & RISK_KIND_PER_SYMBOL) != 0 && !has_symbol) {
        return "the scope must name a symbol, or symbol:*";
    }
    if ((info->flags & RISK_KIND_PER_STRATEGY) != 0 && (!has_strategy || has_symbol)) {
        return "the scope must name a strategy, or strategy:*, and no symbol";
    }
    if ((info->flags & RISK_KIND_NOT_TOTAL) != 0 && !has_strategy && !has_symbol) {
        return "the scope must name a strategy or a symbol";
    }
    if (value_e8 < info->min_e8 || value_e8 > info->max_e8) {
        return "the value is outside of the bounds of its kind";
    }
    const bool is_whole = value_e8 % CB_E8 == 0;
    return cb_text_equal(info->unit, UNIT_COUNT) && !is_whole ? "a count must be a whole number"
                                                              : "";
}
