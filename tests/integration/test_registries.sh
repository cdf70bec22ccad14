#!/bin/bash
# Forgetting either half of a registry entry (the line or the file) ends the build: tried on a copy of the
# tree for every registry there is.
cd "$(dirname "$0")/../.."
. tests/tap.sh
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -co --exclude-standard | grep -v '^tests/' | tar -cf - -T - 2>/dev/null | tar -xf - -C "$copy"

# Only the registry's own gate is built: it stands before every archive and program.
builds() { make -s -C "$copy" "build/release/registry/$1.ok" >/dev/null 2>&1; }

registries=$(cd "$copy" && find libcommon services -name '*.def' | while read -r def; do
    [ -d "${def%.def}" ] || [ "$(basename "$def")" = venues.def ] && echo "$def"
done)
for def in $registries; do
    check "$def builds when whole" builds "$def"
    first=$(sed -n 's/^[A-Z_]*(\([a-z0-9_]*\).*$/\1/p' "$copy/$def" | head -1)
    cp "$copy/$def" "$copy/saved"
    sed -i "0,/($first)/{/($first)/d}" "$copy/$def"
    refute "$def: the line of $first is forgotten" builds "$def"
    cp "$copy/saved" "$copy/$def"
    if [ "$(basename "$def")" = venues.def ]; then half="$copy/$(dirname "$def")/$first"; else half="$copy/${def%.def}/$first.c"; fi
    mv "$half" "$copy/moved"
    refute "$def: the file of $first is forgotten" builds "$def"
    mv "$copy/moved" "$half"
    check "$def builds when whole again" builds "$def"
done
finish
