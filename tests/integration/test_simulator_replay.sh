#!/bin/bash
# Recorded files through the simulator's own door: what it serves is what was recorded, candle by candle. The
# large recordings of ../shared are used when they are there.
cd "$(dirname "$0")/../.."
. tests/tap.sh

SIMULATOR=${CERBERUS_BIN_DIR:-$PWD/bin}/cerberus-simulator
SHARED=$PWD/../shared/data
WORK=$(mktemp -d /tmp/cerberus-replay-XXXXXX)
PID=

end() {
    [ -z "$PID" ] || { kill -TERM "$PID" 2>/dev/null; wait "$PID" 2>/dev/null; }
    [ "${KEEP:-}" = 1 ] || rm -rf "$WORK"
}
trap end EXIT

for name in key secret token; do (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$WORK/$name"); done

# start FLAG… : the simulator alone, at once, as fast as it can; PORT is read from its log
start() {
    "$SIMULATOR" --nats.url= --market.port=0 --api.key="$WORK/key" --api.secret="$WORK/secret" \
        --admin.token="$WORK/token" --limits.weight=1000000 --replay.start=now --speed=100000 "$@" 2>"$WORK/log" &
    PID=$!
    local i
    for i in $(seq 200); do
        PORT=$(sed -n 's/.*event=market_listening.* port=\([0-9]*\).*/\1/p' "$WORK/log")
        [ -z "$PORT" ] || return 0
        kill -0 "$PID" 2>/dev/null || break
        sleep 0.1
    done
    sed 's/^/# /' "$WORK/log"
    return 1
}
stop() { kill -TERM "$PID"; wait "$PID"; local code=$?; PID=; return "$code"; }
ask() { curl -fsS --max-time 10 "http://127.0.0.1:$PORT$1"; }
until_over() {
    local i
    for i in $(seq 600); do
        [ "$(ask /sim/status | jq .finished)" = true ] && return 0
        sleep 0.1
    done
    return 1
}

# klines SYMBOL FIRST-MS : all served 1m candles from then on, as lines "time o h l c v quote trades", without zeros
klines() {
    local from=$2 page
    while :; do
        page=$(ask "/api/v3/klines?symbol=$1&interval=1m&startTime=$from&limit=1000")
        [ "$(jq length <<<"$page")" -gt 0 ] || return 0
        jq -r '.[] | [.[0], .[1], .[2], .[3], .[4], .[5], .[7], .[8]] | map(tostring) | join(" ")' <<<"$page"
        from=$(($(jq '.[-1][0]' <<<"$page") + 1))
    done | plain
}
plain() { sed -E 's/(\.[0-9]*[1-9])0+( |$)/\1\2/g; s/\.0+( |$)/\1/g'; }
# candles FILE COLUMNS : the recorded ones in the same form
candles() { unpack "$1" | tail -n +2 | tr ',' ' ' | cut -d' ' -f1-"$2" | plain; }
unpack() { case $1 in *.zst) zstd -dcq "$1" ;; *.gz) gzip -dc "$1" ;; *) cat "$1" ;; esac; }

FIXTURE=tests/fixtures/candles_BTCUSDT_1m.csv.gz
FIRST=$(unpack "$FIXTURE" | sed -n 2p | cut -d, -f1)
check "a day of candles is replayed" start --replay="$FIXTURE"
check "it comes to its end" until_over
klines BTCUSDT "$FIRST" | cut -d' ' -f1-6 >"$WORK/served"
candles "$FIXTURE" 6 >"$WORK/recorded"
check "all $(wc -l <"$WORK/recorded") candles are served as recorded" cmp "$WORK/served" "$WORK/recorded"
check "the log tells the end" grep -q 'event=replay_finished rows=1440 bad_rows=0' "$WORK/log"
check "it ends in order" stop

check "a range with history before it" start --replay="$FIXTURE" --replay.from=$((FIRST + 36000000)) \
    --replay.to=$((FIRST + 39600000)) --replay.warmup=100
until_over
klines BTCUSDT 0 | cut -d' ' -f1-6 >"$WORK/served"
sed -n 501,660p "$WORK/recorded" >"$WORK/wanted"
check "100 candles of history and 60 of the range" cmp "$WORK/served" "$WORK/wanted"
stop

start --replay="$FIXTURE" --on_end=stop --replay.to=$((FIRST + 600000)) >/dev/null
wait "$PID"
check "on_end=stop ends the process with 0 (was $?)" [ "$?" -eq 0 ]
PID=

if [ ! -d "$SHARED" ]; then
    skip "recorded trades, books and defects" "../shared is not here"
    finish
fi

for file in "$SHARED"/defects/binance_raw_1m_BTCUSDT_*.csv.zst; do
    name=$(basename "$file" .csv.zst)
    check "$name is replayed" start --replay="$file"
    until_over
    klines BTCUSDT 0 >"$WORK/served"
    unpack "$file" | awk -F, '{ if ($1 > 1e14) $1 = substr($1, 1, 13); print $1, $2, $3, $4, $5, $6, $8, $9 }' | plain \
        >"$WORK/recorded"
    check "$name: all $(wc -l <"$WORK/recorded") candles with quote volume and trades" cmp "$WORK/served" "$WORK/recorded"
    stop
done

check "recorded trades are replayed" start --replay="$SHARED/trades/binance_spot_BTCUSDT_trades_20240808T2354_20240809T0005.csv.zst"
until_over
klines BTCUSDT 0 >"$WORK/served"
candles "$SHARED/ohlcv/binance_spot_BTCUSDT_1m_20240808T2350_20240809T0010_oracle.csv.zst" 8 >"$WORK/recorded"
check "they make the exchange's own candles in all 10 whole minutes" \
    [ "$(grep -cxFf "$WORK/recorded" "$WORK/served")" -eq 10 ]
stop

check "a recorded book is replayed" start --replay="$SHARED/depth/binance_spot_BTCUSDT_20240808T2354.jsonl.zst"
until_over
ask "/api/v3/depth?symbol=BTCUSDT&limit=5000" >"$WORK/book"
check "it ends with the capture's book" [ "$(jq -c '[.lastUpdateId, (.bids|length), (.asks|length), .bids[0][0], .asks[0][0]]' "$WORK/book")" \
    = '[50093421584,1209,2196,"61685.99000000","61686.00000000"]' ]
stop
finish
