/* The beat for the guardian: signed, numbered under the lease, on two ways that fail separately.
 * Only who holds the lease beats, and only while its loop turns. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "domain/guardbeat.h"
#include "rt/beatpage.h"
#include "services/execution/shell.h"

static void fill(exec_shell *self, cb_guard_beat *beat)
{
    exec_view view;
    exec_look(cb_shell_state(self->shell), &view);
    const bool fits =
        cb_text_copy(beat->account, sizeof(beat->account), cb_sv_from(self->config->account)) &&
        cb_text_copy(beat->venue, sizeof(beat->venue), cb_sv_from(self->config->venue));
    CB_ASSERT(fits); /* lengths were checked */
    beat->lease_epoch = self->lease_epoch;
    beat->number = ++self->beats_count;
    beat->at_ns = cb_wall_ns();
    beat->kill_level = view.kill_level;
    beat->orders_count = view.active_count;
}

static void write_page(exec_shell *self, const cb_guard_beat *beat)
{
    cb_err err = {0};
    const bool is_bad = cb_beatpage_write(self->config->guard_page, beat, &err) != CB_OK;
    if (is_bad && !self->is_beat_page_bad) {
        cb_log_err(cb_shell_log(self->shell), CB_LOG_ERROR, "beat_page_failed", &err);
    }
    self->is_beat_page_bad = is_bad;
}

void exec_beat(exec_shell *self)
{
    const exec_config *config = self->config;
    if (config->guard_key[0] == '\0' || self->lease_epoch == 0) {
        return;
    }
    cb_guard_beat beat;
    memset(&beat, 0, sizeof(beat));
    fill(self, &beat);
    cb_guardbeat_sign(&beat, (const uint8_t *)config->guard_key, strlen(config->guard_key));
    if (config->guard_page[0] != '\0') {
        write_page(self, &beat);
    }
    cb_shell_publish(self->shell, CB_SUBJECT_GUARD_BEAT, &beat);
}
