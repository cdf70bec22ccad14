#!/bin/bash
# Every fuzzer over its kept corpus, and a little beyond it from a fixed seed: a crash that was found once
# would be found again here. Longer: make fuzz SECS=….
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
export FUZZ_WORK=$(mktemp -d)
trap 'rm -rf "$FUZZ_WORK"' EXIT

for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    check "$name" tests/fuzz/run.sh build/release/fuzz -runs="${FUZZ_TEST_RUNS:-2000}" -max_total_time=20 -seed=1 -- "$name"
done
finish
