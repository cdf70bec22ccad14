#!/bin/bash
# Numbers are read and written the same whatever the locale says: no program can take a locale over, and a configuration
# with decimals means the same under one with a decimal comma.
cd "$(dirname "$0")/../.."
. tests/tap.sh
for program in bin/cerberus bin/cerberus-*; do
    refute "${program#bin/} takes no locale over" grep -qE ' (setlocale|newlocale|uselocale)(@|$)' <(nm -D --undefined-only "$(realpath "$program")")
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$PWD/bin/cerberus" caps keygen --secret "$dir/key" --public "$dir/key.pub" >/dev/null
cp deploy/local/caps.conf "$dir/caps.conf"
for locale in C de_DE.UTF-8 fr_FR.UTF-8; do
    LC_ALL=$locale "$PWD/bin/cerberus" caps sign "$dir/caps.conf" --secret "$dir/key" >"$dir/out.$locale" 2>&1
    check "caps with decimals are read under $locale" [ $? = 0 ]
    check "and mean the same under $locale" cmp -s "$dir/out.C" "$dir/out.$locale"
done
sed -i 's/^collar = 0.05/collar = 0,05/' "$dir/caps.conf"
refute "a decimal comma is refused under de_DE.UTF-8 too" env LC_ALL=de_DE.UTF-8 "$PWD/bin/cerberus" caps sign "$dir/caps.conf" --secret "$dir/key" >/dev/null 2>&1
finish
