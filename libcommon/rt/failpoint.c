/* The registry of failpoints and what happens at an armed one. Only that path is slow: names are
 * compared as text, and what acts says so on standard error first. */
#include "rt/failpoint.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/strview.h"

#define NAME_MAX_SIZE 48
#define FILE_TEXT_MAX 4096
#define DELAY_MS_MAX 600000
#define HIT_MAX 1000000000

typedef enum fp_action { FP_NONE, FP_KILL, FP_STOP, FP_DELAY, FP_ERROR, FP_ABORT } fp_action;

typedef struct fp_row {
    const char *name;
    const char *services;
    bool can_fail;
    const char *cases;
    const char *where;
} fp_row;

static const fp_row rows[] = {
#define FAILPOINT(name, services, can_fail, cases, where)                                          \
    {name, services, (can_fail) != 0, cases, where},
#include "rt/failpoints.def"
#undef FAILPOINT
};
#define ROWS_COUNT (sizeof(rows) / sizeof(rows[0]))

typedef struct fp_armed {
    fp_action action;
    bool is_repeated;
    uint64_t at;   /* the hit that acts */
    uint64_t hits; /* so far */
    int64_t delay_ms;
} fp_armed;

bool cb_failpoints_armed = false;

/* What the process has armed: belongs with cb_failpoints_armed, see there. */
static struct {
    char service[24];
    fp_armed points[ROWS_COUNT];
} fp;

/* The word that names of this service begin with. */
static const char *service_word(void)
{
    static const char *const words[][2] = {
        {"signals", "strategy"}, {"execution", "exec"}, {"portfolio", "port"}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(fp.service, words[i][0]) == 0) {
            return words[i][1];
        }
    }
    return fp.service;
}

static bool is_here(const fp_row *row)
{
    return strcmp(row->services, "*") == 0 || strcmp(row->services, fp.service) == 0;
}

/* The name under which this process arms the row. */
static void own_name(const fp_row *row, char out[NAME_MAX_SIZE])
{
    const bool is_shared = row->name[0] == '*';
    const int size = snprintf(out,
        NAME_MAX_SIZE,
        "%s%s",
        is_shared ? service_word() : "",
        is_shared ? row->name + 1 : row->name);
    CB_ASSERT(size > 0 && size < NAME_MAX_SIZE);
}

/* Finds a row by the name in the code or by the name in this service; ROWS_COUNT: there is none. */
static size_t find(cb_strview name)
{
    for (size_t i = 0; i < ROWS_COUNT; i++) {
        char own[NAME_MAX_SIZE];
        own_name(&rows[i], own);
        const bool is_same =
            (strlen(own) == name.size && memcmp(own, name.at, name.size) == 0) ||
            (strlen(rows[i].name) == name.size && memcmp(rows[i].name, name.at, name.size) == 0);
        if (is_same && is_here(&rows[i])) {
            return i;
        }
    }
    return ROWS_COUNT;
}

void cb_failpoints_open(const char *service)
{
    const bool fits = cb_text_copy(fp.service, sizeof(fp.service), cb_sv_from(service));
    CB_ASSERT(fits);
    memset(fp.points, 0, sizeof(fp.points));
    cb_failpoints_armed = false;
}

/* ---- reading what is to be armed ---- */

static bool read_action(cb_strview word, fp_action *out)
{
    static const struct {
        const char *word;
        fp_action action;
    } actions[] = {{"kill", FP_KILL},
        {"stop", FP_STOP},
        {"delay", FP_DELAY},
        {"error", FP_ERROR},
        {"abort", FP_ABORT}};
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strlen(actions[i].word) == word.size &&
            memcmp(actions[i].word, word.at, word.size) == 0) {
            *out = actions[i].action;
            return true;
        }
    }
    return false;
}

/* "delay:500@3+" after the '='. */
static bool read_what(cb_strview text, fp_armed *out)
{
    *out = (fp_armed){.at = 1};
    if (text.size > 0 && text.at[text.size - 1] == '+') {
        out->is_repeated = true;
        text.size--;
    }
    const char *at = memchr(text.at, '@', text.size);
    if (at != NULL) {
        const cb_strview number = {at + 1, (size_t)(text.at + text.size - at) - 1};
        if (!cb_u64_parse(number, HIT_MAX, &out->at) || out->at == 0) {
            return false;
        }
        text.size = (size_t)(at - text.at);
    }
    const char *colon = memchr(text.at, ':', text.size);
    uint64_t ms = 0;
    if (colon != NULL) {
        const cb_strview number = {colon + 1, (size_t)(text.at + text.size - colon) - 1};
        if (!cb_u64_parse(number, DELAY_MS_MAX, &ms)) {
            return false;
        }
        text.size = (size_t)(colon - text.at);
    }
    out->delay_ms = (int64_t)ms;
    return read_action(text, &out->action) && (out->action == FP_DELAY) == (colon != NULL);
}

static cb_status read_one(cb_strview item, fp_armed points[ROWS_COUNT], cb_err *err)
{
    const char *equals = memchr(item.at, '=', item.size);
    if (equals == NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "failpoints: NAME=ACTION is needed");
    }
    const cb_strview name = {item.at, (size_t)(equals - item.at)};
    const cb_strview what = {equals + 1, (size_t)(item.at + item.size - equals) - 1};
    const size_t index = find(name);
    if (index == ROWS_COUNT) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "failpoints: %s has no \"%.*s\" (see --failpoints)",
            fp.service,
            (int)name.size,
            name.at);
    }
    fp_armed armed;
    if (!read_what(what, &armed)) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "failpoints: \"%.*s\" is not kill, stop, delay:MS, error or abort, with @HIT or @HIT+",
            (int)what.size,
            what.at);
    }
    if (armed.action == FP_ERROR && !rows[index].can_fail) {
        return CB_FAIL(err, CB_E_CONFIG, "failpoints: %s cannot fail", rows[index].name);
    }
    points[index] = armed;
    return CB_OK;
}

cb_status cb_failpoints_arm(const char *text, cb_err *err)
{
    fp_armed points[ROWS_COUNT] = {{.action = FP_NONE}};
    bool is_any = false;
    for (const char *at = text + strspn(text, ", \n"); *at != '\0';) {
        const size_t size = strcspn(at, ", \n");
        const cb_status status = read_one((cb_strview){at, size}, points, err);
        if (status != CB_OK) {
            return status;
        }
        is_any = true;
        at += size;
        at += strspn(at, ", \n");
    }
    memcpy(fp.points, points, sizeof(points));
    cb_failpoints_armed = is_any;
    return CB_OK;
}

cb_status cb_failpoints_take_file(const char *path, cb_err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return errno == ENOENT
                   ? CB_OK
                   : CB_FAIL(err, CB_E_IO, "failpoints.file %s: %s", path, strerror(errno));
    }
    char text[FILE_TEXT_MAX];
    const size_t size = fread(text, 1, sizeof(text) - 1, file);
    CB_MAYBE(fclose(file));
    text[size] = '\0';
    /* Before it can act: who dies of it must not find it again. */
    if (unlink(path) != 0) {
        return CB_FAIL(err, CB_E_IO, "failpoints.file %s: %s", path, strerror(errno));
    }
    return cb_failpoints_arm(text, err);
}

/* ---- being hit ---- */

static void wait_ms(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static void say(const char *name, const char *action, uint64_t hit)
{
    char line[160];
    const int size = snprintf(line,
        sizeof(line),
        "event=failpoint service=%s name=%s action=%s hit=%llu\n",
        fp.service,
        name,
        action,
        (unsigned long long)hit);
    CB_MAYBE(write(STDERR_FILENO, line, (size_t)size) == size);
}

bool cb_failpoint_hit(const char *name)
{
    const size_t index = find(cb_sv_from(name));
    if (index == ROWS_COUNT || fp.points[index].action == FP_NONE) {
        return false;
    }
    fp_armed *armed = &fp.points[index];
    armed->hits++;
    if (armed->hits < armed->at || (armed->hits > armed->at && !armed->is_repeated)) {
        return false;
    }
    char own[NAME_MAX_SIZE];
    own_name(&rows[index], own);
    switch (armed->action) {
    case FP_KILL:
        say(own, "kill", armed->hits);
        CB_MAYBE(kill(getpid(), SIGKILL));
        return false;
    case FP_STOP:
        say(own, "stop", armed->hits);
        CB_MAYBE(kill(getpid(), SIGSTOP));
        return false;
    case FP_DELAY:
        say(own, "delay", armed->hits);
        wait_ms(armed->delay_ms);
        return false;
    case FP_ABORT:
        say(own, "abort", armed->hits);
        abort();
    case FP_ERROR:
        say(own, "error", armed->hits);
        return true;
    case FP_NONE:
    default:
        return false;
    }
}

uint64_t cb_failpoint_hits(const char *name)
{
    const size_t index = find(cb_sv_from(name));
    return index == ROWS_COUNT ? 0 : fp.points[index].hits;
}

void cb_failpoints_print(void)
{
    for (size_t i = 0; i < ROWS_COUNT; i++) {
        if (!is_here(&rows[i])) {
            continue;
        }
        char own[NAME_MAX_SIZE];
        own_name(&rows[i], own);
        (void)printf("%-28s %-6s %-12s %s\n",
            own,
            rows[i].can_fail ? "error" : "-",
            rows[i].cases,
            rows[i].where);
    }
}
