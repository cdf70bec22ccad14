/* The field tables and the .proto files say the same, and our codec and protobuf-c's generated code
 * read and write the same bytes. protobuf-c is the independent oracle here; nothing else uses it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "base/strview.h"
#include "testing/random_body.h"
#include "wire/codec.h"

#include "cerberus/v1/common.pb-c.h"
#include "cerberus/v1/control.pb-c.h"
#include "cerberus/v1/decision.pb-c.h"
#include "cerberus/v1/market.pb-c.h"
#include "cerberus/v1/order.pb-c.h"
#include "cerberus/v1/portfolio.pb-c.h"

#define ENCODED_MAX (64 * 1024)
#define BODY_MAX (16 * 1024)
#define ROUNDS 300

typedef struct pair {
    const cb_desc *ours;
    const ProtobufCMessageDescriptor *theirs;
} pair;

#define PAIR(type, proto)                                                                          \
    {                                                                                              \
        &cb_##type##_desc, &cerberus__v1__##proto##__descriptor                                    \
    }
static const pair pairs[] = {
    PAIR(envelope, envelope),
    PAIR(level, level),
    PAIR(named_value, named_value),
    PAIR(verdict, verdict),
    PAIR(asset_balance, asset_balance),
    PAIR(position, position),
    PAIR(heartbeat_key, heartbeat_key),
    PAIR(sync_count, sync_count),
    PAIR(trade, trade),
    PAIR(candle, candle),
    PAIR(book, book),
    PAIR(book_delta, book_delta),
    PAIR(ticker, ticker),
    PAIR(instrument, instrument),
    PAIR(quality, quality),
    PAIR(quality_score, quality_score),
    PAIR(signal, signal),
    PAIR(intent, intent),
    PAIR(permit, permit),
    PAIR(denial, denial),
    PAIR(order, order),
    PAIR(fill, fill),
    PAIR(balance, balance),
    PAIR(portfolio, portfolio),
    PAIR(kill, kill),
    PAIR(kill_command, kill_command),
    PAIR(limit_command, limit_command),
    PAIR(limits, limits),
    PAIR(caps, caps),
    PAIR(heartbeat, heartbeat),
    PAIR(clock_msg, clock),
    PAIR(sync_request, sync_request),
    PAIR(sync_reply, sync_reply),
    PAIR(query_msg, query),
    PAIR(replay, replay),
    PAIR(order_command, order_command),
    PAIR(unkill_command, unkill_command),
    PAIR(guard_beat, guard_beat),
    PAIR(audit_note, audit_note),
    PAIR(audit_head_msg, audit_head),
};
#define PAIRS_COUNT (sizeof(pairs) / sizeof(pairs[0]))

typedef struct enum_pair {
    const cb_enum_desc *ours;
    const ProtobufCEnumDescriptor *theirs;
} enum_pair;

#define ENUM_PAIR(type, proto)                                                                     \
    {                                                                                              \
        &cb_##type##_desc, &cerberus__v1__##proto##__descriptor                                    \
    }
static const enum_pair enum_pairs[] = {
    ENUM_PAIR(side, side),
    ENUM_PAIR(order_type, order_type),
    ENUM_PAIR(tif, time_in_force),
    ENUM_PAIR(trigger, trigger),
    ENUM_PAIR(role, role),
    ENUM_PAIR(command, command),
    ENUM_PAIR(order_state, order_state),
    ENUM_PAIR(purpose, purpose),
    ENUM_PAIR(signal_status, signal_status),
    ENUM_PAIR(instrument_status, instrument_status),
    ENUM_PAIR(fill_source, fill_source),
    ENUM_PAIR(service_state, service_state),
    ENUM_PAIR(severity, severity),
    ENUM_PAIR(balance_reason, balance_reason),
    ENUM_PAIR(unkill_action, unkill_action),
};
#define ENUM_PAIRS_COUNT (sizeof(enum_pairs) / sizeof(enum_pairs[0]))

/* "kill_command" as "KillCommand"; with is_upper "KILL_COMMAND". */
static void recase(const char *name, bool is_upper, char *out, size_t size)
{
    size_t used = 0;
    bool is_start = true;
    for (; *name != '\0' && used + 1 < size; name++) {
        if (*name == '_' && !is_upper) {
            is_start = true;
            continue;
        }
        const bool raise = (is_start || is_upper) && *name >= 'a' && *name <= 'z';
        out[used++] = (char)(raise ? *name - 'a' + 'A' : *name);
        is_start = false;
    }
    out[used] = '\0';
}

static const pair *pair_of(const cb_desc *desc)
{
    for (size_t i = 0; i < PAIRS_COUNT; i++) {
        if (pairs[i].ours == desc) {
            return &pairs[i];
        }
    }
    return NULL;
}

static const enum_pair *enum_pair_of(const cb_enum_desc *desc)
{
    for (size_t i = 0; i < ENUM_PAIRS_COUNT; i++) {
        if (enum_pairs[i].ours == desc) {
            return &enum_pairs[i];
        }
    }
    return NULL;
}

static void every_message_and_part_has_a_proto_of_its_name(void **unused)
{
    (void)unused;
    size_t count = 0;
    char camel[64];
#define CHECK_ONE(type, words, FIELDS)                                                             \
    {                                                                                              \
        const pair *found = pair_of(&type##_desc);                                                 \
        assert_non_null(found);                                                                    \
        assert_string_equal(type##_desc.name, words);                                              \
        recase(words, false, camel, sizeof(camel));                                                \
        assert_string_equal(found->theirs->short_name, camel);                                     \
        assert_string_equal(found->theirs->package_name, "cerberus.v1");                           \
        count++;                                                                                   \
    }
#define CHECK_MESSAGE(token, type, words, FIELDS) CHECK_ONE(type, words, FIELDS)
    CB_PART_LIST(CHECK_ONE)
    CB_MESSAGE_LIST(CHECK_MESSAGE)
    assert_int_equal(count, PAIRS_COUNT);
}

static ProtobufCType proto_type_of(cb_field_kind kind)
{
    switch (kind) {
    case CB_KIND_ID:
    case CB_KIND_BLOB32:
        return PROTOBUF_C_TYPE_BYTES;
    case CB_KIND_TEXT:
        return PROTOBUF_C_TYPE_STRING;
    case CB_KIND_U64:
        return PROTOBUF_C_TYPE_UINT64;
    case CB_KIND_U32:
        return PROTOBUF_C_TYPE_UINT32;
    case CB_KIND_BOOL:
        return PROTOBUF_C_TYPE_BOOL;
    case CB_KIND_ENUM:
        return PROTOBUF_C_TYPE_ENUM;
    case CB_KIND_F64:
        return PROTOBUF_C_TYPE_DOUBLE;
    case CB_KIND_MSG:
    case CB_KIND_REP:
        return PROTOBUF_C_TYPE_MESSAGE;
    case CB_KIND_I64:
    case CB_KIND_E8:
    case CB_KIND_TIME:
    default:
        return PROTOBUF_C_TYPE_SFIXED64;
    }
}

static void check_field(const cb_field *ours, const ProtobufCFieldDescriptor *theirs)
{
    assert_string_equal(ours->name, theirs->name);
    assert_int_equal(ours->number, theirs->id);
    assert_int_equal(proto_type_of(ours->kind), theirs->type);
    const bool is_list = ours->kind == CB_KIND_REP;
    assert_int_equal(is_list, theirs->label == PROTOBUF_C_LABEL_REPEATED);
    if (ours->sub != NULL) {
        assert_ptr_equal(pair_of(ours->sub)->theirs, theirs->descriptor);
    }
    if (ours->kind == CB_KIND_ENUM) {
        assert_ptr_equal(enum_pair_of(ours->enums)->theirs, theirs->descriptor);
    }
}

static void field_tables_equal_the_proto_files(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < PAIRS_COUNT; i++) {
        const cb_desc *ours = pairs[i].ours;
        assert_int_equal(ours->fields_count, pairs[i].theirs->n_fields);
        for (uint32_t f = 0; f < ours->fields_count; f++) {
            check_field(&ours->fields[f], &pairs[i].theirs->fields[f]);
        }
    }
}

static void enum_names_and_numbers_equal_the_proto_files(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ENUM_PAIRS_COUNT; i++) {
        const cb_enum_desc *ours = enum_pairs[i].ours;
        const ProtobufCEnumDescriptor *theirs = enum_pairs[i].theirs;
        char prefix[64];
        char value[64];
        recase(ours->name, false, value, sizeof(value));
        assert_string_equal(theirs->short_name, value);
        recase(ours->name, true, prefix, sizeof(prefix));
        assert_int_equal(ours->count, theirs->n_values);
        for (uint32_t v = 0; v < ours->count; v++) {
            const ProtobufCEnumValue *other = protobuf_c_enum_descriptor_get_value(theirs, (int)v);
            assert_non_null(other);
            const size_t size = strlen(prefix);
            assert_memory_equal(other->name, prefix, size);
            recase(ours->values[v], true, value, sizeof(value));
            assert_string_equal(other->name + size + 1, value);
        }
    }
}

/* ---- our encoder, their decoder and encoder, our decoder ---- */

typedef struct buffers {
    _Alignas(16) uint8_t body[BODY_MAX];
    _Alignas(16) uint8_t back[BODY_MAX];
    uint8_t ours[ENCODED_MAX];
    uint8_t theirs[ENCODED_MAX];
} buffers;

static void round_trip_ours(cb_prng *prng, const pair *p, buffers *b)
{
    cb_err err;
    size_t size = 0;
    cb_testing_random_body(prng, p->ours, b->body);
    assert_int_equal(cb_encode(p->ours, b->body, b->ours, sizeof(b->ours), &size, &err), CB_OK);

    ProtobufCMessage *message = protobuf_c_message_unpack(p->theirs, NULL, size, b->ours);
    assert_non_null(message);
    assert_true(protobuf_c_message_check(message));
    assert_int_equal(message->n_unknown_fields, 0);
    assert_int_equal(protobuf_c_message_get_packed_size(message), size);
    assert_int_equal(protobuf_c_message_pack(message, b->theirs), size);
    assert_memory_equal(b->theirs, b->ours, size);
    protobuf_c_message_free_unpacked(message, NULL);

    assert_int_equal(cb_decode(p->ours, b->theirs, size, b->back, &err), CB_OK);
    assert_memory_equal(b->back, b->body, p->ours->size);
}

static void what_we_write_protobuf_c_reads_and_writes_alike(void **unused)
{
    (void)unused;
    buffers *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    cb_prng prng;
    cb_prng_init(&prng, 20220103);
    for (size_t i = 0; i < PAIRS_COUNT; i++) {
        assert_true(pairs[i].ours->size <= BODY_MAX);
        for (int round = 0; round < ROUNDS; round++) {
            round_trip_ours(&prng, &pairs[i], b);
        }
    }
    free(b);
}

/* ---- their encoder with values of its own, our decoder ---- */

static ProtobufCMessage *random_message(cb_prng *prng, const cb_desc *ours);

/* Bytes of the lengths that our kinds allow; protobuf-c frees them with the message. */
static ProtobufCBinaryData random_bytes(cb_prng *prng, const cb_field *ours)
{
    ProtobufCBinaryData data = {0, NULL};
    if (cb_prng_below(prng, 4) == 0) {
        return data;
    }
    data.len = ours->kind == CB_KIND_ID ? 16 : 32;
    data.data = malloc(data.len);
    assert_non_null(data.data);
    for (size_t i = 0; i < data.len; i++) {
        data.data[i] = (uint8_t)(cb_prng_next(prng) | 1);
    }
    return data;
}

static void set_list(
    cb_prng *prng, const cb_field *ours, const ProtobufCFieldDescriptor *theirs, uint8_t *message)
{
    const size_t count = (size_t)cb_prng_below(prng, ours->capacity + 1U);
    if (count == 0) {
        return;
    }
    ProtobufCMessage **items = calloc(count, sizeof(void *));
    assert_non_null(items);
    for (size_t i = 0; i < count; i++) {
        items[i] = random_message(prng, ours->sub);
    }
    *(ProtobufCMessage ***)(void *)(message + theirs->offset) = items;
    memcpy(message + theirs->quantifier_offset, &count, sizeof(count));
}

static void set_text(cb_prng *prng, const cb_field *ours, uint8_t *member)
{
    char *text = malloc(ours->capacity);
    assert_non_null(text);
    cb_testing_random_text(prng, text, ours->capacity);
    memcpy(member, &text, sizeof(text));
}

static void set_number(cb_prng *prng, const cb_field *ours, uint8_t *member)
{
    const uint64_t wide = cb_testing_random_u64(prng);
    uint32_t narrow = (uint32_t)wide;
    const double real = (double)(int64_t)wide / 1024.0;
    if (ours->kind == CB_KIND_F64) {
        memcpy(member, &real, sizeof(real));
    } else if (ours->kind == CB_KIND_U32) {
        memcpy(member, &narrow, sizeof(narrow));
    } else if (ours->kind == CB_KIND_BOOL || ours->kind == CB_KIND_ENUM) {
        narrow = narrow % (ours->kind == CB_KIND_BOOL ? 2 : ours->enums->count);
        memcpy(member, &narrow, sizeof(narrow));
    } else {
        memcpy(member, &wide, sizeof(wide));
    }
}

static void set_member(
    cb_prng *prng, const cb_field *ours, const ProtobufCFieldDescriptor *theirs, uint8_t *message)
{
    uint8_t *member = message + theirs->offset;
    if (ours->kind == CB_KIND_REP) {
        set_list(prng, ours, theirs, message);
    } else if (ours->kind == CB_KIND_MSG) {
        *(ProtobufCMessage **)(void *)member = random_message(prng, ours->sub);
    } else if (ours->kind == CB_KIND_TEXT) {
        set_text(prng, ours, member);
    } else if (ours->kind == CB_KIND_ID || ours->kind == CB_KIND_BLOB32) {
        const ProtobufCBinaryData data = random_bytes(prng, ours);
        memcpy(member, &data, sizeof(data));
    } else {
        set_number(prng, ours, member);
    }
}

static ProtobufCMessage *random_message(cb_prng *prng, const cb_desc *ours)
{
    const ProtobufCMessageDescriptor *theirs = pair_of(ours)->theirs;
    ProtobufCMessage *message = malloc(theirs->sizeof_message);
    assert_non_null(message);
    protobuf_c_message_init(theirs, message);
    for (uint32_t i = 0; i < ours->fields_count; i++) {
        set_member(prng, &ours->fields[i], &theirs->fields[i], (uint8_t *)message);
    }
    return message;
}

/* protobuf-c writes an embedded message without content as two bytes, we leave it out. */
static bool is_same_but_for_empty_parts(const pair *p, buffers *b, size_t size)
{
    ProtobufCMessage *message = protobuf_c_message_unpack(p->theirs, NULL, size, b->ours);
    if (message == NULL) {
        return false;
    }
    const size_t packed = protobuf_c_message_pack(message, b->back);
    const bool is_same = packed == size && memcmp(b->back, b->ours, size) == 0;
    protobuf_c_message_free_unpacked(message, NULL);
    return is_same;
}

static void round_trip_theirs(cb_prng *prng, const pair *p, buffers *b)
{
    cb_err err;
    ProtobufCMessage *message = random_message(prng, p->ours);
    const size_t size = protobuf_c_message_get_packed_size(message);
    assert_true(size <= sizeof(b->theirs));
    assert_int_equal(protobuf_c_message_pack(message, b->theirs), size);
    protobuf_c_message_free_unpacked(message, NULL);

    assert_int_equal(cb_decode(p->ours, b->theirs, size, b->body, &err), CB_OK);
    size_t ours_size = 0;
    assert_int_equal(
        cb_encode(p->ours, b->body, b->ours, sizeof(b->ours), &ours_size, &err), CB_OK);
    if (ours_size == size) {
        assert_memory_equal(b->ours, b->theirs, size);
    } else {
        assert_true(ours_size < size);
        assert_true(ours_size <= sizeof(b->back));
        assert_true(is_same_but_for_empty_parts(p, b, ours_size));
    }
}

static void what_protobuf_c_writes_we_read_and_write_alike(void **unused)
{
    (void)unused;
    buffers *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    cb_prng prng;
    cb_prng_init(&prng, 20240808);
    for (size_t i = 0; i < PAIRS_COUNT; i++) {
        for (int round = 0; round < ROUNDS; round++) {
            round_trip_theirs(&prng, &pairs[i], b);
        }
    }
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_and_part_has_a_proto_of_its_name),
        cmocka_unit_test(field_tables_equal_the_proto_files),
        cmocka_unit_test(enum_names_and_numbers_equal_the_proto_files),
        cmocka_unit_test(what_we_write_protobuf_c_reads_and_writes_alike),
        cmocka_unit_test(what_protobuf_c_writes_we_read_and_write_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
