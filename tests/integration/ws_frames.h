/* WebSocket frames written and read by hand, to hold both ends to RFC 6455. */
#ifndef TESTS_WS_FRAMES_H
#define TESTS_WS_FRAMES_H

#include <stdint.h>
#include <string.h>

#define WS_CONTINUATION 0x0
#define WS_TEXT 0x1
#define WS_BINARY 0x2
#define WS_CLOSE 0x8
#define WS_PING 0x9
#define WS_PONG 0xa
#define WS_FIN 0x80

typedef struct ws_frame {
    uint8_t first; /* FIN, reserved bits, opcode */
    uint8_t is_masked;
    const char *payload;
    uint64_t size;
    size_t total; /* with its header */
} ws_frame;

/* Returns the bytes written; masked as a client must, or plain as a server does. */
static inline size_t ws_put(
    char *out, uint8_t first, int is_masked, const void *payload, size_t size)
{
    uint8_t *at = (uint8_t *)out;
    const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    *at++ = first;
    const uint8_t bit = is_masked ? 0x80 : 0;
    if (size < 126) {
        *at++ = (uint8_t)(bit | size);
    } else if (size < 65536) {
        *at++ = bit | 126;
        *at++ = (uint8_t)(size >> 8);
        *at++ = (uint8_t)size;
    } else {
        *at++ = bit | 127;
        for (int i = 7; i >= 0; i--) {
            *at++ = (uint8_t)((uint64_t)size >> (8 * i));
        }
    }
    if (is_masked) {
        memcpy(at, mask, 4);
        at += 4;
    }
    for (size_t i = 0; i < size; i++) {
        *at++ = (uint8_t)(((const uint8_t *)payload)[i] ^ (is_masked ? mask[i % 4] : 0));
    }
    return (size_t)(at - (uint8_t *)out);
}

/* Reads a frame in place (unmasking it); 0 when it is not complete. */
static inline int ws_get(char *bytes, size_t size, ws_frame *frame)
{
    uint8_t *at = (uint8_t *)bytes;
    if (size < 2) {
        return 0;
    }
    frame->first = at[0];
    frame->is_masked = at[1] >> 7;
    frame->size = at[1] & 0x7f;
    size_t head = 2;
    const size_t more = frame->size == 126 ? 2 : frame->size == 127 ? 8 : 0;
    if (size < head + more + (frame->is_masked ? 4U : 0U)) {
        return 0;
    }
    if (more > 0) {
        frame->size = 0;
        for (size_t i = 0; i < more; i++) {
            frame->size = frame->size << 8 | at[2 + i];
        }
        head += more;
    }
    const uint8_t *mask = at + head;
    head += frame->is_masked ? 4 : 0;
    if (size - head < frame->size) {
        return 0;
    }
    for (uint64_t i = 0; frame->is_masked && i < frame->size; i++) {
        at[head + i] ^= mask[i % 4];
    }
    frame->payload = bytes + head;
    frame->total = head + (size_t)frame->size;
    return 1;
}

#endif /* TESTS_WS_FRAMES_H */
