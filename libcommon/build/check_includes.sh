#!/bin/bash
# Includes point one way: base <- domain <- {ind, stats, venue} <- expr <- core <- shell; wire and rt only in shells; no
# service includes another's headers, except lab and the whole-system simulation under tests/.
set -euo pipefail
status=0
refuse() { # files, forbidden include pattern, why
    local hits
    hits=$(grep -nHE "^#include \"($2)" $1 2>/dev/null || true)
    if [ -n "$hits" ]; then
        echo "$hits" | sed "s|^|includes: $3: |" >&2
        status=1
    fi
}
files() { git ls-files -co --exclude-standard -- "$@" | grep -E '\.(c|h|def)$' || true; }
refuse "$(files libcommon/base)" '(domain|ind|stats|venue|expr|wire|rt)/' "base may include base only"
refuse "$(files libcommon/domain)" '(ind|stats|venue|expr|wire|rt)/' "domain may include base and domain only"
refuse "$(files libcommon/ind)" '(stats|venue|expr|wire|rt)/' "ind may include base, domain, ind"
refuse "$(files libcommon/stats)" '(ind|venue|expr|wire|rt)/' "stats may include base, domain, stats"
refuse "$(files libcommon/venue)" '(ind|stats|expr|wire|rt)/' "venue may include base, domain, venue"
refuse "$(files libcommon/expr)" '(stats|venue|wire|rt)/' "expr may include base, domain, ind, expr"
refuse "$(files libcommon/wire)" '(rt|ind|stats|venue|expr)/' "wire may include base, domain, wire"
for service in $(ls services); do
    [ -d "services/$service" ] || continue
    core=$(files "services/$service/core")
    # subject and table numbers are plain constants: cores may name them
    [ -z "$core" ] || refuse "$core" '(rt/|wire/codec)' "a core may not include rt or the codec"
    [ "$service" = lab ] && continue
    all=$(files "services/$service")
    for other in $(ls services); do
        [ "$other" = "$service" ] && continue
        [ -z "$all" ] || refuse "$all" "(services/)?$other/" "$service includes $other"
    done
done
exit $status
