/* Messages: where a text was refused, why, and what may have been meant. The first error stays. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/textbuf.h"
#include "expr/expr_internal.h"

#define NEAR_MAX 2U    /* single-letter edits up to which a name may have been meant */
#define WORD_MAX 31U   /* longer words are near nothing */
#define SHOWN_MAX 160U /* characters of a source line that are printed */

/* True for the first byte of each character of UTF-8. */
static bool begins_character(char byte)
{
    return ((unsigned char)byte & 0xC0U) != 0x80U;
}

static uint32_t count_characters(const char *at, size_t size)
{
    uint32_t count = 0;
    for (size_t i = 0; i < size; i++) {
        count += begins_character(at[i]) ? 1U : 0U;
    }
    return count;
}

static void set_place(cb_expr_work *work, size_t at, size_t size)
{
    cb_expr_error *error = work->error;
    size_t line_begin = 0;
    CB_ASSERT(at <= work->text.size);
    CB_ASSERT(at + size <= work->text.size);
    error->line = 1;
    for (size_t i = 0; i < at; i++) {
        if (work->text.at[i] == '\n') {
            error->line++;
            line_begin = i + 1;
        }
    }
    error->column = 1 + count_characters(work->text.at + line_begin, at - line_begin);
    const char *end = size > 0 ? memchr(work->text.at + at, '\n', size) : NULL;
    const size_t shown = end != NULL ? (size_t)(end - (work->text.at + at)) : size;
    error->size = count_characters(work->text.at + at, shown);
    error->size = error->size == 0 ? 1 : error->size;
}

__attribute__((format(printf, 4, 0))) static void set_error(
    cb_expr_work *work, size_t at, size_t size, const char *format, va_list arguments)
{
    if (work->status != CB_OK) {
        return;
    }
    work->status = CB_E_SYNTAX;
    *work->error = (cb_expr_error){.line = 1};
    set_place(work, at, size);
    (void)vsnprintf(work->error->text, sizeof work->error->text, format, arguments);
}

bool expr_fail_at(cb_expr_work *work, size_t at, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_error(work, at, size, format, arguments);
    va_end(arguments);
    return false;
}

bool expr_fail(cb_expr_work *work, uint32_t first, uint32_t last, const char *format, ...)
{
    CB_ASSERT(first <= last);
    CB_ASSERT(last < work->tokens_count);
    const size_t at = work->tokens[first].at;
    const size_t end = (size_t)work->tokens[last].at + work->tokens[last].size;
    va_list arguments;
    va_start(arguments, format);
    set_error(work, at, end - at, format, arguments);
    va_end(arguments);
    return false;
}

bool expr_hint(cb_expr_work *work, const char *format, ...)
{
    CB_ASSERT(work->status != CB_OK);
    if (work->error->hint[0] == '\0') {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(work->error->hint, sizeof work->error->hint, format, arguments);
        va_end(arguments);
    }
    return false;
}

bool expr_full(cb_expr_work *work, uint32_t token, const char *what, uint32_t max)
{
    if (work->status == CB_OK) {
        (void)expr_fail(work, token, token, "too many %s: at most %u", what, max);
        work->status = CB_E_FULL;
    }
    return false;
}

/* How many single-letter edits apart; WORD_MAX when a word is too long to be compared. */
static size_t distance(cb_strview a, const char *b)
{
    const size_t b_size = strlen(b);
    size_t row[WORD_MAX + 1];
    if (a.size >= WORD_MAX || b_size >= WORD_MAX) {
        return WORD_MAX;
    }
    for (size_t j = 0; j <= b_size; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            const size_t change = diagonal + (a.at[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            const size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = change < step ? change : step;
        }
    }
    return row[b_size];
}

void expr_near_try(expr_near *near, cb_strview name, const char *candidate)
{
    CB_ASSERT(near != NULL && candidate != NULL);
    const size_t apart = distance(name, candidate);
    if ((near->name[0] == '\0' || apart < near->distance) &&
        cb_text_copy(near->name, sizeof near->name, cb_sv_from(candidate))) {
        near->distance = apart;
    }
}

bool expr_hint_near(cb_expr_work *work, const expr_near *near)
{
    /* of a short word half the letters must be right */
    if (near->name[0] != '\0' && near->distance <= NEAR_MAX &&
        2 * near->distance <= strlen(near->name)) {
        return expr_hint(work, "did you mean '%s'?", near->name);
    }
    return false;
}

/* ---- printing ---- */

static cb_strview line_of(cb_strview text, uint32_t number)
{
    size_t at = 0;
    for (uint32_t line = 1; line < number && at < text.size; at++) {
        line += text.at[at] == '\n' ? 1U : 0U;
    }
    size_t end = at;
    while (end < text.size && text.at[end] != '\n' && text.at[end] != '\r') {
        end++;
    }
    return (cb_strview){text.at + at, end - at};
}

/* A text comes from anybody and goes to a terminal: it may not steer it. */
static void add_bytes(cb_textbuf *out, const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const bool is_shown = at[i] == '\t' || ((unsigned char)at[i] >= ' ' && at[i] != 0x7f);
        const char one[2] = {is_shown ? at[i] : '?', '\0'};
        cb_textbuf_add(out, one);
    }
}

/* The line, and below it blanks (tabs stay tabs, so that both lines keep step) and the mark. */
static void add_marked_line(cb_textbuf *out, const cb_expr_error *error, cb_strview line)
{
    const size_t shown = line.size < SHOWN_MAX ? line.size : SHOWN_MAX;
    cb_textbuf_add(out, "  ");
    add_bytes(out, line.at, shown);
    cb_textbuf_add(out, "\n  ");
    uint32_t column = 1;
    for (size_t i = 0; i < shown && column < error->column; i++) {
        if (begins_character(line.at[i])) {
            cb_textbuf_add(out, line.at[i] == '\t' ? "\t" : " ");
            column++;
        }
    }
    for (; column < error->column && column < SHOWN_MAX; column++) {
        cb_textbuf_add(out, " ");
    }
    for (uint32_t i = 0; i < error->size && i < SHOWN_MAX; i++) {
        cb_textbuf_add(out, "^");
    }
    cb_textbuf_add(out, "\n");
}

size_t cb_expr_error_print(
    const cb_expr_error *error, cb_strview text, const char *file, char *out, size_t out_size)
{
    CB_ASSERT(error != NULL && file != NULL);
    CB_ASSERT(out != NULL && out_size > 0);
    cb_textbuf buffer = cb_textbuf_over(out, out_size);
    if (file[0] != '\0') {
        cb_textbuf_add(&buffer, file);
        cb_textbuf_add(&buffer, ":");
    }
    cb_textbuf_add_u64(&buffer, error->line);
    cb_textbuf_add(&buffer, ":");
    cb_textbuf_add_u64(&buffer, error->column);
    cb_textbuf_add(&buffer, ": ");
    cb_textbuf_add(&buffer, error->text);
    cb_textbuf_add(&buffer, "\n");
    add_marked_line(&buffer, error, line_of(text, error->line));
    if (error->hint[0] != '\0') {
        cb_textbuf_add(&buffer, "  hint: ");
        cb_textbuf_add(&buffer, error->hint);
        cb_textbuf_add(&buffer, "\n");
    }
    return buffer.used;
}
