"""`reconciler operator`."""

from __future__ import annotations

import click

from reconciler.cli.commands.live.operator_manifests import command as manifests
from reconciler.cli.groups import Output, grouped
from reconciler.cli.options import log_options, option, parallelism_option, verify_options
from reconciler.cli.values import Number


@click.group("operator", invoke_without_command=True)
@option("--namespace", "namespaces", metavar="NS", multiple=True, help="Watch this namespace only; repeatable.")
@option(
    "--secrets",
    "access",
    type=click.Choice(("get", "list")),
    default="get",
    show_default=True,
    help="Read each secret by its name at every plan, or list and watch them all, to see a change at once.",
)
@option("--lease-namespace", metavar="NS", help="Where the Lease is; default: where the operator itself runs.")
@option("--lease-name", metavar="NAME", default="comfycontrol-reconciler", show_default=True, help="The Lease's name.")
@option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:9090",
    show_default=True,
    help="Where the status is served, `off` for nowhere.",
)
@option(
    "--probe/--no-probe",
    "everyone",
    is_flag=True,
    default=True,
    show_default=True,
    help="Ask every active runner's endpoint, or only where state is auto.",
)
@parallelism_option
@verify_options
@option("--insecure-http", is_flag=True, help="Allow plain http to an address that is not loopback.")
@option(
    "--timeout",
    "timeout_s",
    type=Number(min=0.1, max=3600),
    metavar="SECONDS",
    help="Wait for an answer of the service; default: 30.",
)
@log_options
@click.pass_context
@grouped(output=Output)
def command(
    ctx: click.Context,
    *,
    output: Output,
    namespaces: tuple[str, ...],
    access: str,
    lease_namespace: str | None,
    lease_name: str,
    listen: str,
    everyone: bool,
    parallelism: int,
    verify: bool,
    journal: str | None,
    insecure_http: bool,
    timeout_s: float | None,
) -> int:
    """Keep the runners in step with Account and Runner resources of a Kubernetes cluster.

    It logs in as kubectl does: by KUBECONFIG, or by the service account of its pod. Of several replicas one acts.

    \b
    Example:
      reconciler operator manifests --image registry.example.com/reconciler:1 | kubectl apply -f -
      reconciler operator --namespace fleet
    """  # noqa: D301 - click reads the \b
    if ctx.invoked_subcommand is not None:
        return 0
    import os
    from contextlib import nullcontext

    from reconciler.adapters.logs import log_to_stderr
    from reconciler.adapters.signals import watch_signals
    from reconciler.apply.journal import open_journal
    from reconciler.cli.commands.live.watch import say_where
    from reconciler.model.secret import Scrubber
    from reconciler.operator.start import Operator, operate
    from reconciler.watch.notify import VARIABLE

    scrubber = Scrubber()
    asked = Operator(
        lease_name=lease_name,
        lease_namespace=lease_namespace,
        listening=say_where,
        namespaces=tuple(dict.fromkeys(namespaces)),
        watch_secrets=access == "list",
        listen=listen,
        parallelism=parallelism,
        verify=verify,
        everyone=everyone,
        timeout_s=timeout_s,
        insecure_http=insecure_http,
        notify_url=os.environ.pop(VARIABLE, ""),
    )
    logs = log_to_stderr(output.verbose, as_json=output.log_format == "json", scrubber=scrubber, cycles=True)
    with watch_signals() as stop, logs, open_journal(journal) if journal else nullcontext() as record:
        return operate(asked, stop, scrubber, record)


command.add_command(manifests)
