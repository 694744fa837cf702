"""Types: the package, its stubs and the examples."""

from __future__ import annotations

import re
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


def test_what_the_page_shows_is_checked(tmp_path: Path) -> None:
    """The programs of docs/python.md, one after another; their classes say no types, but what they do with ours is checked."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), re.DOTALL)
    program = tmp_path / "page.py"
    program.write_text("\n".join(block for block in blocks if "flowtwin.adapters" not in block))
    (tmp_path / "mine.py").write_text("from typing import Any\nMine: Any\n")
    told = mypy(tmp_path, "mypy", "--check-untyped-defs", program)
    assert told.returncode == 0, told.stdout
