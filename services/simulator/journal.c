/* The journal: one JSON line for each request, answer and message, with wall and market time. It is
 * written before an answer leaves. When the disk refuses it, orders are refused too, because an
 * order without its line could not be accounted for; what is read goes on being served. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/timefmt.h"
#include "services/simulator/simulator.h"

#define BUFFER_SIZE ((size_t)16 * 1024 * 1024) /* holds lines while the disk refuses them */
#define LINE_ROOM ((size_t)9 * 1024 * 1024)    /* the longest line: a whole answer, escaped */
#define RETRY_NS CB_NS_PER_S

struct sim_journal {
    int fd;
    char path[600];
    char *buffer; /* [owned] */
    size_t used;  /* bytes that wait */
    uint64_t lost_count;
    uint64_t lines_count;
    uint64_t digest;    /* over what does not depend on the wall clock */
    size_t digest_from; /* where that begins in the line that is being written */
    bool is_digested;
    int64_t refused_mono_ns; /* when the disk refused last, 0 = it works */
};

cb_status sim_journal_open(simulator *self, const char *dir, cb_err *err)
{
    if (dir[0] == '\0') {
        return CB_OK;
    }
    sim_journal *journal = calloc(1, sizeof(*journal));
    CB_ASSERT(journal != NULL);
    journal->fd = -1;
    journal->digest = CB_HASH_SEED;
    self->journal = journal;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return CB_FAIL(err, CB_E_IO, "journal.dir %s: %s", dir, strerror(errno));
    }
    (void)snprintf(journal->path,
        sizeof(journal->path),
        "%s/exchange-%lld.jsonl",
        dir,
        (long long)cb_wall_ns());
    journal->fd = open(journal->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (journal->fd < 0) {
        return CB_FAIL(err, CB_E_IO, "journal %s: %s", journal->path, strerror(errno));
    }
    journal->buffer = malloc(BUFFER_SIZE);
    CB_ASSERT(journal->buffer != NULL);
    CB_LOG(self->log, CB_LOG_INFO, "journal_opened", CB_KV("file", journal->path));
    return CB_OK;
}

/* Writes what waits. A partly written line stays in the buffer from where it broke. */
static bool flush(simulator *self)
{
    sim_journal *journal = self->journal;
    size_t done = 0;
    while (done < journal->used) {
        const ssize_t size = write(journal->fd, journal->buffer + done, journal->used - done);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size <= 0) {
            break;
        }
        done += (size_t)size;
    }
    const int error = errno;
    memmove(journal->buffer, journal->buffer + done, journal->used - done);
    journal->used -= done;
    if (journal->used > 0 && journal->refused_mono_ns == 0) {
        CB_LOG(self->log,
            CB_LOG_ERROR,
            "journal_failed",
            CB_KV("file", journal->path),
            CB_KV("error", strerror(error)),
            CB_KV("effect", "no orders are taken"));
    }
    if (journal->used == 0 && journal->refused_mono_ns != 0) {
        CB_LOG(self->log,
            CB_LOG_INFO,
            "journal_works_again",
            CB_KI("lost_lines", journal->lost_count));
    }
    journal->refused_mono_ns = journal->used > 0 ? cb_mono_ns() : 0;
    self->api->is_closed = journal->used > 0;
    return journal->used == 0;
}

void sim_journal_close(simulator *self)
{
    sim_journal *journal = self->journal;
    if (journal == NULL) {
        return;
    }
    if (journal->fd >= 0) {
        if (journal->buffer != NULL) {
            (void)flush(self);
        }
        (void)fsync(journal->fd);
        (void)close(journal->fd);
    }
    free(journal->buffer);
    free(journal);
    self->journal = NULL;
}

bool sim_journal_begin(simulator *self, const char *kind, sim_json *line)
{
    sim_journal *journal = self->journal;
    if (journal == NULL) {
        return false;
    }
    if (BUFFER_SIZE - journal->used < LINE_ROOM) {
        journal->lost_count++;
        return false;
    }
    *line = sim_json_over(journal->buffer + journal->used, BUFFER_SIZE - journal->used - 1);
    sim_json_open(line, '{');
    sim_json_put_u64(line, "n", journal->lines_count + 1);
    sim_json_put_i64(line, "wall_ns", cb_wall_ns());
    journal->digest_from = line->used;
    journal->is_digested = strcmp(kind, "wire") != 0 && strcmp(kind, "control") != 0;
    sim_json_put_i64(line, "market_ns", self->sim->now_ns);
    sim_json_put_text(line, "kind", kind);
    return true;
}

bool sim_journal_end(simulator *self, sim_json *line)
{
    sim_journal *journal = self->journal;
    sim_json_close(line, '}');
    CB_ASSERT(!line->is_full);
    if (journal->is_digested) {
        journal->digest = cb_hash_bytes(
            journal->digest, line->out + journal->digest_from, line->used - journal->digest_from);
    }
    journal->used += line->used;
    journal->buffer[journal->used] = '\n';
    journal->used++;
    journal->lines_count++;
    if (journal->refused_mono_ns != 0 && cb_mono_ns() - journal->refused_mono_ns < RETRY_NS) {
        return false;
    }
    return flush(self);
}

/* Text that may hold anything: bodies are cut where a line would not hold them. */
void sim_journal_put(sim_json *line, const char *key, const char *text, size_t size)
{
    sim_json_key(line, key);
    if (size > SIM_BODY_SIZE / 4) {
        sim_json_text(line, "(too long for the journal)");
        return;
    }
    CB_ASSERT(text[size] == '\0');
    sim_json_text(line, text);
}

bool sim_journal_request(
    simulator *self, uint64_t number, const cb_server_request *request, const char *key)
{
    sim_json line;
    if (self->journal == NULL) {
        return true;
    }
    const bool is_control =
        strncmp(request->path, "/sim/", 5) == 0 || strncmp(request->path, "/control/", 9) == 0;
    if (!sim_journal_begin(self, is_control ? "control" : "request", &line)) {
        return false;
    }
    sim_json_put_u64(&line, "number", number);
    sim_json_put_text(&line, "client", request->client);
    sim_json_put_text(&line, "method", request->method);
    sim_json_put_text(&line, "path", request->path);
    sim_json_put_text(&line, "query", request->query);
    /* These two bring secrets of keys, which belong into no file. */
    const bool is_secret =
        strcmp(request->path, "/sim/keys") == 0 || strcmp(request->path, "/sim/accounts") == 0;
    sim_journal_put(
        &line, "body", is_secret ? "" : request->body, is_secret ? 0 : request->body_size);
    sim_json_put_text(&line, "key", key);
    return sim_journal_end(self, &line);
}

void sim_journal_answer(simulator *self, uint64_t number, int status, const char *body, size_t size)
{
    sim_json line;
    if (self->journal == NULL || !sim_journal_begin(self, "answer", &line)) {
        return;
    }
    sim_json_put_u64(&line, "number", number);
    sim_json_put_i64(&line, "status", status);
    sim_journal_put(&line, "body", body, size);
    (void)sim_journal_end(self, &line);
}

bool sim_journal_ws(simulator *self, const char *what, uint64_t conn, const char *text, size_t size)
{
    sim_json line;
    if (self->journal == NULL) {
        return true;
    }
    if (!sim_journal_begin(self, what, &line)) {
        return false;
    }
    sim_json_put_u64(&line, "conn", conn);
    sim_journal_put(&line, "text", text, size);
    return sim_journal_end(self, &line);
}

sim_journal_summary sim_journal_sum(const simulator *self)
{
    const sim_journal *journal = self->journal;
    if (journal == NULL) {
        return (sim_journal_summary){.path = ""};
    }
    return (sim_journal_summary){
        .lines_count = journal->lines_count,
        .lost_count = journal->lost_count,
        .digest = journal->digest,
        .path = journal->path,
    };
}
