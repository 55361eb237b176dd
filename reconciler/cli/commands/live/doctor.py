"""`reconciler doctor`."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import connection_options, option, output_options, project_options


@click.command("doctor")
@project_options
@connection_options
@output_options
@option("--github-environment", metavar="NAME", help="Also check that this GitHub environment makes an apply wait.")
@option("--endpoint", metavar="KEY", help="Also ask the endpoint of this runner, once; a glob for several.")
def command(**options: Any) -> int:
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
    import os

    from reconciler.cli.outputs import check_reports, put
    from reconciler.cli.wiring import open_ports, selection_of
    from reconciler.model.results import Checks
    from reconciler.workflow.doctor import check_protection, doctor

    check_reports(options, Checks)
    with open_ports(options) as ports:
        environment = options["github_environment"]
        protection = [check_protection(environment, os.environ, ports.clock)] if environment else []
        checks = doctor(selection_of(options), ports, *protection, endpoint=options["endpoint"])
    put(options, checks)
    return 0 if checks.ok else 1
