/* Checks a history of JSON lines (README.md): tool_check [FILE], standard input without one. Prints
 * one line for each violation and ends with 1; 0 when there is none, 2 for unreadable input. */
#include "tests/sim/checker/checker.h"

int main(int argc, char **argv)
{
    char error[256] = "";
    FILE *from = argc > 1 ? fopen(argv[1], "r") : stdin;
    if (from == NULL) {
        perror(argv[1]);
        return 2;
    }
    chk_file *file = chk_read(from, error, sizeof(error));
    if (file == NULL) {
        (void)fprintf(stderr, "%s\n", error);
        return 2;
    }
    static chk_report report;
    const bool is_right = chk_run(chk_file_input(file), &report);
    for (uint32_t i = 0; i < report.findings_count; i++) {
        (void)printf("I%d %s\n", report.findings[i].invariant, report.findings[i].text);
    }
    (void)printf("%u violations; looked at:", report.findings_count);
    for (int i = 1; i <= 27; i++) {
        if ((report.checked_mask & (UINT32_C(1) << (i - 1))) != 0) {
            (void)printf(" I%d", i);
        }
    }
    (void)printf("\n");
    chk_file_free(file);
    return is_right ? 0 : 1;
}
