#!/bin/bash
# The stack trades through the signer: no exchange secret is found anywhere but with the signer and the
# exchange; without the signer nothing new is sent and it is said; killed or stopped, it loses nothing.
cd "$(dirname "$0")/../.."
. tests/e2e/stack.sh
export SPEED=${SPEED:-120} AGENTS=3
FIND=tests/e2e/find_secrets.py

check "the stack comes up" stack_up
check "all services are healthy" wait_until 30 all_healthy
check "orders are signed and filled" wait_until 120 fills_reach 2
signed() { curl -fsS "$(endpoint metrics.signer)" | awk '/^cerberus_signer_signatures_total/ {print $2}'; }
check "the signer made the signatures" [ "$(signed)" -gt 10 ]
no_secret_configured() { ! grep -q 'api_secret\|api_key' "$CERBERUS_RUN_DIR/conf/execution.conf"; }
check "execution is configured without any" no_secret_configured

# ---- the canaries: the secrets of this run ----
awk '{print $2}' "$CERBERUS_RUN_DIR/secrets/venue_keys" >"$STACK/canaries"
# Every process below the supervisor, but the named ones.
below() { local child; for child in $(pgrep -P "$1"); do echo "$child"; below "$child"; done; }
pids_of() {
    local pid name
    for pid in $(below "$(cat "$CERBERUS_RUN_DIR/supervisor.pid")"); do
        name=$(cat "/proc/$pid/comm" 2>/dev/null)
        case " $* " in *" $name "*) ;; *) [ -z "$name" ] || echo "$pid" ;; esac
    done
}
timeout 15 "$CERBERUS" tap '>' --count 300 >"$STACK/tapped" 2>/dev/null
check "messages of the bus were taken" [ "$(wc -l <"$STACK/tapped")" -gt 100 ]
"$(ls -d /usr/lib/postgresql/*/bin | tail -1)/pg_dump" -h "$(endpoint postgres.socket)" -U cerberus_admin cerberus >"$STACK/tables.sql" 2>/dev/null
check "all tables were dumped" [ "$(wc -c <"$STACK/tables.sql")" -gt 100000 ]
if [ -r "/proc/$(service_pid execution)/mem" ] && head -c 0 "/proc/$(service_pid execution)/mem" 2>/dev/null; then
    check "the search finds the canaries in the exchange's memory" [ -n "$(python3 $FIND memory "$STACK/canaries" "$(service_pid simulator)" 2>/dev/null)" ]
    # shellcheck disable=SC2046
    found=$(python3 $FIND memory "$STACK/canaries" $(pids_of cerberus-simula cerberus-signer) 2>"$STACK/searched")
    [ -z "$found" ] || echo "# found in: $found"
    check "they are in no other process's memory, arguments or environment" [ -z "$found" ]
    check "... of many that were searched" [ "$(awk '/searched/ {print $1}' "$STACK/searched")" -gt 15 ]
else
    skip "the search finds the canaries in the exchange's memory" "memory of other processes cannot be read here"
fi
found=$(python3 $FIND files "$STACK/canaries" "$CERBERUS_RUN_DIR" "$STACK" | grep -v "/secrets/venue_keys$\|^$STACK/canaries$" | sort -u)
[ -z "$found" ] || echo "# found in: $found"
check "they are in no file: logs, journals, tables, streams, configuration, the key file" [ -z "$found" ]
check "... while the file that brought them is found" [ -n "$(python3 $FIND files "$STACK/canaries" "$CERBERUS_RUN_DIR/secrets")" ]
check "no core was left" [ -z "$(find "$CERBERUS_RUN_DIR" -name 'core*' -type f)" ]

# ---- without the signer ----
unready() { curl -sS "$(endpoint metrics.execution | sed 's/metrics$/readyz/')" | jq -e '(.is_ready | not) and (.why | test("signer"))'; }
venue_orders() { curl -fsS --max-time 3 "$(endpoint simulator.rest)/sim/status" | jq .orders; }
check "the signer is stopped" s6-svc -wD -T 10000 -d "$CERBERUS_RUN_DIR/s6/signer"
check "execution is not ready and says why" wait_until 15 unready
before=$(venue_orders)
not_sent() { [ "$(admin_sql "SELECT count(*) FROM execution.orders WHERE state = 'not_sent' AND reason LIKE '%signer%'")" -ge 1 ]; }
check "an order that would have been is not sent, with its reason" wait_until 120 not_sent
check "... and the exchange has seen none" [ "$(venue_orders)" = "$before" ]
check "the signer is started" s6-svc -wu -T 10000 -u "$CERBERUS_RUN_DIR/s6/signer"
check "all are healthy again" wait_until 30 all_healthy

# ---- slow ----
pid=$(service_pid signer)
slow() { kill -STOP "$pid" && sleep 3 && kill -CONT "$pid"; }
check "stopped for three seconds while trading" slow
check "... it is healthy again" wait_until 30 all_healthy

# ---- killed while trading ----
fills=$("$CERBERUS" portfolio -o json | jq -r '.rows[0].fills_count // 0')
is_another() { local pid; pid=$(service_pid signer) && [ "$pid" != "$1" ] && curl -fsS --max-time 2 -o /dev/null "$(endpoint metrics.signer)"; }
for _ in 1 2 3; do
    pid=$(service_pid signer)
    kill_service signer
    check "killed with -9 it comes back" wait_until 30 is_another "$pid"
done
check "all are healthy" wait_until 30 all_healthy
check "trading goes on" wait_until 120 fills_reach $((fills + 1))
stop_trading() { "$CERBERUS" kill "$@" >/dev/null; }
check "kill 1 ends it" stop_trading 1 --reason "end of the test" --actor tester
quiet() { [ "$("$CERBERUS" orders --limit 50 -o json | jq '[.rows[] | select(.state | IN("ready","sending","unknown"))] | length')" -eq 0 ]; }
check "no order stays undecided" wait_until 90 quiet
check "the auditor finds no difference" wait_until 60 "$CERBERUS" audit
check "it stops" stack_stop
[ "$TAP_BAD" -eq 0 ] || stack_logs
finish
