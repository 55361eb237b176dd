"""Problems and findings at their lines, for GitLab's merge requests (GitLab Docs, Code Quality, report format)."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from reconciler.errors import ManifestError, ReconcilerError
from reconciler.model.enums import Severity
from reconciler.model.plan import Plan
from reconciler.model.results import Applied, Validity
from reconciler.render import escape, wording
from reconciler.render.formats.layout import seen_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.finding import Finding
    from reconciler.model.position import Position
    from reconciler.render.formats.layout import Layout
    from reconciler.render.formats.registry import Views

PLACELESS: Final = "reconciler.yaml"
"""Where a finding about the whole fleet is put: the widget needs a file, and this one has the rules."""

_SEVERITIES: Final = {Severity.ERROR: "critical", Severity.WARNING: "minor"}


class _Entries:
    """The report's list. A fingerprint leaves the line out, so that GitLab knows an issue again after an edit above."""

    def __init__(self, layout: Layout) -> None:
        self._folder = layout.folder
        self._seen: dict[str, int] = {}

    def entry(self, name: str, about: str, severity: str, message: str, at: Position | None) -> dict[str, Any]:
        path = seen_from(self._folder, at.file if at else PLACELESS)
        return {
            "description": escape.text(f"{about}: {message}" if about else message),
            "check_name": name,
            "fingerprint": self._fingerprint(name, about, path, message),
            "severity": severity,
            "location": {"path": escape.text(path), "lines": {"begin": max(1, at.line) if at else 1}},
        }

    def _fingerprint(self, *facts: str) -> str:
        """Of what is found where; what is found there again gets another one."""
        digest = hashlib.sha256("\0".join(facts).encode("utf-8", "surrogatepass"))
        again = self._seen[digest.hexdigest()] = self._seen.get(digest.hexdigest(), 0) + 1
        if again > 1:
            digest.update(f"\0{again}".encode())
        return digest.hexdigest()


def _findings(found: Iterable[Finding], entries: _Entries) -> Iterator[dict[str, Any]]:
    for each in wording.worst_first(found):
        if each.severity != Severity.OFF:
            severity = "info" if each.accepted else _SEVERITIES.get(each.severity, "info")
            yield entries.entry(each.code, each.key or "", severity, each.message, each.at)


def _checked(valid: Validity, layout: Layout) -> Iterator[str]:
    entries = _Entries(layout)
    return _listed(entry for each in valid.environments for entry in _findings(each.findings, entries))


def _problems(error: ReconcilerError, layout: Layout) -> Iterator[str]:
    entries = _Entries(layout)
    if isinstance(error, ManifestError):
        return _listed(entries.entry("manifest", "", "blocker", each.message, each.at) for each in error.problems)
    return _listed([entries.entry(error.code, "", "blocker", str(error), None)])


def _listed(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    lines = [escape.json_text(json.dumps(each)) for each in entries]
    yield "[\n " + ",\n ".join(lines) + "\n]\n" if lines else "[]\n"


VIEWS: Final[Views] = {
    Plan: lambda plan, layout: _listed(_findings(plan.findings, _Entries(layout))),
    Applied: lambda done, layout: _listed(_findings(done.plan.findings, _Entries(layout))),
    Validity: _checked,
    ReconcilerError: _problems,
}
