"""What `kubectl explain` says of keys: of those that only resources have, and where a manifest's words don't fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

DESCRIPTIONS: Final[Mapping[str, str]] = {
    "apiVersion": "The version of this schema: reconciler.comfycontrol.app/v1alpha1.",
    "kind": "The kind of this resource.",
    "Runner": "A runner of ComfyControl, kept as its spec says.",
    "Account": "An account of ComfyControl: how it is reached, and how its runners are planned and guarded.",
    "runner": "What the runner is to be. A field that is declared nowhere, not inherited either, keeps its live value.",
    "account": "How the account is reached, how often and how its runners are planned, and what a plan may do.",
    "spec.account": (
        "The Account that this runner belongs to: the one of that name in this namespace, else the only one of "
        "that name whose runnerNamespaces has this namespace."
    ),
    "tokenSecretRef": "The secret of this namespace, and the key in it, that hold the account's API token.",
    "apiUrl": "The API's address; https://api.comfycontrol.app when absent.",
    "rateLimit": "Requests in seconds, as N/SECONDS, that all accounts at this address share; 40/10 when absent.",
    "runnerNamespaces": "Patterns of the namespaces whose Runners may belong to this account.",
    "secretName": "The name of the secret, in the namespace of this resource.",
    "secretKey": "The key in the secret.",
    "secretKeyRef": "A key of a secret in the namespace of this resource.",
    "headerName": "The header's name; case does not count.",
    "headerValue": (
        "The value as text, which may hold ${var:NAME}. Everyone who may read this resource can see it: take what "
        "is secret from a secret, by valueFrom."
    ),
    "valueFrom": "Where the value is taken from.",
    "strandedTags": "How bad stranded tags are by demand, in place of stranded-tags in severity.",
    "asked": "Of tag sets that workflows ask for. Write off in quotes.",
    "unasked": "Of tag sets that no workflow asks for. Write off in quotes.",
    "status": "What was found and done last.",
    "conditions": "Ready, Synced, Healthy, Contested and Suspended.",
    "condition.type": "Which of the conditions this is.",
    "condition.status": "True, False or Unknown.",
    "condition.observedGeneration": "The generation of the spec that this is about.",
    "condition.lastTransitionTime": "When the status last became another one.",
    "condition.reason": "Why, in one word for programs.",
    "condition.message": "Why, for people.",
    "observedGeneration": "The generation of the spec that this status is about.",
    "id": "The UUID of the live runner.",
    "differs": "The names of the fields that differ from the live runner.",
    "runners": "How many Runners belong to the account.",
    "inSync": "How many of them are as their specs say.",
    "drifted": "How many of them are not.",
    "unmanaged": "How many live runners no Runner matches.",
    "unhealthy": "How many endpoints don't answer as a ComfyUI.",
    "driftSince": "Since when the account has been out of step.",
    "lastSuccessTime": "When a cycle last succeeded.",
    "appliedDigest": "A digest of all specs as they were when every runner was last as they say.",
    "attemptedDigest": "A digest of all specs as they were last tried.",
}
"""Keys that only resources have."""

ABOUT: Final[Mapping[str, str]] = {
    "Layer.tags": (
        "Case-sensitive, at most 10 with those inherited. A runner without tags takes any workflow. [] clears "
        "those inherited."
    ),
    "Layer.headers": (
        "Sent with every request to the instance. Those inherited are kept, by name; [] clears all. Values are "
        "secret everywhere but here."
    ),
    "Layer.status": (
        "active, or disabled: a disabled runner gets no workflows. auto: active while its endpoint answers as a "
        "ComfyUI."
    ),
    "_Identity.name": "1 to 100 characters; metadata.name when absent.",
    "_Identity.profiles": "Names of the account's profiles to inherit, later ones over earlier ones.",
    "Runner.inherit": "false leaves the account's defaults out; profiles still count.",
    "Settings.vars": "Values of ${var:NAME} in Runners, defaults and profiles; text, not expanded again.",
    "Settings.unmanaged": "What becomes of live runners that no Runner matches. disable needs unmanagedScope.",
    "Settings.unmanaged_scope": "Patterns of the names of runners that may be disabled so.",
    "Settings.defaults": "What every Runner of the account inherits.",
    "Settings.profiles": "Named bundles that Runners of the account may inherit.",
    "Settings.health": "How the endpoints of runners are asked.",
    "Guard.severity": 'How bad findings are, by their codes. Write off in quotes: "off".',
    "Watch.interval": "Seconds from one plan to the next, when nothing changes.",
    "Watch.mode": "report plans and reports, apply writes too.",
    "Watch.suspend": "Plan and report, but write nothing.",
}
"""Keys of models, as MODEL.KEY, whose own description is about manifests."""
