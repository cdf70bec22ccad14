/* The lab's dump: records in the bytes that the bus would have carried. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "services/lab/parity/parity.h"
#include "wire/codec.h"

#define ENCODED_MAX ((size_t)64 * 1024)

typedef enum dump_kind {
    DUMP_INTENT,
    DUMP_PERMIT,
    DUMP_DENIAL,
    DUMP_FILL,
    DUMP_ENTRY,
    DUMP_KINDS
} dump_kind;

struct lab_dump {
    FILE *streams[DUMP_KINDS]; /* [owned] over texts */
    char *texts[DUMP_KINDS];   /* [owned] */
    size_t sizes[DUMP_KINDS];
    uint8_t encoded[ENCODED_MAX];
};

lab_dump *lab_dump_open(void)
{
    lab_dump *dump = calloc(1, sizeof(*dump));
    CB_ASSERT(dump != NULL);
    for (uint32_t i = 0; i < DUMP_KINDS; i++) {
        dump->streams[i] = open_memstream(&dump->texts[i], &dump->sizes[i]);
        CB_ASSERT(dump->streams[i] != NULL);
    }
    return dump;
}

static void put_message(lab_dump *dump, dump_kind kind, const cb_desc *desc, const void *body)
{
    static const char *const names[] = {"intent", "permit", "denial", "fill"};
    FILE *out = dump->streams[kind];
    const cb_envelope *env = body;
    size_t size = 0;
    const cb_status status =
        cb_encode(desc, body, dump->encoded, sizeof(dump->encoded), &size, NULL);
    CB_ASSERT(status == CB_OK);
    (void)fprintf(out, "%s %" PRIu64 " ", names[kind], env->seq);
    for (size_t i = 0; i < size; i++) {
        (void)fprintf(out, "%02x", dump->encoded[i]);
    }
    (void)fputc('\n', out);
}

static void put_id(FILE *out, cb_id id)
{
    char text[CB_ID_TEXT_MAX] = "";
    if (!cb_id_is_none(id)) {
        cb_id_print(id, text);
    }
    (void)fprintf(out, "%s|", text);
}

static void put_entry(lab_dump *dump, const portfolio_entry *entry)
{
    FILE *out = dump->streams[DUMP_ENTRY];
    (void)fprintf(out, "entry %" PRIu64 " ", entry->number);
    put_id(out, entry->entry_id);
    put_id(out, entry->correlation_id);
    put_id(out, entry->cause_id);
    (void)fprintf(out,
        "%s|%s|%s|%s|%" PRId64 "|%" PRId64 "|",
        entry->account,
        entry->venue,
        CB_NAME(cb_ledger_kind, entry->kind),
        entry->reference,
        entry->venue_ts_ns,
        entry->booked_ns);
    for (uint32_t i = 0; i < entry->postings_count; i++) {
        const cb_posting *posting = &entry->postings[i];
        char amount[CB_DECIMAL_TEXT_MAX];
        (void)cb_decimal_print(posting->amount.e8, amount);
        (void)fprintf(out, "%s %s %s;", posting->ledger_account, posting->asset, amount);
    }
    (void)fputc('\n', out);
}

void lab_dump_record(void *context, lab_record kind, uint32_t account, const void *body)
{
    lab_dump *dump = context;
    CB_ASSERT(account < LAB_CHAIN_ACCOUNTS_MAX);
    if (kind == LAB_RECORD_INTENT) {
        put_message(dump, DUMP_INTENT, &cb_intent_desc, body);
    } else if (kind == LAB_RECORD_PERMIT) {
        put_message(dump, DUMP_PERMIT, &cb_permit_desc, body);
    } else if (kind == LAB_RECORD_DENIAL) {
        put_message(dump, DUMP_DENIAL, &cb_denial_desc, body);
    } else if (kind == LAB_RECORD_FILL) {
        put_message(dump, DUMP_FILL, &cb_fill_desc, body);
    } else if (kind == LAB_RECORD_ENTRY) {
        put_entry(dump, body);
    }
}

bool lab_dump_close(lab_dump *dump, FILE *out)
{
    bool is_written = true;
    for (uint32_t i = 0; i < DUMP_KINDS; i++) {
        is_written = fclose(dump->streams[i]) == 0 && is_written;
        is_written = fwrite(dump->texts[i], 1, dump->sizes[i], out) == dump->sizes[i] && is_written;
        free(dump->texts[i]);
    }
    free(dump);
    return fflush(out) == 0 && is_written;
}
