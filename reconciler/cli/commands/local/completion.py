"""`reconciler completion`."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> int:
    """Print the completion script of a shell.

    \b
    Example:
      eval "$(reconciler completion bash)"
      reconciler completion fish > ~/.config/fish/completions/reconciler.fish
    """  # noqa: D301 - click reads the \b
    from click.shell_completion import get_completion_class

    from reconciler.cli.main import cli
    from reconciler.cli.pipes import echo

    kind = get_completion_class(shell)
    assert kind is not None, shell  # noqa: S101 - the choice above admits only shells that click knows
    echo(kind(cli, {}, "reconciler", "_RECONCILER_COMPLETE").source())
    return 0
