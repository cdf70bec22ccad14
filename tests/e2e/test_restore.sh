#!/bin/bash
# The database set back to a backup while trading went on: execution notices by what stands outside of it, takes no new
# risk until two persons have lowered the level, ids go on behind those that were forgotten, and what the exchange still
# has open is found. The same with a backup from before a restart only, in which no order is missing.
cd "$(dirname "$0")/../.."
. tests/e2e/stack.sh
export SPEED=${SPEED:-60} AGENTS=3 GUARDIAN=0
export EXTRA_RISK="unkill.cooldown = 0s"
PARTS=(collector validator signals risk execution portfolio audit gateway)

s6() { s6-svc "$1" "$CERBERUS_RUN_DIR/s6/$2"; }
# Crash-only: there is nothing that a polite end would do better.
services_down() { local it; for it in "${PARTS[@]}"; do s6 -d "$it"; s6 -k "$it"; done; for it in "${PARTS[@]}"; do s6-svwait -D -t 20000 "$CERBERUS_RUN_DIR/s6/$it" || return 1; done; }
services_up() { local it; for it in "${PARTS[@]}"; do s6 -u "$it"; done; }
postgres() { local wanted=-u; [ "$1" = u ] || wanted=-D; s6 "-$1" postgres && s6-svwait $wanted -t 20000 "$CERBERUS_RUN_DIR/s6/postgres"; }
answers() { [ "$(admin_sql "SELECT 1")" = 1 ]; }
data=$CERBERUS_RUN_DIR/pg/data
backup() { services_down && postgres d && cp -a "$data" "$data.backup" && postgres u && wait_until 30 answers && services_up; }
restore() { services_down && postgres d && rm -rf "$data" && cp -a "$data.backup" "$data" && postgres u && wait_until 30 answers && services_up; }
claims() { admin_sql "SELECT count(*) FROM execution.orders WHERE claim_nonce IS NOT NULL"; }
claims_reach() { [ "$(claims)" -ge "$1" ]; }
epoch() { admin_sql "SELECT max(epoch) FROM $1.epoch"; }
level() { admin_sql "SELECT coalesce(max(level), 0) FROM execution.kill WHERE source = 'execution' AND reason LIKE '%set back%'"; }
is_at() { [ "$(level)" = "$1" ]; }
noticed() { grep -q "event=database_set_back" "$CERBERUS_RUN_DIR/log/$1.log"; }

check "make up starts" stack_up
check "orders are sent" wait_until 120 claims_reach 2
check "a backup is made" backup
refute "a restart alone is no news" noticed execution
before=$(claims)
check "trading goes on" wait_until 120 claims_reach $((before + 2))
newest=$(epoch signals)
check "the backup is put back" restore
check "execution notices" wait_until 60 noticed execution
check "and takes no new risk" wait_until 30 is_at 1
check "the reason is shown" grep -q "set back" <("$CERBERUS" status)
forgotten=$(($(epoch signals) - newest))
check "epochs go on behind the newest that ever was" [ "$forgotten" -ge 1 ]
check "for every service" noticed risk
entries() { admin_sql "SELECT count(*) FROM execution.orders WHERE claim_nonce IS NOT NULL AND NOT reduce_only"; }
count=$(entries)
sleep 3
check "no entry leaves" [ "$(entries)" = "$count" ]
lower() {
    local id
    id=$("$CERBERUS" unkill --reason "looked into" --as operator --scope account=main | jq -r .request) &&
        "$CERBERUS" unkill --approve "$id" --as risk_officer >/dev/null
}
check "two persons lower it" wait_until 20 lower
check "it is lowered" wait_until 20 is_at 0
# Audit goes on, or refuses the database: a signed head may name a record that the backup does not have.
noted() {
    [ "$(admin_sql "SELECT count(*) FROM audit.record WHERE kind = 'operator'")" -ge 2 ] ||
        grep -q "signed another record" "$CERBERUS_RUN_DIR/log/audit.log"
}
check "what they did is in the audit chain, or audit says that the database is behind its heads" wait_until 20 noted
refute "no id was used for two notes" grep -q "duplicate key" "$CERBERUS_RUN_DIR/log/audit.log"
check "trading goes on" wait_until 120 claims_reach $((count + 1))
check "a restart says nothing new" kill_service execution
refound() { [ "$(grep -c "event=database_set_back" "$CERBERUS_RUN_DIR/log/execution.log")" -gt 2 ]; }
sleep 2
refute "the mark is not held against it again" refound
check "no two orders share a client order id" [ "$(admin_sql "SELECT count(*) FROM (SELECT client_order_id FROM execution.orders GROUP BY 1 HAVING count(*) > 1) d")" = 0 ]
once_each() {
    curl -fsS --max-time 10 -H "Authorization: Bearer $(cat "$(endpoint simulator.admin_token_file)")" "$(endpoint simulator.control)/sim/audit" |
        jq -e '[.accounts[].orders[].clientOrderId] | length > 0 and length == (unique | length)' >/dev/null
}
check "nor at the exchange, which remembers what was forgotten here" once_each
finish
