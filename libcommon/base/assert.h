/* Assertions that stay on in production. They are for our own bugs: data from outside is
 * validated and refused instead. A failed assertion traps; the supervisor restarts the service. */
#ifndef CB_ASSERT_H
#define CB_ASSERT_H

/* Called once before the trap, so that a shell can print a report. Defined in assert.c;
 * writes nothing itself (cores may not do I/O): the trap's core or the sanitizer tells the place.
 */
__attribute__((noreturn, cold)) void cb_assert_fail(const char *claim, const char *file, int line);

#define CB_ASSERT(claim)                                                                           \
    do {                                                                                           \
        if (__builtin_expect(!(claim), 0)) {                                                       \
            cb_assert_fail(#claim, __FILE__, __LINE__);                                            \
        }                                                                                          \
    } while (0)

/* Documents that both outcomes are fine. */
#define CB_MAYBE(claim) ((void)(claim))

#endif /* CB_ASSERT_H */
