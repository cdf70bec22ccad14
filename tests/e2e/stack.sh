# A private run of the whole system for a test (sourced). Each test has a run folder of its own, so a
# user's `make run` in the same checkout is not touched.
. tests/tap.sh
STACK=$(mktemp -d /tmp/cerberus-test-XXXXXX)
export CERBERUS_RUN_DIR=$STACK/run CERBERUS_ENDPOINTS=$STACK/run/endpoints.json
CERBERUS=$PWD/bin/cerberus
stack_up() { deploy/local/run.sh up >"$STACK/up.log" 2>&1 || { cat "$STACK/up.log"; stack_logs; return 1; }; }
stack_stop() { deploy/local/run.sh stop >>"$STACK/stop.log" 2>&1; }
stack_logs() { for log in "$CERBERUS_RUN_DIR"/log/*.log; do echo "# --- ${log##*/}"; tail -8 "$log" | sed 's/^/# /'; done; }
stack_end() { stack_stop; [ "${KEEP:-}" = 1 ] || rm -rf "$STACK"; }
trap stack_end EXIT

endpoint() { jq -r ".$1" "$CERBERUS_ENDPOINTS"; }
admin_sql() { psql -X -q -tA -h "$(endpoint postgres.socket)" -U cerberus_admin -d cerberus -c "$1"; }
sim_status() { curl -fsS --max-time 3 "$(endpoint simulator.rest)/sim/status"; }

# wait_until SECONDS COMMAND… : polls until the command succeeds
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    while ! "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.3
    done
}
all_healthy() { "$CERBERUS" status -o json | jq -e '([.rows[] | select(.healthy)] | length) >= 7 and all(.rows[] | select(.service != "guardian"); .healthy)'; }
fills_reach() { [ "$("$CERBERUS" portfolio -o json | jq -r '.rows[0].fills_count // 0')" -ge "$1" ]; }
# The pid of a service that runs; s6 says -1 of one that is down, and a signal to -1 goes to everybody.
service_pid() {
    local pid
    pid=$(s6-svstat -o pid "$CERBERUS_RUN_DIR/s6/$1") && [[ $pid =~ ^[0-9]+$ ]] && [ "$pid" -gt 1 ] && echo "$pid"
}
# Waits until there is one to kill: a heartbeat of before may still make a dead service look healthy.
kill_service() {
    local pid
    wait_until 20 service_pid "$1" && pid=$(service_pid "$1") && [ -n "$pid" ] && kill -9 "$pid"
}
