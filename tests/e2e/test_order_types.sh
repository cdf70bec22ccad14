#!/bin/bash
# Each type of order, placed from the command line into a running system and followed to its end:
# natively at the venue and held by execution, with execution killed in between. At the end nothing is
# over-closed and the auditor finds no difference.
cd "$(dirname "$0")/../.."
. tests/e2e/stack.sh
# The strategies stay quiet: every order here is asked for by hand.
export SPEED=${SPEED:-20} AGENTS=3 EXTRA_SIGNALS='decision.threshold = 1
decision.exit_threshold = 1'

check "make up returns when all is healthy" stack_up
check "six services are healthy" wait_until 30 all_healthy
rest=$(endpoint simulator.rest)
bid() { curl -fsS --max-time 3 "$rest/api/v3/ticker/bookTicker?symbol=BTCUSDT" | jq -r .bidPrice; }
at() { awk -v p="$(bid)" -v k="$1" 'BEGIN { printf "%.2f", p * k }'; }
place() { "$CERBERUS" order place BTC/USDT "$@" 2>>"$STACK/orders.err" | jq -r .id; }
# field ID FIELD: of the order with that intent id
field() { "$CERBERUS" orders --id "$1" -o json | jq -r --arg id "$1" ".rows[] | select(.intent_id == \$id) | .$2"; }
is() { [ "$(field "$1" state)" = "$2" ]; }
# members GROUP ROLE STATE: how many orders of a group have that role and state
members() { "$CERBERUS" orders --id "$1" --limit 50 -o json | jq "[.rows[] | select(.role == \"$2\" and .state == \"$3\")] | length"; }
some() { [ "$(members "$@")" -ge 1 ]; }
refused() { ! "$CERBERUS" order place BTC/USDT "$@" >/dev/null 2>"$STACK/refusal" && grep -q "$want" "$STACK/refusal"; }
bought() { place buy "$1" --sl "$(at 0.97)" --trigger quote; }
traded() { # marks, balances and a price must be known before anything is granted
    id=$(place buy 0.01)
    [ -n "$id" ] && wait_until 5 is "$id" filled
}
check "a market order is filled" wait_until 60 traded
held=$(field "$id" cum_qty)
check "all of it" [ "$held" = 0.01 ]

echo "# --- plain types"
id=$(place buy 0.002 --limit "$(at 0.985)")
check "a limit rests" wait_until 10 is "$id" open
check "it is amended to less" "$CERBERUS" order amend "$id" --qty 0.001
amended() { [ "$(field "$id" qty)" = 0.001 ] && is "$id" open; }
check "at the venue, in its place" wait_until 10 amended
next=$("$CERBERUS" order amend "$id" --limit "$(at 0.986)" | jq -r .id)
check "another price is another order, after the first has ended" wait_until 15 is "$next" open
check "the first is canceled" is "$id" canceled
check "a cancel is accepted" "$CERBERUS" order cancel "$next"
check "and proven" wait_until 10 is "$next" canceled
id=$(place buy 0.001 --limit "$(at 0.985)" --post-only --timeout 5s)
check "a post-only order ends at its time-out" wait_until 20 is "$id" canceled
id=$(place buy 0.001 --limit "$(at 1.002)" --tif ioc)
check "an IOC takes what is there" wait_until 10 is "$id" filled
id=$(place buy 0.001 --limit "$(at 0.99)" --tif fok)
check "an FOK that cannot be filled expires" wait_until 10 is "$id" expired
id=$(place buy 0.001 --max-slippage 0.01)
check "a bounded market order is filled" wait_until 10 is "$id" filled

echo "# --- refusals name the field"
want='tif does not fit'
check "a market order has no time in force" refused buy 0.001 --tif ioc
want='stop_loss lies on the wrong side'
check "a stop lies below what it protects" refused buy 0.001 --sl "$(at 1.05)"
want='trailing_bips must be'
check "a trailing distance has bounds" refused sell 0.001 --trail 5

echo "# --- waiting orders: at the venue, and held here"
native=$(place sell 0.001 --stop "$(at 0.9)")
quoted=$(place sell 0.001 --stop "$(at 0.9)" --trigger quote)
check "the venue waits for the one" wait_until 10 is "$native" open
check "execution for the other" is "$quoted" ready
check "which says so" [ "$(field "$quoted" is_held)" = true ]
take=$(place sell 0.001 --take "$(at 1.0002)" --trigger quote)
check "a take-profit held here is triggered and filled" wait_until 60 is "$take" filled
trail=$(place sell 0.001 --trail 10 --trigger quote)
check "a trailing stop held here is triggered and filled" wait_until 90 is "$trail" filled
trail=$(place sell 0.001 --trail 10)
check "a trailing stop at the venue is triggered and filled" wait_until 90 is "$trail" filled

echo "# --- groups"
oco=$(place sell 0.001 --oco --tp "$(at 1.05)" --sl "$(at 0.9)")
check "an OCO stands at the venue, both legs" wait_until 10 some "$oco" stop open
check "as one list" is "$oco" open
held=$(place buy 0.001 --tp "$(at 1.05)" --sl "$(at 0.9)" --trigger quote)
check "a bracket's take-profit rests at the venue" wait_until 10 some "$held" take_profit open
check "its stop waits here" some "$held" stop ready
native_bracket=$(place buy 0.001 --tp "$(at 1.05)" --sl "$(at 0.9)")
check "another bracket's stop waits at the venue" wait_until 10 some "$native_bracket" stop open

check "execution is killed" kill_service execution
check "execution comes back" wait_until 60 all_healthy
check "it still holds its stop" wait_until 15 is "$quoted" ready
check "and the group's" wait_until 15 some "$held" stop ready
check "the bracket is closed by command" "$CERBERUS" order exit "$held"
check "its stop sells" wait_until 20 some "$held" stop filled
check "its take-profit was canceled before" some "$held" take_profit canceled
check "the native bracket is closed too" "$CERBERUS" order exit "$native_bracket"
check "by an order that follows its list" wait_until 20 some "$native_bracket" stop filled
check "an OCO is canceled whole" "$CERBERUS" order cancel "$oco"
check "both legs" wait_until 10 some "$oco" stop canceled
tight=$(place buy 0.001 --tp "$(at 1.0006)" --sl "$(at 0.9994)" --trigger quote)
closed() { some "$tight" stop filled || some "$tight" take_profit filled; }
check "a tight bracket closes itself" wait_until 90 closed
once() { [ "$(("$(members "$tight" stop filled)" + "$(members "$tight" take_profit filled)"))" = 1 ]; }
check "once" once
check "execution is killed once more" kill_service execution
check "and comes back" wait_until 60 all_healthy

echo "# --- the same request is the same order"
price=$(at 0.985)
first=$(place buy 0.001 --limit "$price" --key same-key)
second=$(place buy 0.001 --limit "$price" --key same-key)
check "the same key and body is the same order" [ "$first" = "$second" ]
want='another request'
check "another body is refused" refused buy 0.002 --limit "$price" --key same-key
for id in "$first" "$native" "$quoted"; do "$CERBERUS" order cancel "$id" >/dev/null; done
check "what waits here is canceled" wait_until 10 is "$quoted" not_sent
check "what waits at the venue is canceled" wait_until 10 is "$native" canceled

tells() { "$CERBERUS" explain "$held" -o json | jq -e '[.rows[].kind] | (index("request") and index("child") and index("command") and index("fill"))'; }
check "explain tells the bracket's whole story" tells
check "the auditor finds no difference" wait_until 60 "$CERBERUS" audit
over=$(admin_sql "SELECT count(*) FROM execution.orders p JOIN (SELECT group_id, sum(cum_qty_e8) AS closed
    FROM execution.orders WHERE leg > 0 AND group_id <> intent_id GROUP BY 1) c ON c.group_id = p.intent_id
    WHERE p.role = 'parent' AND c.closed > p.cum_qty_e8")
check "no group closed more than it held" [ "$over" = 0 ]
doubled=$(admin_sql "SELECT count(*) FROM (SELECT client_order_id FROM execution.orders GROUP BY 1 HAVING count(*) > 1) d")
check "no client order id was used twice" [ "$doubled" = 0 ]
check "make stop ends" stack_stop
[ "$TAP_BAD" -eq 0 ] || { cat "$STACK/orders.err"; stack_logs; }
finish
