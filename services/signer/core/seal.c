/* Envelope encryption of exchange keys. The label is bound to both encryptions as associated data,
 * each field at its full width, so that no two labels give the same bytes. */
#include "services/signer/core/seal.h"

#include <sodium.h>
#include <string.h>

#include "base/assert.h"
#include "base/mac.h"

#define MAGIC "CBKEYS1"
#define AD_SIZE ((size_t)CB_SIGNER_ACCOUNT_MAX + CB_SIGNER_VENUE_MAX + 8 + 4)

_Static_assert(SIGNER_NONCE_SIZE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(SIGNER_KEK_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "KEK");
_Static_assert(SIGNER_DEK_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "data key");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == 16, "tag");

/* ---- bytes ---- */

static void put_u32(uint8_t *out, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint32_t get_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static void put_i64(uint8_t *out, int64_t value)
{
    put_u32(out, (uint32_t)((uint64_t)value & 0xffffffffU));
    put_u32(out + 4, (uint32_t)((uint64_t)value >> 32));
}

static int64_t get_i64(const uint8_t *bytes)
{
    return (int64_t)((uint64_t)get_u32(bytes) | (uint64_t)get_u32(bytes + 4) << 32);
}

/* account, venue, purpose, version: what a row is for. part tells the two encryptions apart. */
static void make_ad(const signer_label *label, char part, uint8_t out[AD_SIZE])
{
    memset(out, 0, AD_SIZE);
    const size_t account_size = strnlen(label->account, CB_SIGNER_ACCOUNT_MAX);
    const size_t venue_size = strnlen(label->venue, CB_SIGNER_VENUE_MAX);
    CB_ASSERT(account_size < CB_SIGNER_ACCOUNT_MAX);
    CB_ASSERT(venue_size < CB_SIGNER_VENUE_MAX);
    memcpy(out, label->account, account_size);
    memcpy(out + CB_SIGNER_ACCOUNT_MAX, label->venue, venue_size);
    uint8_t *rest = out + CB_SIGNER_ACCOUNT_MAX + CB_SIGNER_VENUE_MAX;
    put_u32(rest, (uint32_t)label->purpose);
    put_u32(rest + 4, label->version);
    rest[8] = (uint8_t)part;
}

/* ---- one row ---- */

static bool is_purpose(uint32_t number)
{
    return number >= (uint32_t)CB_KEY_TRADE && number <= (uint32_t)CB_KEY_CANCEL;
}

static void encrypt(const signer_label *label,
    char part,
    const void *bytes,
    size_t size,
    const uint8_t *nonce,
    const uint8_t *key,
    uint8_t *out)
{
    uint8_t ad[AD_SIZE];
    unsigned long long written = 0;
    make_ad(label, part, ad);
    const int rc = crypto_aead_xchacha20poly1305_ietf_encrypt(
        out, &written, bytes, size, ad, sizeof(ad), NULL, nonce, key);
    CB_ASSERT(rc == 0 && written == size + crypto_aead_xchacha20poly1305_ietf_ABYTES);
}

static bool decrypt(const signer_label *label,
    char part,
    const uint8_t *sealed,
    size_t sealed_size,
    const uint8_t *nonce,
    const uint8_t *key,
    void *out)
{
    uint8_t ad[AD_SIZE];
    make_ad(label, part, ad);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
               out, NULL, NULL, sealed, sealed_size, ad, sizeof(ad), nonce, key) == 0;
}

void signer_kek_id(const uint8_t kek[SIGNER_KEK_SIZE], uint8_t out[SIGNER_KEK_ID_SIZE])
{
    static const char what[] = "cerberus signer kek id";
    uint8_t hash[CB_BLAKE2B_128_SIZE];
    cb_blake2b_128(kek, SIGNER_KEK_SIZE, what, sizeof(what), hash);
    memcpy(out, hash, SIGNER_KEK_ID_SIZE);
}

void signer_seal(signer_row *row,
    const signer_secret *secret,
    const uint8_t kek[SIGNER_KEK_SIZE],
    const signer_random *random)
{
    CB_ASSERT(row != NULL && secret != NULL && random != NULL);
    CB_ASSERT(is_purpose((uint32_t)row->label.purpose));
    memcpy(row->dek_nonce, random->dek_nonce, sizeof(row->dek_nonce));
    memcpy(row->nonce, random->nonce, sizeof(row->nonce));
    encrypt(
        &row->label, 'k', random->dek, sizeof(random->dek), row->dek_nonce, kek, row->wrapped_dek);
    encrypt(&row->label, 's', secret, sizeof(*secret), row->nonce, random->dek, row->sealed);
}

cb_status signer_unseal(
    const signer_row *row, const uint8_t kek[SIGNER_KEK_SIZE], signer_secret *out, cb_err *err)
{
    CB_ASSERT(row != NULL && out != NULL);
    uint8_t dek[SIGNER_DEK_SIZE];
    const signer_label *label = &row->label;
    const bool is_open =
        decrypt(label, 'k', row->wrapped_dek, sizeof(row->wrapped_dek), row->dek_nonce, kek, dek) &&
        decrypt(label, 's', row->sealed, sizeof(row->sealed), row->nonce, dek, out) &&
        memchr(out->api_key, '\0', sizeof(out->api_key)) != NULL &&
        memchr(out->api_secret, '\0', sizeof(out->api_secret)) != NULL;
    cb_wipe(dek, sizeof(dek));
    if (!is_open) {
        cb_wipe(out, sizeof(*out));
        return CB_FAIL(err,
            CB_E_CORRUPT,
            "the row of %s at %s does not belong to its label or to this KEK",
            label->account,
            label->venue);
    }
    return CB_OK;
}

cb_status signer_rewrap(signer_row *row,
    const uint8_t old_kek[SIGNER_KEK_SIZE],
    const uint8_t new_kek[SIGNER_KEK_SIZE],
    const uint8_t nonce[SIGNER_NONCE_SIZE],
    cb_err *err)
{
    CB_ASSERT(row != NULL && nonce != NULL);
    uint8_t dek[SIGNER_DEK_SIZE];
    const bool is_open = decrypt(
        &row->label, 'k', row->wrapped_dek, sizeof(row->wrapped_dek), row->dek_nonce, old_kek, dek);
    if (is_open) {
        memcpy(row->dek_nonce, nonce, sizeof(row->dek_nonce));
        encrypt(&row->label, 'k', dek, sizeof(dek), row->dek_nonce, new_kek, row->wrapped_dek);
    }
    cb_wipe(dek, sizeof(dek));
    return is_open ? CB_OK : CB_FAIL(err, CB_E_CORRUPT, "a data key does not open");
}

/* ---- the file ---- */

static void make_mac(const uint8_t *bytes,
    size_t size,
    const uint8_t kek[SIGNER_KEK_SIZE],
    uint8_t out[SIGNER_MAC_SIZE])
{
    static const char what[] = "cerberus signer file";
    uint8_t key[SIGNER_MAC_SIZE];
    int rc = crypto_generichash(
        key, sizeof(key), (const uint8_t *)what, sizeof(what), kek, SIGNER_KEK_SIZE);
    CB_ASSERT(rc == 0);
    rc = crypto_generichash(out, SIGNER_MAC_SIZE, bytes, size, key, sizeof(key));
    CB_ASSERT(rc == 0);
    cb_wipe(key, sizeof(key));
}

typedef struct cursor {
    uint8_t *out;      /* writing */
    const uint8_t *in; /* reading */
} cursor;

static void copy_out(cursor *at, const void *bytes, size_t size)
{
    memcpy(at->out, bytes, size);
    at->out += size;
}

static void copy_in(cursor *at, void *bytes, size_t size)
{
    memcpy(bytes, at->in, size);
    at->in += size;
}

static void put_row(const signer_row *row, uint8_t *out)
{
    cursor at = {.out = out};
    const signer_label *label = &row->label;
    copy_out(&at, label->account, sizeof(label->account));
    copy_out(&at, label->venue, sizeof(label->venue));
    copy_out(&at, label->why, sizeof(label->why));
    put_u32(at.out, (uint32_t)label->purpose | (label->is_disabled ? 0x100U : 0U));
    put_u32(at.out + 4, label->version);
    put_i64(at.out + 8, label->added_ns);
    put_i64(at.out + 16, label->checked_ns);
    at.out += 24;
    copy_out(&at, row->dek_nonce, sizeof(row->dek_nonce));
    copy_out(&at, row->wrapped_dek, sizeof(row->wrapped_dek));
    copy_out(&at, row->nonce, sizeof(row->nonce));
    copy_out(&at, row->sealed, sizeof(row->sealed));
    CB_ASSERT((size_t)(at.out - out) == SIGNER_ROW_SIZE);
}

static bool get_row(const uint8_t *bytes, signer_row *row)
{
    cursor at = {.in = bytes};
    signer_label *label = &row->label;
    copy_in(&at, label->account, sizeof(label->account));
    copy_in(&at, label->venue, sizeof(label->venue));
    copy_in(&at, label->why, sizeof(label->why));
    const uint32_t flags = get_u32(at.in);
    label->purpose = (cb_key_purpose)(flags & 0xffU);
    label->is_disabled = (flags & 0x100U) != 0;
    label->version = get_u32(at.in + 4);
    label->added_ns = get_i64(at.in + 8);
    label->checked_ns = get_i64(at.in + 16);
    at.in += 24;
    copy_in(&at, row->dek_nonce, sizeof(row->dek_nonce));
    copy_in(&at, row->wrapped_dek, sizeof(row->wrapped_dek));
    copy_in(&at, row->nonce, sizeof(row->nonce));
    copy_in(&at, row->sealed, sizeof(row->sealed));
    return flags <= 0x1ffU && is_purpose(flags & 0xffU) &&
           memchr(label->account, '\0', sizeof(label->account)) != NULL &&
           memchr(label->venue, '\0', sizeof(label->venue)) != NULL &&
           memchr(label->why, '\0', sizeof(label->why)) != NULL;
}

size_t signer_file_put(
    signer_file *file, const uint8_t kek[SIGNER_KEK_SIZE], uint8_t out[SIGNER_FILE_MAX])
{
    CB_ASSERT(file->rows_count <= SIGNER_KEYS_MAX);
    signer_kek_id(kek, file->kek_id);
    memcpy(out, MAGIC, 8);
    memcpy(out + 8, file->kek_id, SIGNER_KEK_ID_SIZE);
    put_u32(out + 16, file->next_version);
    put_u32(out + 20, file->rows_count);
    size_t used = SIGNER_HEAD_SIZE;
    for (uint32_t i = 0; i < file->rows_count; i++) {
        put_row(&file->rows[i], out + used);
        used += SIGNER_ROW_SIZE;
    }
    make_mac(out, used, kek, out + used);
    return used + SIGNER_MAC_SIZE;
}

cb_status signer_file_kek(
    const uint8_t *bytes, size_t size, uint8_t out[SIGNER_KEK_ID_SIZE], cb_err *err)
{
    CB_ASSERT(bytes != NULL || size == 0);
    if (size < SIGNER_HEAD_SIZE + SIGNER_MAC_SIZE || size > SIGNER_FILE_MAX ||
        memcmp(bytes, MAGIC, 8) != 0) {
        return CB_FAIL(err, CB_E_CORRUPT, "this is no key file");
    }
    memcpy(out, bytes + 8, SIGNER_KEK_ID_SIZE);
    return CB_OK;
}

cb_status signer_file_get(const uint8_t *bytes,
    size_t size,
    const uint8_t kek[SIGNER_KEK_SIZE],
    signer_file *out,
    cb_err *err)
{
    CB_ASSERT(out != NULL);
    uint8_t wanted[SIGNER_KEK_ID_SIZE];
    uint8_t mac[SIGNER_MAC_SIZE];
    memset(out, 0, sizeof(*out));
    const cb_status status = signer_file_kek(bytes, size, out->kek_id, err);
    if (status != CB_OK) {
        return status;
    }
    signer_kek_id(kek, wanted);
    if (memcmp(wanted, out->kek_id, sizeof(wanted)) != 0) {
        return CB_FAIL(err, CB_E_CORRUPT, "the key file is wrapped by another KEK");
    }
    make_mac(bytes, size - SIGNER_MAC_SIZE, kek, mac);
    if (!cb_mac_equal(mac, bytes + size - SIGNER_MAC_SIZE, sizeof(mac))) {
        return CB_FAIL(err, CB_E_CORRUPT, "the key file is damaged");
    }
    out->next_version = get_u32(bytes + 16);
    out->rows_count = get_u32(bytes + 20);
    if (out->rows_count > SIGNER_KEYS_MAX ||
        size != SIGNER_HEAD_SIZE + out->rows_count * SIGNER_ROW_SIZE + SIGNER_MAC_SIZE) {
        return CB_FAIL(err, CB_E_CORRUPT, "the key file has another size than its rows");
    }
    for (uint32_t i = 0; i < out->rows_count; i++) {
        if (!get_row(bytes + SIGNER_HEAD_SIZE + i * SIGNER_ROW_SIZE, &out->rows[i])) {
            return CB_FAIL(err, CB_E_CORRUPT, "row %u of the key file is malformed", i);
        }
    }
    return CB_OK;
}
