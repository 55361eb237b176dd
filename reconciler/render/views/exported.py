"""What `export` found: the manifest itself, or one document with what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.render import escape, wording
from reconciler.render.blocks import Source

if TYPE_CHECKING:
    from reconciler.model.results import Exported


def document(exported: Exported) -> dict[str, Any]:
    """Return the manifest's text, the variables it refers to, and what could not be written."""
    facts = {"variables": list(exported.variables), "left_out": list(exported.left_out), "declared": exported.declared}
    return {"format_version": "1.0", "sandbox": exported.sandbox, "manifest": exported.text, **facts}


def source(exported: Exported) -> Source:
    """Return the manifest, with a comment where it comes from the emulator."""
    return Source("Exported manifest", tuple(file_text(exported.text, exported.sandbox).splitlines()))


def file_text(manifest: str, sandbox: str | None) -> str:
    """Return a manifest, with a comment where it comes from the emulator."""
    return manifest if sandbox is None else f"# {wording.sandbox(sandbox, escape.value)}\n{manifest}"
