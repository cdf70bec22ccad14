#!/bin/bash
# Runs the fuzzers, each from its kept corpus on (tests/fuzz/corpus/NAME.tar.gz); what they find goes to
# build/corpus/NAME, a crash's input to build/crashes (FUZZ_WORK: instead of build). Ends with 1 at the first finding.
#
#   run.sh DIR [libFuzzer's options] -- [NAME …]
#   run.sh DIR --keep -- [NAME …]        packs the smallest corpus that reaches as much
set -euo pipefail
cd "$(dirname "$0")/../.."
DIR=$1
WORK=${FUZZ_WORK:-build}
shift
OPTIONS=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    OPTIONS+=("$1")
    shift
done
[ $# -eq 0 ] || shift
NAMES=("$@")
if [ ${#NAMES[@]} -eq 0 ]; then
    for source in tests/fuzz/fuzz_*.c; do NAMES+=("$(basename "$source" .c)"); done
fi
mkdir -p "$WORK/crashes"

unpack() { # NAME: the kept inputs beside those found since
    mkdir -p "$WORK/corpus/$1"
    [ ! -f "tests/fuzz/corpus/$1.tar.gz" ] || tar -xzf "tests/fuzz/corpus/$1.tar.gz" -C "$WORK/corpus/$1"
}

keep() { # NAME
    local smallest
    smallest=$(mktemp -d)
    "$DIR/$1" -merge=1 -max_len=2048 "$smallest" "$WORK/corpus/$1" >"$WORK/corpus/$1.log" 2>&1 || { tail -20 "$WORK/corpus/$1.log" >&2; return 1; }
    mkdir -p tests/fuzz/corpus
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - -C "$smallest" . | gzip -n9 >"tests/fuzz/corpus/$1.tar.gz"
    echo "$1: $(find "$smallest" -type f | wc -l) inputs, $(stat -c %s "tests/fuzz/corpus/$1.tar.gz") bytes packed"
    rm -rf "$smallest"
}

for name in "${NAMES[@]}"; do
    unpack "$name"
    if [ "${OPTIONS[0]:-}" = --keep ]; then
        keep "$name"
        continue
    fi
    log="$WORK/corpus/$name.log"
    words=tests/fuzz/$name.dict # a language's words, where there is one
    if ! "$DIR/$name" "${OPTIONS[@]}" $([ ! -f "$words" ] || echo "-dict=$words") -print_final_stats=1 -artifact_prefix="$WORK/crashes/" "$WORK/corpus/$name" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        echo "$name: a finding; the input stands above ($WORK/crashes)" >&2
        exit 1
    fi
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, $(find "$WORK/corpus/$name" -type f | wc -l) kept"
done
