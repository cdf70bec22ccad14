// ccxt's WebSocket side, unmodified: market streams, user data around an order, orders over the WebSocket API.
import assert from 'node:assert/strict';

import ccxt from 'ccxt';

import { ccxtClient } from './ccxt_rest.mjs';
import { onGrid, refused } from './tap.mjs';

export async function ccxtPro(tap, venue) {
    const exchange = await ccxtClient(ccxt.pro.binance, venue);
    await exchange.loadMarkets();
    await streams(tap, venue, exchange);
    await userData(tap, venue, exchange);
    await ordersBySocket(tap, venue, exchange);
    await tap.check('ccxt pro: closes', () => exchange.close());
}

async function streams(tap, venue, exchange) {
    await tap.check(
        'ccxt pro: watchTrades',
        async () => {
            let seen = 0;
            let lastId = 0;
            while (seen < 3) {
                for (const trade of await exchange.watchTrades(venue.pair)) {
                    assert.equal(trade.symbol, venue.pair);
                    assert.ok(trade.price > 0 && trade.amount > 0);
                    assert.ok(Number(trade.id) > lastId, 'trade ids rise');
                    lastId = Number(trade.id);
                    seen++;
                }
            }
        },
        40_000,
    );
    await tap.check(
        'ccxt pro: watchOrderBook stays sorted and never crosses',
        async () => {
            let nonce = 0;
            for (let i = 0; i < 10; i++) {
                const book = await exchange.watchOrderBook(venue.pair);
                assert.ok(book.bids.length > 0 && book.asks.length > 0);
                assert.ok(book.bids[0][0] < book.asks[0][0], `crossed: ${book.bids[0]} ${book.asks[0]}`);
                assert.ok(book.nonce >= nonce);
                nonce = book.nonce;
            }
        },
        40_000,
    );
    await tap.check(
        'ccxt pro: the book of the stream is the book of REST',
        async () => {
            // Both are read at the same update number, or it is no comparison.
            const top = (side) => Array.from(side, ([price, amount]) => [price, amount]).slice(0, 20);
            for (let i = 0; i < 100; i++) {
                const book = await exchange.watchOrderBook(venue.pair);
                const { nonce } = book;
                const [bids, asks] = [top(book.bids), top(book.asks)];
                const rest = await exchange.fetchOrderBook(venue.pair, 20);
                if (rest.nonce === nonce) {
                    assert.deepEqual(bids, top(rest.bids));
                    assert.deepEqual(asks, top(rest.asks));
                    return;
                }
            }
            assert.fail('never saw the same update number on both sides');
        },
        40_000,
    );
    await tap.check('ccxt pro: watchTicker', async () => {
        const ticker = await exchange.watchTicker(venue.pair);
        assert.ok(ticker.last > 0 && ticker.high >= ticker.low);
    });
    await tap.check('ccxt pro: watchBidsAsks', async () => {
        const quote = (await exchange.watchBidsAsks([venue.pair]))[venue.pair];
        assert.ok(quote.bid < quote.ask && quote.askVolume > 0);
    });
    await tap.check(
        'ccxt pro: watchOHLCV',
        async () => {
            const candles = await exchange.watchOHLCV(venue.pair, '1m');
            const [time, open, high, low, close] = candles.at(-1);
            assert.equal(time % 60_000, 0);
            assert.ok(high >= Math.max(open, close) && low <= Math.min(open, close));
        },
        40_000,
    );
}

/** Collects what a watch function tells until stop() says enough. */
function collect(watch) {
    const seen = [];
    let isDone = false;
    const loop = (async () => {
        while (!isDone) {
            seen.push(await watch());
        }
    })();
    loop.catch((error) => seen.push({ error: String(error) }));
    return {
        seen,
        stop: () => {
            isDone = true;
        },
        async until(predicate, ms = 10_000) {
            const end = Date.now() + ms;
            while (!seen.some(predicate)) {
                assert.ok(
                    Date.now() < end,
                    `not seen within ${ms} ms: ${JSON.stringify(seen).slice(0, 800)}`,
                );
                await new Promise((resolve) => setTimeout(resolve, 20));
            }
        },
    };
}

async function subscribed(exchange) {
    for (let i = 0; i < 100; i++) {
        const client = Object.values(exchange.clients).find(({ url }) => url.includes('ws-api'));
        if (
            client &&
            Object.keys(client.subscriptions).length > 0 &&
            Object.keys(client.futures).length > 0
        ) {
            break;
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
}

async function userData(tap, venue, exchange) {
    const market = exchange.markets[venue.pair];
    await tap.check(
        'ccxt pro: watchOrders, watchMyTrades and watchBalance around an order',
        async () => {
            const snapshot = (list) => list.map(({ id, status, filled }) => ({ id, status, filled }));
            const orders = collect(async () => snapshot(await exchange.watchOrders(venue.pair)));
            const trades = collect(async () =>
                (await exchange.watchMyTrades(venue.pair)).map(({ order, amount }) => ({ order, amount })),
            );
            const balances = collect(async () => {
                const account = await exchange.watchBalance();
                return { base: account[venue.base]?.total, used: account[venue.quote]?.used };
            });
            await subscribed(exchange);
            const { bid } = await exchange.fetchTicker(venue.pair);
            const price = onGrid(bid, 0.95, market.precision.price);
            const resting = await exchange.createOrder(venue.pair, 'limit', 'buy', 0.01, price);
            await orders.until((list) =>
                list.some?.(({ id, status }) => id === resting.id && status === 'open'),
            );
            await balances.until(({ used }) => Math.abs(used - price * 0.01) < 1e-6);
            await exchange.cancelOrder(resting.id, venue.pair);
            await orders.until((list) =>
                list.some?.(({ id, status }) => id === resting.id && status === 'canceled'),
            );
            const bought = await exchange.createOrder(venue.pair, 'market', 'buy', 0.01);
            await orders.until((list) =>
                list.some?.(
                    ({ id, status, filled }) => id === bought.id && status === 'closed' && filled === 0.01,
                ),
            );
            await trades.until((list) => list.some?.(({ order }) => order === bought.id));
            const { total } = (await exchange.fetchBalance())[venue.base];
            await balances.until(({ base }) => base === total);
            for (const watcher of [orders, trades, balances]) {
                watcher.stop();
            }
        },
        40_000,
    );
}

async function ordersBySocket(tap, venue, exchange) {
    const market = exchange.markets[venue.pair];
    const far = async () =>
        onGrid((await exchange.fetchTicker(venue.pair)).bid, 0.95, market.precision.price);
    if ((await exchange.fetchOpenOrders(venue.pair)).length > 0) {
        await exchange.cancelAllOrders(venue.pair); // a check before this one has failed
    }
    const order = await tap.check('ccxt pro: createOrderWs', async () => {
        const placed = await exchange.createOrderWs(venue.pair, 'limit', 'buy', 0.01, await far());
        assert.equal(placed.status, 'open');
        return placed;
    });
    if (!order) {
        return;
    }
    await tap.check('ccxt pro: fetchOrderWs and fetchOpenOrdersWs', async () => {
        assert.equal((await exchange.fetchOrderWs(order.id, venue.pair)).status, 'open');
        assert.deepEqual(
            (await exchange.fetchOpenOrdersWs(venue.pair)).map(({ id }) => id),
            [order.id],
        );
    });
    await tap.check('ccxt pro: fetchBalanceWs sees the lock', async () => {
        // ccxt 4.5.84 leaves spot balances of this call unparsed: the venue's own list is in info.
        const { info } = await exchange.fetchBalanceWs();
        assert.ok(info.balances.some(({ asset, locked }) => asset === venue.quote && Number(locked) > 0));
    });
    await tap.check('ccxt pro: cancelOrderWs', async () => {
        assert.equal((await exchange.cancelOrderWs(order.id, venue.pair)).status, 'canceled');
    });
    await tap.check('ccxt pro: a refusal over the socket is the same error', async () => {
        await refused(
            exchange.createOrderWs(venue.pair, 'limit', 'buy', 10, await far()),
            ccxt.InsufficientFunds,
            /insufficient balance/,
        );
    });
    await tap.check('ccxt pro: fetchMyTradesWs', async () => {
        assert.ok((await exchange.fetchMyTradesWs(venue.pair)).length > 0);
    });
    await tap.check('ccxt pro: cancelAllOrdersWs', async () => {
        await exchange.createOrderWs(venue.pair, 'limit', 'buy', 0.01, await far());
        await exchange.createOrderWs(venue.pair, 'limit', 'buy', 0.01, await far());
        await exchange.cancelAllOrdersWs(venue.pair);
        assert.equal((await exchange.fetchOpenOrders(venue.pair)).length, 0);
    });
}
