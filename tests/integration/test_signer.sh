#!/bin/bash
# The signer as a process, against the simulated exchange: what it keeps, signs and refuses; what it is after
# a restart, a rotation, a kill in the middle of a write; and that nobody gets a secret out of it.
cd "$(dirname "$0")/../.."
. tests/tap.sh
BIN=${CERBERUS_BIN_DIR:-$PWD/bin}
WORK=$(mktemp -d /tmp/cerberus-signer-XXXXXX)
PIDS=()
end() { kill -9 "${PIDS[@]}" 2>/dev/null; wait 2>/dev/null; [ "${KEEP:-}" = 1 ] || rm -rf "$WORK"; }
trap end EXIT
umask 077
SIGN=$WORK/sign.sock ADMIN=$WORK/admin.sock
MAIN_SECRET=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
printf admin-token >"$WORK/token"
printf main-key >"$WORK/key"
printf '%s' "$MAIN_SECRET" >"$WORK/secret"
head -c 32 /dev/urandom >"$WORK/kek"
free() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }
SIM_PORT=$(free) SIM_HTTP=$(free) SIGNER_HTTP=$(free)
{
    echo "trade-key-0001 trade-secret read+trade"
    echo "read-key-00002 read-secret read"
    echo "cancel-key-003 cancel-secret read+trade"
    echo "rich-key-00004 rich-secret read+trade+withdraw"
    echo "move-key-00005 move-secret read+trade+transfer"
    echo "margin-key-006 margin-secret read+trade+margin"
    echo "open-key-00007 open-secret read+trade+anywhere"
} >"$WORK/keys.txt"

wait_until() { local end=$((SECONDS + $1)); shift; while ! "$@" >/dev/null 2>&1; do [ $SECONDS -lt $end ] || return 1; sleep 0.05; done; }
ready() { curl -fsS --max-time 2 "http://127.0.0.1:$1/readyz"; }
"$BIN/cerberus-simulator" --nats.url= --market.port="$SIM_PORT" --http.port="$SIM_HTTP" --api.key="$WORK/key" \
    --api.secret="$WORK/secret" --api.keys="$WORK/keys.txt" --admin.token="$WORK/token" >"$WORK/simulator.log" 2>&1 &
PIDS+=($!)
check "the exchange starts" wait_until 20 ready "$SIM_HTTP"

# start_signer OPTION… : waits until it listens
SIGNER=0
start_signer() {
    "$BIN/cerberus-signer" --nats.url= --http.port="$SIGNER_HTTP" --signer.socket="$SIGN" --signer.admin_socket="$ADMIN" \
        --signer.kek="$WORK/kek" --signer.keys="$WORK/keys" --venue.rest_url="http://127.0.0.1:$SIM_PORT" \
        --signer.timestamp_skew=0s "$@" >>"$WORK/signer.log" 2>&1 &
    SIGNER=$!
    PIDS+=("$SIGNER")
    wait_until 10 [ -S "$ADMIN" ] && wait_until 10 key list
}
end_signer() { { kill "-${1:-9}" "$SIGNER"; wait "$SIGNER"; } 2>/dev/null; rm -f "$SIGN" "$ADMIN"; }
restart_signer() { end_signer 9; start_signer "$@"; }
key() { "$BIN/cerberus" key "$1" --socket "$ADMIN" "${@:2}"; }
add() { printf '%s\n%s\n' "$2" "$3" | key add --account main --purpose "$1"; }
ask() { python3 tests/integration/signer_client.py "$@"; }
says() { local wanted=$1; shift; "$@" 2>&1 | tee "$WORK/said" | grep -qE -- "$wanted"; }
refused_start() { # wanted text, option…
    local wanted=$1; shift
    "$BIN/cerberus-signer" --nats.url= --http.port=0 --signer.socket="$WORK/x.sock" --signer.admin_socket="$WORK/y.sock" \
        --signer.kek="$WORK/kek" --signer.keys="$WORK/keys" --venue.rest_url=http://127.0.0.1:1 "$@" >"$WORK/said" 2>&1
    [ $? -ne 0 ] && grep -q -- "$wanted" "$WORK/said"
}
ORDER="symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&newClientOrderId=a-1&recvWindow=3000&timestamp=1700000000000"
CANCEL="symbol=BTCUSDT&orderId=7&recvWindow=3000&timestamp=1700000000000"
WITHDRAW="coin=USDT&address=0x1&amount=1&recvWindow=3000&timestamp=1700000000000"
DEAD=--venue.rest_url=http://127.0.0.1:1
hmac() { printf %s "$2" | openssl dgst -sha256 -hmac "$1" -hex | sed 's/.* //'; }

# ---- the key-encryption key and its mode ----
for mode in 644 640 660 604; do
    chmod "$mode" "$WORK/kek"
    check "a KEK of mode $mode is refused" refused_start "another mode"
done
chmod 600 "$WORK/kek"
head -c 31 /dev/urandom >"$WORK/short"; head -c 33 /dev/urandom >"$WORK/long"; ln -s "$WORK/kek" "$WORK/link"
check "a KEK of 31 bytes is refused" refused_start "exactly 32 bytes" --signer.kek="$WORK/short"
check "a KEK of 33 bytes is refused" refused_start "exactly 32 bytes" --signer.kek="$WORK/long"
check "a link to a KEK is not followed" refused_start "$WORK/link" --signer.kek="$WORK/link"
check "a missing KEK is refused" refused_start "$WORK/none" --signer.kek="$WORK/none"

# ---- the process ----
check "it starts without keys" start_signer
check "both sockets are closed to others" [ "$(stat -c %a "$SIGN" "$ADMIN" | sort -u)" = 600 ]
check "it leaves no core" grep -qE 'Max core file size +0 +0' "/proc/$SIGNER/limits"
check "it gains no rights by exec" grep -q '^NoNewPrivs:.1' "/proc/$SIGNER/status"
locked() { [ "$(awk '/^VmLck/ {print $2}' "/proc/$SIGNER/status")" -gt 0 ]; }
check "it locks memory" locked
# The files of a process that may not be dumped belong to root, whoever runs it: shown by another user where we
# are root ourselves.
owner_of_environ() { [ "$(stat -c %u "/proc/$1/environ")" = 0 ]; }
if [ "$(id -u)" -eq 0 ]; then
    chmod 755 "$WORK"
    install -m 755 "$BIN/cerberus-signer" "$BIN/cerberus" "$WORK"
    install -d -m 700 -o 65534 -g 65534 "$WORK/nobody"
    install -m 600 -o 65534 -g 65534 "$WORK/kek" "$WORK/nobody/kek"
    nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups) # becomes what it runs: $! is its pid
    "${nobody[@]}" "$WORK/cerberus-signer" --nats.url= --http.port=0 --signer.socket="$WORK/nobody/s" --signer.admin_socket="$WORK/nobody/a" \
        --signer.kek="$WORK/nobody/kek" --signer.keys="$WORK/nobody/keys" --venue.rest_url=http://127.0.0.1:1 >"$WORK/nobody.log" 2>&1 &
    NOBODY=$!
    PIDS+=("$NOBODY")
    check "it runs for an unprivileged user" wait_until 10 [ -S "$WORK/nobody/a" ]
    check "... and cannot be dumped" owner_of_environ "$NOBODY"
    "${nobody[@]}" sleep 60 &
    SLEEPER=$!
    PIDS+=("$SLEEPER")
    is_sleeping() { grep -q '^sleep' "/proc/$SLEEPER/comm"; }
    wait_until 5 is_sleeping
    refute "... as others of that user can" owner_of_environ "$SLEEPER"
    reads_memory() { "${nobody[@]}" head -c 0 "/proc/$1/mem" 2>/dev/null; }
    refute "its own user cannot read its memory" reads_memory "$NOBODY"
    # Some systems forbid even that.
    [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" != 0 ] ||
        check "... as it can of others" reads_memory "$SLEEPER"
    kill "$NOBODY" "$SLEEPER"
    chmod 700 "$WORK"
else
    check "it cannot be dumped" owner_of_environ "$SIGNER"
fi

# ---- adding ----
check "a key for trading is kept" says 'version 1' add trade trade-key-0001 trade-secret
check "a key for canceling is kept" says 'version 2' add cancel cancel-key-003 cancel-secret
check "a key for reading is kept" says 'version 3' add read read-key-00002 read-secret
check "a key that may withdraw is refused, and why" says 'may withdraw' add trade rich-key-00004 rich-secret
check "a key that may transfer is refused, and why" says 'may transfer' add trade move-key-00005 move-secret
check "a key that may more than trade spot is refused, and why" says 'enableMargin' add trade margin-key-006 margin-secret
check "a key without an address list is refused, and why" says 'any address' add trade open-key-00007 open-secret
check "a key whose secret is wrong is refused" says 'Signature' add trade trade-key-0001 wrong-secret
check "a key that the venue does not know is refused" says 'refuses the key' add trade unknown-key-0 trade-secret
check "a trading key is refused for reading" says 'must not be able to trade' add read trade-key-0001 trade-secret
check "a reading key is refused for trading" says 'may not trade' add trade read-key-00002 read-secret
check "of another venue nothing is kept" says 'not of this signer' key add --account main --venue kraken --purpose trade < <(printf 'a\nb\n')
check "a secret on the command line is refused" says 'never stands on the command line' key add --account main --purpose trade hidden-word
refute "... and not repeated" grep -q hidden-word "$WORK/said"
three() { [ "$(key list -o json | jq length)" -eq 3 ]; }
check "what was refused is not there" three
check "list shows four characters" says '\.\.\.0001' key list
refute "... and not more" grep -qE 'trade-key|secret' "$WORK/said"

# ---- signing ----
check "an order is signed as the venue wants it" [ "$(ask "$SIGN" sign payload="$ORDER")" = "ok trade-key-0001 $(hmac trade-secret "$ORDER")" ]
check "the other key signs with its own secret" [ "$(ask "$SIGN" sign purpose=3 payload="$CANCEL")" = "ok cancel-key-003 $(hmac cancel-secret "$CANCEL")" ]
check "the key for canceling signs no order" says '^refused' ask "$SIGN" sign purpose=3 payload="$ORDER"
check "the key for reading signs no order" says '^refused' ask "$SIGN" sign purpose=2 payload="$ORDER"
for purpose in 1 2 3; do check "no withdrawal is signed for purpose $purpose" says '^refused' ask "$SIGN" sign purpose=$purpose payload="$WITHDRAW"; done
check "an order with one parameter more is not signed" says '^refused' ask "$SIGN" sign payload="$ORDER&sideEffectType=MARGIN_BUY"
check "another account has no key" says '^no_key' ask "$SIGN" sign account=other payload="$ORDER"
for op in add list remove rotate; do check "$op is denied at the services' socket" says '^denied' ask "$SIGN" $op key=a secret=b; done
check "signing is denied at the administrators' socket" says '^denied' ask "$ADMIN" sign payload="$ORDER"
outsider() { ! setpriv --reuid 65534 --regid 65534 --clear-groups "$WORK/cerberus" key list --socket "$1" >/dev/null 2>&1; }
if [ "$(id -u)" -eq 0 ]; then
    chmod 755 "$WORK"
    check "another user does not get in" outsider "$SIGN"
    chmod 666 "$SIGN" "$ADMIN"
    check "... even when the file would let it" outsider "$SIGN"
    check "... nor at the administrators' socket" outsider "$ADMIN"
    chmod 700 "$WORK"
    check "... and it is said in the log" grep -q 'event=peer_denied' "$WORK/signer.log"
fi

# ---- garbage ----
check "300 malformed frames end their connections" [ "$(ask "$SIGN" garbage 1)" = 300 ]
check "... at the other socket too" [ "$(ask "$ADMIN" garbage 2)" = 300 ]
check "... and the signer goes on" says '^ok' ask "$SIGN" sign payload="$ORDER"

# ---- restart, rotation ----
check "killed with -9 it comes back with all keys" restart_signer
check "... and signs as before" says "$(hmac trade-secret "$ORDER")" ask "$SIGN" sign payload="$ORDER"
cp "$WORK/kek" "$WORK/old-kek"
check "the KEK is rotated" says 'new KEK' key rotate
refute "... the file holds another one" cmp -s "$WORK/kek" "$WORK/old-kek"
check "... the keys sign as before" says "$(hmac trade-secret "$ORDER")" ask "$SIGN" sign payload="$ORDER"
check "... and after a restart" restart_signer
check "... too" says "$(hmac trade-secret "$ORDER")" ask "$SIGN" sign payload="$ORDER"
check "with the old KEK nothing opens" refused_start 'another KEK' --signer.kek="$WORK/old-kek"

# ---- killed while it writes ----
ends() { ! wait "$SIGNER" 2>/dev/null && ! kill -0 "$SIGNER" 2>/dev/null; }
for point in mid_write before_rename after_rename; do
    before=$(key list | wc -l)
    # Without the venue there are no verdicts to write: the removal is the only write.
    restart_signer --failpoints="signer.$point=kill" "$DEAD" >/dev/null
    key remove --account main --purpose read >/dev/null 2>&1
    check "killed at $point" ends
    rm -f "$SIGN" "$ADMIN"
    check "... it starts again" start_signer
    whole() { local now; now=$(key list | wc -l); [ "$now" -eq "$before" ] || [ "$now" -eq $((before - 1)) ]; }
    check "... with the keys of before or after" whole
    check "... that sign" says "$(hmac trade-secret "$ORDER")" ask "$SIGN" sign payload="$ORDER"
    add read read-key-00002 read-secret >/dev/null 2>&1
done
# The key file is the first that is renamed, the KEK the second.
restart_signer --failpoints="signer.after_rename=kill@1" "$DEAD" >/dev/null
cp "$WORK/kek" "$WORK/old-kek"
key rotate >/dev/null 2>&1
check "killed in a rotation, between key file and KEK" ends
check "... the KEK is still the old one" cmp -s "$WORK/kek" "$WORK/old-kek"
rm -f "$SIGN" "$ADMIN"
check "... it finds the pair that fits" start_signer
refute "... and has put the new KEK in its place" cmp -s "$WORK/kek" "$WORK/old-kek"
check "... and signs" says "$(hmac trade-secret "$ORDER")" ask "$SIGN" sign payload="$ORDER"
restart_signer --failpoints="signer.mid_write=error@1+" "$DEAD" >/dev/null
check "on a full disk a removal fails" says '^cerberus key: failed' key remove --account main --purpose cancel
check "... and has changed nothing" says "$(hmac cancel-secret "$CANCEL")" ask "$SIGN" sign purpose=3 payload="$CANCEL"

# ---- bounds ----
restart_signer --signer.orders_per_minute=5 >/dev/null
check "five orders a minute are five" says '^ok' ask "$SIGN" sign payload="$ORDER" times=5
check "... the sixth is refused" says '^limited' ask "$SIGN" sign payload="$ORDER"
check "... a cancel is not" says '^ok' ask "$SIGN" sign payload="$CANCEL"
check "... nor is another key" says '^ok' ask "$SIGN" sign purpose=3 payload="$CANCEL"
restart_signer --signer.timestamp_skew=10s >/dev/null
check "a request of another time is refused" says 'not of now' ask "$SIGN" sign payload="$ORDER"
now() { echo "${ORDER%=*}=$(($(date +%s%3N) + $1))"; }
check "... of a minute ahead too" says 'not of now' ask "$SIGN" sign payload="$(now 60000)"
check "... of now it is not" says '^ok' ask "$SIGN" sign payload="$(now 0)"

# ---- the venue is asked again ----
rights() { curl -fsS -o /dev/null -H "Authorization: Bearer admin-token" --data-urlencode "key=trade-key-0001" --data-urlencode "rights=$1" "http://127.0.0.1:$SIM_PORT/sim/keys"; }
check "the key's owner lets it withdraw" rights read+trade+withdraw
end_signer 9
check "the next start" start_signer --signer.recheck=1s
disabled() { ask "$SIGN" sign payload="$ORDER" | grep -q '^disabled.*may withdraw'; }
check "... disables it" wait_until 10 disabled
check "... is not ready" says 'may withdraw' curl -sS "http://127.0.0.1:$SIGNER_HTTP/readyz"
check "... and leaves the others alone" says '^ok' ask "$SIGN" sign purpose=3 payload="$CANCEL"
check "it stays disabled after a restart, before the venue is asked" restart_signer "$DEAD"
check "... as the file says" disabled
end_signer TERM
rights read+trade
start_signer --signer.recheck=1s >/dev/null
enabled() { ask "$SIGN" sign payload="$ORDER" | grep -q '^ok'; }
check "with the right withdrawn it signs again" wait_until 10 enabled
check "a key can be removed" key remove --account main --purpose trade
check "... and signs no more" says '^no_key' ask "$SIGN" sign payload="$ORDER"
check "SIGTERM ends it" end_signer TERM

# ---- nothing came out ----
for file in keys signer.log; do
    for secret in trade-secret cancel-secret read-secret rich-secret trade-key; do
        refute "$file does not hold $secret" grep -aq "$secret" "$WORK/$file"
    done
done
chmod 644 "$WORK/keys"
check "a key file that others may read is refused" refused_start "another mode"
chmod 600 "$WORK/keys"
truncate -s 100 "$WORK/keys"
check "a cut key file is refused, never replaced" refused_start 'no key file\|damaged\|another size'
check "... it is still as it was" [ "$(stat -c %s "$WORK/keys")" = 100 ]
finish
