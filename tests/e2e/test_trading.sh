#!/bin/bash
# As a user starts it: six services trade on the simulated market; any one of them is killed with -9 while
# trading and comes back; nothing is doubled or missing; nothing stays behind after the stop.
cd "$(dirname "$0")/../.."
. tests/e2e/stack.sh
export SPEED=${SPEED:-60} AGENTS=3

check "make up returns when all is healthy" stack_up
check "six services are healthy" wait_until 30 all_healthy
check "endpoints name every address" jq -e '.simulator.rest and .simulator.ws and .simulator.ws_api and .simulator.api_key
    and .simulator.api_secret and .gateway.url and .gateway.token_file and .metrics.risk' "$CERBERUS_ENDPOINTS"
check "orders are filled" wait_until 120 fills_reach 2

for service in collector validator signals risk execution portfolio; do
    before=$("$CERBERUS" portfolio -o json | jq -r '.rows[0].fills_count // 0')
    check "$service is killed" kill_service "$service"
    check "$service comes back" wait_until 60 all_healthy
    check "trading goes on after $service died" wait_until 120 fills_reach $((before + 1))
done

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

pids=$(pgrep -f "$CERBERUS_RUN_DIR" | wc -l)
check "the run has processes before the stop" [ "$pids" -gt 8 ]
check "make stop ends" stack_stop
gone() { ! pgrep -f "$CERBERUS_RUN_DIR/" >/dev/null; }
check "no process stays behind" wait_until 10 gone
[ "$TAP_BAD" -eq 0 ] || stack_logs
finish
