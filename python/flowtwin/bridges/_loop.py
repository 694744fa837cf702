"""An event loop for what must be awaited, from whichever thread."""

from __future__ import annotations

import asyncio
import inspect
import threading
from typing import Any

__all__ = ["Loop"]


class Loop:
    """Awaits one thing at a time: a thread that stops a pump waits until a reading is there."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()

    def done(self, answer: Any) -> Any:
        """What a call has returned, awaited where it must be."""
        if not inspect.isawaitable(answer):
            return answer
        with self._lock:
            return self._loop.run_until_complete(answer)
