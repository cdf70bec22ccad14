// TAP lines for checks that talk to a server: each has a deadline, a failed one does not stop the others.
import assert from 'node:assert/strict';

const DEADLINE_MS = 20_000;

export class Tap {
    count = 0;
    bad = 0;
    isEnding = false;

    constructor() {
        // A client that rejects a promise nobody awaits has failed all the same.
        process.on('unhandledRejection', (error) => {
            if (!this.isEnding) {
                this.bad++;
                console.log(`# unhandled rejection: ${describe(error)}`);
            }
        });
    }

    /** Runs fn; its return value goes back, undefined when it failed. */
    async check(name, fn, deadlineMs = DEADLINE_MS) {
        this.count++;
        const started = Date.now();
        try {
            const value = await within(deadlineMs, fn());
            console.log(`ok ${this.count} - ${name}`);
            this.tellTime(started);
            return value;
        } catch (error) {
            this.bad++;
            console.log(`not ok ${this.count} - ${name}`);
            console.log(describe(error).replace(/^/gm, '#   '));
            return undefined;
        }
    }

    tellTime(started) {
        const ms = Date.now() - started;
        if (ms > 2000) {
            console.log(`#   took ${ms} ms`);
        }
    }

    finish() {
        this.isEnding = true;
        console.log(`1..${this.count}`);
        process.exit(this.bad === 0 ? 0 : 1);
    }
}

function describe(error) {
    if (!(error instanceof Error)) {
        return JSON.stringify(error);
    }
    const where = (error.stack ?? '')
        .split('\n')
        .filter((line) => line.includes('/clients/'))
        .slice(0, 2);
    return [`${error.constructor.name}: ${error.message}`.slice(0, 1500), ...where].join('\n');
}

/** Rejects when promise takes longer than ms. */
export async function within(ms, promise) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`nothing within ${ms} ms`)), ms);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}

/** Polls until predicate(await fn()) holds. */
export async function eventually(fn, predicate, ms = 15_000) {
    const end = Date.now() + ms;
    for (;;) {
        const value = await fn();
        if (predicate(value)) {
            return value;
        }
        if (Date.now() > end) {
            throw new Error(
                `did not become true within ${ms} ms; last: ${JSON.stringify(value)?.slice(0, 600)}`,
            );
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

/** The promise must be rejected with an instance of type whose message matches pattern. */
export async function refused(promise, type, pattern) {
    let error;
    try {
        const value = await promise;
        assert.fail(`accepted: ${JSON.stringify(value)?.slice(0, 300)}`);
    } catch (caught) {
        error = caught;
    }
    assert.ok(
        error instanceof type,
        `${error?.constructor?.name} instead of ${type.name}: ${error?.message}`,
    );
    assert.match(String(error.message), pattern);
    return error;
}

/** Decimal text to an integer in units of 1e-8: money is compared exactly. */
export function e8(text) {
    const match = /^(-?)(\d+)(?:\.(\d{1,8})0*)?$/.exec(String(text));
    assert.ok(match, `"${text}" is not a decimal with at most 8 places`);
    const value = BigInt(match[2]) * 100_000_000n + BigInt((match[3] ?? '').padEnd(8, '0'));
    return match[1] === '-' ? -value : value;
}

/** a*b/1e8 of two e8 integers; must come out exactly. */
export function mulE8(a, b) {
    const product = a * b;
    assert.equal(product % 100_000_000n, 0n, 'product does not fit in 8 places');
    return product / 100_000_000n;
}

/** A price from text, moved by a factor and put back on the symbol's grid of tick. */
export function onGrid(price, factor, tick) {
    const places = (String(tick).split('.')[1] ?? '').replace(/0+$/, '').length;
    const step = Number(tick);
    return (Math.round((Number(price) * factor) / step) * step).toFixed(places);
}

export function sum(values) {
    return values.reduce((total, value) => total + value, 0n);
}
