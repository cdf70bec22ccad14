/* cerberus explain ID: the story of an order, fill, signal or denial, hop by hop, with the time at
 * each. */
#include <stdio.h>
#include <string.h>

#include "base/timefmt.h"
#include "services/cli/cli.h"

static void print_detail(const json_t *detail)
{
    const char *key;
    json_t *value;
    if (!json_is_object(detail)) {
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)detail, key, value)
    {
        if (json_is_null(value)) {
            continue;
        }
        if (json_is_string(value)) {
            (void)printf("      %-18s %s\n", key, json_string_value(value));
            continue;
        }
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        (void)printf("      %-18s %s\n", key, text != NULL ? text : "?");
        free(text);
    }
}

/* A list of verdicts or values reads best one to a line. */
static void print_hop(const json_t *row, json_int_t began_ns)
{
    char time_text[CB_TIME_TEXT_MAX];
    const json_int_t at_ns = json_integer_value(json_object_get(row, "at_ns"));
    const char *hop = json_string_value(json_object_get(row, "hop"));
    const char *kind = json_string_value(json_object_get(row, "kind"));
    const char *summary = json_string_value(json_object_get(row, "summary"));
    (void)cb_time_print(at_ns, 6, time_text);
    (void)printf("%s  %+11.3f ms  %-10s %-10s %s\n",
        time_text,
        (double)(at_ns - began_ns) / 1e6,
        hop != NULL ? hop : "?",
        kind != NULL ? kind : "",
        summary != NULL ? summary : "");
    print_detail(json_object_get(row, "detail"));
}

static int run(cli *self)
{
    char path[CLI_TEXT_MAX];
    json_t *answer = NULL;
    const char *id = cli_positional(self);
    if (id == NULL || id[0] == '\0' || !cli_done_arguments(self)) {
        (void)fprintf(stderr,
            "cerberus explain: which id? (a signal, intent, order, client order id, or "
            "SYMBOL:trade)\n");
        return CLI_USAGE;
    }
    (void)snprintf(path, sizeof path, "/v1/explain/%.64s", id);
    const int code = cli_request(self, "GET", path, NULL, &answer);
    if (code != CLI_OK) {
        return code;
    }
    const json_t *rows = json_object_get(answer, "rows");
    if (self->output == CLI_JSON) {
        cli_print_json(answer);
    } else {
        const json_int_t began_ns =
            json_integer_value(json_object_get(json_array_get(rows, 0), "at_ns"));
        for (size_t i = 0; i < json_array_size(rows); i++) {
            print_hop(json_array_get(rows, i), began_ns);
        }
    }
    const bool is_partial = json_array_size(json_object_get(answer, "silent_services")) > 0;
    if (is_partial) {
        (void)fprintf(
            stderr, "cerberus: some services did not answer; the story may lack their part\n");
    }
    json_decref(answer);
    return is_partial ? CLI_PARTIAL : CLI_OK;
}

const cli_command cli_command_explain = {"explain",
    "ID [-o table|json]",
    "why an order, fill, signal or denial exists, hop by hop",
    "  cerberus explain 3f0c…            an intent or signal id\n"
    "  cerberus explain BTCUSDT:1024     a fill\n",
    run};
