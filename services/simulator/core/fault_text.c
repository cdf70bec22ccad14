/* The mutator: one value of a JSON text becomes something that it should not be. It works on the
 * text itself, because most of what it makes could not be held by any structure. */
#include <string.h>

#include "base/assert.h"
#include "base/textbuf.h"
#include "base/timefmt.h"
#include "services/simulator/core/fault.h"

/* In the order of the words of MUTATION in faults.def. */
typedef enum mutation_word {
    WORD_ZERO,
    WORD_NEGATIVE,
    WORD_MINUS_ZERO,
    WORD_NAN,
    WORD_INFINITY,
    WORD_EXPONENT,
    WORD_HEX,
    WORD_COMMA,
    WORD_FULLWIDTH,
    WORD_LONG,
    WORD_PLACES,
    WORD_TEN_TIMES,
    WORD_ID_HUGE,
    WORD_TIME_ZERO,
    WORD_TIME_NEGATIVE,
    WORD_TIME_MICRO,
    WORD_TIME_2106,
    WORD_OTHER,
    WORD_NULL,
    WORD_TEXT,
    WORD_MISSING,
    WORD_TWICE,
    WORD_EXTRA,
    WORD_CUT,
    WORD_GARBAGE,
    WORD_DEEP,
    WORD_UNKNOWN_CODE,
    WORD_NO_BODY,
    WORD_COUNT
} mutation_word;

/* One member of an object somewhere in the text: "name":value. */
typedef struct member {
    cb_strview name;  /* between the quotes */
    cb_strview value; /* as written, quotes included */
    size_t name_at;   /* of its opening quote */
} member;

static size_t keep(cb_strview text, char *out, size_t size)
{
    CB_ASSERT(size > 0);
    const size_t used = text.size < size - 1 ? text.size : size - 1;
    memcpy(out, text.at, used);
    out[used] = '\0';
    return used;
}

/* before, middle and after joined; the text as it was when they do not fit. */
static size_t join(
    cb_strview text, size_t from, size_t to, cb_strview middle, char *out, size_t size)
{
    CB_ASSERT(from <= to && to <= text.size);
    const size_t after = text.size - to;
    if (from + middle.size + after >= size) {
        return keep(text, out, size);
    }
    memcpy(out, text.at, from);
    memcpy(out + from, middle.at, middle.size);
    memcpy(out + from + middle.size, text.at + to, after);
    out[from + middle.size + after] = '\0';
    return from + middle.size + after;
}

/* ---- finding ---- */

/* Index behind the closing quote of the string that begins at at. */
static size_t string_end(cb_strview text, size_t at)
{
    CB_ASSERT(text.at[at] == '"');
    for (at++; at < text.size && text.at[at] != '"'; at++) {
        if (text.at[at] == '\\') {
            at++;
        }
    }
    return at < text.size ? at + 1 : text.size;
}

static size_t scalar_end(cb_strview text, size_t at)
{
    if (at < text.size && text.at[at] == '"') {
        return string_end(text, at);
    }
    while (at < text.size && strchr(",]} \r\n\t", text.at[at]) == NULL) {
        at++;
    }
    return at;
}

/* The next member whose value is no container; *at moves behind its name. */
static bool next_member(cb_strview text, size_t *at, member *out)
{
    while (*at < text.size) {
        if (text.at[*at] != '"') {
            (*at)++;
            continue;
        }
        const size_t begin = *at;
        const size_t end = string_end(text, begin);
        *at = end;
        if (end >= text.size || text.at[end] != ':') {
            continue;
        }
        *at = end + 1;
        const size_t value_end = scalar_end(text, end + 1);
        if (end + 1 >= text.size || text.at[end + 1] == '{' || text.at[end + 1] == '[' ||
            value_end == end + 1) {
            continue;
        }
        out->name = (cb_strview){text.at + begin + 1, end - begin - 2};
        out->value = (cb_strview){text.at + end + 1, value_end - end - 1};
        out->name_at = begin;
        return true;
    }
    return false;
}

static bool is_numeric(cb_strview value)
{
    size_t at = value.size > 0 && value.at[0] == '"' ? 1 : 0;
    if (at < value.size && value.at[at] == '-') {
        at++;
    }
    return at < value.size && value.at[at] >= '0' && value.at[at] <= '9';
}

/* Words that tell a value's meaning by its form are only changed in numbers. */
static bool wants_number(uint32_t how)
{
    return how <= WORD_TIME_2106;
}

/* The member that the mutation means: by name, else by its roll among those that fit. */
static bool choose(const sim_mutation *mutation, cb_strview text, member *out)
{
    member each;
    uint64_t count = 0;
    for (uint32_t pass = 0; pass < 2; pass++) {
        const uint64_t wanted = count == 0 ? 0 : mutation->roll % count;
        uint64_t seen = 0;
        for (size_t at = 0; next_member(text, &at, &each);) {
            const bool is_named = mutation->field[0] != '\0';
            const bool fits = is_named ? cb_sv_is(each.name, mutation->field)
                                       : !wants_number(mutation->how) || is_numeric(each.value);
            if (!fits) {
                continue;
            }
            if (pass == 1 && seen == wanted) {
                *out = each;
                return true;
            }
            seen++;
        }
        count = seen;
        if (count == 0) {
            return false;
        }
    }
    return false;
}

/* ---- changing ---- */

/* The value without its quotes. */
static cb_strview bare(cb_strview value)
{
    const bool is_text = value.size >= 2 && value.at[0] == '"';
    return is_text ? (cb_strview){value.at + 1, value.size - 2} : value;
}

static void add_view(cb_textbuf *out, cb_strview text)
{
    char piece[2] = "";
    for (size_t i = 0; i < text.size; i++) {
        piece[0] = text.at[i];
        cb_textbuf_add(out, piece);
    }
}

/* A value that differs in its last digit or letter: an echo that is not one. */
static void add_other(cb_textbuf *out, cb_strview value)
{
    if (value.size == 0) {
        cb_textbuf_add(out, "x");
        return;
    }
    const char last = value.at[value.size - 1];
    char changed[2] = "";
    changed[0] = (char)(last == '9' || last == 'z' || last == 'Z' ? last - 1 : last + 1);
    if (changed[0] == '"' || changed[0] == '\\') {
        changed[0] = 'x';
    }
    add_view(out, (cb_strview){value.at, value.size - 1});
    cb_textbuf_add(out, changed);
}

static void add_comma(cb_textbuf *out, cb_strview value)
{
    const char *point = memchr(value.at, '.', value.size);
    const size_t at = point == NULL ? value.size : (size_t)(point - value.at);
    add_view(out, (cb_strview){value.at, at});
    cb_textbuf_add(out, ",");
    add_view(
        out, at < value.size ? (cb_strview){value.at + at + 1, value.size - at - 1} : CB_SV("5"));
}

/* "１.5" */
static void add_fullwidth(cb_textbuf *out, cb_strview value)
{
    for (size_t i = 0; i < value.size; i++) {
        const char c = value.at[i];
        char wide[4] = {(char)0xef, (char)0xbc, 0, 0};
        wide[2] = (char)(0x90 + (c - '0'));
        if (c >= '0' && c <= '9') {
            cb_textbuf_add(out, wide);
        } else {
            add_view(out, (cb_strview){&value.at[i], 1});
        }
    }
}

/* ten times: the point moves, or a zero is added to a whole number. */
static void add_ten_times(cb_textbuf *out, cb_strview value)
{
    const char *point = memchr(value.at, '.', value.size);
    const size_t at = point == NULL ? value.size : (size_t)(point - value.at);
    add_view(out, (cb_strview){value.at, at});
    if (at + 2 >= value.size) {
        cb_textbuf_add(out, "0");
        return;
    }
    add_view(out, (cb_strview){value.at + at + 1, 1});
    cb_textbuf_add(out, ".");
    add_view(out, (cb_strview){value.at + at + 2, value.size - at - 2});
    cb_textbuf_add(out, "0");
}

/* What stands between the quotes, or bare, instead of the value. */
static void add_value(uint32_t how, cb_strview value, cb_textbuf *out)
{
    static const char *const fixed[WORD_COUNT] = {
        [WORD_ZERO] = "0",
        [WORD_MINUS_ZERO] = "-0.00000000",
        [WORD_NAN] = "NaN",
        [WORD_INFINITY] = "Infinity",
        [WORD_EXPONENT] = "1e999",
        [WORD_HEX] = "0x10",
        [WORD_LONG] = "1234567890123456789012345678901234567890",
        [WORD_ID_HUGE] = "9007199254740993",
        [WORD_TIME_ZERO] = "0",
        [WORD_TIME_NEGATIVE] = "-1700000000000",
        [WORD_TIME_2106] = "4294967296000",
        [WORD_TEXT] = "a word",
    };
    CB_ASSERT(how < WORD_COUNT);
    if (fixed[how] != NULL) {
        cb_textbuf_add(out, fixed[how]);
    } else if (how == WORD_NEGATIVE) {
        cb_textbuf_add(out, "-");
        add_view(out, value);
    } else if (how == WORD_COMMA) {
        add_comma(out, value);
    } else if (how == WORD_FULLWIDTH) {
        add_fullwidth(out, value);
    } else if (how == WORD_PLACES) {
        add_view(out, value);
        cb_textbuf_add(out,
            memchr(value.at, '.', value.size) == NULL ? ".0000000000000000001" : "00000000001");
    } else if (how == WORD_TEN_TIMES) {
        add_ten_times(out, value);
    } else if (how == WORD_TIME_MICRO) {
        add_view(out, value);
        cb_textbuf_add(out, "000");
    } else {
        CB_ASSERT(how == WORD_OTHER);
        add_other(out, value);
    }
}

static size_t change_value(
    uint32_t how, const member *found, cb_strview text, char *out, size_t size)
{
    char value[512];
    cb_textbuf buffer = cb_textbuf_over(value, sizeof(value));
    const size_t from = (size_t)(found->value.at - text.at);
    /* A number that becomes a word stays without quotes, as a careless server would print it. */
    const bool is_quoted = found->value.at[0] == '"' || how == WORD_TEXT;
    if (how == WORD_NULL) {
        cb_textbuf_add(&buffer, "null");
    } else {
        cb_textbuf_add(&buffer, is_quoted ? "\"" : "");
        add_value(how, bare(found->value), &buffer);
        cb_textbuf_add(&buffer, is_quoted ? "\"" : "");
    }
    return join(text, from, from + found->value.size, (cb_strview){value, buffer.used}, out, size);
}

static size_t change_member(
    uint32_t how, const member *found, cb_strview text, char *out, size_t size)
{
    char piece[512];
    cb_textbuf buffer = cb_textbuf_over(piece, sizeof(piece));
    if (how == WORD_MISSING) { /* under another name it is as good as gone */
        cb_textbuf_add(&buffer, "\"x_");
        add_view(&buffer, found->name);
        cb_textbuf_add(&buffer, "\"");
        return join(text,
            found->name_at,
            found->name_at + found->name.size + 2,
            (cb_strview){piece, buffer.used},
            out,
            size);
    }
    cb_textbuf_add(&buffer, "\"");
    add_view(&buffer, how == WORD_TWICE ? found->name : CB_SV("x_unheard_of"));
    cb_textbuf_add(&buffer, "\":");
    add_view(&buffer, how == WORD_TWICE ? found->value : CB_SV("{\"a\":[1,{}]}"));
    cb_textbuf_add(&buffer, ",");
    return join(text, found->name_at, found->name_at, (cb_strview){piece, buffer.used}, out, size);
}

/* Mutations of the text as a whole. */
static size_t change_text(uint32_t how, uint64_t roll, cb_strview text, char *out, size_t size)
{
    char deep[256];
    switch (how) {
    case WORD_CUT:
        return keep((cb_strview){text.at, text.size == 0 ? 0 : roll % text.size}, out, size);
    case WORD_GARBAGE:
        return keep(CB_SV("\x01\xff\xfe<not json>\xc0\x80{{{"), out, size);
    case WORD_DEEP:
        memset(deep, '[', sizeof(deep));
        return keep((cb_strview){deep, sizeof(deep)}, out, size);
    case WORD_UNKNOWN_CODE:
        return keep(CB_SV("{\"code\":-4999,\"msg\":\"A reason that nobody has written down.\"}"),
            out,
            size);
    default:
        CB_ASSERT(how == WORD_NO_BODY);
        return keep((cb_strview){"", 0}, out, size);
    }
}

size_t sim_mutate(const sim_mutation *mutation, cb_strview text, char *out, size_t size)
{
    member found;
    CB_ASSERT(mutation->how < WORD_COUNT);
    CB_ASSERT(size > 0);
    if (mutation->how >= WORD_CUT) {
        return change_text(mutation->how, mutation->roll, text, out, size);
    }
    if (!choose(mutation, text, &found)) {
        return keep(text, out, size);
    }
    if (mutation->how == WORD_MISSING || mutation->how == WORD_TWICE ||
        mutation->how == WORD_EXTRA) {
        return change_member(mutation->how, &found, text, out, size);
    }
    return change_value(mutation->how, &found, text, out, size);
}

/* ---- market frames ---- */

static bool parse_i64(cb_strview text, int64_t *out)
{
    uint64_t value = 0;
    if (!cb_u64_parse(text, (uint64_t)INT64_MAX / 2, &value)) {
        return false;
    }
    *out = (int64_t)value;
    return true;
}

size_t sim_move_ids(cb_strview text, int64_t by, char *out, size_t size)
{
    static const char *const names[] = {"u", "U", "t", "a", "f", "l", "lastUpdateId"};
    size_t used = keep((cb_strview){"", 0}, out, size);
    size_t copied = 0;
    member each;
    for (size_t at = 0; next_member(text, &at, &each);) {
        if (cb_sv_is(each.name, "e") && cb_sv_is(each.value, "\"kline\"")) {
            return keep(text, out, size); /* its t is a time, and candles have no sequence */
        }
        int64_t id = 0;
        bool is_id = false;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            is_id = is_id || cb_sv_is(each.name, names[i]);
        }
        if (!is_id || !parse_i64(each.value, &id)) {
            continue;
        }
        char value[32];
        cb_textbuf buffer = cb_textbuf_over(value, sizeof(value));
        cb_textbuf_add_i64(&buffer, id + by > 0 ? id + by : 1);
        const size_t from = (size_t)(each.value.at - text.at);
        if (used + (from - copied) + buffer.used + text.size - from >= size) {
            return keep(text, out, size);
        }
        memcpy(out + used, text.at + copied, from - copied);
        used += from - copied;
        memcpy(out + used, value, buffer.used);
        used += buffer.used;
        copied = from + each.value.size;
    }
    return used + keep((cb_strview){text.at + copied, text.size - copied}, out + used, size - used);
}

size_t sim_corrupt(cb_strview text, uint64_t roll, char *out, size_t size)
{
    const size_t used = keep(text, out, size);
    uint32_t digits = 0;
    for (uint32_t pass = 0; pass < 2; pass++) {
        const uint64_t wanted = digits == 0 ? 0 : roll % digits;
        uint32_t seen = 0;
        for (size_t at = 0; at + 2 < used; at++) {
            /* the second text of a level: ["price","quantity"] */
            if (memcmp(out + at, "\",\"", 3) != 0 || at + 3 >= used) {
                continue;
            }
            char *digit = out + at + 3;
            if (*digit < '0' || *digit > '9') {
                continue;
            }
            if (pass == 1 && seen == wanted) {
                *digit = *digit == '9' ? '1' : (char)(*digit + 1);
                return used;
            }
            seen++;
        }
        digits = seen;
        if (digits == 0) {
            return used;
        }
    }
    return used;
}

size_t sim_restamp(cb_strview text, int64_t ts_ns, char *out, size_t size)
{
    member each;
    for (size_t at = 0; next_member(text, &at, &each);) {
        if (!cb_sv_is(each.name, "E")) {
            continue;
        }
        char value[32];
        cb_textbuf buffer = cb_textbuf_over(value, sizeof(value));
        cb_textbuf_add_i64(&buffer, ts_ns / CB_NS_PER_MS);
        const size_t from = (size_t)(each.value.at - text.at);
        return join(
            text, from, from + each.value.size, (cb_strview){value, buffer.used}, out, size);
    }
    return keep(text, out, size);
}

/* ---- bodies ---- */

size_t sim_reply_body(const sim_reply_form *form, char *out, size_t size)
{
    CB_ASSERT(form->is_set);
    if (form->body == 2) {
        return keep((cb_strview){"", 0}, out, size);
    }
    if (form->body == 1) {
        return keep(CB_SV("<html>\r\n<head><title>Error</title></head>\r\n<body>\r\n"
                          "<center><h1>The request could not be satisfied</h1></center>\r\n"
                          "</body>\r\n</html>\r\n"),
            out,
            size);
    }
    sim_json json = sim_json_over(out, size);
    sim_json_open(&json, '{');
    if (form->code != 0) {
        sim_json_put_i64(&json, "code", form->code);
    }
    sim_json_put_text(&json,
        "msg",
        form->text[0] != '\0' ? form->text
        : form->code == -1007 ? "Timeout waiting for response from backend server. Send status "
                                "unknown; execution status unknown."
        : form->code == -1003 ? "Too many requests; current limit is exceeded."
                              : "A fault of the simulator.");
    sim_json_close(&json, '}');
    CB_ASSERT(!json.is_full);
    return json.used;
}
