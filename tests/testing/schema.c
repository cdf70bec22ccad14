/* Reads the files of a migrations folder in their order, as the build embeds them. */
#include "tests/testing/schema.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rt/migrate.h"

#define MIGRATIONS_MAX 64
#define NAME_SIZE 96
#define SQL_FILE_MAX ((size_t)256 * 1024)

typedef struct folder {
    size_t count;
    char names[MIGRATIONS_MAX][NAME_SIZE];
    char *texts[MIGRATIONS_MAX]; /* [owned] */
} folder;

static int is_sql(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && strcmp(dot, ".sql") == 0;
}

static char *read_sql(const char *path, const char *file)
{
    char whole[512];
    (void)snprintf(whole, sizeof(whole), "%.200s/%.200s", path, file);
    FILE *in = fopen(whole, "rb");
    assert_non_null(in);
    char *text = calloc(1, SQL_FILE_MAX);
    assert_non_null(text);
    assert_true(fread(text, 1, SQL_FILE_MAX - 1, in) > 0);
    (void)fclose(in);
    return text;
}

static bool read_folder(const char *path, folder *out)
{
    struct dirent **files = NULL;
    const int count = scandir(path, &files, is_sql, alphasort);
    if (count <= 0) {
        return false; /* a service without a schema */
    }
    assert_true(count <= MIGRATIONS_MAX);
    out->count = (size_t)count;
    for (size_t i = 0; i < out->count; i++) {
        const char *file = files[i]->d_name;
        (void)snprintf(out->names[i], NAME_SIZE, "%.*s", (int)strlen(file) - 4, file);
        out->texts[i] = read_sql(path, file);
        free(files[i]);
    }
    free(files);
    return true;
}

bool schema_make(const stack *env, const char *service)
{
    char path[128];
    char role[64];
    char dsn[512];
    folder found = {0};
    cb_migration migrations[MIGRATIONS_MAX];
    (void)snprintf(path, sizeof(path), "services/%.31s/migrations", service);
    if (!read_folder(path, &found)) {
        return false;
    }
    for (size_t i = 0; i < found.count; i++) {
        migrations[i] = (cb_migration){found.names[i], found.texts[i]};
    }
    stack_add_service(env, service);
    (void)snprintf(role, sizeof(role), "%.31s_owner", service);
    stack_dsn(env, role, dsn, sizeof(dsn));
    cb_err err = {0};
    if (cb_migrate(dsn, service, service, migrations, found.count, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    for (size_t i = 0; i < found.count; i++) {
        free(found.texts[i]);
    }
    return true;
}
