/* Field tables: one list of fields makes a plain struct and its description. The description
 * serves the protobuf codec (wire/codec), JSON, the SQL writer (rt/store) and `cerberus tap`, so a
 * field is written down once in C; the .proto file is the contract with the outside and a test
 * holds both equal.
 *
 * A list is a macro NAME_FIELDS(F): one F_…(number, …) per field, numbers as in the .proto file.
 *   #define CB_TRADE_FIELDS(F) \
 *       F##_MSG(1, env, cb_envelope) F##_TEXT(2, venue, 12) F##_PRICE(5, price) …
 * In a header:  CB_STRUCT(cb_trade, CB_TRADE_FIELDS);  (struct cb_trade and extern cb_trade_desc)
 * In one .c:    CB_DESC(cb_trade, CB_TRADE_FIELDS)     (const cb_desc cb_trade_desc)
 *
 * Proto, SQL and JSON names carry the unit: PRICE, QTY, AMOUNT, RATIO append "_e8" (sfixed64;
 * JSON prints them without the suffix as exact decimal strings); TIME fields end in "_ns" already.
 */
#ifndef CB_FIELDS_H
#define CB_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/money.h"

typedef enum cb_field_kind {
    CB_KIND_ID,     /* cb_id; proto bytes (16); SQL uuid; JSON UUID text */
    CB_KIND_TEXT,   /* char[cap], NUL-terminated UTF-8; proto string; SQL text */
    CB_KIND_BLOB32, /* uint8_t[32]; proto bytes (32); SQL bytea; JSON hex */
    CB_KIND_U64,    /* uint64_t; proto uint64; SQL bigint (refused above 2^63-1); JSON text */
    CB_KIND_I64,    /* int64_t; proto sfixed64; SQL bigint; JSON text */
    CB_KIND_U32,    /* uint32_t; proto uint32; SQL bigint; JSON number */
    CB_KIND_BOOL,   /* bool; proto bool; SQL boolean */
    CB_KIND_ENUM,   /* an enum of domain/enums.h; proto enum; SQL text (lower-case name) */
    CB_KIND_E8,     /* cb_price, cb_qty, cb_amount, cb_ratio; proto sfixed64; SQL bigint */
    CB_KIND_TIME,   /* int64_t ns UTC; proto sfixed64; SQL bigint; JSON text */
    CB_KIND_F64,    /* double, never money; proto double; SQL double precision */
    CB_KIND_MSG,    /* embedded struct */
    CB_KIND_REP     /* uint32_t NAME_count and an array of structs; SQL jsonb; JSON array */
} cb_field_kind;

struct cb_desc;
struct cb_enum_desc;

typedef struct cb_field {
    const char *name; /* proto and SQL name, unit included ("price_e8") */
    uint32_t number;  /* proto field number */
    cb_field_kind kind;
    uint32_t offset;
    uint32_t count_offset;            /* REP: offset of the count */
    uint32_t capacity;                /* TEXT: bytes with NUL; REP: items at most */
    const struct cb_desc *sub;        /* MSG, REP */
    const struct cb_enum_desc *enums; /* ENUM */
} cb_field;

typedef struct cb_desc {
    const char *name; /* without the cb_ prefix: "trade" */
    uint32_t size;
    uint32_t fields_count;
    const cb_field *fields;
} cb_desc;

typedef struct cb_enum_desc {
    const char *name;
    uint32_t count;            /* valid values are 0 … count-1; 0 is "unspecified" */
    const char *const *values; /* lower-case names */
} cb_enum_desc;

/* struct members */
#define CB_D_ID(n, name) cb_id name;
#define CB_D_TEXT(n, name, cap) char name[cap];
#define CB_D_BLOB32(n, name) uint8_t name[32];
#define CB_D_U64(n, name) uint64_t name;
#define CB_D_I64(n, name) int64_t name;
#define CB_D_U32(n, name) uint32_t name;
#define CB_D_BOOL(n, name) bool name;
#define CB_D_ENUM(n, name, type) type name;
#define CB_D_PRICE(n, name) cb_price name;
#define CB_D_QTY(n, name) cb_qty name;
#define CB_D_AMOUNT(n, name) cb_amount name;
#define CB_D_RATIO(n, name) cb_ratio name;
#define CB_D_TIME(n, name) int64_t name;
#define CB_D_F64(n, name) double name;
#define CB_D_MSG(n, name, type) type name;
#define CB_D_REP(n, name, type, max)                                                               \
    uint32_t name##_count;                                                                         \
    type name[max];

/* descriptions; CB_SELF is the struct being described */
#define CB_F_AT(name) (uint32_t) offsetof(CB_SELF, name)
#define CB_F_ID(n, name) {#name, n, CB_KIND_ID, CB_F_AT(name), 0, 0, NULL, NULL},
#define CB_F_TEXT(n, name, cap) {#name, n, CB_KIND_TEXT, CB_F_AT(name), 0, cap, NULL, NULL},
#define CB_F_BLOB32(n, name) {#name, n, CB_KIND_BLOB32, CB_F_AT(name), 0, 0, NULL, NULL},
#define CB_F_U64(n, name) {#name, n, CB_KIND_U64, CB_F_AT(name), 0, 0, NULL, NULL},
#define CB_F_I64(n, name) {#name, n, CB_KIND_I64, CB_F_AT(name), 0, 0, NULL, NULL},
#define CB_F_U32(n, name) {#name, n, CB_KIND_U32, CB_F_AT(name), 0, 0, NULL, NULL},
#define CB_F_BOOL(n, name) {#name, n, CB_KIND_BOOL, CB_F_AT(name), 0, 0, NULL, NULL},
#define CB_F_ENUM(n, name, type) {#name, n, CB_KIND_ENUM, CB_F_AT(name), 0, 0, NULL, &type##_desc},
#define CB_F_PRICE(n, name) {#name "_e8", n, CB_KIND_E8, CB_F_AT(name), 0, 0, NULL, NULL},
#define CB_F_QTY(n, name) {#name "_e8", n, CB_KIND_E8, CB_F_AT(name), 0, 0, NULL, NULL},
#define CB_F_AMOUNT(n, name) {#name "_e8", n, CB_KIND_E8, CB_F_AT(name), 0, 0, NULL, NULL},
#define CB_F_RATIO(n, name) {#name "_e8", n, CB_KIND_E8, CB_F_AT(name), 0, 0, NULL, NULL},
#define CB_F_TIME(n, name) {#name, n, CB_KIND_TIME, CB_F_AT(name), 0, 0, NULL, NULL},
#define CB_F_F64(n, name) {#name, n, CB_KIND_F64, CB_F_AT(name), 0, 0, NULL, NULL},
#define CB_F_MSG(n, name, type) {#name, n, CB_KIND_MSG, CB_F_AT(name), 0, 1, &type##_desc, NULL},
#define CB_F_REP(n, name, type, max)                                                               \
    {#name, n, CB_KIND_REP, CB_F_AT(name), CB_F_AT(name##_count), max, &type##_desc, NULL},

#define CB_STRUCT(type, FIELDS)                                                                    \
    typedef struct type {                                                                          \
        FIELDS(CB_D)                                                                               \
    } type;                                                                                        \
    extern const cb_desc type##_desc

/* CB_DESC is used after `#define CB_SELF type`; short_name is the proto message's snake name. */
#define CB_DESC(type, short_name, FIELDS)                                                          \
    static const cb_field type##_fields[] = {FIELDS(CB_F)};                                        \
    const cb_desc type##_desc = {short_name,                                                       \
        sizeof(type),                                                                              \
        sizeof(type##_fields) / sizeof(type##_fields[0]),                                          \
        type##_fields};

#endif /* CB_FIELDS_H */
