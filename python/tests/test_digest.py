"""The digest of a policy changes with whatever its proposals may depend on, and with nothing else."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from support import python

from flowtwin.digest import digest_of

PLAIN = """
import math
import helping
SCALE = 2.0

class Base:
    def ask(self, n):
        return [self.one() for _ in range(n)]

def helper(x):
    return x * 2

def made(step):
    class Mine(Base):
        width: float = 1.0
        @staticmethod
        def fixed():
            return 3
        @property
        def sized(self):
            return 4
        def one(self, rounds=5):
            inner = lambda x: x + 6
            return {"x": helper(step) + SCALE + helping.far(1) + math.sin(inner(rounds))}
        def tell(self, conditions, result):
            pass
    return Mine

Mine = made(0.5)
"""

HELPING = """
def far(x):
    return x + 7
"""

CHANGES = {
    "a helper": ("x * 2", "x * 3"),
    "a base class": ("for _ in range(n)]", "for _ in range(n)][::-1]"),
    "a closure": ("made(0.5)", "made(0.25)"),
    "a global name": ("SCALE = 2.0", "SCALE = 3.0"),
    "a value of the class": ("width: float = 1.0", "width: float = 1.5"),
    "a static method": ("return 3", "return 30"),
    "a property": ("return 4", "return 40"),
    "a default": ("rounds=5", "rounds=50"),
    "a function inside": ("x + 6", "x + 60"),
    "a function of a package": ("math.sin", "math.cos"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in ("mine", "helping"):
        sys.modules.pop(name, None)


def module(folder: Path, plain: str = PLAIN, helping: str = HELPING) -> ModuleType:
    """The module of these sources, anew."""
    (folder / "mine.py").write_text(plain)
    (folder / "helping.py").write_text(helping)
    for name in ("mine", "helping"):
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    return importlib.import_module("mine")


def unfiled(plain: str = PLAIN, helping: str = HELPING) -> ModuleType:
    """The same as it is in a notebook: without a file."""
    for name, source in (("helping", helping), ("mine", plain)):
        module = ModuleType(name)
        sys.modules[name] = module
        exec(compile(source, "<cell>", "exec"), module.__dict__)
    return sys.modules["mine"]


def test_the_same_code_has_the_same_digest_in_every_process(folder: Path) -> None:
    first = digest_of(module(folder).Mine)
    assert len(first) == 16 and digest_of(module(folder).Mine) == first
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); from flowtwin.digest import *; import mine; print(digest_of(mine.Mine))"
    told = [python(code) for _ in range(2)]
    assert [each.stdout.strip() for each in told] == [first, first], told[0].stderr


@pytest.mark.parametrize("what", CHANGES)
def test_it_changes_with(what: str, folder: Path) -> None:
    old, new = CHANGES[what]
    assert old in PLAIN
    assert digest_of(module(folder).Mine) != digest_of(module(folder, PLAIN.replace(old, new)).Mine)
    assert digest_of(unfiled().Mine) == digest_of(unfiled().Mine) != digest_of(unfiled(PLAIN.replace(old, new)).Mine)


def test_it_changes_with_another_module_that_is_used(folder: Path) -> None:
    before = digest_of(module(folder).Mine)
    assert digest_of(module(folder, helping=HELPING.replace("7", "8")).Mine) != before
    assert digest_of(unfiled().Mine) != digest_of(unfiled(helping=HELPING.replace("7", "8")).Mine)


def test_it_changes_with_what_a_factory_holds(folder: Path) -> None:
    from functools import partial

    import numpy as np

    mine = module(folder)
    ours = lambda held: lambda space, seed: (mine.Mine, held)
    for one, other in [(1, 2), ([1, 2], [2, 1]), ({"a": 1}, {"a": 2}), (np.arange(3), np.arange(3) + 1), ({1, 2}, {1, 3})]:
        assert digest_of(ours(one)) == digest_of(ours(one)) != digest_of(ours(other)), one
    assert digest_of(partial(mine.made, 1)) == digest_of(partial(mine.made, 1)) != digest_of(partial(mine.made, 2))


def test_what_cannot_be_compared_has_another_digest_each_time(folder: Path) -> None:
    held = object()
    ours = lambda space, seed: held
    assert digest_of(ours) != digest_of(ours)
