"""Other optimisers on the functions with two optima that `sample_efficiency` plays, on the same instances, openings and noise.

Usage: cargo run --release -p flowtwin-twin --example sample_efficiency -- two-optima 0..40 > instances.jsonl
       python two_optima.py botorch|ax|skopt instances.jsonl [FIRST..LAST]   (pip install botorch ax-platform scikit-optimize)

Prints one JSON object a seed: after how many experiments the global optimum was found (one more than the budget: not
found), the best true value, and seconds of processor time a proposal.
"""

import json
import math
import sys
import time
import warnings

warnings.filterwarnings("ignore")


class Function:
    """An instance: seven inputs in 0..1, a broad optimum of about 0.7 and a narrow one of 1."""

    def __init__(self, line):
        data = json.loads(line)
        self.of, self.opening, self.noise = data["instance"], data["opening"], data["noise"]
        self.budget, self.dim = len(self.noise), len(self.opening[0])

    def truth(self, x):
        def hill(centre, steepness):
            return math.exp(-0.5 * sum(((x - c) * s) ** 2 for x, c, s in zip(x, centre, steepness)))

        of = self.of
        return 0.7 * hill(of["broad"], of["broad_steepness"]) + of["height"] * hill(of["narrow"], of["narrow_steepness"])

    def measured(self, x, i):
        return self.truth(x) + self.of["noise"] * self.noise[i]


class BoTorch:
    """SingleTaskGP with its defaults, LogEI from the best 4 of 128 points."""

    def __init__(self, dim, seed):
        import torch

        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(seed)
        self.torch, self.dim, self.x, self.y = torch, dim, [], []

    def tell(self, x, y):
        self.x.append(x)
        self.y.append([y])

    def ask(self):
        from botorch.acquisition import LogExpectedImprovement
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import SingleTaskGP
        from botorch.models.transforms import Standardize
        from botorch.optim import optimize_acqf
        from gpytorch.mlls import ExactMarginalLogLikelihood

        x, y = self.torch.tensor(self.x), self.torch.tensor(self.y)
        model = SingleTaskGP(x, y, outcome_transform=Standardize(1))
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        box = self.torch.stack([self.torch.zeros(self.dim), self.torch.ones(self.dim)])
        point, _ = optimize_acqf(LogExpectedImprovement(model, y.max()), box, q=1, num_restarts=4, raw_samples=128)
        return point[0].tolist()


class Ax:
    """The client with the strategy it chooses, told of the opening first."""

    def __init__(self, dim, seed):
        import logging

        import torch
        from ax.api.client import Client
        from ax.api.configs import RangeParameterConfig

        logging.disable(logging.CRITICAL)
        torch.set_num_threads(1)
        self.client, self.trial = Client(random_seed=seed), None
        names = [f"x{i}" for i in range(dim)]
        self.client.configure_experiment([RangeParameterConfig(name=n, parameter_type="float", bounds=(0.0, 1.0)) for n in names])
        self.client.configure_optimization(objective="y")
        self.client.configure_generation_strategy(initialize_with_center=False)

    def tell(self, x, y):
        if self.trial is None:
            self.trial = self.client.attach_trial({f"x{i}": v for i, v in enumerate(x)})
        self.client.complete_trial(self.trial, {"y": y})
        self.trial = None

    def ask(self):
        (self.trial, values), = self.client.get_next_trials(max_trials=1).items()
        return [values[f"x{i}"] for i in range(len(values))]


class Skopt:
    """gp_hedge, its default."""

    def __init__(self, dim, seed):
        from skopt import Optimizer

        self.of = Optimizer([(0.0, 1.0)] * dim, n_initial_points=1, random_state=seed)

    def tell(self, x, y):
        self.of.tell(x, -y)

    def ask(self):
        return self.of.ask()


PEERS = {"botorch": BoTorch, "ax": Ax, "skopt": Skopt}


def campaign(function, peer):
    optimiser, reached, best, seconds = peer(function.dim, function.of["seed"]), function.budget + 1, -math.inf, 0.0
    for i in range(function.budget):
        began = time.process_time()
        x = function.opening[i] if i < len(function.opening) else optimiser.ask()
        optimiser.tell(x, function.measured(x, i))
        seconds += time.process_time() - began
        best = max(best, function.truth(x))
        if best >= function.of["found"]:
            reached = min(reached, i + 1)
    return reached, best, seconds / (function.budget - len(function.opening))


def main():
    name, path = sys.argv[1:3]
    with open(path) as file:
        functions = [Function(line) for line in file]
    first, last = map(int, sys.argv[3].split("..")) if len(sys.argv) > 3 else (0, len(functions))
    for function in functions[first:last]:
        reached, best, seconds = campaign(function, PEERS[name])
        result = {"peer": name, "seed": function.of["seed"], "reached": reached, "best": best, "seconds": seconds}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
