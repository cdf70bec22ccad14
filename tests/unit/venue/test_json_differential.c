/* A short, deterministic part of the fuzzing of fuzz_json: mutations of sample messages go through
 * our scanner and through jansson, which must agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "tests/fuzz/json_compare.h"
#include "tests/unit/venue/fixtures.h"

#define ROUNDS 1500
#define TEXT_MAX 8192

static const char *const fixtures[] = {FIXTURES_ALL,
    "[]",
    "{}",
    "\"\\ud83d\\ude00 \xE2\x82\xAC\"",
    "[1,-2.5e+10,0,-0,\"\",true,false,null,{\"a\":{\"b\":[[],{}]}}]",
    "  {\"a\" : 1 }\r\n"};
#define FIXTURES_COUNT (sizeof(fixtures) / sizeof(fixtures[0]))

static void scanner_agrees_with_jansson_on_the_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIXTURES_COUNT; i++) {
        assert_int_equal(cb_json_check(cb_sv_from(fixtures[i]), NULL), CB_OK);
        const char *why = json_compare(fixtures[i], strlen(fixtures[i]));
        if (why != NULL) {
            fail_msg("%s: %s", why, fixtures[i]);
        }
    }
}

/* Changes, removes, doubles or inserts some bytes; tokens of the grammar are likely. */
static size_t mutate(cb_prng *prng, char *text, size_t size)
{
    static const char tokens[] = "{}[]:,\"\\/ue0123456789.-+Etrfalsn \t\n\xC3\xA9\xE2\x82\xAC\x01";
    const uint64_t edits = 1 + cb_prng_below(prng, 4);
    for (uint64_t edit = 0; edit < edits && size > 1 && size + 1 < TEXT_MAX; edit++) {
        const size_t at = (size_t)cb_prng_below(prng, size);
        const char byte = cb_prng_below(prng, 8) == 0
                              ? (char)(uint8_t)cb_prng_below(prng, 256)
                              : tokens[cb_prng_below(prng, sizeof(tokens) - 1)];
        switch (cb_prng_below(prng, 4)) {
        case 0:
            text[at] = byte;
            break;
        case 1:
            memmove(text + at, text + at + 1, size - at - 1);
            size--;
            break;
        case 2:
            memmove(text + at + 1, text + at, size - at);
            text[at] = byte;
            size++;
            break;
        default:
            size = at + 1;
            break;
        }
    }
    return size;
}

static void scanner_agrees_with_jansson_on_mutations(void **state)
{
    (void)state;
    cb_prng prng;
    uint64_t accepted = 0;
    cb_prng_init(&prng, 20240808);
    for (size_t i = 0; i < FIXTURES_COUNT; i++) {
        const size_t whole = strlen(fixtures[i]);
        assert_true(whole < TEXT_MAX / 2);
        for (int round = 0; round < ROUNDS; round++) {
            char text[TEXT_MAX];
            memcpy(text, fixtures[i], whole);
            const size_t size = mutate(&prng, text, whole);
            const char *why = json_compare(text, size);
            if (why != NULL) {
                fail_msg("%s: %.*s", why, (int)size, text);
            }
            accepted += cb_json_check((cb_strview){.at = text, .size = size}, NULL) == CB_OK;
        }
    }
    /* The mutations must reach both sides of the grammar, or the test shows nothing. */
    assert_true(accepted > 1000);
    assert_true(accepted < ROUNDS * FIXTURES_COUNT / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scanner_agrees_with_jansson_on_the_samples),
        cmocka_unit_test(scanner_agrees_with_jansson_on_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
