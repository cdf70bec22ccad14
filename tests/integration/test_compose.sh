#!/bin/bash
# docker-compose.yml is read by a real compose parser and describes every service of the tree.
cd "$(dirname "$0")/../.."
. tests/tap.sh
if docker compose version >/dev/null 2>&1; then compose=(docker compose); else compose=(docker-compose); fi
parsed=$(mktemp)
trap 'rm -f "$parsed"' EXIT
parses() { "${compose[@]}" -f docker-compose.yml config >"$parsed"; }
check "compose file parses" parses
"${compose[@]}" -f docker-compose.yml config --services >"$parsed.names" 2>/dev/null
for service in $(ls services/*/main.c | cut -d/ -f2 | grep -vE '^(cli|lab)$'); do
    check "compose runs $service" grep -qx "$service" "$parsed.names"
done
rm -f "$parsed.names"
finish
