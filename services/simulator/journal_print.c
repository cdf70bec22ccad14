/* --print-journal=FILE: prints a journal as JSON lines after checking that each line is whole and
 * that none is missing. A last line that was cut by a crash is left out and named. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "services/simulator/simulator.h"
#include "venue/json.h"

/* The line's number; 0 when it is no line of a journal. */
static uint64_t number_of(cb_strview line)
{
    cb_json json;
    cb_strview key;
    uint64_t number = 0;
    cb_json_init(&json, line);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "n")) {
            (void)cb_json_u64(&json, &number);
        } else {
            (void)cb_json_skip(&json);
        }
    }
    return cb_json_finish(&json, "line", NULL) == CB_OK ? number : 0;
}

static int print_lines(FILE *file, const char *path)
{
    char *line = NULL;
    size_t room = 0;
    uint64_t expected = 1;
    ssize_t size = 0;
    int code = 0;
    while (code == 0 && (size = getline(&line, &room, file)) > 0) {
        if (line[size - 1] != '\n') {
            (void)fprintf(stderr, "%s: the last line is cut and left out\n", path);
            break;
        }
        const uint64_t number = number_of((cb_strview){line, (size_t)size - 1});
        if (number != expected) {
            (void)fprintf(
                stderr, "%s: line %llu is missing or broken\n", path, (unsigned long long)expected);
            code = 1;
            break;
        }
        (void)fwrite(line, 1, (size_t)size, stdout);
        expected++;
    }
    free(line);
    if (fflush(stdout) != 0) {
        (void)fprintf(stderr, "%s: the output cannot be written\n", path);
        code = 1;
    }
    return code;
}

int sim_journal_print(const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
        return 1;
    }
    const int code = print_lines(file, path);
    (void)fclose(file);
    return code;
}
