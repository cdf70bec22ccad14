/* libFuzzer target: what strangers can send to the signer. Frames are refused or read within their
 * bounds and written back as the same bytes; payloads are refused, or put to known uses, and never
 * one that has a word of withdrawals in it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "venue/venue.h"
#include "wire/signer_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define USES_ALL 31U

static void need(bool claim)
{
    if (!claim) {
        abort();
    }
}

static void try_request(const uint8_t *bytes, size_t size)
{
    static uint8_t again[CB_SIGNER_FRAME_MAX];
    cb_signer_request request;
    size_t written = 0;
    if (cb_signer_get_request(bytes, size, &request, NULL) != CB_OK) {
        return;
    }
    const cb_status status = cb_signer_put_request(&request, again, sizeof(again), &written, NULL);
    need(status == CB_OK && written == size && memcmp(again, bytes, size) == 0);
}

static void try_reply(const uint8_t *bytes, size_t size)
{
    static uint8_t again[CB_SIGNER_FRAME_MAX];
    cb_signer_reply reply;
    size_t written = 0;
    if (cb_signer_get_reply(bytes, size, &reply, NULL) != CB_OK) {
        return;
    }
    const cb_status status = cb_signer_put_reply(&reply, again, sizeof(again), &written, NULL);
    need(status == CB_OK && written == size && memcmp(again, bytes, size) == 0);
}

static bool holds(const uint8_t *bytes, size_t size, const char *word)
{
    return memmem(bytes, size, word, strlen(word)) != NULL;
}

static void try_payload(const uint8_t *bytes, size_t size)
{
    cb_venue_recognized found;
    const cb_venue_ops *venue = cb_venue_find("binance");
    if (venue->recognize((cb_strview){(const char *)bytes, size}, &found, NULL) != CB_OK) {
        return;
    }
    need(found.uses != 0 && found.uses <= USES_ALL);
    need(found.window_ms <= 60000 && found.sign_ts_ns >= 0);
    need(!holds(bytes, size, "address=") && !holds(bytes, size, "amount="));
    need(!holds(bytes, size, "asset=") && !holds(bytes, size, "coin="));
}

static void try_permissions(const uint8_t *bytes, size_t size)
{
    cb_venue_permissions rights;
    const cb_venue_ops *venue = cb_venue_find("binance");
    if (venue->parse_permissions((cb_strview){(const char *)bytes, size}, &rights, NULL) == CB_OK) {
        need(holds(bytes, size, "enableWithdrawals"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    try_request(bytes, size);
    try_reply(bytes, size);
    try_payload(bytes, size);
    try_permissions(bytes, size);
    return 0;
}
