#!/bin/bash
# cerberus walkforward: the commands of docs/howto/walkforward.md, windows that never see their test, and what can be wrong.
cd "$(dirname "$0")/../.."
. tests/tap.sh
ROOT=$PWD
BIN=$ROOT/${CERBERUS_BIN:-bin}
D=$(mktemp -d /tmp/cerberus-walk-XXXXXX)
trap 'rm -rf "$D"' EXIT
export CERBERUS_LAB_DIR=$D/runs XDG_CACHE_HOME=$D/cache
cd "$D" || exit 1
cerberus() { "$BIN/cerberus" "$@"; }
exits() { local want=$1; shift; "$@" >"$D/out" 2>"$D/err"; local code=$?; [ $code -eq "$want" ] || { echo "# exit $code: $(head -c 300 "$D/err")"; false; }; }
told() { grep -qF -- "$1" "$D/err" || { echo "# told: $(head -c 300 "$D/err")"; false; }; }
howto() { awk -v mark="$1" '$0 == mark { on = 1; next } /^```/ { on = 0 } on' "$ROOT/docs/howto/walkforward.md"; }
json() { cerberus walkforward run -f walk.yaml -o json 2>/dev/null; }

# ---- ten days out of one, each a little higher ----
days() { # count, then awk on the day's factor
    echo 'open_time_ms,open,high,low,close,volume'
    for i in $(seq 0 $(($1 - 1))); do
        zcat "$ROOT/tests/fixtures/candles_BTCUSDT_1m.csv.gz" | tail -n +2 | awk -F, -v OFS=, -v day="$i" -v f="${2:-1}" '{
            $1 = sprintf("%.0f", $1 + day * 86400000); k = f ^ day
            for (c = 2; c <= 5; c++) $c = sprintf("%.2f", $c * k); print }'
    done
}
days 10 | gzip -1 >btc.csv.gz
howto '```yaml job' >walk.yaml
while IFS= read -r line; do check "howto: $line" eval "$line >'$D/out.txt' 2>'$D/err.txt'"; done < <(howto '```sh run')
check "the page shows the windows" grep -q "Walk-forward" walk.html
json >a.json
check "there are three windows" [ "$(jq '.windows | length' a.json)" = 3 ]
check "no training reaches into its test, a day is purged" [ "$(jq '[.windows[] | select(.train_to_ns + 86400000000000 > .test_from_ns)] | length' a.json)" = 0 ]
check "tests follow each other without a gap" [ "$(jq '.windows as $w | [range(1; $w | length) | select($w[.].test_from_ns != $w[. - 1].test_to_ns)] | length' a.json)" = 0 ]
check "the last test ends with the data" [ "$(jq '.windows[-1].test_to_ns' a.json)" = 1704931200000000000 ]
json >b.json
check "the same job gives the same windows" diff a.json b.json

# ---- the future does not reach back: another last window leaves the others as they were ----
cp btc.csv.gz whole.csv.gz
last=$(jq '.windows[-1].test_from_ns / 1000000' a.json)
zcat whole.csv.gz | awk -F, -v OFS=, -v from="$last" 'NR > 1 && $1 >= from { for (c = 2; c <= 5; c++) $c = sprintf("%.2f", $c * (NR % 1440 < 720 ? 1.01 : 0.99)) } { print }' |
    awk -F, -v OFS=, 'NR > 1 { h = $3; l = $4; for (c = 2; c <= 5; c++) { if ($c > h) h = $c; if ($c < l) l = $c } $3 = h; $4 = l } { print }' | gzip -1 >btc.csv.gz
json >c.json
check "what comes later changes no earlier window" diff <(jq '.windows[:2]' a.json) <(jq '.windows[:2]' c.json)
refute "but the last one" cmp -s <(jq '.windows[2].out_of_sample' a.json) <(jq '.windows[2].out_of_sample' c.json)
cp whole.csv.gz btc.csv.gz

# ---- what can be wrong ----
bad() { # name, sed, told
    sed "$2" walk.yaml >bad.yaml
    check "$1" exits 1 cerberus walkforward run -f bad.yaml
    check "$1: told" told "$3"
}
bad "more windows than days" 's/windows: 3/windows: 30/' "10 periods are too short for 30 windows"
bad "lengths that do not fit" 's/windows: 3/windows: 3\n  train: 9d\n  test: 3d/' "3 windows need 19 days, there are 10"
sed '/^walkforward/,$d' walk.yaml >bad.yaml
check "a job without windows" exits 1 cerberus walkforward run -f bad.yaml
check "is told" told "the job has no 'walkforward'"
sed '/^study/,/slow/d' walk.yaml >bad.yaml
check "a job without a search" exits 1 cerberus walkforward run -f bad.yaml
check "is told too" told "the job has no 'study'"
check "no job" exits 2 cerberus walkforward run
finish
