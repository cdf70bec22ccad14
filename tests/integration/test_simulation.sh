#!/bin/bash
# The simulated order path: 2 000 schedules of faults without a violation, and the same seed gives the
# same hash of all outputs, alone and after others.
cd "$(dirname "$0")/../.."
. tests/tap.sh
sim=${OUT:-build/release}/tools/sim/tool_sim
[ -x "$sim" ] || { echo "$sim is missing: make sim_tools"; exit 1; }
SIM_COMMIT=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unversioned)
export SIM_COMMIT

check "2000 schedules from seed 1 break no invariant" "$sim" --seed=1 --runs=2000
one=$("$sim" --seed=37 --runs=1 --hashes | head -1)
many=$("$sim" --seed=30 --runs=12 --hashes | grep "^seed=37 ")
check "a seed says its hash" [ -n "$one" ]
check "seed 37 is the same alone and after others" [ "$one" = "$many" ]
finish
