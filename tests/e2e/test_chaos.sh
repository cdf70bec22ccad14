#!/bin/bash
# Thirty kills of the whole running system, at failpoints and at random moments, with stops, cuts, torn
# streams and full disks between them; then the checker. `make chaos KILLS=2000` is the long form.
cd "$(dirname "$0")/../.."
. tests/tap.sh
dir=$(mktemp -d /tmp/cerberus-chaos-XXXXXX)
kill_thirty() {
    CHAOS_DIR=$dir CHAOS_SEED=${CHAOS_SEED:-7} CHAOS_PAUSE_MS=${CHAOS_PAUSE_MS:-200} timeout 400 \
        python3 tests/chaos/chaos.py 30
}
if kill_thirty >"$dir/out" 2>&1; then
    ok "$(tail -1 "$dir/out")"
    rm -rf "$dir"
else
    sed 's/^/# /' "$dir/out" | tail -20
    head -20 "$dir/check.txt" 2>/dev/null | sed 's/^/# /'
    not_ok "thirty kills leave no trace"
    CERBERUS_RUN_DIR=$dir/run deploy/local/run.sh stop >/dev/null 2>&1
fi
finish
