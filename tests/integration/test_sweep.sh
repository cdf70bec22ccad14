#!/bin/bash
# SQLite style: the simulated order path once more for each place where something can fail, with that one
# thing failing (an allocation; a crash, a stop, a lost message, a refused statement, …). Longer: make sweep.
cd "$(dirname "$0")/../.."
. tests/tap.sh
sim=${OUT:-build/release}/tools/sim/tool_sim
[ -x "$sim" ] || { echo "$sim is missing: make sim_tools"; exit 1; }
SIM_COMMIT=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unversioned)
export SIM_COMMIT

check "every allocation of four schedules fails once" "$sim" --sweep=alloc --seed=1 --runs=4
check "every third fault of a schedule happens alone" "$sim" --sweep=fault --seed=1 --step=3
finish
