#!/bin/bash
# The private PostgreSQL cluster of a run: `postgres.sh init` makes it once, `postgres.sh serve` runs it
# in the foreground (for the supervisor), `postgres.sh roles` makes the database, one schema and two
# roles per service.
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
max_connections = 60
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

admin() { psql -X -q -v ON_ERROR_STOP=1 -h "$SOCKET" -U cerberus_admin "$@"; }

# Idempotent: runs at every start.
roles() {
    admin -d postgres -tAc "SELECT 1 FROM pg_database WHERE datname='cerberus'" | grep -q 1 ||
        admin -d postgres -c "CREATE DATABASE cerberus"
    {
        echo "REVOKE ALL ON SCHEMA public FROM PUBLIC;"
        echo "REVOKE CREATE, TEMPORARY ON DATABASE cerberus FROM PUBLIC;"
        for service in "${WITH_SCHEMA[@]}"; do
            owner_password=$(cat "$RUN/secrets/pg_${service}_owner")
            password=$(cat "$RUN/secrets/pg_$service")
            cat <<SQL
DO \$\$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${service}_owner') THEN
    CREATE ROLE ${service}_owner LOGIN; END IF;
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '$service') THEN
    CREATE ROLE $service LOGIN; END IF;
END \$\$;
ALTER ROLE ${service}_owner PASSWORD '$owner_password';
ALTER ROLE $service PASSWORD '$password' CONNECTION LIMIT 8;
CREATE SCHEMA IF NOT EXISTS $service AUTHORIZATION ${service}_owner;
GRANT USAGE ON SCHEMA $service TO $service;
GRANT CONNECT ON DATABASE cerberus TO ${service}_owner, $service;
SQL
        done
    } | admin -d cerberus -f - 2>&1 | grep -v 'already exists, skipping' || true
}

case ${1:-} in
init | serve | roles) "$1" ;;
*) fail "usage: postgres.sh init|serve|roles" ;;
esac
