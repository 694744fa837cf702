"""A scenario as a test function of BoTorch, and BoTorch as a policy.

Example:
    import flowtwin
    import torch
    from flowtwin.adapters.botorch import BotorchPolicy, ScenarioFunction

    scenario = flowtwin.Scenario.example("dye")
    function = ScenarioFunction(scenario, seed=1, noisy=True)
    low, high = function.bounds                  # in the units of the inputs
    x = low + (high - low) * torch.rand(5, function.dim, dtype=torch.float64)
    print(function(x))                           # the next five experiments of one simulated rig

    # The other way round: BoTorch beside our policies, on the same seeds.
    print(flowtwin.benchmark(scenario, {"botorch": BotorchPolicy, "random": "random"}, seeds=1, experiments=3))
"""

from __future__ import annotations

from itertools import product
from typing import Any

import torch
from botorch.acquisition import qLogExpectedImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskGP
from botorch.models.transforms import Standardize
from botorch.optim import optimize_acqf, optimize_acqf_mixed
from botorch.test_functions.base import BaseTestProblem
from gpytorch.mlls import ExactMarginalLogLikelihood

from flowtwin import Lab, Space
from flowtwin.adapters._wanted import AnyScenario, History, loaded, seeded

__all__ = ["BotorchPolicy", "ScenarioFunction"]


class BotorchPolicy(History):
    """BoTorch as a policy: a Gaussian process and its logarithmic expected improvement, over the unit cube of the space.

    ``flowtwin.benchmark(scenario, {"botorch": BotorchPolicy, "auto": "auto"})``. Before it knows :attr:`START` experiments it proposes points of a Sobol
    sequence. It takes one objective without limits; conditions near its points that can be set are run (:meth:`flowtwin.Space.feasible`).
    """

    #: Experiments before it learns.
    START = 5

    #: Combinations of what is chosen by name that are looked at one by one.
    MOST = 30

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed, "BoTorch")

    def ask(self, n: int) -> list[dict[str, float | str]]:
        """The next experiments."""
        with seeded(self.seed, len(self.tried)) as number:
            return [self.space.feasible(point.numpy()) for point in self._points(n, number)]

    def _points(self, n: int, number: int) -> Any:
        """Points of the unit cube [n, d]."""
        size, known = len(self.space), len(self.tried)
        if known < self.START or len({*self.results} - {None}) < 2:
            sobol = torch.quasirandom.SobolEngine(size, scramble=True, seed=self.seed % 2**32)
            return sobol.fast_forward(known).draw(n, dtype=torch.float64)
        x = torch.tensor([self.space.to_unit(conditions).tolist() for conditions in self.tried], dtype=torch.float64)
        y = torch.tensor(self.values(), dtype=torch.float64).unsqueeze(-1)
        model = SingleTaskGP(x, y, outcome_transform=Standardize(1))
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        cube = torch.tensor([[0.0] * size, [1.0] * size], dtype=torch.float64)
        best = qLogExpectedImprovement(model, y.max())
        options = {"seed": number, "maxiter": 60}
        fixed = self._fixed()
        if len(fixed) > 1:
            return optimize_acqf_mixed(best, cube, q=n, num_restarts=2, raw_samples=32, fixed_features_list=fixed, options=options)[0].detach()
        return optimize_acqf(best, cube, q=n, num_restarts=4, raw_samples=64, sequential=n > 1, options=options)[0].detach()

    def _fixed(self) -> list[dict[int, float]]:
        """Places of what is chosen by name: every combination, or none where there are more than :attr:`MOST`."""
        centre, all_of = self.space.centre(), []
        for place, (name, described) in enumerate(self.space.inputs.items()):
            if described["kind"] == "choice":
                all_of.append([(place, float(self.space.to_unit({**centre, name: option})[place])) for option in described["options"]])
        combined = [dict(each) for each in product(*all_of)]
        return combined if len(combined) <= self.MOST else [{}]


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
