"""What adapters have in common: what a scenario wants, in the words of packages that know less of it."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flowtwin import Scenario, Space

__all__ = ["AnyScenario", "History", "direction", "limits_of", "linear_bounds", "loaded", "objectives_of", "seeded"]

AnyScenario = Scenario | str | os.PathLike[str]


def loaded(scenario: AnyScenario) -> Scenario:
    """The scenario itself, or that of a file."""
    return scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)


def objectives_of(scenario: Scenario) -> list[dict[str, Any]]:
    """What a scenario wants: tables of ``feature`` and ``goal``, one or several."""
    definition = scenario.definition()
    return [definition["objective"]] if definition.get("objective") else list(definition["objectives"])


def limits_of(scenario: Scenario) -> list[dict[str, Any]]:
    """What must hold besides: tables of ``feature`` and ``at_least`` or ``at_most``."""
    return list(scenario.definition().get("limits") or [])


def direction(objective: Mapping[str, Any], package: str) -> str:
    """``"maximize"`` or ``"minimize"``.

    Raises:
        ValueError: If a value is to be reached, for which the package has no word.
    """
    goal = objective.get("goal", "maximize")
    if goal not in ("maximize", "minimize"):
        raise ValueError(f"{package} minimises and maximises; the goal of {objective['feature']} is a target")
    return str(goal)


def linear_bounds(space: Space) -> Iterator[tuple[dict[str, float], float, float]]:
    """Bounds on sums of inputs on a linear scale: factors by input, without zeros, and the least and the most that the sum may be.

    Bounds on formulas, and on inputs with levels or on a logarithmic scale, are left out.
    """
    linear = {name for name, described in space.inputs.items() if described["kind"] == "linear"}
    for constraint in space.constraints:
        if "factors" not in constraint:
            continue
        terms = {name: factor for name, factor in constraint["factors"].items() if factor}
        if terms.keys() <= linear:
            yield terms, constraint["low"] - constraint["constant"], constraint["high"] - constraint["constant"]


#: Draws of other packages come from generators that a whole process shares.
_DRAWS = threading.Lock()


@contextmanager
def seeded(*seed: int) -> Iterator[int]:
    """Lets PyTorch, numpy and the standard library draw from this seed, and go on afterwards as if nothing had been drawn.

    One policy at a time, so that threads of a benchmark do not disturb each other. The seed as one number is what it yields.
    """
    import numpy
    import torch

    number = int(numpy.random.SeedSequence(seed).generate_state(1)[0])
    with _DRAWS, torch.random.fork_rng(devices=[]):
        states = random.getstate(), numpy.random.get_state()
        try:
            random.seed(number)
            numpy.random.seed(number)
            torch.manual_seed(number)
            yield number
        finally:
            random.setstate(states[0])
            numpy.random.set_state(states[1])


class History:
    """What a policy of another package was told; one thing to be made as large as possible."""

    def __init__(self, space: Space, seed: int, package: str) -> None:
        self.space, self.seed, self.package = space, seed, package
        self.tried: list[dict[str, float | str]] = []
        self.results: list[float | None] = []

    def tell(self, conditions: dict[str, float | str], result: Any) -> None:
        """Notes an experiment: a number to be made as large as possible, None where it failed.

        Raises:
            ValueError: If several things are wanted, or limits are set.
        """
        if isinstance(result, Mapping):
            raise ValueError(f"this policy of {self.package} takes one objective without limits, not {', '.join(map(str, result))}")
        self.tried.append(dict(conditions))
        self.results.append(result)

    def known(self) -> list[float]:
        """The results of the experiments that succeeded."""
        return [result for result in self.results if result is not None]

    def values(self) -> list[float]:
        """The results; where an experiment failed, the worst of the others, so that its neighbourhood is left alone."""
        known = self.known()
        worst = min(known, default=0.0)
        return [worst if result is None else result for result in self.results]
