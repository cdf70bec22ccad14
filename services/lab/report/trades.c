/* Trades: every fill on the price, excursions, the list. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/money.h"
#include "base/timefmt.h"
#include "services/lab/report/sections.h"

#define LISTED_MAX 2000 /* rows of the list; the files of the run hold them all */
#define CHART_FILLS 120 /* fills of one price chart: more cannot be told apart */
#define CHARTS_MAX 40

static const char *symbol_of(const lab_report *report, uint32_t index)
{
    return index < report->names->symbols_count ? report->names->symbols[index] : "";
}
static const char *strategy_of(const lab_report *report, uint32_t index)
{
    return index < report->names->strategies_count ? report->names->strategies[index] : "";
}

/* ---- fills on the price ---- */

/* First candle that opens at or after a time. */
static uint64_t candle_at(const lab_candles *candles, int64_t ts_ns)
{
    uint64_t low = 0;
    uint64_t high = candles->count;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (candles->open_ts_ns[middle] < ts_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void draw_fills(
    const lab_report *report, lab_plot *plot, uint32_t symbol, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        const lab_fill *fill = &report->result->fills[i];
        char time[CB_TIME_TEXT_MAX];
        char price[CB_DECIMAL_TEXT_MAX];
        char qty[CB_DECIMAL_TEXT_MAX];
        char title[256];
        if (fill->symbol != symbol) {
            continue;
        }
        (void)cb_time_print(fill->ts_ns, 0, time);
        (void)cb_decimal_print(fill->price_e8, price);
        (void)cb_decimal_print(fill->qty_e8, qty);
        const bool is_buy = fill->side == CB_SIDE_BUY;
        (void)snprintf(title,
            sizeof title,
            "%s %s %s at %s (%s)",
            time,
            is_buy ? "buy" : "sell",
            qty,
            price,
            fill->is_maker ? "maker" : "taker");
        lab_plot_mark(plot,
            lab_seconds(fill->ts_ns),
            lab_units(fill->price_e8),
            is_buy,
            is_buy ? "gain" : "loss",
            title);
    }
}

static void draw_price(const lab_report *report,
    FILE *out,
    const lab_candles *candles,
    uint32_t symbol,
    uint64_t from,
    uint64_t to)
{
    const lab_fill *fills = report->result->fills;
    const int64_t span = fills[to - 1].ts_ns - fills[from].ts_ns;
    const int64_t room = span / 20 + 10 * candles->timeframe_ns;
    const uint64_t first = candle_at(candles, fills[from].ts_ns - room);
    const uint64_t end = candle_at(candles, fills[to - 1].ts_ns + room);
    const size_t count = (size_t)(end - first);
    CB_ASSERT(count < SIZE_MAX);
    double *x = calloc(count + 1, sizeof(double));
    double *y = calloc(count + 1, sizeof(double));
    if (count > 0 && x != NULL && y != NULL) {
        double low = 0;
        double high = 0;
        lab_plot plot;
        for (size_t i = 0; i < count; i++) {
            x[i] = lab_seconds(candles->open_ts_ns[first + i] + candles->timeframe_ns);
            y[i] = lab_units(candles->close_e8[first + i]);
        }
        lab_plot_extent(y, count, &low, &high);
        const lab_plot_frame frame = {"price with fills",
            LAB_CHART_WIDTH,
            300,
            x[0],
            x[count - 1],
            low - (high - low) * 0.05,
            high + (high - low) * 0.05,
            LAB_AXIS_TIME,
            LAB_AXIS_NUMBER,
            NULL,
            NULL};
        lab_plot_begin(&plot, out, &frame);
        lab_plot_line(&plot, x, y, count, "line");
        draw_fills(report, &plot, symbol, from, to);
        lab_plot_end(&plot);
    }
    free(x);
    free(y);
}

/* Charts of one symbol: so many fills each, the newest open. */
static void print_symbol(const lab_report *report, FILE *out, uint32_t symbol)
{
    const lab_result *result = report->result;
    const lab_candles *candles = &report->candles[symbol];
    size_t charts = 0;
    for (uint64_t from = 0; from < result->fills_count && charts < CHARTS_MAX; charts++) {
        uint64_t to = from;
        uint32_t taken = 0;
        while (to < result->fills_count && taken < CHART_FILLS) {
            taken += result->fills[to].symbol == symbol ? 1 : 0;
            to++;
        }
        char begin[CB_TIME_TEXT_MAX];
        char end[CB_TIME_TEXT_MAX];
        (void)cb_time_print(result->fills[from].ts_ns, 0, begin);
        (void)cb_time_print(result->fills[to - 1].ts_ns, 0, end);
        (void)fprintf(out, "<details%s><summary>", charts == 0 ? " open" : "");
        lab_html_text(out, symbol_of(report, symbol));
        (void)fprintf(out, " · %s to %s · %" PRIu32 " fills</summary>\n", begin, end, taken);
        if (taken > 0) {
            draw_price(report, out, candles, symbol, from, to);
        }
        (void)fputs("</details>\n", out);
        from = to;
    }
    if (charts == CHARTS_MAX) {
        (void)fputs("<p class='dim'>Later fills are in fills.csv of the run.</p>\n", out);
    }
}

void lab_html_price(const lab_report *report, FILE *out)
{
    CB_ASSERT(report != NULL && out != NULL);
    if (report->candles == NULL || report->result->fills_count == 0) {
        return;
    }
    lab_section_begin(out,
        "Fills on the price",
        "Triangles up are buys, down are sells; point at one for its terms.");
    for (uint32_t i = 0; i < (uint32_t)report->names->symbols_count; i++) {
        if (report->candles[i].count > 0) {
            print_symbol(report, out, i);
        }
    }
    lab_section_end(out);
}

/* ---- excursions ---- */

static double share_of(const lab_trade *trade, int64_t value_e8)
{
    const double cost = lab_units(trade->entry_price_e8) * lab_units(trade->qty_e8);
    return cost > 0 ? lab_units(value_e8) / cost : 0;
}

static void draw_excursions(const lab_report *report, lab_plot *plot, bool is_adverse)
{
    for (uint64_t i = 0; i < report->result->trades_count; i++) {
        const lab_trade *trade = &report->result->trades[i];
        const double move = share_of(trade, is_adverse ? -trade->mae_e8 : trade->mfe_e8);
        const double end = share_of(trade, trade->pnl_e8);
        char title[96];
        (void)snprintf(title,
            sizeof title,
            "trade %" PRIu64 ": %.2f%% on the way, %.2f%% in the end",
            i + 1,
            (is_adverse ? -move : move) * 100,
            end * 100);
        lab_plot_dot(plot, move, end, 3, end < 0 ? "loss" : "gain", title);
    }
}

static void print_excursion(const lab_report *report, FILE *out, bool is_adverse)
{
    const lab_result *result = report->result;
    double most = 0;
    double low = 0;
    double high = 0;
    lab_plot plot;
    for (uint64_t i = 0; i < result->trades_count; i++) {
        const lab_trade *trade = &result->trades[i];
        most = fmax(most, share_of(trade, is_adverse ? -trade->mae_e8 : trade->mfe_e8));
        low = fmin(low, share_of(trade, trade->pnl_e8));
        high = fmax(high, share_of(trade, trade->pnl_e8));
    }
    const lab_plot_frame frame = {
        is_adverse ? "adverse excursion and result" : "favourable excursion and result",
        LAB_CHART_HALF,
        260,
        0,
        most,
        low,
        high,
        LAB_AXIS_PERCENT,
        LAB_AXIS_PERCENT,
        is_adverse ? "most adverse excursion" : "most favourable excursion",
        "result"};
    lab_plot_begin(&plot, out, &frame);
    lab_plot_rule(&plot, 0, "rule");
    draw_excursions(report, &plot, is_adverse);
    lab_plot_end(&plot);
}

void lab_html_excursions(const lab_report *report, FILE *out)
{
    CB_ASSERT(report != NULL && out != NULL);
    if (report->result->trades_count == 0) {
        return;
    }
    lab_section_begin(out,
        "MAE and MFE",
        "Each dot is a trade: how far it went against and for us before its end, as shares of its "
        "cost.");
    print_excursion(report, out, true);
    print_excursion(report, out, false);
    lab_section_end(out);
}

/* ---- the list ---- */

static void print_trade(const lab_report *report, FILE *out, uint64_t index)
{
    const lab_trade *trade = &report->result->trades[index];
    (void)fprintf(out, "<tr><td>%" PRIu64 "</td>", index + 1);
    lab_time_cell(out, trade->entry_ts_ns);
    lab_time_cell(out, trade->exit_ts_ns);
    (void)fputs("<td class='left'>", out);
    lab_html_text(out, symbol_of(report, trade->symbol));
    (void)fputs("</td><td class='left'>", out);
    lab_html_text(out, strategy_of(report, trade->strategy));
    (void)fprintf(out, "</td><td>%s</td>", trade->side == CB_SIDE_BUY ? "long" : "short");
    lab_money_cell(out, trade->qty_e8, false);
    lab_money_cell(out, trade->entry_price_e8, false);
    lab_money_cell(out, trade->exit_price_e8, false);
    lab_money_cell(out, trade->fees_e8, false);
    lab_money_cell(out, trade->pnl_e8, true);
    (void)fputs("<td class='left'>", out);
    lab_html_text(out, trade->is_open ? "still open" : trade->exit_reason);
    (void)fputs("</td></tr>\n", out);
}

void lab_html_trades(const lab_report *report, FILE *out)
{
    const uint64_t count = report->result->trades_count;
    CB_ASSERT(report != NULL && out != NULL);
    lab_section_begin(out, "Trades", count == 0 ? "There were none." : NULL);
    if (count > 0) {
        (void)fputs(
            "<details open><summary>list</summary><table><tr><th>#</th><th class='left'>entry</th>"
            "<th class='left'>exit</th><th class='left'>symbol</th><th class='left'>strategy</th>"
            "<th>side</th><th>qty</th><th>entry price</th><th>exit price</th><th>fees</th>"
            "<th>P&amp;L</th><th class='left'>ended by</th></tr>\n",
            out);
        for (uint64_t i = 0; i < count && i < LISTED_MAX; i++) {
            print_trade(report, out, i);
        }
        (void)fputs("</table></details>\n", out);
    }
    if (count > LISTED_MAX) {
        (void)fprintf(out,
            "<p class='dim'>The first %d of %" PRIu64 "; all are in trades.csv of the run.</p>\n",
            LISTED_MAX,
            count);
    }
    lab_section_end(out);
}
