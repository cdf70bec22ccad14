/* The newest epoch, remembered outside of the database: a database that was set back to a backup
 * would give epochs, and with them ids, a second time. Who finds the file ahead of the database
 * goes on behind the file and says so; what that means for money is the service's matter. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/strview.h"
#include "rt/service_internal.h"

#define TEXT_MAX 32

static bool print_path(const cb_shell *shell, const char *suffix, char *out, size_t size)
{
    const int length = snprintf(out,
        size,
        "%s/%s-%s.epoch%s",
        shell->config.journal_dir,
        shell->service->name,
        shell->config.instance,
        suffix);
    return shell->config.journal_dir[0] != '\0' && length > 0 && (size_t)length < size;
}

uint64_t rt_epoch_floor(const cb_shell *shell)
{
    char path[3 * CB_CONFIG_TEXT_MAX];
    char text[TEXT_MAX] = "";
    uint64_t floor = 0;
    if (!print_path(shell, "", path, sizeof(path))) {
        return 0;
    }
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return 0; /* the first start here */
    }
    const ssize_t size = read(fd, text, sizeof(text) - 1);
    CB_MAYBE(close(fd));
    const size_t digits = strspn(text, "0123456789");
    if (size <= 0 || !cb_u64_parse((cb_strview){text, digits}, INT64_MAX, &floor)) {
        CB_LOG(shell->log, CB_LOG_WARN, "epoch_file_unreadable", CB_KV("file", path));
        return 0;
    }
    return floor;
}

/* Whole or not at all: written beside it and renamed. A file that cannot be written only costs the
 * notice. */
void rt_epoch_remember(const cb_shell *shell)
{
    char path[3 * CB_CONFIG_TEXT_MAX];
    char beside[3 * CB_CONFIG_TEXT_MAX];
    char text[TEXT_MAX];
    if (!print_path(shell, "", path, sizeof(path)) ||
        !print_path(shell, ".new", beside, sizeof(beside))) {
        return;
    }
    const int length = snprintf(text, sizeof(text), "%" PRIu64 "\n", shell->epoch);
    const int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool is_written =
        fd >= 0 && write(fd, text, (size_t)length) == (ssize_t)length && fsync(fd) == 0;
    if (fd >= 0) {
        CB_MAYBE(close(fd));
    }
    if (!is_written || rename(beside, path) != 0) {
        CB_LOG(shell->log,
            CB_LOG_WARN,
            "epoch_file_not_written",
            CB_KV("file", path),
            CB_KV("error", strerror(errno)));
    }
}
