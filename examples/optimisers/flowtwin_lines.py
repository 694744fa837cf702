"""The lines of docs/lab-protocol.md, for optimisers in Python. Standard library only.

`converse(make)` plays the optimiser. Without arguments it speaks on standard input and output, as a program given to
`--policy-command` does. With `--lab COMMAND` it starts that command, such as `flowtwin lab scenario.toml`, and drives it.

`make(space)` returns an object with `ask() -> {name: value}` and `tell({name: value}, outcome or None)`; `outcome` is to
be made as large as possible and is None where the experiment failed.
"""

import argparse
import json
import shlex
import subprocess
import sys


class Space:
    """What may be chosen, and the seed to draw with."""

    def __init__(self, line):
        if line["protocol"] != 1:
            raise SystemExit(f"this program speaks protocol 1, not {line['protocol']}")
        self.inputs = line["inputs"]
        self.constraints = line.get("constraints", [])
        self.seed = line["seed"]

    def names(self):
        return [i["name"] for i in self.inputs]

    def bounds(self):
        return [(i["low"], i["high"]) for i in self.inputs]

    def conditions(self, values):
        """Values in the order of the inputs as a table, rounded to the resolution of each input."""
        table = {}
        for i, x in zip(self.inputs, values):
            step = i.get("resolution") or 0.0
            x = round(round(float(x) / step) * step, 10) if step else float(x)
            table[i["name"]] = min(max(x, i["low"]), i["high"])
        return table

    def violation(self, table):
        """By how much a point misses its constraints; zero where it meets them all."""
        total = 0.0
        for c in self.constraints:
            value = c["constant"] + sum(f * table[name] for name, f in c["factors"].items())
            low, high = c.get("low"), c.get("high")
            scale = abs(high - low) if low is not None and high is not None else 1.0
            total += max(0.0, (low - value) if low is not None else 0.0) / scale
            total += max(0.0, (value - high) if high is not None else 0.0) / scale
        return total

    def feasible(self, draw, tries=2000):
        """The first point that `draw()` gives and that meets every constraint; values in the order of the inputs."""
        for _ in range(tries):
            table = self.conditions(draw())
            if self.violation(table) == 0.0:
                return table
        raise SystemExit(f"no feasible point in {tries} draws")


def converse(make):
    """Talks to a lab until one side is done."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lab", help="command that is the lab, such as 'flowtwin lab scenario.toml'")
    lab = parser.parse_args().lab
    if lab is None:
        talk(make, sys.stdin, sys.stdout)
        return
    with subprocess.Popen(shlex.split(lab), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        best, number = talk(make, child.stdout, child.stdin)
        child.stdin.close()
    print(json.dumps({"experiments": number, "best": best}))
    sys.exit(child.returncode)


def talk(make, lines, out):
    """One conversation; returns the best outcome and the number of experiments."""
    optimiser, best, number = None, None, 0
    # `for line in file` reads ahead; a conversation must not.
    for line in iter(lines.readline, ""):
        (kind, body), = json.loads(line).items()
        if kind == "space":
            optimiser = make(Space(body))
        elif kind == "observation":
            outcome = body.get("outcome")
            optimiser.tell(body["conditions"], outcome)
            number += 1
            best = outcome if best is None or (outcome is not None and outcome > best) else best
        elif kind == "next":
            out.write(json.dumps({"experiment": {"conditions": optimiser.ask()}}) + "\n")
            out.flush()
        elif kind == "error":
            raise SystemExit(f"line {body['line']}: {body['problem']}; expected {body['expected']}")
        elif kind == "done":
            break
    return best, number
