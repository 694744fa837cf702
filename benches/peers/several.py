"""Several objectives, and a target with a limit: policies of flowtwin beside other optimisers, on functions with known fronts.

Usage: cargo build --release -p flowtwin-twin --example ask_tell
       python several.py PROBLEM PLAYER FIRST..LAST [EXPERIMENTS]   (pip install -r requirements.txt)
       python several.py table RESULTS.jsonl …

PROBLEM is one of those below. PLAYER is `botorch` (qLogNEHVI, or for the target noisy expected improvement of minus the
distance with the limit as a constraint), `optuna` (TPE, its default for several objectives), `random`, or a policy of
flowtwin, such as auto@gp. All get the same opening of ten points of a Latin hypercube and the same noise: 2 % of the
standard deviation of each outcome over the region.

Prints one JSON object a seed. With several objectives that is the share of the front's hypervolume that the noise-free values
of the experiments cover; the reference is the 90 % quantile of each objective over the region. For the target it is the number of
experiments until one meets both conditions without noise (one more than the budget: none), and how far off the best is.
"""

import json
import math
import subprocess
import sys
import warnings

import numpy as np

from optimisers import ASK_TELL, Flowtwin

warnings.filterwarnings("ignore")
OPENING = 10


def zdt(x, shape):
    g = 1 + 9 * x[1:].mean()
    return [x[0], g * shape(x[0] / g, x[0])]


def zdt1(x):
    return zdt(x, lambda r, _: 1 - math.sqrt(r))


def zdt2(x):
    return zdt(x, lambda r, _: 1 - r * r)


def zdt3(x):
    return zdt(x, lambda r, f: 1 - math.sqrt(r) - r * math.sin(10 * math.pi * f))


def sphere(angles, radius):
    """A point of the positive part of a sphere, whose number of dimensions is one more than that of the angles."""
    values = []
    for i in range(len(angles) + 1):
        value = radius * math.prod(map(math.cos, angles[: len(angles) - i]))
        values.append(value * math.sin(angles[len(angles) - i]) if i else value)
    return values


def dtlz2(x, objectives):
    return sphere([0.5 * math.pi * u for u in x[: objectives - 1]], 1 + ((x[objectives - 1 :] - 0.5) ** 2).sum())


def dtlz5(x):
    r = ((x[2:] - 0.5) ** 2).sum()
    return sphere([0.5 * math.pi * x[0], 0.25 * math.pi * (1 + 2 * r * x[1]) / (1 + r)], 1 + r)


def dtlz7(x, objectives):
    first = list(x[: objectives - 1])
    g = 1 + 9 * x[objectives - 1 :].mean()
    return [*first, (1 + g) * (objectives - sum(f / (1 + g) * (1 + math.sin(3 * math.pi * f)) for f in first))]


def along(function, free, rest, inputs):
    """The images of points whose first inputs vary over a grid and whose others are at `rest`."""
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 20000 if free == 1 else 300)] * free), -1).reshape(-1, free)
    return np.array([function(np.concatenate([u, np.full(inputs - free, rest)])) for u in grid])


# Function, inputs, how many of them run along the front, and where the others are there. Deb et al. 2005 (DTLZ), Zitzler, Deb
# and Thiele 2000 (ZDT).
FRONTS = {
    "zdt1": (zdt1, 4, 1, 0.0),
    "zdt2": (zdt2, 6, 1, 0.0),
    "zdt3": (zdt3, 5, 1, 0.0),
    "dtlz2-2": (lambda x: dtlz2(x, 2), 6, 1, 0.5),
    "dtlz2-3": (lambda x: dtlz2(x, 3), 5, 2, 0.5),
    "dtlz5": (dtlz5, 6, 2, 0.5),
    "dtlz7-2": (lambda x: dtlz7(x, 2), 5, 1, 0.0),
    "dtlz7-3": (lambda x: dtlz7(x, 3), 5, 2, 0.0),
}


def hypervolume(points, reference):
    """What values that are minimised dominate, up to the reference: slices along the last objective."""
    points = points[(points < reference).all(1)]
    if not len(points):
        return 0.0
    if points.shape[1] == 2:
        points = points[points[:, 0].argsort()]
        lowest = np.minimum.accumulate(points[:, 1])
        widths = np.diff(np.append(points[:, 0], reference[0]))
        return float((widths * (reference[1] - lowest)).sum())
    points = points[points[:, -1].argsort()]
    heights = np.diff(np.append(points[:, -1], reference[-1]))
    slices = (hypervolume(points[: i + 1, :-1], reference[:-1]) for i in range(len(points)))
    return sum(height * area for height, area in zip(heights, slices))


def dominated(points, reference):
    """The same of very many values: of three objectives on a grid of the first two, to about 0.2 %."""
    points = points[(points < reference).all(1)]
    if points.shape[1] == 2:
        return hypervolume(points, reference)
    cells, low = 600, points.min(0)
    size = (reference[:2] - low[:2]) / cells
    place = np.minimum(((points[:, :2] - low[:2]) / size).astype(int), cells - 1)
    lowest = np.full((cells, cells), reference[2])
    np.minimum.at(lowest, (place[:, 0], place[:, 1]), points[:, 2])
    lowest = np.minimum.accumulate(np.minimum.accumulate(lowest, 0), 1)
    return float((reference[2] - lowest).sum() * size.prod())


class Front:
    """A problem of several objectives, all of them minimised."""

    def __init__(self, name, seed):
        self.of, self.dim, free, rest = FRONTS[name]
        sample = np.array([self.of(x) for x in np.random.default_rng(1).random((4096, self.dim))])
        self.deviation, self.reference = sample.std(0), np.quantile(sample, 0.9, 0)
        self.whole = dominated(along(self.of, free, rest, self.dim), self.reference)
        self.outcomes = [{"goal": "minimize", "worst": float(worst)} for worst in self.reference]

    def truth(self, x):
        return np.array(self.of(np.asarray(x)))

    def result(self, values):
        return {"share": hypervolume(np.array(values), self.reference) / self.whole}


class Target:
    """A peak that should lie within 2 nm of 520 nm while the width stays below 30 nm: four inputs, other shapes for each seed."""

    dim = 4

    def __init__(self, _, seed):
        drawn = np.random.default_rng(7000 + seed)
        self.slopes, self.bends = drawn.normal(0, 1, (2, 4)), drawn.normal(0, 1, (2, 4, 4))
        sample = np.array([self.raw(x) for x in drawn.random((4096, 4))])
        self.middle, self.spread = sample.mean(0), sample.std(0)
        # The target is an unusual value, and a tenth of the region has so narrow a peak.
        self.shift = 520.0 - 25.0 * np.quantile((sample[:, 0] - self.middle[0]) / self.spread[0], 0.93)
        self.narrow = 30.0 - 8.0 * np.quantile((sample[:, 1] - self.middle[1]) / self.spread[1], 0.1)
        self.deviation = np.array([25.0, 8.0])
        self.outcomes = [{"goal": {"target": 520.0, "within": 2.0}}, {"at_most": 30.0}]

    def raw(self, x):
        u = 2 * np.asarray(x) - 1
        return [s @ u + 0.5 * np.sin(2 * u @ b @ u) for s, b in zip(self.slopes, self.bends)]

    def truth(self, x):
        peak, width = (np.array(self.raw(x)) - self.middle) / self.spread
        return np.array([self.shift + 25.0 * peak, self.narrow + 8.0 * width])

    def result(self, values):
        ways = [abs(peak - 520.0) if width <= 30.0 else math.inf for peak, width in values]
        met = [i + 1 for i, off in enumerate(ways) if off <= 2.0]
        return {"needed": met[0] if met else len(values) + 1, "off": min(ways)}


class Random:
    def __init__(self, problem, seed):
        self.draw, self.dim = np.random.default_rng(90000 + seed), problem.dim

    def ask(self):
        return self.draw.random(self.dim).tolist()

    def tell(self, x, y):
        pass


class BoTorch:
    """A SingleTaskGP with its defaults for each outcome; the acquisition function that its documentation recommends."""

    def __init__(self, problem, seed):
        import torch

        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(seed)
        self.torch, self.problem, self.x, self.y = torch, problem, [], []

    def tell(self, x, y):
        self.x.append(list(x))
        self.y.append(self.outcomes(y))

    def outcomes(self, y):
        if isinstance(self.problem, Front):
            return [-v for v in y]
        return [-abs(y[0] - 520.0), y[1]]

    def ask(self):
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import ModelListGP, SingleTaskGP
        from botorch.models.transforms import Standardize
        from botorch.optim import optimize_acqf
        from gpytorch.mlls import SumMarginalLogLikelihood

        torch = self.torch
        x, y = torch.tensor(self.x), torch.tensor(self.y)
        models = [SingleTaskGP(x, y[:, i : i + 1], outcome_transform=Standardize(1)) for i in range(y.shape[1])]
        model = ModelListGP(*models)
        fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))
        box = torch.stack([torch.zeros(self.problem.dim), torch.ones(self.problem.dim)])
        value = self.acquisition(model, x)
        return optimize_acqf(value, box, q=1, num_restarts=4, raw_samples=128)[0][0].tolist()

    def acquisition(self, model, x):
        from botorch.acquisition.logei import qLogNoisyExpectedImprovement
        from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
        from botorch.acquisition.objective import GenericMCObjective

        if isinstance(self.problem, Front):
            reference = (-self.problem.reference).tolist()
            return qLogNoisyExpectedHypervolumeImprovement(model, reference, x, prune_baseline=True)
        return qLogNoisyExpectedImprovement(
            model,
            x,
            objective=GenericMCObjective(lambda y, X=None: y[..., 0]),
            constraints=[lambda y: y[..., 1] - 30.0],
            prune_baseline=True,
        )


class Optuna:
    """Its TPE sampler, seeded, told of the opening."""

    def __init__(self, problem, seed):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.optuna, self.asked = optuna, None
        self.space = {f"x{i}": optuna.distributions.FloatDistribution(0.0, 1.0) for i in range(problem.dim)}
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=OPENING)
        self.study = optuna.create_study(directions=["minimize"] * len(problem.outcomes), sampler=sampler)

    def tell(self, x, y):
        if self.asked is not None:
            self.study.tell(self.asked, list(map(float, y)))
            self.asked = None
            return
        params = dict(zip(self.space, map(float, x)))
        values = list(map(float, y))
        self.study.add_trial(
            self.optuna.trial.create_trial(params=params, distributions=self.space, values=values)
        )

    def ask(self):
        self.asked = self.study.ask(self.space)
        return [self.asked.params[name] for name in self.space]


class Ours(Flowtwin):
    def __init__(self, name, problem, seed):
        command = [ASK_TELL, name, str(problem.dim), str(seed), json.dumps(problem.outcomes)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, x, y):
        self._say({"tell": {"x": list(map(float, x)), "y": list(map(float, y))}})


def player(name, problem, seed):
    peers = {"botorch": BoTorch, "optuna": Optuna, "random": Random}
    return peers[name](problem, seed) if name in peers else Ours(name, problem, seed)


def hypercube(dim, draw):
    places = np.stack([draw.permutation(OPENING) for _ in range(dim)], 1)
    return (places + draw.random((OPENING, dim))) / OPENING


def campaign(name, player_name, seed, experiments):
    import time

    problem = (Target if name == "target" else Front)(name, seed)
    draw = np.random.default_rng(seed)
    opening = hypercube(problem.dim, draw)
    noise = 0.02 * problem.deviation * draw.normal(0, 1, (experiments, len(problem.deviation)))
    plays, values, spent = player(player_name, problem, seed), [], 0.0
    for i in range(experiments):
        x = opening[i] if i < OPENING else plays.ask()
        values.append(problem.truth(x))
        plays.tell(x, values[-1] + noise[i])
    if hasattr(plays, "process"):
        spent = plays.spent()[0]
        plays.process.kill()
    else:
        spent = time.process_time()
    return problem.result(values) | {"spent_s": spent}


def table(paths):
    rows = {}
    for path in paths:
        with open(path) as file:
            for said in map(json.loads, file):
                value = said.get("share", said.get("needed"))
                rows.setdefault(said["problem"], {}).setdefault(said["player"], []).append(value)
    for problem, players in rows.items():
        for name, values in players.items():
            values = np.array(values)
            half = 1.96 * values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
            print(f"{problem:10} {name:14} n {len(values):3}  mean {values.mean():.3f} ± {half:.3f}  median {np.median(values):.3f}")


def main():
    if sys.argv[1] == "table":
        table(sys.argv[2:])
        return
    name, who, seeds = sys.argv[1:4]
    experiments = int(sys.argv[4]) if len(sys.argv) > 4 else 50
    first, last = map(int, seeds.split(".."))
    for seed in range(first, last):
        result = campaign(name, who, seed, experiments)
        print(json.dumps({"problem": name, "player": who, "seed": seed} | result), flush=True)


if __name__ == "__main__":
    main()
