/* What a start does the same way each time is done once: a process reads its configuration from
 * arguments that never change, so its values, their hash and their text are kept from its first
 * start and copied at the others. A tenth of the simulation's time went into reading them anew.
 * What depends on the world (leases, epochs, recovery) is not here. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "rt/service_internal.h"
#include "tests/sim/dst.h"

cb_status dst_config_set_load(cb_config_set *set, const cb_config_sources *sources, cb_err *err);
void dst_config_set_hash(const cb_config_set *set, uint8_t out[CB_CONFIG_HASH_SIZE]);
size_t dst_config_set_print(const cb_config_set *set, char *out, size_t capacity);

typedef struct start_memo {
    bool has_values;
    bool has_hash;
    void *own_values; /* [owned] the service's struct */
    rt_config values;
    uint8_t origins[CB_CONFIG_FIELDS_MAX];
    uint8_t hash[CB_CONFIG_HASH_SIZE];
    char *text; /* [owned] as printed into the journal of configurations */
    size_t text_size;
} start_memo;

static start_memo memos[DST_PROCESSES_MAX];

static size_t own_size(void)
{
    const size_t size = dst->running->service->config_size;
    return size > 0 ? size : 1;
}

cb_status dst_config_set_load(cb_config_set *set, const cb_config_sources *sources, cb_err *err)
{
    start_memo *memo = &memos[dst->running->index];
    CB_ASSERT(set->parts_count == 2);
    if (!memo->has_values) {
        const cb_status status = cb_config_set_load(set, sources, err);
        CB_ASSERT(status == CB_OK); /* our own arguments */
        memo->own_values = malloc(own_size());
        CB_ASSERT(memo->own_values != NULL);
        memcpy(memo->own_values, set->parts[1].config, own_size());
        memcpy(&memo->values, set->parts[0].config, sizeof(memo->values));
        memcpy(memo->origins, set->origins, sizeof(memo->origins));
        memo->has_values = true;
        return CB_OK;
    }
    memcpy(set->parts[0].config, &memo->values, sizeof(memo->values));
    memcpy(set->parts[1].config, memo->own_values, own_size());
    memcpy(set->origins, memo->origins, sizeof(memo->origins));
    return CB_OK;
}

void dst_config_set_hash(const cb_config_set *set, uint8_t out[CB_CONFIG_HASH_SIZE])
{
    start_memo *memo = &memos[dst->running->index];
    CB_ASSERT(memo->has_values);
    if (!memo->has_hash) {
        cb_config_set_hash(set, memo->hash);
        memo->has_hash = true;
    }
    memcpy(out, memo->hash, CB_CONFIG_HASH_SIZE);
}

size_t dst_config_set_print(const cb_config_set *set, char *out, size_t capacity)
{
    start_memo *memo = &memos[dst->running->index];
    CB_ASSERT(memo->has_values);
    if (memo->text == NULL) {
        memo->text_size = cb_config_set_print(set, out, capacity);
        CB_ASSERT(memo->text_size < capacity);
        memo->text = malloc(memo->text_size + 1);
        CB_ASSERT(memo->text != NULL);
        memcpy(memo->text, out, memo->text_size + 1);
    }
    CB_ASSERT(memo->text_size < capacity);
    memcpy(out, memo->text, memo->text_size + 1);
    return memo->text_size;
}
