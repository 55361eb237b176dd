"""`reconciler schema`."""

from __future__ import annotations

import click

from reconciler.cli.options import option
from reconciler.render.formats.registry import PRINTED


@click.command("schema")
@click.argument("kind", type=click.Choice(("manifest", "project", "plan")))
@option("--format", "format_", type=click.Choice(PRINTED), default="json", help="Both are JSON.")
def command(kind: str, format_: str) -> int:
    """Print a JSON Schema (2020-12): of manifests, of the project file, or of plan files.

    \b
    Example:
      reconciler schema manifest > runner-manifest.schema.json
    """  # noqa: D301 - click reads the \b
    del format_
    from reconciler.cli.pipes import echo
    from reconciler.workflow.schema import schema

    echo(schema(kind))
    return 0
