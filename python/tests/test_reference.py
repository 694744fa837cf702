"""The pages of the book about the package are those that its docstrings and stubs make."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest
from support import ROOT

import flowtwin


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "python/tests/reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_up_to_date(reference: ModuleType) -> None:
    made = reference.pages()
    there = {path.name: path.read_text() for path in (ROOT / "docs/python").glob("*.md")}
    assert there.keys() == made.keys(), "run python python/tests/reference.py"
    changed = [name for name, text in made.items() if there[name] != text]
    assert changed == [], "run python python/tests/reference.py"
    contents = (ROOT / "docs/SUMMARY.md").read_text()
    assert reference.summary(contents) == contents, "run python python/tests/reference.py"


def test_everything_is_on_one_page(reference: ModuleType) -> None:
    listed = [name for _, names in reference.BOOK.values() for name in names]
    assert sorted(listed) == sorted(name for name in flowtwin.__all__ if name != "__version__")


def test_every_method_has_its_signature_and_its_words(reference: ModuleType) -> None:
    pages = reference.pages()
    for page, words in [
        ("lab.md", ["Lab(scenario: Scenario", "## `ramp`", "duration_s: float", "## `now_s: float`", "Lab.outside("]),
        ("run.md", ["run(\n    scenario", "- `seed`: Seed of all randomness", "- `KeyboardInterrupt`: ", "[`OwnPolicy`](own-policy.md)"]),
        ("errors.md", ["## `Fault`", "- `at_s`: When, in lab time [s]."]),
        ("scenario.md", ["[every key](../scenario-keys.md)", "Scenario.load("]),
        ("benchmark.md", ["## `Benchmark`", "### `report`"]),
        ("adapter-optuna.md", ["# `flowtwin.adapters.optuna`", "`pip install optuna`.", "study = optuna.create_study(", "FlowtwinSampler("]),
    ]:
        for word in words:
            assert word in pages[page], (page, word)
    for text in pages.values():
        assert "``" not in text.replace("```", "") and ":class:" not in text and "None\n\nNone" not in text
