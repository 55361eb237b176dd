"""`reconciler plan`."""

from __future__ import annotations

import click

from reconciler.cli.groups import Connection, HeaderSecrets, Output, Preview, grouped
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
from reconciler.model.scope import Scope


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
@grouped(scope=Scope, preview=Preview, secrets=HeaderSecrets, connection=Connection, output=Output)
def command(
    paths: tuple[str, ...],
    scope: Scope,
    preview: Preview,
    secrets: HeaderSecrets,
    connection: Connection,
    output: Output,
) -> int:
    """Show what apply would change. Reads only: its client can't write.

    PATH is a manifest or a folder of them, - for stdin; default: the project's manifests.

    \b
    Example:
      reconciler plan
      reconciler plan -e production --out production.plan
    """  # noqa: D301 - click reads the \b
    return show_plan(paths, scope, preview, secrets, connection, output)


def show_plan(
    paths: tuple[str, ...],
    scope: Scope,
    preview: Preview,
    secrets: HeaderSecrets,
    connection: Connection,
    output: Output,
) -> int:
    """Plan and show; the exit code. It is what `apply --dry-run` does too."""
    from reconciler.cli.actions import current_step
    from reconciler.cli.outputs import check_reports, put, reporting_problems
    from reconciler.cli.pipes import note
    from reconciler.cli.wiring import open_reconciler
    from reconciler.errors import GuardRefused, UsageProblem
    from reconciler.model.plan import Plan
    from reconciler.planning.findings.severity import FOR_THIS_RUN, REMEDY, why_refused

    check_reports(output, Plan)
    if preview.live and connection.sandbox:
        raise UsageProblem("--live plans offline, so --sandbox has no use: leave one of them out")
    if preview.live and scope.get("demand"):
        raise UsageProblem("--live plans offline, where no workflows can be read: leave --demand out")
    if preview.live and scope.get("probe"):
        raise UsageProblem("--live plans offline, and --probe asks endpoints: leave one of them out")
    with reporting_problems(output), open_reconciler(connection, output, secrets) as reconciler:
        made = reconciler.plan(
            *paths,
            allow_unresolved=preview.allow_unresolved,
            base=preview.base,
            live=preview.live,
            out=preview.out,
            **scope,
        )
    put(output, made)
    code = 2 if preview.detailed_exitcode and made.has_changes else 0
    if why := why_refused(made.findings):
        code = GuardRefused.exit_code
        if not output.quiet:
            note(f"refused: {why}; {REMEDY} {FOR_THIS_RUN}")
    if step := current_step():
        step.planned(made, code)
    return code
