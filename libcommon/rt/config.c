/* Configuration sources: defaults < file < environment < flags. First the text of every field is
 * chosen and its place remembered, then each is parsed once, so that a bad default that a flag
 * overrides cannot matter and every refusal can name where the text came from. */
#include "rt/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/strview.h"
#include "rt/config_internal.h"

#define FILE_SIZE_MAX ((size_t)64 * 1024)
#define PLACE_MAX 320

typedef struct chosen {
    const char *text; /* NULL: none */
    cb_config_origin origin;
    uint32_t line; /* in the file */
} chosen;

typedef struct loader {
    cb_config_set *set;
    const cb_config_sources *sources;
    chosen values[CB_CONFIG_FIELDS_MAX];
    size_t file_size;
    char file[FILE_SIZE_MAX + 1];
} loader;

/* ---- fields of all parts by one index ---- */

static size_t fields_count(const cb_config_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->parts_count; i++) {
        count += set->parts[i].count;
    }
    CB_ASSERT(count <= CB_CONFIG_FIELDS_MAX);
    return count;
}

static const cb_config_field *field_at(const cb_config_set *set, size_t index, void **config)
{
    for (size_t i = 0; i < set->parts_count; i++) {
        if (index < set->parts[i].count) {
            *config = set->parts[i].config;
            return &set->parts[i].fields[index];
        }
        index -= set->parts[i].count;
    }
    cb_assert_fail("field index in range", __FILE__, __LINE__);
}

static const char *key_at(const cb_config_set *set, size_t index)
{
    void *config = NULL;
    return field_at(set, index, &config)->key;
}

static bool find_key(const cb_config_set *set, cb_strview key, size_t *out)
{
    const size_t count = fields_count(set);
    for (size_t i = 0; i < count; i++) {
        if (cb_sv_is(key, key_at(set, i))) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* Two fields with one key, or with keys that share an environment name, are our own mistake. */
static void check_keys(const cb_config_set *set)
{
    const size_t count = fields_count(set);
    for (size_t i = 0; i < count; i++) {
        char name[CB_CONFIG_ENV_MAX];
        cb_config_env_name(key_at(set, i), name);
        for (size_t j = 0; j < i; j++) {
            char other[CB_CONFIG_ENV_MAX];
            cb_config_env_name(key_at(set, j), other);
            CB_ASSERT(!cb_text_equal(name, other));
        }
    }
}

/* ---- sources ---- */

static void choose_defaults(loader *load)
{
    const size_t count = fields_count(load->set);
    for (size_t i = 0; i < count; i++) {
        void *config = NULL;
        const cb_config_field *field = field_at(load->set, i, &config);
        load->values[i] = (chosen){field->default_value, CB_CONFIG_FROM_DEFAULT, 0};
    }
}

static cb_status read_whole(loader *load, cb_err *err)
{
    const char *path = load->sources->file;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return CB_FAIL(err, CB_E_CONFIG, "configuration file %s: %s", path, strerror(errno));
    }
    ssize_t count = 0;
    while (load->file_size <= FILE_SIZE_MAX) {
        count = read(fd, load->file + load->file_size, sizeof(load->file) - load->file_size);
        if (count <= 0) {
            break;
        }
        load->file_size += (size_t)count;
    }
    CB_MAYBE(close(fd));
    if (count < 0) {
        return CB_FAIL(err, CB_E_CONFIG, "configuration file %s: %s", path, strerror(errno));
    }
    if (load->file_size > FILE_SIZE_MAX) {
        return CB_FAIL(err, CB_E_CONFIG, "configuration file %s exceeds 64 KiB", path);
    }
    if (memchr(load->file, '\0', load->file_size) != NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "configuration file %s holds a NUL byte", path);
    }
    load->file[load->file_size] = '\0';
    return CB_OK;
}

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL) {
        length--;
    }
    text[length] = '\0';
    return text;
}

static cb_status take_line(loader *load, char *line, uint32_t number, cb_err *err)
{
    const char *path = load->sources->file;
    line = trim(line);
    if (line[0] == '\0' || line[0] == '#') {
        return CB_OK;
    }
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "%s:%u: not of the form key = value", path, number);
    }
    *equals = '\0';
    const char *key = trim(line);
    size_t index = 0;
    if (!find_key(load->set, cb_sv_from(key), &index)) {
        return CB_FAIL(err, CB_E_CONFIG, "%s:%u: unknown key \"%.64s\"", path, number, key);
    }
    if (load->values[index].origin == CB_CONFIG_FROM_FILE) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "%s:%u: \"%s\" was already set in line %u",
            path,
            number,
            key,
            load->values[index].line);
    }
    load->values[index] = (chosen){trim(equals + 1), CB_CONFIG_FROM_FILE, number};
    return CB_OK;
}

static cb_status choose_file(loader *load, cb_err *err)
{
    if (load->sources->file == NULL) {
        return CB_OK;
    }
    cb_status status = read_whole(load, err);
    char *line = load->file;
    for (uint32_t number = 1; status == CB_OK && line != NULL; number++) {
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end = '\0';
        }
        status = take_line(load, line, number, err);
        line = end != NULL ? end + 1 : NULL;
    }
    return status;
}

static bool find_env(const cb_config_set *set, cb_strview name, size_t *out)
{
    const size_t count = fields_count(set);
    for (size_t i = 0; i < count; i++) {
        char expected[CB_CONFIG_ENV_MAX];
        cb_config_env_name(key_at(set, i), expected);
        if (cb_sv_is(name, expected)) {
            *out = i;
            return true;
        }
    }
    return false;
}

static cb_status choose_environment(loader *load, cb_err *err)
{
    char own[CB_CONFIG_ENV_MAX] = "";
    if (load->sources->service != NULL) {
        cb_config_env_name(load->sources->service, own);
    }
    const size_t own_size = strlen(own);
    for (char **entry = load->sources->envp; entry != NULL && *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');
        if (equals == NULL || strncmp(*entry, "CERBERUS_", 9) != 0) {
            continue;
        }
        const cb_strview name = {*entry, (size_t)(equals - *entry)};
        size_t index = 0;
        if (find_env(load->set, name, &index)) {
            load->values[index] = (chosen){equals + 1, CB_CONFIG_FROM_ENVIRONMENT, 0};
        } else if (own_size > 0 && strncmp(*entry, own, own_size) == 0 &&
                   (*entry)[own_size] == '_') {
            return CB_FAIL(err,
                CB_E_CONFIG,
                "environment: unknown key \"%.*s\"",
                (int)(name.size < 80 ? name.size : 80),
                name.at);
        }
    }
    return CB_OK;
}

static cb_status choose_flags(loader *load, cb_err *err)
{
    for (int i = 0; i < load->sources->argc; i++) {
        const char *flag = load->sources->argv[i];
        if (strncmp(flag, "--", 2) != 0) {
            return CB_FAIL(err, CB_E_CONFIG, "argument \"%.64s\" is not a flag", flag);
        }
        const char *equals = strchr(flag, '=');
        const size_t size = equals != NULL ? (size_t)(equals - flag) - 2 : strlen(flag) - 2;
        size_t index = 0;
        if (!find_key(load->set, (cb_strview){flag + 2, size}, &index)) {
            return CB_FAIL(err, CB_E_CONFIG, "flag: unknown key \"%.*s\"", (int)(size + 2), flag);
        }
        if (equals == NULL) {
            return CB_FAIL(err, CB_E_CONFIG, "flag --%s: write --%s=VALUE", flag + 2, flag + 2);
        }
        load->values[index] = (chosen){equals + 1, CB_CONFIG_FROM_FLAG, 0};
    }
    return CB_OK;
}

/* ---- parsing what was chosen ---- */

static void place_of(const loader *load, size_t index, char out[PLACE_MAX])
{
    char name[CB_CONFIG_ENV_MAX];
    switch (load->values[index].origin) {
    case CB_CONFIG_FROM_DEFAULT:
        (void)snprintf(out, PLACE_MAX, "default");
        return;
    case CB_CONFIG_FROM_FILE:
        (void)snprintf(out, PLACE_MAX, "%.250s:%u", load->sources->file, load->values[index].line);
        return;
    case CB_CONFIG_FROM_ENVIRONMENT:
        cb_config_env_name(key_at(load->set, index), name);
        (void)snprintf(out, PLACE_MAX, "environment %s", name);
        return;
    case CB_CONFIG_FROM_FLAG:
        (void)snprintf(out, PLACE_MAX, "flag --%s", key_at(load->set, index));
        return;
    }
}

static cb_status parse_chosen(loader *load, size_t index, cb_err *err)
{
    void *config = NULL;
    const cb_config_field *field = field_at(load->set, index, &config);
    const chosen *value = &load->values[index];
    if (value->text == NULL) {
        char name[CB_CONFIG_ENV_MAX];
        cb_config_env_name(field->key, name);
        return CB_FAIL(err,
            CB_E_CONFIG,
            "%s is required: set it in the file, as %s or as --%s=",
            field->key,
            name,
            field->key);
    }
    load->set->origins[index] = (uint8_t)value->origin;
    if (cb_config_value_set(field, value->text, config, err) != CB_OK) {
        char place[PLACE_MAX];
        place_of(load, index, place);
        if (err != NULL) {
            err->code = CB_E_CONFIG;
        }
        CB_MAYBE(cb_err_context(err, "%s (%s)", field->key, place) != CB_OK);
        return CB_E_CONFIG;
    }
    return CB_OK;
}

cb_status cb_config_set_load(cb_config_set *set, const cb_config_sources *sources, cb_err *err)
{
    CB_ASSERT(set->parts_count <= CB_CONFIG_PARTS_MAX);
    check_keys(set);
    loader *load = calloc(1, sizeof(*load));
    CB_ASSERT(load != NULL);
    load->set = set;
    load->sources = sources;
    choose_defaults(load);
    cb_status status = choose_file(load, err);
    if (status == CB_OK) {
        status = choose_environment(load, err);
    }
    if (status == CB_OK) {
        status = choose_flags(load, err);
    }
    const size_t count = fields_count(set);
    for (size_t i = 0; status == CB_OK && i < count; i++) {
        status = parse_chosen(load, i, err);
    }
    free(load);
    return status;
}

cb_status cb_config_load(const cb_config_field *fields,
    size_t count,
    void *config,
    const char *file,
    int argc,
    char **argv,
    char **envp,
    cb_err *err)
{
    cb_config_set set = {.parts = {{fields, count, config}}, .parts_count = 1};
    const cb_config_sources sources = {NULL, file, argc, argv, envp};
    return cb_config_set_load(&set, &sources, err);
}

/* ---- telling ---- */

/* Appends formatted text at *used, counting what does not fit. */
__attribute__((format(printf, 4, 5))) static void append(
    char *out, size_t capacity, size_t *used, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const size_t room = *used < capacity ? capacity - *used : 0;
    const int length = vsnprintf(room > 0 ? out + *used : NULL, room, format, args);
    va_end(args);
    CB_ASSERT(length >= 0);
    *used += (size_t)length;
}

size_t cb_config_set_print(const cb_config_set *set, char *out, size_t capacity)
{
    static const char *const ORIGINS[] = {"default", "file", "environment", "flag"};
    const size_t count = fields_count(set);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        void *config = NULL;
        const cb_config_field *field = field_at(set, i, &config);
        char value[CB_CONFIG_TEXT_MAX];
        cb_config_value_print(field, config, value, sizeof(value));
        append(
            out, capacity, &used, "%s = %s  # %s\n", field->key, value, ORIGINS[set->origins[i]]);
    }
    return used;
}

size_t cb_config_set_help(const cb_config_set *set, char *out, size_t capacity)
{
    const size_t count = fields_count(set);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        void *config = NULL;
        const cb_config_field *field = field_at(set, i, &config);
        char name[CB_CONFIG_ENV_MAX];
        cb_config_env_name(field->key, name);
        append(out, capacity, &used, "  --%s=  %s\n", field->key, field->help);
        append(out,
            capacity,
            &used,
            "      %s, %s, %s%s\n",
            name,
            field->kind == CB_CONFIG_CHOICE ? field->choices : cb_config_kind_name(field->kind),
            field->default_value == NULL ? "required" : "default ",
            field->default_value == NULL      ? ""
            : field->default_value[0] == '\0' ? "none"
                                              : field->default_value);
    }
    return used;
}

void cb_config_set_hash(const cb_config_set *set, uint8_t out[CB_CONFIG_HASH_SIZE])
{
    static const char EMPTY[1] = "";
    uint8_t chain[2 * CB_SHA256_SIZE] = {0};
    cb_sha256(EMPTY, 0, chain);
    const size_t count = fields_count(set);
    for (size_t i = 0; i < count; i++) {
        void *config = NULL;
        const cb_config_field *field = field_at(set, i, &config);
        char line[CB_CONFIG_TEXT_MAX + CB_CONFIG_KEY_MAX + 2];
        char value[CB_CONFIG_TEXT_MAX] = "";
        if (field->kind != CB_CONFIG_SECRET) {
            cb_config_value_print(field, config, value, sizeof(value));
        }
        const int length = snprintf(line, sizeof(line), "%s=%s\n", field->key, value);
        cb_sha256(line, (size_t)length, chain + CB_SHA256_SIZE);
        uint8_t next[CB_SHA256_SIZE];
        cb_sha256(chain, sizeof(chain), next);
        memcpy(chain, next, sizeof(next));
    }
    memcpy(out, chain, CB_CONFIG_HASH_SIZE);
}

void cb_config_set_release(cb_config_set *set)
{
    const size_t count = fields_count(set);
    for (size_t i = 0; i < count; i++) {
        void *config = NULL;
        const cb_config_field *field = field_at(set, i, &config);
        if (field->kind == CB_CONFIG_SECRET) {
            cb_wipe((char *)config + field->offset, CB_CONFIG_TEXT_MAX);
        }
    }
}

bool cb_config_list_item(const char *list, size_t index, char *out, size_t out_size)
{
    CB_ASSERT(out_size > 0);
    const char *at = list;
    for (size_t i = 0; i < index && at != NULL; i++) {
        const char *comma = strchr(at, ',');
        at = comma != NULL ? comma + 1 : NULL;
    }
    out[0] = '\0';
    if (at == NULL) {
        return false;
    }
    at += strspn(at, " ");
    size_t size = strcspn(at, ",");
    while (size > 0 && at[size - 1] == ' ') {
        size--;
    }
    return size > 0 && cb_text_copy(out, out_size, (cb_strview){at, size});
}
