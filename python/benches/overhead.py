"""What the way through Python costs: `python python/benches/overhead.py [campaigns [rows]]`. See docs/python.md."""

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

imported = time.process_time()
import numpy  # noqa: E402

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
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def calls(folder: Path) -> None:
    """What single calls cost."""
    lab = flowtwin.Lab(table(folder), seed=1)
    print(f"lab.measure on a table: {least(lambda: lab.measure(a=1.0)):.4f} ms")
    scenario = flowtwin.Scenario.example("dye")
    policy = flowtwin.Policy("random", scenario.space)
    print(f"policy.ask of random, and forget: {least(lambda: policy.forget(policy.ask()[0])):.4f} ms")
    run = flowtwin.run(scenario, seed=1)
    seen = len(run.experiments())
    print(f"an observation with spectra: {least(run.experiments, 50) / seen:.4f} ms")


def table(folder: Path) -> flowtwin.Scenario:
    """Outcomes that take no time."""
    (folder / "table.csv").write_text("a,y\n0,1\n1,2\n2,3\n3,2\n")
    return flowtwin.Scenario(TABLE, path=folder / "table.toml")


def campaigns(number: int) -> None:
    """Memory after so many campaigns, made and dropped: after 1 000, and after all."""
    scenario = flowtwin.Scenario.example("dye")
    scenario.phases = [{"name": "all", "policy": "random", "experiments": 1}]
    for seed in range(200):
        flowtwin.run(scenario, seed=seed)
    print(f"after 200 campaigns: {resident():.1f} MB")
    for seed in range(number):
        flowtwin.run(scenario, seed=seed)
        if seed + 1 in (1_000, number):
            print(f"after {seed + 1} more: {resident():.1f} MB")


def rows(folder: Path, number: int) -> None:
    """A table of a benchmark in pyarrow and polars, which must not copy its numbers."""
    each = 500
    found = flowtwin.benchmark(table(folder), ["random"], seeds=max(1, number // each), opening=2, experiments=each - 2)
    frame = found.table
    import polars
    import pyarrow

    numbers = sum(isinstance(frame[name], numpy.ndarray) for name in frame.columns)
    print(f"{len(frame)} rows of a benchmark: {8e-6 * len(frame) * numbers:.1f} MB of numbers in {numbers} columns of {len(frame.columns)}")
    held = []
    for take in (pyarrow.table, polars.DataFrame):
        # The first loads what the package loads late.
        take(frame)
        before = resident()
        held += [take(frame) for _ in range(10)]
        print(f"  ten tables of {take.__module__.partition('.')[0]}: {resident() - before:.1f} MB more")


def main() -> None:
    print(f"import flowtwin: {1e3 * (imported - clock):.0f} ms of processor time")
    for wheel in Path(os.environ.get("FLOWTWIN_WHEELS", "nowhere")).glob("*.whl"):
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB")
    many, long = (int(word) for word in (*sys.argv[1:], *("1000", "20000")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        calls(Path(folder))
        campaigns(many)
        rows(Path(folder), long)


main()
