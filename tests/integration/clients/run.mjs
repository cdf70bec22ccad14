// Trades with unmodified third-party clients against a simulator that is already running. Only base
// URLs are changed. Prints TAP lines and ends with 1 when a check failed.
//
//   node run.mjs --rest=http://… --ws=ws://… --ws-api=ws://…/ws-api/v3 --key=… --secret=…
//                [--symbol=BTCUSDT] [--base=BTC] [--quote=USDT]
import { parseArgs } from 'node:util';

import { ccxtPro } from './ccxt_pro.mjs';
import { ccxtRest } from './ccxt_rest.mjs';
import { spotRest } from './spot_rest.mjs';
import { spotWs } from './spot_ws.mjs';
import { Tap } from './tap.mjs';

const text = { type: 'string' };
const { values } = parseArgs({
    options: {
        rest: text,
        ws: text,
        'ws-api': text,
        key: text,
        secret: text,
        symbol: { ...text, default: 'BTCUSDT' },
        base: { ...text, default: 'BTC' },
        quote: { ...text, default: 'USDT' },
        only: { ...text, default: '' }, // one of the suites, for work on it
    },
});
for (const name of ['rest', 'ws', 'ws-api', 'key', 'secret']) {
    if (!values[name]) {
        console.error(`run.mjs: --${name}= is missing`);
        process.exit(2);
    }
}

const venue = {
    rest: values.rest,
    ws: values.ws,
    wsApi: values['ws-api'],
    key: values.key,
    secret: values.secret,
    symbol: values.symbol,
    pair: `${values.base}/${values.quote}`,
    base: values.base,
    quote: values.quote,
};

const tap = new Tap();
const suites = { ccxtRest, ccxtPro, spotRest, spotWs };
for (const [name, suite] of Object.entries(suites)) {
    if (!values.only || values.only === name) {
        await suite(tap, venue);
    }
}
tap.finish();
