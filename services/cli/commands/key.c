/* cerberus key: exchange keys in the signer. The API key and its secret come from standard input or
 * a file, two lines, never from the command line, where every process could read them. There is no
 * way to read a secret back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/mac.h"
#include "base/strview.h"
#include "services/cli/signer_link.h"

#define LINES_SIZE ((size_t)2 * CB_SIGNER_KEY_MAX + 8)

static const cli_column columns[] = {{"ACCOUNT", "account", CLI_LEFT},
    {"VENUE", "venue", CLI_LEFT},
    {"PURPOSE", "purpose", CLI_LEFT},
    {"VERSION", "version", CLI_RIGHT},
    {"KEY", "key", CLI_LEFT},
    {"ADDED", "added_ns", CLI_LEFT},
    {"CHECKED", "checked_ns", CLI_LEFT},
    {"STATE", "state", CLI_LEFT}};

/* ---- which key ---- */

static bool take_name(cli *self, const char *option, const char *fallback, char *out, size_t size)
{
    const char *value = cli_option(self, option);
    value = value != NULL ? value : fallback;
    if (value == NULL || !cb_text_copy(out, size, cb_sv_from(value))) {
        (void)fprintf(stderr, "cerberus key: %s is missing or too long\n", option);
        return false;
    }
    return true;
}

static bool take_which(cli *self, cb_signer_request *request)
{
    if (!take_name(self, "--account", NULL, request->account, sizeof request->account) ||
        !take_name(self, "--venue", "binance", request->venue, sizeof request->venue)) {
        return false;
    }
    const char *purpose = cli_option(self, "--purpose");
    if (purpose == NULL || !cb_key_purpose_parse(purpose, &request->purpose)) {
        (void)fprintf(stderr, "cerberus key: --purpose is trade, read or cancel\n");
        return false;
    }
    return true;
}

/* ---- the secret ---- */

static bool take_line(const char **at, char *out, size_t size)
{
    size_t length = strcspn(*at, "\r\n");
    const char *next = *at + length;
    while (length > 0 && (*at)[length - 1] == ' ') {
        length--;
    }
    const bool is_kept = length > 0 && cb_text_copy(out, size, (cb_strview){*at, length});
    *at = next + strspn(next, "\r\n");
    return is_kept;
}

/* Straight from the descriptor: no stdio buffer keeps a copy. */
static bool read_lines(int fd, char *out, size_t size)
{
    size_t used = 0;
    while (used < size - 1) {
        const ssize_t count = read(fd, out + used, size - 1 - used);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return false;
        }
        const char *end = memchr(out, '\n', used);
        used += (size_t)count;
        out[used] = '\0';
        /* a terminal gives line by line: the second one is the last */
        if (count == 0 || (end != NULL && memchr(end + 1, '\n', used - (size_t)(end + 1 - out)))) {
            break;
        }
    }
    out[used] = '\0';
    return true;
}

static bool read_from_terminal(char *out, size_t size)
{
    struct termios before;
    if (tcgetattr(STDIN_FILENO, &before) != 0) {
        return false;
    }
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)fprintf(stderr, "API key, Enter, secret, Enter (nothing is shown): ");
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    const bool is_read = read_lines(STDIN_FILENO, out, size);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    (void)fprintf(stderr, "\n");
    return is_read;
}

static bool read_source(const char *path, char *out, size_t size)
{
    struct stat info;
    if (path == NULL) {
        return isatty(STDIN_FILENO) == 1 ? read_from_terminal(out, size)
                                         : read_lines(STDIN_FILENO, out, size);
    }
    FILE *file = fopen(path, "re");
    if (file == NULL || fstat(fileno(file), &info) != 0 || (info.st_mode & 0077U) != 0) {
        (void)fprintf(stderr,
            "cerberus key: %s: %s\n",
            path,
            file == NULL ? strerror(errno) /* NOLINT(concurrency-mt-unsafe) */
                         : "others may read it: chmod 600");
        if (file != NULL) {
            (void)fclose(file);
        }
        return false;
    }
    const bool is_read = read_lines(fileno(file), out, size);
    (void)fclose(file);
    return is_read;
}

static bool take_secret(const char *path, cb_signer_request *request)
{
    char lines[LINES_SIZE];
    const struct rlimit no_core = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)mlock(lines, sizeof lines);
    const bool is_read = read_source(path, lines, sizeof lines);
    const char *at = lines;
    const bool is_kept = is_read && take_line(&at, request->api_key, sizeof request->api_key) &&
                         take_line(&at, request->api_secret, sizeof request->api_secret) &&
                         *at == '\0';
    cb_wipe(lines, sizeof lines);
    if (is_read && !is_kept) {
        (void)fprintf(stderr, "cerberus key: two lines are wanted: the API key, then its secret\n");
    }
    return is_kept;
}

/* ---- the words of the command ---- */

static int add(cli *self, const char *socket_path)
{
    cb_signer_request request = {.op = CB_SIGNER_ADD};
    cb_signer_reply reply = {.id = 0};
    uint8_t frame[CB_SIGNER_FRAME_MAX];
    const char *file = cli_option(self, "--file");
    if (!take_which(self, &request)) {
        return CLI_USAGE;
    }
    if (cli_positional(self) != NULL) {
        /* It is not repeated: it may be the secret. */
        (void)fprintf(stderr, "cerberus key: a secret never stands on the command line\n");
        return CLI_USAGE;
    }
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    int code = CLI_USAGE;
    if (take_secret(file, &request)) {
        code = cli_ask_signer(self, socket_path, &request, frame, &reply);
    }
    if (code == CLI_OK) {
        (void)printf("key kept: %s at %s for %s, %.*s\n",
            request.account,
            request.venue,
            cb_key_purpose_name(request.purpose),
            (int)reply.text_size,
            reply.text);
    }
    cb_wipe(&request, sizeof request);
    return code;
}

static int remove_key(cli *self, const char *socket_path)
{
    cb_signer_request request = {.op = CB_SIGNER_REMOVE};
    cb_signer_reply reply = {.id = 0};
    uint8_t frame[CB_SIGNER_FRAME_MAX];
    if (!take_which(self, &request) || !cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    const int code = cli_ask_signer(self, socket_path, &request, frame, &reply);
    if (code == CLI_OK) {
        (void)printf("key removed\n");
    }
    return code;
}

static int rotate(cli *self, const char *socket_path)
{
    cb_signer_request request = {.op = CB_SIGNER_ROTATE};
    cb_signer_reply reply = {.id = 0};
    uint8_t frame[CB_SIGNER_FRAME_MAX];
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    const int code = cli_ask_signer(self, socket_path, &request, frame, &reply);
    if (code == CLI_OK) {
        (void)printf(
            "all keys are wrapped by the new KEK %.*s\n", (int)reply.text_size, reply.text);
    }
    return code;
}

/* One value of a line that ends at a tab or at its end. */
static json_t *take_value(const char **at, const char *end, const char *name)
{
    const char *tab = memchr(*at, '\t', (size_t)(end - *at));
    const char *stop = tab != NULL ? tab : end;
    const cb_strview text = {*at, (size_t)(stop - *at)};
    const size_t name_size = strlen(name);
    uint64_t number = 0;
    *at = tab != NULL ? tab + 1 : end;
    const bool is_number =
        strcmp(name, "version") == 0 || (name_size > 3 && strcmp(name + name_size - 3, "_ns") == 0);
    if (is_number && cb_u64_parse(text, (uint64_t)INT64_MAX, &number)) {
        return json_integer((json_int_t)number);
    }
    return json_stringn(text.at, text.size);
}

static json_t *rows_of(const cb_signer_reply *reply)
{
    json_t *rows = json_array();
    const char *at = reply->text;
    const char *end = at + reply->text_size;
    const char *line_end = memchr(at, '\n', reply->text_size);
    for (at = line_end == NULL ? end : line_end + 1; at < end;) {
        json_t *row = json_object();
        line_end = memchr(at, '\n', (size_t)(end - at));
        const char *stop = line_end != NULL ? line_end : end;
        for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
            (void)json_object_set_new(row, columns[i].key, take_value(&at, stop, columns[i].key));
        }
        (void)json_array_append_new(rows, row);
        at = line_end != NULL ? line_end + 1 : end;
    }
    return rows;
}

static int list(cli *self, const char *socket_path)
{
    cb_signer_request request = {.op = CB_SIGNER_LIST};
    cb_signer_reply reply = {.id = 0};
    uint8_t frame[CB_SIGNER_FRAME_MAX];
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    const int code = cli_ask_signer(self, socket_path, &request, frame, &reply);
    if (code != CLI_OK) {
        return code;
    }
    json_t *rows = rows_of(&reply);
    if (self->output == CLI_JSON) {
        cli_print_json(rows);
    } else {
        cli_print_rows(rows, columns, sizeof columns / sizeof columns[0]);
    }
    json_decref(rows);
    return CLI_OK;
}

static int run(cli *self)
{
    static const struct {
        const char *word;
        int (*fn)(cli *self, const char *socket_path);
    } words[] = {{"add", add}, {"list", list}, {"remove", remove_key}, {"rotate", rotate}};
    const char *socket_path = cli_option(self, "--socket");
    const char *word = cli_positional(self);
    for (size_t i = 0; word != NULL && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i].word) == 0) {
            return words[i].fn(self, socket_path);
        }
    }
    (void)fprintf(stderr, "cerberus key: add, list, remove or rotate\n");
    return CLI_USAGE;
}

const cli_command cli_command_key = {"key",
    "add|remove --account A --purpose trade|read|cancel [--venue V] [--file F] | list | rotate "
    "[--socket PATH]",
    "exchange keys in the signer; the key and its secret come as two lines on standard input or in "
    "a file",
    "  cerberus key add --account main --purpose trade < two-lines\n"
    "  cerberus key list\n"
    "  cerberus key rotate\n",
    run};
