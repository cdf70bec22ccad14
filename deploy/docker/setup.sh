#!/bin/bash
# One-shot steps of docker-compose.yml, before the services start:
#   setup.sh secrets   passwords, keys and nats.conf into the shared volume (once)
#   setup.sh roles     database, schemas and roles in PostgreSQL
#   setup.sh streams   JetStream streams and consumers
#   setup.sh keys      the simulated exchange's keys into the signer
set -euo pipefail
RUN=/run/cerberus
. "$(dirname "$0")/lib.sh"
RUN=/run/cerberus

secrets() {
    local name
    mkdir -p "$RUN/secrets"
    for name in postgres audit_key permit_key venue_api_key venue_api_secret sim_admin_token guard_key \
        "${WITH_SCHEMA[@]/#/pg_}" "${ALL_USERS[@]/#/nats_}" nats_sysadmin; do
        secret_file "$RUN/secrets/$name"
    done
    for name in "${WITH_SCHEMA[@]}"; do secret_file "$RUN/secrets/pg_${name}_owner"; done
    (umask 077 && for name in "${WITH_SCHEMA[@]}"; do
        echo "*:*:cerberus:$name:$(cat "$RUN/secrets/pg_$name")"
        echo "*:*:cerberus:${name}_owner:$(cat "$RUN/secrets/pg_${name}_owner")"
    done >"$RUN/secrets/pgpass")
    mkdir -p "$RUN/state"
    cerberus provision kill-page --file="$RUN/state/kill.page"
    kek_file /run/signer-kek/kek
    venue_keys_file /run/venue/keys
    [ -s "$RUN/secrets/caps_key" ] ||
        cerberus caps keygen --secret "$RUN/secrets/caps_key" --public "$RUN/caps_key.pub"
    [ -s "$RUN/caps.conf" ] || cp "$(dirname "$0")/caps.conf" "$RUN/caps.conf"
    [ -s "$RUN/caps.conf.sig" ] || cerberus caps sign "$RUN/caps.conf" --secret "$RUN/secrets/caps_key"
    cerberus provision nats-conf --secrets="$RUN/secrets" --host=0.0.0.0 --port=4222 --store=/data >"$RUN/nats.conf"
}

roles() {
    PGHOST=postgres PGUSER=postgres PGPASSWORD=$(cat "$RUN/secrets/postgres") \
        CERBERUS_RUN_DIR=$RUN "$(dirname "$0")/roles.sh"
}

streams() { cerberus provision streams --url=nats://nats:4222 --password="$RUN/secrets/nats_provision"; }

keys() { add_keys /run/venue/keys /run/signer-admin/admin.sock; }

case ${1:-} in
secrets | roles | streams | keys) "$1" ;;
*) fail "usage: setup.sh secrets|roles|streams|keys" ;;
esac
