/* Statements with their values, one behind the other in a buffer, and the buffer itself. Who puts
 * them there and when they are sent is decided elsewhere (service_txn.c, service_redo.c). */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "rt/service_internal.h"

#define BUFFER_FIRST_BYTES ((size_t)256 * 1024)
#define NULL_SIZE UINT32_MAX

typedef struct record_head {
    const char *sql;
    cb_result_fn fn;
    void *context;
    uint32_t values_count;
    uint32_t size; /* bytes of the values that follow */
    uint32_t is_later;
    uint32_t unused;
} record_head;
_Static_assert(sizeof(record_head) % 8 == 0, "records follow each other without holes");

static size_t round_up(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

static void reserve(rt_buffer *buffer, size_t size)
{
    const size_t needed = buffer->used + size;
    if (needed <= buffer->capacity) {
        return;
    }
    size_t capacity = buffer->capacity == 0 ? BUFFER_FIRST_BYTES : buffer->capacity;
    while (capacity < needed) {
        capacity *= 2;
    }
    buffer->bytes = realloc(buffer->bytes, capacity);
    CB_ASSERT(buffer->bytes != NULL);
    buffer->capacity = capacity;
}

uint8_t *rt_buffer_take(rt_buffer *buffer, size_t size)
{
    reserve(buffer, round_up(size));
    uint8_t *at = buffer->bytes + buffer->used;
    memset(at, 0, round_up(size));
    buffer->used += round_up(size);
    return at;
}

void rt_buffer_put(rt_buffer *buffer, const void *bytes, size_t size)
{
    reserve(buffer, size);
    memcpy(buffer->bytes + buffer->used, bytes, size);
    buffer->used += size;
}

static uint8_t *put_head(rt_buffer *to, const rt_record *record)
{
    uint8_t *at = rt_buffer_take(to, sizeof(record_head) + record->size);
    const record_head head = {.sql = record->sql,
        .fn = record->fn,
        .context = record->context,
        .values_count = record->values_count,
        .size = record->size,
        .is_later = record->is_later ? 1 : 0};
    memcpy(at, &head, sizeof(head));
    return at + sizeof(head);
}

void rt_record_put(rt_buffer *to, const rt_record *record, const cb_params *params)
{
    rt_record sized = *record;
    sized.values_count = params->count;
    sized.size = 0;
    for (uint32_t i = 0; i < params->count; i++) {
        const char *value = params->values[i];
        sized.size += (uint32_t)(sizeof(uint32_t) + (value != NULL ? strlen(value) + 1 : 0));
    }
    uint8_t *at = put_head(to, &sized);
    for (uint32_t i = 0; i < params->count; i++) {
        const char *value = params->values[i];
        const uint32_t length = value != NULL ? (uint32_t)strlen(value) + 1 : NULL_SIZE;
        memcpy(at, &length, sizeof(length));
        at += sizeof(length);
        if (value != NULL) {
            memcpy(at, value, length);
            at += length;
        }
    }
}

void rt_record_copy(rt_buffer *to, const rt_record *record)
{
    memcpy(put_head(to, record), record->values, record->size);
}

bool rt_record_next(const rt_buffer *from, size_t *at, rt_record *out)
{
    if (*at >= from->used) {
        return false;
    }
    record_head head;
    memcpy(&head, from->bytes + *at, sizeof(head));
    *out = (rt_record){.sql = head.sql,
        .fn = head.fn,
        .context = head.context,
        .values = from->bytes + *at + sizeof(head),
        .values_count = head.values_count,
        .size = head.size,
        .is_later = head.is_later != 0};
    *at += round_up(sizeof(head) + head.size);
    return true;
}

bool rt_record_is_whole(const rt_record *record)
{
    size_t at = 0;
    for (uint32_t i = 0; i < record->values_count; i++) {
        uint32_t length = 0;
        if (record->size - at < sizeof(length)) {
            return false;
        }
        memcpy(&length, record->values + at, sizeof(length));
        at += sizeof(length);
        if (length == NULL_SIZE) {
            continue;
        }
        if (length == 0 || length > record->size - at || record->values[at + length - 1] != '\0') {
            return false;
        }
        at += length;
    }
    return at == record->size && record->values_count <= CB_PARAMS_MAX &&
           record->size <= CB_PARAMS_TEXT_MAX;
}

void rt_record_params(const rt_record *record, cb_params *out)
{
    const uint8_t *value = record->values;
    cb_params_reset(out);
    for (uint32_t i = 0; i < record->values_count; i++) {
        uint32_t length = 0;
        memcpy(&length, value, sizeof(length));
        value += sizeof(length);
        if (length == NULL_SIZE) {
            cb_params_null(out);
        } else {
            cb_params_text(out, (const char *)value);
            value += length;
        }
    }
}
