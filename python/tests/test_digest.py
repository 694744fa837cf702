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


USUAL = """
import enum
import functools
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, Optional, Protocol

class Kind(enum.Enum):
    FAST = 1
    SLOW = 2

class Settings(NamedTuple):
    width: float = 1.0

@dataclass(frozen=True)
class Step:
    size: float = 0.5
    kinds: list[Kind] = field(default_factory=lambda: [Kind.FAST])

class Shape(Protocol):
    def area(self) -> float: ...

@functools.lru_cache(maxsize=8)
def far(x):
    return x + 7

class Slotted:
    __slots__ = ("held",)
    def __init__(self):
        self.held = 3

PATTERN, SLOTTED, PRICE, KNOWN = re.compile("a+"), Slotted(), Decimal("1.5"), frozenset({Kind.FAST})

@dataclass
class Mine:
    space: object
    seed: int
    step: Optional[Step] = Step()
    more: dict[str, int] | None = None

    @functools.cached_property
    def reach(self):
        return far(2) + SLOTTED.held + float(PRICE) + len(KNOWN) + Settings().width

    def ask(self, n):
        return [self.reach for _ in range(n) if PATTERN.match("a") and issubclass(Step, object) and Shape]
"""

USUAL_CHANGES = {
    "a default of a dataclass": ("size: float = 0.5", "size: float = 0.6"),
    "a factory of a dataclass": ("[Kind.FAST])", "[Kind.SLOW])"),
    "a value of an enumeration": ("SLOW = 2", "SLOW = 3"),
    "a default of a named tuple": ("width: float = 1.0", "width: float = 2.0"),
    "a function that is cached": ("x + 7", "x + 8"),
    "a property that is cached": ("len(KNOWN)", "2 * len(KNOWN)"),
    "a slot": ("self.held = 3", "self.held = 4"),
    "a pattern": ('"a+"', '"b+"'),
    "a number": ('"1.5"', '"1.6"'),
    "a set of an enumeration": ("frozenset({Kind.FAST})", "frozenset({Kind.SLOW})"),
}


def test_dataclasses_and_the_like_have_the_same_digest_in_every_process(folder: Path) -> None:
    first = digest_of(module(folder, USUAL).Mine)
    assert digest_of(module(folder, USUAL).Mine) == first == digest_of(module(folder, USUAL).Mine)
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); from flowtwin.digest import *; import mine; print(digest_of(mine.Mine))"
    told = [python(code, env={"PYTHONHASHSEED": str(seed)}) for seed in (1, 2)]
    assert [each.stdout.strip() for each in told] == [first, first], told[0].stderr


@pytest.mark.parametrize("what", USUAL_CHANGES)
def test_it_changes_with_the_usual_things(what: str, folder: Path) -> None:
    old, new = USUAL_CHANGES[what]
    assert old in USUAL
    assert digest_of(unfiled(USUAL).Mine) == digest_of(unfiled(USUAL).Mine) != digest_of(unfiled(USUAL.replace(old, new)).Mine)


INSTALLED = """
from flowtwin.digest import digest_of
import own_of_a_test
class Mine:
    def ask(self, n): return own_of_a_test.HELPER(n)
class Other(own_of_a_test.Base): pass
print(digest_of(Mine), digest_of(Other), digest_of(lambda space, seed: own_of_a_test.Base()))
"""


def test_it_changes_with_the_code_of_an_installed_package_of_the_same_version(tmp_path: Path) -> None:
    """The folder of packages is that of another environment here: nothing is put among the real ones."""
    package = tmp_path / "site-packages/own_of_a_test"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("__version__ = '1.0'\nfrom own_of_a_test.inner import Base, HELPER\n")
    told = []
    for number in (7, 8, 7):
        (package / "inner.py").write_text(f"def HELPER(x):\n    return x + {number}\nclass Base:\n    pass\n")
        folders = f"digest.INSTALLED = ({str(tmp_path / 'site-packages')!r} + '/',) + digest.INSTALLED"
        start = f"import sys; sys.path.insert(0, {str(tmp_path / 'site-packages')!r}); import flowtwin.digest as digest; {folders}"
        done = python(f"{start}\n{INSTALLED}")
        assert done.returncode == 0, done.stderr
        told.append(done.stdout.split())
    assert told[0] == told[2] and all(one != other for one, other in zip(told[0], told[1], strict=True)), told


def test_what_cannot_be_compared_has_another_digest_each_time(folder: Path) -> None:
    import threading

    for held in (threading.Lock(), (each for each in "ab"), open(folder / "file", "w", encoding="utf-8")):
        ours = lambda space, seed, held=held: held
        assert digest_of(ours) != digest_of(ours), held
        getattr(held, "close", int)()
