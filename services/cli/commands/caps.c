/* cerberus caps: the risk officer's side of execution's hard caps: make a key pair, sign the file,
 * check a file and its signature. Works on files alone. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/money.h"
#include "domain/caps.h"
#include "rt/signed_file.h"
#include "services/cli/cli.h"

static int failed(const char *what, const cb_err *err)
{
    (void)fprintf(stderr, "cerberus caps %s: %s\n", what, err->text);
    return err->code == CB_E_AUTH ? CLI_AUTH : CLI_FAILURE;
}

static int keygen(cli *self)
{
    cb_err err = {0};
    const char *secret = cli_option(self, "--secret");
    const char *public_file = cli_option(self, "--public");
    if (secret == NULL || public_file == NULL || !cli_done_arguments(self)) {
        (void)fprintf(stderr, "cerberus caps keygen: --secret FILE --public FILE are required\n");
        return CLI_USAGE;
    }
    if (cb_sign_keygen(secret, public_file, &err) != CB_OK) {
        return failed("keygen", &err);
    }
    (void)printf("secret key %s, public key %s\n", secret, public_file);
    return CLI_OK;
}

static void print_caps(const cb_caps_rules *rules, const cb_signed_text *text)
{
    char hex[2 * CB_SHA256_SIZE + 1];
    char notional[CB_DECIMAL_TEXT_MAX];
    char collar[CB_DECIMAL_TEXT_MAX];
    cb_hex_print(text->hash, sizeof text->hash, hex);
    (void)cb_decimal_print(rules->notional_max_e8, notional);
    (void)cb_decimal_print(rules->collar_e8, collar);
    (void)printf(
        "caps %s\nsigned by %s\nnotional_max %s, collar %s, orders_per_s %lld, symbols %s\n",
        hex,
        text->key,
        notional,
        collar,
        (long long)rules->orders_per_s,
        rules->symbols);
}

/* As execution does at its start. */
static int verify(cli *self)
{
    cb_err err = {0};
    char bytes[CB_CAPS_SIZE_MAX];
    cb_signed_text text;
    cb_caps_rules rules;
    const char *keys = cli_option(self, "--public");
    const char *file = cli_positional(self);
    if (keys == NULL || file == NULL || !cli_done_arguments(self)) {
        (void)fprintf(stderr, "cerberus caps verify: FILE --public FILE are required\n");
        return CLI_USAGE;
    }
    if (cb_signed_read(file, keys, CB_CAPS_PURPOSE, bytes, sizeof bytes, &text, &err) != CB_OK ||
        cb_caps_parse(bytes, text.size, &rules, &err) != CB_OK) {
        return failed("verify", &err);
    }
    print_caps(&rules, &text);
    return CLI_OK;
}

/* Nobody signs what execution would refuse. */
static int check_text(const char *file, cb_err *err)
{
    char bytes[CB_CAPS_SIZE_MAX];
    cb_caps_rules rules;
    FILE *in = fopen(file, "rb");
    if (in == NULL) {
        CB_MAYBE(CB_FAIL(err, CB_E_NOT_FOUND, "%s cannot be opened", file));
        return CLI_NOT_FOUND;
    }
    const size_t size = fread(bytes, 1, sizeof bytes, in);
    (void)fclose(in);
    if (size == sizeof bytes) {
        CB_MAYBE(CB_FAIL(err, CB_E_RANGE, "%s has more than %zu bytes", file, sizeof bytes - 1));
        return CLI_FAILURE;
    }
    return cb_caps_parse(bytes, size, &rules, err) == CB_OK ? CLI_OK : CLI_FAILURE;
}

static int sign(cli *self)
{
    cb_err err = {0};
    const char *secret = cli_option(self, "--secret");
    const char *file = cli_positional(self);
    if (secret == NULL || file == NULL || !cli_done_arguments(self)) {
        (void)fprintf(stderr, "cerberus caps sign: FILE --secret FILE are required\n");
        return CLI_USAGE;
    }
    if (check_text(file, &err) != CLI_OK ||
        cb_sign_file(file, secret, CB_CAPS_PURPOSE, &err) != CB_OK) {
        return failed("sign", &err);
    }
    (void)printf("%s.sig\n", file);
    return CLI_OK;
}

/* Without a word: which caps are and were in force. */
static int show(cli *self)
{
    static const cli_column columns[] = {
        {"SINCE", "since_ns", CLI_LEFT},
        {"ACCOUNT", "account", CLI_LEFT},
        {"HASH", "hash", CLI_LEFT},
        {"SIGNED_BY", "key", CLI_LEFT},
    };
    return cli_done_arguments(self)
               ? cli_list(self, "/v1/caps", columns, sizeof columns / sizeof columns[0])
               : CLI_USAGE;
}

static int run(cli *self)
{
    const char *word = cli_positional(self);
    if (word == NULL) {
        return show(self);
    }
    if (strcmp(word, "keygen") == 0) {
        return keygen(self);
    }
    if (strcmp(word, "sign") == 0) {
        return sign(self);
    }
    if (strcmp(word, "verify") == 0) {
        return verify(self);
    }
    (void)fprintf(stderr, "cerberus caps: '%s' is none of keygen, sign, verify\n", word);
    return CLI_USAGE;
}

const cli_command cli_command_caps = {"caps",
    "[keygen --secret F --public F | sign FILE --secret F | verify FILE --public F]",
    "execution's hard caps: those in force, or make a key, sign and check a file",
    "  cerberus caps\n  cerberus caps keygen --secret risk.key --public risk.pub\n"
    "  cerberus caps sign caps.conf --secret risk.key\n"
    "  cerberus caps verify caps.conf --public risk.pub\n",
    run};
