/* Which column of a CSV file holds what: told by its header, by the number and look of its columns,
 * or by the user. */
#ifndef LAB_LAYOUT_H
#define LAB_LAYOUT_H

#include "base/err.h"
#include "base/strview.h"
#include "services/lab/data/table.h"

#define LAB_LAYOUT_COLUMNS_MAX 64

typedef enum lab_role {
    LAB_ROLE_SKIP,
    LAB_ROLE_TIME,
    LAB_ROLE_OPEN,
    LAB_ROLE_HIGH,
    LAB_ROLE_LOW,
    LAB_ROLE_CLOSE,
    LAB_ROLE_VOLUME,
    LAB_ROLE_QUOTE_VOLUME,
    LAB_ROLE_TAKER_VOLUME,
    LAB_ROLE_TRADES_COUNT,
    LAB_ROLE_CLOSE_TIME,
    LAB_ROLE_ID,
    LAB_ROLE_PRICE,
    LAB_ROLE_QTY,
    LAB_ROLE_SIDE,     /* buy or sell: the taker's */
    LAB_ROLE_IS_MAKER, /* true or false: the buyer was the maker */
    LAB_ROLE_SYMBOL,   /* the same in every row */
    LAB_ROLE_COUNT
} lab_role;

typedef struct lab_layout {
    const char *name; /* "binance klines": static */
    lab_kind kind;
    char separator;
    bool has_header;
    uint32_t columns_count;
    uint8_t roles[LAB_LAYOUT_COLUMNS_MAX];
    uint32_t known; /* bit of each role that is there */
} lab_layout;

/**
 * Looks at the first line (without its end).
 *
 * @param columns of lab_import_options, or NULL. @param quotes "bid", "ask" or NULL.
 * @return CB_OK; CB_E_SYNTAX with what is missing or wrong with the line.
 */
CB_MUST_USE cb_status lab_layout_detect(
    cb_strview line, const char *columns, const char *quotes, lab_layout *layout, cb_err *err);

/** Removes white space at both ends, and a pair of quotes. */
cb_strview lab_field_trim(cb_strview field);

#endif /* LAB_LAYOUT_H */
