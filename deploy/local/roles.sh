#!/bin/bash
# Makes the database, and for each service one schema, its owner (who migrates) and its role (who works;
# owns nothing). Idempotent. Passwords come from $RUN/secrets; psql's PG… variables say where to.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

admin() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }

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
} | PGOPTIONS='-c client_min_messages=warning' admin -d cerberus -f -
