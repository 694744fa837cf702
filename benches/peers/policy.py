"""The optimisers of optimisers.py as policies of `flowtwin benchmark --policy-command 'NAME=python policy.py NAME'`.

They see the unit cube. None of them is told the constraints: a proposal that misses one moves towards a feasible point
until it meets them all. Failed experiments are left out. It speaks the lines of docs/lab-protocol.md.
"""

import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "examples/optimisers"))

from flowtwin_lines import talk
from optimisers import PEERS

STEPS = 20


class Policy:
    """A peer that chooses in a space."""

    def __init__(self, peer, space):
        self.space, self.random = space, random.Random(space.seed)
        self.peer = peer(len(space.inputs), space.seed)

    def ask(self):
        point = self.peer.ask()
        table = self.conditions(point)
        if self.space.violation(table) == 0.0:
            return table
        inside = self.space.feasible(lambda: self.values([self.random.random() for _ in point]))
        goal = self.unit(inside)
        ways = ([x + i / STEPS * (g - x) for x, g in zip(point, goal)] for i in range(STEPS))
        return next((t for t in map(self.conditions, ways) if self.space.violation(t) == 0.0), inside)

    def tell(self, conditions, outcome):
        if outcome is not None:
            self.peer.tell(self.unit(conditions), outcome)

    def values(self, point):
        return [low + x * (high - low) for x, (low, high) in zip(point, self.space.bounds())]

    def conditions(self, point):
        return self.space.conditions(self.values(point))

    def unit(self, conditions):
        return [(conditions[name] - low) / (high - low) for name, (low, high) in zip(self.space.names(), self.space.bounds())]


if __name__ == "__main__":
    talk(lambda space: Policy(PEERS[sys.argv[1]], space), sys.stdin, sys.stdout)
