/* Rows as an aligned table. Text from outside is printed without control characters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "services/cli/cli.h"

#define CELL_MAX 160

static bool ends_with(const char *text, const char *tail)
{
    const size_t size = strlen(text);
    const size_t tail_size = strlen(tail);
    return size >= tail_size && strcmp(text + size - tail_size, tail) == 0;
}

/* Terminal escapes in a name must not reach the terminal. */
static void clean(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = '?';
        }
    }
}

static void cell_text(const json_t *row, const cli_column *column, char out[CELL_MAX])
{
    const json_t *value = json_object_get(row, column->key);
    out[0] = '\0';
    if (ends_with(column->key, "_ns") && (json_is_integer(value) || json_is_string(value))) {
        const int64_t at_ns = json_is_integer(value) ? json_integer_value(value)
                                                     : strtoll(json_string_value(value), NULL, 10);
        if (at_ns != 0) {
            (void)cb_time_print(at_ns, 3, out);
        }
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

static void print_cell(const char *text, size_t width, cli_align align, bool is_last)
{
    if (align == CLI_RIGHT) {
        (void)printf("%*s", (int)width, text);
    } else if (is_last) {
        (void)printf("%s", text);
    } else {
        (void)printf("%-*s", (int)width, text);
    }
    (void)printf("%s", is_last ? "\n" : "  ");
}

void cli_print_rows(const json_t *rows, const cli_column *columns, size_t columns_count)
{
    size_t widths[24];
    char cell[CELL_MAX];
    const size_t rows_count = json_array_size(rows);
    for (size_t c = 0; c < columns_count; c++) {
        widths[c] = strlen(columns[c].header);
        for (size_t r = 0; r < rows_count; r++) {
            cell_text(json_array_get(rows, r), &columns[c], cell);
            widths[c] = strlen(cell) > widths[c] ? strlen(cell) : widths[c];
        }
    }
    for (size_t c = 0; c < columns_count; c++) {
        print_cell(columns[c].header, widths[c], columns[c].align, c + 1 == columns_count);
    }
    for (size_t r = 0; r < rows_count; r++) {
        for (size_t c = 0; c < columns_count; c++) {
            cell_text(json_array_get(rows, r), &columns[c], cell);
            print_cell(cell, widths[c], columns[c].align, c + 1 == columns_count);
        }
    }
}

void cli_print_json(const json_t *value)
{
    (void)json_dumpf(value, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    (void)printf("\n");
}

static int list_once(cli *self, const char *path, const cli_column *columns, size_t columns_count)
{
    json_t *answer = NULL;
    const int code = cli_request(self, "GET", path, NULL, &answer);
    if (code != CLI_OK) {
        return code;
    }
    if (self->output == CLI_JSON) {
        cli_print_json(answer);
    } else {
        const json_t *rows = json_object_get(answer, "rows");
        cli_print_rows(rows, columns, columns_count);
        if (json_array_size(rows) == 0) {
            (void)fprintf(stderr, "(none)\n");
        }
    }
    json_decref(answer);
    return CLI_OK;
}

int cli_list(cli *self, const char *path, const cli_column *columns, size_t columns_count)
{
    const struct timespec second = {1, 0};
    int code = list_once(self, path, columns, columns_count);
    while (self->is_watch && code == CLI_OK && fflush(stdout) == 0) {
        (void)nanosleep(&second, NULL);
        if (isatty(STDOUT_FILENO) == 1) {
            (void)printf("\033[H\033[2J");
        }
        code = list_once(self, path, columns, columns_count);
    }
    return code;
}
