"""`reconciler apply`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli.groups import Connection, HeaderSecrets, Output, Preview, grouped
from reconciler.cli.options import (
    connection_options,
    expand_option,
    option,
    output_options,
    parallelism_option,
    paths_argument,
    planning_options,
    preview_options,
    probe_option,
    project_options,
    secrets_options,
    unlisted,
    verify_options,
)
from reconciler.cli.values import Number
from reconciler.model.scope import Scope, Writes

if TYPE_CHECKING:
    from reconciler.model.plan import Plan


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
@parallelism_option
@option(
    "--lock-timeout",
    "lock_timeout_s",
    type=Number(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Wait for another apply on this machine.",
)
@verify_options
@connection_options
@output_options
@expand_option
@click.pass_context
@grouped(scope=Scope, preview=Preview, writes=Writes, secrets=HeaderSecrets, connection=Connection, output=Output)
def command(
    ctx: click.Context,
    /,
    *,
    paths: tuple[str, ...],
    scope: Scope,
    preview: Preview,
    writes: Writes,
    secrets: HeaderSecrets,
    connection: Connection,
    output: Output,
    plan_file: str | None,
    journal: str | None,
    yes: bool,
    dry_run: bool,
) -> int:
    """Bring the live runners to what the manifests say: plan, show, ask, read again, write, verify.

    \b
    Example:
      reconciler apply
      reconciler apply --plan production.plan
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.actions import current_step
    from reconciler.cli.commands.live.plan import show_plan
    from reconciler.cli.outputs import check_reports, put_refusal, put_report, reporting_problems
    from reconciler.cli.wiring import open_reconciler
    from reconciler.errors import GuardRefused, StalePlan, UsageProblem
    from reconciler.model.plan import Plan
    from reconciler.model.results import Applied

    check_reports(output, Applied, Plan)
    if dry_run and plan_file:
        raise UsageProblem("--dry-run can't be combined with --plan: `reconciler show FILE` shows a saved plan")
    if dry_run:
        return show_plan(paths, scope, preview, secrets, connection, output)
    _refuse_preview(ctx)
    if plan_file:
        _refuse_recorded(ctx)
    elif not yes and not sys.stdin.isatty():
        raise UsageProblem("there is no terminal to ask on: give --yes, or a saved plan with --plan FILE")
    asks = not yes and not plan_file
    shown: list[Plan] = []

    def show(plan: Plan) -> None:
        shown.append(plan)
        _show(plan, output, asks=asks)

    with reporting_problems(output), open_reconciler(connection, output, secrets, journal=journal) as reconciler:
        try:
            if plan_file:
                report = reconciler.apply(
                    plan_file,
                    acknowledge=scope["acknowledge"],
                    demand=scope["demand"],
                    probe=scope["probe"],
                    show=show,
                    **writes,
                )
            else:
                report = reconciler.reconcile(*paths, show=show, ask=_ask if asks else None, **scope, **writes)
        except (GuardRefused, StalePlan) as refusal:
            put_refusal(output, refusal.plan)
            raise
    put_report(output, Applied(report, shown[-1]))
    if step := current_step():
        step.applied(report, shown[-1])
    return report.exit_code


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


def _show(plan: Plan, output: Output, *, asks: bool) -> None:
    """Show the plan where it does not mix with the result: on stdout in text, else on stderr before the question."""
    from reconciler.cli.outputs import layout_of
    from reconciler.cli.pipes import write
    from reconciler.model.enums import Format
    from reconciler.render.formats.registry import render

    if output.format_ == Format.TEXT:
        write(sys.stdout, render(plan, Format.TEXT, layout_of(output)))
    elif asks:
        write(sys.stderr, render(plan, Format.TEXT, layout_of(output, sys.stderr)))


def _ask(plan: Plan) -> bool:
    from reconciler.cli.prompt import confirmed
    from reconciler.render import escape, wording

    return confirmed(wording.question(plan, escape.value))
