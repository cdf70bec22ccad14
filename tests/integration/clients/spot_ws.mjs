// The official @binance/spot connector's sockets, unmodified: the WebSocket API, user data, market streams.
import assert from 'node:assert/strict';

import { spotClient } from './spot_rest.mjs';
import { e8, eventually, onGrid } from './tap.mjs';

export async function spotWs(tap, venue) {
    const client = spotClient(venue);
    const api = await tap.check('spot: WebSocket API connects', () => client.websocketAPI.connect());
    if (api) {
        await queries(tap, venue, api);
        await orders(tap, venue, api);
        await userData(tap, venue, api);
        await tap.check('spot: WebSocket API disconnects', () => api.disconnect());
    }
    const streams = await tap.check('spot: streams connect', () => client.websocketStreams.connect());
    if (streams) {
        await marketStreams(tap, venue, streams);
        await tap.check('spot: streams disconnect', () => streams.disconnect());
    }
}

async function queries(tap, venue, api) {
    const { symbol } = venue;
    await tap.check('spot ws: time, ping and exchangeInfo', async () => {
        await api.ping();
        assert.ok(Number((await api.time()).data.serverTime) > 1_000_000_000_000);
        assert.equal((await api.exchangeInfo({ symbol })).data.symbols[0].symbol, symbol);
    });
    await tap.check('spot ws: depth and klines', async () => {
        const { data } = await api.depth({ symbol, limit: 5 });
        assert.equal(data.bids.length, 5);
        assert.ok((await api.klines({ symbol, interval: '1m', limit: 2 })).data.length > 0);
    });
    await tap.check('spot ws: account', async () => {
        const { data, rateLimits } = await api.accountStatus();
        assert.ok(e8(data.balances.find(({ asset }) => asset === venue.quote).free) > 0n);
        assert.ok(rateLimits.length > 0);
    });
}

const far = async (api, symbol, factor) => {
    const { data } = await api.exchangeInfo({ symbol });
    const { tickSize } = data.symbols[0].filters.find(({ filterType }) => filterType === 'PRICE_FILTER');
    return onGrid((await api.tickerBook({ symbol })).data.bidPrice, factor, tickSize);
};

/** The connector rejects with the plain error object of the answer. */
async function refusal(promise) {
    try {
        await promise;
    } catch (error) {
        return error;
    }
    return assert.fail('accepted');
}

async function orders(tap, venue, api) {
    const { symbol } = venue;
    const limit = async (fields = {}) =>
        (
            await api.orderPlace({
                symbol,
                side: 'BUY',
                type: 'LIMIT',
                timeInForce: 'GTC',
                quantity: 0.01,
                price: await far(api, symbol, 0.95),
                ...fields,
            })
        ).data;
    await tap.check('spot ws: order place, status, open orders, cancel', async () => {
        const placed = await limit();
        const { orderId } = placed;
        assert.equal(placed.status, 'NEW');
        assert.equal((await api.orderStatus({ symbol, orderId })).data.status, 'NEW');
        assert.deepEqual(
            (await api.openOrdersStatus({ symbol })).data.map((order) => order.orderId),
            [orderId],
        );
        assert.equal((await api.orderCancel({ symbol, orderId })).data.status, 'CANCELED');
        assert.equal((await api.orderStatus({ symbol, orderId })).data.status, 'CANCELED');
    });
    await tap.check('spot ws: market order and trades', async () => {
        const { data } = await api.orderPlace({ symbol, side: 'BUY', type: 'MARKET', quantity: 0.01 });
        assert.equal(data.status, 'FILLED');
        const trades = (await api.myTrades({ symbol, orderId: data.orderId })).data;
        assert.ok(trades.length > 0 && trades.every(({ orderId }) => orderId === data.orderId));
    });
    await tap.check('spot ws: cancel-replace, test order, cancel all', async () => {
        const first = await limit();
        const { data } = await api.orderCancelReplace({
            symbol,
            side: 'BUY',
            type: 'LIMIT',
            timeInForce: 'GTC',
            quantity: 0.02,
            price: await far(api, symbol, 0.94),
            cancelReplaceMode: 'STOP_ON_FAILURE',
            cancelOrderId: first.orderId,
        });
        assert.equal(data.newOrderResult, 'SUCCESS');
        await api.orderTest({ symbol, side: 'BUY', type: 'MARKET', quantity: 0.01 });
        await limit();
        assert.equal((await api.openOrdersCancelAll({ symbol })).data.length, 2);
    });
    await tap.check("spot ws: refusals carry Binance's codes", async () => {
        assert.equal((await refusal(limit({ quantity: 10 }))).code, -2010);
        assert.equal((await refusal(limit({ quantity: 1000000 }))).code, -1013);
        assert.equal((await refusal(api.orderStatus({ symbol, orderId: 99999999 }))).code, -2013);
        assert.equal((await refusal(api.sendMessage('no.such.method'))).code, -1000);
    });
}

async function userData(tap, venue, api) {
    const { symbol } = venue;
    await tap.check('spot ws: user data around a market order', async () => {
        const events = [];
        const { stream } = await api.userDataStreamSubscribeSignature();
        stream.on('message', (event) => events.push(event));
        const { data } = await api.orderPlace({ symbol, side: 'SELL', type: 'MARKET', quantity: 0.01 });
        const reports = () => events.filter(({ e, i }) => e === 'executionReport' && i === data.orderId);
        await eventually(reports, (list) => list.at(-1)?.X === 'FILLED');
        assert.equal(reports()[0].x, 'NEW');
        const traded = reports().filter(({ x }) => x === 'TRADE');
        assert.equal(
            traded.reduce((total, { l }) => total + e8(l), 0n),
            e8(data.executedQty),
        );
        await eventually(
            () => events,
            (list) =>
                list.some(
                    ({ e, B }) => e === 'outboundAccountPosition' && B.some(({ a }) => a === venue.base),
                ),
        );
        await api.userDataStreamUnsubscribe();
    });
}

/** The first count messages of a stream. */
async function take(stream, count) {
    const seen = [];
    stream.on('message', (message) => seen.push(message));
    await eventually(
        () => seen,
        ({ length }) => length >= count,
        30_000,
    );
    stream.unsubscribe();
    await new Promise((resolve) => setTimeout(resolve, 500)); // at most 5 messages a second from a client
    return seen;
}

async function marketStreams(tap, venue, streams) {
    const symbol = venue.symbol.toLowerCase();
    await tap.check(
        'spot streams: trade ids are gapless',
        async () => {
            const trades = await take(streams.trade({ symbol }), 5);
            assert.ok(trades.every(({ e, s }) => e === 'trade' && s === venue.symbol));
            trades.slice(1).forEach(({ t }, i) => assert.equal(Number(t), Number(trades[i].t) + 1));
        },
        40_000,
    );
    await tap.check(
        'spot streams: aggregate trades',
        async () => {
            const [first] = await take(streams.aggTrade({ symbol }), 1);
            assert.ok(first.e === 'aggTrade' && e8(first.p) > 0n);
        },
        40_000,
    );
    await tap.check(
        'spot streams: kline',
        async () => {
            const [{ e, k }] = await take(streams.kline({ symbol, interval: '1m' }), 1);
            assert.equal(e, 'kline');
            assert.ok(k.i === '1m' && e8(k.h) >= e8(k.l));
        },
        40_000,
    );
    await tap.check(
        'spot streams: each depth update follows the one before',
        async () => {
            const updates = await take(streams.diffBookDepth({ symbol, updateSpeed: '100ms' }), 10);
            updates.slice(1).forEach(({ U }, i) => assert.equal(Number(U), Number(updates[i].u) + 1));
        },
        40_000,
    );
    await tap.check(
        'spot streams: partial book',
        async () => {
            const [{ bids, asks }] = await take(
                streams.partialBookDepth({ symbol, levels: '5', updateSpeed: '100ms' }),
                1,
            );
            assert.ok(bids.length === 5 && asks.length === 5 && e8(bids[0][0]) < e8(asks[0][0]));
        },
        40_000,
    );
    await tap.check(
        'spot streams: best bid and ask',
        async () => {
            const quotes = await take(streams.bookTicker({ symbol }), 3);
            assert.ok(quotes.every(({ b, a }) => e8(b) < e8(a)));
            assert.ok(quotes.slice(1).every(({ u }, i) => Number(u) > Number(quotes[i].u)));
        },
        40_000,
    );
    await tap.check(
        'spot streams: mini ticker',
        async () => {
            const [mini] = await take(streams.miniTicker({ symbol }), 1);
            assert.equal(mini.e, '24hrMiniTicker');
        },
        40_000,
    );
}
