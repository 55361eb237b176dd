"""How resources call what manifests and project files call otherwise: `maxDisables`, `state`, `spec.interval`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.manifests.format.model import Model

STATUS: Final = "status"
STATE: Final = "state"
"""A runner's `status` in its resource, where `status` is what Kubernetes reports."""
WATCH: Final = ("interval", "mode", "suspend")
"""Keys of `watch` in a project file, which an Account has directly in its spec."""
STRANDED: Final = "strandedTags"
"""The severities of stranded tags by demand, beside `severity`: a structural schema knows no alternatives."""
NOT_IN_ACCOUNTS: Final = ("manifests", "env_allow", "file_allow", "watch")
"""Keys of a project file that would read the operator's own disk or environment, or are elsewhere in a spec."""
TOKEN_KEY: Final = "token"  # noqa: S105 - a key of a secret
"""The key of an Account's secret where its spec names none."""
CONNECTION: Final = ("tokenSecretRef", "apiUrl", "rateLimit", "runnerNamespaces")
"""Keys of an Account that no project file has."""


def in_spec(key: str) -> str:
    """A key as a resource has it: `max_disables` is `maxDisables`, `status` is `state`."""
    if key == STATUS:
        return STATE
    first, *more = key.split("_")
    return first + "".join(map(str.capitalize, more))


@cache
def keys_in_spec(model: type[Model]) -> Mapping[str, str]:
    """The keys of a mapping as a resource has them, and as a manifest or project file has them."""
    return {in_spec(key): key for key in model.keys()}  # noqa: SIM118 - a method of the model, not a dict's
