"""Chooses at random with a luck of its own: the first argument is part of its seed. With a second, `planted`, it draws the first two
inputs only from their better ends, so that it is better by a margin that is known to be there."""

import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples/optimisers"))
import flowtwin_lines  # noqa: E402

luck, planted = sys.argv[1], sys.argv[2:] == ["planted"]
sys.argv = sys.argv[:1]


class Lucky:
    def __init__(self, space):
        self.space, self.random = space, random.Random(f"{luck}/{space.seed}")

    def ask(self):
        def draw():
            values = [self.random.uniform(low, high) for low, high in self.space.bounds()]
            if planted:
                for i, (low, high) in enumerate(self.space.bounds()[:2]):
                    values[i] = self.random.uniform(low + END * (high - low), high)
            return values
        return self.space.feasible(draw)

    def tell(self, conditions, outcome):
        pass


# From here on, in parts of their ranges, temperature and flow of copper are good.
END = 0.55

flowtwin_lines.converse(Lucky)
