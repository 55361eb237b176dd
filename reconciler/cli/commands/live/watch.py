"""`reconciler watch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import (
    connection_options,
    log_options,
    option,
    paths_argument,
    planning_options,
    project_options,
    secrets_options,
)

if TYPE_CHECKING:
    from reconciler.watch.start import Watch


@click.command("watch")
@paths_argument
@project_options
@secrets_options
@planning_options
@option(
    "--interval",
    type=click.FloatRange(min=0.1, max=86400),
    metavar="SECONDS",
    help="From one cycle's start to the next's; default: the project file's, else 60.",
)
@option(
    "--mode",
    type=click.Choice(("report", "apply")),
    help="Plan and report, or write too; default: the project file's, else report.",
)
@option("--suspend/--no-suspend", is_flag=True, default=None, help="Plan and report, but write nothing.")
@option("--git", metavar="URL", help="Read the manifests of a git remote, from a bare clone of its own.")
@option("--ref", metavar="NAME", default="HEAD", show_default=True, help="The branch or tag for --git.")
@option(
    "--probe/--no-probe",
    is_flag=True,
    default=True,
    show_default=True,
    help="Ask every active runner's endpoint, or only where status is auto.",
)
@option("--once", is_flag=True, help="One cycle, without serving the status.")
@option(
    "--listen",
    metavar="HOST:PORT",
    help="Where the status is served, `off` for nowhere; default: 127.0.0.1:9090, if that is free.",
)
@option("--token-file", metavar="FILE", help="Read the API token from FILE, again in each cycle.")
@option("--parallelism", type=click.IntRange(1, 8), default=4, show_default=True, metavar="N", help="Writes at once.")
@option(
    "--verify",
    type=click.Choice(("list", "answer")),
    default="list",
    show_default=True,
    help="After writes, read one more list; or trust each write's own answer.",
)
@option("--journal", metavar="FILE", help="Append a JSON line per intent and per outcome.")
@connection_options
@log_options
def command(**options: Any) -> int:
    """Keep the runners in step with the manifests: plan, and in mode apply write, again and again.

    \b
    Example:
      reconciler watch --mode apply --git https://git.example.com/fleet.git --ref main
      reconciler watch --once
    """  # noqa: D301 - click reads the \b
    import os

    from reconciler.adapters.signals import catch_hangups
    from reconciler.apply.journal import open_journal
    from reconciler.cli.header_secrets import Refill
    from reconciler.cli.wiring import open_ports, selection_of
    from reconciler.watch.start import watch

    refill = Refill(options, os.environ)
    quiet = {**options, "quiet": True, "log_cycles": True}  # a bar would write over the lines of the log
    with open_ports(quiet) as ports, catch_hangups() as hangups, open_journal(options["journal"]) as journal:
        return watch(selection_of(options), ports, _asked(options, journal, hangups.take, refill))


def _asked(options: dict[str, Any], journal: Any, hangup: Any, refill: Any) -> Watch:
    import os
    from dataclasses import replace

    from reconciler.adapters.service import SANDBOX_URL
    from reconciler.model.watching import Mode
    from reconciler.settings import DEFAULT_API_URL
    from reconciler.watch.cycle import Overrides
    from reconciler.watch.notify import VARIABLE
    from reconciler.watch.start import Watch
    from reconciler.workflow.apply import Writing

    return Watch(
        overrides=Overrides(
            interval_s=options["interval"],
            mode=Mode(options["mode"]) if options["mode"] else None,
            suspend=options["suspend"],
        ),
        writing=Writing(journal=journal, parallelism=options["parallelism"], verify=options["verify"] == "list"),
        api_url=SANDBOX_URL if options["sandbox"] else options["api_url"] or DEFAULT_API_URL,
        hangup=hangup,
        reload=lambda ports: replace(ports, secrets=refill.secrets()),
        listening=_say_where,
        git=options["git"],
        ref=options["ref"],
        listen=options["listen"],
        once=options["once"],
        probe=options["probe"],
        notify_url=os.environ.pop(VARIABLE, ""),
        insecure_http=options["insecure_http"],
    )


def _say_where(url: str, local: bool) -> None:
    import logging

    log = logging.getLogger("reconciler.watch")
    log.info("the status is at %s/", url)
    if not local:
        log.warning("other machines can reach the status, and it asks for no login")
