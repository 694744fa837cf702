"""Other optimisers on the functions that `sample_efficiency` plays, on the same instances, openings and noise.

Usage: cargo run --release -p flowtwin-twin --example sample_efficiency -- two-optima 0..40 > instances.jsonl
       python two_optima.py PEER instances.jsonl [FIRST..LAST]   (pip install -r requirements.txt)

PEER is one of those in optimisers.py: botorch, ax, baybe, smac, skopt, egobox, optuna, torch-ensemble, hebo; or a policy of flowtwin, such as
balanced@gp (see timing.py).

`two-optima` may be any problem but `lab`. Prints one JSON object a seed: after how many experiments the global optimum was
found (one more than the budget: not found), the best true value, its regret as a share of the distance between the optimum and
the mean of the function, and seconds of processor time a proposal.
"""

import json
import math
import sys

from optimisers import optimiser
from standard import Standard


class Function:
    """An instance: seven inputs in 0..1, a broad optimum of about 0.7 and a narrow one of 1."""

    optimum, typical = 1.0, 0.0

    def __init__(self, data):
        self.of, self.opening, self.noise = data["instance"], data["opening"], data["noise"]
        self.budget, self.dim = len(self.noise), len(self.opening[0])
        self.seed, self.found = self.of["seed"], self.of["found"]

    def truth(self, x):
        def hill(centre, steepness):
            return math.exp(-0.5 * sum(((x - c) * s) ** 2 for x, c, s in zip(x, centre, steepness)))

        of = self.of
        return 0.7 * hill(of["broad"], of["broad_steepness"]) + of["height"] * hill(of["narrow"], of["narrow_steepness"])

    def measured(self, x, i):
        return self.truth(x) + self.of["noise"] * self.noise[i]


def campaign(function, name):
    player = optimiser(name, function.dim, function.seed)
    reached, best, began = function.budget + 1, -math.inf, player.spent()[0]
    for i in range(function.budget):
        x = function.opening[i] if i < len(function.opening) else player.ask()
        player.tell(x, function.measured(x, i))
        best = max(best, function.truth(x))
        if best >= function.found:
            reached = min(reached, i + 1)
    return reached, best, (player.spent()[0] - began) / (function.budget - len(function.opening))


def read(line):
    """The function of one line."""
    data = json.loads(line)
    return Standard(data) if "standard" in data else Function(data)


def main():
    name, path = sys.argv[1:3]
    with open(path) as file:
        functions = [read(line) for line in file]
    first, last = map(int, sys.argv[3].split("..")) if len(sys.argv) > 3 else (0, len(functions))
    for function in functions[first:last]:
        reached, best, seconds = campaign(function, name)
        regret = (function.optimum - best) / (function.optimum - function.typical)
        result = {"peer": name, "seed": function.seed, "reached": reached, "best": best, "regret": regret}
        print(json.dumps(result | {"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
