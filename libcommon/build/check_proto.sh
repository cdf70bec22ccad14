#!/bin/bash
# Refuses breaking changes of the wire contract: every field and enum value of the stored snapshot
# must still be there with the same number, name, type and label. New ones are welcome.
#   check_proto.sh            compares
#   check_proto.sh --update   writes the snapshot anew (refused while something is broken)
# PROTO_DIR names another folder than proto (for the test of this script).
set -euo pipefail
export LC_ALL=C
dir=${PROTO_DIR:-proto}
snapshot=$dir/cerberus/v1/.snapshot
mapfile -t files < <(cd "$dir" && ls cerberus/v1/*.proto)
now=$(mktemp)
trap 'rm -f "$now"' EXIT

# protoc judges the syntax and the uniqueness of numbers and names; the lines below rely on it.
(cd "$dir" && protoc --proto_path=. --descriptor_set_out=/dev/null "${files[@]}")

# One line for each field and value: "Message.number name type", "Enum=number NAME". The files keep
# to one declaration a line and no nested types; anything else ends the check.
(cd "$dir" && awk '
    {sub(/\/\/.*/, ""); gsub(/[ \t]+/, " "); sub(/^ /, ""); sub(/ $/, "")}
    $0 == "" || /^(syntax|package|import|option|reserved) ?/ {next}
    scope == "" && /^(message|enum) [A-Za-z0-9]+ \{$/ {kind = $1; scope = $2; next}
    scope != "" && $0 == "}" {scope = ""; next}
    kind == "enum" && scope != "" && match($0, /^[A-Z0-9_]+ = [0-9]+;$/) {
        sub(/;/, "", $3); print scope "=" $3, $1; next}
    kind == "message" && scope != "" && match($0, /^(repeated |optional )?[A-Za-z0-9_.]+ [a-z0-9_]+ = [0-9]+;$/) {
        sub(/;/, ""); n = split($0, w, " ")
        label = n == 5 ? w[1] " " : ""
        print scope "." w[n], w[n - 2], label w[n - 3]; next}
    {print FILENAME ":" FNR ": not one plain declaration: " $0 > "/dev/stderr"; bad = 1}
    END {exit bad}' "${files[@]}") | sort >"$now"

broken=""
if [ -f "$snapshot" ]; then
    broken=$(comm -23 "$snapshot" "$now")
fi
if [ -n "$broken" ]; then
    echo "proto: these were changed or removed; readers and stored messages rely on them:" >&2
    sed 's/^/  /' <<<"$broken" >&2
    exit 1
fi
if [ "${1:-}" = --update ]; then
    cp "$now" "$snapshot"
    echo "proto: $(wc -l <"$snapshot") fields and values in $snapshot"
    exit 0
fi
if [ ! -f "$snapshot" ]; then
    echo "proto: $snapshot is missing; run $0 --update" >&2
    exit 1
fi
added=$(comm -13 "$snapshot" "$now")
if [ -n "$added" ]; then
    echo "proto: new and not yet protected; run libcommon/build/check_proto.sh --update:" >&2
    sed 's/^/  /' <<<"$added" >&2
fi
exit 0
