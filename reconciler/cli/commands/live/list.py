"""`reconciler list`."""

from __future__ import annotations

import click

from reconciler.cli.groups import Connection, HeaderSecrets, Output, grouped
from reconciler.cli.options import (
    connection_options,
    demand_option,
    expand_option,
    option,
    output_options,
    paths_argument,
    project_options,
    secrets_options,
)
from reconciler.model.scope import ListScope


@click.command("list")
@paths_argument
@project_options
@secrets_options
@option("--status", "statuses", multiple=True, metavar="STATUS", help="Only runners of this status; repeatable: any.")
@option("--tag", "tags", multiple=True, metavar="TAG", help="Only runners with this tag; repeatable: all of them.")
@option("--drifted", is_flag=True, help="Only runners that differ from their manifest; with --unmanaged: these too.")
@option("--unmanaged", is_flag=True, help="Only runners that no manifest declares.")
@option("--coverage", is_flag=True, help="Which tag sets are served, and by which runners.")
@option("--probe", is_flag=True, help="Ask each endpoint once, and say whether a ComfyUI answers.")
@demand_option
@connection_options
@output_options
@expand_option
@grouped(choice=ListScope, secrets=HeaderSecrets, connection=Connection, output=Output)
def command(
    paths: tuple[str, ...],
    choice: ListScope,
    secrets: HeaderSecrets,
    connection: Connection,
    output: Output,
    *,
    coverage: bool,
) -> int:
    """List the live runners; where manifests are found, which are managed, drifted, unmanaged.

    Needs neither manifests nor secrets. A list that a terminal can't hold shows runners alike together.

    \b
    Example:
      reconciler list
      reconciler list --coverage --demand
      reconciler list --status disabled --tag gpu
      reconciler list --target "prod-*" --drifted
      reconciler list --format json > live.json
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.outputs import check_reports, put
    from reconciler.cli.wiring import open_reconciler
    from reconciler.model.results import Listed, Served

    check_reports(output, Served if coverage else Listed)
    with open_reconciler(connection, output, secrets) as reconciler:
        listed = reconciler.coverage(*paths, **choice) if coverage else reconciler.list(*paths, **choice)
    put(output, listed)
    return 0
