"""Runs a policy written in Python as a program outside: ``python -m flowtwin.outside MODULE:CLASS``.

It speaks the lines of JSON of docs/lab-protocol.md, so that the command line can run what :func:`flowtwin.run` runs, and both
write the same journal:

    flowtwin run scenario.toml --policy-command "Mine=python -m flowtwin.outside mine:Mine"
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

from flowtwin._flowtwin import Space
from flowtwin.policy import OwnPolicy

__all__ = ["command_of", "found", "serve"]


def name_of(factory: Callable[..., Any]) -> str:
    """A name for tables and files: that of the class."""
    name = getattr(factory, "__name__", type(factory).__name__)
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    return kept.strip("_") or "own"


def command_of(factory: Callable[..., Any]) -> str:
    """The command, with a name before it, that runs the same policy as a program: a journal records it."""
    module = getattr(factory, "__module__", None) or "__main__"
    qualname = getattr(factory, "__qualname__", type(factory).__qualname__)
    return f"{name_of(factory)}=python -m flowtwin.outside {module}:{qualname}"


def found(text: str) -> Callable[[Space, int], OwnPolicy]:
    """The class or function that ``MODULE:NAME`` names."""
    module, _, name = text.partition(":")
    if not module or not name:
        raise SystemExit(f"flowtwin.outside: `{text}` is no MODULE:CLASS")
    thing: Any = importlib.import_module(module)
    for part in name.split("."):
        thing = getattr(thing, part)
    return thing  # type: ignore[no-any-return]


def serve(factory: Callable[[Space, int], OwnPolicy], lines: TextIO, answers: TextIO) -> None:
    """Plays the optimiser until the lab is done."""
    policy: OwnPolicy | None = None
    several = False
    for line in lines:
        ((kind, said),) = json.loads(line).items()
        if kind == "space":
            policy = factory(Space.of_line(line), said["seed"])
            several = bool(said.get("objectives")) or bool(said.get("limits"))
        elif kind == "observation" and policy is not None:
            policy.tell(said["conditions"], said["features"] if several else said["outcome"])
        elif kind == "next" and policy is not None:
            (proposal,) = policy.ask(1)
            conditions = {name: getattr(value, "item", lambda value=value: value)() for name, value in proposal.items()}
            print(json.dumps({"experiment": {"conditions": conditions}}), file=answers, flush=True)
        elif kind == "error":
            raise SystemExit(f"flowtwin.outside: {said['problem']}")
        elif kind == "done":
            return


def main() -> None:
    """Runs the policy that the first argument names; what it prints goes to standard error."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m flowtwin.outside MODULE:CLASS")
    answers, sys.stdout = sys.stdout, sys.stderr
    sys.path.insert(0, os.getcwd())
    serve(found(sys.argv[1]), sys.stdin, answers)


if __name__ == "__main__":
    main()
