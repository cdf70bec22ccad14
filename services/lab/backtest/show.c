/* backtest list, show, compare: tables of stored runs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/money.h"
#include "services/lab/backtest/backtest.h"
#include "services/lab/store/rows.h"

#define COMPARED_MAX 8
#define VALUE_SIZE 48

/* What is shown first; all others are in -o json and the page. */
static const cb_metric_id headline[] = {CB_METRIC_ID_total_return,
    CB_METRIC_ID_cagr,
    CB_METRIC_ID_sharpe,
    CB_METRIC_ID_sortino,
    CB_METRIC_ID_calmar,
    CB_METRIC_ID_max_drawdown,
    CB_METRIC_ID_max_drawdown_duration,
    CB_METRIC_ID_volatility,
    CB_METRIC_ID_value_at_risk,
    CB_METRIC_ID_exposure,
    CB_METRIC_ID_turnover,
    CB_METRIC_ID_win_rate,
    CB_METRIC_ID_profit_factor,
    CB_METRIC_ID_expectancy,
    CB_METRIC_ID_sqn,
    CB_METRIC_ID_beta,
    CB_METRIC_ID_information_ratio,
    CB_METRIC_ID_probabilistic_sharpe};
#define HEADLINES (sizeof headline / sizeof headline[0])

static void print_money(FILE *out, const char *name, int64_t value_e8)
{
    char text[CB_DECIMAL_TEXT_MAX];
    (void)cb_decimal_print(value_e8, text);
    (void)fprintf(out, "%-34s %20s\n", name, text);
}

static int terminal_width(void)
{
    struct winsize size = {0};
    return isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
                   size.ws_col > 0
               ? size.ws_col
               : 80;
}

static void print_chart(const lab_result *result, FILE *out)
{
    const char *locale = getenv("LC_ALL");
    locale = locale == NULL || locale[0] == '\0' ? getenv("LANG") : locale;
    const bool is_plain =
        locale == NULL || (strstr(locale, "UTF-8") == NULL && strstr(locale, "utf8") == NULL);
    const lab_report report = {.result = result};
    (void)fputc('\n', out);
    lab_report_text(&report, out, terminal_width(), is_plain);
}

void lab_backtest_print(
    const lab_result *result, const lab_judgement *judgement, const lab_names *names, FILE *out)
{
    const lab_totals *totals = &result->totals;
    CB_ASSERT(names != NULL && judgement != NULL);
    if (result->provenance.is_forced) {
        (void)fprintf(out, "FORCED: the data is not certified; do not trust these figures\n");
    }
    if (result->is_partial) {
        (void)fprintf(out, "PARTIAL: stopped before the data ended\n");
    }
    print_money(out, "start equity", totals->start_equity_e8);
    print_money(out, "end equity", totals->end_equity_e8);
    print_money(out, "fees", totals->fees_e8);
    for (size_t i = 0; i < HEADLINES; i++) {
        char text[VALUE_SIZE];
        lab_metric_print(headline[i], judgement->values[headline[i]], text, sizeof text);
        (void)fprintf(out, "%-34s %20s\n", cb_metric_at(headline[i])->title, text);
    }
    (void)fprintf(out,
        "%-34s %20s\n",
        "(returns of)",
        judgement->is_hourly ? "hours, 8760 a year" : "days, 365 a year");
    (void)fprintf(out,
        "\nbars %" PRIu64 " · signals %" PRIu64 " · intents %" PRIu64 " · denials %" PRIu64
        " · orders %" PRIu64 " · fills %" PRIu64 " · trades %" PRIu64 "\n",
        totals->bars,
        totals->signals,
        totals->intents,
        totals->denials,
        totals->orders,
        totals->fills,
        totals->trades);
    for (uint32_t i = 0; i < result->reasons_count; i++) {
        (void)fprintf(out,
            "  %-10s %-32s %10" PRIu64 "\n",
            result->reasons[i].stage,
            result->reasons[i].reason,
            result->reasons[i].count);
    }
    (void)fprintf(out, "data findings %" PRIu64 "\n", result->findings_count);
    print_chart(result, out);
}

/* ---- list ---- */

static json_t *list_row(const json_t *summary)
{
    const json_t *totals = json_object_get(summary, "totals");
    const json_t *metrics = json_object_get(summary, "metrics");
    const char *sharpe = json_string_value(json_object_get(metrics, "sharpe"));
    const char *drawdown = json_string_value(json_object_get(metrics, "max_drawdown"));
    const bool is_forced =
        json_is_true(json_object_get(json_object_get(summary, "provenance"), "forced"));
    const bool is_partial = json_is_true(json_object_get(summary, "partial"));
    return json_pack("{s:O, s:O, s:O, s:O, s:s, s:s, s:O, s:s}",
        "id",
        json_object_get(summary, "id"),
        "name",
        json_object_get(summary, "name"),
        "bars",
        json_object_get(totals, "bars"),
        "end_equity",
        json_object_get(totals, "end_equity"),
        "sharpe",
        sharpe == NULL ? "" : sharpe,
        "max_drawdown",
        drawdown == NULL ? "" : drawdown,
        "trades",
        json_object_get(totals, "trades"),
        "note",
        is_partial  ? "partial"
        : is_forced ? "forced"
                    : "");
}

int lab_backtest_list(lab_args *args)
{
    static const lab_column_view columns[] = {{"RUN", "id", true},
        {"NAME", "name", false},
        {"BARS", "bars", true},
        {"END EQUITY", "end_equity", true},
        {"SHARPE", "sharpe", true},
        {"DRAWDOWN", "max_drawdown", true},
        {"TRADES", "trades", true},
        {"NOTE", "note", false}};
    cb_err err = {0};
    lab_store store;
    lab_output output = LAB_OUTPUT_TABLE;
    json_t *summaries = NULL;
    if (lab_backtest_store(args, &store, &err) != CB_OK) {
        return lab_backtest_fail("backtest list", &err);
    }
    if (!lab_output_take(args, &output) || !lab_args_done(args)) {
        return LAB_USAGE;
    }
    if (lab_store_list(&store, &summaries, &err) != CB_OK) {
        return lab_backtest_fail("backtest list", &err);
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < json_array_size(summaries); i++) {
        (void)json_array_append_new(rows, list_row(json_array_get(summaries, i)));
    }
    lab_output_rows(output, rows, columns, sizeof columns / sizeof columns[0]);
    json_decref(rows);
    json_decref(summaries);
    return LAB_OK;
}

/* ---- show ---- */

static int show_rows(const lab_run *run, bool is_fills)
{
    const lab_result *result = &run->result;
    const bool is_written =
        is_fills ? lab_rows_write(
                       stdout, LAB_ROWS_FILLS, result->fills, result->fills_count, &run->names)
                 : lab_rows_write(
                       stdout, LAB_ROWS_TRADES, result->trades, result->trades_count, &run->names);
    return is_written && fflush(stdout) == 0 ? LAB_OK : LAB_FAILURE;
}

static int show_run(const lab_run *run, lab_output output)
{
    cb_err err = {0};
    lab_judgement judgement;
    if (output == LAB_OUTPUT_JSON) {
        (void)json_dumpf(run->summary, stdout, JSON_INDENT(2));
        (void)fputc('\n', stdout);
        return LAB_OK;
    }
    if (lab_judge(&run->result, NULL, &judgement, &err) != CB_OK) {
        return lab_backtest_fail("backtest show", &err);
    }
    lab_backtest_print(&run->result, &judgement, &run->names, stdout);
    lab_judgement_release(&judgement);
    return LAB_OK;
}

int lab_backtest_show(lab_args *args)
{
    cb_err err = {0};
    lab_store store;
    lab_run run;
    lab_output output = LAB_OUTPUT_TABLE;
    uint64_t id = 0;
    const bool is_fills = lab_args_flag(args, "--fills");
    const bool is_trades = lab_args_flag(args, "--trades");
    if (lab_backtest_store(args, &store, &err) != CB_OK) {
        return lab_backtest_fail("backtest show", &err);
    }
    if (!lab_output_take(args, &output) || !lab_backtest_id(args, &id) || !lab_args_done(args)) {
        return LAB_USAGE;
    }
    if (lab_store_read(&store, id, &run, &err) != CB_OK) {
        return lab_backtest_fail("backtest show", &err);
    }
    const int code = is_fills || is_trades ? show_rows(&run, is_fills) : show_run(&run, output);
    lab_run_release(&run);
    return code;
}

/* ---- compare ---- */

static void add_compared(json_t *rows, const char *name, const json_t *const *cells, size_t count)
{
    json_t *row = json_object();
    (void)json_object_set_new(row, "what", json_string(name));
    for (size_t i = 0; i < count; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "run%zu", i);
        (void)json_object_set_new(
            row, key, cells[i] == NULL ? json_string("") : json_deep_copy(cells[i]));
    }
    (void)json_array_append_new(rows, row);
}

static json_t *compare_rows(json_t *const *summaries, size_t count)
{
    static const char *const facts[] = {"start_equity",
        "end_equity",
        "fees",
        "turnover",
        "signals",
        "intents",
        "denials",
        "orders",
        "fills",
        "trades",
        "output_hash"};
    static const char *const origins[] = {"code_version", "data_hash", "config_hash"};
    const json_t *cells[COMPARED_MAX];
    json_t *rows = json_array();
    for (size_t k = 0; k < sizeof facts / sizeof facts[0]; k++) {
        for (size_t i = 0; i < count; i++) {
            cells[i] = json_object_get(json_object_get(summaries[i], "totals"), facts[k]);
        }
        add_compared(rows, facts[k], cells, count);
    }
    for (size_t k = 0; k < HEADLINES; k++) {
        const char *name = cb_metric_at(headline[k])->name;
        for (size_t i = 0; i < count; i++) {
            cells[i] = json_object_get(json_object_get(summaries[i], "metrics"), name);
        }
        add_compared(rows, name, cells, count);
    }
    for (size_t k = 0; k < sizeof origins / sizeof origins[0]; k++) {
        for (size_t i = 0; i < count; i++) {
            cells[i] = json_object_get(json_object_get(summaries[i], "provenance"), origins[k]);
        }
        add_compared(rows, origins[k], cells, count);
    }
    return rows;
}

/* Summaries of the runs that the arguments name; how many, 0 with a message in err. */
static size_t take_compared(
    lab_args *args, const lab_store *store, uint64_t *ids, json_t **summaries, cb_err *err)
{
    const char *text = NULL;
    size_t count = 0;
    while ((text = lab_args_positional(args)) != NULL) {
        lab_run run;
        char *end = NULL;
        if (count == COMPARED_MAX) {
            (void)CB_FAIL(err, CB_E_FULL, "at most %d runs", COMPARED_MAX);
            break;
        }
        ids[count] = strtoull(text, &end, 10);
        if (*end != '\0' || lab_store_read(store, ids[count], &run, err) != CB_OK) {
            (void)(err->code == CB_OK
                       ? CB_FAIL(err, CB_E_NOT_FOUND, "'%s' is no number of a run", text)
                       : CB_OK);
            break;
        }
        summaries[count++] = json_incref(run.summary);
        lab_run_release(&run);
    }
    return count;
}

int lab_backtest_compare(lab_args *args)
{
    char headings[COMPARED_MAX][32];
    char keys[COMPARED_MAX][32];
    lab_column_view columns[COMPARED_MAX + 1] = {{"", "what", false}};
    uint64_t ids[COMPARED_MAX];
    json_t *summaries[COMPARED_MAX];
    cb_err err = {0};
    lab_store store;
    lab_output output = LAB_OUTPUT_TABLE;
    if (lab_backtest_store(args, &store, &err) != CB_OK) {
        return lab_backtest_fail("backtest compare", &err);
    }
    if (!lab_output_take(args, &output)) {
        return LAB_USAGE;
    }
    const size_t count = take_compared(args, &store, ids, summaries, &err);
    int code = err.code != CB_OK ? lab_backtest_fail("backtest compare", &err) : LAB_OK;
    if (code == LAB_OK && (count < 2 || !lab_args_done(args))) {
        (void)fprintf(stderr, "cerberus-lab backtest compare: name two runs or more\n");
        code = LAB_USAGE;
    }
    if (code == LAB_OK) {
        for (size_t i = 0; i < count; i++) {
            (void)snprintf(headings[i], sizeof headings[i], "RUN %" PRIu64, ids[i]);
            (void)snprintf(keys[i], sizeof keys[i], "run%zu", i);
            columns[i + 1] = (lab_column_view){headings[i], keys[i], true};
        }
        json_t *rows = compare_rows(summaries, count);
        lab_output_rows(output, rows, columns, count + 1);
        json_decref(rows);
    }
    for (size_t i = 0; i < count; i++) {
        json_decref(summaries[i]);
    }
    return code;
}
