#!/bin/bash
# cerberus optimize as a user drives it: the commands of docs/howto/optimize.md, kill -9 at any moment, workers that die,
# and what can be wrong with a search.
cd "$(dirname "$0")/../.."
. tests/tap.sh
ROOT=$PWD
BIN=$ROOT/${CERBERUS_BIN:-bin}
D=$(mktemp -d /tmp/cerberus-optimize-XXXXXX)
trap 'rm -rf "$D"' EXIT
export CERBERUS_LAB_DIR=$D/runs XDG_CACHE_HOME=$D/cache
cd "$D" || exit 1
cp "$ROOT/tests/fixtures/candles_BTCUSDT_1m.csv.gz" btc.csv.gz
cerberus() { "$BIN/cerberus" "$@"; }
optimize() { cerberus optimize "$@"; }
exits() { local want=$1; shift; "$@" >"$D/out" 2>"$D/err"; local code=$?; [ $code -eq "$want" ] || { echo "# exit $code: $(head -c 300 "$D/err")"; false; }; }
told() { grep -qF -- "$1" "$D/err" || { echo "# told: $(head -c 300 "$D/err")"; false; }; }
howto() { awk -v mark="$1" '$0 == mark { on = 1; next } /^```/ { on = 0 } on' "$ROOT/docs/howto/optimize.md"; }
lines() { wc -l 2>/dev/null <"$D/runs/studies/$1.jsonl" || echo 0; }
rows() { optimize show "$1" -o json | jq -c '.rows'; }

howto '```yaml job' >study.yaml
while IFS= read -r line; do check "howto: $line" eval "$line >'$D/out.txt' 2>'$D/err.txt'"; done < <(howto '```sh run')
check "all trials are told" [ "$(optimize list -o json | jq '.rows[0].told')" = 30 ]
sed 's/\[total_return\]/[total_return, -turnover]/; s/tpe/nsga2/' study.yaml >two.yaml
check "two objectives" exits 0 optimize run -f two.yaml --trials 15
check "the front is not empty" [ "$(optimize pareto 4 -o json | jq '.rows | length')" -ge 1 ]
check "no trial of the front beats another" [ "$(optimize pareto 4 -o json | jq '[.rows[] | {r: (.total_return | tonumber), t: (.turnover | tonumber)}] as $a | [$a[] as $x | $a[] | select(.r > $x.r and .t < $x.t)] | length')" = 0 ]
check "values keep to their steps" [ "$(optimize show 2 -o json | jq '[.rows[]."strategy.trend.slow" | tonumber | select((. - 31) % 7 != 0 or . < 31 or . > 80)] | length')" = 0 ]
check "the page shows the trials" grep -q "Parameters" search.html
check "and statements on luck" grep -q "Deflated Sharpe" search.html
check "the best was kept as a run" exits 0 cerberus backtest show 2

# ---- the same search with and without a kill, one worker ----
one() { optimize run -f study.yaml --workers 1 --trials 20 "$@"; }
check "a whole search" exits 0 one
whole=$(rows 5)
one >/dev/null 2>&1 &
sleep 0.1
for _ in $(seq 200); do [ "$(lines 6)" -lt 9 ] || break; sleep 0.02; done
pkill -KILL -f "optimize run -f study.yaml --workers 1 --trials 20" 2>/dev/null
wait 2>/dev/null
left=$(lines 6)
echo "# killed after $left lines"
check "kill -9 came within the search" [ "$left" -lt 41 ]
printf '{"tell":3,"sta' >>"$D/runs/studies/6.jsonl"
check "it is resumed, a torn line or not" exits 0 optimize resume 6
check "and ends as if nothing had been" diff <(echo "$whole" | jq -c ".[]") <(rows 6 | jq -c ".[]")
check "a search that is over resumes to the same" exits 0 optimize resume 6

# ---- workers that die ----
"$BIN/cerberus-lab" optimize run -f study.yaml --trials 30 --workers 2 >w.out 2>w.err &
pid=$!
for _ in $(seq 100); do [ "$(lines 7)" -lt 6 ] || break; sleep 0.05; done
check "nobody else may resume it meanwhile" exits 5 optimize resume 7
victim=$(pgrep -P "$pid" | head -1)
[ -n "$victim" ] && kill -KILL "$victim"
check "the search ends" wait "$pid"
check "with all trials told" [ "$(optimize list -o json | jq '.rows[6].told')" = 30 ]
failed=$(optimize show 7 -o json | jq '[.rows[] | select(.state == "failed")] | length')
check "one at most without a result" [ "$failed" -le 1 ]

# ---- Ctrl-C ----
"$BIN/cerberus-lab" optimize run -f study.yaml --trials 500 >c.out 2>c.err &
pid=$!
for _ in $(seq 100); do [ "$(lines 8)" -lt 4 ] || break; sleep 0.05; done
kill -INT $pid
wait $pid
check "Ctrl-C ends it as partial" [ $? -eq 7 ]
check "and says how to go on" grep -q "optimize resume 8" c.err

# ---- what can be wrong ----
bad() { # name, sed on the job, told
    sed "$2" study.yaml >bad.yaml
    check "$1" exits 1 optimize run -f bad.yaml
    check "$1: told" told "$3"
}
bad "an unknown sampler" 's/sampler: tpe/sampler: guess/' "there is no sampler called guess"
bad "an unknown metric" 's/total_return/luck/' "there is no metric 'luck'"
bad "an upside-down range" 's/low: 5, high: 30/low: 30, high: 5/' "signals.strategy.trend.fast: 'low' must be below 'high'"
bad "a parameter that no service knows" 's/trend.fast:/trend.quick:/' "strategy.trend.quick"
check "no search in the job" exits 1 optimize run -f <(true)
sed '/^study/,$d' study.yaml >bad.yaml
check "a job without a study" exits 1 optimize run -f bad.yaml
check "is told" told "the job has no 'study'"
check "no such search" exits 3 optimize show 99
check "a number that is none" exits 2 optimize resume x
zcat btc.csv.gz | sed '2s/42010.26/42010.25/' | gzip >other.csv.gz
cp other.csv.gz btc.csv.gz
check "data that has changed is not searched on" exits 5 optimize resume 8
check "is told so" told "the data is not what the search began with"
finish
