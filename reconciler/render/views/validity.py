"""What `validate` found to be well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.planfile.document import finding_document
from reconciler.render import escape, wording
from reconciler.render.blocks import Lines
from reconciler.render.views import groups
from reconciler.render.views.plan_markdown import finding_item
from reconciler.render.views.plan_text import finding_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.results import Valid, Validity
    from reconciler.render.formats.layout import Layout


def document(valid: Validity) -> dict[str, Any]:
    """Return every environment with its findings."""
    environments = [_document(each) for each in valid.environments]
    return {"format_version": "1.0", "valid": True, "environments": environments}


def lines(valid: Validity) -> Lines:
    """Return one line an environment and a line a finding."""
    said = (line for each in valid.environments for line in (_line(each), *_said(each)))
    return Lines("Manifests are valid", tuple(said))


def text_lines(valid: Validity, layout: Layout) -> Iterator[str]:
    """Yield one line an environment, each finding below it as a plan shows it."""
    for each in valid.environments:
        yield escape.text(_line(each))
        for block in groups.findings(each.findings, expand=layout.expand):
            yield from finding_lines(block, layout)


def markdown_lines(valid: Validity, layout: Layout) -> Iterator[str]:
    """Yield one item an environment, its findings below it."""
    for each in valid.environments:
        yield f"- {escape.markdown(_line(each))}\n"
        for block in groups.findings(each.findings, expand=layout.expand):
            yield f"  {finding_item(block)}"


def _document(valid: Valid) -> dict[str, Any]:
    document: dict[str, Any] = {"environment": valid.environment, "runners": valid.runners, "files": list(valid.files)}
    if valid.findings:
        document["findings"] = [finding_document(each) for each in valid.findings]
    return document


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
