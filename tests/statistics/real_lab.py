#!/usr/bin/env python3
"""Asks the benchmark for differences that are not there, and for one that is, on a simulated lab.

A/A: two programs that choose at random, each with a luck of its own, in repeats of their own seeds: a difference should be
called resolved in at most 5 of 100. Planted: the second program draws two inputs from their better ends only; with the
seeds that a first benchmark says are needed for 80 % power, at least that share of the repeats should resolve it.
usage: real_lab.py FLOWTWIN SCENARIO [REPEATS]"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

flowtwin, scenario = (os.path.abspath(path) for path in sys.argv[1:3])
repeats = int(sys.argv[3]) if len(sys.argv) > 3 else 100
program = f"{sys.executable} {os.path.dirname(os.path.abspath(__file__))}/lucky.py"


def bench(folder, name, first, seeds, entrants):
    """Whether the entrants are told apart, and the seeds that would do."""
    out = f"{folder}/{name}-{first}"
    if os.path.isdir(folder + "/optima"):
        shutil.copytree(folder + "/optima", out + "/optima")
    command = [flowtwin, "benchmark", scenario, "--opening", "2", "--experiments", "4", "--first-seed", str(first),
               "--seeds", str(seeds), "--json", "--out", out]
    for name, arguments in entrants.items():
        command += ["--policy-command", f"{name}={program} {arguments}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    pair = json.loads(done.stdout)[0]["comparisons"][0]
    if not os.path.isdir(folder + "/optima"):
        shutil.copytree(out + "/optima", folder + "/optima")
    shutil.rmtree(out)
    return pair["resolved_from"] is not None, pair["seeds_needed"], pair


with tempfile.TemporaryDirectory() as folder:
    same = {"a": "1", "b": "2"}
    told = sum(bench(folder, "same", 1 + 12 * k, 12, same)[0] for k in range(repeats))
    print(f"identical policies are told apart in {told} of {repeats} repeats of 12 seeds", flush=True)
    planted = {"wide": "1", "narrow": "2 planted"}
    _, needed, pair = bench(folder, "pilot", 100_001, 200, planted)
    end = pair["checkpoints"][-1]["advantage"]
    print(f"planted: {pair['better']} is better by {end['estimate']:.3g} ({end['low']:.3g} to {end['high']:.3g}), "
          f"{needed} seeds needed for 80 %", flush=True)
    found = sum(bench(folder, "planted", 200_001 + needed * k, needed, planted)[0] for k in range(repeats))
    print(f"and is resolved in {found} of {repeats} repeats of {needed} seeds")
    assert told <= 0.05 * repeats and found >= 0.8 * repeats
