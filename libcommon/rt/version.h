/* Which build this is. */
#ifndef CB_VERSION_H
#define CB_VERSION_H

/** What git called the tree when this was built, such as "v0.1-3-g83d81e1"; a static string. */
const char *cb_version(void);

#endif /* CB_VERSION_H */
