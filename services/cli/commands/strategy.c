/* cerberus strategy: checks a strategy written as rules, here and without a server, and lists the
 * versions that the signals service has put to work. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr/rules.h"
#include "services/cli/cli.h"

static const cli_column columns[] = {{"FILE", "file", CLI_LEFT},
    {"VERSION", "version", CLI_RIGHT},
    {"STRATEGY", "name", CLI_LEFT},
    {"SECONDS", "interval_s", CLI_RIGHT},
    {"WARM-UP", "warmup_bars", CLI_RIGHT},
    {"RUNS", "is_running", CLI_LEFT},
    {"LOADED", "loaded_ns", CLI_LEFT},
    {"HASH", "hash", CLI_LEFT}};

typedef struct check {
    char text[CB_EXPR_TEXT_MAX + 2]; /* one more than allowed, so that more is seen */
    size_t size;
    cb_expr_work *work;
    cb_expr_program *program;
    cb_expr_error error;
} check;

static bool read_text(const char *path, check *self)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (file == NULL) {
        (void)fprintf(stderr, "cerberus strategy: %s: %s\n", path, strerror(errno));
        return false;
    }
    self->size = fread(self->text, 1, sizeof self->text, file);
    const bool is_read = ferror(file) == 0;
    if (!is_read) {
        (void)fprintf(stderr, "cerberus strategy: %s: cannot be read\n", path);
    }
    if (file != stdin) {
        (void)fclose(file);
    }
    return is_read;
}

/* ---- what a good text says of itself ---- */

static void print_interval(uint32_t interval_s, char out[16])
{
    const char unit = interval_s % 3600 == 0 ? 'h' : interval_s % 60 == 0 ? 'm' : 's';
    const uint32_t unit_s = unit == 'h' ? 3600 : unit == 'm' ? 60 : 1;
    (void)snprintf(out, 16, "%u%c", interval_s / unit_s, unit);
}

static void print_people(const cb_expr_info *info, const char *path)
{
    char interval[16];
    print_interval(info->interval_s, interval);
    (void)printf("%s: in order\n", path);
    (void)printf("  strategy    %s\n", info->name[0] != '\0' ? info->name : "(no name)");
    (void)printf("  timeframe   %s\n", interval);
    (void)printf("  symbols     ");
    for (uint32_t i = 0; i < info->symbols_count; i++) {
        (void)printf("%s%s", i > 0 ? ", " : "", info->symbols[i]);
    }
    (void)printf("%s\n", info->symbols_count == 0 ? "all" : "");
    (void)printf("  warm-up     %u bars of %s\n", info->warmup_bars, interval);
    (void)printf("  memory      %zu bytes per symbol\n", info->state_size);
    (void)printf("  work        %u instructions per bar\n", info->instructions_count);
    for (uint32_t i = 0; i < info->params_count; i++) {
        const cb_expr_param *param = &info->params[i];
        (void)printf("  parameter   %s = %.10g in %.10g..%.10g",
            param->name,
            param->default_value,
            param->min,
            param->max);
        (void)(param->step > 0 ? printf(" step %.10g\n", param->step) : printf("\n"));
    }
    for (uint32_t i = 0; i < info->calls_count; i++) {
        (void)printf("  computes    %s, warm after %u bars\n",
            info->calls[i].text,
            info->calls[i].warmup_bars);
    }
    for (uint32_t i = 0; i < CB_RULES_OUTPUTS_COUNT; i++) {
        if (info->has_output[i]) {
            (void)printf(
                "  decides     %s: %s\n", cb_rules_outputs[i].name, cb_rules_outputs[i].help);
        }
    }
    for (uint32_t i = 0; i < info->plots_count; i++) {
        (void)printf("  shows       %s\n", info->plots[i].name);
    }
}

static json_t *params_json(const cb_expr_info *info)
{
    json_t *rows = json_array();
    for (uint32_t i = 0; i < info->params_count; i++) {
        const cb_expr_param *param = &info->params[i];
        (void)json_array_append_new(rows,
            json_pack("{s:s, s:f, s:f, s:f, s:f}",
                "name",
                param->name,
                "default",
                param->default_value,
                "min",
                param->min,
                "max",
                param->max,
                "step",
                param->step));
    }
    return rows;
}

static json_t *calls_json(const cb_expr_info *info)
{
    json_t *rows = json_array();
    for (uint32_t i = 0; i < info->calls_count; i++) {
        (void)json_array_append_new(rows,
            json_pack("{s:s, s:I}",
                "call",
                info->calls[i].text,
                "warmup_bars",
                (json_int_t)info->calls[i].warmup_bars));
    }
    return rows;
}

static json_t *symbols_json(const cb_expr_info *info)
{
    json_t *rows = json_array();
    for (uint32_t i = 0; i < info->symbols_count; i++) {
        (void)json_array_append_new(rows, json_string(info->symbols[i]));
    }
    return rows;
}

static void print_good(const cli *self, const cb_expr_info *info, const char *path)
{
    if (self->output != CLI_JSON) {
        print_people(info, path);
        return;
    }
    json_t *answer = json_pack("{s:b, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:o}",
        "ok",
        1,
        "file",
        path,
        "strategy",
        info->name,
        "interval_s",
        (json_int_t)info->interval_s,
        "warmup_bars",
        (json_int_t)info->warmup_bars,
        "state_bytes",
        (json_int_t)info->state_size,
        "instructions",
        (json_int_t)info->instructions_count,
        "symbols",
        symbols_json(info),
        "parameters",
        params_json(info),
        "calls",
        calls_json(info));
    cli_print_json(answer);
    json_decref(answer);
}

static void print_bad(const cli *self, const check *checked, const char *path)
{
    const cb_expr_error *error = &checked->error;
    char shown[1024];
    if (self->output == CLI_JSON) {
        json_t *answer = json_pack("{s:b, s:s, s:I, s:I, s:s, s:s}",
            "ok",
            0,
            "file",
            path,
            "line",
            (json_int_t)error->line,
            "column",
            (json_int_t)error->column,
            "error",
            error->text,
            "hint",
            error->hint);
        cli_print_json(answer);
        json_decref(answer);
        return;
    }
    const cb_strview text = {checked->text, checked->size};
    (void)cb_expr_error_print(error, text, path, shown, sizeof shown);
    (void)fputs(shown, stderr);
}

static int check_file(cli *self)
{
    const char *path = cli_positional(self);
    check *checked = calloc(1, sizeof *checked);
    int code = CLI_FAILURE;
    if (path == NULL || !cli_done_arguments(self)) {
        (void)fprintf(stderr, "cerberus strategy check: one FILE, or - for standard input\n");
        free(checked);
        return CLI_USAGE;
    }
    if (checked == NULL) {
        return CLI_FAILURE;
    }
    checked->work = malloc(cb_expr_work_size());
    checked->program = malloc(cb_expr_program_size());
    if (checked->work == NULL || checked->program == NULL || !read_text(path, checked)) {
        goto done;
    }
    const cb_status status = cb_rules_compile((cb_strview){checked->text, checked->size},
        NULL,
        0,
        checked->work,
        checked->program,
        &checked->error);
    if (status != CB_OK) {
        print_bad(self, checked, path);
        goto done;
    }
    print_good(self, cb_expr_describe(checked->program), path);
    code = CLI_OK;
done:
    free(checked->work);
    free(checked->program);
    free(checked);
    return code;
}

static int list_versions(cli *self)
{
    char path[CLI_TEXT_MAX];
    cb_err err = {0};
    if (cli_list_path(self, "/v1/rules", path, sizeof path, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus strategy: %s\n", err.text);
        return CLI_USAGE;
    }
    return cli_list(self, path, columns, sizeof columns / sizeof columns[0]);
}

/* Functions and series of the language; indicators have a page of their own. */
static int list_words(const cli *self)
{
    const cb_expr_function_info *info = NULL;
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    for (uint32_t i = 0; (info = cb_expr_series_at(i)) != NULL; i++) {
        (void)printf("%-24s %s\n", info->usage, info->help);
    }
    for (uint32_t i = 0; (info = cb_expr_function_at(i)) != NULL; i++) {
        (void)printf("%-24s %s\n", info->usage, info->help);
    }
    for (uint32_t i = 0; i < cb_indicators_count(); i++) {
        (void)printf("%-24s %s\n", cb_indicator_at(i)->name, cb_indicator_at(i)->summary);
    }
    return CLI_OK;
}

static int run(cli *self)
{
    const char *what = cli_positional(self);
    if (what != NULL && strcmp(what, "check") == 0) {
        return check_file(self);
    }
    if (what != NULL && strcmp(what, "versions") == 0) {
        return list_versions(self);
    }
    if (what != NULL && strcmp(what, "words") == 0) {
        return list_words(self);
    }
    (void)fprintf(stderr, "cerberus strategy: one of check, versions, words\n");
    return CLI_USAGE;
}

const cli_command cli_command_strategy = {"strategy",
    "check FILE | versions [--limit N] | words [-o table|json]",
    "check a strategy written as rules; list its versions that ran",
    "  cerberus strategy check golden_cross.rules\n"
    "  cerberus strategy check - <golden_cross.rules\n"
    "  cerberus strategy versions\n"
    "  cerberus strategy words\n",
    run};
