/* A job file to a lab_job. One table of keys per section; what a service's own settings mean is
 * checked later by that service's table. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/money.h"
#include "base/strview.h"
#include "services/lab/job/sections.h"

#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

/* ---- data ---- */

static cb_status take_file(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    lab_series *series = target;
    return lab_take_text(yaml, value, series->file, sizeof series->file, err);
}
static cb_status take_symbol(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    lab_series *series = target;
    return lab_take_text(yaml, value, series->symbol, sizeof series->symbol, err);
}
static cb_status take_venue(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    lab_series *series = target;
    return lab_take_text(yaml, value, series->venue, sizeof series->venue, err);
}
static cb_status take_timeframe(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    lab_series *series = target;
    return lab_take_timeframe(yaml, value, &series->timeframe_ns, err);
}
static cb_status take_kind(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    lab_series *series = target;
    uint32_t kind = 0;
    const cb_status status = lab_take_word(yaml, value, "candles|trades|depth", &kind, err);
    series->kind = (lab_series_kind)kind;
    return status;
}
static const lab_yaml_key series_keys[] = {
    {"file", take_file, true},
    {"symbol", take_symbol, true},
    {"venue", take_venue, false},
    {"timeframe", take_timeframe, false},
    {"kind", take_kind, false},
};

static cb_status take_data(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    lab_job *job = target;
    if (!lab_yaml_is_list(yaml, value) || lab_yaml_size(yaml, value) == 0) {
        return CB_FAIL(err, CB_E_CONFIG, "expected a list of files, each `- file: …`");
    }
    if (lab_yaml_size(yaml, value) > LAB_SERIES_MAX) {
        return CB_FAIL(err, CB_E_FULL, "more than %d files", LAB_SERIES_MAX);
    }
    for (size_t i = 0; i < lab_yaml_size(yaml, value); i++) {
        lab_series *series = &job->series[job->series_count];
        const int item = lab_yaml_item(yaml, value, i);
        *series = (lab_series){.venue = "binance", .line = lab_yaml_line(yaml, item)};
        const cb_status status =
            lab_yaml_take(yaml, item, series_keys, COUNT_OF(series_keys), series, err);
        if (status != CB_OK) {
            return status;
        }
        job->series_count++;
    }
    return CB_OK;
}

/* ---- account ---- */

static cb_status take_quote(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    lab_job *job = target;
    return lab_take_text(yaml, value, job->quote_asset, sizeof job->quote_asset, err);
}

static cb_status take_balances(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    lab_job *job = target;
    const char *asset = NULL;
    int amount = 0;
    for (size_t i = 0; lab_yaml_pair(yaml, value, i, &asset, &amount); i++) {
        if (job->balances_count == LAB_BALANCES_MAX) {
            return CB_FAIL(err, CB_E_FULL, "more than %d assets", LAB_BALANCES_MAX);
        }
        lab_balance *balance = &job->balances[job->balances_count];
        if (!cb_text_copy(balance->asset, sizeof balance->asset, cb_sv_from(asset))) {
            return CB_FAIL(err, CB_E_CONFIG, "'%.40s' is no asset", asset);
        }
        const cb_status status =
            lab_take_e8(yaml, amount, 0, INT64_MAX / 2, &balance->amount_e8, err);
        if (status != CB_OK) {
            return cb_err_context(err, "%s", asset);
        }
        job->balances_count++;
    }
    return job->balances_count > 0 ? CB_OK
                                   : CB_FAIL(err, CB_E_CONFIG, "expected `ASSET: amount` lines");
}
static const lab_yaml_key account_keys[] = {
    {"quote", take_quote, false},
    {"balances", take_balances, true},
};
static cb_status take_account(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_yaml_take(yaml, value, account_keys, COUNT_OF(account_keys), target, err);
}

/* ---- the job itself ---- */

static cb_status take_name(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    lab_job *job = target;
    return lab_take_text(yaml, value, job->name, sizeof job->name, err);
}
static cb_status take_from(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_time(yaml, value, &((lab_job *)target)->from_ns, err);
}
static cb_status take_to(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_time(yaml, value, &((lab_job *)target)->to_ns, err);
}
static cb_status take_seed(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_u64(yaml, value, 0, INT64_MAX, &((lab_job *)target)->seed, err);
}
static cb_status take_force(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_bool(yaml, value, &((lab_job *)target)->is_forced, err);
}

/* A list of "strategy@timeframe:weight", or the same as one text with commas. */
static cb_status take_strategies(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    lab_job *job = target;
    size_t used = 0;
    if (!lab_yaml_is_list(yaml, value)) {
        return lab_take_text(yaml, value, job->strategies, sizeof job->strategies, err);
    }
    for (size_t i = 0; i < lab_yaml_size(yaml, value); i++) {
        char one[LAB_TEXT_MAX];
        const cb_status status =
            lab_take_text(yaml, lab_yaml_item(yaml, value, i), one, sizeof one, err);
        if (status != CB_OK) {
            return status;
        }
        const int length = snprintf(
            job->strategies + used, sizeof job->strategies - used, "%s%s", i == 0 ? "" : ",", one);
        if (length < 0 || used + (size_t)length >= sizeof job->strategies) {
            return CB_FAIL(err, CB_E_FULL, "longer than %d bytes together", LAB_TEXT_MAX - 1);
        }
        used += (size_t)length;
    }
    return used > 0 ? CB_OK : CB_FAIL(err, CB_E_CONFIG, "is empty");
}

static const lab_yaml_key job_keys[] = {
    {"name", take_name, false},
    {"data", take_data, true},
    {"from", take_from, false},
    {"to", take_to, false},
    {"account", take_account, true},
    {"strategies", take_strategies, true},
    {"seed", take_seed, false},
    {"force", take_force, false},
    {"settings", lab_take_settings, false},
    {"study", lab_take_study, false},
    {"walkforward", lab_take_walkforward, false},
};

static cb_status check_range(const lab_job *job, cb_err *err)
{
    if (job->from_ns != 0 && job->to_ns != 0 && job->from_ns >= job->to_ns) {
        return CB_FAIL(err, CB_E_CONFIG, "%s: 'to' is not after 'from'", job->path);
    }
    return CB_OK;
}

cb_status lab_job_parse(const char *path, const char *text, size_t size, lab_job *job, cb_err *err)
{
    lab_yaml yaml;
    CB_ASSERT(path != NULL && text != NULL && job != NULL);
    *job = (lab_job){.name = "backtest", .quote_asset = "USDT", .seed = 1};
    if (!cb_text_copy(job->path, sizeof job->path, cb_sv_from(path))) {
        return CB_FAIL(err, CB_E_CONFIG, "the job file's path is too long");
    }
    cb_status status = lab_yaml_load(&yaml, job->path, text, size, err);
    if (status != CB_OK) {
        return status;
    }
    status = lab_yaml_take(&yaml, lab_yaml_root(&yaml), job_keys, COUNT_OF(job_keys), job, err);
    lab_yaml_release(&yaml);
    return status == CB_OK ? check_range(job, err) : status;
}

cb_status lab_job_read(const char *path, lab_job *job, char **text, size_t *size, cb_err *err)
{
    cb_status status = CB_OK;
    char *bytes = malloc(LAB_JOB_FILE_MAX + 1);
    FILE *file = fopen(path, "re");
    if (bytes == NULL || file == NULL) {
        status =
            CB_FAIL(err, CB_E_IO, "%s: %s", path, bytes == NULL ? "no memory" : strerror(errno));
        goto done;
    }
    const size_t length = fread(bytes, 1, LAB_JOB_FILE_MAX + 1, file);
    if (ferror(file) != 0) {
        status = CB_FAIL(err, CB_E_IO, "%s: cannot be read", path);
        goto done;
    }
    if (length > LAB_JOB_FILE_MAX) {
        status = CB_FAIL(err, CB_E_FULL, "%s: is larger than 1 MiB", path);
        goto done;
    }
    status = lab_job_parse(path, bytes, length, job, err);
    if (status == CB_OK) {
        *text = bytes;
        *size = length;
        bytes = NULL;
    }
done:
    free(bytes);
    if (file != NULL) {
        (void)fclose(file);
    }
    return status;
}
