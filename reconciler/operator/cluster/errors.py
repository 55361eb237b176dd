"""What can go wrong with the API server.

ClusterError          any refusal, or an answer that is not as documented
├── Conflict             409: changed since it was read, or there already
├── NotThere             404: the object, or its namespace, does not exist
├── NotAllowed           401 and 403: the message says which rule of RBAC is missing
└── Away                 no connection, no answer in time, 429 or 5xx after all attempts
"""

from __future__ import annotations

from reconciler.errors import ReconcilerError


class ClusterError(ReconcilerError):
    """The API server refused, or did not answer as documented. `status` is the HTTP status where there was one."""

    code = "cluster"

    def __init__(self, message: str, *, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class Conflict(ClusterError):
    """Another writer was faster."""

    code = "cluster-conflict"


class NotThere(ClusterError):
    """404, or a namespace that is being deleted. `of_object`: the kind is known, the object is gone."""

    code = "cluster-not-found"

    def __init__(self, message: str, *, status: int | None = None, of_object: bool) -> None:
        self.of_object = of_object
        super().__init__(message, status=status)


class NotAllowed(ClusterError):
    """The credentials are refused, or lack a right."""

    code = "cluster-forbidden"


class Away(ClusterError):
    """The API server can't be reached, or can't answer."""

    code = "cluster-unreachable"


def rule(group: str, resource: str, verb: str) -> str:
    """Return the rule of RBAC that allows a verb."""
    return f'apiGroups: ["{group}"], resources: ["{resource}"], verbs: ["{verb}"]'
