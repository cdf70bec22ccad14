/* /sim: what the operator and the auditor ask. Everything but the status needs the admin token. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "services/simulator/simulator.h"

#define ROW_SIZE ((size_t)1024) /* more than any order, trade or balance takes */
#define BASE_SIZE ((size_t)1024 * 1024)

static const char *progress_name(const simulator *self)
{
    static const char *const names[] = {"waiting", "running", "finished"};
    return names[self->progress];
}

static void write_sources(const simulator *self, sim_json *out)
{
    sim_json_key(out, "sources");
    sim_json_open(out, '[');
    for (uint32_t i = 0; i < self->sources_count; i++) {
        const sim_source *source = &self->sources[i];
        sim_json_open(out, '{');
        sim_json_put_text(out, "symbol", source->symbol);
        sim_json_put_u64(out, "rows", source->rows_count);
        sim_json_put_u64(out, "bad_rows", source->bad_count);
        sim_json_put_u64(out, "events", source->events_count);
        sim_json_put_bool(out, "finished", source->next_ns == INT64_MAX);
        sim_json_close(out, '}');
    }
    sim_json_close(out, ']');
}

static void write_status(const simulator *self, sim_json *out)
{
    char text[CB_TIME_TEXT_MAX];
    (void)cb_time_print(self->sim->now_ns, 3, text);
    sim_json_open(out, '{');
    sim_json_put_text(out, "progress", progress_name(self));
    sim_json_put_bool(out, "finished", self->progress == SIM_PROGRESS_FINISHED);
    sim_json_put_text(out, "mode", self->mode == SIM_MODE_REPLAY ? "replay" : "agents");
    sim_json_put_text(out, "speed", self->settings->speed);
    sim_json_put_text(out, "now", text);
    sim_json_put_ms(out, "now_ms", self->sim->now_ns);
    sim_json_put_u64(out, "step", self->lockstep.step);
    sim_json_put_u64(out, "rounds", self->lockstep.round);
    sim_json_put_text(out, "blocked", self->lockstep.blocked);
    sim_json_put_u64(out, "behind", self->pace.behind_count);
    sim_json_put_u64(out, "orders", self->sim->orders_count);
    sim_json_put_u64(out, "fills", self->sim->trades_count);
    sim_json_put_u64(out, "requests", self->requests_count);
    sim_json_put_u64(out, "market_frames", self->ws->market_sent_count);
    sim_json_put_u64(out, "user_events", self->ws->user_sent_count);
    sim_json_put_bool(out, "takes_orders", !self->api->is_closed);
    const int64_t end_ns = self->finished_mono_ns != 0 ? self->finished_mono_ns : cb_mono_ns();
    sim_json_put_i64(out, "wall_ms", (end_ns - self->started_mono_ns) / CB_NS_PER_MS);
    write_sources(self, out);
    sim_json_close(out, '}');
}

static void write_account(const simulator *self, uint32_t account, sim_json *out)
{
    const sim_core *sim = self->sim;
    sim_json_open(out, '{');
    sim_json_put_text(out, "name", sim->accounts[account].name);
    sim_json_key(out, "balances");
    sim_json_open(out, '[');
    for (uint32_t asset = 0; asset < sim->assets_count; asset++) {
        const sim_balance *balance = &sim->accounts[account].balances[asset];
        sim_json_open(out, '{');
        sim_json_put_text(out, "asset", sim->assets[asset]);
        sim_json_put_e8(out, "total", balance->free_e8 + balance->locked_e8);
        sim_json_put_e8(out, "free", balance->free_e8);
        sim_json_put_e8(out, "locked", balance->locked_e8);
        sim_json_close(out, '}');
    }
    sim_json_close(out, ']');
    sim_json_key(out, "trades");
    sim_json_open(out, '[');
    for (uint32_t i = 0; i < sim->trades_count; i++) {
        if (sim->orders[sim->trades[i].order].account == account) {
            sim_write_my_trade(out, sim, &sim->trades[i]);
        }
    }
    sim_json_close(out, ']');
    sim_json_key(out, "orders");
    sim_json_open(out, '[');
    for (uint32_t i = 0; i < sim->orders_count; i++) {
        if (sim->orders[i].account == account) {
            sim_write_order(out, sim, &sim->orders[i]);
        }
    }
    sim_json_close(out, ']');
    sim_json_close(out, '}');
}

/* deposits = balances + fees + house, per asset: the venue's own proof. */
static void write_totals(const simulator *self, sim_json *out)
{
    const sim_core *sim = self->sim;
    sim_json_key(out, "totals");
    sim_json_open(out, '[');
    for (uint32_t asset = 0; asset < sim->assets_count; asset++) {
        cb_i128 sum = 0;
        for (uint32_t i = 0; i < sim->accounts_count; i++) {
            sum += sim->accounts[i].balances[asset].free_e8;
            sum += sim->accounts[i].balances[asset].locked_e8;
        }
        sim_json_open(out, '{');
        sim_json_put_text(out, "asset", sim->assets[asset]);
        sim_json_put_e8(out, "deposits", sim->deposits_e8[asset]);
        sim_json_key(out, "balances");
        sim_json_e8_wide(out, sum);
        sim_json_put_e8(out, "fees", sim->fees_e8[asset]);
        sim_json_put_e8(out, "house", sim->house_e8[asset]);
        sim_json_close(out, '}');
    }
    sim_json_close(out, ']');
}

void sim_control_answer(simulator *self,
    cb_exchange *exchange,
    uint64_t number,
    int status,
    const char *body,
    size_t size)
{
    (void)self;
    (void)number; /* the journal knows the request; its answer is no part of the exchange */
    cb_exchange_reply(exchange, status, "application/json;charset=UTF-8", body, size);
}

void sim_control_problem(
    simulator *self, cb_exchange *exchange, uint64_t number, int status, const char *why)
{
    char text[512];
    sim_json out = sim_json_over(text, sizeof(text));
    sim_json_open(&out, '{');
    sim_json_put_text(&out, "error", why);
    sim_json_close(&out, '}');
    sim_control_answer(self, exchange, number, status, out.out, out.used);
}

static void answer_audit(simulator *self, cb_exchange *exchange, uint64_t number)
{
    const sim_core *sim = self->sim;
    const size_t size = BASE_SIZE + ((size_t)sim->orders_count + sim->trades_count) * ROW_SIZE;
    char *text = malloc(size);
    CB_ASSERT(text != NULL);
    sim_json out = sim_json_over(text, size);
    sim_json_open(&out, '{');
    sim_json_put_ms(&out, "now_ms", sim->now_ns);
    sim_json_put_bool(&out, "finished", self->progress == SIM_PROGRESS_FINISHED);
    sim_json_key(&out, "accounts");
    sim_json_open(&out, '[');
    for (uint32_t i = 0; i < sim->accounts_count; i++) {
        if (sim->accounts[i].has_history) {
            write_account(self, i, &out);
        }
    }
    sim_json_close(&out, ']');
    write_totals(self, &out);
    sim_json_close(&out, '}');
    CB_ASSERT(!out.is_full);
    sim_control_answer(self, exchange, number, 200, out.out, out.used);
    free(text);
}

/* ---- changes ---- */

/* Form fields of a control request: from the query or the body. */
static bool field(const cb_server_request *request, const char *key, char *out, size_t size)
{
    return cb_form_get(request->query, key, out, size) ||
           cb_form_get(request->body, key, out, size);
}

static bool deposit(simulator *self, const cb_server_request *request, const char **why)
{
    char account[24];
    char asset[12];
    char amount[CB_DECIMAL_TEXT_MAX];
    int64_t amount_e8 = 0;
    *why = "account, asset and amount (a decimal, below 0 to withdraw) are needed";
    if (!field(request, "account", account, sizeof(account)) ||
        !field(request, "asset", asset, sizeof(asset)) ||
        !field(request, "amount", amount, sizeof(amount)) ||
        cb_decimal_parse(amount, strlen(amount), &amount_e8, NULL) != CB_OK) {
        return false;
    }
    const uint32_t index = sim_find_account(self->sim, account);
    const uint32_t asset_index = sim_asset(self->sim, asset);
    *why = "no such account, no room for the asset, or not enough free balance";
    return index != SIM_NONE && asset_index != SIM_NONE &&
           sim_transfer(self->sim, index, asset_index, amount_e8);
}

static bool add_account(simulator *self, const cb_server_request *request, const char **why)
{
    char name[24];
    char key[SIM_KEY_SIZE];
    char secret[SIM_KEY_SIZE];
    uint32_t account = 0;
    *why = "name, key and secret are needed, and must be new";
    return field(request, "name", name, sizeof(name)) && field(request, "key", key, sizeof(key)) &&
           field(request, "secret", secret, sizeof(secret)) &&
           sim_add_account(self->sim, name, key, secret, true, &account, NULL) == CB_OK;
}

static bool set_status(simulator *self, const cb_server_request *request, const char **why)
{
    char symbol[24];
    char status[24];
    *why = "symbol and status (TRADING, HALT, BREAK, CANCEL_ONLY) are needed";
    if (!field(request, "symbol", symbol, sizeof(symbol)) ||
        !field(request, "status", status, sizeof(status))) {
        return false;
    }
    const uint32_t index = sim_find_symbol(self->sim, symbol);
    for (uint32_t i = 0; i < SIM_SYMBOL_STATUS_COUNT && index != SIM_NONE; i++) {
        if (strcmp(sim_symbol_status_name((sim_symbol_status)i), status) == 0) {
            self->sim->symbols[index].status_base = (sim_symbol_status)i;
            sim_faults_shape(self->faults, self->sim);
            return true;
        }
    }
    return false;
}

/* ---- the door ---- */

static bool is_admin(const simulator *self, cb_exchange *exchange)
{
    static const char scheme[] = "Bearer ";
    const char *given = cb_exchange_header(exchange, "authorization");
    const char *wanted = self->settings->admin_token;
    if (strncmp(given, scheme, sizeof(scheme) - 1) != 0) {
        return false;
    }
    given += sizeof(scheme) - 1;
    return strlen(given) == strlen(wanted) &&
           cb_mac_equal((const uint8_t *)given, (const uint8_t *)wanted, strlen(wanted));
}

static void answer_status(simulator *self, cb_exchange *exchange, uint64_t number)
{
    sim_json out = sim_json_over(self->body, SIM_BODY_SIZE);
    write_status(self, &out);
    sim_control_answer(self, exchange, number, 200, out.out, out.used);
}

typedef bool (*change_fn)(simulator *self, const cb_server_request *request, const char **why);

static change_fn find_change(const char *path)
{
    static const struct {
        const char *path;
        change_fn change;
    } changes[] = {
        {"/sim/deposit", deposit},
        {"/sim/accounts", add_account},
        {"/sim/symbol", set_status},
        {"/sim/keys", sim_keys_change},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        if (strcmp(changes[i].path, path) == 0) {
            return changes[i].change;
        }
    }
    return NULL;
}

static bool is_ours(const char *path)
{
    return strncmp(path, "/sim/", 5) == 0 || strncmp(path, "/control/", 9) == 0;
}

bool sim_control(
    simulator *self, cb_exchange *exchange, uint64_t number, const cb_server_request *request)
{
    const bool is_get = strcmp(request->method, "GET") == 0;
    const char *why = "";
    if (!is_ours(request->path)) {
        return false;
    }
    (void)sim_journal_request(self, number, request, "");
    if (is_get && strcmp(request->path, "/sim/status") == 0) {
        answer_status(self, exchange, number);
        return true;
    }
    if (!is_admin(self, exchange)) {
        sim_control_problem(self, exchange, number, 401, "the admin token is needed (Bearer)");
        return true;
    }
    if (sim_control_faults(self, exchange, number, request)) {
        return true;
    }
    if (is_get && strcmp(request->path, "/sim/audit") == 0) {
        answer_audit(self, exchange, number);
        return true;
    }
    const change_fn change = find_change(request->path);
    if (change == NULL || strcmp(request->method, "POST") != 0) {
        sim_control_problem(self, exchange, number, 404, "no such control");
    } else if (!change(self, request, &why)) {
        sim_control_problem(self, exchange, number, 400, why);
    } else {
        answer_status(self, exchange, number);
    }
    return true;
}
