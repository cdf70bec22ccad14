#!/bin/bash
# Proves from the archives that pure modules and cores stay pure: every undefined symbol is either
# defined in another pure archive or on the short list of pure_symbols.txt, and no archive has
# writable data. Usage: check_purity.sh ARCHIVE…
set -euo pipefail
export LC_ALL=C # sort and join must agree on the order
here=$(dirname "$0")
defined=$(mktemp)
trap 'rm -f "$defined"' EXIT
nm --defined-only "$@" 2>/dev/null | awk 'NF == 3 {print $3}' | sort -u >"$defined"
grep -v '^#' "$here/pure_symbols.txt" | sed 's/ .*//' | sort -u >>"$defined"
sort -u -o "$defined" "$defined"
status=0
for archive in "$@"; do
    while read -r symbol member; do
        echo "purity: $archive($member) uses $symbol, which is not on pure_symbols.txt" >&2
        status=1
    done < <(nm -uA "$archive" 2>/dev/null | sed -n 's/^.*:\([^:]*\.o\): *[Uwv] \(.*\)$/\2 \1/p' | sort -u |
        join -v1 - "$defined")
    while read -r member section size; do
        echo "purity: $archive($member) has $size bytes in $section (mutable state)" >&2
        status=1
    done < <(size -A "$archive" | awk '
        /:$/ || /\(ex / {member = $1}
        $1 ~ /^\.(data|bss|tdata|tbss)$/ && $2 > 0 {print member, $1, $2}
        $1 ~ /^\.data\./ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0 {print member, $1, $2}')
done
exit $status
