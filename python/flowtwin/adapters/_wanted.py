"""What adapters have in common: what a scenario wants, in the words of packages that know less of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from flowtwin import Scenario, Space

__all__ = ["AnyScenario", "direction", "limits_of", "linear_bounds", "loaded", "objectives_of"]

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
