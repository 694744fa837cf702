"""A lab of three vials for `flowtwin run SCENARIO --lab-command 'python vials.py SCENARIO_INPUTS.json'`.

It speaks version 2 of docs/lab-protocol.md and needs nothing but Python. Each vial takes its own time, so answers come in any order.
The argument is a JSON file with `inputs` (a list of name, low and high) and `objective` (feature and goal). Replace `react` by what
your lab does.
"""

import json
import queue
import sys
import threading
import time

VIALS = 3


def react(conditions):
    """The yield of a vial [%]; it takes a while."""
    numbers = [value for value in conditions.values() if not isinstance(value, str)]
    time.sleep(0.01 + 0.001 * (sum(numbers) % 20))
    return 80.0 - sum(abs(value % 10 - 5) for value in numbers)


def work(requests, say):
    """What one vial does: one request after the other."""
    while True:
        request, conditions = requests.get()
        answer = {"request": request, "conditions": conditions}
        try:
            answer["outcome"] = react(conditions)
        except Exception as problem:  # noqa: BLE001: whatever it was, the lab goes on
            answer["fault"] = str(problem)
        say({"observation": answer})


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        space = json.load(file)
    lock, requests = threading.Lock(), queue.Queue()

    def say(line):
        with lock:
            print(json.dumps(line), flush=True)

    say({"space": {"protocol": 2, "at_once": VIALS, "scenario": "vials", "seed": 1, "simulated": True, **space}})
    for _ in range(VIALS):
        threading.Thread(target=work, args=(requests, say), daemon=True).start()
    for line in sys.stdin:
        line = json.loads(line)
        if "done" in line:
            return
        if "experiment" in line:
            # A lab that keeps its work over a restart looks here whether it still has it.
            requests.put((line["experiment"]["request"], line["experiment"]["conditions"]))


main()
