/* Files of rules: read at the start, when they change, and at SIGHUP. A text that is in order is
 * fed to the core, which stores it with its version; one that is not is refused with the place of
 * its error, and what ran goes on running. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "base/timefmt.h"
#include "expr/expr.h"
#include "services/signals/signals_shell.h"

#define LOOK_PERIOD_NS (2 * CB_NS_PER_S)
#define WHY_MAX 1024

static cb_status read_all(int fd, char *out, size_t size, cb_err *err)
{
    size_t used = 0;
    while (used < size) {
        const ssize_t count = read(fd, out + used, size - used);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return CB_FAIL(err, CB_E_IO, "%s", strerror(errno));
        }
        if (count == 0) {
            break;
        }
        used += (size_t)count;
    }
    if (used == size) {
        return CB_FAIL(err, CB_E_FULL, "longer than %zu bytes", size - 1);
    }
    memset(out + used, 0, size - used);
    if (strlen(out) != used || used == 0) {
        return CB_FAIL(err, CB_E_SYNTAX, used == 0 ? "the file is empty" : "holds a NUL byte");
    }
    return CB_OK;
}

static cb_status read_file(const char *path, char *out, size_t size, cb_err *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return CB_FAIL(err, CB_E_IO, "%s", strerror(errno));
    }
    const cb_status status = read_all(fd, out, size, err);
    (void)close(fd);
    return status;
}

/* One line for the log: line ends become " | ". */
static void flatten(char *text)
{
    const size_t size = strlen(text);
    for (size_t i = 0; i < size; i++) {
        const bool is_last = i + 1 == size;
        text[i] = text[i] == '\n' ? (is_last ? '\0' : '|') : text[i];
    }
}

static void refuse(signals_rulebook *book, const char *file, char *why)
{
    flatten(why);
    cb_metric_add(book->refused, 1);
    CB_LOG(cb_shell_log(book->shell),
        CB_LOG_ERROR,
        "rules_refused",
        CB_KV("file", file),
        CB_KV("why", why));
}

static void take_file(signals_rulebook *book, signals_rules_file *file)
{
    char why[WHY_MAX];
    cb_err err = {0};
    signals_rules *rules = &book->rules;
    memset(rules, 0, sizeof *rules);
    memcpy(rules->file, file->path, sizeof rules->file);
    if (read_file(file->path, rules->text, sizeof rules->text, &err) != CB_OK) {
        cb_textbuf words = cb_textbuf_over(why, sizeof why);
        cb_textbuf_add(&words, err.text);
        refuse(book, file->path, why);
        return;
    }
    cb_sha256(rules->text, strlen(rules->text), rules->text_hash);
    if (file->is_taken && memcmp(file->hash, rules->text_hash, sizeof file->hash) == 0) {
        return;
    }
    const cb_status status = signals_rules_check(
        cb_shell_state(book->shell), rules, book->work, book->program, why, sizeof why);
    if (status != CB_OK) {
        refuse(book, file->path, why);
        return;
    }
    memcpy(file->hash, rules->text_hash, sizeof file->hash);
    file->is_taken = true;
    rules->loaded_ns = cb_shell_now_ns(book->shell);
    CB_LOG(cb_shell_log(book->shell), CB_LOG_INFO, "rules_taken", CB_KV("file", file->path));
    cb_shell_feed(book->shell, SIGNALS_EVENT_RULES, rules, sizeof *rules);
}

static bool has_changed(signals_rules_file *file)
{
    struct stat now;
    if (stat(file->path, &now) != 0) {
        return false; /* an editor may be about to put the new one in place */
    }
    const bool is_same = now.st_mtim.tv_sec == file->changed.tv_sec &&
                         now.st_mtim.tv_nsec == file->changed.tv_nsec &&
                         now.st_size == file->size && now.st_ino == file->inode;
    file->changed = now.st_mtim;
    file->size = now.st_size;
    file->inode = now.st_ino;
    return !is_same;
}

static void look(void *context)
{
    signals_rulebook *book = context;
    for (uint32_t i = 0; i < book->count; i++) {
        if (has_changed(&book->files[i])) {
            take_file(book, &book->files[i]);
        }
    }
}

void signals_rulebook_reload(signals_rulebook *book)
{
    for (uint32_t i = 0; i < book->count; i++) {
        (void)has_changed(&book->files[i]);
        take_file(book, &book->files[i]);
    }
}

void signals_rulebook_open(signals_rulebook *book, cb_shell *shell)
{
    const signals_config *config = cb_shell_config(shell);
    book->shell = shell;
    for (uint32_t i = 0; i < SIGNALS_RULES_MAX; i++) {
        const cb_strview path = signals_list_item(config->rules_files, i);
        if (path.size > 0) {
            signals_rules_file *file = &book->files[book->count++];
            const bool fits = cb_text_copy(file->path, sizeof file->path, path);
            CB_ASSERT(fits); /* signals_config_check has refused longer ones */
        }
    }
    if (book->count > 0) {
        book->work = malloc(cb_expr_work_size());
        book->program = malloc(cb_expr_program_size());
        CB_ASSERT(book->work != NULL && book->program != NULL);
    }
}

void signals_rulebook_start(signals_rulebook *book)
{
    book->refused = cb_counter(cb_shell_metrics(book->shell),
        "signals_rules_refused_total",
        "",
        "texts of rules that were refused");
    if (book->count == 0) {
        return;
    }
    signals_rulebook_reload(book);
    book->timer =
        cb_loop_timer(cb_shell_loop(book->shell), LOOK_PERIOD_NS, LOOK_PERIOD_NS, look, book);
}

void signals_rulebook_close(signals_rulebook *book)
{
    cb_timer_remove(book->timer);
    free(book->work);
    free(book->program);
}
