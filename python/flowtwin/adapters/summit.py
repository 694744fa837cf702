"""A scenario as an experiment in the manner of Summit: conditions in, a table of conditions and results out.

Summit itself needs versions of PyTorch and pandas that no Python from 3.10 on has, so this needs pandas alone; the methods, the columns
and the description of the domain are those of ``summit.Experiment``, and ``summit.Domain.from_dict(experiment.domain)`` reads the latter.

Example:
    import flowtwin
    import pandas
    from flowtwin.adapters.summit import ScenarioExperiment

    experiment = ScenarioExperiment(flowtwin.Scenario.example("dye"), seed=1)
    asked = pandas.DataFrame({"red_ul_per_min": [120.0, 140.0], "blue_ul_per_min": [110.0, 110.0]})
    print(experiment.run_experiments(asked))
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from flowtwin import Lab, Observation
from flowtwin.adapters._wanted import AnyScenario, direction, loaded, objectives_of

__all__ = ["ScenarioExperiment"]


class ScenarioExperiment:
    """Experiments one after another on a simulated rig, which drifts and ages.

    Attributes:
        domain: Inputs and objectives, a dictionary each, as ``summit.Domain.to_dict`` has them; ``maximize`` says in which
            direction an objective goes.
        extras: The observation of each experiment.
    """

    def __init__(self, scenario: AnyScenario, *, seed: int = 1) -> None:
        """Makes an experiment.

        Args:
            scenario: The scenario, or the path of its file.
            seed: Seed of the noise and the drifts of the rig.

        Raises:
            ValueError: If a value is to be reached, for which there is no word.
        """
        self.scenario, self.seed = loaded(scenario), seed
        self.space = self.scenario.space
        wanted = [(each["feature"], direction(each, "Summit")) for each in objectives_of(self.scenario)]
        self.objectives = [feature for feature, _ in wanted]
        units = self.scenario.units
        self.domain = [variable(name, described) for name, described in self.space.inputs.items()] + [
            objective(feature, goal, units.get(feature)) for feature, goal in wanted
        ]
        self.reset()

    def reset(self) -> None:
        """Begins anew, with a fresh rig."""
        self.lab = Lab(self.scenario, seed=self.seed)
        self.extras: list[Observation] = []
        self._rows: list[dict[tuple[str, str], Any]] = []

    @property
    def data(self) -> pd.DataFrame:
        """All experiments so far: a row each, with columns of names and types (``DATA``, ``METADATA``)."""
        return self._table(self._rows)

    def run_experiments(self, conditions: pd.DataFrame) -> pd.DataFrame:
        """Runs an experiment for each row, at conditions near it that can be set (:meth:`flowtwin.Space.nearest`).

        Args:
            conditions: A column for each input, by its name, or by name and type as those of Summit's tables; a column
                ``strategy`` is kept.

        Returns:
            The conditions as they were set, the objectives, NaN where an experiment failed, and as ``METADATA`` the lab time that each took
            (``experiment_t`` [s]) and the ``strategy``.

        Raises:
            KeyError: If an input has no column.
        """
        flat = conditions.copy()
        if isinstance(conditions.columns, pd.MultiIndex):
            flat.columns = conditions.columns.get_level_values(0)
        missing = [name for name in self.space.names if name not in flat.columns]
        if missing:
            raise KeyError(f"no column {missing[0]}")
        rows = [self._row(row) for row in flat.to_dict(orient="records")]
        self._rows += rows
        return self._table(rows)

    def _row(self, asked: dict[Any, Any]) -> dict[tuple[str, str], Any]:
        seen = self.lab.measure(self.space.nearest({name: asked[name] for name in self.space.names}))
        self.extras.append(seen)
        measured = {name: float("nan") if seen.failed else seen.features[name] for name in self.objectives}
        row = {(name, "DATA"): value for name, value in [*seen.conditions.items(), *measured.items()]}
        return row | {("experiment_t", "METADATA"): seen.lab_time_s, ("strategy", "METADATA"): asked.get("strategy")}

    def _table(self, rows: list[dict[tuple[str, str], Any]]) -> pd.DataFrame:
        data = [(name, "DATA") for name in [*self.space.names, *self.objectives]]
        columns = pd.MultiIndex.from_tuples(
            [*data, ("experiment_t", "METADATA"), ("strategy", "METADATA")], names=["NAME", "TYPE"]
        )
        return pd.DataFrame([[row[column] for column in columns] for row in rows], columns=columns)


def variable(name: str, described: dict[str, Any]) -> dict[str, Any]:
    """An input as Summit describes it."""
    common = {"is_objective": False, "name": name, "description": name, "units": None}
    if described["kind"] in ("choice", "levels"):
        levels = list(described.get("options") or described["levels"])
        return {"type": "CategoricalVariable", **common, "levels": levels, "ds": None}
    return {"type": "ContinuousVariable", **common, "bounds": [described["low"], described["high"]]}


def objective(name: str, goal: str, unit: str | None) -> dict[str, Any]:
    """An objective as Summit describes it, which has bounds there: what they are is not known beforehand."""
    common = {"is_objective": True, "name": name, "description": name, "units": unit or None}
    bounds = [-float("inf"), float("inf")]
    return {"type": "ContinuousVariable", **common, "bounds": bounds, "maximize": goal == "maximize"}
