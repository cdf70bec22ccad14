/* What the guardian did, a line each, on disk before it goes on: there may be no database and no
 * bus when it acts, and nobody else who saw it. Rotated once at 4 MiB. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strview.h"
#include "base/timefmt.h"
#include "services/guardian/guardian_shell.h"

#define LINE_MAX_SIZE 512
#define FILE_SIZE_MAX ((off_t)4 * 1024 * 1024)

struct guardian_journal {
    char path[CB_CONFIG_TEXT_MAX];
    int fd;
};

static cb_status open_file(guardian_journal *journal, cb_err *err)
{
    journal->fd = open(journal->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return journal->fd >= 0
               ? CB_OK
               : CB_FAIL(err, CB_E_IO, "guard.journal %s: %s", journal->path, strerror(errno));
}

guardian_journal *guardian_journal_open(const char *path, cb_err *err)
{
    guardian_journal *journal = calloc(1, sizeof(*journal));
    CB_ASSERT(journal != NULL);
    CB_ASSERT(cb_text_copy(journal->path, sizeof(journal->path), cb_sv_from(path)));
    if (open_file(journal, err) != CB_OK) {
        free(journal);
        return NULL;
    }
    return journal;
}

static void rotate(guardian_journal *journal)
{
    char old[CB_CONFIG_TEXT_MAX + 8];
    struct stat info;
    if (fstat(journal->fd, &info) != 0 || info.st_size < FILE_SIZE_MAX) {
        return;
    }
    CB_MAYBE(snprintf(old, sizeof(old), "%s.1", journal->path));
    if (rename(journal->path, old) == 0) {
        CB_MAYBE(close(journal->fd));
        CB_MAYBE(open_file(journal, NULL));
    }
}

cb_status guardian_journal_write(
    guardian_journal *journal, const char *event, const char *detail, cb_err *err)
{
    char line[LINE_MAX_SIZE];
    char now[CB_TIME_TEXT_MAX];
    rotate(journal);
    CB_MAYBE(cb_time_print(cb_wall_ns(), 6, now));
    const int size = snprintf(line, sizeof(line), "%s %s %s\n", now, event, detail);
    CB_ASSERT(size > 0 && (size_t)size < sizeof(line));
    if (write(journal->fd, line, (size_t)size) != (ssize_t)size || fdatasync(journal->fd) != 0) {
        return CB_FAIL(err, CB_E_IO, "guard.journal %s: %s", journal->path, strerror(errno));
    }
    return CB_OK;
}

void guardian_journal_close(guardian_journal *journal)
{
    if (journal == NULL) {
        return;
    }
    CB_MAYBE(close(journal->fd));
    free(journal);
}
