"""What is in the wheel and in the source package."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any, cast

import pytest

import flowtwin

ROOT = Path(__file__).parents[2]
BRIDGES = [f"flowtwin/bridges/{name}.py" for name in ("flowchem", "pylabrobot", "ophyd", "visa")]
WHEELS = os.environ.get("FLOWTWIN_WHEELS")


def only(pattern: str) -> Path:
    if WHEELS is None:
        pytest.skip("FLOWTWIN_WHEELS names no folder: python/tests/run.sh does")
    (found,) = Path(WHEELS).glob(pattern)
    return found


def toml(path: Path) -> dict[str, Any]:
    """What stands in a file of TOML. CPython 3.10 cannot read one by itself."""
    tomllib = pytest.importorskip("tomllib")
    return cast("dict[str, Any]", tomllib.loads(path.read_text()))


def test_the_version_is_that_of_the_workspace() -> None:
    workspace = toml(ROOT / "Cargo.toml")["workspace"]["package"]
    assert flowtwin.__version__ == workspace["version"]


def test_both_lock_files_have_the_same_versions() -> None:
    def versions(path: Path) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for package in toml(path)["package"]:
            found.setdefault(package["name"], set()).add(package["version"])
        return found

    ours, theirs = versions(ROOT / "python/Cargo.lock"), versions(ROOT / "Cargo.lock")
    assert {name: v for name, v in ours.items() if name in theirs and not v <= theirs[name]} == {}


def test_a_wheel_for_users_is_small() -> None:
    """Users get the release build. A build for developers is larger, and says nothing of it."""
    wheel = only("*.whl")
    profile = os.environ.get("FLOWTWIN_PROFILE", "release")
    if profile != "release":
        pytest.skip(f"this is a {profile} build: only the size of a release build matters")
    assert wheel.stat().st_size < 20_000_000


def test_the_wheel_is_whole() -> None:
    wheel = only("*.whl")
    assert re.fullmatch(r"flowtwin-[\d.]+-cp310-abi3-\w+\.whl", wheel.name)
    names = zipfile.ZipFile(wheel).namelist()
    typed = ["flowtwin/py.typed", "flowtwin/_flowtwin.pyi", "flowtwin/instrument.py", *BRIDGES]
    for wanted in [*typed, "LICENSE-MIT", "LICENSE-APACHE", "entry_points.txt"]:
        assert any(name.endswith(wanted) for name in names), wanted
    assert not [name for name in names if "tests/" in name or name.endswith(".rs")]


def test_the_source_package_is_whole(tmp_path: Path) -> None:
    """That it can be built, python/tests/run.sh shows: the wheel of a release build is made of it."""
    with tarfile.open(only("*.tar.gz")) as package:
        package.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    for wanted in ["LICENSE-MIT", "LICENSE-APACHE", "python/Cargo.lock", "lab/src/lib.rs", "pyproject.toml"]:
        assert (folder / wanted).exists(), wanted
    words = ["cargo", "metadata", "--locked", "--format-version", "1", "--manifest-path"]
    told = subprocess.run([*words, folder / "python/Cargo.toml"], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr


def test_the_import_brings_neither_numpy_nor_a_process() -> None:
    code = "import sys, flowtwin; print('numpy' in sys.modules, 'subprocess' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "False"]
