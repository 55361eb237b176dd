"""Creates that are probably a runner that is live already: at the same endpoint, or under nearly the same name."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from reconciler.model.enums import ActionKind
from reconciler.model.fields.endpoint import endpoint
from reconciler.model.finding import Raised
from reconciler.text.hidden import is_hidden
from reconciler.text.lookalike import NAME_STEPS, look

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.model.plan import Action
    from reconciler.model.runner import LiveRunner
    from reconciler.planning.findings.rule import Proposal

_SAID: Final = {'"': '\\"', "\\": "\\\\"}


def possible_renames(proposal: Proposal) -> Iterator[Raised]:
    """Find creates whose endpoint an unmanaged live runner has, or whose name one has but for what looks alike.

    A name that differs only in case, outer blanks, Unicode form or invisible characters counts whatever the endpoint;
    so does a former name.
    """
    unmanaged = proposal.matching.unmanaged
    created = [action for action in proposal.actions if action.action == ActionKind.CREATE]
    if not created or not unmanaged:
        return
    names = Counter(live.spec.name for live in unmanaged)
    by_endpoint = _grouped((endpoint(live.spec.endpoint), live) for live in unmanaged)
    by_name = _grouped((look(live.spec.name), live) for live in unmanaged)
    for action in created:
        same = by_endpoint.get(endpoint(action.requests[-1].body.spec.endpoint), [])
        if same:
            yield _raised(action, f"{_taken(same)} this endpoint already", same, names)
        former = action.desired.former_name if action.desired else None
        for field, wanted in (("name", action.name), ("former_name", former)):
            near = [live for live in by_name.get(look(wanted), ()) if live not in same] if wanted is not None else []
            if near:
                differs = f"{_taken(near)} its {field} but for {_difference(str(wanted), near[0].spec.name)}"
                yield _raised(action, differs, near, names)
                break


def _grouped(found: Iterable[tuple[str, LiveRunner]]) -> dict[str, list[LiveRunner]]:
    groups: dict[str, list[LiveRunner]] = {}
    for form, live in found:
        groups.setdefault(form, []).append(live)
    return groups


def _taken(lives: Sequence[LiveRunner]) -> str:
    if len(lives) == 1:
        return "a live runner that no entry matches has"
    return f"{len(lives)} live runners that no entry matches have"


def _raised(action: Action, taken: str, lives: Sequence[LiveRunner], names: Mapping[str, int]) -> Raised:
    live = lives[0]
    former = f" or former_name: {_quoted(live.spec.name)}" if names[live.spec.name] == 1 else ""
    shown = ", ".join(f"{each.spec.name!r} ({each.id})" for each in lives)
    return Raised(
        f"it would be created, but {taken}: {shown}; to take over and rename instead, add id: {live.id}{former} to "
        "this entry",
        key=action.key,
        at=action.at,
    )


def _difference(one: str, other: str) -> str:
    """In what two names of one form differ: the steps to that form without which they would not be equal."""
    needed = [what for what in NAME_STEPS if look(one, leave_out=what) != look(other, leave_out=what)]
    return " and ".join(needed or NAME_STEPS)


def _quoted(text: str) -> str:
    """A name in double quotes, as YAML reads it back: what can't be seen by its code."""
    return '"' + "".join(_SAID.get(each, each) if not is_hidden(each) else _code(each) for each in text) + '"'


def _code(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"
