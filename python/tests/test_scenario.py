"""Scenarios: read, made, changed, checked."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from support import SCENARIOS, small

import flowtwin

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
    assert scenario.seed == scenario["seed"] if hasattr(scenario, "__getitem__") else scenario.seed
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


def test_phases_are_added_and_taken_away() -> None:
    scenario = small()
    scenario.phases.append({"name": "more", "policy": "random", "experiments": 2, "from": "search"})
    assert scenario.definition()["phases"][2]["name"] == "more"
    del scenario.phases[2]
    assert len(scenario.definition()["phases"]) == 2


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
