"""`reconciler export`."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import connection_options, option, output_options, project_options


@click.command("export")
@project_options
@option("--out", metavar="DIR", help="Write DIR/runners.yaml instead of stdout; overwrites nothing.")
@option("--headers", is_flag=True, help="Declare headers too, their values as ${env:RECONCILER_…} references.")
@connection_options
@output_options
def command(**options: Any) -> int:
    """Write the live runners as manifests with ids, to adopt a fleet. A plan against them is "No changes".

    Headers are left unmanaged, their names in a comment, unless --headers is given.

    \b
    Example:
      reconciler export --out runners
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.outputs import check_reports, put
    from reconciler.cli.pipes import note
    from reconciler.cli.wiring import open_ports, selection_of
    from reconciler.model.enums import Format
    from reconciler.model.results import Exported
    from reconciler.render.formats.registry import render
    from reconciler.workflow.listing import export, write_export

    check_reports(options, Exported)
    with open_ports(options) as ports:
        exported = export(selection_of(options), ports, headers=options["headers"])
    if options["out"]:
        written = write_export("".join(render(exported, Format.TEXT)), options["out"])
        if not options["quiet"]:
            note(f"wrote {written}")
    if not options["out"] or options["format_"] == "json":
        put(options, exported)
    for line in exported.left_out:
        note(f"left out: {line}")
    if exported.variables and not options["quiet"]:
        note("set these before a plan:")
        for variable in exported.variables:
            note(f"  {variable}")
    return 0
