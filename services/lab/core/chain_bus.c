/* The bus and the runtime of all cores in one process: envelopes as the runtime fills them, routes
 * by proto/subjects.def, timers on virtual time, one queue in the order of sending. Market data
 * goes to its consumers at once, everything else is copied and delivered in turn. */
#include <string.h>

#include "base/hash.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "services/lab/core/chain_internal.h"

#define ENVELOPE_SCHEMA 1U
#define EPOCH 1U

/* One row of proto/subjects.def as the chain needs it. */
typedef struct chain_route {
    const char *token;
    const char *prefix;
    cb_msg_id msg;
    cb_subject_shard shard;
    cb_subject_class subject_class;
    const char *consumers;
} chain_route;

static const chain_route routes[CB_SUBJECT_COUNT] = {
#define SHARD(name) CB_SHARD_##name
#define CLASS(name) CB_CLASS_##name
#define SUBJECT(id, prefix, msg, shard, owner, consumers, cls, overflow)                           \
    {#id, prefix, CB_MSG_##msg, CB_SHARD_##shard, CB_CLASS_##cls, consumers},
#include "proto/subjects.def"
#undef SUBJECT
#undef SHARD
#undef CLASS
};

static const char *const core_names[CHAIN_CORES] = {
    [CHAIN_VALIDATOR] = "validator",
    [CHAIN_SIGNALS] = "signals",
    [CHAIN_RISK] = "risk",
    [CHAIN_EXECUTION] = "execution",
    [CHAIN_PORTFOLIO] = "portfolio",
};

/* ---- routes ---- */

static bool names(const char *list, const char *word)
{
    const size_t size = strlen(word);
    const char *at = list;
    while ((at = strstr(at, word)) != NULL) {
        const bool begins = at == list || at[-1] == ' ';
        if (begins && (at[size] == '\0' || at[size] == ' ')) {
            return true;
        }
        at += size;
    }
    return false;
}

/* Consumers of a row among the cores, as bits. */
static uint32_t consumers_of(uint32_t subject)
{
    uint32_t bits = 0;
    for (uint32_t core = CHAIN_SIGNALS; core < CHAIN_CORES; core++) {
        bits |= names(routes[subject].consumers, core_names[core]) ? 1U << core : 0U;
    }
    return bits;
}

/* "md.ok.candle.17.binance.BTCUSDT" */
static void print_subject(
    const chain_route *route, const char *venue, const char *key, char out[CB_SUBJECT_TEXT_MAX])
{
    const uint32_t partition =
        (uint32_t)(cb_hash_text(CB_HASH_SEED, key) % (uint64_t)CB_PARTITIONS_COUNT);
    const char digits[] = {
        '.', (char)('0' + partition / 10), (char)('0' + partition % 10), '.', '\0'};
    cb_textbuf text = cb_textbuf_over(out, CB_SUBJECT_TEXT_MAX);
    cb_textbuf_add(&text, route->prefix);
    cb_textbuf_add(&text, digits);
    cb_textbuf_add(&text, venue);
    cb_textbuf_add(&text, ".");
    cb_textbuf_add(&text, key);
}

/* Streams: "signals/INTENT/main"; the epoch is no part of their ids. */
static void begin_stream(chain_series *series, uint32_t subject, const char *owner, const char *key)
{
    char source[CB_SUBJECT_TEXT_MAX];
    cb_textbuf text = cb_textbuf_over(source, sizeof(source));
    cb_textbuf_add(&text, owner);
    cb_textbuf_add(&text, "/");
    cb_textbuf_add(&text, routes[subject].token);
    cb_textbuf_add(&text, "/");
    cb_textbuf_add(&text, key);
    *series = (chain_series){.id_hi = cb_id_make(source, 0, 1).hi};
}

static const char *owner_of(uint32_t subject)
{
    static const char *const owners[CB_SUBJECT_COUNT] = {
#define SUBJECT(id, prefix, msg, shard, owner, consumers, cls, overflow) owner,
#include "proto/subjects.def"
#undef SUBJECT
    };
    return owners[subject];
}

void chain_bus_init(lab_chain *chain)
{
    char full[CB_SUBJECT_TEXT_MAX];
    for (uint32_t subject = 0; subject < (uint32_t)CB_SUBJECT_COUNT; subject++) {
        chain->consumers[subject] = consumers_of(subject);
    }
    const char *venue = chain->venue->name;
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const chain_route *route = &routes[id];
        for (uint32_t s = 0; s < chain->symbols_count && route->shard == CB_SHARD_SYMBOL; s++) {
            print_subject(route, venue, chain->config->symbols[s].spec.symbol, full);
            chain->symbols[s].ok[id] = (chain_series){.id_hi = cb_id_make(full, EPOCH, 1).hi};
        }
        for (uint32_t a = 0; a < chain->accounts_count; a++) {
            chain_account *account = &chain->accounts[a];
            const char *name = account->config->risk->account;
            if (route->subject_class == CB_CLASS_STREAM) {
                const bool is_service = route->shard == CB_SHARD_SERVICE;
                begin_stream(
                    &account->streams[id], id, owner_of(id), is_service ? owner_of(id) : name);
            } else if (route->shard == CB_SHARD_ACCOUNT) {
                print_subject(route, venue, name, full);
                account->streams[id] = (chain_series){.id_hi = cb_id_make(full, EPOCH, 1).hi};
            }
        }
    }
    for (uint32_t a = 0; a < chain->accounts_count; a++) {
        for (uint32_t s = 0; s < chain->symbols_count; s++) {
            chain->accounts[a].signals[s] = chain->symbols[s].ok[CB_SUBJECT_SIGNAL];
        }
    }
}

chain_service *chain_service_of(lab_chain *chain, chain_core core, uint32_t account)
{
    CB_ASSERT(account < chain->accounts_count);
    return core == CHAIN_VALIDATOR ? &chain->validator : &chain->accounts[account].services[core];
}

/* ---- the queue ---- */

void chain_enqueue(lab_chain *chain,
    chain_item_kind kind,
    uint32_t code,
    chain_core core,
    uint32_t account,
    const void *body,
    size_t size)
{
    chain_queue *queue = &chain->queue;
    const size_t padded = (size + 15U) & ~(size_t)15U;
    CB_ASSERT(queue->tail + sizeof(chain_item) + padded <= CHAIN_QUEUE_SIZE);
    chain_item *item = (chain_item *)(void *)(queue->bytes + queue->tail);
    *item = (chain_item){.kind = (uint32_t)kind,
        .code = code,
        .core = (uint32_t)core,
        .account = account,
        .body_size = (uint32_t)size};
    if (size > 0) {
        memcpy(item + 1, body, size);
    }
    queue->tail += sizeof(chain_item) + padded;
}

/* ---- sending ---- */

static void fill_envelope(lab_chain *chain, const chain_service *service, cb_envelope *env)
{
    const char *name = core_names[service->core];
    memcpy(env->producer, name, strlen(name) + 1);
    env->schema = env->schema != 0 ? env->schema : ENVELOPE_SCHEMA;
    env->ts_ns = env->ts_ns != 0 ? env->ts_ns : chain->now_ns;
    env->epoch = EPOCH;
}

static void number(chain_series *series, cb_envelope *env, bool is_stream)
{
    env->seq = ++series->count;
    if (is_stream || cb_id_is_none(env->event_id)) {
        env->event_id = (cb_id){.hi = series->id_hi, .lo = env->seq};
    }
}

/* The text that a symbol's messages begin with, behind the envelope. */
typedef struct market_head {
    cb_envelope env;
    char venue[12];
    char symbol[24];
} market_head;

/* From the validator to all accounts, at once. */
static void publish_market(lab_chain *chain, const cb_action *action)
{
    const chain_route *route = &routes[action->subject];
    market_head *head = action->body;
    const uint32_t symbol = chain_symbol_index(chain, head->symbol);
    fill_envelope(chain, &chain->validator, &head->env);
    if (symbol < chain->symbols_count) {
        number(&chain->symbols[symbol].ok[action->subject], &head->env, false);
        if (action->subject == (uint32_t)CB_SUBJECT_MD_OK_TICKER) {
            chain->symbols[symbol].quiet.ticker = *(const cb_ticker *)action->body;
        }
    }
    if (action->subject == (uint32_t)CB_SUBJECT_MD_BAD) {
        chain_rows_record(chain, 0, LAB_RECORD_QUALITY, action->body);
    }
    const uint32_t consumers = chain->consumers[action->subject];
    for (uint32_t a = 0; a < chain->accounts_count; a++) {
        for (uint32_t core = CHAIN_SIGNALS; core < CHAIN_CORES; core++) {
            if ((consumers & (1U << core)) != 0) {
                chain_step(chain,
                    &chain->accounts[a].services[core],
                    (uint32_t)route->msg,
                    action->body,
                    action->body_size);
            }
        }
    }
}

static void record(lab_chain *chain, uint32_t account, uint32_t subject, const void *body)
{
    static const struct {
        cb_subject_id subject;
        lab_record kind;
    } kinds[] = {{CB_SUBJECT_SIGNAL, LAB_RECORD_SIGNAL},
        {CB_SUBJECT_INTENT, LAB_RECORD_INTENT},
        {CB_SUBJECT_PERMIT, LAB_RECORD_PERMIT},
        {CB_SUBJECT_DENIAL, LAB_RECORD_DENIAL},
        {CB_SUBJECT_ORDER, LAB_RECORD_ORDER},
        {CB_SUBJECT_FILL, LAB_RECORD_FILL},
        {CB_SUBJECT_KILL, LAB_RECORD_KILL}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if ((uint32_t)kinds[i].subject == subject) {
            chain_rows_record(chain, account, kinds[i].kind, body);
            return;
        }
    }
}

static void publish(lab_chain *chain, const chain_service *service, const cb_action *action)
{
    chain_account *account = &chain->accounts[service->account];
    const chain_route *route = &routes[action->subject];
    cb_envelope *env = action->body;
    CB_ASSERT(action->subject < (uint32_t)CB_SUBJECT_COUNT);
    fill_envelope(chain, service, env);
    if (route->subject_class == CB_CLASS_STREAM) {
        number(&account->streams[action->subject], env, true);
        record(chain, service->account, action->subject, action->body);
        if (chain->consumers[action->subject] == 0) {
            return; /* for the interface and others outside */
        }
        chain_enqueue(chain,
            CHAIN_ITEM_BUS,
            action->subject,
            service->core,
            service->account,
            action->body,
            action->body_size);
        return;
    }
    if (action->subject == (uint32_t)CB_SUBJECT_SIGNAL) {
        const uint32_t symbol =
            chain_symbol_index(chain, ((const cb_signal *)action->body)->symbol);
        CB_ASSERT(symbol < chain->symbols_count);
        number(&account->signals[symbol], env, false);
    }
    record(chain, service->account, action->subject, action->body);
}

/* ---- timers ---- */

static void find_due(chain_service *service)
{
    service->due_ns = INT64_MAX;
    for (uint32_t i = 0; i < CHAIN_TIMERS_MAX; i++) {
        const chain_timer *timer = &service->timers[i];
        if (timer->is_set && timer->due_ns < service->due_ns) {
            service->due_ns = timer->due_ns;
        }
    }
}

static void set_timer(chain_service *service, uint64_t id, int64_t due_ns)
{
    chain_timer *place = NULL;
    for (uint32_t i = 0; i < CHAIN_TIMERS_MAX; i++) {
        chain_timer *timer = &service->timers[i];
        if (timer->is_set && timer->id == id) {
            place = timer;
            break;
        }
        place = place == NULL && !timer->is_set ? timer : place;
    }
    CB_ASSERT(place != NULL);
    *place = (chain_timer){true, id, due_ns};
    find_due(service);
}

static void cancel_timer(chain_service *service, uint64_t id)
{
    for (uint32_t i = 0; i < CHAIN_TIMERS_MAX; i++) {
        if (service->timers[i].id == id) {
            service->timers[i].is_set = false;
        }
    }
    find_due(service);
}

void chain_bus_wake(lab_chain *chain)
{
    chain_service *service = &chain->validator;
    for (uint32_t i = 0; i < CHAIN_TIMERS_MAX; i++) {
        if (service->timers[i].is_set) {
            service->timers[i].due_ns = (chain->now_ns / CB_NS_PER_S + 1) * CB_NS_PER_S;
        }
    }
    find_due(service);
}

static bool fire_one(lab_chain *chain, chain_service *service)
{
    if (service->due_ns > chain->now_ns) {
        return false;
    }
    uint32_t first = 0;
    for (uint32_t i = 0; i < CHAIN_TIMERS_MAX; i++) {
        if (service->timers[i].is_set && service->timers[i].due_ns == service->due_ns) {
            first = i;
            break;
        }
    }
    const cb_timer_event event = {service->timers[first].id, service->timers[first].due_ns};
    service->timers[first].is_set = false;
    find_due(service);
    chain_step(chain, service, CB_EVENT_TIMER, &event, sizeof(event));
    return true;
}

static bool fire_all(lab_chain *chain)
{
    bool is_any = false;
    while (fire_one(chain, &chain->validator)) {
        is_any = true;
    }
    for (uint32_t a = 0; a < chain->accounts_count; a++) {
        for (uint32_t core = CHAIN_SIGNALS; core < CHAIN_CORES; core++) {
            while (fire_one(chain, &chain->accounts[a].services[core])) {
                is_any = true;
            }
        }
    }
    return is_any;
}

/* ---- steps ---- */

static void store(lab_chain *chain, const chain_service *service, const cb_action *action)
{
    if (service->core != CHAIN_PORTFOLIO) {
        return;
    }
    if (action->table == (uint32_t)PORTFOLIO_TABLE_ENTRY) {
        chain_rows_record(chain, service->account, LAB_RECORD_ENTRY, action->body);
    } else if (action->table == (uint32_t)PORTFOLIO_TABLE_FILL) {
        chain_rows_fill(chain, service->account, action->body);
    }
}

static void dispatch(lab_chain *chain, chain_service *service, const cb_outbox *out)
{
    for (uint32_t i = 0; i < out->actions_count; i++) {
        const cb_action *action = &out->actions[i];
        switch (action->type) {
        case CB_ACTION_PUBLISH:
            if (service->core == CHAIN_VALIDATOR) {
                publish_market(chain, action);
            } else {
                publish(chain, service, action);
            }
            break;
        case CB_ACTION_STORE:
            store(chain, service, action);
            break;
        case CB_ACTION_SET_TIMER:
            set_timer(service, action->timer_id, action->due_ns);
            break;
        case CB_ACTION_CANCEL_TIMER:
            cancel_timer(service, action->timer_id);
            break;
        case CB_ACTION_REQUEST:
            chain_enqueue(chain,
                CHAIN_ITEM_REQUEST,
                action->request,
                service->core,
                service->account,
                action->body,
                action->body_size);
            break;
        }
    }
}

static void step(lab_chain *chain,
    chain_service *service,
    uint32_t type,
    const void *body,
    size_t size,
    bool is_recovery)
{
    const cb_event event = {.seq = ++service->events_count,
        .ts_ns = chain->now_ns,
        .type = type,
        .is_recovery = is_recovery,
        .body_size = (uint32_t)size,
        .body = body};
    cb_outbox_reset(service->out);
    service->ops->step(service->state, &event, service->out);
}

void chain_step(
    lab_chain *chain, chain_service *service, uint32_t type, const void *body, size_t size)
{
    if (service->late != 0) {
        chain_quiet_deliver(chain, service);
    }
    if (service->late_book != 0 && type != CB_EVENT_TIMER) {
        chain_quiet_deliver_books(chain, service);
    }
    chain_step_now(chain, service, type, body, size);
}

void chain_step_now(
    lab_chain *chain, chain_service *service, uint32_t type, const void *body, size_t size)
{
    step(chain, service, type, body, size, false);
    dispatch(chain, service, service->out);
}

void chain_recover(
    lab_chain *chain, chain_service *service, uint32_t type, const void *body, size_t size)
{
    step(chain, service, type, body, size, true);
    for (uint32_t i = 0; i < service->out->actions_count; i++) {
        const cb_action *action = &service->out->actions[i];
        if (action->type == CB_ACTION_SET_TIMER) {
            set_timer(service, action->timer_id, action->due_ns);
        }
    }
}

/* ---- delivering ---- */

static void deliver(lab_chain *chain, const chain_item *item, const void *body)
{
    const uint32_t consumers = chain->consumers[item->code];
    for (uint32_t core = CHAIN_SIGNALS; core < CHAIN_CORES; core++) {
        if ((consumers & (1U << core)) != 0) {
            chain_step(chain,
                &chain->accounts[item->account].services[core],
                (uint32_t)routes[item->code].msg,
                body,
                item->body_size);
        }
    }
}

/* The validator's remembered candles, as the answer to a question about the past. */
static void answer_history(lab_chain *chain, uint32_t account, const signals_history_ask *ask)
{
    chain_service *service = chain_service_of(chain, CHAIN_SIGNALS, account);
    signals_history *chunk = chain->history;
    uint32_t count = 0;
    const validator_bar *bars = validator_bars_of(chain->validator.state, ask->symbol, &count);
    uint32_t at = count > ask->limit ? count - ask->limit : 0;
    memset(chunk, 0, sizeof(*chunk));
    memcpy(chunk->symbol, ask->symbol, sizeof(chunk->symbol));
    chunk->is_first = true;
    do {
        chunk->bars_count = 0;
        while (at < count && chunk->bars_count < SIGNALS_HISTORY_CHUNK) {
            const validator_bar *bar = &bars[at++];
            chunk->bars[chunk->bars_count++] = (signals_bar){
                .open_ts_ns = bar->open_ts_ns,
                .open_e8 = bar->open_e8,
                .high_e8 = bar->high_e8,
                .low_e8 = bar->low_e8,
                .close_e8 = bar->close_e8,
                .volume_e8 = bar->volume_e8,
                .quote_volume_e8 = bar->quote_volume_e8,
                .trades_count = bar->trades_count,
            };
        }
        chunk->is_last = at == count;
        chain_step(chain, service, SIGNALS_EVENT_HISTORY, chunk, sizeof(*chunk));
        chunk->is_first = false;
    } while (!chunk->is_last);
}

static void request(lab_chain *chain, const chain_item *item, const void *body)
{
    if (item->core == (uint32_t)CHAIN_EXECUTION) {
        chain_venue_request(chain, item->account, item->code, body, item->body_size);
    } else if (item->core == (uint32_t)CHAIN_SIGNALS) {
        CB_ASSERT(item->code == (uint32_t)SIGNALS_REQUEST_HISTORY);
        answer_history(chain, item->account, body);
    } else if (item->core == (uint32_t)CHAIN_VALIDATOR) {
        chain_market_need(chain, body); /* the collector's, which is no core of the chain */
    }
    /* Risk's answers to people have nobody to go to. */
}

static void work(lab_chain *chain)
{
    chain_queue *queue = &chain->queue;
    while (queue->head < queue->tail) {
        const chain_item *item = (const chain_item *)(const void *)(queue->bytes + queue->head);
        const void *body = item + 1;
        queue->head += sizeof(chain_item) + ((item->body_size + 15U) & ~(size_t)15U);
        if (item->kind == (uint32_t)CHAIN_ITEM_BUS) {
            deliver(chain, item, body);
        } else if (item->kind == (uint32_t)CHAIN_ITEM_LOCAL) {
            chain_step(chain,
                chain_service_of(chain, (chain_core)item->core, item->account),
                item->code,
                item->body_size > 0 ? body : NULL,
                item->body_size);
        } else {
            request(chain, item, body);
        }
    }
    queue->head = 0;
    queue->tail = 0;
}

void chain_settle(lab_chain *chain)
{
    do {
        work(chain);
    } while (fire_all(chain));
}
