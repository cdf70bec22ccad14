/* Frames of the signer's sockets. The reader is strict: every length is checked against what is
 * there, every text is printable ASCII, and nothing may be left over. */
#include "wire/signer_frame.h"

#include <string.h>

#include "base/assert.h"
#include "base/mac.h"

#define MAGIC_0 ((uint8_t)'C')
#define MAGIC_1 ((uint8_t)'S')
#define VERSION 1U
#define ANSWER_BIT 0x80U
#define OP_MAX ((uint32_t)CB_SIGNER_ROTATE)

_Static_assert(CB_SIGNER_KEY_MAX <= 256, "a key's length fits one byte");
_Static_assert(CB_SIGNER_TEXT_MAX + (size_t)4 * CB_SIGNER_KEY_MAX < CB_SIGNER_FRAME_MAX,
    "the longest texts make a frame");

const char cb_signer_list_head[] =
    "account\tvenue\tpurpose\tversion\tkey\tadded_ns\tchecked_ns\tstate";

/* ---- writing ---- */

typedef struct writer {
    uint8_t *out;
    size_t capacity;
    size_t used;
    bool is_full;
    bool is_long; /* a text did not fit its field */
} writer;

static void put_bytes(writer *to, const void *bytes, size_t size)
{
    if (to->capacity - to->used < size) {
        to->is_full = true;
        return;
    }
    if (size > 0) {
        memcpy(to->out + to->used, bytes, size);
    }
    to->used += size;
}

static void put_u8(writer *to, uint32_t value)
{
    const uint8_t byte = (uint8_t)value;
    put_bytes(to, &byte, 1);
}

static void put_u32(writer *to, uint32_t value)
{
    for (uint32_t shift = 0; shift < 32; shift += 8) {
        put_u8(to, (value >> shift) & 0xffU);
    }
}

static void put_short(writer *to, const char *text, size_t max)
{
    const size_t size = strnlen(text, max);
    if (size == max) {
        to->is_long = true;
        return;
    }
    put_u8(to, (uint32_t)size);
    put_bytes(to, text, size);
}

static void put_long(writer *to, const char *text, size_t size)
{
    if (size > CB_SIGNER_TEXT_MAX) {
        to->is_long = true;
        return;
    }
    put_u8(to, (uint32_t)(size & 0xffU));
    put_u8(to, (uint32_t)(size >> 8));
    put_bytes(to, text, size);
}

static writer begin(uint8_t *out, size_t capacity, uint32_t op, uint32_t id)
{
    CB_ASSERT(out != NULL);
    writer to = {.out = out, .capacity = capacity};
    put_u8(&to, MAGIC_0);
    put_u8(&to, MAGIC_1);
    put_u8(&to, VERSION);
    put_u8(&to, op);
    put_u32(&to, id);
    put_u32(&to, 0); /* the body's size, when it is known */
    return to;
}

static cb_status finish(const writer *to, size_t *size, cb_err *err)
{
    if (to->is_long) {
        return CB_FAIL(err, CB_E_RANGE, "a text is too long for a signer frame");
    }
    if (to->is_full || to->used > CB_SIGNER_FRAME_MAX) {
        return CB_FAIL(err, CB_E_FULL, "a signer frame does not fit %zu bytes", to->capacity);
    }
    const size_t body = to->used - CB_SIGNER_HEAD_SIZE;
    for (uint32_t i = 0; i < 4; i++) {
        to->out[8 + i] = (uint8_t)((body >> (8 * i)) & 0xffU);
    }
    *size = to->used;
    return CB_OK;
}

cb_status cb_signer_put_request(
    const cb_signer_request *request, uint8_t *out, size_t capacity, size_t *size, cb_err *err)
{
    CB_ASSERT(request != NULL && size != NULL);
    CB_ASSERT(request->payload != NULL || request->payload_size == 0);
    writer to = begin(out, capacity, (uint32_t)request->op, request->id);
    put_short(&to, request->account, sizeof(request->account));
    put_short(&to, request->venue, sizeof(request->venue));
    put_short(&to, request->api_key, sizeof(request->api_key));
    put_short(&to, request->api_secret, sizeof(request->api_secret));
    put_u8(&to, (uint32_t)request->purpose);
    put_long(&to, request->payload, request->payload_size);
    return finish(&to, size, err);
}

cb_status cb_signer_put_reply(
    const cb_signer_reply *reply, uint8_t *out, size_t capacity, size_t *size, cb_err *err)
{
    CB_ASSERT(reply != NULL && size != NULL);
    CB_ASSERT(reply->text != NULL || reply->text_size == 0);
    writer to = begin(out, capacity, (uint32_t)reply->op | ANSWER_BIT, reply->id);
    put_u8(&to, (uint32_t)reply->status);
    put_short(&to, reply->api_key, sizeof(reply->api_key));
    put_long(&to, reply->text, reply->text_size);
    return finish(&to, size, err);
}

/* ---- reading ---- */

typedef struct reader {
    const uint8_t *at;
    size_t left;
    bool is_bad;
} reader;

static uint32_t get_u8(reader *from)
{
    if (from->left < 1) {
        from->is_bad = true;
        return 0;
    }
    from->left--;
    return *from->at++;
}

static uint32_t read_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

/* Printable ASCII, and in lists tabs and line ends: what is logged or shown cannot carry escapes.
 */
static bool is_plain(const uint8_t *bytes, size_t size, bool is_list)
{
    for (size_t i = 0; i < size; i++) {
        const bool is_printable = bytes[i] >= 0x20 && bytes[i] <= 0x7e;
        if (!is_printable && !(is_list && (bytes[i] == '\t' || bytes[i] == '\n'))) {
            return false;
        }
    }
    return true;
}

static void get_short(reader *from, char *out, size_t out_size)
{
    const size_t size = get_u8(from);
    if (from->is_bad || size >= out_size || size > from->left || !is_plain(from->at, size, false)) {
        from->is_bad = true;
        return;
    }
    memcpy(out, from->at, size);
    out[size] = '\0';
    from->at += size;
    from->left -= size;
}

static void get_long(reader *from, const char **out, size_t *out_size, bool is_list)
{
    const uint32_t low = get_u8(from);
    const size_t size = (size_t)(low | get_u8(from) << 8);
    if (from->is_bad || size > CB_SIGNER_TEXT_MAX || size > from->left ||
        !is_plain(from->at, size, is_list)) {
        from->is_bad = true;
        return;
    }
    *out = (const char *)from->at;
    *out_size = size;
    from->at += size;
    from->left -= size;
}

cb_status cb_signer_frame_size(const uint8_t *bytes, size_t size, size_t *out, cb_err *err)
{
    CB_ASSERT(bytes != NULL || size == 0);
    CB_ASSERT(out != NULL);
    const uint8_t wanted[3] = {MAGIC_0, MAGIC_1, VERSION};
    const size_t seen = size < sizeof(wanted) ? size : sizeof(wanted);
    *out = 0;
    if (seen > 0 && memcmp(bytes, wanted, seen) != 0) {
        return CB_FAIL(err, CB_E_CORRUPT, "no signer frame begins so");
    }
    if (size < CB_SIGNER_HEAD_SIZE) {
        return CB_OK;
    }
    const uint32_t body = read_u32(bytes + 8);
    if (body > CB_SIGNER_FRAME_MAX - CB_SIGNER_HEAD_SIZE) {
        return CB_FAIL(err, CB_E_CORRUPT, "a signer frame of %u bytes", (unsigned)body);
    }
    *out = CB_SIGNER_HEAD_SIZE + (size_t)body;
    return CB_OK;
}

/* The body behind a checked header; op has the answer's bit where it must. */
static cb_status open_frame(
    const uint8_t *bytes, size_t size, uint32_t answer_bit, reader *body, cb_err *err)
{
    size_t frame = 0;
    const cb_status status = cb_signer_frame_size(bytes, size, &frame, err);
    if (status != CB_OK) {
        return status;
    }
    if (frame == 0 || frame != size) {
        return CB_FAIL(err, CB_E_CORRUPT, "a signer frame of another size");
    }
    const uint32_t op = bytes[3];
    if ((op & ANSWER_BIT) != answer_bit || (op & ~ANSWER_BIT) == 0 || (op & ~ANSWER_BIT) > OP_MAX) {
        return CB_FAIL(err, CB_E_CORRUPT, "signer op %u is unknown", (unsigned)op);
    }
    *body = (reader){.at = bytes + CB_SIGNER_HEAD_SIZE, .left = size - CB_SIGNER_HEAD_SIZE};
    return CB_OK;
}

cb_status cb_signer_get_request(
    const uint8_t *bytes, size_t size, cb_signer_request *out, cb_err *err)
{
    CB_ASSERT(out != NULL);
    reader body = {0};
    memset(out, 0, sizeof(*out));
    const cb_status status = open_frame(bytes, size, 0, &body, err);
    if (status != CB_OK) {
        return status;
    }
    out->op = (cb_signer_op)bytes[3];
    out->id = read_u32(bytes + 4);
    get_short(&body, out->account, sizeof(out->account));
    get_short(&body, out->venue, sizeof(out->venue));
    get_short(&body, out->api_key, sizeof(out->api_key));
    get_short(&body, out->api_secret, sizeof(out->api_secret));
    const uint32_t purpose = get_u8(&body);
    get_long(&body, &out->payload, &out->payload_size, false);
    if (body.is_bad || body.left > 0 || purpose > (uint32_t)CB_KEY_CANCEL) {
        cb_wipe(out, sizeof(*out));
        return CB_FAIL(err, CB_E_CORRUPT, "a signer request is malformed");
    }
    out->purpose = (cb_key_purpose)purpose;
    return CB_OK;
}

cb_status cb_signer_get_reply(const uint8_t *bytes, size_t size, cb_signer_reply *out, cb_err *err)
{
    CB_ASSERT(out != NULL);
    reader body = {0};
    memset(out, 0, sizeof(*out));
    const cb_status status = open_frame(bytes, size, ANSWER_BIT, &body, err);
    if (status != CB_OK) {
        return status;
    }
    out->op = (cb_signer_op)(bytes[3] & ~ANSWER_BIT);
    out->id = read_u32(bytes + 4);
    const uint32_t answer = get_u8(&body);
    get_short(&body, out->api_key, sizeof(out->api_key));
    get_long(&body, &out->text, &out->text_size, true);
    if (body.is_bad || body.left > 0 || answer >= (uint32_t)CB_SIGNER_STATUS_COUNT) {
        memset(out, 0, sizeof(*out));
        return CB_FAIL(err, CB_E_CORRUPT, "a signer answer is malformed");
    }
    out->status = (cb_signer_status)answer;
    return CB_OK;
}

/* ---- words ---- */

const char *cb_key_purpose_name(cb_key_purpose purpose)
{
    switch (purpose) {
    case CB_KEY_TRADE:
        return "trade";
    case CB_KEY_READ:
        return "read";
    case CB_KEY_CANCEL:
        return "cancel";
    default:
        return NULL;
    }
}

bool cb_key_purpose_parse(const char *word, cb_key_purpose *out)
{
    CB_ASSERT(word != NULL && out != NULL);
    for (uint32_t i = (uint32_t)CB_KEY_TRADE; i <= (uint32_t)CB_KEY_CANCEL; i++) {
        if (strcmp(word, cb_key_purpose_name((cb_key_purpose)i)) == 0) {
            *out = (cb_key_purpose)i;
            return true;
        }
    }
    return false;
}

const char *cb_signer_status_name(cb_signer_status status)
{
    static const char *const names[] = {
        [CB_SIGNER_OK] = "ok",
        [CB_SIGNER_BAD_FRAME] = "bad_frame",
        [CB_SIGNER_DENIED] = "denied",
        [CB_SIGNER_NO_KEY] = "no_key",
        [CB_SIGNER_REFUSED] = "refused",
        [CB_SIGNER_LIMITED] = "limited",
        [CB_SIGNER_DISABLED] = "disabled",
        [CB_SIGNER_BAD_KEY] = "bad_key",
        [CB_SIGNER_UNREACHABLE] = "unreachable",
        [CB_SIGNER_FAILED] = "failed",
    };
    _Static_assert(sizeof(names) / sizeof(names[0]) == CB_SIGNER_STATUS_COUNT, "one name each");
    CB_ASSERT((uint32_t)status < CB_SIGNER_STATUS_COUNT);
    return names[status];
}
