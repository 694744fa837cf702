"""Scenarios: read, made, changed, checked."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from support import SCENARIOS, command, small

import flowtwin
from flowtwin.scenario import Tables

FILES = sorted(SCENARIOS.glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_written_out_is_the_same_scenario(path: Path) -> None:
    scenario = flowtwin.Scenario.load(path)
    again = flowtwin.Scenario(scenario.to_toml(), path=path)
    assert again.sha256 == scenario.sha256 and again == scenario
    assert flowtwin.Scenario.from_dict(scenario.to_dict(), path=path).sha256 == scenario.sha256


def test_keys_are_attributes() -> None:
    scenario = flowtwin.Scenario.load(SCENARIOS / "cs3cu2i5.toml")
    before = scenario.sha256
    assert scenario.seed == scenario.keys["seed"] == scenario.definition()["seed"]
    scenario.phases[0].experiments = 5
    scenario.keys["space"].inputs.temperature_c.low = 130.0
    assert scenario.sha256 != before
    assert scenario.definition()["phases"][0]["experiments"] == 5
    assert scenario.keys.space.inputs.temperature_c.low == 130.0
    assert "low = 130.0" in scenario.to_toml()


def test_a_key_that_the_file_leaves_out_has_its_default_and_can_be_set() -> None:
    scenario = flowtwin.Scenario.load(SCENARIOS / "dye-mixing.toml")
    band = scenario.procedure.settle_band_k
    assert band == scenario.definition()["procedure"]["settle_band_k"]
    scenario.procedure.settle_band_k = np.float64(band * 2)
    assert scenario.definition()["procedure"]["settle_band_k"] == band * 2


def test_a_change_is_checked_with_the_caret_of_the_command() -> None:
    scenario = small()
    scenario.phases[1]["from"] = "nowhere"
    with pytest.raises(flowtwin.ScenarioError, match="nowhere") as raised:
        scenario.check()
    assert "^" in str(raised.value) and raised.value.line is not None
    shown = scenario.to_toml().splitlines()[raised.value.line - 1]
    assert "nowhere" in shown and f"{raised.value.line} | {shown}" in str(raised.value)
    scenario.phases[1]["from"] = "start"
    assert scenario.check() is not None


class Plain(dict):
    """A dictionary whose keys are attributes too."""

    __setattr__ = dict.__setitem__


def phase(name: str) -> dict:
    return Plain(name=name, policy="random", experiments=2)


CHANGES = {
    "append": lambda phases: phases.append(phase("more")),
    "insert": lambda phases: phases.insert(0, phase("more")),
    "extend": lambda phases: phases.extend([phase("more"), phase("most")]),
    "+=": lambda phases: phases.__iadd__([phase("more")]),
    "pop": lambda phases: phases.pop(),
    "pop the first": lambda phases: phases.pop(0),
    "remove": lambda phases: phases.remove(phases[1]),
    "del": lambda phases: phases.__delitem__(slice(1, None)),
    "reverse": lambda phases: phases.reverse(),
    "set": lambda phases: phases.__setitem__(1, phase("more")),
    "set a slice": lambda phases: phases.__setitem__(slice(1, 1), (phase(name) for name in ("more", "most"))),
    "key of a table": lambda phases: setattr(phases[1], "experiments", 9),
    "key of a table that was added": lambda phases: (phases.append(phase("more")), setattr(phases[2], "experiments", 7)),
    "a table that is held": lambda phases: (held := phases[0], phases.append(phase("more")), setattr(held, "experiments", 7)),
}


@pytest.mark.parametrize("how", CHANGES)
def test_an_array_is_changed_as_a_list_is(how: str) -> None:
    scenario = small()
    scenario.phases = [phase("start"), phase("search")]
    before, like = scenario.sha256, [phase("start"), phase("search")]
    CHANGES[how](scenario.phases)
    CHANGES[how](like)
    expected = [dict(each) for each in like]
    assert scenario.to_dict()["phases"] == expected
    assert [[each["name"], each["experiments"]] for each in scenario.definition()["phases"]] == [
        [each["name"], each["experiments"]] for each in expected
    ]
    assert scenario.sha256 != before


def test_what_is_put_in_an_array_is_a_copy() -> None:
    scenario, mine = small(), phase("more")
    scenario.phases.append(mine)
    mine["name"] = "changed behind its back"
    assert scenario.definition()["phases"][2]["name"] == "more"


def test_an_array_that_the_file_leaves_out_is_kept_once_it_is_changed() -> None:
    scenario = small()
    scheduled = scenario.faults.scheduled
    assert list(scheduled) == [] and "faults" not in scenario.to_dict()
    scheduled.append({"at_s": 1e6, "for_s": 60.0, "mishap": {"stall": {"pump": "red"}}})
    assert [each["at_s"] for each in scenario.definition()["faults"]["scheduled"]] == [1e6]
    scenario.faults.scheduled[0].for_s = 30.0
    assert scenario.definition()["faults"]["scheduled"][0]["for_s"] == 30.0
    scenario.faults.scheduled.pop()
    assert scenario.definition()["faults"]["scheduled"] == []


def test_two_handles_of_what_the_file_leaves_out_are_one() -> None:
    scenario = small()
    assert "faults" not in scenario.to_dict()
    first, second = scenario.faults, scenario.faults
    stall = {"at_s": 1e6, "for_s": 60.0, "mishap": {"stall": {"pump": "red"}}}
    one, other = first.scheduled, second.scheduled
    one.append(stall)
    other.append({**stall, "at_s": 2e6})
    assert list(one) == list(other) and len(one) == 2
    second.scheduled[0].for_s = 30.0
    assert [[each.at_s, each.for_s] for each in first.scheduled] == [[1e6, 30.0], [2e6, 60.0]]
    assert [each["at_s"] for each in scenario.definition()["faults"]["scheduled"]] == [1e6, 2e6]
    scenario = small()
    scenario.keys.pop("guard", None)
    first, second = scenario.guard, scenario.guard
    first.tick_s, second.lag_ul = 2.5, 20.0
    assert (first.lag_ul, second.tick_s) == (20.0, 2.5)
    assert scenario.to_dict()["guard"] == {"tick_s": 2.5, "lag_ul": 20.0}


def test_an_array_has_everything_that_a_list_has() -> None:
    missing = {name for name in dir(list) if not name.startswith("__")} - set(dir(Tables))
    assert missing == set()
    scenario = small()
    scenario.phases.sort(key=lambda phase: phase.name)
    assert [phase.name for phase in scenario.phases] == ["search", "start"]
    scenario.phases.sort(key=lambda phase: phase.experiments, reverse=True)
    assert [phase["name"] for phase in scenario.to_dict()["phases"]] == ["search", "start"]
    scenario.phases.sort(key=lambda phase: phase.name, reverse=True)
    assert scenario.check() is not None and [phase.name for phase in scenario.phases.copy()] == ["start", "search"]
    assert len([{}] + scenario.phases) == 3 and len(2 * scenario.phases) == 4
    with pytest.raises(TypeError):
        scenario.phases.sort()


def test_an_array_compares_and_shows_itself_as_a_list() -> None:
    scenario = small()
    assert scenario.phases == list(scenario.phases) and scenario.phases != []
    assert len(scenario.phases[:1]) == 1 and scenario.phases[-1].name == "search"
    assert repr(scenario.phases).startswith("[{") and [p.name for p in scenario.phases + []] == ["start", "search"]
    with pytest.raises(IndexError):
        scenario.phases[2]
    with pytest.raises((TypeError, ValueError)):
        scenario.phases.append(object())
    assert len(scenario.phases) == 2 and scenario.check() is not None


def test_a_slip_of_a_name_is_explained() -> None:
    scenario = small()
    with pytest.raises(AttributeError, match="there is no key sede"):
        scenario.sede
    scenario.sede = 7
    with pytest.raises(flowtwin.ScenarioError, match="sede"):
        scenario.check()


@pytest.mark.parametrize("value", [object(), float("nan"), float("inf"), {1j}, b"bytes"])
def test_what_cannot_be_part_of_a_file_is_refused(value: object) -> None:
    scenario = small()
    with pytest.raises((TypeError, ValueError)):
        scenario.seed = value
    assert scenario.check() is not None


@pytest.mark.parametrize("text", ["", "schema = 1", "schema = 99", "[", "\0", "schema = 1\nname = 7\n"])
def test_a_text_that_is_no_scenario_is_explained(text: str) -> None:
    with pytest.raises(flowtwin.ScenarioError) as raised:
        flowtwin.Scenario(text, path="mine.toml")
    assert raised.value.message


@pytest.mark.parametrize("values", [{}, {"schema": 1}, {"schema": None}, {"schema": 10**30}, {1: 2}])
def test_a_dictionary_that_is_no_scenario_is_explained(values: dict) -> None:
    with pytest.raises((flowtwin.FlowtwinError, TypeError, ValueError)):
        flowtwin.Scenario.from_dict(values)


@pytest.mark.parametrize("wrong", [None, 7, [], np.zeros(2), {"schema": 1}])
def test_what_is_no_scenario_is_refused_everywhere(wrong: object) -> None:
    for take in (flowtwin.run, flowtwin.Lab):
        with pytest.raises(TypeError, match="a scenario, or the path of its file"):
            take(wrong)  # type: ignore[operator]


def test_a_file_that_is_not_there_is_an_exception() -> None:
    for take in (flowtwin.Scenario.load, flowtwin.run, flowtwin.Lab):
        with pytest.raises(flowtwin.ScenarioError, match="nowhere.toml"):
            take("nowhere.toml")


def test_copies_are_changed_by_themselves() -> None:
    scenario = small()
    for other in (scenario.copy(), copy.deepcopy(scenario), pickle.loads(pickle.dumps(scenario))):
        assert other == scenario and other.sha256 == scenario.sha256
        other.seed = 99
        assert other != scenario and scenario.seed != 99


def test_errors_pickle() -> None:
    with pytest.raises(flowtwin.ScenarioError) as raised:
        flowtwin.Scenario("schema = 1")
    again = pickle.loads(pickle.dumps(raised.value))
    assert (str(again), again.line, again.hint) == (str(raised.value), raised.value.line, raised.value.hint)
    fault = pickle.loads(pickle.dumps(flowtwin.Fault("it is hot", 1.5, "plate", "stalled")))
    assert (str(fault), fault.at_s, fault.origin, fault.kind) == ("it is hot", 1.5, "plate", "stalled")


def test_examples_are_those_of_the_command(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no example best, only") as raised:
        flowtwin.Scenario.example("best")
    names = str(raised.value).partition("only ")[2].split(", ")
    assert {"dye", "paper", "plain", "two-stage"} <= set(names) and "table" not in names
    for name in names:
        told = command("init", tmp_path / f"{name}.toml", "--rig", name)
        assert told.returncode == 0, told.stderr
        ours = flowtwin.Scenario.example(name)
        ours.name = name
        assert ours == flowtwin.Scenario.load(tmp_path / f"{name}.toml")
