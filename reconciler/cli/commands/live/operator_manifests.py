"""`reconciler operator manifests`."""

from __future__ import annotations

import click

from reconciler.cli.options import option


@click.command("manifests")
@option("--namespace", metavar="NS", multiple=True, help="Watch this namespace only; may be given several times.")
@option("--image", metavar="IMAGE", help="The image to run: see examples/kubernetes/Dockerfile.")
@option(
    "--secrets",
    type=click.Choice(("get", "list")),
    default="get",
    show_default=True,
    help="Read each secret by its name at every plan, or list and watch them all, to see a change at once.",
)
@option("--pod-monitor", is_flag=True, help="A PodMonitor too, for the operator of Prometheus.")
@option("--install-namespace", metavar="NS", help="Where the operator itself runs; comfycontrol.")
def command(
    *, namespace: tuple[str, ...], image: str | None, secrets: str, pod_monitor: bool, install_namespace: str | None
) -> int:
    """Print what a cluster needs to run the operator: definitions, roles, a Deployment, a Service.

    \b
    Example:
      reconciler operator manifests --image registry.example.com/reconciler:1 | kubectl apply -f -
      reconciler operator manifests --namespace fleet --secrets list
    """  # noqa: D301 - click reads the \b
    from reconciler import __version__
    from reconciler.cli.pipes import echo
    from reconciler.operator.install.choice import NAME, NAMESPACE, Choice, SecretAccess
    from reconciler.operator.install.documents import installation

    choice = Choice(
        image=image or f"{NAME}:{__version__}",
        namespaces=tuple(dict.fromkeys(_checked(each, "--namespace") for each in namespace)),
        secrets=SecretAccess(secrets),
        pod_monitor=pod_monitor,
        namespace=_checked(install_namespace or NAMESPACE, "--install-namespace"),
    )
    echo(installation(choice))
    return 0


def _checked(namespace: str, option_name: str) -> str:
    """The name of a namespace. Raises UsageProblem."""
    import re

    from reconciler.errors import UsageProblem

    if re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", namespace):
        return namespace
    raise UsageProblem(
        f"{option_name} {namespace!r} is no name of a namespace: small letters, digits and dashes, at most 63"
    )
