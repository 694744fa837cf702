"""What the way through Python costs: `python python/benches/overhead.py [campaigns]`. See docs/python.md."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

clock = time.process_time()
import flowtwin  # noqa: E402

TABLE = """
schema = 1
name = "table"
title = "Four outcomes"
seed = 1
[table]
data = "table.csv"
[objective]
feature = "y"
[[phases]]
name = "all"
policy = "random"
experiments = 3
"""


def least(call: Callable[[], object], times: int = 300) -> float:
    """Least time of a call [ms]."""
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - began)
    return 1e3 * best


def resident() -> float:
    """Memory of this process [MB], as Linux counts it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    print(f"import flowtwin: {1e3 * (time.process_time() - clock):.0f} ms of processor time")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "table.csv").write_text("a,y\n0,1\n1,2\n2,3\n3,2\n")
        lab = flowtwin.Lab(flowtwin.Scenario(TABLE, path=Path(folder, "table.toml")), seed=1)
        print(f"lab.measure on a table: {least(lambda: lab.measure(a=1.0)):.4f} ms")
    scenario = flowtwin.Scenario.example("dye")
    policy = flowtwin.Policy("random", scenario.space)
    print(f"policy.ask of random, and forget: {least(lambda: policy.forget(policy.ask()[0])):.4f} ms")
    run = flowtwin.run(scenario, seed=1)
    seen = len(run.experiments())
    print(f"an observation with spectra: {least(run.experiments, 50) / seen:.4f} ms")
    scenario.phases = [{"name": "all", "policy": "random", "experiments": 1}]
    campaigns = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for seed in range(200):
        flowtwin.run(scenario, seed=seed)
    gc.collect()
    before = resident()
    for seed in range(campaigns):
        flowtwin.run(scenario, seed=seed)
    gc.collect()
    print(f"{campaigns} campaigns: {before:.1f} MB before, {resident():.1f} MB after")


main()
