"""A saved `list --format json`, to plan against without a token; header values are not in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from reconciler.api.wire import decode_page
from reconciler.errors import BadAnswer, ReconcilerError
from reconciler.files import read_file
from reconciler.model.fields.headers import Headers, fold
from reconciler.model.runner import Listing
from reconciler.model.secret import REDACTED, Unresolved
from reconciler.planfile.strict_json import read_object

if TYPE_CHECKING:
    from reconciler.model.runner import LiveRunner

_FORMAT: Final = re.compile(r"1\.(?:0|[1-9][0-9]{0,8})")
"""Any minor version of ours: readers pass over what a later one adds."""
_LEFT_OUT: Final = {"user_id": "", "created_at": "", "updated_at": ""}
"""What a plan can do without."""


class SnapshotError(ReconcilerError):
    """A file that is no output of `list --format json`."""

    code: ClassVar[str] = "snapshot"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The runners as they were; the listing's `read_at` says when, `api_url` where."""

    listing: Listing
    api_url: str


def read_snapshot(path: str) -> Snapshot:
    """Read one. Raises SnapshotError."""
    document = _document(path)
    if document.get("filtered"):
        raise SnapshotError(f"{path}: it lists some runners only; list them all: `reconciler list --format json`")
    runners = document.get("runners")
    if not isinstance(runners, list):
        raise SnapshotError(f"{path}: no list of runners in it; write it with `reconciler list --format json`")
    facts = {name: document.get(name) for name in ("read_at", "api_url")}
    for name, fact in facts.items():
        if not isinstance(fact, str):
            raise SnapshotError(f"{path}: {name}: expected a string; write it with `reconciler list --format json`")
    shown = frozenset(fold(name) for each in runners if isinstance(each, dict) for name in _names(each.get("headers")))
    try:
        rows = [_LEFT_OUT | each if isinstance(each, dict) else each for each in runners]
        page = decode_page(json.dumps({"runners": rows, "total": len(rows)}).encode(), shown)
    except BadAnswer as exc:
        raise SnapshotError(f"{path}: {exc}") from exc
    listing = Listing(tuple(map(_forget, page.runners)), str(facts["read_at"]), 0)
    return Snapshot(listing, str(facts["api_url"]))


def _document(path: str) -> dict[str, Any]:
    document = read_object(read_file(path, error=SnapshotError), path, what="saved list", error=SnapshotError)
    version = document.get("format_version")
    if not isinstance(version, str) or not _FORMAT.fullmatch(version):
        raise SnapshotError(f"{path}: no list of format 1; write it with `reconciler list --format json`")
    return document


def _names(headers: Any) -> list[str]:
    return list(headers) if isinstance(headers, dict) else []


def _forget(runner: LiveRunner) -> LiveRunner:
    """A value that the list hid is not known; one that it shows is public."""
    read = runner.spec.headers.items()
    headers = Headers({name: Unresolved(REDACTED) if value == REDACTED else value for name, value in read})
    return replace(runner, spec=runner.spec.replace(headers=headers))
