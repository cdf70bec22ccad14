/* Settings of services in a job: which service, which key, which text. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/lab/job/sections.h"

static const char SERVICES[] = "validator|signals|risk|execution|portfolio|venue|caps|models";

static bool is_service(const char *name, size_t size)
{
    for (const char *at = SERVICES;; at++) {
        const size_t length = strcspn(at, "|");
        if (length == size && memcmp(at, name, size) == 0) {
            return true;
        }
        at += length;
        if (*at == '\0') {
            return false;
        }
    }
}

cb_status lab_setting_split(
    const char *dotted, char service[LAB_WORD_MAX], char key[LAB_KEY_MAX], cb_err *err)
{
    const size_t size = strcspn(dotted, ".");
    if (dotted[size] == '\0' || !is_service(dotted, size)) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "'%.80s' does not begin with a service (%s) and '.'",
            dotted,
            SERVICES);
    }
    if (!cb_text_copy(service, LAB_WORD_MAX, (cb_strview){dotted, size}) ||
        !cb_text_copy(key, LAB_KEY_MAX, cb_sv_from(dotted + size + 1)) || key[0] == '\0') {
        return CB_FAIL(err, CB_E_CONFIG, "'%.80s' is no key", dotted);
    }
    return CB_OK;
}

static lab_setting *find_setting(lab_job *job, const char *service, const char *key)
{
    for (uint32_t i = 0; i < job->settings_count; i++) {
        if (cb_text_equal(job->settings[i].service, service) &&
            cb_text_equal(job->settings[i].key, key)) {
            return &job->settings[i];
        }
    }
    return NULL;
}

/* The setting's place, a new one when it was not given yet. */
static lab_setting *place_of(lab_job *job, const char *service, const char *key, cb_err *err)
{
    lab_setting *setting = find_setting(job, service, key);
    if (setting != NULL) {
        return setting;
    }
    if (job->settings_count == LAB_SETTINGS_MAX) {
        (void)CB_FAIL(err, CB_E_FULL, "more than %d settings", LAB_SETTINGS_MAX);
        return NULL;
    }
    setting = &job->settings[job->settings_count];
    *setting = (lab_setting){0};
    if (!cb_text_copy(setting->service, sizeof setting->service, cb_sv_from(service)) ||
        !cb_text_copy(setting->key, sizeof setting->key, cb_sv_from(key))) {
        (void)CB_FAIL(err, CB_E_CONFIG, "'%.80s' is no key", key);
        return NULL;
    }
    job->settings_count++;
    return setting;
}

static cb_status take_one(
    lab_yaml *yaml, lab_job *job, const char *service, const char *key, int value, cb_err *err)
{
    if (find_setting(job, service, key) != NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "%s: given twice", key);
    }
    lab_setting *setting = place_of(job, service, key, err);
    if (setting == NULL) {
        return CB_E_CONFIG;
    }
    setting->line = lab_yaml_line(yaml, value);
    cb_err inner = {0};
    const cb_status status =
        lab_take_text(yaml, value, setting->value, sizeof setting->value, &inner);
    return status == CB_OK ? CB_OK
                           : CB_FAIL(err,
                                 status,
                                 "%s:%u: %s.%s: %s",
                                 yaml->path,
                                 setting->line,
                                 service,
                                 key,
                                 inner.text);
}

cb_status lab_take_settings(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    lab_job *job = target;
    const char *service = NULL;
    int section = 0;
    if (!lab_yaml_is_map(yaml, value)) {
        return CB_FAIL(err, CB_E_CONFIG, "expected sections named %s", SERVICES);
    }
    for (size_t i = 0; lab_yaml_pair(yaml, value, i, &service, &section); i++) {
        if (!is_service(service, strlen(service)) || !lab_yaml_is_map(yaml, section)) {
            return CB_FAIL(err,
                CB_E_CONFIG,
                "%s:%u: '%.40s' must be one of %s, with `key: value` lines below",
                yaml->path,
                lab_yaml_line(yaml, section),
                service,
                SERVICES);
        }
        const char *key = NULL;
        int text = 0;
        for (size_t j = 0; lab_yaml_pair(yaml, section, j, &key, &text); j++) {
            const cb_status status = take_one(yaml, job, service, key, text, err);
            if (status != CB_OK) {
                return status;
            }
        }
    }
    return CB_OK;
}

cb_status lab_job_set(lab_job *job, const char *assignment, cb_err *err)
{
    char dotted[LAB_WORD_MAX + LAB_KEY_MAX];
    char service[LAB_WORD_MAX];
    char key[LAB_KEY_MAX];
    CB_ASSERT(job != NULL && assignment != NULL);
    const size_t size = strcspn(assignment, "=");
    if (assignment[size] == '\0' ||
        !cb_text_copy(dotted, sizeof dotted, (cb_strview){assignment, size})) {
        return CB_FAIL(err, CB_E_CONFIG, "'%.80s' is not service.key=value", assignment);
    }
    const cb_status status = lab_setting_split(dotted, service, key, err);
    if (status != CB_OK) {
        return status;
    }
    lab_setting *setting = place_of(job, service, key, err);
    if (setting == NULL) {
        return CB_E_CONFIG;
    }
    if (!cb_text_copy(setting->value, sizeof setting->value, cb_sv_from(assignment + size + 1))) {
        return CB_FAIL(err, CB_E_CONFIG, "%s: the value is too long", dotted);
    }
    return CB_OK;
}
