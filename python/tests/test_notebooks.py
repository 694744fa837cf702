"""The notebooks run, cell by cell, away from the checkout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT

NOTEBOOKS = sorted((ROOT / "python/notebooks").glob("*.ipynb"))

#: As IPython does: the last expression of a cell is shown, by its HTML where it has one.
RUN = """
import ast, json, sys
for number, cell in enumerate(json.load(open(sys.argv[1]))["cells"]):
    if cell["cell_type"] != "code":
        continue
    tree = ast.parse("".join(cell["source"]), f"cell {number}")
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    names = globals()
    exec(compile(tree, f"cell {number}", "exec"), names)
    if last is not None:
        shown = eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), names)
        html = getattr(shown, "_repr_html_", None)
        print(number, len(html()) if html else repr(shown)[:200])
"""


def test_there_are_five() -> None:
    assert [path.name[0] for path in NOTEBOOKS] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", RUN, path], capture_output=True, text=True, cwd=tmp_path, timeout=300
    )
    assert told.returncode == 0, told.stderr
    assert "False" not in told.stdout


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    cells = json.loads(path.read_text())["cells"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells if "outputs" in cell)
