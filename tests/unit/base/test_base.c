/* The small parts of base: ids, hashes, texts, arena, generator, errors. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/prng.h"
#include "base/strview.h"

/* True when fn ends its process by a trap: what a failed assertion must do. */
static bool traps(void (*fn)(void))
{
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)signal(SIGILL, SIG_DFL);
        (void)signal(SIGTRAP, SIG_DFL);
        fn();
        _exit(0);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           (WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP);
}

static void broken_claim(void)
{
    CB_ASSERT(traps == NULL);
}

static void assert_traps_only_when_broken(void **unused)
{
    (void)unused;
    CB_ASSERT(traps != NULL);
    assert_true(traps(broken_claim));
}

/* ---- ids ---- */
static void ids_are_functions_of_source_epoch_and_sequence(void **unused)
{
    (void)unused;
    const cb_id id = cb_id_make("signals.intent", 3, 17);
    assert_true(cb_id_equal(id, cb_id_make("signals.intent", 3, 17)));
    assert_false(cb_id_equal(id, cb_id_make("signals.intent", 3, 18)));
    assert_false(cb_id_equal(id, cb_id_make("signals.intent", 4, 17)));
    assert_false(cb_id_equal(id, cb_id_make("signals.signal", 3, 17)));
    assert_int_equal(id.lo, 17);
    assert_false(cb_id_is_none(cb_id_make("a", 0, 0)));
    assert_true(cb_id_is_none((cb_id){0, 0}));
}

/* The value may never change: stored rows and client order ids depend on it. */
static void ids_keep_their_value_over_versions(void **unused)
{
    (void)unused;
    char text[CB_ID_TEXT_MAX];
    cb_id_print(cb_id_make("signals.intent", 1, 1), text);
    assert_string_equal(text, "5104803f-2b4a-a460-0000-000000000001");
}

static void many_sources_and_epochs_give_different_ids(void **unused)
{
    (void)unused;
    enum { EPOCHS = 200, SOURCES = 8 };
    static const char *const sources[SOURCES] = {
        "a", "b", "ab", "ba", "signals.intent", "signals.signal", "risk.permit", "x"};
    static uint64_t seen[SOURCES * EPOCHS];
    size_t count = 0;
    for (size_t s = 0; s < SOURCES; s++) {
        for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
            seen[count] = cb_id_make(sources[s], epoch, 1).hi;
            for (size_t i = 0; i < count; i++) {
                assert_true(seen[i] != seen[count]);
            }
            count++;
        }
    }
}

static void id_text_and_bytes_come_back(void **unused)
{
    (void)unused;
    const cb_id id = {UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)};
    char text[CB_ID_TEXT_MAX];
    cb_id_print(id, text);
    assert_string_equal(text, "01234567-89ab-cdef-fedc-ba9876543210");
    cb_id back = {0, 0};
    assert_int_equal(cb_id_parse(text, strlen(text), &back, NULL), CB_OK);
    assert_true(cb_id_equal(id, back));
    const char *plain = "0123456789ABCDEFfedcba9876543210";
    assert_int_equal(cb_id_parse(plain, strlen(plain), &back, NULL), CB_OK);
    assert_true(cb_id_equal(id, back));
    uint8_t bytes[16];
    cb_id_to_bytes(id, bytes);
    assert_int_equal(bytes[0], 0x01);
    assert_int_equal(bytes[15], 0x10);
    assert_true(cb_id_equal(id, cb_id_from_bytes(bytes)));
}

static void id_parse_refuses_everything_else(void **unused)
{
    (void)unused;
    static const char *const bad[] = {"",
        "0",
        "01234567-89ab-cdef-fedc-ba987654321",
        "01234567-89ab-cdef-fedc-ba98765432100",
        "01234567089ab-cdef-fedc-ba9876543210",
        "0123456-789ab-cdef-fedc-ba9876543210",
        "g1234567-89ab-cdef-fedc-ba9876543210",
        "0123456789abcdeffedcba987654321g",
        "0123456789abcdeffedcba98765432 0",
        "01234567-89ab-cdef-fedc-ba987654321-"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cb_id out = {7, 7};
        assert_int_equal(cb_id_parse(bad[i], strlen(bad[i]), &out, NULL), CB_E_SYNTAX);
        assert_int_equal(out.hi, 7);
    }
}

/* ---- hashes ---- */
static void fnv_gives_the_published_values(void **unused)
{
    (void)unused;
    /* draft-eastlake-fnv, FNV-1a 64 bits */
    assert_int_equal(cb_hash_text(CB_HASH_SEED, ""), UINT64_C(0xcbf29ce484222325));
    assert_int_equal(cb_hash_text(CB_HASH_SEED, "a"), UINT64_C(0xaf63dc4c8601ec8c));
    assert_int_equal(cb_hash_text(CB_HASH_SEED, "foobar"), UINT64_C(0x85944171f73967e8));
    assert_int_equal(
        cb_hash_bytes(CB_HASH_SEED, "foobar", 6), cb_hash_text(CB_HASH_SEED, "foobar"));
    const uint8_t little[8] = {0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01};
    assert_int_equal(cb_hash_u64(CB_HASH_SEED, UINT64_C(0x0102030405060708)),
        cb_hash_bytes(CB_HASH_SEED, little, sizeof(little)));
}

/* ---- texts ---- */
static void text_copy_keeps_all_or_nothing(void **unused)
{
    (void)unused;
    char out[5] = "xxxx";
    assert_true(cb_text_copy(out, sizeof(out), CB_SV("1234")));
    assert_string_equal(out, "1234");
    assert_false(cb_text_copy(out, sizeof(out), CB_SV("12345")));
    assert_string_equal(out, "");
    assert_true(cb_text_copy(out, sizeof(out), cb_sv_from(NULL)));
    assert_string_equal(out, "");
    assert_false(cb_text_copy(out, sizeof(out), CB_SV("a\0b")));
    assert_string_equal(out, "");
}

static void views_compare_by_bytes(void **unused)
{
    (void)unused;
    assert_true(cb_sv_is(CB_SV("BTCUSDT"), "BTCUSDT"));
    assert_false(cb_sv_is(CB_SV("BTCUSDT"), "BTCUSD"));
    assert_true(cb_sv_equal(cb_sv_from(NULL), CB_SV("")));
    assert_true(cb_sv_starts_with(CB_SV("md.ok"), "md."));
    assert_false(cb_sv_starts_with(CB_SV("md"), "md."));
    assert_true(cb_sv_starts_with(CB_SV("md"), ""));
    assert_true(cb_text_equal("a", "a"));
    assert_false(cb_text_equal("a", "ab"));
}

static void u64_parse_is_strict(void **unused)
{
    (void)unused;
    uint64_t out = 9;
    assert_true(cb_u64_parse(CB_SV("18446744073709551615"), UINT64_MAX, &out));
    assert_int_equal(out, UINT64_MAX);
    assert_true(cb_u64_parse(CB_SV("0"), 0, &out));
    assert_int_equal(out, 0);
    assert_true(cb_u64_parse(CB_SV("65535"), 65535, &out));
    out = 9;
    static const char *const bad[] = {"",
        "00",
        "01",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "0x1",
        "18446744073709551616",
        "99999999999999999999",
        "65536a"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(cb_u64_parse(cb_sv_from(bad[i]), UINT64_MAX, &out));
    }
    assert_false(cb_u64_parse(CB_SV("65536"), 65535, &out));
    assert_int_equal(out, 9);
}

static void utf8_is_checked_strictly(void **unused)
{
    (void)unused;
    static const char *const good[] = {"",
        "abc",
        "é",
        "€",
        "𝄞",
        "\xf4\x8f\xbf\xbf",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xe0\xa0\x80",
        "\xf0\x90\x80\x80"};
    static const char *const bad[] = {"\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc3",
        "\xe2\x82",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "a\xfe",
        "\xc3(",
        "\xe2(\xa1",
        "\xf0\x90(\xbc"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(cb_utf8_is_valid(cb_sv_from(good[i])));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(cb_utf8_is_valid(cb_sv_from(bad[i])));
    }
    assert_false(cb_utf8_is_valid(CB_SV("a\0b")));
}

static void text_clean_keeps_good_characters_and_makes_valid_text(void **unused)
{
    (void)unused;
    char text[] = "a\xe2\x82\xac\xe2\x82"; /* a, the euro sign, and a cut one */
    cb_text_clean(text);
    assert_string_equal(text, "a\xe2\x82\xac??");
    cb_prng prng;
    cb_prng_init(&prng, 5);
    for (int round = 0; round < 20000; round++) {
        char random[17];
        for (size_t i = 0; i < 16; i++) {
            random[i] = (char)(1 + cb_prng_below(&prng, 255));
        }
        random[16] = '\0';
        cb_text_clean(random);
        assert_true(cb_utf8_is_valid(cb_sv_from(random)));
        assert_int_equal(strlen(random), 16);
    }
}

/* ---- arena ---- */
static _Alignas(16) uint8_t block[256];

static void arena_gives_zeroed_aligned_memory(void **unused)
{
    (void)unused;
    memset(block, 0xff, sizeof(block));
    cb_arena arena;
    cb_arena_init(&arena, block, sizeof(block));
    const uint8_t *first = cb_arena_alloc(&arena, 3, 1);
    const uint8_t *second = cb_arena_alloc(&arena, 2, 8);
    assert_int_equal((uintptr_t)first % 16, 0);
    assert_int_equal((uintptr_t)second % 16, 0);
    assert_true(second >= first + 3);
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(second[i], 0);
    }
    const size_t left = arena.size - arena.used;
    assert_non_null(cb_arena_alloc(&arena, left, 1));
    assert_int_equal(arena.used, arena.size);
}

static void overfill_arena(void)
{
    cb_arena arena;
    cb_arena_init(&arena, block, sizeof(block));
    (void)cb_arena_alloc(&arena, sizeof(block) + 1, 1);
}

static void overflow_arena(void)
{
    cb_arena arena;
    cb_arena_init(&arena, block, sizeof(block));
    (void)cb_arena_alloc(&arena, SIZE_MAX / 2, 3);
}

static void use_sealed_arena(void)
{
    cb_arena arena;
    cb_arena_init(&arena, block, sizeof(block));
    cb_arena_seal(&arena);
    (void)cb_arena_alloc(&arena, 1, 1);
}

static void arena_traps_when_full_overflowed_or_sealed(void **unused)
{
    (void)unused;
    assert_true(traps(overfill_arena));
    assert_true(traps(overflow_arena));
    assert_true(traps(use_sealed_arena));
}

/* ---- generator ---- */
static void splitmix_gives_the_published_sequence(void **unused)
{
    (void)unused;
    /* S. Vigna's splitmix64.c with the seed 1234567 */
    static const uint64_t wanted[] = {UINT64_C(6457827717110365317),
        UINT64_C(3203168211198807973),
        UINT64_C(9817491932198370423),
        UINT64_C(4593380528125082431),
        UINT64_C(16408922859458223821)};
    cb_prng prng;
    cb_prng_init(&prng, 1234567);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        assert_int_equal(cb_prng_next(&prng), wanted[i]);
    }
}

static void below_stays_below_and_reaches_everything(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 1);
    unsigned counts[7] = {0};
    for (int i = 0; i < 70000; i++) {
        counts[cb_prng_below(&prng, 7)]++;
    }
    for (size_t i = 0; i < 7; i++) {
        assert_in_range(counts[i], 9500, 10500);
    }
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(cb_prng_below(&prng, 1), 0);
        assert_true(cb_prng_below(&prng, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
    }
}

/* ---- errors ---- */
static void errors_carry_code_place_and_context(void **unused)
{
    (void)unused;
    cb_err err;
    assert_int_equal(CB_FAIL(&err, CB_E_IO, "disk %d", 7), CB_E_IO);
    assert_string_equal(err.text, "disk 7");
    assert_non_null(strstr(err.file, "test_base.c"));
    assert_true(err.line > 0);
    assert_int_equal(cb_err_context(&err, "journal %s", "a"), CB_E_IO);
    assert_string_equal(err.text, "journal a: disk 7");
    assert_int_equal(CB_FAIL(NULL, CB_E_FULL, "x"), CB_E_FULL);
    assert_int_equal(cb_err_context(NULL, "x"), CB_E_UNKNOWN);
}

static void long_errors_are_cut_and_keep_the_outermost_context(void **unused)
{
    (void)unused;
    cb_err err;
    (void)CB_FAIL(&err, CB_E_IO, "%0600d", 1);
    assert_int_equal(strlen(err.text), CB_ERR_TEXT_MAX - 1);
    for (int i = 0; i < 100; i++) {
        (void)cb_err_context(&err, "layer %d", i);
        assert_true(strlen(err.text) < CB_ERR_TEXT_MAX);
    }
    assert_memory_equal(err.text, "layer 99: layer 98: ", 20);
}

static void every_status_has_its_own_name(void **unused)
{
    (void)unused;
    for (int i = 0; i < CB_STATUS_COUNT; i++) {
        const char *name = cb_status_name((cb_status)i);
        assert_non_null(name);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(name, cb_status_name((cb_status)j));
        }
    }
    assert_string_equal(cb_status_name((cb_status)CB_STATUS_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assert_traps_only_when_broken),
        cmocka_unit_test(ids_are_functions_of_source_epoch_and_sequence),
        cmocka_unit_test(ids_keep_their_value_over_versions),
        cmocka_unit_test(many_sources_and_epochs_give_different_ids),
        cmocka_unit_test(id_text_and_bytes_come_back),
        cmocka_unit_test(id_parse_refuses_everything_else),
        cmocka_unit_test(fnv_gives_the_published_values),
        cmocka_unit_test(text_copy_keeps_all_or_nothing),
        cmocka_unit_test(views_compare_by_bytes),
        cmocka_unit_test(u64_parse_is_strict),
        cmocka_unit_test(utf8_is_checked_strictly),
        cmocka_unit_test(text_clean_keeps_good_characters_and_makes_valid_text),
        cmocka_unit_test(arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(arena_traps_when_full_overflowed_or_sealed),
        cmocka_unit_test(splitmix_gives_the_published_sequence),
        cmocka_unit_test(below_stays_below_and_reaches_everything),
        cmocka_unit_test(errors_carry_code_place_and_context),
        cmocka_unit_test(long_errors_are_cut_and_keep_the_outermost_context),
        cmocka_unit_test(every_status_has_its_own_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
