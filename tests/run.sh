#!/bin/bash
# Runs every test of every kind and ends with one line "N passed, N failed[, N skipped]".
#   run.sh PROGRAM…    each a cmocka program, a script that prints TAP lines, or "check:TARGET" for one
#                      part of `make check`. A program that dies counts as one failure.
# Unit tests and scripts run side by side, TEST_JOBS at a time (default: as many as there are processors);
# scripts mostly wait for a system of their own. The others have the machine to themselves.
set -uo pipefail
cd "$(dirname "$0")/.."
passed=0 failed=0 skipped=0
logs=build/test-logs
mkdir -p "$logs"
limit=${TEST_TIMEOUT:-420}
jobs_max=${TEST_JOBS:-$(nproc)}
declare -A running=() # pid -> program

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

log_of() { printf '%s/%s.log' "$logs" "$(printf '%s' "${1#build/}" | tr '/:' '__')"; } # sanitized builds write beside others

run() { # PROGRAM
    local log
    log=$(log_of "$1")
    case $1 in
    check:*)
        make --no-print-directory -j"$(nproc)" "${1#check:}" >"$log" 2>&1 || return 1
        echo "ok 1 - ${1#check:}" >>"$log"
        ;;
    *) CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 10 "$limit" "$1" >"$log" 2>&1 ;;
    esac
}

finish_one() { # waits for the next of those that run
    local pid status program
    wait -n -p pid
    status=$?
    program=${running[$pid]}
    unset "running[$pid]"
    count "${program#build/*/tests/}" "$status" "$(log_of "$program")"
}
finish_to() { while [ "${#running[@]}" -gt "$1" ]; do finish_one; done; }

for program in "$@"; do
    case $program in
    */tests/unit/* | *.sh) width=$jobs_max ;;
    *) width=1 ;;
    esac
    [ "$width" -gt 1 ] || finish_to 0
    finish_to $((width - 1))
    run "$program" &
    running[$!]=$program
    [ "$width" -gt 1 ] || finish_to 0
done
finish_to 0
echo
if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
