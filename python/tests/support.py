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


def python(code: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """A program in an interpreter of its own."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env=environment, **options
    )


def small(experiments: int = 8) -> flowtwin.Scenario:
    """A campaign of a few quick experiments."""
    scenario = flowtwin.Scenario.load(SCENARIOS / "dye-mixing.toml")
    scenario.phases = [
        {"name": "start", "policy": "lhs", "experiments": 4},
        {"name": "search", "policy": "ei", "experiments": experiments - 4, "from": "start"},
    ]
    return scenario


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
