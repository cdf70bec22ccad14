/* The frame of the checker: finding tables, reading cells, collecting findings. */
#include "tests/sim/checker/checker.h"

#include <stdarg.h>
#include <string.h>

const chk_table *chk_find(const chk_view *view, const char *schema, const char *name)
{
    for (uint32_t i = 0; i < view->input->tables_count; i++) {
        const chk_table *table = &view->input->tables[i];
        if (strcmp(table->schema, schema) == 0 && strcmp(table->name, name) == 0) {
            return table;
        }
    }
    return NULL;
}

void chk_say(chk_view *view, int invariant, const char *format, ...)
{
    chk_report *report = view->report;
    if (report->findings_count == CHK_FINDINGS_MAX) {
        return;
    }
    chk_finding *finding = &report->findings[report->findings_count++];
    finding->invariant = invariant;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
}

void chk_looked(chk_view *view, int invariant)
{
    view->report->checked_mask |= UINT32_C(1) << (invariant - 1);
}

const char *chk_text(const chk_table *table, int64_t row, int column)
{
    if (row < 0 || column < 0) {
        return "";
    }
    const char *text = table->text(table->context, (uint32_t)row, column);
    return text != NULL ? text : "";
}

int64_t chk_number(const chk_table *table, int64_t row, int column)
{
    return row < 0 || column < 0 ? 0 : table->number(table->context, (uint32_t)row, column);
}

int64_t chk_row_of(const chk_table *table, int column, const char *text)
{
    for (uint32_t row = 0; table != NULL && column >= 0 && row < table->rows_count; row++) {
        if (strcmp(chk_text(table, row, column), text) == 0) {
            return row;
        }
    }
    return -1;
}

int64_t chk_param(const chk_view *view, const char *name, int64_t otherwise)
{
    const chk_table *table = chk_find(view, "harness", "param");
    if (table == NULL) {
        return otherwise;
    }
    const int64_t row = chk_row_of(table, table->column(table->context, "name"), name);
    return row < 0 ? otherwise : chk_number(table, row, table->column(table->context, "value"));
}

bool chk_run(const chk_input *input, chk_report *report)
{
    chk_view view = {input, report};
    memset(report, 0, sizeof(*report));
    chk_orders(&view);
    chk_requests(&view);
    chk_money(&view);
    chk_hops(&view);
    return report->findings_count == 0;
}
