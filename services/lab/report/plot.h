/* Charts as SVG, drawn without a script: axes, lines, areas, bands, bars, dots, cells. Colours are
 * classes of the page's style sheet, so a chart follows its light and dark theme. */
#ifndef LAB_PLOT_H
#define LAB_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum lab_axis { LAB_AXIS_NUMBER, LAB_AXIS_PERCENT, LAB_AXIS_TIME, LAB_AXIS_NONE } lab_axis;

/* What a chart shows: ranges in data units; times in seconds since 1970. */
typedef struct lab_plot_frame {
    const char *title; /* read aloud by screen readers */
    double width;
    double height;
    double x_low;
    double x_high;
    double y_low;
    double y_high;
    lab_axis x_axis;
    lab_axis y_axis;
    const char *x_label; /* NULL for none */
    const char *y_label;
} lab_plot_frame;

typedef struct lab_plot {
    FILE *out; /* [borrowed until lab_plot_end] */
    lab_plot_frame frame;
    double left;
    double top;
    double inner_width;
    double inner_height;
} lab_plot;

/** Widens an empty or upside-down range so that it can be drawn. */
void lab_plot_range(double *low, double *high);
/** Least and greatest of values; 0 and 1 for none. */
void lab_plot_extent(const double *values, size_t count, double *low, double *high);

void lab_plot_begin(lab_plot *plot, FILE *out, const lab_plot_frame *frame);
/** A line; more points than pixels are drawn by least and greatest of each pixel column. */
void lab_plot_line(
    lab_plot *plot, const double *x, const double *y, size_t count, const char *css_class);
/** The area between a line and base. */
void lab_plot_area(lab_plot *plot,
    const double *x,
    const double *y,
    size_t count,
    double base,
    const char *css_class);
/** The area between two lines. */
void lab_plot_band(lab_plot *plot,
    const double *x,
    const double *low,
    const double *high,
    size_t count,
    const char *css_class);
/** A rectangle from (x_low, y_low) to (x_high, y_high); title is shown when pointed at. */
void lab_plot_box(lab_plot *plot,
    double x_low,
    double x_high,
    double y_low,
    double y_high,
    const char *css_class,
    const char *title);
void lab_plot_dot(
    lab_plot *plot, double x, double y, double radius, const char *css_class, const char *title);
/** A triangle that points up (an entry) or down (an exit). */
void lab_plot_mark(
    lab_plot *plot, double x, double y, bool is_up, const char *css_class, const char *title);
/** A dashed line across the chart. */
void lab_plot_rule(lab_plot *plot, double y, const char *css_class);
void lab_plot_end(lab_plot *plot);

/** "12.3k", "0.0042", "-7M": short, for axes. */
void lab_plot_number(double value, char *out, size_t size);
/** Writes text with the characters of HTML replaced. */
void lab_html_text(FILE *out, const char *text);

#endif /* LAB_PLOT_H */
