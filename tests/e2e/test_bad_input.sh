#!/bin/bash
# What a program is told wrongly at its start: each is refused with its own exit code and a text that names what
# is wrong and where, and nothing is left behind. What goes wrong later is in test_bad_input_running.sh.
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/e2e/bad_input/refuse.sh

BIN=${CERBERUS_BIN_DIR:-$PWD/bin}
WORK=$(mktemp -d /tmp/cerberus-bad-XXXXXX)
HOLDER=
SIMULATOR=
end() {
    [ -z "$HOLDER" ] || kill "$HOLDER" 2>/dev/null
    [ -z "$SIMULATOR" ] || kill -9 "$SIMULATOR" 2>/dev/null
    [ "${KEEP:-}" = 1 ] || rm -rf "$WORK"
}
trap end EXIT
export CERBERUS_ENDPOINTS=$WORK/no-such-endpoints.json

CONFIG=64 UNAVAILABLE=69
OPENING='64|69|70' # what a service finds wrong after its configuration was read
SERVICES=(collector validator signals risk execution portfolio gateway simulator signer)

for name in key secret token permit; do random_file "$WORK/$name"; done
NOWHERE="host=$WORK/no-socket dbname=cerberus user=nobody"
DEAD_PORT=$(free_port)

cp deploy/local/caps.conf "$WORK/caps.conf"
"$BIN/cerberus" caps keygen --secret "$WORK/caps_key" --public "$WORK/caps_key.pub" >/dev/null
"$BIN/cerberus" caps sign "$WORK/caps.conf" --secret "$WORK/caps_key" >/dev/null

# A configuration with which SERVICE would start if only its servers were there.
good_conf() {
    cat <<CONF
nats.url = nats://127.0.0.1:$DEAD_PORT
nats.password_file = $WORK/secret
http.port = 0
start.timeout = 2s
CONF
    case $1 in
    simulator) echo "api.key = $WORK/key
api.secret = $WORK/secret
admin.token = $WORK/token" ;;
    gateway) echo "gateway.token = $WORK/gateway_token
gateway.port = 0" ;;
    signer) echo "signer.socket = $WORK/sign.sock
signer.admin_socket = $WORK/admin.sock
signer.kek = $WORK/kek
signer.keys = $WORK/keys
venue.rest_url = http://127.0.0.1:$DEAD_PORT" ;;
    *) echo "pg.dsn = $NOWHERE" ;;
    esac
    case $1 in
    risk) echo "permit.key = $WORK/permit" ;;
    execution) echo "permit.key = $WORK/permit
venue.rest_url = http://127.0.0.1:$DEAD_PORT
venue.ws_api_url = ws://127.0.0.1:$DEAD_PORT/ws-api/v3
kill.page = $WORK/kill.page
signer.socket = $WORK/sign.sock
caps.file = $WORK/caps.conf
caps.keys = $WORK/caps_key.pub" ;;
    esac
}
conf() { # SERVICE, extra line… : writes $WORK/SERVICE.conf; the extra lines come last
    local service=$1
    shift
    { good_conf "$service"; [ $# -eq 0 ] || printf '%s\n' "$@"; } >"$WORK/$service.conf"
}
lines() { wc -l <"$WORK/$1.conf"; }
without() { # SERVICE KEY: the same without one key
    conf "$1"
    sed -i "/^$2 = /d" "$WORK/$1.conf"
}

# ---- every program: the table of fields is its own, the refusals are the runtime's ----
for service in "${SERVICES[@]}"; do
    program=$BIN/cerberus-$service
    file=$WORK/$service.conf
    conf "$service"
    refuses "$service: a good configuration passes --check" 0 'configuration ok' -- "$program" --config="$file" --check
    conf "$service" 'no.such.key = 1'
    refuses "$service: unknown key in the file is named with its line" "$CONFIG" "$file:$(lines "$service"): unknown key \"no.such.key\"" \
        -- "$program" --config="$file"
    conf "$service"
    refuses "$service: unknown flag is named" "$CONFIG" 'flag: unknown key "--no.such.flag"' -- "$program" --config="$file" --no.such.flag=1
    conf "$service"
    sed -i 's/^http.port = .*/http.port = 65536/' "$file"
    refuses "$service: a value out of bounds is named with its place and its bounds" "$CONFIG" \
        "http.port \($file:3\): must be between 0 and 65535" -- "$program" --config="$file"
    conf "$service"
    sed -i "s|^nats.password_file = .*|nats.password_file = $WORK/no-such-secret|" "$file"
    refuses "$service: a missing secret file is named" "$CONFIG" \
        "nats.password_file \($file:2\): secret file $WORK/no-such-secret: No such file" -- "$program" --config="$file"
done
upper=$(tr a-z A-Z <<<risk)
conf risk
refuses "unknown environment variable of the service is named" "$CONFIG" "environment: unknown key \"CERBERUS_${upper}_NO_SUCH\"" \
    -- env "CERBERUS_${upper}_NO_SUCH=1" "$BIN/cerberus-risk" --config="$WORK/risk.conf"
refuses "a bad value in the environment is named with its variable" "$CONFIG" \
    'drain.timeout \(environment CERBERUS_DRAIN_TIMEOUT\)' -- env CERBERUS_DRAIN_TIMEOUT=7 "$BIN/cerberus-risk" --config="$WORK/risk.conf"
refuses "a bad value of a flag is named" "$CONFIG" 'log.level \(flag --log.level\): "loud" is not one of debug' \
    -- "$BIN/cerberus-risk" --config="$WORK/risk.conf" --log.level=loud
refuses "a flag without a value is named" "$CONFIG" 'write --log.level=VALUE' -- "$BIN/cerberus-risk" --config="$WORK/risk.conf" --log.level
refuses "a word that is no flag is named" "$CONFIG" 'argument "fast" is not a flag' -- "$BIN/cerberus-risk" --config="$WORK/risk.conf" fast
refuses "a missing configuration file is named" "$CONFIG" "$WORK/none.conf: No such file" -- "$BIN/cerberus-risk" --config="$WORK/none.conf"
conf risk 'log.level = info' 'log.level = warn'
refuses "a key set twice is named with both lines" "$CONFIG" "$WORK/risk.conf:8: \"log.level\" was already set in line 7" \
    -- "$BIN/cerberus-risk" --config="$WORK/risk.conf"
conf risk 'this is no setting'
refuses "a line of no form is named" "$CONFIG" "$WORK/risk.conf:7: not of the form key = value" -- "$BIN/cerberus-risk" --config="$WORK/risk.conf"
conf risk
sed -i "s/^pg.dsn = .*/pg.dsn = host=x password=hunter2/" "$WORK/risk.conf"
refuses "a password in the connection text is refused" "$CONFIG" 'pg.dsn holds a password' -- "$BIN/cerberus-risk" --config="$WORK/risk.conf"
refute "... and is not repeated" said hunter2
conf risk
cp "$WORK/permit" "$WORK/open-permit"
chmod 644 "$WORK/open-permit"
sed -i "s|^permit.key = .*|permit.key = $WORK/open-permit|" "$WORK/risk.conf"
refuses "a secret that others may read is refused" "$CONFIG" "permit.key .*$WORK/open-permit may be read by others" -- "$BIN/cerberus-risk" --config="$WORK/risk.conf"
(umask 077 && : >"$WORK/empty-permit")
sed -i "s|^permit.key = .*|permit.key = $WORK/empty-permit|" "$WORK/risk.conf"
refuses "an empty secret is refused" "$CONFIG" "$WORK/empty-permit is empty" -- "$BIN/cerberus-risk" --config="$WORK/risk.conf"

# ---- what is required ----
required() {
    without "$1" "$2"
    refuses "$1: $2 is required, and how to set it is said" "$CONFIG" "$2 is required: set it in the file, as CERBERUS_[A-Z_]+ or as --$2=" \
        -- "$BIN/cerberus-$1" --config="$WORK/$1.conf"
}
for service in collector validator signals risk execution portfolio; do required "$service" pg.dsn; done
required risk permit.key
for key in permit.key venue.rest_url venue.ws_api_url signer.socket caps.file caps.keys; do required execution "$key"; done
for key in signer.socket signer.admin_socket signer.kek signer.keys venue.rest_url; do required signer "$key"; done
for key in api.key api.secret admin.token; do required simulator "$key"; done
required gateway gateway.token

# ---- secrets never come out ----
for service in risk execution simulator; do
    conf "$service"
    "$BIN/cerberus-$service" --config="$WORK/$service.conf" --print-config >"$WORK/said" 2>&1
    check "$service: --print-config shows where each value comes from" said '^http.port = 0  # file$'
    for secret in key secret token permit; do refute "$service: ... and not the $secret" said "$(cat "$WORK/$secret")"; done
done

# ---- servers that are not there: said, tried again, given up with exit code 69 ----
for service in collector validator signals risk execution portfolio; do
    conf "$service"
    refuses "$service: PostgreSQL down at the start" "$UNAVAILABLE" "event=postgresql_unavailable .*$WORK/no-socket" \
        'event=start_given_up .*waited_for=postgresql_unavailable.* seconds=2' -- "$BIN/cerberus-$service" --config="$WORK/$service.conf"
    check "$service: ... is tried again before it gives up" said 'event=postgresql_unavailable repeated=[2-9]'
done
conf gateway
refuses "gateway: NATS down at the start" "$UNAVAILABLE" "event=nats_unavailable .*127.0.0.1:$DEAD_PORT" \
    'event=start_given_up .*waited_for=nats_unavailable' -- "$BIN/cerberus-gateway" --config="$WORK/gateway.conf"
check "gateway: ... is tried again before it gives up" said 'event=nats_unavailable repeated=[2-9]'
conf simulator "market.port = $(free_port)"
refuses "simulator: NATS down at the start" "$UNAVAILABLE" "event=nats_unavailable .*127.0.0.1:$DEAD_PORT" -- "$BIN/cerberus-simulator" --config="$WORK/simulator.conf"

# ---- ports in use ----
HELD=$(free_port)
python3 -c 'import socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(600)' "$HELD" &
HOLDER=$!
for _ in $(seq 50); do (exec 3<>"/dev/tcp/127.0.0.1/$HELD") 2>/dev/null && break; sleep 0.1; done
for service in "${SERVICES[@]}"; do
    conf "$service"
    sed -i "s/^http.port = .*/http.port = $HELD/" "$WORK/$service.conf"
    refuses "$service: its port is in use" "$UNAVAILABLE" "http.address 127.0.0.1 port $HELD.*[Aa]ddress already in use" \
        -- "$BIN/cerberus-$service" --config="$WORK/$service.conf"
done

# ---- the simulator alone: market port, recordings ----
simulator_conf() {
    conf simulator "$@"
    sed -i 's/^nats.url = .*/nats.url =/; /^nats.password_file/d' "$WORK/simulator.conf"
}
simulator_refuses() { # NAME PATTERN… : with the configuration written before
    local name=$1
    shift
    LIMIT=20 refuses "$name" "$EXPECTED" "$@" -- "$BIN/cerberus-simulator" --config="$WORK/simulator.conf"
}
EXPECTED=$OPENING
simulator_conf "market.port = $HELD"
simulator_refuses "simulator: the market port is in use" "market.port.*$HELD.*in use|in use.*$HELD"

MARKET=$(free_port)
# replay NAME FILE PATTERN… : the recording is refused
replay_refused() {
    local name=$1 file=$2
    shift 2
    simulator_conf "market.port = $MARKET" "replay = $file:BTCUSDT" 'symbols = BTCUSDT'
    simulator_refuses "$name" "$@"
}
candles() { # minutes from START: count rows of a calm market
    local i
    echo open_time_ms,open,high,low,close,volume
    for i in $(seq 0 $(($1 - 1))); do echo "$((1641168000000 + i * 60000)),47000.10,47010.50,46990.00,47001.00,1.5"; done
}
spoil() { # LINE TEXT: a recording of 20 candles whose line is replaced
    candles 20 | awk -v line="$1" -v text="$2" 'NR == line { print text; next } { print }' >"$WORK/bad.csv"
}
spoil 7 '1641168300000,47000.10,47010.50,46990.00,oops,1.5'
at='bad\.csv:7: '
bad_rows=(
    "a word for a price|1641168300000,47000.10,47010.50,46990.00,oops,1.5|close 'oops'"
    "a missing column|1641168300000,47000.10,47010.50,46990.00,47001.00|5 columns where 6 or 8 are due"
    "a time of no market|17,47000.10,47010.50,46990.00,47001.00,1.5|time"
    "a time that goes backwards|1641168000000,47000.10,47010.50,46990.00,47001.00,1.5|time goes backwards"
    "a time twice|1641168240000,47000.10,47010.50,46990.00,47001.00,1.5|the same time twice"
    "a high below the open|1641168300000,47000.10,46999.00,46990.00,46995.00,1.5|high is below another price"
    "a low above the close|1641168300000,47000.10,47010.50,46990.00,46000.00,1.5|low is above another price"
    "a negative volume|1641168300000,47000.10,47010.50,46990.00,47001.00,-1|volume '-1'"
    "a price of more than 8 places|1641168300000,47000.123456789,47010.50,46990.00,47001.00,1.5|open '47000.123456789'"
    "a price that no integer holds|1641168300000,99999999999999999999,47010.50,46990.00,47001.00,1.5|open"
    "an empty line|"
    "binary rubbish|$(printf '\001\002\377\376')"
)
for row in "${bad_rows[@]}"; do
    IFS='|' read -r name text words <<<"$row"
    spoil 7 "$text"
    replay_refused "replay: $name is named with file and line" "$WORK/bad.csv" "$at.*${words:-.}"
done
spoil 7 '1641168300000,47000.10,47010.50,46990.00,oops,1.5'
gzip -kf "$WORK/bad.csv"
replay_refused "replay: the line is named in a .gz too" "$WORK/bad.csv.gz" "bad.csv.gz:7: .*oops"
zstd -qf "$WORK/bad.csv" -o "$WORK/bad.csv.zst"
replay_refused "replay: the line is named in a .zst too" "$WORK/bad.csv.zst" "bad.csv.zst:7: .*oops"
candles 3000 | gzip | head -c 4000 >"$WORK/cut.csv.gz"
replay_refused "replay: a cut .gz is said to be cut" "$WORK/cut.csv.gz" 'cut.csv.gz'
replay_refused "replay: a missing file is named" "$WORK/none.csv" "$WORK/none.csv.*No such file"
: >"$WORK/empty.csv"
replay_refused "replay: an empty file is named" "$WORK/empty.csv" "empty.csv"
echo 'what,is,this' >"$WORK/other.csv"
replay_refused "replay: a file of no known form is named" "$WORK/other.csv" "other.csv"
refute "nothing was left listening" bash -c "exec 3<>/dev/tcp/127.0.0.1/$MARKET" 2>/dev/null

# A bad row may be left out instead, and is counted.
spoil 7 '1641168300000,47000.10,47010.50,46990.00,oops,1.5'
simulator_conf "market.port = $MARKET" "replay = $WORK/bad.csv:BTCUSDT" 'symbols = BTCUSDT' 'replay.on_bad = skip' 'replay.start = now' 'speed = 1000'
"$BIN/cerberus-simulator" --config="$WORK/simulator.conf" >"$WORK/said" 2>&1 &
SIMULATOR=$!
answers() { curl -fsS --max-time 2 "http://127.0.0.1:$MARKET/api/v3/ping" >/dev/null 2>&1; }
for _ in $(seq 50); do answers && break; sleep 0.2; done
check "replay.on_bad = skip: the simulator starts all the same" answers
check "... and has named file and line" said "event=replay_row_skipped file=$WORK/bad.csv line=7 reason=.*oops"
skipped() { curl -fsS --max-time 2 "http://127.0.0.1:$MARKET/sim/status" >"$WORK/status" && jq -e '.sources[0].bad_rows == 1' "$WORK/status" >/dev/null; }
check "... and counts one row left out" skipped
kill -TERM "$SIMULATOR"
wait "$SIMULATOR"
check "... and ends in order" [ $? -eq 0 ]
SIMULATOR=

# ---- the disk is full: a limit on the size of files stands in for it ----
mkdir "$WORK/journal"
simulator_conf "market.port = $MARKET" "journal.dir = $WORK/journal" 'agents.preroll = 1h'
mkfifo "$WORK/log"
cat "$WORK/log" >"$WORK/said" & # the log itself must not meet the limit
"$BIN/cerberus-simulator" --config="$WORK/simulator.conf" >"$WORK/log" 2>&1 &
SIMULATOR=$!
for _ in $(seq 100); do answers && break; sleep 0.2; done
order() { signed POST /api/v3/order 'symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001'; }
taken() { order | jq -e '.status == "FILLED"' >/dev/null; }
refused() { order | jq -e '.code < 0 and (.msg | length > 0)' >/dev/null; }
takes_orders() { curl -fsS "http://127.0.0.1:$MARKET/sim/status" | jq -e ".takes_orders == $1" >/dev/null; }
fills() { signed GET /api/v3/myTrades symbol=BTCUSDT | jq 'map(.orderId) | unique | length'; }
until_true() { for _ in $(seq 50); do "$@" && return; sleep 0.1; done; return 1; }
check "simulator: takes an order while its journal can be written" taken
prlimit --pid "$SIMULATOR" --fsize="$(stat -c %s "$WORK"/journal/*.jsonl):"
check "journal full: the next order is refused with a reason" until_true refused
check "journal full: /sim/status says so" takes_orders false
check "journal full: the log names file and reason" until_true said "event=journal_failed file=$WORK/journal/.*error=\"?File too large"
check "journal full: what is read is still served" answers
check "journal full: no order got through" [ "$(fills)" = 1 ]
prlimit --pid "$SIMULATOR" --fsize=unlimited:
check "room again: orders are taken" until_true taken
check "room again: the log says it" until_true said 'event=journal_works_again'
kill -TERM "$SIMULATOR"
wait "$SIMULATOR"
check "room again: the simulator ends in order" [ $? -eq 0 ]
SIMULATOR=
whole_lines() { jq -es 'length > 5 and all(.kind | length > 0)' "$WORK"/journal/*.jsonl >/dev/null; }
check "no line of the journal is broken" whole_lines

# ---- the command line ----
cerberus=$BIN/cerberus
refuses "cli: no command" 2 'usage: cerberus COMMAND' -- "$cerberus"
refuses "cli: an unknown command, with the one that may be meant" 2 "no command 'statu'; did you mean 'status'" -- "$cerberus" statu
refuses "cli: an unknown option" 2 "unknown or incomplete argument '--nope=3'" -- "$cerberus" orders --nope=3
refuses "cli: an option without its value" 2 "unknown or incomplete argument '--limit'" -- "$cerberus" orders --limit
refuses "cli: an unknown output form" 2 'xml: known are table and json' -- "$cerberus" status -o xml
refuses "cli: a value that is no word" 2 "'a;b' is too long or holds other than" -- "$cerberus" orders --symbol 'a;b'
refuses "cli: explain without an id" 2 'which id' -- "$cerberus" explain
refuses "cli: a kill level that does not exist" 2 "level '9' is not" -- "$cerberus" kill 9 --reason test
refuses "cli: a kill without a reason" 2 '--reason TEXT is required' -- "$cerberus" kill 1
refuses "cli: nothing runs" 1 'no gateway known.*make up' -- "$cerberus" status
random_file "$WORK/cli-token"
refuses "cli: a gateway that does not answer" 1 "127.0.0.1:$DEAD_PORT" \
    -- env "CERBERUS_GATEWAY_URL=http://127.0.0.1:$DEAD_PORT" "CERBERUS_TOKEN_FILE=$WORK/cli-token" "$cerberus" status
refuses "cli: endpoints that are not JSON are named" 1 "$WORK/rubbish.json" -- env "CERBERUS_ENDPOINTS=$WORK/rubbish.json" bash -c "echo '{' >$WORK/rubbish.json; exec $cerberus status"
refuses "cli: --help is no error" 0 'usage: cerberus orders' -- "$cerberus" orders --help

leftover() { pgrep -f "$WORK" | grep -vxE "$$|$HOLDER" | grep -q .; }
refute "no process is left" leftover
finish
