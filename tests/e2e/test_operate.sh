#!/bin/bash
# What operators and callers meet in a running system: new caps while orders flow, good and bad; the gateway dying before and
# after it asked risk, and the same request again; an assertion of execution that fails in the middle of an order.
cd "$(dirname "$0")/../.."
. tests/e2e/stack.sh
export SPEED=${SPEED:-60} AGENTS=3 GUARDIAN=0
mkdir -p "$STACK/fp"
export EXTRA_GATEWAY="failpoints.file = $STACK/fp/gateway" EXTRA_EXECUTION="failpoints.file = $STACK/fp/execution"
check "make up starts" stack_up
check "orders are filled" wait_until 120 fills_reach 1
RUN=$CERBERUS_RUN_DIR
log() { echo "$RUN/log/$1.log"; }
arm() { echo "$2" >"$STACK/fp/$1" && kill -USR2 "$(service_pid "$1")"; } # SERVICE FAILPOINT
free() { [ "$(admin_sql "SELECT count(*) FROM execution.orders WHERE state IN ('ready', 'sending', 'unknown')")" = 0 ]; }

# ---- new caps while orders flow ----
caps=$RUN/conf/caps.conf
used() { admin_sql "SELECT coalesce(encode(caps_hash, 'hex'), '') FROM execution.orders WHERE claim_nonce IS NOT NULL ORDER BY created_no DESC LIMIT 1"; }
told() { grep -c "event=$1" "$(log execution)"; }
sign() { "$CERBERUS" caps sign "$caps" --secret "$RUN/secrets/caps_key" >/dev/null; }
reload() { kill -HUP "$(service_pid execution)"; }
more() { [ "$(told "$1")" -gt "$2" ]; }
old=$(used)
cp "$caps" "$STACK/caps.good" && cp "$caps.sig" "$STACK/caps.sig.good"
spoil() { # NAME COMMAND…: a bad file is refused whole
    local name=$1 refused
    shift
    refused=$(told caps_refused)
    "$@"
    reload
    check "caps: $name is refused" wait_until 10 more caps_refused "$refused"
    cp "$STACK/caps.good" "$caps" && cp "$STACK/caps.sig.good" "$caps.sig"
}
change_unsigned() { echo "# one more word" >>"$caps"; }
no_signature() { rm "$caps.sig"; }
no_file() { rm "$caps"; }
spoil "a change without a signature" change_unsigned
spoil "no signature" no_signature
spoil "no file" no_file
sed -i 's/^orders_per_s .*/orders_per_s = lots/' "$caps"
refute "caps: a number that is none is not even signed" sign 2>/dev/null
cp "$STACK/caps.good" "$caps"
claims() { admin_sql "SELECT count(*) FROM execution.orders WHERE claim_nonce IS NOT NULL"; }
claims_reach() { [ "$(claims)" -ge "$1" ]; }
check "orders flow on" wait_until 120 claims_reach $(($(claims) + 1))
check "under the old caps" [ "$(used)" = "$old" ]
sed -i 's/^orders_per_s .*/orders_per_s = 9/' "$caps" && sign && reload
uses_new() { [ "$(used)" != "$old" ]; }
check "good caps are taken, and orders carry their hash" wait_until 120 uses_new

# ---- the gateway dies in a request ----
price=$(awk -v p="$(curl -fsS "$(endpoint simulator.rest)/api/v3/ticker/bookTicker?symbol=BTCUSDT" | jq -r .bidPrice)" 'BEGIN { printf "%.2f", p * 0.985 }')
ask() { # KEY: a limit that rests
    curl -sS --max-time 10 -X POST "$(endpoint gateway.url)/v1/orders" -H "Authorization: Bearer $(cat "$(endpoint gateway.token_file)")" \
        -H "Idempotency-Key: $1" -d "{\"symbol\":\"BTCUSDT\",\"side\":\"buy\",\"type\":\"limit\",\"tif\":\"gtc\",\"qty\":\"0.001\",\"price\":\"$price\",\"timeout_ms\":600000}"
}
answered() { [ "$(ask "$1" 2>/dev/null | jq -r '.ok')" = true ]; }
orders_of() { admin_sql "SELECT count(*) FROM execution.orders WHERE intent_id = '$1'"; }
for point in after_accept before_reply; do
    dead=$(service_pid gateway)
    arm gateway "gateway.$point=kill"
    sleep 0.2
    refute "gateway.$point: there is no answer" answered "key-$point"
    replaced() { local now; now=$(service_pid gateway) && [ "$now" != "$dead" ]; }
    check "gateway.$point: it has died and is there again" wait_until 20 replaced
    check "gateway.$point: the same request is answered" wait_until 20 answered "key-$point"
    id=$(ask "key-$point" | jq -r .id)
    check "gateway.$point: and again, by the same order" [ "$(ask "key-$point" | jq -r '"\(.id) \(.repeat)"')" = "$id true" ]
    there() { [ "$(orders_of "$id")" = 1 ]; }
    check "gateway.$point: of which there is one" wait_until 10 there
done

# ---- an assertion fails ----
dead=$(service_pid execution)
arm execution "exec.after_claim=abort"
gone() { local now; now=$(service_pid execution) && [ "$now" != "$dead" ]; }
check "execution aborts in the middle of an order" wait_until 60 gone
ready() { curl -fsS --max-time 2 "$(jq -r .metrics.execution "$CERBERUS_ENDPOINTS" | sed 's/metrics$/readyz/')"; }
check "it is ready again" wait_until 20 ready
check "it left no core" [ -z "$(find "$RUN" /tmp -maxdepth 1 -name 'core*' -newer "$STACK/caps.good" 2>/dev/null)" ]
check "the order is resolved" wait_until 60 free
check "the auditor finds no difference" wait_until 60 "$CERBERUS" audit
check "no client order id was used twice" [ "$(admin_sql "SELECT count(*) FROM (SELECT client_order_id FROM execution.orders GROUP BY 1 HAVING count(*) > 1) d")" = 0 ]
[ "$TAP_BAD" -eq 0 ] || stack_logs
finish
