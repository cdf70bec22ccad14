// ccxt's REST side, unmodified: market data, every order type, queries, error classes.
import assert from 'node:assert/strict';

import ccxt from 'ccxt';

import { e8, eventually, mulE8, onGrid, refused, sum } from './tap.mjs';

/** A ccxt exchange of the given class with nothing changed but its URLs. */
export async function ccxtClient(Exchange, venue, overrides = {}) {
    const exchange = new Exchange({
        apiKey: venue.key,
        secret: venue.secret,
        options: {
            defaultType: 'spot',
            fetchMarkets: { types: ['spot'] },
            fetchCurrencies: false,
            fetchMargins: false,
        },
        ...overrides,
    });
    const api = exchange.urls.api;
    api.public = `${venue.rest}/api/v3`;
    api.private = `${venue.rest}/api/v3`;
    api.v1 = `${venue.rest}/api/v1`;
    api.sapi = `${venue.rest}/sapi/v1`;
    if (api.ws) {
        api.ws.spot = `${venue.ws}/ws`;
        api.ws['ws-api'].spot = venue.wsApi;
    }
    await exchange.loadHttpProxyAgent(); // without it ccxt refuses plain ws://
    return exchange;
}

export async function ccxtRest(tap, venue) {
    const exchange = await ccxtClient(ccxt.binance, venue);
    await marketData(tap, venue, exchange);
    if (exchange.markets?.[venue.pair]) {
        const market = exchange.markets[venue.pair];
        await limitOrders(tap, venue, exchange, market);
        await marketOrders(tap, venue, exchange);
        await timeInForce(tap, venue, exchange, market);
        await stopOrders(tap, venue, exchange, market);
        await lists(tap, venue, exchange, market);
        await errors(tap, venue, exchange, market);
    }
}

export const balanceOf = (account, asset) => account.info.balances.find((entry) => entry.asset === asset);
const free = (account, asset) => e8(balanceOf(account, asset)?.free ?? '0');
const locked = (account, asset) => e8(balanceOf(account, asset)?.locked ?? '0');
const total = (account, asset) => free(account, asset) + locked(account, asset);

async function best(exchange, venue) {
    const book = await exchange.fetchOrderBook(venue.pair, 5);
    return { bid: book.bids[0][0], ask: book.asks[0][0] };
}

async function marketData(tap, venue, exchange) {
    await tap.check('ccxt: fetchTime', async () => {
        assert.ok((await exchange.fetchTime()) > 1_000_000_000_000);
    });
    await tap.check('ccxt: loadMarkets reads symbols, precision and limits', async () => {
        await exchange.loadMarkets();
        const market = exchange.markets[venue.pair];
        assert.ok(market, `${venue.pair} is not among ${Object.keys(exchange.markets)}`);
        assert.equal(market.id, venue.symbol);
        assert.ok(market.active && market.spot);
        assert.ok(market.precision.price > 0 && market.precision.amount > 0);
        assert.ok(market.limits.amount.min > 0 && market.limits.cost.min > 0);
    });
    await tap.check('ccxt: fetchOrderBook is sorted and not crossed', async () => {
        const book = await exchange.fetchOrderBook(venue.pair, 20);
        assert.ok(book.bids.length > 0 && book.bids.length <= 20 && book.asks.length > 0);
        assert.ok(book.bids[0][0] < book.asks[0][0], 'crossed');
        assert.ok(book.nonce > 0);
        const prices = (side) => side.map(([price]) => price);
        assert.deepEqual(
            prices(book.bids),
            prices(book.bids).sort((a, b) => b - a),
        );
        assert.deepEqual(
            prices(book.asks),
            prices(book.asks).sort((a, b) => a - b),
        );
    });
    await tap.check('ccxt: fetchTrades', async () => {
        const trades = await eventually(
            () => exchange.fetchTrades(venue.pair, undefined, 10),
            (list) => list.length > 0,
        );
        for (const trade of trades) {
            assert.ok(trade.id && trade.price > 0 && trade.amount > 0 && trade.timestamp > 0);
            assert.ok(['buy', 'sell'].includes(trade.side));
        }
    });
    await tap.check('ccxt: fetchOHLCV', async () => {
        const candles = await exchange.fetchOHLCV(venue.pair, '1m', undefined, 5);
        assert.ok(candles.length > 0 && candles.length <= 5);
        for (const [time, open, high, low, close, volume] of candles) {
            assert.equal(time % 60_000, 0);
            assert.ok(high >= Math.max(open, close) && low <= Math.min(open, close) && volume >= 0);
        }
    });
    await tap.check('ccxt: fetchTicker', async () => {
        const ticker = await exchange.fetchTicker(venue.pair);
        assert.ok(ticker.bid < ticker.ask && ticker.last > 0 && ticker.high >= ticker.low);
    });
    await tap.check('ccxt: fetchTickers of all and of one', async () => {
        const all = await exchange.fetchTickers();
        assert.ok(Object.keys(all).length >= 2 && all[venue.pair].last > 0);
        assert.deepEqual(Object.keys(await exchange.fetchTickers([venue.pair])), [venue.pair]);
    });
    await tap.check('ccxt: fetchBidsAsks and fetchLastPrices', async () => {
        const quote = (await exchange.fetchBidsAsks([venue.pair]))[venue.pair];
        assert.ok(quote.bid < quote.ask && quote.bidVolume > 0);
        assert.ok((await exchange.fetchLastPrices([venue.pair]))[venue.pair].price > 0);
    });
    await tap.check('ccxt: fetchBalance', async () => {
        const account = await exchange.fetchBalance();
        assert.ok(account[venue.quote].free > 1000 && account[venue.base].free > 0.1);
        assert.equal(account[venue.quote].total, account[venue.quote].free + account[venue.quote].used);
    });
}

async function limitOrders(tap, venue, exchange, market) {
    const far = async () => onGrid((await best(exchange, venue)).bid, 0.95, market.precision.price);
    const before = await exchange.fetchBalance();
    const order = await tap.check('ccxt: a limit order rests', async () => {
        const placed = await exchange.createOrder(venue.pair, 'limit', 'buy', 0.01, await far());
        assert.equal(placed.status, 'open');
        assert.equal(placed.filled, 0);
        assert.ok(placed.id && placed.clientOrderId && placed.timestamp > 0);
        return placed;
    });
    if (!order) {
        return;
    }
    await tap.check('ccxt: its whole cost is locked, to the last unit', async () => {
        const now = await exchange.fetchBalance();
        const cost = mulE8(e8(order.info.price), e8(order.info.origQty));
        assert.equal(locked(now, venue.quote) - locked(before, venue.quote), cost);
        assert.equal(free(before, venue.quote) - free(now, venue.quote), cost);
    });
    await tap.check('ccxt: fetchOrder by id and by client id', async () => {
        const byId = await exchange.fetchOrder(order.id, venue.pair);
        const byClient = await exchange.fetchOrder('', venue.pair, { clientOrderId: order.clientOrderId });
        assert.equal(byId.clientOrderId, order.clientOrderId);
        assert.equal(byClient.id, order.id);
        assert.equal(byId.price, order.price);
        assert.equal(byId.timeInForce, 'GTC');
    });
    await tap.check('ccxt: fetchOpenOrders lists it', async () => {
        const open = await exchange.fetchOpenOrders(venue.pair);
        assert.deepEqual(
            open.map(({ id }) => id),
            [order.id],
        );
    });
    await tap.check('ccxt: cancelOrder frees the money', async () => {
        const canceled = await exchange.cancelOrder(order.id, venue.pair);
        assert.equal(canceled.status, 'canceled');
        assert.equal((await exchange.fetchOrder(order.id, venue.pair)).status, 'canceled');
        const now = await exchange.fetchBalance();
        assert.equal(free(now, venue.quote), free(before, venue.quote));
        assert.equal(locked(now, venue.quote), locked(before, venue.quote));
    });
    await tap.check('ccxt: cancelling it again is OrderNotFound', async () => {
        await refused(exchange.cancelOrder(order.id, venue.pair), ccxt.OrderNotFound, /-2011/);
    });
    await tap.check('ccxt: a client order id of our own is kept', async () => {
        const clientOrderId = `own-${Date.now()}`;
        const placed = await exchange.createOrder(venue.pair, 'limit', 'buy', 0.01, await far(), {
            clientOrderId,
        });
        assert.equal(placed.clientOrderId, clientOrderId);
        const canceled = await exchange.cancelOrder('', venue.pair, { clientOrderId });
        assert.equal(canceled.id, placed.id);
    });
    await tap.check('ccxt: editOrder cancels and replaces', async () => {
        const first = await exchange.createOrder(venue.pair, 'limit', 'buy', 0.01, await far());
        const second = await exchange.editOrder(first.id, venue.pair, 'limit', 'buy', 0.02, await far());
        assert.notEqual(second.id, first.id);
        assert.equal(second.amount, 0.02);
        assert.equal((await exchange.fetchOrder(first.id, venue.pair)).status, 'canceled');
        await exchange.cancelOrder(second.id, venue.pair);
    });
    await tap.check('ccxt: a test order is checked and not placed', async () => {
        await exchange.createOrder(venue.pair, 'limit', 'buy', 0.01, await far(), { test: true });
        assert.equal((await exchange.fetchOpenOrders(venue.pair)).length, 0);
    });
}

/** What the account's fills of one order did to an asset, from the trade list. */
function effect(trades, asset, venue) {
    return sum(
        trades.map(({ info }) => {
            const sign = info.isBuyer ? 1n : -1n;
            const fee = info.commissionAsset === asset ? e8(info.commission) : 0n;
            if (asset === venue.base) {
                return sign * e8(info.qty) - fee;
            }
            return asset === venue.quote ? -sign * e8(info.quoteQty) - fee : -fee;
        }),
    );
}

/** Places through place() and proves that balances moved by exactly what the fills say. */
async function filled(venue, exchange, place) {
    const before = await exchange.fetchBalance();
    const order = await place();
    assert.equal(order.status, 'closed');
    assert.ok(order.filled > 0 && order.average > 0 && order.cost > 0);
    const trades = await exchange.fetchMyTrades(venue.pair, undefined, undefined, { orderId: order.id });
    assert.ok(trades.length > 0, 'no trades of the order');
    assert.equal(sum(trades.map(({ info }) => e8(info.qty))), e8(order.info.executedQty));
    const after = await exchange.fetchBalance();
    for (const asset of new Set([
        venue.base,
        venue.quote,
        ...trades.map(({ info }) => info.commissionAsset),
    ])) {
        assert.equal(total(after, asset) - total(before, asset), effect(trades, asset, venue), asset);
    }
    return { order, trades };
}

async function marketOrders(tap, venue, exchange) {
    await tap.check('ccxt: market buy by base quantity; balances move by its fills', async () => {
        const { order, trades } = await filled(venue, exchange, () =>
            exchange.createOrder(venue.pair, 'market', 'buy', 0.02),
        );
        assert.equal(order.filled, 0.02);
        assert.ok(trades.every(({ takerOrMaker, fee }) => takerOrMaker === 'taker' && fee.cost > 0));
    });
    await tap.check('ccxt: market buy by quote cost', async () => {
        const { order } = await filled(venue, exchange, () =>
            exchange.createMarketBuyOrderWithCost(venue.pair, 500),
        );
        assert.ok(order.cost <= 500 && order.cost > 490, `cost ${order.cost}`);
    });
    await tap.check('ccxt: market sell', async () => {
        await filled(venue, exchange, () => exchange.createOrder(venue.pair, 'market', 'sell', 0.02));
    });
    await tap.check(
        'ccxt: a limit order through the spread fills at the book, not at its price',
        async () => {
            const { order } = await filled(venue, exchange, async () => {
                const { ask } = await best(exchange, venue);
                const price = onGrid(ask, 1.01, exchange.markets[venue.pair].precision.price);
                return exchange.createOrder(venue.pair, 'limit', 'buy', 0.01, price);
            });
            assert.ok(order.average < order.price);
        },
    );
}

async function timeInForce(tap, venue, exchange, market) {
    const at = async (factor) => onGrid((await best(exchange, venue)).bid, factor, market.precision.price);
    await tap.check('ccxt: IOC that meets nobody expires', async () => {
        const order = await exchange.createOrder(venue.pair, 'limit', 'buy', 0.01, await at(0.97), {
            timeInForce: 'IOC',
        });
        assert.equal(order.status, 'expired');
        assert.equal(order.filled, 0);
    });
    await tap.check('ccxt: IOC that meets somebody fills', async () => {
        const order = await exchange.createOrder(venue.pair, 'limit', 'buy', 0.01, await at(1.01), {
            timeInForce: 'IOC',
        });
        assert.equal(order.status, 'closed');
    });
    await tap.check('ccxt: FOK fills whole', async () => {
        const order = await exchange.createOrder(venue.pair, 'limit', 'sell', 0.01, await at(0.99), {
            timeInForce: 'FOK',
        });
        assert.equal(order.status, 'closed');
        assert.equal(order.filled, 0.01);
    });
    await tap.check('ccxt: FOK that cannot fill whole does not fill at all', async () => {
        const order = await exchange.createOrder(venue.pair, 'limit', 'buy', 0.01, await at(0.97), {
            timeInForce: 'FOK',
        });
        assert.equal(order.status, 'expired');
        assert.equal(order.filled, 0);
    });
    await tap.check('ccxt: post-only through the spread is OrderImmediatelyFillable', async () => {
        await refused(
            exchange.createOrder(venue.pair, 'limit', 'buy', 0.01, await at(1.01), { postOnly: true }),
            ccxt.OrderImmediatelyFillable,
            /immediately match and take/,
        );
    });
    await tap.check('ccxt: post-only away from the spread rests', async () => {
        const order = await exchange.createOrder(venue.pair, 'limit', 'buy', 0.01, await at(0.97), {
            postOnly: true,
        });
        assert.equal(order.info.type, 'LIMIT_MAKER');
        assert.equal(order.status, 'open');
        await exchange.cancelOrder(order.id, venue.pair);
    });
}

async function stopOrders(tap, venue, exchange, market) {
    const at = async (factor) => onGrid((await best(exchange, venue)).bid, factor, market.precision.price);
    const waits = async (type, params, price) => {
        const order = await exchange.createOrder(venue.pair, 'limit', 'sell', 0.01, price, params);
        const found = await exchange.fetchOrder(order.id, venue.pair);
        assert.equal(found.info.type, type);
        assert.equal(found.status, 'open');
        assert.ok(found.triggerPrice > 0);
        assert.equal((await exchange.cancelOrder(order.id, venue.pair)).status, 'canceled');
    };
    await tap.check('ccxt: a stop-loss-limit order waits for its price', async () => {
        await waits('STOP_LOSS_LIMIT', { stopLossPrice: await at(0.97) }, await at(0.96));
    });
    await tap.check('ccxt: a take-profit-limit order waits for its price', async () => {
        await waits('TAKE_PROFIT_LIMIT', { takeProfitPrice: await at(1.03) }, await at(1.02));
    });
    await tap.check('ccxt: a stop price on the wrong side is refused', async () => {
        await refused(
            exchange.createOrder(venue.pair, 'limit', 'sell', 0.01, await at(0.96), {
                stopLossPrice: await at(1.03),
            }),
            ccxt.OrderImmediatelyFillable,
            /would trigger immediately/i,
        );
    });
}

async function lists(tap, venue, exchange, market) {
    const far = async (factor) => onGrid((await best(exchange, venue)).bid, factor, market.precision.price);
    await tap.check('ccxt: cancelAllOrders leaves none', async () => {
        const ids = [];
        for (const factor of [0.95, 0.96, 0.97]) {
            ids.push((await exchange.createOrder(venue.pair, 'limit', 'buy', 0.01, await far(factor))).id);
        }
        assert.equal((await exchange.fetchOpenOrders(venue.pair)).length, 3);
        const canceled = await exchange.cancelAllOrders(venue.pair);
        assert.deepEqual(canceled.map(({ id }) => id).sort(), ids.sort());
        assert.equal((await exchange.fetchOpenOrders(venue.pair)).length, 0);
    });
    await tap.check('ccxt: fetchOrders, fetchClosedOrders and fetchCanceledOrders', async () => {
        const all = await exchange.fetchOrders(venue.pair);
        const closed = await exchange.fetchClosedOrders(venue.pair);
        const canceled = await exchange.fetchCanceledOrders(venue.pair);
        assert.ok(
            closed.length >= 5 && canceled.length >= 5 && all.length >= closed.length + canceled.length,
        );
        assert.ok(closed.every(({ status, filled: done, amount }) => status === 'closed' && done <= amount));
        assert.ok(canceled.every(({ status }) => status === 'canceled'));
        assert.equal(new Set(all.map(({ clientOrderId }) => clientOrderId)).size, all.length);
    });
    await tap.check('ccxt: fetchMyTrades is in order and pages from an id', async () => {
        const trades = await exchange.fetchMyTrades(venue.pair);
        assert.ok(trades.length >= 5);
        const ids = trades.map(({ id }) => Number(id));
        assert.deepEqual(
            ids,
            [...ids].sort((a, b) => a - b),
        );
        const page = await exchange.fetchMyTrades(venue.pair, undefined, 2, { fromId: ids[1] });
        assert.deepEqual(
            page.map(({ id }) => Number(id)),
            ids.slice(1, 3),
        );
    });
    await tap.check('ccxt: fetchOrderTrades', async () => {
        const [last] = (await exchange.fetchClosedOrders(venue.pair)).slice(-1);
        const trades = await exchange.fetchOrderTrades(last.id, venue.pair);
        assert.ok(trades.length > 0 && trades.every(({ order }) => order === last.id));
    });
}

async function errors(tap, venue, exchange, market) {
    const at = async (factor) => onGrid((await best(exchange, venue)).bid, factor, market.precision.price);
    const raw = async (fields) =>
        exchange.privatePostOrder({
            symbol: venue.symbol,
            side: 'BUY',
            type: 'LIMIT',
            timeInForce: 'GTC',
            price: await at(0.98),
            quantity: '0.01',
            ...fields,
        });
    await tap.check('ccxt: more than the account holds is InsufficientFunds', async () => {
        await refused(
            exchange.createOrder(venue.pair, 'limit', 'buy', 10, await at(0.98)),
            ccxt.InsufficientFunds,
            /insufficient balance/,
        );
        await refused(
            exchange.createOrder(venue.pair, 'market', 'sell', 100),
            ccxt.InsufficientFunds,
            /insufficient balance/,
        );
    });
    await tap.check('ccxt: a quantity outside the lot size is InvalidOrder', async () => {
        await refused(raw({ quantity: '1000000' }), ccxt.InvalidOrder, /LOT_SIZE/);
    });
    await tap.check('ccxt: a price off the grid is InvalidOrder', async () => {
        await refused(
            raw({ price: `${Math.round(await at(0.98))}.001` }),
            ccxt.BaseError,
            /PRICE_FILTER|-1111/,
        );
    });
    await tap.check('ccxt: a price far from the market is refused by its filter', async () => {
        await refused(
            raw({ price: onGrid(await at(1), 0.1, market.precision.price), quantity: '0.1' }),
            ccxt.ExchangeError,
            /PERCENT_PRICE/,
        );
    });
    await tap.check('ccxt: an order of too little value is refused by its filter', async () => {
        await refused(raw({ quantity: String(market.limits.amount.min) }), ccxt.ExchangeError, /NOTIONAL/);
    });
    await tap.check('ccxt: an unknown symbol is BadSymbol', async () => {
        await refused(exchange.publicGetDepth({ symbol: 'NOPEUSDT' }), ccxt.BadSymbol, /-1121/);
    });
    await tap.check('ccxt: an unknown order is OrderNotFound', async () => {
        await refused(exchange.fetchOrder('999999999', venue.pair), ccxt.OrderNotFound, /-2013/);
    });
    await tap.check('ccxt: a missing parameter is named', async () => {
        await refused(
            exchange.privatePostOrder({ symbol: venue.symbol, side: 'BUY', type: 'LIMIT' }),
            ccxt.BadRequest,
            /-1102/,
        );
    });
    await tap.check('ccxt: a wrong key and a wrong secret are AuthenticationError', async () => {
        const stranger = await ccxtClient(ccxt.binance, venue, { apiKey: 'nobody' });
        await refused(stranger.privateGetAccount(), ccxt.AuthenticationError, /-2015/);
        const forger = await ccxtClient(ccxt.binance, venue, { secret: 'guessed' });
        await refused(forger.privateGetAccount(), ccxt.AuthenticationError, /-1022/);
    });
    await tap.check('ccxt: a request signed too long ago is InvalidNonce', async () => {
        const late = await ccxtClient(ccxt.binance, venue);
        late.nonce = () => Date.now() - 60_000;
        await refused(late.privateGetAccount(), ccxt.InvalidNonce, /-1021/);
    });
    await tap.check('ccxt: nothing is left open', async () => {
        assert.equal((await exchange.fetchOpenOrders(venue.pair)).length, 0);
        assert.equal(locked(await exchange.fetchBalance(), venue.quote), 0n);
    });
}
