"""What can go wrong, as exceptions. Their text is that of the command line."""

from __future__ import annotations


__all__ = [
    "ConditionsError",
    "Fault",
    "FlowtwinError",
    "PolicyError",
    "ScenarioError",
]


class FlowtwinError(Exception):
    """Anything that flowtwin could not do."""


class ScenarioError(FlowtwinError, ValueError):
    """A scenario, or a file of data, cannot be used.

    The text names file and line and has a caret under the place, as the command line prints it.

    Attributes:
        file: The file as it was named; None where the complaint has no place.
        line: Line, counted from 1.
        column: Column in characters, counted from 1.
        hint: What would be right, if that is known.
    """

    def __init__(
        self,
        message: str,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, file, line, column, hint)
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class ConditionsError(FlowtwinError, ValueError):
    """Conditions cannot be set: an input is unknown, missing or out of range, or a constraint does not hold."""


class PolicyError(FlowtwinError, RuntimeError):
    """A policy has no proposal. If it was written in Python, its own exception is the cause (``__cause__``)."""


class Fault(FlowtwinError, RuntimeError):
    """Something went wrong in the lab, which is safe unless the fault says that it is not (``kind`` is ``not_safe``).

    A failed experiment is no exception but an observation whose ``fault`` is one of these.

    Attributes:
        at_s: When, in lab time [s].
        origin: The instrument or layer that reports it.
        kind: What, in one word, such as ``stalled``.
    """

    def __init__(
        self,
        message: str,
        at_s: float = 0.0,
        origin: str = "",
        kind: str = "",
    ) -> None:
        super().__init__(message, at_s, origin, kind)
        self.message = message
        self.at_s = at_s
        self.origin = origin
        self.kind = kind

    def __str__(self) -> str:
        return self.message
