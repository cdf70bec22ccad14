#!/bin/bash
# Experiments to and from MLflow: the commands of docs/howto/experiments.md, a push into our own server read back and
# compared with the same run served by itself, the server killed between calls, pushes that broke off or come twice,
# and everything that can be wrong with a call. With a stock MLflow client at hand it logs to us, too: the Python of
# $CERBERUS_MLFLOW_PYTHON or python3, when it can import mlflow.
cd "$(dirname "$0")/../.."
. tests/tap.sh
ROOT=$PWD
BIN=$ROOT/${CERBERUS_BIN:-bin}
D=$(mktemp -d /tmp/cerberus-mlflow-XXXXXX)
PIDS=
trap 'for p in $PIDS; do kill -9 $p 2>/dev/null; done; rm -rf "$D"' EXIT
export CERBERUS_LAB_DIR=$D/runs XDG_CACHE_HOME=$D/cache LC_ALL=C.UTF-8
unset MLFLOW_TRACKING_TOKEN MLFLOW_TRACKING_USERNAME MLFLOW_TRACKING_PASSWORD http_proxy HTTP_PROXY
cd "$D" || exit 1
cp "$ROOT/tests/fixtures/candles_BTCUSDT_1m.csv.gz" btc.csv.gz
cerberus() { "$BIN/cerberus" "$@"; }
push() { cerberus experiments push "$@"; }
exits() { local want=$1; shift; "$@" >"$D/out" 2>"$D/err"; local code=$?; [ $code -eq "$want" ] || { echo "# exit $code: $(head -c 300 "$D/out" "$D/err")"; false; }; }
told() { grep -qF -- "$1" "$D/err" || { echo "# told: $(head -c 300 "$D/err")"; false; }; }
said() { grep -qF -- "$1" "$D/out" || { echo "# said: $(head -c 300 "$D/out")"; false; }; }

serve() { # DIR: a server over DIR; sets URL and SERVER_PID, keeps the port of the last one over DIR
    local port=0
    [ -f "$1.port" ] && port=$(cat "$1.port")
    rm -f "$1.url" # or the last one would be taken for the new one
    "$BIN/cerberus-lab" experiments serve --runs "$1" --port "$port" >"$1.url" 2>"$1.log" &
    SERVER_PID=$!
    PIDS="$PIDS $SERVER_PID"
    for _ in $(seq 200); do [ -s "$1.url" ] && break; sleep 0.05; done
    URL=$(cat "$1.url")
    echo "${URL##*:}" >"$1.port"
}
post() { curl -s -H 'Content-Type: application/json' "$URL/api/2.0/mlflow/$1" --data-binary "$2"; }
get() { curl -s -G "$URL/api/2.0/mlflow/$1" "${@:2}"; }

# ---- the page of instructions ----
howto() { awk -v mark="$1" '$0 == mark { on = 1; next } /^```/ { on = 0 } on' "$ROOT/docs/howto/$2.md"; }
howto '```yaml job' backtest >job.yaml
mkdir away
serve "$D/away"
AWAY=$URL
AWAY_PID=$SERVER_PID
SERVER=$URL
while IFS= read -r line; do check "howto: $line" eval "$line >'$D/out.txt' 2>'$D/err.txt'"; done < <(howto '```sh run' experiments)
check "its search finds the run" [ "$(jq '.runs | length' out.txt)" = 1 ]

# ---- pushed and read back ----
serve "$D/runs"
HOME_URL=$URL
HOME_PID=$SERVER_PID
whole() { # everything about the run of btc-trend, without what is each server's own
    local experiment run
    experiment=$(get experiments/get-by-name -d experiment_name=btc-trend | jq -r .experiment.experiment_id)
    run=$(post runs/search "{\"experiment_ids\":[\"$experiment\"]}")
    jq -S '[.runs[] | del(.info.run_id, .info.run_uuid, .info.artifact_uri, .info.experiment_id) | .data |= map_values(sort_by(.key))]' <<<"$run"
    run=$(jq -r '.runs[0].info.run_id' <<<"$run")
    get metrics/get-history -d "run_id=$run" -d metric_key=equity | jq -S .
    get artifacts/list -d "run_id=$run" | jq -S '[.files[] | select(.path != "points.bin")]'
    for file in job.yaml summary.json fills.csv trades.csv; do curl -s "$URL/api/2.0/mlflow-artifacts/artifacts/$experiment/$run/artifacts/$file" | cksum; done
}
URL=$HOME_URL; whole >home.txt
URL=$AWAY; whole >away.txt
check "what was pushed is what our own server shows" diff -q home.txt away.txt
check "with a curve of at most 1000 points" jq -se '.[1].metrics | length > 100 and length <= 1000' home.txt
check "which ends with the run's end" [ "$(jq -s '.[1].metrics[-1].value' home.txt)" = "$(cerberus backtest show 1 -o json | jq '.totals.end_equity | tonumber')" ]
check "all metrics of the summary" [ "$(jq -s '.[0][0].data.metrics | map(select(.key != "equity" and (.key | startswith("totals.") | not))) | length' home.txt)" = "$(cerberus backtest show 1 -o json | jq '.metrics | length')" ]
check "and the files to the byte" [ "$(tail -4 home.txt | head -1)" = "$(cksum <runs/1/job.yaml)" ]
check "the page went along" [ "$(find away/mlflow -name report.html | wc -l)" = 1 ]

# ---- twice, and broken off ----
before=$(wc -l <away/mlflow/journal.jsonl)
check "a second push" exits 0 push 1 --to "$AWAY"
check "finds it" said "was there"
check "and writes nothing" [ "$(wc -l <away/mlflow/journal.jsonl)" = "$before" ]
check "our own server has it already" exits 0 push 1 --to "$HOME_URL"
check "as it is" said "was there"
for cut in 3 4 5; do # the journal as a kill would have left it after that many calls, with half a line behind
    mkdir "cut$cut" "cut$cut/mlflow"
    mkdir -p once/mlflow
    if [ ! -s once/mlflow/journal.jsonl ]; then
        serve "$D/once"
        push 1 --to "$URL" >/dev/null
        kill -9 "$SERVER_PID"; wait "$SERVER_PID" 2>/dev/null
    fi
    head -$cut once/mlflow/journal.jsonl >"cut$cut/mlflow/journal.jsonl"
    sed -n "$((cut + 1))p" once/mlflow/journal.jsonl | head -c 40 >>"cut$cut/mlflow/journal.jsonl"
    serve "$D/cut$cut"
    check "cut after $cut records: pushed again" exits 0 push 1 --to "$URL"
    check "cut after $cut records: completed" said "completed"
    whole >cut.txt
    check "cut after $cut records: nothing missing, nothing twice" diff -q home.txt cut.txt
    kill -9 "$SERVER_PID"; wait "$SERVER_PID" 2>/dev/null
done

# ---- a bad line: refused for now, in trouble, and answers that are lost after the call was done ----
serve "$D/lossy"
python3 "$ROOT/tests/integration/clients/lossy_proxy.py" "$URL" >proxy.url 2>/dev/null &
PIDS="$PIDS $!"
for _ in $(seq 200); do [ -s proxy.url ] && break; sleep 0.05; done
check "a push over a bad line" exits 0 push 1 --to "$(cat proxy.url)"
whole >lossy.txt
check "arrives whole and once" diff -q home.txt lossy.txt
check "as one run of one experiment" [ "$(jq -r 'select(.experiment) | .experiment' lossy/mlflow/journal.jsonl | sort -u | wc -l) $(jq -r 'select(.run) | .run' lossy/mlflow/journal.jsonl | sort -u | wc -l)" = "2 1" ]
kill -9 "$SERVER_PID"; wait "$SERVER_PID" 2>/dev/null
(push 1 --to "$URL" >gone.out 2>gone.err; echo $? >gone.code) & # tries for some seconds
GONE=$! GONE_URL=$URL

# ---- killed between calls ----
URL=$AWAY
again() { kill -9 "$AWAY_PID"; wait "$AWAY_PID" 2>/dev/null; serve "$D/away"; AWAY_PID=$SERVER_PID; }
experiment=$(post experiments/create '{"name":"from outside","tags":[{"key":"team","value":"a"}]}' | jq -r .experiment_id)
again
run=$(post runs/create "{\"experiment_id\":\"$experiment\",\"run_name\":\"first\",\"start_time\":\"1700000000000\"}" | jq -r .run.info.run_id)
again
check "log a batch" [ "$(post runs/log-batch "{\"run_id\":\"$run\",\"metrics\":[{\"key\":\"loss\",\"value\":0.5,\"timestamp\":\"1\",\"step\":\"1\"},{\"key\":\"loss\",\"value\":\"NaN\",\"timestamp\":2,\"step\":2},{\"key\":\"top\",\"value\":\"Infinity\",\"timestamp\":2}],\"params\":[{\"key\":\"model\",\"value\":\"xgb\"}],\"tags\":[{\"key\":\"a b\",\"value\":\"ä\"}]}")" = "{}" ]
again
printf 'some bytes' >file.txt
where="$URL/api/2.0/mlflow-artifacts/artifacts/$experiment/$run/artifacts"
check "put a file" [ "$(curl -s -T file.txt "$where/a/b%20c.txt")" = "{}" ]
again
check "end it" [ "$(post runs/update "{\"run_id\":\"$run\",\"status\":\"FINISHED\",\"end_time\":1700000001000}" | jq -r .run_info.status)" = FINISHED ]
again
check "all of it is there" [ "$(get runs/get -d "run_id=$run" | jq -c '.run | [.info.status, .info.start_time, .info.run_name, (.data.metrics | map([.key, .value])), .data.params, (.data.tags | map(select(.key == "a b").value))]')" = '["FINISHED",1700000000000,"first",[["loss","NaN"],["top","Infinity"]],[{"key":"model","value":"xgb"}],["ä"]]' ]
check "the history in steps" [ "$(get metrics/get-history -d "run_id=$run" -d metric_key=loss | jq -c '[.metrics[] | [.step, .value]]')" = '[[1,0.5],[2,"NaN"]]' ]
check "in pages" [ "$(get metrics/get-history -d "run_id=$run" -d metric_key=loss -d max_results=1 -d page_token=1 | jq -c '[(.metrics | length), .metrics[0].step, .next_page_token]')" = '[1,2,null]' ]
check "the file" [ "$(curl -s "$where/a/b%20c.txt")" = "some bytes" ]
check "and its list" [ "$(get artifacts/list -d "run_id=$run" -d path=a | jq -c .files)" = '[{"path":"a/b c.txt","is_dir":false,"file_size":10}]' ]
check "a second server is refused" exits 5 cerberus experiments serve --runs "$D/away" --port 0
check "with the reason" told "another server has it open"

# ---- search ----
second=$(post runs/create "{\"experiment_id\":\"$experiment\",\"run_name\":\"second\",\"start_time\":5}" | jq -r .run.info.run_id)
post runs/log-metric "{\"run_id\":\"$second\",\"key\":\"top\",\"value\":3,\"timestamp\":1}" >/dev/null
post runs/log-parameter "{\"run_id\":\"$second\",\"key\":\"model\",\"value\":\"net 100%\"}" >/dev/null
finds() { # filter, order, names
    local got
    got=$(post runs/search "$(jq -nc --arg e "$experiment" --arg f "$1" --arg o "$2" '{experiment_ids: [$e], filter: $f, order_by: (if $o == "" then [] else [$o] end)}')" | jq -r '[.runs[].info.run_name] | join(",")')
    [ "$got" = "$3" ] || { echo "# got $got"; false; }
}
while IFS='|' read -r filter order names; do check "search: $filter $order" finds "$filter" "$order" "$names"; done <<'END'
||first,second
|start_time ASC|second,first
|metrics.top DESC|first,second
|metrics.top|second,first
|metrics.loss|first,second
metrics.top > 2.5||first,second
metrics.top <= 3 and params.model != 'xgb'||second
metrics.loss > 0||
params.model = 'xgb'||first
params.model LIKE 'net%'||second
params.model ILIKE '%XG_'||first
tags.`a b` = 'ä'||first
tags.`a b` IS NULL||second
attributes.status = 'FINISHED'||first
attributes.run_name IN ('second', 'x')||second
run_name NOT IN ('second')||first
attributes.start_time < 6||second
END

# ---- what is wrong ----
wrong() { # name, status, code, curl's arguments
    local got
    got=$(curl -s -o answer.txt -w '%{http_code}' "${@:4}")
    check "$1" [ "$got $(jq -r '.error_code // .title' answer.txt 2>/dev/null)" = "$2 $3" ]
}
bad() { wrong "$1" "$2" "$3" -H 'Content-Type: application/json' "$URL/api/2.0/mlflow/$4" --data-binary "$5"; }
INVALID=INVALID_PARAMETER_VALUE
before=$(wc -l <away/mlflow/journal.jsonl)
bad "no body" 400 BAD_REQUEST runs/create ''
bad "an array" 400 BAD_REQUEST runs/create '[]'
bad "a trailing comma" 400 BAD_REQUEST runs/create '{"experiment_id":"1",}'
bad "a key twice" 400 BAD_REQUEST runs/create '{"experiment_id":"1","experiment_id":"2"}'
bad "1e999" 400 BAD_REQUEST runs/log-metric "{\"run_id\":\"$run\",\"key\":\"a\",\"value\":1e999,\"timestamp\":1}"
bad "no UTF-8" 400 BAD_REQUEST runs/set-tag "$(printf '{"run_id":"%s","key":"a","value":"\377"}' "$run")"
bad "depth" 400 BAD_REQUEST runs/create "$(printf '{"a":%s' "$(head -c 5000 /dev/zero | tr '\0' '[')")"
bad "a number as a name" 400 $INVALID experiments/create '{"name":5}'
bad "an empty name" 400 $INVALID experiments/create '{"name":""}'
bad "a long name" 400 $INVALID experiments/create "{\"name\":\"$(printf '%0501d' 0)\"}"
bad "a taken name" 400 RESOURCE_ALREADY_EXISTS experiments/create '{"name":"from outside"}'
bad "an unknown experiment" 404 RESOURCE_DOES_NOT_EXIST runs/create '{"experiment_id":"99"}'
bad "an unknown run" 404 RESOURCE_DOES_NOT_EXIST runs/set-tag '{"run_id":"../../x","key":"a","value":"b"}'
bad "an unknown status" 400 $INVALID runs/update "{\"run_id\":\"$run\",\"status\":\"GREAT\"}"
bad "another value of a param" 400 $INVALID runs/log-parameter "{\"run_id\":\"$run\",\"key\":\"model\",\"value\":\"net\"}"
bad "a text for a metric" 400 $INVALID runs/log-metric "{\"run_id\":\"$run\",\"key\":\"a\",\"value\":\"much\",\"timestamp\":1}"
bad "a step that is no int64" 400 $INVALID runs/log-metric "{\"run_id\":\"$run\",\"key\":\"a\",\"value\":1,\"timestamp\":1,\"step\":\"99999999999999999999\"}"
bad "a name that is a way out" 400 $INVALID runs/log-parameter "{\"run_id\":\"$run\",\"key\":\"../a\",\"value\":\"b\"}"
bad "a long param" 400 $INVALID runs/log-parameter "{\"run_id\":\"$run\",\"key\":\"a\",\"value\":\"$(printf '%06001d' 0)\"}"
bad "101 params" 400 $INVALID runs/log-batch "$(jq -nc --arg r "$run" '{run_id: $r, params: [range(101) | {key: "p\(.)", value: "1"}]}')"
bad "1001 metrics" 400 $INVALID runs/log-batch "$(jq -nc --arg r "$run" '{run_id: $r, metrics: [range(1001) | {key: "m", value: 1, timestamp: 1, step: .}]}')"
bad "1000 metrics and a tag" 400 $INVALID runs/log-batch "$(jq -nc --arg r "$run" '{run_id: $r, metrics: [range(1000) | {key: "m", value: 1, timestamp: 1, step: .}], tags: [{key: "a", value: "b"}]}')"
bad "half a batch is none" 400 $INVALID runs/log-batch "{\"run_id\":\"$run\",\"params\":[{\"key\":\"new\",\"value\":\"1\"},{\"key\":\"model\",\"value\":\"net\"}]}"
(printf '{"run_id":"'; head -c 1100000 /dev/zero | tr '\0' 'a'; printf '"}') >large.json
bad "more than 1 MiB" 413 $INVALID runs/log-batch @large.json
bad "a filter that is none" 400 $INVALID runs/search '{"experiment_ids":["1"],"filter":"metrics.a >"}'
bad "OR in a filter" 400 $INVALID runs/search '{"experiment_ids":["1"],"filter":"metrics.a > 1 OR metrics.b > 1"}'
bad "SQL in a filter" 400 $INVALID runs/search "{\"experiment_ids\":[\"1\"],\"filter\":\"params.a = 'x'; DROP TABLE runs\"}"
bad "an unknown attribute" 400 $INVALID runs/search '{"experiment_ids":["1"],"filter":"attributes.colour = '"'red'"'"}'
bad "a broken page token" 400 $INVALID runs/search '{"experiment_ids":["1"],"page_token":"next"}'
bad "an unknown call" 404 ENDPOINT_NOT_FOUND registered-models/create '{"name":"a"}'
wrong "a form instead of JSON" 400 $INVALID "$URL/api/2.0/mlflow/runs/create" -d 'experiment_id=1'
wrong "another host" 403 PERMISSION_DENIED -H 'Host: evil.example' "$URL/api/2.0/mlflow/experiments/get?experiment_id=1"
wrong "a value given twice" 400 $INVALID "$URL/api/2.0/mlflow/experiments/get?experiment_id=1&experiment_id=2"
wrong "no value" 400 $INVALID "$URL/api/2.0/mlflow/experiments/get"
for path in ../x a/../../x a//b ./a %2e%2e/x 'a%5cb' 'a%01b' 'a%ff' "$(printf 'a%.0s' $(seq 256))" a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a; do
    wrong "a file at ${path:0:40}" 400 $INVALID --path-as-is -T file.txt "$where/$path"
done
wrong "a file below a file" 400 $INVALID -T file.txt "$where/a/b%20c.txt/d"
wrong "a file in place of a folder" 400 $INVALID -T file.txt "$where/a"
wrong "a file of no run" 404 RESOURCE_DOES_NOT_EXIST -T file.txt "$URL/api/2.0/mlflow-artifacts/artifacts/$experiment/none/artifacts/a"
wrong "a file that is not there" 404 RESOURCE_DOES_NOT_EXIST "$where/none"
wrong "a list outside" 400 $INVALID "$URL/api/2.0/mlflow/artifacts/list?run_id=$run&path=../.."
wrong "chunks" 411 "Length Required" -H 'Transfer-Encoding: chunked' -T file.txt "$where/chunks"
check "nothing of all that was written" [ "$(wc -l <away/mlflow/journal.jsonl)" = "$before" ]
check "nor left beside" [ -z "$(find away/mlflow -name '.writing*')" ]
URL=$HOME_URL
own=$(post runs/search '{"experiment_ids":["1"]}' | jq -r '.runs[0].info.run_id')
bad "a stored run is not changed" 403 PERMISSION_DENIED runs/set-tag "{\"run_id\":\"$own\",\"key\":\"a\",\"value\":\"b\"}"
wrong "nor its files" 403 PERMISSION_DENIED -T file.txt "$URL/api/2.0/mlflow-artifacts/artifacts/1/$own/artifacts/job.yaml"
cerberus backtest run -f job.yaml --set signals.decision.threshold=0.4 >/dev/null
check "a new run appears at once" [ "$(post runs/search '{"experiment_ids":["1"]}' | jq '.runs | length')" = 2 ]
check "pushing it beside the first" exits 0 push 1 2 --to "$AWAY" --parent "$run"
URL=$AWAY
check "makes one more run" [ "$(post runs/search '{"experiment_ids":["1"],"filter":"tags.`mlflow.parentRunId` = '"'$run'"'"}' | jq '.runs | length')" = 2 ]

# ---- a disk that takes no more ----
mkdir full
full() { trap '' XFSZ; ulimit -f 8; exec "$BIN/cerberus-lab" experiments serve --runs "$D/full" --port 0; }
full >full.url 2>full.log &
FULL_PID=$!
PIDS="$PIDS $FULL_PID"
for _ in $(seq 200); do [ -s full.url ] && break; sleep 0.05; done
URL=$(cat full.url)
large=$(printf '%06000d' 0)
made=$(post runs/create '{"experiment_id":"0","run_name":"full"}' | jq -r .run.info.run_id)
bad "a tag that fits" 200 null runs/set-tag "{\"run_id\":\"$made\",\"key\":\"one\",\"value\":\"$large\"}"
bad "one that does not" 500 INTERNAL_ERROR runs/set-tag "{\"run_id\":\"$made\",\"key\":\"two\",\"value\":\"$large\"}"
bad "a small one behind it" 200 null runs/set-tag "{\"run_id\":\"$made\",\"key\":\"three\",\"value\":\"3\"}"
head -c 20000 /dev/zero >large.bin
wrong "a file that does not fit" 500 INTERNAL_ERROR -T large.bin "$URL/api/2.0/mlflow-artifacts/artifacts/0/$made/artifacts/large.bin"
wrong "is not there" 404 RESOURCE_DOES_NOT_EXIST "$URL/api/2.0/mlflow-artifacts/artifacts/0/$made/artifacts/large.bin"
check "nothing is left of it" [ -z "$(find full/mlflow -name '.writing*')" ]
kill -9 "$FULL_PID"; wait "$FULL_PID" 2>/dev/null
serve "$D/full"
check "what was answered stands" [ "$(get runs/get -d "run_id=$made" | jq -c '[.run.data.tags[].key]')" = '["mlflow.runName","one","three"]' ]
URL=$AWAY

# ---- push: what is wrong ----
check "no server named" exits 2 push 1
check "no run named" exits 2 push --to "$AWAY"
check "no number" exits 2 push one --to "$AWAY"
check "no such run" exits 3 push 99 --to "$AWAY"
check "no address" exits 2 push 1 --to ftp://x
check "a password on the command line" exits 2 push 1 --to http://a:b@127.0.0.1:1
check "is told" told "MLFLOW_TRACKING_PASSWORD"
check "a port that is none" exits 2 cerberus experiments serve --port 70000
check "an unknown command" exits 2 cerberus experiments fly
cp away/mlflow/journal.jsonl kept.jsonl
kill "$AWAY_PID"; wait "$AWAY_PID" 2>/dev/null
sed -i '2s/.*/{"run":5}/' away/mlflow/journal.jsonl
check "a journal broken in its middle" exits 1 cerberus experiments serve --runs "$D/away" --port 0
check "is told with its line" told "journal.jsonl:2"

wait $GONE
check "a server that is gone" [ "$(cat gone.code)" = 1 ]
check "is told" grep -qF "$GONE_URL" gone.err

# ---- a stock client ----
PYTHON=${CERBERUS_MLFLOW_PYTHON:-python3}
if "$PYTHON" -c 'import mlflow' 2>/dev/null; then
    cp kept.jsonl away/mlflow/journal.jsonl
    serve "$D/away"
    check "MLflow's own client logs and reads back" "$PYTHON" "$ROOT/tests/integration/clients/mlflow_client.py" "$URL"
else
    skip "MLflow's own client logs and reads back" "no Python with mlflow (CERBERUS_MLFLOW_PYTHON)"
fi
finish
