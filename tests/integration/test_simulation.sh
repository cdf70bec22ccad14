#!/bin/bash
# The simulated order path: 2 000 schedules of faults without a violation, and the same seed gives the
# same hash of all outputs, alone and after others.
cd "$(dirname "$0")/../.."
. tests/tap.sh
sim=${OUT:-build/release}/tools/sim/tool_sim
[ -x "$sim" ] || { echo "$sim is missing: make sim_tools"; exit 1; }
SIM_COMMIT=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unversioned)
export SIM_COMMIT
check "2000 schedules end without a violation" "$sim" --seed=1 --runs=2000
one=$("$sim" --seed=37 --runs=1 --hashes | head -1)
many=$("$sim" --seed=30 --runs=12 --hashes | grep "^seed=37 ")
echo "# seed 37 twice: $one"
same() { [ -n "$one" ] && [ "$one" = "$many" ]; }
check "a seed gives the same alone and after others" same
finish
