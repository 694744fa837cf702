"""Benchmarks and calibrations from Python."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support import SCENARIOS, Walk, command, small

import flowtwin


def test_a_benchmark_is_that_of_the_command(tmp_path: Path) -> None:
    small().save(tmp_path / "small.toml")
    words = ["benchmark", tmp_path / "small.toml", "--policies", "random,ei", "--seeds", 3, "--csv", "--json"]
    told = command(*words, "--out", tmp_path / "theirs")
    assert told.returncode == 0, told.stderr
    found = flowtwin.benchmark(tmp_path / "small.toml", ["random", "ei"], seeds=3, jobs=1)
    assert found.findings == json.loads(told.stdout)
    csv = (tmp_path / "theirs/table.csv").read_text().splitlines()
    assert found.table.columns == csv[0].split(",") and len(found.table) == len(csv) - 1
    assert found.table["true_best"].tolist() == pytest.approx(
        [float(line.split(",")[csv[0].split(",").index("true_best")]) for line in csv[1:]]
    )
    assert found.report() == (tmp_path / "theirs/report.html").read_text()


def test_a_policy_in_python_takes_part_whatever_the_number_of_threads() -> None:
    one, two = (
        flowtwin.benchmark(small(), {"mine": Walk, "random": "random"}, seeds=[4, 5, 6], jobs=jobs) for jobs in (1, 2)
    )
    assert {standing["policy"] for standing in one.findings[0]["standings"]} == {"mine", "random"}
    assert one.findings == two.findings and str(one) == str(two) and one.report() == two.report()


def test_the_same_policy_asked_here_and_inside_does_alike() -> None:
    def ours(space: flowtwin.Space, seed: int) -> flowtwin.Policy:
        return flowtwin.Policy("random", space, seed=seed)

    found = flowtwin.benchmark(small(), {"a": ours, "b": ours}, seeds=2)
    table = found.table
    chosen = lambda name: [best for best, policy in zip(table["best"], table["policy"]) if policy == name]
    assert chosen("a") == chosen("b")


def test_finished_campaigns_are_kept_and_those_of_changed_code_are_not_taken(tmp_path: Path) -> None:
    def factory(step: int):  # type: ignore[no-untyped-def]
        class Counting(Walk):
            def ask(self, n: int):  # type: ignore[no-untyped-def]
                with (tmp_path / "asked").open("a") as asked:
                    asked.write("x")
                draws = np.random.default_rng([self.seed, self.told, step])
                return [self.space.feasible(self.point(draws)) for _ in range(n)]

        return Counting

    def asked(step: int) -> int:
        flowtwin.benchmark(small(), {"mine": factory(step)}, seeds=2, out=tmp_path / "results")
        return (tmp_path / "asked").stat().st_size

    first = asked(1)
    assert first > 0 and asked(1) == first
    assert asked(2) == 2 * first
    assert asked(1) == asked(2) == 2 * first


def test_the_exception_of_a_policy_is_the_cause() -> None:
    class Broken(Walk):
        def ask(self, n: int) -> list:
            raise ZeroDivisionError("in my own code")

    with pytest.raises(flowtwin.PolicyError, match="ZeroDivisionError") as raised:
        flowtwin.benchmark(small(), {"mine": Broken, "random": "random"}, seeds=1)
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize(
    ("policies", "more", "words"),
    [
        ([], {}, "a benchmark needs"),
        (["random"], {"seeds": 0}, "a benchmark needs"),
        (["random"], {"experiments": 0}, "a benchmark needs"),
        (["random", "random"], {}, "two policies are named random"),
        (["best"], {}, "is not a policy"),
        (["random"], {"jobs": 0}, "jobs must be at least 1"),
    ],
)
def test_slips_of_a_benchmark_are_explained(policies: list, more: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        flowtwin.benchmark(small(), policies, **more)


def test_progress_of_a_benchmark_is_told_and_an_exception_of_it_ends_it() -> None:
    told: list[tuple[int, int]] = []
    flowtwin.benchmark(small(), ["random", "lhs"], seeds=2, progress=lambda done, of, *_: told.append((done, of)))
    assert sorted(told) == [(1, 4), (2, 4), (3, 4), (4, 4)]

    def enough(*_: object) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        flowtwin.benchmark(small(), ["random", "lhs"], seeds=2, progress=enough)


SNAR, KEY = SCENARIOS / "snar.toml", "rig.tube[coil].volume_ul"


@pytest.fixture(scope="module")
def rig() -> flowtwin.Run:
    scenario = flowtwin.Scenario.load(SNAR)
    scenario.phases = [{"name": "all", "policy": "lhs", "experiments": 8}]
    return flowtwin.run(scenario, seed=2)


def test_a_calibration_is_that_of_the_command(rig: flowtwin.Run, tmp_path: Path) -> None:
    rig.save(tmp_path / "rig")
    words = ["calibrate", SNAR, "--data", tmp_path / "rig", "--free", KEY, "--json"]
    told = command(*words, "--out", tmp_path / "theirs")
    assert told.returncode == 0, told.stderr
    found = flowtwin.calibrate(SNAR, rig, free=[KEY])
    theirs = json.loads(told.stdout)
    assert found.parameters == theirs["parameters"] and found.result["chi2_per_dof"] == theirs["chi2_per_dof"]
    (parameter,) = found.parameters
    assert parameter["key"] == KEY and parameter["identifiable"]
    (tube,) = [tube for tube in found.scenario.rig.tube if tube.name == "coil"]
    assert tube.volume_ul == pytest.approx(parameter["value"], rel=1e-6)


def test_a_calibration_without_data_or_keys_is_an_exception(rig: flowtwin.Run, tmp_path: Path) -> None:
    with pytest.raises(flowtwin.ScenarioError):
        flowtwin.calibrate(SNAR, [], free=[KEY])
    with pytest.raises(flowtwin.ScenarioError, match="nonsense"):
        flowtwin.calibrate(SNAR, rig, free=["optics.nonsense"])
    with pytest.raises(flowtwin.ScenarioError):
        flowtwin.calibrate(SNAR, tmp_path, free=[KEY])


def test_notebooks_show_pages() -> None:
    scenario = small()
    run = flowtwin.run(scenario, seed=1)
    seen = flowtwin.Lab(scenario, seed=1).measure()
    front = flowtwin.run(SCENARIOS / "trade-off.toml").front
    assert front is not None
    for shown in (scenario, run, seen, flowtwin.benchmark(scenario, ["random", "lhs"], seeds=1)):
        html = shown._repr_html_()
        assert html.startswith("<iframe srcdoc=")
        assert "svg" in html or shown is scenario, type(shown)
        assert "http://" not in html.replace("http://www.w3.org", "")
    shown = front._repr_html_()
    assert shown.startswith("<iframe srcdoc=") and "Hypervolume" in shown and shown.count("<svg") >= 2
    assert shown.count("<tr") == len(front) + 1
    assert run.observations._repr_html_().count("<tr>") == len(run.observations) + 1
