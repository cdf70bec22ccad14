/* The page: head, tiles, metrics, findings, what was refused, how to get the same bytes. */
#include <inttypes.h>

#include "base/assert.h"
#include "base/money.h"
#include "base/timefmt.h"
#include "services/lab/report/sections.h"
#include "services/lab/report/style.h"

void lab_section_begin(FILE *out, const char *title, const char *note)
{
    (void)fputs("<section><h2>", out);
    lab_html_text(out, title);
    (void)fputs("</h2>\n", out);
    if (note != NULL) {
        (void)fputs("<p class='dim'>", out);
        lab_html_text(out, note);
        (void)fputs("</p>\n", out);
    }
}

void lab_section_end(FILE *out)
{
    (void)fputs("</section>\n", out);
}

void lab_money_cell(FILE *out, int64_t value_e8, bool is_signed)
{
    char text[CB_DECIMAL_TEXT_MAX];
    (void)cb_decimal_print(value_e8, text);
    const char *css = !is_signed || value_e8 == 0 ? ""
                      : value_e8 > 0              ? " class='up'"
                                                  : " class='down'";
    (void)fprintf(out, "<td%s>%s</td>", css, text);
}

void lab_time_cell(FILE *out, int64_t ts_ns)
{
    char text[CB_TIME_TEXT_MAX];
    (void)cb_time_print(ts_ns, 0, text);
    (void)fprintf(out, "<td class='left'>%s</td>", text);
}

/* ---- head ---- */

static void tile(FILE *out, const char *name, const char *value, const char *css)
{
    (void)fputs("<div class='tile'><span class='dim'>", out);
    lab_html_text(out, name);
    (void)fprintf(out, "</span><b class='%s'>", css);
    lab_html_text(out, value);
    (void)fputs("</b></div>\n", out);
}

static void money_tile(FILE *out, const char *name, int64_t value_e8, bool is_signed)
{
    char text[CB_DECIMAL_TEXT_MAX];
    int64_t cents_e8 = value_e8 / (CB_E8 / 100) * (CB_E8 / 100);
    (void)cb_decimal_print(cents_e8, text);
    tile(out, name, text, !is_signed || value_e8 == 0 ? "" : value_e8 > 0 ? "up" : "down");
}

static void count_tile(FILE *out, const char *name, uint64_t count)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%" PRIu64, count);
    tile(out, name, text, "");
}

static void print_tiles(const lab_report *report, FILE *out)
{
    const lab_totals *totals = &report->result->totals;
    (void)fputs("<div class='tiles'>\n", out);
    money_tile(out, "Result", totals->end_equity_e8 - totals->start_equity_e8, true);
    money_tile(out, "Equity at the end", totals->end_equity_e8, false);
    money_tile(out, "Fees", totals->fees_e8, false);
    count_tile(out, "Trades", totals->trades);
    count_tile(out, "Fills", totals->fills);
    count_tile(out, "Bars", totals->bars);
    (void)fputs("</div>\n", out);
}

static void print_banners(const lab_report *report, FILE *out)
{
    if (report->result->provenance.is_forced) {
        (void)fputs(
            "<p class='banner'><b>Forced.</b> The data of this run is not certified: see the "
            "findings. Do not trust its figures.</p>\n",
            out);
    }
    if (report->result->is_partial) {
        (void)fputs(
            "<p class='banner'><b>Partial.</b> The run was stopped before its data ended.</p>\n",
            out);
    }
}

static void print_span(const lab_report *report, FILE *out)
{
    const lab_result *result = report->result;
    char from[CB_TIME_TEXT_MAX];
    char to[CB_TIME_TEXT_MAX];
    if (result->points_count == 0) {
        (void)fputs("<p class='dim'>no bars</p>\n", out);
        return;
    }
    (void)cb_time_print(result->points[0].ts_ns, 0, from);
    (void)cb_time_print(result->points[result->points_count - 1].ts_ns, 0, to);
    (void)fprintf(out, "<p class='dim'>backtest · %s to %s · in ", from, to);
    lab_html_text(out, report->quote_asset);
    for (size_t i = 0; i < report->names->symbols_count; i++) {
        (void)fputs(i == 0 ? " · " : ", ", out);
        lab_html_text(out, report->names->symbols[i]);
    }
    (void)fputs("</p>\n", out);
}

static void print_head(const lab_report *report, FILE *out)
{
    (void)fputs("<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>\n"
                "<meta name='viewport' content='width=device-width,initial-scale=1'>\n"
                "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; "
                "style-src 'unsafe-inline'\">\n<title>",
        out);
    lab_html_text(out, report->name);
    (void)fputs(
        " · backtest</title>\n<style>" LAB_REPORT_STYLE "</style></head><body><main>\n<h1>", out);
    lab_html_text(out, report->name);
    if (report->id != 0) {
        (void)fprintf(out, " <span class='dim'>#%" PRIu64 "</span>", report->id);
    }
    (void)fputs("</h1>\n", out);
    print_span(report, out);
    print_banners(report, out);
    print_tiles(report, out);
}

/* ---- tables ---- */

static void print_metrics(const lab_report *report, FILE *out)
{
    if (report->metrics_count == 0) {
        return;
    }
    lab_section_begin(out, "Metrics", NULL);
    (void)fputs(
        "<table><tr><th>metric</th><th>value</th><th class='left'>convention</th></tr>\n", out);
    for (size_t i = 0; i < report->metrics_count; i++) {
        (void)fputs("<tr><td>", out);
        lab_html_text(out, report->metrics[i].name);
        (void)fputs("</td><td>", out);
        lab_html_text(out, report->metrics[i].value);
        (void)fputs("</td><td class='left dim'>", out);
        lab_html_text(out, report->metrics[i].convention);
        (void)fputs("</td></tr>\n", out);
    }
    (void)fputs("</table>\n", out);
    lab_section_end(out);
}

static void print_findings(const lab_report *report, FILE *out)
{
    const lab_result *result = report->result;
    lab_section_begin(out,
        "Data quality",
        result->findings_count == 0 ? "Nothing was found wrong with the data." : NULL);
    if (result->findings_count > 0) {
        (void)fputs("<table><tr><th>finding</th><th class='left'>from</th><th class='left'>to</th>"
                    "<th>count</th><th>source line</th><th>certified</th></tr>\n",
            out);
    }
    for (uint64_t i = 0; i < result->findings_count; i++) {
        const lab_finding *finding = &result->findings[i];
        (void)fprintf(out, "<tr><td>%s</td>", lab_finding_name(finding->kind));
        lab_time_cell(out, finding->from_ns);
        lab_time_cell(out, finding->to_ns);
        (void)fprintf(out,
            "<td>%" PRIu64 "</td><td>%" PRIu64 "</td><td class='%s'>%s</td></tr>\n",
            finding->count,
            finding->line,
            finding->is_fatal ? "warn" : "",
            finding->is_fatal ? "no" : "yes");
    }
    (void)fputs(result->findings_count > 0 ? "</table>\n" : "", out);
    lab_section_end(out);
}

static void print_reasons(const lab_report *report, FILE *out)
{
    const lab_result *result = report->result;
    if (result->reasons_count == 0) {
        return;
    }
    lab_section_begin(
        out, "Why not", "Every signal and order that came to nothing, by the reason.");
    (void)fputs("<table><tr><th>stage</th><th class='left'>reason</th><th>count</th></tr>\n", out);
    for (uint32_t i = 0; i < result->reasons_count; i++) {
        (void)fputs("<tr><td>", out);
        lab_html_text(out, result->reasons[i].stage);
        (void)fputs("</td><td class='left'>", out);
        lab_html_text(out, result->reasons[i].reason);
        (void)fprintf(out, "</td><td>%" PRIu64 "</td></tr>\n", result->reasons[i].count);
    }
    (void)fputs("</table>\n", out);
    lab_section_end(out);
}

static void print_reproduction(const lab_report *report, FILE *out)
{
    const lab_provenance *from = &report->result->provenance;
    lab_section_begin(out, "The same bytes again", NULL);
    (void)fputs("<p><code>", out);
    lab_html_text(out, report->reproduction);
    (void)fputs("</code></p>\n<table>\n<tr><td>code</td><td class='left'><code>", out);
    lab_html_text(out, from->code_version);
    (void)fputs("</code></td></tr>\n<tr><td>data</td><td class='left'><code>", out);
    lab_html_text(out, from->data_hash);
    (void)fputs("</code></td></tr>\n<tr><td>configuration</td><td class='left'><code>", out);
    lab_html_text(out, from->config_hash);
    (void)fprintf(out,
        "</code></td></tr>\n<tr><td>seed</td><td class='left'><code>%" PRIu64
        "</code></td></tr>\n<tr><td>intents, verdicts, fills and ledger</td><td class='left'>"
        "<code>%016" PRIx64 "</code></td></tr>\n</table>\n",
        from->seed,
        report->result->totals.output_hash);
    lab_section_end(out);
}

bool lab_report_html(const lab_report *report, FILE *out)
{
    CB_ASSERT(report != NULL && out != NULL);
    CB_ASSERT(report->result != NULL && report->names != NULL);
    print_head(report, out);
    lab_html_equity(report, out);
    lab_html_months(report, out);
    print_metrics(report, out);
    lab_html_rolling(report, out);
    lab_html_price(report, out);
    (void)fputs("<div class='two'>\n", out);
    lab_html_distribution(report, out);
    lab_html_excursions(report, out);
    (void)fputs("</div>\n", out);
    lab_html_windows(report, out);
    lab_html_heatmap(report, out);
    lab_html_pareto(report, out);
    lab_html_fan(report, out);
    lab_html_proofs(report, out);
    print_findings(report, out);
    print_reasons(report, out);
    lab_html_trades(report, out);
    print_reproduction(report, out);
    (void)fputs("</main></body></html>\n", out);
    return fflush(out) == 0 && ferror(out) == 0;
}
