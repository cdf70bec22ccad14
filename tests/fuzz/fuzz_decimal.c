/* Any text as decimal, id, time and integer: what is accepted prints back to the same value, and a
 * decimal's two printed forms agree. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/money.h"
#include "base/strview.h"
#include "base/timefmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool claim)
{
    if (!claim) {
        abort();
    }
}

static void try_decimal(const char *text, size_t size)
{
    int64_t value = 0;
    if (cb_decimal_parse(text, size, &value, NULL) != CB_OK) {
        return;
    }
    char shortest[CB_DECIMAL_TEXT_MAX];
    char fixed[CB_DECIMAL_TEXT_MAX];
    const size_t shortest_size = cb_decimal_print(value, shortest);
    const size_t fixed_size = cb_decimal_print_fixed8(value, fixed);
    int64_t back = 0;
    require(cb_decimal_parse(shortest, shortest_size, &back, NULL) == CB_OK && back == value);
    require(cb_decimal_parse(fixed, fixed_size, &back, NULL) == CB_OK && back == value);
    require(memcmp(shortest, fixed, shortest_size) == 0);
}

static void try_others(const char *text, size_t size)
{
    cb_id id = {0, 0};
    cb_id id_back = {0, 0};
    char id_text[CB_ID_TEXT_MAX];
    if (cb_id_parse(text, size, &id, NULL) == CB_OK) {
        cb_id_print(id, id_text);
        require(cb_id_parse(id_text, CB_ID_TEXT_MAX - 1, &id_back, NULL) == CB_OK);
        require(cb_id_equal(id, id_back));
    }
    int64_t ts_ns = 0;
    int64_t ts_back = 0;
    char time_text[CB_TIME_TEXT_MAX];
    if (cb_time_parse(text, size, &ts_ns)) {
        const size_t time_size = cb_time_print(ts_ns, 9, time_text);
        require(cb_time_parse(time_text, time_size, &ts_back) && ts_back == ts_ns);
    }
    uint64_t integer = 0;
    if (cb_u64_parse((cb_strview){text, size}, 1000, &integer)) {
        require(integer <= 1000 && size <= 4);
    }
    (void)cb_utf8_is_valid((cb_strview){text, size});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_decimal((const char *)data, size);
    try_others((const char *)data, size);
    return 0;
}
