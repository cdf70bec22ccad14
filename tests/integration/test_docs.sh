#!/bin/bash
# What the documents name exists: tests and test functions behind each guarantee, and every relative link.
cd "$(dirname "$0")/../.."
. tests/tap.sh

exists() { # PATH or PATH::FUNCTION
    local path=${1%%::*} name=${1#*::}
    [ -e "$path" ] && { [ "$path" = "$1" ] || grep -q "\b$name\b" "$path"; }
}
while read -r named; do
    check "guarantees: $named exists" exists "$named"
done < <(grep -o 'tests/[A-Za-z0-9_/]*\.[a-z]*\(::[a-z_]*\)\?' docs/guarantees.md | sort -u)

for page in README.md docs/*.md docs/*/*.md services/*/README.md; do
    while read -r link; do
        check "$page: $link exists" [ -e "$(dirname "$page")/$link" ]
    done < <(grep -o '](\([A-Za-z0-9_./-]*\)[)#]' "$page" | sed 's/^](//; s/[)#]$//' | grep -v '^$' | sort -u)
done
finish
