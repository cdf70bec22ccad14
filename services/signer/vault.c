/* Keys in guarded memory. A change is made on a copy of the sealed file, written, and only then
 * taken over: when the disk fails nothing has changed.
 *
 * The pages that hold secrets cannot be read or written except between open_pages and close_pages;
 * the duty thread is the only one that opens them. */
#include "services/signer/signer.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/strview.h"
#include "base/textbuf.h"

#define STACK_WIPED ((size_t)16384) /* deeper than any signature goes */
#define NEXT_SIZE (CB_CONFIG_TEXT_MAX + 8)

static void open_pages(const signer_vault *vault)
{
    const int rc = sodium_mprotect_readwrite(vault->guarded);
    CB_ASSERT(rc == 0);
}

static void close_pages(const signer_vault *vault)
{
    sodium_stackzero(STACK_WIPED);
    const int rc = sodium_mprotect_noaccess(vault->guarded);
    CB_ASSERT(rc == 0);
}

/* ---- opening ---- */

static cb_status allocate(signer_vault *vault, cb_err *err)
{
    vault->guarded = sodium_malloc(sizeof(*vault->guarded));
    if (vault->guarded == NULL) {
        return CB_FAIL(err, CB_E_IO, "no guarded memory: %s", strerror(errno));
    }
    /* sodium_malloc locks too, but does not say when it could not. */
    if (sodium_mlock(vault->guarded, sizeof(*vault->guarded)) != 0) {
        return CB_FAIL(err,
            CB_E_IO,
            "cannot lock %zu bytes into memory: %s (raise RLIMIT_MEMLOCK)",
            sizeof(*vault->guarded),
            strerror(errno));
    }
    memset(vault->guarded, 0, sizeof(*vault->guarded));
    return CB_OK;
}

static void name_next(const signer_vault *vault, char out[NEXT_SIZE])
{
    (void)snprintf(out, NEXT_SIZE, "%s.next", vault->config->kek_file);
}

/* A rotation that was cut off after the key file and before the KEK's own rename leaves the KEK
 * that is wanted as FILE.next. */
static cb_status take_next_kek(
    signer_vault *vault, const uint8_t wanted[SIGNER_KEK_ID_SIZE], cb_err *err)
{
    char next[NEXT_SIZE];
    uint8_t id[SIGNER_KEK_ID_SIZE];
    signer_guarded *guarded = vault->guarded;
    CB_ASSERT(guarded != NULL);
    name_next(vault, next);
    cb_err ignored = {0};
    if (signer_kek_read(next, guarded->next_kek, &ignored) != CB_OK) {
        return CB_FAIL(err,
            CB_E_AUTH,
            "the key file is wrapped by another KEK than %s",
            vault->config->kek_file);
    }
    signer_kek_id(guarded->next_kek, id);
    if (memcmp(id, wanted, sizeof(id)) != 0) {
        cb_wipe(guarded->next_kek, sizeof(guarded->next_kek));
        return CB_FAIL(err,
            CB_E_AUTH,
            "the key file is wrapped by another KEK than %s or %s",
            vault->config->kek_file,
            next);
    }
    memcpy(guarded->kek, guarded->next_kek, sizeof(guarded->kek));
    cb_wipe(guarded->next_kek, sizeof(guarded->next_kek));
    return signer_file_move(next, vault->config->kek_file, err);
}

static cb_status unseal_all(signer_vault *vault, cb_err *err)
{
    for (uint32_t i = 0; i < vault->file.rows_count; i++) {
        const cb_status status = signer_unseal(
            &vault->file.rows[i], vault->guarded->kek, &vault->guarded->secrets[i], err);
        if (status != CB_OK) {
            return status;
        }
    }
    return CB_OK;
}

static cb_status read_file(signer_vault *vault, cb_err *err)
{
    static const signer_file EMPTY = {.next_version = 1};
    uint8_t bytes[SIGNER_FILE_MAX];
    uint8_t wanted[SIGNER_KEK_ID_SIZE];
    uint8_t ours[SIGNER_KEK_ID_SIZE];
    size_t size = 0;
    cb_status status =
        signer_storage_read(vault->config->key_file, bytes, sizeof(bytes), &size, err);
    if (status != CB_OK) {
        return status;
    }
    if (size == 0) {
        vault->file = EMPTY;
        return CB_OK;
    }
    status = signer_file_kek(bytes, size, wanted, err);
    signer_kek_id(vault->guarded->kek, ours);
    if (status == CB_OK && memcmp(wanted, ours, sizeof(ours)) != 0) {
        status = take_next_kek(vault, wanted, err);
    }
    if (status == CB_OK) {
        status = signer_file_get(bytes, size, vault->guarded->kek, &vault->file, err);
    }
    return status == CB_OK ? unseal_all(vault, err) : status;
}

static void set_caps(signer_vault *vault, uint32_t index)
{
    signer_cap_init(&vault->orders[index], vault->config->orders_per_minute);
    signer_cap_init(&vault->others[index], vault->config->others_per_minute);
}

cb_status signer_vault_open(signer_vault *vault, const signer_config *config, cb_err *err)
{
    vault->config = config;
    cb_status status = allocate(vault, err);
    if (status == CB_OK) {
        status = signer_kek_read(config->kek_file, vault->guarded->kek, err);
    }
    if (status == CB_OK) {
        status = read_file(vault, err);
    }
    for (uint32_t i = 0; i < SIGNER_KEYS_MAX; i++) {
        set_caps(vault, i);
    }
    if (vault->guarded != NULL) {
        close_pages(vault);
    }
    return status;
}

void signer_vault_close(signer_vault *vault)
{
    if (vault->guarded != NULL) {
        open_pages(vault);
        cb_wipe(vault->guarded, sizeof(*vault->guarded));
        sodium_free(vault->guarded);
        vault->guarded = NULL;
    }
}

/* ---- looking ---- */

uint32_t signer_vault_find(
    const signer_vault *vault, const char *account, const char *venue, cb_key_purpose purpose)
{
    for (uint32_t i = 0; i < vault->file.rows_count; i++) {
        const signer_label *label = &vault->file.rows[i].label;
        if (label->purpose == purpose && cb_text_equal(label->account, account) &&
            cb_text_equal(label->venue, venue)) {
            return i;
        }
    }
    return SIGNER_NO_KEY;
}

uint32_t signer_vault_find_version(const signer_vault *vault, uint32_t version)
{
    for (uint32_t i = 0; i < vault->file.rows_count; i++) {
        if (vault->file.rows[i].label.version == version) {
            return i;
        }
    }
    return SIGNER_NO_KEY;
}

void signer_vault_api_key(const signer_vault *vault, uint32_t index, char out[CB_SIGNER_KEY_MAX])
{
    CB_ASSERT(index < vault->file.rows_count);
    open_pages(vault);
    memcpy(out, vault->guarded->secrets[index].api_key, CB_SIGNER_KEY_MAX);
    close_pages(vault);
}

cb_status signer_vault_sign(signer_vault *vault,
    uint32_t index,
    const cb_venue_ops *venue,
    const char *payload,
    size_t payload_size,
    char out[CB_VENUE_SIGNATURE_MAX],
    cb_err *err)
{
    CB_ASSERT(index == SIGNER_NO_KEY || index < vault->file.rows_count);
    open_pages(vault);
    const signer_secret *secret =
        index == SIGNER_NO_KEY ? &vault->guarded->candidate : &vault->guarded->secrets[index];
    const cb_status status = venue->sign(secret->api_secret, payload, payload_size, out, err);
    close_pages(vault);
    return status;
}

/* ---- the candidate ---- */

void signer_vault_hold(signer_vault *vault, const char *api_key, const char *api_secret)
{
    open_pages(vault);
    signer_secret *to = &vault->guarded->candidate;
    memset(to, 0, sizeof(*to)); /* to its full width: lengths do not show in what is sealed */
    const bool is_kept =
        cb_text_copy(to->api_key, sizeof(to->api_key), cb_sv_from(api_key)) &&
        cb_text_copy(to->api_secret, sizeof(to->api_secret), cb_sv_from(api_secret));
    CB_ASSERT(is_kept); /* as long as a frame's fields at most */
    close_pages(vault);
}

void signer_vault_candidate_key(const signer_vault *vault, char out[CB_SIGNER_KEY_MAX])
{
    open_pages(vault);
    memcpy(out, vault->guarded->candidate.api_key, CB_SIGNER_KEY_MAX);
    close_pages(vault);
}

void signer_vault_drop_candidate(signer_vault *vault)
{
    open_pages(vault);
    cb_wipe(&vault->guarded->candidate, sizeof(vault->guarded->candidate));
    close_pages(vault);
}

/* ---- changes ---- */

/* The pages are open. */
static cb_status save(signer_vault *vault, signer_file *changed, const uint8_t *kek, cb_err *err)
{
    uint8_t bytes[SIGNER_FILE_MAX];
    const size_t size = signer_file_put(changed, kek, bytes);
    const cb_status status = signer_storage_write(vault->config->key_file, bytes, size, err);
    if (status == CB_OK) {
        vault->file = *changed;
    }
    return status;
}

cb_status signer_vault_add(
    signer_vault *vault, const signer_label *label, uint32_t *version, cb_err *err)
{
    signer_file changed = vault->file;
    uint32_t index = signer_vault_find(vault, label->account, label->venue, label->purpose);
    const bool is_new = index == SIGNER_NO_KEY;
    if (is_new && changed.rows_count == SIGNER_KEYS_MAX) {
        return CB_FAIL(err, CB_E_FULL, "%d keys are kept already", SIGNER_KEYS_MAX);
    }
    if (is_new) {
        index = changed.rows_count++;
    }
    signer_random random;
    randombytes_buf(&random, sizeof(random));
    changed.rows[index].label = *label;
    changed.rows[index].label.version = changed.next_version++;
    open_pages(vault);
    signer_seal(&changed.rows[index], &vault->guarded->candidate, vault->guarded->kek, &random);
    cb_wipe(&random, sizeof(random));
    const cb_status status = save(vault, &changed, vault->guarded->kek, err);
    if (status == CB_OK) {
        vault->guarded->secrets[index] = vault->guarded->candidate;
        *version = changed.rows[index].label.version;
        set_caps(vault, index);
    }
    close_pages(vault);
    return status;
}

cb_status signer_vault_remove(signer_vault *vault, uint32_t index, cb_err *err)
{
    CB_ASSERT(index < vault->file.rows_count);
    signer_file changed = vault->file;
    const uint32_t last = --changed.rows_count;
    changed.rows[index] = changed.rows[last];
    memset(&changed.rows[last], 0, sizeof(changed.rows[last]));
    open_pages(vault);
    const cb_status status = save(vault, &changed, vault->guarded->kek, err);
    if (status == CB_OK) {
        signer_secret *secrets = vault->guarded->secrets;
        secrets[index] = secrets[last];
        cb_wipe(&secrets[last], sizeof(secrets[last]));
        vault->orders[index] = vault->orders[last];
        vault->others[index] = vault->others[last];
    }
    close_pages(vault);
    return status;
}

cb_status signer_vault_note(
    signer_vault *vault, uint32_t index, int64_t checked_ns, const char *why, cb_err *err)
{
    CB_ASSERT(index < vault->file.rows_count);
    signer_file changed = vault->file;
    signer_label *label = &changed.rows[index].label;
    label->checked_ns = checked_ns;
    label->is_disabled = why != NULL;
    memset(label->why, 0, sizeof(label->why));
    cb_textbuf text = cb_textbuf_over(label->why, sizeof(label->why));
    cb_textbuf_add(&text, why != NULL ? why : "");
    open_pages(vault);
    const cb_status status = save(vault, &changed, vault->guarded->kek, err);
    close_pages(vault);
    if (status != CB_OK) {
        /* The verdict holds although it could not be written; the next start asks again. */
        vault->file.rows[index].label = *label;
    }
    return status;
}

/* ---- rotation ---- */

static cb_status get_next_kek(signer_vault *vault, const char *next, cb_err *err)
{
    signer_guarded *guarded = vault->guarded;
    cb_status status = signer_kek_read(next, guarded->next_kek, err);
    if (status != CB_E_NOT_FOUND) {
        return status;
    }
    randombytes_buf(guarded->next_kek, sizeof(guarded->next_kek));
    return signer_kek_make(next, guarded->next_kek, err);
}

static cb_status rewrap_all(signer_vault *vault, signer_file *changed, cb_err *err)
{
    uint8_t nonce[SIGNER_NONCE_SIZE];
    for (uint32_t i = 0; i < changed->rows_count; i++) {
        randombytes_buf(nonce, sizeof(nonce));
        const cb_status status = signer_rewrap(
            &changed->rows[i], vault->guarded->kek, vault->guarded->next_kek, nonce, err);
        if (status != CB_OK) {
            return status;
        }
    }
    return CB_OK;
}

/* The next KEK is on disk before anything is wrapped by it; the key file changes as a whole; then
 * the next KEK becomes the KEK. Cut off anywhere, the next start finds a pair that fits. */
cb_status signer_vault_rotate(signer_vault *vault, cb_err *err)
{
    char next[NEXT_SIZE];
    signer_file changed = vault->file;
    name_next(vault, next);
    open_pages(vault);
    signer_guarded *guarded = vault->guarded;
    cb_status status = get_next_kek(vault, next, err);
    if (status == CB_OK && sodium_memcmp(guarded->kek, guarded->next_kek, SIGNER_KEK_SIZE) == 0) {
        status = CB_FAIL(err, CB_E_CONFIG, "%s holds the KEK that is in force", next);
    }
    if (status == CB_OK) {
        status = rewrap_all(vault, &changed, err);
    }
    if (status == CB_OK) {
        status = save(vault, &changed, guarded->next_kek, err);
    }
    if (status == CB_OK) {
        memcpy(guarded->kek, guarded->next_kek, sizeof(guarded->kek));
        status = signer_file_move(next, vault->config->kek_file, err);
    }
    cb_wipe(guarded->next_kek, sizeof(guarded->next_kek));
    close_pages(vault);
    return status;
}
