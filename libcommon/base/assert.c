/* The end of a broken assumption. Pure code may not print, so nothing is written here: the trap
 * stops the process with the claim and its place in registers, where a core dump, a debugger or a
 * sanitizer finds them, and the supervisor starts the service anew. */
#include "base/assert.h"

void cb_assert_fail(const char *claim, const char *file, int line)
{
    /* Keeps the three values alive up to the trap, so that a core dump names the claim. */
    __asm__ volatile("" : : "r"(claim), "r"(file), "r"(line));
    __builtin_trap();
}
