"""A plugin for pytest: campaigns that must yield what they yielded.

It is there as soon as flowtwin is installed. A test asks for the fixture :func:`campaign_unchanged`::

    def test_the_campaign_is_as_it_was(campaign_unchanged):
        campaign_unchanged("scenarios/dye.toml")

``pytest --flowtwin-accept`` takes what the campaigns yield now as their snapshots.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from flowtwin.__main__ import again

#: How strictly a campaign is compared with its snapshots.
Strength = Literal["exact", "numeric", "statistical"]
#: Compares a campaign with its snapshots.
Unchanged = Callable[..., None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option and the key of the settings."""
    group = parser.getgroup("flowtwin")
    help = "take what campaigns yield now as their snapshots"
    group.addoption("--flowtwin-accept", action="store_true", help=help)
    help = "folder of the snapshots of campaigns, from the root of the tests"
    parser.addini("flowtwin_snapshots", help, default="snapshots")


@pytest.fixture
def campaign_unchanged(request: pytest.FixtureRequest) -> Unchanged:
    """A function that runs a campaign in simulation and fails, with what moved, where it is not as in its snapshots.

    ``campaign_unchanged(scenario, strength=None)``: the file of the scenario, from the root of the tests, and how strictly to compare
    (``exact``, ``numeric`` or ``statistical``; the scenario's own where it is left out). The snapshots are in the folder ``snapshots``
    beside it, or where ``flowtwin_snapshots`` in the settings of pytest says.
    """
    root = Path(request.config.rootpath)
    snapshots = root / str(request.config.getini("flowtwin_snapshots"))

    def unchanged(scenario: str | os.PathLike[str], strength: Strength | None = None) -> None:
        words = ["check", os.fspath(scenario), "--snapshots", os.fspath(snapshots)]
        if strength is not None:
            words += ["--strength", strength]
        if request.config.getoption("--flowtwin-accept"):
            words += ["--accept"]
        done = subprocess.run([*again(), *words], capture_output=True, text=True, cwd=root)
        if done.returncode != 0:
            pytest.fail(done.stderr.strip() or done.stdout.strip(), pytrace=False)

    return unchanged
