/* A permit binds every term of its order; a client order id binds account, venue and intent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "base/strview.h"
#include "domain/canonical.h"
#include "domain/client_order_id.h"
#include "domain/permit.h"
#include "testing/random_body.h"

static const uint8_t key[32] = "0123456789abcdef0123456789abcdef";

static cb_permit a_permit(void)
{
    cb_prng prng;
    cb_prng_init(&prng, 51);
    cb_permit permit;
    cb_testing_random_body(&prng, &cb_permit_desc, &permit);
    permit.permit_id = (cb_id){3, 4};
    cb_permit_sign(&permit, key, sizeof(key));
    return permit;
}

static bool is_field(const cb_field *field, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (cb_text_equal(field->name, *names)) {
            return true;
        }
    }
    return false;
}

/* Walks all fields of the message, so that a term added later must be bound or named here. */
static void every_field_but_the_explanations_is_bound(void **unused)
{
    (void)unused;
    static const char *const unbound[] = {"env", "reserved_e8", "verdicts", NULL};
    for (uint32_t i = 0; i < cb_permit_desc.fields_count; i++) {
        const cb_field *field = &cb_permit_desc.fields[i];
        cb_permit permit = a_permit();
        assert_true(cb_permit_verify(&permit, key, sizeof(key)));
        uint8_t *member = (uint8_t *)&permit + field->offset;
        if (field->kind == CB_KIND_TEXT) {
            memcpy(member, member[0] == 'q' ? "r" : "q", 2);
        } else {
            member[0] ^= 1;
        }
        const bool is_bound = !is_field(field, unbound);
        if (cb_permit_verify(&permit, key, sizeof(key)) == is_bound) {
            fail_msg("%s is %s", field->name, is_bound ? "not bound" : "bound");
        }
    }
}

static void a_new_signature_under_the_same_key_is_the_same(void **unused)
{
    (void)unused;
    cb_permit permit = a_permit();
    const cb_permit first = permit;
    memset(permit.mac, 0, sizeof(permit.mac));
    memset(permit.order_hash, 0, sizeof(permit.order_hash));
    cb_permit_sign(&permit, key, sizeof(key));
    assert_memory_equal(&permit, &first, sizeof(first));
}

static void another_key_does_not_verify(void **unused)
{
    (void)unused;
    const cb_permit permit = a_permit();
    uint8_t other[sizeof(key)];
    memcpy(other, key, sizeof(key));
    other[31] ^= 1;
    assert_false(cb_permit_verify(&permit, other, sizeof(other)));
    assert_false(cb_permit_verify(&permit, key, sizeof(key) - 1));
}

static void recomputing_the_hash_without_the_key_does_not_help(void **unused)
{
    (void)unused;
    cb_permit permit = a_permit();
    permit.qty.e8 += 1;
    cb_permit_order_hash(&permit, permit.order_hash);
    assert_false(cb_permit_verify(&permit, key, sizeof(key)));
}

/* Moving a character from one text to the next must not give the same bytes. */
static void neighbouring_texts_do_not_run_together(void **unused)
{
    (void)unused;
    cb_permit a;
    memset(&a, 0, sizeof(a));
    cb_permit b = a;
    memcpy(a.account, "mai", 4);
    memcpy(a.venue, "nbinance", 9);
    memcpy(b.account, "main", 5);
    memcpy(b.venue, "binance", 8);
    uint8_t hash_a[CB_SHA256_SIZE];
    uint8_t hash_b[CB_SHA256_SIZE];
    cb_permit_order_hash(&a, hash_a);
    cb_permit_order_hash(&b, hash_b);
    assert_memory_not_equal(hash_a, hash_b, sizeof(hash_a));
}

/* The MAC's input as documented: 16 + 32 + 8 + 8 + 32 bytes, put together by hand. */
static void the_mac_is_over_the_documented_bytes(void **unused)
{
    (void)unused;
    const cb_permit permit = a_permit();
    uint8_t bytes[96];
    memcpy(bytes + 64, permit.caps_hash, 32);
    cb_id_to_bytes(permit.permit_id, bytes);
    memcpy(bytes + 16, permit.order_hash, 32);
    for (unsigned i = 0; i < 8; i++) {
        bytes[48 + i] = (uint8_t)((uint64_t)permit.expires_ns >> (56 - 8 * i));
        bytes[56 + i] = (uint8_t)(permit.limits_version >> (56 - 8 * i));
    }
    uint8_t mac[CB_SHA256_SIZE];
    cb_hmac_sha256(key, sizeof(key), bytes, sizeof(bytes), mac);
    assert_memory_equal(mac, permit.mac, sizeof(mac));
}

static void canonical_bytes_are_big_endian_with_lengths(void **unused)
{
    (void)unused;
    cb_canonical bytes = {.size = 0};
    cb_canonical_put_u8(&bytes, 1);
    cb_canonical_put_u32(&bytes, 0x02030405);
    cb_canonical_put_i64(&bytes, -2);
    cb_canonical_put_text(&bytes, "ab");
    cb_canonical_put_text(&bytes, "");
    static const uint8_t wanted[] = {1,
        2,
        3,
        4,
        5,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xfe,
        0,
        0,
        0,
        2,
        'a',
        'b',
        0,
        0,
        0,
        0};
    assert_int_equal(bytes.size, sizeof(wanted));
    assert_memory_equal(bytes.bytes, wanted, sizeof(wanted));
}

/* ---- client order ids ---- */
static void client_order_ids_are_uuids_bound_to_their_parts(void **unused)
{
    (void)unused;
    char id[CB_ID_TEXT_MAX];
    char again[CB_ID_TEXT_MAX];
    const cb_id intent = {1, 2};
    cb_client_order_id(key, sizeof(key), "main", "binance", intent, id);
    cb_client_order_id(key, sizeof(key), "main", "binance", intent, again);
    assert_string_equal(id, again);
    assert_int_equal(strlen(id), 36);
    cb_id parsed;
    assert_int_equal(cb_id_parse(id, 36, &parsed, NULL), CB_OK);
    cb_client_order_id(key, sizeof(key), "main", "binance", (cb_id){1, 3}, again);
    assert_string_not_equal(id, again);
    cb_client_order_id(key, sizeof(key), "main2", "binance", intent, again);
    assert_string_not_equal(id, again);
    cb_client_order_id(key, sizeof(key), "mai", "nbinance", intent, again);
    assert_string_not_equal(id, again);
    cb_client_order_id(key, sizeof(key) - 1, "main", "binance", intent, again);
    assert_string_not_equal(id, again);
    cb_client_order_id(NULL, 0, "main", "binance", intent, again);
    assert_string_not_equal(id, again);
}

/* Pinned: another value would give an intent in flight a second name at the venue. */
static void client_order_ids_keep_their_value_over_versions(void **unused)
{
    (void)unused;
    char id[CB_ID_TEXT_MAX];
    cb_client_order_id(
        (const uint8_t *)"0123456789abcdef", 16, "main", "binance", (cb_id){1, 2}, id);
    assert_string_equal(id, "a51ef0ad-3790-7bdb-1b72-57cfa200b632");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_but_the_explanations_is_bound),
        cmocka_unit_test(a_new_signature_under_the_same_key_is_the_same),
        cmocka_unit_test(another_key_does_not_verify),
        cmocka_unit_test(recomputing_the_hash_without_the_key_does_not_help),
        cmocka_unit_test(neighbouring_texts_do_not_run_together),
        cmocka_unit_test(the_mac_is_over_the_documented_bytes),
        cmocka_unit_test(canonical_bytes_are_big_endian_with_lengths),
        cmocka_unit_test(client_order_ids_are_uuids_bound_to_their_parts),
        cmocka_unit_test(client_order_ids_keep_their_value_over_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
