/* Rows of a tool as an aligned table, JSON or CSV. Text from files is printed without control
 * characters, and never as a formula. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timefmt.h"
#include "services/lab/tool.h"

#define CELL_MAX 256
#define COLUMNS_MAX 32

bool lab_output_take(lab_args *args, lab_output *out)
{
    static const char *const names[] = {"table", "json", "csv"};
    const char *value = lab_args_option(args, "-o");
    *out = LAB_OUTPUT_TABLE;
    if (value == NULL) {
        return true;
    }
    for (int i = 0; i < 3; i++) {
        if (strcmp(value, names[i]) == 0) {
            *out = (lab_output)i;
            return true;
        }
    }
    (void)fprintf(
        stderr, "cerberus-lab %s: -o %s: known are table, json and csv\n", args->tool, value);
    return false;
}

static bool ends_with(const char *text, const char *tail)
{
    const size_t size = strlen(text);
    const size_t tail_size = strlen(tail);
    return size >= tail_size && strcmp(text + size - tail_size, tail) == 0;
}

/* Terminal escapes in a file's name must not reach the terminal. */
static void clean(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = '?';
        }
    }
}

static void cell_text(const json_t *row, const char *key, bool is_table, char out[CELL_MAX])
{
    const json_t *value = json_object_get(row, key);
    out[0] = '\0';
    if (is_table && ends_with(key, "_ns") && json_is_integer(value)) {
        (void)cb_time_print(json_integer_value(value), 0, out);
    } else if (json_is_integer(value)) {
        (void)snprintf(out, CELL_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_string(value)) {
        (void)snprintf(out, CELL_MAX, "%s", json_string_value(value));
    } else if (json_is_boolean(value)) {
        (void)snprintf(out, CELL_MAX, "%s", json_is_true(value) ? "yes" : "no");
    } else if (json_is_real(value)) {
        (void)snprintf(out, CELL_MAX, "%.6g", json_real_value(value));
    }
    clean(out);
}

static void print_table(const json_t *rows, const lab_column_view *columns, size_t count)
{
    size_t widths[COLUMNS_MAX];
    char cell[CELL_MAX];
    const size_t rows_count = json_array_size(rows);
    for (size_t c = 0; c < count; c++) {
        widths[c] = strlen(columns[c].header);
        for (size_t r = 0; r < rows_count; r++) {
            cell_text(json_array_get(rows, r), columns[c].key, true, cell);
            widths[c] = strlen(cell) > widths[c] ? strlen(cell) : widths[c];
        }
    }
    for (size_t r = 0; r <= rows_count; r++) {
        for (size_t c = 0; c < count; c++) {
            const bool is_last = c + 1 == count;
            if (r == 0) {
                (void)snprintf(cell, sizeof cell, "%s", columns[c].header);
            } else {
                cell_text(json_array_get(rows, r - 1), columns[c].key, true, cell);
            }
            const int width = is_last && !columns[c].is_right ? 0 : (int)widths[c];
            (void)printf(
                "%*s%s", columns[c].is_right ? width : -width, cell, is_last ? "\n" : "  ");
        }
    }
}

/* A spreadsheet runs cells that begin so; a negative number is no formula. */
static bool is_formula(const json_t *value, const char *cell)
{
    return json_is_string(value) && cell[0] != '\0' && strchr("=+-@", cell[0]) != NULL &&
           !(cell[0] == '-' && cell[1] >= '0' && cell[1] <= '9');
}

static void print_csv(const json_t *rows, const lab_column_view *columns, size_t count)
{
    char cell[CELL_MAX];
    for (size_t c = 0; c < count; c++) {
        (void)printf("%s%s", columns[c].key, c + 1 == count ? "\n" : ",");
    }
    for (size_t r = 0; r < json_array_size(rows); r++) {
        const json_t *row = json_array_get(rows, r);
        for (size_t c = 0; c < count; c++) {
            cell_text(row, columns[c].key, false, cell);
            const bool has_quotes = strpbrk(cell, ",\"") != NULL;
            (void)printf("%s%s",
                has_quotes ? "\"" : "",
                is_formula(json_object_get(row, columns[c].key), cell) ? "'" : "");
            for (const char *at = cell; *at != '\0'; at++) {
                (void)printf(*at == '"' ? "\"\"" : "%c", *at);
            }
            (void)printf("%s%s", has_quotes ? "\"" : "", c + 1 == count ? "\n" : ",");
        }
    }
}

void lab_output_rows(
    lab_output output, const json_t *rows, const lab_column_view *columns, size_t columns_count)
{
    if (output == LAB_OUTPUT_JSON) {
        json_t *whole = json_pack("{s:O}", "rows", rows);
        (void)json_dumpf(whole, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
        (void)printf("\n");
        json_decref(whole);
    } else if (output == LAB_OUTPUT_CSV) {
        print_csv(rows, columns, columns_count);
    } else {
        print_table(rows, columns, columns_count > COLUMNS_MAX ? COLUMNS_MAX : columns_count);
    }
}
