"""`reconciler watch`."""

from __future__ import annotations

import click

from reconciler.cli.groups import Connection, HeaderSecrets, Output, grouped
from reconciler.cli.options import (
    connection_options,
    log_options,
    option,
    parallelism_option,
    paths_argument,
    planning_options,
    project_options,
    secrets_options,
    verify_options,
)
from reconciler.model.scope import Scope


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
    "everyone",
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
@parallelism_option
@verify_options
@connection_options
@log_options
@grouped(scope=Scope, secrets=HeaderSecrets, connection=Connection, output=Output)
def command(
    *,
    paths: tuple[str, ...],
    scope: Scope,
    secrets: HeaderSecrets,
    connection: Connection,
    output: Output,
    interval: float | None,
    mode: str | None,
    suspend: bool | None,
    git: str | None,
    ref: str,
    listen: str | None,
    journal: str | None,
    parallelism: int,
    everyone: bool,
    once: bool,
    verify: bool,
) -> int:
    """Keep the runners in step with the manifests: plan, and in mode apply write, again and again.

    \b
    Example:
      reconciler watch --mode apply --git https://git.example.com/fleet.git --ref main
      reconciler watch --once
    """  # noqa: D301 - click reads the \b
    import os
    from dataclasses import replace

    from reconciler.adapters.service import SANDBOX_URL
    from reconciler.adapters.signals import catch_hangups
    from reconciler.cli.header_secrets import Refill
    from reconciler.cli.wiring import open_reconciler
    from reconciler.model.watching import Mode, Overrides
    from reconciler.settings import DEFAULT_API_URL
    from reconciler.watch.notify import VARIABLE
    from reconciler.watch.start import Watch, watch

    refill = Refill(secrets, os.environ)
    quiet = replace(output, quiet=True)  # a bar would write over the lines of the log
    opened = open_reconciler(connection, quiet, secrets, journal=journal, cycles=True)
    with opened as reconciler, catch_hangups() as hangups:
        asked = Watch(
            overrides=Overrides(interval_s=interval, mode=Mode(mode) if mode else None, suspend=suspend),
            parallelism=parallelism,
            verify=verify,
            api_url=SANDBOX_URL if connection.sandbox else connection.api_url or DEFAULT_API_URL,
            hangup=hangups.take,
            reload=lambda ports: replace(ports, secrets=refill.secrets()),
            listening=say_where,
            git=git,
            ref=ref,
            listen=listen,
            once=once,
            probe=everyone,
            notify_url=os.environ.pop(VARIABLE, ""),
            insecure_http=connection.insecure_http,
        )
        return watch(reconciler.select(paths, scope), reconciler.ports, asked)


def say_where(url: str, local: bool) -> None:
    """Log where the status is."""
    import logging

    log = logging.getLogger("reconciler.watch")
    log.info("the status is at %s/", url)
    if not local:
        log.warning("other machines can reach the status, and it asks for no login")
