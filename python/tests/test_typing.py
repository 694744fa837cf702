"""Types: the package, its stubs and the examples."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import flowtwin
from support import ROOT


def mypy(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *map(str, words)], capture_output=True, text=True, cwd=ROOT / "python", timeout=400
    )


def test_the_package_is_strictly_typed() -> None:
    package = Path(flowtwin.__file__).parent
    files = sorted(str(path) for path in package.glob("*.py"))
    told = mypy("mypy", "--strict", "--config-file", ROOT / "pyproject.toml", *files)
    assert told.returncode == 0, told.stdout


def test_stubs_say_what_is_there() -> None:
    told = mypy("mypy.stubtest", "flowtwin._flowtwin", "--mypy-config-file", ROOT / "pyproject.toml")
    assert told.returncode == 0, told.stdout


def test_the_program_of_a_user_is_checked(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import flowtwin\n"
        'seen = flowtwin.Lab("a.toml", seed=1).measure(temperature_c=140.0)\n'
        'value: float = seen["pli"]\n'
        "wrong: int = seen.units\n"
    )
    told = mypy("mypy", "--strict", program)
    assert "program.py:4" in told.stdout and "Found 1 error" in told.stdout, told.stdout
