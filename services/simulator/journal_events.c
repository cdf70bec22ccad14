/* What happened at the venue, line by line: orders, trades, balances, transfers, faults, and the
 * bytes of HTTP connections. From the lines "order", "trade" and "transfer" alone the venue's books
 * can be rebuilt; "balance" says what the venue itself made of it. The format stands in README.md.
 */
#include <string.h>

#include "base/assert.h"
#include "services/simulator/simulator.h"

#define PIECE_SIZE ((size_t)256 * 1024) /* of bytes in one line */
#define BLANKS_MIN 4096                 /* runs of blanks that are only counted */

/* ---- the market ---- */

void sim_journal_start(simulator *self)
{
    sim_json line;
    const sim_core *sim = self->sim;
    if (!sim_journal_begin(self, "start", &line)) {
        return;
    }
    sim_json_put_u64(&line, "version", 2);
    sim_json_put_text(&line, "speed", self->settings->speed);
    sim_json_put_u64(&line, "fault_seed", self->faults->seed);
    sim_json_key(&line, "symbols");
    sim_json_open(&line, '[');
    for (uint32_t i = 0; i < sim->symbols_count; i++) {
        const sim_spec *spec = &sim->symbols[i].spec;
        sim_json_open(&line, '{');
        sim_json_put_text(&line, "symbol", spec->symbol);
        sim_json_put_text(&line, "base", spec->base);
        sim_json_put_text(&line, "quote", spec->quote);
        sim_json_close(&line, '}');
    }
    sim_json_close(&line, ']');
    sim_json_key(&line, "balances");
    sim_json_open(&line, '[');
    for (uint32_t i = 0; i < sim->accounts_count; i++) {
        for (uint32_t a = 0; a < sim->assets_count && sim->accounts[i].has_history; a++) {
            sim_json_open(&line, '{');
            sim_json_put_text(&line, "account", sim->accounts[i].name);
            sim_json_put_text(&line, "asset", sim->assets[a]);
            sim_json_put_e8(&line, "free", sim->accounts[i].balances[a].free_e8);
            sim_json_put_e8(&line, "locked", sim->accounts[i].balances[a].locked_e8);
            sim_json_close(&line, '}');
        }
    }
    sim_json_close(&line, ']');
    (void)sim_journal_end(self, &line);
}

static void put_order(const simulator *self, const sim_event *event, sim_json *line)
{
    const sim_order *order = event->order;
    sim_json_put_text(line, "account", self->sim->accounts[order->account].name);
    sim_json_put_text(line, "symbol", self->sim->symbols[order->symbol].spec.symbol);
    sim_json_put_u64(line, "order_id", order->id);
    sim_json_put_text(line, "client_id", order->client_id);
    sim_json_put_text(line, "side", sim_side_name(order->side));
}

static void write_order(simulator *self, const sim_event *event)
{
    sim_json line;
    const sim_order *order = event->order;
    if (!sim_journal_begin(self, "order", &line)) {
        return;
    }
    put_order(self, event, &line);
    sim_json_put_text(&line, "action", sim_execution_name(event->execution));
    sim_json_put_text(&line, "status", sim_status_name(order->status));
    sim_json_put_text(&line, "type", sim_type_name(order->type));
    sim_json_put_text(&line, "tif", sim_tif_name(order->tif));
    sim_json_put_e8(&line, "qty", order->qty_e8);
    sim_json_put_e8(&line, "quote_qty", order->quote_qty_e8);
    sim_json_put_e8(&line, "price", order->price_e8);
    sim_json_put_e8(&line, "stop_price", order->stop_price_e8);
    sim_json_put_e8(&line, "executed", order->executed_e8);
    sim_json_put_e8(&line, "cum_quote", order->cum_quote_e8);
    sim_json_put_e8(&line, "prevented", order->prevented_e8);
    (void)sim_journal_end(self, &line);
}

static void write_trade(simulator *self, const sim_event *event)
{
    sim_json line;
    const sim_trade *trade = event->trade;
    if (!sim_journal_begin(self, "trade", &line)) {
        return;
    }
    put_order(self, event, &line);
    sim_json_put_u64(&line, "trade_id", trade->id);
    sim_json_put_e8(&line, "price", trade->price_e8);
    sim_json_put_e8(&line, "qty", trade->qty_e8);
    sim_json_put_e8(&line, "quote", trade->quote_e8);
    sim_json_put_e8(&line, "fee", trade->fee_e8);
    sim_json_put_text(&line, "fee_asset", self->sim->assets[trade->fee_asset]);
    sim_json_put_bool(&line, "is_maker", trade->is_maker);
    (void)sim_journal_end(self, &line);
}

static void write_balances(simulator *self, const sim_event *event)
{
    const sim_core *sim = self->sim;
    sim_json line;
    for (uint32_t asset = 0; asset < sim->assets_count; asset++) {
        if ((event->assets_mask & (UINT64_C(1) << asset)) == 0 ||
            !sim_journal_begin(self, "balance", &line)) {
            continue;
        }
        const sim_balance *balance = &sim->accounts[event->account].balances[asset];
        sim_json_put_text(&line, "account", sim->accounts[event->account].name);
        sim_json_put_text(&line, "asset", sim->assets[asset]);
        sim_json_put_e8(&line, "free", balance->free_e8);
        sim_json_put_e8(&line, "locked", balance->locked_e8);
        (void)sim_journal_end(self, &line);
    }
}

static void write_transfer(simulator *self, const sim_event *event)
{
    sim_json line;
    if (!sim_journal_begin(self, "transfer", &line)) {
        return;
    }
    sim_json_put_text(&line, "account", self->sim->accounts[event->account].name);
    sim_json_put_text(&line, "asset", self->sim->assets[event->asset]);
    sim_json_put_e8(&line, "amount", event->amount_e8);
    (void)sim_journal_end(self, &line);
}

void sim_journal_event(simulator *self, const sim_event *event)
{
    if (self->journal == NULL) {
        return;
    }
    switch (event->type) {
    case SIM_EVENT_EXECUTION:
        write_order(self, event);
        if (event->trade != NULL) {
            write_trade(self, event);
        }
        break;
    case SIM_EVENT_ACCOUNT:
        write_balances(self, event);
        break;
    case SIM_EVENT_TRANSFER:
        write_transfer(self, event);
        break;
    case SIM_EVENT_PRINT:
    case SIM_EVENT_AGGREGATE:
    case SIM_EVENT_CANDLE:
    case SIM_EVENT_TICKER:
    case SIM_EVENT_DEPTH:
    case SIM_EVENT_LIST:
    default:
        break; /* the market's, not an account's */
    }
}

/* ---- faults ---- */

void sim_journal_lost(simulator *self, uint64_t number, int status, const char *body, size_t size)
{
    sim_json line;
    if (!sim_journal_begin(self, "lost", &line)) {
        return;
    }
    sim_json_put_u64(&line, "number", number);
    sim_json_put_i64(&line, "status", status);
    sim_journal_put(&line, "body", body, size);
    (void)sim_journal_end(self, &line);
}

void sim_journal_fate(simulator *self,
    const sim_fate *fate,
    const sim_subject *subject,
    const char *what,
    uint64_t number)
{
    sim_json line;
    if (fate->hits_count == 0 || !sim_journal_begin(self, "fault", &line)) {
        return;
    }
    sim_json_key(&line, "rules");
    sim_json_open(&line, '[');
    for (uint32_t i = 0; i < fate->hits_count; i++) {
        sim_json_u64(&line, fate->hits[i]);
    }
    sim_json_close(&line, ']');
    sim_json_key(&line, "kinds");
    sim_json_open(&line, '[');
    for (uint32_t i = 0; i < fate->hits_count; i++) {
        for (uint32_t r = 0; r < self->faults->rules_count; r++) {
            const sim_rule *rule = &self->faults->rules[r];
            if (rule->id == fate->hits[i]) {
                sim_json_text(&line, sim_fault_spec_of(rule->kind)->name);
            }
        }
    }
    sim_json_close(&line, ']');
    sim_json_put_text(&line, "target", subject->target);
    sim_json_put_text(&line, "account", subject->account);
    sim_json_put_text(&line, "symbol", subject->symbol);
    sim_json_put_text(&line, "client_id", subject->client_id);
    sim_json_put_u64(&line, what, number);
    (void)sim_journal_end(self, &line);
}

void sim_journal_turn(
    simulator *self, const sim_rule *rule, sim_turn_what what, const sim_deed *deed)
{
    static const char *const names[] = {"", "begin", "act", "end"};
    sim_json line;
    CB_ASSERT(what <= SIM_TURN_END);
    if (!sim_journal_begin(self, "fault", &line)) {
        return;
    }
    sim_json_put_text(&line, "turn", names[what]);
    sim_json_put_bool(&line, "done", deed->is_done);
    sim_json_put_text(&line, "what", deed->what);
    sim_json_key(&line, "rule");
    sim_rule_write(rule, &line);
    (void)sim_journal_end(self, &line);
}

void sim_journal_deed(simulator *self, const char *kind, const sim_deed *deed)
{
    sim_json line;
    if (!sim_journal_begin(self, "fault", &line)) {
        return;
    }
    sim_json_put_text(&line, "turn", kind);
    sim_json_put_bool(&line, "done", deed->is_done);
    sim_json_put_text(&line, "what", deed->what);
    (void)sim_journal_end(self, &line);
}

void sim_journal_rules(simulator *self, const char *what)
{
    sim_json line;
    if (!sim_journal_begin(self, "rules", &line)) {
        return;
    }
    sim_json_put_text(&line, "what", what);
    sim_json_key(&line, "now");
    sim_faults_write(self->faults, self->sim->now_ns, &line);
    (void)sim_journal_end(self, &line);
}

/* ---- bytes ---- */

/* Control requests bring the admin token and secrets of keys: of them only the size is kept. */
static bool is_private(simulator *self, uint64_t conn, const char *text, size_t size)
{
    static const char *const heads[] = {"GET ", "POST ", "DELETE ", "PUT "};
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        const size_t used = strlen(heads[i]);
        if (size <= used + 9 || memcmp(text, heads[i], used) != 0) {
            continue;
        }
        const char *path = text + used;
        const bool is_control = memcmp(path, "/sim/", 5) == 0 || memcmp(path, "/control/", 9) == 0;
        self->private_conns[conn % SIM_PRIVATE_MAX] = is_control ? conn : 0;
    }
    return self->private_conns[conn % SIM_PRIVATE_MAX] == conn;
}

static bool is_blank(const char *text, size_t size)
{
    return size >= BLANKS_MIN && text[0] == ' ' && memcmp(text, text + 1, size - 1) == 0;
}

/* Each byte is one character U+0000 … U+00FF of the JSON text, written straight into the line. */
static void put_bytes(sim_json *line, const char *text, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    sim_json_key(line, "data");
    CB_ASSERT(line->size - line->used > 6 * size + 3);
    char *out = line->out + line->used;
    *out++ = '"';
    for (size_t i = 0; i < size; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if (byte == '"' || byte == '\\') {
            *out++ = '\\';
            *out++ = text[i];
        } else if (byte < 0x20 || byte >= 0x7f) {
            const char code[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
            memcpy(out, code, sizeof(code));
            out += sizeof(code);
        } else {
            *out++ = text[i];
        }
    }
    *out++ = '"';
    *out = '\0';
    line->used = (size_t)(out - line->out);
    line->needs_comma = true;
}

void sim_journal_bytes(simulator *self, uint64_t conn, bool is_out, const void *bytes, size_t size)
{
    const char *text = bytes;
    sim_json line;
    if (self->journal == NULL || !self->settings->journal_bytes) {
        return;
    }
    for (size_t at = 0; at < size;) {
        const size_t piece = size - at < PIECE_SIZE ? size - at : PIECE_SIZE;
        const bool is_hidden = is_private(self, conn, text + at, is_out ? 0 : piece);
        if (!sim_journal_begin(self, "wire", &line)) {
            return;
        }
        sim_json_put_u64(&line, "conn", conn);
        sim_json_put_text(&line, "dir", is_out ? "out" : "in");
        sim_json_put_u64(&line, "size", piece);
        if (is_hidden) {
            sim_json_put_bool(&line, "hidden", true);
        } else if (is_blank(text + at, piece)) {
            sim_json_put_bool(&line, "blanks", true);
        } else {
            put_bytes(&line, text + at, piece);
        }
        (void)sim_journal_end(self, &line);
        at += piece;
    }
}
