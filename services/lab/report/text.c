/* Equity as characters: Braille dots (two by four a cell), or stars where only ASCII can be shown.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "services/lab/report/sections.h"

#define ROWS 10
#define WIDTH_MIN 20
#define WIDTH_MAX 200
#define DOTS_DOWN 4
#define DOTS_ACROSS 2

typedef struct canvas {
    int width;
    bool is_plain;
    uint8_t cells[ROWS][WIDTH_MAX];
} canvas;

static void set_dot(canvas *picture, int x, int y)
{
    static const uint8_t bits[DOTS_DOWN][DOTS_ACROSS] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    if (x >= 0 && x < picture->width * DOTS_ACROSS && y >= 0 && y < ROWS * DOTS_DOWN) {
        picture->cells[y / DOTS_DOWN][x / DOTS_ACROSS] |= bits[y % DOTS_DOWN][x % DOTS_ACROSS];
    }
}

static void print_cell(FILE *out, uint8_t bits, bool is_plain)
{
    if (is_plain) {
        (void)fputc(bits == 0 ? ' ' : '*', out);
        return;
    }
    /* U+2800 plus the dots, as UTF-8 */
    (void)fputc(0xe2, out);
    (void)fputc(0xa0 | bits >> 6, out);
    (void)fputc(0x80 | (bits & 0x3f), out);
}

static int row_of(double value, double low, double high)
{
    return (int)lround((high - value) / (high - low) * (ROWS * DOTS_DOWN - 1));
}

/* A column of dots from the least to the greatest value that falls into it. */
static void draw(canvas *picture, const lab_result *result, double low, double high)
{
    const int columns = picture->width * DOTS_ACROSS;
    const uint64_t count = result->points_count;
    for (int x = 0; x < columns; x++) {
        const uint64_t from = count * (uint64_t)x / (uint64_t)columns;
        uint64_t to = count * (uint64_t)(x + 1) / (uint64_t)columns;
        to = to > from ? to : from + 1;
        double least = lab_units(result->points[from].equity_e8);
        double most = least;
        for (uint64_t i = from; i < to && i < count; i++) {
            least = fmin(least, lab_units(result->points[i].equity_e8));
            most = fmax(most, lab_units(result->points[i].equity_e8));
        }
        for (int y = row_of(most, low, high); y <= row_of(least, low, high); y++) {
            set_dot(picture, x, y);
        }
    }
}

void lab_report_text(const lab_report *report, FILE *out, int width, bool is_plain)
{
    const lab_result *result = report->result;
    CB_ASSERT(out != NULL && result != NULL);
    if (result->points_count == 0) {
        return;
    }
    double low = lab_units(result->points[0].equity_e8);
    double high = low;
    for (uint64_t i = 0; i < result->points_count; i++) {
        low = fmin(low, lab_units(result->points[i].equity_e8));
        high = fmax(high, lab_units(result->points[i].equity_e8));
    }
    lab_plot_range(&low, &high);
    canvas picture = {.width = width - 12, .is_plain = is_plain};
    picture.width = picture.width < WIDTH_MIN ? WIDTH_MIN : picture.width;
    picture.width = picture.width > WIDTH_MAX ? WIDTH_MAX : picture.width;
    draw(&picture, result, low, high);
    for (int y = 0; y < ROWS; y++) {
        char label[32] = "";
        if (y == 0 || y == ROWS - 1) {
            lab_plot_number(y == 0 ? high : low, label, sizeof label);
        }
        (void)fprintf(out, "%10s ", label);
        for (int x = 0; x < picture.width; x++) {
            print_cell(out, picture.cells[y][x], is_plain);
        }
        (void)fputc('\n', out);
    }
}
