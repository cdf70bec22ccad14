#!/bin/sh
# A registry has two halves: a line in X.def and a file X/name.c (or a folder X/name for venues).
# Forgetting either ends the build with the name of what is missing.
#   check_registry.sh DEF FOLDER
set -eu
def=$1
folder=$2
lines=$(sed -n 's/^[A-Z_]*(\([a-z0-9_]*\).*$/\1/p' "$def" | sort)
if [ "$(basename "$def")" = venues.def ]; then
    files=$(find "$folder" -mindepth 1 -maxdepth 1 -type d -exec basename {} \; | sort)
else
    files=$(find "$folder" -maxdepth 1 -name '*.c' -exec basename {} .c \; | sort)
fi
status=0
for name in $lines; do
    echo "$files" | grep -qx "$name" || {
        echo "$def: '$name' is listed, but $folder/$name does not exist" >&2
        status=1
    }
done
for name in $files; do
    echo "$lines" | grep -qx "$name" || {
        echo "$folder/$name: exists, but $def has no line for it" >&2
        status=1
    }
done
[ -z "$(echo "$lines" | uniq -d)" ] || { echo "$def: listed twice: $(echo "$lines" | uniq -d)" >&2; status=1; }
exit $status
