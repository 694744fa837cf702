"""Chooses at random with a luck of its own: the first argument is part of its seed. With a second, `planted`, it draws only from
the better end of the first input, so that it is better by a margin that is known to be there."""

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
                low, high = self.space.bounds()[0]
                values[0] = self.random.uniform(low + END[0] * (high - low), low + END[1] * (high - low))
            return values
        return self.space.feasible(draw)

    def tell(self, conditions, outcome):
        pass


# Where the first input, the temperature, is good.
END = (0.6, 1.0)

flowtwin_lines.converse(Lucky)
