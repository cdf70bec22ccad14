#!/bin/bash
# cerberus backtest as a user drives it: the commands of docs/howto/backtest.md as they stand there, the same bytes
# again, early ends, and everything that can be wrong with a job.
cd "$(dirname "$0")/../.."
. tests/tap.sh
ROOT=$PWD
BIN=$ROOT/${CERBERUS_BIN:-bin}
D=$(mktemp -d /tmp/cerberus-backtest-XXXXXX)
trap 'rm -rf "$D"' EXIT
export CERBERUS_LAB_DIR=$D/runs XDG_CACHE_HOME=$D/cache LC_ALL=C.UTF-8
cd "$D" || exit 1
cp "$ROOT/tests/fixtures/candles_BTCUSDT_1m.csv.gz" btc.csv.gz
cerberus() { "$BIN/cerberus" "$@"; }
backtest() { cerberus backtest "$@"; }
exits() { local want=$1; shift; "$@" >"$D/out" 2>"$D/err"; local code=$?; [ $code -eq "$want" ] || { echo "# exit $code: $(head -c 300 "$D/err")"; false; }; }
told() { grep -qF -- "$1" "$D/err" || { echo "# told: $(head -c 300 "$D/err")"; false; }; }

# ---- the page of instructions ----
howto() { awk -v mark="$1" '$0 == mark { on = 1; next } /^```/ { on = 0 } on' "$ROOT/docs/howto/backtest.md"; }
howto '```yaml job' >job.yaml
while IFS= read -r line; do check "howto: $line" eval "$line >'$D/out.txt' 2>'$D/err.txt'"; done < <(howto '```sh run')
check "it trades" [ "$(backtest show 1 -o json | jq .totals.fills)" -gt 0 ]
check "a setting changes the result" [ "$(backtest show 1 -o json | jq -r .totals.output_hash)" != "$(backtest show 2 -o json | jq -r .totals.output_hash)" ]
check "the page is there" [ "$(wc -c <report.html)" -gt 20000 ]
refute "it asks for nothing from elsewhere" grep -qE '(src|href)=|https?://|<script' report.html
check "trades come as CSV" [ "$(backtest show 1 --trades | wc -l)" -eq "$(($(backtest show 1 -o json | jq .totals.trades) + 1))" ]
check "fills come as CSV" [ "$(backtest show 1 --fills | wc -l)" -eq "$(($(backtest show 1 -o json | jq .totals.fills) + 1))" ]

worse=$(backtest run -f job.yaml --no-store -o json --set models.use=slippage --set models.slippage.ratio=0.005 | jq -r .totals.end_equity)
check "slippage costs money" awk -v a="$worse" -v b="$(backtest show 1 -o json | jq -r .totals.end_equity)" 'BEGIN { exit !(a < b) }'
check "an unknown model" exits 1 backtest run -f job.yaml --no-store --set models.use=magic
check "is told" told "magic"

# ---- a strategy of one's own ----
cat >mine.rules <<'EOF'
strategy crossing
timeframe 1m
entry long:  crosses_above(ema(close, 5), ema(close, 20))
exit long:   crosses_below(ema(close, 5), ema(close, 20))
stop:        3 * atr(14)
take profit: 6 * atr(14)
EOF
sed 's/strategies:.*/strategies: rules@1m:1/; s/^  signals:/  signals:\n    rules.files: mine.rules/' job.yaml >mine.yaml
check "a text of rules is played" exits 0 backtest run -f mine.yaml -o json --no-store
check "and trades" [ "$(jq .totals.trades "$D/out")" -gt 0 ]
hash=$(jq -r .provenance.config_hash "$D/out")
sed -i 's/20)/21)/g' mine.rules
check "another text" exits 0 backtest run -f mine.yaml -o json --no-store
check "is another configuration" [ "$(jq -r .provenance.config_hash "$D/out")" != "$hash" ]
sed -i 's/atr(14)/attr(14)/' mine.rules
check "a text that is wrong" exits 1 backtest run -f mine.yaml --no-store
check "is told with its place" told "mine.rules:5"
sed -i 's/attr(14)/atr(14)/; s/timeframe 1m/timeframe 5m/' mine.rules
check "a text without its timeframe" exits 1 backtest run -f mine.yaml --no-store
check "is told what it needs" told "rules@TIMEFRAME"

# ---- money ----
sum() { backtest show 1 --fills | jq -R -s 'split("\n")[1:-1] | map(split(",")) | map((.[5] | tonumber) * (.[6] | tonumber) * (if .[3] == "buy" then -1 else 1 end) - (.[9] | tonumber)) | add'; }
closed() { backtest show 1 --trades | tail -n +2 | cut -d, -f6 | grep -c true; }
ends() { backtest show 1 -o json | jq '(.totals.end_equity | tonumber) - (.totals.start_equity | tonumber)'; }
if [ "$(closed)" = 0 ]; then
    check "equity is what the fills made of it" awk -v a="$(sum)" -v b="$(ends)" 'BEGIN { d = a - b; exit !(d < 0.5 && d > -0.5) }'
fi

# ---- the same bytes ----
check "rerun gives the same bytes" exits 0 backtest rerun 1
check "two runs of one job are equal files" bash -c "'$BIN/cerberus' backtest run -f job.yaml -o json >a.json && '$BIN/cerberus' backtest run -f job.yaml -o json >b.json && diff <(jq 'del(.id)' a.json) <(jq 'del(.id)' b.json)"
check "comments and order do not change the configuration's hash" bash -c "(echo '# a comment'; cat job.yaml) >c.yaml; [ \"\$('$BIN/cerberus' backtest run -f c.yaml --no-store -o json | jq -r .provenance.config_hash)\" = \"\$(jq -r .provenance.config_hash a.json)\" ]"
check "--no-store keeps nothing" [ "$(backtest list -o json | jq '.rows | length')" = 4 ]
cp btc.csv.gz kept.csv.gz
zcat kept.csv.gz | sed '2s/42010.26/42010.25/' | gzip >btc.csv.gz
check "changed data is told by rerun" exits 1 backtest rerun 1
check "and named" grep -q "^data differs" "$D/out"
cp kept.csv.gz btc.csv.gz
check "put back, it is the same again" exits 0 backtest rerun 1

# ---- a job that is wrong ----
bad() { # name, code, what is told, then the job's text on stdin
    cat >bad.yaml
    check "$1" exits "$2" backtest run -f bad.yaml
    check "$1: told" told "$3"
}
HEAD=$(printf 'data:\n  - {file: btc.csv.gz, symbol: BTCUSDT}\naccount: {balances: {USDT: 10000}}\n')
check "no job" exits 2 backtest run
check "a job that is not there" exits 1 backtest run -f none.yaml
check "is named" told "none.yaml: No such file"
bad "data that is not there" 3 "none.csv" <<<"$(printf 'data: [{file: none.csv, symbol: BTCUSDT}]\naccount: {balances: {USDT: 1}}\nstrategies: trend@1m')"
bad "an unknown strategy" 1 "no strategy 'moonshot'" <<<"$HEAD
strategies: moonshot@1m"
bad "an unknown key of a service" 1 "decision.thresh" <<<"$HEAD
strategies: trend@1m
settings: {signals: {decision.thresh: 0.1}}"
bad "an absurd parameter" 1 "strategy.trend.fast" <<<"$HEAD
strategies: trend@1m
settings: {signals: {strategy.trend.fast: 99999999}}"
bad "what the job decides itself" 1 "is decided by the job itself" <<<"$HEAD
strategies: trend@1m
settings: {risk: {symbols: ETHUSDT}}"
bad "an unknown cap" 1 "caps.speed: there is no such cap" <<<"$HEAD
strategies: trend@1m
settings: {caps: {speed: 1}}"
bad "a range of no length" 1 "'to' is not after 'from'" <<<"$HEAD
strategies: trend@1m
from: 2024-01-01
to: 2024-01-01"
bad "a range without data" 1 "bad.yaml" <<<"$HEAD
strategies: trend@1m
from: 2030-01-01"
check "no such run" exits 3 backtest show 99
check "a number that is none" exits 2 backtest show first
check "one run is not compared" exits 2 backtest compare 1
check "an unknown command" exits 2 backtest fly
check "the report of a full disk" exits 1 backtest report 1 --out /dev/full

# ---- bad data ----
(zcat btc.csv.gz | head -50; echo '1704070140000,1,2,3,x,5') | gzip >broken.csv.gz
sed 's/btc.csv.gz/broken.csv.gz/' job.yaml >broken.yaml
check "data that is not certified is refused" exits 5 backtest run -f broken.yaml
check "with file and line" told "broken.csv.gz:51"
echo 'force: true' >>broken.yaml
check "unless forced" exits 0 backtest run -f broken.yaml
check "and then it says so" grep -q '^FORCED' "$D/out"

# ---- strategies at the ends of what is possible ----
(cat job.yaml; echo 'to: 2024-01-01T00:20:00Z') >quiet.yaml
check "one that never trades" exits 0 backtest run -f quiet.yaml --no-store
check "has an end" grep -q "trades 0" "$D/out"
check "one that trades at every bar" exits 0 backtest run -f job.yaml --no-store --set signals.decision.threshold=0.01 --set signals.decision.exit_threshold=0.01 \
    --set signals.filter.cooldown_bars=0 --set signals.entry.cooldown=0s --set signals.validate.confidence_min=0
sed 's/USDT: 10000/USDT: 0/' job.yaml >poor.yaml
check "no money at all" exits 0 backtest run -f poor.yaml --no-store

# ---- early ends ----
for i in $(seq 0 39); do zcat btc.csv.gz | tail -n +2 | awk -F, -v OFS=, -v add=$((i * 86400000)) '{ $1 = sprintf("%.0f", $1 + add); print }'; done | (echo 'open_time_ms,open,high,low,close,volume'; cat) | gzip -1 >long.csv.gz
sed 's/btc.csv.gz/long.csv.gz/' job.yaml >long.yaml
cerberus data import long.csv.gz >/dev/null 2>&1
before=$(backtest list -o json | jq '.rows | length')
"$BIN/cerberus-lab" backtest run -f long.yaml >int.out 2>int.err &
pid=$!
sleep 0.3
kill -INT $pid 2>/dev/null
wait $pid
code=$?
[ $code -eq 0 ] || [ $code -eq 7 ] || echo "# $(head -c 300 int.err)"
if [ $code -eq 0 ]; then
    skip "Ctrl-C keeps what was played" "the run was over before"
else
    check "Ctrl-C keeps what was played" [ $code -eq 7 ]
    check "as partial" [ "$(backtest list -o json | jq -r '.rows[-1].note')" = partial ]
    before=$((before + 1))
fi
"$BIN/cerberus-lab" backtest run -f long.yaml >/dev/null 2>&1 &
pid=$!
sleep 0.2
kill -KILL $pid 2>/dev/null
wait $pid 2>/dev/null
check "kill -9 leaves no half run" [ "$(backtest list -o json | jq '.rows | length')" -le $((before + 1)) ]
check "all that is listed can be read" bash -c "for id in \$('$BIN/cerberus' backtest list -o json | jq '.rows[].id'); do '$BIN/cerberus' backtest show \$id >/dev/null || exit 1; done"
finish
