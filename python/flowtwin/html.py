"""Pages inside the cells of a notebook."""

from __future__ import annotations

__all__ = ["framed"]


def framed(page: str, high: int) -> str:
    """A page in a frame ``high`` pixels high: with its own colours, dark or light as the reader has it."""
    from html import escape

    return f'<iframe srcdoc="{escape(page)}" sandbox="allow-scripts" style="width:100%;height:{high}px;border:0"></iframe>'
