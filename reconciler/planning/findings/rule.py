"""A finding rule: a code, a default severity and one function that looks at a proposal and raises what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from reconciler.model.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from reconciler.model.demand import Demand
    from reconciler.model.enums import Severity
    from reconciler.model.finding import Raised
    from reconciler.model.health import Probed
    from reconciler.model.plan import Action
    from reconciler.model.policy import Policy
    from reconciler.model.runner import DesiredRunner
    from reconciler.planning.match import Matching
    from reconciler.planning.ordering.arrange import Arranged
    from reconciler.planning.serving.states import Serving

T = TypeVar("T")
View = TypeVar("View")


@dataclass(frozen=True, slots=True)
class Rule(Generic[View]):
    """What raises the findings of one code. `View` is what it looks at: the entries alone, or a whole proposal."""

    code: str
    severity: Severity
    find: Callable[[View], Iterable[Raised]]

    def findings(self, view: View) -> Iterator[Finding]:
        """Raise this rule's findings about a view."""
        for each in self.find(view):
            yield Finding(
                code=self.code,
                severity=each.severity or self.severity,
                message=each.message,
                key=each.key,
                at=each.at,
                asked=each.asked,
            )


@dataclass(frozen=True)
class Proposal:
    """A plan before its findings: who was matched, what would be written, and what the whole fleet serves.

    `picked` are the keys that `--target` lets through, `actions` those to be written, as they were before `arranged`
    put them in order. `matching` and `fleet` hold every runner, which stays as it is live where no action writes it.
    `health` is of those that were asked for this plan, `demand` what workflows ask for; None: not known.
    """

    matching: Matching
    picked: Container[str]
    actions: Sequence[Action]
    fleet: Sequence[Serving]
    arranged: Arranged
    policy: Policy
    health: Mapping[str, Probed] = field(default_factory=dict)
    demand: Demand | None = None
    _shared: dict[Callable[[Proposal], Any], Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def entries(self) -> list[DesiredRunner]:
        """The manifests' entries, in their order."""
        return [pair.desired for pair in self.matching.pairs]

    def shared(self, build: Callable[[Proposal], T]) -> T:
        """Return what `build` makes of this proposal, made once for all rules that look at it."""
        if build not in self._shared:
            self._shared[build] = build(self)
        found: T = self._shared[build]
        return found
