/* The hooks of the service. It has no schema and no core; with a bus it says that it lives, and
 * nothing else. */
#include "services/signer/signer.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/textbuf.h"

static void open_metrics(signer_metrics *to, cb_metrics *from)
{
    to->signed_count = cb_counter(from, "signer_signatures_total", "", "Signatures given");
    to->refused = cb_counter(from, "signer_refused_total", "", "Requests that were not signed");
    to->limited = cb_counter(from, "signer_limited_total", "", "Requests beyond a minute's cap");
    to->denied = cb_counter(from, "signer_denied_total", "", "Peers and requests turned away");
    to->bad_frames = cb_counter(from, "signer_bad_frames_total", "", "Frames not understood");
    to->keys = cb_gauge(from, "signer_keys", "", "Keys kept");
    to->disabled = cb_gauge(from, "signer_keys_disabled", "", "Keys that may not be used");
    to->duration = cb_histogram(from, "signer_sign_seconds", "", "One request judged and signed");
}

void signer_refresh_metrics(signer *self)
{
    int64_t disabled = 0;
    for (uint32_t i = 0; i < self->vault.file.rows_count; i++) {
        disabled += self->vault.file.rows[i].label.is_disabled ? 1 : 0;
    }
    cb_metric_set(self->metrics.keys, self->vault.file.rows_count);
    cb_metric_set(self->metrics.disabled, disabled);
}

static cb_status hook_open(cb_shell *shell, cb_err *err)
{
    signer *self = calloc(1, sizeof(*self));
    CB_ASSERT(self != NULL);
    cb_shell_set_user(shell, self);
    self->shell = shell;
    self->log = cb_shell_log(shell);
    self->config = cb_shell_config(shell);
    self->door.fds[0] = -1;
    self->door.fds[1] = -1;
    self->venue = cb_venue_find(self->config->venue);
    if (self->venue == NULL || self->venue->recognize == NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "venue '%s' has no signed requests", self->config->venue);
    }
    open_metrics(&self->metrics, cb_shell_metrics(shell));
    cb_status status = signer_vault_open(&self->vault, self->config, err);
    if (status == CB_OK) {
        signer_refresh_metrics(self);
        status = signer_door_open(self, err);
    }
    return status;
}

static void hook_started(cb_shell *shell)
{
    signer *self = cb_shell_user(shell);
    CB_LOG(self->log,
        CB_LOG_INFO,
        "keys_opened",
        CB_KI("keys", self->vault.file.rows_count),
        CB_KV("socket", self->config->socket));
    signer_check_start(self);
}

static bool hook_is_ready(cb_shell *shell, char *why, size_t why_size)
{
    const signer *self = cb_shell_user(shell);
    for (uint32_t i = 0; i < self->vault.file.rows_count; i++) {
        const signer_label *label = &self->vault.file.rows[i].label;
        if (label->is_disabled) {
            cb_textbuf text = cb_textbuf_over(why, why_size);
            cb_textbuf_add(&text, label->account);
            cb_textbuf_add(&text, " ");
            cb_textbuf_add(&text, cb_key_purpose_name(label->purpose));
            cb_textbuf_add(&text, ": ");
            cb_textbuf_add(&text, label->why);
            return false;
        }
    }
    return true;
}

static void hook_close(cb_shell *shell)
{
    signer *self = cb_shell_user(shell);
    if (self == NULL) {
        return;
    }
    signer_check_stop(self);
    signer_door_close(self);
    signer_vault_close(&self->vault);
    cb_shell_set_user(shell, NULL);
    free(self);
}

const cb_service signer_service = {
    .name = "signer",
    .summary = "keeps the exchange keys and signs what their purpose allows",
    .fields = signer_fields,
    .config_size = sizeof(signer_config),
    .without_pg = true,
    .open = hook_open,
    .started = hook_started,
    .is_ready = hook_is_ready,
    .close = hook_close,
};
