"""Ax with its default generation strategy: see flowtwin_lines.py for how to run it."""

import logging
import random
import warnings

import torch
from ax.api.client import Client
from ax.api.configs import RangeParameterConfig

from flowtwin_lines import converse

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
torch.set_num_threads(1)


class Ax:
    def __init__(self, space):
        self.space, self.random = space, random.Random(space.seed)
        self.asked = None
        torch.manual_seed(space.seed)
        self.client = Client(random_seed=space.seed)
        self.client.configure_experiment(parameters=[
            RangeParameterConfig(name=i["name"], parameter_type="float", bounds=(i["low"], i["high"]))
            for i in space.inputs], parameter_constraints=[s for c in space.constraints for s in sides(c)])
        self.client.configure_optimization(objective="outcome")

    def ask(self):
        (index, values), = self.client.get_next_trials(max_trials=1).items()
        table = self.space.conditions([values[name] for name in self.space.names()])
        if self.space.violation(table) > 0.0:
            # Rounding broke a constraint: run the nearest of some points that meet it.
            self.client.mark_trial_abandoned(index)
            draw = lambda: [self.random.uniform(low, high) for low, high in self.space.bounds()]
            width = [high - low for low, high in self.space.bounds()]
            far = lambda t: sum(((t[n] - values[n]) / w) ** 2 for n, w in zip(self.space.names(), width))
            index, table = None, min((self.space.feasible(draw) for _ in range(50)), key=far)
        self.asked = (index, table)
        return table

    def tell(self, conditions, outcome):
        index, asked = self.asked or (None, None)
        if index is None or asked != conditions:
            # An experiment that Ax did not choose: one of the shared opening.
            index = self.client.attach_trial(parameters=conditions)
        self.asked = None
        if outcome is None:
            self.client.mark_trial_failed(index)
        else:
            self.client.complete_trial(index, raw_data={"outcome": outcome})


def sides(c):
    """A constraint as Ax writes it."""
    terms = " + ".join(f"{f} * {name}" for name, f in c["factors"].items() if f != 0.0)
    low, high = c.get("low"), c.get("high")
    if low is not None:
        yield f"{terms} >= {low - c['constant']}"
    if high is not None:
        yield f"{terms} <= {high - c['constant']}"


converse(Ax)
