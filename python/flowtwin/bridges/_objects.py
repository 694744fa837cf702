"""Objects of a user's own Python files."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

from flowtwin.instrument import Fault

__all__ = ["object_of"]


def object_of(name: str, words: list[str]) -> Any:
    """The object ``FILE.py:NAME`` or ``MODULE:NAME``; if it is a function, what it returns for these words."""
    where, colon, attribute = name.rpartition(":")
    if not colon:
        raise Fault("refused", detail=f"{name!r} is not FILE.py:NAME or MODULE:NAME")
    if where.endswith(".py"):
        spec = importlib.util.spec_from_file_location("flowtwin_bridge_devices", where)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(where)
    if not hasattr(module, attribute):
        raise Fault("refused", detail=f"{where} has no {attribute!r}")
    found = getattr(module, attribute)
    return found(*words) if callable(found) else found
