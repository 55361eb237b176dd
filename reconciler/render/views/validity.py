"""What `validate` found to be well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.planfile.document import finding_document
from reconciler.render import escape, wording
from reconciler.render.formats.json import render_document
from reconciler.render.formats.layout import Layout
from reconciler.render.views.plan_text import finding_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.results import Valid


def render_valid(valid: Sequence[Valid], form: str) -> str:
    """One line an environment and its findings, or one document."""
    if form == "json":
        environments = [_document(each) for each in valid]
        return render_document({"format_version": "1.0", "valid": True, "environments": environments})
    if form == "html":
        from reconciler.render.views.html_page import render_lines

        return render_lines("Manifests are valid", [line for each in valid for line in (_line(each), *_said(each))])
    if form == "markdown":
        from reconciler.render.views.plan_markdown import finding_item

        return "".join(
            f"- {escape.markdown(_line(each))}\n" + "".join(f"  {finding_item(finding)}" for finding in each.findings)
            for each in valid
        )
    return "".join(f"{line}\n" for each in valid for line in _text(each, Layout()))


def _document(valid: Valid) -> dict[str, Any]:
    document: dict[str, Any] = {"environment": valid.environment, "runners": valid.runners, "files": list(valid.files)}
    if valid.findings:
        document["findings"] = [finding_document(each) for each in valid.findings]
    return document


def _text(valid: Valid, layout: Layout) -> Iterator[str]:
    yield escape.text(_line(valid))
    for finding in valid.findings:
        yield from finding_lines(finding, layout)


def _said(valid: Valid) -> Iterator[str]:
    for finding in valid.findings:
        about = f" {finding.key}" if finding.key else ""
        place = f" ({finding.at.file}:{finding.at.line})" if finding.at else ""
        accepted = "accepted " if finding.accepted else ""
        yield f"{accepted}{finding.severity} {finding.code}{about}{place}: {finding.message}"


def _line(valid: Valid) -> str:
    count = wording.plural(valid.runners, "runner")
    where = wording.plural(len(valid.files), "file")
    prefix = f"{valid.environment}: " if valid.environment else ""
    return f"{prefix}Valid. {count} in {where}."
