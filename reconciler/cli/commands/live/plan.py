"""`reconciler plan`."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import (
    connection_options,
    expand_option,
    output_options,
    paths_argument,
    planning_options,
    preview_options,
    probe_option,
    project_options,
    secrets_options,
)


@click.command("plan")
@paths_argument
@project_options
@secrets_options
@planning_options
@probe_option
@preview_options
@connection_options
@output_options
@expand_option
def command(**options: Any) -> int:
    """Show what apply would change. Reads only: its client can't write.

    PATH is a manifest or a folder of them, - for stdin; default: the project's manifests.

    \b
    Example:
      reconciler plan
      reconciler plan -e production --out production.plan
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.actions import current_step
    from reconciler.cli.outputs import check_reports, put, reporting_problems
    from reconciler.cli.wiring import open_ports, selection_of
    from reconciler.errors import GuardRefused, UsageProblem
    from reconciler.model.plan import Plan
    from reconciler.workflow.plan import plan, plan_offline

    check_reports(options, Plan)
    if options["live"] and options["sandbox"]:
        raise UsageProblem("--live plans offline, so --sandbox has no use: leave one of them out")
    if options["live"] and options["demand"]:
        raise UsageProblem("--live plans offline, where no workflows can be read: leave --demand out")
    if options["live"] and options["probe"]:
        raise UsageProblem("--live plans offline, and --probe asks endpoints: leave one of them out")
    with reporting_problems(options), open_ports(options) as ports:
        selection = selection_of(options)
        if options["live"]:
            made = plan_offline(selection, ports, live=options["live"], base=options["base"], out=options["out"])
        else:
            made = plan(
                selection,
                ports,
                allow_unresolved=options["allow_unresolved"],
                base=options["base"],
                out=options["out"],
            )
    put(options, made)
    code = 2 if options["detailed_exitcode"] and made.has_changes else 0
    if any(finding.refuses for finding in made.findings):
        code = GuardRefused.exit_code
    if step := current_step():
        step.planned(made, code)
    return code
