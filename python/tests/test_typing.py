"""Types: the package, its stubs and the examples."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
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


#: All that `mypy --strict` checks, but for this: a chemist who writes a function need not say its types.
EXAMPLES = ("--strict", "--allow-untyped-defs", "--allow-untyped-calls", "--allow-any-generics", "--check-untyped-defs")


def test_what_the_page_shows_is_checked(tmp_path: Path) -> None:
    """The programs of docs/python.md, one after another."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), re.DOTALL)
    program = tmp_path / "page.py"
    program.write_text("\n".join(block for block in blocks if "flowtwin.adapters" not in block))
    (tmp_path / "mine.py").write_text("from typing import Any\nMine: Any\n")
    told = mypy(tmp_path, "mypy", *EXAMPLES, program)
    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize("notebook", sorted((ROOT / "python/notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_what_a_notebook_shows_is_checked(notebook: Path, tmp_path: Path) -> None:
    cells = json.loads(notebook.read_text())["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    # The last line of a cell may be a value to look at, and a line that begins with ! or % is none of Python.
    lines = [line for line in "\n".join(code).splitlines() if not line.lstrip().startswith(("!", "%"))]
    (tmp_path / "cells.py").write_text("\n".join(lines))
    told = mypy(tmp_path, "mypy", "--config-file", CONFIG, *EXAMPLES, tmp_path / "cells.py")
    assert told.returncode == 0, told.stdout
