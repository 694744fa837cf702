"""Campaigns from Python: the journals of the command line, byte for byte."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from support import ELSEWHERE, SCENARIOS, TESTS, Bowl, Walk, command, small

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


class Bounded(Walk):
    """A policy that keeps to what its space says of formulas and options."""

    def point(self, draws: np.random.Generator) -> np.ndarray:
        return draws.uniform(size=len(self.space))

    def ask(self, n: int) -> list[dict[str, float | str]]:
        draws = np.random.default_rng([self.seed, self.told])
        return [self.space.feasible(self.point(draws)) for _ in range(n)]

    def tell(self, conditions: dict[str, float | str], result: float | None) -> None:
        self.told += 1


def test_a_policy_outside_knows_bounds_on_formulas_as_one_inside_does(tmp_path: Path) -> None:
    scenario = flowtwin.Scenario.load(SCENARIOS / "ester-equivalents.toml")
    scenario.phases = [{"name": "all", "policy": "random", "experiments": 6}]
    scenario.save(tmp_path / "small.toml")
    words = f"Bounded={sys.executable} -m flowtwin.outside test_run:Bounded"
    told = command(
        "run",
        tmp_path / "small.toml",
        "--policy-command",
        words,
        "--out",
        tmp_path / "command",
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    assert told.returncode == 0, told.stderr
    theirs = flowtwin.Run.load(tmp_path / "command").experiments()
    ours = flowtwin.run(scenario, policy=Bounded).experiments()
    assert [seen.conditions for seen in ours] == [seen.conditions for seen in theirs]


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


def test_a_lab_in_python_takes_part_and_is_made_safe() -> None:
    scenario = flowtwin.Scenario(ELSEWHERE)
    lab = Bowl()
    run = flowtwin.run(scenario, lab=lab)
    assert run.complete and lab.safe == 1
    seen = run.experiments()
    assert [s.lab_time_s for s in seen] == [60.0] * 6 and seen[0].flags == ["saturated"]
    assert flowtwin.run(scenario, lab=Bowl(), jobs=1).journal == run.journal


@pytest.mark.parametrize("said", [True, False, None])
def test_a_lab_in_python_is_a_rig_unless_it_says_that_it_is_simulated(said: bool | None, tmp_path: Path) -> None:
    lab = Bowl()
    if said is not None:
        lab.simulated = said  # type: ignore[attr-defined]
    run = flowtwin.run(flowtwin.Scenario(ELSEWHERE), lab=lab, out=tmp_path / "run")
    simulated = said is True
    assert run.observations["simulated"].tolist() == [simulated] * 6
    assert run.summary["simulated"] is simulated
    assert {seen.simulated for seen in run.experiments()} == {simulated}
    header, row = ((tmp_path / "run/observations.csv").read_text().splitlines())[:2]
    assert dict(zip(header.split(","), row.split(",")))["simulated"] == str(simulated).lower()
    assert run.observations.columns == header.split(",")


def test_what_a_lab_in_python_says_must_make_sense() -> None:
    def answered(answer: object) -> flowtwin.Run:
        class Odd(Bowl):
            def measure(self, conditions: dict) -> object:  # type: ignore[override]
                return answer

        return flowtwin.run(flowtwin.Scenario(ELSEWHERE), lab=Odd())  # type: ignore[arg-type]

    for answer, words in [
        ({"purity": 1e101}, "`purity` is 1e101, it must lie within ±1e100"),
        ({"purity": float("inf")}, "must lie within"),
        ({"purity": float("nan")}, "write null \\(in Python None\\)"),
        ({"purity": 1.0, "lab_time_s": -1.0}, "lab_time_s = -1 s is outside 0 to"),
        ({"purity": 1.0, "lab_time_s": float("nan")}, "lab_time_s = NaN s is outside"),
        ({"purity": 1.0, "lab_time_s": 1e300}, "is outside 0 to 31557600 s"),
        (7, "a mapping of features, not int"),
    ]:
        with pytest.raises(flowtwin.ConditionsError, match=words):
            answered(answer)
    for answer in ({"purity": "good"}, {7: 1.0}, {"purity": 1.0, "flags": 7}, {"purity": 1.0, "lab_time_s": "long"}):
        with pytest.raises(TypeError):
            answered(answer)
    run = answered({"purity": 0.5, "lab_time_s": 2, "flags": ["saturated", "of my own"], "fault": None})
    assert run.complete and run.experiments()[0].flags == ["saturated"]
    run = answered({"purity": 0.5, "lab_time_s": 60.0, "flags": None})
    assert [seen.ended_s for seen in run.experiments()] == [60.0 * (i + 1) for i in range(6)]


def test_a_fault_that_a_lab_in_python_tells_is_that_of_the_experiment() -> None:
    class Now(Bowl):
        def measure(self, conditions: dict) -> dict:
            told = super().measure(conditions)
            return {"fault": "a bubble", "lab_time_s": 30.0} if conditions["a_ul_per_min"] > 50.0 else told

    seen = flowtwin.run(flowtwin.Scenario(ELSEWHERE), lab=Now()).experiments()
    failed = [s for s in seen if s.failed]
    assert failed and len(failed) < 6
    for s in failed:
        assert "a bubble" in str(s.fault) and s.fault is not None and s.fault.at_s == s.ended_s and s.lab_time_s == 30.0


def test_the_exception_of_a_lab_is_raised_and_the_lab_made_safe() -> None:
    class Broken(Bowl):
        def measure(self, conditions: dict) -> dict:
            raise ConnectionError("the pump is gone")

    lab = Broken()
    with pytest.raises(ConnectionError, match="the pump is gone"):
        flowtwin.run(flowtwin.Scenario(ELSEWHERE), lab=lab)
    assert lab.safe == 1


def test_a_fault_that_stops_a_run_is_data(tmp_path: Path) -> None:
    run = flowtwin.run(SCENARIOS / "pump-stall.toml", out=tmp_path / "run")
    assert isinstance(run.fault, flowtwin.Fault)
    assert (run.fault.origin, run.fault.kind, run.complete) == ("cui", "stalled", False)
    assert "not complete" in repr(run) and "the pump stalled" in repr(run)
    again = flowtwin.Run.load(tmp_path / "run")
    assert again.fault is not None and again.fault.args == run.fault.args
    assert flowtwin.run(SCENARIOS / "pump-stall.toml", out=tmp_path / "run", resume=True).fault is None
    assert flowtwin.Run.load(tmp_path / "run").fault is None


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
    front = list(run.front["experiment"])
    assert len(front) > 1 and front == [member["experiment"] for member in run.summary["front"]]
    assert flowtwin.run(small(), seed=1).front is None


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
    """An experiment is not over before another thread has had its turn: with the interpreter held neither would go on."""
    turn, done = threading.Event(), threading.Event()

    def other() -> None:
        turn.wait(60)
        done.set()

    class Waiting(Walk):
        def ask(self, n: int) -> list:
            turn.set()
            assert done.wait(60)
            return super().ask(n)

    thread = threading.Thread(target=other)
    thread.start()
    assert flowtwin.run(file, seed=1, policy=Waiting).complete
    thread.join()


def test_a_folder_that_cannot_be_used_is_an_exception(file: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(flowtwin.FlowtwinError, match="is not a folder"):
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
