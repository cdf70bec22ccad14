/* The local flag page: one small file that stops the sending of orders when nothing else works any
 * more. Execution looks at it before each write of an order to a socket; `cerberus kill --local`, a
 * signal to execution and the guardian raise it. No bus, no database, no other process is needed.
 *
 * It fails closed: a page that is missing, short, torn or foreign reads as level 2. Raising never
 * lowers; lowering names the generation that it has seen, so a raise in between is kept. A page is
 * rewritten in place, which works on a full disk. */
#ifndef CB_KILLPAGE_H
#define CB_KILLPAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define CB_KILLPAGE_SIZE 512 /* bytes of the file */
#define CB_KILLPAGE_ACTOR_MAX 48
#define CB_KILLPAGE_REASON_MAX 96
#define CB_KILLPAGE_UNSOUND_LEVEL 2 /* what an unreadable page counts as */

typedef struct cb_killpage cb_killpage; /* an open page */

typedef struct cb_killpage_state {
    bool is_sound;       /* false: level is CB_KILLPAGE_UNSOUND_LEVEL and reason tells why */
    uint32_t level;      /* 0 to 4, as the kill latch's */
    uint64_t generation; /* rises with each write; 0 when not sound */
    int64_t changed_ns;  /* system clock */
    char actor[CB_KILLPAGE_ACTOR_MAX];
    char reason[CB_KILLPAGE_REASON_MAX];
} cb_killpage_state;

/* What a write says. */
typedef struct cb_killpage_wish {
    uint32_t level;
    const char *actor;  /* [borrowed for the call] cut when too long */
    const char *reason; /* [borrowed for the call] cut when too long */
} cb_killpage_wish;

/** Never NULL: a page that is not there is looked for again with each look. path is copied. */
cb_killpage *cb_killpage_open(const char *path);
void cb_killpage_close(cb_killpage *page);
/** Two system calls while the page stays where it is. Never fails: see is_sound. */
void cb_killpage_look(cb_killpage *page, cb_killpage_state *out);

/** Makes a page at level 0. CB_E_EXISTS when there is a file already, whatever it holds. */
CB_MUST_USE cb_status cb_killpage_make(const char *path, cb_err *err);
/**
 * Raises to at least wish->level; a page that is not sound becomes one of at least
 * CB_KILLPAGE_UNSOUND_LEVEL, a missing one is made. Waits at most 200 ms for another writer, which
 * may be stopped, and then writes all the same.
 *
 * @param out [out] the page as written; may be NULL.
 */
CB_MUST_USE cb_status cb_killpage_raise(
    const char *path, const cb_killpage_wish *wish, cb_killpage_state *out, cb_err *err);
/**
 * Sets the page to wish->level when its generation still is the given one (0: it still is not
 * sound).
 *
 * @return CB_OK; CB_E_STATE when it was changed since; CB_E_IO.
 */
CB_MUST_USE cb_status cb_killpage_lower(
    const char *path, uint64_t generation, const cb_killpage_wish *wish, cb_err *err);

/** May an order go at this level? Reducing orders pass level 1, flattening ones level 3. */
bool cb_killpage_allows(uint32_t level, bool is_reducing, bool is_flattening);

#endif /* CB_KILLPAGE_H */
