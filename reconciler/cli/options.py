"""The options that commands share. Every one can be given as RECONCILER_<OPTION>; a flag beats the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from reconciler.cli.values import (
    Count,
    FileName,
    FileNames,
    FolderName,
    Limit,
    Number,
    Text,
    Words,
    acknowledgements,
    variables,
)
from reconciler.model.enums import Format
from reconciler.render.formats.registry import PRINTED, SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = TypeVar("Command", bound=Callable[..., object])


def option(*names: str, **attributes: Any) -> Callable[[Command], Command]:
    """`click.option` whose environment variable is RECONCILER_ and the long name in upper snake case.

    A metavar FILE, PATH or DIR makes it a path, which shells complete.
    """
    long = next(name for name in names if name.startswith("--")).partition("/")[0]
    variable = "RECONCILER_" + long.removeprefix("--").replace("-", "_").upper()
    attributes.setdefault("envvar", variable)
    several, metavar = attributes.get("multiple"), attributes.get("metavar")
    if metavar in ("FILE", "PATH"):
        attributes.setdefault("type", FileNames() if several else FileName())
    elif metavar == "DIR":
        attributes.setdefault("type", FolderName())
    elif several:
        attributes.setdefault("type", Words())
    elif not attributes.get("is_flag") and not attributes.get("count"):
        attributes.setdefault("type", Text())
    return click.option(*names, **attributes)


def _all(*decorators: Callable[[Any], Any]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for each in reversed(decorators):
            command = each(command)
        return command

    return decorate


def unlisted(options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """The same options, taken but left out of the help: one wrapper's options fit every command."""

    def decorate(command: Command) -> Command:
        before = len(getattr(command, "__click_params__", ()))
        command = options(command)
        for each in getattr(command, "__click_params__", ())[before:]:
            each.hidden = True
        return command

    return decorate


project_options = _all(
    option("-e", "--env", "environment", metavar="NAME", help="The environment of the project file."),
    option("--project", metavar="PATH", help="The project file; default: reconciler.yaml or .yml, if it is there."),
    option(
        "--var",
        "variables",
        multiple=True,
        metavar="NAME=VALUE",
        callback=variables,
        help="A variable for ${var:NAME}; repeatable.",
    ),
    option("--target", "targets", multiple=True, metavar="KEY", help="Only these runners, globs; repeatable."),
)

connection_options = _all(
    option(
        "--api-url",
        metavar="URL",
        envvar=["RECONCILER_API_URL", "COMFYCONTROL_API_URL"],
        help="The service's address; default: https://api.comfycontrol.app.",
    ),
    option("--insecure-http", is_flag=True, help="Allow plain http to an address that is not loopback."),
    option("--sandbox", metavar="FILE", help="Talk to the embedded emulator, its state in FILE: no token, no network."),
    option("--rate-limit", type=Limit(), metavar="N/SECONDS", help="Requests in any so many seconds; default: 40/10."),
    option(
        "--timeout",
        "timeout_s",
        type=Number(min=0.1, max=3600),
        metavar="SECONDS",
        help="Wait for an answer; default: 30.",
    ),
)

log_options = _all(
    option(
        "-v",
        "--verbose",
        count=True,
        type=Count(min=0),
        help="Log every request to stderr; -vv: what libraries log too.",
    ),
    option(
        "--log-format", type=click.Choice(("text", "json")), default="text", show_default=True, help="How logs look."
    ),
)


def _output_options(*more: str) -> Callable[[Command], Command]:
    """What stdout and reports get; `more` are formats that only some commands have."""
    return _all(
        option(
            "--format",
            "format_",
            type=click.Choice((*PRINTED, *more)),
            default=Format.TEXT.value,
            show_default=True,
            help="What stdout gets.",
        ),
        option(
            "--report",
            "reports",
            multiple=True,
            metavar="FILE",
            help=f"Also write FILE: {' '.join(SUFFIXES)}; repeatable.",
        ),
        option("-q", "--quiet", is_flag=True, help="No progress and no notes."),
        log_options,
        option("--no-color", is_flag=True, help="No colours; NO_COLOR and FORCE_COLOR are honoured."),
    )


output_options = _output_options()

KUBERNETES: Final = "kubernetes"
"""The format of resources for `operator`."""
resource_output_options = _output_options(KUBERNETES)

demand_option = option(
    "--demand",
    type=click.IntRange(min=0),
    is_flag=False,
    flag_value=500,
    metavar="[N]",
    help="Read workflows too: those under way and the newest N others (500 without N); 0 reads none.",
)

probe_option = option(
    "--probe", is_flag=True, help="Ask endpoints first: of runners that become active, and of status auto."
)

planning_options = _all(
    demand_option,
    option("--allow-empty", is_flag=True, help="Manifests may declare no runner at all."),
    option(
        "--acknowledge",
        multiple=True,
        metavar="CODE[:KEY]",
        callback=acknowledgements,
        help="Accept a finding for this run; repeatable.",
    ),
    option("--policy-from", metavar="REF", help="Take the policy of the project file from this git revision."),
)

parallelism_option = option(
    "--parallelism", type=click.IntRange(1, 8), default=4, show_default=True, metavar="N", help="Writes at once."
)

verify_options = _all(
    option(
        "--verify",
        type=click.Choice(("list", "answer")),
        default="list",
        show_default=True,
        callback=lambda _ctx, _parameter, value: value == "list",
        help="After the writes, read one more list; or trust each write's own answer.",
    ),
    option("--journal", metavar="FILE", help="Append a JSON line per intent and per outcome."),
)

expand_option = option("--expand", is_flag=True, help="Show each runner and finding; equal ones are one block else.")

secrets_options = _all(
    option(
        "--secrets",
        "secrets_file",
        metavar="FILE",
        help="NAME=VALUE lines that ${env:NAME} is looked up in first; like RECONCILER_HEADER_SECRETS.",
    ),
)

preview_options = _all(
    option("--out", metavar="FILE", help="Save the plan for `apply --plan FILE`."),
    option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes."),
    option("--allow-unresolved", is_flag=True, help="Plan without secrets that can't be resolved; not applyable then."),
    option("--base", metavar="REF", help="Show what this change brings against the manifests of a git revision."),
    option("--live", metavar="FILE", help="Plan offline against the output of `list --format json`."),
)
"""What only a plan takes, and apply with --dry-run."""

paths_argument = click.argument("paths", nargs=-1, metavar="[PATH]...", type=FileName())
