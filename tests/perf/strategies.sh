#!/bin/bash
# Every strategy and desk over the recorded minutes of 2022 and 2023 and over the hours of six symbols: the table of
# docs/testing/lab.md. Needs ../shared/data; says so and ends when it is not there.
cd "$(dirname "$0")/../.."
ROOT=$PWD
DATA=$ROOT/../shared/data/ohlcv
[ -d "$DATA" ] || { echo "strategies: skipped, there is no ../shared/data"; exit 0; }
D=$(mktemp -d /tmp/cerberus-strategies-XXXXXX)
trap 'rm -rf "$D"' EXIT
export CERBERUS_LAB_DIR=$D/runs XDG_CACHE_HOME=${XDG_CACHE_HOME:-$D/cache}
HOURS="BTCUSDT=binance_spot_BTCUSDT_1h_20170817_20231231 ETHUSDT=binance_spot_ETHUSDT_1h_2021-04_2023-12
SOLUSDT=binance_spot_SOLUSDT_1h_2021-04_2023-12 XRPUSDT=binance_spot_XRPUSDT_1h_2021-04_2023-12
ADAUSDT=binance_spot_ADAUSDT_1h_2021-04_2023-12 LINKUSDT=binance_spot_LINKUSDT_1h_2021-04_2023-12"

job() { # strategies desks from data…
    echo "data:"
    local pair
    for pair in "${@:4}"; do echo "  - {file: $DATA/${pair#*=}.csv.zst, symbol: ${pair%%=*}}"; done
    echo "account: {balances: {USDT: 10000}}"
    echo "strategies: $1"
    [ -z "$3" ] || printf 'from: %s\nforce: true\n' "$3"
    [ -z "$2" ] || printf 'settings: {signals: {desks: "%s"}}\n' "$2"
}
row() { # name, period; the job on stdin
    cat >"$D/job.yaml"
    if "$ROOT/bin/cerberus" backtest run -f "$D/job.yaml" --no-store -o json >"$D/out.json" 2>"$D/err"; then
        jq -r --arg n "$1" --arg p "$2" '
            def share: if . == null then "–" else (tonumber * 1000 | round / 10 | tostring) + " %" end;
            def figure: if . == null then "–" else (tonumber * 100 | round / 100 | tostring) end;
            "| `\($n)` | \($p) | \(.totals.bars) | \(.totals.trades) | \(.totals.end_equity | tonumber | round) | \(.metrics.sharpe | figure) | \(.metrics.max_drawdown | share) | \(.totals.denials) | `\(.totals.output_hash)` |"' "$D/out.json"
    else
        echo "| \`$1\` | $2 | $(head -c 160 "$D/err" | tr '\n|' '  ') | | | | | | |"
    fi
}
year() { echo "BTCUSDT=binance_spot_BTCUSDT_1m_$1"; }

echo "| strategy | data | bars | trades | end equity | Sharpe | drawdown | denials | output |"
echo "|---|---|---|---|---|---|---|---|---|"
for name in $(sed -n 's/^STRATEGY(\(.*\))$/\1/p' services/signals/core/strategies.def); do
    [ "$name" != rules ] || continue # a text of one's own
    for y in 2022 2023; do row "$name@15m" "$y" < <(job "$name@15m:1" "" "" "$(year $y)"); done
    # shellcheck disable=SC2086 # a list
    row "$name@4h" "six, hours" < <(job "$name@4h:1" "" 2021-04-02 $HOURS)
done
for desk in $(sed -n 's/^DESK(\(.*\))$/\1/p' services/signals/core/desks.def); do
    case $desk in
    grid | dca | market_maker)
        for y in 2022 2023; do row "$desk@15m" "$y" < <(job rules@4h:1 "$desk@15m:BTCUSDT:5000" "" "$(year $y)"); done
        ;;
    pairs) row "$desk@4h" "six, hours" < <(job rules@4h:1 "$desk@4h:BTCUSDT+ETHUSDT:5000" 2021-04-02 $HOURS) ;;
    rotation) row "$desk@4h" "six, hours" < <(job rules@4h:1 "$desk@4h:BTCUSDT+ETHUSDT+SOLUSDT+XRPUSDT:5000" 2021-04-02 $HOURS) ;;
    esac
done
