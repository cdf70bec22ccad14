/* The audit chain on the command line. Verify reads two files and a public key, and trusts nothing
 * else: it works on a machine that has never seen the system. */
#include "services/cli/audit_chain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mac.h"
#include "base/strview.h"
#include "rt/audit_file.h"

#define PAGE_ROWS 25
#define EXPORT_PATH "/v1/audit/export?limit=25&before="

static const cli_column columns[] = {
    {"SEQ", "seq", CLI_RIGHT},
    {"TIME", "recorded_ns", CLI_LEFT},
    {"KIND", "kind", CLI_LEFT},
    {"ACTOR", "actor", CLI_LEFT},
    {"ACTION", "action", CLI_LEFT},
    {"OBJECT", "object", CLI_LEFT},
    {"DETAIL", "detail", CLI_LEFT},
};

int cli_audit_list(cli *self)
{
    char path[CLI_TEXT_MAX];
    cb_err err = {0};
    if (cli_list_path(self, "/v1/audit", path, sizeof path, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus: %s\n", err.text);
        return CLI_USAGE;
    }
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    return cli_list(self, path, columns, sizeof columns / sizeof columns[0]);
}

/* ---- export ---- */

static int fetch_last_head(cli *self, uint64_t *seq)
{
    json_t *answer = NULL;
    const int code = cli_request(self, "GET", "/v1/audit/heads?limit=1", NULL, &answer);
    if (code == CLI_OK) {
        const json_t *row = json_array_get(json_object_get(answer, "rows"), 0);
        const char *text = json_string_value(json_object_get(row, "seq"));
        *seq = text != NULL ? strtoull(text, NULL, 10) : 0;
    }
    json_decref(answer);
    return code;
}

/* A row of the answer is the line of the file: same keys, same order, same text. */
static bool print_row(const json_t *row, uint64_t last_seq, uint64_t *seq)
{
    char *line = json_dumps(row, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
    const char *number = json_string_value(json_object_get(row, "seq"));
    const uint64_t row_seq = number != NULL ? strtoull(number, NULL, 10) : 0;
    const bool is_wanted = line != NULL && row_seq > *seq && row_seq <= last_seq;
    if (is_wanted) {
        (void)puts(line);
        *seq = row_seq;
    }
    free(line);
    return is_wanted;
}

static int export_page(cli *self, uint64_t last_seq, uint64_t *seq, bool *is_end)
{
    char path[sizeof EXPORT_PATH + 24];
    json_t *answer = NULL;
    (void)snprintf(path, sizeof path, EXPORT_PATH "%" PRIu64, *seq);
    const int code = cli_request(self, "GET", path, NULL, &answer);
    if (code == CLI_OK) {
        const json_t *rows = json_object_get(answer, "rows");
        *is_end = json_array_size(rows) < PAGE_ROWS;
        for (size_t i = 0; i < json_array_size(rows); i++) {
            *is_end = !print_row(json_array_get(rows, i), last_seq, seq) || *is_end;
        }
    }
    json_decref(answer);
    return code;
}

int cli_audit_export(cli *self)
{
    const bool is_all = cli_flag(self, "--all");
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    uint64_t last_seq = UINT64_MAX;
    int code = is_all ? CLI_OK : fetch_last_head(self, &last_seq);
    uint64_t seq = 0;
    bool is_end = false;
    while (code == CLI_OK && !is_end && seq < last_seq) {
        code = export_page(self, last_seq, &seq, &is_end);
    }
    if (fflush(stdout) != 0) {
        (void)fprintf(stderr, "cerberus audit: %s\n", strerror(errno));
        return CLI_FAILURE;
    }
    return code;
}

/* ---- verify ---- */

static FILE *open_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void)fprintf(stderr, "cerberus audit: %s: %s\n", path, strerror(errno));
    }
    return file;
}

static int tell(const cli *self, const cb_audit_verdict *verdict, bool is_whole)
{
    if (self->output == CLI_JSON) {
        cli_print_json(json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:s}",
            "whole",
            is_whole ? 1 : 0,
            "records",
            (json_int_t)verdict->records_count,
            "heads",
            (json_int_t)verdict->heads_count,
            "proven_seq",
            (json_int_t)verdict->proven_seq,
            "broken_record",
            (json_int_t)verdict->broken_seq,
            "broken_head",
            (json_int_t)verdict->broken_head,
            "why",
            verdict->why));
    } else if (is_whole) {
        (void)printf("audit chain: %" PRIu64 " records, %" PRIu64
                     " signed heads, proven up to record"
                     " %" PRIu64 "; whole\n",
            verdict->records_count,
            verdict->heads_count,
            verdict->proven_seq);
    } else {
        (void)printf("audit chain: BROKEN at %s (%" PRIu64 " records before it are whole)\n",
            verdict->why,
            verdict->records_count);
    }
    return is_whole ? CLI_OK : CLI_FAILURE;
}

static int verify_files(const cli *self,
    const char *records_path,
    const char *heads_path,
    const uint8_t *key,
    bool tail)
{
    int code = CLI_FAILURE;
    FILE *records = open_file(records_path);
    FILE *heads = open_file(heads_path);
    if (records != NULL && heads != NULL) {
        cb_audit_verdict verdict;
        const bool is_whole = cb_audit_verify(records, heads, key, tail, &verdict);
        code = tell(self, &verdict, is_whole);
    }
    if (records != NULL) {
        (void)fclose(records);
    }
    if (heads != NULL) {
        (void)fclose(heads);
    }
    return code;
}

int cli_audit_verify(cli *self)
{
    char hex[CLI_TEXT_MAX];
    uint8_t key[CB_AUDIT_KEY_SIZE];
    cb_err err = {0};
    const char *anchors = cli_option(self, "--anchors");
    const char *key_file = cli_option(self, "--key");
    const bool is_tail_allowed = cli_flag(self, "--allow-tail");
    const char *records = cli_positional(self);
    if (records == NULL || anchors == NULL || key_file == NULL || !cli_done_arguments(self)) {
        (void)fprintf(
            stderr, "usage: cerberus audit verify FILE --anchors FILE --key FILE [--allow-tail]\n");
        return CLI_USAGE;
    }
    if (!cli_read_secret(key_file, hex, sizeof hex)) {
        return CLI_FAILURE;
    }
    if (cb_audit_public_from_hex(hex, key, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus audit: %s: %s\n", key_file, err.text);
        return CLI_FAILURE;
    }
    return verify_files(self, records, anchors, key, is_tail_allowed);
}

int cli_audit_key(cli *self)
{
    char hex[CLI_TEXT_MAX];
    char text[2 * CB_AUDIT_KEY_SIZE + 1];
    cb_audit_key key;
    cb_err err = {0};
    const char *seed_file = cli_option(self, "--seed");
    if (seed_file == NULL || !cli_done_arguments(self)) {
        (void)fprintf(stderr, "usage: cerberus audit key --seed FILE\n");
        return CLI_USAGE;
    }
    if (!cli_read_secret(seed_file, hex, sizeof hex)) {
        return CLI_FAILURE;
    }
    const cb_status status = cb_audit_key_from_hex(hex, &key, &err);
    cb_wipe(hex, sizeof hex);
    if (status != CB_OK) {
        (void)fprintf(stderr, "cerberus audit: %s: %s\n", seed_file, err.text);
        return CLI_FAILURE;
    }
    cb_hex_print(key.public_key, sizeof key.public_key, text);
    cb_wipe(&key, sizeof key);
    (void)puts(text);
    return CLI_OK;
}
