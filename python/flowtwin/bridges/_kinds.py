"""An instrument that is of the kind that flowtwin asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flowtwin.instrument import Fault, Instrument

__all__ = ["AnyKind"]


class AnyKind:
    """Becomes an instrument of a kind at the first request, which names the kind; everything else goes to that instrument."""

    def __init__(self, kinds: Mapping[str, Callable[[], Instrument]]) -> None:
        self._kinds = kinds
        self._instrument: Instrument | None = None

    def identify(self, kind: str, bore_mm: float | None = None) -> Any:
        if kind not in self._kinds:
            raise Fault("refused", detail=f"this program drives a {' or a '.join(self._kinds)}, and no {kind}")
        if self._instrument is None or self._instrument.kind != kind:
            self._instrument = self._kinds[kind]()
        return self._instrument.identify(kind, bore_mm)

    def __getattr__(self, name: str) -> Any:
        if self._instrument is None and name == "limits":
            return {}
        return getattr(self._instrument, name)
