"""Workflow commands: lines that an Actions runner reads out of a step's log (GitHub Docs, Workflow commands)."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from reconciler.model.enums import Severity
from reconciler.render import escape, wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.finding import Finding
    from reconciler.model.position import Position, Problem

MAX_ANNOTATIONS: Final = 10
"""Of each level and step; GitHub drops what comes after."""

_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning"}


def command(name: str, message: str, at: Position | None = None, title: str = "") -> str:
    """Return one command line; nothing in it can end the line, close the command or start another."""
    facts = {}
    if at is not None:
        facts = {"file": at.file, "line": str(at.line), "col": str(at.column)}
    if title:
        facts["title"] = title
    properties = ",".join(f"{key}={_property(value)}" for key, value in facts.items())
    return f"::{name}{' ' if properties else ''}{properties}::{_data(message)}"


def mask(value: str) -> str:
    """Return the command that hides a value, and each of its lines, in all that the job logs from here on."""
    return f"::add-mask::{_escaped(value)}"


def problem_annotations(problems: Sequence[Problem], folder: str = "") -> list[str]:
    """Return an error at each place at fault, within the limit. Places are seen from `folder`."""
    return _within(
        "error", [command("error", each.message, _seen_from(folder, each.at), "manifest") for each in problems]
    )


def finding_annotations(findings: Iterable[Finding], folder: str = "") -> list[str]:
    """Findings at their manifest lines, worst first, each level within the limit; accepted ones are notices."""
    levels: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    for finding in wording.worst_first(findings):
        if finding.severity == Severity.OFF:
            continue
        level = "notice" if finding.accepted else _LEVELS.get(finding.severity, "notice")
        levels[level].append(command(level, finding.message, _seen_from(folder, finding.at), finding.code))
    return [line for level, lines in levels.items() for line in _within(level, lines)]


def _seen_from(folder: str, at: Position | None) -> Position | None:
    return at and at._replace(file=posixpath.normpath(posixpath.join(folder.replace("\\", "/"), at.file)))


def _within(level: str, lines: list[str]) -> list[str]:
    if len(lines) <= MAX_ANNOTATIONS:
        return lines
    kept = lines[: MAX_ANNOTATIONS - 1]
    return [*kept, command(level, f"{len(lines) - len(kept)} more; the step summary and the log have all of them")]


def _data(text: str) -> str:
    return _escaped(escape.text(text))


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
