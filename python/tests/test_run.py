"""Campaigns from Python: the journals of the command line, byte for byte."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from support import SCENARIOS, TESTS, Walk, command, python, small

import flowtwin


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenario") / "small.toml"
    small().save(path)
    return path


def test_a_journal_is_that_of_the_command_to_the_byte(file: Path, tmp_path: Path) -> None:
    told = command("run", file, "--seed", 7, "--out", tmp_path / "command")
    assert told.returncode == 0, told.stderr
    run = flowtwin.run(file, seed=7)
    assert run.complete and run.fault is None
    assert run.journal == (tmp_path / "command/journal.jsonl").read_bytes()
    assert flowtwin.run(small(), seed=7, jobs=1).journal == run.journal


@pytest.mark.parametrize("how", ["saved", "written"])
def test_a_run_folder_is_that_of_the_command_to_the_byte(file: Path, tmp_path: Path, how: str) -> None:
    assert command("run", file, "--seed", 7, "--out", tmp_path / "command").returncode == 0
    ours = tmp_path / "ours"
    if how == "saved":
        flowtwin.run(file, seed=7).save(ours)
    else:
        assert flowtwin.run(file, seed=7, out=ours).path == ours
    names = [path.name for path in (tmp_path / "command").iterdir() if not path.name.startswith(".lock")]
    assert {"journal.jsonl", "journal.seal", "observations.csv", "report.html", "summary.json"} <= set(names)
    for name in names:
        assert (ours / name).read_bytes() == (tmp_path / "command" / name).read_bytes(), name


def test_an_emulated_rig_writes_the_same_journal(file: Path) -> None:
    assert flowtwin.run(file, seed=7, backend="emulated").journal == flowtwin.run(file, seed=7).journal


def test_a_journal_with_a_policy_in_python_is_that_of_the_command_to_the_byte(
    file: Path, tmp_path: Path
) -> None:
    # The recorded command finds this interpreter under the name `python`.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (tmp_path / "bin/python").chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    words = "Walk=python -m flowtwin.outside support:Walk"
    told = command(
        "run", file, "--seed", 7, "--policy-command", words, "--out", tmp_path / "command", env=environment
    )
    assert told.returncode == 0, told.stderr
    theirs = (tmp_path / "command/journal.jsonl").read_bytes()
    for jobs in (None, 1, 3):
        assert flowtwin.run(file, seed=7, policy=Walk, jobs=jobs).journal == theirs


def test_a_run_with_a_policy_in_python_is_resumed_to_the_same_bytes(file: Path, tmp_path: Path) -> None:
    whole = flowtwin.run(file, seed=3, policy=Walk).journal

    def stop(number: int, *_: object) -> None:
        if number == 6:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough") as raised:
        flowtwin.run(file, seed=3, policy=Walk, out=tmp_path / "run", progress=stop)
    part = raised.value.run.journal
    assert part == (tmp_path / "run/journal.jsonl").read_bytes()
    again = flowtwin.run(file, seed=3, policy=Walk, out=tmp_path / "run", resume=True)
    assert again.journal == whole and again.complete


def test_the_exception_of_a_policy_is_shown_whole(file: Path) -> None:
    class Broken(Walk):
        def ask(self, n: int) -> list:
            if self.best is not None:
                raise ZeroDivisionError("in my own code")
            return super().ask(n)

    with pytest.raises(flowtwin.PolicyError, match="ZeroDivisionError: in my own code") as raised:
        flowtwin.run(file, seed=1, policy=Broken)
    cause = raised.value.__cause__
    assert isinstance(cause, ZeroDivisionError) and cause.__traceback__ is not None
    assert len(raised.value.run.experiments()) == 4


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([], "0 proposals for 1 asked"),
        ([{"red_ul_per_min": 1e9}], "blue_ul_per_min has no value"),
        ([{}], "has no value"),
        ([7], "mapping of names to values, not int"),
        (None, "not iterable"),
    ],
)
def test_nonsense_of_a_policy_is_explained(file: Path, answer: object, words: str) -> None:
    class Odd(Walk):
        def ask(self, n: int):  # type: ignore[no-untyped-def]
            return answer

    with pytest.raises(flowtwin.PolicyError, match=words):
        flowtwin.run(file, seed=1, policy=Odd)


class Bowl:
    """A lab in Python."""

    def __init__(self) -> None:
        self.safe = 0

    def measure(self, conditions: dict) -> dict:
        x = sum(v / 100.0 for v in conditions.values())
        return {"purity": 1.0 - (x - 1.0) ** 2, "lab_time_s": 60.0, "flags": ["saturated"]}

    def make_safe(self) -> None:
        self.safe += 1


ELSEWHERE = """
schema = 1
name = "elsewhere"
title = "A lab of one's own"
seed = 1
[space.inputs.a_ul_per_min]
low = 0.0
high = 100.0
[space.inputs.b_ul_per_min]
low = 0.0
high = 100.0
[objective]
feature = "purity"
goal = "maximize"
[[phases]]
name = "all"
policy = "ei"
experiments = 6
"""


def test_a_lab_in_python_takes_part_and_is_made_safe() -> None:
    scenario = flowtwin.Scenario(ELSEWHERE)
    lab = Bowl()
    run = flowtwin.run(scenario, lab=lab)
    assert run.complete and lab.safe == 1
    seen = run.experiments()
    assert [s.lab_time_s for s in seen] == [60.0] * 6 and seen[0].flags == ["saturated"]
    assert flowtwin.run(scenario, lab=Bowl(), jobs=1).journal == run.journal


def test_the_exception_of_a_lab_is_raised_and_the_lab_made_safe() -> None:
    class Broken(Bowl):
        def measure(self, conditions: dict) -> dict:
            raise ConnectionError("the pump is gone")

    lab = Broken()
    with pytest.raises(ConnectionError, match="the pump is gone"):
        flowtwin.run(flowtwin.Scenario(ELSEWHERE), lab=lab)
    assert lab.safe == 1


def test_a_fault_that_stops_a_run_is_data() -> None:
    run = flowtwin.run(SCENARIOS / "pump-stall.toml")
    if run.fault is None:
        assert any(seen.failed for seen in run.experiments())
    else:
        assert isinstance(run.fault, flowtwin.Fault) and run.fault.kind


def test_tables_have_a_row_for_each_experiment(file: Path) -> None:
    run = flowtwin.run(file, seed=7)
    table = run.observations
    assert len(table) == 8 and table["experiment"].tolist() == list(range(1, 9))
    assert table["phase"][0] == "start"
    feature = next(iter(run.experiments()[0].features))
    column = table.columns[table.columns.index("reaction_time_s") + 1]
    assert column.startswith(feature)
    assert table[column].tolist() == [seen.features[feature] for seen in run.experiments()]
    with pytest.raises(KeyError, match="no column"):
        table["nothing"]


def test_several_objectives_have_a_front() -> None:
    run = flowtwin.run(SCENARIOS / "trade-off.toml")
    assert run.front is not None
    assert list(run.front["experiment"]) == [member["experiment"] for member in run.summary["front"]]


def test_progress_is_told_each_experiment(file: Path) -> None:
    told: list[tuple] = []
    flowtwin.run(file, seed=7, progress=lambda *said: told.append(said))
    assert [(number, total) for number, total, *_ in told] == [(i, 8) for i in range(1, 9)]
    assert isinstance(told[0][3], flowtwin.Observation)


def test_campaigns_in_threads_are_those_of_one_after_another(file: Path) -> None:
    alone = [flowtwin.run(file, seed=seed).journal_sha256 for seed in range(4)]
    found: dict[int, str] = {}
    run = lambda seed: found.update({seed: flowtwin.run(file, seed=seed, policy=None).journal_sha256})
    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(4)]
    [thread.start() for thread in threads]
    [thread.join(120) for thread in threads]
    assert [found[seed] for seed in range(4)] == alone


def test_the_interpreter_goes_on_while_a_campaign_runs(file: Path) -> None:
    counted = [0]
    over = threading.Event()

    def count() -> None:
        while not over.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    flowtwin.run(SCENARIOS / "cs3cu2i5.toml", seed=1)
    over.set()
    thread.join()
    assert counted[0] > 1000


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
    assert (told.returncode, told.stdout.strip()) == (0, "end"), told.stderr


@pytest.mark.parametrize("policy", ["None", "Slow"])
def test_ctrl_c_stops_at_once_and_keeps_what_was_done(policy: str, tmp_path: Path) -> None:
    code = f"""
import os, signal, time, flowtwin
from support import *
# Programs that a shell starts in the background ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
class Slow(Walk):
    def ask(self, n):
        if self.best is not None:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(30)
        return super().ask(n)
def tell(number, *_):
    if number == 5 and {policy} is None:
        os.kill(os.getpid(), signal.SIGINT)
began = time.monotonic()
try:
    flowtwin.run(SCENARIOS / "cs3cu2i5.toml", seed=1, policy={policy}, out={str(tmp_path / "run")!r}, progress=tell)
except KeyboardInterrupt as stopped:
    kept = len(stopped.run.experiments())
    print("stopped", kept >= 5, len(flowtwin.Run.load({str(tmp_path / "run")!r}).experiments()) == kept)
"""
    told = python(code)
    assert told.stdout.split() == ["stopped", "True", "True"], told.stderr


def test_a_folder_that_cannot_be_used_is_an_exception(file: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(flowtwin.FlowtwinError, match="is no folder"):
        flowtwin.run(file, out=tmp_path / "taken")
    with pytest.raises(flowtwin.FlowtwinError, match="no run to resume"):
        flowtwin.run(file, out=tmp_path / "none", resume=True)
    with pytest.raises(flowtwin.FlowtwinError):
        flowtwin.Run.load(tmp_path)


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "one"])
def test_a_seed_that_is_none_is_an_exception(file: Path, seed: object) -> None:
    with pytest.raises((OverflowError, TypeError, ValueError)):
        flowtwin.run(file, seed=seed)  # type: ignore[arg-type]


def test_a_summary_is_the_file(file: Path, tmp_path: Path) -> None:
    run = flowtwin.run(file, seed=7, out=tmp_path / "run")
    assert run.summary == json.loads((tmp_path / "run/summary.json").read_text())
    assert run.report() == (tmp_path / "run/report.html").read_text()
    assert run.scenario.name == run.summary["scenario"]
    assert np.isfinite(run.summary["lab_time_s"])
