#!/bin/bash
# What a trial costs in our samplers and in Optuna's, in one run, in turns: 1 000 trials, 10 dimensions, an
# objective that costs nothing, processor time. Where Optuna cannot be installed its column is left out, and it is said.
#
# sampler_bench.sh [-o json]
#   OPTUNA_PYTHON=…   a python that has optuna; otherwise a throw-away virtual environment is tried
#   SAMPLER_ROUNDS=3  pairs of runs; the median of the ratios counts
set -euo pipefail
cd "$(dirname "$0")/../.."
BENCH=${SAMPLER_BENCH:-build/release/tools/perf/sampler_bench}
ROUNDS=${SAMPLER_ROUNDS:-3}
FORMAT=table
[ "${1:-}" != -o ] || FORMAT=${2:-}
case $FORMAT in table | json) ;; *) echo "usage: sampler_bench.sh [-o json]" >&2; exit 2 ;; esac
DIR=$(mktemp -d /tmp/cerberus-samplers-XXXXXX)
trap 'rm -rf "$DIR"' EXIT

PYTHON=${OPTUNA_PYTHON:-}
why=
if [ -z "$PYTHON" ]; then
    if timeout 180 python3 -m venv "$DIR/venv" >"$DIR/log" 2>&1 &&
        timeout 300 "$DIR/venv/bin/pip" install -q optuna cmaes >>"$DIR/log" 2>&1; then
        PYTHON=$DIR/venv/bin/python
    else
        why="Optuna could not be installed: $(tail -n 1 "$DIR/log")"
    fi
fi

cat >"$DIR/theirs.py" <<'PY'
import json, sys, time, warnings
import optuna
warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
samplers = {"random": optuna.samplers.RandomSampler(seed=1),
            "tpe": optuna.samplers.TPESampler(seed=1, multivariate=False),
            "tpe_multivariate": optuna.samplers.TPESampler(seed=1, multivariate=True),
            "cma_es": optuna.samplers.CmaEsSampler(seed=1), "nsga2": optuna.samplers.NSGAIISampler(seed=1)}
for name, sampler in samplers.items():
    study = optuna.create_study(sampler=sampler)
    began = time.process_time()
    study.optimize(lambda t: sum(t.suggest_float(f"x{i}", -5.12, 5.12) ** 2 for i in range(10)), n_trials=1000)
    print(json.dumps({"sampler": name, "us_per_trial": (time.process_time() - began) * 1e3, "best": study.best_value,
                      "optuna": optuna.__version__}))
PY

for round in $(seq "$ROUNDS"); do
    "$BENCH" -o json | jq -c --arg r "$round" '. + {round: $r, of: "ours"}' >>"$DIR/all"
    [ -z "$PYTHON" ] || "$PYTHON" "$DIR/theirs.py" | jq -c --arg r "$round" '. + {round: $r, of: "optuna"}' >>"$DIR/all"
done

jq -s --arg why "$why" '
    def median: sort | .[(length / 2 | floor)];
    . as $all
    | {optuna: ([$all[] | .optuna // empty] | first), skipped: (if $why == "" then null else $why end),
       trials: 1000, dims: 10,
       samplers: [$all[] | select(.of == "ours") | .sampler] | unique | map(. as $name
         | [$all[] | select(.sampler == $name and .of == "ours")] as $ours
         | [$all[] | select(.sampler == $name and .of == "optuna")] as $theirs
         | {sampler: $name, ours_us: ([$ours[].us_per_trial] | median),
            optuna_us: (if $theirs == [] then null else [$theirs[].us_per_trial] | median end),
            ratio: (if $theirs == [] then null else
                [range($ours | length) as $i | $theirs[$i].us_per_trial / $ours[$i].us_per_trial] | median end),
            ours_best: $ours[0].best, optuna_best: ($theirs[0].best // null), memory_kb: $ours[0].memory_kb})}
    ' "$DIR/all" >"$DIR/result"
if [ "$FORMAT" = json ]; then
    cat "$DIR/result"
else
    jq -r 'def pad($n): tostring | (" " * ([$n - length, 0] | max)) + .;
        def figure: if . == null then "-" elif . < 10 then (. * 100 | round / 100) else round end;
        "a trial of a sampler, microseconds of processor time: \(.trials) trials, \(.dims) dimensions"
        + (if .skipped then "; skipped: \(.skipped)" else ", beside Optuna \(.optuna)" end),
        "  sampler               ours   Optuna    ratio  memory kB",
        (.samplers[] | "  " + (.sampler + " " * (18 - (.sampler | length))) + (.ours_us | figure | pad(8))
            + (.optuna_us | figure | pad(9)) + (.ratio | figure | pad(9)) + (.memory_kb | pad(11)))' "$DIR/result"
fi
