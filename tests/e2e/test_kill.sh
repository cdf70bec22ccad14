#!/bin/bash
# The kill switch in a running system: the commands of docs/howto/kill-switch.md as they stand there, levels 1 to 4,
# lowering by two, the local page with NATS and PostgreSQL stopped, and the guardian when execution is stopped and
# when it is dead for good.
cd "$(dirname "$0")/../.."
. tests/e2e/stack.sh
export SPEED=${SPEED:-60} AGENTS=3
export EXTRA_RISK="unkill.cooldown = 1s"
export EXTRA_GUARDIAN="guard.silence = 3s
guard.grace = 6s
deadman.countdown = 3600s
deadman.period = 5s
deadman.forced = true"
export EXTRA_SIMULATOR="profile.deadman = true"
export EXTRA_SIGNALS="flatten.slice = 5000"

cerberus() { "$CERBERUS" "$@"; }
journal() { cat "$(endpoint kill.guardian_journal)"; }
told() { journal | grep -c " $1 "; }

# ---- lowering by two; --approve is tried until the cool-down is over ----
ask() { cerberus unkill --reason "the test goes on" --as operator --scope "${1:-global}" | jq -r .request; }
approve() { cerberus unkill --approve "$1" --as "${2:-risk_officer}" >/dev/null 2>&1; }
lower() { local id; for scope in "${@:-global}"; do id=$(ask "$scope"); wait_until 10 approve "$id" || return 1; done; }
levels() { cerberus kill -o json | jq '[.rows[].level] | max'; }
own_levels() { curl -fsS -H "Authorization: Bearer $(cat "$(endpoint gateway.token_file)")" "$(endpoint gateway.url)/v1/kill/execution" | jq '[.rows[].level] | max // 0'; }
is_free() { [ "$(levels)" = 0 ] && [ "$(own_levels)" = 0 ]; }
page_level() { cerberus status | awk '$3 == "flag" && $4 == "page" { print $1 }'; }
state_is() { [ "$(cerberus status -o json | jq -r --arg s "$1" '.rows[] | select(.service == $s) | .state')" = "$2" ]; }
detail_has() { cerberus status -o json | jq -r --arg s "$1" '.rows[] | select(.service == $s) | .detail' | grep -q "$2"; }

check "make up starts" stack_up
check "orders are filled" wait_until 120 fills_reach 1

# ---- the page of instructions, command by command ----
howto() { awk '/^```sh run$/ { on = 1; next } /^```/ { on = 0 } on' docs/howto/kill-switch.md; }
ID=
run_line() { # remembers the request that the command answers with
    local answer line=${1/ ID / $ID }
    for _ in $(seq 20); do
        if answer=$(eval "$line" 2>&1); then
            ID=$(jq -r '.request // empty' <<<"$answer" 2>/dev/null || echo "$ID")
            return 0
        fi
        grep -q "cool-down" <<<"$answer" || { echo "# $answer"; return 1; }
        sleep 0.3
    done
    return 1
}
while IFS= read -r line; do check "howto: $line" run_line "$line"; done < <(howto)
check "nothing is in force at its end" wait_until 10 is_free

# ---- one person is not enough ----
cerberus kill --level 1 --reason "drill" >/dev/null
id=$(ask)
sleep 1.2
refute "nobody approves their own request" approve "$id" operator
check "the refusal says why" grep -q "nobody approves their own request" <(cerberus unkill --approve "$id" --as operator 2>&1)
http() { curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $(cat "$(endpoint gateway.token_file)")" "$@"; }
check "the API's own token lowers nothing" [ "$(http -X POST "$(endpoint gateway.url)/v1/unkill/approve/$id")" = 403 ]
check "a raise does not lower" [ "$(cerberus kill --level 2 --reason up >/dev/null; cerberus kill --level 1 --reason down >/dev/null 2>&1; levels)" = 2 ]
refute "a request from before the raise is void" approve "$id"
check "a new one is approved by another" lower
check "level 1 and 2 are over" wait_until 10 is_free

# ---- level 3 ----
# The largest position in quote units, at risk's marks.
held() { admin_sql "SELECT coalesce(max(p.qty_e8::numeric * m.price_e8 / 1e16), 0)::bigint FROM risk.position p JOIN risk.mark m USING (symbol)"; }
holds() { [ "$(held)" -ge 100 ]; }
flat() { [ "$(held)" -lt 20 ]; }
check "something is held" wait_until 120 holds
cerberus kill --level 3 --reason "flatten drill" >/dev/null
check "level 3 sells it" wait_until 60 flat
slices() { admin_sql "SELECT count(*) FROM execution.orders WHERE purpose = 'flatten' AND state = 'filled'"; }
check "in reduce-only slices" [ "$(slices)" -ge 1 ]
echo "# $(slices) slices"
none() { [ "$(admin_sql "$1")" = 0 ]; }
check "each of which had a permit and only reduced" none "SELECT count(*) FROM execution.orders WHERE purpose = 'flatten' AND (permit_id IS NULL OR NOT reduce_only)"
check "level 3 is lowered" lower

# ---- level 4 ----
starts=$(admin_sql "SELECT max(epoch) FROM execution.epoch")
cerberus kill --level 4 --reason "off drill" >/dev/null
check "level 4 turns execution off" wait_until 30 detail_has execution "off: kill level 4"
sleep 2
check "it ended once and stays off" [ "$(admin_sql "SELECT max(epoch) FROM execution.epoch")" = $((starts + 1)) ]
check "level 4 is lowered" lower
check "execution works again" wait_until 30 state_is execution ready

# ---- the local page, with nothing to help it ----
s6-svc -d "$CERBERUS_RUN_DIR/s6/nats"
s6-svwait -D -t 10000 "$CERBERUS_RUN_DIR/s6/nats"
check "kill --local works without NATS" cerberus kill --local --level 2 --reason "no bus"
check "execution has seen it" wait_until 5 grep -q 'event=flag_page level=2 actor=[^ ]* reason="no bus"' "$CERBERUS_RUN_DIR/log/execution.log"
check "and cancels" wait_until 5 grep -q 'event=cancel_all ' "$CERBERUS_RUN_DIR/log/execution.log"
s6-svc -d "$CERBERUS_RUN_DIR/s6/postgres"
s6-svwait -D -t 10000 "$CERBERUS_RUN_DIR/s6/postgres"
check "and without PostgreSQL" cerberus kill --local --level 2 --reason "no database either"
for service in postgres nats; do s6-svc -u "$CERBERUS_RUN_DIR/s6/$service"; done
answers() { admin_sql "SELECT 1" >/dev/null 2>&1; }
check "PostgreSQL answers again" wait_until 60 answers
check "all come back" wait_until 60 all_healthy
sent() { admin_sql "SELECT count(*) FROM execution.orders WHERE sent_ns > 0"; }
before=$(sent)
sleep 3
check "no order is sent" [ "$(sent)" = "$before" ]
check "status says why" [ "$(page_level)" = 2 ]
# While the database was away execution was silent: the guardian has raised the account's level too.
check "two lower the page too" lower global account=main
check "the page is down" wait_until 10 [ "$(page_level)" = "" ]

# ---- the guardian ----
sign() { python3 -c 'import hmac, sys; print(hmac.new(sys.argv[1].encode(), sys.argv[2].encode(), "sha256").hexdigest())' "$(endpoint simulator.api_secret)" "$1"; }
api() { # METHOD PATH PARAMETERS: signed with the account's own key
    local time query
    time=$(curl -fsS "$(endpoint simulator.rest)/api/v3/time" | jq .serverTime)
    query="$3${3:+&}recvWindow=60000&timestamp=$time"
    query="$query&signature=$(sign "$query")"
    if [ "$1" = POST ]; then
        curl -sS -H "X-MBX-APIKEY: $(endpoint simulator.api_key)" -d "$query" "$(endpoint simulator.rest)$2"
    else
        curl -sS -X "$1" -H "X-MBX-APIKEY: $(endpoint simulator.api_key)" "$(endpoint simulator.rest)$2?$query"
    fi
}
open_orders() { api GET /api/v3/openOrders "" | jq length; }
rest_orders() {
    local price i
    price=$(curl -fsS "$(endpoint simulator.rest)/api/v3/ticker/price?symbol=BTCUSDT" | jq -r '.price | tonumber * 0.9 | floor')
    for i in $(seq "$1"); do api POST /api/v3/order "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=$price" >/dev/null; done
    [ "$(open_orders)" -ge "$1" ]
}
fired() { [ "$(told fired)" -gt "$fired_before" ] && [ "$(told canceled_all)" -gt "$canceled_before" ]; }
remember() { fired_before=$(told fired) canceled_before=$(told canceled_all); }

check "the guardian watches" state_is guardian ready
armed() { grep -c '"POST /api/v3/countdownCancelAll' "$CERBERUS_RUN_DIR"/journal/exchange-*.jsonl; }
check "it has wound up the venue's own switch" [ "$(armed)" -ge 2 ]
refute "which the venue never refused" grep -q venue_failed "$(endpoint kill.guardian_journal)"
check "orders rest at the exchange" rest_orders 10
remember
pid=$(service_pid execution)
check "execution is stopped" kill -STOP "$pid"
check "the guardian cancels all" wait_until 20 fired
check "nothing is open" [ "$(open_orders)" = 0 ]
check "it says so" detail_has guardian "execution is silent"
check "the page is up" [ "$(page_level)" = 2 ]
check "risk has the level" [ "$(levels)" = 2 ]
kill -CONT "$pid"
check "execution comes back" wait_until 30 state_is execution ready
check "the guardian watches again" wait_until 20 state_is guardian ready
check "the levels stay" [ "$(levels)" = 2 ]
check "two lower them" lower global account=main
check "all is free again" wait_until 10 is_free

check "orders rest at the exchange" rest_orders 5
remember
pid=$(service_pid execution)
s6-svc -O "$CERBERUS_RUN_DIR/s6/execution"
check "execution is dead for good" kill -9 "$pid"
check "the guardian cancels all" wait_until 20 fired
check "nothing is open" [ "$(open_orders)" = 0 ]
sed 's/^/# /' "$(endpoint kill.guardian_journal)"
finish
