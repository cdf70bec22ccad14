#!/bin/bash
# Unmodified ccxt (REST and pro) and @binance/spot, pointed at the simulator by their base URLs alone. The npm
# packages are fetched once into build/clients; without node or a reachable registry the test is skipped.
cd "$(dirname "$0")/../.."
. tests/tap.sh

SIMULATOR=${CERBERUS_BIN_DIR:-$PWD/bin}/cerberus-simulator
PACKAGES=$PWD/build/clients
WORK=$(mktemp -d /tmp/cerberus-clients-XXXXXX)
PID=

end() {
    if [ -n "$PID" ]; then
        kill -TERM "$PID" 2>/dev/null
        wait "$PID" 2>/dev/null
    fi
    [ "${KEEP:-}" = 1 ] || rm -rf "$WORK"
}
trap end EXIT

skip_all() {
    skip "real clients against the simulator" "$1"
    finish
}

node_is_new_enough() { [ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 18' 2>/dev/null)" = true ]; }

# npm ci as written in the lock file; again only when that has changed.
install_packages() {
    local from=tests/integration/clients
    mkdir -p "$PACKAGES"
    cp "$from"/*.mjs "$PACKAGES"
    if [ -e "$PACKAGES/installed" ] && cmp -s "$from/package-lock.json" "$PACKAGES/installed"; then
        return
    fi
    rm -rf "$PACKAGES/installed" "$PACKAGES/node_modules"
    cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" "$PACKAGES"
    (cd "$PACKAGES" && timeout 180 npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 >"$WORK/npm.log" 2>&1) || return 1
    cp "$from/package-lock.json" "$PACKAGES/installed"
}

random_file() { (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$1"); }

free_port() {
    local port
    for port in $(shuf -i 32100-39900 -n 50); do
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}

start_simulator() {
    local name
    for name in key secret token; do random_file "$WORK/$name"; done
    PORT=$(free_port)
    cat >"$WORK/simulator.conf" <<CONF
nats.url =
http.address = 127.0.0.1
http.port = 0
journal.dir = $WORK
market.port = $PORT
symbols = BTCUSDT,ETHUSDT
agents = 7
speed = 1
api.key = $WORK/key
api.secret = $WORK/secret
admin.token = $WORK/token
accounts.main = USDT:100000,BTC:2,BNB:1
fees.asset = BNB
CONF
    "$SIMULATOR" --config="$WORK/simulator.conf" 2>"$WORK/simulator.log" &
    PID=$!
    local i
    for i in $(seq 150); do
        curl -fsS --max-time 1 "http://127.0.0.1:$PORT/api/v3/ping" >/dev/null 2>&1 && return
        kill -0 "$PID" 2>/dev/null || return 1
        sleep 0.2
    done
    return 1
}

run_clients() {
    node "$PACKAGES/run.mjs" --rest="http://127.0.0.1:$PORT" --ws="ws://127.0.0.1:$PORT" \
        --ws-api="ws://127.0.0.1:$PORT/ws-api/v3" --key="$(cat "$WORK/key")" --secret="$(cat "$WORK/secret")" "$@"
}

node_is_new_enough || skip_all "node 18 or newer is not installed"
command -v npm >/dev/null || skip_all "npm is not installed"
if ! install_packages; then
    sed 's/^/# /' "$WORK/npm.log" | tail -5
    skip_all "the npm packages cannot be fetched: $(grep -m1 -oE 'npm (error|ERR!) (code|network) .*' "$WORK/npm.log" || echo 'npm ci failed')"
fi
if ! start_simulator; then
    not_ok "the simulator starts without NATS"
    tail -20 "$WORK/simulator.log" | sed 's/^/# /'
    finish
fi

# The clients' own lines are the test's lines; what comes after goes on counting.
run_clients "$@" >"$WORK/clients.tap" 2>"$WORK/clients.err"
status=$?
grep -v '^1\.\.' "$WORK/clients.tap"
TAP_COUNT=$(grep -cE '^(not )?ok ' "$WORK/clients.tap")
TAP_BAD=$(grep -cE '^not ok ' "$WORK/clients.tap")
check "the clients ended well (status $status)" [ "$status" -eq 0 ]
if [ "$TAP_BAD" -gt 0 ]; then
    grep -v '^$' "$WORK/clients.err" | tail -20 | cut -c1-400 | sed 's/^/# /'
fi

check "the simulator is still there" kill -0 "$PID"
kill -TERM "$PID"
wait "$PID"
code=$?
PID=
check "the simulator ends in order (status $code)" [ "$code" -eq 0 ]
refute "the simulator logged no error" grep -E 'level=error' "$WORK/simulator.log"
finish
