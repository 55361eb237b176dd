"""Closed sets of words that several rooms know."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """An output format. `render.formats.registry` maps each to its suffix and its module."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
