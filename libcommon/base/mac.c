/* Cryptographic primitives over libsodium's pure functions. sodium_init is not needed: these use
 * neither its random source nor its guarded allocator, only (without it) the portable code. */
#include "base/mac.h"

#include <sodium.h>

#include "base/assert.h"

_Static_assert(CB_SHA256_SIZE == crypto_hash_sha256_BYTES, "SHA-256 has 32 bytes");
_Static_assert(CB_SHA256_SIZE == crypto_auth_hmacsha256_BYTES, "HMAC-SHA-256 has 32 bytes");

void cb_sha256(const void *bytes, size_t size, uint8_t out[CB_SHA256_SIZE])
{
    CB_ASSERT(bytes != NULL || size == 0);
    const int status = crypto_hash_sha256(out, bytes, size);
    CB_ASSERT(status == 0);
}

void cb_hmac_sha256(
    const void *key, size_t key_size, const void *bytes, size_t size, uint8_t out[CB_SHA256_SIZE])
{
    CB_ASSERT(key != NULL || key_size == 0);
    CB_ASSERT(bytes != NULL || size == 0);
    static const uint8_t nothing[1] = {0};
    crypto_auth_hmacsha256_state state;
    (void)crypto_auth_hmacsha256_init(&state, key == NULL ? nothing : key, key_size);
    (void)crypto_auth_hmacsha256_update(&state, bytes == NULL ? nothing : bytes, size);
    (void)crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof(state));
}

void cb_blake2b_128(const void *key,
    size_t key_size,
    const void *bytes,
    size_t size,
    uint8_t out[CB_BLAKE2B_128_SIZE])
{
    CB_ASSERT(key != NULL || key_size == 0);
    CB_ASSERT(key_size <= crypto_generichash_KEYBYTES_MAX);
    CB_ASSERT(bytes != NULL || size == 0);
    const int status = crypto_generichash(
        out, CB_BLAKE2B_128_SIZE, bytes, size, key_size == 0 ? NULL : key, key_size);
    CB_ASSERT(status == 0);
}

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(cb_blake2b), "room for the state");
_Static_assert(
    _Alignof(crypto_generichash_state) <= _Alignof(cb_blake2b), "alignment of the state");

void cb_blake2b_begin(cb_blake2b *hash)
{
    const int rc = crypto_generichash_init((void *)hash->opaque, NULL, 0, CB_BLAKE2B_256_SIZE);
    CB_ASSERT(rc == 0);
}

void cb_blake2b_add(cb_blake2b *hash, const void *bytes, size_t size)
{
    const int rc = crypto_generichash_update((void *)hash->opaque, bytes, size);
    CB_ASSERT(rc == 0);
}

void cb_blake2b_end(cb_blake2b *hash, uint8_t out[CB_BLAKE2B_256_SIZE])
{
    const int rc = crypto_generichash_final((void *)hash->opaque, out, CB_BLAKE2B_256_SIZE);
    CB_ASSERT(rc == 0);
}

bool cb_mac_equal(const uint8_t *a, const uint8_t *b, size_t size)
{
    CB_ASSERT(a != NULL && b != NULL);
    return sodium_memcmp(a, b, size) == 0;
}

void cb_hex_print(const uint8_t *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    CB_ASSERT(bytes != NULL || size == 0);
    CB_ASSERT(out != NULL);
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 0xf];
    }
    out[2 * size] = '\0';
}

void cb_wipe(void *bytes, size_t size)
{
    CB_ASSERT(bytes != NULL || size == 0);
    if (size > 0) {
        sodium_memzero(bytes, size);
    }
}
