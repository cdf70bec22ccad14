/* Tables as text, for a person who looks at one seed. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/dst.h"
#include "tests/sim/dst_check.h"

void dst_dump_table(const char *schema, const char *name, FILE *to)
{
    const sql_db *db = dst_pg_db(schema);
    const sql_table *table = sql_find_table(db, sql_intern(name, strlen(name)));
    for (uint32_t i = 0; table != NULL && i < table->rows_count; i++) {
        (void)fprintf(to, "%s.%s", schema, name);
        for (uint32_t k = 0; k < table->shape.count; k++) {
            const char *text = sql_print(&dst->memory, &table->rows[i][k]);
            (void)fprintf(to, " %s=%.60s", table->shape.names[k], text != NULL ? text : "-");
        }
        (void)fputc('\n', to);
    }
}
