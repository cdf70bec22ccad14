/* Execution's hard caps in a job: section "caps" of its settings, as lines of a caps file. */
#include <stdio.h>

#include "base/strview.h"
#include "domain/caps.h"
#include "services/lab/job/sections.h"

/* As deploy/local/caps.conf, with the age of data that a replay of minutes has. */
static const char *const rows[][2] = {
    {"notional_max", "250000"},
    {"qty_max", "100000"},
    {"collar", "0.05"},
    {"orders_per_s", "10"},
    {"notional_per_minute", "2000000"},
    {"data_age_max", "120s"},
    {"clock_offset_max", "250ms"},
    {"heartbeat_age_max", "3s"},
    {"symbols", "*"},
};
#define ROWS (sizeof rows / sizeof rows[0])

static bool is_cap(const char *key)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (cb_text_equal(rows[i][0], key)) {
            return true;
        }
    }
    return false;
}

static cb_status check_keys(const lab_job *job, cb_err *err)
{
    for (uint32_t i = 0; i < job->settings_count; i++) {
        const lab_setting *setting = &job->settings[i];
        if (cb_text_equal(setting->service, "caps") && !is_cap(setting->key)) {
            return CB_FAIL(err,
                CB_E_CONFIG,
                "%s:%u: caps.%s: there is no such cap",
                job->path,
                setting->line,
                setting->key);
        }
    }
    return CB_OK;
}

static const char *value_of(const lab_job *job, size_t row)
{
    for (uint32_t i = 0; i < job->settings_count; i++) {
        if (cb_text_equal(job->settings[i].service, "caps") &&
            cb_text_equal(job->settings[i].key, rows[row][0])) {
            return job->settings[i].value;
        }
    }
    return rows[row][1];
}

cb_status lab_job_caps(const lab_job *job, char *out, size_t size, cb_err *err)
{
    size_t used = 0;
    const cb_status status = check_keys(job, err);
    for (size_t i = 0; status == CB_OK && i < ROWS; i++) {
        const int length =
            snprintf(out + used, size - used, "%s = %s\n", rows[i][0], value_of(job, i));
        if (length < 0 || used + (size_t)length >= size) {
            return CB_FAIL(err, CB_E_CONFIG, "%s: the caps are too long", job->path);
        }
        used += (size_t)length;
    }
    return status;
}
