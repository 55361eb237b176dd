"""`reconciler apply`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import (
    connection_options,
    expand_option,
    option,
    output_options,
    paths_argument,
    planning_options,
    preview_options,
    probe_option,
    project_options,
    secrets_options,
    unlisted,
)
from reconciler.cli.values import Number

if TYPE_CHECKING:
    from reconciler.model.plan import Plan
    from reconciler.model.report import Report


@click.command("apply")
@paths_argument
@project_options
@secrets_options
@planning_options
@probe_option
@option("--plan", "plan_file", metavar="FILE", help="Apply exactly this saved plan; asks nothing.")
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@option("--dry-run", is_flag=True, help="The same as `reconciler plan`, whose options it takes too.")
@unlisted(preview_options)
@option("--parallelism", type=click.IntRange(1, 8), default=4, show_default=True, metavar="N", help="Writes at once.")
@option(
    "--lock-timeout",
    type=Number(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Wait for another apply on this machine.",
)
@option(
    "--verify",
    type=click.Choice(("list", "answer")),
    default="list",
    show_default=True,
    help="After the writes, read one more list; or trust each write's own answer.",
)
@option("--journal", metavar="FILE", help="Append a JSON line per intent and per outcome.")
@connection_options
@output_options
@expand_option
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> int:
    """Bring the live runners to what the manifests say: plan, show, ask, read again, write, verify.

    \b
    Example:
      reconciler apply
      reconciler apply --plan production.plan
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.outputs import check_reports
    from reconciler.errors import UsageProblem
    from reconciler.model.plan import Plan
    from reconciler.model.results import Applied

    check_reports(options, Applied, Plan)
    if options["dry_run"]:
        return _dry_run(ctx, options)
    _refuse_preview(ctx)
    if options["plan_file"]:
        _refuse_recorded(ctx)
    elif not options["yes"] and not sys.stdin.isatty():
        raise UsageProblem("there is no terminal to ask on: give --yes, or a saved plan with --plan FILE")
    return _apply(options)


def _apply(options: dict[str, Any]) -> int:
    from reconciler.apply.journal import open_journal
    from reconciler.cli.actions import current_step
    from reconciler.cli.outputs import put_refusal, put_report, reporting_problems
    from reconciler.cli.wiring import open_ports, selection_of
    from reconciler.errors import GuardRefused, StalePlan
    from reconciler.model.results import Applied
    from reconciler.workflow.apply import Applying, apply, apply_saved
    from reconciler.workflow.saved import open_saved

    shown: list[Plan] = []
    with reporting_problems(options), open_ports(options) as ports, open_journal(options["journal"]) as journal:
        applying = Applying(
            show=lambda plan: _show(plan, shown, options),
            ask=None if options["yes"] or options["plan_file"] else _ask,
            journal=journal,
            parallelism=options["parallelism"],
            lock_timeout_s=options["lock_timeout"],
            verify=options["verify"] == "list",
        )
        selection = selection_of(options)
        try:
            report: Report
            if options["plan_file"]:
                saved, recorded = open_saved(options["plan_file"], selection, ports)
                report = apply_saved(saved, recorded, ports, applying)
            else:
                report = apply(selection, ports, applying)
        except (GuardRefused, StalePlan) as refusal:
            put_refusal(options, refusal.plan)
            raise
    put_report(options, Applied(report, shown[-1]))
    if step := current_step():
        step.applied(report, shown[-1])
    return report.exit_code


def _dry_run(ctx: click.Context, options: dict[str, Any]) -> int:
    from reconciler.cli.commands.live.plan import command as plan_command
    from reconciler.errors import UsageProblem

    if options["plan_file"]:
        raise UsageProblem("--dry-run can't be combined with --plan: `reconciler show FILE` shows a saved plan")
    result: int = ctx.invoke(
        plan_command, **{each.name: options[each.name] for each in plan_command.params if each.name}
    )
    return result


def _refuse_preview(ctx: click.Context) -> None:
    """Refuse what only a dry run takes. From the environment it is meant for `plan`, and passed over."""
    from reconciler.errors import UsageProblem

    for each in ctx.command.params:
        given = ctx.get_parameter_source(each.name or "") is click.core.ParameterSource.COMMANDLINE
        if given and getattr(each, "hidden", False):
            raise UsageProblem(f"{each.opts[0]} is for `reconciler plan`, or for --dry-run")


def _refuse_recorded(ctx: click.Context) -> None:
    """Refuse options that the plan file records: a second opinion about them could only contradict it."""
    from reconciler.errors import UsageProblem

    recorded = ("paths", "project", "environment", "variables", "targets", "allow_empty", "policy_from")
    given = [each for each in ctx.command.params if each.name in recorded and ctx.params[each.name]]
    if given:
        words = ", ".join(_named(each, ctx) for each in given)
        raise UsageProblem(f"--plan FILE records {words} already: leave it out")


def _named(parameter: click.Parameter, ctx: click.Context) -> str:
    """An option as it was given: `--env`, or the environment variable that gave it."""
    if isinstance(parameter, click.Argument):
        return "PATH"
    from_environment = ctx.get_parameter_source(parameter.name or "") is click.core.ParameterSource.ENVIRONMENT
    long = next(each for each in parameter.opts if each.startswith("--"))
    return f"{long} (given by {parameter.envvar})" if from_environment else long


def _show(plan: Plan, shown: list[Plan], options: dict[str, Any]) -> None:
    """Show the plan where it does not mix with the result: on stdout in text, else on stderr before the question."""
    from reconciler.cli.outputs import layout_of
    from reconciler.cli.pipes import write
    from reconciler.model.enums import Format
    from reconciler.render.formats.registry import render

    shown.append(plan)
    if options["format_"] == Format.TEXT:
        write(sys.stdout, render(plan, Format.TEXT, layout_of(options)))
    elif not options["yes"] and not options["plan_file"]:
        write(sys.stderr, render(plan, Format.TEXT, layout_of(options, sys.stderr)))


def _ask(plan: Plan) -> bool:
    from reconciler.cli.prompt import confirmed
    from reconciler.render import escape, wording

    return confirmed(wording.question(plan, escape.value))
