/* Any bytes as any message: decoding never harms, and what it accepts is encoded to bytes that
 * decode to the same body (the first byte chooses the message). JSON is made of it too. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool claim)
{
    if (!claim) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(16) uint8_t body[CB_MSG_SIZE_MAX];
    static _Alignas(16) uint8_t back[CB_MSG_SIZE_MAX];
    static uint8_t wire[64 * 1024];
    static char json[1024 * 1024];
    if (size == 0) {
        return 0;
    }
    const cb_desc *desc = cb_msg_desc((cb_msg_id)(1 + data[0] % (CB_MSG_COUNT - 1)));
    cb_err err;
    if (cb_decode(desc, data + 1, size - 1, body, &err) != CB_OK) {
        require(strncmp(err.text, "decode ", 7) == 0);
        return 0;
    }
    size_t wire_size = 0;
    require(cb_encode(desc, body, wire, sizeof(wire), &wire_size, &err) == CB_OK);
    require(cb_decode(desc, wire, wire_size, back, &err) == CB_OK);
    require(memcmp(body, back, desc->size) == 0);
    require(cb_body_to_json(desc, body, json, sizeof(json)) > 0);
    return 0;
}
