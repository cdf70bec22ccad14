/* Values of form and query texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rt/http.h"

static void form_get_decodes_the_first_value_of_a_key(void **state)
{
    (void)state;
    static const struct {
        const char *form;
        const char *key;
        const char *value; /* NULL: false */
    } cases[] = {
        {"symbol=BTCUSDT&side=BUY", "side", "BUY"},
        {"symbol=BTCUSDT&side=BUY", "symbol", "BTCUSDT"},
        {"a=1&a=2", "a", "1"},
        {"ab=1&a=2", "a", "2"},
        {"a&b=1", "a", ""},
        {"a=&b=1", "a", ""},
        {"&&a=1&", "a", "1"},
        {"a=x+y%20z%2B", "a", "x y z+"},
        {"a=%5B%22B%22%5d", "a", "[\"B\"]"},
        {"a=1=2", "a", "1=2"},
        {"b=1", "a", NULL},
        {"", "a", NULL},
        {"a=%zz", "a", NULL},
        {"a=%4", "a", NULL},
        {"a=%", "a", NULL},
        {"a=%4&b=1", "a", NULL},
        {"a=%00", "a", NULL},
        {"a=1234567", "a", "1234567"},
        {"a=12345678", "a", NULL}, /* too long for the buffer: never cut */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[8] = "x";
        const bool is_found = cb_form_get(cases[i].form, cases[i].key, out, sizeof(out));
        assert_int_equal(is_found, cases[i].value != NULL);
        assert_string_equal(out, cases[i].value != NULL ? cases[i].value : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form_get_decodes_the_first_value_of_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
