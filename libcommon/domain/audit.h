/* The audit chain: one record for each order event, permit, denial, fill, kill, configuration and
 * operator action, each with the hash of the one before it. Whoever changes, drops, swaps or adds a
 * record breaks every hash behind it; signed heads, kept elsewhere, say what the chain was.
 *
 *   hash(n)  = BLAKE2b-256(hash(n-1) | canonical bytes of record n without its hash)
 *   head(k)  = k, seq, hash(seq), time, BLAKE2b-256 of head k-1's text; signed with Ed25519
 *
 * Pure: no files, no signing (rt/audit_file). The chain begins with a hash of zeros. */
#ifndef CB_AUDIT_H
#define CB_AUDIT_H

#include "domain/fields.h"

#define CB_AUDIT_HASH_SIZE 32
#define CB_AUDIT_SIGNATURE_SIZE 64
#define CB_AUDIT_KEY_SIZE 32
#define CB_AUDIT_DETAIL_MAX 320

#define CB_AUDIT_RECORD_FIELDS(F)                                                                  \
    F##_U64(1, seq)              /* 1, 2, 3 … */                                                 \
        F##_TIME(2, recorded_ns) /* audit's clock */                                               \
        F##_TEXT(3, kind, 16)    /* "order", "permit", "denial", "fill", "kill", "config", … */  \
        F##_TEXT(4, actor, 48)   /* service, or who raised a kill, or who asked the gateway */     \
        F##_TEXT(5, action, 32)  /* "filled", "granted", "level 2", "POST 200" */                  \
        F##_TEXT(6, object, 80)  /* what it was done to */                                         \
        F##_ID(7, event_id)      /* of the message */                                              \
        F##_ID(8, correlation_id) F##_TIME(9, event_ns) /* the message's own time */               \
        F##_TEXT(10, detail, CB_AUDIT_DETAIL_MAX)                                                  \
            F##_BLOB32(11, body_hash) /* cb_audit_body_hash of the whole message */                \
        F##_BLOB32(12, prev_hash) F##_BLOB32(13, hash)
CB_STRUCT(cb_audit_record, CB_AUDIT_RECORD_FIELDS);

typedef struct cb_audit_head {
    uint64_t number; /* 1, 2, 3 … */
    uint64_t seq;
    int64_t signed_ns;
    uint8_t hash[CB_AUDIT_HASH_SIZE];
    uint8_t prev[CB_AUDIT_HASH_SIZE]; /* BLAKE2b-256 of the line of the head before, zeros for 1 */
    uint8_t signature[CB_AUDIT_SIGNATURE_SIZE];
} cb_audit_head;

/** The hash of a record from everything in it but hash. */
void cb_audit_record_hash(const cb_audit_record *record, uint8_t out[CB_AUDIT_HASH_SIZE]);

/** BLAKE2b-256 over every field of a body, the same on every machine. */
void cb_audit_body_hash(const cb_desc *desc, const void *body, uint8_t out[CB_AUDIT_HASH_SIZE]);

/** What a head's signature covers; returns its size, at most CB_AUDIT_SIGNED_MAX. */
#define CB_AUDIT_SIGNED_MAX 128
size_t cb_audit_head_bytes(const cb_audit_head *head, uint8_t out[CB_AUDIT_SIGNED_MAX]);

#endif /* CB_AUDIT_H */
