/* Subject strings: the one place that makes and takes them apart. The rows are proto/subjects.def.
 */
#include "wire/subjects.h"

#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"

static const cb_subject subjects[] = {
#define SUBJECT(id, prefix, msg, shard, owner, consumers, cls, overflow)                           \
    {#id,                                                                                          \
        prefix,                                                                                    \
        CB_MSG_##msg,                                                                              \
        CB_SHARD_##shard,                                                                          \
        CB_CLASS_##cls,                                                                            \
        CB_OVERFLOW_##overflow,                                                                    \
        owner,                                                                                     \
        consumers},
#include "proto/subjects.def"
#undef SUBJECT
};
_Static_assert(
    sizeof(subjects) / sizeof(subjects[0]) == CB_SUBJECT_COUNT, "every subject id has a row");

const cb_subject *cb_subject_get(cb_subject_id id)
{
    CB_ASSERT((unsigned)id < CB_SUBJECT_COUNT);
    return &subjects[id];
}

/* True when the space separated list holds word or "*". */
static bool list_holds(const char *list, const char *word)
{
    const char *at = list;
    while (*at != '\0') {
        const char *other = word;
        const bool is_all = at[0] == '*' && (at[1] == ' ' || at[1] == '\0');
        for (; *at != ' ' && *at != '\0' && *at == *other; at++, other++) {
        }
        if (is_all || (*other == '\0' && (*at == ' ' || *at == '\0'))) {
            return true;
        }
        for (; *at != ' ' && *at != '\0'; at++) {
        }
        for (; *at == ' '; at++) {
        }
    }
    return false;
}

bool cb_subject_is_owner(const cb_subject *subject, const char *service)
{
    CB_ASSERT(subject != NULL);
    CB_ASSERT(service != NULL);
    return list_holds(subject->owner, service);
}

bool cb_subject_is_consumer(const cb_subject *subject, const char *service)
{
    CB_ASSERT(subject != NULL);
    CB_ASSERT(service != NULL);
    return list_holds(subject->consumers, service);
}

bool cb_subject_is_direct(const cb_subject *subject, const char *service)
{
    CB_ASSERT(subject != NULL);
    CB_ASSERT(service != NULL);
    const bool is_to_risk = subject == &subjects[CB_SUBJECT_INTENT];
    const bool is_to_execution = subject == &subjects[CB_SUBJECT_PERMIT];
    return (is_to_risk && strcmp(service, "risk") == 0) ||
           (is_to_execution && strcmp(service, "execution") == 0);
}

uint32_t cb_partition_of(const char *key)
{
    CB_ASSERT(key != NULL);
    return (uint32_t)(cb_hash_text(CB_HASH_SEED, key) % CB_PARTITIONS_COUNT);
}

/* The text field of that name in a body; every sharded message has it (tests/unit/wire). */
static const char *body_text(const cb_desc *desc, const void *body, const char *name)
{
    for (uint32_t i = 0; i < desc->fields_count; i++) {
        const cb_field *field = &desc->fields[i];
        if (field->kind == CB_KIND_TEXT && strcmp(field->name, name) == 0) {
            return (const char *)body + field->offset;
        }
    }
    cb_assert_fail("a sharded message has its key fields", __FILE__, __LINE__);
}

static bool token_is_valid(const char *token)
{
    if (token[0] == '\0') {
        return false;
    }
    for (const char *at = token; *at != '\0'; at++) {
        const unsigned char c = (unsigned char)*at;
        if (c <= ' ' || c == 0x7f || c == '.' || c == '*' || c == '>') {
            return false;
        }
    }
    return true;
}

/* Appends text; the longest subject fits by the lengths of the fields (checked below). */
static size_t put_text(char *out, size_t used, const char *text)
{
    const size_t size = strlen(text);
    CB_ASSERT(used + size < CB_SUBJECT_TEXT_MAX);
    memcpy(out + used, text, size + 1);
    return used + size;
}

static cb_status put_token(char *out, size_t *used, const char *token, cb_err *err)
{
    if (!token_is_valid(token) || strlen(token) + 1 >= CB_SUBJECT_TEXT_MAX - *used) {
        return CB_FAIL(err, CB_E_SYNTAX, "not a subject token: \"%s\" after %s", token, out);
    }
    *used = put_text(out, *used, ".");
    *used = put_text(out, *used, token);
    return CB_OK;
}

static size_t put_partition(char *out, size_t used, const char *key)
{
    const uint32_t partition = cb_partition_of(key);
    const char token[] = {'.', (char)('0' + partition / 10), (char)('0' + partition % 10), '\0'};
    return put_text(out, used, token);
}

cb_status cb_subject_for(cb_subject_id id,
    const void *body,
    const char *service,
    char out[CB_SUBJECT_TEXT_MAX],
    cb_err *err)
{
    const cb_subject *subject = cb_subject_get(id);
    CB_ASSERT(out != NULL);
    size_t used = put_text(out, 0, subject->prefix);
    if (subject->shard == CB_SHARD_SERVICE) {
        CB_ASSERT(service != NULL);
        return put_token(out, &used, service, err);
    }
    CB_ASSERT(body != NULL);
    const cb_desc *desc = cb_msg_desc(subject->msg);
    const bool is_symbol = subject->shard == CB_SHARD_SYMBOL;
    const char *key = body_text(desc, body, is_symbol ? "symbol" : "account");
    used = put_partition(out, used, key);
    const cb_status status = put_token(out, &used, body_text(desc, body, "venue"), err);
    if (status != CB_OK) {
        return status;
    }
    return put_token(out, &used, key, err);
}

void cb_subject_pattern(cb_subject_id id, char out[CB_SUBJECT_TEXT_MAX])
{
    const cb_subject *subject = cb_subject_get(id);
    CB_ASSERT(out != NULL);
    (void)put_text(out, put_text(out, 0, subject->prefix), ".>");
}

/* The number of non-empty tokens in text; 0 when one is empty. */
static uint32_t count_tokens(const char *text)
{
    uint32_t count = 0;
    for (;;) {
        const size_t size = strcspn(text, ".");
        if (size == 0) {
            return 0;
        }
        count++;
        if (text[size] == '\0') {
            return count;
        }
        text += size + 1;
    }
}

bool cb_subject_match(const char *full, cb_subject_id *out)
{
    CB_ASSERT(full != NULL);
    CB_ASSERT(out != NULL);
    for (uint32_t i = 0; i < CB_SUBJECT_COUNT; i++) {
        const cb_subject *subject = &subjects[i];
        size_t size = 0; /* of what is the same: most rows differ in their first letters */
        while (subject->prefix[size] != '\0' && subject->prefix[size] == full[size]) {
            size++;
        }
        if (subject->prefix[size] != '\0' || full[size] != '.') {
            continue;
        }
        const uint32_t wanted = subject->shard == CB_SHARD_SERVICE ? 1 : 3;
        if (count_tokens(full + size + 1) != wanted) {
            return false;
        }
        *out = (cb_subject_id)i;
        return true;
    }
    return false;
}
