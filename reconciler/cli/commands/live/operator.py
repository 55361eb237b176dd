"""`reconciler operator`."""

from __future__ import annotations

import click

from reconciler.cli.commands.live.operator_manifests import command as manifests


@click.group("operator", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> int:
    """Keep the runners in step with Account and Runner resources of a Kubernetes cluster.

    \b
    Example:
      reconciler operator
      reconciler operator manifests
    """  # noqa: D301 - click reads the \b
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
    return 0


command.add_command(manifests)
