/* Secrets at rest: what is sealed for one label opens for no other, and a key file that was changed
 * anywhere is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "services/signer/core/seal.h"

#define PUBLIC_PART "public-part-of-key"
#define HIDDEN_PART "hidden-part-of-key"

static uint8_t kek[SIGNER_KEK_SIZE];
static uint8_t other_kek[SIGNER_KEK_SIZE];
static cb_prng prng;
static cb_err err;

static void fill(void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)bytes)[i] = (uint8_t)cb_prng_next(&prng);
    }
}

static int set_up(void **state)
{
    (void)state;
    cb_prng_init(&prng, 3);
    fill(kek, sizeof(kek));
    fill(other_kek, sizeof(other_kek));
    return 0;
}

static signer_row sealed(const char *account, cb_key_purpose purpose, uint32_t version)
{
    signer_row row = {.label = {.venue = "binance", .purpose = purpose, .version = version}};
    signer_secret secret = {.api_key = PUBLIC_PART, .api_secret = HIDDEN_PART};
    signer_random random;
    (void)snprintf(row.label.account, sizeof(row.label.account), "%s", account);
    fill(&random, sizeof(random));
    signer_seal(&row, &secret, kek, &random);
    return row;
}

static void row_opens_for_its_own_label(void **state)
{
    (void)state;
    signer_secret out;
    const signer_row row = sealed("main", CB_KEY_TRADE, 1);
    assert_int_equal(signer_unseal(&row, kek, &out, &err), CB_OK);
    assert_string_equal(out.api_key, PUBLIC_PART);
    assert_string_equal(out.api_secret, HIDDEN_PART);
}

static void assert_closed(const signer_row *row, const uint8_t *with)
{
    static const signer_secret NOTHING = {.api_key = ""};
    signer_secret out;
    memset(&out, 0xA5, sizeof(out));
    assert_int_equal(signer_unseal(row, with, &out, &err), CB_E_CORRUPT);
    assert_memory_equal(&out, &NOTHING, sizeof(out));
}

static void row_does_not_open_for_another_label(void **state)
{
    (void)state;
    signer_row row = sealed("main", CB_KEY_TRADE, 1);
    (void)snprintf(row.label.account, sizeof(row.label.account), "other");
    assert_closed(&row, kek);
    row = sealed("main", CB_KEY_TRADE, 1);
    (void)snprintf(row.label.venue, sizeof(row.label.venue), "kraken");
    assert_closed(&row, kek);
    row = sealed("main", CB_KEY_CANCEL, 1);
    row.label.purpose = CB_KEY_TRADE;
    assert_closed(&row, kek);
    row = sealed("main", CB_KEY_TRADE, 1);
    row.label.version = 2;
    assert_closed(&row, kek);
    row = sealed("main", CB_KEY_TRADE, 1);
    assert_closed(&row, other_kek);
}

static void account_and_venue_do_not_run_together(void **state)
{
    (void)state;
    signer_row row = sealed("ab", CB_KEY_TRADE, 1);
    (void)snprintf(row.label.account, sizeof(row.label.account), "a");
    (void)snprintf(row.label.venue, sizeof(row.label.venue), "bbinance");
    assert_closed(&row, kek);
}

static void swapped_rows_do_not_open(void **state)
{
    (void)state;
    const signer_row a = sealed("main", CB_KEY_TRADE, 1);
    const signer_row b = sealed("main", CB_KEY_CANCEL, 2);
    signer_row mixed = a;
    memcpy(mixed.sealed, b.sealed, sizeof(mixed.sealed));
    memcpy(mixed.nonce, b.nonce, sizeof(mixed.nonce));
    assert_closed(&mixed, kek);
    memcpy(mixed.wrapped_dek, b.wrapped_dek, sizeof(mixed.wrapped_dek));
    memcpy(mixed.dek_nonce, b.dek_nonce, sizeof(mixed.dek_nonce));
    assert_closed(&mixed, kek); /* whole of b under the label of a */
    mixed = a;
    memcpy(mixed.wrapped_dek, b.wrapped_dek, sizeof(mixed.wrapped_dek));
    assert_closed(&mixed, kek);
}

static void nothing_of_a_secret_shows(void **state)
{
    (void)state;
    const signer_row row = sealed("main", CB_KEY_TRADE, 1);
    assert_null(memmem(&row, sizeof(row), HIDDEN_PART, 8));
    assert_null(memmem(&row, sizeof(row), PUBLIC_PART, 8));
}

static void rewrapping_changes_the_kek_and_nothing_else(void **state)
{
    (void)state;
    uint8_t nonce[SIGNER_NONCE_SIZE];
    signer_secret out;
    signer_row row = sealed("main", CB_KEY_TRADE, 1);
    const signer_row before = row;
    fill(nonce, sizeof(nonce));
    assert_int_equal(signer_rewrap(&row, other_kek, kek, nonce, &err), CB_E_CORRUPT);
    assert_memory_equal(&row, &before, sizeof(row));
    assert_int_equal(signer_rewrap(&row, kek, other_kek, nonce, &err), CB_OK);
    assert_memory_equal(row.sealed, before.sealed, sizeof(row.sealed));
    assert_closed(&row, kek);
    assert_int_equal(signer_unseal(&row, other_kek, &out, &err), CB_OK);
    assert_string_equal(out.api_secret, HIDDEN_PART);
}

/* ---- files ---- */

static uint8_t bytes[SIGNER_FILE_MAX];
static signer_file file;

static size_t put_file(void)
{
    memset(&file, 0, sizeof(file));
    file.next_version = 3;
    file.rows_count = 2;
    file.rows[0] = sealed("main", CB_KEY_TRADE, 1);
    file.rows[1] = sealed("main", CB_KEY_CANCEL, 2);
    file.rows[1].label.is_disabled = true;
    file.rows[1].label.checked_ns = INT64_C(1700000000123456789);
    (void)snprintf(file.rows[1].label.why, sizeof(file.rows[1].label.why), "may withdraw");
    return signer_file_put(&file, kek, bytes);
}

static void file_is_read_as_written(void **state)
{
    (void)state;
    static signer_file got;
    const size_t size = put_file();
    assert_int_equal(signer_file_get(bytes, size, kek, &got, &err), CB_OK);
    assert_int_equal(got.next_version, 3);
    assert_int_equal(got.rows_count, 2);
    assert_true(got.rows[1].label.is_disabled);
    assert_false(got.rows[0].label.is_disabled);
    assert_string_equal(got.rows[1].label.why, "may withdraw");
    assert_int_equal(got.rows[1].label.checked_ns, INT64_C(1700000000123456789));
    assert_memory_equal(got.rows[0].sealed, file.rows[0].sealed, sizeof(got.rows[0].sealed));
}

static void file_changed_in_any_byte_is_refused(void **state)
{
    (void)state;
    static signer_file got;
    const size_t size = put_file();
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= (uint8_t)(1U << (i % 8));
        assert_int_equal(signer_file_get(bytes, size, kek, &got, &err), CB_E_CORRUPT);
        bytes[i] ^= (uint8_t)(1U << (i % 8));
    }
    assert_int_equal(signer_file_get(bytes, size, kek, &got, &err), CB_OK);
}

static void file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    static signer_file got;
    const size_t size = put_file();
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(signer_file_get(bytes, i, kek, &got, &err), CB_E_CORRUPT);
    }
    assert_int_equal(signer_file_get(bytes, size + 1, kek, &got, &err), CB_E_CORRUPT);
}

static void file_rows_cannot_be_exchanged_or_dropped(void **state)
{
    (void)state;
    static signer_file got;
    static uint8_t row[SIGNER_ROW_SIZE];
    const size_t size = put_file();
    uint8_t *first = bytes + SIGNER_HEAD_SIZE;
    memcpy(row, first, sizeof(row));
    memcpy(first, first + SIGNER_ROW_SIZE, SIGNER_ROW_SIZE);
    memcpy(first + SIGNER_ROW_SIZE, row, sizeof(row));
    assert_int_equal(signer_file_get(bytes, size, kek, &got, &err), CB_E_CORRUPT);
    (void)put_file();
    memmove(first + SIGNER_ROW_SIZE, bytes + size - SIGNER_MAC_SIZE, SIGNER_MAC_SIZE);
    assert_int_equal(signer_file_get(bytes, size - SIGNER_ROW_SIZE, kek, &got, &err), CB_E_CORRUPT);
}

static void file_of_another_kek_is_told_apart(void **state)
{
    (void)state;
    static signer_file got;
    uint8_t wanted[SIGNER_KEK_ID_SIZE];
    uint8_t id[SIGNER_KEK_ID_SIZE];
    const size_t size = put_file();
    assert_int_equal(signer_file_get(bytes, size, other_kek, &got, &err), CB_E_CORRUPT);
    assert_non_null(strstr(err.text, "another KEK"));
    assert_int_equal(signer_file_kek(bytes, size, wanted, &err), CB_OK);
    signer_kek_id(kek, id);
    assert_memory_equal(wanted, id, sizeof(id));
    signer_kek_id(other_kek, id);
    assert_memory_not_equal(wanted, id, sizeof(id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_opens_for_its_own_label),
        cmocka_unit_test(row_does_not_open_for_another_label),
        cmocka_unit_test(account_and_venue_do_not_run_together),
        cmocka_unit_test(swapped_rows_do_not_open),
        cmocka_unit_test(nothing_of_a_secret_shows),
        cmocka_unit_test(rewrapping_changes_the_kek_and_nothing_else),
        cmocka_unit_test(file_is_read_as_written),
        cmocka_unit_test(file_changed_in_any_byte_is_refused),
        cmocka_unit_test(file_cut_anywhere_is_refused),
        cmocka_unit_test(file_rows_cannot_be_exchanged_or_dropped),
        cmocka_unit_test(file_of_another_kek_is_told_apart),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
