#!/bin/bash
# Prints docs/faults.md: each case of tests/faults.def with what holds it and how that ended when it last ran.
#   FAULTS_LOGS=DIR   where the logs of the last run are (build/test-logs)
# Runs no test: `make test` writes the logs, `make faults` reads them.
set -uo pipefail
cd "$(dirname "$0")/.."
DEF=tests/faults.def
logs=${FAULTS_LOGS:-build/test-logs}

log_of() { # PATH of a test: its log, or nothing
    local name=${1//\//_} log
    for log in "$logs/release_${name%.c}.log" "$logs/debug_${name%.c}.log" "$logs/$name.log"; do
        [ ! -f "$log" ] || { echo "$log"; return; }
    done
}
# A text as it stands in a script is printed with its variables filled in.
as_printed() { sed -E 's/[][\\.*^$+?(){}|]/\\&/g; s/\\\$\\?\{?[a-z_0-9]+\\?\}?/.*/g' <<<"$1"; }
verdict() { # LOG PATTERN: of the lines that match
    local lines
    [ -n "$1" ] || { echo "not run"; return; }
    lines=$(grep -E "^(not )?ok [0-9]+ - .*$2" "$1")
    case $lines in
    '') echo "not run" ;;
    'not ok'* | *$'\n''not ok'*) echo "not ok" ;;
    *) if grep -qv '# SKIP' <<<"$lines"; then echo ok; else echo skipped; fi ;;
    esac
}
# The actions that the last short run drew: only those has its checker judged.
drawn() {
    local log seed actions
    log=$(log_of tests/e2e/test_chaos.sh)
    seed=$(grep -oE 'seed=[0-9]+' "${log:-/dev/null}" | cut -d= -f2) actions=$(grep -oE 'actions=[0-9]+' "${log:-/dev/null}" | cut -d= -f2)
    [ -z "$seed" ] || PYTHONDONTWRITEBYTECODE=1 python3 tests/chaos/drawn.py "$seed" "${actions:-0}"
}
DRAWN=$(drawn)
was_drawn() { # ACTION [PLACE, or its end]
    awk -v action="$1" -v place="${2:-}" '$1 == action && (place == "" || substr($2, length($2) - length(place) + 1) == place) { found = 1 }
        END { exit !found }' <<<"$DRAWN"
}
result_of() {
    case $1 in
    faults:*) verdict "$(log_of tests/e2e/test_faults.sh)" " ${1#faults:}: | - ${1#faults:}: " ;;
    # shellcheck disable=SC2086
    chaos:*) if was_drawn ${1#chaos:}; then verdict "$(log_of tests/e2e/test_chaos.sh)" ""; else echo "not run"; fi ;;
    sim:*) verdict "$(log_of tests/integration/test_simulation.sh)" "" ;;
    *.c::*) verdict "$(log_of "${1%%::*}")" "${1#*::}( |\$)" ;;
    *) verdict "$(log_of "${1%%::*}")" "$(as_printed "${1#*::}")" ;;
    esac
}

# FIELD: sets cell (what holds it) and last (how that ended)
look() {
    local part open='' all=0 missing=0 skipped=0 bad='' parts
    cell='' last='–'
    case $1 in gap:* | cannot:*) cell="**${1%%:*}**:${1#*:}"; return ;; esac
    IFS=';' read -ra parts <<<"$1"
    for part in "${parts[@]}"; do
        part=${part# }
        case $part in open:*) open=${part#open: }; continue ;; esac
        cell+="${cell:+<br>}\`$part\`"
        all=$((all + 1))
        case $(result_of "$part") in
        ok) ;;
        'not ok') bad+=" $part" ;;
        skipped) skipped=$((skipped + 1)) ;;
        *) missing=$((missing + 1)) ;;
        esac
    done
    [ -z "$open" ] || cell+="<br>open: $open"
    last=ok
    [ "$skipped" = 0 ] || last="ok, $skipped of $all skipped"
    [ "$missing" = 0 ] || last="ok, $missing of $all not run"
    [ "$((missing + skipped))" -lt "$all" ] || last="not run"
    [ -z "$bad" ] || last="**not ok**:$bad"
}
cases() { grep -E "^[$1][0-9]+ [|] " "$DEF"; }
count() { cases "$1" | grep -cE "$2"; }
row() { # NAME LETTERS
    local gaps cannot open total
    total=$(cases "$2" | wc -l) gaps=$(count "$2" '[|] gap: ') cannot=$(count "$2" '[|] cannot: ') open=$(count "$2" '; open: ')
    echo "| $1 | $total | $((total - gaps - cannot - open)) | $open | $gaps | $cannot |"
}

cat <<'HEAD'
# Faults and the tests that hold them

Made by `make faults` from `tests/faults.def` and the logs of the last `make test`; change those, not this page.
`tests/integration/test_faults_matrix.sh` sees to it that every test named here exists.

HEAD
newest=$(find "$logs" -name '*.log' -printf '%TY-%Tm-%Td %TH:%TM\n' 2>/dev/null | sort | tail -1)
echo "Results: of the run that ended ${newest:-never (there are no logs)}."
cat <<'HEAD'

| group | cases | tested | tested in part | gap | cannot be tested |
|---|---:|---:|---:|---:|---:|
HEAD
groups=$(sed -n 's/^## \(B[0-9]\) \(.*\)/\1 \2/p' "$DEF")
letters=(K N P X S V L O)
n=0
while read -r _ name; do row "$name" "${letters[n]}"; n=$((n + 1)); done <<<"$groups"
row "**all**" KNPXSVLO
cat <<'HEAD'

*Tested in part*: what is missing stands behind "open". *Gap*: nothing asserts what is required; the reason says what there is.

`faults:NAME` is a row of the list in `tests/e2e/test_faults.sh`, the running system under that fault of the exchange. `make test`
runs four of them, `FAULTS=all tests/e2e/test_faults.sh` all. `chaos:ACTION` is an action of `tests/chaos/actions.py`: the seed
draws which of them thirty kills bring, and only those count as run here; the result is that of the checker afterwards. The run
of two thousand kills in [chaos.md](testing/chaos.md) drew all of them and was killed at 48 of the 50 places. `sim:FIELD` is a
field of the plan in `tests/sim/dst_plan.c`, met in a share of the schedules ([order-path.md](testing/order-path.md)); the result
is that of two thousand schedules.
HEAD
n=0
while read -r _ name; do
    printf '\n## %s\n\n| id | fault | held by | last result |\n|---|---|---|---|\n' "$name"
    while IFS='|' read -r id title held; do
        look "${held# }"
        echo "| ${id% } |${title}| $cell | $last |"
    done < <(cases "${letters[n]}")
    n=$((n + 1))
done <<<"$groups"
