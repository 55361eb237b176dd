"""`reconciler validate`."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import (
    connection_options,
    option,
    output_options,
    paths_argument,
    project_options,
    secrets_options,
    unlisted,
)


@click.command("validate")
@paths_argument
@project_options
@option("--allow-empty", is_flag=True, help="Manifests may declare no runner at all.")
@unlisted(secrets_options)
@unlisted(connection_options)
@output_options
def command(**options: Any) -> int:
    """Check manifests and project file offline: no token, no secret, no request.

    With environments and none picked, each of them is checked. Findings about the manifests alone are shown; one of
    severity error that is not accepted is exit 5.

    \b
    Example:
      reconciler validate
      reconciler validate -e staging runners/staging/gpu.yaml
    """  # noqa: D301 - click reads the \b
    from reconciler.cli.outputs import check_reports, put, reporting_problems
    from reconciler.cli.wiring import open_ports, selection_of
    from reconciler.errors import GuardRefused
    from reconciler.model.results import Validity
    from reconciler.workflow.offline import validate

    check_reports(options, Validity)
    with reporting_problems(options), open_ports(options) as ports:
        valid = validate(selection_of(options), ports)
    put(options, valid)
    return GuardRefused.exit_code if any(each.refuses for one in valid.environments for each in one.findings) else 0
