/* OpenSSL's plain SHA-256 functions behind a type of ours. They are marked as old, but they need no
 * allocation and cannot fail. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "services/lab/data/sha.h"

#include <openssl/sha.h>

#include "base/assert.h"
#include "base/mac.h"

_Static_assert(sizeof(SHA256_CTX) <= sizeof(lab_sha), "the context fits");

static SHA256_CTX *context_of(lab_sha *sha)
{
    return (SHA256_CTX *)(void *)sha->opaque;
}

void lab_sha_begin(lab_sha *sha)
{
    const int is_done = SHA256_Init(context_of(sha));
    CB_ASSERT(is_done == 1);
}

void lab_sha_add(lab_sha *sha, const void *bytes, size_t size)
{
    const int is_done = SHA256_Update(context_of(sha), bytes, size);
    CB_ASSERT(is_done == 1);
}

void lab_sha_end(lab_sha *sha, char out[LAB_SHA256_TEXT])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    const int is_done = SHA256_Final(digest, context_of(sha));
    CB_ASSERT(is_done == 1);
    cb_hex_print(digest, sizeof digest, out);
}
