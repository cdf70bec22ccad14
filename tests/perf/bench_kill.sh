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
export SPEED=${BENCH_SPEED:-300} BALANCES=USDT:10000000 GUARDIAN=0
# Every candle becomes an order.
export EXTRA_SIMULATOR="limits.orders_10s = 100000
limits.orders_day = 10000000"
export EXTRA_SIGNALS="strategies = trend@1m:1
strategy.trend.fast = 1
strategy.trend.slow = 2
strategy.trend.channel = 1
strategy.trend.atr = 1
strategy.trend.cross_bars = 1000
decision.threshold = 0.01
decision.exit_threshold = 0.01
decision.decay_bars = 1
filter.cooldown_bars = 0
filter.hourly_max = 240
validate.confidence_min = 0
validate.quality_min = 0
entry.cooldown = 0s
exit.retry = 0s"
export EXTRA_RISK="unkill.cooldown = 0s
rule.trade_risk_max.per_trade = 0.00001
limits = gross_exposure@*=1000000
rule.daily_loss_max.limit = 1
rule.drawdown_max.limit = 1
rule.order_rate.account_per_minute = 60000
rule.order_rate.account_burst = 10000
rule.order_rate.strategy_per_minute = 60000
rule.order_rate.strategy_burst = 10000
rule.stale_data.ticker_max = 3600s
rule.data_quality.score_min = 0"
export EXTRA_EXECUTION="caps.orders_per_s = 1000
caps.notional_per_minute = 1000000000"
deploy/local/run.sh up >"$DIR/up.log" 2>&1 </dev/null || { tail -5 "$DIR/up.log" >&2; exit 1; }
python3 tests/perf/bench_kill.py
