"""`reconciler validate`."""

from __future__ import annotations

import click

from reconciler.cli.groups import Connection, HeaderSecrets, Output, grouped
from reconciler.cli.options import (
    connection_options,
    option,
    output_options,
    paths_argument,
    project_options,
    secrets_options,
    unlisted,
)
from reconciler.model.scope import Scope


@click.command("validate")
@paths_argument
@project_options
@option("--allow-empty", is_flag=True, help="Manifests may declare no runner at all.")
@unlisted(secrets_options)
@unlisted(connection_options)
@output_options
@grouped(scope=Scope, secrets=HeaderSecrets, connection=Connection, output=Output)
def command(
    paths: tuple[str, ...], scope: Scope, secrets: HeaderSecrets, connection: Connection, output: Output
) -> int:
    """Check manifests and project file offline: no token, no secret, no request.

    With environments and none picked, each of them is checked. Findings about the manifests alone are shown; one of
    severity error that is not accepted is exit 5.

    \b
    Example:
      reconciler validate
      reconciler validate -e staging runners/staging/gpu.yaml
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.outputs import check_reports, put, reporting_problems
    from reconciler.cli.pipes import note
    from reconciler.cli.wiring import open_reconciler
    from reconciler.errors import GuardRefused
    from reconciler.model.results import Validity
    from reconciler.planning.findings.severity import REMEDY, why_refused

    check_reports(output, Validity)
    with reporting_problems(output), open_reconciler(connection, output, secrets) as reconciler:
        valid = reconciler.validate(*paths, **scope)
    put(output, valid)
    why = why_refused(finding for each in valid.environments for finding in each.findings)
    if why and not output.quiet:
        note(f"refused: {why}; {REMEDY}")
    return GuardRefused.exit_code if why else 0
