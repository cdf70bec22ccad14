#!/bin/bash
# A recorded raw capture of Binance's streams through the whole stack in lockstep: the collector's book equals
# the capture's own best bid and ask at every step. The capture is not part of the project.
cd "$(dirname "$0")/../.."
. tests/e2e/stack.sh
CAPTURE=$PWD/../shared/data/depth/binance_spot_BTCUSDT_20240808T2354.jsonl.zst
if [ ! -r "$CAPTURE" ]; then
    skip "a recorded capture gives the recorded book" "no ../shared/data/depth beside the checkout"
    finish
fi
export REPLAY=$CAPTURE:BTCUSDT SPEED=lockstep

finished() { sim_status | jq -e '.finished == true'; }
metric() { curl -fsS "$(endpoint metrics.collector)" | sed -n "s/^cerberus_collector_$1{.*} //p"; }

check "the capture's run starts" stack_up
check "the capture is played to its end" wait_until "${DEPTH_S:-340}" finished
# The figures are refreshed once a second of wall time.
all_compared() { [ "$(metric books_compared)" -ge 3448 ]; }
all_equal() { [ "$(metric books_compared)" = "$(metric books_equal)" ]; }
check "at least 3448 books were compared" wait_until 20 all_compared
check "each equals the capture's own best bid and ask" wait_until 20 all_equal
echo "# compared $(metric books_compared), equal $(metric books_equal)"
check "no gap was seen" [ "$(metric gaps)" = 0 ]
check "the auditor finds no difference" "$CERBERUS" audit
[ "$TAP_BAD" -eq 0 ] || stack_logs
finish
