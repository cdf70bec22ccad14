#!/bin/sh
# Each FP("name") of the code is one line of failpoints.def, and each line stands somewhere in the code.
set -eu
def=libcommon/rt/failpoints.def
listed=$(sed -n 's/^FAILPOINT("\([^"]*\)".*$/\1/p' "$def" | sort)
used=$(grep -rhoE '\bFP\("[^"]*"\)' --include='*.c' libcommon services | sed 's/^FP("\(.*\)")$/\1/' | sort -u)
status=0
[ -z "$(echo "$listed" | uniq -d)" ] || { echo "$def: listed twice: $(echo "$listed" | uniq -d)" >&2; status=1; }
for name in $(printf '%s\n' "$listed" | sed 's/\*/@/g'); do
    name=$(echo "$name" | sed 's/@/*/')
    printf '%s\n' "$used" | grep -qxF "$name" || { echo "$def: '$name' stands nowhere in the code" >&2; status=1; }
done
for name in $(printf '%s\n' "$used" | sed 's/\*/@/g'); do
    name=$(echo "$name" | sed 's/@/*/')
    printf '%s\n' "$listed" | grep -qxF "$name" || { echo "$def: no line for FP(\"$name\")" >&2; status=1; }
done
exit $status
