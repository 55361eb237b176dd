"""`reconciler render`."""

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
    unlisted,
)


@click.command("render")
@paths_argument
@project_options
@option("--allow-empty", is_flag=True, help="Manifests may declare no runner at all.")
@option("--explain", metavar="KEY", help="Where every field, tag and header of one runner comes from.")
@unlisted(secrets_options)
@unlisted(connection_options)
@output_options
def command(**options: Any) -> int:
    """Show the effective manifests after merging. Offline: secrets stay references.

    \b
    Example:
      reconciler render -e production
      reconciler render --explain prod-a100-1
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.outputs import check_reports, put
    from reconciler.cli.wiring import open_ports, selection_of
    from reconciler.model.results import Effective, Explained
    from reconciler.workflow.offline import effective_runners, explained

    check_reports(options, Explained if options["explain"] else Effective)
    with open_ports(options) as ports:
        if options["explain"]:
            put(options, explained(selection_of(options), ports, options["explain"]))
        else:
            put(options, effective_runners(selection_of(options), ports))
    return 0
