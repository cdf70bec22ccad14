#!/bin/bash
# Runs the whole system on embedded defaults. `run.sh up` starts it in the background and returns when all
# services are healthy; `run.sh run` does the same, stays in the foreground, shows what happens and
# stops everything on Ctrl-C; `run.sh stop`; `run.sh status`.
#
# REPLAY=FILE[,FILE]  recorded trades, candles or depth instead of simulated agents
# SPEED=N|lockstep    market seconds per wall second (default 30 for agents, 60 for a replay)
# FROM= TO=           part of a replay (RFC 3339)
# AGENTS=SEED         seed of the simulated market (default 1)
# GUARDIAN=0          without the guardian, for who stops execution for long on purpose
# EXTRA_CAPS=…        lines that replace those of deploy/local/caps.conf
# EXTRA_SERVICE=…     further "key = value" lines for one service, such as EXTRA_SIGNALS
# STANDBY=1           a second execution that takes over when the first is silent for three seconds
set -euo pipefail
. "$(dirname "$0")/lib.sh"

SCAN=$RUN/s6
TRADERS=("${SERVICES[@]}" gateway)
[ "${GUARDIAN:-1}" = 0 ] || TRADERS+=(guardian)
PARTS=(simulator signer "${TRADERS[@]}")
READY_TIMEOUT=${READY_TIMEOUT:-120}

# name port → one "key = value" file per service; everything else is the service's default
write_conf() {
    local service=$1
    {
        echo "nats.url = nats://127.0.0.1:$NATS_PORT"
        echo "nats.password_file = $RUN/secrets/nats_$service"
        if [ "$service" != simulator ] && [ "$service" != signer ] && [ "$service" != guardian ]; then
            echo "pg.dsn = $(dsn "$service")"
            echo "pg.migrate_dsn = $(dsn "${service}_owner")"
        fi
        echo "http.address = 127.0.0.1"
        echo "http.port = ${HTTP_PORT[$service]}"
        echo "journal.dir = $RUN/journal"
        cat
        local extra=EXTRA_${service^^}
        [ -z "${!extra:-}" ] || printf '%s\n' "${!extra}"
    } >"$RUN/conf/$service.conf"
}

dsn() { echo "host=$SOCKET dbname=cerberus user=$1 passfile=$RUN/secrets/pgpass"; }

venue_conf() {
    echo "venue.rest_url = http://127.0.0.1:$SIM_PORT"
    echo "venue.ws_url = ws://127.0.0.1:$SIM_PORT"
}

# Bounds that guard against delays of this machine are in market time: when the market runs S times
# faster than the wall clock, the same delay is S times as long. bounded SECONDS MAX
bounded() {
    local scale=1
    case $SPEED in lockstep | 0*) ;; *) scale=${SPEED%%.*} ;; esac
    echo "$(($1 * scale < $2 ? $1 * scale : $2))s"
}

# The market may run faster than this machine's clock: neither timestamps nor a minute's caps can be held to it.
signer_conf() {
    echo "signer.socket = $SIGNER_DIR/sign.sock"
    echo "signer.admin_socket = $SIGNER_DIR/admin.sock"
    echo "signer.kek = $RUN/secrets/signer_kek"
    echo "signer.keys = $RUN/signer/keys"
    echo "signer.timestamp_skew = 0s"
    echo "signer.orders_per_minute = 1000000"
    echo "signer.others_per_minute = 1000000"
    echo "venue = binance"
    echo "venue.rest_url = http://127.0.0.1:$SIM_PORT"
}

# BTCUSDT from "…/binance_spot_BTCUSDT_1m_2022.csv.zst" or from "FILE:SYMBOL"
symbol_of() {
    case $1 in
    *:*) echo "${1##*:}" ;;
    *) basename "$1" | tr '_.' '\n\n' | grep -E '^[A-Z0-9]{6,12}$' | head -1 ;;
    esac
}

market_conf() {
    if [ -n "${REPLAY:-}" ]; then
        local file symbol
        SYMBOLS=
        for file in ${REPLAY//,/ }; do
            [ -r "${file%%:*}" ] || fail "REPLAY: cannot read ${file%%:*}"
            symbol=$(symbol_of "$file")
            [ -n "$symbol" ] || fail "REPLAY: no symbol in the name of $file; write FILE:SYMBOL"
            SYMBOLS=${SYMBOLS:+$SYMBOLS,}$symbol
        done
        MARKET="replay = $(for file in ${REPLAY//,/ }; do printf '%s,' "$(realpath "${file%%:*}"):$(symbol_of "$file")"; done | sed 's/,$//')"
        MARKET="$MARKET
replay.from = ${FROM:-}
replay.to = ${TO:-}"
        SPEED=${SPEED:-60}
    else
        SYMBOLS=BTCUSDT,ETHUSDT
        MARKET="agents = ${AGENTS:-1}"
        SPEED=${SPEED:-30}
    fi
}

write_all_conf() {
    mkdir -p "$RUN/conf"
    chmod 700 "$RUN/conf"
    local common="clock = bus
symbols = $SYMBOLS
venue = binance"
    { echo "symbols = $SYMBOLS"; echo "market.port = $SIM_PORT"; echo "$MARKET"; echo "speed = $SPEED"
      echo "api.key = $RUN/secrets/venue_api_key"; echo "api.secret = $RUN/secrets/venue_api_secret"
      echo "admin.token = $RUN/secrets/sim_admin_token"; echo "api.keys = $RUN/secrets/venue_keys"
      # The proof that an order never came rests on the window: up to this speed the venue holds to it exactly.
      case $SPEED in [1-9] | [1-5][0-9] | 60) echo "recv_window.factor = 1" ;; esac
      echo "accounts.main = ${BALANCES:-USDT:100000}"; } | write_conf simulator
    # In lockstep every frame is counted at both ends. A connection that is replaced while frames are on their
    # way would leave the counts apart for ever; the simulator, unlike the venue, does not cut after 24 h.
    { echo "$common"; venue_conf; [ "$SPEED" != lockstep ] || echo "rollover.after = 0s"; } | write_conf collector
    echo "$common" | write_conf validator
    { echo "$common"; echo "account = main"; echo "intent.ttl = $(bounded 10 600)"; } | write_conf signals
    { echo "$common"; echo "account = main"; echo "permit.key = $RUN/secrets/permit_key"
      echo "permit.ttl = $(bounded 3 600)"; } | write_conf risk
    { echo "$common"; echo "account = main"; echo "permit.key = $RUN/secrets/permit_key"
      echo "order.window = $(bounded 3 60)"; echo "caps.file = $RUN/conf/caps.conf"
      echo "caps.keys = $RUN/secrets/caps_key.pub"
      echo "kill.page = $RUN/state/kill.page"; echo "guard.page = $RUN/state/beat.page"
      echo "guard.key = $RUN/secrets/guard_key"; echo "claim.mark = $RUN/state/claim.mark"
      # A full disk of a developer's machine is no reason to stop simulated money early.
      echo "disk.warn = ${DISK_WARN:-0.97}"; echo "disk.stop = ${DISK_STOP:-0.99}"
      [ -z "${REPLAY:-}" ] || echo "reconcile.light = 60s"
      [ "${STANDBY:-}" != 1 ] || { echo "standby = true"; echo "instance = a"; }
      venue_conf; echo "venue.ws_api_url = ws://127.0.0.1:$SIM_PORT/ws-api/v3"
      echo "signer.socket = $SIGNER_DIR/sign.sock"; } | write_conf execution
    signer_conf | write_conf signer
    # Both instances are alike: whoever finds the lease free works, the other waits.
    [ "${STANDBY:-}" != 1 ] || sed -e "s/^instance = a/instance = b/" \
        -e "s/^http.port = .*/http.port = ${HTTP_PORT[execution-b]}/" \
        "$RUN/conf/execution.conf" >"$RUN/conf/execution-b.conf"
    { echo "$common"; echo "account = main"; } | write_conf portfolio
    # What is proven by it must not lie where it lies: heads go to a folder of their own.
    { echo "heads.file = $RUN/audit/heads.jsonl"; echo "sign.key = $RUN/secrets/audit_key"
      echo "sign.every = ${SIGN_EVERY:-10s}"; } | write_conf audit
    { echo "symbols = $SYMBOLS"; echo "venue = binance"; echo "account = main"
      echo "venue.rest_url = http://127.0.0.1:$SIM_PORT"
      echo "signer.socket = $SIGNER_DIR/sign.sock"
      echo "guard.key = $RUN/secrets/guard_key"; echo "guard.page = $RUN/state/beat.page"
      echo "guard.journal = $RUN/state/guardian.journal"
      echo "kill.page = $RUN/state/kill.page"; } | write_conf guardian
    { echo "clock = bus"; echo "gateway.port = $GATEWAY_PORT"
      echo "gateway.token = $RUN/secrets/gateway_token"; } | write_conf gateway
}

# The default caps of this checkout, with the bounds of market time and what EXTRA_CAPS says ("key = value"
# lines), signed by a key that is made at the first start.
write_caps() {
    local caps=$RUN/conf/caps.conf key=$RUN/secrets/caps_key line
    [ -s "$key" ] || "$BIN/cerberus" caps keygen --secret "$key" --public "$key.pub" >/dev/null
    cp "$ROOT/deploy/local/caps.conf" "$caps"
    while IFS= read -r line; do
        [ -n "$line" ] || continue
        sed -i "/^${line%%[ =]*} *=/d" "$caps"
        echo "$line" >>"$caps"
    done <<<"data_age_max = $([ -n "${REPLAY:-}" ] && echo 120s || bounded 10 600)
clock_offset_max = $(bounded 1 60)
${EXTRA_CAPS:-}"
    "$BIN/cerberus" caps sign "$caps" --secret "$key" >/dev/null
}

write_secrets() {
    local name
    mkdir -p "$RUN/secrets"
    chmod 700 "$RUN/secrets"
    for name in "${WITH_SCHEMA[@]}"; do
        secret_file "$RUN/secrets/pg_$name"
        secret_file "$RUN/secrets/pg_${name}_owner"
    done
    for name in "${ALL_USERS[@]}" sysadmin; do secret_file "$RUN/secrets/nats_$name"; done
    for name in audit_key permit_key venue_api_key venue_api_secret sim_admin_token guard_key; do
        secret_file "$RUN/secrets/$name"
    done
    kek_file "$RUN/secrets/signer_kek"
    venue_keys_file "$RUN/secrets/venue_keys"
    (umask 077 && for name in "${WITH_SCHEMA[@]}"; do
        echo "*:*:cerberus:$name:$(cat "$RUN/secrets/pg_$name")"
        echo "*:*:cerberus:${name}_owner:$(cat "$RUN/secrets/pg_${name}_owner")"
    done >"$RUN/secrets/pgpass")
}

# A folder that s6 supervises: restarts what dies, one second apart.
supervise() {
    local name=$1 down_signal=$2
    shift 2
    mkdir -p "$SCAN/$name"
    printf '#!/bin/sh\nexec >>"%s/log/%s.log" 2>&1\nexec %s\n' "$RUN" "$name" "$*" >"$SCAN/$name/run"
    chmod 755 "$SCAN/$name/run"
    echo "$down_signal" >"$SCAN/$name/down-signal"
    echo 10000 >"$SCAN/$name/timeout-kill"
}

start_supervisor() {
    (cd "$RUN" && setsid s6-svscan -t 0 "$SCAN" >>"$RUN/log/supervisor.log" 2>&1 </dev/null &
        echo $! >"$RUN/supervisor.pid") >/dev/null 2>&1 # or a pipe behind `make up` would never end
    # setsid may fork: the lasting pid is the one that holds the scan folder
    local i pid
    for i in $(seq 50); do
        pid=$(pgrep -f "^s6-svscan -t 0 $SCAN\$" | head -1 || true)
        if [ -n "$pid" ] && [ -p "$SCAN/.s6-svscan/control" ]; then
            echo "$pid" >"$RUN/supervisor.pid"
            return
        fi
        sleep 0.1
    done
    fail "the supervisor did not start: see $RUN/log/supervisor.log"
}

add() { s6-svscanctl -a "$SCAN"; }

wait_for() {
    local what=$1 seconds=$2 i
    shift 2
    for i in $(seq $((seconds * 5))); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.2
    done
    [ ! -s "$RUN/log/$what.log" ] || tail -n 1 "$RUN/log/$what.log" >&2
    fail "$what did not come up within $seconds s: see $RUN/log"
}

ready() { curl -fsS --max-time 2 "http://127.0.0.1:${HTTP_PORT[$1]}/readyz"; }

write_endpoints() {
    local service metrics='{}' standby=
    [ "${STANDBY:-}" != 1 ] || standby=execution-b
    for service in "${PARTS[@]}" $standby; do
        metrics=$(jq -c --arg s "$service" --arg u "http://127.0.0.1:${HTTP_PORT[$service]}/metrics" '.[$s]=$u' <<<"$metrics")
    done
    jq -n --arg rest "http://127.0.0.1:$SIM_PORT" --arg ws "ws://127.0.0.1:$SIM_PORT" \
        --arg ws_api "ws://127.0.0.1:$SIM_PORT/ws-api/v3" \
        --arg key "$(cat "$RUN/secrets/venue_api_key")" --arg secret "$(cat "$RUN/secrets/venue_api_secret")" \
        --arg admin "$RUN/secrets/sim_admin_token" --arg gateway "http://127.0.0.1:$GATEWAY_PORT" \
        --arg control "http://127.0.0.1:${HTTP_PORT[simulator]}" \
        --arg token "$RUN/secrets/gateway_token" --arg page "$RUN/state/kill.page" --arg signer "$SIGNER_DIR" \
        --arg guardian_journal "$RUN/state/guardian.journal" --arg beat_page "$RUN/state/beat.page" --argjson metrics "$metrics" \
        --arg nats "nats://127.0.0.1:$NATS_PORT" --arg natspw "$RUN/secrets/nats_cli" \
        --arg heads "$RUN/audit/heads.jsonl" --arg pub "$RUN/audit/audit.pub" \
        --arg socket "$SOCKET" --arg symbols "$SYMBOLS" --arg speed "$SPEED" '
        {simulator: {rest: $rest, ws: $ws, ws_api: $ws_api, api_key: $key, api_secret: $secret, admin_token_file: $admin,
             control: $control},
         gateway: {url: $gateway, token_file: $token, operator_token_file: ($token + "_operator"),
             risk_officer_token_file: ($token + "_risk_officer")},
         kill: {page: $page, guardian_journal: $guardian_journal, beat_page: $beat_page},
         signer: {socket: ($signer + "/sign.sock"), admin_socket: ($signer + "/admin.sock")},
         nats: {url: $nats, user: "cli", password_file: $natspw},
         audit: {heads: $heads, public_key: $pub},
         postgres: {socket: $socket, database: "cerberus"},
         symbols: ($symbols | split(",")), speed: $speed, metrics: $metrics}' >"$RUN/endpoints.json.new"
    chmod 600 "$RUN/endpoints.json.new"
    mv "$RUN/endpoints.json.new" "$RUN/endpoints.json"
}

up() {
    is_running && fail "already running in $RUN (make stop ends it)"
    # The simulated exchange begins anew each time, with fresh accounts and its own time: so do the books.
    SIGNER_DIR=$(signer_dir)
    rm -rf "$RUN/pg" "$RUN/nats" "$RUN/journal" "$RUN/state" "$RUN/signer" "$SIGNER_DIR" "$RUN/audit"
    mkdir -p "$RUN/log" "$RUN/nats" "$RUN/journal" "$RUN/state" "$RUN/audit"
    (umask 077 && mkdir -p "$RUN/signer" "$SIGNER_DIR")
    chmod 755 "$RUN"
    rm -rf "$SCAN" "$RUN/endpoints.json"
    mkdir -p "$SCAN"
    SOCKET=$(socket_dir)
    market_conf
    declare -gA HTTP_PORT
    free_port; NATS_PORT=$PORT
    free_port; SIM_PORT=$PORT
    free_port; GATEWAY_PORT=$PORT
    local service
    for service in "${PARTS[@]}" execution-b guardian; do free_port; HTTP_PORT[$service]=$PORT; done
    write_secrets
    write_all_conf
    "$BIN/cerberus" provision kill-page --file="$RUN/state/kill.page"
    "$BIN/cerberus" audit key --seed "$RUN/secrets/audit_key" >"$RUN/audit/audit.pub"
    write_caps

    "$ROOT/deploy/local/postgres.sh" init
    "$BIN/cerberus" provision nats-conf --secrets="$RUN/secrets" --port="$NATS_PORT" \
        --store="$RUN/nats" >"$RUN/conf/nats.conf"
    supervise postgres SIGINT "\"$ROOT/deploy/local/postgres.sh\" serve"
    supervise nats SIGTERM "nats-server -c \"$RUN/conf/nats.conf\""
    start_supervisor
    trap 'stop >/dev/null 2>&1' ERR EXIT
    wait_for PostgreSQL 60 "$PGBIN/pg_isready" -q -h "$SOCKET" -U cerberus_admin -d postgres
    PGHOST=$SOCKET PGUSER=cerberus_admin "$ROOT/deploy/local/roles.sh"
    wait_for NATS 20 "$BIN/cerberus" provision streams --url="nats://127.0.0.1:$NATS_PORT" \
        --password="$RUN/secrets/nats_provision"
    # The exchange and the keeper of its keys first: who trades finds them there.
    for service in simulator signer; do
        supervise "$service" SIGTERM "\"$BIN/cerberus-$service\" --config=\"$RUN/conf/$service.conf\""
    done
    add
    for service in simulator signer; do wait_for "$service" "$READY_TIMEOUT" ready "$service"; done
    CERBERUS=$BIN/cerberus add_keys "$RUN/secrets/venue_keys" "$SIGNER_DIR/admin.sock"
    for service in "${TRADERS[@]}"; do
        supervise "$service" SIGTERM "\"$BIN/cerberus-$service\" --config=\"$RUN/conf/$service.conf\""
    done
    add
    for service in "${TRADERS[@]}"; do
        wait_for "$service" "$READY_TIMEOUT" ready "$service"
    done
    [ "${STANDBY:-}" != 1 ] || start_standby
    write_endpoints
    trap - ERR EXIT
}

is_standby() { [ "$(curl -sS --max-time 2 "http://127.0.0.1:${HTTP_PORT[execution-b]}/readyz" | jq -r .state)" = standby ]; }
start_standby() {
    supervise execution-b SIGTERM "\"$BIN/cerberus-execution\" --config=\"$RUN/conf/execution-b.conf\""
    add
    wait_for "the standby of execution" "$READY_TIMEOUT" is_standby
}

bring_down() {
    local name
    for name in "$@"; do
        [ ! -d "$SCAN/$name/supervise" ] || s6-svc -d "$SCAN/$name" 2>/dev/null || true
    done
    for name in "$@"; do
        [ ! -d "$SCAN/$name/supervise" ] || s6-svwait -D -t 12000 "$SCAN/$name" 2>/dev/null || true
    done
}

# Producers first, then who listens to them, then what all stand on; nothing stays behind.
stop() {
    local name pid
    if is_running; then
        pid=$(cat "$RUN/supervisor.pid")
        bring_down guardian # first: it takes the end of execution for its death
        bring_down gateway collector signals
        bring_down validator risk
        bring_down execution-b
        bring_down execution portfolio
        bring_down audit
        bring_down signer simulator
        bring_down nats postgres
        s6-svscanctl -t "$SCAN" 2>/dev/null || true
        for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        kill -9 "$pid" 2>/dev/null || true
    fi
    rm -f "$RUN/supervisor.pid" "$RUN/endpoints.json"
    case $(socket_dir) in /tmp/cerberus-*) rm -rf "$(socket_dir)" ;; esac
    case $(signer_dir) in /tmp/cerberus-*) rm -rf "$(signer_dir)" ;; esac
}

show() {
    say "exchange simulator  http://127.0.0.1:$SIM_PORT   ($SYMBOLS, speed $SPEED)"
    say "gateway             http://127.0.0.1:$GATEWAY_PORT   (token: $RUN/secrets/gateway_token)"
    say "nats                nats://127.0.0.1:$NATS_PORT"
    say "postgresql          $SOCKET"
    say "logs                $RUN/log"
    say "everything else     $RUN/endpoints.json"
    say ""
    say "look with: bin/cerberus status | orders | fills | positions | explain ID"
}

finished() { curl -fsS --max-time 2 "http://127.0.0.1:$SIM_PORT/sim/status" | jq -e '.finished == true' >/dev/null; }

run() {
    trap 'trap - INT TERM; say ""; say "stopping"; end_of_run; exit 130' INT TERM
    up
    show
    while :; do
        sleep "${STATUS_EVERY:-10}" &
        wait $! || true
        "$BIN/cerberus" status || true
        if [ -n "${REPLAY:-}" ] && finished; then
            say "the replay has ended"
            end_of_run
            return
        fi
    done
}

# Before the lights go out: does every fill and every balance agree with the exchange's own books?
end_of_run() {
    local verdict=0
    if [ -s "$RUN/endpoints.json" ]; then
        "$BIN/cerberus" audit || verdict=$?
    fi
    stop
    [ "$verdict" -eq 0 ] || exit "$verdict"
}

case ${1:-} in
up) up; show ;;
run) run ;;
stop) stop ;;
status) if is_running; then say "running in $RUN"; else say "not running"; exit 1; fi ;;
*) fail "usage: run.sh up|run|stop|status" ;;
esac
