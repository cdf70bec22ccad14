#!/bin/bash
# The kill switch's figures (order-path.md: last request at most 50 ms after the command, 10 ms by the local page; 200
# open orders gone within 5 s inside the rate limits), measured by bench_kill.py in a stack of its own.
#   BENCH_KILLS=20   rounds of each kind
set -euo pipefail
cd "$(dirname "$0")/../.."
DIR=$(mktemp -d /tmp/cerberus-bench-kill-XXXXXX)
chmod 755 "$DIR"
export CERBERUS_RUN_DIR=$DIR/run CERBERUS_ENDPOINTS=$DIR/run/endpoints.json
trap 'deploy/local/run.sh stop >/dev/null 2>&1 || true; rm -rf "$DIR"' EXIT
trap 'exit 130' INT TERM
export SPEED=${BENCH_SPEED:-1} BALANCES=USDT:10000000 GUARDIAN=0
export EXTRA_SIMULATOR="limits.orders_10s = 100000
limits.orders_day = 10000000"
# Orders are asked for by hand; the strategies are silent.
export EXTRA_SIGNALS="decision.threshold = 1
decision.exit_threshold = 1"
BUSY=tests/testing/busy
EXTRA_CAPS=$(cat $BUSY/caps.conf)
export EXTRA_CAPS
export EXTRA_RISK="$(cat $BUSY/risk.conf)
unkill.cooldown = 0s
rule.open_orders_max.limit = 500
rule.trade_risk_max.per_trade = 0.00001"
deploy/local/run.sh up >"$DIR/up.log" 2>&1 </dev/null || { tail -5 "$DIR/up.log" >&2; exit 1; }
python3 tests/perf/bench_kill.py
