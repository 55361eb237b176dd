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
    from reconciler.planning.serving.served import served_sets
    from reconciler.render.views.runners import render_coverage, render_runners
    from reconciler.workflow.listing import list_live

    check_reports(options)
    with open_ports(options) as ports:
        listed = list_live(selection_of(options), ports)
    if options["coverage"]:
        served = served_sets(listed.listing.runners)
        put(options, lambda form, **layout: render_coverage(served, form, sandbox=listed.sandbox, **layout))
    else:
        put(options, lambda form, **layout: render_runners(listed, form, **layout))
    return 0
