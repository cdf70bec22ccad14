/* libFuzzer target: what people write. A configuration file with every kind of field, one line of
 * the environment, one flag; a caps file; a limit's name and scope. What is taken keeps its bounds,
 * prints, and reads back as the same values; what is refused says where and why. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "domain/caps.h"
#include "rt/config.h"
#include "services/risk/core/book.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define TEXT_MAX ((size_t)64 * 1024)

typedef struct values {
    char text[CB_CONFIG_TEXT_MAX];
    char other[CB_CONFIG_TEXT_MAX];
    char path[CB_CONFIG_TEXT_MAX];
    int64_t count;
    int64_t ratio_e8;
    int64_t age_ns;
    bool is_on;
    uint32_t choice;
} values;

#define AT(member) offsetof(values, member)
static const cb_config_field fields[] = {
    {"text", CB_CONFIG_TEXT, AT(text), "a", 0, 0, NULL, "text"},
    {"other.text", CB_CONFIG_TEXT, AT(other), "", 0, 0, NULL, "text"},
    {"some.path", CB_CONFIG_PATH, AT(path), "/tmp", 0, 0, NULL, "path"},
    {"count", CB_CONFIG_I64, AT(count), "5", -10, 1000000, NULL, "number"},
    {"ratio", CB_CONFIG_DECIMAL, AT(ratio_e8), "0.5", 0, 100000000, NULL, "ratio"},
    {"age", CB_CONFIG_DURATION, AT(age_ns), "5s", 1, INT64_C(3600000000000), NULL, "age"},
    {"is.on", CB_CONFIG_BOOL, AT(is_on), "false", 0, 0, NULL, "switch"},
    {"choice", CB_CONFIG_CHOICE, AT(choice), "red", 0, 0, "red|green|blue", "choice"},
};
#define FIELDS_COUNT (sizeof(fields) / sizeof(fields[0]))

static void need(bool claim, const char *what)
{
    if (!claim) {
        (void)fprintf(stderr, "%s\n", what);
        abort();
    }
}

/* ---- configuration ---- */

static int file_of(const void *bytes, size_t size, char path[64])
{
    const int fd = memfd_create("config", 0);
    need(fd >= 0 && write(fd, bytes, size) == (ssize_t)size, "memfd");
    (void)snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

static void check_bounds(const values *taken)
{
    need(taken->count >= -10 && taken->count <= 1000000, "count out of bounds");
    need(taken->ratio_e8 >= 0 && taken->ratio_e8 <= 100000000, "ratio out of bounds");
    need(taken->age_ns >= 1 && taken->age_ns <= INT64_C(3600000000000), "age out of bounds");
    need(taken->choice < 3, "choice out of bounds");
    need(memchr(taken->text, '\0', sizeof(taken->text)) != NULL, "text without its end");
}

/* What was taken, written as a file and read again. */
static void read_back(const cb_config_set *set, const values *taken)
{
    static char printed[TEXT_MAX];
    static char lines[TEXT_MAX];
    values again;
    char path[64];
    cb_err err = {0};
    need(cb_config_set_print(set, printed, sizeof(printed)) < sizeof(printed), "too long");
    size_t used = 0;
    for (char *line = printed; *line != '\0';) {
        char *end = strchr(line, '\n');
        *end = '\0';
        char *comment = strstr(line, "  # ");
        for (char *next = comment; next != NULL; next = strstr(next + 1, "  # ")) {
            comment = next; /* the last one: values may hold such letters themselves */
        }
        used += (size_t)snprintf(
            lines + used, sizeof(lines) - used, "%.*s\n", (int)(comment - line), line);
        line = end + 1;
    }
    const int fd = file_of(lines, used, path);
    memset(&again, 0, sizeof(again));
    const cb_status status =
        cb_config_load(fields, FIELDS_COUNT, &again, path, 0, NULL, NULL, &err);
    (void)close(fd);
    /* Texts with letters that a file gives a meaning to need not read back; numbers must. */
    if (status == CB_OK) {
        need(again.count == taken->count && again.ratio_e8 == taken->ratio_e8 &&
                 again.age_ns == taken->age_ns && again.is_on == taken->is_on &&
                 again.choice == taken->choice,
            "printed values read back differently");
    }
}

static void load(const char *file, char **flags, int flags_count, char **environment)
{
    values taken;
    memset(&taken, 0, sizeof(taken));
    cb_config_set set = {.parts = {{fields, FIELDS_COUNT, &taken}}, .parts_count = 1};
    const cb_config_sources sources = {"fuzz", file, flags_count, flags, environment};
    cb_err err = {0};
    if (cb_config_set_load(&set, &sources, &err) != CB_OK) {
        need(err.text[0] != '\0', "refused without a reason");
        return;
    }
    check_bounds(&taken);
    uint8_t hash[CB_CONFIG_HASH_SIZE];
    cb_config_set_hash(&set, hash);
    read_back(&set, &taken);
}

static void try_file(const char *text, size_t size)
{
    char path[64];
    const int fd = file_of(text, size, path);
    load(path, NULL, 0, NULL);
    (void)close(fd);
}

static void try_flag(char *text)
{
    char *flags[] = {text, NULL};
    load(NULL, flags, 1, NULL);
}

static void try_environment(const char *text)
{
    static char line[TEXT_MAX];
    (void)snprintf(line, sizeof(line), "CERBERUS_%s", text);
    char *environment[] = {line, NULL};
    load(NULL, NULL, 0, environment);
}

/* ---- caps and limits ---- */

static void try_caps(const char *text, size_t size)
{
    cb_caps_rules rules;
    cb_err err = {0};
    if (cb_caps_parse(text, size, &rules, &err) != CB_OK) {
        need(err.text[0] != '\0', "caps refused without a reason");
    }
}

static void try_limit(const char *text)
{
    char name[RISK_LIMIT_NAME_MAX];
    risk_limit_kind kind;
    risk_limit_kind kind_again;
    risk_scope scope;
    risk_scope scope_again;
    memset(&scope, 0, sizeof(scope));
    memset(&scope_again, 0, sizeof(scope_again));
    if (!risk_limit_name_parse(text, &kind, &scope)) {
        return;
    }
    risk_limit_name(kind, &scope, name);
    need(risk_limit_name_parse(name, &kind_again, &scope_again), "a limit's name does not read");
    char scope_text[RISK_SCOPE_TEXT_MAX];
    char scope_text_again[RISK_SCOPE_TEXT_MAX];
    risk_scope_print(&scope, scope_text);
    risk_scope_print(&scope_again, scope_text_again);
    need(
        kind == kind_again && strcmp(scope_text, scope_text_again) == 0, "another limit came back");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char text[TEXT_MAX];
    if (size == 0 || size > 16384) {
        return 0;
    }
    memcpy(text, bytes + 1, size - 1);
    text[size - 1] = '\0';
    switch (bytes[0] % 5) {
    case 0:
        try_file(text, size - 1);
        break;
    case 1:
        try_flag(text);
        break;
    case 2:
        try_environment(text);
        break;
    case 3:
        try_caps(text, size - 1);
        break;
    default:
        try_limit(text);
        break;
    }
    return 0;
}
