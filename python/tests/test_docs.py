"""What docs/python.md and python/README.md show runs as it stands there."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest
from support import ROOT, TESTS

import flowtwin

PAGE = ROOT / "docs/python.md"
#: Brings the package itself, which is here.
INSTALLS = re.compile(r"^(python3 -m venv|pip install)", re.MULTILINE)


def blocks(kind: str) -> list[str]:
    """The code of the page, in order."""
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.mark.filterwarnings("ignore")
def test_every_block_of_python_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    names: dict[str, object] = {"__name__": "page"}
    for number, code in enumerate(blocks("python"), start=1):
        exec(compile(code, f"docs/python.md, block {number}", "exec"), names)
    assert {"run", "tank", "table"} <= set(names)
    for code in blocks("sh"):
        if INSTALLS.search(code) or "benches" in code:
            continue
        path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
        told = subprocess.run(
            ["sh", "-e", "-c", code], capture_output=True, text=True, timeout=300, env={**os.environ, "PATH": path}
        )
        assert told.returncode == 0, told.stderr


def test_the_first_program_of_the_package_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "python/README.md").read_text(), re.DOTALL)
    exec(compile(code, "python/README.md", "exec"), {})


def test_the_page_names_every_adapter_with_the_package_that_it_needs() -> None:
    rows = re.findall(r"^\| `flowtwin\.adapters\.(\w+)` \| ([^|]*) \|", PAGE.read_text(), re.MULTILINE)
    here = {path.stem for path in (ROOT / "python/flowtwin/adapters").glob("[!_]*.py")}
    assert {module for module, _ in rows} == here
    wanted = (TESTS / "requirements.txt").read_text()
    for module, package in rows:
        (name,) = re.findall(r"`pip install ([\w-]+)`", package)
        imported = re.findall(r"^(?:import|from) (\w+)", (ROOT / f"python/flowtwin/adapters/{module}.py").read_text(), re.M)
        assert name.replace("-", "_") in imported or name == "ax-platform", (module, name)
        assert re.search(rf"^{name}==", wanted, re.M) or f"{name}" in (TESTS / "optional.txt").read_text()


def public() -> list[tuple[str, object]]:
    """Everything that the package has for its users."""
    found: list[tuple[str, object]] = []
    for name in flowtwin.__all__:
        thing = getattr(flowtwin, name)
        if name == "__version__":
            continue
        found.append((name, thing))
        if inspect.isclass(thing) and not issubclass(thing, BaseException):
            found += [(f"{name}.{key}", value) for key, value in vars(thing).items() if not key.startswith("_")]
    return found


@pytest.mark.parametrize(("name", "thing"), public(), ids=[name for name, _ in public()])
def test_everything_has_a_docstring(name: str, thing: object) -> None:
    owner, _, key = name.partition(".")
    of_class = inspect.getdoc(getattr(flowtwin, owner)) if key else None
    said = inspect.getdoc(thing)
    assert said and said != of_class, f"{name} has none"
