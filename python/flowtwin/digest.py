"""A digest of the code of a policy, which changes whenever what it does may change."""

from __future__ import annotations

import copyreg
import hashlib
import os
import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property, partial
from pathlib import Path, PurePath
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

__all__ = ["digest_of"]

#: Code in these folders belongs to the interpreter, or to a package that was installed.
INTERPRETER = tuple({os.path.join(sysconfig.get_path(kind), "") for kind in ("stdlib", "platstdlib")})
INSTALLED = tuple({os.path.join(sysconfig.get_path(kind), "") for kind in ("purelib", "platlib")}) + INTERPRETER
PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...), PurePath)
#: What the interpreter makes of a class in C, or of `__slots__`: known by its class and name.
DESCRIPTORS = (
    ClassMethodDescriptorType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    WrapperDescriptorType,
)


class Unknown(Exception):
    """It cannot be known whether a value is the same as in another process."""


def digest_of(factory: Callable[..., Any]) -> str:
    """The same for the same code and the same values in it, and random where that cannot be known.

    What counts: the code of the class or function, of its base classes and of the helpers that they name, the sources of the modules
    of these, and the values of closures, defaults and global names. Of an installed package that they name all its sources count,
    its compiled files by their sizes, and its version; packages that this one uses in turn do not.
    """
    walk = Walk()
    try:
        walk.visit(factory)
    except (Unknown, RecursionError):
        return os.urandom(8).hex()
    return walk.hash.hexdigest()[:16]


class Walk:
    """Goes through everything that a factory reaches, each thing once."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256(sys.version.encode())
        self.seen: dict[int, Any] = {}

    def add(self, *words: object) -> None:
        """Words of the digest."""
        for word in words:
            text = word if isinstance(word, bytes) else repr(word).encode()
            self.hash.update(b"%d:" % len(text) + text)

    def visit(self, thing: Any) -> None:
        """Adds a thing, and what it is made of."""
        if isinstance(thing, PLAIN):
            self.add(type(thing).__name__, thing)
        elif id(thing) in self.seen:
            self.add(list(self.seen).index(id(thing)))
        else:
            self.seen[id(thing)] = thing
            self.composed(thing)

    def composed(self, thing: Any) -> None:
        """Adds a thing that is made of others."""
        if isinstance(thing, ModuleType):
            self.module(thing)
        elif isinstance(thing, BuiltinFunctionType) or installed(getattr(thing, "__module__", None)):
            self.foreign(thing)
        elif isinstance(thing, type):
            self.type(thing)
        elif isinstance(thing, FunctionType):
            self.function(thing)
        elif isinstance(thing, CodeType):
            self.code(thing, {})
        else:
            self.value(thing)

    def all(self, things: Iterable[Any]) -> None:
        """Adds several things in order."""
        several = list(things)
        self.add(len(several))
        for thing in several:
            self.visit(thing)

    def module(self, module: ModuleType) -> None:
        """Adds the source of a module, or of its package if it is installed."""
        self.add(module.__name__, getattr(module, "__version__", None))
        file = getattr(module, "__file__", None)
        if installed(module.__name__):
            return self.package(module.__name__)
        if file is None:
            return
        try:
            with open(file, "rb") as source:
                self.add(source.read())
        except OSError as error:
            raise Unknown from error
        self.all(value for value in vars(module).values() if isinstance(value, ModuleType))

    def foreign(self, thing: Any) -> None:
        """Adds a class or function of a package by its name, and what the package is."""
        if not isinstance(thing, type | FunctionType | BuiltinFunctionType):
            return self.value(thing)
        module = thing.__module__ or "builtins"
        self.add(module, thing.__qualname__)
        self.package(module)

    def package(self, module: str) -> None:
        """Adds the version and the files of the package of a module; those of the interpreter change with its version."""
        name = module.partition(".")[0]
        package = sys.modules.get(name)
        self.add(name, getattr(package, "__version__", None))
        file = getattr(package, "__file__", None)
        if file is not None and within(file, INSTALLED) and not of_interpreter(file):
            self.add(digest_of_files(file))

    def type(self, kind: type) -> None:
        """Adds a class: its base classes and all that it has."""
        self.add(kind.__module__, kind.__qualname__)
        self.home(kind.__module__)
        self.all(kind.__bases__)
        skipped = ("__dict__", "__weakref__", "__module__", "__firstlineno__", "__static_attributes__")
        for name, value in vars(kind).items():
            if name not in skipped and not name.startswith(("__abstractmethods", "_abc_")):
                self.add(name)
                self.visit(value)

    def function(self, function: FunctionType) -> None:
        """Adds a function: its code, and the values that its names stand for."""
        self.home(function.__module__)
        self.all([function.__defaults__, function.__kwdefaults__, getattr(function, "__wrapped__", None)])
        self.code(function.__code__, function.__globals__)
        try:
            self.all(cell.cell_contents for cell in function.__closure__ or ())
        except ValueError as error:
            raise Unknown from error

    def code(self, code: CodeType, names: Mapping[str, Any]) -> None:
        """Adds code, and what its global names stand for: modules that it imports itself among them."""
        self.add(code.co_code, code.co_names, code.co_varnames, code.co_freevars)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self.code(constant, names)
            else:
                self.visit(constant)
        found = {name: names.get(name, sys.modules.get(name)) for name in code.co_names}
        self.all(value for value in found.values() if value is not None)
        # What is taken out of a module that has no source to read.
        bare = [value for value in found.values() if isinstance(value, ModuleType) and unread(value)]
        for module in bare:
            self.all(vars(module)[name] for name in code.co_names if name in vars(module))

    def value(self, thing: Any) -> None:
        """Adds a value that is neither code nor plain."""
        self.add(type(thing).__qualname__)
        if isinstance(thing, tuple | list):
            self.all(thing)
        elif isinstance(thing, set | frozenset):
            self.add(sorted(alone(item) for item in thing))
        elif isinstance(thing, Mapping):
            self.all(thing.keys())
            self.all(thing.values())
        elif isinstance(thing, MethodType):
            self.all([thing.__func__, thing.__self__])
        elif isinstance(thing, staticmethod | classmethod):
            self.visit(thing.__func__)
        elif isinstance(thing, property):
            self.all([thing.fget, thing.fset, thing.fdel])
        elif isinstance(thing, cached_property):
            self.visit(thing.func)
        elif isinstance(thing, DESCRIPTORS):
            self.add(thing.__objclass__.__qualname__, thing.__name__)
        elif hasattr(thing, "cache_parameters") and hasattr(thing, "__wrapped__"):
            self.all([thing.cache_parameters(), thing.__wrapped__])
        elif isinstance(thing, partial):
            self.all([thing.func, thing.args, thing.keywords])
        elif type(thing).__module__ == "numpy" and hasattr(thing, "tobytes") and not thing.dtype.hasobject:
            self.add(str(thing.dtype), thing.shape, thing.tobytes())
        elif hasattr(thing, "__dict__") and not installed(type(thing).__module__):
            self.all([type(thing), vars(thing)])
        else:
            self.parts(thing)

    def parts(self, thing: Any) -> None:
        """Adds what a pickle would keep of a value: fields of dataclasses, enumerations, patterns, generic types, …"""
        try:
            theirs = copyreg.dispatch_table.get(type(thing))
            kept: Any = thing.__reduce_ex__(2) if theirs is None else theirs(thing)
        except Exception as error:
            raise Unknown(repr(type(thing))) from error
        if isinstance(kept, str):
            self.add(getattr(thing, "__module__", None), kept)
        else:
            self.all(list(part) if hasattr(part, "__next__") else part for part in kept)

    def home(self, name: str) -> None:
        """Adds the module of this name."""
        module = sys.modules.get(name)
        if module is not None:
            self.visit(module)


def alone(thing: Any) -> str:
    """A digest of one thing."""
    walk = Walk()
    walk.visit(thing)
    return walk.hash.hexdigest()


@cache
def digest_of_files(file: str) -> str:
    """A digest of the files of a package with this one at its top: sources by what is in them, all others by their size."""
    top = Path(file)
    files = sorted(top.parent.rglob("*")) if top.name == "__init__.py" else [top]
    found = hashlib.sha256()
    for path in files:
        if "__pycache__" in path.parts or not path.is_file():
            continue
        kept = path.read_bytes() if path.suffix == ".py" else str(path.stat().st_size).encode()
        found.update(f"{path.relative_to(top.parent).as_posix()}:{len(kept)}:".encode() + kept)
    return found.hexdigest()


def within(file: str, folders: tuple[str, ...]) -> bool:
    """Whether a file lies in one of these folders."""
    return os.path.join(os.path.dirname(file), "").startswith(folders)


def of_interpreter(file: str) -> bool:
    """Whether a file belongs to the interpreter: packages are installed below its folder."""
    return within(file, INTERPRETER) and "site-packages" not in file and "dist-packages" not in file


def unread(module: ModuleType) -> bool:
    """Whether a module is somebody's own, and in no file."""
    return getattr(module, "__file__", None) is None and not installed(module.__name__)


def installed(name: str | None) -> bool:
    """Whether a module belongs to the interpreter or to an installed package."""
    module = sys.modules.get(name or "")
    if module is None or name == "__main__":
        return False
    file = getattr(module, "__file__", None)
    return name in sys.builtin_module_names if file is None else within(file, INSTALLED)
