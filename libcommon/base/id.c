/* Identifiers as functions of (source, epoch, sequence): making, printing, reading. */
#include "base/id.h"

#include "base/assert.h"
#include "base/hash.h"

#define ID_DIGITS 32

bool cb_id_is_none(cb_id id)
{
    return id.hi == 0 && id.lo == 0;
}

bool cb_id_equal(cb_id a, cb_id b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

/* The finaliser of SplitMix64: a bijection, so it cannot make two different hashes equal, and it
 * spreads FNV's weak high bits. */
static uint64_t id_mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

cb_id cb_id_make(const char *source, uint64_t epoch, uint64_t seq)
{
    CB_ASSERT(source != NULL);
    CB_ASSERT(source[0] != '\0');
    const uint64_t hash = cb_hash_u64(cb_hash_text(CB_HASH_SEED, source), epoch);
    const uint64_t mixed = id_mix(hash);
    /* An all-zero id means "none"; keeping hi non-zero rules that out for every seq. */
    return (cb_id){.hi = mixed == 0 ? 1 : mixed, .lo = seq};
}

static bool id_is_dash_place(size_t place)
{
    return place == 8 || place == 13 || place == 18 || place == 23;
}

void cb_id_print(cb_id id, char out[CB_ID_TEXT_MAX])
{
    static const char digits[] = "0123456789abcdef";
    CB_ASSERT(out != NULL);
    size_t digit = 0;
    for (size_t place = 0; place + 1 < CB_ID_TEXT_MAX; place++) {
        if (id_is_dash_place(place)) {
            out[place] = '-';
            continue;
        }
        const uint64_t half = digit < 16 ? id.hi : id.lo;
        out[place] = digits[(half >> (60 - 4 * (digit % 16))) & 0xf];
        digit++;
    }
    out[CB_ID_TEXT_MAX - 1] = '\0';
    CB_ASSERT(digit == ID_DIGITS);
}

static int id_digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

cb_status cb_id_parse(const char *text, size_t size, cb_id *out, cb_err *err)
{
    CB_ASSERT(text != NULL || size == 0);
    CB_ASSERT(out != NULL);
    const bool has_dashes = size == CB_ID_TEXT_MAX - 1;
    if (!has_dashes && size != ID_DIGITS) {
        return CB_FAIL(err, CB_E_SYNTAX, "an id has 36 or 32 characters, not %zu", size);
    }
    cb_id id = {0, 0};
    for (size_t i = 0; i < size; i++) {
        if (has_dashes && id_is_dash_place(i)) {
            if (text[i] != '-') {
                return CB_FAIL(err, CB_E_SYNTAX, "id without '-' at character %zu", i);
            }
            continue;
        }
        const int value = id_digit_value(text[i]);
        if (value < 0) {
            return CB_FAIL(err, CB_E_SYNTAX, "id with a character that is no hex digit at %zu", i);
        }
        id.hi = (id.hi << 4) | (id.lo >> 60);
        id.lo = (id.lo << 4) | (uint64_t)value;
    }
    *out = id;
    return CB_OK;
}

void cb_id_to_bytes(cb_id id, uint8_t out[16])
{
    CB_ASSERT(out != NULL);
    for (unsigned i = 0; i < 8; i++) {
        out[i] = (uint8_t)(id.hi >> (56 - 8 * i));
        out[8 + i] = (uint8_t)(id.lo >> (56 - 8 * i));
    }
}

cb_id cb_id_from_bytes(const uint8_t bytes[16])
{
    CB_ASSERT(bytes != NULL);
    cb_id id = {0, 0};
    for (unsigned i = 0; i < 8; i++) {
        id.hi = (id.hi << 8) | bytes[i];
        id.lo = (id.lo << 8) | bytes[8 + i];
    }
    return id;
}
