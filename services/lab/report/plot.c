/* Charts as SVG. Knows pixels and ranges, nothing of what is shown. */
#include "services/lab/report/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"

#define MARGIN_LEFT 62.0
#define MARGIN_RIGHT 12.0
#define MARGIN_TOP 10.0
#define MARGIN_BOTTOM 26.0
#define LABEL_ROOM 16.0
#define TICKS 5.0

void lab_html_text(FILE *out, const char *text)
{
    CB_ASSERT(out != NULL && text != NULL);
    for (const char *c = text; *c != '\0'; c++) {
        switch (*c) {
        case '&':
            (void)fputs("&amp;", out);
            break;
        case '<':
            (void)fputs("&lt;", out);
            break;
        case '>':
            (void)fputs("&gt;", out);
            break;
        case '"':
            (void)fputs("&quot;", out);
            break;
        case '\'':
            (void)fputs("&#39;", out);
            break;
        default:
            (void)fputc((unsigned char)*c < 0x20 ? ' ' : *c, out);
        }
    }
}

void lab_plot_number(double value, char *out, size_t size)
{
    static const struct {
        double from;
        const char *suffix;
    } units[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e4, "k"}};
    const double magnitude = fabs(value);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (magnitude >= units[i].from) {
            const double scale = units[i].from > 1e4 ? units[i].from : 1e3;
            (void)snprintf(out, size, "%.4g%s", value / scale, units[i].suffix);
            return;
        }
    }
    (void)snprintf(out, size, "%.4g", magnitude < 1e-12 ? 0.0 : value);
}

void lab_plot_range(double *low, double *high)
{
    CB_ASSERT(low != NULL && high != NULL);
    if (!isfinite(*low) || !isfinite(*high)) {
        *low = 0;
        *high = 1;
    }
    if (*high - *low < 1e-12 * fmax(1.0, fabs(*high))) {
        const double room = fabs(*high) > 0 ? fabs(*high) * 0.05 : 0.5;
        *low -= room;
        *high += room;
    }
}

void lab_plot_extent(const double *values, size_t count, double *low, double *high)
{
    *low = count == 0 ? 0 : values[0];
    *high = count == 0 ? 1 : values[0];
    for (size_t i = 1; i < count; i++) {
        *low = fmin(*low, values[i]);
        *high = fmax(*high, values[i]);
    }
}

/* ---- data to pixels ---- */

static double x_of(const lab_plot *plot, double x)
{
    const lab_plot_frame *frame = &plot->frame;
    return plot->left + (x - frame->x_low) / (frame->x_high - frame->x_low) * plot->inner_width;
}
static double y_of(const lab_plot *plot, double y)
{
    const lab_plot_frame *frame = &plot->frame;
    return plot->top + (frame->y_high - y) / (frame->y_high - frame->y_low) * plot->inner_height;
}

/* ---- axes ---- */

/* 1, 2 or 5 times a power of ten that makes about TICKS steps of the range. */
static double number_step(double range)
{
    const double rough = range / TICKS;
    const double power = pow(10.0, floor(log10(rough)));
    const double share = rough / power;
    return power * (share < 1.5 ? 1.0 : share < 3.5 ? 2.0 : share < 7.5 ? 5.0 : 10.0);
}

static void tick_text(lab_axis axis, double value, double range, char *out, size_t size)
{
    if (axis == LAB_AXIS_PERCENT) {
        (void)snprintf(out, size, "%.3g%%", value * 100);
    } else if (axis == LAB_AXIS_TIME) {
        const time_t at = (time_t)value;
        struct tm day;
        (void)gmtime_r(&at, &day);
        (void)strftime(out, size, range > 3 * 86400.0 ? "%Y-%m-%d" : "%m-%d %H:%M", &day);
    } else {
        lab_plot_number(value, out, size);
    }
}

static double time_step(double range)
{
    static const double steps[] = {60,
        300,
        900,
        3600,
        4 * 3600.0,
        12 * 3600.0,
        86400,
        2 * 86400.0,
        7 * 86400.0,
        14 * 86400.0,
        30 * 86400.0,
        61 * 86400.0,
        91 * 86400.0,
        183 * 86400.0};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (range / steps[i] <= 7) {
            return steps[i];
        }
    }
    return 365 * 86400.0 * ceil(range / (365 * 86400.0) / 7);
}

/* How many multiples of step lie in the range. */
static int ticks_in(double low, double high, double step)
{
    return (int)(floor(high / step + 1e-9) - ceil(low / step)) + 1;
}

static void draw_y_axis(lab_plot *plot)
{
    const lab_plot_frame *frame = &plot->frame;
    const double range = frame->y_high - frame->y_low;
    const double step = number_step(range);
    if (frame->y_axis == LAB_AXIS_NONE) {
        return;
    }
    for (int i = 0; i < ticks_in(frame->y_low, frame->y_high, step); i++) {
        const double at = (ceil(frame->y_low / step) + i) * step;
        char text[32];
        const double y = y_of(plot, at);
        tick_text(frame->y_axis, fabs(at) < step * 1e-9 ? 0 : at, range, text, sizeof text);
        (void)fprintf(plot->out,
            "<line class='grid' x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f'/>"
            "<text class='tick' x='%.1f' y='%.1f' text-anchor='end'>%s</text>\n",
            plot->left,
            plot->left + plot->inner_width,
            y,
            y,
            plot->left - 6,
            y + 4,
            text);
    }
}

static void draw_x_axis(lab_plot *plot)
{
    const lab_plot_frame *frame = &plot->frame;
    const double range = frame->x_high - frame->x_low;
    const double step = frame->x_axis == LAB_AXIS_TIME ? time_step(range) : number_step(range);
    if (frame->x_axis == LAB_AXIS_NONE) {
        return;
    }
    for (int i = 0; i < ticks_in(frame->x_low, frame->x_high, step); i++) {
        const double at = (ceil(frame->x_low / step) + i) * step;
        char text[32];
        tick_text(frame->x_axis, fabs(at) < step * 1e-9 ? 0 : at, range, text, sizeof text);
        (void)fprintf(plot->out,
            "<text class='tick' x='%.1f' y='%.1f' text-anchor='middle'>%s</text>\n",
            x_of(plot, at),
            plot->top + plot->inner_height + 17,
            text);
    }
}

static void draw_labels(lab_plot *plot)
{
    const lab_plot_frame *frame = &plot->frame;
    if (frame->x_label != NULL) {
        (void)fprintf(plot->out,
            "<text class='label' x='%.1f' y='%.1f' text-anchor='middle'>",
            plot->left + plot->inner_width / 2,
            frame->height - 3);
        lab_html_text(plot->out, frame->x_label);
        (void)fputs("</text>\n", plot->out);
    }
    if (frame->y_label != NULL) {
        (void)fprintf(plot->out,
            "<text class='label' transform='translate(12 %.1f) rotate(-90)' text-anchor='middle'>",
            plot->top + plot->inner_height / 2);
        lab_html_text(plot->out, frame->y_label);
        (void)fputs("</text>\n", plot->out);
    }
}

void lab_plot_begin(lab_plot *plot, FILE *out, const lab_plot_frame *frame)
{
    CB_ASSERT(plot != NULL && out != NULL && frame != NULL);
    CB_ASSERT(frame->width > MARGIN_LEFT + MARGIN_RIGHT);
    *plot = (lab_plot){.out = out, .frame = *frame, .left = MARGIN_LEFT, .top = MARGIN_TOP};
    lab_plot_range(&plot->frame.x_low, &plot->frame.x_high);
    lab_plot_range(&plot->frame.y_low, &plot->frame.y_high);
    if (frame->y_label != NULL) {
        plot->left += LABEL_ROOM;
    }
    plot->inner_width = frame->width - plot->left - MARGIN_RIGHT;
    plot->inner_height = frame->height - MARGIN_TOP -
                         (frame->x_axis == LAB_AXIS_NONE ? MARGIN_TOP : MARGIN_BOTTOM) -
                         (frame->x_label != NULL ? LABEL_ROOM : 0);
    (void)fprintf(
        out, "<svg viewBox='0 0 %.0f %.0f' role='img' aria-label='", frame->width, frame->height);
    lab_html_text(out, frame->title);
    (void)fputs("'>\n", out);
    draw_y_axis(plot);
    draw_x_axis(plot);
    draw_labels(plot);
}

void lab_plot_end(lab_plot *plot)
{
    CB_ASSERT(plot != NULL && plot->out != NULL);
    (void)fputs("</svg>\n", plot->out);
    plot->out = NULL;
}

/* ---- lines ---- */

static void point(lab_plot *plot, double x, double y, bool *is_first)
{
    (void)fprintf(plot->out, "%s%.1f %.1f", *is_first ? "M" : "L", x_of(plot, x), y_of(plot, y));
    *is_first = false;
}

/* Points of one pixel column: only the first, least, greatest and last can be seen. */
static void column_points(
    lab_plot *plot, const double *x, const double *y, size_t from, size_t to, bool *is_first)
{
    size_t low = from;
    size_t high = from;
    for (size_t i = from; i < to; i++) {
        low = y[i] < y[low] ? i : low;
        high = y[i] > y[high] ? i : high;
    }
    const size_t early = low < high ? low : high;
    const size_t late = low < high ? high : low;
    point(plot, x[early], y[early], is_first);
    if (late != early) {
        point(plot, x[late], y[late], is_first);
    }
    if (to - 1 > late) {
        point(plot, x[to - 1], y[to - 1], is_first);
    }
}

static void path_points(
    lab_plot *plot, const double *x, const double *y, size_t count, bool *is_first)
{
    const size_t columns = (size_t)plot->inner_width;
    const size_t each = count > 3 * columns ? count / columns : 1;
    for (size_t from = 0; from < count; from += each) {
        const size_t to = from + each < count ? from + each : count;
        column_points(plot, x, y, from, to, is_first);
    }
}

void lab_plot_line(
    lab_plot *plot, const double *x, const double *y, size_t count, const char *css_class)
{
    bool is_first = true;
    CB_ASSERT(plot != NULL && plot->out != NULL);
    if (count == 0) {
        return;
    }
    (void)fprintf(plot->out, "<path class='%s' d='", css_class);
    path_points(plot, x, y, count, &is_first);
    (void)fputs("'/>\n", plot->out);
}

void lab_plot_area(lab_plot *plot,
    const double *x,
    const double *y,
    size_t count,
    double base,
    const char *css_class)
{
    bool is_first = true;
    CB_ASSERT(plot != NULL && plot->out != NULL);
    if (count == 0) {
        return;
    }
    (void)fprintf(plot->out, "<path class='%s' d='", css_class);
    point(plot, x[0], base, &is_first);
    path_points(plot, x, y, count, &is_first);
    point(plot, x[count - 1], base, &is_first);
    (void)fputs("Z'/>\n", plot->out);
}

void lab_plot_band(lab_plot *plot,
    const double *x,
    const double *low,
    const double *high,
    size_t count,
    const char *css_class)
{
    bool is_first = true;
    CB_ASSERT(plot != NULL && plot->out != NULL);
    if (count == 0) {
        return;
    }
    (void)fprintf(plot->out, "<path class='%s' d='", css_class);
    for (size_t i = 0; i < count; i++) {
        point(plot, x[i], high[i], &is_first);
    }
    for (size_t i = count; i-- > 0;) {
        point(plot, x[i], low[i], &is_first);
    }
    (void)fputs("Z'/>\n", plot->out);
}

/* ---- single things ---- */

static void close_with_title(lab_plot *plot, const char *element, const char *title)
{
    if (title == NULL) {
        (void)fputs("/>\n", plot->out);
        return;
    }
    (void)fputs("><title>", plot->out);
    lab_html_text(plot->out, title);
    (void)fprintf(plot->out, "</title></%s>\n", element);
}

void lab_plot_box(lab_plot *plot,
    double x_low,
    double x_high,
    double y_low,
    double y_high,
    const char *css_class,
    const char *title)
{
    const double left = x_of(plot, x_low);
    const double top = y_of(plot, y_high);
    CB_ASSERT(plot->out != NULL);
    (void)fprintf(plot->out,
        "<rect class='%s' x='%.1f' y='%.1f' width='%.1f' height='%.1f'",
        css_class,
        left,
        top,
        fmax(x_of(plot, x_high) - left, 0.5),
        fmax(y_of(plot, y_low) - top, 0.5));
    close_with_title(plot, "rect", title);
}

void lab_plot_dot(
    lab_plot *plot, double x, double y, double radius, const char *css_class, const char *title)
{
    CB_ASSERT(plot->out != NULL);
    (void)fprintf(plot->out,
        "<circle class='%s' cx='%.1f' cy='%.1f' r='%.1f'",
        css_class,
        x_of(plot, x),
        y_of(plot, y),
        radius);
    close_with_title(plot, "circle", title);
}

void lab_plot_mark(
    lab_plot *plot, double x, double y, bool is_up, const char *css_class, const char *title)
{
    const double at_x = x_of(plot, x);
    const double at_y = y_of(plot, y) + (is_up ? 4 : -4);
    const double foot = is_up ? 8 : -8;
    CB_ASSERT(plot->out != NULL);
    (void)fprintf(
        plot->out, "<path class='%s' d='M%.1f %.1fl4.5 %.1fh-9Z'", css_class, at_x, at_y, foot);
    close_with_title(plot, "path", title);
}

void lab_plot_rule(lab_plot *plot, double y, const char *css_class)
{
    CB_ASSERT(plot->out != NULL);
    (void)fprintf(plot->out,
        "<line class='%s' x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f'/>\n",
        css_class,
        plot->left,
        plot->left + plot->inner_width,
        y_of(plot, y),
        y_of(plot, y));
}
