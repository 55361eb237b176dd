"""`reconciler list`."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import (
    connection_options,
    option,
    output_options,
    paths_argument,
    project_options,
    secrets_options,
)


@click.command("list")
@paths_argument
@project_options
@secrets_options
@option("--coverage", is_flag=True, help="Which tag sets are served, and by which runners.")
@connection_options
@output_options
def command(**options: Any) -> int:
    """List the live runners; where manifests are found, which are managed, drifted, unmanaged.

    Needs neither manifests nor secrets.

    \b
    Example:
      reconciler list
      reconciler list --coverage
      reconciler list --format json > live.json
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.outputs import check_reports, put
    from reconciler.cli.wiring import open_ports, selection_of
    from reconciler.model.results import Listed, Served
    from reconciler.planning.serving.served import served_sets
    from reconciler.workflow.listing import list_live

    check_reports(options, Served if options["coverage"] else Listed)
    with open_ports(options) as ports:
        listed = list_live(selection_of(options), ports)
    if options["coverage"]:
        sets = ((tags, tuple(names)) for tags, names in served_sets(listed.listing.runners))
        put(options, Served(tuple(sets), listed.sandbox))
    else:
        put(options, listed)
    return 0
