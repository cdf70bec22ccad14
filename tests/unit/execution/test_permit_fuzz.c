/* A replayed, altered or expired permit never leads to a claim, in any of many random cases; and
 * between them untouched permits do, so that it is not the bench that refuses. The signature and
 * the core are the real ones. PERMIT_CASES sets how many (make permits: a million). */
#include "tests/unit/execution/rig.h"

#include "base/prng.h"
#include "tests/testing/seeds.h"

#define CASES_DEFAULT 20000
#define KEPT_MAX 64 /* permits that were used, to be replayed */
#define CONTROL_EVERY 16

typedef enum attack {
    ATTACK_REPLAY,         /* the very bytes again, at once or later */
    ATTACK_REPLAY_RENEWED, /* a used intent under a new permit id, rightly signed */
    ATTACK_ALTER_BITS,     /* one to eight random bits of what is signed */
    ATTACK_ALTER_TERM,     /* more quantity, another symbol or side, no reduction, no end */
    ATTACK_EXPIRED,        /* its time is over, by a nanosecond or by hours */
    ATTACK_PAST_ORDER,     /* the order's own deadline is over */
    ATTACK_OTHER_KEY,      /* signed by somebody else */
    ATTACK_MIXED,          /* the signature of one permit on the terms of another */
    ATTACK_OLD_LIMITS,     /* granted under limits that have been changed */
    ATTACK_OTHER_CAPS,     /* granted in the belief of other caps */
    ATTACK_COUNT
} attack;

static const char *const attack_names[ATTACK_COUNT] = {
    [ATTACK_REPLAY] = "replayed",
    [ATTACK_REPLAY_RENEWED] = "intent replayed",
    [ATTACK_ALTER_BITS] = "bits altered",
    [ATTACK_ALTER_TERM] = "term altered",
    [ATTACK_EXPIRED] = "expired",
    [ATTACK_PAST_ORDER] = "order past its time",
    [ATTACK_OTHER_KEY] = "other key",
    [ATTACK_MIXED] = "mixed",
    [ATTACK_OLD_LIMITS] = "older limits",
    [ATTACK_OTHER_CAPS] = "other caps",
};

typedef struct fuzz {
    rig bench;
    cb_prng prng;
    cb_permit kept[KEPT_MAX];
    uint64_t kept_count; /* ever */
    uint64_t cases[ATTACK_COUNT];
    uint64_t controls;
} fuzz;

static uint64_t below(fuzz *f, uint64_t bound)
{
    return cb_prng_below(&f->prng, bound);
}

static cb_permit fresh(fuzz *f)
{
    cb_permit permit = rig_permit(&f->bench);
    permit.qty.e8 = (int64_t)(below(f, 1000) + 100) * 1000;
    /* Ids that are many bits apart: an altered one must not be another's by chance. */
    permit.permit_id = (cb_id){cb_prng_next(&f->prng), f->bench.permits};
    permit.intent_id = (cb_id){cb_prng_next(&f->prng), f->bench.permits};
    permit.reserved.e8 = 30000 * permit.qty.e8;
    rig_sign(&permit);
    return permit;
}

/* ---- altering ---- */

static bool is_signed_field(const cb_field *field)
{
    return strcmp(field->name, "env") != 0 && strcmp(field->name, "reserved_e8") != 0 &&
           strcmp(field->name, "verdicts") != 0;
}

static size_t field_size(const cb_permit *permit, const cb_field *field)
{
    switch (field->kind) {
    case CB_KIND_TEXT: /* behind its end a text has no meaning */
        return strlen((const char *)permit + field->offset) + 1;
    case CB_KIND_ID:
        return sizeof(cb_id);
    case CB_KIND_BLOB32:
        return 32;
    case CB_KIND_BOOL:
        return 1;
    case CB_KIND_U32:
    case CB_KIND_ENUM:
        return 4;
    case CB_KIND_U64:
    case CB_KIND_I64:
    case CB_KIND_E8:
    case CB_KIND_TIME:
    case CB_KIND_F64:
        return 8;
    case CB_KIND_MSG:
    case CB_KIND_REP:
        break;
    }
    fail_msg("%s has no plain bytes", field->name);
    return 0;
}

/* A wire message never carries a bool other than 0 or 1, an enum without a name or a text without
 * its end: those bits stay. */
static void flip(fuzz *f, cb_permit *permit, const cb_field *field)
{
    uint8_t *at = (uint8_t *)permit + field->offset;
    if (field->kind == CB_KIND_BOOL) {
        at[0] ^= 1;
        return;
    }
    if (field->kind == CB_KIND_ENUM) {
        uint32_t value = 0;
        memcpy(&value, at, sizeof(value));
        value = (value + 1 + (uint32_t)below(f, field->enums->count - 1)) % field->enums->count;
        memcpy(at, &value, sizeof(value));
        return;
    }
    const size_t size = field_size(permit, field);
    if (field->kind == CB_KIND_TEXT) {
        uint8_t *letter = &at[size > 1 ? below(f, size - 1) : 0];
        *letter = (uint8_t)(*letter == 'Q' ? 'R' : 'Q');
        at[size > 1 ? size - 1 : 1] = 0;
        return;
    }
    at[below(f, size)] ^= (uint8_t)(1U << below(f, 8));
}

static bool is_same(const cb_permit *a, const cb_permit *b)
{
    for (uint32_t i = 0; i < cb_permit_desc.fields_count; i++) {
        const cb_field *field = &cb_permit_desc.fields[i];
        if (is_signed_field(field) && memcmp((const uint8_t *)a + field->offset,
                                          (const uint8_t *)b + field->offset,
                                          field_size(a, field)) != 0) {
            return false;
        }
    }
    return true;
}

static void alter_bits(fuzz *f, cb_permit *permit)
{
    const cb_permit before = *permit;
    do {
        for (uint64_t left = below(f, 8) + 1; left > 0;) {
            const cb_field *field = &cb_permit_desc.fields[below(f, cb_permit_desc.fields_count)];
            if (is_signed_field(field)) {
                flip(f, permit, field);
                left--;
            }
        }
    } while (is_same(permit, &before)); /* flipped there and back */
}

static void alter_term(fuzz *f, cb_permit *permit)
{
    switch (below(f, 6)) {
    case 0:
        permit->qty.e8 *= 2;
        break;
    case 1:
        memcpy(permit->symbol, "ETHUSDT", 8);
        break;
    case 2:
        permit->side = CB_SIDE_SELL;
        break;
    case 3:
        permit->expires_ns += (int64_t)below(f, UINT64_C(3600000000000)) + 1;
        break;
    case 4:
        permit->limits_version++;
        break;
    default:
        permit->reduce_only = true;
        break;
    }
}

static void sign_by_other(fuzz *f, cb_permit *permit)
{
    char key[33] = RIG_KEY;
    key[below(f, 32)] ^= (char)(1U << below(f, 7));
    cb_permit_sign(permit, (const uint8_t *)key, sizeof(key) - 1);
}

static cb_permit *any_kept(fuzz *f)
{
    const uint64_t count = f->kept_count < KEPT_MAX ? f->kept_count : KEPT_MAX;
    assert_true(count > 0);
    return &f->kept[below(f, count)];
}

static cb_permit attacked(fuzz *f, attack kind)
{
    cb_permit permit = fresh(f);
    const int64_t late_ns = below(f, 2) == 0 ? 0 : (int64_t)below(f, UINT64_C(36000000000000));
    switch (kind) {
    case ATTACK_REPLAY:
        return *any_kept(f);
    case ATTACK_REPLAY_RENEWED:
        permit.intent_id = any_kept(f)->intent_id;
        rig_sign(&permit);
        return permit;
    case ATTACK_ALTER_BITS:
        alter_bits(f, &permit);
        return permit;
    case ATTACK_ALTER_TERM:
        alter_term(f, &permit);
        return permit;
    case ATTACK_EXPIRED:
        permit.expires_ns = f->bench.now_ns - late_ns;
        break;
    case ATTACK_PAST_ORDER:
        permit.not_after_ns = f->bench.now_ns - late_ns;
        break;
    case ATTACK_OTHER_KEY:
        sign_by_other(f, &permit);
        return permit;
    case ATTACK_MIXED:
        memcpy(permit.mac, any_kept(f)->mac, sizeof(permit.mac));
        if (below(f, 2) == 0) {
            memcpy(permit.order_hash, any_kept(f)->order_hash, sizeof(permit.order_hash));
        }
        return permit;
    case ATTACK_OLD_LIMITS:
        permit.limits_version = below(f, 7);
        break;
    case ATTACK_OTHER_CAPS:
        permit.caps_hash[below(f, 32)] ^= (uint8_t)(1U << below(f, 8));
        break;
    case ATTACK_COUNT:
        break;
    }
    rig_sign(&permit); /* by risk, who granted it in good faith at its time */
    return permit;
}

/* ---- judging ---- */

/* Nothing goes to the database as a claim, and no version says more than that it is over. */
static void expect_refused(fuzz *f, const cb_permit *permit, attack kind)
{
    rig_give(&f->bench, permit);
    if (rig_request(&f->bench, EXEC_REQUEST_CLAIM) != NULL ||
        rig_request(&f->bench, EXEC_REQUEST_SEND) != NULL) {
        fail_msg("a permit that was %s led to a claim", attack_names[kind]);
    }
    const cb_order *last = rig_last_order(&f->bench);
    if (last != NULL && last->state != CB_ORDER_STATE_NOT_SENT) {
        fail_msg("a permit that was %s left an order", attack_names[kind]);
    }
    f->cases[kind]++;
}

static void expect_claimed(fuzz *f)
{
    const cb_permit permit = fresh(f);
    rig_give(&f->bench, &permit);
    const exec_claim *claim = rig_request(&f->bench, EXEC_REQUEST_CLAIM);
    if (claim == NULL) {
        const cb_order *order = rig_last_order(&f->bench);
        fail_msg("after %llu permits one that nobody touched was refused: %s",
            (unsigned long long)f->controls,
            order == NULL ? "not stored" : order->reason);
    }
    assert_true(claim->order.qty.e8 == permit.qty.e8);
    rig_claim(&f->bench, permit.intent_id, EXEC_CLAIM_EXPIRED);
    f->kept[f->kept_count++ % KEPT_MAX] = permit;
    f->controls++;
}

static void begin(fuzz *f)
{
    cb_prng_init(&f->prng, seeds_first());
    exec_config config = rig_config();
    config.seen_max = 8192; /* as in production, memory outlives the permits that are replayed */
    config.light_ns = config.deep_ns = 1000000 * CB_NS_PER_S; /* it is about permits */
    config.caps.orders_per_s = 1000;
    config.caps.notional_per_minute_e8 = INT64_MAX / 2;
    rig_start(&f->bench, &config);
    rig_lease(&f->bench, 1);
    rig_feed(&f->bench, CB_EVENT_RECOVERED, NULL, 0);
    rig_market(&f->bench);
    rig_stream(&f->bench, true);
    rig_reconcile(&f->bench, 1000000 * CB_E8, 0);
    assert_true(rig_view(&f->bench).is_live);
    expect_claimed(f);
}

/* Time goes on, and the market with it. */
static void move_on(fuzz *f)
{
    rig_advance(&f->bench, (int64_t)below(f, 20) * CB_NS_PER_MS);
    rig_ticker(&f->bench, "BTCUSDT", 30000 * CB_E8, 30001 * CB_E8);
    rig_ticker(&f->bench, "ETHUSDT", 2000 * CB_E8, 2001 * CB_E8);
}

static void no_replayed_altered_or_expired_permit_is_ever_claimed(void **unused)
{
    (void)unused;
    const uint64_t cases_max = seeds_from("PERMIT_CASES", CASES_DEFAULT);
    fuzz *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    begin(f);
    for (uint64_t i = 0; i < cases_max; i++) {
        if (i % CONTROL_EVERY == 0) {
            move_on(f);
            expect_claimed(f);
        }
        const attack kind = (attack)below(f, ATTACK_COUNT);
        const cb_permit permit = attacked(f, kind);
        expect_refused(f, &permit, kind);
    }
    for (int i = 0; i < ATTACK_COUNT; i++) {
        print_message("%-20s %llu refused\n", attack_names[i], (unsigned long long)f->cases[i]);
        assert_true(f->cases[i] > cases_max / 20);
    }
    print_message("%-20s %llu claimed\n", "untouched", (unsigned long long)f->controls);
    assert_true(f->controls > cases_max / CONTROL_EVERY);
    rig_stop(&f->bench);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_replayed_altered_or_expired_permit_is_ever_claimed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
