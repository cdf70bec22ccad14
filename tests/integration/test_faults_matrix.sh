#!/bin/bash
# The matrix of faults: each case once, with a test or a reason; what it names exists; the page is made from it.
cd "$(dirname "$0")/../.."
. tests/tap.sh
DEF=tests/faults.def

ids() { sed -n 's/^\([A-Z][0-9]*\) | .*/\1/p' "$DEF" | sort; }
wanted() { for group in K18 N15 P15 X27 S17 V10 L10 O16; do seq -f "${group:0:1}%g" "${group:1}"; done | sort; }
check "all 128 cases are there, each once" [ "$(ids)" = "$(wanted)" ]
check "no other lines are there" [ -z "$(grep -vE '^(#.*|[A-Z][0-9]+ [|] [^|]+ [|] [^|]+|)$' "$DEF")" ]

is_registered() { # FILE FUNCTION: defined, and named once more where the tests are listed
    grep -qE "^static void $2\(void \*\*" "$1" && [ "$(grep -cw "$2" "$1")" -ge 2 ]
}
is_check() { grep -F -- "$2" "$1" | grep -qE '\b(check|refute|refuses|ok|skip) '; }
is_place() { # a failpoint, with or without its service's word, or a kind of the action
    local word=${1#*.}
    grep -qE "\"($word|[a-z]+\.$word)\"" tests/chaos/actions.py || grep -qF "\".$word\"" tests/chaos/actions.py
}
is_action() { # ACTION [PLACE]
    grep -q "^def $1(" tests/chaos/actions.py && { [ $# -eq 1 ] || is_place "$2"; }
}
exists() {
    case $1 in
    tests/*.c::*) is_registered "${1%%::*}" "${1#*::}" ;;
    tests/*.sh::?*) is_check "${1%%::*}" "${1#*::}" ;;
    faults:*) grep -qE "^${1#faults:} [0-9]+ \{" tests/e2e/test_faults.sh ;;
    # shellcheck disable=SC2086
    chaos:*) is_action ${1#chaos:} ;;
    sim:*) grep -qw -- "plan->${1#sim:}" tests/sim/dst_plan.c ;;
    *) false ;;
    esac
}
all_exist() { # the third field of a case
    local part parts tests=0
    case $1 in gap:\ ?* | cannot:\ ?*) return 0 ;; esac
    IFS=';' read -ra parts <<<"$1"
    for part in "${parts[@]}"; do
        part=${part# }
        case $part in open:\ ?*) continue ;; esac
        tests=$((tests + 1))
        exists "$part" 2>/dev/null || { echo "# there is no $part"; return 1; }
    done
    [ "$tests" -gt 0 ]
}
while IFS='|' read -r id _ held; do
    check "${id% }: what it names exists" all_exist "${held# }"
done < <(grep -E '^[A-Z][0-9]+ ' "$DEF")
for bad in tests/unit/risk/test_race.c::no_such_test 'tests/e2e/test_kill.sh::no such text' faults:nothing chaos:nothing \
    'chaos:fp_kill exec.nowhere' sim:nothing anything; do
    refute "... and $bad does not" exists "$bad"
done

# All but the results: those are of the run that the page was made after.
without_results() { sed -E '/^Results: /d; s/ [|] [^|]* [|]$//'; }
check "docs/faults.md is what make faults makes" cmp -s <(without_results <docs/faults.md) \
    <(FAULTS_LOGS=/nonexistent tests/faults.sh | without_results)
finish
