"""`reconciler doctor`."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import connection_options, output_options, project_options


@click.command("doctor")
@project_options
@connection_options
@output_options
def command(**options: Any) -> int:
    """Check token, tier, address, clock, limit and project file, and say what to do about each.

    \b
    Example:
      reconciler doctor
      reconciler doctor -e production
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.outputs import check_reports, put
    from reconciler.cli.wiring import open_ports, selection_of
    from reconciler.render.views.checks import render_checks
    from reconciler.workflow.doctor import FAIL, doctor

    check_reports(options)
    with open_ports(options) as ports:
        checks = doctor(selection_of(options), ports)
    put(options, lambda form, **_: render_checks(checks, form))
    return 1 if any(check.status == FAIL for check in checks) else 0
