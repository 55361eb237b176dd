"""`reconciler init`."""

from __future__ import annotations

import click

from reconciler.cli.options import option
from reconciler.cli.values import FolderName
from reconciler.render.formats.registry import PRINTED


@click.command("init")
@click.argument("folder", metavar="[DIR]", default=".", type=FolderName())
@option("--ci", type=click.Choice(("github", "gitlab", "none")), help="Which CI to write; default: what the remote is.")
@option("--requirement", metavar="TEXT", help="What CI installs, for pip; default: the copy that runs now.")
@option("--format", "format_", type=click.Choice(PRINTED), default="text", show_default=True, help="json, or lines.")
def command(folder: str, ci: str | None, requirement: str | None, format_: str) -> int:
    """Write a project file, a first manifest, the editor schemas, .gitignore lines and CI. Overwrites nothing.

    Workflows go to the root of the repository and work in DIR, for the default branch, with a job for each environment
    of a project file that is there already.

    \b
    Example:
      reconciler init
      reconciler init fleets/a --ci github --requirement 'comfycontrol-reconciler==0.1.0'
    """  # noqa: D301 - click reads the \b
    import sys
    from pathlib import Path

    from reconciler.adapters.installed import find_requirement
    from reconciler.cli.pipes import echo, note
    from reconciler.render import escape
    from reconciler.render.formats.json import render_document
    from reconciler.workflow.init import init

    advice = ""
    if requirement is None and ci != "none":
        installed = find_requirement()
        requirement, advice = installed.requirement, installed.advice
        if requirement is None and sys.stdin.isatty():
            note(f"what CI shall install is not known: {escape.text(advice)}")
            requirement = (
                click.prompt("Requirement (empty: set it later)", default="", show_default=False, err=True) or None
            )
    start = init(Path(folder), ci=ci, requirement=requirement)
    if format_ == "json":
        files = [{"path": each.path, "how": each.how} for each in start.files]
        echo(render_document({"format_version": "1.0", "files": files, "notes": list(start.notes)}))
    else:
        for each in start.files:
            echo(f"{each.how:<8} {escape.text(each.path)}")
    for left in start.notes:
        note(f"note: {escape.text(left)}")
        if advice and "requirement" in left:
            note(f"      {escape.text(advice)}")
    note("next: adopt what is live with `reconciler export --out runners`, or declare a runner in runners/first.yaml")
    return 0
