"""`reconciler doctor`."""

from __future__ import annotations

import click

from reconciler.cli.groups import Connection, Output, grouped
from reconciler.cli.options import connection_options, option, output_options, project_options
from reconciler.model.scope import Scope


@click.command("doctor")
@project_options
@connection_options
@output_options
@option("--github-environment", metavar="NAME", help="Also check that this GitHub environment makes an apply wait.")
@option("--endpoint", metavar="KEY", help="Also ask the endpoint of this runner, once; a glob for several.")
@grouped(scope=Scope, connection=Connection, output=Output)
def command(
    scope: Scope, connection: Connection, output: Output, github_environment: str | None, endpoint: str | None
) -> int:
    """Check token, tier, address, clock, limit and project file, and say what to do about each.

    With --github-environment, GITHUB_REPOSITORY and GITHUB_TOKEN (actions: read) it fails where that environment is
    not there or has no protection, so that an apply would not wait for approval.

    \b
    Example:
      reconciler doctor
      reconciler doctor -e production
      reconciler doctor --github-environment production
      reconciler doctor --endpoint prod-a100-1
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.outputs import check_reports, put
    from reconciler.cli.wiring import open_reconciler
    from reconciler.model.results import Checks

    check_reports(output, Checks)
    with open_reconciler(connection, output) as reconciler:
        checks = reconciler.doctor(endpoint=endpoint, github_environment=github_environment, **scope)
    put(output, checks)
    return 0 if checks.ok else 1
