"""What one experiment costs each optimiser: processor time and peak memory, side by side, as a table.

Usage: cargo build --release -p flowtwin-twin --example ask_tell
       cargo run --release -p flowtwin-twin --example sample_efficiency -- two-optima 0..1 > instances.jsonl
       python timing.py instances.jsonl [--evaluations 70] [--optimisers ei@modern,botorch,...]

Each plays the first instance (seven inputs, noisy; see two_optima.py) in a process of its own, on one thread: the 10 points
of the opening, then proposals up to the number of evaluations. Processor time is that of the proposals and of telling
their outcomes, imports and opening excluded, user and system; memory is the peak of the whole process.
"""

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys

THREADS = dict.fromkeys(["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"], "1")
PACKAGES = {"botorch": "botorch", "ax": "ax-platform", "baybe": "baybe", "smac": "smac", "skopt": "scikit-optimize", "egobox": "egobox"}
PACKAGES |= {"torch-ensemble": "torch", "hebo": "hebo"}
POLICIES = ["ei@modern", "ei@gp", "ucb@gp", "balanced@gp", "thompson@gp", "ei@forest", "ei@stack"]


def play(name, path, evaluations):
    from optimisers import optimiser
    from two_optima import Function

    with open(path) as file:
        function = Function(file.readline())
    player = optimiser(name, function.dim, function.of["seed"])
    for i, x in enumerate(function.opening):
        player.tell(x, function.measured(x, i))
    opening = len(function.opening)
    before, best = player.spent()[0], max(map(function.truth, function.opening))
    for i in range(opening, evaluations):
        x = player.ask()
        player.tell(x, function.measured(x, i))
        best = max(best, function.truth(x))
        if i == opening:
            first = player.spent()[0]
    after, megabytes = player.spent()
    # The first proposal pays for what is loaded when it is first used.
    seconds = (after - first) / (evaluations - opening - 1)
    print(json.dumps({"seconds": seconds, "first": first - before, "mb": megabytes, "best": best}))


def label(name):
    return f"{name} {importlib.metadata.version(PACKAGES[name])}" if name in PACKAGES else f"flowtwin `{name}`"


def row(name, path, evaluations):
    command = [sys.executable, __file__, path, "--evaluations", str(evaluations), "--play", name]
    done = subprocess.run(command, env=os.environ | THREADS, capture_output=True, text=True)
    if done.returncode:
        return f"| {label(name)} | failed: {done.stderr.strip().splitlines()[-1]} | | |"
    result = json.loads(done.stdout.strip().splitlines()[-1])
    return f"| {label(name)} | {1e3 * result['seconds']:.1f} | {1e3 * result['first']:.0f} | {result['mb']:.0f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("instances")
    parser.add_argument("--evaluations", type=int, default=70)
    parser.add_argument("--optimisers", default=",".join(POLICIES + list(PACKAGES)))
    parser.add_argument("--play", help="one optimiser, in this process")
    arguments = parser.parse_args()
    if arguments.play:
        return play(arguments.play, arguments.instances, arguments.evaluations)
    print(f"| {arguments.evaluations} evaluations | CPU ms per experiment | first proposal, ms | peak MB |")
    print("|---|---|---|---|")
    for name in arguments.optimisers.split(","):
        print(row(name, arguments.instances, arguments.evaluations), flush=True)


if __name__ == "__main__":
    main()
