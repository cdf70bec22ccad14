/* The names of all enumerations, from the lists in enums.h. Adding a value there is enough. */
#include "domain/enums.h"

#include <string.h>

#include "base/assert.h"

#define ENUM_TEXT(constant, text) text,
#define ENUM_DEFINE(LIST, type, name)                                                              \
    static const char *const type##_values[] = {LIST(ENUM_TEXT)};                                  \
    const cb_enum_desc type##_desc = {                                                             \
        name, sizeof(type##_values) / sizeof(type##_values[0]), type##_values};
CB_ENUM_LIST(ENUM_DEFINE)

const char *cb_enum_name(const cb_enum_desc *desc, uint32_t value)
{
    CB_ASSERT(desc != NULL);
    CB_ASSERT(desc->count > 0);
    if (value >= desc->count) {
        return "?";
    }
    return desc->values[value];
}

bool cb_enum_parse(const cb_enum_desc *desc, const char *text, size_t size, uint32_t *out)
{
    CB_ASSERT(desc != NULL);
    CB_ASSERT(text != NULL || size == 0);
    CB_ASSERT(out != NULL);
    for (uint32_t value = 0; value < desc->count; value++) {
        const char *name = desc->values[value];
        if (strlen(name) == size && memcmp(name, text, size) == 0) {
            *out = value;
            return true;
        }
    }
    return false;
}
