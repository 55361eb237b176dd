"""Documents as JSON: one document, one line for every action, finding or runner, hidden characters escaped.

One line an entry keeps a large plan readable and greppable, and lets the encoder written in C do the work.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reconciler.planfile import document as documents
from reconciler.render import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.errors import ReconcilerError
    from reconciler.model.plan import Plan
    from reconciler.model.report import Report

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def render_plan(plan: Plan) -> str:
    """The contract's plan document."""
    return render_document(documents.plan_document(plan))


def report_lines(report: Report, plan: Plan) -> Iterator[str]:
    """The outcomes of an apply, and the emulator's file when that was talked to, in pieces."""
    return document_lines(documents.report_document(report) | {"sandbox": plan.sandbox})


def render_error(error: ReconcilerError) -> str:
    """An error, with the plan where the contract says so."""
    return render_document(documents.error_document(error))


def render_document(document: Mapping[str, Any]) -> str:
    """Any document of the product, keys in their order, with a line end after it."""
    return "".join(document_lines(document))


def document_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """The same in pieces, so that a large document streams."""
    for number, piece in enumerate(_members(document, 0)):
        yield ("," if number else "{") + "\n " + piece
    yield "\n}\n" if document else "{}\n"


def _members(document: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name, held in document.items():
        lead = f"{_shown(name)}: "
        blank = " " * (depth + 1)
        if isinstance(held, list) and held and isinstance(held[0], dict):
            yield lead + "[\n" + ",\n".join(f"{blank} {_shown(entry)}" for entry in held) + f"\n{blank}]"
        elif isinstance(held, dict) and depth == 0 and name == "plan":
            inner = f",\n{blank} ".join(_members(held, depth + 1))
            yield f"{lead}{{\n{blank} {inner}\n{blank}}}"
        else:
            yield lead + _shown(held)


def _shown(held: Any) -> str:
    return escape.json_text(_encode(held))
