#!/bin/bash
# The real services trade while the exchange hurts them: one fault after the other, each followed by the same
# questions. Is every order's outcome known, do the books agree with the exchange to the last unit, was no
# client order id used twice, is every order of the exchange explained here?
#
# FAULTS=all       every fault of the list, and a plan by seed at the end (minutes)
# FAULTS=name,…    these only
# FAULT_SEED=N     seed of the plan
cd "$(dirname "$0")/../.."
. tests/e2e/stack.sh
export SPEED=60 AGENTS=3
# Here orders are lost by the dozen on purpose: what stops trading for that is tested elsewhere.
export EXTRA_EXECUTION='unknown.kill_after = 3600s
unknown.kill_count = 500'
export EXTRA_RISK="unkill.cooldown = 0s"
FEW=drop_answer,close_before,user_lose,market_gap,refuse_key
FAULTS=${FAULTS:-$FEW}

# NAME SECONDS RULE; the seconds of wall time that it is given after its first hit
ORDER='"target":"POST /api/v3/order","count":1'
HALF_A_MINUTE='"for_ms":120000'
list() {
    cat <<LIST
drop_request 1 {"kind":"drop_request",$ORDER}
drop_answer 1 {"kind":"drop_answer",$ORDER}
fake_answer 1 {"kind":"fake_answer","status":503,"code":-1007,$ORDER}
fake_html 1 {"kind":"fake_answer","status":502,"body":"html",$ORDER}
redirect 1 {"kind":"fake_answer","status":302,"body":"empty",$ORDER}
close_before 1 {"kind":"close_before","how":"rst",$ORDER}
close_after 1 {"kind":"close_after","how":"fin",$ORDER}
delay_request 1 {"kind":"delay_request","ms":30000,$ORDER}
window_in 2 {"kind":"delay_request","window_ms":0,$ORDER}
window_out 2 {"kind":"delay_request","window_ms":1,$ORDER}
delay_engine 1 {"kind":"delay_engine","ms":15000,$ORDER}
delay_answer 2 {"kind":"delay_answer","ms":60000,$ORDER}
query_lag 3 {"kind":"query_lag","ms":4000,"target":"GET *",$HALF_A_MINUTE}
refuse_429 2 {"kind":"refuse","status":429,"code":-1003,"retry_after":5,$ORDER}
refuse_403 2 {"kind":"refuse","status":403,"body":"html",$ORDER}
refuse_451 2 {"kind":"refuse","status":451,"body":"html",$ORDER}
refuse_key 2 {"kind":"refuse","status":401,"code":-2015,$ORDER}
user_lose 1 {"kind":"user_lose","target":"executionReport*","count":2}
user_duplicate 1 {"kind":"user_duplicate","copies":3,"count":4}
user_reorder 1 {"kind":"user_reorder","ms":3000,"count":3}
user_delay 1 {"kind":"user_delay","ms":20000,"count":2}
user_replay 1 {"kind":"user_replay","frames":30}
user_end 1 {"kind":"user_end"}
user_cut 1 {"kind":"user_cut","how":"rst"}
user_silent 3 {"kind":"user_silent",$HALF_A_MINUTE}
market_gap 2 {"kind":"market_lose","probability":0.2,$HALF_A_MINUTE}
market_duplicate 2 {"kind":"market_duplicate","probability":0.2,$HALF_A_MINUTE}
market_reorder 2 {"kind":"market_reorder","probability":0.2,$HALF_A_MINUTE}
market_delay 2 {"kind":"market_delay","ms":3000,"probability":0.01,$HALF_A_MINUTE}
market_reset 2 {"kind":"market_reset","probability":0.1,$HALF_A_MINUTE}
market_cut 1 {"kind":"market_cut","how":"rst"}
market_silent 3 {"kind":"market_silent",$HALF_A_MINUTE}
clock_offset 2 {"kind":"clock_offset","ms":-2000,$HALF_A_MINUTE}
clock_drift 2 {"kind":"clock_drift","ppm":20000,$HALF_A_MINUTE}
filters 2 {"kind":"filters","symbol":"BTCUSDT","tick":"0.5","step":"0.001",$HALF_A_MINUTE}
halt 2 {"kind":"symbol_status","symbol":"BTCUSDT",$HALF_A_MINUTE}
garbage 1 {"kind":"mutate_answer","mutation":"garbage",$ORDER}
echo_mismatch 1 {"kind":"mutate_answer","mutation":"other","field":"clientOrderId",$ORDER}
user_garbage 1 {"kind":"mutate_user","mutation":"garbage","count":1}
market_garbage 2 {"kind":"mutate_market","mutation":"nan","probability":0.05,$HALF_A_MINUTE}
slow_body 1 {"kind":"slow_body","ms":1000,$ORDER}
cut_body 1 {"kind":"cut_body",$ORDER}
huge_body 2 {"kind":"huge_body","mb":20,$ORDER}
refuse_connect 3 {"kind":"refuse_connect",$HALF_A_MINUTE}
cut_http 2 {"kind":"cut_http","every_ms":5000,"count":20}
bad_tls 1 {"kind":"bad_tls",$ORDER}
self_trade 1 {"kind":"self_trade","mode":"EXPIRE_TAKER",$ORDER}
client_ids 2 {"kind":"client_ids","unique":"none",$HALF_A_MINUTE}
duplicate_answer 1 {"kind":"duplicate_answer",$ORDER}
deposit 1 {"kind":"deposit","asset":"USDT","amount":"50"}
withdraw 1 {"kind":"withdraw","asset":"USDT","amount":"50"}
bust 1 {"kind":"bust"}
correct 1 {"kind":"correct","percent":1}
LIST
}

control() { # METHOD PATH CURL-ARGUMENT…
    local method=$1 path=$2
    shift 2
    curl -fsS --max-time 10 -X "$method" -H "Authorization: Bearer $(cat "$(endpoint simulator.admin_token_file)")" \
        "$(endpoint simulator.control)$path" "$@"
}
begin() { control POST /control/faults -d "$1" >"$STACK/answer"; }
plan() { control POST "/control/plan?$1" >"$STACK/answer"; }
end() { control DELETE /control/faults >"$STACK/answer"; }
hits() { control GET /control/faults | jq .hits; }
is_hit() { [ "$(hits)" -gt "$1" ]; }
quiet() { [ "$("$CERBERUS" orders --limit 50 -o json | jq '[.rows[] | select(.state | IN("ready","sending","unknown"))] | length')" -eq 0 ]; }
doubled() { admin_sql "SELECT count(*) FROM (SELECT client_order_id FROM execution.orders GROUP BY 1 HAVING count(*) > 1) d"; }
# every order that the exchange has is one of execution's, or one that execution has found to be a stranger's
explained() {
    local venue ours
    venue=$(curl -fsS --max-time 10 -H "Authorization: Bearer $(cat "$(endpoint simulator.admin_token_file)")" \
        "$(endpoint simulator.control)/sim/audit" | jq -r '.accounts[].orders[].clientOrderId' | grep -v -E '^(hand_|web_|autoclose-)' | sort)
    ours=$(admin_sql "SELECT client_order_id FROM execution.orders" | sort)
    [ -z "$(comm -23 <(echo "$venue") <(echo "$ours"))" ]
}
# an order that never was, by our word, has no trade and no order there
denied() {
    admin_sql "SELECT client_order_id FROM execution.orders WHERE state IN ('not_sent', 'rejected')" | sort >"$STACK/denied"
    curl -fsS --max-time 10 -H "Authorization: Bearer $(cat "$(endpoint simulator.admin_token_file)")" \
        "$(endpoint simulator.control)/sim/audit" | jq -r '.accounts[].orders[].clientOrderId' | sort >"$STACK/venue"
    [ -z "$(comm -12 "$STACK/denied" "$STACK/venue")" ]
}
healthy() { "$CERBERUS" status -o json | jq -e '[.rows[] | select(.service | IN("collector","validator","signals","risk","execution","portfolio")) | select(.healthy)] | length == 6'; }
ask() { # the questions, after a fault of that name
    check "$1: every order's outcome is known" wait_until 60 quiet
    check "$1: the auditor finds no difference" wait_until 60 "$CERBERUS" audit
    check "$1: no client order id was used twice" [ "$(doubled)" = 0 ]
    check "$1: every order at the exchange is explained" wait_until 20 explained
    check "$1: nothing that was denied exists" denied
}

# What stops new risk on purpose, and two operators who have looked into it.
STOPS=refuse_403,refuse_451,refuse_key
is_stopped() { [ "$(admin_sql "SELECT coalesce(max(level), 0) FROM execution.kill WHERE source = 'execution'")" = 1 ]; }
lower() {
    local id
    id=$("$CERBERUS" unkill --reason "looked into" --as operator --scope global | jq -r .request) &&
        "$CERBERUS" unkill --approve "$id" --as risk_officer >/dev/null
}
is_free() { [ "$(admin_sql "SELECT coalesce(max(level), 0) FROM execution.kill WHERE source = 'execution'")" = 0 ]; }
resume() { is_free || { lower && wait_until 5 is_free; }; }

check "make up returns when all is healthy" stack_up
check "orders are filled" wait_until 120 fills_reach 1
while read -r name seconds rule <&3; do
    case ,$FAULTS, in *,all,* | *,"$name",*) ;; *) continue ;; esac
    before=$(hits)
    check "$name: the rule is taken" begin "$rule"
    check "$name: it is met" wait_until 90 is_hit "$before"
    sleep "$seconds" # the fault's own time; nothing is asserted about it
    check "$name: it is ended" end
    case ,$STOPS, in *,"$name",*) check "$name: new risk stops at once" wait_until 5 is_stopped ;; esac
    check "$name: all services are healthy" wait_until 60 healthy
    ask "$name"
    check "$name: what it stopped goes on" wait_until 20 resume
done 3< <(list)

case ,$FAULTS, in *,all,*)
    check "a plan by seed is taken" plan \
        "seed=${FAULT_SEED:-1}&intensity=2&for_ms=1800000&only=F1,F2,F3,F4,F5,F6,F8,F9,F14,F17"
    plan_over() { control GET /control/faults | jq -e '.plan.is_over'; }
    check "it ends" wait_until 120 plan_over
    ask "plan"
    ;;
esac
[ "$TAP_BAD" -eq 0 ] || stack_logs
finish
