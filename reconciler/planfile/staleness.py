"""What has changed between a plan that was saved or shown and the plan as it would be made now.

Two plans are the same when they would send the same requests, secrets included, to the same service and account, and
the live content of every planned runner is the same. Times, findings, places in files, the budget and runners that are
not planned don't count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.enums import ActionKind
from reconciler.model.fields.headers import fold
from reconciler.model.fields.table import HEADERS
from reconciler.planfile.document import shown_body
from reconciler.planfile.fingerprints import PINNED, take_fingerprints
from reconciler.planfile.saved import SavedPlan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.plan import Action, Pin, Plan, Request
    from reconciler.model.secret import Secret

_BECOMES = {ActionKind.CREATE: "created", ActionKind.UPDATE: "updated", ActionKind.DISABLE: "disabled"}


def find_differences(before: Plan | SavedPlan, now: Plan, key: Secret, *, one_account: bool = False) -> list[str]:
    """Give one line for each difference, runner by runner; none when `now` is the plan that `before` was.

    `before` is a plan made in this run and shown, or one read from a file whose signature was verified under `key`.
    `one_account` says that both can only be of one account, as where the key is its token: then an account that had no
    runner yet, and so no name, is not another one once it has.
    """
    if isinstance(before, SavedPlan):
        plan, fingerprints = before.plan, before.fingerprints
        if fingerprints is None:
            raise ValueError("only a saved plan can be compared: this one holds no fingerprints")
    else:
        plan, fingerprints = before, take_fingerprints(before, key)
    now_pins = take_fingerprints(now, key, fingerprints.nonce).pins
    today = {action.key: (action, pin) for action, pin in zip(now.actions, now_pins, strict=True)}
    lines = [*_surroundings(plan, now, one_account=one_account)]
    for action, pin in zip(plan.actions, fingerprints.pins, strict=True):
        if action.key in today:
            lines.extend(f"{action.key}: {line}" for line in _runner(action, pin, *today.pop(action.key)))
        else:
            lines.append(f"{action.key}: was to be {_BECOMES[action.action]}, and is no longer in the plan")
    lines.extend(
        f"{action.key}: was not in the plan, and would now be {_BECOMES[action.action]}"
        for action, _pin in today.values()
    )
    if lines and plan.manifest_digest != now.manifest_digest:
        lines.append("the manifests are not those that the plan was made from")
    return lines


def _surroundings(plan: Plan, now: Plan, *, one_account: bool) -> Iterator[str]:
    unnamed = one_account and None in (plan.account, now.account)
    for label, before, after in (
        ("the API's address", plan.api_url, now.api_url),
        ("the account", plan.account, plan.account if unnamed else now.account),
        ("the environment", plan.environment, now.environment),
        ("the sandbox", plan.sandbox, now.sandbox),
    ):
        if before != after:
            yield f"{label} is {after or 'none'}, and was {before or 'none'} when the plan was made"


def _runner(action: Action, pin: Pin, now: Action, pin_now: Pin) -> Iterator[str]:
    """The differences of one runner, each line without its key."""
    if action.action != now.action:
        yield f"was to be {_BECOMES[action.action]}, and would now be {_BECOMES[now.action]}"
        return
    if action.id != now.id:
        yield f"is matched to the live runner {now.id}, and was matched to {action.id}"
        return
    if pin.live is not None and pin_now.live is not None:
        for field in PINNED:
            yield from field.drift(pin.live[field.name], pin_now.live[field.name])
    yield from _requests(action, now)
    yield from _secrets(pin, pin_now, public=_public(action) & _public(now))
    if set(action.unmanaged) != set(now.unmanaged):
        yield f"the manifest now leaves {', '.join(sorted(now.unmanaged)) or 'no field'} unmanaged"


def _requests(action: Action, now: Action) -> Iterator[str]:
    before, after = ([_comparable(each) for each in one.requests] for one in (action, now))
    if before == after:
        return
    from reconciler.planning.diff import document_moves

    if len(before) != len(after):
        yield f"would now be sent in {_writes(len(after))}, and was planned as {_writes(len(before))}"
    last_before, last_after = (each[-1]["body"] if each else {} for each in (before, after))
    moves = document_moves(last_before, last_after, place=_sent)
    yield from moves
    if not moves and len(before) == len(after):
        yield "how it is sent has changed: another intermediate write, or another address"


def _writes(count: int) -> str:
    return "one write" if count == 1 else f"{count} writes"


def _sent(steps: Sequence[str | int]) -> str:
    """What of a body that is sent, in words: `tags to be sent`, `header X-Pool to be sent`; a tag by its field."""
    field, *below = steps
    return f"{f'header {below[0]}' if below and field == HEADERS.name else field} to be sent"


def _comparable(request: Request) -> dict[str, Any]:
    """What makes two requests the same: a list in a body is a set of tags."""
    sent = shown_body(request.body).items()
    body = {name: sorted(set(value)) if isinstance(value, list) else value for name, value in sent}
    return {"method": request.method, "path": request.path, "body": body}


def _public(action: Action) -> frozenset[str]:
    """The names of the headers whose values are public in what is sent last: the body shows those."""
    sent = action.requests[-1].body.spec.headers if action.requests else {}
    return frozenset(fold(name) for name, value in sent.items() if isinstance(value, str))


def _secrets(pin: Pin, pin_now: Pin, *, public: frozenset[str]) -> Iterator[str]:
    """Header values that are sent in both and differ; those of live headers that changed are reported already."""
    reported = set(public)
    if pin.live is not None and pin_now.live is not None:
        then, today = pin.live[HEADERS.name], pin_now.live[HEADERS.name]
        reported |= {name for name in then.keys() & today.keys() if then[name] != today[name]}
    for marks, marks_now in zip(pin.requests, pin_now.requests, strict=False):
        for name in sorted(marks.keys() & marks_now.keys()):
            if marks[name] != marks_now[name] and name not in reported:
                reported.add(name)
                yield f"the value of header {name} to be sent has changed"
