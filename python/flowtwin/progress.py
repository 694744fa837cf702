"""How a campaign goes: a line that renews itself, in terminals and in notebooks."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["watching"]

Told = Callable[..., object]


def line(number: int, total: int, phase: str) -> str:
    """A bar and where the campaign is."""
    width = 24
    done = width * number // max(total, 1)
    return f"[{'━' * done}{'─' * (width - done)}] {number}/{total} {phase}"


def notebook() -> Any:
    """The display of a notebook, if this is one."""
    shell = sys.modules.get("IPython")
    here = None if shell is None else shell.get_ipython()
    if here is None or here.__class__.__name__ != "ZMQInteractiveShell":
        return None
    from IPython import display

    return display


@contextlib.contextmanager
def watching(progress: bool | Told) -> Iterator[Told | None]:
    """What is told of each experiment; None if nobody wants to know."""
    if progress is False or progress is None:
        yield None
    elif callable(progress):
        yield progress
    elif (display := notebook()) is not None:
        shown = display.display({"text/plain": ""}, raw=True, display_id=True)
        yield lambda number, total, phase, _seen: shown.update({"text/plain": line(number, total, phase)}, raw=True)
    else:
        yield from terminal()


def terminal() -> Iterator[Told]:
    """A line on standard error; where that is no terminal, one line for each phase."""
    renews = sys.stderr.isatty()
    last = [""]

    def tell(number: int, total: int, phase: str, _seen: object) -> None:
        if renews:
            print(f"\r\x1b[2K{line(number, total, phase)}", end="", file=sys.stderr, flush=True)
        elif phase != last[0]:
            print(f"{number}/{total} {phase}", file=sys.stderr, flush=True)
        last[0] = phase

    yield tell
    if renews and last[0]:
        print(file=sys.stderr)
