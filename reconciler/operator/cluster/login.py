"""How the operator logs in to the API server, by kopf's own readers of service accounts and kubeconfigs."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reconciler.operator.cluster.errors import ClusterError
from reconciler.text.cause import cause_of

if TYPE_CHECKING:
    import kopf

_LOG: Final = logging.getLogger("reconciler.operator")


def login(**_facts: Any) -> kopf.ConnectionInfo:
    """Return the credentials as the files have them now: a service account's token is replaced every hour.

    As kubectl does: what KUBECONFIG names, else the service account of the pod, else ~/.kube/config. Raises
    ClusterError. Takes what kopf gives to handlers of logins, so that it is one.
    """
    import kopf

    settings = kopf.OperatorSettings()
    named = bool(os.environ.get("KUBECONFIG"))
    ways = [kopf.login_with_kubeconfig, kopf.login_with_service_account]
    files = os.environ.get("KUBECONFIG") or "~/.kube/config"
    for way in ways if named else reversed(ways):
        try:
            found = way(logger=_LOG, settings=settings)
        except Exception as exc:  # the readers raise whatever a file that is malformed leads to
            what = "service account of the pod" if way is ways[1] else f"kubeconfig {files}"
            raise ClusterError(f"the {what} can't be used: {cause_of(exc)}") from exc
        if found is not None:
            if not found.server:
                raise ClusterError("the kubeconfig names no server in the cluster of its current context")
            return _resolved(found)
    raise ClusterError(
        "no cluster to log in to: set KUBECONFIG, or run in a pod with a service account (automountServiceAccountToken)"
    )


def _resolved(info: kopf.ConnectionInfo) -> kopf.ConnectionInfo:
    """Return the login with the paths of its certificates where kubectl finds them: relative to the kubeconfig."""
    files = os.environ.get("KUBECONFIG") or "~/.kube/config"
    folders = [Path(each.strip()).expanduser().parent for each in files.split(os.pathsep) if each.strip()]
    found: dict[str, Any] = {}
    for name in ("ca_path", "certificate_path", "private_key_path"):
        path = getattr(info, name)
        places = (folder / path for folder in folders) if path and not Path(path).is_absolute() else ()
        found[name] = next((str(place) for place in places if place.exists()), path)
    return replace(info, **found)
