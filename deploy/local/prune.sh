#!/bin/bash
# Takes old rows of the hops away, as each schema's owner: published rows of the outbox after OUTBOX_HOURS
# (72), rows of the inbox after INBOX_DAYS (30). Services cannot: their roles have no DELETE. Safe while they
# run, and safe to repeat; run it daily. By the wall clock: the times of a simulated market are not judged.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
hours=${OUTBOX_HOURS:-72} days=${INBOX_DAYS:-30}
now_ns=$(date +%s)000000000
for service in "${WITH_SCHEMA[@]}"; do
    printf '%-12s ' "$service"
    psql -X -q -tA -F ' inbox ' -v ON_ERROR_STOP=1 \
        "host=$(socket_dir) dbname=cerberus user=${service}_owner passfile=$RUN/secrets/pgpass options=-csearch_path=$service" \
        -c "SELECT 'outbox ' || outbox_rows, inbox_rows FROM prune($now_ns, $hours * 3600 * 1000000000::bigint, $days * 86400 * 1000000000::bigint)"
done
