"""scikit-optimize's Gaussian process with expected improvement: see flowtwin_lines.py for how to run it."""

from skopt import Optimizer
from skopt.space import Real

from flowtwin_lines import converse


class GaussianProcess:
    def __init__(self, space):
        self.space = space
        self.optimizer = Optimizer(
            [Real(low, high, name=name) for name, (low, high) in zip(space.names(), space.bounds())],
            base_estimator="GP", acq_func="EI", n_initial_points=5, random_state=space.seed,
            space_constraint=lambda x: space.violation(space.conditions(x)) == 0.0)

    def ask(self):
        table = self.space.conditions(self.optimizer.ask())
        if self.space.violation(table) == 0.0:
            return table
        # Rounding may break a constraint: the next best is a random point that meets it.
        return self.space.feasible(lambda: self.optimizer.space.rvs(random_state=self.optimizer.rng)[0])

    def tell(self, conditions, outcome):
        if outcome is not None:
            self.optimizer.tell([conditions[name] for name in self.space.names()], -outcome)


converse(GaussianProcess)
