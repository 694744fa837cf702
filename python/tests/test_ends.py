"""Whatever ends a campaign early: exceptions, signals, the end of the interpreter, forks."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import ELSEWHERE, Bowl, Walk, python, small

import flowtwin


ENDS = {
    "a campaign in a thread that nobody waits for": """
import threading, time, flowtwin
from support import *
thread = threading.Thread(target=lambda: flowtwin.run(SCENARIOS / "cs3cu2i5.toml", seed=1), daemon=True)
thread.start(); time.sleep(0.3); print("end")
""",
    "a policy in Python in a thread that nobody waits for": """
import threading, time, flowtwin
from support import *
thread = threading.Thread(target=lambda: flowtwin.run(SCENARIOS / "cs3cu2i5.toml", seed=1, policy=Walk), daemon=True)
thread.start(); time.sleep(0.3); print("end")
""",
    "sys.exit in a callback": """
import sys, flowtwin
from support import *
def out(number, *_):
    if number == 3: print("end"); sys.exit(0)
flowtwin.run(SCENARIOS / "cs3cu2i5.toml", seed=1, progress=out)
""",
    "a lab in Python in a thread that nobody waits for, which is made safe": """
import threading, time, flowtwin
from support import *
began = threading.Event()
class Slow(Bowl):
    def measure(self, conditions):
        began.set()
        time.sleep(0.01)
        return super().measure(conditions)
    def make_safe(self):
        print("end", flush=True)
scenario = flowtwin.Scenario(ELSEWHERE)
scenario.phases = [{"name": "all", "policy": "random", "experiments": 1_000_000}]
threading.Thread(target=lambda: flowtwin.run(scenario, lab=Slow()), daemon=True).start()
began.wait()
""",
    "fork": """
import os, flowtwin
from support import *
first = flowtwin.run(small(), seed=1).journal_sha256
child = os.fork()
if child == 0:
    os._exit(0 if flowtwin.run(small(), seed=1).journal_sha256 == first else 1)
assert os.waitpid(child, 0)[1] == 0
print("end")
""",
    "fork while a campaign runs": """
import os, threading, flowtwin
from support import *
thread = threading.Thread(target=lambda: flowtwin.run(SCENARIOS / "cs3cu2i5.toml", seed=1))
thread.start()
child = os.fork()
if child == 0:
    os._exit(0 if flowtwin.run(small(), seed=1).complete else 1)
assert os.waitpid(child, 0)[1] == 0
thread.join()
print("end")
""",
    "an exception in a callback, and in a lab, each in a thread": """
import threading, flowtwin
from support import *
threading.excepthook = lambda told: print(told.exc_type.__name__)
class Broken(Bowl):
    def measure(self, conditions): raise ZeroDivisionError
def wrong(*_): raise LookupError
for options in ({"progress": wrong, "lab": Bowl()}, {"lab": Broken()}):
    thread = threading.Thread(target=lambda: flowtwin.run(flowtwin.Scenario(ELSEWHERE), **options))
    thread.start(); thread.join()
print("end")
""",
    "spawn": """
import multiprocessing, flowtwin
from support import *
from spawned import sha
with multiprocessing.get_context("spawn").Pool(2) as pool:
    shas = pool.map(sha, [1, 2, 1])
assert shas[0] == shas[2] != shas[1]
print("end")
""",
}


@pytest.mark.parametrize("how", ENDS)
def test_an_interpreter_ends_whatever_campaign_is_under_way(how: str) -> None:
    told = python(ENDS[how])
    expected = "LookupError\nZeroDivisionError\nend" if "exception" in how else "end"
    assert (told.returncode, told.stdout.strip()) == (0, expected), told.stderr


FORKED = """
import os, sys, threading, time, flowtwin
from support import *
scenario = flowtwin.Scenario.load(SCENARIOS / "cs3cu2i5.toml")
scenario.phases = [{"name": "all", "policy": "lhs", "experiments": 1}]
scenario.check()
threading.Thread(target=lambda: flowtwin.run(SCENARIOS / "cs3cu2i5.toml", seed=1), daemon=True).start()
time.sleep(float(sys.argv[1]))
child = os.fork()
if child == 0:
    os._exit(0 if flowtwin.run(scenario, seed=1).complete else 1)
for _ in range(6000):
    over, status = os.waitpid(child, os.WNOHANG)
    if over:
        print("end", status)
        break
    time.sleep(0.01)
else:
    os.kill(child, 9)
    print("the child hangs")
"""


def test_a_fork_in_the_first_moments_of_a_campaign_hangs_nobody() -> None:
    """Tables are made in them that the child needs too: it must not wait for a thread that it does not have."""
    for after in (0.001 * moment for moment in range(20)):
        told = python(FORKED, after, timeout=200)
        assert told.stdout.split() == ["end", "0"], (after, told.stdout, told.stderr)


CTRL_C = """
import os, signal, sys, threading, flowtwin
from support import *
# Programs that a shell starts in the background ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
class Thinking(Walk):
    def ask(self, n):
        if self.told >= 5:
            threading.Event().wait()
        return super().ask(n)
def tell(number, *_):
    if number == 5:
        os.kill(os.getpid(), signal.SIGINT)
scenario = small()
scenario.phases = [{"name": "all", "policy": "random", "experiments": 50_000}]
policy = Thinking if sys.argv[1] == "thinks" else None
try:
    flowtwin.run(scenario, seed=1, policy=policy, out=sys.argv[2], progress=tell)
except KeyboardInterrupt as stopped:
    kept = len(stopped.run.experiments())
    print(5 <= kept < 50_000, stopped.run.fault.kind, len(flowtwin.Run.load(sys.argv[2]).experiments()) == kept)
"""


@pytest.mark.parametrize("what", ["measures", "thinks"])
def test_ctrl_c_stops_at_once_and_keeps_what_was_done(what: str, tmp_path: Path) -> None:
    told = python(CTRL_C, what, tmp_path / "run", timeout=120)
    assert told.stdout.split() == ["True", "interrupted", "True"], told.stderr


SECOND = """
import os, signal, sys, threading, time, flowtwin
from support import *
heard = []
def handler(*_):
    heard.append(1)
    raise KeyboardInterrupt
signal.signal(signal.SIGINT, handler)
class Stuck(Bowl):
    def measure(self, conditions):
        for times in (1, 2):
            os.kill(os.getpid(), signal.SIGINT)
            while len(heard) < times:
                time.sleep(0.01)
        threading.Event().wait()
    def make_safe(self):
        print("safe", threading.current_thread() is not threading.main_thread())
class Late(Stuck):
    def measure(self, conditions):
        self.done = getattr(self, "done", 0) + 1
        return Bowl().measure(conditions) if self.done < 4 else super().measure(conditions)
class Broken(Late):
    def make_safe(self):
        raise OSError("the valve is stuck")
lab, out = eval(sys.argv[1])(), None if sys.argv[2] == "memory" else sys.argv[2]
try:
    flowtwin.run(flowtwin.Scenario(ELSEWHERE), lab=lab, out=out)
except (KeyboardInterrupt, flowtwin.Fault) as stopped:
    print(type(stopped).__name__, type(stopped.__cause__).__name__, len(heard))
    run = stopped.run
    print(len(run.experiments()), run.complete, run.fault, None if run.path is None else run.path.name)
"""


@pytest.mark.parametrize("where", ["memory", "folder"])
@pytest.mark.parametrize(
    ("lab", "said"),
    [
        ("Stuck", ["safe True", "KeyboardInterrupt NoneType 2", "0 False None"]),
        ("Late", ["safe True", "KeyboardInterrupt NoneType 2", "3 False None"]),
        ("Broken", ["Fault KeyboardInterrupt 2", "3 False None"]),
    ],
)
def test_a_second_ctrl_c_waits_for_no_experiment_and_keeps_what_was_done(
    lab: str, said: list[str], where: str, tmp_path: Path
) -> None:
    told = python(SECOND, lab, "memory" if where == "memory" else tmp_path / "run", timeout=120)
    expected = [*said[:-1], f"{said[-1]} {'run' if where == 'folder' else None}"]
    assert (told.returncode, told.stdout.splitlines()) == (0, expected), told.stderr


STUCK_AT_THE_END = """
import threading, flowtwin
from support import *
began = threading.Event()
class Stuck(Bowl):
    def measure(self, conditions):
        began.set()
        threading.Event().wait()
    def make_safe(self):
        print("safe", flush=True)
threading.Thread(target=lambda: flowtwin.run(flowtwin.Scenario(ELSEWHERE), lab=Stuck()), daemon=True).start()
began.wait()
"""


def test_a_lab_that_does_not_come_back_is_made_safe_at_the_end_of_the_interpreter() -> None:
    told = python(STUCK_AT_THE_END, timeout=120)
    assert (told.returncode, told.stdout.split()) == (0, ["safe"]), told.stderr


LATE = """
import atexit
def late():
    lab.measure()
    print(lab.measured, policy.ask()[0].keys() == lab.space.centre().keys())
    try:
        flowtwin.run(small(), seed=1, policy=Walk)
    except flowtwin.FlowtwinError as error:
        print(error)
atexit.register(late)
import flowtwin
from support import *
lab, policy = flowtwin.Lab(small(), seed=1), flowtwin.Policy("random", small().space)
"""


def test_what_the_end_of_the_interpreter_calls_later_does_not_hang() -> None:
    """Functions that were registered before the import are called after everything has been told to end."""
    told = python(LATE, timeout=120)
    lines = ["1 True", "the interpreter is ending: nothing begins any more"]
    assert (told.returncode, told.stdout.splitlines()) == (0, lines), told.stderr


class Unsafe(Bowl):
    """A lab that cannot be made safe."""

    def make_safe(self) -> None:
        raise OSError("the valve is stuck")


def test_that_a_lab_is_not_safe_is_said_at_the_end_of_a_good_run() -> None:
    with pytest.raises(flowtwin.Fault, match="the valve is stuck") as raised:
        flowtwin.run(flowtwin.Scenario(ELSEWHERE), lab=Unsafe())
    assert raised.value.kind == "not_safe" and isinstance(raised.value.__cause__, OSError)
    assert len(raised.value.run.experiments()) == 6 and not raised.value.run.complete


def stop(number: int, *_: object) -> None:
    """Somebody stops the run."""
    if number == 2:
        raise KeyboardInterrupt


def broken(conditions: dict) -> dict:
    """An experiment that breaks."""
    raise ConnectionError("the pump is gone")


@pytest.mark.parametrize("why", [KeyboardInterrupt, ConnectionError, flowtwin.PolicyError])
def test_that_a_lab_is_not_safe_comes_before_whatever_ended_the_run(why: type[BaseException], tmp_path: Path) -> None:
    class Silent(Walk):
        def ask(self, n: int) -> list:
            return []

    lab = Unsafe()
    if why is ConnectionError:
        lab.measure = broken  # type: ignore[method-assign]
    with pytest.raises(flowtwin.Fault, match="the valve is stuck") as raised:
        flowtwin.run(
            flowtwin.Scenario(ELSEWHERE),
            lab=lab,
            policy=Silent if why is flowtwin.PolicyError else None,
            progress=stop if why is KeyboardInterrupt else False,
            out=tmp_path / "run",
        )
    assert raised.value.kind == "not_safe" and isinstance(raised.value.__cause__, why)


def test_a_run_of_nothing_but_failures_is_an_exception(tmp_path: Path) -> None:
    class Fruitless(Bowl):
        def measure(self, conditions: dict) -> None:
            return None

    for out in (None, tmp_path / "run"):
        with pytest.raises(flowtwin.FlowtwinError, match="all 6 experiments failed") as raised:
            flowtwin.run(flowtwin.Scenario(ELSEWHERE), lab=Fruitless(), out=out)
        run = raised.value.run
        assert len(run.experiments()) == 6 and all(seen.failed for seen in run.experiments()) and not run.complete


def test_a_page_that_cannot_be_written_is_an_exception_and_the_run_is_there(tmp_path: Path) -> None:
    def block(*_: object) -> None:
        (tmp_path / "run/report.html").mkdir(exist_ok=True)

    with pytest.raises(flowtwin.FlowtwinError, match="cannot write .*run: Is a directory") as raised:
        flowtwin.run(small(), seed=1, out=tmp_path / "run", progress=block)
    assert raised.value.run.complete and raised.value.run.journal == flowtwin.run(small(), seed=1).journal


def test_a_journal_that_is_damaged_meanwhile_is_an_exception_with_its_line(tmp_path: Path) -> None:
    def damage(number: int, *_: object) -> None:
        if number == 8:
            with (tmp_path / "run/journal.jsonl").open("r+b") as journal:
                journal.write(b"?????")

    with pytest.raises(flowtwin.FlowtwinError, match="line 1") as raised:
        flowtwin.run(small(), seed=1, out=tmp_path / "run", progress=damage)
    assert raised.value.run is None


def test_a_run_is_loaded_from_its_folder_or_its_journal_and_nothing_else(tmp_path: Path) -> None:
    run = flowtwin.run(small(), seed=1, out=tmp_path / "run")
    for path in (tmp_path / "run", tmp_path / "run/journal.jsonl"):
        assert flowtwin.Run.load(path).journal == run.journal
    for name in ("summary.json", "nothing.jsonl"):
        with pytest.raises(flowtwin.FlowtwinError, match=f"{name} is neither a run folder nor its journal.jsonl"):
            flowtwin.Run.load(tmp_path / "run" / name)
    with pytest.raises(flowtwin.FlowtwinError, match="nowhere"):
        flowtwin.Run.load(tmp_path / "nowhere")
    lines = run.journal.split(b"\n")
    lines[2] = lines[2].replace(b"1", b"2", 1)
    (tmp_path / "run/journal.jsonl").write_bytes(b"\n".join(lines))
    with pytest.raises(flowtwin.FlowtwinError, match="line "):
        flowtwin.Run.load(tmp_path / "run")


GRIDS = """
import threading, flowtwin
from support import *
lab = flowtwin.Lab(SCENARIOS / "dye-mixing.toml", seed=1)
threads = [threading.Thread(target=lab.measure) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print("end", lab.measured)
"""


def test_threads_that_measure_first_do_not_wait_for_each_other() -> None:
    """The first array imports numpy, which lets other threads go on: they must not wait for it with the interpreter held."""
    for _ in range(3):
        told = python(GRIDS, timeout=120)
        assert told.stdout.split() == ["end", "4"], told.stderr


STOPPED = """
import os, signal, sys, threading, time, flowtwin
from pathlib import Path
from support import *
signal.signal(signal.SIGINT, signal.default_int_handler)
def at_work():
    names = (task / "comm" for task in Path("/proc/self/task").iterdir())
    return [name.read_text().strip() for name in names].count("flowtwin")
scenario = flowtwin.Scenario.load(SCENARIOS / "cs3cu2i5.toml")
# So many that to fit them takes a hundred times as long as the interrupt waits.
scenario.phases = [{"name": "all", "policy": "lhs", "experiments": 150}]
run = flowtwin.run(scenario, seed=1, out=sys.argv[1])
while at_work():
    time.sleep(0.01)
work = {
    "calibrate": lambda: flowtwin.calibrate(scenario, [run.path], free=["optics.counts_scale", "rig.ambient_c"]),
    "paper": lambda: flowtwin.paper(seeds=5000, jobs=2),
}[sys.argv[2]]
# After the work has begun, whenever that is.
def interrupt():
    while not at_work():
        pass
    threading.Event().wait(0.1)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
try:
    work()
    print("it came to its end")
except KeyboardInterrupt:
    # What has done its work takes a moment to be gone; what goes on computing would need far longer than this.
    for _ in range(1000):
        if not at_work():
            break
        time.sleep(0.01)
    print(at_work(), "at work")
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the names of threads are read where Linux has them")
@pytest.mark.parametrize("what", ["calibrate", "paper"])
def test_after_ctrl_c_nobody_computes_any_more(what: str, tmp_path: Path) -> None:
    told = python(STOPPED, tmp_path / "run", what)
    assert told.stdout.splitlines() == ["0 at work"], (told.stdout, told.stderr)


FORKED_AND_ENDED = """
import os, sys, threading, flowtwin
from support import *
parent, began, go_on = os.getpid(), threading.Event(), threading.Event()
class Slow(Bowl):
    def measure(self, conditions):
        began.set()
        go_on.wait()
        return super().measure(conditions)
    def make_safe(self):
        print("made safe", "in the child" if os.getpid() != parent else "in the parent", flush=True)
thread = threading.Thread(target=lambda: flowtwin.run(flowtwin.Scenario(ELSEWHERE), lab=Slow()))
thread.start()
began.wait()
child = os.fork()
if child == 0:
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
go_on.set()
thread.join()
"""


def test_a_forked_process_that_ends_leaves_the_lab_of_the_other_alone() -> None:
    """It has a copy of the lab, and the instruments behind it belong to the campaign of the process that made it."""
    told = python(FORKED_AND_ENDED)
    assert (told.returncode, told.stdout.splitlines()) == (0, ["made safe in the parent"]), (told.stdout, told.stderr)


FORKED_INSIDE = """
import os, sys, flowtwin
from support import *
parent, children = os.getpid(), []
class Mine(Bowl):
    def make_safe(self):
        print("made safe", "in the child" if os.getpid() != parent else "in the parent", flush=True)
def fork(number, *_):
    if number == 3:
        children.append(os.fork())
scenario = small() if sys.argv[1] == "simulated" else flowtwin.Scenario(ELSEWHERE)
try:
    run = flowtwin.run(scenario, seed=1, progress=fork, lab=None if sys.argv[1] == "simulated" else Mine())
except flowtwin.FlowtwinError as error:
    sys.exit(0 if "forked" in str(error) and children == [0] else 1)
assert run.complete and os.waitpid(children[0], 0)[1] == 0
print("end")
"""


@pytest.mark.parametrize("where", ["simulated", "in Python"])
def test_a_campaign_that_is_forked_from_within_goes_on_in_one_process_and_ends_in_the_other(where: str) -> None:
    told = python(FORKED_INSIDE, where)
    expected = ["end"] if where == "simulated" else ["made safe in the parent", "end"]
    assert told.stdout.splitlines() == expected, (told.stdout, told.stderr)
