/* Cryptographic primitives that pure code needs: SHA-256, HMAC-SHA-256, BLAKE2b, hex, base64.
 * Written over libsodium's pure functions; no I/O, no randomness, no allocation. */
#ifndef CB_MAC_H
#define CB_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CB_SHA256_SIZE 32
#define CB_BLAKE2B_128_SIZE 16
#define CB_BLAKE2B_256_SIZE 32

void cb_sha256(const void *bytes, size_t size, uint8_t out[CB_SHA256_SIZE]);
/** HMAC-SHA-256 with a key of any length (RFC 2104). */
void cb_hmac_sha256(
    const void *key, size_t key_size, const void *bytes, size_t size, uint8_t out[CB_SHA256_SIZE]);
/** BLAKE2b with a 16-byte result; key may be NULL with key_size 0 (at most 64 bytes). */
void cb_blake2b_128(const void *key,
    size_t key_size,
    const void *bytes,
    size_t size,
    uint8_t out[CB_BLAKE2B_128_SIZE]);
/** BLAKE2b with a 32-byte result over bytes that come in parts: begin, any number of adds, end. */
typedef struct cb_blake2b {
    _Alignas(64) uint8_t opaque[384];
} cb_blake2b;
void cb_blake2b_begin(cb_blake2b *hash);
void cb_blake2b_add(cb_blake2b *hash, const void *bytes, size_t size);
void cb_blake2b_end(cb_blake2b *hash, uint8_t out[CB_BLAKE2B_256_SIZE]);
/** Constant-time comparison. */
bool cb_mac_equal(const uint8_t *a, const uint8_t *b, size_t size);
/** Lower-case hex and a NUL; out holds 2 * size + 1. */
void cb_hex_print(const uint8_t *bytes, size_t size, char *out);
/** Wipes memory in a way the compiler keeps. */
void cb_wipe(void *bytes, size_t size);

#endif /* CB_MAC_H */
