#!/bin/bash
# Orders per second from the request to the exchange's answer with every guarantee on, for some numbers of accounts, beside
# PostgreSQL's own commits per second in the same cluster, in turns. Made by bench_orders.py; the last line is JSON.
#   BENCH_ACCOUNTS="1 8 64" BENCH_SECONDS=10 BENCH_TURNS=3
#
# An account is a chain of its own: one risk, one execution with its lease, a database and a nats-server. The simulated
# exchange, the signer and the PostgreSQL cluster are shared, and so are this machine's processors.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/local/lib.sh
DIR=$(mktemp -d /tmp/cerberus-bench-orders-XXXXXX)
chmod 755 "$DIR"
export CERBERUS_RUN_DIR=$DIR/run CERBERUS_ENDPOINTS=$DIR/run/endpoints.json PGBENCH=$PGBIN/pgbench
trap 'deploy/local/run.sh stop >/dev/null 2>&1 || true; rm -rf "$DIR"' EXIT
trap 'exit 130' INT TERM
export SPEED=1 BALANCES=USDT:10000000 GUARDIAN=0 PG_CONNECTIONS=700
export EXTRA_SIMULATOR="limits.orders_10s = 1000000
limits.orders_day = 100000000
limits.weight = 100000000"
# Orders are asked for by hand; the strategies are silent.
export EXTRA_SIGNALS="decision.threshold = 1
decision.exit_threshold = 1"
BUSY=tests/testing/busy
EXTRA_CAPS=$(cat $BUSY/caps.conf)
export EXTRA_CAPS
export EXTRA_RISK="$(cat $BUSY/risk.conf)
rule.open_orders_max.limit = 500"
deploy/local/run.sh up >"$DIR/up.log" 2>&1 </dev/null || { tail -5 "$DIR/up.log" >&2; exit 1; }
python3 tests/perf/bench_orders.py
