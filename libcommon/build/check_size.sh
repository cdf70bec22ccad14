#!/bin/bash
# No function above 70 lines, no hand-written file above 800 (tests included).
set -euo pipefail
status=0
mapfile -t files < <(git ls-files -co --exclude-standard -- '*.c' '*.h' | sort)
long=$(printf '%s\n' "${files[@]}" | ctags --languages=C --kinds-C=f --fields=+ne -f - -L - 2>/dev/null |
    awk -F'\t' '{l=0;e=0;for(i=4;i<=NF;i++){if($i~/^line:/)l=substr($i,6);if($i~/^end:/)e=substr($i,5)}
        if(e-l+1>70)print $2": "$1" has "e-l+1" lines"}')
[ -z "$long" ] || { printf '%s\n' "$long" >&2; status=1; }
for file in "${files[@]}"; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 800 ] || { echo "$file: $lines lines" >&2; status=1; }
done
exit $status
