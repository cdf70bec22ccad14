#!/bin/bash
# Refuses what looks like a secret in a tracked file: private keys, cloud and bot tokens, and
# assignments of long random-looking values to names such as secret, password, token.
set -euo pipefail
patterns='-----BEGIN [A-Z ]*PRIVATE KEY-----|AKIA[0-9A-Z]{16}|ghp_[A-Za-z0-9]{36}|xox[baprs]-[A-Za-z0-9-]{10,}|[0-9]{9,10}:AA[A-Za-z0-9_-]{33}'
assigned='(secret|password|passwd|token|api_key)["'"'"']?[[:space:]]*[:=][[:space:]]*["'"'"'][A-Za-z0-9+/_-]{32,}["'"'"']'
# Published example keys of the exchange's own documentation and fixtures say so on their line.
hits=$(git grep -nIE -e "$patterns|$assigned" -- . ':!*.lock' ':!*package-lock.json' ':!libcommon/build/check_secrets.sh' |
    grep -v 'published example key' || true)
[ -z "$hits" ] || { printf 'secrets: %s\n' "$hits" >&2; exit 1; }
