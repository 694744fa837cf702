"""The plugin for pytest, in a folder of tests as users have it."""

from __future__ import annotations

import pytest
from support import SCENARIOS

pytest_plugins = ["pytester"]

TEST = """
def test_the_campaign_is_as_it_was(campaign_unchanged):
    campaign_unchanged("scenarios/dye.toml")
"""


def dye(red_mm: float) -> str:
    return f"""
schema = 1
extends = "{SCENARIOS / "dye-mixing.toml"}"
name = "dye"
[stocks]
amaranth = {{ concentrations_mm = {{ am = {red_mm} }} }}
[[phases]]
name = "survey"
policy = "lhs"
experiments = 2
"""


def test_a_campaign_that_moves_fails_with_what_moved(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_campaigns=TEST)
    scenario = pytester.mkdir("scenarios") / "dye.toml"
    scenario.write_text(dye(0.15))
    run = pytester.runpytest_subprocess
    without = run()
    without.assert_outcomes(failed=1)
    without.stdout.fnmatch_lines(["*there is no snapshot*"])
    run("--flowtwin-accept").assert_outcomes(passed=1)
    assert (pytester.path / "snapshots/dye/digest.snap").exists()
    run().assert_outcomes(passed=1)
    scenario.write_text(dye(0.12))
    moved = run()
    moved.assert_outcomes(failed=1)
    moved.stdout.fnmatch_lines(["*stocks.amaranth.concentrations_mm.am: 0.15*0.12*"])


def test_the_strength_and_the_folder_can_be_chosen(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_campaigns=TEST.replace('dye.toml"', 'dye.toml", strength="numeric"'))
    pytester.makeini("[pytest]\nflowtwin_snapshots = kept/here\n")
    (pytester.mkdir("scenarios") / "dye.toml").write_text(dye(0.15))
    pytester.runpytest_subprocess("--flowtwin-accept").assert_outcomes(passed=1)
    origin = (pytester.path / "kept/here/dye/origin.snap").read_text()
    assert '"strength": "numeric"' in origin
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
