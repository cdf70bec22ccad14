#!/bin/bash
# What the chain costs beside what its hops cost bare, in one run, in turns: tick-to-order latency when
# nothing else happens and under load, messages per second, peak memory.
#
# bench.sh [-o json]
#   BENCH_SEGMENTS=5 BENCH_ORDERS=150   pairs of (chain, bare), and orders in each
#   BENCH_SPEED=300                     market seconds per wall second: one order a market minute
#   BENCH_LOAD=10000                    messages per second beside the orders
#   BENCH_FLOOD_S=20                    seconds in which the market's rate rises to more than can be taken
set -euo pipefail
cd "$(dirname "$0")/../.."
ROOT=$PWD
TOOLS=${BENCH_TOOLS:-build/release/tools/perf}
SEGMENTS=${BENCH_SEGMENTS:-5}
ORDERS=${BENCH_ORDERS:-150}
LOAD=${BENCH_LOAD:-10000}
FLOOD_S=${BENCH_FLOOD_S:-20}
FLOOD_TRADES=40000 # per second at the end of the flood
MESSAGES_PER_TRADE=4 # about: the trade, the ticker, the change of the book, the candle
export SPEED=${BENCH_SPEED:-300}
WARM=40
# While the market is silent the bare chain has its turn: about 15 ms an order, and 5 s to start and end.
GAP=$((SPEED * (5 + ORDERS / 60) / 60 + 1))
START_MS=1704067200000
FORMAT=table
[ "${1:-}" != -o ] || FORMAT=${2:-}
case $FORMAT in table | json) ;; *) echo "usage: bench.sh [-o json]" >&2; exit 2 ;; esac

DIR=$(mktemp -d /tmp/cerberus-bench-XXXXXX)
chmod 755 "$DIR"
export CERBERUS_RUN_DIR=$DIR/run CERBERUS_ENDPOINTS=$DIR/run/endpoints.json
BARE_PID=
OBSERVER_PID=
READER_PID=
end() {
    [ -z "$OBSERVER_PID" ] || kill "$OBSERVER_PID" 2>/dev/null || true
    [ -z "$READER_PID" ] || kill "$READER_PID" 2>/dev/null || true
    [ -z "$BARE_PID" ] || kill "$BARE_PID" 2>/dev/null || true
    deploy/local/run.sh stop >/dev/null 2>&1 || true
    rm -rf "$DIR"
}
trap end EXIT
trap 'exit 130' INT TERM
say() { echo "bench: $*" >&2; }
fail() { say "$*"; for log in "$DIR"/*.log "$DIR"/run/log/*.log; do [ ! -s "$log" ] || { echo "--- $log"; tail -n 5 "$log"; }; done >&2; exit 1; }
endpoint() { jq -r ".$1" "$CERBERUS_ENDPOINTS"; }

# ---- settings that let every candle become an order ----
export EXTRA_SIMULATOR="journal.market = true
fees.maker = 0
fees.taker = 0
limits.orders_10s = 100000
limits.orders_day = 10000000
limits.weight = 100000000"
BUSY=tests/testing/busy
export EXTRA_SIGNALS="$(cat $BUSY/signals.conf $BUSY/signals_short.conf)
guard.tickers = false"
export EXTRA_RISK="$(cat $BUSY/risk.conf)
rule.trade_risk_max.per_trade = 0.00001"
EXTRA_CAPS=$(cat $BUSY/caps.conf)
export EXTRA_CAPS

# ---- readings ----
# Share of the processors that was idle for two seconds, in percent.
idle_percent() {
    local a b
    read -r -a a < <(grep '^cpu ' /proc/stat)
    sleep 2
    read -r -a b < <(grep '^cpu ' /proc/stat)
    local all=0 i
    for i in 1 2 3 4 5 6 7 8; do all=$((all + b[i] - a[i])); done
    echo $(((b[4] + b[5] - a[4] - a[5]) * 100 / all))
}

# counter SERVICE NAME: the sum over its labels. Works before endpoints.json is written.
counter() {
    local port
    port=$(awk '$1 == "http.port" { print $3 }' "$CERBERUS_RUN_DIR/conf/$1.conf")
    curl -fsS --max-time 10 "http://127.0.0.1:$port/metrics" |
        awk -v name="cerberus_$2{" 'index($0, name) == 1 { sum += $NF } END { printf "%.0f\n", sum }'
}

market_ms() { curl -fsS --max-time 10 "$(endpoint simulator.rest)/sim/status" | jq .now_ms; }

# Sleeps until the market's time; asks seldom, because asking takes time from the chain.
wait_market() {
    local now limit=$((SECONDS + 600))
    while :; do
        now=$(market_ms)
        [ "$now" -lt "$1" ] || return 0
        [ "$SECONDS" -lt "$limit" ] || fail "the market stands still at $now"
        sleep "$(awk -v left=$(($1 - now)) -v speed="$SPEED" 'BEGIN { print left / speed / 1000 + 0.02 }')"
    done
}

# Peak of resident memory, kB. PostgreSQL's processes share memory: theirs is counted once, when asked.
peak_kb() { awk '/^VmHWM/ { print $2 }' "/proc/$1/status"; }
postgres_kb() {
    local postmaster pid
    postmaster=$(head -1 "$CERBERUS_RUN_DIR/pg/data/postmaster.pid")
    for pid in "$postmaster" $(pgrep -P "$postmaster"); do
        awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null || true
    done | awk '{ sum += $1 } END { printf "%d\n", sum }'
}
POSTGRES_KB=0
note_postgres() {
    local now
    now=$(postgres_kb)
    [ "$now" -le "$POSTGRES_KB" ] || POSTGRES_KB=$now
}
memory() {
    local name
    for name in simulator collector validator signals risk execution portfolio gateway nats; do
        echo "$name $(peak_kb "$(s6-svstat -o pid "$CERBERUS_RUN_DIR/s6/$name")")"
    done
    echo "postgresql $POSTGRES_KB"
}

# ---- the bare side: a second nats-server, a database of its own in the same cluster ----
start_bare() {
    BARE_PORT=$((32100 + $$ % 400))
    while (exec 3<>"/dev/tcp/127.0.0.1/$BARE_PORT") 2>/dev/null; do BARE_PORT=$((BARE_PORT + 1)); done
    printf 'listen: 127.0.0.1:%s\nmax_pending: 2147483648\nwrite_deadline: "30s"\n' "$BARE_PORT" >"$DIR/bare.conf"
    nats-server -c "$DIR/bare.conf" >"$DIR/bare-nats.log" 2>&1 &
    BARE_PID=$!
    local i
    for i in $(seq 50); do
        ! (exec 3<>"/dev/tcp/127.0.0.1/$BARE_PORT") 2>/dev/null || return 0
        sleep 0.1
    done
    fail "the second nats-server did not start"
}
bare_database() {
    psql -X -q -h "$(endpoint postgres.socket)" -U cerberus_admin -d postgres -c "CREATE DATABASE bench_bare"
    BARE_DSN="host=$(endpoint postgres.socket) dbname=bench_bare user=cerberus_admin"
}

up() { deploy/local/run.sh up >"$DIR/up.log" 2>&1 || fail "the system did not start"; }
down() { deploy/local/run.sh stop >"$DIR/stop.log" 2>&1 || fail "the system did not stop"; }
journal() { ls "$CERBERUS_RUN_DIR"/journal/exchange-*.jsonl; }
market() { awk -v kind="$1" -v start_ms=$START_MS -v warm=$WARM -v orders="$ORDERS" -v gap="$GAP" -v segments="$SEGMENTS" -v rate="${2:-0}" -f tests/perf/market.awk; }

# ---- latency: latency MODE LOAD_PER_S ----
segment() {
    local mode=$1 load=$2 k=$3 period=$((ORDERS + GAP)) before after began ended rate now
    wait_market $((START_MS + (WARM + k * period) * 60000))
    began=$(date +%s%N)
    before=$(counter collector bus_published_total)
    wait_market $((START_MS + (WARM + k * period + ORDERS) * 60000))
    after=$(counter collector bus_published_total)
    ended=$(date +%s%N)
    rate=$(((after - before) * 1000000000 / (ended - began)))
    note_postgres
    sleep 1 # what is left of the segment
    "$TOOLS/bench_bare" "$BARE_PORT" "$BARE_DSN" "$ORDERS" "$((load > 0 ? rate : 0))" >"$DIR/bare.rows" 2>"$DIR/bare.log" ||
        fail "the bare chain broke"
    now=$(market_ms)
    jq -c --argjson k "$k" '. + {side: "bare", segment: $k}' "$DIR/bare.rows" >>"$DIR/$mode.rows"
    jq -n -c --argjson k "$k" --argjson rate "$rate" \
        --argjson overlap "$([ "$now" -gt $((START_MS + (WARM + (k + 1) * period) * 60000)) ] && echo true || echo false)" \
        '{segment: $k, messages_per_s: $rate, is_overlapped: $overlap}' >>"$DIR/$mode.segments"
}

latency() {
    local mode=$1 load=$2 k
    market candles >"$DIR/BTCUSDT.csv"
    export REPLAY=$DIR/BTCUSDT.csv:BTCUSDT
    if [ "$load" -gt 0 ]; then
        market trades "$(awk -v load="$load" -v each=$MESSAGES_PER_TRADE -v speed="$SPEED" 'BEGIN { print load / each / speed }')" >"$DIR/ETHUSDT.csv"
        REPLAY=$REPLAY,$DIR/ETHUSDT.csv:ETHUSDT
    fi
    up
    bare_database
    "$TOOLS/bench_chain" "$(endpoint nats.url | sed 's/.*://')" "$(endpoint nats.password_file)" "$(journal)" BTCUSDT \
        >"$DIR/chain.rows" 2>"$DIR/chain.log" &
    OBSERVER_PID=$!
    for k in $(seq 0 $((SEGMENTS - 1))); do
        segment "$mode" "$load" "$k"
        say "$mode: pair $((k + 1)) of $SEGMENTS"
    done
    kill "$OBSERVER_PID"
    wait "$OBSERVER_PID" || fail "the observer broke"
    OBSERVER_PID=
    jq -c --argjson start $START_MS --argjson warm $WARM --argjson orders "$ORDERS" --argjson gap "$GAP" '
        ((.close_ms - $start) / 60000 - 1 - $warm) as $minute
        | select($minute >= 0 and $minute % ($orders + $gap) < $orders)
        | . + {side: "chain", segment: ($minute / ($orders + $gap) | floor)}' "$DIR/chain.rows" >>"$DIR/$mode.rows"
    memory >"$DIR/memory.$mode"
    down
}

# ---- messages per second: the best seconds while the market becomes faster and faster ----
# The market begins while the last services start, so the readings begin before.
read_totals() {
    local collected validated
    while :; do
        if collected=$(counter collector bus_published_total) && validated=$(counter validator validator_messages_total); then
            echo "$(date +%s%N) $collected $validated"
        fi
        sleep 0.5
    done 2>/dev/null
}
flood() {
    local last_ms=$((START_MS + FLOOD_S * 60000))
    awk -v kind=ramp -v start_ms=$START_MS -v segments="$FLOOD_S" -v rate=$((FLOOD_TRADES / 60)) -f tests/perf/market.awk >"$DIR/ETHUSDT.csv"
    rm -rf "$CERBERUS_RUN_DIR/conf"
    read_totals >"$DIR/flood.rows" &
    READER_PID=$!
    REPLAY=$DIR/ETHUSDT.csv:ETHUSDT SPEED=60 EXTRA_SIMULATOR="" up
    SPEED=60 wait_market "$last_ms"
    kill "$READER_PID"
    wait "$READER_PID" || true
    READER_PID=
    memory >"$DIR/memory.flood"
    down
    "$TOOLS/bench_bare" "$BARE_PORT" flood 3 >"$DIR/flood.bare" 2>"$DIR/bare.log" || fail "the bare flood broke"
    # Over several readings: a moment in which an earlier backlog is worked off is no rate.
    awk '{ t[NR] = $1; c[NR] = $2; v[NR] = $3 }
        NR > 3 { s = (t[NR] - t[NR - 3]) / 1e9
            if ((c[NR] - c[NR - 3]) / s > best_c) best_c = (c[NR] - c[NR - 3]) / s
            if ((v[NR] - v[NR - 3]) / s > best_v) best_v = (v[NR] - v[NR - 3]) / s }
        END { printf "{\"collector\": %d, \"validator\": %d}\n", best_c, best_v }' "$DIR/flood.rows" |
        jq -c --slurpfile bare "$DIR/flood.bare" '. + {bare: $bare[0].messages_per_s}' >"$DIR/throughput"
}

IDLE=$(idle_percent)
[ "$IDLE" -ge 90 ] || say "other programs are busy (idle: $IDLE %): the figures are for orientation only"
start_bare
latency idle 0
latency load "$LOAD"
flood
cat "$DIR"/memory.* | jq -R -s '[split("\n")[] | select(. != "") | split(" ") | {name: .[0], kb: (.[1] | tonumber)}]
    | group_by(.name) | map({(.[0].name): (map(.kb) | max)}) | add' >"$DIR/memory"
for mode in idle load; do
    jq -n --slurpfile rows "$DIR/$mode.rows" --slurpfile segments "$DIR/$mode.segments" -f tests/perf/latency.jq >"$DIR/$mode.json"
done
jq -n --argjson idle_percent "$IDLE" --argjson cpus "$(nproc)" --slurpfile idle "$DIR/idle.json" --slurpfile load "$DIR/load.json" \
    --slurpfile throughput "$DIR/throughput" --slurpfile memory "$DIR/memory" '
    {machine: {cpus: $cpus, idle_percent: $idle_percent, is_quiet: ($idle_percent >= 90)},
     latency: {idle: $idle[0], load: $load[0]},
     throughput: ($throughput[0] + {ratio: ($throughput[0].validator / $throughput[0].bare * 1000 | round / 1000)}),
     memory_kb: ($memory[0] + {total: ($memory[0] | add)})}' >"$DIR/report.json"
if [ "$FORMAT" = json ]; then
    cat "$DIR/report.json"
else
    jq -r -f tests/perf/table.jq "$DIR/report.json"
fi
