"""Functions that optimisers are usually compared on, as `twin/examples/sample_efficiency/standard.rs` defines them.

All are turned so that they are maximised. `Standard` reads one line that `sample_efficiency` prints for a seed.
"""

import math


def hartmann(x):
    """Hartmann in six inputs (Dixon and Szegö 1978)."""
    alpha = [1.0, 1.2, 3.0, 3.2]
    a = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ]
    p = [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ]
    return -sum(
        alpha[i] * math.exp(-sum(a[i][j] * (x[j] - p[i][j]) ** 2 for j in range(6))) for i in range(4)
    )


def ackley(x):
    """Ackley (1987)."""
    squares = sum(v * v for v in x) / len(x)
    waves = sum(math.cos(2 * math.pi * v) for v in x) / len(x)
    return 20 + math.e - 20 * math.exp(-0.2 * math.sqrt(squares)) - math.exp(waves)


def levy(x):
    """Levy and Montalvo (1985)."""
    w = [1 + (v - 1) / 4 for v in x]
    inner = sum((v - 1) ** 2 * (1 + 10 * math.sin(math.pi * v + 1) ** 2) for v in w[:-1])
    return math.sin(math.pi * w[0]) ** 2 + inner + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)


def rosenbrock(x):
    """Rosenbrock (1960), in several inputs."""
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:]))


def michalewicz(x):
    """Michalewicz (1992), with steepness 10."""
    return -sum(math.sin(v) * abs(math.sin((i + 1) * v * v / math.pi)) ** 20 for i, v in enumerate(x))


def branin(x):
    """Branin (1972) of the first two inputs; the others do nothing."""
    bend = x[1] - 5.1 / (4 * math.pi**2) * x[0] ** 2 + 5 / math.pi * x[0] - 6
    return bend * bend + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x[0]) + 10


FUNCTIONS = {f.__name__: f for f in (hartmann, ackley, levy, rosenbrock, michalewicz, branin)}


class Standard:
    """One of them for one seed: where its box is, its opening, in the unit cube, and its noise."""

    def __init__(self, data):
        of = data["standard"]
        self.function, self.low, self.high = FUNCTIONS[of["name"]], of["low"], of["high"]
        self.sd, self.seed, self.found = of["noise"], of["seed"], of["found"]
        self.optimum, self.typical = of["optimum"], of["typical"]
        self.noise, self.dim = data["noise"], len(self.low)
        self.opening = [
            [(v - low) / (high - low) for v, low, high in zip(x, self.low, self.high)] for x in data["opening"]
        ]
        self.budget = len(self.noise)

    def truth(self, u):
        return -self.function([low + v * (high - low) for v, low, high in zip(u, self.low, self.high)])

    def measured(self, u, i):
        return self.truth(u) + self.sd * self.noise[i]
