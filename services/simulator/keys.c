/* Further API keys of account main: from a file at the start, or while it runs (/sim/keys). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/strview.h"
#include "services/simulator/core/keys.h"
#include "services/simulator/simulator.h"

#define LINE_SIZE 512

/* "KEY SECRET RIGHTS" */
static cb_status take_line(simulator *self, char *line, cb_err *err)
{
    char *fields[3] = {NULL, NULL, NULL};
    char *rest = line;
    uint32_t rights = 0;
    for (size_t i = 0; i < 3; i++) {
        rest += strspn(rest, " \t");
        fields[i] = rest;
        rest += strcspn(rest, " \t\r\n");
        if (*rest != '\0') {
            *rest++ = '\0';
        }
    }
    if (!sim_rights_parse(fields[2], &rights)) {
        return CB_FAIL(err, CB_E_CONFIG, "api.keys: a line is not KEY SECRET RIGHTS");
    }
    return sim_add_key(self->sim, self->main_account, fields[0], fields[1], rights, err);
}

static cb_status take_file(simulator *self, FILE *file, cb_err *err)
{
    char line[LINE_SIZE];
    struct stat info;
    if (fstat(fileno(file), &info) != 0 || (info.st_mode & 0007U) != 0) {
        return CB_FAIL(err, CB_E_CONFIG, "api.keys may be read by others: chmod 600");
    }
    cb_status status = CB_OK;
    while (status == CB_OK && fgets(line, sizeof(line), file) != NULL) {
        if (line[0] != '#' && line[strspn(line, " \t\r\n")] != '\0') {
            status = take_line(self, line, err);
        }
    }
    cb_wipe(line, sizeof(line));
    return status;
}

cb_status sim_keys_load(simulator *self, cb_err *err)
{
    const char *path = self->settings->api_keys;
    if (path[0] == '\0') {
        return CB_OK;
    }
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "api.keys: %s: %s", path, strerror(errno));
    }
    const cb_status status = take_file(self, file, err);
    (void)fclose(file);
    return status;
}

static bool field(const cb_server_request *request, const char *key, char *out, size_t size)
{
    return cb_form_get(request->body, key, out, size);
}

bool sim_keys_change(simulator *self, const cb_server_request *request, const char **why)
{
    char account[24];
    char key[SIM_KEY_SIZE];
    char secret[SIM_KEY_SIZE];
    char words[128];
    uint32_t rights = 0;
    *why = "key and rights (read, trade, withdraw, transfer, margin, futures, anywhere, joined by "
           "'+') are needed; of a new key also account and secret";
    if (!field(request, "key", key, sizeof(key)) ||
        !field(request, "rights", words, sizeof(words)) || !sim_rights_parse(words, &rights)) {
        return false;
    }
    if (sim_set_rights(self->sim, key, rights)) {
        return true;
    }
    const bool is_whole = field(request, "account", account, sizeof(account)) &&
                          field(request, "secret", secret, sizeof(secret)) &&
                          sim_find_account(self->sim, account) != SIM_NONE;
    const bool is_added =
        is_whole &&
        sim_add_key(self->sim, sim_find_account(self->sim, account), key, secret, rights, NULL) ==
            CB_OK;
    cb_wipe(secret, sizeof(secret));
    return is_added;
}
