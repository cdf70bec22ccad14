/* cerberus audit: compares the exchange simulator's own books with the portfolio's, to the last
 * unit: every fill, every balance, and that no client order id reached the exchange twice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "services/cli/audit_chain.h"
#include "services/cli/cli.h"

#define AUDIT_PAGE_ROWS 50 /* an answer fits one message of the bus */
#define AUDIT_PRINTED_MAX 20

typedef struct audit {
    size_t differences_count;
    size_t fills_count;
    size_t balances_count;
    size_t orders_count;
} audit;

static void differ(
    audit *self, const char *what, const char *key, const char *venue, const char *ours)
{
    self->differences_count++;
    if (self->differences_count <= AUDIT_PRINTED_MAX) {
        (void)printf(
            "difference: %s %s: exchange has %s, portfolio has %s\n", what, key, venue, ours);
    }
}

static const char *text_of(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text != NULL ? text : "";
}

/* Decimals are compared as numbers of 1e-8, so "1.5" equals "1.50000000". */
static bool is_same_decimal(const char *a, const char *b)
{
    int64_t left = 0;
    int64_t right = 0;
    return cb_decimal_parse(a, strlen(a), &left, NULL) == CB_OK &&
           cb_decimal_parse(b, strlen(b), &right, NULL) == CB_OK && left == right;
}

/* Trade ids are numbers at the exchange and text in our answers. */
static void id_text(const json_t *value, char out[32])
{
    if (json_is_integer(value)) {
        (void)snprintf(out, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else {
        (void)snprintf(out, 32, "%.31s", json_is_string(value) ? json_string_value(value) : "");
    }
}

static void compare_fill(audit *self, const char *key, const json_t *venue, const json_t *ours)
{
    static const char *const pairs[][2] = {
        {"price", "price"}, {"qty", "qty"}, {"quoteQty", "quote_qty"}, {"commission", "fee"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const char *left = text_of(venue, pairs[i][0]);
        const char *right = text_of(ours, pairs[i][1]);
        if (!is_same_decimal(left, right)) {
            differ(self, pairs[i][1], key, left, right);
        }
    }
    if (strcmp(text_of(venue, "commissionAsset"), text_of(ours, "fee_asset")) != 0) {
        differ(
            self, "fee asset", key, text_of(venue, "commissionAsset"), text_of(ours, "fee_asset"));
    }
    const char *side = json_is_true(json_object_get(venue, "isBuyer")) ? "buy" : "sell";
    if (strcmp(side, text_of(ours, "side")) != 0) {
        differ(self, "side", key, side, text_of(ours, "side"));
    }
}

/* Puts rows into an object by "SYMBOL:id"; a key that is already there is a doubled row. */
static void index_fills(audit *self, const json_t *rows, const char *id_key, json_t *by_key)
{
    char key[64];
    char id[32];
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        id_text(json_object_get(row, id_key), id);
        (void)snprintf(key, sizeof key, "%.24s:%s", text_of(row, "symbol"), id);
        if (json_object_get(by_key, key) != NULL) {
            differ(self, "fill", key, "it", "it twice");
        }
        (void)json_object_set(by_key, key, row);
    }
}

static void compare_fills(audit *self, json_t *venue, json_t *ours)
{
    const char *key;
    json_t *row;
    self->fills_count = json_object_size(venue);
    json_object_foreach(venue, key, row)
    {
        const json_t *mine = json_object_get(ours, key);
        if (mine == NULL) {
            differ(self, "fill", key, "it", "none");
        } else {
            compare_fill(self, key, row, mine);
        }
    }
    json_object_foreach(ours, key, row)
    {
        if (json_object_get(venue, key) == NULL) {
            differ(self, "fill", key, "none", "it");
        }
    }
}

static int64_t total_e8(const json_t *balance)
{
    int64_t free_e8 = 0;
    int64_t locked_e8 = 0;
    const char *free_text = text_of(balance, "free");
    const char *locked_text = text_of(balance, "locked");
    if (cb_decimal_parse(free_text, strlen(free_text), &free_e8, NULL) != CB_OK ||
        cb_decimal_parse(locked_text, strlen(locked_text), &locked_e8, NULL) != CB_OK) {
        return INT64_MIN;
    }
    return free_e8 + locked_e8;
}

static void compare_balances(audit *self, const json_t *venue, const json_t *ours)
{
    for (size_t i = 0; i < json_array_size(venue); i++) {
        const json_t *row = json_array_get(venue, i);
        const char *asset = text_of(row, "asset");
        const int64_t wanted = total_e8(row);
        int64_t found = 0;
        char left[CB_DECIMAL_TEXT_MAX];
        char right[CB_DECIMAL_TEXT_MAX];
        for (size_t j = 0; j < json_array_size(ours); j++) {
            const json_t *mine = json_array_get(ours, j);
            const char *total = text_of(mine, "total");
            if (strcmp(text_of(mine, "asset"), asset) == 0 &&
                cb_decimal_parse(total, strlen(total), &found, NULL) != CB_OK) {
                found = INT64_MIN;
            }
        }
        self->balances_count++;
        if (wanted != found) {
            (void)cb_decimal_print(wanted, left);
            (void)cb_decimal_print(found, right);
            differ(self, "balance", asset, left, right);
        }
    }
}

static void check_orders(audit *self, const json_t *orders)
{
    json_t *seen = json_object();
    for (size_t i = 0; i < json_array_size(orders); i++) {
        const char *id = text_of(json_array_get(orders, i), "clientOrderId");
        self->orders_count++;
        if (json_object_get(seen, id) != NULL) {
            differ(self, "client order id", id, "it twice", "one order");
        }
        (void)json_object_set_new(seen, id, json_true());
    }
    json_decref(seen);
}

/* All fills of the portfolio, page by page. */
static int fetch_fills(cli *self, audit *found, json_t *by_key)
{
    char path[128];
    char before[64] = "";
    while (true) {
        json_t *page = NULL;
        (void)snprintf(path,
            sizeof path,
            "/v1/fills?limit=%d%s%s",
            AUDIT_PAGE_ROWS,
            before[0] != '\0' ? "&before=" : "",
            before);
        const int code = cli_request(self, "GET", path, NULL, &page);
        if (code != CLI_OK) {
            return code;
        }
        const json_t *rows = json_object_get(page, "rows");
        const size_t count = json_array_size(rows);
        index_fills(found, rows, "trade_id", by_key);
        if (count > 0) {
            (void)snprintf(
                before, sizeof before, "%.63s", text_of(json_array_get(rows, count - 1), "cursor"));
        }
        json_decref(page);
        if (count < AUDIT_PAGE_ROWS || before[0] == '\0') {
            return CLI_OK;
        }
    }
}

static int fetch_venue(cli *self, json_t **out)
{
    cb_err err = {0};
    char token[CLI_TEXT_MAX];
    if (cli_connect(self, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus: %s\n", err.text);
        return CLI_FAILURE;
    }
    const char *base = cli_endpoint(self, "simulator.rest");
    const char *file = cli_endpoint(self, "simulator.admin_token_file");
    if (base == NULL || file == NULL || !cli_read_secret(file, token, sizeof token)) {
        (void)fprintf(stderr, "cerberus audit: this run has no simulator to compare with\n");
        return CLI_FAILURE;
    }
    return cli_request_at(base, token, "GET", "/sim/audit", NULL, out);
}

static int compare_all(cli *self, const json_t *venue, audit *found)
{
    json_t *balances = NULL;
    json_t *venue_fills = json_object();
    json_t *our_fills = json_object();
    const json_t *account = json_array_get(json_object_get(venue, "accounts"), 0);
    index_fills(found, json_object_get(account, "trades"), "id", venue_fills);
    int code = fetch_fills(self, found, our_fills);
    if (code == CLI_OK) {
        code = cli_request(self, "GET", "/v1/balances?limit=1000", NULL, &balances);
    }
    if (code == CLI_OK) {
        compare_fills(found, venue_fills, our_fills);
        compare_balances(
            found, json_object_get(account, "balances"), json_object_get(balances, "rows"));
        check_orders(found, json_object_get(account, "orders"));
    }
    json_decref(balances);
    json_decref(venue_fills);
    json_decref(our_fills);
    return code;
}

static int compare(cli *self)
{
    audit found = {0};
    json_t *venue = NULL;
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    int code = fetch_venue(self, &venue);
    if (code == CLI_OK) {
        code = compare_all(self, venue, &found);
    }
    json_decref(venue);
    if (code != CLI_OK) {
        return code;
    }
    if (self->output == CLI_JSON) {
        cli_print_json(json_pack("{s:I, s:I, s:I, s:I}",
            "fills",
            (json_int_t)found.fills_count,
            "balances",
            (json_int_t)found.balances_count,
            "orders",
            (json_int_t)found.orders_count,
            "differences",
            (json_int_t)found.differences_count));
    } else {
        (void)printf(
            "audit: %zu fills, %zu balances, %zu orders at the exchange; %zu differences\n",
            found.fills_count,
            found.balances_count,
            found.orders_count,
            found.differences_count);
    }
    return found.differences_count == 0 ? CLI_OK : CLI_FAILURE;
}

static int run(cli *self)
{
    const char *what = cli_positional(self);
    if (what == NULL) {
        return compare(self);
    }
    if (strcmp(what, "export") == 0) {
        return cli_audit_export(self);
    }
    if (strcmp(what, "verify") == 0) {
        return cli_audit_verify(self);
    }
    if (strcmp(what, "key") == 0) {
        return cli_audit_key(self);
    }
    if (strcmp(what, "list") == 0) {
        return cli_audit_list(self);
    }
    (void)fprintf(stderr, "cerberus audit: '%s' is none of export, verify, key, list\n", what);
    return CLI_USAGE;
}

const cli_command cli_command_audit = {"audit",
    "[export | verify FILE --anchors FILE --key FILE | key --seed FILE | list] [-o table|json]",
    "compare the simulator's books with the portfolio's; read and prove the audit chain",
    "  cerberus audit\n"
    "  cerberus audit list\n"
    "  cerberus audit export >chain.jsonl\n"
    "  cerberus audit verify chain.jsonl --anchors .run/audit/heads.jsonl --key "
    ".run/audit/audit.pub\n",
    run};
