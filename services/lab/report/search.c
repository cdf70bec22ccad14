/* Search and proof: parameter heatmap, Pareto front, walk-forward ribbon, Monte Carlo fan,
 * statements on overfitting. */
#include <math.h>
#include <stdlib.h>

#include "base/assert.h"
#include "services/lab/report/sections.h"

#define CELLS 24 /* of a heatmap's side */
#define SHADES 9

/* ---- heatmap ---- */

typedef struct heat {
    double best[CELLS][CELLS];
    bool is_set[CELLS][CELLS];
    double low;
    double high;
} heat;

static void column_extent(const lab_report_trials *trials, size_t column, double *low, double *high)
{
    *low = (double)INFINITY;
    *high = -(double)INFINITY;
    for (size_t i = 0; i < trials->count; i++) {
        const double value = trials->values[i * trials->parameters_count + column];
        *low = fmin(*low, value);
        *high = fmax(*high, value);
    }
    lab_plot_range(low, high);
}

static size_t cell_of(double value, double low, double high)
{
    return (size_t)fmin((value - low) / (high - low) * CELLS, CELLS - 1);
}

static void fill_heat(const lab_report_trials *trials, const double range[4], heat *map)
{
    const bool is_minimised = trials->is_minimised[0];
    map->low = (double)INFINITY;
    map->high = -(double)INFINITY;
    for (size_t i = 0; i < trials->count; i++) {
        const double result = trials->results[i * trials->objectives_count];
        const double *values = &trials->values[i * trials->parameters_count];
        if (!isfinite(result)) {
            continue;
        }
        const size_t x = cell_of(values[0], range[0], range[1]);
        const size_t y = cell_of(values[1], range[2], range[3]);
        const bool is_better = is_minimised ? result < map->best[x][y] : result > map->best[x][y];
        if (!map->is_set[x][y] || is_better) {
            map->best[x][y] = result;
            map->is_set[x][y] = true;
        }
        map->low = fmin(map->low, result);
        map->high = fmax(map->high, result);
    }
    lab_plot_range(&map->low, &map->high);
}

static void draw_heat(
    const lab_report_trials *trials, lab_plot *plot, const double range[4], const heat *map)
{
    const double width = (range[1] - range[0]) / CELLS;
    const double height = (range[3] - range[2]) / CELLS;
    for (size_t x = 0; x < CELLS; x++) {
        for (size_t y = 0; y < CELLS; y++) {
            char css[16];
            char title[160];
            if (!map->is_set[x][y]) {
                continue;
            }
            double share = (map->best[x][y] - map->low) / (map->high - map->low);
            share = trials->is_minimised[0] ? 1 - share : share;
            (void)snprintf(css, sizeof css, "h%d", (int)fmin(share * SHADES, SHADES - 1));
            (void)snprintf(title,
                sizeof title,
                "%s %.6g, %s %.6g: %.6g",
                trials->parameters[0],
                range[0] + width * ((double)x + 0.5),
                trials->parameters[1],
                range[2] + height * ((double)y + 0.5),
                map->best[x][y]);
            lab_plot_box(plot,
                range[0] + width * (double)x,
                range[0] + width * ((double)x + 0.96),
                range[2] + height * (double)y,
                range[2] + height * ((double)y + 0.96),
                css,
                title);
        }
    }
}

void lab_html_heatmap(const lab_report *report, FILE *out)
{
    const lab_report_trials *trials = report->trials;
    double range[4];
    lab_plot plot;
    CB_ASSERT(report != NULL && out != NULL);
    if (trials == NULL || trials->parameters_count < 2 || trials->count == 0) {
        return;
    }
    heat *map = calloc(1, sizeof *map);
    if (map == NULL) {
        return;
    }
    column_extent(trials, 0, &range[0], &range[1]);
    column_extent(trials, 1, &range[2], &range[3]);
    fill_heat(trials, range, map);
    lab_section_begin(out,
        "Parameters",
        "The best result of each cell over all other parameters; a lone bright cell is luck, a "
        "bright plain is not.");
    (void)fputs("<style>.h0{fill:#30123b}.h1{fill:#4145ab}.h2{fill:#4675ed}.h3{fill:#39a2fc}"
                ".h4{fill:#1bcfd4}.h5{fill:#61fc6c}.h6{fill:#d1e834}.h7{fill:#fe9b2d}"
                ".h8{fill:#f9e4c8}</style>\n",
        out);
    const lab_plot_frame frame = {"results by two parameters",
        LAB_CHART_WIDTH,
        460,
        range[0],
        range[1],
        range[2],
        range[3],
        LAB_AXIS_NUMBER,
        LAB_AXIS_NUMBER,
        trials->parameters[0],
        trials->parameters[1]};
    lab_plot_begin(&plot, out, &frame);
    draw_heat(trials, &plot, range, map);
    lab_plot_end(&plot);
    lab_section_end(out);
    free(map);
}

/* ---- Pareto front ---- */

/* True when trial a is at least as good as b in both objectives and better in one. */
static bool dominates(const lab_report_trials *trials, size_t a, size_t b)
{
    bool is_better = false;
    for (size_t k = 0; k < 2; k++) {
        const double sign = trials->is_minimised[k] ? -1 : 1;
        const double left = sign * trials->results[a * trials->objectives_count + k];
        const double right = sign * trials->results[b * trials->objectives_count + k];
        if (!isfinite(left) || left < right) {
            return false;
        }
        is_better = is_better || left > right;
    }
    return is_better;
}

static bool is_front(const lab_report_trials *trials, size_t index)
{
    for (size_t i = 0; i < trials->count; i++) {
        if (i != index && dominates(trials, i, index)) {
            return false;
        }
    }
    return true;
}

static void result_extent(const lab_report_trials *trials, size_t column, double *low, double *high)
{
    *low = (double)INFINITY;
    *high = -(double)INFINITY;
    for (size_t i = 0; i < trials->count; i++) {
        const double value = trials->results[i * trials->objectives_count + column];
        *low = isfinite(value) ? fmin(*low, value) : *low;
        *high = isfinite(value) ? fmax(*high, value) : *high;
    }
    lab_plot_range(low, high);
}

void lab_html_pareto(const lab_report *report, FILE *out)
{
    const lab_report_trials *trials = report->trials;
    double range[4];
    lab_plot plot;
    CB_ASSERT(report != NULL && out != NULL);
    if (trials == NULL || trials->objectives_count < 2 || trials->count == 0) {
        return;
    }
    result_extent(trials, 0, &range[0], &range[1]);
    result_extent(trials, 1, &range[2], &range[3]);
    lab_section_begin(out,
        "Pareto front",
        "Each dot is a trial; no other trial beats a bright one in both objectives.");
    const lab_plot_frame frame = {"trials by two objectives",
        LAB_CHART_WIDTH,
        380,
        range[0],
        range[1],
        range[2],
        range[3],
        LAB_AXIS_NUMBER,
        LAB_AXIS_NUMBER,
        trials->objectives[0],
        trials->objectives[1]};
    lab_plot_begin(&plot, out, &frame);
    for (size_t i = 0; i < trials->count; i++) {
        const double *result = &trials->results[i * trials->objectives_count];
        char title[96];
        if (!isfinite(result[0]) || !isfinite(result[1])) {
            continue;
        }
        const bool is_best = is_front(trials, i);
        (void)snprintf(title, sizeof title, "trial %zu: %.6g, %.6g", i + 1, result[0], result[1]);
        lab_plot_dot(
            &plot, result[0], result[1], is_best ? 5 : 3, is_best ? "front" : "dot", title);
    }
    lab_plot_end(&plot);
    lab_section_end(out);
}

/* ---- walk-forward ---- */

static void draw_windows(const lab_report *report, FILE *out)
{
    const size_t count = report->windows_count;
    const lab_report_window *windows = report->windows;
    lab_plot plot;
    const lab_plot_frame frame = {"windows of the walk-forward",
        LAB_CHART_WIDTH,
        40 + 16 * (double)count,
        lab_seconds(windows[0].train_from_ns),
        lab_seconds(windows[count - 1].test_to_ns),
        0,
        (double)count,
        LAB_AXIS_TIME,
        LAB_AXIS_NONE,
        NULL,
        NULL};
    lab_plot_begin(&plot, out, &frame);
    for (size_t i = 0; i < count; i++) {
        const lab_report_window *window = &windows[i];
        const double low = (double)(count - 1 - i) + 0.15;
        char title[256];
        (void)snprintf(title,
            sizeof title,
            "in sample %.4g, out of sample %.4g: %s",
            window->in_sample,
            window->out_of_sample,
            window->parameters);
        lab_plot_box(&plot,
            lab_seconds(window->train_from_ns),
            lab_seconds(window->train_to_ns),
            low,
            low + 0.7,
            "train",
            title);
        lab_plot_box(&plot,
            lab_seconds(window->test_from_ns),
            lab_seconds(window->test_to_ns),
            low,
            low + 0.7,
            window->out_of_sample < 0 ? "loss" : "gain",
            title);
    }
    lab_plot_end(&plot);
}

void lab_html_windows(const lab_report *report, FILE *out)
{
    CB_ASSERT(report != NULL && out != NULL);
    if (report->windows_count == 0) {
        return;
    }
    lab_section_begin(out,
        "Walk-forward",
        "Grey: the search saw it. Colour: it did not, and traded there with what it had chosen.");
    draw_windows(report, out);
    (void)fputs(
        "<table><tr><th>#</th><th class='left'>out of sample from</th><th class='left'>to</th><th>",
        out);
    lab_html_text(out, report->windows_metric);
    (void)fputs(
        " in sample</th><th>out of sample</th><th class='left'>parameters</th></tr>\n", out);
    for (size_t i = 0; i < report->windows_count; i++) {
        const lab_report_window *window = &report->windows[i];
        (void)fprintf(out, "<tr><td>%zu</td>", i + 1);
        lab_time_cell(out, window->test_from_ns);
        lab_time_cell(out, window->test_to_ns);
        (void)fprintf(out,
            "<td>%.4g</td><td class='%s'>%.4g</td><td class='left'>",
            window->in_sample,
            window->out_of_sample < 0 ? "down" : "up",
            window->out_of_sample);
        lab_html_text(out, window->parameters);
        (void)fputs("</td></tr>\n", out);
    }
    (void)fputs("</table>\n", out);
    lab_section_end(out);
}

/* ---- Monte Carlo ---- */

void lab_html_fan(const lab_report *report, FILE *out)
{
    const lab_report_fan *fan = report->fan;
    double low = 0;
    double high = 0;
    double ignored = 0;
    char note[160];
    lab_plot plot;
    CB_ASSERT(report != NULL && out != NULL);
    if (fan == NULL || fan->count == 0) {
        return;
    }
    lab_plot_extent(fan->percentiles[0], fan->count, &low, &ignored);
    lab_plot_extent(fan->percentiles[LAB_REPORT_FAN_MAX - 1], fan->count, &ignored, &high);
    (void)snprintf(note,
        sizeof note,
        "%s, %zu paths: 5 to 95 %%, 25 to 75 %%, median.",
        fan->method,
        fan->paths);
    lab_section_begin(out, "Monte Carlo", note);
    const lab_plot_frame frame = {"Monte Carlo fan",
        LAB_CHART_WIDTH,
        300,
        fan->steps[0],
        fan->steps[fan->count - 1],
        low,
        high,
        LAB_AXIS_NUMBER,
        LAB_AXIS_NUMBER,
        NULL,
        report->quote_asset};
    lab_plot_begin(&plot, out, &frame);
    lab_plot_band(&plot, fan->steps, fan->percentiles[0], fan->percentiles[4], fan->count, "band");
    lab_plot_band(&plot, fan->steps, fan->percentiles[1], fan->percentiles[3], fan->count, "band");
    lab_plot_line(&plot, fan->steps, fan->percentiles[2], fan->count, "line");
    lab_plot_end(&plot);
    lab_section_end(out);
}

void lab_html_proofs(const lab_report *report, FILE *out)
{
    CB_ASSERT(report != NULL && out != NULL);
    if (report->proofs_count == 0) {
        return;
    }
    lab_section_begin(out, "Is it luck?", NULL);
    (void)fputs(
        "<table><tr><th>test</th><th>value</th><th class='left'>what it says</th></tr>\n", out);
    for (size_t i = 0; i < report->proofs_count; i++) {
        const lab_report_proof *proof = &report->proofs[i];
        (void)fputs("<tr><td>", out);
        lab_html_text(out, proof->name);
        (void)fprintf(out, "</td><td class='%s'>", proof->is_warning ? "warn" : "");
        lab_html_text(out, proof->value);
        (void)fputs("</td><td class='left'>", out);
        lab_html_text(out, proof->meaning);
        (void)fputs("</td></tr>\n", out);
    }
    (void)fputs("</table>\n", out);
    lab_section_end(out);
}
