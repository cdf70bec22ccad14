#!/usr/bin/env python3
"""What Optuna reaches on standard functions: best value after N trials for each seed, and the quality of
NSGA-II's fronts. Its output is committed as tests/fixtures/lab/optuna.json, and our samplers are held
against it by tests/unit/lab/test_quality.c.

Run it in a throw-away place; it needs optuna, cmaes and numpy, which the project does not:
    python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install optuna cmaes
    /tmp/oracle/bin/python tests/perf/optuna_oracle.py [SEEDS] >tests/fixtures/lab/optuna.json
"""
import json
import math
import multiprocessing
import sys
import warnings

import numpy as np
import optuna

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)

SEEDS = int(sys.argv[1]) if len(sys.argv) > 1 else 30
TRIALS = 200
MULTI_TRIALS = 1500
IGD_POINTS = 500


def sphere(x):
    return sum(v * v for v in x)


def rosenbrock(x):
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:]))


def rastrigin(x):
    return sum(v * v - 10 * math.cos(2 * math.pi * v) + 10 for v in x)


def branin(x):
    a, b = x
    return ((b - 5.1 / (4 * math.pi**2) * a * a + 5 / math.pi * a - 6) ** 2
            + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a) + 10)


H6_A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
H6_C = [1.0, 1.2, 3.0, 3.2]
H6_P = [[0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886], [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650], [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381]]


def hartmann6(x):
    return -sum(c * math.exp(-sum(a * (v - p) ** 2 for a, v, p in zip(ra, x, rp)))
                for c, ra, rp in zip(H6_C, H6_A, H6_P))


SINGLE = {
    "sphere": (sphere, [(-5.12, 5.12)] * 5),
    "rosenbrock": (rosenbrock, [(-2.048, 2.048)] * 5),
    "rastrigin": (rastrigin, [(-5.12, 5.12)] * 5),
    "branin": (branin, [(-5, 10), (0, 15)]),
    "hartmann6": (hartmann6, [(0, 1)] * 6),
}


def zdt(x, front):
    g = 1 + 9 * sum(x[1:]) / (len(x) - 1)
    return [x[0], g * front(x[0], g)]


def zdt1(x):
    return zdt(x, lambda f, g: 1 - math.sqrt(f / g))


def zdt2(x):
    return zdt(x, lambda f, g: 1 - (f / g) ** 2)


def zdt3(x):
    return zdt(x, lambda f, g: 1 - math.sqrt(f / g) - f / g * math.sin(10 * math.pi * f))


def dtlz2(x):
    g = sum((v - 0.5) ** 2 for v in x[2:])
    a, b = x[0] * math.pi / 2, x[1] * math.pi / 2
    return [(1 + g) * math.cos(a) * math.cos(b), (1 + g) * math.cos(a) * math.sin(b), (1 + g) * math.sin(a)]


def front_of(name):
    if name == "dtlz2":
        side = 22
        points = []
        for i in range(side):
            for j in range(side):
                a, b = (i + 0.5) / side * math.pi / 2, (j + 0.5) / side * math.pi / 2
                points.append([math.cos(a) * math.cos(b), math.cos(a) * math.sin(b), math.sin(a)])
        return np.array(points)
    f = (np.arange(IGD_POINTS) + 0.5) / IGD_POINTS
    if name == "zdt1":
        return np.stack([f, 1 - np.sqrt(f)], 1)
    if name == "zdt2":
        return np.stack([f, 1 - f**2], 1)
    points = np.stack([f, 1 - np.sqrt(f) - f * np.sin(10 * np.pi * f)], 1)
    best = np.minimum.accumulate(points[:, 1])
    return points[points[:, 1] <= best]


MULTI = {"zdt1": (zdt1, 30, [11, 11]), "zdt2": (zdt2, 30, [11, 11]), "zdt3": (zdt3, 30, [11, 11]),
         "dtlz2": (dtlz2, 12, [2, 2, 2])}


def area(points, ref):
    total, top = 0.0, ref[1]
    for a, b in sorted(p for p in points if p[0] < ref[0] and p[1] < ref[1]):
        if b < top:
            total += (ref[0] - a) * (top - b)
            top = b
    return total


def hypervolume(points, ref):
    points = [tuple(p) for p in points if all(v < r for v, r in zip(p, ref))]
    if len(ref) == 2:
        return area(points, ref)
    total, points = 0.0, sorted(points, key=lambda p: p[2])
    for i, p in enumerate(points):
        above = points[i + 1][2] if i + 1 < len(points) else ref[2]
        total += area([q[:2] for q in points[: i + 1]], ref[:2]) * (above - p[2])
    return total


def igd(points, front):
    gaps = np.sqrt(((front[:, None, :] - np.array(points)[None, :, :]) ** 2).sum(2))
    return float(gaps.min(1).mean())


def sampler_of(name, seed):
    if name == "tpe":
        return optuna.samplers.TPESampler(seed=seed, multivariate=False)
    if name == "tpe_multivariate":
        return optuna.samplers.TPESampler(seed=seed, multivariate=True)
    if name == "cma_es":
        return optuna.samplers.CmaEsSampler(seed=seed)
    if name == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.NSGAIISampler(seed=seed)


def run_single(job):
    name, sampler, seed = job
    function, bounds = SINGLE[name]
    study = optuna.create_study(sampler=sampler_of(sampler, seed))
    study.optimize(lambda t: function([t.suggest_float(f"x{i}", *b) for i, b in enumerate(bounds)]), n_trials=TRIALS)
    return study.best_value


def run_multi(job):
    name, _, seed = job
    function, dims, ref = MULTI[name]
    study = optuna.create_study(directions=["minimize"] * len(ref), sampler=sampler_of("nsga2", seed))
    study.optimize(lambda t: tuple(function([t.suggest_float(f"x{i}", 0, 1) for i in range(dims)])), n_trials=MULTI_TRIALS)
    points = [t.values for t in study.best_trials]
    return [hypervolume(points, ref), igd(points, front_of(name))]


def main():
    out = {"optuna": optuna.__version__, "seeds": SEEDS, "trials": TRIALS, "multi_trials": MULTI_TRIALS,
           "single": {}, "multi": {}}
    with multiprocessing.Pool(1 if "--one" in sys.argv else 2) as pool:
        for name in SINGLE:
            out["single"][name] = {}
            for sampler in ("random", "tpe", "tpe_multivariate", "cma_es"):
                got = pool.map(run_single, [(name, sampler, s) for s in range(SEEDS)], chunksize=1)
                out["single"][name][sampler] = [float(f"{v:.9g}") for v in got]
                print(name, sampler, np.median(got), file=sys.stderr, flush=True)
        for name in MULTI:
            got = pool.map(run_multi, [(name, "nsga2", s) for s in range(SEEDS)], chunksize=1)
            out["multi"][name] = {"hypervolume": [float(f"{v[0]:.9g}") for v in got],
                                  "igd": [float(f"{v[1]:.9g}") for v in got]}
            print(name, np.median(got, 0), file=sys.stderr, flush=True)
    json.dump(out, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
