"""A scenario as a test function of BoTorch."""

from __future__ import annotations

from typing import Any

import torch
from botorch.test_functions.base import BaseTestProblem

from flowtwin import Lab
from flowtwin.adapters._wanted import AnyScenario, loaded

__all__ = ["ScenarioFunction"]


class ScenarioFunction(BaseTestProblem):  # type: ignore[misc]
    """What experiments of a scenario yield, as a function of its numeric inputs.

    Without noise it is the expected experiment (``Lab.expected``); with noise, the next experiment of the rig, which drifts and ages. Points are in
    units of the inputs [..., d]; conditions near them that can be set are taken (:meth:`flowtwin.Space.nearest`). The value is to be maximised; NaN
    where the experiment fails.
    """

    _optimal_value = None

    def __init__(
        self, scenario: AnyScenario, *, seed: int = 1, noisy: bool = False, negate: bool = False
    ) -> None:
        self.scenario = loaded(scenario)
        self.inputs = self.scenario.space.inputs
        words = [name for name, described in self.inputs.items() if described["kind"] == "choice"]
        if words:
            raise ValueError(f"a test function has numbers as inputs; {words[0]} is chosen by name")
        self.dim = len(self.inputs)
        self.continuous_inds = list(range(self.dim))
        self._bounds = [(described["low"], described["high"]) for described in self.inputs.values()]
        self.lab = Lab(self.scenario, seed=seed)
        super().__init__(noise_std=None, negate=negate, dtype=torch.float64)
        self.noisy = noisy

    def _evaluate_true(self, X: Any) -> Any:
        return self._values(X, self.lab.expected)

    def forward(self, X: Any, noise: bool = True) -> Any:
        """Values at the points [..., d]: [...]."""
        values = self._values(X, self.lab.measure if self.noisy and noise else self.lab.expected)
        return -values if self.negate else values

    def _values(self, X: Any, experiment: Any) -> Any:
        flat = X.reshape(-1, self.dim).to(torch.float64)
        scores = []
        for point in flat.tolist():
            seen = experiment(**self.scenario.space.nearest(dict(zip(self.inputs, point, strict=True))))
            score = self.scenario.score(seen)
            scores.append(float("nan") if score is None else score)
        return torch.tensor(scores, dtype=X.dtype, device=X.device).reshape(X.shape[:-1])
