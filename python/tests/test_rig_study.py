"""Studies of a rig from Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import SCENARIOS, command

import flowtwin

REFILLED = "[refill]\ntakes_min = 10.0\n"


def changed(folder: Path, name: str, base: str, body: str = "") -> Path:
    path = folder / f"{name}.toml"
    title = f'schema = 1\nextends = "{SCENARIOS / base}"\nname = "{name}"\ntitle = "A rig"\n'
    path.write_text(title + body, encoding="utf-8")
    return path


@pytest.mark.parametrize("study", ["light", "replicates"])
def test_a_study_is_that_of_the_command(tmp_path: Path, study: str) -> None:
    scenario = changed(tmp_path, "dye", "dye-mixing.toml")
    done = command("study", study, scenario, "--out", tmp_path / "theirs")
    assert done.returncode == 0, done.stderr
    ours = flowtwin.study(scenario, study)
    theirs = json.loads((tmp_path / "theirs/study.json").read_text())
    assert ours.findings == theirs["findings"] and ours.notes == theirs["notes"]
    assert ours.run.journal == (tmp_path / "theirs/journal.jsonl").read_bytes()
    assert ours.report() == (tmp_path / "theirs/study.html").read_text()
    assert "standard deviation" in str(ours) or "deviation between readings" in str(ours)


def test_ramps_that_are_chosen_one_by_one_are_those_of_the_command(tmp_path: Path) -> None:
    scenario, key = changed(tmp_path, "dye", "dye-mixing.toml"), "rig.pumps.red.delivers_percent"
    asked = ["--design", "2", "--adaptive", "--minutes", "3", "--free", key]
    done = command("study", "ramp", scenario, *asked, "--out", tmp_path / "theirs")
    assert done.returncode == 0, done.stderr
    ours = flowtwin.study(scenario, "ramp", design=2, adaptive=True, minutes=3.0, free=[key])
    assert ours.run.journal == (tmp_path / "theirs/journal.jsonl").read_bytes()
    assert ours.tables["ramp.csv"].count("\n") > 10


def test_a_design_that_says_nothing_is_an_exception() -> None:
    scenario, key = SCENARIOS / "dye-mixing.toml", "rig.pumps.red.delivers_percent"
    with pytest.raises(ValueError, match="adaptive says nothing without design"):
        flowtwin.study(scenario, "ramp", adaptive=True)
    with pytest.raises(ValueError, match="free says nothing without design"):
        flowtwin.study(scenario, "ramp", free=[key])
    with pytest.raises(flowtwin.ScenarioError, match="a design says nothing to the study light"):
        flowtwin.study(scenario, "light", design=1, free=[key])
    ends = {"start": {"red_ul_per_min": 100.0}, "end": {"red_ul_per_min": 200.0}}
    with pytest.raises(flowtwin.ScenarioError, match="a ramp that is designed has no ends"):
        flowtwin.study(scenario, "ramp", design=1, free=[key], **ends)
    with pytest.raises(flowtwin.ScenarioError, match="design = 21 is out of range: 1 to 20 ramps"):
        flowtwin.study(scenario, "ramp", design=21, free=[key])


def test_a_new_rig_is_commissioned_and_calibrated_from_what_it_has_measured(tmp_path: Path) -> None:
    scenario = changed(tmp_path, "rig", "dye-mixing.toml", REFILLED)
    real = changed(tmp_path, "real", "dye-mixing.toml", REFILLED + "[rig.pumps]\nred = { delivers_percent = 103.0 }\n")
    found = flowtwin.study(scenario, "commission", as_it_is=real)
    assert found.run.complete and "ramp.csv" in found.tables
    delivers = next(one for one in found.findings if one["of"] == "red" and one["what"].startswith("delivers"))
    assert delivers["low"] <= 103.0 <= delivers["high"], delivers
    assert found.scenario.definition()["rig"]["pumps"]["red"]["delivers_percent"] == pytest.approx(103.0, abs=1.0)
    key = "optics.absorption[1].epsilon_per_m_cm"
    fitted = found.calibrate(free={key: (1.0, 1e6)})
    assert fitted.parameters[0]["key"] == key and fitted.parameters[0]["identifiable"]
    # It extends the file that was given, by what was studied and by what was fitted.
    both = fitted.scenario.definition()
    assert both["rig"]["pumps"]["red"]["delivers_percent"] == found.scenario.definition()["rig"]["pumps"]["red"]["delivers_percent"]
    assert both["optics"]["absorption"][0]["epsilon_per_m_cm"] == pytest.approx(fitted.parameters[0]["value"], rel=1e-5)


def test_what_a_study_cannot_do_is_an_exception(tmp_path: Path) -> None:
    scenario = SCENARIOS / "dye-mixing.toml"
    with pytest.raises(ValueError, match="there is no study warmth, only tracer, flow, heat"):
        flowtwin.study(scenario, "warmth")
    with pytest.raises(flowtwin.ScenarioError, match="heat: the rig has no heater"):
        flowtwin.study(scenario, "heat")
    with pytest.raises(flowtwin.ScenarioError, match="count says nothing to the study light"):
        flowtwin.study(scenario, "light", count=3)
    with pytest.raises(flowtwin.ScenarioError, match="minutes = 0 is out of range: 1 to 1440 min"):
        flowtwin.study(scenario, "light", minutes=0)
    with pytest.raises(flowtwin.ScenarioError, match="count = 1 is out of range: 2 to 1000"):
        flowtwin.study(scenario, "replicates", count=1)
    with pytest.raises(flowtwin.ScenarioError, match="a ramp needs both its ends"):
        flowtwin.study(scenario, "ramp", start={"red_ul_per_min": 60})
    with pytest.raises(flowtwin.ConditionsError, match="ul_per_min"):
        flowtwin.study(scenario, "replicates", at={"red_ul_per_min": 1e9})
    other = changed(tmp_path, "other", "dye-mixing.toml", "[rig.pumps]\nred = { fill_ml = 9.0 }\n")
    with pytest.raises(flowtwin.FlowtwinError, match="other instruments"):
        flowtwin.study(scenario, "light", as_it_is=other)
