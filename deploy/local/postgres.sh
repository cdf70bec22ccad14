#!/bin/bash
# The private PostgreSQL cluster of a run: `postgres.sh init` makes it once, `postgres.sh serve` runs it
# in the foreground (for the supervisor).
set -euo pipefail
. "$(dirname "$0")/lib.sh"
DATA=$RUN/pg/data
SOCKET=$(socket_dir)

init() {
    mkdir -p "$RUN/pg" "$SOCKET"
    chmod 755 "$RUN" "$RUN/pg"
    if [ "$(id -u)" -eq 0 ]; then
        mkdir -p "$DATA"
        chown "$(pg_user)" "$RUN/pg" "$DATA" "$SOCKET"
    fi
    if [ ! -s "$DATA/PG_VERSION" ]; then
        as_pg "$PGBIN/initdb" -D "$DATA" -U cerberus_admin -A peer -E UTF8 --locale=C \
            >"$RUN/log/initdb.log" 2>&1 || { tail -5 "$RUN/log/initdb.log" >&2; fail "initdb failed"; }
        echo "include '$RUN/pg/extra.conf'" >>"$DATA/postgresql.conf"
    fi
    cat >"$RUN/pg/extra.conf" <<CONF
listen_addresses = ''
hba_file = '$RUN/pg/hba.conf'
ident_file = '$RUN/pg/ident.conf'
unix_socket_directories = '$SOCKET'
unix_socket_permissions = 0777
max_connections = ${PG_CONNECTIONS:-60}
shared_buffers = 32MB
wal_level = replica
synchronous_commit = on
fsync = on
full_page_writes = on
password_encryption = scram-sha-256
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
log_line_prefix = '%m [%p] %u '
autovacuum_naptime = 30s
jit = off
max_wal_size = 256MB
CONF
    # The administrator comes through a peer map (the user who runs the server, or root);
    # services come with a password of their own.
    {
        echo "local all cerberus_admin peer map=admin"
        echo "local cerberus all scram-sha-256"
        echo "local all all reject"
    } >"$RUN/pg/hba.conf"
    {
        echo "admin $(if [ "$(id -u)" -eq 0 ]; then pg_user; else id -un; fi) cerberus_admin"
        echo "admin root cerberus_admin"
    } >"$RUN/pg/ident.conf"
    chmod 644 "$RUN/pg/"*.conf
}

serve() {
    cd /
    pg_drop
    exec "${PG_DROP[@]}" "$PGBIN/postgres" -D "$DATA"
}

case ${1:-} in
init | serve) "$1" ;;
*) fail "usage: postgres.sh init|serve" ;;
esac
