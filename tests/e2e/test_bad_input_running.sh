#!/bin/bash
# What goes wrong while the whole chain trades: a wrong token, a port that is taken, garbage on every subject of
# the bus, an exchange that talks nonsense, a full disk under a journal, PostgreSQL and NATS gone and back. Each
# time the error is clear, trading goes on afterwards, and in the end the exchange's books and ours are equal.
cd "$(dirname "$0")/../.."
. tests/e2e/stack.sh
export SPEED=${SPEED:-30}
LOG=$CERBERUS_RUN_DIR/log
CONF=$CERBERUS_RUN_DIR/conf
SCAN=$CERBERUS_RUN_DIR/s6
SECRETS=$CERBERUS_RUN_DIR/secrets
SERVICES=(collector validator signals risk execution portfolio)
PROXY=
full_end() { [ -z "$PROXY" ] || kill "$PROXY" 2>/dev/null; stack_end; }
trap full_end EXIT

check "the stack starts" stack_up
[ "$TAP_BAD" -eq 0 ] || { stack_logs; finish; }

# ---- helpers ----
metric() { # SERVICE NAME: sum over its labels
    curl -fsS --max-time 3 "$(endpoint "metrics.$1")" | awk -v name="cerberus_$2" '$1 ~ "^"name"[{ ]" || $1 == name { sum += $NF } END { print sum + 0 }'
}
ready_says() { # SERVICE PATTERN: not ready, for this reason
    local url
    url=$(endpoint "metrics.$1")
    [ "$(curl -sS --max-time 3 -o "$STACK/ready" -w '%{http_code}' "${url%metrics}readyz")" = 503 ] && grep -qE -- "$2" "$STACK/ready"
}
fills_now() { "$CERBERUS" portfolio -o json | jq -r '.rows[0].fills_count // 0'; }
trading_goes_on() { # NAME: one more fill than now
    local before
    before=$(fills_now)
    check "trading goes on after $1" wait_until 120 fills_reach $((before + 1))
}
pids() { local service; for service in "${SERVICES[@]}" gateway simulator; do service_pid "$service"; done; }
mark() { local log; for log in "$LOG"/*.log; do wc -c <"$log" >"$STACK/$(basename "$log").mark"; done; }
since() { tail -c +"$(($(cat "$STACK/$1.log.mark") + 1))" "$LOG/$1.log"; }
logged() { since "$1" | grep -qE -- "$2"; }
crashed() { local service; for service in "${SERVICES[@]}" gateway simulator; do since "$service"; done | grep -E 'fatal_signal|assertion'; }
restart() { s6-svc -r "$SCAN/$1"; }

check "orders are filled" wait_until 120 fills_reach 1

# ---- who may command ----
gateway=$(endpoint gateway.url)
random_token() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
answer() { # ARGUMENTS OF CURL… : the status; the body goes to $STACK/answer
    curl -sS --max-time 5 -o "$STACK/answer" -w '%{http_code}' "$@"
}
problem() { jq -e '.status and .title' "$STACK/answer" >/dev/null; }
kill_with() { answer -X POST "$gateway/v1/kill" -H 'Content-Type: application/json' -d '{"scope":"*","level":4,"reason":"not me","actor":"stranger"}' "$@"; }
check "kill with a wrong token is answered 401" [ "$(kill_with -H "Authorization: Bearer $(random_token)")" = 401 ]
check "... with a problem in words" problem
check "kill without a token is answered 401" [ "$(kill_with)" = 401 ]
check "kill with half a token is answered 401" [ "$(kill_with -H "Authorization: Bearer $(head -c 32 "$(endpoint gateway.token_file)")")" = 401 ]
check "reading with a wrong token is answered 401" [ "$(answer -H "Authorization: Bearer $(random_token)" "$gateway/v1/orders")" = 401 ]
(umask 077 && random_token >"$STACK/wrong-token")
not_authorised() { CERBERUS_GATEWAY_URL=$gateway CERBERUS_TOKEN_FILE=$STACK/wrong-token CERBERUS_ENDPOINTS=$STACK/none.json "$CERBERUS" kill 4 --reason test 2>"$STACK/said"; [ $? -eq 4 ]; }
check "the command line ends with 4 for a wrong token" not_authorised
no_kill() { "$CERBERUS" kill -o json | jq -e '[.rows[] | select(.level > 0)] | length == 0' >/dev/null; }
check "no kill level is in force after all that" no_kill
authorised() { answer -H "Authorization: Bearer $(cat "$(endpoint gateway.token_file)")" "$@"; }
kill_body() { authorised -X POST "$gateway/v1/kill" -H 'Content-Type: application/json' -d "$1"; }
check "a body that is no JSON is answered 400" [ "$(kill_body '{"level":')" = 400 ]
check "... with a problem in words" problem
check "a level that does not exist is answered 400" [ "$(kill_body '{"scope":"*","level":9,"reason":"x","actor":"y"}')" = 400 ]
check "an unknown field is answered 400" [ "$(kill_body '{"scope":"*","level":1,"reason":"x","actor":"y","force":true}')" = 400 ]
check "... and is named" grep -q force "$STACK/answer"
check "an unknown route is answered 404" [ "$(authorised "$gateway/v1/no-such-thing")" = 404 ]
check "a body of a megabyte is refused" [ "$(head -c 1000000 /dev/zero | authorised -X POST "$gateway/v1/kill" --data-binary @-)" -ge 400 ]
check "no kill level is in force after that either" no_kill

# ---- a port that is taken, and a second instance ----
sed "s/^http.port = .*/http.port = 0/" "$CONF/gateway.conf" >"$STACK/gateway.conf"
second() { timeout -k 2 20 "bin/cerberus-$1" --config="$STACK/$1.conf" --start.timeout=3s >"$STACK/said" 2>&1; }
second gateway
check "a second gateway does not start (exit code $?)" [ "$?" -ne 0 ]
check "... and names the port" grep -qE "gateway.port ${gateway##*:}.*in use" "$STACK/said"
sed "s/^http.port = .*/http.port = 0/" "$CONF/portfolio.conf" >"$STACK/portfolio.conf"
second portfolio
check "a second portfolio does not start: exit code 69" [ "$?" -eq 69 ]
check "... and says that another one runs" grep -q 'another portfolio runs' "$STACK/said"
check "the first ones did not notice" all_healthy

# ---- garbage on every subject ----
nats_port=$(endpoint nats.url)
mark
pids >"$STACK/pids"
for service in "${SERVICES[@]}"; do metric "$service" bus_refused_total >"$STACK/refused.$service"; done
garbage() { build/release/tools/contract/tool_garbage "${nats_port##*:}" "$SECRETS" main BTCUSDT "${SEED:-1}" 2 >"$STACK/garbage.out" 2>&1; }
tool() { make --no-print-directory build/release/tools/contract/tool_garbage >"$STACK/make.out" 2>&1; }
check "the sender of garbage is built" tool
check "garbage and cut messages reach every subject" garbage
[ "$TAP_BAD" -eq 0 ] || sed 's/^/# /' "$STACK/garbage.out" | grep -v messages
all_rows() { [ "$(grep -cE '^SUBJECT\(' proto/subjects.def)" = "$(tail -1 "$STACK/garbage.out" | grep -oE '[0-9]+ subjects' | cut -d' ' -f1)" ]; }
check "no row of subjects.def was left out" all_rows
rose() { [ "$(metric "$1" bus_refused_total)" -gt "$(cat "$STACK/refused.$1")" ]; }
for service in "${SERVICES[@]}"; do
    check "$service counts what it refused" rose "$service"
    check "$service names subject and reason" logged "$service" 'event=message_refused subject=[a-z.]+.* error='
done
buried() { [ "$(metric "$1" dead_letters_total)" -gt 0 ]; }
for service in signals risk execution portfolio; do check "$service buries stream messages that nobody can place" buried "$service"; done
kept() { [ "$(admin_sql "SELECT (SELECT count(*) FROM signals.dead_letter) + (SELECT count(*) FROM risk.dead_letter) + (SELECT count(*) FROM execution.dead_letter) + (SELECT count(*) FROM portfolio.dead_letter)")" -ge 50 ]; }
check "dead letters are kept in PostgreSQL" wait_until 10 kept
check "all are healthy" wait_until 30 all_healthy
check "no process was restarted" cmp -s "$STACK/pids" <(pids)
trading_goes_on "garbage on the bus"
refute "nobody crashed" crashed

# ---- an exchange that talks nonsense ----
# proxy EVERY SERVICE… : the services talk to the exchange through it
proxy() {
    local every=$1 service rest=${SIM_REST##*:}
    shift
    [ -z "$PROXY" ] || kill "$PROXY"
    rm -f "$STACK/proxy.port"
    python3 tests/e2e/bad_input/garbling_proxy.py "$rest" "$STACK/proxy.port" "$every" >>"$STACK/proxy.out" 2>&1 &
    PROXY=$!
    wait_until 10 [ -s "$STACK/proxy.port" ] || return 1
    grep -q '^backoff.max' "$CONF/collector.conf" || echo 'backoff.max = 1s' >>"$CONF/collector.conf"
    for service in "$@"; do
        sed -i -E "s#^(venue\.[a-z_]+_url = (http|ws)://127\.0\.0\.1:)[0-9]+#\1$(cat "$STACK/proxy.port")#" "$CONF/$service.conf"
        restart "$service"
    done
}
direct() {
    local service rest=${SIM_REST##*:}
    for service in "$@"; do
        sed -i -E "s#^(venue\.[a-z_]+_url = (http|ws)://127\.0\.0\.1:)[0-9]+#\1$rest#" "$CONF/$service.conf"
        restart "$service"
    done
}
SIM_REST=$(endpoint simulator.rest)
alive() { [ "$(service_pid "$1")" = "$(cat "$STACK/pid.$1")" ]; }
spoiled() { [ "$(wc -l <"$STACK/proxy.out")" -ge "$1" ]; }
mark
check "an exchange that says nothing but nonsense takes over" proxy 1 collector execution
sleep 3
for service in collector execution; do service_pid "$service" >"$STACK/pid.$service"; done
check "... and says it often" wait_until 60 spoiled 100
check "... over sockets too" grep -q '^ws:' "$STACK/proxy.out"
check "collector says what was wrong" logged collector 'level=(warn|error) .*event=[a-z_]+.*(error|reason|why|detail)='
check "execution says what was wrong" logged execution 'level=(warn|error) .*event=[a-z_]+.*(error|reason|why|detail)='
check "collector is still the same process" alive collector
check "execution is still the same process" alive execution
refute "nobody crashed" crashed
check "an exchange whose every tenth answer and frame is spoiled takes over" proxy 10 collector execution
: >"$STACK/proxy.out"
check "... and is listened to for a while" wait_until 60 spoiled 60
refute "nobody crashed" crashed
direct collector
check "an exchange that takes orders and answers with nonsense takes over" proxy orders execution
: >"$STACK/proxy.out"
answers_lost() { [ "$(grep -c '^http POST /api/v3/order' "$STACK/proxy.out")" -ge 3 ]; }
check "... and three orders are placed like that" wait_until 120 answers_lost
refute "nobody crashed" crashed
decided() { [ "$("$CERBERUS" orders --limit 50 -o json | jq '[.rows[] | select(.state | IN("ready","sending","unknown"))] | length')" -eq 0 ]; }
check "their outcome is found out all the same" wait_until 90 decided
direct execution
check "all are healthy with the true exchange" wait_until 90 all_healthy
trading_goes_on "the exchange talked nonsense"
kill "$PROXY" 2>/dev/null
PROXY=

# ---- the disk is full under a journal ----
mark
journal_of() { ls -t "$CERBERUS_RUN_DIR/journal/$1"-*.cbj | head -1; }
bigger() { [ "$(stat -c %s "$(journal_of validator)")" -gt "$(stat -c %s "$LOG/validator.log")" ]; }
if wait_until 60 bigger; then # the limit is for all files of the process: its log must stay below
    validator=$(service_pid validator)
    prlimit --pid "$validator" --fsize="$(stat -c %s "$(journal_of validator)"):"
    check "journal full: the service is not ready and says why" wait_until 20 ready_says validator 'journal cannot be written'
    check "journal full: the log names file and reason" logged validator 'event=journal_failed .*validator-[0-9]+.cbj: File too large'
    check "journal full: lost records are counted" [ "$(metric validator journal_lost_total)" -gt 0 ]
    trading_goes_on "its journal could not be written"
    prlimit --pid "$validator" --fsize=unlimited:
    check "room again: the service is ready" wait_until 20 all_healthy
    check "room again: the log says it" logged validator 'event=journal_works_again'
    check "room again: it is the same process" [ "$(service_pid validator)" = "$validator" ]
else
    skip "journal full" "the journal did not become larger than the log"
fi

# ---- PostgreSQL gone and back ----
mark
s6-svc -d "$SCAN/postgres"
down() { ! admin_sql 'SELECT 1' >/dev/null 2>&1; }
check "PostgreSQL is down" wait_until 30 down
for service in "${SERVICES[@]}"; do
    check "PostgreSQL down: $service ends with a clear error" wait_until 20 logged "$service" 'event=(postgresql_lost|postgresql_unavailable) .*error='
done
check "PostgreSQL down: a restarted service waits for it" wait_until 20 logged risk 'event=postgresql_unavailable'
check "PostgreSQL down: status tells that something is wrong" wait_until 20 eval '! all_healthy'
s6-svc -u "$SCAN/postgres"
check "PostgreSQL back: all are healthy" wait_until 90 all_healthy
refute "PostgreSQL back: nobody crashed" crashed
trading_goes_on "PostgreSQL came back"

# ---- NATS gone and back ----
mark
s6-svc -d "$SCAN/nats"
for service in "${SERVICES[@]}"; do
    check "NATS down: $service is not ready and says why" wait_until 20 ready_says "$service" 'NATS|starting'
    check "NATS down: $service logs it" logged "$service" 'event=(nats_lost|nats_unavailable)'
done
restart portfolio
check "NATS down at the start: portfolio says so and waits" wait_until 20 logged portfolio 'event=nats_unavailable .*error='
s6-svc -u "$SCAN/nats"
check "NATS back: all are healthy" wait_until 90 all_healthy
refute "NATS back: nobody crashed" crashed
trading_goes_on "NATS came back"

# ---- nothing lost ----
level_one() { "$CERBERUS" kill 1 --reason "end of the test" --actor tester >/dev/null; }
check "kill 1 is accepted" level_one
check "no order stays undecided" wait_until 90 decided
audit() { "$CERBERUS" audit >"$STACK/audit" 2>&1; }
check "the auditor finds no difference" wait_until 60 audit
doubled() { [ "$(admin_sql "SELECT count(*) FROM (SELECT client_order_id FROM execution.orders GROUP BY 1 HAVING count(*) > 1) d")" != 0 ]; }
refute "no client order id was used twice" doubled
check "the stack stops" stack_stop
gone() { ! pgrep -f "$CERBERUS_RUN_DIR/" >/dev/null; }
check "no process stays behind" wait_until 10 gone
if [ "$TAP_BAD" -gt 0 ]; then
    sed 's/^/# audit: /' "$STACK/audit"
    stack_logs
fi
finish
