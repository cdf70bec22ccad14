#!/bin/bash
# One live session on the simulator (through NATS, PostgreSQL and sockets) and its backtest by the lab have
# equal intents, verdicts, fills and ledger entries, byte for byte; and a difference is put down to what made it.
cd "$(dirname "$0")/../.."
. tests/e2e/stack.sh
HISTORY=$PWD/tests/fixtures/candles_BTCUSDT_1m.csv.gz:BTCUSDT END=2024-01-01T06:00:00Z
export REPLAY=$HISTORY SPEED=lockstep TO=$END
LAB=bin/cerberus-lab

finished() { sim_status | jq -e '.finished == true'; }
rows() { # schema kind key: messages as they were on the bus
    admin_sql "SELECT '$2 ' || seq || ' ' || encode(payload, 'hex') FROM $1.outbox WHERE key = '$3/main' ORDER BY seq"
}
entries() {
    admin_sql "SELECT 'entry ' || number || ' ' || entry_id || '|' || coalesce(correlation_id::text, '') || '|' ||
        coalesce(cause_id::text, '') || '|' || account || '|' || venue || '|' || kind || '|' || reference || '|' ||
        venue_ts_ns || '|' || booked_ns || '|' || (SELECT string_agg((p ->> 'ledger_account') || ' ' ||
        (p ->> 'asset') || ' ' || (p ->> 'amount') || ';', '' ORDER BY n)
        FROM jsonb_array_elements(postings) WITH ORDINALITY e (p, n)) FROM portfolio.ledger_entry ORDER BY number"
}
dump() {
    rows signals intent INTENT && rows risk permit PERMIT && rows risk denial DENIAL &&
        rows execution fill FILL && entries
}
# The settings of deploy/local/run.sh for a replay in lockstep; secrets and caps are those of the session.
backtest() { # OUT, further settings
    local out=$1
    shift
    "$LAB" parity run --candles "$HISTORY" --to "$END" --permit-key-file "$STACK/permit_key" \
        --caps-file "$STACK/caps.conf" --set execution.order.window=60s --set signals.intent.ttl=10s \
        --set risk.permit.ttl=3s --set execution.reconcile.light=60s "$@" --out "$out" 2>"$out.log"
}
has() { grep -q "^$2 " "$1"; }
# report CAUSE FILE: the difference is put down to CAUSE alone
only_cause() {
    "$LAB" parity "$STACK/live" "$2" >"$2.report" && return 1
    awk -v cause="$1" 'NR > 1 && NR <= 8 && $2 > 0 { n++; hit = $1 == cause } END { exit !(hit && n == 1) }' "$2.report"
}

check "the live session starts" stack_up
check "it reaches the end of the recording" wait_until "${LOCKSTEP_S:-240}" finished
check "the auditor finds no difference" "$CERBERUS" audit
dump >"$STACK/live"
cp "$CERBERUS_RUN_DIR/secrets/permit_key" "$CERBERUS_RUN_DIR/conf/caps.conf" "$STACK/"
check "the session stops" stack_stop
for kind in intent permit fill entry; do
    check "the session has records of kind $kind" has "$STACK/live" "$kind"
done
check "the backtest runs" backtest "$STACK/lab"
check "its intents, verdicts, fills and ledger are those of the session, byte for byte" cmp "$STACK/live" "$STACK/lab"
check "the parity report finds nothing" "$LAB" parity "$STACK/live" "$STACK/lab"
check "a conflated backtest runs" backtest "$STACK/conflated" --conflated
check "it is equal byte for byte too" cmp "$STACK/live" "$STACK/conflated"
check "a backtest with other fees runs" backtest "$STACK/fees" --set venue.fees.taker=0.0011
check "its differences are put down to fees" only_cause fees "$STACK/fees"
check "a backtest with another spread runs" backtest "$STACK/spread" --set venue.book.spread_ticks=3
check "its differences are put down to the spread" only_cause spread "$STACK/spread"
[ "$TAP_BAD" -eq 0 ] || cat "$STACK"/*.report "$STACK"/*.log
finish
