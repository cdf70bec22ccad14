# Shared by the scripts of deploy/local (sourced, never run). One run lives in $RUN (.run).
# Nothing outside $RUN is written, except a socket folder in /tmp when the path to $RUN is too long
# for a Unix socket.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
RUN=${CERBERUS_RUN_DIR:-$ROOT/.run}
BIN=${CERBERUS_BIN_DIR:-$ROOT/bin}
PGBIN=$(ls -d /usr/lib/postgresql/15/bin /usr/lib/postgresql/*/bin 2>/dev/null | head -1)
SERVICES=(collector validator signals risk execution portfolio audit)
WITH_SCHEMA=("${SERVICES[@]}")
ALL_USERS=("${SERVICES[@]}" guardian signer gateway simulator cli provision)

say() { printf '%s\n' "$*"; }
fail() { printf 'cerberus: %s\n' "$*" >&2; exit 1; }

# A free loopback port that this run has not handed out yet. The start differs per checkout, so two
# checkouts that start at the same moment look in different places.
PORT_NEXT=0
free_port() {
    if [ "$PORT_NEXT" -eq 0 ]; then
        PORT_NEXT=$((21000 + $(printf '%s' "$RUN" | cksum | cut -d' ' -f1) % 200 * 50))
    fi
    while :; do
        PORT_NEXT=$((PORT_NEXT + 1))
        [ "$PORT_NEXT" -lt 32000 ] || PORT_NEXT=21000
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$PORT_NEXT") 2>/dev/null; then
            PORT=$PORT_NEXT
            return
        fi
    done
}

# Writes 32 random bytes as hex into a file only we can read, unless it exists.
secret_file() {
    [ -s "$1" ] || (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$1")
}

# The key-encryption key of the signer: 32 raw bytes.
kek_file() {
    [ -s "$1" ] || (umask 077 && head -c 32 /dev/urandom >"$1")
}

# What the simulated exchange knows of further keys of account main, "KEY SECRET RIGHTS" a line: the one that
# execution trades with and the one that can only be used to cancel. The signer gets them from here once.
venue_keys_file() {
    local right
    [ -s "$1" ] || (umask 077 && for right in read+trade read+cancel; do
        echo "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n') $(od -An -N32 -tx1 /dev/urandom | tr -d ' \n') $right"
    done >"$1")
}

# add_keys FILE SOCKET: the keys of venue_keys_file into the signer; secrets go through a pipe
add_keys() {
    local line=0 purpose
    for purpose in trade cancel; do
        line=$((line + 1))
        sed -n "${line}p" "$1" | awk '{print $1; print $2}' |
            "${CERBERUS:-cerberus}" key add --socket "$2" --account main --venue binance --purpose "$purpose"
    done
}

# PostgreSQL refuses to run as root: as root its programs run as an unprivileged user that keeps only the
# capability to walk through folders it does not own (a checkout below /root).
pg_user() {
    if id -u postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi
}
pg_drop() {
    PG_DROP=()
    [ "$(id -u)" -eq 0 ] || return 0
    local user
    user=$(pg_user)
    PG_DROP=(setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups)
    local walk=(--inh-caps +dac_read_search --ambient-caps +dac_read_search)
    if "${PG_DROP[@]}" "${walk[@]}" true 2>/dev/null; then
        PG_DROP+=("${walk[@]}")
    fi
}
as_pg() {
    pg_drop
    (cd / && exec "${PG_DROP[@]}" "$@")
}

# Unix socket paths end at 107 bytes.
socket_dir() {
    local dir="$RUN/pg/socket"
    if [ "${#dir}" -gt 80 ]; then
        dir="/tmp/cerberus-$(id -u)-$(printf '%s' "$RUN" | cksum | cut -d' ' -f1)"
    fi
    echo "$dir"
}

# The signer's sockets, under the same bound.
signer_dir() {
    local dir="$RUN/signer"
    if [ "${#dir}" -gt 80 ]; then
        dir="/tmp/cerberus-$(id -u)-$(printf '%s' "$RUN" | cksum | cut -d' ' -f1)-signer"
    fi
    echo "$dir"
}

is_running() {
    [ -s "$RUN/supervisor.pid" ] && kill -0 "$(cat "$RUN/supervisor.pid")" 2>/dev/null
}
