// The official @binance/spot connector's REST side, unmodified: it sends every parameter in the query.
import assert from 'node:assert/strict';

import { BadRequestError, Spot, UnauthorizedError } from '@binance/spot';

import { e8, eventually, mulE8, onGrid, refused, sum } from './tap.mjs';

/** A connector with nothing changed but its URLs. */
export function spotClient(venue, overrides = {}) {
    const keys = { apiKey: venue.key, apiSecret: venue.secret, ...overrides };
    return new Spot({
        configurationRestAPI: { ...keys, basePath: venue.rest },
        configurationWebsocketAPI: { ...keys, wsURL: venue.wsApi },
        configurationWebsocketStreams: { wsURL: venue.ws },
    });
}

export async function spotRest(tap, venue) {
    const rest = spotClient(venue).restAPI;
    const call = async (method, ...args) => (await rest[method](...args)).data();
    const rules = await marketData(tap, venue, call, rest);
    if (rules) {
        await orders(tap, venue, call, rules);
        await errors(tap, venue, call, rules);
    }
}

async function marketData(tap, venue, call, rest) {
    const { symbol } = venue;
    await tap.check('spot: ping and time', async () => {
        await rest.ping();
        assert.ok(Math.abs(Number((await call('time')).serverTime) - Date.now()) < 5000);
    });
    const rules = await tap.check('spot: exchangeInfo with filters and limits', async () => {
        const info = await call('exchangeInfo', { symbol });
        const [entry] = info.symbols;
        assert.equal(entry.symbol, symbol);
        assert.equal(entry.status, 'TRADING');
        const filters = Object.fromEntries(entry.filters.map((filter) => [filter.filterType, filter]));
        assert.ok(filters.PRICE_FILTER && filters.LOT_SIZE && filters.NOTIONAL);
        assert.ok(info.rateLimits.some(({ rateLimitType }) => rateLimitType === 'REQUEST_WEIGHT'));
        return { tick: filters.PRICE_FILTER.tickSize, step: filters.LOT_SIZE.stepSize };
    });
    await tap.check('spot: depth', async () => {
        const book = await call('depth', { symbol, limit: 10 });
        assert.ok(book.bids.length === 10 && book.asks.length === 10 && book.lastUpdateId > 0);
        assert.ok(Number(book.bids[0][0]) < Number(book.asks[0][0]));
    });
    await tap.check('spot: trades and aggregate trades', async () => {
        const trades = await eventually(
            () => call('getTrades', { symbol, limit: 5 }),
            (list) => list.length > 0,
        );
        assert.ok(trades.every(({ price, qty }) => e8(price) > 0n && e8(qty) > 0n));
        const aggregates = await call('aggTrades', { symbol, limit: 5 });
        assert.ok(aggregates.length > 0 && aggregates.every(({ f, l }) => l >= f));
    });
    await tap.check('spot: klines', async () => {
        const rows = await call('klines', { symbol, interval: '1m', limit: 3 });
        assert.ok(rows.length > 0 && rows.every((row) => row.length === 12 && e8(row[2]) >= e8(row[3])));
    });
    await tap.check('spot: tickers', async () => {
        assert.ok(e8((await call('tickerPrice', { symbol })).price) > 0n);
        const quote = await call('tickerBookTicker', { symbol });
        assert.ok(e8(quote.bidPrice) < e8(quote.askPrice));
        assert.ok(e8((await call('ticker24hr', { symbol })).volume) >= 0n);
        assert.ok(e8((await call('avgPrice', { symbol })).price) > 0n);
    });
    await tap.check('spot: the answer tells the used weight', async () => {
        const { rateLimits } = await rest.depth({ symbol, limit: 5 });
        assert.ok(
            rateLimits.some(({ rateLimitType, count }) => rateLimitType === 'REQUEST_WEIGHT' && count > 0),
        );
    });
    return rules;
}

const balance = (account, asset) => {
    const entry = account.balances.find((line) => line.asset === asset);
    return entry ? e8(entry.free) + e8(entry.locked) : 0n;
};

async function orders(tap, venue, call, rules) {
    const { symbol } = venue;
    const at = async (factor) =>
        onGrid((await call('tickerBookTicker', { symbol })).bidPrice, factor, rules.tick);
    const limit = async (factor, fields = {}) =>
        call('newOrder', {
            symbol,
            side: 'BUY',
            type: 'LIMIT',
            timeInForce: 'GTC',
            quantity: 0.01,
            price: await at(factor),
            ...fields,
        });

    await tap.check('spot: limit order, query by both ids, cancel', async () => {
        const placed = await limit(0.95, { newClientOrderId: `spot-${Date.now()}` });
        assert.equal(placed.status, 'NEW');
        const { orderId, clientOrderId } = placed;
        assert.equal((await call('getOrder', { symbol, orderId })).clientOrderId, clientOrderId);
        assert.equal((await call('getOrder', { symbol, origClientOrderId: clientOrderId })).orderId, orderId);
        assert.deepEqual(
            (await call('getOpenOrders', { symbol })).map((order) => order.orderId),
            [orderId],
        );
        const canceled = await call('deleteOrder', { symbol, orderId });
        assert.equal(canceled.status, 'CANCELED');
        assert.equal(canceled.origClientOrderId, clientOrderId);
        assert.notEqual(canceled.clientOrderId, clientOrderId);
    });
    await tap.check('spot: market buy answers with its fills; balances agree to the last unit', async () => {
        const before = await call('getAccount');
        const order = await call('newOrder', { symbol, side: 'BUY', type: 'MARKET', quantity: 0.03 });
        assert.equal(order.status, 'FILLED');
        assert.equal(sum(order.fills.map(({ qty }) => e8(qty))), e8(order.executedQty));
        const cost = sum(order.fills.map(({ price, qty }) => mulE8(e8(price), e8(qty))));
        assert.equal(cost, e8(order.cummulativeQuoteQty));
        const after = await call('getAccount');
        const fee = (asset) =>
            sum(
                order.fills
                    .filter((fill) => fill.commissionAsset === asset)
                    .map(({ commission }) => e8(commission)),
            );
        assert.equal(balance(before, venue.quote) - balance(after, venue.quote), cost + fee(venue.quote));
        assert.equal(
            balance(after, venue.base) - balance(before, venue.base),
            e8(order.executedQty) - fee(venue.base),
        );
    });
    await tap.check('spot: market order by quote quantity never spends more', async () => {
        const order = await call('newOrder', { symbol, side: 'BUY', type: 'MARKET', quoteOrderQty: 250 });
        assert.equal(order.status, 'FILLED');
        assert.ok(e8(order.cummulativeQuoteQty) <= e8('250') && e8(order.cummulativeQuoteQty) > e8('240'));
    });
    await tap.check('spot: response types ACK, RESULT and FULL', async () => {
        const ack = await limit(0.95, { newOrderRespType: 'ACK' });
        const result = await limit(0.95, { newOrderRespType: 'RESULT' });
        const full = await limit(0.95, { newOrderRespType: 'FULL' });
        assert.equal(ack.status, undefined);
        assert.equal(result.status, 'NEW');
        assert.equal(result.fills, undefined);
        assert.deepEqual(full.fills, []);
        assert.equal((await call('deleteOpenOrders', { symbol })).length, 3);
    });
    await tap.check('spot: IOC, FOK and LIMIT_MAKER', async () => {
        assert.equal((await limit(0.97, { timeInForce: 'IOC' })).status, 'EXPIRED');
        assert.equal((await limit(0.97, { timeInForce: 'FOK' })).status, 'EXPIRED');
        assert.equal((await limit(1.01, { timeInForce: 'FOK' })).status, 'FILLED');
        const maker = await limit(0.97, { type: 'LIMIT_MAKER', timeInForce: undefined });
        assert.equal((await call('deleteOrder', { symbol, orderId: maker.orderId })).type, 'LIMIT_MAKER');
    });
    await tap.check('spot: stop-loss-limit and take-profit-limit wait', async () => {
        const sell = { side: 'SELL', stopPrice: await at(0.97) };
        const stop = await limit(0.96, { ...sell, type: 'STOP_LOSS_LIMIT' });
        const profit = await limit(1.02, {
            side: 'SELL',
            type: 'TAKE_PROFIT_LIMIT',
            stopPrice: await at(1.03),
        });
        for (const { orderId } of [stop, profit]) {
            assert.equal((await call('getOrder', { symbol, orderId })).isWorking, false);
            assert.equal((await call('deleteOrder', { symbol, orderId })).status, 'CANCELED');
        }
    });
    await tap.check('spot: cancel and replace', async () => {
        const first = await limit(0.95);
        const answer = await call('orderCancelReplace', {
            symbol,
            side: 'BUY',
            type: 'LIMIT',
            timeInForce: 'GTC',
            quantity: 0.02,
            price: await at(0.94),
            cancelReplaceMode: 'STOP_ON_FAILURE',
            cancelOrderId: first.orderId,
        });
        assert.equal(answer.cancelResult, 'SUCCESS');
        assert.equal(answer.newOrderResult, 'SUCCESS');
        await call('deleteOrder', { symbol, orderId: answer.newOrderResponse.orderId });
    });
    await lists(tap, symbol, call, at, limit);
    await tap.check('spot: the test call places nothing', async () => {
        await call('orderTest', { symbol, side: 'BUY', type: 'MARKET', quantity: 0.01 });
        assert.equal((await call('getOpenOrders', { symbol })).length, 0);
    });
    await tap.check('spot: all orders and trades', async () => {
        const all = await call('allOrders', { symbol });
        assert.ok(all.length >= 10);
        const trades = await call('myTrades', { symbol });
        assert.ok(trades.length >= 3);
        const executed = sum(all.map(({ executedQty }) => e8(executedQty)));
        assert.equal(
            sum(trades.map(({ qty }) => e8(qty))),
            executed,
            "the trades are the orders' executed quantity",
        );
    });
}

async function errors(tap, venue, call, rules) {
    const { symbol } = venue;
    const limit = async (fields) =>
        call('newOrder', {
            symbol,
            side: 'BUY',
            type: 'LIMIT',
            timeInForce: 'GTC',
            quantity: 0.01,
            price: onGrid((await call('tickerBookTicker', { symbol })).bidPrice, 0.98, rules.tick),
            ...fields,
        });
    await tap.check("spot: refusals are BadRequestError with Binance's words and codes", async () => {
        assert.equal(
            (await refused(limit({ quantity: 10 }), BadRequestError, /insufficient balance/)).code,
            -2010,
        );
        assert.equal((await refused(limit({ quantity: 1000000 }), BadRequestError, /LOT_SIZE/)).code, -1013);
        assert.equal(
            (await refused(limit({ quantity: Number(rules.step) }), BadRequestError, /NOTIONAL/)).code,
            -1013,
        );
        assert.equal(
            (await refused(limit({ symbol: 'NOPEUSDT' }), BadRequestError, /Invalid symbol/)).code,
            -1121,
        );
        assert.equal(
            (
                await refused(
                    call('getOrder', { symbol, orderId: 99999999 }),
                    BadRequestError,
                    /does not exist/,
                )
            ).code,
            -2013,
        );
        assert.equal(
            (
                await refused(
                    call('deleteOrder', { symbol, orderId: 99999999 }),
                    BadRequestError,
                    /Unknown order/,
                )
            ).code,
            -2011,
        );
    });
    await tap.check('spot: a wrong key is UnauthorizedError, a wrong secret BadRequestError', async () => {
        const stranger = spotClient(venue, { apiKey: 'nobody' }).restAPI;
        await refused(stranger.getAccount(), UnauthorizedError, /Invalid API-key/);
        const forger = spotClient(venue, { apiSecret: 'guessed' }).restAPI;
        await refused(forger.getAccount(), BadRequestError, /Signature/);
    });
}

/** Order lists, trailing stops and amended orders. */
async function lists(tap, symbol, call, at, limit) {
    const status = async ({ orderId }) => (await call('getOrder', { symbol, orderId })).status;
    const pair = async (prefix) => ({
        [`${prefix('above')}Type`]: 'LIMIT_MAKER',
        [`${prefix('above')}Price`]: await at(1.05),
        [`${prefix('below')}Type`]: 'STOP_LOSS_LIMIT',
        [`${prefix('below')}StopPrice`]: await at(0.95),
        [`${prefix('below')}Price`]: await at(0.94),
        [`${prefix('below')}TimeInForce`]: 'GTC',
    });
    const pending = (word) => `pending${word[0].toUpperCase()}${word.slice(1)}`;
    const working = async () => ({
        workingType: 'LIMIT',
        workingSide: 'BUY',
        workingPrice: await at(0.95),
        workingQuantity: 0.01,
        workingTimeInForce: 'GTC',
        pendingSide: 'SELL',
        pendingQuantity: 0.01,
    });

    await tap.check('spot: an OCO is placed, asked for and canceled whole', async () => {
        const list = await call('orderListOco', {
            symbol,
            side: 'SELL',
            quantity: 0.01,
            ...(await pair((word) => word)),
        });
        assert.equal(list.contingencyType, 'OCO');
        assert.equal(list.orders.length, 2);
        const asked = await call('getOrderList', { orderListId: list.orderListId });
        assert.equal(asked.listOrderStatus, 'EXECUTING');
        assert.equal((await call('openOrderList')).length, 1);
        const canceled = await call('deleteOrder', { symbol, orderId: list.orders[0].orderId });
        assert.equal(canceled.listOrderStatus, 'ALL_DONE');
        for (const order of list.orders) {
            assert.equal(await status(order), 'CANCELED');
        }
    });
    await tap.check('spot: an OCO on the wrong side of the price is refused', async () => {
        const wrong = { ...(await pair((word) => word)), abovePrice: await at(0.97) };
        const fields = { symbol, side: 'SELL', quantity: 0.01, ...wrong };
        await refused(call('orderListOco', fields), BadRequestError, /immediately match/);
        assert.equal((await call('getOpenOrders', { symbol })).length, 0);
    });
    await tap.check('spot: OTO and OTOCO wait for their working order', async () => {
        const oto = await call('orderListOto', {
            symbol,
            ...(await working()),
            pendingType: 'LIMIT',
            pendingPrice: await at(1.05),
            pendingTimeInForce: 'GTC',
        });
        const otoco = await call('orderListOtoco', { symbol, ...(await working()), ...(await pair(pending)) });
        for (const list of [oto, otoco]) {
            assert.equal(list.contingencyType, 'OTO');
            assert.equal(await status(list.orders[0]), 'NEW');
            assert.equal(await status(list.orders[1]), 'PENDING_NEW');
            await call('deleteOrderList', { symbol, orderListId: list.orderListId });
            assert.equal(await status(list.orders[1]), 'CANCELED');
        }
    });
    await tap.check('spot: a trailing stop waits', async () => {
        const { orderId } = await call('newOrder', {
            symbol,
            side: 'SELL',
            type: 'STOP_LOSS',
            quantity: 0.01,
            trailingDelta: 500,
        });
        const order = await call('getOrder', { symbol, orderId });
        assert.equal(order.trailingDelta, 500);
        assert.equal(order.isWorking, false);
        await call('deleteOrder', { symbol, orderId });
    });
    await tap.check('spot: an amended order keeps its id', async () => {
        const { orderId } = await limit(0.95, { quantity: 0.02 });
        const answer = await call('orderAmendKeepPriority', { symbol, orderId, newQty: 0.01 });
        assert.equal(e8(answer.amendedOrder.qty), e8('0.01'));
        assert.equal(answer.amendedOrder.orderId, orderId);
        assert.equal(e8((await call('getOrder', { symbol, orderId })).origQty), e8('0.01'));
        await call('deleteOrder', { symbol, orderId });
    });
}
