#!/bin/bash
# Two instances of execution under load: the one that works is killed with -9, the next one is stopped past its
# lease and let go again. Each time the other takes over, reconciles and trades on; who comes back finds the
# lease gone and stands by; nothing is doubled or missing.
cd "$(dirname "$0")/../.."
. tests/e2e/stack.sh
export SPEED=${SPEED:-60} AGENTS=3 STANDBY=1

lease() { admin_sql "SELECT $1 FROM execution.lease"; }
# The folder of the supervisor that holds the lease ("execution" is instance a) and the other one.
holder() { [ "$(lease instance)" = a ] && echo execution || echo execution-b; }
other() { [ "$1" = execution ] && echo execution-b || echo execution; }
state_of() { curl -sS --max-time 2 "$(jq -r ".metrics[\"$1\"]" "$CERBERUS_ENDPOINTS" | sed 's/metrics$/readyz/')" | jq -r .state; }
is_in_state() { [ "$(state_of "$1")" = "$2" ]; }
epoch_is() { [ "$(lease epoch)" -ge "$1" ]; }
fills() { "$CERBERUS" portfolio -o json | jq -r '.rows[0].fills_count // 0'; }
now_ms() { date +%s%3N; }
taken_over_after() { # START: tells how long after it the other instance was at work
    wait_until 20 is_in_state "$2" ready || return 1
    echo "# $2 was ready $(($(now_ms) - $1)) ms after the holder fell silent"
}

check "make up starts both" stack_up
check "one works" is_in_state execution ready
check "the other stands by" is_in_state execution-b standby
shows_standby() { "$CERBERUS" status -o json | jq -e '.rows[] | select(.service == "execution/standby" and .state == "standby" and .healthy)'; }
check "status shows the standby" wait_until 10 shows_standby
check "orders are filled" wait_until 120 fills_reach 2

first=$(holder) epoch=$(lease epoch) begun=$(now_ms)
check "the holder is killed with -9" kill_service "$first"
check "the standby takes over" taken_over_after "$begun" "$(other "$first")"
check "with the next epoch" epoch_is $((epoch + 1))
check "the killed one comes back and stands by" wait_until 20 is_in_state "$first" standby
check "trading goes on" wait_until 120 fills_reach $(($(fills) + 1))

# Take-overs keep ten seconds apart.
calm() { [ "$(admin_sql "SELECT count(*) FROM execution.lease_taken WHERE is_takeover AND taken_at > now() - interval '10 s'")" = 0 ]; }
check "the last take-over is ten seconds ago" wait_until 20 calm
second=$(holder) epoch=$(lease epoch) begun=$(now_ms) stopped=$(service_pid "$(holder)")
check "the holder is stopped" kill -STOP "$stopped"
check "the other takes over when the lease has expired" taken_over_after "$begun" "$(other "$second")"
check "with the next epoch" epoch_is $((epoch + 1))
before=$(fills)
check "trading goes on" wait_until 120 fills_reach $((before + 1))
# The stopped one still believes in its lease. What it would send now has no claim, and its transactions no fence.
check "the stopped one goes on" kill -CONT "$stopped"
ended() { [ "$(service_pid "$second")" != "$stopped" ]; }
check "it ends" wait_until 20 ended
check "because its lease is gone" grep -qE 'event=(lease_lost|commit_failed)' "$CERBERUS_RUN_DIR/log/$second.log"
check "it comes back and stands by" wait_until 20 is_in_state "$second" standby
check "trading goes on" wait_until 120 fills_reach $((before + 2))

check "kill 1 is accepted" "$CERBERUS" kill 1 --reason "end of the test" --actor tester
quiet() { [ "$("$CERBERUS" orders --limit 50 -o json | jq '[.rows[] | select(.state | IN("ready","sending","unknown"))] | length')" -eq 0 ]; }
check "no order stays undecided" wait_until 90 quiet
check "the auditor finds no difference" wait_until 60 "$CERBERUS" audit
none() { [ "$(admin_sql "$1")" = 0 ]; }
check "no client order id was used twice" none "SELECT count(*) FROM (SELECT client_order_id FROM execution.orders GROUP BY 1 HAVING count(*) > 1) d"
# What the exchange got: one order request for each claim, none beside.
posts() { sim_orders=$(curl -fsS -H "Authorization: Bearer $(cat "$(endpoint simulator.admin_token_file)")" "$(endpoint simulator.rest)/sim/audit" | jq '[.accounts[].orders[]] | length')
    [ "$sim_orders" = "$(admin_sql "SELECT count(*) FROM execution.orders WHERE venue_order_id <> ''")" ]; }
check "each order at the exchange is an order of ours" posts
check "claims never go back to an older epoch" none "SELECT count(*) FROM (SELECT claim_epoch, max(claim_epoch) OVER (ORDER BY claimed_ns, created_no) AS newest FROM execution.orders WHERE claim_epoch IS NOT NULL) c WHERE claim_epoch < newest"
check "each epoch has one owner" none "SELECT count(*) FROM (SELECT epoch FROM execution.lease_taken GROUP BY 1 HAVING count(*) > 1) d"
check "the numbers of the outbox have no gap over the take-overs" none "SELECT count(*) FROM (SELECT key FROM execution.outbox GROUP BY key HAVING max(seq) - min(seq) + 1 <> count(*)) d"
check "the consumers have seen all of them" wait_until 20 none "SELECT count(*) FROM execution.outbox o WHERE split_part(key, '/', 1) IN ('FILL', 'ORDER') AND NOT EXISTS (SELECT 1 FROM portfolio.inbox i WHERE i.producer = 'execution' AND i.key = o.key AND i.seq = o.seq)"
check "make stop ends" stack_stop
[ "$TAP_BAD" -eq 0 ] || stack_logs
finish
