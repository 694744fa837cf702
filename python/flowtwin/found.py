"""What studies find."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, cast

from flowtwin import _flowtwin
from flowtwin._flowtwin import Frame

__all__ = ["Found", "Shadow"]


class Found:
    """What a study found."""

    __slots__ = ("_found",)

    def __init__(self, found: _flowtwin.Found) -> None:
        self._found = found

    def report(self, path: str | os.PathLike[str] | None = None) -> str:
        """The page; with a ``path`` it is written there too."""
        if path is not None:
            Path(path).write_text(self._found.page, encoding="utf-8")
        return self._found.page

    def _repr_html_(self) -> str:
        return _flowtwin.framed(self._found.page, 720)

    def __str__(self) -> str:
        return self._found.text


class Shadow(Found):
    """What a calibrated scenario beside a run has seen: is the rig as it was?"""

    __slots__ = ()

    @property
    def result(self) -> dict[str, Any]:
        """The object of ``shadow.json``: ``experiments``, ``hours``, ``scatter``, ``alarms``, ``features``."""
        return cast("dict[str, Any]", json.loads(self._found.json))

    @property
    def alarms(self) -> list[dict[str, Any]]:
        """What has moved, and when: ``experiment``, ``since``, ``slow``, and the ``causes`` with their probabilities."""
        return cast("list[dict[str, Any]]", self.result["alarms"])

    @property
    def table(self) -> Frame:
        """A row for each feature of each experiment: what was measured, what was expected, and the difference in standard
        deviations."""
        table = self._found.table
        assert table is not None
        return table

    def __repr__(self) -> str:
        return f"Shadow({self.result['experiments']} experiments, {len(self.alarms)} alarms)"
