"""A test report that any CI reads: one case a runner and one a finding, as JUnit's XML.

A finding that refuses is a failure, an accepted one is skipped, any other passes with its message as output; an action
fails when it was not applied, and is skipped when it was not attempted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.errors import ManifestError, ReconcilerError
from reconciler.model.enums import OutcomeStatus, Severity
from reconciler.model.plan import Plan
from reconciler.model.results import Applied, Validity
from reconciler.render import escape, wording
from reconciler.render.formats.layout import seen_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.finding import Finding
    from reconciler.model.position import Position
    from reconciler.model.report import Report
    from reconciler.render.formats.layout import Layout
    from reconciler.render.formats.registry import Views

FAILED: Final = "failure"
SKIPPED: Final = "skipped"
PASSED: Final = "system-out"
_INVALID: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no document of XML 1.0 may hold, not even as a reference."""


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    result: str = PASSED
    message: str = ""
    at: Position | None = None

    def lines(self, suite: str, folder: str) -> Iterator[str]:
        file = f" file={_quoted(seen_from(folder, self.at.file))}" if self.at else ""
        head = f'    <testcase name={_quoted(self.name)} classname={_quoted(suite)}{file} time="0"'
        if not self.message and self.result == PASSED:
            yield f"{head}/>\n"
            return
        place = f"{self.at}: " if self.at else ""
        said = _escaped(place + self.message)
        message = "" if self.result == PASSED else f" message={_quoted(self.message)}"
        kind = f" type={_quoted(self.name.partition(' ')[0])}" if self.result == FAILED else ""
        body = f">{said}</{self.result}>" if self.result != SKIPPED else "/>"
        yield f"{head}>\n      <{self.result}{message}{kind}{body}\n    </testcase>\n"


def _document(layout: Layout, suites: Iterable[tuple[str, Iterable[_Case]]]) -> Iterator[str]:
    known = [(name, list(cases)) for name, cases in suites]
    every = [case for _, cases in known for case in cases]
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="reconciler" {_counts(every)}>\n'
    for name, cases in known:
        skipped = sum(case.result == SKIPPED for case in cases)
        yield f'  <testsuite name={_quoted(name)} {_counts(cases)} skipped="{skipped}">\n'
        for case in cases:
            yield from case.lines(name, layout.folder)
        yield "  </testsuite>\n"
    yield "</testsuites>\n"


def _counts(cases: list[_Case]) -> str:
    return f'tests="{len(cases)}" failures="{sum(case.result == FAILED for case in cases)}" errors="0" time="0"'


def _findings(found: Iterable[Finding]) -> Iterator[_Case]:
    for each in wording.worst_first(found):
        if each.severity != Severity.OFF:
            result = FAILED if each.refuses else SKIPPED if each.accepted else PASSED
            yield _Case(f"{each.code} {each.key}" if each.key else each.code, result, each.message, each.at)


def _planned(plan: Plan, layout: Layout) -> Iterator[str]:
    cases = (
        _Case(
            f"{action.key}: {action.action}",
            PASSED,
            ", ".join(str(change.field) for change in action.changes),
            action.at,
        )
        for action in plan.actions
    )
    return _document(layout, [("runners", cases), ("findings", _findings(plan.findings))])


def _applied(done: Applied, layout: Layout) -> Iterator[str]:
    return _document(
        layout, [("runners", _outcomes(done.report, done.plan)), ("findings", _findings(done.plan.findings))]
    )


def _outcomes(report: Report, plan: Plan) -> Iterator[_Case]:
    places = {action.key: action.at for action in plan.actions}
    for each in report.outcomes:
        result = {OutcomeStatus.APPLIED: PASSED, OutcomeStatus.NOT_ATTEMPTED: SKIPPED}.get(each.status, FAILED)
        message = f"{each.status}: {each.error.message}" if each.error else str(each.status)
        yield _Case(f"{each.key}: {each.action}", result, message, places.get(each.key))


def _checked(valid: Validity, layout: Layout) -> Iterator[str]:
    suites: list[tuple[str, Iterable[_Case]]] = []
    for each in valid.environments:
        where = f" of {each.environment}" if each.environment else ""
        suites.append((f"runners{where}", [_Case(key) for key in each.keys]))
        suites.append((f"findings{where}", _findings(each.findings)))
    return _document(layout, suites)


def _wrong(error: ReconcilerError, layout: Layout) -> Iterator[str]:
    if isinstance(error, ManifestError):
        cases = [_Case(f"manifest {each.at}", FAILED, each.message, each.at) for each in error.problems]
        return _document(layout, [("manifests", cases)])
    return _document(layout, [("reconciler", [_Case(error.code, FAILED, str(error))])])


def _quoted(raw: str) -> str:
    return '"' + _escaped(raw).replace('"', "&quot;") + '"'


def _escaped(raw: str) -> str:
    shown = _INVALID.sub(lambda found: f"\\u{ord(found[0]):04x}", escape.text(raw))
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


VIEWS: Final[Views] = {
    Plan: _planned,
    Applied: _applied,
    Validity: _checked,
    ReconcilerError: _wrong,
}
