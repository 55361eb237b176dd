"""Documents as JSON: one document, one line for every action, finding or runner, hidden characters escaped.

One line an entry keeps a large plan readable and greppable, and lets the encoder written in C do the work.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from reconciler.errors import ReconcilerError
from reconciler.model.plan import Plan
from reconciler.model.results import Applied, Checks, Effective, Explained, Exported, Listed, Served, Validity
from reconciler.planfile.document import error_document, plan_document, report_document
from reconciler.render import escape
from reconciler.render.views import checks, effective, exported, runners, validity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reconciler.render.formats.registry import View, Views

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _view(document: Callable[[Any], Mapping[str, Any]]) -> View:
    return lambda result, _layout: document_lines(document(result))


VIEWS: Final[Views] = {
    Plan: _view(plan_document),
    Applied: _view(lambda done: report_document(done.report) | {"sandbox": done.plan.sandbox}),
    Validity: _view(validity.document),
    Checks: _view(checks.document),
    Listed: _view(runners.document),
    Served: _view(runners.served_document),
    Exported: _view(exported.document),
    Effective: _view(effective.document),
    Explained: _view(effective.explained_document),
    ReconcilerError: _view(error_document),
}


def render_document(document: Mapping[str, Any]) -> str:
    """Any document of the product, keys in their order, with a line end after it."""
    return "".join(document_lines(document))


def document_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the same in pieces, so that a large document streams."""
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
