"""Other optimisers behind one pair of methods: `tell(x, y)` an experiment, `ask()` for the next.

`x` are points of the unit cube, `y` is maximised. Each is used with the defaults of its documentation for a noisy outcome
of continuous inputs, on one thread, and is told of the opening design before it is asked. Imports are inside the classes:
each needs its own package only (requirements.txt).
"""

import json
import logging
import pathlib
import resource
import subprocess
import tempfile
import time
import warnings

warnings.filterwarnings("ignore")


def _names(dim):
    return [f"x{i}" for i in range(dim)]


class Peer:
    """What all have in common: a process of their own counts what they spend."""

    def spent(self):
        """Processor time [s] and peak memory [MB] of the process so far."""
        return time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class BoTorch(Peer):
    """SingleTaskGP with its defaults, LogEI from the best 4 of 128 points."""

    def __init__(self, dim, seed):
        import torch

        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(seed)
        self.torch, self.dim, self.x, self.y = torch, dim, [], []

    def tell(self, x, y):
        self.x.append(list(x))
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


class Ax(Peer):
    """The client with the strategy it chooses, told of the opening first."""

    def __init__(self, dim, seed):
        import torch
        from ax.api.client import Client
        from ax.api.configs import RangeParameterConfig

        logging.disable(logging.CRITICAL)
        torch.set_num_threads(1)
        self.client, self.trial, self.names = Client(random_seed=seed), None, _names(dim)
        self.client.configure_experiment(
            [RangeParameterConfig(name=n, parameter_type="float", bounds=(0.0, 1.0)) for n in self.names]
        )
        self.client.configure_optimization(objective="y")
        self.client.configure_generation_strategy(initialize_with_center=False)

    def tell(self, x, y):
        if self.trial is None:
            self.trial = self.client.attach_trial(dict(zip(self.names, map(float, x))))
        self.client.complete_trial(self.trial, {"y": y})
        self.trial = None

    def ask(self):
        ((self.trial, values),) = self.client.get_next_trials(max_trials=1).items()
        return [values[name] for name in self.names]


class Skopt(Peer):
    """gp_hedge, its default."""

    def __init__(self, dim, seed):
        from skopt import Optimizer

        self.of = Optimizer([(0.0, 1.0)] * dim, n_initial_points=1, random_state=seed)

    def tell(self, x, y):
        self.of.tell(list(x), -y)

    def ask(self):
        return self.of.ask()


class BayBE(Peer):
    """Its default recommender in a continuous space, switched to the Gaussian process from the first proposal on."""

    def __init__(self, dim, seed):
        import torch
        from baybe import Campaign
        from baybe.parameters import NumericalContinuousParameter
        from baybe.searchspace import SearchSpace
        from baybe.settings import Settings
        from baybe.targets import NumericalTarget

        torch.set_num_threads(1)
        Settings(random_seed=seed).activate()
        self.names = _names(dim)
        space = SearchSpace.from_product([NumericalContinuousParameter(n, (0.0, 1.0)) for n in self.names])
        self.campaign = Campaign(space, NumericalTarget("y").to_objective())

    def tell(self, x, y):
        import pandas

        row = dict(zip(self.names, map(float, x))) | {"y": y}
        self.campaign.add_measurements(pandas.DataFrame([row]))

    def ask(self):
        return self.campaign.recommend(1)[self.names].iloc[0].tolist()


class Smac(Peer):
    """BlackBoxFacade: a Gaussian process and expected improvement; the opening is its initial design."""

    def __init__(self, dim, seed):
        self.dim, self.seed, self.told, self.facade, self.asked = dim, seed, [], None, None

    def _begin(self):
        from ConfigSpace import Configuration, ConfigurationSpace, Float
        from smac import BlackBoxFacade, Scenario

        space = ConfigurationSpace(seed=self.seed)
        space.add([Float(n, (0.0, 1.0)) for n in _names(self.dim)])
        folder = tempfile.mkdtemp()
        scenario = Scenario(space, output_directory=folder, deterministic=True, n_trials=1000, seed=self.seed)
        opening = [Configuration(space, values=dict(zip(_names(self.dim), map(float, x)))) for x, _ in self.told]
        design = BlackBoxFacade.get_initial_design(scenario, n_configs=0, additional_configs=opening)
        self.facade = BlackBoxFacade(
            scenario, lambda config, seed=0: 0.0, initial_design=design, overwrite=True, logging_level=False
        )
        for _, y in self.told:
            self._answer(self.facade.ask(), y)

    def _answer(self, trial, y):
        from smac.runhistory.dataclasses import TrialValue

        self.facade.tell(trial, TrialValue(cost=-y, time=0.1))

    def tell(self, x, y):
        if self.asked is None:
            self.told.append((x, y))
        else:
            self._answer(self.asked, y)

    def ask(self):
        if self.facade is None:
            self._begin()
        self.asked = self.facade.ask()
        return [self.asked.config[n] for n in _names(self.dim)]


class Egobox(Peer):
    """Its defaults: a Gaussian process with a squared exponential kernel and LogEI, from 20 starts."""

    def __init__(self, dim, seed):
        self.dim, self.seed, self.x, self.y = dim, seed, [], []

    def tell(self, x, y):
        self.x.append(list(x))
        self.y.append([-y])

    def ask(self):
        import egobox
        import numpy

        egor = egobox.Egor([[0.0, 1.0]] * self.dim)
        # The number of experiments is part of the seed, else every proposal would look from the same starts.
        seed = 1000 * self.seed + len(self.x)
        return egor.suggest(numpy.array(self.x), numpy.array(self.y), seed=seed)[0].tolist()


class Optuna(Peer):
    """Its default, a tree of Parzen estimators; the opening counts as its first ten random trials."""

    def __init__(self, dim, seed):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.scales = {n: optuna.distributions.FloatDistribution(0.0, 1.0) for n in _names(dim)}
        self.study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
        self.trial = None

    def tell(self, x, y):
        import optuna

        if self.trial is None:
            params = dict(zip(self.scales, map(float, x)))
            self.study.add_trial(optuna.trial.create_trial(params=params, distributions=self.scales, value=y))
        else:
            self.study.tell(self.trial, y)
        self.trial = None

    def ask(self):
        self.trial = self.study.ask(self.scales)
        return [self.trial.params[n] for n in self.scales]


class Hebo(Peer):
    """Its defaults, modelled from the first proposal on."""

    def __init__(self, dim, seed):
        import numpy
        import torch
        from hebo.design_space.design_space import DesignSpace
        from hebo.optimizers.hebo import HEBO

        torch.set_num_threads(1)
        torch.manual_seed(seed)
        numpy.random.seed(seed)
        self.names = _names(dim)
        space = DesignSpace().parse([{"name": n, "type": "num", "lb": 0.0, "ub": 1.0} for n in self.names])
        self.of = HEBO(space, rand_sample=2, scramble_seed=seed)

    def tell(self, x, y):
        import numpy
        import pandas

        self.of.observe(pandas.DataFrame([dict(zip(self.names, map(float, x)))]), numpy.array([[-y]]))

    def ask(self):
        return self.of.suggest(1)[self.names].iloc[0].tolist()


class TorchEnsemble(Peer):
    """What one writes by hand: 20 networks of two layers, trained side by side on bootstrap samples, and the expected
    improvement over their means, climbed from the best 8 of 1024 points."""

    NETS, WIDTH, EPOCHS, POINTS, CLIMBS = 20, 32, 300, 1024, 8

    def __init__(self, dim, seed):
        import torch

        torch.set_num_threads(1)
        torch.manual_seed(seed)
        self.torch, self.dim, self.x, self.y = torch, dim, [], []

    def tell(self, x, y):
        self.x.append(list(x))
        self.y.append(y)

    def _predict(self, layers, x):
        *hidden, (weight, bias) = layers
        for w, b in hidden:
            x = self.torch.tanh(x @ w + b)
        return (x @ weight + bias).squeeze(-1)

    def _train(self, x, y):
        torch, sizes = self.torch, [self.dim, self.WIDTH, self.WIDTH, 1]
        layers = [
            (torch.randn(self.NETS, a, b).div(a**0.5).requires_grad_(), torch.zeros(self.NETS, 1, b, requires_grad=True))
            for a, b in zip(sizes, sizes[1:])
        ]
        drawn = torch.randint(len(y), (self.NETS, len(y)))
        descent = torch.optim.AdamW([p for layer in layers for p in layer], lr=0.01, weight_decay=0.01)
        for _ in range(self.EPOCHS):
            descent.zero_grad()
            ((self._predict(layers, x[drawn]) - y[drawn]) ** 2).mean(1).sum().backward()
            descent.step()
        return [(w.detach(), b.detach()) for w, b in layers]

    def ask(self):
        torch = self.torch
        x, y = torch.tensor(self.x), torch.tensor(self.y)
        y = (y - y.mean()) / y.std()
        layers = self._train(x, y)

        def improvement(points):
            means = self._predict(layers, points.expand(self.NETS, -1, -1))
            return torch.nn.functional.softplus(means - y.max(), beta=20).mean(0)

        points = torch.rand(self.POINTS, self.dim)
        with torch.no_grad():
            starts = points[improvement(points).topk(self.CLIMBS).indices]
        climbed = starts.clone().requires_grad_()
        ascent = torch.optim.Adam([climbed], lr=0.02)
        for _ in range(50):
            ascent.zero_grad()
            (-improvement(climbed).sum()).backward()
            ascent.step()
            with torch.no_grad():
                climbed.clamp_(0.0, 1.0)
        with torch.no_grad():
            return climbed[improvement(climbed).argmax()].tolist()


ASK_TELL = pathlib.Path(__file__).parents[2] / "target/release/examples/ask_tell"


class Flowtwin:
    """A policy of flowtwin in its own process (cargo build --release -p flowtwin-twin --example ask_tell)."""

    def __init__(self, policy, dim, seed):
        self.process = subprocess.Popen(
            [ASK_TELL, policy, str(dim), str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def _say(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def _answer(self, message):
        self._say(message)
        return json.loads(self.process.stdout.readline())

    def tell(self, x, y):
        self._say({"tell": {"x": list(map(float, x)), "y": y}})

    def ask(self):
        return self._answer("ask")["x"]

    def spent(self):
        answer = self._answer("spent")
        return answer["cpu_s"], answer["peak_mb"]


PEERS = {"botorch": BoTorch, "ax": Ax, "baybe": BayBE, "smac": Smac, "skopt": Skopt, "egobox": Egobox}
PEERS |= {"hebo": Hebo, "optuna": Optuna, "torch-ensemble": TorchEnsemble}


def optimiser(name, dim, seed):
    """The peer of that name; any other name is a policy of flowtwin, such as ei@gp."""
    return PEERS[name](dim, seed) if name in PEERS else Flowtwin(name, dim, seed)
