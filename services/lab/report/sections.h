/* The parts of the report's page, each in its file. */
#ifndef LAB_REPORT_SECTIONS_H
#define LAB_REPORT_SECTIONS_H

#include "services/lab/report/plot.h"
#include "services/lab/report/report.h"

#define LAB_CHART_WIDTH 1100
#define LAB_CHART_HALF 540

static inline double lab_seconds(int64_t ts_ns)
{
    return (double)ts_ns / 1e9;
}
static inline double lab_units(int64_t value_e8)
{
    return (double)value_e8 / 1e8;
}

void lab_section_begin(FILE *out, const char *title, const char *note);
void lab_section_end(FILE *out);
/** A cell with exact money; signed values are coloured. */
void lab_money_cell(FILE *out, int64_t value_e8, bool is_signed);
void lab_time_cell(FILE *out, int64_t ts_ns);

/* equity.c */
void lab_html_equity(const lab_report *report, FILE *out);
void lab_html_months(const lab_report *report, FILE *out);
void lab_html_rolling(const lab_report *report, FILE *out);
void lab_html_distribution(const lab_report *report, FILE *out);
/* trades.c */
void lab_html_price(const lab_report *report, FILE *out);
void lab_html_excursions(const lab_report *report, FILE *out);
void lab_html_trades(const lab_report *report, FILE *out);
/* search.c */
void lab_html_heatmap(const lab_report *report, FILE *out);
void lab_html_pareto(const lab_report *report, FILE *out);
void lab_html_windows(const lab_report *report, FILE *out);
void lab_html_fan(const lab_report *report, FILE *out);
void lab_html_proofs(const lab_report *report, FILE *out);

#endif /* LAB_REPORT_SECTIONS_H */
