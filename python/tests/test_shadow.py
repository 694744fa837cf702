"""A calibrated scenario beside a run: what has moved."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import SCENARIOS, command

import flowtwin


def scenario(weak: bool = False) -> flowtwin.Scenario:
    """A survey of a rig, whose red stock may be weaker than it should be."""
    made = flowtwin.Scenario.load(SCENARIOS / "dye-mixing.toml")
    made.phases = [{"name": "survey", "policy": "lhs", "experiments": 14}]
    if weak:
        made.stocks.amaranth.concentrations_mm.am = 0.13
    return made


def test_a_shadow_writes_what_that_of_the_command_writes_and_changes_no_byte(tmp_path: Path) -> None:
    for name, made in (("rig", scenario()), ("weak", scenario(weak=True))):
        made.save(tmp_path / f"{name}.toml")
    words = ["run", "weak.toml", "--shadow", "rig.toml", "--out", "theirs"]
    assert command(*words, cwd=tmp_path).returncode == 0
    run = flowtwin.run(tmp_path / "weak.toml", shadow=tmp_path / "rig.toml", out=tmp_path / "ours")
    for name in ("journal.jsonl", "shadow.csv", "shadow.json"):
        assert (tmp_path / "ours" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes(), name
    assert run.shadow is not None
    (alarm, *_) = run.shadow.alarms
    assert alarm["causes"][0]["name"] == "stock amaranth" and alarm["causes"][0]["amount"] < 0
    assert "stock amaranth is" in str(run.shadow) and "stock amaranth is" in run.shadow.report()
    # The same afterwards, and in memory.
    later = flowtwin.shadow(scenario(), tmp_path / "ours")
    assert later.result == run.shadow.result == flowtwin.shadow(scenario(), run).result
    memory = flowtwin.run(scenario(weak=True), shadow=scenario())
    assert memory.journal == run.journal and memory.shadow is not None and memory.shadow.result == later.result
    table = later.table
    assert len(table) == len((tmp_path / "ours/shadow.csv").read_text().splitlines()) - 1
    assert flowtwin.run(scenario(), shadow=scenario()).shadow.alarms == []  # type: ignore[union-attr]
    assert flowtwin.run(scenario()).shadow is None


@pytest.mark.parametrize("folder", [False, True])
def test_an_alarm_stops_the_run_where_it_is_asked_to(folder: bool, tmp_path: Path) -> None:
    out = tmp_path / "run" if folder else None
    run = flowtwin.run(scenario(weak=True), shadow=scenario(), on_drift="stop", out=out)
    assert run.fault is not None and run.fault.kind == "moved" and "stock amaranth" in str(run.fault)
    assert not run.complete and 1 < len(run.experiments()) < 14
    if out is not None:
        again = flowtwin.run(scenario(weak=True), shadow=scenario(), on_drift="stop", out=out, resume=True)
        assert len(again.experiments()) > len(run.experiments())


def test_an_alarm_calibrates_the_shadow_anew_where_it_is_asked_to(tmp_path: Path) -> None:
    run = flowtwin.run(scenario(weak=True), shadow=scenario(), on_drift="recalibrate", out=tmp_path / "run")
    assert run.complete and run.shadow is not None
    told = run.shadow.result["recalibrations"]
    assert told and told[0]["values"] and run.journal.count(b'"recalibrated":{') == len(told)


def test_slips_of_a_shadow_are_explained() -> None:
    with pytest.raises(flowtwin.ScenarioError, match="other inputs or features"):
        flowtwin.run(scenario(), shadow=SCENARIOS / "snar.toml")
    with pytest.raises(ValueError, match="no on_drift shout, only flag, recalibrate and stop"):
        flowtwin.run(scenario(), shadow=scenario(), on_drift="shout")
    with pytest.raises(flowtwin.FlowtwinError, match="without a shadow"):
        flowtwin.run(scenario(), on_drift="stop")
    with pytest.raises(TypeError):
        flowtwin.run(scenario(), shadow=7)  # type: ignore[arg-type]
    with pytest.raises(flowtwin.FlowtwinError, match="nowhere"):
        flowtwin.shadow(scenario(), "nowhere")
    elsewhere = flowtwin.run(flowtwin.Scenario.example("ester"), seed=1)
    with pytest.raises(flowtwin.FlowtwinError, match="no experiment to look at"):
        flowtwin.shadow(scenario(), elsewhere)
