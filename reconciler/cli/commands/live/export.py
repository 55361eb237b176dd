"""`reconciler export`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.groups import Connection, Output, grouped
from reconciler.cli.options import KUBERNETES, connection_options, option, project_options, resource_output_options
from reconciler.model.scope import Scope

if TYPE_CHECKING:
    from reconciler.model.results import Exported


@click.command("export")
@project_options
@option("--out", metavar="DIR", help="Write DIR/runners.yaml instead of stdout; overwrites nothing.")
@option("--split", is_flag=True, help="With --out: a file a runner, DIR/KEY.yaml.")
@option(
    "--headers",
    is_flag=True,
    help="Declare headers too: values become references, ${env:RECONCILER_…}.",
)
@connection_options
@resource_output_options
@grouped(scope=Scope, connection=Connection, output=Output)
def command(
    scope: Scope, connection: Connection, output: Output, out: str | None, *, split: bool, headers: bool
) -> int:
    """Write the live runners as manifests with ids, to adopt a fleet. A plan against them is "No changes".

    A runner that the manifests here declare already is not written again.
    Headers are left unmanaged, their names in a comment, unless --headers is given.

    \b
    Example:
      reconciler export --out runners
      reconciler export --out runners --split --target "lab-*"
      reconciler export --format kubernetes > runners.yaml
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.outputs import check_reports, put
    from reconciler.cli.wiring import open_reconciler
    from reconciler.errors import UsageProblem
    from reconciler.model.results import Exported

    check_reports(output, Exported)
    if split and not out:
        raise UsageProblem("--split writes a file a runner: say where with --out DIR")
    as_resources = output.format_ == KUBERNETES
    if as_resources and out:
        raise UsageProblem(f"--format {KUBERNETES} writes to stdout: redirect it to a file, without --out")
    with open_reconciler(connection, output) as reconciler:
        exported = reconciler.export(headers=headers, out=out, split=split, **scope)
    if as_resources:
        from reconciler.cli.resources import put_resources
        from reconciler.operator.resources.write import write_exported

        put_resources(output, exported, write_exported(exported))
    elif not out or output.format_ == "json":
        put(output, exported)
    _say(exported, out, quiet=output.quiet, variables=not as_resources)
    return 0


def _say(exported: Exported, out: str | None, *, quiet: bool, variables: bool) -> None:
    """Say on stderr what was written, what was not, and with `variables` which are to be set."""
    from reconciler.cli.pipes import note
    from reconciler.render.wording import plural

    say = (lambda _line: None) if quiet else note
    for path in exported.written:
        say(f"wrote {path}")
    if out and not exported.written and not exported.declared:
        say("no runner to write; in a new account, begin with `reconciler init`")
    if exported.declared:
        say(f"{plural(exported.declared, 'runner is', 'runners are')} declared already, and not written again")
    for line in exported.left_out:
        note(f"left out: {line}")
    if variables and exported.variables:
        say("set these before a plan:")
        for variable in exported.variables:
            say(f"  {variable}")
