#!/bin/bash
# The benchmark in short: it runs the chain and its bare counterpart, and prints every figure. How large
# the figures are depends on the machine and is not judged here.
cd "$(dirname "$0")/../.."
. tests/tap.sh
DIR=$(mktemp -d /tmp/cerberus-test-XXXXXX)
trap 'rm -rf "$DIR"' EXIT
export BENCH_SEGMENTS=1 BENCH_ORDERS=20 BENCH_LOAD=1000 BENCH_FLOOD_S=5
run() { timeout 300 tests/perf/bench.sh -o json >"$DIR/report" 2>"$DIR/err" || { sed 's/^/# /' "$DIR/err"; return 1; }; }
has() { jq -e "$1" "$DIR/report" >/dev/null || { sed 's/^/# /' "$DIR/report"; return 1; }; }
figures='(.p50_us > 0 and .p99_us >= .p50_us and .p999_us >= .p99_us)'

check "the benchmark runs" run
for mode in idle load; do
    check "$mode: every hop has its quantiles on both sides" has "
        [.latency.$mode.hops[].hop] == [\"collector\", \"validator\", \"signals\", \"risk\", \"execution\", \"total\"]
        and all(.latency.$mode.hops[]; (.chain | $figures) and (.bare | $figures) and .ratio > 0)"
    check "$mode: orders came through the chain and the bare one" has ".latency.$mode.orders | .chain > 0 and .bare == 20"
done
check "the load arrives" has '.latency.load.messages_per_s > .latency.idle.messages_per_s'
check "messages per second through collector and validator, beside the relay chain" has \
    '.throughput | .collector > 0 and .validator > 0 and .bare > 0 and .ratio > 0'
check "peak memory of every process" has '.memory_kb | [.simulator, .collector, .validator, .signals, .risk, .execution,
    .portfolio, .gateway, .nats, .postgresql] | all(. > 0)'
check "and in total" has '.memory_kb | .total == ([del(.total)[]] | add)'
table() { [ "$(jq -r -f tests/perf/table.jq "$DIR/report" | grep -cE '^  (total|execution) ')" -eq 6 ]; }
check "the table shows what the report says" table
refute "an unknown format is refused" tests/perf/bench.sh -o xml 2>/dev/null
finish
