/* Settings through the services' tables. Nothing of a table is repeated here; only what a lab has
 * no use for is made optional: files with secrets are plain texts, because nothing is kept from
 * anybody in a backtest. */
#include "services/lab/setup.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "domain/caps.h"
#include "rt/config.h"
#include "services/execution/shell.h"
#include "services/lab/setup_models.h"
#include "services/portfolio/portfolio_shell.h"
#include "services/risk/risk_shell.h"
#include "services/signals/signals_shell.h"
#include "services/simulator/settings.h"
#include "services/validator/validator_shell.h"

#define FLAGS_MAX 256
#define FLAG_SIZE (LAB_SETUP_TEXT_MAX + 96)
#define LIST_SIZE ((size_t)LAB_SETUP_SYMBOLS_MAX * LAB_SYMBOL_SIZE)

/* The documented defaults of deploy/local/caps.conf, with the age of data that a replay of minutes
 * has. */
static const char CAPS_TEXT[] = "notional_max = 250000\n"
                                "qty_max = 100000\n"
                                "collar = 0.05\n"
                                "orders_per_s = 10\n"
                                "notional_per_minute = 2000000\n"
                                "data_age_max = 120s\n"
                                "clock_offset_max = 250ms\n"
                                "heartbeat_age_max = 3s\n"
                                "symbols = *\n";
static const char PERMIT_KEY[] = "the lab's permits bind nobody outside";
static const char NOTHING[] = "unused";

/* The flags of one service. */
typedef struct flag_list {
    int count;
    char *flags[FLAGS_MAX];
    char texts[FLAGS_MAX][FLAG_SIZE];
} flag_list;

static cb_status add_flag(flag_list *list, const char *key, const char *value, cb_err *err)
{
    if (list->count == FLAGS_MAX) {
        return CB_FAIL(err, CB_E_FULL, "more than %d settings of one service", FLAGS_MAX);
    }
    char *text = list->texts[list->count];
    const int size = snprintf(text, FLAG_SIZE, "--%s=%s", key, value);
    if (size < 0 || (size_t)size >= FLAG_SIZE) {
        return CB_FAIL(err, CB_E_CONFIG, "%s: the value is too long", key);
    }
    list->flags[list->count++] = text;
    return CB_OK;
}

/* Later flags win over earlier ones only once each: a default that is also set is left out. */
static bool is_set(const lab_setup_request *request, const char *service, const char *key)
{
    for (size_t i = 0; i < request->settings_count; i++) {
        if (strcmp(request->settings[i].service, service) == 0 &&
            strcmp(request->settings[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

static cb_status add_default(flag_list *list,
    const lab_setup_request *request,
    const char *service,
    const char *key,
    const char *value,
    cb_err *err)
{
    return is_set(request, service, key) ? CB_OK : add_flag(list, key, value, err);
}

static cb_status add_settings(
    flag_list *list, const lab_setup_request *request, const char *service, cb_err *err)
{
    cb_status status = CB_OK;
    for (size_t i = 0; i < request->settings_count && status == CB_OK; i++) {
        if (strcmp(request->settings[i].service, service) == 0) {
            status = add_flag(list, request->settings[i].key, request->settings[i].value, err);
        }
    }
    return status;
}

/* The table with its secrets as texts and nothing required. */
static cb_status load(const cb_config_field *fields,
    size_t count,
    void *config,
    flag_list *flags,
    const char *service,
    cb_err *err)
{
    cb_config_field *own = calloc(count, sizeof(*own));
    CB_ASSERT(own != NULL);
    memcpy(own, fields, count * sizeof(*own));
    for (size_t i = 0; i < count; i++) {
        own[i].kind = own[i].kind == CB_CONFIG_SECRET ? CB_CONFIG_TEXT : own[i].kind;
        own[i].default_value = own[i].default_value == NULL ? NOTHING : own[i].default_value;
    }
    const cb_status status =
        cb_config_load(own, count, config, NULL, flags->count, flags->flags, NULL, err);
    free(own);
    return status == CB_OK ? CB_OK : cb_err_context(err, "%s", service);
}

static void list_symbols(const lab_setup_request *request, char out[LIST_SIZE])
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < request->symbols_count; i++) {
        const int size =
            snprintf(out + used, LIST_SIZE - used, "%s%s", i > 0 ? "," : "", request->symbols[i]);
        CB_ASSERT(size > 0);
        used += (size_t)size;
    }
}

static cb_status common_flags(flag_list *flags,
    const lab_setup_request *request,
    const char *service,
    bool has_account,
    cb_err *err)
{
    char symbols[LIST_SIZE];
    list_symbols(request, symbols);
    flags->count = 0;
    cb_status status = add_default(flags, request, service, "symbols", symbols, err);
    if (status == CB_OK) {
        status = add_default(flags, request, service, "venue", "binance", err);
    }
    if (status == CB_OK && has_account) {
        const char *account = request->account == NULL ? "main" : request->account;
        status = add_default(flags, request, service, "account", account, err);
    }
    if (status == CB_OK) {
        status = add_settings(flags, request, service, err);
    }
    return status;
}

/* ---- the services ---- */

static cb_status load_validator(
    lab_setup *setup, const lab_setup_request *request, flag_list *flags, cb_err *err)
{
    static validator_fields fields;
    validator_fields_init(&fields);
    cb_status status = common_flags(flags, request, "validator", false, err);
    if (status == CB_OK) {
        status = load(fields.fields, fields.count, &setup->validator, flags, "validator", err);
    }
    return status == CB_OK ? validator_config_check(&setup->validator, err) : status;
}

static cb_status load_signals(
    lab_setup *setup, const lab_setup_request *request, flag_list *flags, cb_err *err)
{
    static signals_fields fields;
    signals_fields_init(&fields);
    cb_status status = common_flags(flags, request, "signals", true, err);
    if (status == CB_OK) {
        status = load(fields.fields, fields.count, &setup->signals, flags, "signals", err);
    }
    return status == CB_OK ? signals_config_check(&setup->signals, err) : status;
}

static cb_status load_risk(
    lab_setup *setup, const lab_setup_request *request, flag_list *flags, cb_err *err)
{
    static risk_fields fields;
    risk_fields_init(&fields);
    cb_status status = common_flags(flags, request, "risk", true, err);
    if (status == CB_OK) {
        status = load(fields.fields, fields.count, &setup->risk, flags, "risk", err);
    }
    const char *key = request->permit_key == NULL ? PERMIT_KEY : request->permit_key;
    if (!cb_text_copy(setup->risk.permit_key, sizeof(setup->risk.permit_key), cb_sv_from(key))) {
        return CB_FAIL(err, CB_E_CONFIG, "risk: permit.key is too long");
    }
    return status == CB_OK ? risk_config_check(&setup->risk, err) : status;
}

static cb_status load_caps(lab_setup *setup, const lab_setup_request *request, cb_err *err)
{
    const char *text = request->caps_text == NULL ? CAPS_TEXT : request->caps_text;
    const size_t size = request->caps_text == NULL ? sizeof(CAPS_TEXT) - 1 : request->caps_size;
    const cb_status status = cb_caps_parse(text, size, &setup->caps.rules, err);
    if (status != CB_OK) {
        return cb_err_context(err, "caps");
    }
    (void)crypto_hash_sha256(setup->caps.hash, (const unsigned char *)text, size);
    return CB_OK;
}

static cb_status load_execution(
    lab_setup *setup, const lab_setup_request *request, flag_list *flags, cb_err *err)
{
    cb_status status = common_flags(flags, request, "execution", true, err);
    if (status == CB_OK) {
        status = load(exec_fields, exec_fields_count, &setup->execution, flags, "execution", err);
    }
    if (status == CB_OK) {
        memcpy(setup->execution.permit_key,
            setup->risk.permit_key,
            sizeof(setup->execution.permit_key));
        status = load_caps(setup, request, err);
    }
    return status;
}

static cb_status load_portfolio(
    lab_setup *setup, const lab_setup_request *request, flag_list *flags, cb_err *err)
{
    cb_status status = common_flags(flags, request, "portfolio", true, err);
    if (status == CB_OK) {
        status = load(
            portfolio_fields, portfolio_fields_count, &setup->portfolio, flags, "portfolio", err);
    }
    return status == CB_OK ? portfolio_config_check(&setup->portfolio, err) : status;
}

/* ---- the venue ---- */

static cb_status take_deposits(lab_setup *setup, const char *list, cb_err *err)
{
    char item[64];
    for (size_t i = 0; cb_config_list_item(list, i, item, sizeof(item)); i++) {
        const char *colon = strchr(item, ':');
        lab_chain_deposit *deposit = &setup->deposits[setup->deposits_count];
        if (setup->deposits_count == LAB_CHAIN_DEPOSITS_MAX || colon == NULL ||
            !cb_text_copy(deposit->asset,
                sizeof(deposit->asset),
                (cb_strview){item, (size_t)(colon - item)}) ||
            cb_decimal_parse(colon + 1, strlen(colon + 1), &deposit->amount_e8, NULL) != CB_OK ||
            deposit->amount_e8 < 0) {
            return CB_FAIL(
                err, CB_E_CONFIG, "venue: accounts.main: '%s' is not ASSET:AMOUNT", item);
        }
        setup->deposits_count++;
    }
    return CB_OK;
}

static cb_status take_venue(lab_setup *setup, const sim_settings *from, cb_err *err)
{
    lab_chain_venue *venue = &setup->venue;
    venue->fee_maker_e8 = from->fee_maker_e8;
    venue->fee_taker_e8 = from->fee_taker_e8;
    venue->fee_asset_price_e8 = from->fee_asset_price_e8;
    venue->fee_asset_factor_e8 = from->fee_asset_factor_e8;
    venue->book = (sim_synthetic){.spread_ticks = (uint32_t)from->spread_ticks,
        .gap_ticks = (uint32_t)from->gap_ticks,
        .levels = (uint32_t)from->levels,
        .depth_quote_e8 = from->depth_quote_e8};
    venue->limits = (sim_limits_config){.weight_per_minute = (uint32_t)from->weight_per_minute,
        .orders_per_10s = (uint32_t)from->orders_per_10s,
        .orders_per_day = (uint32_t)from->orders_per_day,
        .violations_until_ban = (uint32_t)from->violations_until_ban,
        .ban_ns = from->ban_ns};
    venue->orders_max = (uint32_t)from->orders_max;
    venue->trades_max = (uint32_t)from->trades_max;
    if (!cb_text_copy(venue->fee_asset, sizeof(venue->fee_asset), cb_sv_from(from->fee_asset))) {
        return CB_FAIL(err, CB_E_CONFIG, "venue: fees.asset is too long");
    }
    return take_deposits(setup, from->balances_main, err);
}

static cb_status load_venue(
    lab_setup *setup, const lab_setup_request *request, flag_list *flags, cb_err *err)
{
    sim_settings *settings = calloc(1, sizeof(*settings));
    CB_ASSERT(settings != NULL);
    flags->count = 0;
    cb_status status = add_settings(flags, request, "venue", err);
    if (status == CB_OK) {
        status =
            load(sim_settings_fields, sim_settings_fields_count, settings, flags, "venue", err);
    }
    if (status == CB_OK) {
        status = take_venue(setup, settings, err);
    }
    for (uint32_t i = 0; i < request->symbols_count && status == CB_OK; i++) {
        status = sim_instrument(request->symbols[i], settings->instruments, &setup->specs[i], err);
    }
    free(settings);
    return status;
}

/* ---- models ---- */

static cb_status load_models(
    lab_setup *setup, const lab_setup_request *request, flag_list *flags, cb_err *err)
{
    lab_model_fields *fields = calloc(1, sizeof(*fields));
    lab_model_settings *settings = calloc(1, sizeof(*settings));
    CB_ASSERT(fields != NULL && settings != NULL);
    lab_model_fields_init(fields);
    flags->count = 0;
    cb_status status = add_settings(flags, request, "models", err);
    if (status == CB_OK) {
        status = load(fields->fields, fields->count, settings, flags, "models", err);
    }
    if (status == CB_OK) {
        status = lab_models_of(settings, &setup->models, &setup->has_models, err);
        status = status == CB_OK ? CB_OK : cb_err_context(err, "models");
    }
    free(settings);
    free(fields);
    return status;
}

/* ---- all ---- */

cb_status lab_setup_load(lab_setup *setup, const lab_setup_request *request, cb_err *err)
{
    if (request->symbols_count == 0 || request->symbols_count > LAB_SETUP_SYMBOLS_MAX) {
        return CB_FAIL(err, CB_E_CONFIG, "symbols: 1 to %d", LAB_SETUP_SYMBOLS_MAX);
    }
    memset(setup, 0, sizeof(*setup));
    flag_list *flags = calloc(1, sizeof(*flags));
    CB_ASSERT(flags != NULL);
    cb_status status = load_validator(setup, request, flags, err);
    if (status == CB_OK) {
        status = load_signals(setup, request, flags, err);
    }
    if (status == CB_OK) {
        status = load_risk(setup, request, flags, err);
    }
    if (status == CB_OK) {
        status = load_execution(setup, request, flags, err);
    }
    if (status == CB_OK) {
        status = load_portfolio(setup, request, flags, err);
    }
    if (status == CB_OK) {
        status = load_venue(setup, request, flags, err);
    }
    if (status == CB_OK) {
        status = load_models(setup, request, flags, err);
    }
    free(flags);
    return status;
}

void lab_setup_apply(const lab_setup *setup, uint32_t symbols_count, lab_chain_config *config)
{
    CB_ASSERT(symbols_count <= LAB_SETUP_SYMBOLS_MAX);
    config->symbols_count = symbols_count;
    for (uint32_t i = 0; i < symbols_count; i++) {
        config->symbols[i].spec = setup->specs[i];
    }
    config->validator = &setup->validator;
    config->venue = setup->venue;
    config->models = setup->has_models ? &setup->models : NULL;
    CB_ASSERT(config->accounts_count < LAB_CHAIN_ACCOUNTS_MAX);
    lab_chain_account *account = &config->accounts[config->accounts_count++];
    account->signals = &setup->signals;
    account->risk = &setup->risk;
    account->execution = &setup->execution;
    account->portfolio = &setup->portfolio;
    account->caps = setup->caps;
    account->deposits_count = setup->deposits_count;
    memcpy(account->deposits, setup->deposits, sizeof(account->deposits));
}
