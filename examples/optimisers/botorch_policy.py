"""BoTorch: a Gaussian process with Matern-5/2 and log expected improvement; see flowtwin_lines.py for how to run it."""

import warnings

import torch
from botorch.acquisition import LogExpectedImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskGP
from botorch.models.transforms import Standardize
from botorch.optim import optimize_acqf
from gpytorch.mlls import ExactMarginalLogLikelihood

from flowtwin_lines import converse

warnings.filterwarnings("ignore")
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


class LogEi:
    def __init__(self, space):
        self.space, self.x, self.y = space, [], []
        self.low = torch.tensor([low for low, _ in space.bounds()])
        self.width = torch.tensor([high - low for low, high in space.bounds()])
        torch.manual_seed(space.seed)

    def ask(self):
        if len(self.y) < 5:
            return self.space.feasible(lambda: self.values(torch.rand(len(self.low))))
        x, y = torch.stack(self.x), torch.tensor(self.y).unsqueeze(-1)
        model = SingleTaskGP(x, y, outcome_transform=Standardize(1))
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        best, _ = optimize_acqf(
            LogExpectedImprovement(model, y.max()), bounds=torch.stack([self.low * 0, self.low * 0 + 1]),
            q=1, num_restarts=4, raw_samples=64, inequality_constraints=self.sides() or None,
            options={"maxiter": 60})
        table = self.space.conditions(self.values(best[0]))
        if self.space.violation(table) == 0.0:
            return table
        # Rounding may break a constraint: move towards a point that meets it.
        inside = self.space.feasible(lambda: self.values(torch.rand(len(self.low))))
        goal = torch.tensor([inside[name] for name in self.space.names()])
        here = torch.tensor(self.values(best[0]))
        steps = (self.space.conditions((here + t * (goal - here)).tolist()) for t in torch.linspace(0, 1, 21))
        return next((table for table in steps if self.space.violation(table) == 0.0), inside)

    def tell(self, conditions, outcome):
        if outcome is not None:
            values = torch.tensor([conditions[name] for name in self.space.names()])
            self.x.append((values - self.low) / self.width)
            self.y.append(outcome)

    def values(self, unit):
        return (self.low + unit * self.width).tolist()

    def sides(self):
        """The constraints in the unit cube, as BoTorch wants them: sum of factors times inputs >= right-hand side."""
        sides, every = [], torch.arange(len(self.low))
        for c in self.space.constraints:
            factors = torch.tensor([c["factors"].get(name, 0.0) for name in self.space.names()])
            base, unit = c["constant"] + float(factors @ self.low), factors * self.width
            if c.get("low") is not None:
                sides.append((every, unit, c["low"] - base))
            if c.get("high") is not None:
                sides.append((every, -unit, base - c["high"]))
        return sides


converse(LogEi)
