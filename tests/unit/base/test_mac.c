/* Cryptographic primitives against published vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mac.h"

static void assert_hex(const uint8_t *bytes, size_t size, const char *wanted)
{
    char text[2 * 64 + 1];
    cb_hex_print(bytes, size, text);
    assert_string_equal(text, wanted);
}

static void sha256_gives_the_vectors_of_fips_180(void **unused)
{
    (void)unused;
    uint8_t out[CB_SHA256_SIZE];
    cb_sha256("abc", 3, out);
    assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cb_sha256(NULL, 0, out);
    assert_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    cb_sha256(two_blocks, strlen(two_blocks), out);
    assert_hex(out, 32, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void hmac_gives_the_vectors_of_rfc_4231(void **unused)
{
    (void)unused;
    uint8_t out[CB_SHA256_SIZE];
    cb_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
    assert_hex(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    uint8_t key[131];
    memset(key, 0xaa, sizeof(key));
    const char *text = "Test Using Larger Than Block-Size Key - Hash Key First";
    cb_hmac_sha256(key, sizeof(key), text, strlen(text), out);
    assert_hex(out, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    memset(key, 0x0b, 20);
    cb_hmac_sha256(key, 20, "Hi There", 8, out);
    assert_hex(out, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

/* The documented example of the venue we sign for. */
static void hmac_gives_the_signature_of_the_binance_documentation(void **unused)
{
    (void)unused;
    const char *secret =
        "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"; /* published example key
                                                                             */
    const char *query = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
                        "&recvWindow=5000&timestamp=1499827319559";
    uint8_t out[CB_SHA256_SIZE];
    cb_hmac_sha256(secret, strlen(secret), query, strlen(query), out);
    assert_hex(out, 32, "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71");
}

static void hmac_of_nothing_is_defined(void **unused)
{
    (void)unused;
    uint8_t out[CB_SHA256_SIZE];
    cb_hmac_sha256(NULL, 0, NULL, 0, out);
    assert_hex(out, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void blake2b_128_is_keyed(void **unused)
{
    (void)unused;
    uint8_t plain[16];
    uint8_t keyed[16];
    uint8_t other[16];
    cb_blake2b_128(NULL, 0, NULL, 0, plain);
    assert_hex(plain, 16, "cae66941d9efbd404e4d88758ea67670");
    cb_blake2b_128(NULL, 0, "abc", 3, plain);
    assert_hex(plain, 16, "cf4ab791c62b8d2b2109c90275287816");
    cb_blake2b_128("0123456789abcdef", 16, "abc", 3, keyed);
    cb_blake2b_128("0123456789abcdeg", 16, "abc", 3, other);
    assert_memory_not_equal(plain, keyed, 16);
    assert_memory_not_equal(other, keyed, 16);
    cb_blake2b_128("k", 1, "abc", 3, other);
    assert_memory_not_equal(other, keyed, 16);
}

static void mac_equal_sees_every_bit(void **unused)
{
    (void)unused;
    uint8_t a[32] = {1, 2, 3};
    uint8_t b[32] = {1, 2, 3};
    assert_true(cb_mac_equal(a, b, sizeof(a)));
    for (size_t bit = 0; bit < 8 * sizeof(b); bit++) {
        b[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        assert_false(cb_mac_equal(a, b, sizeof(a)));
        b[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
}

static void wipe_clears(void **unused)
{
    (void)unused;
    uint8_t secret[16];
    memset(secret, 0x5a, sizeof(secret));
    cb_wipe(secret, sizeof(secret));
    const uint8_t zero[16] = {0};
    assert_memory_equal(secret, zero, sizeof(zero));
    cb_wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_vectors_of_fips_180),
        cmocka_unit_test(hmac_gives_the_vectors_of_rfc_4231),
        cmocka_unit_test(hmac_gives_the_signature_of_the_binance_documentation),
        cmocka_unit_test(hmac_of_nothing_is_defined),
        cmocka_unit_test(blake2b_128_is_keyed),
        cmocka_unit_test(mac_equal_sees_every_bit),
        cmocka_unit_test(wipe_clears),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
