#!/bin/bash
# How long trading stands still when execution dies with a thousand orders open (goal: 2 s at p99 until it is ready again;
# 5 s until the other instance has taken over), measured by bench_ready.py in a stack of its own.
#   BENCH_OPEN=1000 BENCH_READY=20   open orders; rounds
set -euo pipefail
cd "$(dirname "$0")/../.."
DIR=$(mktemp -d /tmp/cerberus-bench-ready-XXXXXX)
chmod 755 "$DIR"
export CERBERUS_RUN_DIR=$DIR/run CERBERUS_ENDPOINTS=$DIR/run/endpoints.json
trap 'deploy/local/run.sh stop >/dev/null 2>&1 || true; rm -rf "$DIR"' EXIT
trap 'exit 130' INT TERM
export SPEED=1 BALANCES=USDT:10000000 GUARDIAN=0 STANDBY=1
export EXTRA_SIMULATOR="limits.orders_10s = 100000
limits.orders_day = 10000000
limits.open_orders = 2000"
# Orders are asked for by hand; the strategies are silent.
export EXTRA_SIGNALS="decision.threshold = 1
decision.exit_threshold = 1"
BUSY=tests/testing/busy
EXTRA_CAPS=$(cat $BUSY/caps.conf)
export EXTRA_CAPS
export EXTRA_RISK="$(cat $BUSY/risk.conf)
rule.open_orders_max.limit = 1000
unkill.cooldown = 0s"
deploy/local/run.sh up >"$DIR/up.log" 2>&1 </dev/null || { tail -5 "$DIR/up.log" >&2; exit 1; }
python3 tests/perf/bench_ready.py
