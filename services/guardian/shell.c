/* The guardian's hooks. It needs neither PostgreSQL nor NATS to act: beats come by page too, and
 * what it does first is on its own disk and at the venue. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "rt/beatpage.h"
#include "rt/killpage.h"
#include "services/guardian/guardian_shell.h"

#define TICK_NS (250 * CB_NS_PER_MS)
#define RAISE_TIMEOUT_MS 2000
#define FIRE_LEVEL 2

guardian_shell *guardian_of(const cb_shell *shell)
{
    guardian_shell *self = cb_shell_user(shell);
    CB_ASSERT(self != NULL);
    return self;
}

static void open_metrics(guardian_shell *self)
{
    cb_metrics *metrics = cb_shell_metrics(self->shell);
    self->phase =
        cb_gauge(metrics, "guardian_phase", "", "0 waiting, 1 watching, 2 firing, 3 fired");
    self->silent = cb_gauge(metrics, "guardian_silent_ms", "", "since the newest good beat");
    self->beats = cb_gauge(metrics, "guardian_beats", "", "good beats since the start");
    self->refused = cb_gauge(metrics, "guardian_beats_refused", "", "beats that were none");
    self->fired = cb_gauge(metrics, "guardian_fired", "", "times it fired since the start");
    self->canceled = cb_gauge(metrics, "guardian_canceled_orders", "", "open orders it met firing");
    self->requests = cb_counter(metrics, "venue_requests_total", "", "Requests to the venue");
}

static cb_status guardian_open(cb_shell *shell, cb_err *err)
{
    const guardian_config *config = cb_shell_config(shell);
    cb_status status = guardian_config_check(config, err);
    if (status != CB_OK) {
        return status;
    }
    guardian_shell *self = calloc(1, sizeof(*self));
    CB_ASSERT(self != NULL);
    self->shell = shell;
    self->config = config;
    cb_shell_set_user(shell, self);
    if (cb_shell_is_bus_clock(shell)) {
        return CB_FAIL(err, CB_E_CONFIG, "clock: the guardian lives by the machine's clock");
    }
    self->journal = guardian_journal_open(config->journal, err);
    if (self->journal == NULL) {
        return err->code;
    }
    open_metrics(self);
    status = guardian_venue_open(self, err);
    return status == CB_OK ? guardian_journal_write(self->journal, "started", config->account, err)
                           : status;
}

/* ---- ticks ---- */

static void read_beat(guardian_shell *self)
{
    cb_guard_beat beat;
    memset(&beat, 0, sizeof(beat));
    /* A page that is missing or torn is silence, and that is what counts. */
    if (cb_beatpage_read(self->config->beat_page, &beat, NULL) == CB_OK) {
        cb_shell_feed(self->shell, GUARDIAN_EVENT_PAGE, &beat, sizeof(beat));
    }
}

static void show(guardian_shell *self)
{
    guardian_view view;
    guardian_look(cb_shell_state(self->shell), &view);
    cb_metric_set(self->phase, (int64_t)view.phase);
    cb_metric_set(self->silent, view.silent_ns / CB_NS_PER_MS);
    cb_metric_set(self->beats, (int64_t)view.beats_count);
    cb_metric_set(self->refused, (int64_t)view.refused_count);
    cb_metric_set(self->fired, (int64_t)view.fired_count);
    cb_metric_set(self->canceled, (int64_t)view.canceled_count);
}

static void on_tick(void *context)
{
    guardian_shell *self = context;
    const guardian_tick tick = {.mono_ns = cb_mono_ns(), .wall_ns = cb_wall_ns()};
    read_beat(self);
    cb_shell_feed(self->shell, GUARDIAN_EVENT_TICK, &tick, sizeof(tick));
    guardian_venue_tick(self);
    show(self);
}

static void guardian_started(cb_shell *shell)
{
    guardian_shell *self = guardian_of(shell);
    self->tick_timer = cb_loop_timer(cb_shell_loop(shell), TICK_NS, TICK_NS, on_tick, self);
}

/* ---- what the core asks ---- */

static void write_note(guardian_shell *self, const guardian_note *note)
{
    cb_err err = {0};
    CB_LOG(cb_shell_log(self->shell),
        note->is_error ? CB_LOG_ERROR : CB_LOG_INFO,
        note->event,
        CB_KV("detail", note->detail));
    if (guardian_journal_write(self->journal, note->event, note->detail, &err) != CB_OK) {
        cb_log_err(cb_shell_log(self->shell), CB_LOG_ERROR, "journal_failed", &err);
    }
}

static void set_page(guardian_shell *self, const guardian_note *note)
{
    cb_err err = {0};
    const cb_killpage_wish wish = {
        .level = FIRE_LEVEL, .actor = "guardian", .reason = note->detail};
    const guardian_answer answer = {
        .is_ok = cb_killpage_raise(self->config->kill_page, &wish, NULL, &err) == CB_OK};
    if (!answer.is_ok) {
        cb_log_err(cb_shell_log(self->shell), CB_LOG_ERROR, "flag_page_not_raised", &err);
    }
    cb_shell_feed(self->shell, GUARDIAN_EVENT_PAGE_SET, &answer, sizeof(answer));
}

static void on_raised(void *context, const void *bytes, size_t size)
{
    static const char ok[] = "{\"ok\":true";
    static const char higher[] = "a higher level is in force";
    guardian_shell *self = context;
    const bool is_ok = bytes != NULL && size >= sizeof(ok) - 1 &&
                       (memcmp(bytes, ok, sizeof(ok) - 1) == 0 ||
                           memmem(bytes, size, higher, sizeof(higher) - 1) != NULL);
    const guardian_answer answer = {.is_ok = is_ok};
    cb_shell_feed(self->shell, GUARDIAN_EVENT_RAISED, &answer, sizeof(answer));
}

static void raise_on_bus(guardian_shell *self, const guardian_note *note)
{
    cb_kill_command command = {.level = FIRE_LEVEL};
    CB_MAYBE(
        snprintf(command.scope, sizeof(command.scope), "account:%.32s", self->config->account));
    CB_MAYBE(snprintf(command.reason, sizeof(command.reason), "%.90s", note->detail));
    CB_MAYBE(snprintf(command.actor, sizeof(command.actor), "guardian"));
    cb_shell_ask(
        self->shell, CB_SUBJECT_KILL_COMMAND, "risk", &command, RAISE_TIMEOUT_MS, on_raised, self);
}

static void guardian_on_request(
    cb_shell *shell, uint32_t request, const void *body, size_t body_size)
{
    guardian_shell *self = guardian_of(shell);
    CB_ASSERT(body != NULL && body_size > 0);
    switch ((guardian_request)request) {
    case GUARDIAN_REQUEST_NOTE:
        write_note(self, body);
        return;
    case GUARDIAN_REQUEST_SET_PAGE:
        set_page(self, body);
        return;
    case GUARDIAN_REQUEST_RAISE:
        raise_on_bus(self, body);
        return;
    case GUARDIAN_REQUEST_LIST:
        guardian_venue_ask(self, GUARDIAN_REQUEST_LIST, "");
        return;
    case GUARDIAN_REQUEST_CANCEL_ALL:
    case GUARDIAN_REQUEST_ARM:
    default:
        guardian_venue_ask(
            self, (guardian_request)request, ((const guardian_symbol *)body)->symbol);
        return;
    }
}

/* ---- what the runtime asks ---- */

static bool guardian_is_ready(cb_shell *shell, char *why, size_t why_size)
{
    guardian_shell *self = guardian_of(shell);
    guardian_view view;
    guardian_look(cb_shell_state(shell), &view);
    if (self->signer != NULL && !cb_signer_is_up(self->signer)) {
        CB_MAYBE(snprintf(why, why_size, "signer: %s", cb_signer_why(self->signer)));
        return false;
    }
    if (view.phase == GUARDIAN_FIRING || view.phase == GUARDIAN_FIRED) {
        CB_MAYBE(snprintf(why,
            why_size,
            "%s: execution is silent for %lld s, %llu orders canceled",
            guardian_phase_name(view.phase),
            (long long)(view.silent_ns / CB_NS_PER_S),
            (unsigned long long)view.canceled_count));
        return false;
    }
    return true;
}

static uint32_t guardian_pending(const cb_shell *shell)
{
    return guardian_of(shell)->pending_count;
}

static void guardian_close(cb_shell *shell)
{
    guardian_shell *self = cb_shell_user(shell);
    if (self == NULL) {
        return;
    }
    cb_timer_remove(self->tick_timer);
    guardian_venue_close(self);
    guardian_journal_close(self->journal);
    cb_shell_set_user(shell, NULL);
    free(self);
}

const cb_service guardian_service = {
    .name = "guardian",
    .summary = "cancels every open order when execution falls silent",
    .fields = guardian_fields,
    .config_size = sizeof(guardian_config),
    .without_pg = true,
    .bus_is_optional = true,
    .core = &guardian_core,
    .open = guardian_open,
    .started = guardian_started,
    .on_request = guardian_on_request,
    .is_ready = guardian_is_ready,
    .pending = guardian_pending,
    .close = guardian_close,
};
