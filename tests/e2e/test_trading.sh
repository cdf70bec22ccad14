#!/bin/bash
# As a user starts it: six services trade on the simulated market; any one of them is killed with -9 while
# trading and comes back; nothing is doubled or missing; nothing stays behind after the stop.
cd "$(dirname "$0")/../.."
. tests/e2e/stack.sh
export SPEED=${SPEED:-60} AGENTS=3 SIGN_EVERY=1s

check "make up returns when all is healthy" stack_up
check "all services are healthy" wait_until 30 all_healthy
check "endpoints name every address" jq -e '.simulator.rest and .simulator.ws and .simulator.ws_api and .simulator.api_key
    and .simulator.api_secret and .gateway.url and .gateway.token_file and .metrics.risk' "$CERBERUS_ENDPOINTS"
check "orders are filled" wait_until 120 fills_reach 2

for service in collector validator signals risk execution portfolio; do
    before=$("$CERBERUS" portfolio -o json | jq -r '.rows[0].fills_count // 0')
    check "$service is killed" kill_service "$service"
    check "$service comes back" wait_until 60 all_healthy
    check "trading goes on after $service died" wait_until 120 fills_reach $((before + 1))
done

check "audit is killed" kill_service audit
check "audit comes back" wait_until 60 all_healthy

intent=$("$CERBERUS" fills --limit 1 -o json | jq -r '.rows[0].intent_id')
explain() { "$CERBERUS" explain "$intent" -o json | jq -e '[.rows[].hop] | (index("signals") and index("risk") and index("execution") and index("portfolio"))'; }
check "a fill's order can be explained hop by hop" explain
tap() { [ "$(timeout 20 "$CERBERUS" tap 'md.ok.>' --count 3 | jq -c .subject | wc -l)" -eq 3 ]; }
check "tap shows messages of the bus" tap
check "kill 1 is accepted" "$CERBERUS" kill 1 --reason "end of the test" --actor tester
in_force() { "$CERBERUS" kill -o json | jq -e '.rows[] | select(.scope == "*" and .level == 1)'; }
check "the kill level is in force" wait_until 10 in_force
quiet() { [ "$("$CERBERUS" orders --limit 50 -o json | jq '[.rows[] | select(.state | IN("ready","sending","unknown"))] | length')" -eq 0 ]; }
check "no order stays undecided" wait_until 90 quiet
check "the auditor finds no difference" wait_until 60 "$CERBERUS" audit
doubled=$(admin_sql "SELECT count(*) FROM (SELECT client_order_id FROM execution.orders GROUP BY 1 HAVING count(*) > 1) d")
check "no client order id was used twice" [ "$doubled" = 0 ]

# The audit chain: one record for each thing that happened, proven by nothing but files and the public key.
none() { [ "$(admin_sql "$1")" = 0 ]; }
unrecorded() { none "SELECT count(*) FROM $1 s WHERE NOT EXISTS (SELECT 1 FROM audit.record r WHERE r.event_id = s.event_id AND r.kind = '$2')"; }
check "each fill has a record" wait_until 20 unrecorded execution.fills fill
outbox_recorded() { unrecorded "(SELECT event_id FROM $1.outbox WHERE key LIKE '$2/%')" "$3"; }
check "each event of an order has a record" wait_until 20 outbox_recorded execution ORDER order
check "each permit has a record" wait_until 20 outbox_recorded risk PERMIT permit
check "each denial has a record" wait_until 20 outbox_recorded risk DENIAL denial
check "each kill level has a record" wait_until 20 outbox_recorded risk KILL kill
check "no record is of nothing" none "SELECT count(*) FROM audit.record r WHERE kind IN ('fill', 'order') AND NOT EXISTS (SELECT 1 FROM execution.outbox o WHERE o.event_id = r.event_id)"
check "each start of execution has a record of its configuration" none "SELECT count(*) FROM execution.epoch e WHERE NOT EXISTS (SELECT 1 FROM audit.record r WHERE r.kind = 'config' AND r.actor = 'execution' AND r.object = 'epoch ' || e.epoch AND r.detail = e.config_hash)"
noted() { [ "$(admin_sql "SELECT count(*) FROM audit.record WHERE kind = 'operator' AND actor = 'tester'")" -ge 1 ]; }
check "what the operator did has a record" wait_until 20 noted
all_signed() { [ "$(admin_sql "SELECT max(seq) FROM audit.head")" = "$(admin_sql "SELECT max(seq) FROM audit.record")" ]; }
check "the whole chain is signed" wait_until 20 all_signed
HEADS=$(endpoint audit.heads) PUBLIC=$(endpoint audit.public_key)
proven() { "$CERBERUS" audit verify "$STACK/chain" --anchors "$STACK/heads" --key "$PUBLIC"; }
export_chain() { "$CERBERUS" audit export >"$STACK/chain" && cp "$HEADS" "$STACK/heads" && [ -s "$STACK/chain" ]; }
check "the chain is exported" export_chain
check "the chain is whole" proven
sed -i '9s/"actor":"/"actor":"x/' "$STACK/chain"
names_record() { proven | grep -q "BROKEN at record 9"; }
check "a changed record is named" names_record
as_role() { psql -X -q -tA "host=$(endpoint postgres.socket) dbname=cerberus user=audit passfile=$CERBERUS_RUN_DIR/secrets/pgpass" -c "$1"; }
denied() { as_role "$1" 2>&1 | grep -q 'permission denied'; }
check "the role of audit reads" as_role "SELECT 1 FROM audit.record LIMIT 1"
for sql in "UPDATE audit.record SET detail = ''" "DELETE FROM audit.record" "TRUNCATE audit.record" "UPDATE audit.head SET seq = 1"; do
    check "the role of audit may not: $sql" denied "$sql"
done
# The heads cannot be written any more: nobody could prove what happens now, so nothing may.
mv "$HEADS" "$HEADS.away" && mkdir "$HEADS"
check "something happens" "$CERBERUS" kill 1 --scope symbol:BTCUSDT --reason "one more record" --actor tester
all_stopped() { "$CERBERUS" kill -o json | jq -e '.rows[] | select(.scope == "*" and .level == 2 and .actor == "audit")'; }
check "audit stops everything" wait_until 30 all_stopped
not_ready() { "$CERBERUS" status -o json | jq -e '.rows[] | select(.service == "audit" and .healthy == false)'; }
check "and says that it is not ready" wait_until 10 not_ready
rmdir "$HEADS" && mv "$HEADS.away" "$HEADS"
check "it is ready when they can be written again" wait_until 30 all_healthy
# A database that was set back does not fit to the heads.
admin_sql "ALTER TABLE audit.record DISABLE TRIGGER USER; ALTER TABLE audit.head DISABLE TRIGGER USER; DELETE FROM audit.head; DELETE FROM audit.record WHERE seq > 20; ALTER TABLE audit.record ENABLE TRIGGER USER" >/dev/null
check "audit is killed" kill_service audit
refused() { grep -q 'signed another record' "$CERBERUS_RUN_DIR/log/audit.log"; }
check "it does not start on a chain that was cut" wait_until 30 refused

pids=$(pgrep -f "$CERBERUS_RUN_DIR" | wc -l)
check "the run has processes before the stop" [ "$pids" -gt 8 ]
check "make stop ends" stack_stop
gone() { ! pgrep -f "$CERBERUS_RUN_DIR/" >/dev/null; }
check "no process stays behind" wait_until 10 gone
[ "$TAP_BAD" -eq 0 ] || stack_logs
finish
