/* Runs a strategy over bars for the checks. */
#include "services/signals/core/strategy_check.h"

#include <math.h>
#include <string.h>

static void write_row(const strategy_opinion *opinion, double *row)
{
    CB_ASSERT(opinion->values_count <= STRATEGY_VALUES_MAX);
    row[0] = opinion->side == CB_SIDE_BUY ? 1 : opinion->side == CB_SIDE_SELL ? -1 : 0;
    row[1] = opinion->confidence;
    row[2] = opinion->stop_distance;
    row[3] = opinion->profit_distance;
    for (uint32_t i = 0; i < opinion->values_count; i++) {
        row[STRATEGY_CHECK_COLUMNS + i] = opinion->values[i].value;
    }
}

static void run_strategy(const void *context, const cb_bar *bars, size_t count, double *rows)
{
    const strategy_check *check = context;
    CB_ASSERT(check->ops != NULL);
    CB_ASSERT(check->state != NULL);
    check->ops->init(check->state, check->params);
    for (size_t i = 0; i < count; i++) {
        double *row = rows + i * STRATEGY_CHECK_WIDTH;
        strategy_opinion opinion;
        memset(&opinion, 0, sizeof opinion);
        const bool is_warm = check->ops->step(check->state, &bars[i], &opinion);
        for (uint32_t k = 0; k < STRATEGY_CHECK_WIDTH; k++) {
            row[k] = is_warm ? 0 : (double)NAN;
        }
        if (is_warm) {
            write_row(&opinion, row);
        }
    }
}

void strategy_check_subject(const strategy_check *check, cb_check_subject *subject)
{
    CB_ASSERT(check != NULL);
    CB_ASSERT(subject != NULL);
    *subject =
        (cb_check_subject){.context = check, .run = run_strategy, .width = STRATEGY_CHECK_WIDTH};
}
