/* Texts of rules for signals: read beside the job, checked as signals will check them, and part of
 * what a result is made from. */
#include "services/lab/job/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/strview.h"
#include "expr/rules.h"
#include "rt/config.h"

#define WHY_SIZE 400

static void file_path(const lab_plan *plan, const char *name, char out[LAB_PATH_MAX])
{
    const bool is_whole = name[0] == '/' || plan->folder[0] == '\0';
    if (is_whole || snprintf(out, LAB_PATH_MAX, "%s/%s", plan->folder, name) >= LAB_PATH_MAX) {
        (void)snprintf(out, LAB_PATH_MAX, "%s", name);
    }
}

static cb_status read_text(const lab_plan *plan, signals_rules *rules, cb_err *err)
{
    char path[LAB_PATH_MAX];
    file_path(plan, rules->file, path);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(errno));
    }
    const size_t size = fread(rules->text, 1, sizeof rules->text, file);
    const bool is_read = ferror(file) == 0;
    (void)fclose(file);
    if (!is_read || size == 0 || size == sizeof rules->text) {
        return CB_FAIL(err,
            CB_E_IO,
            "%s: is empty, cannot be read, or is longer than %zu bytes",
            path,
            sizeof rules->text - 1);
    }
    memset(rules->text + size, 0, sizeof rules->text - size);
    return strlen(rules->text) == size ? CB_OK
                                       : CB_FAIL(err, CB_E_SYNTAX, "%s: holds a NUL byte", path);
}

static cb_status check_text(const signals_rules *rules, cb_err *err)
{
    char why[WHY_SIZE];
    cb_expr_error error;
    cb_expr_work *work = malloc(cb_expr_work_size());
    cb_expr_program *program = malloc(cb_expr_program_size());
    if (work == NULL || program == NULL) {
        free(work);
        free(program);
        return CB_FAIL(err, CB_E_FULL, "no memory to compile %s", rules->file);
    }
    const cb_strview text = cb_sv_from(rules->text);
    cb_status status = cb_rules_compile(text, NULL, 0, work, program, &error);
    if (status != CB_OK) {
        (void)cb_expr_error_print(&error, text, rules->file, why, sizeof why);
        status = CB_FAIL(err, CB_E_SYNTAX, "%s", why);
    }
    free(work);
    free(program);
    return status;
}

cb_status lab_rules_read(lab_plan *plan, cb_err *err)
{
    char name[SIGNALS_TEXT_MAX];
    cb_status status = CB_OK;
    CB_ASSERT(plan != NULL);
    plan->rules_count = 0;
    for (size_t i = 0; status == CB_OK &&
                       cb_config_list_item(plan->setup.signals.rules_files, i, name, sizeof name);
         i++) {
        if (plan->rules_count == SIGNALS_RULES_MAX || name[0] == '\0') {
            break;
        }
        signals_rules *rules = &plan->rules[plan->rules_count];
        *rules = (signals_rules){.version = 1};
        if (!cb_text_copy(rules->file, sizeof rules->file, cb_sv_from(name))) {
            return CB_FAIL(err, CB_E_CONFIG, "rules.files: '%.80s' is too long", name);
        }
        status = read_text(plan, rules, err);
        if (status == CB_OK) {
            cb_sha256(rules->text, strlen(rules->text), rules->text_hash);
            status = check_text(rules, err);
        }
        plan->rules_count += status == CB_OK ? 1 : 0;
    }
    return status;
}
