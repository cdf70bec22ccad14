/* A hand-written blocking client of the NATS text protocol: the floor that the bus wrapper is
 * measured against. No reconnects, no TLS, no headers; benchmarks only. */
#ifndef CB_RAW_NATS_H
#define CB_RAW_NATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_NATS_BUFFER_MAX ((size_t)1024 * 1024)
#define RAW_NATS_SUBJECT_MAX 128

typedef struct raw_nats {
    int fd;
    size_t used;  /* bytes in buffer */
    size_t taken; /* bytes already handed out */
    uint8_t *buffer;
} raw_nats;

typedef struct raw_nats_message {
    char subject[RAW_NATS_SUBJECT_MAX];
    uint8_t *bytes; /* [borrowed until the next call] */
    size_t size;
} raw_nats_message;

/** Connects to 127.0.0.1:port; user may be NULL. False with a message on stderr. */
bool raw_nats_open(raw_nats *self, uint16_t port, const char *user, const char *password);
void raw_nats_close(raw_nats *self);
bool raw_nats_subscribe(raw_nats *self, const char *subject, uint32_t sid);
bool raw_nats_publish(raw_nats *self, const char *subject, const void *bytes, size_t size);
/** Waits at most timeout_ms (-1: for ever); false on timeout or a broken connection. */
bool raw_nats_next(raw_nats *self, raw_nats_message *out, int timeout_ms);

#endif /* CB_RAW_NATS_H */
