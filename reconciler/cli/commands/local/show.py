"""`reconciler show`."""

from __future__ import annotations

import click

from reconciler.cli.groups import Output, grouped
from reconciler.cli.options import expand_option, output_options
from reconciler.cli.values import FileName


@click.command("show")
@click.argument("planfile", metavar="PLANFILE", type=FileName())
@output_options
@expand_option
@grouped(output=Output)
def command(planfile: str, output: Output) -> int:
    """Show a saved plan, in any format. Needs no token; only apply checks the signature.

    \b
    Example:
      reconciler show production.plan
      reconciler show production.plan --format markdown
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.outputs import check_reports, put
    from reconciler.model.plan import Plan
    from reconciler.workflow.saved import show

    check_reports(output, Plan)
    put(output, show(planfile))
    return 0
