"""Scenarios: read, made, changed and checked."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from pathlib import Path
from typing import Any, Protocol, cast

from flowtwin import _flowtwin
from flowtwin._flowtwin import Observation, Space

__all__ = ["Scenario", "Table"]


def plain(value: object) -> object:
    """A value as JSON has it; numbers and arrays of numpy become plain ones."""
    if isinstance(value, Table | Tables):
        return value._there()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    for name in ("tolist", "item"):
        convert = getattr(value, name, None)
        if callable(convert):
            return convert()
    raise TypeError(f"{type(value).__name__} cannot be part of a scenario: {value!r}")


def without_none(value: Any) -> Any:
    """The same without keys that are None: TOML has no such value, and a key that is left out is none."""
    if isinstance(value, Mapping):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple | Tables):
        return [without_none(item) for item in value]
    return value


def toml_of(values: Mapping[str, Any]) -> str:
    """The TOML text of these values."""
    text = json.dumps(without_none(values), default=plain, allow_nan=False)
    return _flowtwin.toml_of(text)


def of_file(value: Any) -> Any:
    """A value as a file has it, a copy; what cannot be part of one is refused."""
    return json.loads(json.dumps(value, default=plain, allow_nan=False))


class Changed(Protocol):
    """Is told of changes."""

    def _changed(self) -> None: ...


def seen(root: Changed, value: Any, known: Any) -> Any:
    """A value of a file such that changes of it are told; `known` has its defaults."""
    if isinstance(value, dict):
        return Table(root, value, known if isinstance(known, dict) else {})
    if isinstance(value, list):
        return Tables(root, value, known if isinstance(known, list) else [])
    return value


class Table(MutableMapping[str, Any]):
    """A table of a scenario: its keys are attributes and items alike.

    Reading a key that the file leaves out gives its default. Setting one changes the scenario, which is checked when it is used
    next, or by :meth:`Scenario.check`.
    """

    __slots__ = ("_defaults", "_root", "_values")
    _values: dict[str, Any]
    _defaults: Mapping[str, Any]
    _root: Changed

    def __init__(self, root: Changed, values: dict[str, Any], defaults: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_root", root)
        object.__setattr__(self, "_values", values)
        object.__setattr__(self, "_defaults", defaults)

    def _there(self) -> dict[str, Any]:
        """Its keys in the file, at this moment."""
        return self._values

    def __getitem__(self, key: str) -> Any:
        known = self._defaults.get(key)
        if key in self._there():
            return seen(self._root, self._there()[key], known)
        if key not in self._defaults:
            raise KeyError(key)
        # A table or an array that the file leaves out: what is changed in it has to be kept.
        if isinstance(known, dict):
            return _Absent(self, key, known)
        return _AbsentTables(self, key, known) if isinstance(known, list) else known

    def __setitem__(self, key: str, value: Any) -> None:
        self._put(key, of_file(value))

    def _put(self, key: str, value: Any) -> None:
        self._there()[key] = value
        self._root._changed()

    def __delitem__(self, key: str) -> None:
        del self._there()[key]
        self._root._changed()

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._there(), *self._defaults]))

    def __len__(self) -> int:
        return len(dict.fromkeys([*self._there(), *self._defaults]))

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        try:
            return self[key]
        except KeyError:
            known = ", ".join(self)
            raise AttributeError(f"there is no key {key}, only {known}") from None

    def __setattr__(self, key: str, value: Any) -> None:
        self[key] = value

    def __delattr__(self, key: str) -> None:
        try:
            del self[key]
        except KeyError:
            raise AttributeError(key) from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]

    def __repr__(self) -> str:
        return repr(dict(self))


class _Absent(Table):
    """A table that the file leaves out, until something in it is set. Several of them for one table see the same."""

    __slots__ = ("_key", "_parent")
    _parent: Table
    _key: str

    def __init__(self, parent: Table, key: str, defaults: Mapping[str, Any]) -> None:
        super().__init__(parent._root, {}, defaults)
        object.__setattr__(self, "_parent", parent)
        object.__setattr__(self, "_key", key)

    def _there(self) -> dict[str, Any]:
        there = self._parent._there().get(self._key)
        return there if isinstance(there, dict) else self._values

    def _put(self, key: str, value: Any) -> None:
        if not isinstance(self._parent._there().get(self._key), dict):
            self._parent._put(self._key, {})
        super()._put(key, value)


class Tables(MutableSequence[Any]):
    """An array of a scenario. It is changed as a list is, and what is changed in it, or in its tables, changes the scenario."""

    __slots__ = ("_known", "_root", "_values")

    def __init__(self, root: Changed, values: list[Any], known: list[Any]) -> None:
        self._root = root
        self._values = values
        self._known = known

    def _there(self) -> list[Any]:
        """Its entries in the file, at this moment."""
        return self._values

    def _seen(self, place: int) -> Any:
        there = self._there()
        value = there[place]
        if not isinstance(value, dict | list):
            return value
        # What was added, or moved, has no defaults before the scenario is looked at again.
        known = self._known[place] if len(self._known) == len(there) else None
        return seen(self._root, value, known)

    def _to_change(self) -> list[Any]:
        """Its entries, which are about to be changed."""
        return self._there()

    def _moved(self) -> None:
        self._known = []
        self._root._changed()

    def __len__(self) -> int:
        return len(self._there())

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self._seen(each) for each in range(len(self))[place]]
        return self._seen(place)

    def __setitem__(self, place: Any, value: Any) -> None:
        kept = of_file(list(value) if isinstance(place, slice) else value)
        self._to_change()[place] = kept
        self._moved()

    def __delitem__(self, place: Any) -> None:
        del self._to_change()[place]
        self._moved()

    def insert(self, index: int, value: Any) -> None:
        """Puts an entry before this place."""
        kept = of_file(value)
        self._to_change().insert(index, kept)
        self._moved()

    def sort(self, *, key: Callable[[Any], Any] | None = None, reverse: bool = False) -> None:
        """Puts the entries in order; ``key`` sees each as it is seen here."""
        places = range(len(self))
        order = sorted(places, key=lambda place: self._seen(place) if key is None else key(self._seen(place)), reverse=reverse)
        there = self._to_change()
        there[:] = [there[place] for place in order]
        self._moved()

    def copy(self) -> list[Any]:
        """A list of the entries. The tables among them are still those of the scenario."""
        return list(self)

    def __add__(self, other: Iterable[Any]) -> list[Any]:
        return [*self, *other]

    def __radd__(self, other: Iterable[Any]) -> list[Any]:
        return [*other, *self]

    def __mul__(self, times: int) -> list[Any]:
        return list(self) * times

    __rmul__ = __mul__

    def __imul__(self, times: int) -> Tables:
        self[:] = list(self) * times
        return self

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, list | tuple | Tables) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))


class _AbsentTables(Tables):
    """An array that the file leaves out, until something in it is changed. Several of them for one array see the same."""

    __slots__ = ("_key", "_parent")

    def __init__(self, parent: Table, key: str, known: list[Any]) -> None:
        super().__init__(self, known, known)
        self._parent = parent
        self._key = key

    def _there(self) -> list[Any]:
        there = self._parent._there().get(self._key)
        return there if isinstance(there, list) else self._values

    def _to_change(self) -> list[Any]:
        self._changed()
        return self._there()

    def _changed(self) -> None:
        if isinstance(self._parent._there().get(self._key), list):
            self._parent._root._changed()
        else:
            self._parent._put(self._key, self._values)


class Scenario:
    """A rig, its chemistry, how experiments are done, what may be chosen, and a campaign.

    A scenario is read with :meth:`load`, or made from a text or a dictionary. Its keys are attributes, such as
    ``scenario.phases[0].experiments = 5``; `every key`_ has its unit, range and default. It is checked when it is made, and
    again, after a change, when it is used.

    .. _every key: docs/scenario-keys.md
    """

    __slots__ = ("_checked", "_known", "_path", "_tree")

    def __init__(self, text: str, *, path: str | os.PathLike[str] = "scenario.toml") -> None:
        """Makes a scenario of the text of a file.

        Args:
            text: TOML.
            path: The file that the text stands for. It need not be there; what the text names beside it (``extends``, tables of
                data) is looked for in its folder.

        Raises:
            ScenarioError: The first thing that is wrong, with file, line and caret.
        """
        self._path = Path(path)
        self._known: dict[str, Any] | None = None
        self._checked: _flowtwin.Checked | None
        self._checked, values = _flowtwin.Checked.read(text, self._path)
        self._tree: dict[str, Any] = json.loads(values)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Scenario:
        """Reads and checks a scenario file.

        Raises:
            ScenarioError: The first thing that is wrong, with file, line and caret.
        """
        scenario = cls.__new__(cls)
        scenario._path, scenario._known = Path(path), None
        scenario._checked, values = _flowtwin.Checked.load(scenario._path)
        scenario._tree = json.loads(values)
        return scenario

    @classmethod
    def example(cls, name: str = "dye") -> Scenario:
        """A scenario that comes with the package.

        Args:
            name: ``"dye"`` (two dyes, the quickest), ``"paper"`` (the reference rig), ``"plain"`` (a small reactor, every block with a
                comment), ``"coil"``, ``"slugs"``, ``"hplc"``, ``"ester"``, ``"two-stage"``,
                ``"quantum-dots"`` or ``"gas-liquid"``: those of ``flowtwin init --rig``.

        Raises:
            ValueError: If there is no such example; the text names them all.
        """
        return cls(_flowtwin.example(name), path=f"{name}.toml")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, path: str | os.PathLike[str] = "scenario.toml") -> Scenario:
        """Makes a scenario of nested dictionaries with the keys of a scenario file.

        Raises:
            ScenarioError: The first thing that is wrong; its line is that of :meth:`to_toml`.
            TypeError, ValueError: If a value cannot be part of a file.
        """
        return cls(toml_of(values), path=path)

    def _changed(self) -> None:
        self._checked = self._known = None

    @property
    def _core(self) -> _flowtwin.Checked:
        if self._checked is None:
            self._checked, _ = _flowtwin.Checked.read(toml_of(self._tree), self._path)
        return self._checked

    def check(self) -> list[str]:
        """Checks the scenario and returns what else is to be said of it.

        Raises:
            ScenarioError: The first thing that is wrong.
        """
        return self._core.notes

    def to_toml(self) -> str:
        """The text of a file of this scenario, in one piece: what it extended is part of it."""
        return toml_of(self._tree)

    def to_dict(self) -> dict[str, Any]:
        """The keys of :meth:`to_toml` as nested dictionaries, a copy."""
        return copy.deepcopy(self._tree)

    def definition(self) -> dict[str, Any]:
        """All keys with every default filled in, as journals record them."""
        return cast("dict[str, Any]", json.loads(self._core.definition()))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes :meth:`to_toml` to a file.

        Raises:
            ScenarioError: If the scenario is not valid; nothing is written then.
            OSError: If the file cannot be written.
        """
        self.check()
        Path(path).write_text(self.to_toml(), encoding="utf-8")

    def copy(self) -> Scenario:
        """The same scenario, to be changed by itself."""
        other = type(self).__new__(type(self))
        other._path, other._checked, other._known = self._path, self._checked, None
        other._tree = copy.deepcopy(self._tree)
        return other

    @property
    def space(self) -> Space:
        """What may be chosen, as policies see it."""
        return self._core.space

    @property
    def units(self) -> dict[str, str]:
        """Units of the features that an experiment yields, by name."""
        return dict(self._core.features)

    def score(self, observation: Observation) -> float | None:
        """What an observation is worth by the objective, more being better; None where it failed, or several things are
        wanted."""
        return self._core.score(observation)

    @property
    def sha256(self) -> str:
        """SHA-256 of the definition, as journals have it [hexadecimal]."""
        return self._core.sha256

    @property
    def keys(self) -> Table:
        """The keys as a table: for those that are named like a method, such as ``scenario.keys["space"]``."""
        # One for all who ask until something changes: two of them may change an array that the file leaves out.
        if self._known is None:
            try:
                self._known = self.definition()
            except ValueError:
                # It is being changed, and not right yet.
                return Table(self, self._tree, {})
        return Table(self, self._tree, self._known)

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        return getattr(self.keys, key)

    def __setattr__(self, key: str, value: Any) -> None:
        if key.startswith("_"):
            object.__setattr__(self, key, value)
        elif isinstance(getattr(type(self), key, None), property) or key in dir(type(self)):
            raise AttributeError(f'{key} is not a key to set here; write scenario.keys["{key}"]')
        else:
            setattr(self.keys, key, value)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._tree]

    def __eq__(self, other: object) -> bool:
        return self._tree == other._tree if isinstance(other, Scenario) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __deepcopy__(self, memo: dict[int, Any]) -> Scenario:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        return (_unpickled, (toml_of(self._tree), os.fspath(self._path)))

    def _repr_html_(self) -> str:
        return _flowtwin.framed(self._core.page(), 560)

    def __repr__(self) -> str:
        return f"Scenario({self._tree.get('name')!r}, {len(self._tree.get('phases', []))} phases)"


def _unpickled(text: str, path: str) -> Scenario:
    return Scenario(text, path=path)
