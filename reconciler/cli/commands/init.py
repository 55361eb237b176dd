"""`reconciler init`."""

from __future__ import annotations

import click

from reconciler.cli.options import FORMATS, option
from reconciler.cli.values import FolderName


@click.command("init")
@click.argument("folder", metavar="[DIR]", default=".", type=FolderName())
@option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True, help="json, or lines.")
def command(folder: str, format_: str) -> int:
    """Write a project file, a first manifest, the editor schemas, .gitignore lines and GitHub workflows.

    Overwrites nothing.

    \b
    Example:
      reconciler init
      reconciler export --out runners
    """  # noqa: D301 - click reads the \b
    from pathlib import Path

    from reconciler.cli.pipes import echo, note
    from reconciler.render.formats.json import render_document
    from reconciler.workflow.init import init

    started = init(Path(folder))
    if format_ == "json":
        files = [{"path": each.path, "how": each.how} for each in started]
        echo(render_document({"format_version": "1.0", "files": files}))
        return 0
    for each in started:
        echo(f"{each.how:<8} {each.path}")
    note("next: adopt what is live with `reconciler export --out runners`, or declare a runner in runners/first.yaml")
    return 0
