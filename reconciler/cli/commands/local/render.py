"""`reconciler render`."""

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


@click.command("render")
@paths_argument
@project_options
@option("--allow-empty", is_flag=True, help="Manifests may declare no runner at all.")
@option("--explain", metavar="KEY", help="Where every field, tag and header of one runner comes from.")
@unlisted(secrets_options)
@unlisted(connection_options)
@output_options
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
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.outputs import check_reports, put
    from reconciler.cli.wiring import open_reconciler
    from reconciler.model.results import Effective, Explained

    check_reports(output, Explained if explain else Effective)
    with open_reconciler(connection, output, secrets) as reconciler:
        put(output, reconciler.explain(explain, *paths, **scope) if explain else reconciler.render(*paths, **scope))
    return 0
