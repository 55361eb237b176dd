"""`reconciler comment`."""

from __future__ import annotations

import os

import click

from reconciler.cli.options import option
from reconciler.cli.values import FileName
from reconciler.render.formats.registry import PRINTED


@click.command("comment")
@click.argument("planfile", metavar="PLANFILE", type=FileName())
@option("--repository", metavar="OWNER/NAME", help="Default: GITHUB_REPOSITORY; on GitLab, CI_PROJECT_ID.")
@option("--number", type=click.IntRange(min=1), metavar="N", help="The pull or merge request; default: the run's.")
@option("--author", metavar="LOGIN", help="Who the token is: a login, or an app's name; default: the forge is asked.")
@option("--issue", is_flag=True, help="Keep the one drift issue instead: opened, updated, closed.")
@option(
    "--max-size",
    type=click.IntRange(1000, 1_000_000),
    default=60000,
    show_default=True,
    metavar="N",
    help="Characters.",
)
@option(
    "--format", "format_", type=click.Choice(PRINTED), default="text", show_default=True, help="The result's format."
)
def command(
    planfile: str,
    repository: str | None,
    number: int | None,
    author: str | None,
    *,
    issue: bool,
    max_size: int,
    format_: str,
) -> int:
    """Post a saved plan as the one comment of a pull or merge request and environment, or update it.

    Takes GITHUB_TOKEN, GITHUB_API_URL and the event of the run, in Gitea and Forgejo too; in GitLab CI, GITLAB_TOKEN (a
    token with scope api) and the variables of the pipeline. Only a comment with our hidden marker and of our
    own author is ever edited, and an older run never overwrites what a newer one wrote. Each project of a repository
    and each environment has a comment of its own.

    \b
    Example:
      reconciler comment production.plan
      reconciler comment production.plan --repository example/fleet --number 7
    """  # noqa: D301 - click reads the \b
    from reconciler.adapters.clock import SystemClock
    from reconciler.adapters.signals import watch_signals
    from reconciler.cli.actions import current_step
    from reconciler.cli.pipes import echo
    from reconciler.render.formats.json import render_document
    from reconciler.workflow.comment import Commenting, comment

    where = Commenting(repository=repository, number=number, author=author, issue=issue, max_size=max_size)
    with watch_signals() as stop:
        said = comment(planfile, where, os.environ, SystemClock(stop), current_step())
    echo(render_document({"format_version": "1.0", "result": said}) if format_ == "json" else said)
    return 0
