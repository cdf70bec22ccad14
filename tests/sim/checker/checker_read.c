/* Histories as JSON lines: one row a line, {"table":"execution.orders","intent_id":"…","qty_e8":5}.
 * Text, numbers, true, false and null; a name that a row does not have is NULL in it. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/checker/checker.h"

#define COLUMNS_MAX 96
#define LINE_MAX_BYTES ((size_t)1 << 20)

typedef struct file_row {
    char *cells[COLUMNS_MAX]; /* [owned] NULL: SQL's NULL */
} file_row;

typedef struct file_table {
    char *name; /* [owned] "execution.orders" */
    char *schema;
    char *columns[COLUMNS_MAX]; /* [owned] */
    uint32_t columns_count;
    file_row *rows; /* [owned] */
    uint32_t rows_count;
    uint32_t rows_capacity;
} file_table;

struct chk_file {
    file_table tables[CHK_TABLES_MAX];
    uint32_t tables_count;
    chk_input input;
};

static int column_of(const void *context, const char *name)
{
    const file_table *table = context;
    for (uint32_t i = 0; i < table->columns_count; i++) {
        if (strcmp(table->columns[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static const char *text_of(const void *context, uint32_t row, int column)
{
    return ((const file_table *)context)->rows[row].cells[column];
}

static int64_t number_of(const void *context, uint32_t row, int column)
{
    const char *text = text_of(context, row, column);
    if (text == NULL) {
        return 0;
    }
    return strcmp(text, "true") == 0 || strcmp(text, "t") == 0 ? 1 : strtoll(text, NULL, 10);
}

/* ---- building ---- */

static char *copy(const char *text)
{
    char *own = strdup(text);
    if (own == NULL) {
        abort();
    }
    return own;
}

static file_table *get_table(chk_file *file, const char *name)
{
    for (uint32_t i = 0; i < file->tables_count; i++) {
        if (strcmp(file->tables[i].name, name) == 0) {
            return &file->tables[i];
        }
    }
    if (file->tables_count == CHK_TABLES_MAX) {
        return NULL;
    }
    file_table *table = &file->tables[file->tables_count++];
    table->name = copy(name);
    table->schema = copy(name);
    table->schema[strcspn(name, ".")] = '\0';
    return table;
}

static int get_column(file_table *table, const char *name)
{
    const int known = column_of(table, name);
    if (known >= 0 || table->columns_count == COLUMNS_MAX) {
        return known;
    }
    table->columns[table->columns_count] = copy(name);
    return (int)table->columns_count++;
}

static file_row *add_row(file_table *table)
{
    if (table->rows_count == table->rows_capacity) {
        table->rows_capacity = table->rows_capacity == 0 ? 64 : 2 * table->rows_capacity;
        table->rows = realloc(table->rows, table->rows_capacity * sizeof(table->rows[0]));
        if (table->rows == NULL) {
            abort();
        }
    }
    file_row *row = &table->rows[table->rows_count++];
    memset(row, 0, sizeof(*row));
    return row;
}

/* NULL for null; objects and lists as their JSON text. */
static char *cell_of(const json_t *value)
{
    char number[32];
    switch (json_typeof(value)) {
    case JSON_STRING:
        return copy(json_string_value(value));
    case JSON_INTEGER:
        (void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return copy(number);
    case JSON_TRUE:
        return copy("true");
    case JSON_FALSE:
        return copy("0");
    case JSON_NULL:
        return NULL;
    case JSON_REAL:
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

static bool take_line(chk_file *file, const char *line, char *error, size_t error_size)
{
    json_error_t why;
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &why);
    const char *name = json_string_value(json_object_get(object, "table"));
    file_table *table = name != NULL && strchr(name, '.') != NULL ? get_table(file, name) : NULL;
    if (table == NULL) {
        (void)snprintf(error, error_size, "%s", object == NULL ? why.text : "no \"table\"");
        json_decref(object);
        return false;
    }
    file_row *row = add_row(table);
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(object, key, value)
    {
        const int column = strcmp(key, "table") == 0 ? -1 : get_column(table, key);
        if (column >= 0) {
            row->cells[column] = cell_of(value);
        }
    }
    json_decref(object);
    return true;
}

static void describe(chk_file *file)
{
    for (uint32_t i = 0; i < file->tables_count; i++) {
        const file_table *table = &file->tables[i];
        file->input.tables[i] = (chk_table){table->schema,
            table->name + strlen(table->schema) + 1,
            table->rows_count,
            table,
            column_of,
            text_of,
            number_of};
    }
    file->input.tables_count = file->tables_count;
}

chk_file *chk_read(FILE *from, char *error, size_t error_size)
{
    chk_file *file = calloc(1, sizeof(*file));
    char *line = malloc(LINE_MAX_BYTES);
    uint64_t number = 0;
    bool is_right = file != NULL && line != NULL;
    while (is_right && fgets(line, (int)LINE_MAX_BYTES, from) != NULL) {
        char why[160] = "";
        number++;
        if (line[strspn(line, " \t\r\n")] != '\0' && !take_line(file, line, why, sizeof(why))) {
            (void)snprintf(error, error_size, "line %llu: %s", (unsigned long long)number, why);
            is_right = false;
        }
    }
    free(line);
    if (!is_right) {
        chk_file_free(file);
        return NULL;
    }
    describe(file);
    return file;
}

const chk_input *chk_file_input(const chk_file *file)
{
    return &file->input;
}

void chk_file_free(chk_file *file)
{
    if (file == NULL) {
        return;
    }
    for (uint32_t i = 0; i < file->tables_count; i++) {
        file_table *table = &file->tables[i];
        for (uint32_t row = 0; row < table->rows_count; row++) {
            for (uint32_t k = 0; k < table->columns_count; k++) {
                free(table->rows[row].cells[k]);
            }
        }
        for (uint32_t k = 0; k < table->columns_count; k++) {
            free(table->columns[k]);
        }
        free(table->rows);
        free(table->name);
        free(table->schema);
    }
    free(file);
}
