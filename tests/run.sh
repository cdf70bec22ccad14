#!/bin/bash
# Runs every test of every kind and ends with one line "N passed, N failed[, N skipped]".
#   run.sh PROGRAM…    each a cmocka program, a script that prints TAP lines, or "check:TARGET" for one
#                      part of `make check`. A program that dies counts as one failure.
set -uo pipefail
cd "$(dirname "$0")/.."
passed=0 failed=0 skipped=0
logs=build/test-logs
mkdir -p "$logs"
limit=${TEST_TIMEOUT:-420}

count() { # name, status, log
    local ok bad skip
    skip=$(grep -cE '^(not )?ok [0-9]+ .*# SKIP' "$3")
    ok=$(grep -E '^ok [0-9]+' "$3" | grep -cv '# SKIP')
    bad=$(grep -E '^not ok [0-9]+' "$3" | grep -cv '# SKIP')
    if [ "$2" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
        echo "not ok - $1 ended with status $2" >>"$3"
    elif [ $((ok + bad + skip)) -eq 0 ]; then
        bad=1
        echo "not ok - $1 ran no test" >>"$3"
    fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
    printf '%-58s %4d ok %3d failed %3d skipped\n' "$1" "$ok" "$bad" "$skip"
    [ "$bad" -eq 0 ] || { grep -E '^not ok|Error|error:|ERROR|assert|failed' "$3" | grep -v '# SKIP' | tail -40; echo "  whole log: $3"; }
    grep -E '# SKIP' "$3" | sed 's/^/  /' | head -5
}

for program in "$@"; do
    name=${program#build/*/tests/}
    log=$logs/$(printf '%s' "${program#build/}" | tr '/:' '__').log # sanitized builds write beside others
    case $program in
    check:*)
        if make --no-print-directory -j"$(nproc)" "${program#check:}" >"$log" 2>&1; then
            echo "ok 1 - ${program#check:}" >>"$log"
            status=0
        else
            status=1
        fi
        ;;
    *)
        CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 10 "$limit" "$program" >"$log" 2>&1
        status=$?
        ;;
    esac
    count "$name" "$status" "$log"
done
echo
if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
