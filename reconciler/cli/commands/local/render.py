"""`reconciler render`."""

from __future__ import annotations

import click

from reconciler.cli.groups import Connection, HeaderSecrets, Output, grouped
from reconciler.cli.options import (
    KUBERNETES,
    connection_options,
    option,
    paths_argument,
    project_options,
    resource_output_options,
    secrets_options,
    unlisted,
)
from reconciler.model.scope import Scope


@click.command("render")
@paths_argument
@project_options
@option("--allow-empty", is_flag=True, help="Manifests may declare no runner at all.")
@option("--explain", metavar="KEY", help="Where every field, tag and header of one runner comes from.")
@unlisted(secrets_options)
@unlisted(connection_options)
@resource_output_options
@grouped(scope=Scope, secrets=HeaderSecrets, connection=Connection, output=Output)
def command(
    paths: tuple[str, ...],
    scope: Scope,
    secrets: HeaderSecrets,
    connection: Connection,
    output: Output,
    explain: str | None,
) -> int:
    """Show the effective manifests after merging. Offline: secrets stay references.

    \b
    Example:
      reconciler render -e production
      reconciler render --explain prod-a100-1
      reconciler render --format kubernetes > fleet.yaml
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.outputs import check_reports, put
    from reconciler.cli.wiring import open_reconciler
    from reconciler.errors import UsageProblem
    from reconciler.model.results import Effective, Explained

    check_reports(output, Explained if explain else Effective)
    if explain and output.format_ == KUBERNETES:
        raise UsageProblem(f"--explain writes no resources: leave out --format {KUBERNETES}")
    with open_reconciler(connection, output, secrets) as reconciler:
        if output.format_ == KUBERNETES:
            from reconciler.cli.resources import put_resources
            from reconciler.operator.resources.write import write_effective

            effective = reconciler.render(*paths, **scope)
            put_resources(output, effective, write_effective(effective))
        else:
            put(output, reconciler.explain(explain, *paths, **scope) if explain else reconciler.render(*paths, **scope))
    return 0
