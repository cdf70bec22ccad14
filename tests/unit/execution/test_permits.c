/* What a permit must be before it becomes an order: whole, ours, in time, used once; and the hard
 * caps that are judged just before the claim, each just inside and just outside. */
#include "tests/unit/execution/rig.h"

static rig bench;

static int setup(void **context)
{
    (void)context;
    rig_live(&bench);
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    rig_stop(&bench);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static bool is_claimed(const cb_permit *permit)
{
    rig_give(&bench, permit);
    const bool has_claim = rig_request(&bench, EXEC_REQUEST_CLAIM) != NULL;
    if (has_claim) {
        rig_claim(&bench, permit->intent_id, EXEC_CLAIM_FAILED);
    }
    return has_claim;
}

/* The reason in the last ORDER event, "" when the permit was claimed. */
static const char *reason_of(const cb_permit *permit)
{
    rig_give(&bench, permit);
    if (rig_request(&bench, EXEC_REQUEST_CLAIM) != NULL) {
        rig_claim(&bench, permit->intent_id, EXEC_CLAIM_FAILED);
        return "";
    }
    const cb_order *order = rig_last_order(&bench);
    if (order == NULL) {
        return "stored only";
    }
    assert_int_equal(order->state, CB_ORDER_STATE_NOT_SENT);
    assert_int_equal(order->version, 2);
    return order->reason;
}

typedef void (*tamper_fn)(cb_permit *permit);

static void tamper_permit_id(cb_permit *permit)
{
    permit->permit_id.lo += 1000;
}
static void tamper_intent_id(cb_permit *permit)
{
    permit->intent_id.lo += 1000;
}
static void tamper_signal_id(cb_permit *permit)
{
    permit->signal_id.lo += 1000;
}
static void tamper_account(cb_permit *permit)
{
    permit->account[0] = 'M';
}
static void tamper_venue(cb_permit *permit)
{
    permit->venue[0] = 'B';
}
static void tamper_symbol(cb_permit *permit)
{
    memcpy(permit->symbol, "ETHUSDT", 8);
}
static void tamper_strategy(cb_permit *permit)
{
    permit->strategy[0] = 'T';
}
static void tamper_side(cb_permit *permit)
{
    permit->side = CB_SIDE_SELL;
}
static void tamper_purpose(cb_permit *permit)
{
    permit->purpose = CB_PURPOSE_FLATTEN;
}
static void tamper_order_type(cb_permit *permit)
{
    permit->order_type = CB_ORDER_TYPE_LIMIT;
}
static void tamper_tif(cb_permit *permit)
{
    permit->tif = CB_TIF_FOK;
}
static void tamper_reduce_only(cb_permit *permit)
{
    permit->reduce_only = true;
}
static void tamper_qty(cb_permit *permit)
{
    permit->qty.e8 += 1000;
}
static void tamper_limit_price(cb_permit *permit)
{
    permit->limit_price.e8 += CB_E8;
}
static void tamper_reference_price(cb_permit *permit)
{
    permit->reference_price.e8 += 1;
}
static void tamper_stop_loss(cb_permit *permit)
{
    permit->stop_loss.e8 += 1;
}
static void tamper_take_profit(cb_permit *permit)
{
    permit->take_profit.e8 += 1;
}
static void tamper_data_ts(cb_permit *permit)
{
    permit->data_ts_ns += 1;
}
static void tamper_not_after(cb_permit *permit)
{
    permit->not_after_ns += CB_NS_PER_S;
}
static void tamper_expires(cb_permit *permit)
{
    permit->expires_ns += CB_NS_PER_S;
}
static void tamper_limits_version(cb_permit *permit)
{
    permit->limits_version += 1;
}
static void tamper_order_hash(cb_permit *permit)
{
    permit->order_hash[31] ^= 1;
}
static void tamper_mac(cb_permit *permit)
{
    permit->mac[0] ^= 0x80;
}

static const tamper_fn tampers[] = {tamper_permit_id,
    tamper_intent_id,
    tamper_signal_id,
    tamper_account,
    tamper_venue,
    tamper_symbol,
    tamper_strategy,
    tamper_side,
    tamper_purpose,
    tamper_order_type,
    tamper_tif,
    tamper_reduce_only,
    tamper_qty,
    tamper_limit_price,
    tamper_reference_price,
    tamper_stop_loss,
    tamper_take_profit,
    tamper_data_ts,
    tamper_not_after,
    tamper_expires,
    tamper_limits_version,
    tamper_order_hash,
    tamper_mac};

static void untouched_permit_is_claimed(void **context)
{
    (void)context;
    const cb_permit permit = rig_permit(&bench);
    assert_true(is_claimed(&permit));
}

static void any_changed_field_is_refused(void **context)
{
    (void)context;
    for (size_t i = 0; i < sizeof(tampers) / sizeof(tampers[0]); i++) {
        cb_permit permit = rig_permit(&bench);
        tampers[i](&permit);
        const char *reason = reason_of(&permit);
        const bool is_known =
            strcmp(reason, "permit signature wrong") == 0 || strcmp(reason, "stored only") == 0;
        if (!is_known) {
            fail_msg("change %zu gave '%s'", i, reason);
        }
    }
    assert_int_equal(rig_view(&bench).refused_count, sizeof(tampers) / sizeof(tampers[0]));
}

static void any_flipped_bit_of_hash_or_mac_is_refused(void **context)
{
    (void)context;
    for (size_t byte = 0; byte < CB_SHA256_SIZE; byte++) {
        for (int bit = 0; bit < 8; bit++) {
            cb_permit permit = rig_permit(&bench);
            permit.mac[byte] ^= (uint8_t)(1U << bit);
            assert_false(is_claimed(&permit));
            permit = rig_permit(&bench);
            permit.order_hash[byte] ^= (uint8_t)(1U << bit);
            assert_false(is_claimed(&permit));
        }
    }
}

static void permit_signed_with_another_key_is_refused(void **context)
{
    (void)context;
    cb_permit permit = rig_permit(&bench);
    cb_permit_sign(&permit, (const uint8_t *)"fedcba9876543210fedcba9876543210", 32);
    assert_string_equal(reason_of(&permit), "permit signature wrong");
}

static void permit_is_used_once(void **context)
{
    (void)context;
    const cb_permit permit = rig_permit(&bench);
    assert_true(is_claimed(&permit));
    rig_give(&bench, &permit);
    assert_null(
        rig_last_order(&bench)); /* nothing that could release the first one's reservation */
    assert_null(rig_request(&bench, EXEC_REQUEST_CLAIM));
    assert_int_equal(rig_count(&bench, CB_ACTION_STORE, EXEC_TABLE_REFUSALS), 1);
    cb_permit again = rig_permit(&bench); /* a new permit for the same intent */
    again.intent_id = permit.intent_id;
    rig_sign(&again);
    rig_give(&bench, &again);
    assert_null(rig_last_order(&bench));
    again = rig_permit(&bench); /* the same permit for a new intent */
    again.permit_id = permit.permit_id;
    rig_sign(&again);
    rig_give(&bench, &again);
    assert_null(rig_last_order(&bench));
    assert_int_equal(rig_view(&bench).refused_count, 3);
}

static void expiry_just_inside_and_outside(void **context)
{
    (void)context;
    cb_permit permit = rig_permit(&bench);
    permit.expires_ns = bench.now_ns + 1;
    rig_sign(&permit);
    assert_true(is_claimed(&permit));
    permit = rig_permit(&bench);
    permit.expires_ns = bench.now_ns;
    rig_sign(&permit);
    assert_string_equal(reason_of(&permit), "permit expired");
    permit = rig_permit(&bench);
    permit.not_after_ns = bench.now_ns;
    rig_sign(&permit);
    assert_string_equal(reason_of(&permit), "order past its not_after");
}

static void older_limits_are_refused_after_newer_ones(void **context)
{
    (void)context;
    cb_permit permit = rig_permit(&bench);
    permit.limits_version = 8;
    rig_sign(&permit);
    assert_true(is_claimed(&permit));
    permit = rig_permit(&bench); /* version 7 */
    assert_string_equal(reason_of(&permit), "permit of older limits");
}

static void nonsense_that_no_row_could_hold_is_stored_as_a_refusal(void **context)
{
    (void)context;
    for (int field = 0; field < 6; field++) {
        cb_permit permit = rig_permit(&bench);
        switch (field) {
        case 0:
            permit.qty.e8 = 0;
            break;
        case 1:
            permit.qty.e8 = -CB_E8;
            break;
        case 2:
            permit.side = CB_SIDE_NONE;
            break;
        case 3:
            permit.order_type = CB_ORDER_TYPE_NONE;
            break;
        case 4:
            permit.symbol[0] = '\0';
            break;
        default:
            permit.intent_id = (cb_id){0, 0};
            break;
        }
        rig_sign(&permit);
        assert_string_equal(reason_of(&permit), "stored only");
        assert_int_equal(rig_count(&bench, CB_ACTION_STORE, EXEC_TABLE_REFUSALS), 1);
    }
}

static void price_must_fit_the_order_type(void **context)
{
    (void)context;
    cb_permit permit = rig_permit(&bench);
    permit.limit_price.e8 = 30000 * CB_E8; /* of a market order */
    rig_sign(&permit);
    assert_string_equal(reason_of(&permit), "limit_price does not belong to this order type");
    permit = rig_permit(&bench);
    permit.order_type = CB_ORDER_TYPE_LIMIT;
    rig_sign(&permit);
    assert_string_equal(reason_of(&permit), "limit_price is required for this order type");
}

/* ---- caps ---- */

static cb_permit limit_permit(int64_t price_e8, int64_t qty_e8)
{
    cb_permit permit = rig_permit(&bench);
    permit.order_type = CB_ORDER_TYPE_LIMIT;
    permit.tif = CB_TIF_GTC;
    permit.limit_price.e8 = price_e8;
    permit.qty.e8 = qty_e8;
    rig_sign(&permit);
    return permit;
}

static void assert_cap(const cb_permit *permit, const char *rule)
{
    const char *reason = reason_of(permit);
    if (strncmp(reason, rule, strlen(rule)) != 0 || (rule[0] == '\0' && reason[0] != '\0')) {
        fail_msg("wanted '%s', got '%s'", rule, reason);
    }
}

static void caps_on_quantity_and_notional(void **context)
{
    (void)context;
    bench.config.caps.notional_max_e8 = 30000 * CB_E8;
    rig_caps(&bench);
    cb_permit permit = limit_permit(30000 * CB_E8, CB_E8);
    assert_cap(&permit, "");
    permit = limit_permit(30000 * CB_E8, CB_E8 + 1000);
    assert_cap(&permit, "cap notional");
    bench.config.caps.notional_max_e8 = 1000000 * CB_E8;
    bench.config.caps.notional_per_minute_e8 = 100000000 * CB_E8;
    rig_caps(&bench);
    permit = limit_permit(30000 * CB_E8, 10 * CB_E8);
    assert_cap(&permit, "");
    permit = limit_permit(30000 * CB_E8, 10 * CB_E8 + 1000);
    assert_cap(&permit, "cap quantity");
}

static void caps_on_price_collar(void **context)
{
    (void)context;
    /* ask 30001: five percent above is 31501.05 */
    cb_permit permit = limit_permit(3150105 * (CB_E8 / 100), CB_E8 / 2);
    assert_cap(&permit, "");
    permit = limit_permit(3150106 * (CB_E8 / 100), CB_E8 / 2);
    assert_cap(&permit, "cap collar");
    permit = limit_permit(100 * CB_E8, CB_E8); /* far on the harmless side */
    assert_cap(&permit, "");
    permit = limit_permit(28500 * CB_E8, CB_E8 / 2); /* bid 30000 */
    permit.side = CB_SIDE_SELL;
    rig_sign(&permit);
    assert_cap(&permit, "");
    permit = limit_permit(2849999 * (CB_E8 / 100), CB_E8 / 2);
    permit.side = CB_SIDE_SELL;
    rig_sign(&permit);
    assert_cap(&permit, "cap collar");
}

static void market_that_ran_away_since_the_decision_is_refused(void **context)
{
    (void)context;
    cb_permit permit = rig_permit(&bench);
    permit.reference_price.e8 = 28573 * CB_E8; /* 30001 is 4.997 % above */
    rig_sign(&permit);
    assert_cap(&permit, "");
    permit = rig_permit(&bench);
    permit.reference_price.e8 = 28572 * CB_E8; /* 5.0014 % */
    rig_sign(&permit);
    assert_cap(&permit, "cap collar");
}

static void caps_on_age_of_data(void **context)
{
    (void)context;
    rig_advance(&bench, bench.config.caps.data_age_max_ns);
    cb_permit permit = rig_permit(&bench);
    assert_cap(&permit, "");
    rig_advance(&bench, 1);
    permit = rig_permit(&bench);
    assert_cap(&permit, "market data too old");
    permit = rig_permit(&bench);
    permit.reduce_only = true;
    permit.side = CB_SIDE_SELL;
    rig_sign(&permit);
    assert_cap(&permit, ""); /* getting out does not wait for data */
    rig_ticker(&bench, "BTCUSDT", 30000 * CB_E8, 29999 * CB_E8);
    permit = rig_permit(&bench);
    assert_cap(&permit, "market data too old"); /* a crossed book is no book */
}

static void caps_on_orders_per_second(void **context)
{
    (void)context;
    bench.config.caps.orders_per_s = 3;
    rig_caps(&bench);
    for (int i = 0; i < 3; i++) {
        const cb_permit permit = limit_permit(30000 * CB_E8, CB_E8 / 100);
        assert_cap(&permit, "");
    }
    cb_permit permit = limit_permit(30000 * CB_E8, CB_E8 / 100);
    assert_cap(&permit, "cap orders per second");
    permit = limit_permit(30000 * CB_E8, CB_E8 / 100);
    permit.side = CB_SIDE_SELL;
    permit.reduce_only = true;
    rig_sign(&permit);
    assert_cap(&permit, "");
    rig_advance(&bench, CB_NS_PER_S);
    permit = limit_permit(30000 * CB_E8, CB_E8 / 100);
    assert_cap(&permit, "");
}

static void caps_on_notional_per_minute(void **context)
{
    (void)context;
    bench.config.caps.notional_per_minute_e8 = 60000 * CB_E8;
    rig_caps(&bench);
    cb_permit permit = limit_permit(30000 * CB_E8, CB_E8);
    assert_cap(&permit, "");
    permit = limit_permit(30000 * CB_E8, CB_E8);
    assert_cap(&permit, "");
    permit = limit_permit(30000 * CB_E8, 100000);
    assert_cap(&permit, "cap notional per minute");
    rig_advance(&bench, 60 * CB_NS_PER_S);
    rig_market(&bench);
    permit = limit_permit(30000 * CB_E8, 100000);
    assert_cap(&permit, "");
}

static void caps_on_symbol_and_filters(void **context)
{
    (void)context;
    cb_permit permit = limit_permit(30000 * CB_E8, CB_E8);
    memcpy(permit.symbol, "DOGEUSDT", 9);
    rig_sign(&permit);
    assert_cap(&permit, "symbol not on the list");
    permit = limit_permit(30000 * CB_E8, CB_E8 + 1);
    assert_cap(&permit, "filter lot size");
    permit = limit_permit(30000 * CB_E8 + 1, CB_E8);
    assert_cap(&permit, "filter tick size");
    permit = limit_permit(30000 * CB_E8, 16000); /* 4.8 */
    assert_cap(&permit, "filter notional");
    permit = limit_permit(30000 * CB_E8, 17000); /* 5.1 */
    assert_cap(&permit, "");
    cb_instrument halted = rig_instrument("BTCUSDT", "BTC");
    halted.status = CB_INSTRUMENT_STATUS_HALT;
    rig_feed(&bench, CB_MSG_INSTRUMENT, &halted, sizeof(halted));
    permit = limit_permit(30000 * CB_E8, CB_E8);
    assert_cap(&permit, "symbol not trading");
}

/* S15: the filters of the moment count, not those of the decision. */
static void filters_that_changed_before_the_claim_count(void **context)
{
    (void)context;
    const cb_order first = rig_sending(&bench);
    const cb_permit second = limit_permit(3000050 * (CB_E8 / 100), CB_E8);
    rig_give(&bench, &second);
    assert_null(rig_request(&bench, EXEC_REQUEST_CLAIM)); /* the lane is taken */
    cb_instrument coarse = rig_instrument("BTCUSDT", "BTC");
    coarse.tick_size.e8 = CB_E8;
    rig_feed(&bench, CB_MSG_INSTRUMENT, &coarse, sizeof(coarse));
    assert_int_equal(rig_count(&bench, CB_ACTION_STORE, EXEC_TABLE_INSTRUMENTS), 1);
    rig_placed(&bench, &first, CB_ANSWER_REJECTED, NULL);
    assert_null(rig_request(&bench, EXEC_REQUEST_CLAIM));
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_NOT_SENT);
    assert_memory_equal(rig_last_order(&bench)->reason, "filter tick size", 16);
}

static void unchanged_instruments_are_not_stored_again(void **context)
{
    (void)context;
    cb_instrument same = rig_instrument("BTCUSDT", "BTC");
    same.recv_ns = bench.now_ns;
    rig_feed(&bench, CB_MSG_INSTRUMENT, &same, sizeof(same));
    assert_int_equal(bench.out->actions_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(untouched_permit_is_claimed),
        TEST(any_changed_field_is_refused),
        TEST(any_flipped_bit_of_hash_or_mac_is_refused),
        TEST(permit_signed_with_another_key_is_refused),
        TEST(permit_is_used_once),
        TEST(expiry_just_inside_and_outside),
        TEST(older_limits_are_refused_after_newer_ones),
        TEST(nonsense_that_no_row_could_hold_is_stored_as_a_refusal),
        TEST(price_must_fit_the_order_type),
        TEST(caps_on_quantity_and_notional),
        TEST(caps_on_price_collar),
        TEST(market_that_ran_away_since_the_decision_is_refused),
        TEST(caps_on_age_of_data),
        TEST(caps_on_orders_per_second),
        TEST(caps_on_notional_per_minute),
        TEST(caps_on_symbol_and_filters),
        TEST(filters_that_changed_before_the_claim_count),
        TEST(unchanged_instruments_are_not_stored_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
