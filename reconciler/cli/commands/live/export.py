"""`reconciler export`."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import connection_options, option, output_options, project_options


@click.command("export")
@project_options
@option("--out", metavar="DIR", help="Write DIR/runners.yaml instead of stdout; overwrites nothing.")
@option("--split", is_flag=True, help="With --out: a file a runner, DIR/KEY.yaml.")
@option("--headers", is_flag=True, help="Declare headers too, their values as ${env:RECONCILER_…} references.")
@connection_options
@output_options
def command(**options: Any) -> int:
    """Write the live runners as manifests with ids, to adopt a fleet. A plan against them is "No changes".

    A runner that the manifests here declare already is not written again.
    Headers are left unmanaged, their names in a comment, unless --headers is given.

    \b
    Example:
      reconciler export --out runners
      reconciler export --out runners --split --target "lab-*"
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.outputs import check_reports, put
    from reconciler.cli.pipes import note
    from reconciler.cli.wiring import open_ports, selection_of
    from reconciler.errors import UsageProblem
    from reconciler.model.results import Exported
    from reconciler.render.views.exported import file_text
    from reconciler.render.wording import plural
    from reconciler.workflow.export import export, write_export

    check_reports(options, Exported)
    if options["split"] and not options["out"]:
        raise UsageProblem("--split writes a file a runner: say where with --out DIR")
    with open_ports(options) as ports:
        exported = export(
            selection_of(options), ports, headers=options["headers"], out=options["out"], split=options["split"]
        )
    say = (lambda _line: None) if options["quiet"] else note
    if options["out"]:
        files = {name: file_text(text, exported.sandbox) for name, text in exported.files.items()}
        for path in write_export(files, options["out"]):
            say(f"wrote {path}")
    if not options["out"] or options["format_"] == "json":
        put(options, exported)
    if exported.declared:
        say(f"{plural(exported.declared, 'runner is', 'runners are')} declared already, and not written again")
    for line in exported.left_out:
        note(f"left out: {line}")
    if exported.variables:
        say("set these before a plan:")
        for variable in exported.variables:
            say(f"  {variable}")
    return 0
