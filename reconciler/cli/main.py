"""The command group, which imports a command only when it is called, and the process's exit code."""

from __future__ import annotations

import importlib
import re
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from reconciler import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

_BEFORE: Final = re.compile(r"-[vq]+|--verbose|--quiet")
"""Options that every command about runners has, and that people type before it."""
COMMANDS: Final = {
    "init": "Write a project file, a first manifest and CI.",
    "validate": "Check manifests offline, without a token.",
    "render": "Show the effective manifests after merging.",
    "plan": "Show what apply would change; cannot write.",
    "apply": "Bring the live runners to what the manifests say.",
    "show": "Show a saved plan.",
    "watch": "Keep the live runners in step, again and again.",
    "operator": "The same for Kubernetes resources.",
    "list": "List the live runners.",
    "export": "Write the live runners as manifests.",
    "comment": "Post a saved plan to a pull or merge request.",
    "schema": "Print a JSON Schema.",
    "sandbox": "Serve the embedded API emulator.",
    "demo": "See the whole story on the embedded sandbox.",
    "doctor": "Check token, address, clock, limit and project file.",
    "completion": "Print a shell completion script.",
}
"""Every command with its line of help, in the order in which they are listed. One module a command."""

LIVE: Final = frozenset({"plan", "apply", "watch", "operator", "list", "export", "comment", "doctor"})
"""The commands that talk to the service or to a forge; their modules have a room of their own."""


class Commands(click.Group):
    """The commands of COMMANDS, each loaded from its own module when it is needed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Hand `-v` and `-q` before the command on to it: `reconciler -v plan` is `reconciler plan -v`."""
        count = next((number for number, word in enumerate(args) if not _BEFORE.fullmatch(word)), len(args))
        before, rest = args[:count], args[count:]
        if before and rest and rest[0] in COMMANDS:
            args = [rest[0], *before, *rest[1:]]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of COMMANDS."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None where there is none."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        room = "live" if cmd_name in LIVE else "local"
        module = importlib.import_module(f"reconciler.cli.commands.{room}.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names; a usage error that suggests the nearest where there is none."""
        word = args[0]
        if word not in COMMANDS and not word.startswith("-"):
            from reconciler.text.suggestions import nearest

            near = nearest(word, COMMANDS)
            hint = f" Did you mean {near!r}?" if near else ""
            raise click.UsageError(f"No such command {word!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Every command with its line, without loading any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reconciler", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Keeps ComfyControl runners as declared in YAML: plan, review, apply.

    \b
    Example:
      reconciler plan                      what would change
      reconciler apply                     change it, after a look and a yes
      reconciler demo                      the whole story, without an account
    """  # noqa: D301 - click reads the \b
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code and never raises but for a second interrupt."""
    try:
        result: Any = cli.main(args=list(arguments), prog_name="reconciler", standalone_mode=False)
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except SystemExit:  # click's end of a command whose reader has gone: nothing went wrong
        return 0
    except (Exception, KeyboardInterrupt) as exc:  # noqa: BLE001 - the outermost layer: every error gets its exit code
        from reconciler.cli.errors import report_failure

        return report_failure(exc, arguments)
    return result if isinstance(result, int) else 0


def run() -> NoReturn:
    """The `reconciler` command: run it and leave with its exit code."""
    from reconciler.cli.pipes import close_quietly, escape_unencodable

    escape_unencodable()
    code = main(sys.argv[1:])
    close_quietly()
    sys.exit(code)
