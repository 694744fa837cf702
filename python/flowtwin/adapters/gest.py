"""flowtwin's policies as a generator of gest-api: for Xopt, optimas, libEnsemble and whatever else takes one.

Example:
    import flowtwin
    from flowtwin.adapters.gest import FlowtwinGenerator, vocs_of

    scenario = flowtwin.Scenario.example("dye")
    generator = FlowtwinGenerator(vocs_of(scenario), policy="ei", seed=1)
    lab = flowtwin.Lab(scenario, seed=1)
    for _ in range(6):
        for point in generator.suggest(1):
            allowed = scenario.space.nearest(point)      # VOCS does not know what the pumps can do together
            seen = lab.measure(**allowed)
            generator.ingest([{**allowed, **seen.features}])
    print(generator.policy.history[-1])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gest_api.generator import Generator
from gest_api.vocs import (
    VOCS,
    BoundsConstraint,
    ContextualVariable,
    ContinuousVariable,
    DiscreteVariable,
    GreaterThanConstraint,
    LessThanConstraint,
    MaximizeObjective,
    MinimizeObjective,
)

from flowtwin import Policy, Space
from flowtwin.adapters._wanted import AnyScenario, direction, limits_of, loaded, objectives_of

__all__ = ["FlowtwinGenerator", "vocs_of"]


class FlowtwinGenerator(Generator):  # type: ignore[misc]
    """Suggests points by a policy, and learns from all results that it ingests, its own and those of others."""

    def __init__(
        self, vocs: VOCS, *, policy: str | Mapping[str, Any] = "auto", seed: int = 1, planned: int = 50
    ) -> None:
        super().__init__(vocs)
        self.vocs = vocs
        self.names = list(vocs.variables)
        self.words = {
            name: {str(value): value for value in sorted(variable.values, key=str)}
            for name, variable in vocs.variables.items()
            if isinstance(variable, DiscreteVariable) and not all_numbers(variable.values)
        }
        self.policy = Policy(
            policy,
            Space(**{name: self._input(name) for name in self.names}),
            objectives={name: goal(objective) for name, objective in vocs.objectives.items()},
            limits=[limit(name, constraint) for name, constraint in vocs.constraints.items()],
            seed=seed,
            planned=planned,
        )

    def _validate_vocs(self, vocs: VOCS) -> None:
        if not vocs.variables:
            raise ValueError("VOCS must define at least one variable")
        if not vocs.objectives:
            raise ValueError("VOCS must define at least one objective")
        for name, variable in vocs.variables.items():
            if isinstance(variable, ContextualVariable):
                raise ValueError(f"{name} is contextual: policies choose every variable")
        for objective in vocs.objectives.values():
            goal(objective)

    def _input(self, name: str) -> Any:
        variable = self.vocs.variables[name]
        if isinstance(variable, ContinuousVariable):
            return tuple(variable.domain)
        return list(self.words[name]) if name in self.words else sorted(float(value) for value in variable.values)

    def suggest(self, num_points: int | None = None) -> list[dict[str, Any]]:
        """The next points, with the constants."""
        constants = {name: constant.value for name, constant in self.vocs.constants.items()}
        points = self.policy.ask(1 if num_points is None else num_points)
        named = lambda name, value: self.words[name][value] if name in self.words else value
        return [{**{name: named(name, value) for name, value in point.items()}, **constants} for point in points]

    def ingest(self, results: list[dict[str, Any]]) -> None:
        """Learns from results: a value for each variable, objective and constraint; NaN or None for what was not measured."""
        for result in results:
            conditions = {n: str(result[n]) if n in self.words else float(result[n]) for n in self.names}
            measured = {name: result.get(name) for name in [*self.vocs.objectives, *self.vocs.constraints]}
            self.policy.tell(conditions, measured)


def all_numbers(values: Any) -> bool:
    """Whether all values are numbers, so that they have an order."""
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def goal(objective: Any) -> str:
    """What is wanted of an objective."""
    if isinstance(objective, MinimizeObjective):
        return "minimize"
    if isinstance(objective, MaximizeObjective):
        return "maximize"
    raise ValueError(f"policies minimise and maximise; {type(objective).__name__} is neither")


def limit(name: str, constraint: Any) -> dict[str, Any]:
    """A constraint as a limit."""
    if isinstance(constraint, LessThanConstraint):
        return {"feature": name, "at_most": constraint.value}
    if isinstance(constraint, GreaterThanConstraint):
        return {"feature": name, "at_least": constraint.value}
    assert isinstance(constraint, BoundsConstraint)
    low, high = constraint.range
    return {"feature": name, "at_least": low, "at_most": high}


def vocs_of(scenario: AnyScenario) -> VOCS:
    """What may be chosen in a scenario, what is wanted, and its limits, as VOCS: to drive its lab with a generator of others.

    Raises:
        ValueError: If a target is wanted, which VOCS does not have.
    """
    variables: dict[str, Any] = {}
    known = loaded(scenario)
    for name, described in known.space.inputs.items():
        if described["kind"] == "choice":
            variables[name] = set(described["options"])
        elif described["kind"] == "levels":
            variables[name] = set(described["levels"])
        else:
            variables[name] = [described["low"], described["high"]]
    goals = {each["feature"]: direction(each, "VOCS").upper() for each in objectives_of(known)}
    limits = {spec["feature"]: constraint_of(spec) for spec in limits_of(known)}
    return VOCS(variables=variables, objectives=goals, constraints=limits)


def constraint_of(spec: Mapping[str, Any]) -> Any:
    """A limit as a constraint."""
    low, high = spec.get("at_least"), spec.get("at_most")
    if low is None:
        return LessThanConstraint(value=high)
    return GreaterThanConstraint(value=low) if high is None else BoundsConstraint(range=[low, high])
