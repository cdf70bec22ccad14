/* The hard caps: a file that a risk officer signed, read at the start and at SIGHUP and at no other
 * time. At the start a file that is not in order ends the process; later the old caps stay. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "rt/signed_file.h"
#include "services/execution/shell.h"

cb_status exec_caps_read(exec_shell *self, cb_err *err)
{
    char text[CB_CAPS_SIZE_MAX];
    cb_signed_text signed_text;
    exec_caps caps;
    memset(&caps, 0, sizeof(caps));
    cb_status status = cb_signed_read(self->config->caps_file,
        self->config->caps_keys,
        CB_CAPS_PURPOSE,
        text,
        sizeof(text),
        &signed_text,
        err);
    if (status == CB_OK) {
        status = cb_caps_parse(text, signed_text.size, &caps.rules, err);
    }
    if (status != CB_OK) {
        return cb_err_context(err, "caps.file");
    }
    memcpy(caps.hash, signed_text.hash, sizeof(caps.hash));
    const bool is_kept = cb_text_copy(caps.key, sizeof(caps.key), cb_sv_from(signed_text.key));
    CB_ASSERT(is_kept);
    self->caps = caps;
    return CB_OK;
}

void exec_caps_reload(cb_shell *shell)
{
    exec_shell *self = exec_of(shell);
    const exec_caps before = self->caps;
    char hex[2 * CB_SHA256_SIZE + 1];
    cb_err err = {0};
    const cb_status status = exec_caps_read(self, &err);
    cb_hex_print(self->caps.hash, sizeof(self->caps.hash), hex);
    if (status != CB_OK) {
        CB_LOG(cb_shell_log(shell),
            CB_LOG_ERROR,
            "caps_refused",
            CB_KV("why", err.text),
            CB_KV("in_force", hex));
        cb_metric_add(self->metrics.alerts, 1);
        return;
    }
    CB_LOG(cb_shell_log(shell),
        CB_LOG_WARN,
        "caps_read",
        CB_KV("hash", hex),
        CB_KV("key", self->caps.key));
    if (memcmp(&before.hash, self->caps.hash, sizeof(before.hash)) != 0) {
        cb_shell_feed(shell, EXEC_EVENT_CAPS, &self->caps, sizeof(self->caps));
    }
}
