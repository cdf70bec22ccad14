#!/bin/bash
# The same recording in lockstep twice gives the same intents, fills and ledger, byte for byte, and the
# auditor agrees with the exchange to the last unit.
cd "$(dirname "$0")/../.."
. tests/e2e/stack.sh
export REPLAY=$PWD/tests/fixtures/candles_BTCUSDT_1m.csv.gz:BTCUSDT SPEED=lockstep TO=2024-01-01T08:00:00Z

finished() { sim_status | jq -e '.finished == true'; }
dump() { # everything that was decided, executed and booked
    psql -X -q -h "$(endpoint postgres.socket)" -U cerberus_admin -d cerberus -v ON_ERROR_STOP=1 <<SQL
\copy (SELECT * FROM signals.intent ORDER BY intent_id) TO '$1.intents' CSV
\copy (SELECT * FROM execution.fills ORDER BY venue, account, symbol, trade_id) TO '$1.fills' CSV
\copy (SELECT * FROM portfolio.ledger_entry ORDER BY entry_id) TO '$1.ledger' CSV
SQL
}
for round in 1 2; do
    check "run $round starts" stack_up
    check "run $round reaches the end of the recording" wait_until "${LOCKSTEP_S:-240}" finished
    check "run $round: the auditor finds no difference" "$CERBERUS" audit
    check "run $round is written down" dump "$STACK/round$round"
    check "run $round stops" stack_stop
    [ "$TAP_BAD" -eq 0 ] || stack_logs
    rm -rf "$CERBERUS_RUN_DIR"
done
for what in intents fills ledger; do
    check "$what: there are some" [ -s "$STACK/round1.$what" ]
    check "$what: both runs are equal byte for byte" cmp "$STACK/round1.$what" "$STACK/round2.$what"
done
finish
