"""Labs: simulated, emulated, outside; experiments and ramps."""

from __future__ import annotations

import shlex
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from support import SCENARIOS, python, small, worded

import flowtwin

COMMAND = Path(sysconfig.get_path("scripts")) / "flowtwin"
DYE = SCENARIOS / "dye-mixing.toml"


def outside(path: Path = DYE, *more: object) -> str:
    """The command of a lab outside: a simulated one of the command line."""
    return shlex.join([str(COMMAND), "lab", str(path), *map(str, more)])


def alike(one: flowtwin.Observation, other: flowtwin.Observation) -> bool:
    """Whether two observations are the same, spectra included."""
    spectra = [
        (name, spectrum.values.tolist(), other.spectra[name].values.tolist()) for name, spectrum in one.spectra.items()
    ]
    return (
        (one.conditions, one.features, one.flags) == (other.conditions, other.features, other.flags)
        and (one.started_s, one.ended_s, one.reaction_time_s) == (other.started_s, other.ended_s, other.reaction_time_s)
        and all(ours == theirs for _, ours, theirs in spectra)
        and one.spectra.keys() == other.spectra.keys()
    )


def test_an_emulated_lab_measures_what_a_simulated_one_does(tmp_path: Path) -> None:
    simulated, emulated = flowtwin.Lab(DYE, seed=4), flowtwin.Lab.emulated(DYE, seed=4)
    assert (simulated.backend, emulated.backend, emulated.simulated) == ("sim", "emulated", True)
    for red in (100, 150):
        assert alike(simulated.measure(red_ul_per_min=red), emulated.measure({"red_ul_per_min": red}))
    assert emulated.measured == 2 and emulated.now_s == simulated.now_s > 0.0
    expected = [lab.expected(red_ul_per_min=100).features for lab in (simulated, emulated)]
    assert expected[0] == expected[1]
    wired = flowtwin.Lab.emulated(SCENARIOS / "cs3cu2i5.toml", seed=4, wiring=SCENARIOS / "wirings/cs3cu2i5.toml")
    assert alike(wired.measure(), flowtwin.Lab(SCENARIOS / "cs3cu2i5.toml", seed=4).measure())
    with pytest.raises(flowtwin.FlowtwinError, match="nowhere"):
        flowtwin.Lab.emulated(DYE, wiring="nowhere.toml")
    with pytest.raises(flowtwin.FlowtwinError, match="no instruments"):
        flowtwin.Lab.emulated(worded(tmp_path))


def test_a_lab_outside_measures_by_its_program_and_is_told_that_it_is_over() -> None:
    with flowtwin.Lab.outside(DYE, outside(DYE, "--seed", 4)) as lab:
        assert (lab.backend, lab.simulated, repr(lab)) == ("outside", True, 'Lab.outside("dye-mixing")')
        here = flowtwin.Lab(DYE, seed=4)
        for red in (100, 150):
            seen, same = lab.measure(red_ul_per_min=red), here.measure(red_ul_per_min=red)
            assert (seen.conditions, seen.features) == (same.conditions, same.features)
        assert lab.measured == 2
    seen = lab.measure()
    assert seen.failed and seen.fault is not None and seen.fault.kind == "refused"
    with pytest.raises(flowtwin.Fault, match="whole experiments"):
        flowtwin.Lab.outside(DYE, outside()).ramp({}, {}, duration_s=60)


@pytest.mark.parametrize(
    ("command", "options", "error", "words"),
    [
        ("nothing-of-this-name", {}, flowtwin.FlowtwinError, "nothing-of-this-name"),
        (outside(SCENARIOS / "snar.toml"), {}, flowtwin.FlowtwinError, "is not a lab for this scenario"),
        ("cat", {"patience_s": 0.2}, flowtwin.FlowtwinError, "cat"),
        ("cat", {"patience_s": 0.0}, ValueError, "patience_s = 0 is not a time"),
    ],
)
def test_a_program_that_is_no_lab_is_explained(command: str, options: dict, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        flowtwin.Lab.outside(DYE, command, **options)


def test_a_run_takes_a_lab_object_and_the_command_of_a_program(tmp_path: Path) -> None:
    alone = flowtwin.run(small(), seed=7)
    outcomes = [seen.features for seen in alone.experiments()]
    small().save(tmp_path / "small.toml")
    command = outside(tmp_path / "small.toml", "--seed", 7)
    for lab in (flowtwin.Lab(small(), seed=7), flowtwin.Lab.emulated(small(), seed=7), command):
        run = flowtwin.run(small(), seed=7, lab=lab, out=tmp_path / type(lab).__name__)
        assert [seen.features for seen in run.experiments()] == outcomes and run.summary["simulated"]
        assert run.summary["backend"] == ("outside" if lab is command else "python")


ENDS = {
    "a lab outside is told when the interpreter ends": """
import sys, flowtwin
from support import *
lab = flowtwin.Lab.outside(flowtwin.Scenario(ELSEWHERE), f"{sys.executable} {sys.argv[1]} {sys.argv[2]}")
print(lab.measure()["purity"])
""",
    "a lab outside that is silent does not hold Ctrl-C": """
import os, signal, sys, threading, flowtwin
from support import *
signal.signal(signal.SIGINT, signal.default_int_handler)
lab = flowtwin.Lab.outside(flowtwin.Scenario(ELSEWHERE), f"{sys.executable} {sys.argv[1]} {sys.argv[2]} silent")
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    lab.measure()
except KeyboardInterrupt:
    print(0.5)
""",
    "a lab is not in another process": """
import os, sys, flowtwin
from support import *
lab = flowtwin.Lab.outside(flowtwin.Scenario(ELSEWHERE), f"{sys.executable} {sys.argv[1]} {sys.argv[2]}")
if os.fork() == 0:
    try:
        lab.measure()
    except flowtwin.FlowtwinError as error:
        os._exit(7 if "in the process that made it" in str(error) else 1)
print(0.5 if os.waitstatus_to_exitcode(os.wait()[1]) == 7 else "wrong")
""",
}

PROGRAM = """
import json, sys
space = {"protocol": 1, "scenario": "", "seed": 1, "objective": {"feature": "purity", "goal": "maximize"},
    "inputs": [{"name": name, "low": 0.0, "high": 100.0} for name in ("a_ul_per_min", "b_ul_per_min")]}
say = lambda line: print(json.dumps(line), flush=True)
say({"space": space})
say({"next": {"experiment": 1}})
for line in sys.stdin:
    (kind, said), = json.loads(line).items()
    if kind == "done":
        break
    if "silent" not in sys.argv:
        say({"observation": {"conditions": said["conditions"], "features": {"purity": 0.5}}})
        say({"next": {"experiment": 2}})
open(sys.argv[1], "w").write("safe")
"""


@pytest.mark.parametrize("how", ENDS)
def test_a_lab_outside_ends_with_whoever_holds_it(how: str, tmp_path: Path) -> None:
    (tmp_path / "rig.py").write_text(PROGRAM)
    told = python(ENDS[how], tmp_path / "rig.py", tmp_path / "left", timeout=120)
    assert (told.returncode, told.stdout.split()) == (0, ["0.5"]), told.stderr
    if "silent" not in how:
        assert (tmp_path / "left").read_text() == "safe"


def test_every_reading_of_a_ramp_has_the_conditions_under_which_its_slugs_began() -> None:
    start, end = {"red_ul_per_min": 60, "blue_ul_per_min": 140}, {"red_ul_per_min": 140, "blue_ul_per_min": 60}
    lab = flowtwin.Lab(DYE, seed=2)
    seen = lab.ramp(start, end, duration_s=600, every_s=60)
    assert lab.measured == 1 and len(seen) > 5 and not any(each.failed for each in seen)
    red = [each.conditions["red_ul_per_min"] for each in seen]
    assert red == sorted(red) and red[0] < 75 and red[-1] > 125
    first = seen[0].started_s - 600 * (red[0] - 60) / 80
    for each in seen:
        total = sum(each.conditions.values())
        assert total == pytest.approx(200.0)
        assert each.conditions["red_ul_per_min"] == pytest.approx(60 + 80 * (each.started_s - first) / 600, abs=1e-6)
        assert each.residence_time_s == pytest.approx(each.lab_time_s) and each.lab_time_s > 0


def test_a_ramp_reads_what_a_steady_experiment_would() -> None:
    """Each reading belongs to the conditions under which its slugs formed, however long they were on their way."""
    start, end = {"red_ul_per_min": 60, "blue_ul_per_min": 140}, {"red_ul_per_min": 140, "blue_ul_per_min": 60}
    seen = [each for each in flowtwin.Lab(DYE, seed=2).ramp(start, end, duration_s=600, every_s=30) if not each.flags]
    steady = flowtwin.Lab(DYE, seed=2)
    assert len(seen) > 10
    for name in ("red", "blue"):
        ours = np.array([each[name] for each in seen])
        theirs = np.array([steady.expected(each.conditions)[name] for each in seen])
        # Mapped half a minute too early, as by the time in a line, they would be 0.01 off throughout.
        assert np.abs(ours - theirs).max() < 0.008 and abs((ours - theirs).mean()) < 0.003 < 0.02 * np.ptp(theirs)
    # Where nothing changes, slugs react as long as in an experiment.
    tau = steady.measure(start).reaction_time_s
    still = [each.reaction_time_s for each in steady.ramp(start, start, duration_s=200, every_s=50)]
    assert tau is not None and len(still) > 2 and still == pytest.approx([tau] * len(still), rel=1e-9)


def test_a_ramp_of_an_emulated_rig_is_that_of_the_simulation() -> None:
    start, end = {"red_ul_per_min": 60}, {"red_ul_per_min": 140}
    ramps = [
        lab.ramp(start, end, duration_s=300) for lab in (flowtwin.Lab(DYE, seed=2), flowtwin.Lab.emulated(DYE, seed=2))
    ]
    assert len(ramps[0]) == len(ramps[1]) > 3
    assert all(alike(one, other) for one, other in zip(*ramps, strict=True))


@pytest.mark.parametrize(
    ("start", "end", "times", "error", "words"),
    [
        ({}, {"red_ul_per_min": 1e9}, {"duration_s": 60}, flowtwin.ConditionsError, "is outside"),
        ({}, {}, {"duration_s": -1}, flowtwin.Fault, "times of a ramp must be 0.001 to 1000000 s"),
        ({}, {}, {"duration_s": float("nan")}, flowtwin.Fault, "times of a ramp"),
        ({}, {}, {}, TypeError, "duration_s"),
        (7, {}, {"duration_s": 60}, TypeError, "Mapping"),
    ],
)
def test_a_ramp_that_cannot_be_is_explained(start: object, end: object, times: dict, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        flowtwin.Lab(DYE).ramp(start, end, **times)  # type: ignore[arg-type]


def test_a_ramp_changes_no_temperature() -> None:
    lab = flowtwin.Lab(SCENARIOS / "cs3cu2i5.toml")
    with pytest.raises(flowtwin.Fault, match="its ends must have the same temperatures"):
        lab.ramp({"temperature_c": 130}, {"temperature_c": 140}, duration_s=60)


def test_conditions_are_given_as_a_mapping_or_by_name() -> None:
    lab = flowtwin.Lab(DYE, seed=1)
    assert lab.expected({"red_ul_per_min": 150}).features == lab.expected(red_ul_per_min=150).features
    assert lab.expected({"red_ul_per_min": 150}, blue_ul_per_min=60).conditions == {"red_ul_per_min": 150, "blue_ul_per_min": 60}
    with pytest.raises(flowtwin.ConditionsError, match="has two values"):
        lab.measure({"red_ul_per_min": 150}, red_ul_per_min=60)
    with pytest.raises(TypeError):
        lab.measure(150)  # type: ignore[arg-type]
