/* The one file that sees the version of the tree, so that a new commit recompiles nothing else. */
#include "rt/version.h"

#ifndef CB_VERSION
#define CB_VERSION "unversioned"
#endif

const char *cb_version(void)
{
    return CB_VERSION;
}
