/* Force-included into every hand-written translation unit: names that may not be used.
 * Each is unbounded, locale dependent, not reentrant, or hides an allocation. */
#ifndef CB_BANNED_H
#define CB_BANNED_H
/* Headers that declare these names come first, so that only uses are poisoned. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __has_include
#if __has_include(<alloca.h>)
#include <alloca.h>
#endif
#endif
/* clang's fortified headers make macros of these two. */
#undef sprintf
#undef vsprintf
#ifdef CB_USES_LWS
#include <libwebsockets.h> /* OpenSSL, which it includes, has parameters called rand */
#endif
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atoll atof strtod strtof gets
#pragma GCC poison localtime gmtime ctime asctime rand srand system tmpnam mktemp
#ifdef alloca
#undef alloca
#endif
#define alloca CB_BANNED_alloca_is_banned
#endif
