"""What `export` found: the manifest itself, or one document with what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.render import escape, wording
from reconciler.render.blocks import Source

if TYPE_CHECKING:
    from reconciler.model.results import Exported


def document(exported: Exported) -> dict[str, Any]:
    """The manifest's text, the variables it refers to, and what could not be written."""
    facts = {"variables": list(exported.variables), "left_out": list(exported.left_out)}
    return {"format_version": "1.0", "sandbox": exported.sandbox, "manifest": exported.text, **facts}


def source(exported: Exported) -> Source:
    """The manifest, with a comment where it comes from the emulator."""
    lines = tuple(exported.text.splitlines())
    if exported.sandbox is not None:
        lines = (f"# {wording.sandbox(exported.sandbox, escape.value)}", *lines)
    return Source("Exported manifest", lines)
