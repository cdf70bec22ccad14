/* SHA-256 over bytes that come in parts, by OpenSSL: the processor's own instructions make it five
 * times as fast as libcommon's, and an import hashes both the source and the columns. */
#ifndef LAB_SHA_H
#define LAB_SHA_H

#include <stddef.h>

#define LAB_SHA256_TEXT 65

typedef struct lab_sha {
    _Alignas(8) unsigned char opaque[128];
} lab_sha;

void lab_sha_begin(lab_sha *sha);
void lab_sha_add(lab_sha *sha, const void *bytes, size_t size);
/** Lower-case hex and a NUL. */
void lab_sha_end(lab_sha *sha, char out[LAB_SHA256_TEXT]);

#endif /* LAB_SHA_H */
