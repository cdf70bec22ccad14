/* The table of order types: per type which times in force it takes and which fields it needs, may
 * have, or must not have; then what the fields say of each other. */
#include "domain/terms.h"

#include "base/assert.h"

#define TIF(tif) (UINT32_C(1) << (tif))
#define TYPES_COUNT (CB_ORDER_TYPE_TAKE_PROFIT_LIMIT + 1)

typedef enum need { NEED_NO, NEED_MAY, NEED_MUST } need;

typedef struct type_row {
    uint32_t tifs; /* bits of TIF() */
    need limit;
    need trigger; /* MUST: a trigger price, a trailing distance, or both */
    need slippage;
    need timeout;
    bool may_lead; /* may be the parent of a bracket */
} type_row;

/* "none" as a time in force is the type's own: GTC where it rests. */
#define RESTING (TIF(CB_TIF_NONE) | TIF(CB_TIF_GTC))
#define ANY_TIF (RESTING | TIF(CB_TIF_IOC) | TIF(CB_TIF_FOK))

static const type_row rows[TYPES_COUNT] = {
    [CB_ORDER_TYPE_MARKET] = {TIF(CB_TIF_NONE), NEED_NO, NEED_NO, NEED_MAY, NEED_NO, true},
    [CB_ORDER_TYPE_LIMIT] = {ANY_TIF, NEED_MUST, NEED_NO, NEED_NO, NEED_MAY, true},
    [CB_ORDER_TYPE_LIMIT_MAKER] = {RESTING, NEED_MUST, NEED_NO, NEED_NO, NEED_MAY, true},
    [CB_ORDER_TYPE_STOP_LOSS] = {RESTING, NEED_NO, NEED_MUST, NEED_NO, NEED_MAY, false},
    [CB_ORDER_TYPE_STOP_LOSS_LIMIT] = {ANY_TIF, NEED_MUST, NEED_MUST, NEED_NO, NEED_MAY, false},
    [CB_ORDER_TYPE_TAKE_PROFIT] = {RESTING, NEED_NO, NEED_MUST, NEED_NO, NEED_MAY, false},
    [CB_ORDER_TYPE_TAKE_PROFIT_LIMIT] = {ANY_TIF, NEED_MUST, NEED_MUST, NEED_NO, NEED_MAY, false},
};

static cb_terms_refusal refuse(const char *field, const char *why)
{
    CB_ASSERT(field != NULL && why != NULL);
    return (cb_terms_refusal){field, why};
}

static const cb_terms_refusal fits = {NULL, NULL};

bool cb_order_type_has_trigger(cb_order_type type)
{
    CB_ASSERT((unsigned)type < TYPES_COUNT);
    return rows[type].trigger == NEED_MUST;
}

bool cb_order_type_is_market(cb_order_type type)
{
    CB_ASSERT((unsigned)type < TYPES_COUNT);
    return type == CB_ORDER_TYPE_MARKET || type == CB_ORDER_TYPE_STOP_LOSS ||
           type == CB_ORDER_TYPE_TAKE_PROFIT;
}

bool cb_order_trigger_is_above(cb_order_type type, cb_side side)
{
    CB_ASSERT(cb_order_type_has_trigger(type));
    const bool is_stop = type == CB_ORDER_TYPE_STOP_LOSS || type == CB_ORDER_TYPE_STOP_LOSS_LIMIT;
    return is_stop == (side == CB_SIDE_BUY);
}

cb_order_type cb_order_type_triggered(cb_order_type type)
{
    if (!cb_order_type_has_trigger(type)) {
        return type;
    }
    return cb_order_type_is_market(type) ? CB_ORDER_TYPE_MARKET : CB_ORDER_TYPE_LIMIT;
}

cb_terms cb_terms_of_intent(const cb_intent *intent)
{
    CB_ASSERT(intent != NULL);
    return (cb_terms){.side = intent->side,
        .order_type = intent->order_type,
        .tif = intent->tif,
        .trigger_kind = intent->trigger_kind,
        .role = intent->role,
        .reduce_only = intent->reduce_only,
        .has_group = !cb_id_is_none(intent->group_id),
        .replaces = !cb_id_is_none(intent->replaces),
        .trailing_bips = intent->trailing_bips,
        .limit_price = intent->limit_price,
        .reference_price = intent->reference_price,
        .trigger_price = intent->trigger_price,
        .stop_loss = intent->stop_loss,
        .take_profit = intent->take_profit,
        .stop_limit = intent->stop_limit,
        .max_slippage = intent->max_slippage,
        .timeout_ns = intent->timeout_ns};
}

cb_terms cb_terms_of_permit(const cb_permit *permit)
{
    CB_ASSERT(permit != NULL);
    return (cb_terms){.side = permit->side,
        .order_type = permit->order_type,
        .tif = permit->tif,
        .trigger_kind = permit->trigger_kind,
        .role = permit->role,
        .reduce_only = permit->reduce_only,
        .has_group = !cb_id_is_none(permit->group_id),
        .replaces = !cb_id_is_none(permit->replaces),
        .trailing_bips = permit->trailing_bips,
        .limit_price = permit->limit_price,
        .reference_price = permit->reference_price,
        .trigger_price = permit->trigger_price,
        .stop_loss = permit->stop_loss,
        .take_profit = permit->take_profit,
        .stop_limit = permit->stop_limit,
        .max_slippage = permit->max_slippage,
        .timeout_ns = permit->timeout_ns};
}

/* A field against the table: 0 is absent, below 0 is nonsense. */
static cb_terms_refusal check_need(const char *field, int64_t value, need wanted)
{
    if (value < 0) {
        return refuse(field, "must not be negative");
    }
    if (wanted == NEED_MUST && value == 0) {
        return refuse(field, "is required for this order type");
    }
    if (wanted == NEED_NO && value != 0) {
        return refuse(field, "does not belong to this order type");
    }
    return fits;
}

static bool is_enum(uint32_t value, const cb_enum_desc *desc)
{
    CB_ASSERT(desc->count > 0);
    return value < desc->count;
}

static cb_terms_refusal check_words(const cb_terms *terms)
{
    if (terms->side != CB_SIDE_BUY && terms->side != CB_SIDE_SELL) {
        return refuse("side", "must be buy or sell");
    }
    if (terms->order_type == CB_ORDER_TYPE_NONE ||
        !is_enum((uint32_t)terms->order_type, &cb_order_type_desc)) {
        return refuse("order_type", "is none that exists");
    }
    if (!is_enum((uint32_t)terms->tif, &cb_tif_desc) ||
        (rows[terms->order_type].tifs & TIF(terms->tif)) == 0) {
        return refuse("tif", "does not fit the order type");
    }
    if (!is_enum((uint32_t)terms->trigger_kind, &cb_trigger_desc)) {
        return refuse("trigger_kind", "is none that exists");
    }
    if (!is_enum((uint32_t)terms->role, &cb_role_desc) || terms->role == CB_ROLE_STOP) {
        return refuse("role", "must be none, parent or take_profit");
    }
    return fits;
}

static cb_terms_refusal check_trailing(const cb_terms *terms)
{
    if (terms->trailing_bips == 0) {
        return fits;
    }
    if (terms->role == CB_ROLE_NONE && rows[terms->order_type].trigger == NEED_NO) {
        return refuse("trailing_bips", "does not belong to this order type");
    }
    if (terms->trailing_bips < CB_TRAILING_BIPS_MIN ||
        terms->trailing_bips > CB_TRAILING_BIPS_MAX) {
        return refuse("trailing_bips", "must be 10 to 2000");
    }
    return fits;
}

static cb_terms_refusal check_fields(const cb_terms *terms)
{
    const type_row *row = &rows[terms->order_type];
    const bool is_trailing = terms->trailing_bips > 0;
    const need trigger = row->trigger == NEED_MUST && is_trailing ? NEED_MAY : row->trigger;
    const bool rests = (TIF(terms->tif) & RESTING) != 0;
    const bool leads = terms->role != CB_ROLE_NONE;
    const struct {
        const char *field;
        int64_t value;
        need wanted;
    } all[] = {
        {"limit_price", terms->limit_price.e8, row->limit},
        {"trigger_price", terms->trigger_price.e8, trigger},
        {"max_slippage", terms->max_slippage.e8, row->slippage},
        {"timeout_ns", terms->timeout_ns, rests ? row->timeout : NEED_NO},
        {"stop_loss", terms->stop_loss.e8, NEED_MAY},
        {"take_profit", terms->take_profit.e8, NEED_MAY},
        {"stop_limit", terms->stop_limit.e8, leads ? NEED_MAY : NEED_NO},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const cb_terms_refusal refusal = check_need(all[i].field, all[i].value, all[i].wanted);
        if (refusal.field != NULL) {
            return refusal;
        }
    }
    if (terms->max_slippage.e8 >= CB_E8) {
        return refuse("max_slippage", "must be below 1");
    }
    if (terms->timeout_ns > CB_TIMEOUT_NS_MAX) {
        return refuse("timeout_ns", "is longer than 400 days");
    }
    if (terms->trigger_kind != CB_TRIGGER_NONE && row->trigger == NEED_NO && !leads) {
        return refuse("trigger_kind", "does not belong to this order type");
    }
    return fits;
}

/* A stop lies where the market hurts, its limit beyond it, the target where it pays. */
static cb_terms_refusal check_exit_prices(const cb_terms *terms, bool is_exit_sell)
{
    const int64_t stop = terms->stop_loss.e8;
    const int64_t target =
        terms->role == CB_ROLE_PARENT ? terms->take_profit.e8 : terms->limit_price.e8;
    const int64_t market = terms->role == CB_ROLE_PARENT && terms->limit_price.e8 > 0
                               ? terms->limit_price.e8
                               : terms->reference_price.e8;
    const int64_t sign = is_exit_sell ? 1 : -1;
    if (stop > 0 && market > 0 && sign * (market - stop) <= 0) {
        return refuse("stop_loss", "lies on the wrong side of the price");
    }
    if (terms->role == CB_ROLE_PARENT && target > 0 && market > 0 &&
        sign * (target - market) <= 0) {
        return refuse("take_profit", "lies on the wrong side of the price");
    }
    if (stop > 0 && target > 0 && sign * (target - stop) <= 0) {
        return refuse("stop_loss", "lies beyond the take-profit");
    }
    if (terms->stop_limit.e8 > 0 && stop == 0) {
        return refuse("stop_limit", "needs a stop_loss");
    }
    if (terms->stop_limit.e8 > 0 && sign * (stop - terms->stop_limit.e8) < 0) {
        return refuse("stop_limit", "lies on the wrong side of the stop");
    }
    return fits;
}

static cb_terms_refusal check_group(const cb_terms *terms)
{
    if (terms->role == CB_ROLE_NONE) {
        return terms->has_group ? refuse("group_id", "needs a role") : fits;
    }
    if (!terms->has_group) {
        return refuse("group_id", "is required for an order that leads a group");
    }
    if (terms->replaces) {
        return refuse("replaces", "a group cannot take another order's place");
    }
    const bool has_stop = terms->stop_loss.e8 > 0 || terms->trailing_bips > 0;
    if (terms->role == CB_ROLE_PARENT) {
        if (!rows[terms->order_type].may_lead) {
            return refuse("order_type", "cannot be the entry of a bracket");
        }
        if (terms->reduce_only) {
            return refuse("reduce_only", "the entry of a bracket opens a position");
        }
        if (!has_stop && terms->take_profit.e8 == 0) {
            return refuse("stop_loss",
                "a bracket needs a stop-loss, a trailing distance or a "
                "take-profit");
        }
        return check_exit_prices(terms, terms->side == CB_SIDE_BUY);
    }
    const bool is_limit =
        terms->order_type == CB_ORDER_TYPE_LIMIT || terms->order_type == CB_ORDER_TYPE_LIMIT_MAKER;
    if (!is_limit || (TIF(terms->tif) & RESTING) == 0) {
        return refuse("order_type", "the first leg of an OCO is a limit that rests");
    }
    if (!has_stop) {
        return refuse("stop_loss", "an OCO needs a stop-loss or a trailing distance");
    }
    return check_exit_prices(terms, terms->side == CB_SIDE_SELL);
}

cb_terms_refusal cb_terms_check(const cb_terms *terms)
{
    CB_ASSERT(terms != NULL);
    cb_terms_refusal (*const checks[])(const cb_terms *) = {
        check_words, check_trailing, check_fields, check_group};
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        const cb_terms_refusal refusal = checks[i](terms);
        if (refusal.field != NULL) {
            CB_ASSERT(refusal.why != NULL);
            return refusal;
        }
    }
    return fits;
}
