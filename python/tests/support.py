"""What several tests share."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import numpy as np

import flowtwin

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "scenarios"
TESTS = Path(__file__).parent


def command(*words: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command of the wheel."""
    script = Path(sysconfig.get_path("scripts")) / "flowtwin"
    return subprocess.run([script, *map(str, words)], capture_output=True, text=True, timeout=300, **options)


def python(code: str, *words: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """A program in an interpreter of its own."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    options = {"timeout": 300, "env": environment, **options}
    program = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(program, capture_output=True, text=True, **options)


def small(experiments: int = 8) -> flowtwin.Scenario:
    """A campaign of a few quick experiments."""
    scenario = flowtwin.Scenario.load(SCENARIOS / "dye-mixing.toml")
    scenario.phases = [
        {"name": "start", "policy": "lhs", "experiments": 4},
        {"name": "search", "policy": "ei", "experiments": experiments - 4, "from": "start"},
    ]
    return scenario


def worded(folder: Path) -> flowtwin.Scenario:
    """A table of outcomes with an input that is chosen by name, and one with levels."""
    rows = [f"{solvent},{heat},{heat * (2 if solvent == 'dmf' else 1)}" for solvent in ("dmf", "water") for heat in (1, 2, 5)]
    (folder / "outcomes.csv").write_text("\n".join(["solvent,heat,y", *rows]) + "\n")
    text = """
        schema = 1
        name = "worded"
        title = "Six outcomes"
        seed = 1
        [table]
        data = "outcomes.csv"
        inputs = ["solvent", "heat"]
        [objective]
        feature = "y"
        [[phases]]
        name = "all"
        policy = "random"
        experiments = 3
    """
    return flowtwin.Scenario(text, path=folder / "worded.toml")


class Walk:
    """A policy in Python: a step at random from the best so far. What it draws depends on seed and history alone."""

    def __init__(self, space: flowtwin.Space, seed: int) -> None:
        self.space = space
        self.seed = seed
        self.told = 0
        self.best: tuple[float, np.ndarray] | None = None

    def ask(self, n: int) -> list[dict[str, float | str]]:
        draws = np.random.default_rng([self.seed, self.told])
        return [self.space.from_unit(self.point(draws)) for _ in range(n)]

    def point(self, draws: np.random.Generator) -> np.ndarray:
        if self.best is None:
            return draws.uniform(size=len(self.space))
        return np.clip(self.best[1] + draws.normal(scale=0.1, size=len(self.space)), 0.0, 1.0)

    def tell(self, conditions: dict[str, float | str], result: float | None) -> None:
        self.told += 1
        if result is not None and (self.best is None or result > self.best[0]):
            self.best = (result, self.space.to_unit(conditions))


class Bowl:
    """A lab in Python."""

    def __init__(self) -> None:
        self.safe = 0

    def measure(self, conditions: dict) -> dict:
        x = sum(v / 100.0 for v in conditions.values())
        return {"purity": 1.0 - (x - 1.0) ** 2, "lab_time_s": 60.0, "flags": ["saturated"]}

    def make_safe(self) -> None:
        self.safe += 1


ELSEWHERE = """
schema = 1
name = "elsewhere"
title = "A lab of one's own"
seed = 1
[space.inputs.a_ul_per_min]
low = 0.0
high = 100.0
[space.inputs.b_ul_per_min]
low = 0.0
high = 100.0
[objective]
feature = "purity"
goal = "maximize"
[[phases]]
name = "all"
policy = "ei"
experiments = 6
"""
