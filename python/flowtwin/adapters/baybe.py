"""A scenario as what BayBE's simulations look up, its space and objective in BayBE's words; and BayBE as a policy.

Example:
    import flowtwin
    from baybe import Campaign
    from flowtwin.adapters.baybe import BaybePolicy, lookup, objective_of, searchspace_of

    scenario = flowtwin.Scenario.example("dye")
    campaign = Campaign(searchspace_of(scenario), objective_of(scenario))
    look_up = lookup(scenario, seed=1)           # the next experiments of one simulated rig
    for _ in range(3):
        asked = campaign.recommend(batch_size=1)
        campaign.add_measurements(asked.join(look_up(asked)[[scenario.objective.feature]]))
    print(campaign.measurements)

    # The other way round: BayBE beside our policies, on the same seeds.
    print(flowtwin.benchmark(scenario, {"baybe": BaybePolicy, "random": "random"}, seeds=1, experiments=2))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from baybe import Campaign
from baybe.objectives import ParetoObjective, SingleTargetObjective
from baybe.parameters import CategoricalParameter, NumericalContinuousParameter, NumericalDiscreteParameter
from baybe.searchspace import SearchSpace
from baybe.targets import NumericalTarget

from flowtwin import Lab, Space
from flowtwin.adapters._wanted import AnyScenario, History, direction, limits_of, loaded, objectives_of, seeded

__all__ = ["BaybePolicy", "lookup", "objective_of", "searchspace_of"]


class BaybePolicy(History):
    """BayBE with its default recommender as a policy: ``flowtwin.benchmark(scenario, {"baybe": BaybePolicy, "auto": "auto"})``.

    It takes one objective without limits, and does not know constraints: conditions near its points that can be set are run
    (:meth:`flowtwin.Space.nearest`). Every time it is asked, a new campaign learns the whole history, so that a run that is resumed goes on alike.
    """

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed, "BayBE")

    def ask(self, n: int) -> list[dict[str, float | str]]:
        """The next experiments."""
        with seeded(self.seed, len(self.tried)):
            inputs = [parameter(name, described, None) for name, described in self.space.inputs.items()]
            campaign = Campaign(SearchSpace.from_product(inputs), SingleTargetObjective(NumericalTarget("outcome")))
            if any(result is not None for result in self.results):
                rows = [{**conditions, "outcome": value} for conditions, value in zip(self.tried, self.values(), strict=True)]
                campaign.add_measurements(pd.DataFrame(rows))
            points = campaign.recommend(n).to_dict(orient="records")
        return [self.space.nearest({str(name): value for name, value in point.items()}) for point in points]


def lookup(
    scenario: AnyScenario, *, seed: int = 1, noisy: bool = True
) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What ``simulate_scenarios`` and ``simulate_experiment`` look up: a row of features for each row of inputs.

    With noise a row is the next experiment of one rig, which drifts and ages; without, the expected one. Conditions near the row that can be set are
    taken (:meth:`flowtwin.Space.nearest`); NaN where an experiment failed.
    """
    known = loaded(scenario)
    lab = Lab(known, seed=seed)
    experiment = lab.measure if noisy else lab.expected

    def look_up(rows: pd.DataFrame) -> pd.DataFrame:
        asked = rows[known.space.names].to_dict(orient="records")
        seen = [experiment(**known.space.nearest({str(name): value for name, value in row.items()})) for row in asked]
        values = [{name: np.nan if each.failed else each.features[name] for name in known.units} for each in seen]
        return pd.DataFrame(values, columns=list(known.units), index=rows.index)

    return look_up


def searchspace_of(scenario: AnyScenario, *, points: int | None = None) -> SearchSpace:
    """The inputs of a scenario as a search space.

    Args:
        scenario: The scenario, or the path of its file.
        points: With it, every range becomes so many values, which recommenders of discrete spaces need.
    """
    inputs = loaded(scenario).space.inputs
    return SearchSpace.from_product([parameter(name, described, points) for name, described in inputs.items()])


def parameter(name: str, described: Mapping[str, Any], points: int | None) -> Any:
    """An input as a parameter of BayBE."""
    if described["kind"] == "choice":
        return CategoricalParameter(name=name, values=list(described["options"]))
    if described["kind"] == "levels":
        return NumericalDiscreteParameter(name=name, values=list(described["levels"]))
    low, high = described["low"], described["high"]
    if points is None:
        return NumericalContinuousParameter(name=name, bounds=(low, high))
    spread = np.geomspace if described["kind"] == "logarithmic" else np.linspace
    return NumericalDiscreteParameter(name=name, values=spread(low, high, points).tolist())


def objective_of(scenario: AnyScenario) -> Any:
    """What a scenario wants.

    Raises:
        ValueError: If a value is to be reached or a limit kept: give BayBE a target of its own.
    """
    known = loaded(scenario)
    if limits_of(known):
        raise ValueError("limits have no like in an objective of BayBE")
    wanted = [(objective["feature"], direction(objective, "This adapter")) for objective in objectives_of(known)]
    targets = [NumericalTarget(feature, minimize=goal == "minimize") for feature, goal in wanted]
    return SingleTargetObjective(targets[0]) if len(targets) == 1 else ParetoObjective(targets)
