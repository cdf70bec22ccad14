/* Text to tokens; names are interned, so that later they are compared by address. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "tests/sim/sql.h"

#define NAMES_MAX 8192
#define TOKENS_FIRST 4096

/* The one table of names of the process. */
static struct {
    const char *texts[NAMES_MAX];
    uint32_t count;
} names;

void sql_stop(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stderr, "sim: sql: ");
    (void)vfprintf(stderr, format, arguments);
    (void)fprintf(stderr, "\n");
    va_end(arguments);
    abort();
}

void *sql_keep(size_t size)
{
    void *block = calloc(1, size);
    CB_ASSERT(block != NULL);
    return block;
}

void *sql_alloc(sql_memory *memory, size_t size)
{
    const size_t rounded = (size + 15) & ~(size_t)15;
    if (memory->used + rounded > memory->size) {
        sql_stop("the run's memory is used up");
    }
    void *block = memory->base + memory->used;
    memory->used += rounded;
    return block;
}

const char *sql_copy_text(sql_memory *memory, const char *text, size_t size)
{
    char *copy = sql_alloc(memory, size + 1);
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

const char *sql_intern(const char *text, size_t size)
{
    uint64_t hash = CB_HASH_SEED;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (uint8_t)text[i]) * UINT64_C(1099511628211);
    }
    size_t slot = (size_t)(hash % NAMES_MAX);
    while (names.texts[slot] != NULL) {
        if (strlen(names.texts[slot]) == size && memcmp(names.texts[slot], text, size) == 0) {
            return names.texts[slot];
        }
        slot = (slot + 1) % NAMES_MAX;
    }
    CB_ASSERT(++names.count < NAMES_MAX / 2);
    char *copy = sql_keep(size + 1);
    memcpy(copy, text, size);
    names.texts[slot] = copy;
    return copy;
}

static bool is_name_first(char c)
{
    return isalpha((unsigned char)c) || c == '_';
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end) {
        if (isspace((unsigned char)*at)) {
            at++;
        } else if (at + 1 < end && at[0] == '-' && at[1] == '-') {
            while (at < end && *at != '\n') {
                at++;
            }
        } else {
            break;
        }
    }
    return at;
}

static const char *lex_name(sql_token *token, const char *at, const char *end)
{
    char lower[128];
    size_t size = 0;
    while (at < end && (isalnum((unsigned char)*at) || *at == '_')) {
        CB_ASSERT(size < sizeof(lower));
        lower[size++] = (char)tolower((unsigned char)*at++);
    }
    token->kind = SQL_T_NAME;
    token->text = sql_intern(lower, size);
    return at;
}

static const char *lex_quoted(sql_token *token, const char *at, const char *end, char quote)
{
    char *text = sql_keep((size_t)(end - at) + 1);
    uint32_t size = 0;
    for (at++; at < end; at++) {
        if (*at == quote && at + 1 < end && at[1] == quote) {
            at++;
        } else if (*at == quote) {
            break;
        }
        text[size++] = *at;
    }
    token->kind = quote == '"' ? SQL_T_NAME : SQL_T_STRING;
    token->is_quoted = quote == '"';
    token->text = quote == '"' ? sql_intern(text, size) : text;
    token->size = size;
    return at + 1;
}

/* $$ … $$ or $tag$ … $tag$ */
static const char *lex_dollar(sql_token *token, const char *at, const char *end)
{
    const char *tag_end = at + 1;
    while (tag_end < end && *tag_end != '$') {
        tag_end++;
    }
    const size_t tag_size = (size_t)(tag_end - at) + 1;
    const char *body = at + tag_size;
    const char *stop = body;
    while (stop + tag_size <= end && memcmp(stop, at, tag_size) != 0) {
        stop++;
    }
    const size_t size = (size_t)(stop - body);
    char *text = sql_keep(size + 1);
    memcpy(text, body, size);
    token->kind = SQL_T_STRING;
    token->text = text;
    token->size = (uint32_t)size;
    return stop + tag_size;
}

static const char *lex_number(sql_token *token, const char *at, const char *end)
{
    token->kind = SQL_T_NUMBER;
    while (at < end && isdigit((unsigned char)*at)) {
        token->number = token->number * 10 + (*at++ - '0');
    }
    if (at + 1 < end && *at == 'e' && isdigit((unsigned char)at[1])) {
        for (int power = at[1] - '0'; power > 0; power--) {
            token->number *= 10;
        }
        at += 2;
    } else if (at + 1 < end && *at == '.' && isdigit((unsigned char)at[1])) {
        token->number = INT64_MIN; /* a fraction, used in printing only */
        for (at++; at < end && isdigit((unsigned char)*at); at++) {
        }
    }
    return at;
}

static const char *lex_sign(sql_token *token, const char *at, const char *end)
{
    static const char *const doubles[] = {"<>", "!=", "<=", ">=", "::", "||", "!~", "->"};
    size_t size = 1;
    if (at + 2 < end && memcmp(at, "->>", 3) == 0) {
        size = 3;
    }
    for (size_t i = 0; size == 1 && i < sizeof(doubles) / sizeof(doubles[0]); i++) {
        if (at + 1 < end && memcmp(at, doubles[i], 2) == 0) {
            size = 2;
        }
    }
    token->kind = SQL_T_SIGN;
    token->text = sql_intern(at, size);
    return at + size;
}

static const char *lex_one(sql_token *token, const char *at, const char *end)
{
    if ((*at == 'E' || *at == 'e') && at + 1 < end && at[1] == '\'') {
        return lex_quoted(token, at + 1, end, '\'');
    }
    if (is_name_first(*at)) {
        return lex_name(token, at, end);
    }
    if (*at == '\'' || *at == '"') {
        return lex_quoted(token, at, end, *at);
    }
    if (*at == '$' && at + 1 < end && isdigit((unsigned char)at[1])) {
        at = lex_number(token, at + 1, end);
        token->kind = SQL_T_PARAM;
        return at;
    }
    if (*at == '$') {
        return lex_dollar(token, at, end);
    }
    if (isdigit((unsigned char)*at)) {
        return lex_number(token, at, end);
    }
    return lex_sign(token, at, end);
}

void sql_lex(sql_parser *parser, const char *text, size_t size)
{
    const char *end = text + size;
    const char *at = skip_space(text, end);
    uint32_t capacity = TOKENS_FIRST;
    *parser =
        (sql_parser){.source = text, .tokens = sql_keep((size_t)capacity * sizeof(sql_token))};
    while (at < end) {
        if (parser->count + 1 == capacity) {
            sql_token *larger = sql_keep((size_t)2 * capacity * sizeof(sql_token));
            memcpy(larger, parser->tokens, capacity * sizeof(sql_token));
            free(parser->tokens);
            parser->tokens = larger;
            capacity *= 2;
        }
        sql_token *token = &parser->tokens[parser->count++];
        token->at = at;
        at = skip_space(lex_one(token, at, end), end);
    }
    parser->tokens[parser->count] = (sql_token){.kind = SQL_T_END, .text = "", .at = end};
}

static bool is_token(const sql_token *token, const char *word)
{
    return (token->kind == SQL_T_NAME || token->kind == SQL_T_SIGN) && !token->is_quoted &&
           strcmp(token->text, word) == 0;
}

bool sql_peek(const sql_parser *parser, const char *word)
{
    return is_token(&parser->tokens[parser->at], word);
}

/* word may be several words */
bool sql_take(sql_parser *parser, const char *word)
{
    uint32_t at = parser->at;
    while (*word != '\0') {
        char one[32];
        const size_t size = strcspn(word, " ");
        CB_ASSERT(size < sizeof(one));
        memcpy(one, word, size);
        one[size] = '\0';
        if (!is_token(&parser->tokens[at], one)) {
            return false;
        }
        at++;
        word += size + (word[size] == ' ' ? 1 : 0);
    }
    parser->at = at;
    return true;
}

void sql_refuse(const sql_parser *parser, const char *what)
{
    sql_stop(
        "expected %s at \"%.80s\" in: %.400s", what, parser->tokens[parser->at].at, parser->source);
}

void sql_need(sql_parser *parser, const char *word)
{
    if (!sql_take(parser, word)) {
        sql_refuse(parser, word);
    }
}

const char *sql_need_name(sql_parser *parser)
{
    const sql_token *token = &parser->tokens[parser->at];
    if (token->kind != SQL_T_NAME) {
        sql_refuse(parser, "a name");
    }
    parser->at++;
    return token->text;
}
