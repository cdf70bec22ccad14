/* Between the parser's files. */
#ifndef DST_SQL_PARSE_H
#define DST_SQL_PARSE_H

#include "tests/sim/sql.h"

sql_select *sql_parse_select(sql_parser *parser);
uint32_t sql_parse_outputs(sql_parser *parser, sql_node ***out);
uint32_t sql_parse_froms(sql_parser *parser, sql_from **out);
/** WITH …, when it is there. */
uint32_t sql_parse_withs(sql_parser *parser, sql_with **out);
const char *sql_parse_type(sql_parser *parser);
/** After CREATE FUNCTION: a trigger function is kept, others are passed over. */
void sql_parse_function(sql_db *db, sql_parser *parser);

#endif /* DST_SQL_PARSE_H */
