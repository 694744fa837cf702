"""flowtwin's policies as a sampler of Optuna.

Example:
    import flowtwin
    import optuna
    from flowtwin.adapters.optuna import FlowtwinSampler

    lab = flowtwin.Lab(flowtwin.Scenario.example("dye"), seed=1)

    def objective(trial):
        red = trial.suggest_float("red_ul_per_min", 100.0, 300.0)
        blue = trial.suggest_float("blue_ul_per_min", 100.0, 300.0)
        return lab.measure(red_ul_per_min=red, blue_ul_per_min=blue)["red"]

    study = optuna.create_study(direction="minimize", sampler=FlowtwinSampler("ei", seed=1))
    study.optimize(objective, n_trials=8)
    print(study.best_params, study.best_value)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from flowtwin import Policy, Space

__all__ = ["FlowtwinSampler"]


class FlowtwinSampler(BaseSampler):
    """Chooses trials by a policy: ``optuna.create_study(sampler=FlowtwinSampler(seed=1))``.

    What it proposes depends on the study's trials and the seed alone. Trials that are running are kept away from; failed and pruned ones
    are experiments that failed. Several directions are several objectives. What a policy cannot know beforehand, such as
    parameters that only some trials have, is drawn at random.
    """

    def __init__(
        self, policy: str | Mapping[str, Any] = "auto", *, seed: int = 1, planned: int = 50, surrogate: str = "gp"
    ) -> None:
        self.policy, self.seed, self.planned, self.surrogate = policy, seed, planned, surrogate
        self._others = RandomSampler(seed=seed)
        self._common = IntersectionSearchSpace()

    def reseed_rng(self) -> None:
        """What is drawn at random is drawn anew."""
        self._others.reseed_rng()

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The parameters that all trials have had."""
        common = self._common.calculate(study)
        return {name: kind for name, kind in common.items() if not kind.single()}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """What to try next."""
        if not search_space:
            return {}
        policy = self._policy(study, search_space)
        for other in study.get_trials(deepcopy=False):
            if other.number == trial.number or any(name not in other.params for name in search_space):
                continue
            conditions = {name: told(kind, other.params[name]) for name, kind in search_space.items()}
            if other.state == TrialState.RUNNING:
                policy.expect(conditions)
            elif other.state.is_finished():
                policy.tell(conditions, results(other))
        (proposal,) = policy.ask()
        return {name: chosen(kind, proposal[name]) for name, kind in search_space.items()}

    def _policy(self, study: Study, search_space: dict[str, BaseDistribution]) -> Policy:
        goals = {
            f"value_{place}": "maximize" if direction == StudyDirection.MAXIMIZE else "minimize"
            for place, direction in enumerate(study.directions)
        }
        return Policy(
            self.policy,
            space_of(search_space),
            objectives=goals,
            surrogate=self.surrogate,
            seed=self.seed,
            planned=self.planned,
        )

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A parameter that the policy does not know: at random."""
        return self._others.sample_independent(study, trial, param_name, param_distribution)


def results(trial: FrozenTrial) -> dict[str, float | None] | None:
    """The values of a trial by name; None where it failed."""
    if trial.state != TrialState.COMPLETE or trial.values is None:
        return None
    return {f"value_{place}": value for place, value in enumerate(trial.values)}


def space_of(search_space: Mapping[str, BaseDistribution]) -> Space:
    """The space of distributions."""
    inputs: dict[str, Any] = {}
    resolution: dict[str, float] = {}
    logarithmic: list[str] = []
    for name, kind in search_space.items():
        if isinstance(kind, CategoricalDistribution):
            inputs[name] = [str(place) for place in range(len(kind.choices))]
            continue
        assert isinstance(kind, FloatDistribution | IntDistribution)
        # Whole numbers are a range that is rounded; all other steps are counted from the lowest value.
        if kind.step is not None and not kind.log and (kind.step != 1 or isinstance(kind, FloatDistribution)):
            steps = np.arange(round((kind.high - kind.low) / kind.step) + 1)
            # Rounding must not lead past the end, which Optuna would not take.
            inputs[name] = np.minimum(kind.low + kind.step * steps, kind.high).tolist()
            continue
        inputs[name] = (float(kind.low), float(kind.high))
        if isinstance(kind, IntDistribution):
            resolution[name] = 1.0
        if kind.log:
            logarithmic.append(name)
    return Space(resolution=resolution, logarithmic=logarithmic, **inputs)


def told(kind: BaseDistribution, value: Any) -> float | str:
    """A parameter as the policy sees it."""
    if isinstance(kind, CategoricalDistribution):
        return str(kind.choices.index(value))
    return float(value)


def chosen(kind: BaseDistribution, value: float | str) -> Any:
    """A proposal as Optuna sees it."""
    if isinstance(kind, CategoricalDistribution):
        return kind.choices[int(value)]
    if isinstance(kind, IntDistribution):
        return round(float(value))
    return float(value)


