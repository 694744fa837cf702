"""Types: the package, its stubs and the examples."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support import ROOT


CONFIG = ROOT / "pyproject.toml"


def mypy(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """What mypy says; away from the checkout, so that the installed package is meant."""
    return subprocess.run(
        [sys.executable, "-m", *map(str, words)], capture_output=True, text=True, cwd=folder, timeout=400
    )


def test_the_package_is_strictly_typed(tmp_path: Path) -> None:
    told = mypy(tmp_path, "mypy", "--strict", "--config-file", CONFIG, "-p", "flowtwin")
    assert told.returncode == 0, told.stdout


def test_stubs_say_what_is_there(tmp_path: Path) -> None:
    told = mypy(tmp_path, "mypy.stubtest", "flowtwin._flowtwin", "--mypy-config-file", CONFIG)
    assert told.returncode == 0, told.stdout


def test_the_program_of_a_user_is_checked(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import flowtwin\n"
        'seen = flowtwin.Lab("a.toml", seed=1).measure(temperature_c=140.0)\n'
        'value: float = seen["pli"]\n'
        "wrong: int = seen.units\n"
    )
    told = mypy(tmp_path, "mypy", "--strict", program)
    assert "program.py:4" in told.stdout and "Found 1 error" in told.stdout, told.stdout
