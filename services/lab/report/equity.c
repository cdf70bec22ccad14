/* Equity over time: curve, drawdown, months, rolling metrics, distribution of days. */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/assert.h"
#include "services/lab/report/sections.h"

#define BINS 41

typedef struct curve {
    size_t count;
    double *x;
    double *equity;
    double *drawdown; /* ≤ 0, share of the peak so far */
} curve;

static void release_curve(curve *line)
{
    free(line->x);
    free(line->equity);
    free(line->drawdown);
    *line = (curve){0};
}

static bool make_curve(const lab_result *result, curve *line)
{
    const size_t count = (size_t)result->points_count;
    *line = (curve){.count = count};
    line->x = calloc(count + 1, sizeof(double));
    line->equity = calloc(count + 1, sizeof(double));
    line->drawdown = calloc(count + 1, sizeof(double));
    if (line->x == NULL || line->equity == NULL || line->drawdown == NULL) {
        release_curve(line);
        return false;
    }
    double peak = 0;
    for (size_t i = 0; i < count; i++) {
        line->x[i] = lab_seconds(result->points[i].ts_ns);
        line->equity[i] = lab_units(result->points[i].equity_e8);
        peak = fmax(peak, line->equity[i]);
        line->drawdown[i] = peak > 0 ? line->equity[i] / peak - 1 : 0;
    }
    return true;
}

void lab_html_equity(const lab_report *report, FILE *out)
{
    curve line;
    lab_plot plot;
    double low = 0;
    double high = 0;
    CB_ASSERT(report != NULL && out != NULL);
    if (report->result->points_count == 0 || !make_curve(report->result, &line)) {
        return;
    }
    lab_section_begin(out, "Equity", "Cash and positions at the last close, after fees.");
    lab_plot_extent(line.equity, line.count, &low, &high);
    const lab_plot_frame upper = {"equity over time",
        LAB_CHART_WIDTH,
        300,
        line.x[0],
        line.x[line.count - 1],
        low,
        high,
        LAB_AXIS_TIME,
        LAB_AXIS_NUMBER,
        NULL,
        report->quote_asset};
    lab_plot_begin(&plot, out, &upper);
    lab_plot_rule(&plot, line.equity[0], "rule");
    lab_plot_area(&plot, line.x, line.equity, line.count, plot.frame.y_low, "wash");
    lab_plot_line(&plot, line.x, line.equity, line.count, "line");
    lab_plot_end(&plot);
    lab_plot_extent(line.drawdown, line.count, &low, &high);
    const lab_plot_frame lower = {"drawdown over time",
        LAB_CHART_WIDTH,
        150,
        line.x[0],
        line.x[line.count - 1],
        fmin(low, -0.001),
        0,
        LAB_AXIS_TIME,
        LAB_AXIS_PERCENT,
        NULL,
        "drawdown"};
    lab_plot_begin(&plot, out, &lower);
    lab_plot_area(&plot, line.x, line.drawdown, line.count, 0, "area");
    lab_plot_line(&plot, line.x, line.drawdown, line.count, "edge");
    lab_plot_end(&plot);
    lab_section_end(out);
    release_curve(&line);
}

/* ---- months ---- */

typedef struct month {
    int year;
    int index;    /* 0 … 11 */
    double first; /* equity before its first point */
    double last;
} month;

static void month_of(int64_t ts_ns, int *year, int *index)
{
    const time_t at = (time_t)((ts_ns - 1) / 1000000000); /* midnight ends a day */
    struct tm day;
    (void)gmtime_r(&at, &day);
    *year = day.tm_year + 1900;
    *index = day.tm_mon;
}

/* Months of the run [owned by the caller]. */
static month *list_months(const lab_result *result, size_t *count)
{
    int year = 0;
    int index = 0;
    size_t capacity = 0;
    month *months = NULL;
    double before = lab_units(result->totals.start_equity_e8);
    *count = 0;
    for (uint64_t i = 0; i < result->points_count; i++) {
        month_of(result->points[i].ts_ns, &year, &index);
        month *now = *count == 0 ? NULL : &months[*count - 1];
        if (now == NULL || now->year != year || now->index != index) {
            if (*count == capacity) {
                capacity = capacity == 0 ? 64 : capacity * 2;
                month *more = realloc(months, capacity * sizeof *months);
                if (more == NULL) {
                    break;
                }
                months = more;
            }
            now = &months[(*count)++];
            *now = (month){.year = year, .index = index, .first = before};
        }
        now->last = lab_units(result->points[i].equity_e8);
        before = now->last;
    }
    return months;
}

static void print_share(FILE *out, double first, double last)
{
    double share = first > 0 ? last / first - 1 : 0;
    share = fabs(share) < 0.00005 ? 0 : share;
    (void)fprintf(out,
        "<td class='%s'>%.2f%%</td>",
        share < 0   ? "down"
        : share > 0 ? "up"
                    : "",
        share * 100);
}

/* One year's row; returns the index of the month after it. */
static size_t print_year(FILE *out, const month *months, size_t count, size_t from)
{
    const int year = months[from].year;
    size_t at = from;
    (void)fprintf(out, "<tr><td>%d</td>", year);
    for (int index = 0; index < 12; index++) {
        if (at < count && months[at].year == year && months[at].index == index) {
            print_share(out, months[at].first, months[at].last);
            at++;
        } else {
            (void)fputs("<td class='dim'>–</td>", out);
        }
    }
    print_share(out, months[from].first, months[at - 1].last);
    (void)fputs("</tr>\n", out);
    return at;
}

void lab_html_months(const lab_report *report, FILE *out)
{
    size_t count = 0;
    CB_ASSERT(report != NULL && out != NULL);
    month *months = list_months(report->result, &count);
    if (count > 0) {
        lab_section_begin(out, "Months", "Change of equity, per cent; times in UTC.");
        (void)fputs("<table><tr><th>year</th><th>Jan</th><th>Feb</th><th>Mar</th><th>Apr</th>"
                    "<th>May</th><th>Jun</th><th>Jul</th><th>Aug</th><th>Sep</th><th>Oct</th>"
                    "<th>Nov</th><th>Dec</th><th>year</th></tr>\n",
            out);
        for (size_t at = 0; at < count;) {
            at = print_year(out, months, count, at);
        }
        (void)fputs("</table>\n", out);
        lab_section_end(out);
    }
    free(months);
}

/* ---- rolling metrics ---- */

void lab_html_rolling(const lab_report *report, FILE *out)
{
    static const char *const classes[] = {"line", "line2", "line3", "line"};
    lab_plot plot;
    CB_ASSERT(report != NULL && report->rolling_count <= LAB_REPORT_ROLLING_MAX);
    for (size_t i = 0; i < report->rolling_count; i++) {
        const lab_report_line *line = &report->rolling[i];
        double low = 0;
        double high = 0;
        if (line->count == 0) {
            continue;
        }
        lab_plot_extent(line->y, line->count, &low, &high);
        lab_section_begin(out, line->name, NULL);
        const lab_plot_frame frame = {line->name,
            LAB_CHART_WIDTH,
            170,
            line->x[0],
            line->x[line->count - 1],
            low,
            high,
            LAB_AXIS_TIME,
            LAB_AXIS_NUMBER,
            NULL,
            NULL};
        lab_plot_begin(&plot, out, &frame);
        if (plot.frame.y_low < 0 && plot.frame.y_high > 0) {
            lab_plot_rule(&plot, 0, "rule");
        }
        lab_plot_line(&plot, line->x, line->y, line->count, classes[i]);
        lab_plot_end(&plot);
        lab_section_end(out);
    }
}

/* ---- distribution ---- */

void lab_html_distribution(const lab_report *report, FILE *out)
{
    size_t bins[BINS] = {0};
    double low = 0;
    double high = 0;
    lab_plot plot;
    CB_ASSERT(report != NULL && out != NULL);
    if (report->returns == NULL || report->returns_count == 0) {
        return;
    }
    lab_plot_extent(report->returns, report->returns_count, &low, &high);
    lab_plot_range(&low, &high);
    size_t most = 1;
    for (size_t i = 0; i < report->returns_count; i++) {
        const size_t at = (size_t)fmin((report->returns[i] - low) / (high - low) * BINS, BINS - 1);
        bins[at]++;
        most = bins[at] > most ? bins[at] : most;
    }
    lab_section_begin(out, "Days", "How many days had which return.");
    const lab_plot_frame frame = {"distribution of daily returns",
        LAB_CHART_HALF,
        260,
        low,
        high,
        0,
        (double)most,
        LAB_AXIS_PERCENT,
        LAB_AXIS_NUMBER,
        NULL,
        NULL};
    lab_plot_begin(&plot, out, &frame);
    for (size_t i = 0; i < BINS; i++) {
        const double from = low + (high - low) * (double)i / BINS;
        const double to = low + (high - low) * ((double)i + 0.92) / BINS;
        if (bins[i] > 0) {
            char title[96];
            (void)snprintf(
                title, sizeof title, "%.2f%% to %.2f%%: %zu days", from * 100, to * 100, bins[i]);
            lab_plot_box(
                &plot, from, to, 0, (double)bins[i], from + to < 0 ? "loss" : "gain", title);
        }
    }
    lab_plot_end(&plot);
    lab_section_end(out);
}
