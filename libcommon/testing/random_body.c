/* Random bodies by description. Not for production: nothing here is linked into a service. */
#include "testing/random_body.h"

#include <string.h>

#include "base/assert.h"

uint64_t cb_testing_random_u64(cb_prng *prng)
{
    static const uint64_t special[] = {0,
        1,
        127,
        128,
        255,
        256,
        UINT32_MAX,
        (uint64_t)UINT32_MAX + 1,
        INT64_MAX,
        (uint64_t)INT64_MAX + 1,
        UINT64_MAX};
    const uint64_t pick = cb_prng_below(prng, 4);
    if (pick == 0) {
        return 0;
    }
    if (pick == 1) {
        return special[cb_prng_below(prng, sizeof(special) / sizeof(special[0]))];
    }
    return cb_prng_next(prng) >> cb_prng_below(prng, 64);
}

void cb_testing_random_text(cb_prng *prng, char *out, uint32_t capacity)
{
    static const char *const characters[] = {"a",
        "Z",
        "0",
        "_",
        " ",
        "\"",
        "\\",
        "\n",
        "\x7f",
        "é",
        "ß",
        "€",
        "ツ",
        "𝄞",
        "\xf4\x8f\xbf\xbf"};
    CB_ASSERT(capacity > 0);
    memset(out, 0, capacity);
    const uint64_t wanted = cb_prng_below(prng, capacity);
    size_t used = 0;
    while (used < wanted) {
        const char *next =
            characters[cb_prng_below(prng, sizeof(characters) / sizeof(characters[0]))];
        const size_t size = strlen(next);
        if (used + size > wanted) {
            out[used++] = 'x';
            continue;
        }
        for (size_t i = 0; i < size; i++) {
            out[used++] = next[i];
        }
    }
}

static double random_f64(cb_prng *prng)
{
    const int64_t whole = (int64_t)cb_testing_random_u64(prng);
    const uint64_t scale = cb_prng_below(prng, 20);
    double value = (double)whole;
    for (uint64_t i = 0; i < scale; i++) {
        value /= 7.0;
    }
    return value;
}

static void fill_32(cb_prng *prng, const cb_field *field, uint8_t *member)
{
    uint32_t value = (uint32_t)cb_testing_random_u64(prng);
    if (field->kind == CB_KIND_ENUM) {
        value = (uint32_t)cb_prng_below(prng, field->enums->count);
    }
    memcpy(member, &value, sizeof(value));
}

static void fill_64(cb_prng *prng, uint8_t *member)
{
    const uint64_t value = cb_testing_random_u64(prng);
    memcpy(member, &value, sizeof(value));
}

static void fill_bytes(cb_prng *prng, uint8_t *member, size_t size)
{
    const bool is_zero = cb_prng_below(prng, 4) == 0;
    for (size_t i = 0; i < size; i++) {
        member[i] = is_zero ? 0 : (uint8_t)cb_prng_next(prng);
    }
}

static void fill_list(cb_prng *prng, const cb_field *field, uint8_t *body)
{
    uint32_t count = (uint32_t)cb_prng_below(prng, field->capacity + 1U);
    if (cb_prng_below(prng, 3) != 0) {
        count = count % 4;
    }
    memcpy(body + field->count_offset, &count, sizeof(count));
    for (uint32_t i = 0; i < count; i++) {
        cb_testing_random_body(
            prng, field->sub, body + field->offset + (size_t)i * field->sub->size);
    }
}

static void fill_field(cb_prng *prng, const cb_field *field, uint8_t *body)
{
    uint8_t *member = body + field->offset;
    double number = 0;
    switch (field->kind) {
    case CB_KIND_ID:
        fill_bytes(prng, member, sizeof(cb_id));
        break;
    case CB_KIND_BLOB32:
        fill_bytes(prng, member, 32);
        break;
    case CB_KIND_TEXT:
        cb_testing_random_text(prng, (char *)member, field->capacity);
        break;
    case CB_KIND_U32:
    case CB_KIND_ENUM:
        fill_32(prng, field, member);
        break;
    case CB_KIND_BOOL:
        *(bool *)member = cb_prng_below(prng, 2) == 1;
        break;
    case CB_KIND_U64:
    case CB_KIND_I64:
    case CB_KIND_E8:
    case CB_KIND_TIME:
        fill_64(prng, member);
        break;
    case CB_KIND_F64:
        number = random_f64(prng);
        memcpy(member, &number, sizeof(number));
        break;
    case CB_KIND_MSG:
        if (cb_prng_below(prng, 4) != 0) {
            cb_testing_random_body(prng, field->sub, member);
        }
        break;
    case CB_KIND_REP:
        fill_list(prng, field, body);
        break;
    default:
        cb_assert_fail("a field has a known kind", __FILE__, __LINE__);
    }
}

void cb_testing_random_body(cb_prng *prng, const cb_desc *desc, void *body)
{
    CB_ASSERT(prng != NULL && desc != NULL);
    CB_ASSERT(body != NULL);
    memset(body, 0, desc->size);
    for (uint32_t i = 0; i < desc->fields_count; i++) {
        fill_field(prng, &desc->fields[i], body);
    }
}
