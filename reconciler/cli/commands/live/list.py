"""`reconciler list`."""

from __future__ import annotations

from typing import Any

import click

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
def command(**options: Any) -> int:
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
    from reconciler.cli.wiring import open_ports, selection_of
    from reconciler.model.enums import Standing
    from reconciler.model.results import Listed, Served
    from reconciler.planning.serving.served import served
    from reconciler.workflow.listing import Choice, list_live

    check_reports(options, Served if options["coverage"] else Listed)
    with open_ports(options) as ports:
        standings = [standing for standing in (Standing.DRIFTED, Standing.UNMANAGED) if options[standing]]
        choice = Choice(tuple(options["statuses"]), tuple(options["tags"]), tuple(standings))
        listed = list_live(selection_of(options), ports, choice, coverage=options["coverage"], probe=options["probe"])
    put(options, served(listed) if options["coverage"] else listed)
    return 0
